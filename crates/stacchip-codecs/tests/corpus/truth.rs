//! The corpus, and the truth of it: what GDAL reads in each file.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use sha2::{Digest, Sha256};
use stacchip_cog::{Image, NodataValue};
use stacchip_model::{SampleType, Window};

/// The folder of the corpus, where there is one.
pub fn corpus() -> Option<PathBuf> {
    let place = env::var_os("STACCHIP_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    if place.join("truth.json").exists() {
        return Some(place);
    }
    let required = ["CI", "STACCHIP_REQUIRE_CORPUS"]
        .iter()
        .any(|v| env::var_os(v).is_some());
    assert!(!required, "no corpus at {}", place.display());
    println!("SKIPPED: no corpus at {}", place.display());
    None
}

/// The truth. Python writes numbers that JSON does not have.
pub fn truth(corpus: &Path) -> Value {
    let mut text = fs::read_to_string(corpus.join("truth.json")).unwrap();
    for word in ["-Infinity", "Infinity", "NaN"] {
        for before in [": ", ":", ", ", ",", "["] {
            text = text.replace(&format!("{before}{word}"), &format!("{before}null"));
        }
    }
    serde_json::from_str(&text).unwrap()
}

/// A window of the truth.
pub fn placed(window: &Value) -> Window {
    let number = |key: &str| window[key].as_i64().unwrap();
    Window::new(
        number("col_off"),
        number("row_off"),
        u32::try_from(number("width")).unwrap(),
        u32::try_from(number("height")).unwrap(),
    )
}

/// Our nodata value in the words of the truth: its own where they mean the same.
pub fn nodata(image: &Image, band: usize, want: &Value) -> Value {
    let Some(nodata) = &image.nodata else {
        return Value::Null;
    };
    let sample = image.bands[band].sample;
    let wanted = want.as_str().unwrap_or_default();
    let same = match nodata.value {
        NodataValue::Signed(v) => wanted.parse() == Ok(v as f64),
        // rasterio gives none where a double cannot hold it.
        NodataValue::Unsigned(v) => wanted.parse() == Ok(v as f64) || want.is_null(),
        NodataValue::Float(v) => match wanted.parse::<f64>() {
            Ok(w) => w == v || (w.is_nan() && v.is_nan()),
            // rasterio gives none where the type cannot hold it.
            Err(_) => want.is_null() && sample.is_integer(),
        },
    };
    if same {
        want.clone()
    } else {
        format!("{:?}", nodata.value).into()
    }
}

/// Our number in the words of the truth: its own where they mean the same.
pub fn same_number(got: f64, want: &Value) -> Value {
    match want.as_str().and_then(|w| w.parse::<f64>().ok()) {
        Some(w) if w == got => want.clone(),
        _ => got.to_string().into(),
    }
}

/// `raw` with every NaN as numpy's own.
pub fn canonical(raw: &[u8], sample: SampleType) -> Vec<u8> {
    let mut out = raw.to_vec();
    match sample {
        SampleType::F16 => {
            for c in out.as_chunks_mut::<2>().0 {
                if u16::from_le_bytes(*c) & 0x7fff > 0x7c00 {
                    *c = 0x7e00u16.to_le_bytes();
                }
            }
        }
        SampleType::F32 | SampleType::C64 => {
            for c in out.as_chunks_mut::<4>().0 {
                if f32::from_le_bytes(*c).is_nan() {
                    *c = 0x7fc0_0000u32.to_le_bytes();
                }
            }
        }
        SampleType::F64 | SampleType::C128 => {
            for c in out.as_chunks_mut::<8>().0 {
                if f64::from_le_bytes(*c).is_nan() {
                    *c = 0x7ff8_0000_0000_0000u64.to_le_bytes();
                }
            }
        }
        _ => {}
    }
    out
}

/// SHA-256 of `bytes`, in hexadecimal.
pub fn sha(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |text, b| text + &format!("{b:02x}"))
}

/// The classes of each file, from the manifest.
pub fn classes(corpus: &Path) -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(corpus.join("manifest.csv")).unwrap();
    let mut lines = text.lines().map(fields);
    let head = lines.next().unwrap();
    let column = |name: &str| head.iter().position(|h| h == name).unwrap();
    let (path, labels) = (column("path"), column("class_labels"));
    lines
        .filter_map(|line| {
            let labels = line.get(labels)?.split(';').map(str::to_owned).collect();
            Some((line.get(path)?.clone(), labels))
        })
        .collect()
}

fn fields(line: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => found.push(String::new()),
            _ => found.last_mut().unwrap().push(c),
        }
    }
    found
}
