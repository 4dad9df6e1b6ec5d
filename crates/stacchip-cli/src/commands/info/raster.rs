//! What a raster is.

use serde_json::{Map, Value, json};
use stacchip::{
    cog::{
        Cog, Colour, Conformance, Image, Level, NodataValue, Planar, Predictor, Rpc, SampleFormat,
    },
    model::{Crs, SampleType},
};

/// The raster as a JSON document; see the command line's documentation of `info`. Its reference
/// system is given by the name `crs`.
pub fn document(
    address: &str,
    cog: &Cog,
    image: &Image,
    crs: Option<&Crs>,
    conformance: &Conformance,
) -> Value {
    let mut doc = Map::new();
    let base = image.base();
    let size = image.size();
    let place = &image.georeference;
    doc.insert("kind".into(), json!("raster"));
    doc.insert("address".into(), json!(address));
    doc.insert("width".into(), json!(size.width));
    doc.insert("height".into(), json!(size.height));
    doc.insert("count".into(), json!(image.bands.len()));
    doc.insert("images".into(), json!(cog.images.len()));
    doc.insert("dtype".into(), json!(base.map(|l| dtype(l))));
    doc.insert("crs".into(), json!(crs.map(ToString::to_string)));
    doc.insert(
        "transform".into(),
        json!(place.transform.map(|t| t.coefficients())),
    );
    doc.insert(
        "area_or_point".into(),
        json!(if place.pixel_is_point {
            "Point"
        } else {
            "Area"
        }),
    );
    doc.insert("nodata".into(), nodata(image));
    doc.insert(
        "nodata_text".into(),
        json!(image.nodata.as_ref().map(|n| &n.text)),
    );
    doc.insert("block".into(), json!(base.map(|l| block(l))));
    doc.insert("tiled".into(), json!(base.is_some_and(|l| l.tiled)));
    doc.insert(
        "compression".into(),
        json!(base.map(|l| match l.encoding.compression.word() {
            Some(word) => word.to_ascii_lowercase(),
            None => l.encoding.compression.0.to_string(),
        })),
    );
    doc.insert(
        "predictor".into(),
        json!(base.map(|l| match l.encoding.predictor {
            Predictor::None => 1,
            Predictor::Horizontal => 2,
            Predictor::Float => 3,
            Predictor::Other(other) => other,
        })),
    );
    doc.insert(
        "interleave".into(),
        json!(base.map(|l| match l.encoding.planar {
            Planar::Chunky if image.bands.len() > 1 => "pixel",
            _ => "band",
        })),
    );
    doc.insert("bits".into(), json!(base.map(|l| l.encoding.bits)));
    doc.insert(
        "photometric".into(),
        json!(base.map(|l| l.encoding.photometric)),
    );
    doc.insert("bigtiff".into(), json!(cog.big_tiff));
    doc.insert("big_endian".into(), json!(cog.big_endian));
    doc.insert(
        "levels".into(),
        image
            .levels
            .iter()
            .map(|l| {
                json!({
                    "width": l.size.width,
                    "height": l.size.height,
                    "block": block(l),
                })
            })
            .collect(),
    );
    doc.insert("mask".into(), json!(mask(image)));
    doc.insert(
        "cog".into(),
        json!({
            "valid": conformance.is_valid(),
            "reasons": conformance.errors,
            "warnings": conformance.warnings,
        }),
    );
    let of_bands = |f: &dyn Fn(&stacchip::cog::Band) -> Value| -> Value {
        image.bands.iter().map(f).collect()
    };
    let stored = base.map_or("", |l| dtype(l));
    doc.insert("dtypes".into(), of_bands(&|_| json!(stored)));
    doc.insert("descriptions".into(), of_bands(&|b| json!(b.description)));
    doc.insert("scales".into(), of_bands(&|b| json!(b.scale)));
    doc.insert("offsets".into(), of_bands(&|b| json!(b.offset)));
    doc.insert("units".into(), of_bands(&|b| json!(b.unit)));
    doc.insert("colorinterp".into(), of_bands(&|b| json!(b.colour.name())));
    doc.insert(
        "colormap".into(),
        json!(image.colour_table.as_ref().map(Vec::len)),
    );
    doc.insert("mask_flags".into(), mask_flags(image));
    doc.insert(
        "gcps".into(),
        place
            .control_points
            .iter()
            .map(|p| json!({ "row": p.row, "col": p.col, "x": p.x, "y": p.y, "z": p.z }))
            .collect(),
    );
    doc.insert("rpc".into(), json!(place.rpc.as_ref().map(rpc)));
    doc.insert("metadata".into(), pairs(&image.metadata));
    doc.insert("domains".into(), domains(&image.domains));
    doc.insert("band_metadata".into(), of_bands(&|b| pairs(&b.metadata)));
    doc.insert(
        "ghost".into(),
        json!(cog.ghost.as_ref().map(|g| {
            g.lines
                .iter()
                .map(|(k, v)| (k.clone(), json!(v)))
                .collect::<Map<_, _>>()
        })),
    );
    doc.insert(
        "warnings".into(),
        cog.warnings.iter().map(|w| json!(w.to_string())).collect(),
    );
    Value::Object(doc)
}

/// GDAL's metadata as an object.
fn pairs(items: &[(String, String)]) -> Value {
    let pairs = items.iter().map(|(k, v)| (k.clone(), json!(v)));
    Value::Object(pairs.collect())
}

/// GDAL's metadata by domain, each an object.
fn domains(items: &[(String, String, String)]) -> Value {
    let mut found = Map::new();
    for (domain, key, value) in items {
        let inside = found.entry(domain).or_insert_with(|| json!({}));
        inside[key.as_str()] = json!(value);
    }
    Value::Object(found)
}

/// Rational polynomials under GDAL's names.
fn rpc(rpc: &Rpc) -> Value {
    let [line, samp, lat, long, height] = rpc.offsets;
    let [line_scale, samp_scale, lat_scale, long_scale, height_scale] = rpc.scales;
    json!({
        "ERR_BIAS": rpc.err_bias, "ERR_RAND": rpc.err_rand,
        "LINE_OFF": line, "SAMP_OFF": samp,
        "LAT_OFF": lat, "LONG_OFF": long, "HEIGHT_OFF": height,
        "LINE_SCALE": line_scale, "SAMP_SCALE": samp_scale,
        "LAT_SCALE": lat_scale, "LONG_SCALE": long_scale, "HEIGHT_SCALE": height_scale,
        "LINE_NUM_COEFF": rpc.line_num, "LINE_DEN_COEFF": rpc.line_den,
        "SAMP_NUM_COEFF": rpc.samp_num, "SAMP_DEN_COEFF": rpc.samp_den,
    })
}

/// What tells invalid pixels of each band, in rasterio's words: a mask goes before a nodata value,
/// and that before alpha, which GDAL minds only as the last of two or of four bands.
fn mask_flags(image: &Image) -> Value {
    let last = image.bands.len().checked_sub(1);
    let alpha = last.filter(|&last| {
        let band = &image.bands[last];
        matches!(last, 1 | 3)
            && band.colour == Colour::Alpha
            && matches!(band.sample, SampleType::U8 | SampleType::U16)
    });
    (0..image.bands.len())
        .map(|band| {
            if let Some(mask) = image.base().and_then(|level| level.mask.as_ref()) {
                return match mask.bands() {
                    1 => json!(["per_dataset"]),
                    _ => json!([]),
                };
            }
            // One value a band, under which all bands must be for a pixel to be none.
            let together = image
                .metadata
                .iter()
                .find(|(key, _)| key == "NODATA_VALUES");
            if together.is_some_and(|(_, v)| v.split_whitespace().count() == image.bands.len()) {
                return json!(["per_dataset", "nodata"]);
            }
            if image
                .nodata
                .as_ref()
                .is_some_and(|n| n.fits(image.bands[band].sample))
            {
                return json!(["nodata"]);
            }
            match alpha {
                Some(alpha) if alpha != band => json!(["per_dataset", "alpha"]),
                _ => json!(["all_valid"]),
            }
        })
        .collect()
}

/// The raster in words for people, a line a fact.
pub fn text(doc: &Value) -> String {
    let word = |key: &str| match &doc[key] {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let list = |key: &str| {
        doc[key]
            .as_array()
            .map(|all| all.iter().map(plain).collect::<Vec<_>>().join(", "))
            .unwrap_or_default()
    };
    let levels = doc["levels"]
        .as_array()
        .map(|levels| {
            levels
                .iter()
                .map(|l| format!("{}×{}", l["width"], l["height"]))
                .collect::<Vec<_>>()
                .join(", ")
        })
        .unwrap_or_default();
    let cog = if doc["cog"]["valid"] == Value::Bool(true) {
        "yes".to_owned()
    } else {
        let reasons = doc["cog"]["reasons"]
            .as_array()
            .map(|all| all.iter().map(plain).collect::<Vec<_>>().join("; "))
            .unwrap_or_default();
        format!("no: {reasons}")
    };
    let mut lines = vec![
        format!("raster       {}", word("address")),
        format!(
            "size         {} × {} pixels, {} band(s) of {}",
            word("width"),
            word("height"),
            word("count"),
            word("dtype")
        ),
        format!(
            "crs          {}",
            word("crs").lines().next().unwrap_or_default()
        ),
        format!("transform    {}", list("transform")),
        format!("nodata       {}", word("nodata")),
        format!("mask         {}", word("mask")),
        format!(
            "storage      {}, predictor {}, {} interleaved, blocks of {}{}",
            word("compression"),
            word("predictor"),
            word("interleave"),
            list("block").replace(", ", "×"),
            if doc["bigtiff"] == Value::Bool(true) {
                ", BigTIFF"
            } else {
                ""
            }
        ),
        format!("levels       {levels}"),
        format!("bands        {}", list("colorinterp")),
        format!("valid COG    {cog}"),
    ];
    if let Some(names) = doc["descriptions"].as_array()
        && names.iter().any(|n| !n.is_null())
    {
        lines.push(format!("descriptions {}", list("descriptions")));
    }
    if let Some(warnings) = doc["warnings"].as_array() {
        lines.extend(
            warnings
                .iter()
                .map(|w| format!("warning      {}", plain(w))),
        );
    }
    lines.join("\n")
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// rasterio's name of the stored type: complex integers of 16 bits keep theirs.
fn dtype(level: &Level) -> &'static str {
    match (level.encoding.format, level.encoding.bits) {
        (SampleFormat::ComplexInt, 32) => "complex_int16",
        _ => level.sample.name(),
    }
}

/// `[rows, columns]`, as rasterio gives block shapes.
fn block(level: &Level) -> [u32; 2] {
    let block = level.readable_block();
    [block.height, block.width]
}

fn nodata(image: &Image) -> Value {
    let sample = image.bands.first().map(|band| band.sample);
    match image.nodata.as_ref().map(|n| n.value) {
        None => Value::Null,
        // A value that no pixel can have means nothing.
        Some(_)
            if !image
                .nodata
                .as_ref()
                .zip(sample)
                .is_some_and(|(n, s)| n.fits(s)) =>
        {
            Value::Null
        }
        Some(NodataValue::Signed(v)) => json!(v),
        Some(NodataValue::Unsigned(v)) => json!(v),
        Some(NodataValue::Float(v)) if v.is_finite() => {
            let whole = image
                .bands
                .first()
                .is_some_and(|b| b.sample.is_integer() && b.sample != SampleType::U64);
            if whole && v.fract() == 0.0 && v.abs() < 9e15 {
                #[expect(clippy::cast_possible_truncation, reason = "whole, and below 2^53")]
                let whole = v as i64;
                json!(whole)
            } else {
                json!(v)
            }
        }
        // JSON has no such numbers: numpy's names of them.
        Some(NodataValue::Float(v)) if v.is_nan() => json!("nan"),
        Some(NodataValue::Float(v)) => json!(if v > 0.0 { "inf" } else { "-inf" }),
    }
}

/// What tells invalid pixels, in GDAL's order: a mask, alpha, a nodata value.
fn mask(image: &Image) -> Option<&'static str> {
    if image.has_mask() {
        Some("mask")
    } else if image.alpha_band().is_some() {
        Some("alpha")
    } else if image.nodata.is_some() {
        Some("nodata")
    } else {
        None
    }
}
