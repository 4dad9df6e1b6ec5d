//! How bright covers are.

use super::land::{Cover, Ground};

/// A spectral band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    Blue,
    Green,
    Red,
    RedEdge1,
    RedEdge2,
    RedEdge3,
    Nir,
    Nir08,
    /// 1.24 µm.
    Swir12,
    Swir16,
    Swir22,
}

impl Ground {
    /// Surface reflectance seen from above in ten-thousandths, 1 to 16000.
    pub(super) fn reflectance(&self, colour: Colour) -> i32 {
        let mut seen = cover_reflectance(self.cover, colour) * self.light / 256;
        seen -= seen * self.shadow * 5 / (8 * 256);
        seen += (8400 - seen) * self.cirrus / (3 * 256);
        let cloud = pick(&CLOUD, colour) * self.tops / 256;
        seen += (cloud - seen) * self.cloud / 256;
        // The grain differs from band to band: each takes other bits of it.
        let bits = self.grain.rotate_left(3 * place(colour));
        let grain = (bits & 31).cast_signed() - 16;
        (seen + seen * grain / 900 + grain / 2).clamp(1, 16_000)
    }

    /// Backscatter (gamma nought, linear), in 65536ths; speckled.
    pub(super) fn backscatter(&self, cross: bool) -> u32 {
        let [like, cross_power] = match self.cover {
            Cover::Water => [500u32, 60],
            Cover::Shallows => [1100, 140],
            Cover::Sand => [2600, 320],
            Cover::Forest => [13_500, 3400],
            Cover::Grass => [7200, 1100],
            Cover::Lush => [9800, 2000],
            Cover::Ripe => [6900, 1300],
            Cover::Ploughed => [8800, 800],
            Cover::Young => [7700, 1000],
            Cover::Rock => [11_000, 1500],
            Cover::Snow => [4200, 700],
            Cover::Town => [42_000, 6500],
        };
        let power = if cross { cross_power } else { like };
        let power = power * self.light.cast_unsigned() / 256;
        // The mean of six even numbers has about the spread of four looks.
        let bits = if cross {
            self.grain.rotate_left(13)
        } else {
            self.grain
        };
        let looks: u32 = (0..6).map(|k| (bits >> (5 * k)) & 31).sum();
        (power * (looks + 6) / 99).max(1)
    }
}

fn cover_reflectance(cover: Cover, colour: Colour) -> i32 {
    pick(
        match cover {
            Cover::Water => &[420, 380, 240, 200, 170, 150, 120, 110, 60, 40],
            Cover::Shallows => &[620, 760, 600, 520, 380, 330, 280, 260, 140, 100],
            Cover::Sand => &[1500, 1900, 2300, 2500, 2600, 2700, 2850, 2950, 3500, 3100],
            Cover::Forest => &[240, 420, 280, 700, 1800, 2250, 2500, 2600, 1200, 550],
            Cover::Grass => &[430, 760, 610, 1200, 2400, 2900, 3150, 3250, 2050, 1150],
            Cover::Lush => &[320, 720, 380, 1150, 3300, 4200, 4500, 4600, 1850, 850],
            Cover::Ripe => &[820, 1300, 1600, 1950, 2450, 2750, 3000, 3200, 3000, 2100],
            Cover::Ploughed => &[850, 1100, 1400, 1650, 1850, 2000, 2200, 2400, 3000, 2600],
            Cover::Young => &[620, 960, 900, 1400, 2300, 2700, 2900, 3000, 2400, 1600],
            Cover::Rock => &[1000, 1200, 1400, 1550, 1650, 1750, 1900, 2000, 2500, 2200],
            Cover::Snow => &[8600, 8700, 8600, 8500, 8400, 8200, 8100, 7900, 1200, 900],
            Cover::Town => &[1150, 1250, 1350, 1450, 1600, 1700, 1850, 1950, 2100, 1900],
        },
        colour,
    )
}

fn pick(spectrum: &[i32; 10], colour: Colour) -> i32 {
    let [
        blue,
        green,
        red,
        edge1,
        edge2,
        edge3,
        nir,
        nir08,
        swir16,
        swir22,
    ] = *spectrum;
    match colour {
        Colour::Blue => blue,
        Colour::Green => green,
        Colour::Red => red,
        Colour::RedEdge1 => edge1,
        Colour::RedEdge2 => edge2,
        Colour::RedEdge3 => edge3,
        Colour::Nir => nir,
        Colour::Nir08 => nir08,
        Colour::Swir12 => (2 * nir08 + swir16) / 3,
        Colour::Swir16 => swir16,
        Colour::Swir22 => swir22,
    }
}

const fn place(colour: Colour) -> u32 {
    match colour {
        Colour::Blue => 0,
        Colour::Green => 1,
        Colour::Red => 2,
        Colour::RedEdge1 => 3,
        Colour::RedEdge2 => 4,
        Colour::RedEdge3 => 5,
        Colour::Nir => 6,
        Colour::Nir08 => 7,
        Colour::Swir12 => 8,
        Colour::Swir16 => 9,
        Colour::Swir22 => 10,
    }
}

/// In the order of the bands.
const CLOUD: [i32; 10] = [8200, 8100, 8000, 8000, 8000, 7900, 7900, 7800, 5500, 4200];
