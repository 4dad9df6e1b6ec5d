//! An image file directory, its values at hand.

use std::ops::Range;

use bytes::Bytes;

use super::{ByteOrder, Tag, value::FieldType};

/// One entry, and where its value is.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) tag: Tag,
    pub(crate) kind: FieldType,
    pub(crate) count: u64,
    /// Where the bytes of the value are in the object: inside the entry when they fit there.
    pub(crate) range: Range<u64>,
    /// The bytes of the value; nothing for a table, and for what the object ends before.
    pub(crate) value: Option<Bytes>,
}

/// The entries of one directory that are read here.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub(crate) offset: u64,
    pub(crate) order: ByteOrder,
    pub(crate) entries: Vec<Entry>,
    /// Of old JPEG: the headers that its tags point at, in one stream.
    pub(crate) old_jpeg: Option<Bytes>,
}

impl Directory {
    /// The entry with `tag`: the first, where the directory has several.
    pub(crate) fn entry(&self, tag: Tag) -> Option<&Entry> {
        self.entries.iter().find(|e| e.tag == tag)
    }

    /// The whole number at index `i` of the value of `tag`.
    pub(crate) fn unsigned_at(&self, tag: Tag, i: usize) -> Option<u64> {
        let entry = self.entry(tag)?;
        if i as u64 >= entry.count {
            return None;
        }
        entry.kind.unsigned(self.order, entry.value.as_ref()?, i)
    }

    /// The first whole number of the value of `tag`.
    pub(crate) fn unsigned(&self, tag: Tag) -> Option<u64> {
        self.unsigned_at(tag, 0)
    }

    /// All whole numbers of the value of `tag`; nothing where one of them is none.
    pub(crate) fn all_unsigned(&self, tag: Tag) -> Option<Vec<u64>> {
        let entry = self.entry(tag)?;
        let value = entry.value.as_ref()?;
        (0..usize::try_from(entry.count).ok()?)
            .map(|i| entry.kind.unsigned(self.order, value, i))
            .collect()
    }

    /// The first `most` whole numbers of the value of `tag`, or as many as there are; nothing where one of
    /// them is none.
    pub(crate) fn first_unsigned(&self, tag: Tag, most: usize) -> Option<Vec<u64>> {
        let entry = self.entry(tag)?;
        let value = entry.value.as_ref()?;
        (0..usize::try_from(entry.count).ok()?.min(most))
            .map(|i| entry.kind.unsigned(self.order, value, i))
            .collect()
    }

    /// All numbers of the value of `tag`, as doubles.
    pub(crate) fn floats(&self, tag: Tag) -> Option<Vec<f64>> {
        let entry = self.entry(tag)?;
        let value = entry.value.as_ref()?;
        (0..usize::try_from(entry.count).ok()?)
            .map(|i| entry.kind.float(self.order, value, i))
            .collect()
    }

    /// The bytes of the value of `tag`.
    pub(crate) fn bytes(&self, tag: Tag) -> Option<&Bytes> {
        self.entry(tag)?.value.as_ref()
    }

    /// The text of `tag`, up to its first zero byte. Bytes that are no UTF-8 are taken as
    /// ISO 8859-1, so that nothing is lost.
    pub(crate) fn text(&self, tag: Tag) -> Option<String> {
        let entry = self.entry(tag)?;
        if entry.kind != FieldType::ASCII && entry.kind.bytes() != Some(1) {
            return None;
        }
        let value = entry.value.as_ref()?;
        let value = value.split(|&b| b == 0).next().unwrap_or_default();
        Some(match std::str::from_utf8(value) {
            Ok(text) => text.to_owned(),
            Err(_) => value.iter().map(|&b| char::from(b)).collect(),
        })
    }
}
