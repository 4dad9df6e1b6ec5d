//! Image file directories (TIFF 6.0, section 2; BigTIFF).

use std::collections::BTreeMap;

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flavour {
    pub(super) big_endian: bool,
    pub(super) big_tiff: bool,
}

impl Flavour {
    pub(super) const fn header_bytes(self) -> u64 {
        if self.big_tiff { 16 } else { 8 }
    }

    /// Where directories and values must begin: at a multiple of this.
    pub(super) const fn alignment(self) -> u64 {
        if self.big_tiff { 8 } else { 2 }
    }

    const fn offset_bytes(self) -> usize {
        if self.big_tiff { 8 } else { 4 }
    }

    pub(super) fn put_u16(self, out: &mut Vec<u8>, value: u16) {
        if self.big_endian {
            out.extend(value.to_be_bytes());
        } else {
            out.extend(value.to_le_bytes());
        }
    }

    pub(super) fn put_u32(self, out: &mut Vec<u8>, value: u32) {
        if self.big_endian {
            out.extend(value.to_be_bytes());
        } else {
            out.extend(value.to_le_bytes());
        }
    }

    pub(super) fn put_u64(self, out: &mut Vec<u8>, value: u64) {
        if self.big_endian {
            out.extend(value.to_be_bytes());
        } else {
            out.extend(value.to_le_bytes());
        }
    }

    /// An offset or count in the file's width. The caller has seen to it that it fits.
    pub(super) fn put_offset(self, out: &mut Vec<u8>, value: u64) {
        if self.big_tiff {
            self.put_u64(out, value);
        } else {
            self.put_u32(out, u32::try_from(value).unwrap_or(u32::MAX));
        }
    }
}

/// The value of a tag.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Short(Vec<u16>),
    Long(Vec<u32>),
    Double(Vec<f64>),
    /// Without its closing NUL.
    Ascii(String),
    /// Offsets, of the width of the file's own.
    Offsets(Vec<u64>),
}

impl Value {
    fn field_type(&self, flavour: Flavour) -> u16 {
        match self {
            Self::Ascii(_) => 2,
            Self::Short(_) => 3,
            Self::Double(_) => 12,
            Self::Offsets(_) if flavour.big_tiff => 16,
            Self::Long(_) | Self::Offsets(_) => 4,
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Ascii(text) => text.len() + 1,
            Self::Short(v) => v.len(),
            Self::Long(v) => v.len(),
            Self::Double(v) => v.len(),
            Self::Offsets(v) => v.len(),
        }
    }

    fn byte_len(&self, flavour: Flavour) -> usize {
        let each = match self {
            Self::Ascii(_) => 1,
            Self::Short(_) => 2,
            Self::Long(_) => 4,
            Self::Double(_) => 8,
            Self::Offsets(_) => flavour.offset_bytes(),
        };
        self.count() * each
    }

    fn put(&self, flavour: Flavour, out: &mut Vec<u8>) {
        match self {
            Self::Ascii(text) => {
                out.extend(text.as_bytes());
                out.push(0);
            }
            Self::Short(v) => v.iter().for_each(|&n| flavour.put_u16(out, n)),
            Self::Long(v) => v.iter().for_each(|&n| flavour.put_u32(out, n)),
            Self::Double(v) => v.iter().for_each(|&n| flavour.put_u64(out, n.to_bits())),
            Self::Offsets(v) => v.iter().for_each(|&n| flavour.put_offset(out, n)),
        }
    }
}

/// One directory; its tags in ascending order, as TIFF demands.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Directory {
    tags: BTreeMap<u16, Value>,
}

impl Directory {
    pub(super) fn set(&mut self, tag: u16, value: Value) {
        self.tags.insert(tag, value);
    }

    pub(super) fn set_short(&mut self, tag: u16, value: u16) {
        self.set(tag, Value::Short(vec![value]));
    }

    pub(super) fn set_long(&mut self, tag: u16, value: u32) {
        self.set(tag, Value::Long(vec![value]));
    }

    fn table_bytes(&self, flavour: Flavour) -> u64 {
        let n = self.tags.len() as u64;
        if flavour.big_tiff {
            8 + 20 * n + 8
        } else {
            2 + 12 * n + 4
        }
    }
}

/// Writes `directories` one after the other, first byte at `start`: each followed by its values,
/// except those of `deferred` tags, which come after all directories.
///
/// The length of what it gives depends on the lengths of values only, never on their numbers.
pub(super) fn put_directories(
    directories: &[Directory],
    flavour: Flavour,
    start: u64,
    deferred: &[u16],
) -> Vec<u8> {
    let align = flavour.alignment();
    // First pass: where everything goes.
    let mut at = start.next_multiple_of(align);
    let mut tables = Vec::with_capacity(directories.len());
    let mut places: BTreeMap<(usize, u16), u64> = BTreeMap::new();
    let mut place = |at: &mut u64, index: usize, tag: u16, value: &Value| {
        let len = value.byte_len(flavour);
        if len > flavour.offset_bytes() {
            *at = at.next_multiple_of(align);
            places.insert((index, tag), *at);
            *at += len as u64;
        }
    };
    for (index, directory) in directories.iter().enumerate() {
        at = at.next_multiple_of(align);
        tables.push(at);
        at += directory.table_bytes(flavour);
        for (&tag, value) in directory.tags.iter().filter(|(t, _)| !deferred.contains(t)) {
            place(&mut at, index, tag, value);
        }
    }
    for (index, directory) in directories.iter().enumerate() {
        for (&tag, value) in directory.tags.iter().filter(|(t, _)| deferred.contains(t)) {
            place(&mut at, index, tag, value);
        }
    }
    // Second pass: the bytes, in the same order.
    let mut out = Vec::new();
    let pad_to = |out: &mut Vec<u8>, at: u64| {
        let len = usize::try_from(at - start).unwrap_or(usize::MAX);
        out.resize(len, 0);
    };
    let put_value = |out: &mut Vec<u8>, index: usize, tag: u16, value: &Value| {
        if let Some(&at) = places.get(&(index, tag)) {
            pad_to(out, at);
            value.put(flavour, out);
        }
    };
    for (index, directory) in directories.iter().enumerate() {
        pad_to(&mut out, tables.get(index).copied().unwrap_or(start));
        let entries = directory.tags.len();
        if flavour.big_tiff {
            flavour.put_u64(&mut out, entries as u64);
        } else {
            flavour.put_u16(&mut out, u16::try_from(entries).unwrap_or(u16::MAX));
        }
        for (&tag, value) in &directory.tags {
            flavour.put_u16(&mut out, tag);
            flavour.put_u16(&mut out, value.field_type(flavour));
            flavour.put_offset(&mut out, value.count() as u64);
            if let Some(&at) = places.get(&(index, tag)) {
                flavour.put_offset(&mut out, at);
            } else {
                let end = out.len() + flavour.offset_bytes();
                value.put(flavour, &mut out);
                out.resize(end, 0);
            }
        }
        flavour.put_offset(&mut out, tables.get(index + 1).copied().unwrap_or(0));
        for (&tag, value) in directory.tags.iter().filter(|(t, _)| !deferred.contains(t)) {
            put_value(&mut out, index, tag, value);
        }
    }
    for (index, directory) in directories.iter().enumerate() {
        for (&tag, value) in directory.tags.iter().filter(|(t, _)| deferred.contains(t)) {
            put_value(&mut out, index, tag, value);
        }
    }
    out
}

/// The file header that points to the first directory at `first`.
pub(super) fn put_header(flavour: Flavour, first: u64) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(if flavour.big_endian { b"MM" } else { b"II" });
    if flavour.big_tiff {
        // Version 43, offsets of 8 bytes, a constant 0 (BigTIFF).
        flavour.put_u16(&mut out, 43);
        flavour.put_u16(&mut out, 8);
        flavour.put_u16(&mut out, 0);
    } else {
        flavour.put_u16(&mut out, 42);
    }
    flavour.put_offset(&mut out, first);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_byte_for_byte() {
        let mut directory = Directory::default();
        directory.set(300, Value::Ascii("abcdef".into()));
        directory.set_short(256, 7);
        directory.set(324, Value::Offsets(vec![1, 2]));
        let flavour = Flavour {
            big_endian: false,
            big_tiff: false,
        };
        let bytes = put_directories(&[directory], flavour, 8, &[324]);
        let wanted: &[u8] = &[
            3, 0, // three entries
            0, 1, 3, 0, 1, 0, 0, 0, 7, 0, 0, 0, // 256: short, inline
            44, 1, 2, 0, 7, 0, 0, 0, 50, 0, 0, 0, // 300: ASCII, at 50
            68, 1, 4, 0, 2, 0, 0, 0, 58, 0, 0, 0, // 324: long, at 58
            0, 0, 0, 0, // no next
            b'a', b'b', b'c', b'd', b'e', b'f', 0, 0, // and a byte to an even offset
            1, 0, 0, 0, 2, 0, 0, 0,
        ];
        assert_eq!(bytes, wanted);
        assert_eq!(put_header(flavour, 8), [b'I', b'I', 42, 0, 8, 0, 0, 0]);
    }

    #[test]
    fn a_big_directory_in_the_other_order() {
        let mut directory = Directory::default();
        directory.set_long(256, 7);
        let flavour = Flavour {
            big_endian: true,
            big_tiff: true,
        };
        assert_eq!(
            put_header(flavour, 16),
            [b'M', b'M', 0, 43, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16]
        );
        let bytes = put_directories(&[directory], flavour, 16, &[]);
        assert_eq!(bytes.len(), 8 + 20 + 8);
        assert_eq!(
            bytes.get(8..28).unwrap(),
            [1, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0]
        );
    }
}
