//! What an index is.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stacchip::{
    index::ChipRow,
    model::{Bounds, jiff::Timestamp},
};

use super::index_check::Check;
use crate::{
    failure::{Failure, chain},
    tables::{open_all, tables},
    wiring::{World, survey},
};

/// The index at `path`, as a document and in words, its first `listed` rows one by one. Each table is
/// looked through once.
///
/// # Errors
/// A failure where a table cannot be read.
pub async fn describe(
    path: &str,
    listed: usize,
    world: &World,
) -> Result<(Value, String), Failure> {
    let mut seen = Seen::default();
    let tables = tables(path, world)?;
    let mut surveys = Vec::with_capacity(tables.len());
    for table in open_all(&tables, world)? {
        let failed = |e| Failure::failed(chain(&e));
        let found = survey(&table, |rows| {
            for row in rows {
                seen.add(row);
                if seen.listed.len() < listed {
                    seen.listed.push(Listed::of(row));
                }
            }
        });
        surveys.push(found.map_err(failed)?);
    }
    let check = Check::of(path, &tables, &surveys, &seen, world).await?;
    let mut document = seen.document(path, tables.len());
    check.add_to(&mut document);
    let text = format!("{}\n\n{}", seen.text(path), check.text());
    Ok((document, text))
}

/// What the rows of an index say.
#[derive(Debug, Default)]
pub(super) struct Seen {
    rows: u64,
    pub(super) items: BTreeSet<String>,
    /// Those whose rows do not say an address.
    pub(super) homeless: BTreeSet<String>,
    platforms: BTreeSet<String>,
    crs: BTreeSet<String>,
    chip_sizes: BTreeSet<(u32, u32)>,
    extent: Option<Bounds>,
    dates: Option<(Timestamp, Timestamp)>,
    cloud: [u64; BINS],
    nodata: [u64; BINS],
    listed: Vec<Listed>,
}

/// A row that is listed by itself.
#[derive(Debug)]
struct Listed {
    chipid: String,
    cloud: f64,
    nodata: f64,
}

impl Listed {
    fn of(row: &ChipRow) -> Self {
        Self {
            chipid: row.chipid.clone(),
            cloud: row.quality.cloud.get(),
            nodata: row.quality.nodata.get(),
        }
    }
}

impl Seen {
    fn add(&mut self, row: &ChipRow) {
        self.rows += 1;
        let scene = &row.scene;
        if !self.items.contains(&scene.item_id) {
            self.items.insert(scene.item_id.clone());
            if scene.item_href.is_none() {
                self.homeless.insert(scene.item_id.clone());
            }
            self.platforms.extend(scene.platform.clone());
            self.crs.insert(scene.crs.clone());
            self.chip_sizes.insert((scene.chip_size, scene.stride));
        }
        if let Some(b) = row.footprint.bounds() {
            self.extent = Some(match self.extent {
                None => b,
                Some(all) => all.extended([b.xmin, b.ymin]).extended([b.xmax, b.ymax]),
            });
        }
        let (first, last) = self.dates.unwrap_or((scene.datetime, scene.datetime));
        self.dates = Some((first.min(scene.datetime), last.max(scene.datetime)));
        self.cloud[bin(row.quality.cloud.get())] += 1;
        self.nodata[bin(row.quality.nodata.get())] += 1;
    }

    fn document(&self, path: &str, tables: usize) -> Value {
        json!({
            "kind": "index",
            "address": path,
            "tables": tables,
            "rows": self.rows,
            "items": self.items.len(),
            "platforms": self.platforms,
            "crs": self.crs,
            "chip_sizes": self.chip_sizes.iter().map(|(size, stride)| json!({
                "chip_size": size, "stride": stride,
            })).collect::<Vec<_>>(),
            "extent": self.extent.map(|b| [b.xmin, b.ymin, b.xmax, b.ymax]),
            "datetime": self.dates.map(|(a, b)| [a.to_string(), b.to_string()]),
            "cloud_histogram": self.cloud,
            "nodata_histogram": self.nodata,
            "first_rows": self.listed.iter().map(|row| json!({
                "chipid": row.chipid,
                "cloud_cover_percentage": row.cloud,
                "nodata_percentage": row.nodata,
            })).collect::<Vec<_>>(),
        })
    }

    fn text(&self, path: &str) -> String {
        let list = |set: &BTreeSet<String>| {
            let first: Vec<&str> = set
                .iter()
                .take(LISTED)
                .map(|s| s.lines().next().unwrap_or_default())
                .collect();
            let more = set.len().saturating_sub(LISTED);
            if more > 0 {
                format!("{} and {more} more", first.join(", "))
            } else {
                first.join(", ")
            }
        };
        let mut lines = vec![
            format!("index       {}", path),
            format!(
                "rows        {} chips of {} item(s)",
                self.rows,
                self.items.len()
            ),
            format!("platforms   {}", list(&self.platforms)),
            format!("crs         {}", list(&self.crs)),
        ];
        for (size, stride) in &self.chip_sizes {
            lines.push(format!("chips       {size} pixels, every {stride}"));
        }
        if let Some(b) = self.extent {
            lines.push(format!(
                "extent      {:.5} {:.5} {:.5} {:.5}",
                b.xmin, b.ymin, b.xmax, b.ymax
            ));
        }
        if let Some((first, last)) = self.dates {
            lines.push(format!("dates       {first} to {last}"));
        }
        lines.push(String::new());
        lines.push("share       chips by cloud            chips by nodata".to_owned());
        let most = self.cloud.iter().chain(&self.nodata).max().copied();
        let most = most.unwrap_or(0).max(1);
        let bar = |count: u64| {
            let length = usize::try_from((count * BAR).div_ceil(most)).unwrap_or(0);
            format!("{count:>8} {:<16}", "█".repeat(length))
        };
        for (i, (&cloud, &nodata)) in self.cloud.iter().zip(&self.nodata).enumerate() {
            lines.push(format!(
                "{:>3}–{:>3} %   {} {}",
                i * 10,
                (i + 1) * 10,
                bar(cloud),
                bar(nodata).trim_end()
            ));
        }
        if !self.listed.is_empty() {
            let longest = self
                .listed
                .iter()
                .map(|row| row.chipid.chars().count())
                .max();
            let width = longest.unwrap_or(0).max("chip".len());
            lines.push(String::new());
            lines.push(format!("{:>5}  {:<width$}   cloud  nodata", "row", "chip"));
            for (number, row) in self.listed.iter().enumerate() {
                lines.push(format!(
                    "{number:>5}  {:<width$} {:>5.1} % {:>5.1} %",
                    row.chipid,
                    row.cloud * 100.0,
                    row.nodata * 100.0
                ));
            }
        }
        lines.join("\n")
    }
}

fn bin(share: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a fraction lies within 0 and 1"
    )]
    let bin = (share * BINS as f64) as usize;
    bin.min(BINS - 1)
}

/// Tenths.
const BINS: usize = 10;
/// Names listed before the rest is counted.
const LISTED: usize = 6;
/// Characters of the longest bar.
const BAR: u64 = 16;
