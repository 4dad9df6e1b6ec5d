//! Objects taken whole from servers that know no ranges, as many as there is room for.

use std::{
    collections::VecDeque,
    ops::Range,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use stacchip_cog::Version;
use tokio::sync::Notify;

use super::fetch::Fetched;

/// The objects that are kept whole: of whose room is needed, the oldest goes.
#[derive(Debug, Default)]
pub(super) struct Wholes {
    shelf: Mutex<Shelf>,
    /// Tells that there may be room.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Shelf {
    readers: u64,
    /// Bytes of those that are under way.
    under_way: u64,
    /// Bytes of those that are kept.
    bytes: u64,
    /// The one used last is the last.
    kept: VecDeque<Arc<Whole>>,
}

/// All of an object.
#[derive(Debug)]
pub(super) struct Whole {
    reader: u64,
    bytes: Bytes,
    version: Version,
}

/// Room for an object that is under way; given back where it does not arrive.
#[derive(Debug)]
pub(super) struct Room<'a> {
    wholes: &'a Wholes,
    bytes: u64,
}

impl Wholes {
    /// A number that is one reader's.
    pub(super) fn reader(&self) -> u64 {
        let mut shelf = self.shelf();
        shelf.readers += 1;
        shelf.readers
    }

    /// Waits until there is room for so many bytes, at most [`ROOM`].
    pub(super) async fn room(&self, bytes: u64) -> Room<'_> {
        let bytes = bytes.min(ROOM);
        loop {
            let mut changed = pin!(self.changed.notified());
            // From now on no change is missed.
            changed.as_mut().enable();
            if self.shelf().make_room(bytes) {
                return Room {
                    wholes: self,
                    bytes,
                };
            }
            changed.await;
        }
    }

    /// What is kept of `reader`.
    pub(super) fn of(&self, reader: u64) -> Option<Arc<Whole>> {
        let mut shelf = self.shelf();
        let at = shelf.kept.iter().position(|whole| whole.reader == reader)?;
        let whole = shelf.kept.remove(at)?;
        shelf.kept.push_back(Arc::clone(&whole));
        Some(whole)
    }

    /// The reader is gone, and with it what was kept for it.
    pub(super) fn forget(&self, reader: u64) {
        let mut shelf = self.shelf();
        shelf.kept.retain(|whole| whole.reader != reader);
        shelf.bytes = shelf.kept.iter().map(|whole| whole.len()).sum();
        drop(shelf);
        self.changed.notify_waiters();
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// Whether there is room for so many bytes, once the oldest have gone that are in the way.
    fn make_room(&mut self, bytes: u64) -> bool {
        while self.under_way + self.bytes + bytes > ROOM
            && let Some(oldest) = self.kept.pop_front()
        {
            self.bytes -= oldest.len();
        }
        let some = self.under_way + self.bytes + bytes <= ROOM;
        if some {
            self.under_way += bytes;
        }
        some
    }
}

impl Room<'_> {
    /// The object has come: all of it, for `reader`.
    pub(super) fn keep(mut self, reader: u64, bytes: Bytes, version: Version) -> Arc<Whole> {
        let whole = Arc::new(Whole {
            reader,
            bytes,
            version,
        });
        let mut shelf = self.wholes.shelf();
        shelf.under_way -= std::mem::take(&mut self.bytes);
        shelf.bytes += whole.len();
        shelf.kept.push_back(Arc::clone(&whole));
        whole
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.wholes.shelf().under_way -= self.bytes;
        self.wholes.changed.notify_waiters();
    }
}

impl Whole {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// A range of it, as far as it goes.
    pub(super) fn part(&self, range: &Range<u64>) -> Fetched {
        let at = |n: u64| {
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            n.min(self.bytes.len())
        };
        let part = self.bytes.slice(at(range.start)..at(range.end));
        // A small part would keep all of it in memory.
        let bytes = if part.len() < self.bytes.len() / 2 {
            Bytes::copy_from_slice(&part)
        } else {
            part
        };
        Fetched {
            bytes,
            version: self.version.clone(),
            seen: None,
        }
    }
}

/// Bytes of objects that may be held whole at once.
const ROOM: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn keep(wholes: &Wholes, reader: u64, len: usize) {
        let room = wholes.room(len as u64).now_or_never().unwrap();
        room.keep(reader, Bytes::from(vec![0; len]), Version::default());
    }

    #[test]
    fn the_oldest_makes_room() {
        let wholes = Wholes::default();
        let quarter = usize::try_from(ROOM / 4).unwrap();
        for reader in 0..4 {
            keep(&wholes, reader, quarter);
        }
        assert!(wholes.of(0).is_some(), "used again");
        keep(&wholes, 4, quarter);
        let kept: Vec<_> = (0..5).filter(|n| wholes.of(*n).is_some()).collect();
        assert_eq!(kept, [0, 2, 3, 4]);
        wholes.forget(2);
        keep(&wholes, 5, quarter);
        assert!(wholes.of(0).is_some(), "there was room");
    }

    #[test]
    fn those_under_way_are_waited_for() {
        let wholes = Wholes::default();
        let first = wholes.room(ROOM).now_or_never().unwrap();
        let mut second = pin!(wholes.room(ROOM));
        assert!(second.as_mut().now_or_never().is_none());
        // It did not arrive.
        drop(first);
        let second = second.now_or_never().unwrap();
        let mut third = pin!(wholes.room(ROOM));
        assert!(third.as_mut().now_or_never().is_none());
        // It did, and is the oldest.
        second.keep(2, Bytes::from_static(b"abc"), Version::default());
        assert!(third.now_or_never().is_some());
        assert!(wholes.of(2).is_none());
    }

    #[test]
    fn a_small_part_does_not_keep_the_whole() {
        let wholes = Wholes::default();
        keep(&wholes, 1, 1000);
        let whole = wholes.of(1).unwrap();
        let within = |part: &Bytes| {
            let all = whole.bytes.as_ptr_range();
            all.contains(&part.as_ptr())
        };
        assert!(!within(&whole.part(&(10..20)).bytes));
        assert!(within(&whole.part(&(0..1000)).bytes));
        assert_eq!(whole.part(&(990..2000)).bytes.len(), 10);
        assert!(whole.part(&(2000..3000)).bytes.is_empty());
    }
}
