//! Chips of items, from opened rasters.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use bytes::Bytes;
use futures::{channel::oneshot, future::try_join_all};
use rayon::prelude::*;
use stacchip_cog::{Codecs, Colour, Image, Scratch};
use stacchip_model::{Band, Window};

use crate::{
    ArrayPlan, ArrayRequest, AssetOpener, AssetRequest, Chip, ChipArray, ChipError, ChipRequest,
    MaskedPixels, PixelMap, Raster, RasterCache, fetch, raster::frame_of,
};

/// Reads chips, keeping rasters open between them.
///
/// A chip is read in two steps that never mix: [`fetch`](Self::fetch) waits and computes nothing,
/// [`FetchedChip::decode`] computes and waits for nothing. [`read_chip`](Self::read_chip) does one
/// after the other, the second on rayon's threads.
#[derive(Debug, Clone)]
pub struct ChipReader {
    opener: Arc<dyn AssetOpener>,
    codecs: Arc<Codecs>,
    rasters: Arc<RasterCache>,
}

/// The bytes of a chip, and what to make of them.
#[derive(Debug, Clone)]
pub struct FetchedChip {
    chip: PlannedChip,
    bytes: Vec<Vec<Vec<Bytes>>>,
}

/// What to fetch for a chip.
#[derive(Debug, Clone)]
pub struct PlannedChip {
    request: ChipRequest,
    arrays: Vec<PlannedArray>,
}

/// What to fetch for an asset of a chip.
#[derive(Debug, Clone)]
pub struct PlannedArray {
    /// Where to fetch it.
    pub raster: Arc<Raster>,
    /// What to fetch of it.
    pub plan: ArrayPlan,
}

impl ChipReader {
    /// A reader that opens assets with `opener`, undoes compression with `codecs` and keeps the
    /// rasters of `rasters` open.
    pub fn new(
        opener: Arc<dyn AssetOpener>,
        codecs: Arc<Codecs>,
        rasters: Arc<RasterCache>,
    ) -> Self {
        Self {
            opener,
            codecs,
            rasters,
        }
    }

    /// The raster at `address`, opened where it is not open yet.
    ///
    /// # Errors
    /// As [`Raster::open`].
    pub async fn raster(&self, address: &str) -> Result<Arc<Raster>, ChipError> {
        self.rasters.raster(&self.opener, address).await
    }

    /// What opens assets.
    pub const fn opener(&self) -> &Arc<dyn AssetOpener> {
        &self.opener
    }

    /// The rasters it keeps open.
    pub const fn rasters(&self) -> &Arc<RasterCache> {
        &self.rasters
    }

    /// The decoders it uses.
    pub const fn codecs(&self) -> &Arc<Codecs> {
        &self.codecs
    }

    /// The chip asked for. Each asset is decoded as soon as its bytes are there, while others are
    /// still on their way.
    ///
    /// # Errors
    /// [`ChipError::Asset`], naming the asset and its address, where one could not be read: a chip
    /// is whole or it is not.
    pub async fn read_chip(&self, request: &ChipRequest) -> Result<Chip, ChipError> {
        self.look_up(request).await;
        let shared = Arc::new(request.clone());
        let arrays = (0..).zip(&request.assets).map(|(index, asset)| {
            let shared = Arc::clone(&shared);
            async move {
                let (array, bytes) = self.fetch_asset(request, asset).await?;
                let codecs = Arc::clone(&self.codecs);
                on_a_thread(move || decode(&shared, index, &array, &bytes, &codecs)).await?
            }
        });
        let arrays = try_join_all(arrays).await?;
        Ok(shared.chip(arrays))
    }

    /// The bytes of the chip asked for. All assets are asked for at once: of each its header, as
    /// far as it is not known, and then all ranges together, whatever others are still waiting for.
    /// How many requests and bytes are under way is bounded by the readers. An asset that has
    /// changed since its header was read, or kept, is opened anew and read once more.
    ///
    /// # Errors
    /// [`ChipError::Asset`].
    pub async fn fetch(&self, request: &ChipRequest) -> Result<FetchedChip, ChipError> {
        self.look_up(request).await;
        let assets = request.assets.iter();
        let fetched = try_join_all(assets.map(|asset| self.fetch_asset(request, asset))).await?;
        let (arrays, bytes) = fetched.into_iter().unzip();
        let request = request.clone();
        Ok(FetchedChip::new(PlannedChip { request, arrays }, bytes))
    }

    /// What to fetch for the chip asked for: all headers are read at once, as far as they are not
    /// known.
    ///
    /// # Errors
    /// [`ChipError::Asset`].
    pub async fn plan(&self, request: &ChipRequest) -> Result<PlannedChip, ChipError> {
        self.look_up(request).await;
        let open = request.assets.iter().map(|asset| async move {
            let raster = self.raster(&asset.address).await;
            raster.map_err(|error| error.of_asset(&asset.key, &asset.address))
        });
        PlannedChip::new(request.clone(), try_join_all(open).await?)
    }

    /// Looks up the headers of the assets of `request` that are not open, all at once.
    async fn look_up(&self, request: &ChipRequest) {
        let addresses: Vec<&str> = request.assets.iter().map(|a| a.address.as_str()).collect();
        self.rasters.look_up(&addresses).await;
    }

    /// What to fetch for `asset`, and the bytes of it.
    async fn fetch_asset(
        &self,
        request: &ChipRequest,
        asset: &AssetRequest,
    ) -> Result<FetchedArray, ChipError> {
        let fetched = async {
            let (opener, address) = (&self.opener, asset.address.as_str());
            let raster = self.rasters.raster(opener, address).await?;
            let fetched = fetch_array(request, asset, Arc::clone(&raster)).await;
            if !fetched.as_ref().is_err_and(ChipError::is_changed) {
                return fetched;
            }
            let raster = self.rasters.reopen(opener, address, &raster).await?;
            fetch_array(request, asset, raster).await
        };
        let fetched = fetched.await;
        fetched.map_err(|error| error.of_asset(&asset.key, &asset.address))
    }
}

/// What to fetch for an asset, and for each of its plans the bytes of its ranges.
type FetchedArray = (PlannedArray, Vec<Vec<Bytes>>);

async fn fetch_array(
    request: &ChipRequest,
    asset: &AssetRequest,
    raster: Arc<Raster>,
) -> Result<FetchedArray, ChipError> {
    let plan = plan(request, request.window, asset, &raster)?;
    let bytes = fetch(&raster, &plan).await?;
    Ok((PlannedArray { raster, plan }, bytes))
}

impl PlannedChip {
    /// What to fetch for `request` from `rasters`, one for each of its assets, in their order.
    ///
    /// # Errors
    /// [`ChipError::Asset`].
    pub fn new(request: ChipRequest, rasters: Vec<Arc<Raster>>) -> Result<Self, ChipError> {
        let arrays = request
            .assets
            .iter()
            .zip(rasters)
            .map(|(asset, raster)| {
                let plan = plan(&request, request.window, asset, &raster)
                    .map_err(|error| error.of_asset(&asset.key, &asset.address))?;
                Ok(PlannedArray { raster, plan })
            })
            .collect::<Result<_, ChipError>>()?;
        Ok(Self { request, arrays })
    }

    /// What was asked for.
    pub const fn request(&self) -> &ChipRequest {
        &self.request
    }

    /// What to fetch for each asset, in their order.
    pub fn arrays(&self) -> &[PlannedArray] {
        &self.arrays
    }
}

impl FetchedChip {
    /// The bytes of `chip`, fetched by whoever knows better: for each of its arrays, for each of
    /// the array's plans, the bytes of its ranges.
    pub const fn new(chip: PlannedChip, bytes: Vec<Vec<Vec<Bytes>>>) -> Self {
        Self { chip, bytes }
    }

    /// Makes the chip, an asset a thread.
    ///
    /// # Errors
    /// [`ChipError::Asset`].
    pub fn decode(&self, codecs: &Codecs) -> Result<Chip, ChipError> {
        let request = &self.chip.request;
        let arrays = (&self.chip.arrays, &self.bytes)
            .into_par_iter()
            .enumerate()
            .map(|(index, (array, bytes))| decode(request, index, array, bytes, codecs))
            .collect::<Result<_, ChipError>>()?;
        Ok(request.chip(arrays))
    }
}

impl ChipRequest {
    /// The chip made of `arrays`.
    fn chip(&self, arrays: Vec<ChipArray>) -> Chip {
        Chip {
            arrays,
            frame: self.frame.of_window(self.window, self.output()),
        }
    }
}

/// How the array of `asset` at `window` is made; the window of `request` is not looked at.
pub(crate) fn plan(
    request: &ChipRequest,
    window: Window,
    asset: &AssetRequest,
    raster: &Raster,
) -> Result<ArrayPlan, ChipError> {
    let image = raster.image(0)?;
    let output = request.output.unwrap_or(window.size());
    let map = PixelMap::new(
        &request.frame,
        window,
        output,
        &frame_of(image, image.size()),
        request.alignment,
    )?;
    let described = chosen(asset.bands.as_deref(), asset.described.len()).next();
    let nodata = described.and_then(|band| asset.described.get(band)?.nodata);
    ArrayPlan::new(
        image,
        &ArrayRequest {
            level: 0,
            bands: asset.bands.as_deref(),
            map,
            output,
            edge: request.edge,
            resampling: request.resampling,
            nodata,
        },
    )
}

/// Makes the array of asset number `index` of `request`.
fn decode(
    request: &ChipRequest,
    index: usize,
    array: &PlannedArray,
    bytes: &[Vec<Bytes>],
    codecs: &Codecs,
) -> Result<ChipArray, ChipError> {
    let asset = request.assets.get(index).ok_or(ChipError::Stopped)?;
    let made = with_scratch(|scratch| array.plan.decode(bytes, codecs, scratch));
    made.and_then(|made| chip_array(asset, array, made))
        .map_err(|error| error.of_asset(&asset.key, &asset.address))
}

/// The pixels `made` under the names that `asset` and the file give them.
pub(crate) fn chip_array(
    asset: &AssetRequest,
    array: &PlannedArray,
    made: MaskedPixels,
) -> Result<ChipArray, ChipError> {
    let image = array.raster.image(0)?;
    Ok(ChipArray {
        name: asset.key.clone(),
        pixels: made.pixels,
        mask: made.mask,
        own_mask: array.plan.reads_mask(),
        nodata: array.plan.nodata().map(stacchip_cog::NodataValue::as_f64),
        bands: band_names(image, asset),
        colours: colours(image, asset.bands.as_deref(), &asset.described),
    })
}

/// What each of `bands` is to the eye: red, green or blue by the item's common name of it, else
/// what the file says.
pub(crate) fn colours(image: &Image, bands: Option<&[usize]>, described: &[Band]) -> Vec<Colour> {
    chosen(bands, image.bands.len())
        .filter_map(|band| {
            let said = described.get(band).and_then(|b| b.common_name.as_deref());
            let by_name = [
                ("red", Colour::Red),
                ("green", Colour::Green),
                ("blue", Colour::Blue),
            ]
            .into_iter()
            .find(|(name, _)| said.is_some_and(|said| said.eq_ignore_ascii_case(name)));
            let own = image.bands.get(band)?.colour.clone();
            Some(by_name.map_or(own, |(_, colour)| colour))
        })
        .collect()
}

/// The name of each band: the file's description, else the item's name or common name of it.
fn band_names(image: &Image, asset: &AssetRequest) -> Vec<String> {
    chosen(asset.bands.as_deref(), image.bands.len())
        .map(|band| {
            let own = image.bands.get(band).and_then(|b| b.description.clone());
            let said = || {
                let said = asset.described.get(band)?;
                said.name.clone().or_else(|| said.common_name.clone())
            };
            own.or_else(said).unwrap_or_default()
        })
        .collect()
}

/// The bands chosen of `count`.
pub(crate) fn chosen(bands: Option<&[usize]>, count: usize) -> impl Iterator<Item = usize> {
    let all = if bands.is_none() { 0..count } else { 0..0 };
    bands.unwrap_or_default().iter().copied().chain(all)
}

/// Runs `work` on one of rayon's threads: a thread that answers requests is not for decoding. Where it
/// panics, as a codec may, that is [`ChipError::Stopped`]: rayon would end the process.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ChipError> {
    let (done, answer) = oneshot::channel();
    rayon::spawn(move || {
        // Whoever asked may have gone away; then nobody misses the answer.
        let _ = done.send(caught(work));
    });
    answer.await.unwrap_or(Err(ChipError::Stopped))
}

/// What `work` gives; [`ChipError::Stopped`] where it panics.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, ChipError> {
    // Nothing that it touched is looked at again: the scratch of a thread is written before it is read.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| ChipError::Stopped)
}

pub(crate) fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    thread_local! {
        static SCRATCH: RefCell<Scratch> = RefCell::default();
    }
    // Decoding never comes back here on the same thread; if it did, a fresh buffer would serve.
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => work(&mut scratch),
        Err(_) => work(&mut Scratch::default()),
    })
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use futures::executor::block_on;

    use super::*;

    #[test]
    fn a_panic_on_a_thread_is_an_error() {
        let panics = || -> u8 { resume_unwind(Box::new("a codec's")) };
        let made = block_on(on_a_thread(panics));
        assert!(matches!(made, Err(ChipError::Stopped)), "{made:?}");
        assert!(matches!(caught(panics), Err(ChipError::Stopped)));
        assert_eq!(block_on(on_a_thread(|| 7)).ok(), Some(7));
    }
}
