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
