//! The numbers in files of cubes.

use std::io::{Cursor, Read};

use stacchip::cubes::{CubeBand, CubeDecoder, DecodeCubeError};
use stacchip_model::SampleType;
use zip::{CompressionMethod, ZipArchive};

use super::super::NpyHeader;

/// Reads `pixels` of `.npz` archives, ours and upstream's.
///
/// Inflating all of an array at once takes a third less time than as a stream, and its whole memory: it
/// is done for arrays of at most `whole_bytes`.
#[derive(Debug, Clone, Copy, Default)]
pub struct NpzReader {
    whole_bytes: u64,
}

impl NpzReader {
    /// A reader that takes arrays of up to `bytes` at once.
    pub const fn whole(bytes: u64) -> Self {
        Self { whole_bytes: bytes }
    }

    /// The entry `pixels`, inflated at once; nothing where it is too large, or cannot be.
    fn at_once(self, file: &[u8]) -> Result<Option<Vec<u64>>, DecodeCubeError> {
        let mut zip = ZipArchive::new(Cursor::new(file)).map_err(DecodeCubeError::because)?;
        let entry = zip
            .by_name("pixels.npy")
            .map_err(DecodeCubeError::because)?;
        let (size, stored) = (entry.size(), entry.compressed_size());
        let deflated = entry.compression() == CompressionMethod::Deflated;
        // No stream swells by more than 1032 (RFC 1951: 258 bytes for two bits).
        if !deflated || size > self.whole_bytes || size / 1100 > stored {
            return Ok(None);
        }
        let range = entry.data_start().and_then(|start| {
            let start = usize::try_from(start).ok()?;
            Some(start..start.checked_add(usize::try_from(stored).ok()?)?)
        });
        let (source, size) = match (range, usize::try_from(size)) {
            (Some(range), Ok(size)) => (file.get(range), size),
            _ => return Ok(None),
        };
        let mut words = vec![0u64; size.div_ceil(8)];
        let bytes = bytemuck::cast_slice_mut::<u64, u8>(&mut words);
        let bytes = bytes.get_mut(..size).unwrap_or_default();
        if !source.is_some_and(|source| stacchip_codecs::inflate_bare(source, bytes)) {
            return Ok(None);
        }
        if crc32fast::hash(bytes) != entry.crc32() {
            return Err(DecodeCubeError::because(
                "the checksum of its pixels is wrong",
            ));
        }
        words.truncate(size.div_ceil(8));
        Ok(Some(words))
    }
}

impl CubeDecoder for NpzReader {
    fn bands(
        &self,
        file: &[u8],
        take: &mut dyn FnMut(CubeBand<'_>) -> Result<(), DecodeCubeError>,
    ) -> Result<(), DecodeCubeError> {
        if let Some(words) = self.at_once(file)? {
            return whole_array(bytemuck::cast_slice(&words), take);
        }
        let wrong = |e: zip::result::ZipError| DecodeCubeError::because(e);
        let mut zip = ZipArchive::new(Cursor::new(file)).map_err(wrong)?;
        let mut entry = zip.by_name("pixels.npy").map_err(wrong)?;
        array(&mut entry, 4, take)
    }
}

/// Reads the `.npy` of every sample in shards of `WebDataset`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TarReader;

impl CubeDecoder for TarReader {
    fn bands(
        &self,
        file: &[u8],
        take: &mut dyn FnMut(CubeBand<'_>) -> Result<(), DecodeCubeError>,
    ) -> Result<(), DecodeCubeError> {
        let mut shard = tar::Archive::new(file);
        for entry in shard.entries().map_err(DecodeCubeError::because)? {
            let mut entry = entry.map_err(DecodeCubeError::because)?;
            if entry.path_bytes().ends_with(b".npy") {
                array(&mut entry, 3, take)?;
            }
        }
        Ok(())
    }
}

/// What the header of an array of pixels says.
struct Shape {
    sample: SampleType,
    chips: usize,
    bands: usize,
    /// Of a band of a chip.
    bytes: usize,
}

impl Shape {
    /// Of an array `[…, band, row, column]` of `axes` axes.
    fn of(header: &NpyHeader, axes: usize) -> Result<Self, DecodeCubeError> {
        let shape = &header.shape;
        if shape.len() != axes || header.fortran_order || !header.native {
            return Err(DecodeCubeError::because(format!(
                "its pixels are {shape:?}{}: arrays of {axes} axes in C order and this machine's byte order are read",
                if header.fortran_order {
                    " in Fortran order"
                } else {
                    ""
                }
            )));
        }
        let too_large = || DecodeCubeError::because(format!("its pixels are {shape:?}, too many"));
        let rev: Vec<usize> = shape.iter().rev().copied().collect();
        let [width, height, bands, ..] = rev.as_slice() else {
            return Err(too_large());
        };
        let bytes = width
            .checked_mul(*height)
            .and_then(|n| n.checked_mul(header.sample.bytes()))
            .filter(|n| *n <= MOST_BAND_BYTES)
            .ok_or_else(too_large)?;
        Ok(Self {
            sample: header.sample,
            chips: rev.iter().skip(3).product(),
            bands: *bands,
            bytes,
        })
    }

    fn band<'a>(&self, band: usize, bytes: &'a [u8]) -> CubeBand<'a> {
        CubeBand {
            band,
            bands: self.bands,
            sample: self.sample,
            bytes,
        }
    }
}

/// Hands out each band of each chip of an array that is at hand.
fn whole_array(
    file: &[u8],
    take: &mut dyn FnMut(CubeBand<'_>) -> Result<(), DecodeCubeError>,
) -> Result<(), DecodeCubeError> {
    let (header, start) = NpyHeader::parse(file).map_err(DecodeCubeError::because)?;
    let shape = Shape::of(&header, 4)?;
    let mut bands = file
        .get(start..)
        .unwrap_or_default()
        .chunks_exact(shape.bytes.max(1));
    for _ in 0..shape.chips {
        for band in 0..shape.bands {
            let bytes = bands.next();
            let bytes = bytes.ok_or_else(|| DecodeCubeError::because("its pixels end early"))?;
            take(shape.band(band, bytes))?;
        }
    }
    Ok(())
}

/// Hands out each band of each chip of an array `[…, band, row, column]` of `axes` axes.
fn array(
    from: &mut impl Read,
    axes: usize,
    take: &mut dyn FnMut(CubeBand<'_>) -> Result<(), DecodeCubeError>,
) -> Result<(), DecodeCubeError> {
    let shape = Shape::of(&header(from)?, axes)?;
    // Words, so that numbers lie as numbers must.
    let mut words = vec![0u64; shape.bytes.div_ceil(8)];
    let bytes = bytemuck::cast_slice_mut::<u64, u8>(&mut words);
    let bytes = bytes.get_mut(..shape.bytes).unwrap_or_default();
    for _ in 0..shape.chips {
        for band in 0..shape.bands {
            from.read_exact(bytes).map_err(DecodeCubeError::because)?;
            take(shape.band(band, bytes))?;
        }
    }
    // The end of the stream is where its checksum is looked at.
    let mut rest = [0; 1];
    match from.read(&mut rest).map_err(DecodeCubeError::because)? {
        0 => Ok(()),
        _ => Err(DecodeCubeError::because(
            "there are bytes behind its pixels",
        )),
    }
}

/// The header of a `.npy` array, and no byte more.
fn header(from: &mut impl Read) -> Result<NpyHeader, DecodeCubeError> {
    let mut bytes = vec![0; 12];
    from.read_exact(&mut bytes)
        .map_err(DecodeCubeError::because)?;
    // NEP 1: two bytes of length from version 1 on, four from version 2 on.
    let wide = bytes.get(6).is_some_and(|version| *version >= 2);
    let length = match (wide, bytes.get(8..12)) {
        (true, Some(&[a, b, c, d])) => u32::from_le_bytes([a, b, c, d]) + 12,
        (false, Some(&[a, b, ..])) => u32::from(u16::from_le_bytes([a, b])) + 10,
        _ => 0,
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if (bytes.len()..=MOST_HEADER_BYTES).contains(&length) {
        let from_here = bytes.len();
        bytes.resize(length, 0);
        let rest = bytes.get_mut(from_here..).unwrap_or_default();
        from.read_exact(rest).map_err(DecodeCubeError::because)?;
    }
    let (header, _) = NpyHeader::parse(&bytes).map_err(DecodeCubeError::because)?;
    Ok(header)
}

/// A band of a chip of 16384² floats.
const MOST_BAND_BYTES: usize = 1 << 30;
/// numpy writes some hundred.
const MOST_HEADER_BYTES: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use stacchip::{
        cubes::{ChipLabel, Cube, CubeChip, CubeEncoder, CubeLayout, CubeType},
        index::SceneColumns,
    };
    use stacchip_chip::{Chip, ChipArray, Frame};
    use stacchip_model::{Pixels, Quality, Sample, Size, Window};

    use super::*;
    use crate::encode::cubes::{NpzCubes, TarCubes, TiffCubes};

    fn array<T: Sample>(name: &str, values: &[T]) -> ChipArray {
        ChipArray {
            name: name.to_owned(),
            pixels: Pixels::from_slice([values.len() / 6, 2, 3], values).unwrap(),
            nodata: Some(0.0),
            bands: Vec::new(),
            colours: Vec::new(),
            mask: None,
        }
    }

    fn chip(seat: u16) -> CubeChip {
        let scene = SceneColumns {
            item_id: "scene.1".to_owned(),
            item_href: None,
            collection: None,
            platform: Some("naip".to_owned()),
            spacecraft: None,
            datetime: "2024-03-11T14:06:36Z".parse().unwrap(),
            start_datetime: None,
            end_datetime: None,
            crs: "EPSG:32620".to_owned(),
            chip_size: 2,
            stride: 2,
        };
        CubeChip {
            seat: seat.into(),
            label: ChipLabel {
                row: seat.into(),
                scene: Arc::new(scene),
                x: seat,
                y: 0,
                window: Window::new(0, 0, 3, 2),
                quality: Quality::default(),
                lon: -60.0,
                lat: 45.0,
            },
            chip: Chip {
                arrays: vec![
                    array("a", &[1u16, 2, 3, 4, 5, seat]),
                    array("b", &[7u16, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]),
                ],
                frame: Frame::of_size(Size::new(3, 2)),
            },
            crs_kind: None,
        }
    }

    fn cube(kind: CubeType, as_upstream: bool) -> Cube {
        let chips = vec![chip(0), chip(3)];
        let layout = CubeLayout::of(&chips[0].chip, kind, 4, as_upstream).unwrap();
        Cube {
            number: 5,
            layout: Arc::new(layout),
            chips,
        }
    }

    fn bands(decoder: &dyn CubeDecoder, file: &[u8]) -> Vec<(usize, SampleType, Vec<u8>)> {
        let mut seen = Vec::new();
        decoder
            .bands(file, &mut |band| {
                assert_eq!(band.bands, 3);
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
                    (0, [1u16, 2, 3, 4, 5, *seat]),
                    (1, [7, 8, 9, 10, 11, 12]),
                    (2, [13, 14, 15, 16, 17, 18]),
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
            let header = header(&mut entry).unwrap();
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
    fn what_is_no_cube_is_said() {
        let file = NpzCubes::level(6)
            .encode(&cube(CubeType::Own, false))
            .unwrap();
        let file = &file[0].bytes;
        let read = |bytes: &[u8]| {
            let whole = NpzReader::whole(1 << 20).bands(bytes, &mut |_| Ok(()));
            let piece_by_piece = NpzReader::default().bands(bytes, &mut |_| Ok(()));
            assert_eq!(whole.is_ok(), piece_by_piece.is_ok());
            whole
        };
        for bytes in [&b""[..], b"PK", &file[..file.len() / 2], b"\x93NUMPY"] {
            read(bytes).unwrap_err();
        }
        for at in (0..file.len()).step_by(7) {
            let mut broken = file.to_vec();
            broken[at] ^= 0x55;
            // It fails or does not; it neither panics nor takes memory without end.
            let _ = read(&broken);
        }
    }
}
