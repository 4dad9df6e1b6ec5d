//! An index in memory, and what every writer and reader of an index must pass.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use stacchip_model::{
    Fraction, MultiPolygon, Polygon, Quality, Window,
    jiff::{Timestamp, ToSpan},
};

use crate::{ChipRow, IndexError, IndexErrorKind, IndexReader, IndexWriter, SceneColumns};

/// A place in memory where one index may stand.
#[derive(Debug, Clone, Default)]
pub struct MemoryIndex {
    rows: Arc<Mutex<Option<Vec<ChipRow>>>>,
}

impl MemoryIndex {
    /// A writer of it; it may be replaced only with `overwrite`.
    pub fn writer(&self, overwrite: bool) -> Box<dyn IndexWriter> {
        Box::new(MemoryWriter {
            to: self.clone(),
            overwrite,
            rows: Vec::new(),
        })
    }

    /// A reader of it, `batch` rows at a time.
    ///
    /// # Errors
    /// [`IndexErrorKind::NotFound`] where none stands there.
    pub fn reader(&self, batch: usize) -> Result<Box<dyn IndexReader>, IndexError> {
        let rows = self.rows().ok_or_else(|| error(IndexErrorKind::NotFound))?;
        Ok(Box::new(MemoryReader {
            rows: rows.into_iter(),
            batch: batch.max(1),
        }))
    }

    /// Its rows; nothing where none stands there.
    pub fn rows(&self) -> Option<Vec<ChipRow>> {
        self.rows
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[derive(Debug)]
struct MemoryWriter {
    to: MemoryIndex,
    overwrite: bool,
    rows: Vec<ChipRow>,
}

#[async_trait]
impl IndexWriter for MemoryWriter {
    async fn write(&mut self, rows: &[ChipRow]) -> Result<(), IndexError> {
        self.rows.extend_from_slice(rows);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<(), IndexError> {
        let mut place = self.to.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if place.is_some() && !self.overwrite {
            return Err(error(IndexErrorKind::Exists));
        }
        *place = Some(self.rows);
        Ok(())
    }
}

#[derive(Debug)]
struct MemoryReader {
    rows: std::vec::IntoIter<ChipRow>,
    batch: usize,
}

#[async_trait]
impl IndexReader for MemoryReader {
    async fn read(&mut self) -> Result<Option<Vec<ChipRow>>, IndexError> {
        let batch: Vec<_> = self.rows.by_ref().take(self.batch).collect();
        Ok((!batch.is_empty()).then_some(batch))
    }
}

fn error(kind: IndexErrorKind) -> IndexError {
    IndexError {
        kind,
        address: "memory".to_owned(),
        cause: None,
    }
}

/// A place for an index, as a contract check needs it.
#[async_trait]
pub trait IndexPlace: Send + Sync {
    /// A writer of the index there.
    ///
    /// # Errors
    /// [`IndexError`] where it says so at once; it may also say so when it finishes.
    async fn writer(&self, overwrite: bool) -> Result<Box<dyn IndexWriter>, IndexError>;

    /// A reader of the index there.
    ///
    /// # Errors
    /// [`IndexErrorKind::NotFound`] where there is none.
    async fn reader(&self) -> Result<Box<dyn IndexReader>, IndexError>;
}

#[async_trait]
impl IndexPlace for MemoryIndex {
    async fn writer(&self, overwrite: bool) -> Result<Box<dyn IndexWriter>, IndexError> {
        Ok(Self::writer(self, overwrite))
    }

    async fn reader(&self) -> Result<Box<dyn IndexReader>, IndexError> {
        Self::reader(self, 3)
    }
}

/// Checks what [`IndexWriter`] and [`IndexReader`] promise of an index at `place`, where none may
/// stand yet: nothing is there before `finish`, nor after a writer is dropped; all of it is there
/// afterwards, in order, value for value; it is replaced only where that was asked for, and what
/// stood there stays until then.
///
/// # Errors
/// What was promised and not kept.
pub async fn check_index_place(place: &dyn IndexPlace) -> Result<(), String> {
    let all = example_rows();
    absent(place, "before anything was written").await?;

    let mut writer = place.writer(false).await.map_err(said("a writer"))?;
    writer.write(&all).await.map_err(said("writing"))?;
    absent(place, "before a writer has finished").await?;
    drop(writer);
    absent(place, "after a writer was dropped").await?;

    let mut writer = place.writer(false).await.map_err(said("a writer"))?;
    let (first, second) = all.split_at(2);
    writer.write(first).await.map_err(said("writing"))?;
    writer.write(&[]).await.map_err(said("writing no rows"))?;
    writer.write(second).await.map_err(said("writing"))?;
    writer.finish().await.map_err(said("finishing"))?;
    same(&read_all(place).await?, &all)?;

    let refused = match place.writer(false).await {
        Ok(mut writer) => match writer.write(first).await {
            Ok(()) => writer.finish().await,
            refused => refused,
        },
        Err(error) => Err(error),
    };
    match refused {
        Err(IndexError {
            kind: IndexErrorKind::Exists,
            ..
        }) => {}
        other => return Err(format!("an index was to be replaced unasked: {other:?}")),
    }
    same(&read_all(place).await?, &all)?;

    let mut writer = place.writer(true).await.map_err(said("a writer"))?;
    writer.write(first).await.map_err(said("writing"))?;
    writer.finish().await.map_err(said("replacing"))?;
    same(&read_all(place).await?, first)
}

/// Rows with everything that a table may find hard: nulls, a multipolygon, the ends of the numbers,
/// letters of every kind, two scenes.
pub fn example_rows() -> Vec<ChipRow> {
    let full = Arc::new(SceneColumns {
        item_id: "scène \u{1F6F0} \"one\"".to_owned(),
        item_href: Some("https://example.org/a%20b/item.json?x=1".to_owned()),
        collection: Some("sentinel-2-l2a".to_owned()),
        platform: Some("sentinel-2-l2a".to_owned()),
        spacecraft: Some("sentinel-2a".to_owned()),
        datetime: Timestamp::UNIX_EPOCH + 1_700_000_000_123_456_i64.microseconds(),
        start_datetime: Some(Timestamp::UNIX_EPOCH - 1.hour()),
        end_datetime: Some(Timestamp::UNIX_EPOCH),
        crs: "EPSG:32601".to_owned(),
        chip_size: 256,
        stride: 128,
    });
    let bare = Arc::new(SceneColumns {
        item_id: "bare".to_owned(),
        item_href: None,
        collection: None,
        platform: None,
        spacecraft: None,
        datetime: Timestamp::UNIX_EPOCH - 1.microsecond(),
        start_datetime: None,
        end_datetime: None,
        crs: "PROJCRS[\"nobody's own\"]".to_owned(),
        chip_size: u32::MAX,
        stride: 1,
    });
    let square = |west: f64, east: f64| Polygon {
        rings: vec![vec![
            [east, 10.5],
            [east, -0.1],
            [west, -0.1],
            [west, 10.5],
            [east, 10.5],
        ]],
    };
    let share = |part: u64| Fraction::of(part, 65_536);
    let row = |scene: &Arc<SceneColumns>, x, y, footprint| ChipRow {
        chipid: format!("{}-{x}-{y}", scene.item_id),
        scene: Arc::clone(scene),
        x,
        y,
        window: Window::new(i64::from(x) * 256, i64::from(y) * 256, 256, 200),
        quality: Quality {
            cloud: share(u64::from(x)),
            nodata: share(u64::from(y)),
        },
        footprint,
    };
    let cut = MultiPolygon {
        polygons: vec![square(179.9, 180.0), square(-180.0, -179.9)],
    };
    vec![
        row(&full, 0, 0, square(3.0, 3.1).into()),
        row(&full, 1, 0, cut),
        row(&full, u16::MAX, u16::MAX, square(-1e-9, 0.0).into()),
        row(&bare, 0, 1, square(-180.0, 180.0).into()),
    ]
}

async fn absent(place: &dyn IndexPlace, when: &str) -> Result<(), String> {
    match place.reader().await {
        Err(IndexError {
            kind: IndexErrorKind::NotFound,
            ..
        }) => Ok(()),
        Err(error) => Err(format!("{when}, reading says: {error}")),
        Ok(_) => Err(format!("{when}, an index stands there")),
    }
}

async fn read_all(place: &dyn IndexPlace) -> Result<Vec<ChipRow>, String> {
    let mut reader = place.reader().await.map_err(said("a reader"))?;
    let mut rows = Vec::new();
    while let Some(batch) = reader.read().await.map_err(said("reading"))? {
        if batch.is_empty() {
            return Err("an empty batch was read".to_owned());
        }
        rows.extend(batch);
    }
    match reader.read().await {
        Ok(None) => Ok(rows),
        other => Err(format!("after the end of the rows came {other:?}")),
    }
}

fn same(read: &[ChipRow], written: &[ChipRow]) -> Result<(), String> {
    if read.len() != written.len() {
        return Err(format!(
            "{} rows were written, {} read",
            written.len(),
            read.len()
        ));
    }
    match read.iter().zip(written).find(|(a, b)| a != b) {
        None => Ok(()),
        Some((a, b)) => Err(format!("written: {b:?}\nread: {a:?}")),
    }
}

fn said(what: &'static str) -> impl Fn(IndexError) -> String {
    move |error| format!("{what} failed: {error}")
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn an_index_in_memory_keeps_the_promises() {
        block_on(check_index_place(&MemoryIndex::default())).unwrap();
    }

    #[test]
    fn the_check_notices_what_is_broken() {
        #[derive(Debug)]
        struct Forgetful(MemoryIndex);

        #[async_trait]
        impl IndexPlace for Forgetful {
            async fn writer(&self, _: bool) -> Result<Box<dyn IndexWriter>, IndexError> {
                Ok(self.0.writer(true))
            }

            async fn reader(&self) -> Result<Box<dyn IndexReader>, IndexError> {
                self.0.reader(1)
            }
        }

        let broken = block_on(check_index_place(&Forgetful(MemoryIndex::default())));
        assert!(broken.unwrap_err().contains("replaced unasked"));
    }
}
