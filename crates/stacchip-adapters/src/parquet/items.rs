//! The items that stand beside an index.

use std::{collections::HashMap, fmt};

use serde_json::value::RawValue;

/// One line of the items beside an index: where an item was read, and its JSON.
///
/// Written as `{"href":…,"item":{…}}`; the item's text is kept as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemLine {
    /// The address that relative addresses in the item resolve against.
    pub href: Option<String>,
    /// The item, as JSON on one line.
    pub item: String,
}

#[derive(serde::Deserialize)]
struct Line<'a> {
    #[serde(default)]
    href: Option<String>,
    #[serde(borrow)]
    item: &'a RawValue,
}

#[derive(serde::Deserialize)]
struct Id<'a> {
    #[serde(default, borrow)]
    id: std::borrow::Cow<'a, str>,
}

impl ItemLine {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with its JSON.
    pub fn parse(line: &str) -> Result<Self, serde_json::Error> {
        let line: Line<'_> = serde_json::from_str(line)?;
        Ok(Self {
            href: line.href,
            item: line.item.get().to_owned(),
        })
    }

    /// The id of its item.
    ///
    /// # Errors
    /// What is wrong with its JSON.
    pub fn id(&self) -> Result<String, serde_json::Error> {
        let its: Id<'_> = serde_json::from_str(&self.item)?;
        Ok(its.id.into_owned())
    }

    /// All lines in `text`, by the ids of their items; of several with one id the first.
    ///
    /// # Errors
    /// What is wrong with the JSON of a line.
    pub fn all(text: &str) -> Result<HashMap<String, Self>, serde_json::Error> {
        let mut items = HashMap::new();
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            let line = Self::parse(line)?;
            let its: Id<'_> = serde_json::from_str(&line.item)?;
            let id = its.id.into_owned();
            items.entry(id).or_insert(line);
        }
        Ok(items)
    }

    /// The first line in `text` that holds the item `id`; of the others nothing is kept.
    ///
    /// # Errors
    /// What is wrong with the JSON of a line before it.
    pub fn find(text: &str, id: &str) -> Result<Option<Self>, serde_json::Error> {
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            let parsed: Line<'_> = serde_json::from_str(line)?;
            let its: Id<'_> = serde_json::from_str(parsed.item.get())?;
            if its.id == id {
                return Self::parse(line).map(Some);
            }
        }
        Ok(None)
    }
}

/// The line, without an end of line.
impl fmt::Display for ItemLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let href = serde_json::to_string(&self.href).map_err(|_| fmt::Error)?;
        write!(f, "{{\"href\":{href},\"item\":{}}}", self.item)
    }
}

/// Where the items of the index at `index` stand: `X.parquet` → `X.items.ndjson`.
pub fn items_address(index: &str) -> String {
    let stem = index
        .strip_suffix(".parquet")
        .or_else(|| index.strip_suffix(".geoparquet"))
        .unwrap_or(index);
    format!("{stem}.items.ndjson")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_leads_back() {
        let line = ItemLine {
            href: Some("/data/\"odd\"\n.json".to_owned()),
            item: "{\"id\":\"a\\u0020b\",\"x\":1.50}".to_owned(),
        };
        let text = line.to_string();
        assert!(!text.contains('\n'));
        assert_eq!(ItemLine::parse(&text).unwrap(), line);
        let other = "{\"href\":null,\"item\":{\"id\":\"c\"}}";
        let both = format!("{other}\n\n{text}\n");
        assert_eq!(ItemLine::find(&both, "a b").unwrap(), Some(line));
        assert_eq!(ItemLine::find(&both, "d").unwrap(), None);
        let all = ItemLine::all(&both).unwrap();
        assert_eq!(
            all.get("a b"),
            ItemLine::find(&both, "a b").unwrap().as_ref()
        );
        assert!(ItemLine::find("{\"href\":1}", "d").is_err());
        assert_eq!(items_address("s3://b/x.parquet"), "s3://b/x.items.ndjson");
    }
}
