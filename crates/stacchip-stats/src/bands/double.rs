//! Sums in twice the precision of a float.

/// A number as the sum of two floats, the second below the last digit of the first: some 106 bits.
///
/// T. Dekker, "A floating-point technique for extending the available precision", Numerische
/// Mathematik 18 (1971); the error of a sum is D. Knuth's, "The art of computer programming" 2, 4.2.2.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Double {
    high: f64,
    low: f64,
}

impl Double {
    /// A whole number, exactly up to 106 bits.
    pub(super) fn of_whole(value: i128) -> Self {
        let high = value as f64;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float made of a whole number is whole"
        )]
        let rest = value.saturating_sub(high as i128);
        Self::sum(high, rest as f64)
    }

    /// `a + b`, exactly.
    fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let of_b = high - a;
        let low = (a - (high - of_b)) + (b - of_b);
        Self { high, low }
    }

    /// `a × b`, exactly.
    fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self {
            high,
            low: a.mul_add(b, -high),
        }
    }

    /// Adds one number.
    pub(super) fn add(&mut self, value: f64) {
        let sum = Self::sum(self.high, value);
        *self = Self::sum(sum.high, sum.low + self.low);
    }

    /// Adds the square of one number.
    pub(super) fn add_square(&mut self, value: f64) {
        *self = self.plus(Self::product(value, value));
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let (high, low) = (
            Self::sum(self.high, other.high),
            Self::sum(self.low, other.low),
        );
        let sum = Self::sum(high.high, high.low + low.high);
        Self::sum(sum.high, sum.low + low.low)
    }

    pub(super) fn minus(self, other: Self) -> Self {
        self.plus(Self {
            high: -other.high,
            low: -other.low,
        })
    }

    pub(super) fn times(self, other: Self) -> Self {
        let product = Self::product(self.high, other.high);
        let rest = self.high * other.low + self.low * other.high;
        Self::sum(product.high, product.low + rest)
    }

    pub(super) fn over(self, count: f64) -> Self {
        let high = self.high / count;
        let rest = self.minus(Self::product(high, count));
        Self::sum(high, (rest.high + rest.low) / count)
    }

    pub(super) fn value(self) -> f64 {
        self.high + self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_is_lost_beside_a_large_number() {
        let mut sum = Double::default();
        for value in [1e20, 1.0, -1e20, 2f64.powi(-30)] {
            sum.add(value);
        }
        assert_eq!(sum.value(), 1.0 + 2f64.powi(-30));
        let mut squares = Double::default();
        squares.add_square(1e10 + 1.0);
        let rest = squares.minus(Double::of_whole(100_000_000_000_000_000_000));
        assert_eq!(rest.value(), 2e10 + 1.0);
    }

    #[test]
    fn whole_numbers_of_90_bits_come_through() {
        let value = (1i128 << 90) + 12_345;
        let rest = Double::of_whole(value).minus(Double::of_whole(1 << 90));
        assert_eq!(rest.value(), 12_345.0);
        let third = Double::of_whole(1).over(3.0);
        assert_eq!(third.times(Double::of_whole(3)).value(), 1.0);
    }
}
