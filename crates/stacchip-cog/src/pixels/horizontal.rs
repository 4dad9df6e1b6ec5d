//! Horizontal differencing (TIFF 6.0, section 14).

/// Sums differences up: `source` is a row from its start to the last number wanted, `from` the
/// byte where the first one wanted starts, `line` as long as what is wanted.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the low bytes are what is wanted"
)]
pub(super) fn undo(
    source: &[u8],
    from: usize,
    line: &mut [u8],
    bytes: usize,
    samples: usize,
    swap: bool,
) {
    match (bytes, swap) {
        (1, _) => sum::<1>(
            source,
            from,
            line,
            samples,
            |b| u64::from(b[0]),
            |v| [v as u8],
        ),
        (2, false) => sum::<2>(
            source,
            from,
            line,
            samples,
            |b| u64::from(u16::from_ne_bytes(b)),
            |v| (v as u16).to_ne_bytes(),
        ),
        (2, true) => sum::<2>(
            source,
            from,
            line,
            samples,
            |b| u64::from(u16::from_ne_bytes(b).swap_bytes()),
            |v| (v as u16).to_ne_bytes(),
        ),
        (4, false) => sum::<4>(
            source,
            from,
            line,
            samples,
            |b| u64::from(u32::from_ne_bytes(b)),
            |v| (v as u32).to_ne_bytes(),
        ),
        (4, true) => sum::<4>(
            source,
            from,
            line,
            samples,
            |b| u64::from(u32::from_ne_bytes(b).swap_bytes()),
            |v| (v as u32).to_ne_bytes(),
        ),
        (8, false) => sum::<8>(
            source,
            from,
            line,
            samples,
            u64::from_ne_bytes,
            u64::to_ne_bytes,
        ),
        (8, true) => sum::<8>(
            source,
            from,
            line,
            samples,
            |b| u64::from_ne_bytes(b).swap_bytes(),
            u64::to_ne_bytes,
        ),
        _ => {}
    }
}

fn sum<const N: usize>(
    source: &[u8],
    from: usize,
    line: &mut [u8],
    samples: usize,
    read: impl Fn([u8; N]) -> u64,
    write: impl Fn(u64) -> [u8; N],
) {
    let (before, wanted) = source.split_at_checked(from).unwrap_or((source, &[]));
    for sample in 0..samples {
        let mut total = before
            .as_chunks::<N>()
            .0
            .iter()
            .skip(sample)
            .step_by(samples)
            .fold(0u64, |t, b| t.wrapping_add(read(*b)));
        let out = line.as_chunks_mut::<N>().0.iter_mut();
        let numbers = wanted.as_chunks::<N>().0.iter();
        for (o, b) in out
            .skip(sample)
            .step_by(samples)
            .zip(numbers.skip(sample).step_by(samples))
        {
            total = total.wrapping_add(read(*b));
            *o = write(total);
        }
    }
}

/// Sums bytes up in place, each with the one `distance` before it.
pub(super) fn accumulate_bytes(bytes: &mut [u8], distance: usize) {
    for i in distance..bytes.len() {
        let before = i.checked_sub(distance).and_then(|j| bytes.get(j)).copied();
        if let (Some(before), Some(byte)) = (before, bytes.get_mut(i)) {
            *byte = byte.wrapping_add(before);
        }
    }
}
