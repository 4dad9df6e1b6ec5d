//! Inputs a little broken, the same each time.

/// Makes new inputs of old ones; the same seed makes the same ones.
#[derive(Debug, Clone)]
pub struct Mutation {
    state: u64,
}

impl Mutation {
    /// Begins with `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// One of `inputs`, a little broken; empty where there are none.
    pub fn of(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut data = self.one(inputs).to_vec();
        for _ in 0..=self.below(5) {
            self.change(&mut data, inputs);
        }
        data.truncate(LARGEST);
        data
    }

    fn change(&mut self, data: &mut Vec<u8>, inputs: &[Vec<u8>]) {
        let at = self.below(data.len());
        match self.below(10) {
            0 => {
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                let value = self.next().to_le_bytes()[0];
                if let Some(byte) = data.get_mut(at) {
                    *byte = value;
                }
            }
            2 | 3 => {
                // Numbers at which things turn over, in either order and of each width.
                let value = EDGES[self.below(EDGES.len())];
                let width = [1, 2, 4, 8][self.below(4)];
                let bytes = if self.below(2) == 0 {
                    value.to_le_bytes()[..width].to_vec()
                } else {
                    value.to_be_bytes()[8 - width..].to_vec()
                };
                for (old, new) in data.iter_mut().skip(at).zip(bytes) {
                    *old = new;
                }
            }
            4 => {
                if let Some(byte) = data.get_mut(at) {
                    *byte = if self.below(2) == 0 {
                        byte.wrapping_add(1)
                    } else {
                        byte.wrapping_sub(1)
                    };
                }
            }
            5 => data.truncate(at),
            6 => {
                let end = (at + self.below(32)).min(data.len());
                data.drain(at..end);
            }
            7 => {
                let end = (at + self.below(64)).min(data.len());
                let piece = data[at..end].to_vec();
                let to = self.below(data.len());
                data.splice(to..to, piece);
            }
            8 => {
                let other = self.one(inputs).to_vec();
                let from = self.below(other.len());
                let end = (from + self.below(64)).min(other.len());
                for (old, &new) in data.iter_mut().skip(at).zip(&other[from..end]) {
                    *old = new;
                }
            }
            _ => {
                let len = self.below(16);
                let bytes: Vec<u8> = (0..len).map(|_| self.next().to_le_bytes()[0]).collect();
                data.splice(at..at, bytes);
            }
        }
    }

    fn one<'a>(&mut self, inputs: &'a [Vec<u8>]) -> &'a [u8] {
        let at = self.below(inputs.len());
        inputs.get(at).map_or(&[], Vec::as_slice)
    }

    /// A number below `bound`; 0 where there is none.
    fn below(&mut self, bound: usize) -> usize {
        let number = usize::try_from(self.next() >> 33).unwrap_or(0);
        number.checked_rem(bound).unwrap_or(0)
    }

    /// Splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

const EDGES: [u64; 14] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];
const LARGEST: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs() {
        let seeds = vec![b"some bytes that are a seed".to_vec(), vec![0; 300]];
        let inputs = |seed| {
            let mut mutation = Mutation::new(seed);
            (0..200).map(|_| mutation.of(&seeds)).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
        assert!(inputs(1).iter().any(|input| !seeds.contains(input)));
        assert!(Mutation::new(3).of(&[]).len() <= 100);
    }
}
