//! The numbers in shards of cubes.

use std::io::{ErrorKind, Read, SeekFrom};

use stacchip::cubes::{CubeBand, CubeDecoder, CubeSource, DecodeCubeError};

use super::{
    bands::{AtHand, MOST_BAND_BYTES, Streamed, hand_out},
    read_npz::opened,
};

/// Reads the `.npy` of every sample in shards of `WebDataset`, and its `.mask.npy` where one stands before
/// it.
#[derive(Debug, Clone, Copy, Default)]
pub struct TarReader;

impl CubeDecoder for TarReader {
    fn bands(
        &self,
        file: &dyn CubeSource,
        take: &mut dyn FnMut(CubeBand<'_>) -> Result<(), DecodeCubeError>,
    ) -> Result<(), DecodeCubeError> {
        let mut shard = tar::Archive::new(opened(file)?);
        let mut mask: Option<(Vec<u8>, Vec<u8>)> = None;
        let mut end = 0u64;
        for entry in shard.entries().map_err(DecodeCubeError::because)? {
            let mut entry = entry.map_err(DecodeCubeError::because)?;
            let size = entry.size();
            end = entry.raw_file_position().saturating_add(size);
            let name = entry.path_bytes().into_owned();
            let Some(sample) = name.strip_suffix(b".npy") else {
                continue;
            };
            // A sparse file may be said to hold any number of zeros.
            if !entry.header().entry_type().is_file() {
                return Err(of_entry(&name, "is no plain file"));
            }
            if let Some(sample) = sample.strip_suffix(b".mask") {
                if size > MOST_BAND_BYTES as u64 {
                    return Err(of_entry(&name, "is larger than masks of chips are"));
                }
                let mut bytes = Vec::new();
                entry
                    .read_to_end(&mut bytes)
                    .map_err(DecodeCubeError::because)?;
                if let Some((other, _)) = mask.replace((sample.to_vec(), bytes)) {
                    return Err(of_entry(&other, "has a mask and no pixels"));
                }
                continue;
            }
            let mut pixels = Streamed::start(entry, 3, size)?;
            match mask.take() {
                None => hand_out(&mut pixels, None, take)?,
                Some((of, bytes)) if of == sample => {
                    hand_out(&mut pixels, Some(&mut AtHand::of(&bytes, 3)?), take)?;
                }
                Some((other, _)) => return Err(of_entry(&other, "has a mask and no pixels")),
            }
        }
        match mask {
            None => check_end(file, end),
            Some((other, _)) => Err(of_entry(&other, "has a mask and no pixels")),
        }
    }
}

/// Sees to it that the shard, whose last entry ends at `end`, ends as such files do, with a block of zeros
/// (POSIX.1-2017, pax, "ustar Interchange Format"): what was cut off between two entries looks whole otherwise.
fn check_end(file: &dyn CubeSource, end: u64) -> Result<(), DecodeCubeError> {
    let mut from = file.open().map_err(DecodeCubeError::because)?;
    let mut block = [1; TAR_BLOCK];
    let after = end.next_multiple_of(TAR_BLOCK as u64);
    let read = from
        .seek(SeekFrom::Start(after))
        .and_then(|_| from.read_exact(&mut block));
    match read {
        Ok(()) if block.iter().all(|byte| *byte == 0) => Ok(()),
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => {
            Err(DecodeCubeError::because(error))
        }
        _ => Err(DecodeCubeError::because(
            "it was cut off: no end of the archive stands behind its last entry",
        )),
    }
}

fn of_entry(name: &[u8], what: &str) -> DecodeCubeError {
    DecodeCubeError::because(format!("{} {what}", String::from_utf8_lossy(name)))
}

pub(super) const TAR_BLOCK: usize = 512;
