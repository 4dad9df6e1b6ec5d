//! Sound inputs of the targets, made by our own writers.

#[cfg(feature = "index")]
use stacchip_adapters::parquet::ParquetEncoder;
use stacchip_codecs::{Deflate, Jpeg, Lzw, PackBits};
use stacchip_cog::{
    TileEncoder, WriteOptions,
    write::{BandLabel, BigTiff, GeoCrs, Interleave, Overviews, Photometric, Resampling},
};
#[cfg(feature = "index")]
use stacchip_index::testing::example_rows;
use stacchip_model::{Affine, Pixels, SampleType};

use crate::Choices;

/// Small files of every layout that our writer has, each with a few choices behind it.
pub fn files() -> Vec<Vec<u8>> {
    let cog = WriteOptions::cog;
    let place = Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 4_800_000.0);
    let georeferenced = cog()
        .tiles(16)
        .place(place, Some(GeoCrs::Projected(32620)))
        .nodata(0.0)
        .metadata("AREA", "somewhere")
        .bands([BandLabel::described("red")]);
    let overviews = cog()
        .tiles(16)
        .overviews(Overviews::Count(2), Resampling::Average);
    let deflate = Deflate::new();
    let jpeg = Jpeg::new();
    let cases: Vec<(
        SampleType,
        [usize; 3],
        WriteOptions,
        Option<&dyn TileEncoder>,
    )> = vec![
        (SampleType::U8, [1, 9, 21], cog().tiles(16), None),
        (SampleType::U16, [1, 40, 35], georeferenced, Some(&deflate)),
        (
            SampleType::U8,
            [3, 33, 20],
            WriteOptions::geotiff()
                .strips(7)
                .photometric(Photometric::Rgb)
                .predictor_for(SampleType::U8),
            Some(&Lzw),
        ),
        (
            SampleType::F32,
            [2, 20, 20],
            overviews
                .clone()
                .interleave(Interleave::Band)
                .predictor_for(SampleType::F32),
            Some(&deflate),
        ),
        (
            SampleType::I16,
            [1, 30, 30],
            overviews
                .big_endian(true)
                .big_tiff(BigTiff::Always)
                .sparse(true),
            Some(&PackBits),
        ),
        (
            SampleType::I32,
            [1, 12, 50],
            WriteOptions::geotiff().strips(4).big_endian(true),
            Some(&deflate),
        ),
        (
            SampleType::U8,
            [3, 32, 32],
            cog().tiles(16).photometric(Photometric::Rgb),
            Some(&jpeg),
        ),
        (
            SampleType::F64,
            [1, 16, 16],
            WriteOptions::geotiff().tiles(16),
            Some(&Lzw),
        ),
    ];
    let mut files = Vec::new();
    for (number, (sample, shape, options, encoder)) in cases.into_iter().enumerate() {
        let mut pixels = Pixels::zeros(sample, shape).expect("it is small");
        fill(pixels.as_bytes_mut(), sample);
        let written = match options.layout {
            stacchip_cog::write::FileLayout::Cog => {
                stacchip_cog::write_cog(&pixels, &options, encoder)
            }
            _ => stacchip_cog::write_geotiff(&pixels, &options, encoder),
        };
        files.push(chosen(written.expect("the options fit"), number));
    }
    files.push(chosen(masked(), 9));
    files
}

/// A file with a mask.
fn masked() -> Vec<u8> {
    let mut pixels = Pixels::zeros(SampleType::U8, [1, 24, 24]).expect("it is small");
    fill(pixels.as_bytes_mut(), SampleType::U8);
    let mask: Vec<u8> = (0..24 * 24).map(|at| u8::from(at % 5 != 0)).collect();
    let options = WriteOptions::cog().tiles(16).mask(true);
    let mut out = Vec::new();
    stacchip_cog::write::write_raster(
        &pixels,
        Some(&mask),
        &options,
        Some(&Deflate::new()),
        &mut out,
    )
    .expect("the options fit");
    out
}

/// Something between flat and noise; floats are numbers.
fn fill(bytes: &mut [u8], sample: SampleType) {
    match sample {
        SampleType::F32 => {
            for (at, value) in bytes.chunks_exact_mut(4).enumerate() {
                value.copy_from_slice(&(at as f32 * 0.25).to_ne_bytes());
            }
        }
        SampleType::F64 => {
            for (at, value) in bytes.chunks_exact_mut(8).enumerate() {
                value.copy_from_slice(&(at as f64 * 0.25).to_ne_bytes());
            }
        }
        _ => bytes.copy_from_slice(&plain(bytes.len())),
    }
}

/// `len` bytes between flat and noise.
pub fn plain(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| ((at / 7 * 3) ^ (at / 64)).to_le_bytes()[0])
        .collect()
}

/// `data` with choices behind it, others for each `number`.
fn chosen(mut data: Vec<u8>, number: usize) -> Vec<u8> {
    let number = number.to_le_bytes()[0];
    data.extend((0..16u8).map(|at| at.wrapping_mul(37).wrapping_add(number.wrapping_mul(101))));
    debug_assert_eq!(Choices::BYTES, 16);
    data
}

/// Items: one that says all of its grid, one whose assets do, a collection, two one a line.
pub fn items() -> Vec<Vec<u8>> {
    let item = |id: &str, properties: &str, asset: &str| {
        format!(
            r#"{{"type":"Feature","stac_version":"1.1.0","id":"{id}","collection":"sentinel-2-l2a","bbox":[-63,43,-62,44],"geometry":null,"properties":{{"datetime":"2024-05-01T15:00:00Z","platform":"sentinel-2a"{properties}}},"links":[{{"rel":"self","href":"https://example.org/a/{id}.json"}}],"assets":{{"red":{{"href":"./red.tif","roles":["data"],"eo:bands":[{{"name":"B04"}}]{asset}}}}}}}"#
        )
    };
    let all = r#","proj:code":"EPSG:32620","proj:shape":[1098,1098],"proj:transform":[100,0,499980,0,-100,4800000]"#;
    let whole = item("one", all, "");
    let assets = item(
        "two",
        r#","proj:epsg":32620"#,
        r#","proj:shape":[10980,10980],"proj:bbox":[499980,4690200,609780,4800000],"raster:bands":[{"nodata":0,"scale":0.0001,"offset":-0.1,"data_type":"uint16"}],"bands":[{"name":"r","data_type":"uint16"}]"#,
    );
    let wkt = item(
        "three",
        r#","proj:wkt2":"PROJCRS[\"x\"]","proj:projjson":null,"start_datetime":"2024-05-01T00:00:00Z","end_datetime":"2024-05-02T00:00:00Z""#,
        "",
    );
    let collection = format!(r#"{{"type":"FeatureCollection","features":[{whole},{wkt}]}}"#);
    [
        whole.clone(),
        assets.clone(),
        wkt,
        collection,
        format!("{whole}\n{assets}\n"),
    ]
    .map(String::into_bytes)
    .into()
}

/// A file of rules with every key.
pub fn rules() -> Vec<Vec<u8>> {
    let bits = r#"[[rule]]
name = "strict"
platforms = ["landsat-c2l2-sr"]
collections = ["landsat-c2-l2"]
asset = "qa_pixel"
band = 1
nodata = { any_bits = [0] }
[rule.cloud]
any_bits = [1, 2, 3, 4]
all_bits = [5, 6]
fields = [{ first = 8, last = 9, values = [2, 3] }]
"#;
    let classes = r#"[[rule]]
asset = "scl"
cloud = { classes = [3, [8, 10], -1] }
nodata = { classes = [0] }
"#;
    [
        bits.to_owned(),
        classes.to_owned(),
        format!("{bits}\n{classes}"),
    ]
    .map(String::into_bytes)
    .into()
}

/// A text of every kind that lies beside a file.
pub fn texts() -> Vec<Vec<u8>> {
    let notes = r#"<PAMDataset><SRS>EPSG:3035</SRS><GeoTransform>1, 2, 0, 3, 0, -4</GeoTransform>
<GCPList Projection="EPSG:4326"><GCP Id="1" Pixel="1" Line="2" X="3" Y="4"/></GCPList>
<Metadata><MDI key="note">b &lt; c</MDI></Metadata>
<PAMRasterBand band="1"><Description>red</Description><NoDataValue>7</NoDataValue><Offset>1.5</Offset><Scale>2</Scale>
<ColorInterp>Red</ColorInterp></PAMRasterBand></PAMDataset>"#;
    let form = |inside: &str| {
        format!(
            "<PAMDataset><Metadata domain=\"xml:ESRI\" format=\"xml\"><GeodataXform><SpatialReference><WKT>GEOGCS[&quot;a&quot;]</WKT>\
             </SpatialReference><PolynomialOrder>1</PolynomialOrder>{inside}</GeodataXform></Metadata></PAMDataset>"
        )
    };
    let three = "<Double>1</Double><Double>2</Double><Double>-3</Double>";
    let pairs = "<Double>1.5</Double><Double>2</Double>";
    let metadata = "<metadata><refSysInfo><RefSystem><refSysID><identCode code=\"25833\"/></refSysID></RefSystem></refSysInfo>\
        <peXml>&lt;P&gt;&lt;WKT&gt;GEOGCS[&amp;quot;x&amp;quot;]&lt;/WKT&gt;&lt;/P&gt;</peXml></metadata>";
    let table = "!table\nDefinition Table\n  Type \"RASTER\"\n  (10,50) (0,0) Label \"a\",\n  (10.4,50.1) (4,0) Label \"b\",\n\
        (9.9,49.6) (0,4) Label \"c\"\n  CoordSys Earth Projection 8, 104, \"m\", 15, 0, 0.9996, 500000, 0\n  Units \"degree\"\n";
    let polynomials = "LINE_OFF: +1\nSAMP_OFF: +2\nLAT_OFF: 3\nLONG_OFF: 4\nHEIGHT_OFF: 5\nLINE_NUM_COEFF_1: 1e-3\n";
    [
        notes.to_owned(),
        form(&format!("<CoeffX>{three}</CoeffX><CoeffY>{three}</CoeffY>")),
        form(&format!(
            "<SourceGCPs>{pairs}</SourceGCPs><TargetGCPs>{pairs}</TargetGCPs>"
        )),
        metadata.to_owned(),
        table.to_owned(),
        table.replace("Earth Projection 8, 104,", "NonEarth Units"),
        "2.5\n0.5\n-0.5\n-2.5\n1000\n2000\n".to_owned(),
        polynomials.to_owned(),
    ]
    .map(String::into_bytes)
    .into()
}

/// Indexes of no row, of a few, and of many.
#[cfg(feature = "index")]
pub fn indexes() -> Vec<Vec<u8>> {
    let rows = example_rows();
    let many: Vec<_> = rows.iter().cycle().take(300).cloned().collect();
    [&rows[..0], &rows[..], &many[..]]
        .into_iter()
        .map(|rows| {
            let mut encoder = ParquetEncoder::new(Vec::new()).expect("memory takes bytes");
            encoder.write(rows).expect("memory takes bytes");
            encoder.finish().expect("memory takes bytes")
        })
        .collect()
}
