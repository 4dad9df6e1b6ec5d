//! Fields of a JSON object, by type, with errors that say where.

use serde_json::{Map, Value};

use super::StacError;

/// An object of an item, and the way to it. A field that is null counts as absent.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    pub(super) item: &'a str,
    path: String,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) const fn root(item: &'a str, object: &'a Map<String, Value>) -> Self {
        Self {
            item,
            path: String::new(),
            object,
        }
    }

    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|v| !v.is_null())
    }

    /// Keys and values, in the order of the text.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.object.iter()
    }

    pub(super) fn missing(&self, key: &str) -> StacError {
        StacError::Missing {
            item: self.item.to_owned(),
            field: format!("{}{key}", self.path),
        }
    }

    pub(super) fn wrong(&self, key: &str, wanted: &'static str, got: &Value) -> StacError {
        let mut got = match got {
            Value::Object(_) => "an object".to_owned(),
            other => other.to_string(),
        };
        if let Some((end, _)) = got.char_indices().nth(SHOWN) {
            got.truncate(end);
            got.push('…');
        }
        StacError::Wrong {
            item: self.item.to_owned(),
            field: format!("{}{key}", self.path),
            wanted,
            got,
        }
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, StacError> {
        self.value(key)
            .map(|v| v.as_str().ok_or_else(|| self.wrong(key, "a text", v)))
            .transpose()
    }

    pub(super) fn owned_text(&self, key: &str) -> Result<Option<String>, StacError> {
        Ok(self.text(key)?.map(str::to_owned))
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<f64>, StacError> {
        self.value(key)
            .map(|v| v.as_f64().ok_or_else(|| self.wrong(key, "a number", v)))
            .transpose()
    }

    pub(super) fn array(&self, key: &str) -> Result<Option<&'a [Value]>, StacError> {
        self.value(key)
            .map(|v| {
                let array = v.as_array().map(Vec::as_slice);
                array.ok_or_else(|| self.wrong(key, "a list", v))
            })
            .transpose()
    }

    pub(super) fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>, StacError> {
        let Some(array) = self.array(key)? else {
            return Ok(None);
        };
        let numbers: Option<Vec<f64>> = array.iter().map(Value::as_f64).collect();
        match numbers {
            Some(numbers) => Ok(Some(numbers)),
            None => Err(self.wrong_list(key, "a list of numbers", array)),
        }
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, StacError> {
        let Some(array) = self.array(key)? else {
            return Ok(Vec::new());
        };
        let texts: Option<Vec<String>> = array
            .iter()
            .map(|v| v.as_str().map(str::to_owned))
            .collect();
        texts.ok_or_else(|| self.wrong_list(key, "a list of texts", array))
    }

    pub(super) fn wrong_list(&self, key: &str, wanted: &'static str, array: &[Value]) -> StacError {
        self.wrong(key, wanted, &Value::Array(array.to_vec()))
    }

    pub(super) fn object(&self, key: &str) -> Result<Option<Self>, StacError> {
        self.value(key).map(|v| self.as_object(key, v)).transpose()
    }

    /// `value`, which is what `key` holds, as an object.
    pub(super) fn as_object(&self, key: &str, value: &'a Value) -> Result<Self, StacError> {
        let object = value
            .as_object()
            .ok_or_else(|| self.wrong(key, "an object", value))?;
        Ok(Self {
            item: self.item,
            path: format!("{}{key}.", self.path),
            object,
        })
    }
}

/// Characters of a wrong value that a message shows.
const SHOWN: usize = 60;
