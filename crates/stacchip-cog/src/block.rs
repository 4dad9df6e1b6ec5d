//! From the bytes of a block to pixels.

use stacchip_model::Window;
use thiserror::Error;

use crate::{
    BlockContext, BlockId, Codecs, Compression, DecodeError, DecodedOrder, Level, Strides,
    pixels::{Layout, fill, place, row_of, three},
};

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
    plain: Vec<u8>,
    turned: Vec<u8>,
    line: Vec<u8>,
    sums: Vec<u8>,
    rendered: Vec<u8>,
}

/// The bytes of a block as they are in the file.
#[derive(Debug, Clone, Copy)]
pub struct BlockBytes<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// The row of the block at which they start: 0, except of uncompressed blocks of which only
    /// some rows were fetched.
    pub first_row: u32,
}

impl<'a> From<&'a [u8]> for BlockBytes<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            first_row: 0,
        }
    }
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
        stored: Option<BlockBytes<'_>>,
        cuts: &mut [Cut<'_>],
        codecs: &Codecs,
        scratch: &mut Scratch,
    ) -> Result<(), BlockError> {
        let block = self.block_window(id).ok_or(BlockError::NoBlock {
            block: id.0,
            count: self.block_count(),
        })?;
        let held = self.block_bands(id);
        for cut in cuts.iter() {
            let inside = block.contains(cut.window) && !cut.window.is_empty();
            if !inside || cut.bands.iter().any(|band| !held.contains(band)) {
                return Err(BlockError::Cut {
                    block: id.0,
                    window: cut.window,
                    bands: cut.bands.to_vec(),
                });
            }
        }
        let scheme = self.encoding.compression;
        if scheme != Compression::NONE && codecs.decoder(scheme).is_none() {
            return Err(BlockError::NoDecoder { scheme });
        }
        if self.is_rendered_apart() {
            return Err(BlockError::Unsupported {
                what: "one plane of colours that are rendered of all (plan a window instead)"
                    .into(),
            });
        }
        let Some(stored) = stored else {
            return cuts.iter_mut().try_for_each(|cut| fill(cut, self));
        };
        let Some(last) = cuts.iter().map(|cut| cut.window.row_end()).max() else {
            return Ok(());
        };
        let rows = usize::try_from(last.saturating_sub(block.row)).unwrap_or(0);
        let context = self.block_context(id);
        let rendering = self.encoding.rendering.as_ref();
        let none = context.compression == Compression::NONE;
        let decoder = codecs.decoder(context.compression);
        let order = match decoder {
            _ if none => DecodedOrder::Stored,
            Some(decoder) => decoder.order(&context),
            None => {
                return Err(BlockError::NoDecoder {
                    scheme: context.compression,
                });
            }
        };
        // Its samples come in groups then, which only the rendering of YCbCr takes apart.
        if scheme == Compression::OLD_JPEG
            && rendering.is_none_or(|rendering| rendering.groups(1, 1).is_none())
            && context.samples > 1
            && context.subsampling != (1, 1)
        {
            return Err(BlockError::Unsupported {
                what: format!(
                    "old JPEG of subsampled colours, PhotometricInterpretation {}",
                    context.photometric
                ),
            });
        }
        let mut layout = Layout::new(self, &context, order)?;
        let Scratch {
            plain,
            turned,
            line,
            sums,
            rendered,
        } = scratch;
        let source = turn(stored.bytes, &context, turned);
        let (plain, first_row) = match decoder {
            Some(decoder) if !none => {
                let rows = match order {
                    DecodedOrder::Stored if rendering.is_none() => rows,
                    _ => context.height as usize,
                };
                let bytes = layout.bytes(rows);
                self.bounded(id, bytes)?;
                let failed = |cause| BlockError::Decode { block: id.0, cause };
                let whole = rows == context.height as usize;
                if whole
                    && rendering.is_none()
                    && let Some(out) = straight(cuts, block, &context, &layout)
                {
                    decoder.decode(source, &context, out).map_err(failed)?;
                    layout.sum(out);
                    return Ok(());
                }
                let plain = if whole {
                    let plain = room(plain, bytes);
                    decoder.decode(source, &context, plain).map_err(failed)?;
                    plain
                } else {
                    let plain = room(plain, bytes.saturating_add(SPARE));
                    decoder
                        .decode_first(source, &context, bytes, plain)
                        .map_err(failed)?;
                    plain.get_mut(..bytes).unwrap_or_default()
                };
                if rendering.is_none()
                    && layout.is_summed()
                    && layout.is_in_place()
                    && let Some(first) = summed_from(cuts, block)
                {
                    let from = layout.bytes(first);
                    layout.sum(plain.get_mut(from..).unwrap_or_default());
                    layout = layout.summed();
                }
                (&*plain, 0)
            }
            _ => (source, stored.first_row as usize),
        };
        let mut piece = Piece {
            id,
            block,
            first_row,
            plain,
            layout,
        };
        if let Some(rendering) = rendering {
            let (width, height) = (block.width as usize, block.height as usize);
            let made = Layout::rendered(width, rendering.bands().into());
            let bytes = made.bytes(height);
            self.bounded(id, bytes)?;
            let rendered = room(rendered, bytes);
            rendering
                .block(
                    piece.plain,
                    &piece.layout,
                    (width, height),
                    line,
                    sums,
                    rendered,
                )
                .ok_or(BlockError::Truncated {
                    block: id.0,
                    wanted: piece.layout.bytes(height) as u64,
                    got: piece.plain.len() as u64,
                })?;
            piece.plain = rendered;
            piece.layout = made;
        }
        for cut in cuts {
            self.cut(&piece, cut, line, sums)?;
        }
        Ok(())
    }

    fn bounded(&self, id: BlockId, bytes: usize) -> Result<(), BlockError> {
        if bytes as u64 > self.limits.block_bytes {
            return Err(BlockError::Limit {
                block: id.0,
                bytes: bytes as u64,
                limit: self.limits.block_bytes,
            });
        }
        Ok(())
    }

    fn cut(
        &self,
        piece: &Piece<'_>,
        cut: &mut Cut<'_>,
        line: &mut Vec<u8>,
        sums: &mut Vec<u8>,
    ) -> Result<(), BlockError> {
        let layout = &piece.layout;
        let inside = cut.window.relative_to(piece.block.col, piece.block.row);
        let top = usize::try_from(inside.row).unwrap_or(usize::MAX);
        let left = usize::try_from(inside.col).unwrap_or(usize::MAX);
        let width = cut.window.width as usize;
        let bytes = width.saturating_mul(self.sample.bytes());
        let first_band = self.block_bands(piece.id).start;
        let direct = layout.is_direct();
        let line_bytes = width
            .saturating_mul(layout.samples)
            .saturating_mul(layout.element.bytes());
        // A line of bits takes eight times as much as its block, and of all bands when one is wanted.
        if !direct && line_bytes as u64 > self.limits.block_bytes {
            return Err(BlockError::Limit {
                block: piece.id.0,
                bytes: line_bytes as u64,
                limit: self.limits.block_bytes,
            });
        }
        for row in 0..cut.window.height as usize {
            let start = top
                .saturating_add(row)
                .checked_sub(piece.first_row)
                .and_then(|r| r.checked_mul(layout.row_bytes));
            let source = start
                .and_then(|start| piece.plain.get(start..start.checked_add(layout.row_bytes)?))
                .ok_or(BlockError::Truncated {
                    block: piece.id.0,
                    wanted: (top.saturating_add(row).saturating_add(1) as u64)
                        .saturating_mul(layout.row_bytes as u64),
                    got: piece.plain.len() as u64,
                })?;
            if direct {
                for slot in 0..cut.bands.len() {
                    let out = row_of(cut, slot, row, bytes)?;
                    layout.line(source, left, width, out, sums);
                }
                continue;
            }
            if layout.is_three_bytes() && cut.bands.len() > 1 {
                // Sums start where the row does.
                let skipped = if layout.is_summed() { 0 } else { left };
                let before = left.saturating_sub(skipped);
                let length = before.saturating_add(width);
                let line = room(line, length.saturating_mul(3));
                let pixels = source.get(skipped.saturating_mul(3)..).unwrap_or_default();
                let (first, others) = line.split_at_mut(length);
                let (second, third) = others.split_at_mut(length);
                three(pixels, [first, second, third]);
                for slot in 0..cut.bands.len() {
                    let band = cut.bands.get(slot).copied().unwrap_or(first_band);
                    let plane = band.saturating_sub(first_band).saturating_mul(length);
                    let out = row_of(cut, slot, row, bytes)?;
                    if let Some(plane) = line.get(plane..plane.saturating_add(length)) {
                        layout.sorted(plane, before, out);
                    }
                }
                continue;
            }
            if layout.is_split() {
                for slot in 0..cut.bands.len() {
                    let band = cut.bands.get(slot).copied().unwrap_or(first_band);
                    let out = row_of(cut, slot, row, bytes)?;
                    layout.band(source, left, band.saturating_sub(first_band), out);
                }
                continue;
            }
            let line = room(line, line_bytes);
            layout.line(source, left, width, line, sums);
            place(line, layout, first_band, cut, row, self.sample.bytes())?;
        }
        Ok(())
    }
}

/// A block, decompressed.
struct Piece<'a> {
    id: BlockId,
    block: Window,
    /// The row of the block at which `plain` starts.
    first_row: usize,
    plain: &'a [u8],
    layout: Layout,
}

/// Where the pixels of the one cut may be decompressed to as they are: it is the whole block, rows
/// and pixels lie as in the block, and what is left to be undone can be undone there.
fn straight<'a>(
    cuts: &'a mut [Cut<'_>],
    block: Window,
    context: &BlockContext<'_>,
    layout: &Layout,
) -> Option<&'a mut [u8]> {
    let [cut] = cuts else {
        return None;
    };
    let alike = cut.window == block
        && (block.width, block.height) == (context.width, context.height)
        && cut.bands.len() == 1
        && cut.strides.row == layout.row_bytes
        && layout.is_in_place();
    if !alike {
        return None;
    }
    let bytes = layout.row_bytes.checked_mul(context.height as usize)?;
    cut.out.get_mut(..bytes)
}

/// The row of the block from which neighbours are summed once for all cuts; nothing where less is to
/// be summed when each sums its own rows, from their starts to where it ends.
fn summed_from(cuts: &[Cut<'_>], block: Window) -> Option<usize> {
    let first = cuts.iter().map(|cut| cut.window.row).min()?;
    let last = cuts.iter().map(|cut| cut.window.row_end()).max()?;
    let each = cuts.iter().map(|cut| {
        let from_start = cut.window.col_end().saturating_sub(block.col);
        from_start.saturating_mul(cut.window.height.into())
    });
    let each = each.fold(0i64, i64::saturating_add);
    let together = last
        .saturating_sub(first)
        .saturating_mul(block.width.into());
    (together < each).then(|| usize::try_from(first.saturating_sub(block.row)).unwrap_or(0))
}

/// The first `bytes` of `buffer`, which grows where it must and is never cleared.
fn room(buffer: &mut Vec<u8>, bytes: usize) -> &mut [u8] {
    if buffer.len() < bytes {
        buffer.resize(bytes, 0);
    }
    buffer.get_mut(..bytes).unwrap_or_default()
}

/// `stored` with the bits of each byte turned round where the file says so. Schemes that are
/// streams of bytes of their own kind are left alone, as in libtiff.
fn turn<'a>(stored: &'a [u8], context: &BlockContext<'_>, turned: &'a mut Vec<u8>) -> &'a [u8] {
    let own = matches!(
        context.compression,
        Compression::JPEG | Compression::OLD_JPEG
    );
    if !context.lsb_first || own {
        return stored;
    }
    turned.clear();
    turned.extend(stored.iter().map(|b| b.reverse_bits()));
    turned
}

/// Room beyond the rows wanted, for decoders that stop only where their room ends: more than a
/// string of deflate (258 bytes) and what is written ahead of it.
const SPARE: usize = 512;
