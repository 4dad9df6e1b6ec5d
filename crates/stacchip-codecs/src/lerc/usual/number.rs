//! The types of numbers.

use bytemuck::Pod;

use super::reader::Reader;

/// A type, by the code that a blob has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub(in crate::lerc) enum Kind {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    F32,
    F64,
}

impl Kind {
    pub(super) const fn code(self) -> i32 {
        self as i32
    }

    pub(super) const fn is_byte(self) -> bool {
        matches!(self, Self::I8 | Self::U8)
    }

    pub(super) const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// The smaller type as which the offset of a tile is kept, by two bits of the tile.
    const fn reduced(self, bits: u8) -> Option<Self> {
        Some(match (self, bits) {
            (any, 0) => any,
            (Self::I8, _) | (Self::I16, 2) => Self::I8,
            (Self::U8, _)
            | (Self::I16 | Self::U16, 1)
            | (Self::I32, 3)
            | (Self::U32 | Self::F32, 2) => Self::U8,
            (Self::I32, 2) | (Self::F32, 1) | (Self::F64, 3) => Self::I16,
            (Self::I32 | Self::U32, 1) => Self::U16,
            (Self::F64, 2) => Self::I32,
            (Self::F64, 1) => Self::F32,
            _ => return None,
        })
    }
}

/// A type of which pixels may be.
pub(in crate::lerc) trait Number: Pod {
    const KIND: Kind;

    /// The next one of a blob.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;

    fn wide(self) -> f64;

    /// The nearest to `number`: towards zero, or the end of the range.
    fn of(number: f64) -> Self;

    /// What a number of a tile stands for, `offset` and as many steps of 1, but never over `most`: of whole numbers;
    /// nothing of others.
    fn counted(offset: f64, most: f64) -> Option<impl Fn(u32) -> Self>;
}

/// The offset of a tile of numbers of this kind, kept as two bits say.
pub(super) fn offset(reader: &mut Reader<'_>, kind: Kind, bits: u8) -> Option<f64> {
    Some(match kind.reduced(bits)? {
        Kind::I8 => i8::read(reader)?.wide(),
        Kind::U8 => u8::read(reader)?.wide(),
        Kind::I16 => i16::read(reader)?.wide(),
        Kind::U16 => u16::read(reader)?.wide(),
        Kind::I32 => i32::read(reader)?.wide(),
        Kind::U32 => u32::read(reader)?.wide(),
        Kind::F32 => f32::read(reader)?.wide(),
        Kind::F64 => f64::read(reader)?.wide(),
    })
}

macro_rules! number {
    ($type:ty, $kind:ident, $wide:expr, $counted:item) => {
        impl Number for $type {
            const KIND: Kind = Kind::$kind;

            #[inline]
            fn read(reader: &mut Reader<'_>) -> Option<Self> {
                reader.take().map(Self::from_le_bytes)
            }

            #[inline]
            fn wide(self) -> f64 {
                $wide(self)
            }

            #[inline]
            #[expect(
                clippy::allow_attributes,
                reason = "which of the lints there is to allow depends on the type"
            )]
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "what is beyond the range is its end"
            )]
            fn of(number: f64) -> Self {
                number as Self
            }

            $counted
        }
    };
}

macro_rules! whole {
    ($type:ty, $kind:ident, $sum:ty, $largest:expr) => {
        number!($type, $kind, f64::from,
            #[inline]
            #[expect(
                clippy::allow_attributes,
                reason = "which of the lints there is to allow depends on the type"
            )]
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "offset and most are of this type's range, and so is what is no less and no more than they"
            )]
            fn counted(offset: f64, most: f64) -> Option<impl Fn(u32) -> Self> {
                let (offset, most) = (Self::of(offset), Self::of(most));
                let (offset, most) = (<$sum>::from(offset), <$sum>::from(most));
                // A number so large is over the most that there can be.
                Some(move |number: u32| (offset + <$sum>::try_from(number.min($largest)).unwrap_or(0)).min(most) as Self)
            }
        );
    };
}

macro_rules! float {
    ($type:ty, $kind:ident, $wide:expr) => {
        number!(
            $type,
            $kind,
            $wide,
            fn counted(_: f64, _: f64) -> Option<impl Fn(u32) -> Self> {
                None::<fn(u32) -> Self>
            }
        );
    };
}

whole!(i8, I8, i32, 1 << 17);
whole!(u8, U8, i32, 1 << 17);
whole!(i16, I16, i32, 1 << 17);
whole!(u16, U16, i32, 1 << 17);
whole!(i32, I32, i64, u32::MAX);
whole!(u32, U32, i64, u32::MAX);
float!(f32, F32, f64::from);
float!(f64, F64, |number| number);
