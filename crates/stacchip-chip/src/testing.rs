//! In-memory twins of the ports and checks of their promises, for the tests of adapters.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use stacchip_cog::{RangeReader, ReadError, ReadErrorKind};
use stacchip_model::{Affine, Crs, CrsKind, Pixels, SampleType};

use crate::{AssetOpener, ChipEncoder, Georeferenced, NamedPixels};

/// Readers kept by address.
#[derive(Debug, Clone, Default)]
pub struct MemoryOpener {
    readers: BTreeMap<String, Arc<dyn RangeReader>>,
}

impl MemoryOpener {
    /// The same with `reader` at `address`.
    pub fn with(mut self, address: impl Into<String>, reader: Arc<dyn RangeReader>) -> Self {
        self.readers.insert(address.into(), reader);
        self
    }
}

#[async_trait]
impl AssetOpener for MemoryOpener {
    async fn open(&self, address: &str) -> Result<Arc<dyn RangeReader>, ReadError> {
        self.readers
            .get(address)
            .cloned()
            .ok_or_else(|| ReadError::new(ReadErrorKind::NotFound, address))
    }
}

/// Checks what every [`ChipEncoder`] promises: it knows its endings, makes a file of plain bytes,
/// gives the same bytes for the same pixels, and refuses to write nothing at all.
///
/// # Panics
/// Where a promise is broken.
#[expect(
    clippy::panic,
    reason = "a check is called from tests, and fails as an assertion does"
)]
pub fn check_chip_encoder(encoder: &dyn ChipEncoder) {
    let endings = encoder.endings();
    assert!(!endings.is_empty(), "an encoder knows its endings");
    for ending in endings {
        assert!(
            !ending.is_empty() && ending.chars().all(|c| c.is_ascii_lowercase()),
            "`{ending}` is not a bare, lower case ending"
        );
    }
    let Ok(mut pixels) = Pixels::zeros(SampleType::U8, [3, 20, 31]) else {
        panic!("three bands of 31 x 20 bytes fit into memory");
    };
    for (i, byte) in (0u8..=250).cycle().zip(pixels.as_bytes_mut()) {
        *byte = i;
    }
    let crs = Crs::epsg(32620);
    let place = Georeferenced {
        crs: Some(&crs),
        crs_kind: Some(CrsKind::Projected),
        transform: Some(Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 4_800_000.0)),
    };
    let arrays = [NamedPixels::new("image", &pixels)];
    match (
        encoder.encode(&arrays, place),
        encoder.encode(&arrays, place),
    ) {
        (Ok(first), Ok(second)) => {
            assert!(!first.is_empty(), "a file has bytes");
            assert!(first == second, "the same pixels give the same bytes");
        }
        (Err(error), _) | (_, Err(error)) => panic!("three bands of bytes: {error}"),
    }
    assert!(
        encoder.encode(&[], place).is_err(),
        "no array at all is refused"
    );
}
