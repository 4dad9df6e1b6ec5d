//! numpy's format of one array.
//!
//! The layout follows "NEP 1: a simple file format for `NumPy` arrays" and `numpy.lib.format`.

use std::fmt::Write as _;

use stacchip_chip::{ChipEncoder, EncodeChipError, Georeferenced, NamedPixels};
use stacchip_model::SampleType;
use thiserror::Error;

use super::stacked;

/// Writes `.npy`: one array, `[band, row, column]`, in its own type and the machine's byte order.
/// Several assets are stacked where their types and sizes agree. Masks, nodata values and
/// georeference have no place in it and are not kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct NpyEncoder;

impl ChipEncoder for NpyEncoder {
    fn endings(&self) -> &[&str] {
        &["npy"]
    }

    fn encode(
        &self,
        arrays: &[NamedPixels<'_>],
        _place: Georeferenced<'_>,
    ) -> Result<Vec<u8>, EncodeChipError> {
        let stack = stacked("npy", arrays)?;
        let header = NpyHeader::new(stack.sample(), stack.shape().to_vec()).to_bytes();
        let pixels: usize = arrays.iter().map(|a| a.pixels.as_bytes().len()).sum();
        let mut file = Vec::with_capacity(header.len() + pixels);
        file.extend_from_slice(&header);
        for array in arrays {
            file.extend_from_slice(array.pixels.as_bytes());
        }
        Ok(file)
    }
}

/// What stands before the numbers of a `.npy` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpyHeader {
    /// The type of the numbers.
    pub sample: SampleType,
    /// Whether the numbers are in the byte order of this machine.
    pub native: bool,
    /// Whether the first axis runs fastest.
    pub fortran_order: bool,
    /// The extent of each axis.
    pub shape: Vec<usize>,
}

impl NpyHeader {
    /// The header of an array of `shape` in C order and native byte order.
    pub const fn new(sample: SampleType, shape: Vec<usize>) -> Self {
        Self {
            sample,
            native: true,
            fortran_order: false,
            shape,
        }
    }

    /// The bytes of the header, a multiple of 64 long so that the numbers behind it are aligned.
    pub fn to_bytes(&self) -> Vec<u8> {
        let little = self.native == cfg!(target_endian = "little");
        let order = match self.sample.component_bytes() {
            1 => '|',
            _ if little => '<',
            _ => '>',
        };
        let fortran = if self.fortran_order { "True" } else { "False" };
        let mut shape = String::new();
        for axis in &self.shape {
            // Python writes a tuple of one with a comma behind it; numpy reads one there always.
            let _ = write!(shape, "{axis}, ");
        }
        let shape = match self.shape.len() {
            0 => "",
            1 => shape.trim_end(),
            _ => shape.trim_end_matches(", "),
        };
        let mut text = format!(
            "{{'descr': '{order}{}', 'fortran_order': {fortran}, 'shape': ({shape}), }}",
            code(self.sample)
        );
        // Version 1.0 counts the text in two bytes, 2.0 in four; a newline ends it.
        let padded = |before: usize| (before + text.len() + 1).next_multiple_of(ALIGNMENT) - before;
        let (version, len) = match u16::try_from(padded(10)) {
            Ok(len) => (1, len.to_le_bytes().to_vec()),
            Err(_) => (
                2,
                u32::try_from(padded(12))
                    .unwrap_or(u32::MAX)
                    .to_le_bytes()
                    .to_vec(),
            ),
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&[version, 0]);
        bytes.extend_from_slice(&len);
        let spaces = padded(bytes.len()) - text.len() - 1;
        text.extend(std::iter::repeat_n(' ', spaces));
        text.push('\n');
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    /// The header at the beginning of `file`, of version 1.0, 2.0 or 3.0, and where the numbers
    /// begin.
    ///
    /// # Errors
    /// [`NpyError`] where there is none, or it tells of an array of another kind.
    pub fn parse(file: &[u8]) -> Result<(Self, usize), NpyError> {
        let field = |at: usize, len: usize| file.get(at..at.checked_add(len)?);
        if field(0, MAGIC.len()) != Some(MAGIC) {
            return Err(NpyError::Magic);
        }
        let short = || NpyError::Short { got: file.len() };
        let (start, len) = match field(6, 2).ok_or_else(short)? {
            [1, 0] => {
                let len = field(8, 2)
                    .and_then(|b| b.try_into().ok())
                    .map(u16::from_le_bytes);
                (10, usize::from(len.ok_or_else(short)?))
            }
            [2 | 3, 0] => {
                let len = field(8, 4)
                    .and_then(|b| b.try_into().ok())
                    .map(u32::from_le_bytes);
                let len = usize::try_from(len.ok_or_else(short)?).map_err(|_| short())?;
                (12, len)
            }
            other => {
                return Err(NpyError::Version {
                    major: other.first().copied().unwrap_or(0),
                    minor: other.get(1).copied().unwrap_or(0),
                });
            }
        };
        let text = field(start, len).ok_or_else(short)?;
        let text = std::str::from_utf8(text).map_err(|_| NpyError::Header {
            field: "text",
            text: String::new(),
        })?;
        Ok((Self::from_literal(text)?, start + len))
    }

    fn from_literal(text: &str) -> Result<Self, NpyError> {
        let wrong = |field: &'static str| NpyError::Header {
            field,
            text: text.trim().chars().take(120).collect(),
        };
        let value = |key: &'static str| {
            let single = text.find(&format!("'{key}'"));
            let at = single.or_else(|| text.find(&format!("\"{key}\"")));
            let rest = text.get(at? + key.len() + 2..)?.trim_start();
            rest.strip_prefix(':').map(str::trim_start)
        };
        let descr = value("descr")
            .and_then(|v| v.strip_prefix(['\'', '"']))
            .and_then(|v| v.split(['\'', '"']).next())
            .ok_or_else(|| wrong("descr"))?;
        let sample = SampleType::ALL
            .into_iter()
            .find(|&t| descr.get(1..) == Some(code(t)))
            .ok_or_else(|| wrong("descr"))?;
        let native = match descr.as_bytes().first() {
            Some(b'|' | b'=') => true,
            Some(b'<') => sample.component_bytes() == 1 || cfg!(target_endian = "little"),
            Some(b'>') => sample.component_bytes() == 1 || cfg!(target_endian = "big"),
            _ => return Err(wrong("descr")),
        };
        let fortran_order = match value("fortran_order") {
            Some(v) if v.starts_with("False") => false,
            Some(v) if v.starts_with("True") => true,
            _ => return Err(wrong("fortran_order")),
        };
        let shape = value("shape")
            .and_then(|v| v.strip_prefix('('))
            .and_then(|v| v.split_once(')'))
            .ok_or_else(|| wrong("shape"))?
            .0
            .split(',')
            .map(str::trim)
            .filter(|axis| !axis.is_empty())
            .map(|axis| axis.parse().map_err(|_| wrong("shape")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            sample,
            native,
            fortran_order,
            shape,
        })
    }
}

/// Why bytes are no `.npy` file that is read here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NpyError {
    /// It does not begin as one.
    #[error("not a .npy file: it does not begin with \\x93NUMPY")]
    Magic,
    /// The version is not one of 1.0, 2.0 and 3.0.
    #[error("version {major}.{minor} of the .npy format is not known")]
    Version {
        /// First part of the version.
        major: u8,
        /// Second part of the version.
        minor: u8,
    },
    /// It ends within the header.
    #[error("the .npy file ends within its header, after {got} bytes")]
    Short {
        /// Bytes there are.
        got: usize,
    },
    /// A field of the header is missing or of a kind that is not read.
    #[error("the .npy header has no usable {field}: {text}")]
    Header {
        /// The field.
        field: &'static str,
        /// The beginning of the header.
        text: String,
    },
}

/// numpy's type code: a letter for the kind, then the bytes (`numpy.dtype.str` without the order).
const fn code(sample: SampleType) -> &'static str {
    match sample {
        SampleType::U8 => "u1",
        SampleType::I8 => "i1",
        SampleType::U16 => "u2",
        SampleType::I16 => "i2",
        SampleType::U32 => "u4",
        SampleType::I32 => "i4",
        SampleType::U64 => "u8",
        SampleType::I64 => "i8",
        SampleType::F16 => "f2",
        SampleType::F32 => "f4",
        SampleType::F64 => "f8",
        SampleType::C64 => "c8",
        SampleType::C128 => "c16",
        // A type that is added to the list is added here: the tests go through all of it.
        _ => "V",
    }
}

const MAGIC: &[u8] = b"\x93NUMPY";
/// `numpy.lib.format.ARRAY_ALIGN`.
const ALIGNMENT: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stacchip_chip::testing::check_chip_encoder;
    use stacchip_model::Pixels;

    use super::*;

    #[test]
    fn it_keeps_the_promise_of_an_encoder() {
        check_chip_encoder(&NpyEncoder);
    }

    #[test]
    fn every_type_comes_back() {
        for sample in SampleType::ALL {
            let mut pixels = Pixels::zeros(sample, [2, 3, 5]).unwrap();
            for (i, b) in pixels.as_bytes_mut().iter_mut().enumerate() {
                *b = u8::try_from(i % 251).unwrap();
            }
            let arrays = [NamedPixels::new("a", &pixels)];
            let file = NpyEncoder
                .encode(&arrays, Georeferenced::default())
                .unwrap();
            let (header, start) = NpyHeader::parse(&file).unwrap();
            assert_eq!(header, NpyHeader::new(sample, vec![2, 3, 5]));
            assert_eq!(start % 64, 0);
            assert_eq!(&file[start..], pixels.as_bytes());
        }
    }

    #[test]
    fn the_header_is_numpys_own() {
        let bytes = NpyHeader::new(SampleType::U16, vec![3, 256, 256]).to_bytes();
        assert_eq!(bytes.len(), 128);
        assert_eq!(bytes[..10], *b"\x93NUMPY\x01\x00v\x00");
        let text = std::str::from_utf8(&bytes[10..]).unwrap();
        let wanted = "{'descr': '<u2', 'fortran_order': False, 'shape': (3, 256, 256), }";
        assert_eq!(text.trim_end(), wanted);
        assert!(text.ends_with(" \n"));
        let one = NpyHeader::new(SampleType::I8, vec![7]).to_bytes();
        let one = String::from_utf8_lossy(&one).into_owned();
        assert!(
            one.contains("'descr': '|i1'") && one.contains("'shape': (7,), "),
            "{one}"
        );
    }

    #[test]
    fn a_long_header_takes_version_two() {
        let shape: Vec<usize> = (0..20_000).collect();
        let bytes = NpyHeader::new(SampleType::F32, shape.clone()).to_bytes();
        assert_eq!(bytes[6], 2);
        assert_eq!(NpyHeader::parse(&bytes).unwrap().0.shape, shape);
    }

    #[test]
    fn assets_are_stacked_or_refused() {
        let a = Pixels::from_slice([1, 1, 2], &[1u8, 2]).unwrap();
        let b = Pixels::from_slice([2, 1, 2], &[3u8, 4, 5, 6]).unwrap();
        let c = Pixels::from_slice([1, 1, 2], &[3u16, 4]).unwrap();
        let arrays = [("a", &a), ("b", &b), ("c", &c)].map(|(n, p)| NamedPixels::new(n, p));
        let file = NpyEncoder
            .encode(&arrays[..2], Georeferenced::default())
            .unwrap();
        let (header, start) = NpyHeader::parse(&file).unwrap();
        assert_eq!(header.shape, [3, 1, 2]);
        assert_eq!(file[start..], [1, 2, 3, 4, 5, 6]);
        let error = NpyEncoder.encode(&arrays, Georeferenced::default());
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("a is uint8, c uint16") && error.contains(".npz"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn any_shape_leads_back(shape in prop::collection::vec(0usize..100_000, 0..6), t in 0usize..13) {
            let mut header = NpyHeader::new(SampleType::ALL[t], shape);
            header.fortran_order = t % 2 == 0;
            let bytes = header.to_bytes();
            prop_assert_eq!(bytes.len() % 64, 0);
            prop_assert_eq!(NpyHeader::parse(&bytes), Ok((header, bytes.len())));
        }

        #[test]
        fn garbage_is_an_error(tail in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..128) {
            let mut bytes = MAGIC.to_vec();
            bytes.extend_from_slice(&tail);
            prop_assert!(NpyHeader::parse(&bytes).is_err());
            let whole = NpyHeader::new(SampleType::U16, vec![3, 256, 256]).to_bytes();
            prop_assert!(NpyHeader::parse(&whole[..cut]).is_err());
        }
    }
}
