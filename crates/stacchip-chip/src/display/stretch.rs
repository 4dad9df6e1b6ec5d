//! From measured numbers to the 256 steps of a screen.

use std::str::FromStr;

use thiserror::Error;

/// How measured numbers become steps from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Stretch {
    /// Bytes that are colours already stay as they are; else from the 2nd to the 98th percentile.
    #[default]
    Auto,
    /// As they are, cut to 0 to 255.
    None,
    /// From the least to the greatest.
    MinMax,
    /// From one percentile to another, 0 to 100.
    Percentile(f64, f64),
}

impl FromStr for Stretch {
    type Err = ParseStretchError;

    fn from_str(text: &str) -> Result<Self, ParseStretchError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "none" => Ok(Self::None),
            "minmax" => Ok(Self::MinMax),
            "percentile" => Ok(Self::PERCENTILE),
            _ => Err(ParseStretchError {
                text: text.to_owned(),
            }),
        }
    }
}

/// A text that names no stretch.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no stretch: percentile, minmax, none, auto are")]
pub struct ParseStretchError {
    /// The text.
    pub text: String,
}

impl Stretch {
    /// From the 2nd to the 98th percentile.
    pub const PERCENTILE: Self = Self::Percentile(2.0, 98.0);

    /// The numbers that become 0 and 255, for a band of which `sample` is a fair sample. Nothing
    /// where there is no number in it.
    pub(super) fn range(self, sample: &mut [f64]) -> Option<(f64, f64)> {
        if sample.is_empty() {
            return None;
        }
        Some(match self {
            Self::None => (0.0, 255.0),
            Self::MinMax => (percentile(sample, 0.0), percentile(sample, 100.0)),
            Self::Percentile(low, high) => (percentile(sample, low), percentile(sample, high)),
            Self::Auto => return Self::PERCENTILE.range(sample),
        })
    }
}

/// The step of `value` where `low` is 0 and `high` 255. Where both are one there is nothing to
/// stretch, and what is neither below nor above is grey.
pub(super) fn step(value: f64, (low, high): (f64, f64)) -> u8 {
    let share = if high > low {
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    } else if value < low {
        0.0
    } else if value > high {
        1.0
    } else {
        0.5
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to 255 by the clamp; NaN becomes 0"
    )]
    let step = (share * 255.0).round() as u8;
    step
}

/// The percentile `p` of `values`, between neighbours as far as it lies between them (the usual
/// definition, type 7 of Hyndman and Fan, 1996).
fn percentile(values: &mut [f64], p: f64) -> f64 {
    let at = (p / 100.0).clamp(0.0, 1.0) * (values.len().saturating_sub(1)) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to the length, by the clamp"
    )]
    let below = at.floor() as usize;
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    low + (high - low) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_their_neighbours() {
        let mut values = [4.0, 1.0, 3.0, 2.0, 5.0];
        assert_eq!(percentile(&mut values, 0.0), 1.0);
        assert_eq!(percentile(&mut values, 50.0), 3.0);
        assert_eq!(percentile(&mut values, 100.0), 5.0);
        assert_eq!(percentile(&mut values, 90.0), 4.6);
        assert_eq!(percentile(&mut [7.0], 2.0), 7.0);
    }

    #[test]
    fn steps_are_cut_at_both_ends() {
        let range = (100.0, 300.0);
        let steps = [0.0, 100.0, 200.0, 300.0, 1e9, f64::NAN].map(|v| step(v, range));
        assert_eq!(steps, [0, 0, 128, 255, 255, 0]);
        assert_eq!([6.0, 7.0, 8.0].map(|v| step(v, (7.0, 7.0))), [0, 128, 255]);
    }

    #[test]
    fn names_lead_to_stretches() {
        assert_eq!("Percentile".parse(), Ok(Stretch::Percentile(2.0, 98.0)));
        assert!("gamma".parse::<Stretch>().is_err());
        assert_eq!(Stretch::MinMax.range(&mut []), None);
    }
}
