//! Cubes → files, behind [`CubeEncoder`], and what is in them
//! again, behind [`CubeDecoder`].

mod bands;
mod memory;
mod npz;
mod read_npz;
mod read_tar;
mod tar;
#[cfg(test)]
mod tests;
mod tiff;

pub use memory::CubeMemory;
pub use npz::NpzCubes;
pub use read_npz::NpzReader;
pub use read_tar::TarReader;
pub use tar::TarCubes;
pub use tiff::TiffCubes;

use stacchip::cubes::{CubeDecoder, CubeEncoder};
use stacchip_chip::EncodeChipError;

/// The encoder of cubes in `format`: `npz`, `webdataset` or `geotiff`; arrays that can be are deflated
/// at `level`.
pub fn cube_encoder(format: &str, level: u8) -> Option<Box<dyn CubeEncoder>> {
    match format {
        "npz" => Some(Box::new(NpzCubes::level(level))),
        "webdataset" => Some(Box::new(TarCubes)),
        "geotiff" => Some(Box::new(TiffCubes)),
        _ => None,
    }
}

/// What reads files of cubes that end in `ending`, with memory for arrays of `whole_bytes` at once, which is kept in
/// `memory`.
pub fn cube_decoder(
    ending: &str,
    whole_bytes: u64,
    memory: &CubeMemory,
) -> Option<Box<dyn CubeDecoder>> {
    match ending {
        "npz" => {
            let reader = NpzReader::whole(whole_bytes);
            Some(Box::new(reader.with_memory(memory.clone())))
        }
        "tar" => Some(Box::new(TarReader)),
        _ => None,
    }
}

fn failed(
    format: &'static str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> EncodeChipError {
    EncodeChipError::Failed {
        format,
        cause: cause.into(),
    }
}
