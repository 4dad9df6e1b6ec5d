//! The floating point predictor (TIFF Technical Note 3).

/// A row whose bytes were put side by side by significance, most significant first, and
/// differenced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Bytes of a number.
    pub(super) bytes: usize,
    /// Samples side by side: the distance of the differences.
    pub(super) samples: usize,
    /// Numbers of the row.
    pub(super) numbers: usize,
}

impl Row {
    /// The numbers from the one at index `first`, as many as `out` takes, in native byte order
    /// (24-bit ones least significant byte first).
    pub(super) fn undo(self, source: &[u8], first: usize, out: &mut [u8], sums: &mut Vec<u8>) {
        // Nothing beyond the last number wanted of the last plane is summed.
        let wanted = first.saturating_add(out.len() / self.bytes.max(1));
        let len = self.numbers.saturating_mul(self.bytes.saturating_sub(1));
        let len = len.saturating_add(wanted.min(self.numbers));
        let Some(source) = source.get(..len) else {
            return;
        };
        if self.bytes == 4 && self.samples == 1 && self.at_once(source, first, out) {
            return;
        }
        if sums.len() < len {
            sums.resize(len, 0);
        }
        let Some(sums) = sums.get_mut(..len) else {
            return;
        };
        super::horizontal::accumulate(source, sums, self.samples);
        let plane = |k: usize| {
            let start = k.saturating_mul(self.numbers).saturating_add(first);
            sums.get(start..).unwrap_or_default()
        };
        match self.bytes {
            2 => joined(out, [plane(0), plane(1)]),
            3 => {
                // Three bytes stay least significant first on every machine.
                let (a, b, c) = (plane(0), plane(1), plane(2));
                for (((o, a), b), c) in out.as_chunks_mut::<3>().0.iter_mut().zip(a).zip(b).zip(c) {
                    *o = [*c, *b, *a];
                }
            }
            4 => joined(out, [0, 1, 2, 3].map(plane)),
            8 => joined(out, [0, 1, 2, 3, 4, 5, 6, 7].map(plane)),
            _ => {}
        }
    }
}

impl Row {
    /// Sums four planes and puts their bytes together in one step, where the processor can: what a plane begins with
    /// is the sum of those before, which is had for far less than the sums one by one. Whether it was done.
    fn at_once(self, source: &[u8], first: usize, out: &mut [u8]) -> bool {
        if cfg!(target_endian = "big") || !super::wide::can_join() {
            return false;
        }
        let mut before = 0u8;
        let mut totals = [0; 4];
        let mut planes: [&[u8]; 4] = [&[]; 4];
        let rows = source.chunks(self.numbers.max(1));
        for ((total, plane), row) in totals.iter_mut().zip(&mut planes).zip(rows) {
            let (skipped, wanted) = row.split_at(first.min(row.len()));
            *total = before.wrapping_add(sum(skipped));
            before = total.wrapping_add(sum(wanted));
            *plane = wanted;
        }
        let out = out.as_chunks_mut::<4>().0;
        let Some((done, mut totals)) = super::wide::joined(planes, totals, out) else {
            return false;
        };
        for (i, to) in out.iter_mut().enumerate().skip(done) {
            for ((total, plane), to) in totals.iter_mut().zip(planes).zip(to.iter_mut().rev()) {
                *total = total.wrapping_add(plane.get(i).copied().unwrap_or(0));
                *to = *total;
            }
        }
        true
    }
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// Numbers of `N` bytes from their planes, most significant first: sixteen at a time, in loops of
/// known lengths that compilers turn into shuffles, the rest one by one.
fn joined<const N: usize>(out: &mut [u8], planes: [&[u8]; N]) {
    let numbers = out.as_chunks_mut::<N>().0;
    let mut done = 0usize;
    for to in numbers.as_chunks_mut::<16>().0 {
        let mut from = [[0u8; 16]; N];
        for (k, plane) in planes.iter().enumerate() {
            let place = if cfg!(target_endian = "little") {
                N - 1 - k
            } else {
                k
            };
            if let Some(part) = plane.get(done..).and_then(|p| p.first_chunk::<16>()) {
                from[place] = *part;
            }
        }
        for (i, to) in to.iter_mut().enumerate() {
            *to = from.map(|plane| plane[i]);
        }
        done = done.saturating_add(16);
    }
    for (i, to) in numbers.iter_mut().enumerate().skip(done) {
        for (to, plane) in to.iter_mut().zip(planes) {
            *to = plane.get(i).copied().unwrap_or(0);
        }
        if cfg!(target_endian = "little") {
            to.reverse();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_are_those_of_the_plain_rule(
            row in proptest::collection::vec(any::<u8>(), 4..900),
            bytes in prop::sample::select(vec![2usize, 3, 4, 8]), samples in 1usize..4,
            first in any::<prop::sample::Index>(), count in any::<prop::sample::Index>(),
        ) {
            let numbers = row.len() / bytes / samples * samples;
            prop_assume!(numbers > 0);
            let source = &row[..numbers * bytes];
            let mut plain = source.to_vec();
            for i in samples..plain.len() {
                plain[i] = plain[i].wrapping_add(plain[i - samples]);
            }
            let first = first.index(numbers);
            let count = 1 + count.index(numbers - first);
            let mut out = vec![0; count * bytes];
            Row { bytes, samples, numbers }.undo(source, first, &mut out, &mut Vec::new());
            for (i, out) in out.chunks(bytes).enumerate() {
                let mut want: Vec<u8> = (0..bytes).map(|k| plain[k * numbers + first + i]).collect();
                if bytes == 3 || cfg!(target_endian = "little") {
                    want.reverse();
                }
                prop_assert_eq!(out, want);
            }
        }
    }
}
