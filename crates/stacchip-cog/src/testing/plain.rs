//! A scheme that does nothing.

use crate::{
    BlockContext, Compression, DecodeError, DecodedOrder, EncodeError, TileDecoder, TileEncoder,
};

/// A scheme that compresses nothing, under the number of one that does.
#[derive(Debug, Clone, Copy)]
pub struct Plain {
    schemes: [Compression; 1],
}

impl Plain {
    /// The one under the number of `scheme`.
    pub const fn new(scheme: Compression) -> Self {
        Self { schemes: [scheme] }
    }
}

impl TileDecoder for Plain {
    fn schemes(&self) -> &[Compression] {
        &self.schemes
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn decode(
        &self,
        source: &[u8],
        _: &BlockContext<'_>,
        out: &mut [u8],
    ) -> Result<(), DecodeError> {
        let held = source
            .get(..out.len())
            .ok_or_else(|| DecodeError::Corrupt {
                scheme: TileEncoder::scheme(self),
                detail: "it ends early".to_owned(),
            })?;
        out.copy_from_slice(held);
        Ok(())
    }
}

impl TileEncoder for Plain {
    fn scheme(&self) -> Compression {
        let [scheme] = self.schemes;
        scheme
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn encode(
        &self,
        source: &[u8],
        _: &BlockContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        out.extend_from_slice(source);
        Ok(())
    }
}
