//! Decodes tiles of TIFF files with async-tiff in one thread, and says how much processor time that
//! took. Commands as the contender `decode` takes them, with the command `async-tiff`; windows must
//! be tiles. No pixel is moved after decoding.

use std::{
    collections::HashMap, error::Error, fs::File, io::BufRead as _, ops::Range,
    os::unix::fs::FileExt as _, sync::Arc, time::Duration,
};

use async_tiff::{
    TIFF, decoder::DecoderRegistry, error::AsyncTiffResult, metadata::TiffMetadataReader,
    metadata::cache::ReadaheadMetadataCache, reader::AsyncFileReader,
};
use bytes::Bytes;
use futures::executor::block_on;
use rustix::time::{ClockId, clock_gettime};

type Failure = Box<dyn Error + Send + Sync>;

/// A file, read where it is asked for.
#[derive(Debug, Clone)]
struct Local(Arc<File>);

#[async_trait::async_trait]
impl AsyncFileReader for Local {
    async fn get_bytes(&self, range: Range<u64>) -> AsyncTiffResult<Bytes> {
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        let mut got = 0;
        while got < length {
            match self
                .0
                .read_at(&mut bytes[got..], range.start + got as u64)?
            {
                0 => break,
                n => got += n,
            }
        }
        bytes.truncate(got);
        Ok(bytes.into())
    }
}

struct Raster {
    reader: Local,
    tiff: TIFF,
}

fn main() -> Result<(), Failure> {
    let mut rasters = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        match answer(&line?, &mut rasters) {
            Ok(answer) => println!("{answer}"),
            Err(e) => println!("error\t{e}"),
        }
    }
    Ok(())
}

fn answer(line: &str, rasters: &mut HashMap<String, Raster>) -> Result<String, Failure> {
    let words: Vec<&str> = line.split('\t').collect();
    let (command, path, list, passes) = match words[..] {
        [command, path, list] => (command, path, list, 1),
        [command, path, list, passes] => (command, path, list, passes.parse::<u32>()?),
        _ => return Err("command, raster, windows, passes".into()),
    };
    if !rasters.contains_key(path) {
        rasters.insert(path.to_owned(), block_on(open(path))?);
    }
    let raster = rasters.get(path).ok_or("a raster is lost")?;
    let windows = std::fs::read_to_string(list)?;
    let windows: Vec<Vec<usize>> = windows
        .lines()
        .map(|line| line.split_whitespace().map(str::parse).collect())
        .collect::<Result<_, _>>()?;
    let registry = DecoderRegistry::default();
    if command == "check" {
        let mut crc = crc32fast::Hasher::new();
        for window in &windows {
            block_on(tile(raster, window, &registry, |bytes, bands| {
                let sample = bytes.len() / (window[2] * window[3] * bands);
                for band in 0..bands {
                    for pixel in bytes.chunks_exact(sample * bands) {
                        crc.update(&pixel[band * sample..(band + 1) * sample]);
                    }
                }
            }))?;
        }
        return Ok(format!("crc\t{:08x}", crc.finalize()));
    }
    let mut least = Duration::MAX;
    for _ in 0..passes {
        let start = thread_time()?;
        for window in &windows {
            block_on(tile(raster, window, &registry, |bytes, _| {
                std::hint::black_box(bytes);
            }))?;
        }
        least = least.min(thread_time()? - start);
    }
    Ok(format!("seconds\t{}", least.as_secs_f64()))
}

async fn open(path: &str) -> Result<Raster, Failure> {
    let reader = Local(Arc::new(File::open(path)?));
    let cache = ReadaheadMetadataCache::new(reader.clone());
    let mut meta = TiffMetadataReader::try_open(&cache).await?;
    let ifds = meta.read_all_ifds(&cache).await?;
    let tiff = TIFF::new(ifds, meta.endianness());
    Ok(Raster { reader, tiff })
}

async fn tile(
    raster: &Raster,
    window: &[usize],
    registry: &DecoderRegistry,
    then: impl FnOnce(&[u8], usize),
) -> Result<(), Failure> {
    let &[column, row, width, height] = window else {
        return Err("four numbers make a window".into());
    };
    let directory = &raster.tiff.ifds()[0];
    let tile = directory
        .fetch_tile(column / width, row / height, &raster.reader)
        .await?;
    let array = tile.decode(registry)?;
    then(
        array.data().as_ref(),
        usize::from(directory.samples_per_pixel()),
    );
    Ok(())
}

fn thread_time() -> Result<Duration, Failure> {
    Ok(clock_gettime(ClockId::ThreadCPUTime).try_into()?)
}
