//! The value that means "no data".

use stacchip_model::SampleType;

/// The value that means "no data", as GDAL reads it from the tag `GDAL_NODATA` (42113).
#[derive(Debug, Clone, PartialEq)]
pub struct Nodata {
    /// The text of the tag.
    pub text: String,
    /// The number GDAL reads in it.
    pub value: NodataValue,
}

/// A nodata value, exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NodataValue {
    /// Of all types but the next two; NaN and infinities included.
    Float(f64),
    /// Of `int64` bands.
    Signed(i64),
    /// Of `uint64` bands.
    Unsigned(u64),
}

impl Nodata {
    /// Whether a pixel of `sample` can have the value; it means nothing where none can.
    pub fn fits(&self, sample: SampleType) -> bool {
        let NodataValue::Float(value) = self.value else {
            return true;
        };
        let (low, high) = match sample {
            SampleType::U8 => (0.0, f64::from(u8::MAX)),
            SampleType::I8 => (f64::from(i8::MIN), f64::from(i8::MAX)),
            SampleType::U16 => (0.0, f64::from(u16::MAX)),
            SampleType::I16 => (f64::from(i16::MIN), f64::from(i16::MAX)),
            SampleType::U32 => (0.0, f64::from(u32::MAX)),
            SampleType::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
            _ => return true,
        };
        (low..=high).contains(&value)
    }
}

impl NodataValue {
    /// The value as a double; whole numbers beyond 2⁵³ are rounded.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Float(v) => v,
            Self::Signed(v) => v as f64,
            Self::Unsigned(v) => v as f64,
        }
    }
}

/// The value of the tag `GDAL_NODATA` for pixels of `sample`; nothing where the text is empty. A
/// text that is no number is 0, as in GDAL.
pub(crate) fn parse(text: &str, sample: SampleType) -> Option<Nodata> {
    let trimmed = text.trim();
    let value = match sample {
        _ if trimmed.is_empty() => return None,
        SampleType::I64 => NodataValue::Signed(signed(trimmed)),
        SampleType::U64 => NodataValue::Unsigned(unsigned(trimmed)),
        SampleType::F32 => NodataValue::Float(as_f32(number(trimmed))),
        _ => NodataValue::Float(number(trimmed)),
    };
    Some(Nodata {
        text: text.to_owned(),
        value,
    })
}

/// One pixel of `value`, native byte order: rounded and clamped to the type, NaN as 0 where the
/// type has none, as GDAL fills blocks that a file leaves out.
pub(crate) fn bytes(value: NodataValue, sample: SampleType) -> Vec<u8> {
    let v = value.as_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates and turns NaN to 0, which is what is wanted"
    )]
    match (sample, value) {
        (SampleType::I64, NodataValue::Signed(v)) => v.to_ne_bytes().to_vec(),
        (SampleType::U64, NodataValue::Unsigned(v)) => v.to_ne_bytes().to_vec(),
        (SampleType::U8, _) => (v.round() as u8).to_ne_bytes().to_vec(),
        (SampleType::I8, _) => (v.round() as i8).to_ne_bytes().to_vec(),
        (SampleType::U16, _) => (v.round() as u16).to_ne_bytes().to_vec(),
        (SampleType::I16, _) => (v.round() as i16).to_ne_bytes().to_vec(),
        (SampleType::U32, _) => (v.round() as u32).to_ne_bytes().to_vec(),
        (SampleType::I32, _) => (v.round() as i32).to_ne_bytes().to_vec(),
        (SampleType::U64, _) => (v.round() as u64).to_ne_bytes().to_vec(),
        (SampleType::I64, _) => (v.round() as i64).to_ne_bytes().to_vec(),
        (SampleType::F16, _) => half(v).to_ne_bytes().to_vec(),
        (SampleType::F64, _) => v.to_ne_bytes().to_vec(),
        (SampleType::C64, _) => [(v as f32).to_ne_bytes(), 0f32.to_ne_bytes()].concat(),
        (SampleType::C128, _) => [v.to_ne_bytes(), 0f64.to_ne_bytes()].concat(),
        // `f32`, and what a later version of the model may add, which no file has yet.
        _ => (v as f32).to_ne_bytes().to_vec(),
    }
}

/// The whole number that `text` begins with, as C's `strtoll` reads it: 0 where it begins with
/// none, the nearest there is where it is too large.
fn signed(text: &str) -> i64 {
    let (negative, digits) = digits(text);
    let size = digits
        .parse::<u64>()
        .unwrap_or(if digits.is_empty() { 0 } else { u64::MAX });
    if negative {
        0i64.checked_sub_unsigned(size).unwrap_or(i64::MIN)
    } else {
        i64::try_from(size).unwrap_or(i64::MAX)
    }
}

/// As [`signed`], as C's `strtoull` reads it.
fn unsigned(text: &str) -> u64 {
    let (negative, digits) = digits(text);
    let size = digits
        .parse::<u64>()
        .unwrap_or(if digits.is_empty() { 0 } else { u64::MAX });
    if negative { size.wrapping_neg() } else { size }
}

/// The sign and the digits that `text` begins with.
fn digits(text: &str) -> (bool, &str) {
    let negative = text.starts_with('-');
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    (negative, rest.get(..end).unwrap_or_default())
}

/// GDAL's reading of numbers: as C's `atof`, with its spellings of NaN and infinity.
fn number(text: &str) -> f64 {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "nan" | "-nan" | "1.#qnan" | "-1.#qnan" | "1.#ind" | "-1.#ind" => return f64::NAN,
        "inf" | "1.#inf" | "+inf" | "infinity" => return f64::INFINITY,
        "-inf" | "-1.#inf" | "-infinity" => return f64::NEG_INFINITY,
        _ => {}
    }
    lower
        .get(..numeric(lower.as_bytes()))
        .and_then(|text| text.parse().ok())
        .unwrap_or(0.0)
}

/// Bytes of the longest beginning of `text` that is a number: a sign, digits with a point among them, an
/// exponent. Found in one pass, as texts may be long.
fn numeric(text: &[u8]) -> usize {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let sign = |at: usize| usize::from(matches!(text.get(at), Some(b'+' | b'-')));
    let start = sign(0);
    let whole = digits(start);
    let mut end = start.saturating_add(whole);
    let mut any = whole;
    if text.get(end) == Some(&b'.') {
        let part = digits(end.saturating_add(1));
        any = any.saturating_add(part);
        end = end.saturating_add(1).saturating_add(part);
    }
    if any == 0 {
        return 0;
    }
    if text.get(end) == Some(&b'e') {
        let from = end.saturating_add(1);
        let from = from.saturating_add(sign(from));
        let exponent = digits(from);
        if exponent > 0 {
            end = from.saturating_add(exponent);
        }
    }
    end
}

/// The `f32` that GDAL takes `v` for: what is just beyond the largest is the largest.
fn as_f32(v: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding to f32 is what is wanted"
    )]
    let near = v as f32;
    if v.is_finite() && near.is_infinite() {
        return f64::from(f32::MAX).copysign(v);
    }
    f64::from(near)
}

/// The IEEE 754 binary16 nearest to `v`, as bits.
fn half(v: f64) -> u16 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding to f32 first is what GDAL does"
    )]
    let bits = (v as f32).to_bits();
    let sign = u16::try_from((bits >> 16) & 0x8000).unwrap_or(0);
    let magnitude = bits & 0x7fff_ffff;
    let rounded = if magnitude > 0x7f80_0000 {
        0x7e00
    } else if magnitude >= 0x4780_0000 {
        0x7c00
    } else if magnitude < 0x3880_0000 {
        // Below the least normal: steps of 2⁻²⁴.
        let scaled = f32::from_bits(magnitude) * 16_777_216.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 1024"
        )]
        let steps = scaled.round_ties_even() as u32;
        steps
    } else {
        let shifted = magnitude.wrapping_sub(0x3800_0000);
        let (kept, lost) = (shifted >> 13, shifted & 0x1fff);
        kept + u32::from(lost > 0x1000 || (lost == 0x1000 && kept & 1 == 1))
    };
    sign | u16::try_from(rounded).unwrap_or(0x7c00)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_gdal_reads_them() {
        let float = |text, sample| match parse(text, sample).map(|n| n.value) {
            Some(NodataValue::Float(v)) => v,
            other => panic!("{other:?}"),
        };
        assert_eq!(float("-9999 ", SampleType::I16), -9999.0);
        assert!(float("nan", SampleType::F32).is_nan());
        assert_eq!(
            float("-3.4028234663852886e+38", SampleType::F32),
            f64::from(f32::MIN)
        );
        assert_eq!(
            float("-3.4028235e+38 x", SampleType::F32),
            f64::from(f32::MIN)
        );
        assert_eq!(
            parse("18446744073709551615", SampleType::U64).map(|n| n.value),
            Some(NodataValue::Unsigned(u64::MAX))
        );
        assert_eq!(
            parse("-9.2233720368547758e+18", SampleType::I64).map(|n| n.value),
            Some(NodataValue::Signed(-9)),
            "GDAL reads no exponent here"
        );
        assert_eq!(
            parse("-9223372036854775808", SampleType::I64).map(|n| n.value),
            Some(NodataValue::Signed(i64::MIN))
        );
        assert_eq!(parse("", SampleType::U8), None);
    }

    #[test]
    fn the_longest_beginning_that_is_a_number() {
        for (text, value) in [
            ("1.5e3x", 1500.0),
            ("1e+", 1.0),
            ("-.5.", -0.5),
            ("5.e1", 50.0),
            (".", 0.0),
            ("+-1", 0.0),
            ("e5", 0.0),
            ("12-34", 12.0),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
        // Quadratic where every beginning is tried.
        let long = format!("{}{}", "1".repeat(1 << 20), "-".repeat(1 << 20));
        assert_eq!(number(&long), f64::INFINITY);
    }

    #[test]
    fn halves() {
        for (v, bits) in [
            (0.0, 0),
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (65504.0, 0x7bff),
            (65520.0, 0x7c00),
            (f64::INFINITY, 0x7c00),
            (5.960_464_477_539_063e-8, 1),
            (6.103_515_625e-5, 0x0400),
        ] {
            assert_eq!(half(v), bits, "{v}");
        }
        assert_eq!(half(f64::NAN) & 0x7c00, 0x7c00);
    }
}
