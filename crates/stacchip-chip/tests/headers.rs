//! Chips from headers that were kept: how many requests they take, and what becomes of them when an
//! object is replaced.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use std::{
    future::poll_fn,
    ops::Range,
    sync::{Arc, mpsc},
    task::Poll,
    thread,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, executor::block_on};
use stacchip_chip::{
    AssetRequest, ChipReader, ChipRequest, Frame, Raster, RasterCache, ReadCost,
    batch::{BatchOptions, BatchReader, FailedChip, Order, ReadyChip, WantedChip},
    testing::{MemoryOpener, check_versions},
};
use stacchip_cog::{
    Codecs, HeaderStore, Limits, RangeReader, ReadError, ReadErrorKind, Version, WriteOptions,
    testing::{MemoryHeaders, MemoryReader},
    write_cog,
};
use stacchip_model::{Pixels, Size, Window};

const ASSETS: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

/// A scene of 600 pixels, all of them `value`, in tiles of `tile`.
fn file(value: u16, tile: u32, etag: &str) -> Arc<MemoryReader> {
    let numbers = vec![value; 360_000];
    let pixels = Pixels::from_slice([1, 600, 600], &numbers).unwrap();
    let bytes = write_cog(&pixels, &WriteOptions::cog().tiles(tile), None).unwrap();
    Arc::new(MemoryReader::new(bytes).with_etag(etag))
}

struct Scene {
    files: Vec<Arc<MemoryReader>>,
    opener: MemoryOpener,
    headers: Arc<MemoryHeaders>,
}

impl Scene {
    /// Ten assets, whose headers are kept.
    fn new() -> Self {
        let files: Vec<_> = (0..10)
            .map(|i| file(i, 1024, &format!("\"{i}\"")))
            .collect();
        let scene = Self {
            opener: MemoryOpener::default(),
            headers: Arc::new(MemoryHeaders::default()),
            files,
        };
        for (name, file) in ASSETS.iter().zip(&scene.files) {
            scene.opener.put(*name, Arc::clone(file) as Arc<_>);
            let limits = Limits::default();
            let raster = block_on(Raster::open(&scene.opener, name, &limits)).unwrap();
            let stored = block_on(raster.stored_header()).unwrap();
            block_on(scene.headers.keep(&[stored])).unwrap();
            file.reset();
        }
        scene
    }

    fn reader(&self, with_headers: bool) -> ChipReader {
        let mut rasters = RasterCache::default();
        if with_headers {
            rasters = rasters.with_headers(Arc::clone(&self.headers) as Arc<_>);
        }
        ChipReader::new(
            Arc::new(self.opener.clone()),
            Arc::new(Codecs::new()),
            Arc::new(rasters),
        )
    }

    fn requests(&self) -> u64 {
        self.files.iter().map(|f| f.requests()).sum()
    }
}

fn request() -> ChipRequest {
    let assets = ASSETS.iter().map(|a| AssetRequest::new(*a, *a)).collect();
    let frame = Frame::of_size(Size::new(600, 600));
    ChipRequest::new(frame, Window::new(100, 200, 256, 256), assets)
}

/// The number that each asset of a chip is full of.
fn values(reader: &ChipReader) -> Vec<u16> {
    let chip = block_on(reader.read_chip(&request())).unwrap();
    let arrays = chip.arrays.iter().map(|array| {
        let pixels = array.pixels.as_slice::<u16>().unwrap();
        assert!(pixels.iter().all(|v| *v == pixels[0]));
        pixels[0]
    });
    arrays.collect()
}

#[test]
fn a_cold_chip_of_ten_assets_is_ten_requests() {
    let scene = Scene::new();
    let reader = scene.reader(true);
    assert_eq!(values(&reader), (0..10).collect::<Vec<_>>());
    assert_eq!(scene.requests(), 10);
    assert_eq!(scene.headers.loads(), 1, "looked up at once");
    let used = reader.rasters().header_use();
    assert_eq!((used.known, used.read, used.stale.len()), (10, 0, 0));

    // A raster by itself is looked up, too.
    let reader = scene.reader(true);
    block_on(reader.raster("e")).unwrap();
    assert_eq!(scene.requests(), 10);
    assert_eq!(reader.rasters().header_use().known, 1);

    let scene = Scene::new();
    let reader = scene.reader(false);
    assert_eq!(values(&reader), (0..10).collect::<Vec<_>>());
    assert_eq!(scene.requests(), 20);
    assert_eq!(reader.rasters().header_use().read, 10);
}

#[test]
fn what_was_replaced_is_read_anew_and_never_with_old_offsets() {
    for trial in 0..18u16 {
        let scene = Scene::new();
        let reader = scene.reader(true);
        // Before the first chip, or while the run goes on; tiles of another size, or of the same.
        if trial % 2 == 1 {
            assert_eq!(values(&reader)[3], 3);
        }
        let tile = [1024, 64, 256][usize::from(trial) % 3];
        let new = file(1000 + trial, tile, "\"new\"");
        scene.opener.put("d", Arc::clone(&new) as Arc<_>);
        let mut wanted: Vec<u16> = (0..10).collect();
        wanted[3] = 1000 + trial;
        assert_eq!(values(&reader), wanted);
        assert_eq!(values(&reader), wanted);
        let used = reader.rasters().header_use();
        assert_eq!((used.known, used.read), (10, 1));
        assert_eq!(used.stale.len(), 1);
        assert_eq!(used.stale[0].0, "d");
    }
}

#[test]
fn what_is_said_before_is_what_is_asked() {
    let scene = Scene::new();
    let reader = scene.reader(true);
    let chip = block_on(reader.plan(&request())).unwrap();
    let costs = chip.arrays().iter().map(|a| ReadCost::of(a).unwrap());
    let said = costs.fold(ReadCost::default(), ReadCost::beside);
    assert_eq!(scene.requests(), 0, "nothing is read to say it");
    block_on(reader.read_chip(&request())).unwrap();
    let bytes: u64 = scene.files.iter().map(|f| f.bytes_read()).sum();
    assert_eq!((said.requests, said.bytes), (scene.requests(), bytes));
}

/// A raster that does not answer before `others` have: its own header, and their pixels.
#[derive(Debug)]
struct Last {
    file: Arc<MemoryReader>,
    others: Vec<Arc<MemoryReader>>,
}

#[async_trait]
impl RangeReader for Last {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        // Whoever waits for all headers before any pixels waits for ever.
        for _ in 0..1000 {
            if self.others.iter().all(|other| other.batches() >= 2) {
                return self.file.read(ranges).await;
            }
            yield_once().await;
        }
        Err(ReadError::new(ReadErrorKind::Other, "the others").because("were not asked for pixels"))
    }

    fn address(&self) -> &'static str {
        "last"
    }

    fn version(&self) -> Version {
        self.file.version()
    }
}

/// Lets others go on.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn pixels_of_an_asset_wait_for_no_other_asset() {
    let scene = Scene::new();
    let last = Last {
        file: Arc::clone(&scene.files[4]),
        others: scene
            .files
            .iter()
            .filter(|f| f.version() != scene.files[4].version())
            .cloned()
            .collect(),
    };
    scene.opener.put("e", Arc::new(last));
    assert_eq!(values(&scene.reader(false)), (0..10).collect::<Vec<_>>());
    assert_eq!(scene.requests(), 20);
    scene.files.iter().for_each(|file| file.reset());
    let fetched = block_on(scene.reader(false).fetch(&request())).unwrap();
    assert_eq!(fetched.decode(&Codecs::new()).unwrap().arrays.len(), 10);
}

#[test]
fn a_list_is_read_anew_where_something_was_replaced() {
    for trial in 0..12u16 {
        let scene = Scene::new();
        let reader = scene.reader(true);
        let like = Arc::new(request());
        let list = (0..16).map(|i| WantedChip {
            like: Arc::clone(&like),
            window: Window::new(i % 4 * 80, i / 4 * 80, 128, 128),
        });
        let list: Vec<_> = list.collect();
        // Before the list, or after its first chip; tiles of another size, or of the same.
        let (midway, streamed) = (trial % 2 == 1, trial % 4 > 1);
        let new = file(1000, [64, 1024, 256][usize::from(trial) % 3], "\"new\"");
        let replace = || scene.opener.put("d", Arc::clone(&new) as Arc<_>);
        if !midway {
            replace();
        }
        // Memory for a chip that waits and two in pieces: no more is read ahead than is looked ahead.
        let options = BatchOptions::default().order(Order::Asked).threads(2);
        let options = options.memory(1 << 20);
        let batch = BatchReader::new(&reader, options.look_ahead(4));
        let mut read = Vec::new();
        let mut take = |chip: Result<ReadyChip, FailedChip>| {
            if midway && read.is_empty() {
                replace();
            }
            let chip = chip.unwrap().into_chip().unwrap();
            let pixels = chip.arrays[3].pixels.as_slice::<u16>().unwrap();
            assert!(pixels.iter().all(|v| *v == pixels[0]));
            read.push(pixels[0]);
        };
        let failed = if streamed {
            let mut stream = batch.stream(list);
            while let Some(chip) = block_on(stream.next()) {
                take(chip);
            }
            stream.counts().failed
        } else {
            let mut chips = batch.chips(list);
            chips.by_ref().for_each(&mut take);
            chips.counts().failed
        };
        assert_eq!((read.len(), failed), (16, 0));
        let old = read.iter().filter(|value| **value == 3).count();
        let most = if midway { 1 + 4 } else { 0 };
        assert!(old <= most, "{old} of what is gone");
        assert_eq!(read[15], 1000);
        assert!(read.iter().all(|value| [3, 1000].contains(value)));
        let used = reader.rasters().header_use();
        assert!(
            midway || (used.known, used.read, used.stale.len()) == (10, 1, 1),
            "{used:?}"
        );
    }
}

/// On the only thread of a pool nobody else can be waited for.
#[test]
fn a_list_is_read_anew_on_a_thread_of_a_pool() {
    let scene = Scene::new();
    let reader = scene.reader(true);
    scene.opener.put("d", file(1000, 64, "\"new\""));
    let (done, ended) = mpsc::channel();
    let read = move || {
        let options = BatchOptions::default().order(Order::Asked).threads(1);
        let batch = BatchReader::new(&reader, options);
        let mut chips = batch.chips(vec![WantedChip::from(request()); 2]);
        assert_eq!(chips.by_ref().flatten().count(), 2);
        done.send(chips.counts().failed).unwrap();
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    let pool = pool.build().unwrap();
    thread::spawn(move || pool.install(read));
    // It takes milliseconds, or for ever.
    assert_eq!(ended.recv_timeout(Duration::from_mins(2)), Ok(0));
}

#[test]
fn a_stored_header_that_makes_no_sense_is_passed_over() {
    let scene = Scene::new();
    let mut broken = block_on(scene.headers.load(&["d"]))
        .unwrap()
        .remove(0)
        .unwrap();
    broken.rasters[0].bits = 200;
    block_on(scene.headers.keep(&[broken])).unwrap();
    let reader = scene.reader(true);
    assert_eq!(values(&reader), (0..10).collect::<Vec<_>>());
    assert_eq!(scene.requests(), 11);
    let used = reader.rasters().header_use();
    assert!(used.stale[0].1.contains("bits"), "{used:?}");
}

#[test]
fn the_opener_in_memory_keeps_the_promises() {
    let object = |byte: u8, etag: &str| {
        let reader = MemoryReader::new(vec![byte; 1000]).with_etag(etag);
        Arc::new(reader) as Arc<dyn RangeReader>
    };
    let opener = MemoryOpener::default().with("a", object(1, "\"1\""));
    let replace = || opener.put("a", object(2, "\"2\""));
    assert_eq!(block_on(check_versions(&opener, "a", replace)), Ok(()));
}
