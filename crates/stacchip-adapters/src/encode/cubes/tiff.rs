//! Cubes as folders of `GeoTIFFs`.

use stacchip::cubes::{Cube, CubeChip, CubeEncoder, CubeFile};
use stacchip_chip::{ChipEncoder, EncodeChipError, Georeferenced, NamedPixels};
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
    let mut nodata = layout.nodata.iter().copied();
    let first = nodata.next().flatten();
    let same = |other: Option<f64>| match (first, other) {
        (Some(a), Some(b)) => a == b || (a.is_nan() && b.is_nan()),
        (a, b) => a.is_none() && b.is_none(),
    };
    if !nodata.all(same) {
        return Err(EncodeChipError::Unsupported {
            format: "GeoTIFF",
            what: "bands with several nodata values in one file".to_owned(),
            instead: "choose assets that agree with --assets, or another --format".to_owned(),
        });
    }
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
        nodata: first,
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
