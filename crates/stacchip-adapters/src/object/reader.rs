//! Ranges of one object behind a network: merged, sent together, tried again.

use std::{ops::Range, pin::pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{Either, select, try_join_all};
use stacchip_cog::{MergedRanges, RangeReader, ReadError, ReadErrorKind, Version};
use tokio::time::sleep;

use super::{
    attempt::Miss,
    fetch::{Ask, Fetch, Fetched},
    lane::Lane,
    pin::Pin,
    wire::{Counts, count},
};

/// An object behind a network.
#[derive(Debug)]
pub(super) struct RemoteReader {
    object: Arc<dyn Fetch>,
    lane: Arc<Lane>,
    counts: Arc<Counts>,
    pin: Pin,
}

impl RemoteReader {
    pub(super) fn new(
        object: Arc<dyn Fetch>,
        lane: Arc<Lane>,
        counts: Arc<Counts>,
        pin: Pin,
    ) -> Self {
        Self {
            object,
            lane,
            counts,
            pin,
        }
    }

    fn merged(&self, ranges: &[Range<u64>]) -> MergedRanges {
        MergedRanges::new(ranges, self.lane.link().merging())
    }

    /// The bytes of `range`, whatever it takes within the deadline.
    async fn one(&self, range: &Range<u64>) -> Result<Bytes, ReadError> {
        let (address, bytes) = (self.object.address(), range.end - range.start);
        let bytes = self
            .lane
            .patiently(address, bytes, &|| Box::pin(self.attempt(range)))
            .await;
        bytes.map_err(|e| e.of(range.clone()))
    }

    async fn attempt(&self, range: &Range<u64>) -> Result<Bytes, Miss> {
        let fetched = match self.lane.hedge(range.end - range.start) {
            None => self.fetch(range).await?,
            Some(late) => self.fetch_or_again(range, late).await?,
        };
        if let Some(seen) = fetched.seen {
            self.lane.observe(seen);
        }
        if fetched.bytes.is_empty() {
            // Behind the end, of which little is said.
            if self.pin.excludes(&fetched.version) {
                return Err(self.changed());
            }
        } else if !self.pin.admits(fetched.version) {
            return Err(self.changed());
        }
        Ok(fetched.bytes)
    }

    async fn fetch(&self, range: &Range<u64>) -> Result<Fetched, Miss> {
        let condition = self.pin.condition();
        let tag = condition.as_deref();
        self.object.fetch(Ask::Part { range, tag }).await
    }

    /// Asks again where the answer is not there after `late`, and takes the one that comes first.
    async fn fetch_or_again(&self, range: &Range<u64>, late: Duration) -> Result<Fetched, Miss> {
        let first = pin!(self.fetch(range));
        let first = match select(first, Box::pin(sleep(late))).await {
            Either::Left((fetched, _)) => return fetched,
            Either::Right(((), first)) => first,
        };
        let Some(_turn) = self.lane.turn_at_once() else {
            return first.await;
        };
        count(&self.counts.hedges, 1);
        let second = pin!(self.fetch(range));
        match select(first, second).await {
            Either::Left((Ok(fetched), _)) | Either::Right((Ok(fetched), _)) => Ok(fetched),
            Either::Left((Err(_), second)) => second.await,
            Either::Right((Err(_), first)) => first.await,
        }
    }

    fn changed(&self) -> Miss {
        ReadError::new(ReadErrorKind::Changed, self.object.address()).into()
    }
}

#[async_trait]
impl RangeReader for RemoteReader {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        let merged = self.merged(ranges);
        let bodies = try_join_all(merged.requests().iter().map(|range| self.one(range))).await?;
        Ok(merged.cut(&bodies))
    }

    fn address(&self) -> &str {
        self.object.address()
    }

    fn version(&self) -> Version {
        self.pin.version()
    }

    fn requests(&self, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        self.merged(ranges).requests().to_vec()
    }
}
