//! Samples that are no whole number of bytes.

/// Samples of `bits` bits, most significant bit first, to numbers of `bytes` bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits {
    pub(super) bits: u32,
    pub(super) bytes: usize,
}

impl Bits {
    /// The samples of `source` from the one at index `first`, as many as `out` takes.
    pub(super) fn unpack(self, source: &[u8], first: usize, out: &mut [u8]) {
        if self.bits == 1 && self.bytes == 1 {
            for (i, o) in out.iter_mut().enumerate() {
                let at = first.wrapping_add(i);
                let byte = source.get(at >> 3).copied().unwrap_or(0);
                *o = byte >> (7 - (at & 7)) & 1;
            }
            return;
        }
        let mut at = (first as u64).saturating_mul(u64::from(self.bits));
        for o in out.chunks_exact_mut(self.bytes.max(1)) {
            let value = self.value(source, at);
            let raw = value.to_le_bytes();
            for (o, r) in o.iter_mut().zip(raw) {
                *o = r;
            }
            if cfg!(target_endian = "big") {
                o.reverse();
            }
            at = at.saturating_add(u64::from(self.bits));
        }
    }

    /// The sample that starts at bit `at`; what the bytes end before is zero.
    fn value(self, source: &[u8], at: u64) -> u64 {
        let first = usize::try_from(at >> 3).unwrap_or(usize::MAX);
        let skip = u32::try_from(at & 7).unwrap_or(0);
        // Up to 7 + 64 bits: nine bytes.
        let wanted = (skip.saturating_add(self.bits)).div_ceil(8);
        let mut window = 0u128;
        for i in 0..wanted as usize {
            let byte = first.checked_add(i).and_then(|i| source.get(i));
            window = window << 8 | u128::from(byte.copied().unwrap_or(0));
        }
        let spare = wanted
            .saturating_mul(8)
            .saturating_sub(skip.saturating_add(self.bits));
        let mask = (1u128 << self.bits.min(64)) - 1;
        u64::try_from(window >> spare & mask).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_packed_comes_out(
            bits in 1u32..=63, values in proptest::collection::vec(any::<u64>(), 1..40), first in 0usize..10,
        ) {
            let mask = (1u64 << bits) - 1;
            let mut stream = Vec::new();
            for value in &values {
                for bit in (0..bits).rev() {
                    stream.push((value & mask) >> bit & 1 == 1);
                }
            }
            let packed: Vec<u8> = stream
                .chunks(8)
                .map(|c| c.iter().enumerate().fold(0, |b, (i, &on)| b | u8::from(on) << (7 - i)))
                .collect();
            let bytes = [1, 2, 4, 8].into_iter().find(|b| b * 8 >= bits as usize).unwrap();
            let first = first.min(values.len() - 1);
            let mut out = vec![0; (values.len() - first) * bytes];
            Bits { bits, bytes }.unpack(&packed, first, &mut out);
            for (value, raw) in values[first..].iter().zip(out.chunks(bytes)) {
                let mut wide = [0; 8];
                wide[..bytes].copy_from_slice(raw);
                prop_assert_eq!(u64::from_le_bytes(wide), value & mask);
            }
        }
    }
}
