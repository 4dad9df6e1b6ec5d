//! Bytes kept in a folder, which any number of processes may share.
//!
//! A file a range, named by a hash of its key:
//!
//! | bytes | |
//! |---|---|
//! | 16 | `stacchip tile 1\n` |
//! | 8 | length of the key, little-endian |
//! | 8 | length of what is kept |
//! | 8 | a hash of what is kept |
//! | … | the key |
//! | … | what is kept |
//!
//! It is written under another name and renamed, so that nobody sees a part of one. A file that holds
//! another key, or other bytes than were written, is as none. What has not been used for longest is
//! removed where there is too much, by one process at a time.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use super::key::{Key, hash};
use crate::beside::temporary;

/// A folder of ranges.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    limit: u64,
    /// Bytes written by this process since it last looked how many there are, or more.
    written: AtomicU64,
}

impl Disk {
    pub(super) fn new(folder: &Path, limit: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        // That it can be written to is better known now than never.
        temporary(&folder.join("try"))?;
        let disk = Self {
            folder: folder.to_owned(),
            limit,
            // Where another makes room now, this process looks for itself before it writes.
            written: AtomicU64::new(limit / 32 + 1),
        };
        disk.make_room(0);
        Ok(disk)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is kept under `key`; nothing where that is not certain.
    pub(super) fn find(&self, key: &Key) -> Option<Bytes> {
        let mut file = File::open(self.path(key)).ok()?;
        let metadata = file.metadata().ok()?;
        let mut all = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
        file.read_to_end(&mut all).ok()?;
        let all = Bytes::from(all);
        let bytes = taken_apart(&all, key)?;
        // Used just now; more often than once a minute nobody needs to know.
        let now = SystemTime::now();
        let old = metadata
            .modified()
            .ok()
            .and_then(|t| now.duration_since(t).ok());
        if old.is_some_and(|old| old > USED_AGAIN) {
            let _ = file.set_modified(now);
        }
        Some(bytes)
    }

    /// Keeps `bytes` under `key`. Where that does not work they are fetched again another time.
    pub(super) fn keep(&self, key: &Key, bytes: &[u8]) {
        let Some(head) = head(key, bytes) else {
            return;
        };
        let len = (head.len() + bytes.len()) as u64;
        if len > self.step() {
            return;
        }
        let written = self.written.fetch_add(len, Ordering::Relaxed) + len;
        if written > self.step() && !self.make_room(len) {
            return;
        }
        let path = self.path(key);
        let write = || -> io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = temporary(&path)?;
            file.write_all(&head)?;
            file.write_all(bytes)?;
            file.persist(&path)?;
            Ok(())
        };
        // A cache that is full, or gone, is none.
        let _ = write();
    }

    /// Bytes that one process writes before it looks again how many there are. Eight at once stay
    /// within the limit with it.
    fn step(&self) -> u64 {
        self.limit / 32
    }

    /// Removes what was used longest ago where there is too much, before `next` bytes are written.
    /// `false` where nothing can be removed, or another does so already: until it is done, and this
    /// process has looked for itself, there may be no room.
    fn make_room(&self, next: u64) -> bool {
        let Ok(lock) = File::create(self.folder.join(LOCK)) else {
            return false;
        };
        // A file system without locks lets two do it at once, which removes more than need be.
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            return false;
        }
        self.written.store(next, Ordering::Relaxed);
        let mut files = self.files();
        let mut held: u64 = files.iter().map(|file| file.1).sum();
        if held <= self.limit / 4 * 3 {
            return true;
        }
        files.sort_unstable();
        for (_, len, path) in files {
            if held <= self.limit / 8 * 5 {
                break;
            }
            if fs::remove_file(path).is_ok() {
                held -= len;
            }
        }
        held <= self.limit / 4 * 3
    }

    /// When each file was used, its length, and where it is. What a process that died has left half
    /// written is removed.
    fn files(&self) -> Vec<(SystemTime, u64, PathBuf)> {
        let folders = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let inside = folders.filter_map(|folder| fs::read_dir(folder.path()).ok());
        let entries = inside.flatten().flatten().filter_map(|file| {
            let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
            let (used, path) = (metadata.modified().ok()?, file.path());
            let own = path.extension().is_some_and(|ending| ending == ENDING);
            let part = path.extension().is_some_and(|ending| ending == "part");
            let left = used.elapsed().is_ok_and(|age| age > LEFT_BEHIND);
            if part && left {
                let _ = fs::remove_file(&path);
            }
            own.then_some((used, metadata.len(), path))
        });
        entries.collect()
    }

    fn path(&self, key: &Key) -> PathBuf {
        let name = format!("{:016x}", hash(key.as_bytes()));
        let (folder, _) = name.split_at(2);
        self.folder.join(folder).join(format!("{name}.{ENDING}"))
    }
}

/// What stands before `bytes` in their file.
fn head(key: &Key, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut head = MAGIC.to_vec();
    head.extend(u64::try_from(key.len()).ok()?.to_le_bytes());
    head.extend(u64::try_from(bytes.len()).ok()?.to_le_bytes());
    head.extend(hash(bytes).to_le_bytes());
    head.extend(key.as_bytes());
    Some(head)
}

/// What `file` keeps, if that is what was written under `key`.
fn taken_apart(file: &Bytes, key: &Key) -> Option<Bytes> {
    let at = MAGIC.len() + 24 + key.len();
    let bytes = (file.len() >= at).then(|| file.slice(at..))?;
    (file.get(..at)? == head(key, &bytes)?).then_some(bytes)
}

const MAGIC: &[u8; 16] = b"stacchip tile 1\n";
const ENDING: &str = "tile";
/// Held by the process that makes room.
pub(super) const LOCK: &str = "lock";
/// How long a use counts as the same.
const USED_AGAIN: Duration = Duration::from_mins(1);
/// What is half written for longer is nobody's.
const LEFT_BEHIND: Duration = Duration::from_hours(1);
