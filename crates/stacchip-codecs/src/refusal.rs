//! Refusals in few words.

use std::fmt::Display;

use stacchip_cog::{Compression, DecodeError};

/// The bytes break the rules of `scheme`.
pub(crate) fn corrupt(scheme: Compression, detail: impl Display) -> DecodeError {
    DecodeError::Corrupt {
        scheme,
        detail: format!("{detail}"),
    }
}

/// The bytes end when `got` of `wanted` bytes are filled.
pub(crate) const fn truncated(scheme: Compression, wanted: usize, got: usize) -> DecodeError {
    DecodeError::Truncated {
        scheme,
        wanted,
        got,
    }
}
