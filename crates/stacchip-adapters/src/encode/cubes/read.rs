//! The numbers in files of cubes.

use std::{
    io::{BufReader, ErrorKind, Read, Seek, SeekFrom},
    sync::{Arc, Mutex, PoisonError},
};

use stacchip::cubes::{CubeBand, CubeDecoder, CubeSource, DecodeCubeError, ReadSeek};
use zip::{CompressionMethod, ZipArchive, result::ZipError};

use super::bands::{AtHand, Bands, MOST_BAND_BYTES, Streamed, hand_out};

/// Reads `pixels` of `.npz` archives, ours and upstream's, and `mask` where it is there.
///
/// Inflating all of an array at once takes a third less time than as a stream, and its whole memory: it
/// is done for arrays that take at most `whole_bytes`, inflated and as they are stored together.
#[derive(Debug, Clone, Default)]
pub struct NpzReader {
    whole_bytes: u64,
    memory: CubeMemory,
}

/// What arrays were inflated to, kept for those of the next cubes: new memory is cleared first, which takes a tenth of the
/// time that inflating takes. Clones share it, and it holds as much as was in use at one time.
#[derive(Debug, Clone, Default)]
pub struct CubeMemory(Arc<Mutex<Vec<ArrayMemory>>>);

impl CubeMemory {
    /// Memory for `stored` bytes and `size` bytes inflated, of `most` bytes at most.
    fn take(&self, stored: u64, size: u64, most: u64) -> ArrayMemory {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.pop().unwrap_or_default();
        let source = stored.max(kept.source.capacity() as u64);
        let words = size.max(kept.words.capacity() as u64 * 8);
        if source.saturating_add(words) > most {
            return ArrayMemory::default();
        }
        kept
    }

    fn give_back(&self, memory: ArrayMemory) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(memory);
    }
}

#[derive(Debug, Default)]
struct ArrayMemory {
    /// As it is stored.
    source: Vec<u8>,
    /// Inflated, and as many words as ever were needed; words, so that numbers lie as numbers must.
    words: Vec<u64>,
}

impl ArrayMemory {
    /// `size` bytes.
    fn bytes(&self, size: usize) -> &[u8] {
        let bytes = bytemuck::cast_slice::<u64, u8>(&self.words);
        bytes.get(..size).unwrap_or_default()
    }
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

fn opened(file: &dyn CubeSource) -> Result<BufReader<Box<dyn ReadSeek + '_>>, DecodeCubeError> {
    let file = file.open().map_err(DecodeCubeError::because)?;
    Ok(BufReader::with_capacity(BUFFER, file))
}

fn of_entry(name: &[u8], what: &str) -> DecodeCubeError {
    DecodeCubeError::because(format!("{} {what}", String::from_utf8_lossy(name)))
}

const PIXELS: &str = "pixels.npy";
const MASK: &str = "mask.npy";
const TAR_BLOCK: usize = 512;
/// Bytes that are read of a file at once.
const BUFFER: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use stacchip::cubes::{
        Cube, CubeEncoder, CubeType,
        testing::{check_cube_decoder, check_cube_encoder, small_cube},
    };
    use stacchip_model::SampleType;

    use super::*;
    use crate::encode::{
        NpyHeader,
        cubes::{NpzCubes, TarCubes, TiffCubes, bands::header},
    };

    fn cube(kind: CubeType, as_upstream: bool) -> Cube {
        small_cube(5, kind, as_upstream)
    }

    #[test]
    fn they_keep_the_promises_of_cubes() {
        for level in [0, 6] {
            let npz = NpzCubes::level(level);
            check_cube_encoder(&npz);
            for reader in ways() {
                check_cube_decoder(&reader, &npz);
            }
        }
        check_cube_encoder(&TarCubes);
        check_cube_decoder(&TarReader, &TarCubes);
        let shard = &TarCubes.encode(&cube(CubeType::Own, false)).unwrap()[0].bytes;
        // Where a shard is cut between two entries each of them is whole.
        for blocks in 1..shard.len() / TAR_BLOCK - 2 {
            let read = TarReader.bands(&&shard[..blocks * TAR_BLOCK], &mut |_| Ok(()));
            assert!(read.is_err(), "{blocks} blocks");
        }
        check_cube_encoder(&TiffCubes);
    }

    fn bands(decoder: &dyn CubeDecoder, file: &[u8]) -> Vec<(usize, SampleType, Vec<u8>)> {
        let mut seen = Vec::new();
        decoder
            .bands(&file, &mut |band| {
                assert_eq!((band.bands, band.mask), (3, None));
                seen.push((band.band, band.sample, band.bytes.to_vec()));
                Ok(())
            })
            .unwrap();
        seen
    }

    #[test]
    fn numbers_come_back() {
        let own: Vec<_> = [0u16, 3]
            .iter()
            .flat_map(|seat| {
                [
                    (0, [0u16, 1, 2, 3, 4, *seat]),
                    (1, [6, 7, 8, 9, 10, 11]),
                    (2, [12, 13, 14, 15, 16, 17]),
                ]
            })
            .collect();
        let shorts = own
            .iter()
            .map(|(band, n)| (*band, SampleType::U16, bytemuck::cast_slice(n).to_vec()));
        let shorts: Vec<_> = shorts.collect();
        let floats = own.iter().map(|(band, n)| {
            let floats = n.map(f32::from);
            (
                *band,
                SampleType::F32,
                bytemuck::cast_slice(&floats).to_vec(),
            )
        });
        let floats: Vec<(usize, SampleType, Vec<u8>)> = floats.collect();
        let (as_own, as_floats) = (cube(CubeType::Own, false), cube(CubeType::Float32, false));
        for level in [0, 1, 6] {
            let file = NpzCubes::level(level).encode(&as_own).unwrap();
            assert_eq!(file[0].name, "cube_5.npz");
            for reader in [NpzReader::default(), NpzReader::whole(1 << 20)] {
                assert_eq!(bands(&reader, &file[0].bytes), shorts);
            }
            let file = NpzCubes::level(level).encode(&as_floats).unwrap();
            assert_eq!(bands(&NpzReader::default(), &file[0].bytes), floats);
        }
        let file = TarCubes.encode(&as_own).unwrap();
        assert_eq!(file[0].name, "cube_000005.tar");
        assert_eq!(bands(&TarReader, &file[0].bytes), shorts);
        assert_eq!(file, TarCubes.encode(&as_own).unwrap());
        let files = TiffCubes.encode(&as_own).unwrap();
        let names: Vec<_> = files.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(
            names,
            ["cube_5/0000-scene.1-0-0.tif", "cube_5/0003-scene.1-3-0.tif"]
        );
    }

    #[test]
    fn columns_stand_under_their_names_but_not_under_upstreams() {
        let column = |as_upstream, name: &str| {
            let file = NpzCubes::level(0)
                .encode(&cube(CubeType::Own, as_upstream))
                .unwrap();
            let mut zip = ZipArchive::new(Cursor::new(&file[0].bytes[..])).unwrap();
            let mut entry = zip.by_name(&format!("{name}.npy")).unwrap();
            let (header, _) = header(&mut entry).unwrap();
            assert_eq!(
                (header.sample, &header.shape[..]),
                (SampleType::F32, &[2, 2][..])
            );
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            f32::from_ne_bytes(bytes[..4].try_into().unwrap())
        };
        let near = |a: f32, b: f64| (f64::from(a) - b).abs() < 1e-6;
        let (lon, lat) = (-3f64.sqrt() / 2.0, 2f64.sqrt() / 2.0);
        assert!(near(column(false, "lon_norm"), lon) && near(column(false, "lat_norm"), lat));
        assert!(near(column(true, "lon_norm"), lat) && near(column(true, "lat_norm"), lon));
        assert!(near(column(true, "hour_norm"), 0.0));
        assert!(near(column(false, "hour_norm"), -0.5));
    }

    #[test]
    fn memory_that_is_used_again_holds_nothing_of_the_cube_before() {
        let memory = CubeMemory::default();
        let small = npy(SampleType::U8, &[1, 2, 1, 2], &[1, 2, 3, 4]);
        let large = npy(SampleType::U8, &[1, 2, 10, 20], &[7; 400]);
        let npz = |array: &[u8]| npz(&[(PIXELS, array)], CompressionMethod::Deflated);
        let (small, large, broken) = (npz(&small), npz(&large), npz(&large[..200]));
        let sum = |file: &[u8], most| {
            let reader = NpzReader::whole(most).with_memory(memory.clone());
            let mut sum = 0;
            let read = reader.bands(&file, &mut |band| {
                sum += band.bytes.iter().map(|n| usize::from(*n)).sum::<usize>();
                Ok(())
            });
            read.map(|()| sum).ok()
        };
        let held = || {
            let kept = memory.0.lock().unwrap();
            kept.iter().map(|one| one.words.len()).collect::<Vec<_>>()
        };
        assert_eq!(sum(&small, 1 << 20), Some(10));
        assert_eq!(sum(&large, 1 << 20), Some(2800));
        assert_eq!(held(), [66]);
        assert_eq!(sum(&broken, 1 << 20), None);
        assert_eq!(sum(&small, 1 << 20), Some(10));
        // Where there is less memory for the next, what was kept is let go.
        assert_eq!(sum(&large, 1 << 20), Some(2800));
        assert_eq!(sum(&small, 400), Some(10));
        assert_eq!(held(), [17]);
    }

    #[test]
    fn what_is_no_cube_is_said() {
        let file = NpzCubes::level(6)
            .encode(&cube(CubeType::Own, false))
            .unwrap();
        let file = &file[0].bytes;
        for bytes in [&b""[..], b"PK", &file[..file.len() / 2], b"\x93NUMPY"] {
            refused(&ways(), bytes);
        }
        for at in (0..file.len()).step_by(7) {
            let mut broken = file.to_vec();
            broken[at] ^= 0x55;
            // It fails or does not; it neither panics nor takes memory without end.
            let done = ways().map(|reader| reader.bands(&&broken[..], &mut |_| Ok(())));
            assert_eq!(done[0].is_ok(), done[1].is_ok());
        }
    }

    /// An array at once, and as a stream: what one refuses the other does.
    fn ways() -> [NpzReader; 2] {
        [NpzReader::whole(1 << 20), NpzReader::default()]
    }

    /// What all of `readers` say of `file`, which none of them takes.
    fn refused(readers: &[impl CubeDecoder], file: &[u8]) -> String {
        let said = readers.iter().map(|reader| {
            let read = reader.bands(&file, &mut |_| Ok(()));
            read.unwrap_err().to_string()
        });
        said.collect::<Vec<_>>().join("; ")
    }

    /// An archive with these entries.
    fn npz(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        for (name, bytes) in entries {
            zip.start_file(*name, options).unwrap();
            std::io::Write::write_all(&mut zip, bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn npy(sample: SampleType, shape: &[usize], numbers: &[u8]) -> Vec<u8> {
        let mut bytes = NpyHeader::new(sample, shape.to_vec()).to_bytes();
        bytes.extend_from_slice(numbers);
        bytes
    }

    /// A shard with these entries, the last of them of a kind.
    fn tar_of(entries: &[(&str, &[u8])], kind: tar::EntryType) -> Vec<u8> {
        let mut shard = tar::Builder::new(Vec::new());
        for (at, (name, bytes)) in entries.iter().enumerate() {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            if at + 1 == entries.len() {
                header.set_entry_type(kind);
            }
            shard.append_data(&mut header, name, *bytes).unwrap();
        }
        shard.into_inner().unwrap()
    }

    #[test]
    fn shapes_that_the_file_cannot_hold_are_refused() {
        let numbers = [1u8; 24];
        for shape in [
            [1, 1 << 40, 1, 1],
            [1, usize::MAX, 1, 1],
            [usize::MAX, 3, 0, 1],
            [usize::MAX, 0, 1, 1],
            [usize::MAX, usize::MAX, 1, 1],
            [2, 3, usize::MAX, 2],
            [2, 3, 2, 3],
            [2, 3, 1, 2],
        ] {
            for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
                let file = npz(&[(PIXELS, &npy(SampleType::U8, &shape, &numbers))], method);
                let said = refused(&ways(), &file);
                assert!(said.contains(&format!("{shape:?}")), "{said}");
            }
            let [_, of_chip @ ..] = shape;
            let array = npy(SampleType::U8, &of_chip, &numbers[..5]);
            let file = tar_of(&[("0-0.npy", &array)], tar::EntryType::Regular);
            refused(&[TarReader], &file);
        }
        // A header that says it is as long as numbers go.
        let mut long = b"\x93NUMPY\x02\x00".to_vec();
        long.extend([0xff; 40]);
        refused(
            &ways(),
            &npz(&[(PIXELS, &long)], CompressionMethod::Deflated),
        );
    }

    #[test]
    fn bytes_behind_the_pixels_are_refused_whatever_the_memory() {
        let mut array = npy(SampleType::U8, &[2, 1, 1, 2], &[1, 2, 3, 4]);
        for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
            for reader in ways() {
                let file = npz(&[(PIXELS, &array)], method);
                reader.bands(&&file[..], &mut |_| Ok(())).unwrap();
            }
        }
        array.push(5);
        for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
            let said = refused(&ways(), &npz(&[(PIXELS, &array)], method));
            assert_eq!(said.matches("[2, 1, 1, 2] of uint8").count(), 2, "{said}");
        }
        let shard = tar_of(
            &[("0-0.npy", &npy(SampleType::U8, &[1, 1, 2], &[1, 2, 3]))],
            tar::EntryType::Regular,
        );
        refused(&[TarReader], &shard);
        let plain = npy(SampleType::U8, &[1, 1, 2], &[1, 2]);
        let odd = tar_of(&[("0-0.npy", &plain)], tar::EntryType::Link);
        let said = refused(&[TarReader], &odd);
        assert!(said.contains("0-0.npy is no plain file"), "{said}");
    }

    #[test]
    fn masks_come_back_and_are_written_where_they_say_something() {
        let masked = |mask: Vec<u8>, as_upstream| {
            let mut cube = cube(CubeType::Own, as_upstream);
            cube.chips[1].chip.arrays[1].mask = Some(mask);
            cube
        };
        let some = masked(vec![255, 0, 255, 0, 0, 255], false);
        let masks_in = |decoder: &dyn CubeDecoder, file: &[u8]| {
            let mut seen = Vec::new();
            let read = decoder.bands(&file, &mut |band| {
                seen.push(band.mask.map(<[u8]>::to_vec));
                Ok(())
            });
            read.unwrap();
            seen
        };
        let all = Some(vec![255; 6]);
        let wanted = some.chips[1].chip.arrays[1].mask.clone();
        let of_second = [all.clone(), wanted.clone(), wanted];
        for level in [0, 6] {
            let file = NpzCubes::level(level).encode(&some).unwrap();
            for reader in ways() {
                let seen = masks_in(&reader, &file[0].bytes);
                assert_eq!(seen[..3], [all.clone(), all.clone(), all.clone()]);
                assert_eq!(seen[3..], of_second);
            }
        }
        let shard = TarCubes.encode(&some).unwrap();
        let seen = masks_in(&TarReader, &shard[0].bytes);
        assert_eq!(
            (&seen[..3], &seen[3..]),
            (&[None, None, None][..], &of_second[..])
        );
        // Where all is data, and as upstream, there is no place for it.
        for nothing in [masked(vec![255; 6], false), masked(vec![0; 6], true)] {
            let plain = cube(CubeType::Own, nothing.layout.as_upstream);
            for encoder in [&NpzCubes::level(6) as &dyn CubeEncoder, &TarCubes] {
                assert_eq!(
                    encoder.encode(&nothing).unwrap(),
                    encoder.encode(&plain).unwrap()
                );
            }
        }
    }

    #[test]
    fn masks_that_are_not_those_of_the_pixels_are_refused() {
        let pixels = npy(SampleType::U16, &[1, 2, 1, 2], &[0; 8]);
        for (sample, shape) in [
            (SampleType::U8, [1, 1, 1, 2]),
            (SampleType::U8, [2, 2, 1, 2]),
            (SampleType::U16, [1, 2, 1, 2]),
            (SampleType::I8, [1, 2, 1, 2]),
        ] {
            let numbers = vec![0; shape.iter().product::<usize>() * sample.bytes()];
            let mask = npy(sample, &shape, &numbers);
            let entries: [(&str, &[u8]); 2] = [(PIXELS, &pixels), (MASK, &mask)];
            let said = refused(&ways(), &npz(&entries, CompressionMethod::Deflated));
            assert!(said.contains("mask"), "{said}");
        }
        let (pixels, mask) = (
            npy(SampleType::U8, &[1, 1, 2], &[0; 2]),
            npy(SampleType::U8, &[1, 1, 2], &[0; 2]),
        );
        for names in [
            ["0.mask.npy", "1.npy"],
            ["0.npy", "0.mask.npy"],
            ["0.mask.npy", "1.mask.npy"],
        ] {
            let entries: [(&str, &[u8]); 2] = [(names[0], &mask), (names[1], &pixels)];
            let said = refused(&[TarReader], &tar_of(&entries, tar::EntryType::Regular));
            assert!(said.contains("0 has a mask and no pixels"), "{said}");
        }
    }

    #[test]
    fn each_geotiff_has_the_nodata_value_of_its_chip() {
        let mut cube = cube(CubeType::Own, false);
        for array in &mut cube.chips[1].chip.arrays {
            array.nodata = Some(7.0);
        }
        let npz = NpzCubes::level(6);
        let check = |encoder: &dyn CubeEncoder, seat: usize| {
            encoder.check(&cube.layout, &cube.chips[seat].chip)
        };
        for encoder in [&npz as &dyn CubeEncoder, &TarCubes] {
            assert_eq!(check(encoder, 0), Ok(()));
            let said = check(encoder, 1).unwrap_err().to_string();
            assert!(said.contains("a has the nodata value 7"), "{said}");
        }
        assert_eq!(check(&TiffCubes, 1), Ok(()));
        let files = TiffCubes.encode(&cube).unwrap();
        // An entry of GDAL_NODATA (42113), a text of two bytes: TIFF 6.0, section 2.
        let says = |file: &[u8], value: u8| {
            let entry = [0x81, 0xA4, 2, 0, 2, 0, 0, 0, value, 0];
            file.windows(entry.len()).any(|part| part == entry)
        };
        assert!(says(&files[0].bytes, b'0') && says(&files[1].bytes, b'7'));
        cube.chips[1].chip.arrays[1].nodata = None;
        let said = TiffCubes
            .check(&cube.layout, &cube.chips[1].chip)
            .unwrap_err();
        assert!(
            said.to_string()
                .contains("a has the nodata value 7, b:1 no nodata value"),
            "{said}"
        );
    }
}
