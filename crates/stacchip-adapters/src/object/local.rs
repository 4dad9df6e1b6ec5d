//! Files of this machine.
//!
//! Reads are positioned, so that any number of threads share one open file, and are made where they
//! are asked for: what the page cache holds is had sooner than another thread is woken.

use std::{
    fs::{self, File},
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use stacchip::{WriteError, WriteErrorKind};
use stacchip_cog::{RangeReader, ReadError, ReadErrorKind, Version};

use super::wire::{Counts, count};
use crate::beside::temporary;

/// An open file.
///
/// What is read is what stood under the path when it was opened, also when another file takes its
/// place; a file that is written to while it is read is reported as changed.
#[derive(Debug)]
pub struct LocalReader {
    address: String,
    file: File,
    size: u64,
    version: Version,
    counts: Arc<Counts>,
}

impl LocalReader {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// [`ReadError`] where there is no file, or it may not be read.
    pub fn open(path: &str) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|e| read_error(path, e))?;
        let metadata = file.metadata().map_err(|e| read_error(path, e))?;
        if !metadata.is_file() {
            return Err(ReadError::new(ReadErrorKind::Unsupported, path).because("it is no file"));
        }
        Ok(Self {
            address: path.to_owned(),
            size: metadata.len(),
            version: version(&metadata),
            file,
            counts: Arc::default(),
        })
    }

    /// The same, whose reads are counted in `counts`.
    pub(super) fn counted(mut self, counts: Arc<Counts>) -> Self {
        self.counts = counts;
        self
    }

    /// Bytes of the file when it was opened.
    pub const fn size(&self) -> u64 {
        self.size
    }

    fn read_one(&self, range: &Range<u64>) -> Result<Bytes, ReadError> {
        let end = range.end.min(self.size);
        let start = range.start.min(end);
        let too_long = || {
            ReadError::new(ReadErrorKind::Other, &self.address)
                .of(range.clone())
                .because("the range does not fit in memory")
        };
        let len = usize::try_from(end - start).map_err(|_| too_long())?;
        if len == 0 {
            return Ok(Bytes::new());
        }
        let mut bytes = BytesMut::zeroed(len);
        read_at(&self.file, &mut bytes, start).map_err(|e| {
            let error = if e.kind() == io::ErrorKind::UnexpectedEof {
                ReadError::new(ReadErrorKind::Changed, &self.address).because("it has shrunk")
            } else {
                read_error(&self.address, e)
            };
            error.of(range.clone())
        })?;
        count(&self.counts.local_reads, 1);
        count(&self.counts.local_bytes, len as u64);
        Ok(bytes.freeze())
    }
}

#[async_trait]
impl RangeReader for LocalReader {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        let answers = ranges.iter().map(|range| self.read_one(range)).collect();
        let metadata = self.file.metadata();
        let now = version(&metadata.map_err(|e| read_error(&self.address, e))?);
        if self.version.contradicts(&now) {
            return Err(ReadError::new(ReadErrorKind::Changed, &self.address)
                .because("it was written to meanwhile"));
        }
        answers
    }

    fn address(&self) -> &str {
        &self.address
    }

    fn version(&self) -> Version {
        self.version.clone()
    }
}

/// What the file system says: number of the file, size, time of its last modification. What is
/// renamed into a file's place has another number; what is written into it another time, as far as
/// the system's clock of files (some milliseconds on Linux) tells.
fn version(metadata: &fs::Metadata) -> Version {
    #[cfg(unix)]
    let etag = Some(format!(
        "{:x}",
        std::os::unix::fs::MetadataExt::ino(metadata)
    ));
    #[cfg(not(unix))]
    let etag = None;
    let modified = metadata.modified().ok().and_then(nanoseconds);
    Version {
        // A number may be used again, so that the time counts as well.
        etag: etag.map(|number| match modified {
            Some(time) => format!("{number}-{time:x}"),
            None => number,
        }),
        size: Some(metadata.len()),
        modified,
    }
}

/// Since 1970; nothing beyond the years 1677 to 2262.
fn nanoseconds(time: SystemTime) -> Option<i64> {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).ok(),
        Err(before) => i64::try_from(before.duration().as_nanos())
            .ok()
            .and_then(i64::checked_neg),
    }
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, offset)
}

/// Where the system has no positioned read the cursor is shared, so one reads at a time.
#[cfg(not(unix))]
fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    use std::{
        io::{Read, Seek, SeekFrom},
        sync::{Mutex, PoisonError},
    };
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut file = file;
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(into)
}

/// All bytes of the file at `path`, at most `limit`.
pub(super) fn read_all(path: &str, limit: u64) -> Result<Bytes, ReadError> {
    let reader = LocalReader::open(path)?;
    if reader.size > limit {
        return Err(ReadError::new(ReadErrorKind::Other, path).because(format!(
            "it has {} bytes, and at most {limit} are read at once",
            reader.size
        )));
    }
    reader.read_one(&(0..reader.size))
}

/// Stores `bytes` at `path`: beside it first, then under its name in one step.
pub(super) fn put(path: &str, bytes: &[u8], overwrite: bool) -> Result<(), WriteError> {
    let failed = |e: io::Error| write_error(path, e);
    let target = Path::new(path);
    if !overwrite && target.symlink_metadata().is_ok() {
        return Err(WriteError::new(WriteErrorKind::Exists, path));
    }
    let mut beside = temporary(target).map_err(failed)?;
    beside.write_all(bytes).map_err(failed)?;
    // Dropped on failure, the file beside it goes.
    let stored = if overwrite {
        beside.persist(target).map(drop)
    } else {
        beside.persist_noclobber(target).map(drop)
    };
    stored.map_err(|e| failed(e.error))
}

/// Removes the file at `path`, if there is one.
pub(super) fn remove(path: &str) -> Result<(), WriteError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(write_error(path, error)),
        _ => Ok(()),
    }
}

/// The files below the folder `path`, in the order of their names; nothing hidden.
pub(super) fn list(path: &str) -> Result<Vec<String>, ReadError> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(path)];
    while let Some(folder) = folders.pop() {
        let failed = |e: io::Error| read_error(&folder.to_string_lossy(), e);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            // Links to files are followed; links to folders are not, so that no walk is endless.
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push(entry.path());
            } else if entry.path().is_file() {
                found.push(entry.path().to_string_lossy().into_owned());
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn read_error(path: &str, cause: io::Error) -> ReadError {
    let kind = match cause.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ReadErrorKind::NotFound,
        io::ErrorKind::PermissionDenied => ReadErrorKind::Denied,
        io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory => ReadErrorKind::Unsupported,
        io::ErrorKind::Interrupted | io::ErrorKind::TimedOut => ReadErrorKind::Transient,
        _ => ReadErrorKind::Other,
    };
    ReadError::new(kind, path).because(cause)
}

fn write_error(path: &str, cause: io::Error) -> WriteError {
    let kind = match cause.kind() {
        io::ErrorKind::AlreadyExists => WriteErrorKind::Exists,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => WriteErrorKind::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            WriteErrorKind::Denied
        }
        io::ErrorKind::InvalidInput => WriteErrorKind::Unsupported,
        _ => WriteErrorKind::Other,
    };
    let error = WriteError::new(kind, path);
    if kind == WriteErrorKind::Exists {
        error
    } else {
        error.because(cause)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use proptest::prelude::*;

    use super::*;

    fn file(bytes: &[u8]) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a file.bin");
        fs::write(&path, bytes).unwrap();
        (folder, path.to_string_lossy().into_owned())
    }

    proptest! {
        #[test]
        fn it_answers_what_there_is(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            ranges in prop::collection::vec((0u64..250, 0u64..250), 0..6),
        ) {
            let (_folder, path) = file(&bytes);
            let ranges: Vec<_> = ranges.into_iter().map(|(s, n)| s..s + n).collect();
            let answers = block_on(LocalReader::open(&path).unwrap().read(&ranges)).unwrap();
            prop_assert_eq!(answers.len(), ranges.len());
            for (range, answer) in ranges.iter().zip(answers) {
                let at = |n: u64| usize::try_from(n).unwrap().min(bytes.len());
                prop_assert_eq!(&answer[..], &bytes[at(range.start)..at(range.end)]);
            }
        }
    }

    #[test]
    fn what_is_no_file_is_said() {
        let (folder, path) = file(b"x");
        let kind = |path: &str| LocalReader::open(path).unwrap_err().kind;
        assert_eq!(kind(&format!("{path}.no")), ReadErrorKind::NotFound);
        assert_eq!(kind(&format!("{path}/below")), ReadErrorKind::NotFound);
        assert_eq!(
            kind(&folder.path().to_string_lossy()),
            ReadErrorKind::Unsupported
        );
        assert_eq!(kind("nul\0"), ReadErrorKind::Unsupported);
    }

    #[test]
    fn a_file_that_shrinks_has_changed() {
        let (_folder, path) = file(&[7; 100]);
        let reader = LocalReader::open(&path).unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(50)
            .unwrap();
        let all = 0..100;
        let error = block_on(reader.read(std::slice::from_ref(&all))).unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::Changed);
    }

    #[test]
    fn an_enormous_range_allocates_no_more_than_the_file() {
        let (_folder, path) = file(&[7; 100]);
        let all = 90..u64::MAX;
        let answer = block_on(
            LocalReader::open(&path)
                .unwrap()
                .read(std::slice::from_ref(&all)),
        );
        assert_eq!(answer.unwrap(), [Bytes::from_static(&[7; 10])]);
    }

    #[test]
    fn what_stands_there_stays_unless_told_otherwise() {
        let (folder, path) = file(b"old");
        assert_eq!(
            put(&path, b"new", false).unwrap_err().kind,
            WriteErrorKind::Exists
        );
        assert_eq!(fs::read(&path).unwrap(), b"old");
        put(&path, b"new", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let below = folder.path().join("no/such/folder");
        let error = put(&below.to_string_lossy(), b"x", true).unwrap_err();
        assert_eq!(error.kind, WriteErrorKind::NotFound);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left behind"
        );
    }

    #[test]
    fn of_many_who_write_at_once_one_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one").to_string_lossy().into_owned();
        let won: usize = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8u8)
                .map(|n| {
                    let path = &path;
                    scope.spawn(move || usize::from(put(path, &[n; 1000], false).is_ok()))
                })
                .collect();
            all.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(won, 1);
        let bytes = fs::read(&path).unwrap();
        assert!(bytes.len() == 1000 && bytes.iter().all(|b| *b == bytes[0]));
    }

    #[test]
    fn a_folder_is_listed_by_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for name in ["c.json", "b/a.json", ".hidden", "a.json"] {
            fs::write(folder.path().join(name), b"x").unwrap();
        }
        let root = folder.path().to_string_lossy().into_owned();
        let names: Vec<_> = list(&root)
            .unwrap()
            .into_iter()
            .map(|p| p.strip_prefix(&root).unwrap().to_owned())
            .collect();
        assert_eq!(names, ["/a.json", "/b/a.json", "/c.json"]);
    }
}
