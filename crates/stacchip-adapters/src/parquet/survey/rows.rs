//! What the rows of a table say, compared with what is said of them.

use std::hash::{DefaultHasher, Hash, Hasher};

use ::parquet::file::statistics::Statistics;
use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Date32Type, Float64Type, UInt64Type},
};
use serde_json::Value;
use stacchip_index::{
    ChipRow, GroundCell,
    schema::{BBOX, CELL, DATE, GEOMETRY},
};
use stacchip_model::{Bounds, MultiPolygon};

use super::{Finding, Survey, footer::EDGES};
use crate::parquet::{Table, geo::GEO, rows::days};

/// Goes through the rows of a table.
pub(super) struct Rows<'a> {
    table: &'a Table,
    /// Kinds of what is wrong with rows, how often, and where first.
    wrong: Vec<(&'static str, u64, u64)>,
    /// The boxes of the row group under way, their least and greatest.
    group: Option<[(f64, f64); 4]>,
    /// Row groups whose statistics leave out a row.
    lying: Vec<String>,
    all: Option<Bounds>,
    kinds: [bool; 2],
}

impl<'a> Rows<'a> {
    pub(super) fn of(table: &'a Table) -> Self {
        Self {
            table,
            wrong: Vec::new(),
            group: None,
            lying: Vec::new(),
            all: None,
            kinds: [false; 2],
        }
    }

    /// Looks at `batch`, which holds `rows`, the first of which is row `first` of the table.
    pub(super) fn add(
        &mut self,
        batch: &RecordBatch,
        rows: &[ChipRow],
        first: u64,
        chips: &mut Vec<u64>,
    ) {
        let edges = edges(batch);
        let cells = column(batch, CELL, &DataType::UInt64);
        let cells = cells
            .as_ref()
            .and_then(|a| a.as_primitive_opt::<UInt64Type>());
        let dates = column(batch, DATE, &DataType::Date32);
        let dates = dates
            .as_ref()
            .and_then(|a| a.as_primitive_opt::<Date32Type>());
        for (at, row) in rows.iter().enumerate() {
            let number = first.saturating_add(at as u64);
            let mut wrong = |holds: bool, what| {
                if !holds {
                    note(&mut self.wrong, what, number);
                }
            };
            chips.push(chip_number(row));
            let scene = &row.scene;
            wrong(
                row.chipid == format!("{}-{}-{}", scene.item_id, row.x, row.y),
                "its `chipid` is not {item_id}-{chip_index_x}-{chip_index_y}",
            );
            if let Some(dates) = dates {
                wrong(
                    dates.value(at) == days(scene.date()),
                    "its `date` is not the day of `datetime`",
                );
            }
            let (width, height) = (row.window.width, row.window.height);
            wrong(
                width <= scene.chip_size && height <= scene.chip_size && width > 0 && height > 0,
                "its window is empty or larger than its `chip_size`",
            );
            wrong(
                is_outline(&row.footprint),
                "its outline is none: a ring that is not closed, with less than four points, or off the globe",
            );
            self.kinds[usize::from(row.footprint.polygons.len() != 1)] = true;
            let bounds = row.footprint.bounds();
            if let Some(b) = bounds {
                let all = self.all.unwrap_or(b);
                self.all = Some(all.extended([b.xmin, b.ymin]).extended([b.xmax, b.ymax]));
            }
            if let Some(cells) = cells {
                let centre = GroundCell::of(&row.footprint);
                let cell = centre.map(|c| c.parent(GroundCell::PLACE_LEVEL).id());
                wrong(
                    cell == Some(cells.value(at)),
                    "its `cell` is not that at the centre of its outline",
                );
            }
            if let (Some(edges), Some(b)) = (&edges, bounds) {
                let said = edges.each_ref().map(|e| e.value(at));
                let holds = said[0] <= b.xmin
                    && said[1] <= b.ymin
                    && said[2] >= b.xmax
                    && said[3] >= b.ymax;
                wrong(
                    holds,
                    "its `bbox` does not hold its outline: readers that prune miss it",
                );
                let group = self.group.get_or_insert(said.map(|v| (v, v)));
                for (range, v) in group.iter_mut().zip(said) {
                    *range = (range.0.min(v), range.1.max(v));
                }
            }
        }
    }

    /// Compares the row group that ends here with what is said of it.
    pub(super) fn end_group(&mut self, number: usize) {
        let (Some(seen), Some(group)) = (
            self.group.take(),
            self.table.parquet().row_groups().get(number),
        ) else {
            return;
        };
        for (edge, seen) in EDGES.iter().zip(seen) {
            let path = format!("{}.{edge}", BBOX.name);
            let column = group
                .columns()
                .iter()
                .find(|c| c.column_path().string() == path);
            let said = match column.and_then(|c| c.statistics()) {
                Some(Statistics::Double(s)) => (s.min_opt().copied(), s.max_opt().copied()),
                Some(Statistics::Float(s)) => (
                    s.min_opt().map(|v| f64::from(*v)),
                    s.max_opt().map(|v| f64::from(*v)),
                ),
                _ => (None, None),
            };
            if said.0.is_some_and(|v| v > seen.0) || said.1.is_some_and(|v| v < seen.1) {
                self.lying.push(format!("{path} of row group {number}"));
            }
        }
    }

    /// Says what was found.
    pub(super) fn tell(self, found: &mut Survey) {
        let address = self.table.address();
        for (what, count, first) in self.wrong {
            found.findings.push(Finding::error(
                &address,
                "rows",
                format!("{count} row(s), first row {first}: {what}"),
            ));
        }
        if !self.lying.is_empty() {
            let some: Vec<&str> = self.lying.iter().take(3).map(String::as_str).collect();
            found.findings.push(Finding::error(
                &address,
                "statistics",
                format!(
                    "the statistics of {} ({} in all) leave out rows: readers that prune miss them",
                    some.join(", "),
                    self.lying.len()
                ),
            ));
        }
        let geo = self.table.says(GEO);
        let geo = geo.and_then(|g| serde_json::from_str::<Value>(&g).ok());
        let Some(geo) = geo else {
            return;
        };
        let column = &geo["columns"][GEOMETRY];
        if let (Some(said), Some(b)) = (column["bbox"].as_array(), self.all) {
            let said: Vec<f64> = said.iter().filter_map(Value::as_f64).collect();
            // Of heights too: then the third and the last are theirs.
            let flat = match said.as_slice() {
                [w, s, e, n] | [w, s, _, e, n, _] => Some([*w, *s, *e, *n]),
                _ => None,
            };
            let holds = flat.is_some_and(|[w, s, e, n]| {
                w <= b.xmin && s <= b.ymin && e >= b.xmax && n >= b.ymax
            });
            if !holds {
                found.findings.push(Finding::error(
                    &address,
                    "geo",
                    format!(
                        "its `geo` metadata say the box {}, which does not hold its outlines",
                        column["bbox"]
                    ),
                ));
            }
        }
        if let Some(kinds) = column["geometry_types"].as_array()
            && !kinds.is_empty()
        {
            for (there, name) in self.kinds.into_iter().zip(["Polygon", "MultiPolygon"]) {
                if there && !kinds.iter().any(|k| k == name) {
                    found.findings.push(Finding::error(
                        &address,
                        "geo",
                        format!(
                            "its `geo` metadata do not say that there are outlines of kind {name}"
                        ),
                    ));
                }
            }
        }
    }
}

fn note(wrong: &mut Vec<(&'static str, u64, u64)>, what: &'static str, row: u64) {
    match wrong.iter_mut().find(|(known, _, _)| *known == what) {
        Some((_, count, _)) => *count += 1,
        None => wrong.push((what, 1, row)),
    }
}

/// A number for what makes a chip: its collection, its id, its size and its stride.
pub fn chip_number(row: &ChipRow) -> u64 {
    let mut hasher = DefaultHasher::new();
    let scene = &row.scene;
    (
        &scene.collection,
        &row.chipid,
        scene.chip_size,
        scene.stride,
    )
        .hash(&mut hasher);
    hasher.finish()
}

fn is_outline(outline: &MultiPolygon) -> bool {
    let ring = |ring: &Vec<[f64; 2]>| {
        let on_globe = |p: &[f64; 2]| p[0].abs() <= 180.0 && p[1].abs() <= 90.0;
        ring.len() >= 4 && ring.first() == ring.last() && ring.iter().all(on_globe)
    };
    let polygons = &outline.polygons;
    !polygons.is_empty()
        && polygons
            .iter()
            .all(|p| !p.rings.is_empty() && p.rings.iter().all(ring))
}

fn column(batch: &RecordBatch, name: &str, kind: &DataType) -> Option<ArrayRef> {
    let array = cast(batch.column_by_name(name)?, kind).ok()?;
    (array.null_count() == 0).then_some(array)
}

fn edges(batch: &RecordBatch) -> Option<[arrow::array::Float64Array; 4]> {
    let boxes = batch.column_by_name(BBOX.name)?.as_struct_opt()?;
    let edge = |name: &str| {
        let array = cast(boxes.column_by_name(name)?, &DataType::Float64).ok()?;
        array.as_primitive_opt::<Float64Type>().cloned()
    };
    Some([
        edge(EDGES[0])?,
        edge(EDGES[1])?,
        edge(EDGES[2])?,
        edge(EDGES[3])?,
    ])
}
