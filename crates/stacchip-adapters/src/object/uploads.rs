//! Files → objects, in one request or in parts.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::multipart::PartId;
use stacchip::{WriteError, WriteErrorKind};
use stacchip_cog::ReadErrorKind;

use super::{
    WHOLE_PUT_BYTES,
    attempt::{Again, Miss},
    puts::is_uncertain,
    speaker::noted,
    standing::{Replaces, Standing},
    store::Place,
};

impl Place {
    /// Stores the file at `path`.
    pub(super) async fn put_file(
        &self,
        path: &Path,
        replaces: Replaces<'_>,
    ) -> Result<(), WriteError> {
        let unread = |e: io::Error| {
            WriteError::new(WriteErrorKind::Other, &self.address)
                .because(format!("{}: {e}", path.display()))
        };
        let mut file = File::open(path).map_err(unread)?;
        let size = file.metadata().map_err(unread)?.len();
        if size <= WHOLE_PUT_BYTES {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(unread)?;
            return self.put(bytes.into(), replaces).await;
        }
        self.may_replace(replaces).await?;
        let id = self.begin().await?;
        let stored = async {
            let count = usize::try_from(size.div_ceil(PART_BYTES)).unwrap_or(usize::MAX);
            let parts = stream::iter(0..count).map(|number| {
                // One file, one position: a part is read at once, before anything is waited for.
                let part = part(&mut file, number as u64 * PART_BYTES);
                let id = &id;
                async move { self.put_part(id, number, part.map_err(unread)?).await }
            });
            let parts: Vec<PartId> = parts.buffered(AT_ONCE).try_collect().await?;
            self.may_replace(replaces).await?;
            self.end(&id, parts, size).await
        };
        let stored = stored.await;
        if stored.is_err() {
            // What was sent is kept, and paid for, until it is given up.
            let _ = self.parts.abort_multipart(&self.key, &id).await;
        }
        stored
    }

    /// Whether what stands there may be replaced.
    async fn may_replace(&self, replaces: Replaces<'_>) -> Result<(), WriteError> {
        if matches!(replaces, Replaces::Anything) {
            return Ok(());
        }
        let now: Option<Standing> = match self.standing().await {
            Ok(now) => Some(now),
            Err(error) if error.kind == ReadErrorKind::NotFound => None,
            Err(error) => return Err(self.to_write(Miss::new(error, Again::Never)).error),
        };
        let error = |kind| Err(WriteError::new(kind, &self.address));
        match (replaces, now) {
            (Replaces::Nothing, Some(_)) => error(WriteErrorKind::Exists),
            (Replaces::Only(old), now)
                if now
                    .as_ref()
                    .is_none_or(|now| !old.version.is_confirmed_by(&now.version)) =>
            {
                error(WriteErrorKind::Changed)
            }
            _ => Ok(()),
        }
    }

    async fn begin(&self) -> Result<String, WriteError> {
        let begin = async || {
            let (id, note) = noted(self.parts.create_multipart(&self.key)).await;
            id.map_err(|e| self.to_write(self.miss(&e, note)))
        };
        self.lane
            .patiently(&self.address, 0, &|| Box::pin(begin()))
            .await
    }

    async fn put_part(
        &self,
        id: &String,
        number: usize,
        part: Bytes,
    ) -> Result<PartId, WriteError> {
        let put = async || {
            let payload = part.clone().into();
            let put = self.parts.put_part(&self.key, id, number, payload);
            let (put, note) = noted(put).await;
            put.map_err(|e| self.to_write(self.miss(&e, note)))
        };
        self.lane
            .patiently(&self.address, part.len() as u64, &|| Box::pin(put()))
            .await
    }

    async fn end(&self, id: &String, parts: Vec<PartId>, size: u64) -> Result<(), WriteError> {
        let may_be_there = AtomicBool::new(false);
        let end = async || {
            let end = self.parts.complete_multipart(&self.key, id, parts.clone());
            let (end, note) = noted(end).await;
            let Err(error) = end else { return Ok(()) };
            if is_uncertain(&note) {
                may_be_there.store(true, Ordering::Relaxed);
            }
            let miss = self.to_write(self.miss(&error, note));
            // It has ended already, and nobody said so: the upload is gone, and the object is there.
            if miss.error.kind == WriteErrorKind::NotFound
                && may_be_there.load(Ordering::Relaxed)
                && let Ok(meta) = noted(self.standing()).await.0
                && meta.size == size
            {
                return Ok(());
            }
            Err(miss)
        };
        self.lane
            .patiently(&self.address, 0, &|| Box::pin(end()))
            .await
    }
}

/// The part of `file` that begins at `start`.
fn part(file: &mut File, start: u64) -> io::Result<Bytes> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(PART_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// Bytes of a part: stores take ten thousand of them at most (S3), so that a file may have 320 GB.
const PART_BYTES: u64 = WHOLE_PUT_BYTES / 2;
/// Parts under way at once.
const AT_ONCE: usize = 4;
