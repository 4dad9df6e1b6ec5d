//! Files beside a file that say more of its image.

mod levels;
mod map_info;
mod pam;
mod rpc;
mod world_file;

pub use map_info::MapInfoTable;
pub use pam::{Pam, PamBand};
pub use rpc::rpc_of_text;
pub use world_file::{esri_crs, world_file};
