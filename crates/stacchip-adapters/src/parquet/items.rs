//! The items that stand beside an index.

use std::{
    collections::HashMap,
    fmt,
    io::{self, BufRead, Read},
    ops::Range,
};

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

/// Where items stand in a file of lines, by what identifies them: their ids, and the ids of their collections.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptItems(HashMap<String, Vec<Kept>>);

/// An item of a known id: its collection, and where its line stands.
type Kept = (Option<String>, Range<u64>);

impl KeptItems {
    /// Looks through all lines of `source`, of which one is held at a time; of several with one id and collection the
    /// first counts.
    ///
    /// # Errors
    /// Where it cannot be read, or a line is not one of [`ItemLine`], or longer than 256 MiB.
    pub fn scan(mut source: impl BufRead) -> io::Result<Self> {
        let mut places: HashMap<String, Vec<Kept>> = HashMap::new();
        let (mut at, mut number, mut text) = (0, 0u64, String::new());
        loop {
            text.clear();
            let length = source.by_ref().take(LONGEST).read_line(&mut text)? as u64;
            if length == 0 {
                return Ok(Self(places));
            }
            let place = at..at + length;
            (at, number) = (place.end, number + 1);
            if text.trim().is_empty() {
                continue;
            }
            let key = ItemLine::parse(&text).and_then(|line| line.key());
            let (id, collection) = key.map_err(|error| {
                let why = format!("line {number}, at byte {}: {error}", place.start);
                io::Error::new(io::ErrorKind::InvalidData, why)
            })?;
            let alike = places.entry(id).or_default();
            if alike.iter().all(|(of, _)| *of != collection) {
                alike.push((collection, place));
            }
        }
    }

    /// Where the line of the item `id` of `collection` stands. Where one of the two does not say the collection, of
    /// the only item of that id; never of that of another collection.
    pub fn place(&self, id: &str, collection: Option<&str>) -> Option<&Range<u64>> {
        let alike = self.0.get(id)?;
        let same = alike.iter().find(|(of, _)| of.as_deref() == collection);
        let found = same.or_else(|| match alike.as_slice() {
            [only] if only.0.is_none() || collection.is_none() => Some(only),
            _ => None,
        });
        found.map(|(_, place)| place)
    }
}

/// Bytes of a line: a hundred times the largest item seen.
const LONGEST: u64 = 256 << 20;

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

/// Where they stand as stac-geoparquet: `X.parquet` → `X.items.geoparquet`. Readers of folders take `.parquet` for chips.
pub fn item_table_address(index: &str) -> String {
    let lines = items_address(index);
    let stem = lines.strip_suffix(".ndjson").unwrap_or(&lines);
    format!("{stem}.geoparquet")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part<'a>(text: &'a str, place: &Range<u64>) -> &'a str {
        let [from, to] = [place.start, place.end].map(|at| usize::try_from(at).unwrap());
        &text[from..to]
    }

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
        let kept = KeptItems::scan(both.as_bytes()).unwrap();
        let place = kept.place("a b", Some("any")).unwrap();
        let found = part(&both, place);
        assert_eq!(ItemLine::parse(found).unwrap(), line);
        assert_eq!(kept.place("d", None), None);
        let broken = KeptItems::scan("\n{\"href\":1}\n".as_bytes()).unwrap_err();
        assert!(broken.to_string().starts_with("line 2, at byte 1: "));
        assert_eq!(items_address("s3://b/x.parquet"), "s3://b/x.items.ndjson");
    }

    #[test]
    fn items_of_two_collections_may_have_one_id() {
        let line = |collection: &str, x: u8| {
            format!("{{\"item\":{{\"id\":\"a\",\"collection\":{collection},\"x\":{x}}}}}\n")
        };
        let text = line("\"one\"", 1) + &line("\"two\"", 2) + &line("\"one\"", 3);
        let kept = KeptItems::scan(text.as_bytes()).unwrap();
        let x = |collection: Option<&str>| {
            let place = kept.place("a", collection)?;
            ItemLine::parse(part(&text, place))
                .unwrap()
                .item
                .chars()
                .rev()
                .nth(1)
        };
        assert_eq!((x(Some("one")), x(Some("two"))), (Some('1'), Some('2')));
        assert_eq!((x(Some("three")), x(None)), (None, None));
        let only = KeptItems::scan(line("\"one\"", 1).as_bytes()).unwrap();
        assert!(only.place("a", None).is_some() && only.place("a", Some("two")).is_none());
        let unsaid = KeptItems::scan(line("null", 1).as_bytes()).unwrap();
        assert!(unsaid.place("a", Some("two")).is_some());
    }
}
