//! CIE 1976 L*a*b* (TIFF 6.0, section 23), rendered for a screen as libtiff does.

use std::sync::LazyLock;

/// The reference white of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lab {
    white: [f32; 3],
}

impl Lab {
    /// The white of `WhitePoint` (318); nothing where that is none.
    pub(crate) fn new([x, y]: [f32; 2]) -> Option<Self> {
        (y != 0.0).then(|| Self {
            white: [x / y * 100.0, 100.0, (1.0 - x - y) / y * 100.0],
        })
    }

    /// Red, green and blue of a pixel.
    pub(crate) fn rgb(&self, l: u8, a: i8, b: i8) -> [u8; 3] {
        let [x0, y0, z0] = self.white;
        let l = (u32::from(l) * 257) as f32 * 100.0 / 65535.0;
        let (y, near) = if l < 8.856 {
            let y = (l * y0) / 903.292;
            (y, 7.787 * (y / y0) + 16.0 / 116.0)
        } else {
            let near = (l + 16.0) / 116.0;
            (y0 * near * near * near, near)
        };
        let cubed = |white: f32, root: f32| {
            if root < 0.2069 {
                white * (root - 0.13793) / 7.787
            } else {
                white * root * root * root
            }
        };
        let a = (i32::from(a) * 256) as f32;
        let b = (i32::from(b) * 256) as f32;
        let x = cubed(x0, a / 256.0 / 500.0 + near);
        let z = cubed(z0, near - b / 256.0 / 200.0);
        TO_SCREEN.map(|[of_x, of_y, of_z]| {
            let light = of_x * x + of_y * y + of_z * z;
            // As libtiff orders it, so that what is no number is the darkest.
            let light = if light > DARKEST { light } else { DARKEST };
            let light = if light < BRIGHTEST { light } else { BRIGHTEST };
            let step = (BRIGHTEST - DARKEST) / STEPS as f32;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and the number of steps"
            )]
            let at = ((light - DARKEST) / step) as usize;
            SCREEN.get(at.min(STEPS)).copied().unwrap_or(u8::MAX)
        })
    }
}

/// From CIE XYZ to the light of a screen's red, green and blue (sRGB).
const TO_SCREEN: [[f32; 3]; 3] = [
    [3.2410, -1.5374, -0.4986],
    [-0.9692, 1.8760, 0.0416],
    [0.0556, -0.2040, 1.0570],
];
/// Light of black and of white.
const DARKEST: f32 = 1.0;
const BRIGHTEST: f32 = 100.0;
const STEPS: usize = 1500;

/// The byte that makes each step of light: gamma 2.4.
static SCREEN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    (0..=STEPS)
        .map(|step| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "libtiff holds it in 32 bits"
            )]
            let value = 255.0 * (step as f64 / STEPS as f64).powf(1.0 / f64::from(2.4f32)) as f32;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0 to 255 and a half"
            )]
            let byte = (value + 0.5) as u32;
            u8::try_from(byte).unwrap_or(u8::MAX)
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_is_grey() {
        let lab = Lab::new([0.3457, 0.3585]).unwrap();
        assert_eq!(lab.rgb(0, 0, 0), [0, 0, 0]);
        let [r, _, b] = lab.rgb(255, 0, 0);
        assert!(r > 250 && b > 180, "{r} {b}");
        assert!(Lab::new([0.3, 0.0]).is_none());
    }
}
