//! Whole numbers, counted one by one.

use std::ops::Range;

use stacchip_model::Sample;

/// How often each whole number from [`FIRST`] on was seen: all of `int16` and of `uint16`.
#[derive(Debug, Clone, Default)]
pub(super) struct WholeCounts {
    /// Empty before the first number.
    counts: Vec<u64>,
    /// Slots that may hold something: few of them do, so that counts are put together and taken back quickly.
    used: Used,
}

/// Slots from `least` up to `most`, or to the last; none where `least` is the greater.
#[derive(Debug, Clone, Copy)]
struct Used {
    least: usize,
    most: usize,
}

impl Default for Used {
    fn default() -> Self {
        Self {
            least: usize::MAX,
            most: 0,
        }
    }
}

impl Used {
    fn range(self) -> Range<usize> {
        self.least..self.most.saturating_add(1).min(SLOTS)
    }
}

impl WholeCounts {
    /// Where `value` is counted; nothing where it is not.
    pub(super) fn slot(value: i64) -> Option<usize> {
        let slot = usize::try_from(value.checked_sub(FIRST)?).ok();
        slot.filter(|slot| *slot < SLOTS)
    }

    /// Where `value` is counted once `shift` is added to it; nothing where it is not.
    pub(super) fn slot_of_single(value: f32, shift: i32) -> Option<usize> {
        let slots = ChunkSlots::of(&[value; CHUNK], shift)?;
        usize::try_from(slots.any).ok()
    }

    /// How often the number of `slot` was seen.
    pub(super) fn at(&self, slot: usize) -> u64 {
        self.counts.get(slot).copied().unwrap_or_default()
    }

    /// Takes `count` away from what was seen of the number of `slot`.
    pub(super) fn take(&mut self, slot: usize, count: u64) {
        if let Some(seen) = self.counts.get_mut(slot) {
            *seen -= count;
        }
    }

    /// Counts the number of `slot`.
    #[inline]
    pub(super) fn add(&mut self, slot: usize) {
        self.room();
        if let Some(count) = self.counts.get_mut(slot) {
            *count += 1;
            self.used.least = self.used.least.min(slot);
            self.used.most = self.used.most.max(slot);
        }
    }

    /// Counts numbers of 8 or 16 bits, the least number of whose type has the slot `from`: a look-up each.
    pub(super) fn add_all<T: Sample + Ord + Into<i64>>(
        &mut self,
        values: &[T],
        least: i64,
        from: usize,
    ) {
        let ends = values.iter().copied().fold(None, |ends, v| match ends {
            None => Some((v, v)),
            Some((low, high)) => Some((v.min(low), v.max(high))),
        });
        let Some((low, high)) = ends else {
            return;
        };
        let slot = |value: T| usize::try_from(value.into() - least).unwrap_or(usize::MAX);
        self.room();
        let counts = self.counts.get_mut(from..).unwrap_or_default();
        for &value in values {
            if let Some(count) = counts.get_mut(slot(value)) {
                *count += 1;
            }
        }
        self.used.least = self.used.least.min(from + slot(low));
        self.used.most = self.used.most.max(from + slot(high));
    }

    /// Counts `values` once `shift` is added to each. Gives what cannot be counted here: chunks that hold a number which is
    /// not whole or has no slot, and what is left at the end.
    pub(super) fn add_singles<'a>(
        &mut self,
        values: &'a [f32],
        shift: i32,
    ) -> impl Iterator<Item = &'a [f32]> {
        self.room();
        let counts = self.counts.as_mut_slice();
        let used = &mut self.used;
        let (chunks, rest) = values.as_chunks::<CHUNK>();
        let left = chunks.iter().filter(move |chunk| {
            let Some(slots) = ChunkSlots::of(chunk, shift) else {
                return true;
            };
            used.least = used.least.min(slots.common as usize);
            used.most = used.most.max(slots.any as usize);
            if slots.common == slots.any {
                // One number all along, such as no data: the next of its counts need not wait for the last.
                if let Some(count) = counts.get_mut(slots.any as usize) {
                    *count += CHUNK as u64;
                }
                return false;
            }
            for slot in slots.slots {
                if let Some(count) = counts.get_mut(slot as usize) {
                    *count += 1;
                }
            }
            false
        });
        left.map(<[f32; CHUNK]>::as_slice)
            .chain((!rest.is_empty()).then_some(rest))
    }

    /// Takes what `other` has seen.
    pub(super) fn merge(&mut self, other: &Self) {
        let used = other.used.range();
        let theirs = other.counts.get(used.clone()).unwrap_or_default();
        if theirs.is_empty() {
            return;
        }
        self.room();
        let ours = self.counts.get_mut(used).unwrap_or_default();
        for (ours, theirs) in ours.iter_mut().zip(theirs) {
            *ours += theirs;
        }
        self.used.least = self.used.least.min(other.used.least);
        self.used.most = self.used.most.max(other.used.most);
    }

    /// Forgets what was seen, and keeps the memory of it.
    pub(super) fn clear(&mut self) {
        let used = self.used.range();
        self.counts.get_mut(used).unwrap_or_default().fill(0);
        self.used = Used::default();
    }

    /// The numbers seen and how often, from the least.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, u64)> {
        let values = (FIRST..).zip(&self.counts);
        values
            .filter(|(_, count)| **count > 0)
            .map(|(v, count)| (v, *count))
    }

    fn room(&mut self) {
        if self.counts.is_empty() {
            // Pages of it that no number falls in are never touched.
            self.counts = vec![0; SLOTS];
        }
    }
}

impl PartialEq for WholeCounts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// Where the numbers of a chunk are counted.
struct ChunkSlots {
    slots: [u32; CHUNK],
    /// The bits that all slots have: no slot is less.
    common: u32,
    /// The bits that one of them has: no slot is greater.
    any: u32,
}

impl ChunkSlots {
    /// Those of `values` once `shift` is added to them; nothing where one of them is no whole number, or has no slot. No
    /// branch in it depends on a number, so that compilers make vectors of it; least and greatest numbers take four times
    /// as long as bits do.
    #[inline]
    fn of(values: &[f32; CHUNK], shift: i32) -> Option<Self> {
        // A float beyond 2²² has no place for halves: added to one, the last bits of the sum are the nearest whole number.
        const HALVES: f32 = 12_582_912.0;
        let first = shift
            .wrapping_sub(FIRST_WHOLE)
            .cast_unsigned()
            .wrapping_sub(HALVES.to_bits());
        let mut slots = [0; CHUNK];
        let (mut common, mut any) = (u32::MAX, 0);
        let mut all = true;
        for (slot, &value) in slots.iter_mut().zip(values) {
            let sum = value + HALVES;
            *slot = sum.to_bits().wrapping_add(first);
            all &= sum - HALVES == value;
            all &= value.abs() < MOST_WHOLE;
            all &= *slot < WHOLE_SLOTS;
            common &= *slot;
            any |= *slot;
        }
        all.then_some(Self { slots, common, any })
    }
}

/// The least whole number that is counted.
const FIRST: i64 = -32768;
/// Whole numbers that are counted: of `int16` and of `uint16`.
const SLOTS: usize = 32768 + 65536;
/// [`FIRST`] and [`SLOTS`], as narrow as floats of single precision.
const FIRST_WHOLE: i32 = -32768;
const WHOLE_SLOTS: u32 = 32768 + 65536;
const _: () = assert!(FIRST_WHOLE as i64 == FIRST && WHOLE_SLOTS as usize == SLOTS);
/// Floats that are looked at together.
const CHUNK: usize = 64;
/// Beyond all whole numbers that are counted, and below 2²².
const MOST_WHOLE: f32 = 1_000_000.0;
