//! What is told of chips in the end, kept as short as it can be: a list may be as long as an archive.

use serde::{Serialize, Serializer, ser::Error};
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

/// Records of chips by their numbers in the run.
#[derive(Debug, Default)]
pub struct Told {
    /// Whether all of them are asked for in the end, as text.
    texts: Option<Vec<(u64, Box<RawValue>)>>,
    count: u64,
    first: Option<Value>,
}

impl Told {
    /// No record yet. Where not `all` are to be told they are counted, and the first is kept.
    pub fn new(all: bool) -> Self {
        Self {
            texts: all.then(Vec::new),
            ..Self::default()
        }
    }

    /// Adds what is told of chip `number`.
    pub fn push(&mut self, number: u64, record: Value) {
        if let Some(texts) = &mut self.texts
            && let Ok(text) = to_raw_value(&record)
        {
            texts.push((number, text));
        }
        self.count += 1;
        self.first.get_or_insert(record);
    }

    /// How many there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The record, where there is one alone.
    pub fn only(&self) -> Option<&Value> {
        self.first.as_ref().filter(|_| self.count == 1)
    }

    /// The same, by number: chips are written as they are ready.
    pub fn in_order(mut self) -> Self {
        if let Some(texts) = &mut self.texts {
            texts.sort_by_key(|(number, _)| *number);
        }
        self
    }
}

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = self.texts.as_ref();
        let texts = texts.ok_or_else(|| S::Error::custom("only their number was kept"))?;
        serializer.collect_seq(texts.iter().map(|(_, text)| text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_are_kept_only_where_they_are_told() {
        let filled = |all| {
            let mut told = Told::new(all);
            for number in [2, 0, 1] {
                told.push(number, json!({ "number": number }));
            }
            told.in_order()
        };
        let told = serde_json::to_value(filled(true)).unwrap();
        assert_eq!(
            told,
            json!([{ "number": 0 }, { "number": 1 }, { "number": 2 }])
        );
        let counted = filled(false);
        assert!(counted.count() == 3 && counted.texts.is_none() && counted.only().is_none());
        let mut one = Told::new(false);
        one.push(7, json!(7));
        assert_eq!(one.only(), Some(&json!(7)));
    }
}
