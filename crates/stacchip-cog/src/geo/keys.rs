//! GeoKeys: the tags of `GeoTIFF` inside the tags of TIFF (OGC 19-008r4, 7.1).

use std::collections::BTreeSet;

use crate::header::{Directory, Tag};

/// The GeoKeys of a directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    minor_revision: u64,
    keys: Vec<(u16, Value)>,
}

/// The value of a GeoKey.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Short(u16),
    Doubles(Vec<f64>),
    Text(String),
}

impl Keys {
    /// The keys of `directory`; what points outside its parameters is left out.
    pub(crate) fn of(directory: &Directory) -> Option<Self> {
        let shorts = directory.all_unsigned(Tag::GEO_KEY_DIRECTORY)?;
        let doubles = directory.floats(Tag::GEO_DOUBLE_PARAMS).unwrap_or_default();
        let ascii = directory.bytes(Tag::GEO_ASCII_PARAMS);
        let (header, entries) = shorts.split_at_checked(4)?;
        let count = usize::try_from(*header.get(3)?).ok()?;
        let mut keys = Vec::new();
        let mut seen = BTreeSet::new();
        // Values may overlap, so that they are more than the parameters.
        let mut room = Room {
            doubles: DOUBLES,
            text: ascii.map_or(0, |bytes| bytes.len().saturating_mul(2)),
        };
        for entry in entries.chunks_exact(4).take(count) {
            let &[key, place, len, value] = entry else {
                continue;
            };
            let (Ok(key), Ok(len), Ok(at)) = (
                u16::try_from(key),
                usize::try_from(len),
                usize::try_from(value),
            ) else {
                continue;
            };
            if seen.contains(&key) {
                continue;
            }
            let end = at.saturating_add(len);
            let found = if place == 0 {
                u16::try_from(value).ok().map(Value::Short)
            } else if place == u64::from(Tag::GEO_DOUBLE_PARAMS.0) {
                doubles
                    .get(at..end)
                    .filter(|d| take(&mut room.doubles, d.len()))
                    .map(|d| Value::Doubles(d.to_vec()))
            } else if place == u64::from(Tag::GEO_ASCII_PARAMS.0) {
                ascii.and_then(|bytes| {
                    let raw = bytes.get(at..end.min(bytes.len())).unwrap_or_default();
                    if !take(&mut room.text, raw.len()) {
                        return None;
                    }
                    let text: String = match std::str::from_utf8(raw) {
                        Ok(text) => text.to_owned(),
                        Err(_) => raw.iter().map(|&b| char::from(b)).collect(),
                    };
                    let text = text.trim_end_matches('\0');
                    let text = text.strip_suffix('|').unwrap_or(text);
                    Some(Value::Text(text.to_owned()))
                })
            } else if place == u64::from(Tag::GEO_KEY_DIRECTORY.0) {
                shorts
                    .get(at)
                    .and_then(|&v| u16::try_from(v).ok())
                    .map(Value::Short)
            } else {
                None
            };
            if let Some(found) = found {
                seen.insert(key);
                keys.push((key, found));
            }
        }
        Some(Self {
            minor_revision: *header.get(2)?,
            keys,
        })
    }

    /// One key that is a code.
    pub(crate) fn one(key: u16, code: u16) -> Self {
        Self::of_values(vec![(key, Value::Short(code))])
    }

    /// These keys.
    pub(crate) fn of_values(keys: Vec<(u16, Value)>) -> Self {
        Self {
            minor_revision: 1,
            keys,
        }
    }

    /// The value of `key` where it is a code.
    pub(crate) fn short(&self, key: u16) -> Option<u16> {
        match self.value(key)? {
            Value::Short(v) => Some(*v),
            _ => None,
        }
    }

    /// The value of `key`, where it is the code of a register.
    pub(crate) fn code(&self, key: u16) -> Option<u16> {
        self.short(key).filter(|&v| v != 0 && v != USER_DEFINED)
    }

    /// Whether there is a key `key`.
    pub(crate) fn has(&self, key: u16) -> bool {
        self.value(key).is_some()
    }

    /// The keys there are.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u16> {
        self.keys.iter().map(|(key, _)| *key)
    }

    /// The minor revision of the keys: 0 for `GeoTIFF` 1.0, 1 for 1.1.
    pub(crate) fn minor_revision(&self) -> u64 {
        self.minor_revision
    }

    /// All numbers of `key`.
    pub(crate) fn doubles(&self, key: u16) -> Option<&[f64]> {
        match self.value(key)? {
            Value::Doubles(v) => Some(v),
            _ => None,
        }
    }

    /// The first number of `key` where it has numbers.
    pub(crate) fn double(&self, key: u16) -> Option<f64> {
        match self.value(key)? {
            Value::Doubles(v) => v.first().copied(),
            Value::Short(v) => Some(f64::from(*v)),
            Value::Text(_) => None,
        }
    }

    /// The text of `key`.
    pub(crate) fn text(&self, key: u16) -> Option<&str> {
        match self.value(key)? {
            Value::Text(v) => Some(v),
            _ => None,
        }
    }

    /// All keys with their values in words.
    pub(crate) fn words(&self) -> Vec<(u16, String)> {
        self.keys
            .iter()
            .map(|(key, value)| {
                let value = match value {
                    Value::Short(v) => v.to_string(),
                    Value::Doubles(v) => v.iter().map(f64::to_string).collect::<Vec<_>>().join(" "),
                    Value::Text(v) => v.clone(),
                };
                (*key, value)
            })
            .collect()
    }

    fn value(&self, key: u16) -> Option<&Value> {
        self.keys.iter().find(|(k, _)| *k == key).map(|(_, v)| v)
    }
}

/// A code that means "defined by hand".
const USER_DEFINED: u16 = 32767;

/// How much the values of keys may still take.
struct Room {
    doubles: usize,
    text: usize,
}

/// Takes `wanted` of `room`, if there is that much.
fn take(room: &mut usize, wanted: usize) -> bool {
    let left = room.checked_sub(wanted);
    *room = left.unwrap_or(*room);
    left.is_some()
}

/// Numbers of all keys together. Keys have one, or a few; in words one may take 300 bytes.
const DOUBLES: usize = 4096;
