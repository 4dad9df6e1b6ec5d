//! Coefficients → samples: the inverse cosine transform of Loeffler, Ligtenberg and Moschytz
//! ("Practical fast 1-D DCT algorithms with 11 multiplications", ICASSP 1989) in whole numbers of
//! 13 bits, rounded where libjpeg's accurate transform rounds.

/// Samples of a block in rows, around zero.
pub(super) fn samples(block: &[i64; 64], precision: u8) -> [i64; 64] {
    // Bits kept between the passes: fewer where samples are wide.
    let kept = if precision <= 8 { 2 } else { 1 };
    let mut half = [0; 64];
    for column in 0..8 {
        let at = |row: usize| block.get(row * 8 + column).copied().unwrap_or_default();
        let out = eight([at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)]);
        for (row, value) in out.into_iter().enumerate() {
            if let Some(place) = half.get_mut(row * 8 + column) {
                *place = rounded(value, BITS - kept);
            }
        }
    }
    let mut samples = [0; 64];
    for (out, row) in samples.chunks_exact_mut(8).zip(half.chunks_exact(8)) {
        let &[a, b, c, d, e, f, g, h] = row else {
            continue;
        };
        for (out, value) in out.iter_mut().zip(eight([a, b, c, d, e, f, g, h])) {
            *out = rounded(value, BITS + kept + 3);
        }
    }
    samples
}

/// One pass over eight values; answers 2^13 times as much.
const fn eight([v0, v1, v2, v3, v4, v5, v6, v7]: [i64; 8]) -> [i64; 8] {
    // Even part.
    let turned = (v2 + v6) * 4_433;
    let low = turned - v6 * 15_137;
    let high = turned + v2 * 6_270;
    let sum = (v0 + v4) << BITS;
    let difference = (v0 - v4) << BITS;
    let even = [sum + high, difference + low, difference - low, sum - high];
    // Odd part.
    let (z1, z2, z3, z4) = (v7 + v1, v5 + v3, v7 + v3, v5 + v1);
    let z5 = (z3 + z4) * 9_633;
    let (z1, z2) = (z1 * -7_373, z2 * -20_995);
    let (z3, z4) = (z3 * -16_069 + z5, z4 * -3_196 + z5);
    let odd = [
        v1 * 12_299 + z1 + z4,
        v3 * 25_172 + z2 + z3,
        v5 * 16_819 + z2 + z4,
        v7 * 2_446 + z1 + z3,
    ];
    [
        even[0] + odd[0],
        even[1] + odd[1],
        even[2] + odd[2],
        even[3] + odd[3],
        even[3] - odd[3],
        even[2] - odd[2],
        even[1] - odd[1],
        even[0] - odd[0],
    ]
}

const fn rounded(value: i64, bits: u32) -> i64 {
    (value + (1 << (bits - 1))) >> bits
}

const BITS: u32 = 13;
