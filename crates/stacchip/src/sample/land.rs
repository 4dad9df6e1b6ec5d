//! The land that sample scenes show: heights, water, fields, forest, towns, clouds.

use super::noise::{RowAt, fractal, hash};

/// What covers the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    Water,
    Shallows,
    Sand,
    Forest,
    Grass,
    Lush,
    Ripe,
    Ploughed,
    Young,
    Rock,
    Snow,
    Town,
}

/// One pixel of the land.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground {
    pub(super) cover: Cover,
    /// Brightness by slope and texture; 256 is as it is.
    pub(super) light: i32,
    /// How much of the ground clouds hide, 0 to 256.
    pub(super) cloud: i32,
    /// Brightness of their tops, 0 to 256.
    pub(super) tops: i32,
    /// The same of high, thin clouds.
    pub(super) cirrus: i32,
    /// How much of the light is lost in the shadow of a cloud, 0 to 256.
    pub(super) shadow: i32,
    /// Whether the pixel was not seen at all.
    pub(super) unseen: bool,
    /// A number without a pattern, for the noise of the sensor.
    pub(super) grain: u32,
}

/// What a scene is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Land {
    pub(super) seed: u32,
    /// Width and height in half pixels of the finest grid.
    pub(super) extent: i32,
    pub(super) clouds: bool,
    pub(super) edge: Edge,
}

/// What is above the ground; as in [`Ground`].
#[derive(Debug, Clone, Copy, Default)]
struct Sky {
    cloud: i32,
    tops: i32,
    cirrus: i32,
    shadow: i32,
}

/// Which part of the scene was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// All of it.
    None,
    /// A wedge on the left is missing: the edge of a swath.
    Left,
    /// Wedges on the left and right are missing.
    Sides,
    /// All four corners are missing: the frame is turned against the grid.
    Turned,
}

impl Land {
    /// The pixels of a row.
    pub(super) fn row(&self, at: RowAt) -> Vec<Ground> {
        let seed = |k: i32| hash(k, 1, self.seed);
        let height = fractal(at, 10, 8, seed(1));
        let wet = fractal(at, 9, 6, seed(2));
        let river = fractal(at, 11, 6, seed(3));
        let town = fractal(at, 8, 3, seed(4));
        let clouds = if self.clouds {
            self.clouds(at)
        } else {
            vec![Sky::default(); at.len]
        };
        at.columns()
            .enumerate()
            .map(|(i, u)| {
                let here = height[i];
                let slope = match i.checked_sub(1).and_then(|i| height.get(i)) {
                    Some(west) => (here - west) * 2 / at.step,
                    None => 0,
                };
                let (cover, texture) = self.cover(u, at.v, here, wet[i], river[i].abs(), town[i]);
                let Sky {
                    cloud,
                    tops,
                    cirrus,
                    shadow,
                } = clouds[i];
                let relief = match cover {
                    Cover::Water | Cover::Shallows => 0,
                    _ => (slope / 6).clamp(-90, 70),
                };
                Ground {
                    cover,
                    light: (256 + relief + texture).clamp(90, 400),
                    cloud,
                    tops,
                    cirrus,
                    shadow,
                    unseen: self.is_unseen(u, at.v),
                    grain: hash(u, at.v, seed(5)),
                }
            })
            .collect()
    }

    /// The cover of a point, and how much brighter its texture is.
    fn cover(&self, u: i32, v: i32, height: i32, wet: i32, river: i32, town: i32) -> (Cover, i32) {
        let fine = |cell: u32, range: u32| {
            let h = hash(u >> cell, v >> cell, self.seed) % (2 * range + 1);
            h.cast_signed() - range.cast_signed()
        };
        // Rivers are where a wide noise passes through zero, and narrower uphill.
        let width = 420 - height / 40;
        if height < -15_000 {
            return (Cover::Water, 0);
        }
        if height < -14_200 || river < width {
            return (Cover::Shallows, 0);
        }
        if height < -13_600 || (river < width + 160 && wet < 0) {
            return (Cover::Sand, fine(1, 10));
        }
        if height > 25_500 + wet / 4 {
            return (Cover::Snow, fine(2, 6));
        }
        if height > 18_500 + wet / 3 {
            return (Cover::Rock, fine(2, 28));
        }
        if wet > 5_500 - height / 8 {
            return (Cover::Forest, fine(2, 34));
        }
        if town > 13_500 && height < 6_000 {
            // Blocks of houses between streets.
            let street = (u + 2 * v).rem_euclid(44) < 7 || (2 * u - v).rem_euclid(60) < 7;
            return if street {
                (Cover::Town, -40)
            } else {
                (Cover::Town, fine(3, 80))
            };
        }
        if height > 9_500 {
            return (Cover::Grass, fine(2, 18));
        }
        self.field(u, v)
    }

    /// Fields: strips turned against the grid, each cut at places of its own.
    fn field(&self, u: i32, v: i32) -> (Cover, i32) {
        let (across, along) = (7 * u + 3 * v, 7 * v - 3 * u);
        let strip = across >> 9;
        let along = along + (hash(strip, 0, self.seed ^ 0xF1E1D) & 1023).cast_signed();
        let crop = hash(strip, along >> 10, self.seed ^ 0xC40B);
        if across & 511 < 22 || along & 1023 < 22 {
            return (Cover::Grass, -30);
        }
        let furrow = ((across >> 4) & 1) * 8;
        let shade = ((crop >> 8) & 63).cast_signed() - 32;
        let cover = match crop % 8 {
            0 | 1 => Cover::Lush,
            2 | 3 => Cover::Ripe,
            4 => Cover::Ploughed,
            5 | 6 => Cover::Young,
            _ => Cover::Grass,
        };
        (cover, furrow + shade)
    }

    fn clouds(&self, at: RowAt) -> Vec<Sky> {
        let seed = |k: i32| hash(k, 2, self.seed);
        let cloud = |at: RowAt| fractal(at, 9, 8, seed(1));
        let density = |c: i32| ((c - CLOUD_BASE) / 14).clamp(0, 256);
        // The sun stands in the south-east: shadows fall to the north-west.
        let casting = cloud(at.moved(72, 96));
        // Three times as long as wide.
        let thin = fractal(at.moved(0, at.v * 2), 11, 4, seed(2));
        cloud(at)
            .into_iter()
            .zip(casting)
            .zip(thin)
            .map(|((cloud, casting), thin)| Sky {
                cloud: density(cloud),
                tops: (150 + (cloud - CLOUD_BASE) / 120).clamp(150, 256),
                cirrus: ((thin - 20_000) / 60).clamp(0, 90),
                shadow: density(casting),
            })
            .collect()
    }

    fn is_unseen(&self, u: i32, v: i32) -> bool {
        let w = self.extent;
        // Slopes of 3 in 10, as orbits have them in the middle latitudes.
        let beyond = |across: i32, along: i32| 10 * across + 3 * along < 2 * w;
        match self.edge {
            Edge::None => false,
            Edge::Left => beyond(u, v),
            Edge::Sides => beyond(u, v) || beyond(w - u, w - v),
            Edge::Turned => {
                beyond(u, v) || beyond(w - u, w - v) || beyond(v, w - u) || beyond(w - v, u)
            }
        }
    }
}

impl Ground {
    /// Whether clouds hide the ground altogether.
    pub(super) const fn is_thick_cloud(&self) -> bool {
        self.cloud > 150
    }

    /// Whether there is a cloud, if a thin one.
    pub(super) const fn is_cloud(&self) -> bool {
        self.cloud > 60
    }

    /// Whether it lies in the shadow of a cloud.
    pub(super) const fn is_shadow(&self) -> bool {
        self.shadow > 60 && !self.is_cloud()
    }

    /// Whether high, thin clouds lie over it.
    pub(super) const fn is_cirrus(&self) -> bool {
        self.cirrus > 20
    }
}

/// Noise above this is cloud.
const CLOUD_BASE: i32 = 14_000;
