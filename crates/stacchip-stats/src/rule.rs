//! The port of a statistics rule.

use std::{fmt, ops::AddAssign};

use stacchip_model::{Fraction, Pixels, Quality, Window};

use crate::StatsError;

/// Judges mask pixels as one platform understands them.
pub trait ChipStats: Send + Sync + fmt::Debug {
    /// Its name on the command line, such as `landsat-qa`.
    fn name(&self) -> &str;

    /// Where its pixels come from.
    fn source(&self) -> MaskSource;

    /// Counts the pixels of `block`, each as often as its weights say.
    ///
    /// # Errors
    /// [`StatsError::WrongType`] where the rule can make nothing of numbers of that type.
    fn count(&self, block: MaskBlock<'_>) -> Result<Counts, StatsError>;
}

/// Where a rule's pixels come from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MaskSource {
    /// Nowhere: every chip is clear and full.
    Nothing,
    /// The numbers of an asset's band (from 0).
    Band {
        /// Key of the asset.
        asset: String,
        /// The band, from 0.
        band: usize,
    },
    /// Whether an asset's pixels are valid: 0 where they are not, 255 where they are. Whoever reads
    /// makes it from what [`Validity`] says.
    Validity {
        /// Key of the asset.
        asset: String,
        /// What tells.
        validity: Validity,
    },
}

/// What tells whether a pixel is valid.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Validity {
    /// The raster's own mask, else its alpha band, else its nodata value in all bands (GDAL's
    /// dataset mask), else `otherwise`.
    Declared {
        /// The value that band 1 holds where there is nothing, in a raster that declares no mask,
        /// alpha or nodata; nothing: then every pixel is valid.
        otherwise: Option<f64>,
    },
    /// The raster's own mask or alpha band only.
    Mask,
    /// A nodata value.
    Nodata {
        /// The band it is looked for in, from 0; nothing: every band must hold it.
        band: Option<usize>,
        /// The value; nothing: the raster's own.
        value: Option<f64>,
    },
}

/// A rectangle of mask pixels and how many full-resolution pixels each of them stands for.
#[derive(Debug, Clone, Copy)]
pub struct MaskBlock<'a> {
    /// The pixels the rectangle is taken from; of several bands the first counts.
    pub pixels: &'a Pixels,
    /// The rectangle, within `pixels`; what leaves them is not counted.
    pub window: Window,
    /// How many full-resolution columns each column of the window stands for.
    pub col_weights: &'a [u32],
    /// How many full-resolution rows each row of the window stands for.
    pub row_weights: &'a [u32],
}

/// Full-resolution pixels counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All of them.
    pub all: u64,
    /// Those under cloud.
    pub cloud: u64,
    /// Those without data.
    pub nodata: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.cloud += other.cloud;
        self.nodata += other.nodata;
    }
}

impl Counts {
    /// The shares of a chip of `pixels` full-resolution pixels.
    pub fn quality(&self, pixels: u64) -> Quality {
        Quality {
            cloud: Fraction::of(self.cloud, pixels),
            nodata: Fraction::of(self.nodata, pixels),
        }
    }
}
