//! Parquet files behind our own port.

use std::{ops::Range, sync::Arc};

use ::parquet::{
    arrow::{arrow_reader::ArrowReaderOptions, async_reader::AsyncFileReader},
    errors::ParquetError,
    file::metadata::{ParquetMetaData, ParquetMetaDataReader},
};
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
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
