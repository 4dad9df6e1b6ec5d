//! The little XML that GDAL keeps in a tag, and beside a file.

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
pub(crate) fn items(text: &str) -> impl Iterator<Item = Item> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (item, after) = item(rest)?;
        rest = after;
        Some(item)
    })
}

/// The first item of `text`, and what follows it.
fn item(text: &str) -> Option<(Item, &str)> {
    let (_, after) = text.split_once("<Item")?;
    let close = tag_end(after)?;
    let (head, body) = (after.get(..close)?, after.get(close.saturating_add(1)..)?);
    let mut item = attributes(head.trim_end_matches('/'));
    if head.ends_with('/') {
        return Some((item, body));
    }
    let (inside, rest) = body.split_once("</Item>")?;
    // GDAL escapes a value before it makes XML of it, and undoes both when it reads.
    item.text = unescaped(&unescaped(inside));
    Some((item, rest))
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
    for (key, value) in pairs(head) {
        match key.as_str() {
            "name" => item.name = value,
            "sample" => item.sample = value.trim().parse().ok(),
            "role" => item.role = value,
            "domain" => item.domain = value,
            _ => {}
        }
    }
    item
}

/// The attributes in `head`: names and values, as many as anybody reads.
fn pairs(head: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = head.trim();
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            break;
        };
        let Some((value, next)) = after.get(1..).and_then(|a| a.split_once(quote)) else {
            break;
        };
        found.push((key.trim().to_owned(), unescaped(value)));
        if found.len() >= MAX_ATTRIBUTES {
            break;
        }
        rest = next.trim_start();
    }
    found
}

/// `text` with the five named entities and numbered characters undone.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        // Not searched for to the end of the text: a text of `&` alone would take the square of its length.
        let end = after.bytes().take(ENTITY).position(|b| b == b';');
        let Some((name, next)) = end.and_then(|end| {
            let (name, next) = after.split_at_checked(end)?;
            Some((name, next.get(1..)?))
        }) else {
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

/// An element of an XML document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    /// The text directly inside, its pieces joined.
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first child called `name`.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children called `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child called `name`, without white space around it.
    pub(crate) fn word(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// The first element called `name` at any depth, itself included.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }
}

/// The document in `text`: its outermost element. Nothing where its tags do not match, where elements
/// lie deeper in each other than anybody needs, and where there are more than [`MAX_ELEMENTS`]. What lies
/// inside the [`UNREAD`] ones is left out, and not counted.
pub(crate) fn document(text: &str) -> Option<Element> {
    let mut open: Vec<Element> = Vec::new();
    let mut held = 0usize;
    // How many elements the unread one lies in, while inside it.
    let mut unread = None;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        if let Some(inside) = open.last_mut() {
            inside.text.push_str(&unescaped(before));
        }
        if let Some(after) = after.strip_prefix("![CDATA[") {
            let (raw, next) = after.split_once("]]>")?;
            if let Some(inside) = open.last_mut() {
                inside.text.push_str(raw);
            }
            rest = next;
            continue;
        }
        if let Some(after) = after.strip_prefix("!--") {
            rest = after.split_once("-->")?.1;
            continue;
        }
        let close = tag_end(after)?;
        let (head, next) = (after.get(..close)?, after.get(close.checked_add(1)?..)?);
        rest = next;
        if head.starts_with(['?', '!']) {
            continue;
        }
        let ended = if let Some(name) = head.strip_prefix('/') {
            let ended = open.pop()?;
            if unread == Some(open.len()) {
                unread = None;
            }
            (ended.name == name.trim()).then_some(ended)?
        } else {
            let (tag, empty) = match head.strip_suffix('/') {
                Some(tag) => (tag, true),
                None => (head, false),
            };
            let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
            let element = Element {
                name: name.to_owned(),
                attributes: pairs(attributes),
                ..Element::default()
            };
            if !empty {
                if open.len() >= MAX_DEPTH {
                    return None;
                }
                if unread.is_none() && UNREAD.contains(&element.name.as_str()) {
                    unread = Some(open.len());
                }
                open.push(element);
                continue;
            }
            element
        };
        if unread.is_some() {
            continue;
        }
        held = held.saturating_add(1);
        if held > MAX_ELEMENTS {
            return None;
        }
        match open.last_mut() {
            Some(parent) => parent.children.push(ended),
            None => return Some(ended),
        }
    }
    None
}

/// Elements in each other that a document may have: GDAL's have five or so, ESRI's ten.
const MAX_DEPTH: usize = 64;

/// Elements that a document may have. One takes some 150 bytes of memory and may take four of text; metadata
/// of a thousand bands have tens of thousands.
const MAX_ELEMENTS: usize = 1 << 18;

/// Attributes of an element that are read: GDAL writes six of a control point.
const MAX_ATTRIBUTES: usize = 32;

/// Elements of a `.aux.xml` that may be long and whose content nobody here asks for.
const UNREAD: [&str; 2] = ["GDALRasterAttributeTable", "Histograms"];

/// Bytes of an entity between `&` and `;`, the latter included; `#x10FFFF;` is the longest that need be.
const ENTITY: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_a_tree() {
        let text = r#"<?xml version="1.0"?><!-- a -->
            <PAMDataset><SRS map="1,2"> A[&quot;b&quot;] </SRS><Empty/>
            <M domain="x"><MDI key="k">v<![CDATA[ < ]]></MDI></M><M/></PAMDataset>"#;
        let root = document(text).unwrap();
        assert_eq!(root.name, "PAMDataset");
        assert_eq!(root.word("SRS"), Some("A[\"b\"]"));
        assert_eq!(root.child("SRS").unwrap().attribute("map"), Some("1,2"));
        assert_eq!(root.all("M").count(), 2);
        assert_eq!(root.find("MDI").unwrap().text, "v < ");
        for broken in [
            "",
            "<a>",
            "<a></b>",
            "<a",
            "</a>",
            "<a><![CDATA[</a>",
            "text",
        ] {
            assert_eq!(document(broken), None, "{broken}");
        }
        assert_eq!(document(&"<a>".repeat(100_000)), None);
    }

    #[test]
    fn a_document_takes_little() {
        let of = |count: usize| format!("<a>{}</a>", "<a/>".repeat(count));
        let most = document(&of(MAX_ELEMENTS - 1)).unwrap();
        assert_eq!(most.children.len(), MAX_ELEMENTS - 1);
        assert_eq!(document(&of(MAX_ELEMENTS)), None);

        // A table that nobody reads does not hide the rest.
        let rows = "<Row><F>1</F></Row>".repeat(MAX_ELEMENTS);
        let text = format!(
            "<P><GDALRasterAttributeTable>{rows}</GDALRasterAttributeTable><SRS>x</SRS></P>"
        );
        let root = document(&text).unwrap();
        assert_eq!(root.word("SRS"), Some("x"));
        assert_eq!(root.children[0].children, []);

        let many = (0..1000)
            .map(|i| format!("a{i}='' "))
            .collect::<Vec<_>>()
            .concat();
        let root = document(&format!("<a {many}/>")).unwrap();
        assert_eq!(root.attributes.len(), MAX_ATTRIBUTES);
    }

    #[test]
    fn items_with_and_without_bands() {
        let text = r#"<GDALMetadata>
  <Item name="OFFSET" sample="1" role="offset">-0.5</Item>
  <Item name='A &gt; "B"' domain="x">1 &lt; 2 &amp;&#65;</Item><Item name="empty"/>
  <Item name="open">"#;
        let found: Vec<Item> = items(text).collect();
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
            let found: Vec<Item> = items(&format!("<Item>{raw}</Item>")).collect();
            assert_eq!(found[0].text, read);
        }
        for (raw, read) in [("&&&;", "&&&;"), ("&amp", "&amp"), ("&é&#x41;é;", "&éAé;")] {
            assert_eq!(unescaped(raw), read);
        }
    }
}
