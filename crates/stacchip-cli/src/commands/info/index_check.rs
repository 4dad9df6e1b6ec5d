//! Whether an index is what it says it is.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use serde_json::{Value, json};

use super::index::Seen;
use crate::{
    afar::is_afar,
    beside::{beside_of, headers_of, items_of},
    failure::{Failure, chain},
    item_files::is_item_table,
    tables::open_all,
    wiring::{Finding, ItemLine, KeptItemTable, Survey, World, chip_number, survey, twice},
};

/// What was found.
#[derive(Debug)]
pub struct Check {
    findings: Vec<Finding>,
    more: BTreeSet<String>,
    versions: BTreeSet<String>,
    /// Items whose JSON, and whose headers, stand beside the tables.
    items: usize,
    headers: bool,
}

impl Check {
    /// Looks at what was found in each of the `tables`, at all of them together, and at what stands beside.
    ///
    /// # Errors
    /// A failure where a folder or table cannot be read.
    pub async fn of(
        path: &str,
        tables: &[String],
        surveys: &[Survey],
        seen: &Seen,
        world: &World,
    ) -> Result<Self, Failure> {
        let mut check = Self {
            findings: surveys.iter().flat_map(|s| s.findings.clone()).collect(),
            more: surveys.iter().flat_map(|s| s.more.clone()).collect(),
            versions: surveys.iter().filter_map(|s| s.version.clone()).collect(),
            items: 0,
            headers: false,
        };
        check.duplicates(tables, surveys, world)?;
        check.columns(path, surveys);
        check.beside(path, tables, seen, world).await?;
        Ok(check)
    }

    /// Chips that are there twice, in one table or in two.
    fn duplicates(
        &mut self,
        tables: &[String],
        surveys: &[Survey],
        world: &World,
    ) -> Result<(), Failure> {
        let twice = twice(surveys);
        if twice.is_empty() {
            return Ok(());
        }
        // Who they are is read again, of the tables that hold them.
        let mut where_: HashMap<u64, Vec<(String, usize)>> = HashMap::new();
        for (number, (path, of)) in tables.iter().zip(surveys).enumerate() {
            if !of.chips.iter().any(|c| twice.binary_search(c).is_ok()) {
                continue;
            }
            let failed = |e| Failure::failed(chain(&e));
            let opened = open_all(std::slice::from_ref(path), world)?;
            let Some(table) = opened.first() else {
                continue;
            };
            survey(table, |rows| {
                for row in rows {
                    let chip = chip_number(row);
                    if twice.binary_search(&chip).is_ok() {
                        where_
                            .entry(chip)
                            .or_default()
                            .push((row.chipid.clone(), number));
                    }
                }
            })
            .map_err(failed)?;
        }
        let mut examples: Vec<(&str, usize, usize)> = Vec::new();
        for places in where_.values() {
            if let [(id, first), (_, second), ..] = places.as_slice() {
                examples.push((id, *first, *second));
            }
        }
        examples.sort_unstable();
        let name = |n: usize| tables.get(n).cloned().unwrap_or_default();
        if let Some((id, first, second)) = examples.first() {
            let place = if first == second {
                format!("twice in {}", name(*first))
            } else {
                format!("in {} and in {}", name(*first), name(*second))
            };
            self.findings.push(Finding::error(
                &name(*first),
                "duplicates",
                format!(
                    "{} chip(s) are there more than once; {id} is {place}: `stacchip merge` leaves out what is the same",
                    examples.len()
                ),
            ));
        }
        Ok(())
    }

    /// Columns that some tables have and others have not.
    fn columns(&mut self, path: &str, surveys: &[Survey]) {
        for name in &self.more {
            let having = surveys.iter().filter(|s| s.more.contains(name)).count();
            if having < surveys.len() {
                self.findings.push(Finding::warning(
                    path,
                    "schema",
                    format!(
                        "{having} of {} tables have a column `{name}`",
                        surveys.len()
                    ),
                ));
            }
        }
        if self.versions.len() > 1 {
            let versions: Vec<&str> = self.versions.iter().map(String::as_str).collect();
            self.findings.push(Finding::warning(
                path,
                "schema",
                format!(
                    "its tables are of several versions: {}",
                    versions.join(", ")
                ),
            ));
        }
    }

    /// Whether rows lead to their items, and what stands beside can be read.
    async fn beside(
        &mut self,
        path: &str,
        tables: &[String],
        seen: &Seen,
        world: &World,
    ) -> Result<(), Failure> {
        let found = beside_of(&[path.to_owned()], tables, world)?;
        let mut kept = BTreeSet::new();
        for file in &found.items {
            match ids_in(file, world) {
                Ok(ids) => kept.extend(ids),
                Err(why) => self.findings.push(Finding::error(
                    file,
                    "beside",
                    format!("these items cannot be read: {why}"),
                )),
            }
        }
        self.items = seen.items.intersection(&kept).count();
        let lost: Vec<&String> = seen.homeless.difference(&kept).collect();
        if let Some(first) = lost.first() {
            let table = tables.first().map_or(path, String::as_str);
            let wanted = items_of(table, first, world)?;
            self.findings.push(Finding::error(
                path,
                "beside",
                format!(
                    "{} item(s), {first} for one, are neither kept beside it ({}) nor have an address: their pixels cannot be found",
                    lost.len(),
                    wanted.address
                ),
            ));
        }
        let without: Vec<&String> = kept.difference(&seen.items).collect();
        if let (Some(first), false) = (without.first(), seen.items.is_empty()) {
            self.findings.push(Finding::warning(
                path,
                "beside",
                format!(
                    "{} item(s), {first} for one, are kept beside it and have no chip in it",
                    without.len()
                ),
            ));
        }
        for file in &found.headers {
            self.headers = true;
            if let Err(failure) = world.use_headers(file).await {
                self.findings.push(Finding::error(
                    file,
                    "beside",
                    format!("these headers cannot be read, chips are cut without them: {failure}"),
                ));
            }
        }
        let item = seen.items.iter().next();
        let table = tables.first();
        if let (Some(item), Some(table)) = (item, table) {
            self.headers |= headers_of(table, item, world)?.is_some();
        }
        Ok(())
    }

    /// Puts what was found into the document of the index.
    pub fn add_to(&self, document: &mut Value) {
        let of = |grave: bool| -> Vec<Value> {
            let these = self.findings.iter().filter(|f| f.grave == grave);
            these.map(Finding::document).collect()
        };
        let errors = of(true);
        document["schema_versions"] = json!(self.versions);
        document["more_columns"] = json!(self.more);
        document["items_kept"] = json!(self.items);
        document["headers_kept"] = json!(self.headers);
        document["check"] = json!({
            "valid": errors.is_empty(),
            "errors": errors,
            "warnings": of(false),
        });
    }

    /// The same in words.
    pub fn text(&self) -> String {
        let versions: Vec<&str> = self.versions.iter().map(String::as_str).collect();
        let more: Vec<&str> = self.more.iter().map(String::as_str).collect();
        let mut lines = vec![
            format!(
                "schema      {}",
                if versions.is_empty() {
                    "not said".to_owned()
                } else {
                    versions.join(", ")
                }
            ),
            format!(
                "beside      {} item(s), {}",
                self.items,
                if self.headers {
                    "headers"
                } else {
                    "no headers"
                }
            ),
        ];
        if !more.is_empty() {
            lines.push(format!(
                "columns     {} more: {}",
                more.len(),
                more.join(", ")
            ));
        }
        let errors = self.findings.iter().filter(|f| f.grave).count();
        lines.push(match (errors, self.findings.len() - errors) {
            (0, 0) => "check       it is what it says it is".to_owned(),
            (errors, warnings) => format!("check       {errors} error(s), {warnings} warning(s)"),
        });
        for finding in self.findings.iter().take(MOST) {
            let kind = if finding.grave { "error" } else { "warning" };
            lines.push(format!("  {kind}: {}: {}", finding.table, finding.what));
        }
        if self.findings.len() > MOST {
            lines.push(format!(
                "  and {} more (all with --json)",
                self.findings.len() - MOST
            ));
        }
        lines.join("\n")
    }
}

/// Findings that are told one by one.
const MOST: usize = 20;

/// The ids of the items in a file beside an index.
fn ids_in(address: &str, world: &World) -> Result<Vec<String>, String> {
    let copy = if is_afar(address) {
        let copy = world.afar().and_then(|afar| afar.copy(address));
        Some(copy.map_err(|failure| failure.to_string())?)
    } else {
        None
    };
    let file: &Path = copy.as_ref().map_or(Path::new(address), |copy| copy);
    if is_item_table(file) {
        let keys = KeptItemTable::open(file).and_then(|table| table.keys());
        let ids = keys.map(|keys| keys.into_iter().map(|(id, _)| id).collect());
        return ids.map_err(|e| chain(&e));
    }
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let lines = text.lines().filter(|l| !l.trim().is_empty());
    let ids = lines.map(|line| ItemLine::parse(line)?.id());
    ids.collect::<Result<_, _>>().map_err(|e| e.to_string())
}
