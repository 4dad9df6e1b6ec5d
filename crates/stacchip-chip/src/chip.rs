//! What is asked of a chip, and the chip.

use stacchip_cog::Colour;
use stacchip_model::{Band, Pixels, Size, Window};

use crate::{Alignment, Edge, Frame, NamedPixels, Resampling};

/// What is asked of a chip.
#[derive(Debug, Clone, PartialEq)]
pub struct ChipRequest {
    /// The full-resolution pixel grid of the item.
    pub frame: Frame,
    /// The chip's pixels in it.
    pub window: Window,
    /// Pixels the chip is to have; as many as the window where nothing is said.
    pub output: Option<Size>,
    /// How pixels are made of pixels.
    pub resampling: Resampling,
    /// How rasters lie against the frame.
    pub alignment: Alignment,
    /// What becomes of pixels outside a raster.
    pub edge: Edge,
    /// The assets, in the order wanted.
    pub assets: Vec<AssetRequest>,
}

impl ChipRequest {
    /// The chip of `window` in `frame`, as it is, of `assets`; refused where it leaves a raster.
    pub fn new(frame: Frame, window: Window, assets: Vec<AssetRequest>) -> Self {
        Self {
            frame,
            window,
            output: None,
            resampling: Resampling::Nearest,
            alignment: Alignment::PixelCentres,
            edge: Edge::Refuse,
            assets,
        }
    }

    /// Pixels the chip has.
    pub fn output(&self) -> Size {
        self.output.unwrap_or(self.window.size())
    }
}

/// An asset that a chip is made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AssetRequest {
    /// Its key: the name of its array.
    pub key: String,
    /// Where it is.
    pub address: String,
    /// Its bands, from 0, in the order wanted; all where nothing is said.
    pub bands: Option<Vec<usize>>,
    /// What the item says of its bands; the file's own word goes before it.
    pub described: Vec<Band>,
}

impl AssetRequest {
    /// All bands of the asset `key` at `address`.
    pub fn new(key: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            address: address.into(),
            ..Self::default()
        }
    }
}

/// A chip: an array an asset, all of one height and width.
#[derive(Debug, Clone, PartialEq)]
pub struct Chip {
    /// The arrays, in the order asked for.
    pub arrays: Vec<ChipArray>,
    /// Its pixel grid.
    pub frame: Frame,
}

/// The pixels of one asset in a chip.
#[derive(Debug, Clone, PartialEq)]
pub struct ChipArray {
    /// The asset's key.
    pub name: String,
    /// The pixels.
    pub pixels: Pixels,
    /// The value that means no data.
    pub nodata: Option<f64>,
    /// The names of the bands; empty for no name.
    pub bands: Vec<String>,
    /// What each band is to the eye: as the item's common name of it says, else as the file does.
    pub colours: Vec<Colour>,
    /// 255 where a pixel is valid, 0 where not, `[row, column]`; nothing where values alone tell.
    pub mask: Option<Vec<u8>>,
    /// Whether the raster says in a mask of its own what is valid, and `mask` holds that; otherwise it
    /// tells inside from outside at most.
    pub own_mask: bool,
}

impl Chip {
    /// The arrays as encoders take them.
    pub fn named(&self) -> Vec<NamedPixels<'_>> {
        self.arrays.iter().map(ChipArray::named).collect()
    }
}

impl ChipArray {
    /// The array as encoders take it.
    pub fn named(&self) -> NamedPixels<'_> {
        NamedPixels {
            name: &self.name,
            pixels: &self.pixels,
            bands: &self.bands,
            nodata: self.nodata,
            mask: self.mask.as_deref(),
        }
    }
}
