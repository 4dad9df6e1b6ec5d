use std::{env, fs, process::Command};

use futures::executor::block_on;
use stacchip_chip::testing::{MemoryOpener, check_versions};
use stacchip_cog::{
    ReadErrorKind,
    testing::{MemoryReader, check_range_reader},
};

use super::{disk::LOCK, *};

const ADDRESS: &str = "s3://scenes/a.tif";

/// Bytes that tell one object, and one place in it, from every other.
fn content(seed: u64) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(100_000);
    while bytes.len() < 100_000 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bytes.extend(x.to_le_bytes());
    }
    bytes
}

fn file(seed: u64) -> Arc<MemoryReader> {
    let tag = format!("\"{seed}\"");
    Arc::new(MemoryReader::new(content(seed)).with_etag(&tag))
}

fn cached(file: &Arc<MemoryReader>, options: &CacheOptions) -> CachedOpener {
    let opener = MemoryOpener::default().with(ADDRESS, Arc::clone(file) as Arc<_>);
    CachedOpener::new(Arc::new(opener), options).unwrap()
}

fn in_memory() -> CacheOptions {
    CacheOptions {
        memory: 1 << 20,
        folder: None,
    }
}

fn in_folder(folder: &Path, limit: u64) -> CacheOptions {
    CacheOptions {
        memory: 0,
        folder: Some((folder.to_owned(), limit)),
    }
}

/// Reads `ranges` of version `seed`, which was known before; they must be right.
fn read(opener: &CachedOpener, seed: u64, ranges: &[Range<u64>]) -> Result<(), ReadError> {
    let version = file(seed).version();
    let reader = block_on(opener.open_version(ADDRESS, &version))?;
    let answers = block_on(reader.read(ranges))?;
    let content = content(seed);
    for (range, answer) in ranges.iter().zip(answers) {
        let at = |n: u64| usize::try_from(n).unwrap().min(content.len());
        assert_eq!(answer, content[at(range.start)..at(range.end)], "{range:?}");
    }
    Ok(())
}

#[test]
fn what_is_kept_is_not_read_again_but_the_version_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    for options in [in_memory(), in_folder(folder.path(), 1 << 30)] {
        let file = file(1);
        let opener = cached(&file, &options);
        let ranges = [0..1000, 5000..9000, 99_990..100_010, 7..7];
        read(&opener, 1, &ranges).unwrap();
        assert_eq!((file.requests(), file.bytes_read()), (3, 5010));
        file.reset();
        // The last range was cut short by the end of the object, and is not kept.
        read(&opener, 1, &ranges[..2]).unwrap();
        assert_eq!((file.requests(), file.bytes_read()), (1, 1), "a proof");
        assert_eq!(
            opener.used(),
            CacheUse {
                ranges: 2 + 1,
                bytes: 5000
            }
        );
        file.reset();
        read(&opener, 1, &[0..1000, 2000..3000]).unwrap();
        assert_eq!(
            (file.requests(), file.bytes_read()),
            (1, 1000),
            "what lacks"
        );

        // One reader needs one proof.
        file.reset();
        let reader = block_on(opener.open_version(ADDRESS, &file.version())).unwrap();
        for said in [1, 0, 0] {
            let range = 5000..9000;
            let range = std::slice::from_ref(&range);
            assert_eq!(reader.requests(range).len(), said);
            block_on(reader.read(range)).unwrap();
            assert_eq!(file.requests(), 1);
        }
    }
}

#[test]
fn another_version_is_never_answered_with() {
    let folder = tempfile::tempdir().unwrap();
    let options = CacheOptions {
        memory: 1 << 20,
        ..in_folder(folder.path(), 1 << 30)
    };
    let memory = MemoryOpener::default();
    let opener = CachedOpener::new(Arc::new(memory.clone()), &options).unwrap();
    let range = 100..5000;
    let range = std::slice::from_ref(&range);
    for seed in 1..200 {
        memory.put(ADDRESS, file(seed));
        read(&opener, seed, range).unwrap();
        read(&opener, seed, range).unwrap();
        if seed > 1 {
            // All of it is kept, and yet it is not what lies there.
            let error = read(&opener, seed - 1, range).unwrap_err();
            assert_eq!(error.kind, ReadErrorKind::Changed);
        }
        // Whoever opens without a version reads what is there.
        let reader = block_on(opener.open(ADDRESS)).unwrap();
        let answer = block_on(reader.read(range)).unwrap();
        assert_eq!(answer[0], content(seed)[100..5000]);
    }
}

#[test]
fn readers_keep_the_promises() {
    let folder = tempfile::tempdir().unwrap();
    let options = CacheOptions {
        memory: 1 << 20,
        ..in_folder(folder.path(), 1 << 30)
    };
    let file = file(3);
    let opener = cached(&file, &options);
    for _ in 0..3 {
        let reader = block_on(opener.open(ADDRESS)).unwrap();
        assert_eq!(
            block_on(check_range_reader(reader.as_ref(), &content(3))),
            Ok(())
        );
    }
    let object = |byte: u8, etag: &str| {
        let reader = MemoryReader::new(vec![byte; 1000]).with_etag(etag);
        Arc::new(reader) as Arc<dyn RangeReader>
    };
    let memory = MemoryOpener::default().with(ADDRESS, object(1, "\"1\""));
    let opener = CachedOpener::new(Arc::new(memory.clone()), &options).unwrap();
    let replace = || memory.put(ADDRESS, object(2, "\"2\""));
    assert_eq!(block_on(check_versions(&opener, ADDRESS, replace)), Ok(()));
}

#[test]
fn files_of_this_machine_and_what_has_no_tag_are_not_kept() {
    let plain = Arc::new(MemoryReader::new(content(1)));
    let weak = Arc::new(MemoryReader::new(content(1)).with_etag("W/\"1\""));
    let local = file(1);
    let memory = MemoryOpener::default()
        .with("https://x.org/plain", Arc::clone(&plain) as Arc<_>)
        .with("https://x.org/weak", Arc::clone(&weak) as Arc<_>)
        .with("/data/a.tif", Arc::clone(&local) as Arc<_>);
    let opener = CachedOpener::new(Arc::new(memory), &in_memory()).unwrap();
    for (address, file) in [
        ("https://x.org/plain", plain),
        ("https://x.org/weak", weak),
        ("/data/a.tif", local),
    ] {
        let reader = block_on(opener.open(address)).unwrap();
        for n in 1..=3 {
            let range = 0..100;
            block_on(reader.read(std::slice::from_ref(&range))).unwrap();
            assert_eq!(file.bytes_read(), n * 100, "{address}");
        }
    }
    assert_eq!(opener.used(), CacheUse::default());
}

#[test]
fn files_that_are_not_what_was_written_are_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(1);
    let opener = cached(&file, &in_folder(folder.path(), 1 << 30));
    let range = 0..5000;
    let range = std::slice::from_ref(&range);
    read(&opener, 1, range).unwrap();
    let kept = files(folder.path()).pop().unwrap();
    let whole = fs::read(&kept).unwrap();
    let mut spoiled: Vec<Vec<u8>> = vec![
        Vec::new(),
        whole[..whole.len() - 1].to_vec(),
        [&whole[..], b"x"].concat(),
    ];
    for at in (0..whole.len()).step_by(97) {
        let mut one = whole.clone();
        one[at] ^= 1;
        spoiled.push(one);
    }
    for bytes in spoiled {
        fs::write(&kept, bytes).unwrap();
        file.reset();
        read(&opener, 1, range).unwrap();
        assert_eq!(file.bytes_read(), 5000, "read again");
        assert_eq!(fs::read(&kept).unwrap(), whole, "and kept again");
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let inside = folders.filter(|path| path.is_dir());
    inside
        .flat_map(|path| {
            fs::read_dir(path)
                .unwrap()
                .map(|entry| entry.unwrap().path())
        })
        .collect()
}

/// Bytes in `folder`, while nothing is removed: what is counted is there at the same time.
fn size(folder: &Path) -> u64 {
    let lock = fs::File::create(folder.join(LOCK)).unwrap();
    lock.lock().unwrap();
    // What is half written may get its name, or go, while it is counted.
    files(folder)
        .iter()
        .filter_map(|path| fs::metadata(path).ok())
        .map(|m| m.len())
        .sum()
}

const LIMIT: u64 = 2 << 20;

/// What one of several processes does: reads versions and ranges that the others read as well.
fn one_of_several(folder: &Path, number: u64) {
    let memory = MemoryOpener::default();
    let opener = CachedOpener::new(Arc::new(memory.clone()), &in_folder(folder, LIMIT)).unwrap();
    let mut x = number * 7919 + 1;
    for n in 0..3000 {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (seed, start) = (1 + (x >> 33) % 5, (x >> 40) % 90 * 1000);
        memory.put(ADDRESS, file_of(seed));
        let range = start..start + 9000;
        read(&opener, seed, std::slice::from_ref(&range)).unwrap();
        // Not each time, lest others never make room, and nothing new be kept.
        if n % 8 == 0 {
            let held = size(folder);
            assert!(held <= LIMIT, "{held}");
        }
    }
    assert!(opener.used().bytes > 0, "some of it was there already");
}

/// A process that makes room may be held up for long; the others do not fill the folder meanwhile.
#[test]
fn while_another_makes_room_little_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let opener = cached(&file(1), &in_folder(folder.path(), LIMIT));
    let read_all = || {
        for start in (0..90_000).step_by(1000) {
            let range = start..start + 9000;
            read(&opener, 1, std::slice::from_ref(&range)).unwrap();
        }
        files(folder.path()).len()
    };
    let lock = fs::File::create(folder.path().join(LOCK)).unwrap();
    lock.lock().unwrap();
    let some = read_all();
    assert!(0 < some && some as u64 <= LIMIT / 32 / 9000, "{some}");
    drop(lock);
    assert_eq!(read_all(), 90, "once it is done all is kept");
}

/// Versions are made once.
fn file_of(seed: u64) -> Arc<MemoryReader> {
    static MADE: Mutex<Vec<Option<Arc<MemoryReader>>>> = Mutex::new(Vec::new());
    let mut made = MADE.lock().unwrap();
    let at = usize::try_from(seed).unwrap();
    if made.len() <= at {
        made.resize(at + 1, None);
    }
    Arc::clone(made[at].get_or_insert_with(|| file(seed)))
}

const FOLDER: &str = "STACCHIP_TEST_CACHE";

/// Not a test by itself: what the processes of the next one run.
#[test]
fn a_process_of_several() {
    if let Some(folder) = env::var_os(FOLDER) {
        one_of_several(Path::new(&folder), u64::from(std::process::id()));
    }
}

#[test]
fn processes_share_a_folder_without_harm_and_within_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let mut others: Vec<_> = (0..3)
        .map(|_| {
            Command::new(env::current_exe().unwrap())
                .args(["--exact", "cache::tests::a_process_of_several"])
                .env(FOLDER, folder.path())
                .spawn()
                .unwrap()
        })
        .collect();
    one_of_several(folder.path(), 0);
    for other in &mut others {
        assert!(other.wait().unwrap().success());
    }
    let left = files(folder.path());
    assert!(!left.is_empty());
    assert!(
        left.iter()
            .all(|path| path.extension().is_some_and(|e| e == "tile")),
        "{left:?}"
    );
}
