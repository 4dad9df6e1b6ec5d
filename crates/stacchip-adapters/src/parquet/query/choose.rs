//! Some of the rows that answer: so many, by lot; so many of each item, month or cell.

use std::collections::{BinaryHeap, HashMap, HashSet};

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
    /// What sets it apart from others of its id.
    pub(super) apart: u64,
    pub(super) groups: Vec<u64>,
    pub(super) table: usize,
    pub(super) row: u64,
}

/// The rows that are drawn: those with the least lots, as long as there is room among those they are
/// counted with. A row's lot is made of its chip and the seed: it is drawn once at most, and neither
/// the order of rows nor that of tables matters.
pub(super) fn draw(mut rows: Vec<Drawn>, choice: &Choice) -> Vec<Drawn> {
    if !choice.is_all() {
        set_apart(&mut rows);
    }
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

/// Gives rows of one id, as chips of several sizes are, lots of their own; others keep that of their id.
fn set_apart(rows: &mut [Drawn]) {
    let mut lots: Vec<u64> = rows.iter().map(|r| r.lot).collect();
    lots.sort_unstable();
    let several = lots.chunk_by(|a, b| a == b).filter(|same| same.len() > 1);
    let several: HashSet<u64> = several.filter_map(|same| same.first().copied()).collect();
    for row in rows.iter_mut().filter(|row| several.contains(&row.lot)) {
        row.lot = mix(row.lot ^ row.apart);
    }
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
            apart: 0,
            groups: Vec::new(),
            table,
            row,
        })
        .collect()
}

/// The lot of a chip: FNV-1a of its id, mixed with the seed.
pub(super) fn lot(seed: u64, chipid: &str) -> u64 {
    mix(fnv(chipid.as_bytes()) ^ mix(seed))
}

/// What sets a chip apart from others of its id: its size, its step and its collection.
pub(super) fn apart(size: u32, stride: u32, collection: &str) -> u64 {
    let numbers = u64::from(size) << 32 | u64::from(stride);
    mix(fnv(collection.as_bytes()) ^ mix(numbers))
}

/// FNV-1a.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// As `SplitMix64` mixes.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
