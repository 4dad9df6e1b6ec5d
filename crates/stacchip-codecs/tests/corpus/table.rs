//! What became of the files, class by class, as a page of the documentation.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

/// The outcome of all files.
#[derive(Debug, Default)]
pub struct Table {
    /// Of each class: files, those that read right, those excepted.
    classes: BTreeMap<String, [usize; 3]>,
    files: [usize; 3],
    excepted: Vec<(String, String)>,
    refused: Vec<(String, String)>,
}

impl Table {
    /// Adds a file; `exception` says why it need not be right, where it is not.
    pub fn add(&mut self, path: &str, classes: &[String], exception: Option<&str>) {
        let outcome = if exception.is_some() { 2 } else { 1 };
        for class in classes {
            let row = self.classes.entry(class.clone()).or_default();
            row[0] += 1;
            row[outcome] += 1;
        }
        self.files[0] += 1;
        self.files[outcome] += 1;
        if let Some(why) = exception {
            self.excepted.push((path.to_owned(), why.to_owned()));
        }
    }

    /// Adds what became of a file that GDAL refuses, or whose pixels it refuses.
    pub fn add_refused(&mut self, path: &str, answer: &str) {
        self.refused.push((path.to_owned(), answer.to_owned()));
    }

    /// The page.
    pub fn page(&self) -> String {
        let [all, right, excepted] = self.files;
        let mut page = format!(
            "# What is read\n\n\
             Every file of the corpus, read by the test `every_file_reads_as_gdal_reads_it` and held against GDAL 3.12:\n\
             sizes, types, reference systems by their codes, every window, level and mask; with the texts beside a file, all\n\
             but `.aux.xml`. The test writes this page; it fails where the page is not what\n\
             it would write (`STACCHIP_CORPUS_TABLE=1` lets it).\n\n\
             {all} files: {right} right, {excepted} excepted.\n"
        );
        let mut list = |title: &str, heads: [&str; 2], rows: &[(String, String)]| {
            let _ = write!(page, "\n## {title}\n\n");
            if rows.is_empty() {
                page.push_str("None.\n");
                return;
            }
            let _ = write!(page, "| {} | {} |\n|---|---|\n", heads[0], heads[1]);
            for (path, text) in rows {
                let name = path.trim_start_matches("files/").replace('|', "\\|");
                let _ = writeln!(page, "| `{name}` | {} |", text.replace('|', "\\|"));
            }
        };
        list("Exceptions", ["file", "why"], &self.excepted);
        list(
            "Files that GDAL refuses, or whose pixels it refuses",
            ["file", "here"],
            &self.refused,
        );
        page.push_str(
            "\n## By class\n\n| class | files | right | excepted |\n|---|---:|---:|---:|\n",
        );
        for (class, [all, right, excepted]) in &self.classes {
            let _ = writeln!(page, "| {class} | {all} | {right} | {excepted} |");
        }
        page
    }

    /// Checks that the page in the documentation is this one, or writes it where that is asked for.
    pub fn check(&self) -> Result<(), String> {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/corpus.md");
        let page = self.page();
        if env::var_os("STACCHIP_CORPUS_TABLE").is_some() {
            return fs::write(place, page).map_err(|e| e.to_string());
        }
        let held = fs::read_to_string(place).unwrap_or_default();
        if held == page {
            return Ok(());
        }
        Err(
            "docs/corpus.md is not what this test finds: run it with STACCHIP_CORPUS_TABLE=1"
                .into(),
        )
    }
}
