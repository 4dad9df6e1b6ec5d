//! The little XML that GDAL keeps in a tag.

/// One `<Item>` of the tag `GDAL_METADATA` (42112).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Item {
    /// Attribute `name`.
    pub(crate) name: String,
    /// Attribute `sample`: the band, counted from 0; nothing for the image as a whole.
    pub(crate) sample: Option<usize>,
    /// Attribute `role`.
    pub(crate) role: String,
    /// Attribute `domain`.
    pub(crate) domain: String,
    /// The text inside, with its entities undone.
    pub(crate) text: String,
}

/// The items of `text`, in order. What is no item is passed over; an item that is not closed ends
/// the list.
pub(crate) fn items(text: &str) -> Vec<Item> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("<Item") {
        let Some(after) = rest.get(at.saturating_add("<Item".len())..) else {
            break;
        };
        let Some(close) = tag_end(after) else {
            break;
        };
        let (Some(head), Some(body)) = (after.get(..close), after.get(close.saturating_add(1)..))
        else {
            break;
        };
        let mut item = attributes(head.trim_end_matches('/'));
        if head.ends_with('/') {
            rest = body;
        } else if let Some(end) = body.find("</Item>") {
            // GDAL escapes a value before it makes XML of it, and undoes both when it reads.
            item.text = unescaped(&unescaped(body.get(..end).unwrap_or_default()));
            rest = body
                .get(end.saturating_add("</Item>".len())..)
                .unwrap_or_default();
        } else {
            break;
        }
        found.push(item);
    }
    found
}

/// Where the `>` of a tag is, quotes apart.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(i),
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), _) if q == c => quote = None,
            _ => {}
        }
    }
    None
}

fn attributes(head: &str) -> Item {
    let mut item = Item::default();
    let mut rest = head.trim();
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            break;
        };
        let Some((value, next)) = after.get(1..).and_then(|a| a.split_once(quote)) else {
            break;
        };
        let value = unescaped(value);
        match key.trim() {
            "name" => item.name = value,
            "sample" => item.sample = value.trim().parse().ok(),
            "role" => item.role = value,
            "domain" => item.domain = value,
            _ => {}
        }
        rest = next.trim_start();
    }
    item
}

/// `text` with the five named entities and numbered characters undone.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let Some((name, next)) = after.split_once(';') else {
            out.push('&');
            rest = after;
            continue;
        };
        let c = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => name
                .strip_prefix("#x")
                .and_then(|hex| u32::from_str_radix(hex, 16).ok())
                .or_else(|| name.strip_prefix('#').and_then(|n| n.parse().ok()))
                .and_then(char::from_u32),
        };
        if let Some(c) = c {
            out.push(c);
            rest = next;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_with_and_without_bands() {
        let text = r#"<GDALMetadata>
  <Item name="OFFSET" sample="1" role="offset">-0.5</Item>
  <Item name='A &gt; "B"' domain="x">1 &lt; 2 &amp;&#65;</Item><Item name="empty"/>
  <Item name="open">"#;
        let found = items(text);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].sample, Some(1));
        assert_eq!(
            (found[0].role.as_str(), found[0].text.as_str()),
            ("offset", "-0.5")
        );
        assert_eq!(found[1].name, "A > \"B\"");
        assert_eq!(found[1].text, "1 < 2 &A");
        assert_eq!(found[2].name, "empty");
        for (raw, read) in [
            ("a &amp;lt; b", "a < b"),
            ("a &amp;amp;lt; b", "a &lt; b"),
            ("a &lt; b", "a < b"),
        ] {
            assert_eq!(items(&format!("<Item>{raw}</Item>"))[0].text, read);
        }
    }
}
