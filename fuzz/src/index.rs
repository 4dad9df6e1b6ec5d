//! Indexes: hostile Parquet.

use std::sync::Arc;

use bytes::Bytes;
use futures::executor::block_on;
use stacchip_adapters::parquet::ParquetIndexReader;
use stacchip_cog::testing::MemoryReader;
use stacchip_index::IndexReader as _;

/// Opens an index, reads its first batches, and looks for rows.
///
/// How much memory Parquet takes is for libFuzzer's `-rss_limit_mb` to say.
pub fn index(input: &[u8]) {
    let size = input.len() as u64;
    let reader = Arc::new(MemoryReader::new(Bytes::copy_from_slice(input)));
    block_on(async {
        let mut index = match ParquetIndexReader::open(reader, size).await {
            Ok(index) => index,
            Err(error) => return assert!(!error.to_string().is_empty()),
        };
        let _ = index.metadata_value("geo");
        let rows = index.len();
        for row in [0, rows / 2, rows] {
            if let Ok(found) = index.row(row).await {
                assert!(row < rows || found.is_none(), "a row beyond the last");
            }
        }
        let _ = index.find("bare-0-1").await;
        for _ in 0..BATCHES {
            match index.read().await {
                Ok(Some(batch)) => assert!(!batch.is_empty(), "an empty batch"),
                Ok(None) | Err(_) => break,
            }
        }
    });
}

const BATCHES: usize = 16;
