//! What the book and the README say of themselves holds: pages are listed, links lead somewhere, code is compiled, and
//! the table of columns is the schema.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use stacchip_cog::Limits;
use stacchip_index::schema::{BBOX, COLUMNS, Column, ColumnType};
use stacchip_stats::RulesFile;

#[test]
fn every_page_is_listed_and_every_listed_page_is_there() {
    let docs = root().join("docs");
    let listed: BTreeSet<PathBuf> = links(&read(&docs.join("SUMMARY.md")))
        .into_iter()
        .map(|link| docs.join(link))
        .collect();
    let there: BTreeSet<PathBuf> = pages(&docs)
        .into_iter()
        .filter(|page| !page.ends_with("SUMMARY.md"))
        .collect();
    assert!(!there.is_empty(), "no pages in {}", docs.display());
    let missing: Vec<_> = listed.difference(&there).collect();
    let unlisted: Vec<_> = there.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "listed in SUMMARY.md but not there: {missing:?}"
    );
    assert!(
        unlisted.is_empty(),
        "not listed in SUMMARY.md: {unlisted:?}"
    );
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    let mut followed = 0;
    for page in pages(&root().join("docs")).into_iter().chain(papers()) {
        for link in links(&read(&page)) {
            if link.contains("://") || link.starts_with('#') || link.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            let file = link.split('#').next().unwrap_or_default();
            let target = page.parent().expect("a page lies in a folder").join(file);
            if !target.exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(followed > 0, "no links at all");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_with_rust_is_compiled() {
    let compiled = read(&root().join("scripts/book/src/lib.rs"));
    for page in pages(&root().join("docs")).into_iter().chain(papers()) {
        let holds_rust = read(&page)
            .lines()
            .any(|line| line.trim_start().starts_with("```rust"));
        let name = page
            .strip_prefix(root())
            .expect("a page of ours")
            .to_string_lossy()
            .into_owned();
        assert!(
            !holds_rust || compiled.contains(&format!("../../../{name}")),
            "{name} holds Rust that nothing compiles"
        );
    }
}

#[test]
fn the_table_of_columns_is_the_schema() {
    let page = read(&root().join("docs/index-format.md"));
    let told: Vec<(String, String, String)> = page
        .lines()
        .skip_while(|line| !line.starts_with("| column | type | null |"))
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| {
            let mut cells = line.trim_end_matches('|').split('|').map(str::trim);
            let name = cells.next()?.trim_end_matches('`').to_owned();
            Some((name, cells.next()?.to_owned(), cells.next()?.to_owned()))
        })
        .collect();
    let is: Vec<(String, String, String)> = COLUMNS.iter().chain([&BBOX]).map(described).collect();
    assert_eq!(told, is, "docs/index-format.md and the schema differ");
}

#[test]
fn the_table_of_limits_is_the_default() {
    let page = read(&root().join("docs/limits.md"));
    let Limits {
        directories,
        entries,
        bands,
        tag_bytes,
        header_bytes,
        first_read_bytes,
        page_bytes,
        block_bytes,
        stored_block_bytes,
        window_bytes,
        window_blocks,
        window_stored_bytes,
        window_decoded_bytes,
    } = Limits::default();
    let is = [
        ("directories", directories.to_string()),
        ("entries", entries.to_string()),
        ("bands", bands.to_string()),
        ("tag_bytes", bytes(tag_bytes)),
        ("header_bytes", bytes(header_bytes)),
        ("first_read_bytes", bytes(first_read_bytes)),
        ("page_bytes", bytes(page_bytes)),
        ("block_bytes", bytes(block_bytes)),
        ("stored_block_bytes", bytes(stored_block_bytes)),
        ("window_bytes", bytes(window_bytes)),
        ("window_blocks", window_blocks.to_string()),
        ("window_stored_bytes", bytes(window_stored_bytes)),
        ("window_decoded_bytes", bytes(window_decoded_bytes)),
    ];
    for (name, value) in is {
        let row = format!("| `{name}` | {value} |");
        assert!(page.contains(&row), "docs/limits.md lacks {row}");
    }
}

#[test]
fn the_rules_shown_are_rules() {
    let page = read(&root().join("docs/statistics.md"));
    let shown: Vec<&str> = page
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!shown.is_empty(), "no rules in docs/statistics.md");
    for text in shown {
        let rules: RulesFile = text.parse().expect("the rules of the page are rules");
        assert_eq!(rules.len(), text.matches("[[rule]]").count());
    }
}

/// A count of bytes in the largest unit that divides it.
fn bytes(count: u64) -> String {
    [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        .into_iter()
        .find(|(shift, _)| count.is_multiple_of(1 << shift))
        .map_or_else(
            || format!("{count} bytes"),
            |(shift, unit)| format!("{} {unit}", count >> shift),
        )
}

/// Name, type and whether it may be null, as the page says them.
fn described(column: &Column) -> (String, String, String) {
    let kind = match column.kind {
        ColumnType::Utf8 => "string",
        ColumnType::Date => "date32",
        ColumnType::Timestamp => "timestamp(µs, UTC)",
        ColumnType::U16 => "uint16",
        ColumnType::U32 => "uint32",
        ColumnType::U64 => "uint64",
        ColumnType::F32 => "float32",
        ColumnType::Geometry => "WKB",
        ColumnType::Bbox => "struct of 4 float64",
        _ => "a type this test does not know",
    };
    let nullable = if column.nullable { "yes" } else { "no" };
    (column.name.to_owned(), kind.to_owned(), nullable.to_owned())
}

/// The targets of all Markdown links of a text, code blocks left out.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let mut rest = line;
        while let Some((_, after)) = rest.split_once("](") {
            let Some((target, tail)) = after.split_once(')') else {
                break;
            };
            found.push(target.to_owned());
            rest = tail;
        }
    }
    found
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of pages is there") {
        let path = entry.expect("an entry is readable").path();
        // What mdBook makes lies among the pages it is made of.
        if path.is_dir() && !path.ends_with("docs/book") {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

/// The papers at the root.
fn papers() -> Vec<PathBuf> {
    ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(|name| root().join(name))
        .to_vec()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic_at(path, &error))
}

#[expect(clippy::panic, reason = "a test names the file it could not read")]
fn panic_at(path: &Path, error: &std::io::Error) -> ! {
    panic!("{}: {error}", path.display())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace is there")
}
