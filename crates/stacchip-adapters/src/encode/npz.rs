//! numpy's archive of named arrays.

use std::io::{Cursor, Write as _};

use stacchip_chip::{ChipEncoder, EncodeChipError, Georeferenced, NamedPixels};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::npy::NpyHeader;

/// Writes `.npz`: one array `[band, row, column]` an asset, each in its own type, named by the
/// asset's key, in the order given; and where values alone cannot say which pixels are valid, an
/// array `KEY_mask` of bytes `[row, column]`, 255 valid and 0 not.
///
/// The same pixels give the same bytes: entries carry the zip format's first date.
#[derive(Debug, Clone, Copy, Default)]
pub struct NpzEncoder {
    deflate: bool,
}

impl NpzEncoder {
    /// Arrays stored as they are, as `numpy.savez` does: fastest to write and to load.
    pub const fn stored() -> Self {
        Self { deflate: false }
    }

    /// Arrays deflated, as `numpy.savez_compressed` does.
    pub const fn deflated() -> Self {
        Self { deflate: true }
    }
}

impl ChipEncoder for NpzEncoder {
    fn endings(&self) -> &[&str] {
        &["npz"]
    }

    fn encode(
        &self,
        arrays: &[NamedPixels<'_>],
        _place: Georeferenced<'_>,
    ) -> Result<Vec<u8>, EncodeChipError> {
        if arrays.is_empty() {
            return Err(EncodeChipError::Unsupported {
                format: "npz",
                what: "no array at all".to_owned(),
                instead: "choose at least one asset".to_owned(),
            });
        }
        let failed = |cause: zip::result::ZipError| EncodeChipError::Failed {
            format: "npz",
            cause: cause.into(),
        };
        let about: usize = arrays
            .iter()
            .map(|a| a.pixels.as_bytes().len() + a.name.len() * 2 + 512)
            .sum();
        let room = if self.deflate { about / 2 } else { about };
        let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(room)));
        for array in arrays {
            let header = NpyHeader::new(array.pixels.sample(), array.pixels.shape().to_vec());
            self.entry(&mut zip, array.name, &header, array.pixels.as_bytes())
                .map_err(failed)?;
            if let Some(mask) = array.mask {
                let shape = vec![array.pixels.height(), array.pixels.width()];
                let header = NpyHeader::new(stacchip_model::SampleType::U8, shape);
                let name = format!("{}_mask", array.name);
                self.entry(&mut zip, &name, &header, mask).map_err(failed)?;
            }
        }
        Ok(zip.finish().map_err(failed)?.into_inner())
    }
}

impl NpzEncoder {
    fn entry(
        self,
        zip: &mut ZipWriter<Cursor<Vec<u8>>>,
        name: &str,
        header: &NpyHeader,
        numbers: &[u8],
    ) -> zip::result::ZipResult<()> {
        let header = header.to_bytes();
        let method = if self.deflate {
            CompressionMethod::Deflated
        } else {
            CompressionMethod::Stored
        };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644)
            // Sizes of 4 GiB and more need the fields of zip64; deflate may swell a little.
            .large_file(numbers.len() as u64 + header.len() as u64 > ZIP64_BYTES);
        zip.start_file(format!("{name}.npy"), options)?;
        zip.write_all(&header)?;
        zip.write_all(numbers)?;
        Ok(())
    }
}

/// Below it no entry needs zip64, even one that deflate swells by its worst case of 0.03 %.
const ZIP64_BYTES: u64 = 0xF000_0000;

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use stacchip_chip::testing::check_chip_encoder;
    use stacchip_model::{Pixels, SampleType};

    use super::*;

    #[test]
    fn it_keeps_the_promise_of_an_encoder() {
        check_chip_encoder(&NpzEncoder::stored());
        check_chip_encoder(&NpzEncoder::deflated());
    }

    #[test]
    fn arrays_come_back_by_name_in_order() {
        let blue = Pixels::from_slice([1, 2, 2], &[1u16, 2, 3, 4]).unwrap();
        let scl = Pixels::from_slice([1, 1, 1], &[[1f32, -2.0]]).unwrap();
        let mask = [255, 0, 255, 255];
        let arrays = [
            NamedPixels {
                mask: Some(&mask),
                ..NamedPixels::new("bleu é", &blue)
            },
            NamedPixels::new("a/b", &scl),
        ];
        for encoder in [NpzEncoder::stored(), NpzEncoder::deflated()] {
            let file = encoder.encode(&arrays, Georeferenced::default()).unwrap();
            let mut zip = zip::ZipArchive::new(Cursor::new(file)).unwrap();
            let mut seen = Vec::new();
            for i in 0..zip.len() {
                let mut entry = zip.by_index(i).unwrap();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                let (header, start) = NpyHeader::parse(&bytes).unwrap();
                let name = entry.name().unwrap().into_owned();
                seen.push((name, header, bytes.split_off(start)));
            }
            let header = |t, shape: &[usize]| NpyHeader::new(t, shape.to_vec());
            let wanted = [
                (
                    "bleu é.npy".to_owned(),
                    header(SampleType::U16, &[1, 2, 2]),
                    blue.as_bytes().to_vec(),
                ),
                (
                    "bleu é_mask.npy".to_owned(),
                    header(SampleType::U8, &[2, 2]),
                    mask.to_vec(),
                ),
                (
                    "a/b.npy".to_owned(),
                    header(SampleType::C64, &[1, 1, 1]),
                    scl.as_bytes().to_vec(),
                ),
            ];
            assert_eq!(seen, wanted);
        }
    }

    #[test]
    fn two_arrays_of_one_name_are_refused() {
        let a = Pixels::zeros(SampleType::U8, [1, 1, 1]).unwrap();
        let arrays = [NamedPixels::new("a", &a), NamedPixels::new("a", &a)];
        let error = NpzEncoder::stored().encode(&arrays, Georeferenced::default());
        assert!(matches!(error, Err(EncodeChipError::Failed { .. })));
    }
}
