//! Types of a pixel's number.

use std::fmt;

/// The type of a pixel's number in memory, named as numpy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SampleType {
    /// `uint8`
    U8,
    /// `int8`
    I8,
    /// `uint16`
    U16,
    /// `int16`
    I16,
    /// `uint32`
    U32,
    /// `int32`
    I32,
    /// `uint64`
    U64,
    /// `int64`
    I64,
    /// `float16` (IEEE 754 binary16)
    F16,
    /// `float32`
    F32,
    /// `float64`
    F64,
    /// `complex64`: two `float32`, real then imaginary
    C64,
    /// `complex128`: two `float64`, real then imaginary
    C128,
}

impl SampleType {
    /// Every type there is.
    pub const ALL: [Self; 13] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::U64,
        Self::I64,
        Self::F16,
        Self::F32,
        Self::F64,
        Self::C64,
        Self::C128,
    ];

    /// Bytes of one number.
    pub const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 | Self::C64 => 8,
            Self::C128 => 16,
        }
    }

    /// Bytes of the part that byte order applies to: half of a complex number, else all of it.
    pub const fn component_bytes(self) -> usize {
        match self {
            Self::C64 => 4,
            Self::C128 => 8,
            other => other.bytes(),
        }
    }

    /// numpy's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::I16 => "int16",
            Self::U32 => "uint32",
            Self::I32 => "int32",
            Self::U64 => "uint64",
            Self::I64 => "int64",
            Self::F16 => "float16",
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::C64 => "complex64",
            Self::C128 => "complex128",
        }
    }

    /// The type with numpy's name `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }

    /// Whether it is a whole number.
    pub const fn is_integer(self) -> bool {
        !matches!(
            self,
            Self::F16 | Self::F32 | Self::F64 | Self::C64 | Self::C128
        )
    }

    /// Whether it is a real floating point number.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::F32 | Self::F64)
    }

    /// Whether it is complex.
    pub const fn is_complex(self) -> bool {
        matches!(self, Self::C64 | Self::C128)
    }
}

impl fmt::Display for SampleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A Rust number that is a [`SampleType`].
pub trait Sample: bytemuck::Pod {
    /// Its type.
    const TYPE: SampleType;
}

macro_rules! samples {
    ($($rust:ty => $name:ident),* $(,)?) => {
        $(impl Sample for $rust { const TYPE: SampleType = SampleType::$name; })*
    };
}

samples! {
    u8 => U8, i8 => I8, u16 => U16, i16 => I16, u32 => U32, i32 => I32, u64 => U64, i64 => I64,
    f32 => F32, f64 => F64, [f32; 2] => C64, [f64; 2] => C128,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for t in SampleType::ALL {
            assert_eq!(SampleType::from_name(t.name()), Some(t));
        }
        assert_eq!(SampleType::from_name("float80"), None);
    }
}
