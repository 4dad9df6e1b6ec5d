//! Some of the rows that answer: so many, by lot; so many of each item, month or cell.

use std::collections::{BinaryHeap, HashMap};

/// What rows are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// The item.
    Item,
    /// The month of `datetime`.
    Month,
    /// The ground cell.
    Cell,
}

/// How many rows, and by which lot.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// At most so many in all.
    pub sample: Option<usize>,
    /// Another number, other rows.
    pub seed: u64,
    /// At most so many of each.
    pub per: Vec<(Per, usize)>,
}

impl Choice {
    /// Whether all rows are taken.
    pub fn is_all(&self) -> bool {
        self.sample.is_none() && self.per.is_empty()
    }
}

/// A row that may be drawn: its lot, what it is counted by, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Drawn {
    pub(super) lot: u64,
    pub(super) groups: Vec<u64>,
    pub(super) table: usize,
    pub(super) row: u64,
}

/// The rows that are drawn: those with the least lots, as long as there is room among those they are
/// counted with. A row's lot is made of its chip and the seed: it is drawn once at most, and neither
/// the order of rows nor that of tables matters.
pub(super) fn draw(mut rows: Vec<Drawn>, choice: &Choice) -> Vec<Drawn> {
    if choice.per.is_empty() {
        if let Some(count) = choice.sample {
            rows = least(rows, count);
        }
    } else {
        rows.sort_unstable_by_key(|r| (r.lot, r.table, r.row));
        let mut room: Vec<HashMap<u64, usize>> = vec![HashMap::new(); choice.per.len()];
        let mut left = choice.sample.unwrap_or(usize::MAX);
        rows.retain(|row| {
            let mut counts = row.groups.iter().zip(&room).zip(&choice.per);
            let full = counts.any(|((g, room), (_, most))| room.get(g).is_some_and(|n| n >= most));
            if full || left == 0 || choice.per.iter().any(|(_, most)| *most == 0) {
                return false;
            }
            for (group, room) in row.groups.iter().zip(&mut room) {
                *room.entry(*group).or_default() += 1;
            }
            left -= 1;
            true
        });
    }
    rows.sort_unstable_by_key(|r| (r.table, r.row));
    rows
}

fn least(rows: Vec<Drawn>, count: usize) -> Vec<Drawn> {
    let mut kept: BinaryHeap<(u64, usize, u64)> = BinaryHeap::new();
    for row in rows {
        kept.push((row.lot, row.table, row.row));
        if kept.len() > count {
            kept.pop();
        }
    }
    kept.into_iter()
        .map(|(lot, table, row)| Drawn {
            lot,
            groups: Vec::new(),
            table,
            row,
        })
        .collect()
}

/// The lot of a chip: FNV-1a of its id, mixed with the seed as `SplitMix64` does.
pub(super) fn lot(seed: u64, chipid: &str) -> u64 {
    let hash = chipid.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let mix = |mut z: u64| {
        z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    mix(hash ^ mix(seed))
}
