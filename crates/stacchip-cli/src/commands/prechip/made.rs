//! What a run has made, as it is told at its end.

use serde_json::{Value, json};
use stacchip::cubes::CubeRecord;

/// Cubes that stand, summed up: of each only its lines are kept, and what `--json` tells of it.
#[derive(Debug, Default)]
pub struct Made {
    /// The lines of the manifest.
    pub manifest: String,
    /// Chips in cubes.
    pub chips: u64,
    /// Cubes with a file.
    pub cubes: u64,
    /// Cubes that stood there before.
    pub kept: u64,
    /// Chips that failed.
    pub failed: u64,
    /// Chips that could not be had, of cubes that were kept for it.
    pub missed: u64,
    /// Chips that were left out with them.
    pub left_out: u64,
    told: Option<Told>,
}

#[derive(Debug, Default)]
struct Told {
    cubes: Vec<Value>,
    failed: Vec<Value>,
}

impl Made {
    /// Nothing yet; of which all is `told` in the end, cube by cube.
    pub fn new(told: bool) -> Self {
        Self {
            told: told.then(Told::default),
            ..Self::default()
        }
    }

    /// Takes in the cubes of `records`, which come behind all before.
    pub fn add(&mut self, mut records: Vec<CubeRecord>) {
        records.sort_by_key(|record| record.cube);
        for record in records {
            self.manifest.push_str(&record.to_text());
            self.chips += record.rows.len() as u64;
            self.cubes += u64::from(!record.files.is_empty());
            self.failed += record.failed.len() as u64;
            self.left_out += record.left_out.len() as u64;
            if let Some(told) = &mut self.told {
                told.add(&record);
            }
        }
    }

    /// The document of it, with what else `about` says.
    pub fn document(&self, mut about: Value) -> Value {
        let none = Told::default();
        let told = self.told.as_ref().unwrap_or(&none);
        about["cubes"] = told.cubes.clone().into();
        about["kept"] = self.kept.into();
        about["chips"] = self.chips.into();
        about["failed"] = told.failed.clone().into();
        about["left_out"] = self.left_out.into();
        about
    }
}

impl Told {
    fn add(&mut self, record: &CubeRecord) {
        let files: Vec<_> = record.files.iter().map(|file| &file.path).collect();
        self.cubes.push(json!({
            "cube": record.cube,
            "chips": record.rows.len(),
            "files": files,
        }));
        let failed = record.failed.iter();
        self.failed
            .extend(failed.map(|f| json!({ "row": f.row, "chipid": f.chipid, "error": f.error })));
    }
}
