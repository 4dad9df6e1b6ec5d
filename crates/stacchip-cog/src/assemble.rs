//! From directories to images, as GDAL sees them.

use crate::{
    Cog, HeaderError, Limits, Warning,
    header::{ByteOrder, Directory, Pages, Place, Preamble},
};

/// Puts the directories `found` together.
pub(crate) fn assemble(
    preamble: Preamble,
    found: &[(Directory, Place)],
    pages: &Pages,
    warnings: Vec<Warning>,
    limits: &Limits,
) -> Result<Cog, HeaderError> {
    let _ = (pages, limits);
    if found.is_empty() {
        return Err(HeaderError::NoDirectory { offset: 0 });
    }
    Ok(Cog {
        images: Vec::new(),
        big_endian: preamble.order == ByteOrder::Big,
        big_tiff: preamble.big,
        ghost: None,
        warnings,
    })
}
