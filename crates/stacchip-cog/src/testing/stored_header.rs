//! That a header taken apart and put together again is the same.

use crate::{
    BlockId, Cog, Image, Level, Limits, NotStorable, RangeReader, StoredHeader, fetch_all_tables,
    open,
};

/// Checks that the header of the object behind `reader`, taken apart and put together again, is the
/// same in all its parts. Answers with what was kept; nothing where it cannot be.
///
/// # Errors
/// What differs, or why it cannot be read.
pub async fn check_stored_header(
    reader: &dyn RangeReader,
    limits: &Limits,
) -> Result<Option<StoredHeader>, String> {
    let cog = open(reader, limits).await.map_err(|e| e.to_string())?;
    fetch_all_tables(reader, &cog)
        .await
        .map_err(|e| e.to_string())?;
    let stored = match StoredHeader::of(reader.address(), reader, &cog) {
        Ok(stored) => stored,
        Err(NotStorable::Unversioned) => return Err("the reader tells no version".to_owned()),
        Err(_) => return Ok(None),
    };
    let again = stored
        .rebuild(limits)
        .map_err(|e| format!("it is not taken back: {e}"))?;
    same_cog(&cog, &again)?;
    if StoredHeader::of(reader.address(), reader, &again) != Ok(stored.clone()) {
        return Err("taken apart once more it differs".to_owned());
    }
    Ok(Some(stored))
}

fn same_cog(a: &Cog, b: &Cog) -> Result<(), String> {
    let Cog {
        images,
        big_endian,
        big_tiff,
        ghost,
        warnings,
    } = a;
    same("byte order", big_endian, &b.big_endian)?;
    same("BigTIFF", big_tiff, &b.big_tiff)?;
    same("ghost area", ghost, &b.ghost)?;
    same("warnings", warnings, &b.warnings)?;
    same("images", &images.len(), &b.images.len())?;
    images
        .iter()
        .zip(&b.images)
        .try_for_each(|(a, b)| same_image(a, b))
}

fn same_image(a: &Image, b: &Image) -> Result<(), String> {
    let Image {
        levels,
        bands,
        nodata,
        georeference,
        colour_table,
        metadata,
        domains,
    } = a;
    same("bands", bands, &b.bands)?;
    same("nodata", nodata, &b.nodata)?;
    same("georeference", georeference, &b.georeference)?;
    same("colour table", colour_table, &b.colour_table)?;
    same("metadata", metadata, &b.metadata)?;
    same("domains", domains, &b.domains)?;
    same("levels", &levels.len(), &b.levels.len())?;
    levels
        .iter()
        .zip(&b.levels)
        .try_for_each(|(a, b)| same_level(a, b))
}

fn same_level(a: &Level, b: &Level) -> Result<(), String> {
    let Level {
        size,
        block,
        tiled,
        encoding,
        sample,
        fill,
        promote,
        mask,
        source,
        directory,
        table,
        limits,
    } = a;
    same("size", size, &b.size)?;
    same("block", block, &b.block)?;
    same("tiles", tiled, &b.tiled)?;
    same("encoding", encoding, &b.encoding)?;
    same("sample", sample, &b.sample)?;
    same("fill", fill, &b.fill)?;
    same("promotion", promote, &b.promote)?;
    same("source", source, &b.source)?;
    same("directory", directory, &b.directory)?;
    same("limits", limits, &b.limits)?;
    for block in 0..a.block_count().min(1 << 20) {
        let id = BlockId(block);
        same("place of a block", &table.place(id), &b.table.place(id))?;
    }
    match (mask, &b.mask) {
        (Some(a), Some(b)) => same_level(a, b),
        (None, None) => Ok(()),
        _ => Err("one has a mask and the other none".to_owned()),
    }
}

/// By their texts, since what is no number equals nothing.
fn same<T: std::fmt::Debug>(what: &str, a: &T, b: &T) -> Result<(), String> {
    let (a, b) = (format!("{a:?}"), format!("{b:?}"));
    if a == b {
        return Ok(());
    }
    Err(format!("{what}: {a} became {b}"))
}
