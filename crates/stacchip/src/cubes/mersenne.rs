//! numpy's old generator.

/// The Mersenne Twister, seeded with a number as `numpy.random.seed` does.
///
/// M. Matsumoto, T. Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
/// pseudo-random number generator", ACM Transactions on Modeling and Computer Simulation 8 (1998), with
/// the seeding of 2002.
#[derive(Debug, Clone)]
pub(super) struct Mersenne {
    state: Vec<u32>,
    next: usize,
}

impl Mersenne {
    pub(super) fn new(seed: u32) -> Self {
        let mut state = Vec::with_capacity(SIZE);
        let mut last = seed;
        state.push(last);
        for i in 1u32..624 {
            last = 1_812_433_253u32
                .wrapping_mul(last ^ (last >> 30))
                .wrapping_add(i);
            state.push(last);
        }
        Self { state, next: SIZE }
    }

    pub(super) fn next(&mut self) -> u32 {
        if self.next >= SIZE {
            self.twist();
        }
        let mut y = self.at(self.next);
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// A number below `end`, as `numpy.random.randint(end)` draws it: bits enough for the greatest are
    /// kept, and what is greater is drawn again. None is drawn for an `end` of 1.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        let greatest = end.saturating_sub(1);
        if greatest == 0 {
            return 0;
        }
        let mask = u32::MAX >> greatest.leading_zeros();
        loop {
            let drawn = self.next() & mask;
            if drawn <= greatest {
                return drawn;
            }
        }
    }

    fn twist(&mut self) {
        for i in 0..SIZE {
            let y = (self.at(i) & 0x8000_0000) | (self.at(i + 1) & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            let new = self.at(i + 397) ^ (y >> 1) ^ odd;
            if let Some(place) = self.state.get_mut(i) {
                *place = new;
            }
        }
        self.next = 0;
    }

    fn at(&self, index: usize) -> u32 {
        self.state.get(index % SIZE).copied().unwrap_or_default()
    }
}

const SIZE: usize = 624;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_draws_what_numpy_draws() {
        // numpy.random.seed(42); numpy.random.randint(0, 100, 10)
        let mut numpy = Mersenne::new(42);
        let drawn: Vec<_> = (0..10).map(|_| numpy.below(100)).collect();
        assert_eq!(drawn, [51, 92, 14, 71, 60, 20, 82, 86, 74, 74]);
        // The reference implementation's 10000th number for the seed 5489, as C++11 asks for.
        let mut reference = Mersenne::new(5489);
        assert_eq!(
            (0..10_000).map(|_| reference.next()).last(),
            Some(4_123_659_995)
        );
    }

    #[test]
    fn of_one_there_is_nothing_to_draw() {
        let mut numpy = Mersenne::new(42);
        assert_eq!(numpy.below(1), 0);
        assert_eq!(numpy.next(), 1_608_637_542);
    }
}
