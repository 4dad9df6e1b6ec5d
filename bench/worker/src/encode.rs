//! Chips in memory to bytes of files.

use clap::ValueEnum;
use rayon::prelude::*;
use serde_json::{Value, json};
use stacchip::{
    chip::{Chip, ChipArray, ChipEncoder, Georeferenced},
    cog::Colour,
    model::{CrsKind, Pixels, SampleType},
};
use stacchip_adapters::encode::{NpyEncoder, NpzEncoder, PngEncoder, TiffEncoder};

use crate::{
    Failed,
    chips::{Chips, Way},
    contender::Contender,
    job::Job,
    world::World,
};

/// What is made of a chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Encoder {
    /// PNG of the first three bands; 0 to 3000 becomes 0 to 255 where they are not bytes.
    #[default]
    Png,
    /// npz of all bands, one array, stored.
    Npz,
    /// npz of all bands, deflated.
    NpzDeflated,
    /// npy of all bands.
    Npy,
    /// `GeoTIFF` of all bands, deflated with a predictor.
    Tiff,
}

/// Chips in memory, and what makes files of them.
#[derive(Debug)]
pub struct Encode {
    chips: Vec<Chip>,
    encoder: Box<dyn ChipEncoder>,
    pool: bool,
}

impl Encode {
    /// The chips of `job`, read, and made bytes where a picture is wanted.
    ///
    /// # Errors
    /// Where they cannot be had.
    pub fn new(world: &World, job: Job, encoder: Encoder) -> Result<Self, Failed> {
        let mut chips = Vec::new();
        let pool = world.threads.get() > 1;
        Chips::new(world.clone(), job, Way::Asked, MEMORY)?
            .each(usize::MAX, |_, chip| chips.push(chip))?;
        if encoder == Encoder::Png {
            chips = chips.into_iter().map(picture).collect::<Result<_, _>>()?;
        }
        let encoder: Box<dyn ChipEncoder> = match encoder {
            Encoder::Png => Box::new(PngEncoder),
            Encoder::Npz => Box::new(NpzEncoder::stored()),
            Encoder::NpzDeflated => Box::new(NpzEncoder::deflated()),
            Encoder::Npy => Box::new(NpyEncoder),
            Encoder::Tiff => Box::new(TiffEncoder),
        };
        Ok(Self {
            chips,
            encoder,
            pool,
        })
    }

    fn one(&self, chip: &Chip) -> Result<usize, String> {
        let place = Georeferenced {
            crs: chip.frame.crs.as_ref(),
            crs_kind: Some(CrsKind::Projected),
            transform: chip.frame.transform,
        };
        let file = self.encoder.encode(&chip.named(), place);
        file.map(|file| file.len()).map_err(|e| e.to_string())
    }
}

impl Contender for Encode {
    fn run(&mut self) -> Result<Value, Failed> {
        let encoded: usize = if self.pool {
            let each = self.chips.par_iter().map(|chip| self.one(chip));
            each.collect::<Result<Vec<_>, _>>()?.iter().sum()
        } else {
            let each = self.chips.iter().map(|chip| self.one(chip));
            each.sum::<Result<_, _>>()?
        };
        let arrays = self.chips.iter().flat_map(|chip| &chip.arrays);
        let bytes: usize = arrays.map(|a| a.pixels.as_bytes().len()).sum();
        Ok(json!({ "chips": self.chips.len(), "bytes": bytes, "encoded": encoded }))
    }
}

/// Bytes for chips on their way.
const MEMORY: u64 = 1 << 28;

/// The first three bands of `chip` as red, green and blue bytes.
fn picture(chip: Chip) -> Result<Chip, Failed> {
    let bands: Vec<&[u8]> = chip
        .arrays
        .iter()
        .flat_map(|a| (0..a.pixels.bands()).filter_map(|band| a.pixels.band_bytes(band)))
        .take(3)
        .collect();
    let first = chip.arrays.first().ok_or("a chip without arrays")?;
    let bytes: Vec<u8> = match first.pixels.sample() {
        SampleType::U8 => bands.concat(),
        SampleType::U16 => bands.concat().chunks_exact(2).map(step).collect(),
        other => return Err(format!("no picture is made of {other}").into()),
    };
    let shape = [bands.len(), first.pixels.height(), first.pixels.width()];
    let array = ChipArray {
        name: "picture".to_owned(),
        pixels: Pixels::from_slice(shape, &bytes)?,
        nodata: None,
        bands: ["red", "green", "blue"].map(str::to_owned).to_vec(),
        colours: vec![Colour::Red, Colour::Green, Colour::Blue],
        mask: None,
        own_mask: false,
    };
    Ok(Chip {
        arrays: vec![array],
        frame: chip.frame,
    })
}

/// 0 to 3000 as 0 to 255, the fraction dropped.
fn step(number: &[u8]) -> u8 {
    let number = u32::from(u16::from_ne_bytes([number[0], number[1]]));
    u8::try_from(number * 255 / 3000).unwrap_or(u8::MAX)
}
