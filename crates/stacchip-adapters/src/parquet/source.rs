//! Parquet files behind our own port.

use std::{ops::Range, sync::Arc};

use ::parquet::{
    arrow::{arrow_reader::ArrowReaderOptions, async_reader::AsyncFileReader},
    errors::ParquetError,
    file::{
        metadata::{ParquetMetaData, ParquetMetaDataReader},
        reader::{ChunkReader, Length},
    },
};
use bytes::{Buf, Bytes, buf::Reader};
use futures::{FutureExt, executor::block_on, future::BoxFuture};
use stacchip_cog::RangeReader;

/// What the Parquet library reads from: our own port.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) reader: Arc<dyn RangeReader>,
    /// Bytes of the file.
    pub(super) size: u64,
}

impl Source {
    async fn ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ParquetError> {
        // A hostile footer may ask for anything; what is not there is not asked for.
        if let Some(beyond) = ranges.iter().find(|r| r.end > self.size || r.start > r.end) {
            return Err(ParquetError::General(format!(
                "it points to bytes {}..{} of {}",
                beyond.start, beyond.end, self.size
            )));
        }
        let answers = self.reader.read(ranges).await;
        let answers = answers.map_err(|e| ParquetError::External(Box::new(e)))?;
        for (range, answer) in ranges.iter().zip(&answers) {
            if answer.len() as u64 != range.end - range.start {
                return Err(ParquetError::EOF(format!(
                    "{} of bytes {}..{} are there",
                    answer.len(),
                    range.start,
                    range.end
                )));
            }
        }
        Ok(answers)
    }
}

impl Source {
    /// The bytes of `ranges`, waited for on this thread: not on one that drives the event loop which they come by.
    pub(super) fn pieces(&self, mut ranges: Vec<Range<u64>>) -> Result<Pieces, ParquetError> {
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        ranges.dedup();
        let answers = block_on(self.ranges(&ranges))?;
        let starts = ranges.into_iter().map(|range| range.start);
        Ok(Pieces {
            size: self.size,
            pieces: Arc::new(starts.zip(answers).collect()),
        })
    }
}

/// Pieces of a file that were fetched before anybody reads them.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    size: u64,
    /// By where they start.
    pieces: Arc<Vec<(u64, Bytes)>>,
}

impl Pieces {
    /// What was fetched from `start` on.
    fn from(&self, start: u64) -> Result<Bytes, ParquetError> {
        let before = self.pieces.partition_point(|(at, _)| *at <= start);
        let pieces = self.pieces.get(..before).unwrap_or_default();
        let found = pieces.iter().rev().find_map(|(at, bytes)| {
            let skip = usize::try_from(start - at).ok()?;
            (skip < bytes.len()).then(|| bytes.slice(skip..))
        });
        found.ok_or_else(|| {
            ParquetError::General(format!("it points to byte {start}, which is in no column"))
        })
    }
}

impl Length for Pieces {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Pieces {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!(
                "{} of {length} bytes from {start} on are in its column",
                bytes.len()
            )));
        }
        Ok(bytes.slice(..length))
    }
}

impl AsyncFileReader for Source {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move {
            let mut answers = self.ranges(std::slice::from_ref(&range)).await?;
            answers
                .pop()
                .ok_or_else(|| ParquetError::EOF("no answer".to_owned()))
        }
        .boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        async move { self.ranges(&ranges).await }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            let size = self.size;
            let metadata = ParquetMetaDataReader::new()
                .with_prefetch_hint(Some(FOOTER_BYTES))
                .load_and_finish(self, size)
                .await?;
            Ok(Arc::new(metadata))
        }
        .boxed()
    }
}

/// What is read of the end of the file at once: the footer of an index of some dozen row groups.
const FOOTER_BYTES: usize = 64 * 1024;
