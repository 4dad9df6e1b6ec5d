//! A raster whose header has been read.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use stacchip_cog::{
    Cog, Image, Limits, RangeReader, Source, StoredHeader, WindowPlan, fetch_all_tables, open,
};
use stacchip_model::Size;

use crate::{AssetOpener, ChipError, Frame, Sidecars, sidecars};

/// A raster whose header has been read: what is known of it, and what reads its bytes.
#[derive(Clone)]
pub struct Raster {
    address: Arc<str>,
    /// Of address and version, and the versions of what reads parts of it beside it.
    object_hash: u64,
    cog: Arc<Cog>,
    /// What the object itself says, without the files beside it.
    own: Arc<Cog>,
    readers: Vec<(Source, Arc<dyn RangeReader>)>,
    in_doubt: Vec<String>,
}

impl Raster {
    /// Opens the object at `address` and reads its header.
    ///
    /// # Errors
    /// [`ChipError::Read`] where there is nothing to be read, [`ChipError::Open`] where what is
    /// there is no TIFF.
    pub async fn open(
        opener: &dyn AssetOpener,
        address: &str,
        limits: &Limits,
    ) -> Result<Self, ChipError> {
        let reader = opener.open(address).await?;
        let cog = open(reader.as_ref(), limits).await?;
        Ok(Self::new(address, cog, reader))
    }

    /// Opens the object at `address` with a header that was kept: no request is made for it, and
    /// only bytes of the version that it is of are read. What files beside it hold is read as ever;
    /// which are looked for, `which` says.
    ///
    /// # Errors
    /// [`ChipError::Read`], of kind [`Changed`](stacchip_cog::ReadErrorKind::Changed) where the object
    /// is certainly another, though mostly that is seen when it is read; [`ChipError::Stored`] where
    /// what was kept is no header.
    pub async fn open_stored(
        opener: &dyn AssetOpener,
        address: &str,
        stored: &StoredHeader,
        limits: &Limits,
        which: Sidecars,
    ) -> Result<Self, ChipError> {
        let cog = stored.rebuild(limits)?;
        let reader = opener.open_version(address, &stored.version).await?;
        Self::with_sidecars(opener, address, cog, reader, limits, which).await
    }

    /// As [`open`](Self::open), with what files beside it hold, where it has none of its own; which
    /// are looked for, `which` says.
    ///
    /// # Errors
    /// As [`open`](Self::open), of the files beside it as well; but not where they are not there,
    /// or nobody may know whether they are: those are [in doubt](Self::in_doubt).
    pub async fn open_with_sidecars(
        opener: &dyn AssetOpener,
        address: &str,
        limits: &Limits,
        which: Sidecars,
    ) -> Result<Self, ChipError> {
        let reader = opener.open(address).await?;
        let cog = open(reader.as_ref(), limits).await?;
        Self::with_sidecars(opener, address, cog, reader, limits, which).await
    }

    async fn with_sidecars(
        opener: &dyn AssetOpener,
        address: &str,
        own: Cog,
        reader: Arc<dyn RangeReader>,
        limits: &Limits,
        which: Sidecars,
    ) -> Result<Self, ChipError> {
        if which == Sidecars::None {
            return Ok(Self::new(address, own, reader));
        }
        let mut cog = own.clone();
        let beside = sidecars::attach(which, opener, address, &mut cog, limits).await?;
        let mut raster = Self::new(address, own, reader);
        raster.cog = Arc::new(cog);
        for (_, reader) in &beside.parts {
            let mut hasher = DefaultHasher::new();
            (raster.object_hash, reader.version()).hash(&mut hasher);
            raster.object_hash = hasher.finish();
        }
        raster.readers.extend(beside.parts);
        raster.in_doubt = beside.in_doubt;
        Ok(raster)
    }

    /// A raster with the header `cog`, whose bytes `reader` reads.
    pub fn new(address: impl Into<Arc<str>>, cog: Cog, reader: Arc<dyn RangeReader>) -> Self {
        let own = Arc::new(cog);
        let address = address.into();
        let mut hasher = DefaultHasher::new();
        (&address, reader.version()).hash(&mut hasher);
        Self {
            address,
            object_hash: hasher.finish(),
            cog: Arc::clone(&own),
            own,
            readers: vec![(Source::Main, reader)],
            in_doubt: Vec::new(),
        }
    }

    /// Its address, as it was asked for.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The same, shared.
    pub(crate) const fn shared_address(&self) -> &Arc<str> {
        &self.address
    }

    /// Files beside it that its store neither shows nor says are missing: they were taken for missing.
    pub fn in_doubt(&self) -> &[String] {
        &self.in_doubt
    }

    /// A number that other addresses, and other versions of what lies there, are unlikely to have.
    pub(crate) const fn object_hash(&self) -> u64 {
        self.object_hash
    }

    /// What its header says.
    pub fn cog(&self) -> &Cog {
        &self.cog
    }

    /// One of its images; 0 is the one that GDAL opens.
    ///
    /// # Errors
    /// [`ChipError::NoImage`].
    pub fn image(&self, image: usize) -> Result<&Image, ChipError> {
        self.cog.images.get(image).ok_or(ChipError::NoImage {
            image,
            count: self.cog.images.len(),
        })
    }

    /// The pixel grid of one of its images at full resolution.
    ///
    /// # Errors
    /// [`ChipError::NoImage`].
    pub fn frame(&self, image: usize) -> Result<Frame, ChipError> {
        let image = self.image(image)?;
        Ok(frame_of(image, image.size()))
    }

    /// What there is to keep of its own header, without what files beside it say; what is not at hand of its tables of blocks is fetched.
    ///
    /// # Errors
    /// [`ChipError::Read`], [`ChipError::NotStorable`].
    pub async fn stored_header(&self) -> Result<StoredHeader, ChipError> {
        let reader = self.reader_of(Source::Main)?;
        fetch_all_tables(reader.as_ref(), &self.own).await?;
        let stored = StoredHeader::of(&self.address, reader.as_ref(), &self.own);
        Ok(stored?)
    }

    /// What reads the bytes of `plan`.
    ///
    /// # Errors
    /// [`ChipError::NoSidecar`] where they are in a file beside the raster that was not opened.
    pub fn reader(&self, plan: &WindowPlan) -> Result<&Arc<dyn RangeReader>, ChipError> {
        self.reader_of(plan.source())
    }

    /// What reads the bytes of the object `wanted`.
    ///
    /// # Errors
    /// As [`reader`](Self::reader).
    pub(crate) fn reader_of(&self, wanted: Source) -> Result<&Arc<dyn RangeReader>, ChipError> {
        self.readers
            .iter()
            .find_map(|(source, reader)| (*source == wanted).then_some(reader))
            .ok_or(ChipError::NoSidecar {
                sidecar: match wanted {
                    Source::Overviews => ".ovr",
                    Source::Mask => ".msk",
                    _ => "sidecar",
                },
            })
    }
}

impl fmt::Debug for Raster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raster")
            .field("address", &self.address)
            .field("images", &self.cog.images.len())
            .finish_non_exhaustive()
    }
}

/// The pixel grid of a level of `size` pixels of `image`: the same extent in other pixels.
pub(crate) fn frame_of(image: &Image, size: Size) -> Frame {
    let full = Frame {
        size: image.size(),
        crs: image.georeference.crs.clone(),
        transform: image.georeference.transform,
    };
    if size == full.size {
        return full;
    }
    full.of_window(full.size.window(), size)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use stacchip_cog::{
        WriteOptions,
        testing::MemoryReader,
        write::{Overviews, Resampling, write_raster},
    };
    use stacchip_model::{Pixels, SampleType};

    use super::*;
    use crate::testing::MemoryOpener;

    fn file(side: usize, etag: &str) -> Arc<MemoryReader> {
        let pixels = Pixels::zeros(SampleType::U8, [1, side, side]).unwrap();
        let options = WriteOptions::cog()
            .tiles(16)
            .overviews(Overviews::None, Resampling::Nearest);
        let mut bytes = Vec::new();
        write_raster(&pixels, None, &options, None, &mut bytes).unwrap();
        Arc::new(MemoryReader::new(bytes).with_etag(etag))
    }

    /// Blocks of overviews that were replaced must not be taken for those before.
    #[test]
    fn another_sidecar_is_another_object() {
        let opener = MemoryOpener::default().with("a", file(64, "\"main\""));
        let hash = |opener: &MemoryOpener| {
            let limits = Limits::default();
            let raster = Raster::open_with_sidecars(opener, "a", &limits, Sidecars::Local);
            block_on(raster).unwrap().object_hash()
        };
        let alone = hash(&opener);
        opener.put("a.ovr", file(32, "\"1\""));
        let first = hash(&opener);
        assert_eq!(first, hash(&opener));
        opener.put("a.ovr", file(32, "\"2\""));
        assert!(alone != first && first != hash(&opener));
    }
}
