//! What is written in cubes is read again, and what is no cube is refused.

use std::io::{Cursor, Read};

use stacchip::cubes::{
    Cube, CubeDecoder, CubeEncoder, CubeType,
    testing::{check_cube_decoder, check_cube_encoder, small_cube},
};
use stacchip_model::SampleType;
use zip::{CompressionMethod, ZipArchive};

use super::{
    CubeMemory, NpzCubes, NpzReader, TarCubes, TarReader, TiffCubes,
    bands::header,
    read_npz::{MASK, PIXELS},
    read_tar::TAR_BLOCK,
};
use crate::encode::NpyHeader;

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
    assert_eq!(sum(&small, 1 << 20), Some(10));
    assert_eq!(sum(&large, 1 << 20), Some(2800));
    assert_eq!(memory.kept_words(), [66]);
    assert_eq!(sum(&broken, 1 << 20), None);
    assert_eq!(sum(&small, 1 << 20), Some(10));
    // Where there is less memory for the next, what was kept is let go.
    assert_eq!(sum(&large, 1 << 20), Some(2800));
    assert_eq!(sum(&small, 400), Some(10));
    assert_eq!(memory.kept_words(), [17]);
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
