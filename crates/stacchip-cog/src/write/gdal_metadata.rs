//! The text of the tag `GDAL_METADATA` (42112).

use std::fmt::Write;

use super::{BandLabel, WriteOptions};

/// The XML text, where there is anything to say.
pub(super) fn gdal_metadata(options: &WriteOptions) -> Option<String> {
    let mut items = String::new();
    for (name, value) in &options.metadata {
        item(&mut items, name, value, None, None);
    }
    for (index, band) in options.bands.iter().enumerate() {
        band_items(&mut items, index, band);
    }
    (!items.is_empty()).then(|| format!("<GDALMetadata>\n{items}</GDALMetadata>\n"))
}

fn band_items(out: &mut String, index: usize, band: &BandLabel) {
    for (name, value) in &band.metadata {
        item(out, name, value, Some(index), None);
    }
    let sample = Some(index);
    if let Some(offset) = band.offset {
        item(out, "OFFSET", &number(offset), sample, Some("offset"));
    }
    if let Some(scale) = band.scale {
        item(out, "SCALE", &number(scale), sample, Some("scale"));
    }
    if let Some(unit) = &band.unit {
        item(out, "UNITTYPE", unit, sample, Some("unittype"));
    }
    if let Some(description) = &band.description {
        item(out, "DESCRIPTION", description, sample, Some("description"));
    }
}

fn item(out: &mut String, name: &str, value: &str, sample: Option<usize>, role: Option<&str>) {
    let _ = write!(out, "  <Item name=\"{}\"", escaped(name));
    if let Some(sample) = sample {
        let _ = write!(out, " sample=\"{sample}\"");
    }
    if let Some(role) = role {
        let _ = write!(out, " role=\"{role}\"");
    }
    // GDAL escapes values before it writes XML, and undoes both when it reads: so twice here.
    let _ = writeln!(out, ">{}</Item>", escaped(&escaped(value)));
}

/// The shortest text that leads back to the number, never longer than a number needs.
pub(super) fn number(value: f64) -> String {
    if value.is_nan() {
        "nan".into()
    } else if value.is_infinite() {
        if value > 0.0 { "inf" } else { "-inf" }.into()
    } else if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else {
        format!("{value:?}")
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // What XML 1.0 cannot hold.
            c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_and_items() {
        let mut band = BandLabel::described("a<b");
        band.scale = Some(1e-4);
        band.offset = Some(-0.1);
        let options = WriteOptions::cog().bands([band]).metadata("AREA", "x");
        assert_eq!(
            gdal_metadata(&options).unwrap(),
            "<GDALMetadata>\n  <Item name=\"AREA\">x</Item>\n  \
             <Item name=\"OFFSET\" sample=\"0\" role=\"offset\">-0.1</Item>\n  \
             <Item name=\"SCALE\" sample=\"0\" role=\"scale\">0.0001</Item>\n  \
             <Item name=\"DESCRIPTION\" sample=\"0\" role=\"description\">a&amp;lt;b</Item>\n\
             </GDALMetadata>\n"
        );
        assert_eq!(gdal_metadata(&WriteOptions::cog()), None);
    }

    #[test]
    fn numbers_are_short_and_exact() {
        for (value, text) in [
            (-32768.0, "-32768"),
            (0.0, "0"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::from(f32::MIN), "-3.4028234663852886e38"),
            (1e-9, "1e-9"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
