//! Cubes as upstream writes them.

use std::io::{Cursor, Write};

use stacchip::cubes::{Cube, CubeEncoder, CubeFile};
use stacchip_chip::EncodeChipError;
use stacchip_model::SampleType;
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::{super::NpyHeader, failed};

/// Writes `cube_N.npz`: `pixels` `[chip, band, row, column]`, and `lon_norm`, `lat_norm`, `week_norm`,
/// `hour_norm` `[chip, 2]` of `float32`, deflated as `numpy.savez_compressed` does; and where a mask says
/// of a number what its value does not, `mask` `[chip, band, row, column]`, 255 where it is data and 0 where
/// not.
///
/// The archive is written as a stream, chip by chip: no second copy of the pixels is made.
#[derive(Debug, Clone, Copy)]
pub struct NpzCubes {
    level: u8,
}

impl NpzCubes {
    /// Deflated at `level`, from 1 to 9; 0 is stored as it is.
    pub const fn level(level: u8) -> Self {
        Self { level }
    }

    fn write(self, cube: &Cube) -> Result<Vec<u8>, ZipError> {
        let layout = &cube.layout;
        let pixels = layout.chip_bytes() * cube.chips.len();
        // What floats of whole numbers deflate to is a fifth; it grows where that is too little.
        let room = if self.level == 0 { pixels } else { pixels / 5 };
        let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(room + 4096)));
        let [bands, height, width] = layout.shape;
        let shape = vec![cube.chips.len(), bands, height, width];
        self.start(&mut zip, "pixels", layout.sample, shape.clone(), pixels)?;
        for chip in &cube.chips {
            layout.each_band(&chip.chip, |bytes| zip.write_all(bytes))?;
        }
        for (name, column) in cube.columns() {
            let shape = vec![column.len(), 2];
            self.start(&mut zip, name, SampleType::F32, shape, column.len() * 8)?;
            for number in column.as_flattened() {
                zip.write_all(&number.to_ne_bytes())?;
            }
        }
        if cube.is_masked() {
            let bytes = pixels / layout.sample.bytes();
            self.start(&mut zip, "mask", SampleType::U8, shape, bytes)?;
            for chip in &cube.chips {
                layout.each_mask(&chip.chip, |mask| zip.write_all(mask))?;
            }
        }
        Ok(zip.finish()?.into_inner())
    }

    fn start(
        self,
        zip: &mut ZipWriter<Cursor<Vec<u8>>>,
        name: &str,
        sample: SampleType,
        shape: Vec<usize>,
        bytes: usize,
    ) -> Result<(), ZipError> {
        let method = if self.level == 0 {
            CompressionMethod::Stored
        } else {
            CompressionMethod::Deflated
        };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .compression_level((self.level > 0).then_some(i64::from(self.level.min(9))))
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644)
            .large_file(bytes as u64 > ZIP64_BYTES);
        zip.start_file(format!("{name}.npy"), options)?;
        zip.write_all(&NpyHeader::new(sample, shape).to_bytes())?;
        Ok(())
    }
}

impl CubeEncoder for NpzCubes {
    fn format(&self) -> &'static str {
        "npz"
    }

    fn encode(&self, cube: &Cube) -> Result<Vec<CubeFile>, EncodeChipError> {
        let bytes = self.write(cube).map_err(|e| failed("npz", e))?;
        Ok(vec![CubeFile {
            name: format!("cube_{}.npz", cube.number),
            bytes: bytes.into(),
        }])
    }
}

/// Below it no entry needs zip64, even one that deflate swells by its worst case of 0.03 %.
const ZIP64_BYTES: u64 = 0xF000_0000;
