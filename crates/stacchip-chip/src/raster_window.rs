//! A window of one raster, in the pixels of one of its levels.

use std::sync::Arc;

use stacchip_cog::{Codecs, Image, NodataValue, PlanError};
use stacchip_model::{AxisMap, Size, Window};

use crate::{
    ArrayPlan, ArrayRequest, Chip, ChipArray, ChipError, Edge, Frame, PixelMap, Raster, Resampling,
    chip_reader::{chosen, colours, on_a_thread, with_scratch},
    fetch,
    raster::frame_of,
};

/// What is asked of a raster by itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RasterRequest {
    /// Image, from 0.
    pub image: usize,
    /// Level: 0 is full resolution, then the overviews in GDAL's order.
    pub level: usize,
    /// Pixels of that level; all of them where nothing is said.
    pub window: Option<Window>,
    /// Bands, from 0, in the order wanted; all where nothing is said.
    pub bands: Option<Vec<usize>>,
    /// Pixels it is to become; as many as the window where nothing is said.
    pub output: Option<Size>,
    /// How pixels are made of pixels.
    pub resampling: Resampling,
    /// What becomes of pixels outside the raster.
    pub edge: Edge,
}

/// The stored pixels of a window of `raster`: a chip of one array, under `name`.
///
/// # Errors
/// [`ChipError`], not wrapped in [`ChipError::Asset`]: there is but one raster.
pub async fn read_raster_window(
    raster: &Arc<Raster>,
    name: &str,
    request: &RasterRequest,
    codecs: &Arc<Codecs>,
) -> Result<Chip, ChipError> {
    let image = raster.image(request.image)?;
    let (plan, frame) = request.planned(image)?;
    let bytes = fetch(raster, &plan).await?;
    let nodata = plan.nodata().map(NodataValue::as_f64);
    let own_mask = plan.reads_mask();
    let codecs = Arc::clone(codecs);
    let made = on_a_thread(move || with_scratch(|scratch| plan.decode(&bytes, &codecs, scratch)))
        .await??;
    let bands = chosen(request.bands.as_deref(), image.bands.len())
        .map(|band| {
            let band = image.bands.get(band);
            band.and_then(|b| b.description.clone()).unwrap_or_default()
        })
        .collect();
    Ok(Chip {
        arrays: vec![ChipArray {
            name: name.to_owned(),
            pixels: made.pixels,
            mask: made.mask,
            own_mask,
            nodata,
            bands,
            colours: colours(image, request.bands.as_deref(), &[]),
        }],
        frame,
    })
}

impl RasterRequest {
    /// What to fetch for it from `raster`.
    ///
    /// # Errors
    /// [`ChipError`].
    pub fn plan(&self, raster: &Raster) -> Result<ArrayPlan, ChipError> {
        Ok(self.planned(raster.image(self.image)?)?.0)
    }

    fn planned(&self, image: &Image) -> Result<(ArrayPlan, Frame), ChipError> {
        let level = image.levels.get(self.level).ok_or(PlanError::NoLevel {
            level: self.level,
            count: image.levels.len(),
        })?;
        let window = self.window.unwrap_or(level.size.window());
        let output = self.output.unwrap_or(window.size());
        let along = |start: i64, pixels: u32, into: u32| {
            AxisMap::new(f64::from(pixels) / f64::from(into), start as f64)
                .filter(|_| pixels > 0)
                .ok_or(ChipError::Empty { window, output })
        };
        let plan = ArrayPlan::new(
            image,
            &ArrayRequest {
                level: self.level,
                bands: self.bands.as_deref(),
                map: PixelMap {
                    cols: along(window.col, window.width, output.width)?,
                    rows: along(window.row, window.height, output.height)?,
                },
                output,
                edge: self.edge,
                resampling: self.resampling,
                nodata: None,
            },
        )?;
        let frame = frame_of(image, level.size).of_window(window, output);
        Ok((plan, frame))
    }
}
