//! Whether a file is laid out as a Cloud Optimized GeoTIFF.

use std::ops::Range;

use crate::{BlockId, BlockPlace, Cog, Level, Source};

/// What keeps a file from being a Cloud Optimized GeoTIFF, and what is merely not advisable.
///
/// The rules are those of GDAL's `validate_cloud_optimized_geotiff`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conformance {
    /// What breaks a rule; none in a valid file.
    pub errors: Vec<String>,
    /// What is not advisable.
    pub warnings: Vec<String>,
}

impl Conformance {
    /// Whether no rule is broken.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }
}

impl Cog {
    /// Holds the first image against the rules.
    ///
    /// # Errors
    /// The bytes of the tables of blocks that must be supplied first (see
    /// [`BlockTable::supply`](crate::BlockTable::supply)): each with the level it belongs to.
    pub fn conformance(&self) -> Result<Conformance, Vec<(usize, Range<u64>)>> {
        let mut found = Conformance::default();
        let Some(image) = self.images.first() else {
            return Ok(found);
        };
        let Some(base) = image.base() else {
            return Ok(found);
        };
        let large = base.size.width > LARGE || base.size.height > LARGE;
        let internal: Vec<(usize, &Level)> = image
            .levels
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, level)| level.source == Source::Main)
            .map(|(i, level)| (i, level.as_ref()))
            .collect();
        if large {
            if !base.tiled {
                found.errors.push(format!(
                    "the raster is larger than {LARGE} pixels and not tiled"
                ));
            }
            if image.levels.len() == 1 {
                found.warnings.push(format!(
                    "the raster is larger than {LARGE} pixels and has no overviews"
                ));
            }
        }
        if internal.len() + 1 < image.levels.len() {
            found
                .errors
                .push("overviews are in a file of their own, not inside".to_owned());
        }
        self.check_first_directory(base, &mut found);

        let mut before = base.as_ref();
        for &(i, level) in &internal {
            if level.directory < before.directory {
                found.errors.push(format!(
                    "the directory of overview {i} (byte {}) lies before that of the level above it (byte {})",
                    level.directory, before.directory
                ));
            }
            if level.size.width > before.size.width || level.size.height > before.size.height {
                found
                    .errors
                    .push(format!("overview {i} is larger than the level above it"));
            }
            if !level.tiled && (level.size.width > LARGE || level.size.height > LARGE) {
                found.errors.push(format!("overview {i} is not tiled"));
            }
            before = level;
        }
        check_data_order(base, &internal, &mut found)?;
        Ok(found)
    }

    fn check_first_directory(&self, base: &Level, found: &mut Conformance) {
        let header = if self.big_tiff { 16 } else { 8 };
        // A ghost area may stand between; GDAL's own is well below this.
        let limit = if self.ghost.is_some() { 4096 } else { 300 };
        if base.directory < header || base.directory > limit {
            found.errors.push(format!(
                "the first directory is at byte {}, not at the beginning of the file",
                base.directory
            ));
        }
    }
}

/// Data of small overviews come first, those of full resolution last, all after the directories.
fn check_data_order(
    base: &Level,
    internal: &[(usize, &Level)],
    found: &mut Conformance,
) -> Result<(), Vec<(usize, Range<u64>)>> {
    let mut missing = Vec::new();
    let mut first = |i: usize, level: &Level| match first_block(level) {
        Ok(at) => at,
        Err(ranges) => {
            missing.extend(ranges.into_iter().map(|range| (i, range)));
            None
        }
    };
    let base_data = first(0, base);
    let data: Vec<(usize, Option<u64>)> = internal
        .iter()
        .map(|&(i, level)| (i, first(i, level)))
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    let last_directory = internal
        .iter()
        .map(|(_, level)| level.directory)
        .chain([base.directory])
        .max()
        .unwrap_or(0);
    let first_data = data.iter().filter_map(|&(_, at)| at).chain(base_data).min();
    if first_data.is_some_and(|at| at < last_directory) {
        found
            .errors
            .push("pixels lie before the last directory".to_owned());
    }
    let mut after = base_data.map(|at| ("full resolution".to_owned(), at));
    for (i, at) in data {
        let Some(at) = at else { continue };
        if let Some((name, after)) = &after
            && at > *after
        {
            found.errors.push(format!(
                "the pixels of overview {i} (byte {at}) lie after those of {name} (byte {after})"
            ));
        }
        after = Some((format!("overview {i}"), at));
    }
    Ok(())
}

/// Where the first block that is in the file starts, looking at the first few; or the bytes of the
/// tables that would tell.
fn first_block(level: &Level) -> Result<Option<u64>, Vec<Range<u64>>> {
    for id in 0..level.block_count().min(LOOKED_AT) {
        match level.table.place(BlockId(id)) {
            BlockPlace::At(range) => return Ok(Some(range.start)),
            BlockPlace::Unknown(ranges) => return Err(ranges),
            BlockPlace::Sparse | BlockPlace::Lost => {}
        }
    }
    Ok(None)
}

/// Pixels along an edge up to which a raster needs neither tiles nor overviews.
const LARGE: u32 = 512;
/// Blocks looked at for one that is not sparse.
const LOOKED_AT: u64 = 1024;
