//! Luma and colour differences (TIFF 6.0, section 21), in the whole numbers of libtiff.

/// The tables of one file: what each byte adds to each colour.
#[derive(Clone, PartialEq)]
pub(crate) struct Ycbcr {
    luma: Vec<i32>,
    red_of_cr: Vec<i32>,
    blue_of_cb: Vec<i32>,
    /// 16 bits more than the others.
    green_of_cr: Vec<i32>,
    green_of_cb: Vec<i32>,
    /// Lumas across and down that share a pair of differences.
    pub(crate) factors: (usize, usize),
}

impl std::fmt::Debug for Ycbcr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ycbcr")
            .field("factors", &self.factors)
            .finish_non_exhaustive()
    }
}

impl Ycbcr {
    /// The tables for `YCbCrCoefficients` (529) and `ReferenceBlackWhite` (532); nothing where they
    /// are no numbers that colours could be made with.
    pub(crate) fn new(
        [red, green, blue]: [f32; 3],
        black_white: [f32; 6],
        factors: (usize, usize),
    ) -> Option<Self> {
        let [y0, y1, b0, b1, r0, r1] = black_white;
        let usable = |v: f32| v > -2_147_483_519.0 && v < 2_147_483_647.0;
        if [red, green, blue].iter().any(|v| v.is_nan())
            || green == 0.0
            || !black_white.into_iter().all(usable)
        {
            return None;
        }
        let for_red = 2.0 - 2.0 * red;
        let for_blue = 2.0 - 2.0 * blue;
        let [d1, d2, d3, d4] = [
            for_red,
            red * for_red / green,
            for_blue,
            blue * for_blue / green,
        ]
        .map(fixed);
        let chroma = |black: f32, white: f32| {
            let (black, white) = (black - 128.0, white - 128.0);
            move |code: i32| coded(code - 128, black, white, 127.0)
        };
        let (of_b, of_r) = (chroma(b0, b1), chroma(r0, r1));
        let table = |f: &dyn Fn(i32) -> i32| (0..256).map(f).collect::<Vec<_>>();
        Some(Self {
            luma: table(&|code| coded(code, y0, y1, 255.0)),
            red_of_cr: table(&|code| (d1.wrapping_mul(of_r(code)).wrapping_add(HALF)) >> SHIFT),
            blue_of_cb: table(&|code| (d3.wrapping_mul(of_b(code)).wrapping_add(HALF)) >> SHIFT),
            green_of_cr: table(&|code| (-d2).wrapping_mul(of_r(code))),
            green_of_cb: table(&|code| (-d4).wrapping_mul(of_b(code)).wrapping_add(HALF)),
            factors,
        })
    }

    /// Red, green and blue of a pixel.
    pub(crate) fn rgb(&self, y: u8, cb: u8, cr: u8) -> [u8; 3] {
        let of = |table: &[i32], code: u8| table.get(usize::from(code)).copied().unwrap_or(0);
        let luma = of(&self.luma, y);
        let green = of(&self.green_of_cb, cb).wrapping_add(of(&self.green_of_cr, cr)) >> SHIFT;
        [of(&self.red_of_cr, cr), green, of(&self.blue_of_cb, cb)]
            .map(|part| u8::try_from(luma.wrapping_add(part).clamp(0, 255)).unwrap_or(0))
    }
}

/// How the bytes of a block lie: in groups of several lumas and then the pair of differences that
/// they share, as many as it takes to cover the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Groups {
    factors: (usize, usize),
    /// Groups side by side.
    across: usize,
    /// Rows of groups.
    down: usize,
}

impl Groups {
    /// Those of a block of `width` × `height` pixels.
    pub(crate) const fn new(factors: (usize, usize), width: usize, height: usize) -> Self {
        let (h, v) = factors;
        Self {
            factors,
            across: if h == 0 { 0 } else { width.div_ceil(h) },
            down: if v == 0 { 0 } else { height.div_ceil(v) },
        }
    }

    const fn group_bytes(self) -> usize {
        let (h, v) = self.factors;
        h.saturating_mul(v).saturating_add(2)
    }

    /// Bytes of a row of groups.
    pub(crate) const fn row_bytes(self) -> usize {
        self.across.saturating_mul(self.group_bytes())
    }

    /// Bytes of what libtiff calls a row of pixels: a row of groups shared out among its rows.
    pub(crate) const fn line_bytes(self) -> usize {
        let (_, v) = self.factors;
        match self.row_bytes().checked_div(v) {
            Some(bytes) => bytes,
            None => 0,
        }
    }

    /// Bytes of all groups that libtiff reads: where rows of groups cannot be shared out evenly it
    /// leaves some out at the end.
    pub(crate) const fn stored_bytes(self) -> usize {
        let (_, v) = self.factors;
        self.line_bytes()
            .saturating_mul(self.down.saturating_mul(v))
    }

    /// Bytes of all groups.
    pub(crate) const fn bytes(self) -> usize {
        self.row_bytes().saturating_mul(self.down)
    }

    /// Writes the pixels of row `row`: luma and both differences each.
    pub(crate) fn row(self, bytes: &[u8], row: usize, out: &mut [u8]) {
        let (h, v) = self.factors;
        let (Some(down), Some(inside)) = (row.checked_div(v), row.checked_rem(v)) else {
            return;
        };
        let start = down.saturating_mul(self.row_bytes());
        let groups = bytes.get(start..).unwrap_or_default();
        let pixels = out.chunks_mut(3usize.saturating_mul(h).max(3));
        for (group, out) in groups.chunks_exact(self.group_bytes()).zip(pixels) {
            let Some((lumas, &[cb, cr])) = group.split_last_chunk::<2>() else {
                return;
            };
            let lumas = lumas.chunks_exact(h.max(1)).nth(inside).unwrap_or_default();
            for (out, &y) in out.chunks_exact_mut(3).zip(lumas) {
                out.copy_from_slice(&[y, cb, cr]);
            }
        }
    }
}

/// The number that `code` stands for: `black` is 0 and `white` is `most`.
fn coded(code: i32, black: f32, white: f32, most: f32) -> i32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "as libtiff does, on numbers whose range was looked at"
    )]
    let above = (code.wrapping_sub(black as i32)) as f32;
    let span = if white == black { 1.0 } else { white - black };
    let number = (above * most / span).clamp(-4096.0, 4096.0);
    #[expect(clippy::cast_possible_truncation, reason = "clamped")]
    let number = number as i32;
    number
}

/// A factor of 0 to 2 in whole numbers of 2^-16.
fn fixed(factor: f32) -> i32 {
    let factor = if factor >= 0.0 { factor.min(2.0) } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, reason = "at most 2^17")]
    let whole = (f64::from(factor) * 65536.0 + 0.5) as i32;
    whole
}

const SHIFT: u32 = 16;
const HALF: i32 = 1 << (SHIFT - 1);

#[cfg(test)]
mod tests {
    use super::*;

    const LUMA: [f32; 3] = [0.299, 0.587, 0.114];
    const RANGE: [f32; 6] = [0.0, 255.0, 128.0, 255.0, 128.0, 255.0];

    #[test]
    fn primaries() {
        let tables = Ycbcr::new(LUMA, RANGE, (1, 1)).unwrap();
        assert_eq!(tables.rgb(0, 128, 128), [0, 0, 0]);
        assert_eq!(tables.rgb(255, 128, 128), [255, 255, 255]);
        assert_eq!(tables.rgb(76, 85, 255), [254, 0, 0]);
    }

    #[test]
    fn tables_of_nonsense_are_none() {
        assert!(Ycbcr::new([0.3, 0.0, 0.1], RANGE, (1, 1)).is_none());
        assert!(Ycbcr::new([f32::NAN, 0.5, 0.1], RANGE, (1, 1)).is_none());
        assert!(Ycbcr::new(LUMA, [f32::INFINITY; 6], (1, 1)).is_none());
    }

    #[test]
    fn groups_cover_the_block() {
        let groups = Groups::new((2, 2), 3, 3);
        assert_eq!(groups.bytes(), 4 * 6);
        let bytes: Vec<u8> = (0..24).collect();
        let mut out = [0; 9];
        groups.row(&bytes, 1, &mut out);
        assert_eq!(out, [2, 4, 5, 3, 4, 5, 8, 10, 11]);
        groups.row(&bytes, 2, &mut out);
        assert_eq!(out, [12, 16, 17, 13, 16, 17, 18, 22, 23]);
    }
}
