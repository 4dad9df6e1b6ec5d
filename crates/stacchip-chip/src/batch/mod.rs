//! Many chips at once: each tile is fetched and decoded once, and every chip is cut from it.
//!
//! A chip of 256 pixels on a tile of 1024 takes a sixteenth of what is fetched and inflated for it.
//! Here the chips of a list are looked at together: when a tile is decoded for one of them, the
//! pieces of all others are cut from it as well, as far ahead as the memory given allows.
//!
//! ```
//! use std::sync::Arc;
//! # use stacchip_cog::{Codecs, WriteOptions, testing::MemoryReader, write_cog};
//! # use stacchip_chip::{RasterCache, testing::MemoryOpener};
//! use stacchip_chip::{AssetRequest, ChipReader, ChipRequest, Frame};
//! use stacchip_chip::batch::{BatchOptions, BatchReader, WantedChip};
//! use stacchip_model::{Pixels, Size, Window};
//!
//! # let red = Pixels::from_slice([1, 64, 64], &[7u16; 64 * 64])?;
//! # let file = MemoryReader::new(write_cog(&red, &WriteOptions::cog(), None)?);
//! # let opener = Arc::new(MemoryOpener::default().with("red.tif", Arc::new(file)));
//! # let reader = ChipReader::new(opener, Arc::new(Codecs::new()), Arc::new(RasterCache::default()));
//! // What all chips of a scene have in common, and where each of them is.
//! let frame = Frame::of_size(Size::new(64, 64));
//! let assets = vec![AssetRequest::new("red", "red.tif")];
//! let like = Arc::new(ChipRequest::new(frame, Window::new(0, 0, 16, 16), assets));
//! let wanted = (0..16).map(move |i| WantedChip {
//!     like: Arc::clone(&like),
//!     window: Window::new(i % 4 * 16, i / 4 * 16, 16, 16),
//! });
//!
//! let batch = BatchReader::new(&reader, BatchOptions::default());
//! let mut chips = batch.chips(wanted);
//! for chip in &mut chips {
//!     let chip = chip?;
//!     let mut pixels = vec![0; chip.array(0).byte_len()];
//!     chip.array(0).write(&mut pixels, None)?; // or `chip.into_chip()`
//! }
//! assert_eq!((chips.counts().chips, chips.counts().blocks), (16, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! From the list to chips:
//!
//! 1. The list is put in [`Order`]: as asked, shuffled, or sorted by place. That order is the order of
//!    *turns*, and chips are handed out in it (or, where [`Order::Ready`], as they are complete).
//! 2. Chips enter the look-ahead in that order; what each takes of which block is planned then.
//! 3. The next block decoded is one that the chip whose turn it is still lacks. Its bytes are cut
//!    into *pieces* for all chips of the look-ahead that want it. Where memory is short, the pieces of
//!    the chip whose turn is furthest off give way (L. Bélády, "A study of replacement algorithms",
//!    IBM Systems Journal 5, 1966); what they took is decoded again, and [counted](BatchCounts).
//! 4. A chip all of whose pieces are there is handed out, and made into arrays where it is taken.
//!
//! Which block is decoded when, and what is kept, is decided from the list and the options alone
//! (`planner`), never from what happens to be ready: neither pixels nor counts nor the order depend on
//! threads. A piece belongs to one chip and comes from one block, so that threads share nothing.

mod anew;
mod chips;
mod counts;
mod engine;
mod options;
mod order;
mod planned;
mod planner;
mod preparing;
mod ready_chip;
mod stacked;
mod step;
mod stream;
mod wanted;
mod workers;

pub use chips::{BatchReader, Chips};
pub use counts::BatchCounts;
pub use options::{BatchOptions, Order, Shuffle};
pub use ready_chip::{FailedChip, ReadyArray, ReadyChip};
pub use stacked::{ChipBatch, ChipBatches, StackedArray};
pub use stream::ChipStream;
pub use wanted::WantedChip;
