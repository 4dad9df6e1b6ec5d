//! Cubes as shards of `WebDataset`.

use serde_json::json;
use stacchip::cubes::{Cube, CubeChip, CubeEncoder, CubeFile};
use stacchip_chip::EncodeChipError;
use stacchip_model::SampleType;
use tar::{Builder, Header};

use super::{super::NpyHeader, failed};

/// Writes `cube_NNNNNN.tar`: of each chip `CUBE-SEAT.npy`, its pixels `[band, row, column]`, and
/// `CUBE-SEAT.json`, what is known of it; and before them, where a mask says of a number what its value does
/// not, `CUBE-SEAT.mask.npy` `[band, row, column]`, 255 where it is data and 0 where not. Names before the first dot are the same for these and for no
/// other chip, which is what makes them one sample of `WebDataset`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TarCubes;

impl CubeEncoder for TarCubes {
    fn format(&self) -> &'static str {
        "webdataset"
    }

    fn encode(&self, cube: &Cube) -> Result<Vec<CubeFile>, EncodeChipError> {
        let layout = &cube.layout;
        let header = NpyHeader::new(layout.sample, layout.shape.to_vec()).to_bytes();
        let a_chip = header.len() + layout.chip_bytes();
        let room = (a_chip + 4096) * cube.chips.len() + 4096;
        let mut shard = Builder::new(Vec::with_capacity(room));
        let mut array = Vec::with_capacity(a_chip);
        for chip in &cube.chips {
            let name = format!("{:06}-{:04}", cube.number, chip.seat);
            if chip.is_masked() && !layout.as_upstream {
                let header = NpyHeader::new(SampleType::U8, layout.shape.to_vec());
                let mut mask = header.to_bytes();
                let copied: Result<(), EncodeChipError> = layout.each_mask(&chip.chip, |bytes| {
                    mask.extend_from_slice(bytes);
                    Ok(())
                });
                copied?;
                add(&mut shard, &format!("{name}.mask.npy"), &mask)?;
            }
            array.clear();
            array.extend_from_slice(&header);
            let copied: Result<(), EncodeChipError> = layout.each_band(&chip.chip, |bytes| {
                array.extend_from_slice(bytes);
                Ok(())
            });
            copied?;
            add(&mut shard, &format!("{name}.npy"), &array)?;
            let about = about(cube, chip).to_string();
            add(&mut shard, &format!("{name}.json"), about.as_bytes())?;
        }
        let bytes = shard.into_inner().map_err(|e| failed("tar", e))?;
        Ok(vec![CubeFile {
            name: format!("cube_{:06}.tar", cube.number),
            bytes: bytes.into(),
        }])
    }
}

fn add(shard: &mut Builder<Vec<u8>>, name: &str, bytes: &[u8]) -> Result<(), EncodeChipError> {
    let mut header = Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    // Equal chips give equal bytes.
    header.set_mtime(0);
    shard
        .append_data(&mut header, name, bytes)
        .map_err(|e| failed("tar", e))
}

/// What is known of a chip.
fn about(cube: &Cube, chip: &CubeChip) -> serde_json::Value {
    let (label, layout) = (&chip.label, &cube.layout);
    let window = label.window;
    let finite = |value: f64| value.is_finite().then_some(value);
    json!({
        "chipid": label.chipid(),
        "item": label.scene.item_id,
        "collection": label.scene.collection,
        "platform": label.scene.platform,
        "datetime": label.scene.datetime.to_string(),
        "row": label.row,
        "x": label.x,
        "y": label.y,
        "window": [window.col, window.row, i64::from(window.width), i64::from(window.height)],
        "crs": label.scene.crs,
        "transform": chip.chip.frame.transform.map(|t| t.coefficients()),
        "lon": finite(label.lon),
        "lat": finite(label.lat),
        "lon_norm": label.lon_norm(),
        "lat_norm": label.lat_norm(),
        "week_norm": label.week_norm(),
        "hour_norm": label.hour_norm(layout.as_upstream),
        "cloud": label.quality.cloud.get(),
        "empty": label.quality.nodata.get(),
        "bands": layout.bands,
        "nodata": layout.nodata.iter().map(|n| n.and_then(finite)).collect::<Vec<_>>(),
        "dtype": layout.sample.name(),
    })
}
