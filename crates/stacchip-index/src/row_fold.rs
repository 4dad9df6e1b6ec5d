//! From a scene to its rows.

use std::sync::Arc;

use stacchip_model::{ProjectError, Quality};

use crate::{Cell, ChipRow, Footprints, SceneColumns};

/// Makes the rows of a scene's chips, a batch at a time, row by row of the grid, and drops the chips
/// that are too empty.
#[derive(Debug)]
pub struct RowFold<'a> {
    scene: Arc<SceneColumns>,
    footprints: Footprints<'a>,
    max_nodata: f64,
    next: u32,
    kept: u64,
    dropped: u64,
    nowhere: u64,
}

impl<'a> RowFold<'a> {
    /// Rows of the chips of `footprints`, those with a share of nodata up to `max_nodata`.
    pub fn new(
        scene: impl Into<Arc<SceneColumns>>,
        footprints: Footprints<'a>,
        max_nodata: f64,
    ) -> Self {
        Self {
            scene: scene.into(),
            footprints,
            max_nodata,
            next: 0,
            kept: 0,
            dropped: 0,
            nowhere: 0,
        }
    }

    /// The next rows, of some thousand chips judged by `quality`; nothing at the end. A batch is
    /// never empty.
    ///
    /// # Errors
    /// [`ProjectError::UnknownCrs`].
    pub fn next_batch(
        &mut self,
        quality: impl Fn(Cell) -> Quality,
    ) -> Result<Option<Vec<ChipRow>>, ProjectError> {
        let chips = self.footprints.chips();
        let rows = (BATCH / chips.columns().max(1)).max(1);
        while self.next < chips.rows() {
            let first = self.next;
            self.next = first.saturating_add(rows).min(chips.rows());
            let judged: Vec<(Cell, Quality)> = (first..self.next)
                .flat_map(|y| chips.cells_of_row(y))
                .map(|cell| (cell, quality(cell)))
                .collect();
            let too_empty = |q: &Quality| exceeds(*q, self.max_nodata);
            if judged.iter().all(|(_, q)| too_empty(q)) {
                self.dropped += judged.len() as u64;
                continue;
            }
            let footprints = self.footprints.rows(first, rows)?;
            let mut batch = Vec::with_capacity(judged.len());
            for ((cell, quality), footprint) in judged.into_iter().zip(footprints) {
                if too_empty(&quality) {
                    self.dropped += 1;
                } else if footprint.polygons.is_empty() {
                    self.nowhere += 1;
                } else {
                    batch.push(ChipRow {
                        chipid: self.scene.chipid(cell),
                        scene: Arc::clone(&self.scene),
                        x: cell.x,
                        y: cell.y,
                        window: chips.window(cell),
                        quality,
                        footprint,
                    });
                }
            }
            if !batch.is_empty() {
                self.kept += batch.len() as u64;
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Rows made so far.
    pub const fn kept(&self) -> u64 {
        self.kept
    }

    /// Chips dropped so far because they were too empty.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Chips left out so far because no part of them lies on the globe.
    pub const fn nowhere(&self) -> u64 {
        self.nowhere
    }
}

/// Whether more of a chip is empty than `limit`. The share is rounded to the single precision of its
/// column first, and compared as a double, as upstream does; equal shares are kept.
fn exceeds(quality: Quality, limit: f64) -> bool {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the column holds single precision"
    )]
    let stored = quality.nodata.get() as f32;
    f64::from(stored) > limit
}

/// Chips of a batch, unless a single row of the grid has more.
const BATCH: u32 = 8192;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stacchip_model::{
        Affine, Crs, Fraction, Grid, Scene, SceneTime, Size,
        jiff::{civil::date, tz::TimeZone},
    };

    use super::*;
    use crate::{ChipGrid, ChipOptions, sphere::Sphere};

    fn chips(width: u32, height: u32) -> ChipGrid {
        let grid = Grid {
            crs: "TEST:GEOGRAPHIC".parse::<Crs>().unwrap(),
            size: Size::new(width, height),
            transform: Affine::new(1e-4, 0.0, 10.0, 0.0, -1e-4, 45.0),
        };
        let options = ChipOptions {
            chip_size: 1,
            ..ChipOptions::default()
        };
        ChipGrid::new(grid, options).unwrap()
    }

    fn scene() -> Scene {
        let zone = TimeZone::fixed(stacchip_model::jiff::tz::offset(-3));
        let night = date(2021, 10, 24).at(23, 30, 0, 0).to_zoned(zone).unwrap();
        Scene {
            id: "an item".to_owned(),
            collection: Some("a collection".to_owned()),
            time: SceneTime {
                start: Some(night.timestamp()),
                ..SceneTime::default()
            },
            ..Scene::default()
        }
    }

    fn fold(chips: &ChipGrid, max_nodata: f64) -> RowFold<'_> {
        let columns = SceneColumns::of(&scene(), chips).unwrap();
        let footprints = Footprints::new(chips, &Sphere).unwrap();
        RowFold::new(columns, footprints, max_nodata)
    }

    fn empty(share: f64) -> Quality {
        Quality {
            nodata: Fraction::new(share).unwrap(),
            ..Quality::default()
        }
    }

    #[test]
    fn what_the_chips_of_an_item_share() {
        let chips = chips(2, 1);
        let rows = fold(&chips, 0.5)
            .next_batch(|_| Quality::default())
            .unwrap()
            .unwrap();
        assert_eq!(rows[1].chipid, "an item-1-0");
        // 23:30 three hours west of Greenwich is the next day in UTC.
        assert_eq!(rows[1].scene.date(), date(2021, 10, 25));
        assert_eq!(rows[1].scene.platform.as_deref(), Some("a collection"));
        assert_eq!(rows[1].scene.crs, "TEST:GEOGRAPHIC");
        let timeless = Scene {
            time: SceneTime::default(),
            ..scene()
        };
        assert_eq!(
            SceneColumns::of(&timeless, &chips).unwrap_err().to_string(),
            "item an item has neither `datetime` nor `start_datetime`"
        );
    }

    #[test]
    fn a_share_is_compared_as_its_column_holds_it() {
        // In single precision 0.3 is a little more than in double, 0.7 a little less.
        let chips = chips(1, 1);
        for (share, limit, kept) in [
            (0.5, 0.5, 1),
            (0.3, 0.3, 0),
            (0.7, 0.7, 1),
            (0.5 + 1e-12, 0.5, 1),
            (0.51, 0.5, 0),
            (1.0, 1.0, 1),
            (0.0, 0.0, 1),
        ] {
            let mut fold = fold(&chips, limit);
            while fold.next_batch(|_| empty(share)).unwrap().is_some() {}
            assert_eq!(
                (fold.kept(), fold.dropped()),
                (kept, 1 - kept),
                "{share} {limit}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn batches_are_all_kept_chips_in_order(
            width in 1u32..9000, height in 1u32..40, every in 1u16..50,
        ) {
            let height = if width > 500 { height.min(4) } else { height };
            let chips = chips(width, height);
            let judge = |c: Cell| if (c.x ^ c.y).is_multiple_of(every) { empty(0.9) } else { empty(0.1) };
            let mut fold = fold(&chips, 0.5);
            let mut rows = Vec::new();
            while let Some(batch) = fold.next_batch(judge).unwrap() {
                prop_assert!(!batch.is_empty());
                rows.extend(batch);
            }
            let wanted: Vec<_> = chips.cells().filter(|c| judge(*c) == empty(0.1)).collect();
            let got: Vec<_> = rows.iter().map(|r| Cell { x: r.x, y: r.y }).collect();
            prop_assert_eq!(got, wanted);
            prop_assert_eq!(fold.kept() + fold.dropped() + fold.nowhere(), chips.len());
        }
    }
}
