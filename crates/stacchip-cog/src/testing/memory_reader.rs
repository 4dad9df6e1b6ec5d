//! An object in memory, and what every reader of objects must do.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{RangeReader, ReadError, Version};

/// An object in memory that counts what is asked of it.
#[derive(Debug)]
pub struct MemoryReader {
    bytes: Bytes,
    version: Version,
    batches: AtomicU64,
    requests: AtomicU64,
    read: AtomicU64,
}

impl MemoryReader {
    /// An object of `bytes`.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            version: Version {
                size: Some(bytes.len() as u64),
                ..Version::default()
            },
            bytes,
            batches: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            read: AtomicU64::new(0),
        }
    }

    /// The same with an entity tag.
    pub fn with_etag(mut self, etag: &str) -> Self {
        self.version.etag = Some(etag.to_owned());
        self
    }

    /// How often it was asked: round trips.
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }

    /// How many ranges it was asked for.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many bytes it answered with.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Forgets the counts.
    pub fn reset(&self) {
        for counter in [&self.batches, &self.requests, &self.read] {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl RangeReader for MemoryReader {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        self.batches.fetch_add(1, Ordering::Relaxed);
        let mut answers = Vec::with_capacity(ranges.len());
        for range in ranges {
            self.requests.fetch_add(1, Ordering::Relaxed);
            let len = self.bytes.len();
            let end = usize::try_from(range.end).unwrap_or(len).min(len);
            let start = usize::try_from(range.start).unwrap_or(len).min(end);
            let answer = self.bytes.slice(start..end);
            self.read.fetch_add(answer.len() as u64, Ordering::Relaxed);
            answers.push(answer);
        }
        Ok(answers)
    }

    fn address(&self) -> &'static str {
        "memory"
    }

    fn version(&self) -> Version {
        self.version.clone()
    }
}

/// Checks that `reader` keeps the promises of [`RangeReader`] for an object of the bytes
/// `expected`, of which there should be a few thousand.
///
/// # Errors
/// What it did wrong.
pub async fn check_range_reader(reader: &dyn RangeReader, expected: &[u8]) -> Result<(), String> {
    let len = expected.len() as u64;
    let half = len / 2;
    let batches: Vec<Vec<Range<u64>>> = vec![
        vec![],
        vec![0..0],
        std::iter::once(0..len).collect(),
        vec![0..1, len.saturating_sub(1)..len],
        vec![half..len, 0..half, half / 2..half.saturating_add(half / 2)],
        vec![0..10.min(len), 0..10.min(len), 5.min(len)..15.min(len)],
        vec![len.saturating_sub(3)..len.saturating_add(10)],
        vec![
            len..len.saturating_add(1),
            len.saturating_add(100)..len.saturating_add(200),
            0..1,
        ],
        vec![half..half, 3.min(len)..4.min(len)],
        (0..64)
            .map(|i| i * len / 64..(i + 1) * len / 64)
            .rev()
            .collect(),
    ];
    for ranges in batches {
        let answers = reader
            .read(&ranges)
            .await
            .map_err(|e| format!("{ranges:?}: {e}"))?;
        if answers.len() != ranges.len() {
            return Err(format!("{ranges:?}: {} answers", answers.len()));
        }
        for (range, answer) in ranges.iter().zip(answers) {
            let end = usize::try_from(range.end.min(len)).unwrap_or(0);
            let start = usize::try_from(range.start).unwrap_or(end).min(end);
            if Some(answer.as_ref()) != expected.get(start..end) {
                return Err(format!(
                    "{range:?} of {ranges:?}: {} bytes that differ from the {} expected",
                    answer.len(),
                    end - start
                ));
            }
        }
    }
    let version = reader.version();
    if version.size.is_some_and(|size| size != len) {
        return Err(format!("{version:?} of {len} bytes"));
    }
    if reader.address().contains(['?', '@']) {
        return Err(format!("`{}` may hold a secret", reader.address()));
    }
    Ok(())
}
