//! Little files, written tag by tag: what no writer here makes.

use bytes::Bytes;
use stacchip_cog::{
    Bands, BlockContext, Codecs, Compression, DecodeError, DecodedOrder, HeaderError, Image,
    Limits, Pam, Part, TileDecoder,
};
use stacchip_model::{Affine, Crs, Pixels, Window};

use crate::{
    files::{header, read},
    hostile::directory,
};

type Entry = (u16, u16, u32, u32);

/// The directories `all`, one after the other, then `rest`; `all` are given where `rest` starts.
fn file(count: usize, of: impl Fn(u32) -> Vec<Vec<Entry>>, rest: &[u8]) -> Bytes {
    let length = |all: &[Vec<Entry>]| -> usize { all.iter().map(|e| 6 + 12 * e.len()).sum() };
    let all = of(0);
    assert_eq!(all.len(), count);
    let all = of(u32::try_from(8 + length(&all)).unwrap());
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    for (number, entries) in all.iter().enumerate() {
        let next = if number + 1 < count {
            8 + length(&all[..=number])
        } else {
            0
        };
        file.extend(directory(entries, u32::try_from(next).unwrap()));
    }
    file.extend_from_slice(rest);
    file.into()
}

/// An image of 4 × 4 pixels whose only strip is left out, and its overview of 2 × 2, left out, too.
fn sparse(bands: u32, nodata: Option<[u8; 2]>) -> Bytes {
    let of = |size, kind| {
        let mut entries = vec![
            (254, 4, 1, kind),
            (256, 3, 1, size),
            (257, 3, 1, size),
            (258, 3, 1, 8),
            (273, 4, 1, 0),
            (277, 3, 1, bands),
            (279, 4, 1, 0),
        ];
        if let Some([a, b]) = nodata {
            entries.push((42113, 2, 2, u32::from_le_bytes([a, b, 0, 0])));
        }
        entries
    };
    file(2, |_| vec![of(4, 0), of(2, 1)], &[])
}

fn pam(bands: &[(u32, &str)]) -> Pam {
    let bands = bands.iter().map(|(band, nodata)| {
        format!(
            "<PAMRasterBand band=\"{band}\"><NoDataValue>{nodata}</NoDataValue></PAMRasterBand>"
        )
    });
    let bands: String = bands.collect();
    Pam::parse(&format!("<PAMDataset>{bands}</PAMDataset>")).unwrap()
}

/// The first pixel of every band of a level.
fn firsts(file: &Bytes, image: &Image, level: usize) -> Vec<u8> {
    let pixels = read(file, image, level, Window::new(0, 0, 2, 2), Bands::All).unwrap();
    let all = pixels.as_bytes();
    assert!(all.chunks(4).all(|band| band.iter().all(|&b| b == band[0])));
    all.chunks(4).map(|band| band[0]).collect()
}

/// What is left out is full of the `.aux.xml`'s nodata value of its band; overviews know only the
/// file's. Answers are those of GDAL 3.10 (rasterio 1.4) for files of 64 and 512 pixels.
#[test]
fn what_is_left_out_is_nodata_of_the_band() {
    for (bands, of_file, beside, base, overview) in [
        (1, None, &[(1, "7")][..], &[7][..], &[0][..]),
        (1, Some(*b"5\0"), &[(1, "7")], &[7], &[5]),
        (2, None, &[(1, "7"), (2, "9")], &[7, 9], &[0, 0]),
        (2, None, &[(2, "9")], &[0, 9], &[0, 0]),
        (1, None, &[(1, "300")], &[255], &[0]),
        (2, Some(*b"5\0"), &[(2, "9")], &[5, 9], &[5, 5]),
        (2, Some(*b"5\0"), &[(1, "7")], &[7, 5], &[5, 5]),
        (2, Some(*b"5\0"), &[(3, "7")], &[5, 5], &[5, 5]),
    ] {
        let file = sparse(bands, of_file);
        let mut cog = header(&file, u64::MAX, Limits::default()).unwrap();
        let image = &mut cog.images[0];
        image.attach_pam(&pam(beside));
        assert_eq!(firsts(&file, image, 0), base, "{beside:?}");
        assert_eq!(firsts(&file, image, 1), overview, "{beside:?}");
        let last = [usize::try_from(bands).unwrap() - 1];
        let window = Window::new(1, 1, 1, 1);
        let one = read(&file, image, 0, window, Bands::These(&last)).unwrap();
        assert_eq!(one.as_bytes(), &base[last[0]..], "{beside:?}");
    }
}

/// A decoder of old JPEG that decodes nothing.
#[derive(Debug)]
struct Zeros;

impl TileDecoder for Zeros {
    fn schemes(&self) -> &[Compression] {
        &[Compression::OLD_JPEG]
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn decode(&self, _: &[u8], _: &BlockContext<'_>, out: &mut [u8]) -> Result<(), DecodeError> {
        out.fill(0);
        Ok(())
    }
}

/// Groups of samples are pixels only to a rendering: of other colours they are refused.
#[test]
fn old_jpeg_in_groups_must_be_ycbcr() {
    for (photometric, factors, is_read) in [
        (Some(6), 2 | 2 << 16, true),
        (Some(2), 2 | 2 << 16, true),
        (None, 2 | 2 << 16, true),
        (Some(1), 2 | 2 << 16, false),
        (Some(8), 2 | 2 << 16, false),
        (Some(6), 1 | 4 << 16, false),
        (Some(1), 1 | 1 << 16, true),
    ] {
        let mut entries = vec![
            (256, 3, 1, 4),
            (257, 3, 1, 4),
            (258, 3, 1, 8),
            (259, 3, 1, 6),
            (273, 4, 1, 8),
            (277, 3, 1, 3),
            (279, 4, 1, 24),
            (530, 3, 2, factors),
        ];
        entries.extend(photometric.map(|of| (262, 3, 1, of)));
        let file = file(1, |_| vec![entries.clone()], &[]);
        let cog = header(&file, u64::MAX, Limits::default()).unwrap();
        let image = &cog.images[0];
        let window = Window::new(0, 0, 4, 4);
        let plan = image.plan(0, window, Bands::All, Part::Pixels).unwrap();
        for range in plan.table_ranges() {
            let of = |at| usize::try_from(at).unwrap().min(file.len());
            plan.supply_table(&range, &file.slice(of(range.start)..of(range.end)));
        }
        let blocks = vec![Bytes::from_static(&[0; 24]); plan.ranges().unwrap().len()];
        let mut pixels = Pixels::zeros(plan.sample(), plan.shape()).unwrap();
        let codecs = Codecs::new().with(Zeros);
        let done = plan.decode(&blocks, &codecs, pixels.as_bytes_mut());
        assert_eq!(
            done.is_ok(),
            is_read,
            "{photometric:?} {factors:x}: {done:?}"
        );
        if let Err(error) = done {
            assert!(error.to_string().contains("old JPEG"), "{error}");
        }
    }
}

/// Old JPEG whose tags point at a stream of `segments` tables of 60 000 bytes each, in `count`
/// directories.
fn old_jpeg(count: usize, segments: usize) -> Bytes {
    let mut stream = vec![0xFF, 0xD8];
    for _ in 0..segments {
        stream.extend([0xFF, 0xC4]);
        stream.extend(60_000u16.to_be_bytes());
        stream.resize(stream.len() + 59_998, 0);
    }
    stream.extend([0xFF, 0xD9]);
    let of = |at| {
        let entries = vec![
            (256, 3, 1, 4),
            (257, 3, 1, 4),
            (258, 3, 1, 8),
            (259, 3, 1, 6),
            (273, 4, 1, 8),
            (279, 4, 1, 24),
            (513, 4, 1, at),
        ];
        vec![entries; count]
    };
    file(count, of, &stream)
}

#[test]
fn headers_of_old_jpeg_are_bounded() {
    // Eight segments of 60 000 bytes: one is held.
    let cog = header(&old_jpeg(1, 8), u64::MAX, Limits::default()).unwrap();
    let held = cog.images[0].levels[0].encoding.jpeg_tables.clone();
    assert_eq!(held.unwrap().len(), 60_004);

    // Each directory counts, though all point at the same bytes.
    let limits = || Limits {
        header_bytes: 256 << 10,
        ..Limits::default()
    };
    let four = header(&old_jpeg(4, 1), u64::MAX, limits()).unwrap();
    assert_eq!(four.images.len(), 4);
    for piece in [700, u64::MAX] {
        let refused = header(&old_jpeg(5, 1), piece, limits()).unwrap_err();
        assert!(
            matches!(
                refused,
                HeaderError::Limit {
                    name: "header_bytes",
                    value: 300_000..=301_000,
                    ..
                }
            ),
            "{refused}"
        );
    }
}

/// An image with the keys `shorts`: a number each, all of them codes.
fn keyed(shorts: &[(u16, u16)]) -> Bytes {
    let mut rest = Vec::new();
    let count = u16::try_from(shorts.len()).unwrap();
    let head = [1, 1, 1, count];
    let keys = shorts.iter().flat_map(|&(key, code)| [key, 0, 1, code]);
    for short in head.into_iter().chain(keys) {
        rest.extend(short.to_le_bytes());
    }
    let length = u32::from(count) * 4 + 4;
    let of = |at| {
        vec![vec![
            (256, 3, 1, 4),
            (257, 3, 1, 4),
            (258, 3, 1, 8),
            (273, 4, 1, 8),
            (34735, 3, length, at),
        ]]
    };
    file(1, of, &rest)
}

/// As GDAL has it: a unit that is not the code's drops the code, and the map is measured in it.
#[test]
fn a_unit_that_contradicts_the_code_goes_before_it() {
    let crs = |code: u16, unit: Option<u16>| {
        let keys = [Some((1024, 1)), Some((3072, code)), unit.map(|u| (3076, u))];
        let keys: Vec<(u16, u16)> = keys.into_iter().flatten().collect();
        let cog = header(&keyed(&keys), u64::MAX, Limits::default()).unwrap();
        cog.images[0].georeference.crs.clone().unwrap()
    };
    for (code, unit) in [
        (26910, None),
        (26910, Some(9001)),
        (2225, Some(9003)),
        // Not in the table: nothing is known to contradict.
        (30000, Some(9003)),
    ] {
        assert_eq!(crs(code, unit), Crs::epsg(code.into()), "{code} {unit:?}");
    }
    for (code, unit, base, size) in [
        (26910, 9003, 4269, 0.304_800_609_601_219_24),
        (2225, 9002, 4269, 0.3048),
        (2225, 9001, 4269, 1.0),
    ] {
        let crs = crs(code, Some(unit));
        assert_eq!(crs.code(), None, "{code} {unit}");
        let text = crs.definition();
        assert!(text.starts_with("PROJCRS["), "{text}");
        assert!(text.contains(&format!("ID[\"EPSG\",{base}]]")), "{text}");
        let (_, axes) = text.split_once("CS[Cartesian,2]").unwrap();
        assert!(axes.contains(&format!(",{size:?}]")), "{text}");
    }
    // The false easting stays what it is on the ground.
    let text = crs(26910, Some(9003)).definition();
    assert!(
        text.contains("PARAMETER[\"False easting\",500000.0,LENGTHUNIT[\"metre\",1.0]]"),
        "{text}"
    );
    // A map projection that is not in the table: no place at all.
    let plane = crs(3857, Some(9003)).definition();
    assert!(plane.starts_with("ENGCRS["), "{plane}");
}

/// What is said again goes before what was said first; a hundred thousand items take no time.
#[test]
fn items_beside_a_file_are_put_in_their_place() {
    let file = sparse(1, None);
    let mut cog = header(&file, u64::MAX, Limits::default()).unwrap();
    let image = &mut cog.images[0];
    let items = |value: &str| -> String {
        (0..60_000)
            .map(|i| format!("<MDI key='{i}'>{value}</MDI>"))
            .collect::<Vec<_>>()
            .concat()
    };
    let all = format!(
        "<P><PAMDataset><Metadata>{}</Metadata><Metadata domain='D'>{}</Metadata>\
         <PAMRasterBand band='1'><Metadata>{}</Metadata></PAMRasterBand></PAMDataset></P>",
        items("a"),
        items("b"),
        items("c")
    );
    image.attach_pam(&Pam::parse(&all).unwrap());
    let again = "<PAMDataset><Metadata><MDI key='7'>x</MDI><MDI key='n'>y</MDI></Metadata>\
        <Metadata domain='D'><MDI key='8'>x</MDI></Metadata>\
        <PAMRasterBand band='1'><Metadata><MDI key='9'>x</MDI></Metadata></PAMRasterBand></PAMDataset>";
    image.attach_pam(&Pam::parse(again).unwrap());
    assert_eq!(image.metadata.len(), 60_001);
    assert_eq!(image.metadata[7], ("7".into(), "x".into()));
    assert_eq!(image.metadata[60_000], ("n".into(), "y".into()));
    assert_eq!(image.domains.len(), 60_000);
    assert_eq!(image.domains[8], ("D".into(), "8".into(), "x".into()));
    assert_eq!(image.bands[0].metadata[9], ("9".into(), "x".into()));
    assert_eq!(image.bands[0].metadata[10].1, "c");
}

/// Inches on a page are pixels where the file says how many; then the points go before its map.
#[test]
fn points_of_a_page_are_of_pixels_where_an_inch_has_some() {
    let page = Pam::parse(
        "<PAMDataset><Metadata domain='xml:ESRI' format='xml'><GeodataXform>\
         <SpatialReference><WKT>LOCAL_CS[\"page\"]</WKT></SpatialReference>\
         <SourceGCPs><Double>0.5</Double><Double>0.25</Double></SourceGCPs>\
         <TargetGCPs><Double>100</Double><Double>200</Double></TargetGCPs>\
         </GeodataXform></Metadata></PAMDataset>",
    )
    .unwrap();
    let file = sparse(1, None);
    let own = Affine::new(2.0, 0.0, 1.0, 0.0, -2.0, 1.0);
    let attached = |said: [(&str, &str); 3]| {
        let mut image = header(&file, u64::MAX, Limits::default()).unwrap().images[0].clone();
        image.georeference.transform = Some(own);
        image.georeference.crs = Some(Crs::epsg(4326));
        image.metadata = said.map(|(key, value)| (key.into(), value.into())).into();
        image.attach_pam(&page);
        image.georeference
    };
    let [x, y] = ["TIFFTAG_XRESOLUTION", "TIFFTAG_YRESOLUTION"];
    let unit = "TIFFTAG_RESOLUTIONUNIT";
    let found = attached([(x, "4"), (y, "8"), (unit, "2 (pixels/inch)")]);
    assert_eq!(
        (found.transform, found.crs),
        (None, Some(Crs::wkt("LOCAL_CS[\"page\"]")))
    );
    let [point] = found.control_points.try_into().unwrap();
    assert_eq!(
        (point.col, point.row, point.x, point.y),
        (2.0, 2.0, 100.0, 200.0)
    );
    for said in [
        [(x, "4"), (y, "8"), (unit, "3 (pixels/cm)")],
        [(x, "4"), (y, "8"), ("", "2")],
        [(x, "4"), (y, "many"), (unit, "2")],
    ] {
        let found = attached(said);
        assert_eq!(
            (found.transform, found.crs),
            (Some(own), Some(Crs::epsg(4326)))
        );
        assert!(found.control_points.is_empty());
    }
}
