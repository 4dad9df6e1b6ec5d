//! How good a chip is.

use std::fmt;

use thiserror::Error;

/// A share of a whole, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Fraction(f64);

impl Fraction {
    /// None of it.
    pub const ZERO: Self = Self(0.0);
    /// All of it.
    pub const ONE: Self = Self(1.0);

    /// A share given as a number.
    ///
    /// # Errors
    /// [`FractionError`] where it is not within 0 to 1.
    pub fn new(value: f64) -> Result<Self, FractionError> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(FractionError { value })
        }
    }

    /// `part` of `whole`; zero of nothing is zero. A part beyond the whole counts as all of it.
    pub fn of(part: u64, whole: u64) -> Self {
        if whole == 0 {
            Self::ZERO
        } else {
            Self(part.min(whole) as f64 / whole as f64)
        }
    }

    /// The number, 0 to 1.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether it is at most `limit`, both in the single precision that the columns of an index have: a share that was
    /// stored as 0.05 is at most 0.05, which as a number of 64 bit it is not.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a fraction loses digits, never its range"
    )]
    pub fn is_at_most(self, limit: f64) -> bool {
        self.0 as f32 <= limit as f32
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number that is no share of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{value} is no fraction: give a number from 0 to 1")]
pub struct FractionError {
    /// The number.
    pub value: f64,
}

/// How much of a chip is clouded, and how much is empty.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Quality {
    /// Share of pixels under cloud, as the platform's rule understands it.
    pub cloud: Fraction,
    /// Share of pixels without data.
    pub nodata: Fraction,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_meant_as_shares_are_stored() {
        for hundredths in 0..=100u8 {
            let share = f64::from(hundredths) / 100.0;
            let stored = Fraction::new(f64::from(f32::from(hundredths) / 100.0)).unwrap();
            assert!(stored.is_at_most(share), "{share}");
            assert!(Fraction::new(share).unwrap().is_at_most(share));
            assert!(!stored.is_at_most(share - 1e-6));
        }
        assert!(!Fraction::ONE.is_at_most(f64::NAN));
    }
}
