//! What the writer takes and refuses.

use std::io;

use super::*;
use crate::{
    BlockContext, Compression, DecodedOrder, EncodeError,
    write::{BandLabel, ExtraSample, Photometric, Predictor, write_raster},
};

fn raster(sample: SampleType, bands: usize) -> Raster {
    Raster {
        size: Size::new(40, 30),
        bands,
        sample,
    }
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let u8x1 = raster(SampleType::U8, 1);
    let cog = WriteOptions::cog;
    let palette = Photometric::Palette(vec![[0; 3]; 257]);
    for (raster, options) in [
        (raster(SampleType::U8, 0), cog()),
        (raster(SampleType::U8, 70_000), cog()),
        (u8x1, cog().tiles(0)),
        (u8x1, cog().tiles(100)),
        (u8x1, cog().strips(8)),
        (u8x1, WriteOptions::geotiff().strips(0)),
        (u8x1, cog().photometric(Photometric::Rgb)),
        (u8x1, cog().extra_samples([ExtraSample::Alpha])),
        (u8x1, cog().photometric(palette.clone())),
        (raster(SampleType::F32, 1), cog().photometric(palette)),
        (
            u8x1,
            cog().bands([BandLabel::default(), BandLabel::default()]),
        ),
        (u8x1, cog().metadata("a\0", "b")),
        (
            u8x1,
            cog().place(
                stacchip_model::Affine::new(0.0, 0.0, 1.0, 0.0, 1.0, 1.0),
                None,
            ),
        ),
    ] {
        let refused = CogWriter::new(raster, &options, None);
        assert!(
            matches!(refused, Err(WriteError::Options { .. })),
            "{raster:?} {options:?}"
        );
    }
    for (sample, predictor) in [
        (SampleType::U8, Predictor::FloatingPoint),
        (SampleType::C64, Predictor::Horizontal),
        (SampleType::C128, Predictor::FloatingPoint),
    ] {
        let refused = CogWriter::new(raster(sample, 1), &cog().predictor(predictor), None);
        assert!(matches!(refused, Err(WriteError::Predictor { .. })));
    }
    let vast = CogWriter::new(raster(SampleType::F64, 1), &cog().tiles(1 << 14), None);
    assert!(matches!(vast, Err(WriteError::TooLarge { .. })));
}

#[test]
fn rows_must_be_whole_and_all() {
    let options = WriteOptions::cog().tiles(16);
    let mut writer = CogWriter::new(raster(SampleType::U16, 1), &options, None).unwrap();
    for bytes in [79, 31 * 80] {
        assert!(matches!(
            writer.push_rows(&vec![0; bytes]),
            Err(WriteError::Rows { .. })
        ));
    }
    assert!(writer.push_masked_rows(&[0; 80], &[1; 40]).is_err());
    writer.push_rows(&[0; 80 * 29]).unwrap();
    assert_eq!(writer.rows_due(), 1);
    let mut out = Vec::new();
    assert!(matches!(
        writer.finish(&mut out),
        Err(WriteError::Rows { .. })
    ));
    assert!(out.is_empty());

    let masked = options.mask(true);
    let mut writer = CogWriter::new(raster(SampleType::U16, 1), &masked, None).unwrap();
    assert!(writer.push_rows(&[0; 80]).is_err());
    assert!(writer.push_masked_rows(&[0; 80], &[1; 39]).is_err());
}

#[test]
fn rows_may_come_in_any_portions() {
    let options = WriteOptions::cog().tiles(16);
    let pixels = Pixels::from_slice(
        [1, 30, 40],
        &(0..1200u16).map(|v| v * 7).collect::<Vec<_>>(),
    )
    .unwrap();
    let mut whole = Vec::new();
    write_raster(&pixels, None, &options, None, &mut whole).unwrap();
    for portion in [1, 7, 16, 29] {
        let mut writer = CogWriter::new(raster(SampleType::U16, 1), &options, None).unwrap();
        for rows in pixels.as_bytes().chunks(80 * portion) {
            writer.push_rows(rows).unwrap();
        }
        let mut out = Vec::new();
        writer.finish(&mut out).unwrap();
        assert_eq!(out, whole);
    }
}

/// Makes much of little.
#[derive(Debug)]
struct Swell;

impl TileEncoder for Swell {
    fn scheme(&self) -> Compression {
        Compression::DEFLATE
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn encode(&self, _: &[u8], _: &BlockContext<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        *out = vec![0; 1 << 30];
        Ok(())
    }
}

/// Forgets everything: a test of offsets needs no bytes.
#[derive(Debug)]
struct Forget;

impl Spool for Forget {
    fn append(&mut self, _: usize, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn replay(&mut self, _: usize, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn offsets_beyond_32_bits_make_it_a_big_tiff() {
    for (rows, version) in [(48, 42), (64, 43)] {
        let raster = Raster {
            size: Size::new(16, rows),
            bands: 1,
            sample: SampleType::U8,
        };
        let options = WriteOptions::geotiff().tiles(16);
        let mut writer = CogWriter::new(raster, &options, Some(&Swell))
            .unwrap()
            .with_spool(Forget);
        writer.push_rows(&vec![0; 16 * rows as usize]).unwrap();
        let mut head = Vec::new();
        let len = writer.finish(&mut head).unwrap();
        assert_eq!(head[2], version);
        assert_eq!(len, head.len() as u64 + u64::from(rows / 16) * (1 << 30));
    }
}
