//! Index every chip of a STAC item, and cut any of them on demand: the use cases.
//!
//! This room knows the order of things: which raster to ask for what, what to count, what becomes a
//! row. It names no technology; besides the ports of the rooms below it speaks through
//! [`ObjectSink`] and [`Progress`].

pub mod address;
mod addressing;
mod band_names;
mod bbox_window;
mod census;
mod chip_tally;
pub mod cubes;
mod find_grid;
mod harmony;
mod index_scene;
mod label_layer;
mod offload;
mod ports;
pub mod sample;
mod scene_chips;
mod scene_headers;
mod scene_mask;
mod scene_raster;
mod tally;
mod validity;

pub use addressing::{Addressing, AddressingError, resolve};
pub use bbox_window::{BboxError, window_of_bbox};
pub use census::CensusError;
pub use chip_tally::{ChipTally, TalliedChip};
pub use harmony::{Harmony, harmony};
pub use index_scene::{IndexOptions, IndexSceneError, IndexWorld, SceneIndex, index_scene};
pub use label_layer::{LabelError, LabelLayer};
pub use ports::{ObjectSink, Progress, WriteError, WriteErrorKind};
pub use scene_chips::{SceneChips, SceneChipsError, Shaping};
pub use scene_headers::{SceneHeaders, scene_headers};

/// The rooms below, so that one dependency is enough.
pub use {
    stacchip_chip as chip, stacchip_cog as cog, stacchip_index as index, stacchip_model as model,
    stacchip_stats as stats,
};
