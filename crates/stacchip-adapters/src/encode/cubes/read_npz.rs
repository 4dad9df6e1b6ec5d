//! The numbers in `.npz` archives of cubes.

use std::io::{BufReader, Read, Seek, SeekFrom};

use stacchip::cubes::{CubeBand, CubeDecoder, CubeSource, DecodeCubeError, ReadSeek};
use zip::{CompressionMethod, ZipArchive, result::ZipError};

use super::{
    bands::{AtHand, Bands, Streamed, hand_out},
    memory::{ArrayMemory, CubeMemory},
};

/// Reads `pixels` of `.npz` archives, ours and upstream's, and `mask` where it is there.
///
/// Inflating all of an array at once takes a third less time than as a stream, and its whole memory: it
/// is done for arrays that take at most `whole_bytes`, inflated and as they are stored together.
#[derive(Debug, Clone, Default)]
pub struct NpzReader {
    whole_bytes: u64,
    memory: CubeMemory,
}

/// An entry in memory, its checksum not looked at yet.
struct Inflated {
    array: ArrayMemory,
    /// Bytes of it.
    size: usize,
    /// What its checksum is to be.
    checksum: u32,
}

impl NpzReader {
    /// A reader that takes arrays of up to `bytes` at once.
    pub fn whole(bytes: u64) -> Self {
        Self {
            whole_bytes: bytes,
            ..Self::default()
        }
    }

    /// The same with memory that other readers leave to it.
    #[must_use]
    pub fn with_memory(self, memory: CubeMemory) -> Self {
        Self { memory, ..self }
    }

    /// The entry `pixels`, inflated at once; nothing where it is too large, or cannot be.
    fn at_once(&self, file: &dyn CubeSource) -> Result<Option<Inflated>, DecodeCubeError> {
        let mut zip = ZipArchive::new(opened(file)?).map_err(DecodeCubeError::because)?;
        let entry = zip.by_name(PIXELS).map_err(DecodeCubeError::because)?;
        let (size, stored) = (entry.size(), entry.compressed_size());
        let deflated = entry.compression() == CompressionMethod::Deflated;
        let fits = size
            .checked_add(stored)
            .is_some_and(|all| all <= self.whole_bytes);
        // No stream swells by more than 1032 (RFC 1951: 258 bytes for two bits).
        if !deflated || !fits || size / 1100 > stored {
            return Ok(None);
        }
        let (start, checksum) = (entry.data_start(), entry.crc32());
        drop(entry);
        let mut array = self.memory.take(stored, size, self.whole_bytes);
        let (Some(start), Ok(size), Ok(stored_size)) =
            (start, usize::try_from(size), usize::try_from(stored))
        else {
            return Ok(None);
        };
        let mut from = zip.into_inner();
        array.source.clear();
        array.source.reserve_exact(stored_size);
        from.seek(SeekFrom::Start(start))
            .and_then(|_| from.take(stored).read_to_end(&mut array.source))
            .map_err(DecodeCubeError::because)?;
        let words = size.div_ceil(8);
        if array.words.len() < words {
            // What it held is not copied along.
            array.words = Vec::new();
            array.words = vec![0; words];
        }
        let bytes = bytemuck::cast_slice_mut::<u64, u8>(&mut array.words);
        let bytes = bytes.get_mut(..size).unwrap_or_default();
        if !stacchip_codecs::inflate_bare(&array.source, bytes) {
            self.memory.give_back(array);
            return Ok(None);
        }
        Ok(Some(Inflated {
            array,
            size,
            checksum,
        }))
    }
}

impl CubeDecoder for NpzReader {
    fn bands(
        &self,
        file: &dyn CubeSource,
        take: &mut dyn FnMut(CubeBand<'_>) -> Result<(), DecodeCubeError>,
    ) -> Result<(), DecodeCubeError> {
        let wrong = |e: ZipError| DecodeCubeError::because(e);
        let mut zip = ZipArchive::new(opened(file)?).map_err(wrong)?;
        let mut masks = match zip.by_name(MASK) {
            Ok(entry) => {
                let size = entry.size();
                Some(Streamed::start(entry, 4, size)?)
            }
            Err(ZipError::FileNotFound) => None,
            Err(error) => return Err(wrong(error)),
        };
        let masks = masks.as_mut().map(|masks| masks as &mut dyn Bands);
        if let Some(found) = self.at_once(file)? {
            let bytes = found.array.bytes(found.size);
            hand_out(&mut AtHand::checked(bytes, 4, found.checksum)?, masks, take)?;
            self.memory.give_back(found.array);
            return Ok(());
        }
        let mut zip = ZipArchive::new(opened(file)?).map_err(wrong)?;
        let entry = zip.by_name(PIXELS).map_err(wrong)?;
        let size = entry.size();
        hand_out(&mut Streamed::start(entry, 4, size)?, masks, take)
    }
}

/// A file of cubes from its beginning on, for small reads.
pub(super) fn opened(
    file: &dyn CubeSource,
) -> Result<BufReader<Box<dyn ReadSeek + '_>>, DecodeCubeError> {
    let file = file.open().map_err(DecodeCubeError::because)?;
    Ok(BufReader::with_capacity(BUFFER, file))
}

pub(super) const PIXELS: &str = "pixels.npy";
pub(super) const MASK: &str = "mask.npy";
/// Bytes that are read of a file at once.
const BUFFER: usize = 1 << 16;
