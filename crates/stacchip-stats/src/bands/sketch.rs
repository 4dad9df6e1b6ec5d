//! Counts of numbers by class.

use std::collections::BTreeMap;

/// Counts of numbers by the classes that their sign, exponent and first eleven bits of mantissa make:
/// each 1/2048 of its numbers wide.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sketch {
    /// Counts of 256 classes, by the bits before them.
    pages: BTreeMap<u32, Box<[u64; PAGE]>>,
}

impl Sketch {
    pub(super) fn add(&mut self, value: f64) {
        let class = class_of(value);
        let (page, slot) = ((class >> 8), class & 0xff);
        let page = self
            .pages
            .entry(page)
            .or_insert_with(|| Box::new([0; PAGE]));
        if let Some(count) = page.get_mut(slot as usize) {
            *count += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (number, theirs) in &other.pages {
            let ours = self
                .pages
                .entry(*number)
                .or_insert_with(|| Box::new([0; PAGE]));
            for (ours, theirs) in ours.iter_mut().zip(theirs.iter()) {
                *ours += theirs;
            }
        }
    }

    /// The middle of each class that numbers fell in, and how many did, from the least.
    pub(super) fn classes(&self) -> impl Iterator<Item = (f64, u64)> {
        self.pages.iter().flat_map(|(page, counts)| {
            let slots = (0u32..).zip(counts.iter());
            slots
                .filter(|(_, count)| **count > 0)
                .map(move |(slot, count)| (middle_of(page << 8 | slot), *count))
        })
    }
}

/// The class of a number; classes are in the order of their numbers.
fn class_of(value: f64) -> u32 {
    let bits = value.to_bits();
    // Negative numbers backwards, behind them the others: as whole numbers they are in order then.
    let ordered = if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    };
    u32::try_from(ordered >> KEPT_FROM).unwrap_or(u32::MAX)
}

fn middle_of(class: u32) -> f64 {
    let ordered = u64::from(class) << KEPT_FROM | 1 << (KEPT_FROM - 1);
    f64::from_bits(if ordered >> 63 == 1 {
        ordered & !(1 << 63)
    } else {
        !ordered
    })
}

/// Bits of a float that make no class: 64 without sign, 11 bits of exponent and 11 of mantissa.
const KEPT_FROM: u32 = 41;
/// Classes counted together.
const PAGE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_narrow_and_in_order() {
        let values = [-1e300, -77.5, -1e-9, 0.0, 1e-300, 0.3, 0.300_3, 1e9];
        let mut sketch = Sketch::default();
        for value in values.iter().rev() {
            sketch.add(*value);
        }
        let classes: Vec<_> = sketch.classes().collect();
        assert_eq!(classes.len(), values.len());
        for ((middle, count), value) in classes.into_iter().zip(values) {
            assert_eq!(count, 1);
            assert!((middle - value).abs() <= value.abs() / 2048.0 + 1e-300);
        }
    }
}
