//! What is true of a mask pixel, as data.

use std::ops::RangeInclusive;

/// A condition on a mask's number: true where any of its tests is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Condition {
    tests: Vec<Test>,
}

/// One test of a mask's number.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Test {
    /// Any of these bits is set (bit 0 is the least).
    AnyBit(u64),
    /// The bits of `mask` are exactly those of `value`.
    Field {
        /// Which bits count.
        mask: u64,
        /// What they must be.
        value: u64,
    },
    /// The number is one of these.
    Classes(RangeInclusive<i64>),
}

impl Condition {
    /// True nowhere.
    pub const NEVER: Self = Self { tests: Vec::new() };

    /// True where any of `tests` is.
    pub fn any(tests: impl IntoIterator<Item = Test>) -> Self {
        Self {
            tests: tests.into_iter().collect(),
        }
    }

    /// True where the number is one of `classes`.
    pub fn classes(classes: impl IntoIterator<Item = i64>) -> Self {
        let mut sorted: Vec<i64> = classes.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        // Neighbours are one range: fewer tests.
        let mut ranges: Vec<RangeInclusive<i64>> = Vec::new();
        for class in sorted {
            match ranges.last_mut() {
                Some(last) if last.end().checked_add(1) == Some(class) => {
                    *last = *last.start()..=class;
                }
                _ => ranges.push(class..=class),
            }
        }
        Self::any(ranges.into_iter().map(Test::Classes))
    }

    /// True where any of `bits` is set; bit 0 is the least.
    pub fn any_bit(bits: impl IntoIterator<Item = u32>) -> Self {
        let mask = bits
            .into_iter()
            .fold(0, |mask, bit| mask | 1u64.checked_shl(bit).unwrap_or(0));
        Self::any([Test::AnyBit(mask)])
    }

    /// True where the two-or-more-bit field `mask` holds `value`, both in place.
    pub fn field(mask: u64, value: u64) -> Self {
        Self::any([Test::Field { mask, value }])
    }

    /// The tests, any of which suffices.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// Whether it is true of `value`, a number of `bits` bits; those of a negative one are its two's
    /// complement. The slow way, to judge the fast one by.
    #[cfg(test)]
    pub(crate) fn holds(&self, value: i64, bits: u32) -> bool {
        let word = value.cast_unsigned() & (u64::MAX >> (64 - bits));
        self.tests.iter().any(|test| match test {
            Test::AnyBit(mask) => word & mask != 0,
            Test::Field { mask, value } => word & mask == *value,
            Test::Classes(range) => range.contains(&value),
        })
    }
}
