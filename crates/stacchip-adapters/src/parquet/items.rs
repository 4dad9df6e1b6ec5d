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
    #[serde(default)]
    collection: Option<String>,
}

/// Items by what identifies them: their ids, and the ids of their collections.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptItems(HashMap<String, Vec<(Option<String>, ItemLine)>>);

impl KeptItems {
    /// The item `id` of `collection`. Where one of the two does not say the collection, the only item of that id;
    /// never that of another collection.
    pub fn item(&self, id: &str, collection: Option<&str>) -> Option<&ItemLine> {
        let alike = self.0.get(id)?;
        let same = alike.iter().find(|(of, _)| of.as_deref() == collection);
        let found = same.or_else(|| match alike.as_slice() {
            [only] if only.0.is_none() || collection.is_none() => Some(only),
            _ => None,
        });
        found.map(|(_, line)| line)
    }
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

    /// What identifies its item: the id, and its collection's where it says one.
    ///
    /// # Errors
    /// What is wrong with its JSON.
    pub fn key(&self) -> Result<(String, Option<String>), serde_json::Error> {
        let its: Id<'_> = serde_json::from_str(&self.item)?;
        Ok((its.id.into_owned(), its.collection))
    }

    /// All lines in `text`; of several with one id and collection the first.
    ///
    /// # Errors
    /// What is wrong with the JSON of a line.
    pub fn all(text: &str) -> Result<KeptItems, serde_json::Error> {
        let mut items = KeptItems::default();
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            let line = Self::parse(line)?;
            let (id, collection) = line.key()?;
            let alike = items.0.entry(id).or_default();
            if alike.iter().all(|(of, _)| *of != collection) {
                alike.push((collection, line));
            }
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
            all.item("a b", Some("any")),
            ItemLine::find(&both, "a b").unwrap().as_ref()
        );
        assert!(ItemLine::find("{\"href\":1}", "d").is_err());
        assert_eq!(items_address("s3://b/x.parquet"), "s3://b/x.items.ndjson");
    }

    #[test]
    fn items_of_two_collections_may_have_one_id() {
        let line = |collection: &str, x: u8| {
            format!("{{\"item\":{{\"id\":\"a\",\"collection\":{collection},\"x\":{x}}}}}\n")
        };
        let text = line("\"one\"", 1) + &line("\"two\"", 2) + &line("\"one\"", 3);
        let all = ItemLine::all(&text).unwrap();
        let x = |collection: Option<&str>| {
            let line = all.item("a", collection)?;
            line.item.chars().rev().nth(1)
        };
        assert_eq!((x(Some("one")), x(Some("two"))), (Some('1'), Some('2')));
        assert_eq!((x(Some("three")), x(None)), (None, None));
        let only = ItemLine::all(&line("\"one\"", 1)).unwrap();
        assert!(only.item("a", None).is_some() && only.item("a", Some("two")).is_none());
        assert!(
            ItemLine::all(&line("null", 1))
                .unwrap()
                .item("a", Some("two"))
                .is_some()
        );
    }
}
