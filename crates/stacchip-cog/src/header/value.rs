//! Numbers in either byte order.

/// The order of the bytes of a file's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

macro_rules! reads {
    ($($name:ident: $type:ty),* $(,)?) => {
        impl ByteOrder {
            $(
                /// The number at `at`; nothing where `bytes` end before its end.
                pub(crate) fn $name(self, bytes: &[u8], at: usize) -> Option<$type> {
                    let end = at.checked_add(size_of::<$type>())?;
                    let raw = bytes.get(at..end)?.try_into().ok()?;
                    Some(match self {
                        Self::Little => <$type>::from_le_bytes(raw),
                        Self::Big => <$type>::from_be_bytes(raw),
                    })
                }
            )*
        }
    };
}

reads! { u16: u16, u32: u32, u64: u64, i16: i16, i32: i32, i64: i64, f32: f32, f64: f64 }

/// The type of a tag's value (TIFF 6.0, section 2; `BigTIFF` adds 16 to 18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FieldType(pub u16);

impl FieldType {
    pub(crate) const ASCII: Self = Self(2);

    /// Bytes of one number of the type; nothing for a type that there is not.
    pub(crate) const fn bytes(self) -> Option<u64> {
        match self.0 {
            1 | 2 | 6 | 7 => Some(1),
            3 | 8 => Some(2),
            4 | 9 | 11 | 13 => Some(4),
            5 | 10 | 12 | 16 | 17 | 18 => Some(8),
            _ => None,
        }
    }

    /// The whole number at index `i` of `bytes`; nothing where it is negative or no whole number.
    pub(crate) fn unsigned(self, order: ByteOrder, bytes: &[u8], i: usize) -> Option<u64> {
        let at = i.checked_mul(usize::try_from(self.bytes()?).ok()?)?;
        match self.0 {
            1 | 7 => bytes.get(at).map(|&b| u64::from(b)),
            3 => order.u16(bytes, at).map(u64::from),
            4 | 13 => order.u32(bytes, at).map(u64::from),
            16 | 18 => order.u64(bytes, at),
            6 => bytes
                .get(at)
                .and_then(|&b| u64::try_from(i8::from_ne_bytes([b])).ok()),
            8 => order.i16(bytes, at).and_then(|v| u64::try_from(v).ok()),
            9 => order.i32(bytes, at).and_then(|v| u64::try_from(v).ok()),
            17 => order.i64(bytes, at).and_then(|v| u64::try_from(v).ok()),
            _ => None,
        }
    }

    /// The number at index `i` of `bytes`, as a double.
    pub(crate) fn float(self, order: ByteOrder, bytes: &[u8], i: usize) -> Option<f64> {
        let at = i.checked_mul(usize::try_from(self.bytes()?).ok()?)?;
        match self.0 {
            5 => {
                let (n, d) = (order.u32(bytes, at)?, order.u32(bytes, at.checked_add(4)?)?);
                Some(if d == 0 {
                    0.0
                } else {
                    f64::from(n) / f64::from(d)
                })
            }
            10 => {
                let (n, d) = (order.i32(bytes, at)?, order.i32(bytes, at.checked_add(4)?)?);
                Some(if d == 0 {
                    0.0
                } else {
                    f64::from(n) / f64::from(d)
                })
            }
            6 => bytes.get(at).map(|&b| f64::from(i8::from_ne_bytes([b]))),
            8 => order.i16(bytes, at).map(f64::from),
            9 => order.i32(bytes, at).map(f64::from),
            11 => order.f32(bytes, at).map(f64::from),
            12 => order.f64(bytes, at),
            17 => order.i64(bytes, at).map(|v| v as f64),
            _ => self.unsigned(order, bytes, i).map(|v| v as f64),
        }
    }
}
