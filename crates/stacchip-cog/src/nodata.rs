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

/// The value of the tag `GDAL_NODATA` for pixels of `sample`; nothing where the text is no number.
pub(crate) fn parse(text: &str, sample: SampleType) -> Option<Nodata> {
    let trimmed = text.trim();
    let value = match sample {
        SampleType::I64 => NodataValue::Signed(trimmed.parse().ok()?),
        SampleType::U64 => NodataValue::Unsigned(trimmed.parse().ok()?),
        _ => NodataValue::Float(number(trimmed)?),
    };
    Some(Nodata {
        text: text.to_owned(),
        value,
    })
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}
