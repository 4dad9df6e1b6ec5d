//! Bytes kept in memory, those used last.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use super::key::Key;

/// At most so many bytes, those of ranges that were used last.
#[derive(Debug)]
pub(super) struct Memory {
    limit: u64,
    held: u64,
    clock: u64,
    found: HashMap<Key, (u64, Bytes)>,
    /// By when they were used.
    used: BTreeMap<u64, Key>,
}

impl Memory {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            held: 0,
            clock: 0,
            found: HashMap::new(),
            used: BTreeMap::new(),
        }
    }

    pub(super) fn find(&mut self, key: &Key) -> Option<Bytes> {
        let (used, bytes) = self.found.get_mut(key)?;
        self.clock += 1;
        if let Some(key) = self.used.remove(used) {
            self.used.insert(self.clock, key);
        }
        *used = self.clock;
        Some(bytes.clone())
    }

    pub(super) fn keep(&mut self, key: Key, bytes: &Bytes) {
        let cost = cost(&key, bytes);
        // One range does not drive out all others.
        if cost > self.limit / 4 || self.found.contains_key(&key) {
            return;
        }
        self.clock += 1;
        self.held += cost;
        // Bytes of a merged request would hold on to all of it: a copy holds what it is.
        let bytes = Bytes::copy_from_slice(bytes);
        self.used.insert(self.clock, key.clone());
        self.found.insert(key, (self.clock, bytes));
        while self.held > self.limit
            && let Some((_, key)) = self.used.pop_first()
        {
            if let Some((_, bytes)) = self.found.remove(&key) {
                self.held -= self::cost(&key, &bytes);
            }
        }
    }
}

/// Bytes that an entry takes, about.
fn cost(key: &Key, bytes: &Bytes) -> u64 {
    (2 * key.len() + bytes.len() + ENTRY) as u64
}

/// What an entry takes besides its key and bytes.
const ENTRY: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_used_last_are_kept_within_the_limit() {
        let mut memory = Memory::new(10_000);
        let key = |n: u32| format!("key {n}");
        for n in 0..1000 {
            memory.keep(key(n), &Bytes::from(vec![0; 800]));
            assert!(memory.find(&key(0)).is_some(), "used again and again");
            assert!(memory.held <= memory.limit);
            assert_eq!(memory.used.len(), memory.found.len());
        }
        assert!(memory.find(&key(999)).is_some() && memory.find(&key(900)).is_none());
        assert!(memory.found.len() >= 8);
        memory.keep(key(2000), &Bytes::from(vec![0; 5000]));
        assert!(memory.find(&key(2000)).is_none(), "too large");

        let mut none = Memory::new(0);
        none.keep(key(1), &Bytes::from_static(b"1"));
        assert_eq!(none.find(&key(1)), None);
    }
}
