//! Files beside a file that say more of its image.

mod esri;
mod levels;
mod map_info;
mod pam;
mod rpc;
mod world_file;

pub use esri::{PagePoints, esri_crs};
pub use map_info::MapInfoTable;
pub use pam::{Pam, PamBand};
pub use rpc::rpc_of_text;
pub use world_file::world_file;
