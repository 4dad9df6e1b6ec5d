//! A cube, and the port to what writes it.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use stacchip_chip::{Chip, EncodeChipError};
use stacchip_model::CrsKind;

use super::{ChipLabel, CubeLayout, LayoutError};

/// Chips that go into one file, or one folder, together.
#[derive(Debug, Clone)]
pub struct Cube {
    /// Its number, from 0.
    pub number: u64,
    /// What all chips of all cubes have in common.
    pub layout: Arc<CubeLayout>,
    /// The chips, in the order of their seats; those that failed are left out.
    pub chips: Vec<CubeChip>,
}

impl Cube {
    /// Whether masks say of its chips what values do not; upstream has no place for it.
    pub fn is_masked(&self) -> bool {
        !self.layout.as_upstream && self.chips.iter().any(CubeChip::is_masked)
    }

    /// What is known of where and when each chip was seen, `[chip, 2]` (sine and cosine), under
    /// upstream's names.
    pub fn columns(&self) -> [(&'static str, Vec<[f32; 2]>); 4] {
        let as_upstream = self.layout.as_upstream;
        let each = |of: &dyn Fn(&ChipLabel) -> [f32; 2]| {
            self.chips.iter().map(|chip| of(&chip.label)).collect()
        };
        let (lon, lat) = (each(&ChipLabel::lon_norm), each(&ChipLabel::lat_norm));
        let (lon, lat) = if as_upstream { (lat, lon) } else { (lon, lat) };
        [
            ("lon_norm", lon),
            ("lat_norm", lat),
            ("week_norm", each(&ChipLabel::week_norm)),
            ("hour_norm", each(&|label| label.hour_norm(as_upstream))),
        ]
    }
}

/// A chip in a cube.
#[derive(Debug, Clone)]
pub struct CubeChip {
    /// Its seat in the cube, from 0.
    pub seat: usize,
    /// What is known of it.
    pub label: ChipLabel,
    /// Its pixels, as the layout says.
    pub chip: Chip,
    /// What its reference system measures, where that is known.
    pub crs_kind: Option<CrsKind>,
}

impl CubeChip {
    /// Whether its mask says of a pixel that it is no data.
    pub fn is_masked(&self) -> bool {
        let masks = self.chip.arrays.iter().filter_map(|a| a.mask.as_deref());
        masks.flatten().any(|&valid| valid == 0)
    }
}

/// A file to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CubeFile {
    /// Its name below the folder of cubes.
    pub name: String,
    /// What it holds.
    pub bytes: Bytes,
}

/// Cubes → files.
///
/// Promise: the files of a cube depend on nothing but the cube, and none of them is that of another
/// cube; equal cubes give equal bytes.
pub trait CubeEncoder: Send + Sync + fmt::Debug {
    /// What the format is called.
    fn format(&self) -> &'static str;

    /// Whether files of cubes of `layout` can say what is data in `chip`, which is of their kind: here,
    /// whether its nodata values are theirs.
    ///
    /// # Errors
    /// [`LayoutError`] where they cannot.
    fn check(&self, layout: &CubeLayout, chip: &Chip) -> Result<(), LayoutError> {
        layout.check_nodata(chip)
    }

    /// The files of `cube`.
    ///
    /// # Errors
    /// [`EncodeChipError`] where the format cannot hold it.
    fn encode(&self, cube: &Cube) -> Result<Vec<CubeFile>, EncodeChipError>;

    /// Files that all cubes share, which say what they hold; `cubes` are all there will be.
    ///
    /// # Errors
    /// [`EncodeChipError`] where the format cannot hold such cubes.
    fn shared(&self, layout: &CubeLayout, cubes: u64) -> Result<Vec<CubeFile>, EncodeChipError> {
        let _ = (layout, cubes);
        Ok(Vec::new())
    }
}
