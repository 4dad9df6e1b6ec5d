//! Cubes as folders of `GeoTIFFs`.

use stacchip::cubes::{Cube, CubeChip, CubeEncoder, CubeFile, CubeLayout, LayoutError};
use stacchip_chip::{Chip, ChipEncoder, EncodeChipError, Georeferenced, NamedPixels};
use stacchip_model::Pixels;

use super::{super::TiffEncoder, failed};

/// Writes `cube_N/SEAT-CHIPID.tif`: a [GeoTIFF](TiffEncoder) a chip, all bands in one type, with their
/// names, place, nodata value and mask.
#[derive(Debug, Clone, Copy, Default)]
pub struct TiffCubes;

impl CubeEncoder for TiffCubes {
    fn format(&self) -> &'static str {
        "geotiff"
    }

    /// Each file has a nodata value of its own, and all bands of it have that.
    fn check(&self, layout: &CubeLayout, chip: &Chip) -> Result<(), LayoutError> {
        layout.one_nodata(chip).map(drop)
    }

    fn shared(&self, layout: &CubeLayout, _cubes: u64) -> Result<Vec<CubeFile>, EncodeChipError> {
        // Where the first chip cannot be written, none is looked at.
        let one = layout.own_nodata();
        one.map(|_| Vec::new()).map_err(|e| failed("GeoTIFF", e))
    }

    fn encode(&self, cube: &Cube) -> Result<Vec<CubeFile>, EncodeChipError> {
        let files = cube.chips.iter().map(|chip| {
            let name = chip.label.file_name();
            Ok(CubeFile {
                name: format!("cube_{}/{:04}-{name}.tif", cube.number, chip.seat),
                bytes: one(cube, chip)?.into(),
            })
        });
        files.collect()
    }
}

fn one(cube: &Cube, chip: &CubeChip) -> Result<Vec<u8>, EncodeChipError> {
    let layout = &cube.layout;
    let pixels = Pixels::zeros(layout.sample, layout.shape);
    let mut pixels = pixels.map_err(|e| failed("GeoTIFF", e))?;
    let mut band = 0;
    layout.each_band(&chip.chip, |bytes| {
        if let Some(place) = pixels.band_bytes_mut(band) {
            place.copy_from_slice(bytes);
        }
        band += 1;
        Ok::<(), EncodeChipError>(())
    })?;
    let nodata = layout.one_nodata(&chip.chip);
    let nodata = nodata.map_err(|e| failed("GeoTIFF", e))?;
    let masks = chip.chip.arrays.iter().filter_map(|a| a.mask.as_deref());
    let mask = masks.fold(None, |all: Option<Vec<u8>>, mask| match all {
        None => Some(mask.to_vec()),
        Some(mut all) => {
            all.iter_mut().zip(mask).for_each(|(a, m)| *a &= m);
            Some(all)
        }
    });
    let array = NamedPixels {
        bands: &layout.bands,
        nodata,
        mask: mask.as_deref(),
        ..NamedPixels::new("pixels", &pixels)
    };
    let place = Georeferenced {
        crs: chip.chip.frame.crs.as_ref(),
        crs_kind: chip.crs_kind,
        transform: chip.chip.frame.transform,
    };
    TiffEncoder.encode(&[array], place)
}
