//! The sans-I/O decoder of headers.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use bytes::Bytes;

use super::{ByteOrder, Directory, Entry, HeaderError, Pages, Tag, held::merged, value::FieldType};
use crate::{Cog, Limits, Warning, assemble};

/// Reads the header of a TIFF without doing I/O: asks for bytes until it knows enough.
///
/// The answer follows from the object alone: neither the sizes of the pieces in which bytes are
/// supplied nor their order make a difference.
///
/// ```
/// use stacchip_cog::{HeaderDecoder, Limits, Step};
/// # fn file() -> Vec<u8> { let mut f = vec![b'I', b'I', 42, 0, 8, 0, 0, 0]; f.extend([0; 6]); f }
///
/// let file = bytes::Bytes::from(file());
/// let mut decoder = HeaderDecoder::new(Limits::default());
/// decoder.ends_at(file.len() as u64);
/// let answer = loop {
///     match decoder.step() {
///         Ok(Step::Need(ranges)) => {
///             for range in ranges {
///                 let (start, end) = (range.start as usize, range.end as usize);
///                 decoder.supply(range.start, file.slice(start..end));
///             }
///         }
///         Ok(Step::Done(cog)) => break Ok(cog),
///         Err(error) => break Err(error),
///     }
/// };
/// assert!(answer.is_err(), "a directory without entries is no image");
/// ```
#[derive(Debug, Clone)]
pub struct HeaderDecoder {
    limits: Limits,
    pages: Pages,
    parsed: BTreeMap<u64, Parsed>,
    /// Directories all of whose values are at hand: a chain of a thousand is walked a thousand times.
    complete: BTreeMap<u64, Arc<Directory>>,
}

/// What a [`HeaderDecoder`] has to say.
#[derive(Debug)]
pub enum Step {
    /// It needs the bytes of these ranges (sorted, apart, clipped to the object where its end is
    /// known); supply them and step again.
    Need(Vec<Range<u64>>),
    /// The header is read.
    Done(Box<Cog>),
}

/// What the first bytes say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Preamble {
    pub(crate) order: ByteOrder,
    pub(crate) big: bool,
    first: u64,
}

impl Preamble {
    /// Where what follows the first bytes starts: GDAL's ghost area, if there is one.
    pub(crate) const fn len(self) -> u64 {
        if self.big { 16 } else { 8 }
    }
}

/// Where in the file's tree of directories one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the chain of directories.
    Chain,
    /// Among the `SubIFDs` of the first.
    Sub,
}

#[derive(Debug, Clone)]
struct Parsed {
    entries: Vec<Entry>,
    end: u64,
    next: u64,
    warnings: Vec<Warning>,
    /// Bytes of the values that are read.
    value_bytes: u64,
}

/// Why a walk over what is at hand cannot go on.
pub(super) enum Stop {
    Need(Range<u64>),
    Broken(HeaderError),
}

impl From<HeaderError> for Stop {
    fn from(error: HeaderError) -> Self {
        Self::Broken(error)
    }
}

impl HeaderDecoder {
    /// A decoder that knows nothing yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            pages: Pages::new(limits.page_bytes),
            limits,
            parsed: BTreeMap::new(),
            complete: BTreeMap::new(),
        }
    }

    /// Takes `bytes`, which start at `offset` of the object. They may be more or fewer than what
    /// was asked for.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it keeps the bytes, which are shared"
    )]
    pub fn supply(&mut self, offset: u64, bytes: Bytes) {
        self.pages.supply(offset, &bytes);
    }

    /// The object has no byte at `end` or after it: its length, or a bound of it.
    pub fn ends_at(&mut self, end: u64) {
        self.pages.ends_at(end);
    }

    /// Goes on as far as the bytes at hand allow.
    ///
    /// # Errors
    /// [`HeaderError`] where the object is no TIFF, where its first directory makes no sense, and
    /// where a limit is passed. What is wrong further down the chain is a
    /// [warning](Cog::warnings), as in GDAL.
    pub fn step(&mut self) -> Result<Step, HeaderError> {
        let mut needs = Vec::new();
        match self.walk(&mut needs) {
            Ok(cog) => Ok(Step::Done(cog)),
            Err(Stop::Broken(error)) => Err(error),
            Err(Stop::Need(range)) => {
                needs.push(range);
                self.need(&needs)
            }
        }
    }

    fn need(&self, needs: &[Range<u64>]) -> Result<Step, HeaderError> {
        let mut wanted = Vec::new();
        for range in merged(needs.iter().map(|r| self.pages.paged(r)).collect()) {
            wanted.extend(self.pages.missing(&range));
        }
        let wanted = merged(wanted);
        let bytes = wanted
            .iter()
            .fold(self.pages.total(), |n, r| n.saturating_add(r.end - r.start));
        if bytes > self.limits.header_bytes {
            return Err(HeaderError::Limit {
                what: "the header",
                name: "header_bytes",
                offset: wanted.first().map_or(0, |r| r.start),
                value: bytes,
                limit: self.limits.header_bytes,
            });
        }
        Ok(Step::Need(wanted))
    }

    fn walk(&mut self, needs: &mut Vec<Range<u64>>) -> Result<Box<Cog>, Stop> {
        let start = 0..self.limits.first_read_bytes.max(16);
        if !self.pages.missing(&self.pages.paged(&start)).is_empty() {
            return Err(Stop::Need(start));
        }
        let preamble = self.preamble()?;
        let mut warnings = Vec::new();
        let mut places: Vec<(u64, Place)> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = preamble.first;
        while next != 0 {
            if !seen.insert(next) {
                warnings.push(Warning::new(next, "the chain of directories loops"));
                break;
            }
            if places.len() >= self.limits.directories {
                return Err(Stop::Broken(HeaderError::Limit {
                    what: "the number of directories",
                    name: "directories",
                    offset: next,
                    value: self.limits.directories as u64 + 1,
                    limit: self.limits.directories as u64,
                }));
            }
            let (offset, first) = (next, places.is_empty());
            match self.directory(preamble, offset) {
                Ok(following) => next = following,
                Err(Stop::Broken(error)) if !first => {
                    warnings.push(Warning::new(offset, error.to_string()));
                    break;
                }
                Err(Stop::Need(range)) if !first => {
                    needs.push(range);
                    places.push((offset, Place::Chain));
                    break;
                }
                Err(stop) => return Err(stop),
            }
            places.push((offset, Place::Chain));
            if first {
                for sub in self.sub_directories(preamble, offset, needs) {
                    if places.len() >= self.limits.directories || seen.contains(&sub) {
                        break;
                    }
                    match self.directory(preamble, sub) {
                        Ok(_) => {
                            seen.insert(sub);
                            places.push((sub, Place::Sub));
                        }
                        Err(Stop::Need(range)) => needs.push(range),
                        Err(Stop::Broken(error)) => {
                            warnings.push(Warning::new(sub, error.to_string()));
                            break;
                        }
                    }
                }
            }
        }
        let mut found = Vec::with_capacity(places.len());
        let mut value_bytes = 0u64;
        let mut excess = None;
        for &(offset, place) in &places {
            let bytes = self.parsed.get(&offset).map_or(0, |p| p.value_bytes);
            value_bytes = value_bytes.saturating_add(bytes);
            // Values may overlap, so that they are more than the object has bytes.
            if value_bytes > self.limits.header_bytes {
                excess = excess.or(Some((offset, value_bytes)));
            } else {
                let directory = self.values(offset, preamble, needs);
                // Headers that are put together are held as values are.
                let headers = directory.old_jpeg.as_ref().map_or(0, Bytes::len) as u64;
                value_bytes = value_bytes.saturating_add(headers);
                if value_bytes > self.limits.header_bytes {
                    excess = Some((offset, value_bytes));
                } else {
                    found.push((directory, place));
                }
            }
        }
        if let Some(range) = needs.pop() {
            return Err(Stop::Need(range));
        }
        if let Some((offset, value)) = excess {
            return Err(Stop::Broken(HeaderError::Limit {
                what: "the values of all directories up to the one",
                name: "header_bytes",
                offset,
                value,
                limit: self.limits.header_bytes,
            }));
        }
        let mut read = vec![start];
        for (offset, _) in &places {
            let Some(parsed) = self.parsed.get(offset) else {
                continue;
            };
            read.push(*offset..parsed.end);
            warnings.extend(parsed.warnings.iter().cloned());
            for entry in &parsed.entries {
                let len = entry.range.end - entry.range.start;
                if entry.tag.is_table() {
                    continue;
                }
                if len <= self.limits.tag_bytes {
                    // Of a value that the object ends before, what there is was not asked for.
                    if self.pages.end().is_none_or(|end| entry.range.end <= end) {
                        read.push(entry.range.clone());
                    }
                } else {
                    let error = HeaderError::Limit {
                        what: entry.tag.word(),
                        name: "tag_bytes",
                        offset: entry.range.start,
                        value: len,
                        limit: self.limits.tag_bytes,
                    };
                    warnings.push(Warning::new(*offset, error.to_string()));
                }
            }
        }
        // What of the tables lies in pages that had to be read is free. Bytes that nobody asked for
        // are not looked at, so that the answer does not depend on them.
        let pages = self.pages.within(&read);
        let cog = assemble(preamble, &found, &pages, warnings, &self.limits)?;
        Ok(Box::new(cog))
    }

    fn preamble(&self) -> Result<Preamble, HeaderError> {
        let held = (1..=16u64)
            .rev()
            .find_map(|n| self.pages.bytes(&(0..n)))
            .unwrap_or_default();
        let not_tiff = || HeaderError::NotTiff {
            first: held.iter().take(8).copied().collect(),
        };
        let order = match held.get(..2) {
            Some(b"II") => ByteOrder::Little,
            Some(b"MM") => ByteOrder::Big,
            _ => return Err(not_tiff()),
        };
        let truncated = || HeaderError::Truncated {
            what: "the file header",
            offset: 0,
            end: held.len() as u64,
        };
        let (big, first) = match order.u16(&held, 2) {
            Some(42) => (false, order.u32(&held, 4).map(u64::from)),
            Some(43) => {
                if (order.u16(&held, 4), order.u16(&held, 6)) != (Some(8), Some(0)) {
                    return Err(not_tiff());
                }
                (true, order.u64(&held, 8))
            }
            _ => return Err(not_tiff()),
        };
        let first = first.ok_or_else(truncated)?;
        if first == 0 {
            return Err(HeaderError::NoDirectory { offset: first });
        }
        Ok(Preamble { order, big, first })
    }

    /// Makes sure that the entries of the directory at `offset` are parsed; answers where the next
    /// directory is.
    fn directory(&mut self, preamble: Preamble, offset: u64) -> Result<u64, Stop> {
        if let Some(parsed) = self.parsed.get(&offset) {
            return Ok(parsed.next);
        }
        let order = preamble.order;
        let (count_len, entry_len, next_len) = if preamble.big { (8, 20, 8) } else { (2, 12, 4) };
        let head = self.take(offset, count_len, "a directory")?;
        let count = if preamble.big {
            order.u64(&head, 0)
        } else {
            order.u16(&head, 0).map(u64::from)
        }
        .unwrap_or(0);
        if count == 0 {
            return Err(HeaderError::Tag {
                tag: "its number of entries",
                directory: offset,
                detail: "is zero".into(),
            }
            .into());
        }
        if count > self.limits.entries as u64 {
            return Err(HeaderError::Limit {
                what: "the number of entries of the directory",
                name: "entries",
                offset,
                value: count,
                limit: self.limits.entries as u64,
            }
            .into());
        }
        let start = offset.saturating_add(count_len);
        let table_len = count.saturating_mul(entry_len);
        let table = self.take(start, table_len, "the entries of a directory")?;
        // Some writers end the file where the pointer to the next directory should be.
        let at_next = start.saturating_add(table_len);
        let end = at_next.saturating_add(next_len);
        let (next, end) = match self.take(at_next, next_len, "the pointer to the next directory") {
            Ok(raw) if preamble.big => (order.u64(&raw, 0).unwrap_or(0), end),
            Ok(raw) => (order.u32(&raw, 0).map_or(0, u64::from), end),
            Err(Stop::Broken(_)) => (0, at_next),
            Err(stop) => return Err(stop),
        };
        let mut parsed = Parsed {
            entries: Vec::new(),
            end,
            next,
            warnings: Vec::new(),
            value_bytes: 0,
        };
        for (i, raw) in table
            .chunks_exact(usize::try_from(entry_len).unwrap_or(usize::MAX))
            .enumerate()
        {
            let at = start.saturating_add((i as u64).saturating_mul(entry_len));
            if let Some(entry) = entry(preamble, at, raw, &mut parsed.warnings) {
                // libtiff, too, keeps the first of several entries with one tag.
                if parsed.entries.iter().all(|e| e.tag != entry.tag) {
                    let len = entry.range.end - entry.range.start;
                    if !entry.tag.is_table() && len <= self.limits.tag_bytes {
                        parsed.value_bytes = parsed.value_bytes.saturating_add(len);
                    }
                    parsed.entries.push(entry);
                }
            }
        }
        // Directories may overlap, too, and a thousand times thousands of warnings serve nobody.
        if parsed.warnings.len() > WARNINGS {
            parsed.warnings.truncate(WARNINGS);
            parsed
                .warnings
                .push(Warning::new(offset, "further entries that make no sense"));
        }
        self.parsed.insert(offset, parsed);
        Ok(next)
    }

    /// The directory at `offset` with its values; what is not yet at hand is added to `needs`.
    fn values(
        &mut self,
        offset: u64,
        preamble: Preamble,
        needs: &mut Vec<Range<u64>>,
    ) -> Arc<Directory> {
        if let Some(directory) = self.complete.get(&offset) {
            return Arc::clone(directory);
        }
        let before = needs.len();
        let directory = Arc::new(self.read_values(offset, preamble, needs));
        // Of a directory whose entries are not at hand yet nothing is missed, and nothing known.
        if needs.len() == before && self.parsed.contains_key(&offset) {
            self.complete.insert(offset, Arc::clone(&directory));
        }
        directory
    }

    fn read_values(
        &self,
        offset: u64,
        preamble: Preamble,
        needs: &mut Vec<Range<u64>>,
    ) -> Directory {
        let mut directory = Directory {
            offset,
            order: preamble.order,
            entries: Vec::new(),
            old_jpeg: None,
        };
        let Some(parsed) = self
            .parsed
            .get(&offset)
            .filter(|parsed| parsed.value_bytes <= self.limits.header_bytes)
        else {
            return directory;
        };
        for entry in &parsed.entries {
            let mut entry = entry.clone();
            if !entry.tag.is_table() {
                let len = entry.range.end - entry.range.start;
                if len > self.limits.tag_bytes {
                    // As good as none; what cannot be done without is missed, by name, later.
                    directory.entries.push(entry);
                    continue;
                }
                match self.take(entry.range.start, len, entry.tag.word()) {
                    Ok(value) => entry.value = Some(value),
                    Err(Stop::Need(range)) => needs.push(range),
                    // A value that the file ends before is as good as none: what cannot be done
                    // without is missed, by name, when the image is put together.
                    Err(Stop::Broken(_)) => {}
                }
            }
            directory.entries.push(entry);
        }
        match self.old_jpeg(&directory) {
            Ok(headers) => directory.old_jpeg = headers,
            Err(Stop::Need(range)) => needs.push(range),
            // The blocks will tell that they lack it.
            Err(Stop::Broken(_)) => {}
        }
        directory
    }

    fn sub_directories(
        &mut self,
        preamble: Preamble,
        offset: u64,
        needs: &mut Vec<Range<u64>>,
    ) -> Vec<u64> {
        self.values(offset, preamble, needs)
            .first_unsigned(Tag::SUB_IFDS, self.limits.directories)
            .unwrap_or_default()
            .into_iter()
            .filter(|&sub| sub != 0)
            .collect()
    }

    pub(super) fn take(&self, offset: u64, len: u64, what: &'static str) -> Result<Bytes, Stop> {
        let truncated = |end| Stop::Broken(HeaderError::Truncated { what, offset, end });
        let Some(stop) = offset.checked_add(len) else {
            // No object is that long: where this one ends need not be known, and must not matter.
            return Err(truncated(u64::MAX));
        };
        let range = offset..stop;
        if let Some(end) = self.pages.end()
            && stop > end
        {
            return Err(truncated(end));
        }
        // Only whole pages count as at hand: else it would matter how bytes were cut up.
        if !self.pages.missing(&self.pages.paged(&range)).is_empty() {
            return Err(Stop::Need(range));
        }
        self.pages.bytes(&range).ok_or(Stop::Need(range))
    }
}

/// One entry, where it is of a tag and type that are read.
fn entry(preamble: Preamble, at: u64, raw: &[u8], warnings: &mut Vec<Warning>) -> Option<Entry> {
    let order = preamble.order;
    let tag = Tag(order.u16(raw, 0)?);
    tag.name()?;
    let kind = FieldType(order.u16(raw, 2)?);
    let (count, value_at, inline) = if preamble.big {
        (order.u64(raw, 4)?, 12u64, 8)
    } else {
        (u64::from(order.u32(raw, 4)?), 8, 4)
    };
    let Some(len) = kind.bytes().and_then(|b| b.checked_mul(count)) else {
        warnings.push(Warning::new(
            at,
            format!(
                "{} has type {} and count {count}: ignored",
                tag.word(),
                kind.0
            ),
        ));
        return None;
    };
    let start = if len <= inline {
        at.checked_add(value_at)?
    } else if preamble.big {
        order.u64(raw, 12)?
    } else {
        u64::from(order.u32(raw, 8)?)
    };
    let Some(end) = start.checked_add(len) else {
        warnings.push(Warning::new(
            at,
            format!("{} lies beyond any file: ignored", tag.word()),
        ));
        return None;
    };
    Some(Entry {
        tag,
        kind,
        count,
        range: start..end,
        value: None,
    })
}

/// Warnings kept of one directory.
const WARNINGS: usize = 64;
