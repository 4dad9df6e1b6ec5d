//! adapters.

#[cfg(feature = "encoders")]
pub mod encode;
