//! From the bytes of a block to pixels.

use stacchip_model::Window;
use thiserror::Error;

use crate::{BlockId, Codecs, Compression, DecodeError, Level, Strides};

/// A piece of a block, and where its pixels go.
#[derive(Debug)]
pub struct Cut<'a> {
    /// The piece, in pixels of the level; inside the [block's window](Level::block_window).
    pub window: Window,
    /// Which of the level's bands, in the order in which they are written; all of them in the
    /// block.
    pub bands: &'a [usize],
    /// Starts at the first pixel of the first band; native byte order.
    pub out: &'a mut [u8],
    /// Where the other rows and bands start.
    pub strides: Strides,
}

/// Buffers for what lies between the bytes of a block and its pixels. It starts empty, grows to
/// the largest block it has seen, and is worth keeping: one for each thread.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) plain: Vec<u8>,
    pub(crate) turned: Vec<u8>,
    pub(crate) line: Vec<u8>,
}

/// Why a block could not be made pixels of.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BlockError {
    /// There is no such block.
    #[error("there is no block {block}: the level has {count}")]
    NoBlock {
        /// The block.
        block: u64,
        /// How many there are.
        count: u64,
    },
    /// The bytes of a block were not given.
    #[error("the bytes of block {block} were not given")]
    NotGiven {
        /// The block.
        block: u64,
    },
    /// The object ends inside the block.
    #[error("block {block} is cut short: {got} of {wanted} bytes are there")]
    Truncated {
        /// The block.
        block: u64,
        /// Bytes that the tables promise.
        wanted: u64,
        /// Bytes there are.
        got: u64,
    },
    /// A cut leaves the block, or asks for a band that the block does not hold.
    #[error("the cut {window:?} of bands {bands:?} is not inside block {block}")]
    Cut {
        /// The block.
        block: u64,
        /// Window of the cut.
        window: Window,
        /// Bands of the cut.
        bands: Vec<usize>,
    },
    /// The buffer given for the pixels is too short.
    #[error("a buffer of {bytes} bytes is too short for the pixels")]
    Buffer {
        /// Its length.
        bytes: usize,
    },
    /// The block is larger than [`Limits`](crate::Limits) allows.
    #[error(
        "block {block} has {bytes} bytes when decompressed, over the limit of {limit}; raise the limit `block_bytes` if you trust the file"
    )]
    Limit {
        /// The block.
        block: u64,
        /// Its bytes.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// There is no decoder for the scheme.
    #[error("no decoder for {scheme} is built in")]
    NoDecoder {
        /// The scheme.
        scheme: Compression,
    },
    /// The pixels are stored in a way that is not read here.
    #[error("{what} is not supported")]
    Unsupported {
        /// The way.
        what: String,
    },
    /// The scheme's decoder failed.
    #[error("block {block}: {cause}")]
    Decode {
        /// The block.
        block: u64,
        /// What the decoder said.
        #[source]
        cause: DecodeError,
    },
}

impl Level {
    /// Makes pixels of the block `id`: undoes its compression once, as far as the last row that
    /// one of `cuts` wants, and fills each of them.
    ///
    /// `stored` holds the bytes of the block as they are in the file; nothing for a
    /// [sparse](crate::BlockPlace::Sparse) one, whose pixels are the [fill](Level::fill).
    ///
    /// # Errors
    /// [`BlockError`]; what the cuts hold then is not promised.
    pub fn decode_block(
        &self,
        id: BlockId,
        stored: Option<&[u8]>,
        cuts: &mut [Cut<'_>],
        codecs: &Codecs,
        scratch: &mut Scratch,
    ) -> Result<(), BlockError> {
        let _ = (id, stored, cuts, codecs, scratch);
        Err(BlockError::Unsupported {
            what: "this yet".into(),
        })
    }
}
