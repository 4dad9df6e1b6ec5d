//! Horizontal differencing (TIFF 6.0, section 14).
//!
//! Sums of neighbours depend on one another, so a plain loop does one number a step. Small numbers
//! are summed a word at a time, or 32 bytes where the processor can, and only one sum is carried
//! from word to word.

use super::{lanes, wide};

/// Sums differences up: `source` is a row from its start to the last number wanted, `from` the
/// byte where the first one wanted starts, `line` as long as what is wanted.
pub(super) fn undo(
    source: &[u8],
    from: usize,
    line: &mut [u8],
    bytes: usize,
    samples: usize,
    swap: bool,
) {
    match bytes {
        1 => sums::<u8, 1>(source, from, line, samples, false),
        2 => sums::<u16, 2>(source, from, line, samples, swap),
        4 => sums::<u32, 4>(source, from, line, samples, swap),
        8 => sums::<u64, 8>(source, from, line, samples, swap),
        _ => {}
    }
}

/// Sums a row of single samples up where it lies.
pub(super) fn undo_in_place(row: &mut [u8], bytes: usize, swap: bool) {
    match bytes {
        1 => scan_in_place(row),
        2 => numbers_in_place::<u16, 2>(row, swap),
        4 => numbers_in_place::<u32, 4>(row, swap),
        _ => plain_in_place::<u64, 8>(row, 0, swap),
    }
}

/// Sums the bytes of `source` up into `out`, which is as long, each with the one `distance` before it.
pub(super) fn accumulate(source: &[u8], out: &mut [u8], distance: usize) {
    if distance == 1 {
        scan_8(source.as_chunks().0, out.as_chunks_mut().0, 0, false);
    } else {
        out.copy_from_slice(source);
        accumulate_bytes(out, distance);
    }
}

/// Sums bytes up in place, each with the one `distance` before it.
pub(super) fn accumulate_bytes(bytes: &mut [u8], distance: usize) {
    match distance {
        1 => scan_in_place(bytes),
        2 => strided_in_place::<2>(bytes),
        3 => strided_in_place::<3>(bytes),
        4 => strided_in_place::<4>(bytes),
        _ => {
            for i in distance..bytes.len() {
                let before = i.checked_sub(distance).and_then(|j| bytes.get(j)).copied();
                if let (Some(before), Some(byte)) = (before, bytes.get_mut(i)) {
                    *byte = byte.wrapping_add(before);
                }
            }
        }
    }
}

/// A whole number of `N` bytes.
pub(super) trait Number<const N: usize>: Copy + Default {
    fn read(raw: [u8; N], swap: bool) -> Self;
    fn write(self) -> [u8; N];
    fn plus(self, other: Self) -> Self;
    /// The sums of a row of single samples, `total` before it.
    fn scan(source: &[[u8; N]], out: &mut [[u8; N]], total: Self, swap: bool);
}

macro_rules! number {
    ($type:ty, $bytes:literal, $scan:expr) => {
        impl Number<$bytes> for $type {
            #[inline]
            fn read(raw: [u8; $bytes], swap: bool) -> Self {
                let v = Self::from_ne_bytes(raw);
                if swap { v.swap_bytes() } else { v }
            }

            #[inline]
            fn write(self) -> [u8; $bytes] {
                self.to_ne_bytes()
            }

            #[inline]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn scan(source: &[[u8; $bytes]], out: &mut [[u8; $bytes]], total: Self, swap: bool) {
                $scan(source, out, total, swap);
            }
        }
    };
}

number!(u8, 1, scan_8);
number!(u16, 2, scan_16);
number!(u32, 4, scan_32);
number!(u64, 8, one_by_one);

fn scan_8(source: &[[u8; 1]], out: &mut [[u8; 1]], total: u8, _: bool) {
    let (source, out, [mut total]) = rest_of_wide(source, out, [total], false);
    let (words, rest) = source.as_flattened().as_chunks::<8>();
    let (to_words, to_rest) = out.as_flattened_mut().as_chunks_mut::<8>();
    for (from, to) in words.iter().zip(to_words) {
        let (sums, next) = lanes::sums_of_8(u64::from_le_bytes(*from), total);
        *to = sums.to_le_bytes();
        total = next;
    }
    for (from, to) in rest.iter().zip(to_rest) {
        total = total.wrapping_add(*from);
        *to = total;
    }
}

fn scan_32(source: &[[u8; 4]], out: &mut [[u8; 4]], total: u32, swap: bool) {
    let (source, out, total) = rest_of_wide(source, out, total.to_ne_bytes(), swap);
    one_by_one(source, out, u32::from_ne_bytes(total), swap);
}

/// Sums what [`wide`] does; gives what it leaves, and the sum before that.
fn rest_of_wide<'a, 'b, const N: usize>(
    source: &'a [[u8; N]],
    out: &'b mut [[u8; N]],
    total: [u8; N],
    swap: bool,
) -> (&'a [[u8; N]], &'b mut [[u8; N]], [u8; N]) {
    let (bytes, total) = wide::sums(
        Some(source.as_flattened()),
        out.as_flattened_mut(),
        total,
        swap,
    );
    let done = bytes / N.max(1);
    let source = source.get(done..).unwrap_or_default();
    (source, out.get_mut(done..).unwrap_or_default(), total)
}

fn scan_16(source: &[[u8; 2]], out: &mut [[u8; 2]], total: u16, swap: bool) {
    let (source, out, total) = rest_of_wide(source, out, total.to_ne_bytes(), swap);
    let total = u16::from_ne_bytes(total);
    // Two copies of the loop, so that the order of bytes is decided outside it.
    if swap == cfg!(target_endian = "little") {
        words_of_16(source, out, total, lanes::turned_16, u16::from_be_bytes);
    } else {
        words_of_16(source, out, total, |word| word, u16::from_le_bytes);
    }
}

#[inline]
fn words_of_16(
    source: &[[u8; 2]],
    out: &mut [[u8; 2]],
    mut total: u16,
    word: impl Fn(u64) -> u64,
    one: impl Fn([u8; 2]) -> u16,
) {
    let (words, rest) = source.as_chunks::<4>();
    let (to_words, to_rest) = out.as_chunks_mut::<4>();
    for (from, to) in words.iter().zip(to_words) {
        let [[a, b], [c, d], [e, f], [g, h]] = *from;
        let (sums, next) =
            lanes::sums_of_16(word(u64::from_le_bytes([a, b, c, d, e, f, g, h])), total);
        let [a, b, c, d, e, f, g, h] = sums.to_le_bytes();
        total = next;
        *to = if cfg!(target_endian = "little") {
            [[a, b], [c, d], [e, f], [g, h]]
        } else {
            [[b, a], [d, c], [f, e], [h, g]]
        };
    }
    for (from, to) in rest.iter().zip(to_rest) {
        total = total.wrapping_add(one(*from));
        *to = total.to_ne_bytes();
    }
}

#[inline]
fn one_by_one<T: Number<N>, const N: usize>(
    source: &[[u8; N]],
    out: &mut [[u8; N]],
    mut total: T,
    swap: bool,
) {
    for (from, to) in source.iter().zip(out) {
        total = total.plus(T::read(*from, swap));
        *to = total.write();
    }
}

fn sums<T: Number<N>, const N: usize>(
    source: &[u8],
    from: usize,
    line: &mut [u8],
    samples: usize,
    swap: bool,
) {
    let (before, wanted) = source.split_at_checked(from).unwrap_or((source, &[]));
    let before = before.as_chunks::<N>().0;
    let wanted = wanted.as_chunks::<N>().0;
    let out = line.as_chunks_mut::<N>().0;
    match samples {
        1 => {
            let total = before
                .iter()
                .fold(T::default(), |t, raw| t.plus(T::read(*raw, swap)));
            T::scan(wanted, out, total, swap);
        }
        2 => pixels::<T, N, 2>(before, wanted, out, swap),
        3 => pixels::<T, N, 3>(before, wanted, out, swap),
        4 => pixels::<T, N, 4>(before, wanted, out, swap),
        _ => many::<T, N>(before, wanted, out, samples, swap),
    }
}

/// Rows of pixels of few samples: as many sums side by side.
fn pixels<T: Number<N>, const N: usize, const S: usize>(
    before: &[[u8; N]],
    wanted: &[[u8; N]],
    out: &mut [[u8; N]],
    swap: bool,
) {
    let mut totals = [T::default(); S];
    for pixel in before.as_chunks::<S>().0 {
        for (total, raw) in totals.iter_mut().zip(pixel) {
            *total = total.plus(T::read(*raw, swap));
        }
    }
    let out = out.as_chunks_mut::<S>().0;
    for (pixel, to) in wanted.as_chunks::<S>().0.iter().zip(out) {
        for ((total, raw), to) in totals.iter_mut().zip(pixel).zip(to) {
            *total = total.plus(T::read(*raw, swap));
            *to = total.write();
        }
    }
}

/// Rows of pixels of many samples: each pixel is the last one written and its difference.
fn many<T: Number<N>, const N: usize>(
    before: &[[u8; N]],
    wanted: &[[u8; N]],
    out: &mut [[u8; N]],
    samples: usize,
    swap: bool,
) {
    let mut totals = vec![T::default(); samples];
    for pixel in before.chunks_exact(samples.max(1)) {
        for (total, raw) in totals.iter_mut().zip(pixel) {
            *total = total.plus(T::read(*raw, swap));
        }
    }
    let out = out.chunks_exact_mut(samples.max(1));
    for (pixel, to) in wanted.chunks_exact(samples.max(1)).zip(out) {
        for ((total, raw), to) in totals.iter_mut().zip(pixel).zip(to) {
            *total = total.plus(T::read(*raw, swap));
            *to = total.write();
        }
    }
}

fn scan_in_place(bytes: &mut [u8]) {
    let (done, [mut total]) = wide::sums(None, bytes, [0], false);
    let rest = bytes.get_mut(done..).unwrap_or_default();
    let (words, rest) = rest.as_chunks_mut::<8>();
    for word in words {
        let (sums, next) = lanes::sums_of_8(u64::from_le_bytes(*word), total);
        *word = sums.to_le_bytes();
        total = next;
    }
    for byte in rest {
        total = total.wrapping_add(*byte);
        *byte = total;
    }
}

fn numbers_in_place<T: Number<N>, const N: usize>(row: &mut [u8], swap: bool) {
    let (done, total) = wide::sums(None, row, T::default().write(), swap);
    let rest = row.get_mut(done..).unwrap_or_default();
    plain_in_place(rest, T::read(total, false), swap);
}

fn plain_in_place<T: Number<N>, const N: usize>(row: &mut [u8], mut total: T, swap: bool) {
    for number in row.as_chunks_mut::<N>().0 {
        total = total.plus(T::read(*number, swap));
        *number = total.write();
    }
}

fn strided_in_place<const S: usize>(bytes: &mut [u8]) {
    let mut totals = [0u8; S];
    let (pixels, rest) = bytes.as_chunks_mut::<S>();
    for pixel in pixels {
        for (total, byte) in totals.iter_mut().zip(pixel) {
            *total = total.wrapping_add(*byte);
            *byte = *total;
        }
    }
    for (total, byte) in totals.iter().zip(rest) {
        *byte = total.wrapping_add(*byte);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The rule of the specification, a number at a time.
    fn plain(row: &[u64], samples: usize, bytes: usize) -> Vec<u64> {
        let mask = u64::MAX >> (64 - 8 * bytes);
        let mut out = row.to_vec();
        for i in samples..out.len() {
            out[i] = out[i].wrapping_add(out[i - samples]) & mask;
        }
        out
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_plain_rule(
            row in proptest::collection::vec(any::<u64>(), 1..200),
            samples in 1usize..7, log in 0u32..4, swap in any::<bool>(), skip in 0usize..40,
        ) {
            let bytes = 1usize << log;
            let mask = u64::MAX >> (64 - 8 * bytes);
            let pixels = row.len() / samples;
            prop_assume!(pixels > 0);
            let skip = skip.min(pixels - 1);
            let row: Vec<u64> = row[..pixels * samples].iter().map(|v| v & mask).collect();
            let mut source = Vec::new();
            for v in &row {
                let le = v.to_le_bytes();
                let mut raw = le[..bytes].to_vec();
                if swap { raw.reverse(); }
                source.extend(raw);
            }
            let from = skip * samples * bytes;
            let mut line = vec![0; source.len() - from];
            undo(&source, from, &mut line, bytes, samples, swap);
            let wanted = plain(&row, samples, bytes);
            if samples == 1 {
                let mut all = source.clone();
                undo_in_place(&mut all, bytes, swap);
                prop_assert_eq!(&all[from..], &line[..]);
            }
            for (got, want) in line.chunks(bytes).zip(&wanted[skip * samples..]) {
                let mut wide = [0; 8];
                wide[..bytes].copy_from_slice(got);
                prop_assert_eq!(u64::from_le_bytes(wide), *want);
            }
        }

        #[test]
        fn bytes_sum_in_place(row in proptest::collection::vec(any::<u8>(), 0..200), distance in 1usize..8) {
            let wide: Vec<u64> = row.iter().map(|&b| u64::from(b)).collect();
            let mut bytes = row;
            let mut out = vec![0; bytes.len()];
            accumulate(&bytes, &mut out, distance);
            accumulate_bytes(&mut bytes, distance);
            prop_assert_eq!(&out, &bytes);
            let want: Vec<u8> = plain(&wide, distance, 1).iter().map(|&v| u8::try_from(v).unwrap()).collect();
            prop_assert_eq!(bytes, want);
        }
    }
}
