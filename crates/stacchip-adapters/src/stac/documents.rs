//! Texts that hold items.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use stacchip::address;
use stacchip_model::Scene;

use super::{StacError, item::parse_item};

/// An item, and the text it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemDocument {
    /// What it says.
    pub scene: Scene,
    /// Its own JSON text on one line: as it was, without the whitespace between tokens.
    pub json: String,
}

/// The items in `text`, read from `address`: an Item, an `ItemCollection` (a `FeatureCollection`), a
/// JSON array of items, or any of these one after another, as in newline-delimited JSON.
///
/// A lone Item is at `address`. Items of a collection are where their link `self` says, if it is an
/// address; else relative addresses in them resolve against the collection's.
///
/// Each item that cannot be understood is an error of its own beside the others.
///
/// # Errors
/// [`StacError`] where the text as a whole holds no item: no JSON, or another thing.
pub fn read_items(
    text: &[u8],
    address: Option<&str>,
) -> Result<Vec<Result<ItemDocument, StacError>>, StacError> {
    let shown = address.map_or_else(|| "the text".to_owned(), address::for_people);
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let json_error = |cause: &serde_json::Error| StacError::Json {
        address: shown.clone(),
        cause: cause.to_string(),
    };
    let mut items = Vec::new();
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    let first = match values.next() {
        Some(first) => first.map_err(|e| json_error(&e))?,
        None => {
            return Err(StacError::NotItems {
                address: shown,
                what: "it is empty".to_owned(),
            });
        }
    };
    let mut rest = values.peekable();
    let alone = rest.peek().is_none();
    for value in std::iter::once(Ok(first)).chain(rest) {
        match value {
            Ok(value) => document(value, address, alone, &shown, &mut items)?,
            // What follows broken JSON cannot be told from it; what came before is sound.
            Err(e) => {
                items.push(Err(json_error(&e)));
                break;
            }
        }
    }
    if items.is_empty() {
        return Err(StacError::NotItems {
            address: shown,
            what: "it holds no item".to_owned(),
        });
    }
    Ok(items)
}

/// The item whose JSON is `text`, one of many at `address`: it is where its link `self` says, as those of a
/// collection are.
///
/// # Errors
/// [`StacError`] where it is no item.
pub fn read_item_of_many(text: &str, address: Option<&str>) -> Result<ItemDocument, StacError> {
    let shown = address.map_or_else(|| "the text".to_owned(), address::for_people);
    let value: &RawValue = serde_json::from_str(text).map_err(|e| StacError::Json {
        address: shown.clone(),
        cause: e.to_string(),
    })?;
    item(value, address, true, &shown)
}

fn document(
    value: &RawValue,
    address: Option<&str>,
    alone: bool,
    shown: &str,
    items: &mut Vec<Result<ItemDocument, StacError>>,
) -> Result<(), StacError> {
    let json_error = |cause: serde_json::Error| StacError::Json {
        address: shown.to_owned(),
        cause: cause.to_string(),
    };
    if value.get().starts_with('[') {
        let all: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(json_error)?;
        items.extend(all.into_iter().map(|v| item(v, address, true, shown)));
        return Ok(());
    }
    if value.get().starts_with('{') {
        let envelope: Envelope<'_> = serde_json::from_str(value.get()).map_err(json_error)?;
        if let Some(features) = envelope.features.filter(|f| f.get().starts_with('[')) {
            let all: Vec<&RawValue> = serde_json::from_str(features.get()).map_err(json_error)?;
            items.extend(all.into_iter().map(|v| item(v, address, true, shown)));
            return Ok(());
        }
    }
    let one = item(value, address, !alone, shown);
    match one {
        // A text that is one thing and no item fails as a whole.
        Err(error @ StacError::NotItems { .. }) if alone => Err(error),
        one => {
            items.push(one);
            Ok(())
        }
    }
}

fn item(
    text: &RawValue,
    address: Option<&str>,
    among_others: bool,
    shown: &str,
) -> Result<ItemDocument, StacError> {
    let value: Value = serde_json::from_str(text.get()).map_err(|e| StacError::Json {
        address: shown.to_owned(),
        cause: e.to_string(),
    })?;
    let own = if among_others {
        self_link(&value)
    } else {
        None
    };
    let mut scene = parse_item(&value, address)?;
    if own.is_some() {
        scene.href = own;
    }
    Ok(ItemDocument {
        scene,
        json: one_line(text.get()),
    })
}

/// The item's own absolute address, where one of its links says it.
fn self_link(item: &Value) -> Option<String> {
    let links = item.get("links")?.as_array()?;
    let own = links
        .iter()
        .find(|l| l.get("rel").and_then(Value::as_str) == Some("self"))?;
    let href = own.get("href")?.as_str()?;
    let absolute = href.contains("://") && address::Address::parse(href).is_ok();
    absolute.then(|| href.to_owned())
}

/// `json` without the whitespace between its tokens. Nothing else changes: numbers keep their digits.
fn one_line(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in json.chars() {
        if quoted {
            out.push(c);
            (quoted, escaped) = match c {
                _ if escaped => (true, false),
                '\\' => (true, true),
                '"' => (false, false),
                _ => (true, false),
            };
        } else if !matches!(c, ' ' | '\t' | '\n' | '\r') {
            quoted = c == '"';
            out.push(c);
        }
    }
    out
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    features: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ITEM: &str = "{\n \"type\": \"Feature\",\n \"id\": \"a \\\" b\",\n \"properties\": {\"datetime\": null, \"x\": 1.50},\n \"assets\": {}\n}";

    fn ids(text: &str) -> Vec<String> {
        read_items(text.as_bytes(), Some("/x/items.json"))
            .unwrap()
            .into_iter()
            .map(|i| i.map_or_else(|e| e.to_string(), |d| d.scene.id))
            .collect()
    }

    #[test]
    fn items_alone_and_together() {
        let named = |id: &str| ITEM.replace("a \\\" b", id);
        let (a, b) = (named("a"), named("b"));
        assert_eq!(ids(&a), ["a"]);
        assert_eq!(ids(&format!("\u{feff}{a}")), ["a"]);
        assert_eq!(ids(&format!("[{a}, {b}]")), ["a", "b"]);
        let collection =
            format!("{{\"type\": \"FeatureCollection\", \"features\": [{a}, {b}], \"links\": []}}");
        assert_eq!(ids(&collection), ["a", "b"]);
        let lines = format!("{}\n{}\n\n", one_line(&a), one_line(&b));
        assert_eq!(ids(&lines), ["a", "b"]);
        let broken = format!(
            "{}\n{{\"type\": \"Feature\", \"id\": \"c\"}}\n{}\n{{\"typ",
            one_line(&a),
            one_line(&b)
        );
        let read = ids(&broken);
        assert_eq!(read.len(), 4);
        assert_eq!((read[0].as_str(), read[2].as_str()), ("a", "b"));
        assert!(
            read[1].contains("item c: `properties` is missing"),
            "{}",
            read[1]
        );
        assert!(read[3].contains("no JSON"), "{}", read[3]);
    }

    #[test]
    fn the_text_is_kept_on_one_line() {
        let items = read_items(ITEM.as_bytes(), None).unwrap();
        assert_eq!(
            items[0].as_ref().unwrap().json,
            "{\"type\":\"Feature\",\"id\":\"a \\\" b\",\"properties\":{\"datetime\":null,\"x\":1.50},\"assets\":{}}"
        );
    }

    #[test]
    fn an_item_among_others_is_where_its_link_says() {
        let linked = ITEM.replace(
            "\"assets\"",
            "\"links\": [{\"rel\": \"self\", \"href\": \"https://h.example/i/a.json\"}], \"assets\"",
        );
        let href = |text: &str| {
            let mut items = read_items(text.as_bytes(), Some("/x/items.json")).unwrap();
            items.remove(0).unwrap().scene.href
        };
        assert_eq!(href(&linked).as_deref(), Some("/x/items.json"));
        assert_eq!(
            href(&format!("[{linked}]")).as_deref(),
            Some("https://h.example/i/a.json")
        );
        assert_eq!(href(&format!("[{ITEM}]")).as_deref(), Some("/x/items.json"));
    }

    #[test]
    fn what_holds_no_item_is_said() {
        for (text, words) in [
            ("", "empty"),
            (" \n", "empty"),
            ("[]", "holds no item"),
            (
                "{\"type\": \"FeatureCollection\", \"features\": []}",
                "holds no item",
            ),
            ("{\"type\": \"Catalog\", \"id\": \"x\"}", "a Catalog"),
            ("5", "no JSON object"),
            ("<html>", "no JSON"),
            ("{\"type\": \"Feature\"", "no JSON"),
        ] {
            let error = read_items(text.as_bytes(), None).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = format!("{{\"type\": \"Feature\", \"x\": {}", "[".repeat(100_000));
        assert!(read_items(deep.as_bytes(), None).is_err());
        let closed = format!(
            "{{\"type\": \"Feature\", \"x\": {}{}}}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        );
        let items = read_items(closed.as_bytes(), None).unwrap();
        assert!(matches!(&items[0], Err(StacError::Json { .. })));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}", at in 0usize..120, byte: u8) {
            let _ = read_items(text.as_bytes(), None);
            let mut broken = ITEM.as_bytes().to_vec();
            if let Some(b) = broken.get_mut(at) {
                *b = byte;
            }
            let _ = read_items(&broken, None);
        }
    }
}
