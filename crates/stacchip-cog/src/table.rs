//! Where the bytes of blocks are: tables read as far as they are needed.

use std::{
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;

use crate::{
    BlockId,
    header::{ByteOrder, FieldType, Pages},
};

/// The tables of offsets and byte counts of a level's blocks.
///
/// They may be far larger than what a window needs of them, so they are read in pages, when a plan
/// asks for them. What has been read is shared by all clones.
#[derive(Debug, Clone)]
pub struct BlockTable {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// In the object, read as far as they were needed.
    InObject { offsets: Column, counts: Counts },
    /// Known from elsewhere: where each block starts, and its length; blocks beyond are left out.
    Known(Arc<[(u64, u64)]>),
}

/// Where the byte counts come from.
#[derive(Debug, Clone)]
pub(crate) enum Counts {
    Column(Column),
    /// Every block is as long as that, or ends with the file: files without byte counts.
    Guessed(Vec<u64>),
}

/// Where a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockPlace {
    /// These bytes of the object.
    At(Range<u64>),
    /// Nowhere: the file leaves it out, and it is full of the fill value.
    Sparse,
    /// Not known yet: these bytes of the tables must be [supplied](BlockTable::supply) first.
    Unknown(Vec<Range<u64>>),
    /// The tables end before it, or the entry is no number.
    Lost,
}

/// One table.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    order: ByteOrder,
    kind: FieldType,
    count: u64,
    range: Range<u64>,
    pages: Arc<RwLock<Pages>>,
}

enum Cell {
    Value(u64),
    Unknown(Range<u64>),
    Lost,
}

impl BlockTable {
    /// Tables in the object.
    pub(crate) const fn in_object(offsets: Column, counts: Counts) -> Self {
        Self {
            kind: Kind::InObject { offsets, counts },
        }
    }

    /// Tables that are known: of each block where it starts, and its length.
    pub(crate) fn known(places: Vec<(u64, u64)>) -> Self {
        Self {
            kind: Kind::Known(places.into()),
        }
    }

    /// Where the block `id` is.
    pub fn place(&self, id: BlockId) -> BlockPlace {
        let (offsets, counts) = match &self.kind {
            Kind::InObject { offsets, counts } => (offsets, counts),
            Kind::Known(places) => {
                let place = usize::try_from(id.0).ok().and_then(|i| places.get(i));
                return match place.copied() {
                    None | Some((_, 0)) => BlockPlace::Sparse,
                    Some((start, length)) => match start.checked_add(length) {
                        Some(end) => BlockPlace::At(start..end),
                        None => BlockPlace::Lost,
                    },
                };
            }
        };
        let count = match counts {
            Counts::Column(column) => column.at(id.0),
            Counts::Guessed(values) => Cell::Value(
                usize::try_from(id.0)
                    .ok()
                    .and_then(|i| values.get(i).or(values.last()))
                    .copied()
                    .unwrap_or(0),
            ),
        };
        match (offsets.at(id.0), count) {
            // GDAL goes by the byte count alone.
            (_, Cell::Value(0)) => BlockPlace::Sparse,
            (Cell::Value(start), Cell::Value(count)) => match start.checked_add(count) {
                Some(end) => BlockPlace::At(start..end),
                None => BlockPlace::Lost,
            },
            (_, Cell::Lost) | (Cell::Lost, Cell::Value(_)) => BlockPlace::Lost,
            // Where the offset is lost, too, the byte count may say that there is no block.
            (a, b) => BlockPlace::Unknown(
                [a, b]
                    .into_iter()
                    .filter_map(|cell| match cell {
                        Cell::Unknown(range) => Some(range),
                        _ => None,
                    })
                    .collect(),
            ),
        }
    }

    /// Whether blocks may end before the ranges told of them: they are guesses.
    pub(crate) const fn is_guessed(&self) -> bool {
        matches!(
            self.kind,
            Kind::InObject {
                counts: Counts::Guessed(_),
                ..
            }
        )
    }

    /// Takes bytes of the object that start at `offset`, to fill what of the tables lies in them.
    /// `asked` is how many were asked for: fewer `bytes` mean that the object ends there.
    pub fn supply(&self, offset: u64, asked: u64, bytes: &Bytes) {
        for column in self.columns() {
            let mut pages = column.pages.write().unwrap_or_else(PoisonError::into_inner);
            column.keep(&mut pages, offset, bytes);
            let got = bytes.len() as u64;
            if got < asked {
                pages.ends_at(offset.saturating_add(got));
            }
        }
    }

    /// How many blocks the tables say something of; those beyond are left out of the file.
    pub(crate) fn listed(&self) -> u64 {
        match &self.kind {
            Kind::InObject { counts, .. } => match counts {
                Counts::Column(column) => column.count,
                Counts::Guessed(_) => u64::MAX,
            },
            Kind::Known(places) => places.len() as u64,
        }
    }

    /// What of the tables of the first `blocks` blocks is not at hand: bytes of the object.
    pub(crate) fn missing(&self, blocks: u64) -> Vec<Range<u64>> {
        self.columns()
            .flat_map(|column| column.missing(blocks))
            .collect()
    }

    fn columns(&self) -> impl Iterator<Item = &Column> {
        let (offsets, counts) = match &self.kind {
            Kind::InObject { offsets, counts } => match counts {
                Counts::Column(column) => (Some(offsets), Some(column)),
                Counts::Guessed(_) => (Some(offsets), None),
            },
            Kind::Known(_) => (None, None),
        };
        offsets.into_iter().chain(counts)
    }
}

impl Column {
    /// A table of `count` numbers of `kind` at `range`; what of it lies in `held` is taken.
    pub(crate) fn new(
        order: ByteOrder,
        kind: FieldType,
        count: u64,
        range: Range<u64>,
        page: u64,
        held: &Pages,
    ) -> Self {
        let mut pages = Pages::new(page);
        if let Some(end) = held.end() {
            pages.ends_at(end);
        }
        for piece in held.pieces(&range) {
            pages.supply(piece.0, &piece.1);
        }
        Self {
            order,
            kind,
            count,
            range,
            pages: Arc::new(RwLock::new(pages)),
        }
    }

    /// The first number, if it is at hand.
    pub(crate) fn first(&self) -> Option<u64> {
        match self.at(0) {
            Cell::Value(value) => Some(value),
            _ => None,
        }
    }

    /// What of the first `blocks` numbers is not at hand, as far as the object goes.
    fn missing(&self, blocks: u64) -> Vec<Range<u64>> {
        let bytes = self.kind.bytes().unwrap_or(0);
        let len = blocks.min(self.count).saturating_mul(bytes);
        let end = self.range.start.saturating_add(len).min(self.range.end);
        let pages = self.pages.read().unwrap_or_else(PoisonError::into_inner);
        let end = pages.end().map_or(end, |stop| end.min(stop));
        pages.missing(&(self.range.start..end))
    }

    fn keep(&self, pages: &mut Pages, offset: u64, bytes: &Bytes) {
        let end = offset
            .saturating_add(bytes.len() as u64)
            .min(self.range.end);
        let start = offset.max(self.range.start);
        if start < end
            && let (Ok(from), Ok(to)) = (
                usize::try_from(start - offset),
                usize::try_from(end - offset),
            )
        {
            pages.supply(start, &bytes.slice(from..to));
        }
    }

    fn at(&self, i: u64) -> Cell {
        // libtiff takes what a short table lacks as zero.
        if i >= self.count {
            return Cell::Value(0);
        }
        let place = self.kind.bytes().and_then(|bytes| {
            let start = self.range.start.checked_add(i.checked_mul(bytes)?)?;
            Some(start..start.checked_add(bytes)?)
        });
        let Some(place) = place else {
            return Cell::Lost;
        };
        let pages = self.pages.read().unwrap_or_else(PoisonError::into_inner);
        if pages.end().is_some_and(|end| place.end > end) {
            return Cell::Lost;
        }
        let Some(raw) = pages.bytes(&place) else {
            let page = pages.paged(&place);
            return Cell::Unknown(page.start.max(self.range.start)..page.end.min(self.range.end));
        };
        self.kind
            .unsigned(self.order, &raw, 0)
            .map_or(Cell::Lost, Cell::Value)
    }
}
