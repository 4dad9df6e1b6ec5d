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
        let len = self.numbers.saturating_mul(self.bytes);
        let Some(source) = source.get(..len) else {
            return;
        };
        sums.clear();
        sums.extend_from_slice(source);
        super::horizontal::accumulate_bytes(sums, self.samples);
        let plane = |k: usize| {
            let start = k.saturating_mul(self.numbers).saturating_add(first);
            sums.get(start..).unwrap_or_default()
        };
        match self.bytes {
            2 => join(
                out,
                |a: &u8, b: &u8| u16::from_be_bytes([*a, *b]).to_ne_bytes(),
                plane,
            ),
            3 => {
                let (a, b, c) = (plane(0), plane(1), plane(2));
                for (((o, a), b), c) in out.as_chunks_mut::<3>().0.iter_mut().zip(a).zip(b).zip(c) {
                    *o = [*c, *b, *a];
                }
            }
            4 => {
                let (a, b, c, d) = (plane(0), plane(1), plane(2), plane(3));
                let out = out.as_chunks_mut::<4>().0;
                for ((((o, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *o = u32::from_be_bytes([*a, *b, *c, *d]).to_ne_bytes();
                }
            }
            8 => {
                for (i, o) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                    for (k, byte) in o.iter_mut().enumerate() {
                        *byte = plane(k).get(i).copied().unwrap_or(0);
                    }
                    *o = u64::from_be_bytes(*o).to_ne_bytes();
                }
            }
            _ => {}
        }
    }
}

fn join<'a>(out: &mut [u8], with: impl Fn(&u8, &u8) -> [u8; 2], plane: impl Fn(usize) -> &'a [u8]) {
    let (a, b) = (plane(0), plane(1));
    for ((o, a), b) in out.as_chunks_mut::<2>().0.iter_mut().zip(a).zip(b) {
        *o = with(a, b);
    }
}
