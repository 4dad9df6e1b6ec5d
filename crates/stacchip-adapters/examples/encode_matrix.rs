//! Writes a file of every encoder for every type of number it holds into a folder, for
//! `scripts/golden/check_encoders.py` to read with other people's programs.
//!
//! Every array holds the bytes (7·i + 3) mod 120, which are finite numbers in every type.

use std::{error::Error, fs, path::PathBuf};

use stacchip_adapters::encode::{NpyEncoder, NpzEncoder, PngEncoder, TiffEncoder};
use stacchip_chip::{ChipEncoder, Georeferenced, NamedPixels};
use stacchip_model::{Affine, Crs, CrsKind, Pixels, SampleType};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("give a folder")?;
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    let crs = Crs::epsg(32620);
    let place = Georeferenced {
        crs: Some(&crs),
        crs_kind: Some(CrsKind::Projected),
        transform: Some(Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 4_800_000.0)),
    };
    let save = |name: String, encoder: &dyn ChipEncoder, arrays: &[NamedPixels<'_>]| {
        encoder
            .encode(arrays, place)
            .map_err(Box::<dyn Error>::from)
            .and_then(|bytes| Ok(fs::write(folder.join(name), bytes)?))
    };
    let mut everything = Vec::new();
    for sample in SampleType::ALL {
        let pixels = pattern(sample, [2, 37, 53])?;
        let large = pattern(sample, [1, 300, 700])?;
        let array = |pixels| NamedPixels::new("data", pixels);
        save(format!("{sample}.npy"), &NpyEncoder, &[array(&pixels)])?;
        save(format!("{sample}.tif"), &TiffEncoder, &[array(&pixels)])?;
        save(
            format!("{sample}-large.tif"),
            &TiffEncoder,
            &[array(&large)],
        )?;
        everything.push(pixels);
    }
    let arrays: Vec<_> = everything
        .iter()
        .map(|pixels| NamedPixels::new(pixels.sample().name(), pixels))
        .collect();
    save("stored.npz".into(), &NpzEncoder::stored(), &arrays)?;
    save("deflated.npz".into(), &NpzEncoder::deflated(), &arrays)?;
    for sample in [SampleType::U8, SampleType::U16] {
        for bands in 1..=4 {
            let pixels = pattern(sample, [bands, 37, 53])?;
            let array = NamedPixels::new("data", &pixels);
            save(format!("{sample}-{bands}.png"), &PngEncoder, &[array])?;
        }
    }
    let (blue, red) = (
        pattern(SampleType::I16, [1, 37, 53])?,
        pattern(SampleType::I16, [1, 37, 53])?,
    );
    let mask: Vec<u8> = (0..37 * 53)
        .map(|i| if i % 3 == 0 { 0 } else { 255 })
        .collect();
    let named = |name, pixels, mask| NamedPixels {
        nodata: Some(-9999.0),
        mask,
        ..NamedPixels::new(name, pixels)
    };
    let arrays = [named("blue", &blue, None), named("red", &red, None)];
    save("stack.npy".into(), &NpyEncoder, &arrays)?;
    save("stack.tif".into(), &TiffEncoder, &arrays)?;
    let arrays = [named("blue", &blue, Some(mask.as_slice()))];
    save("masked.npz".into(), &NpzEncoder::stored(), &arrays)?;
    let arrays = [NamedPixels {
        nodata: None,
        ..named("blue", &blue, Some(mask.as_slice()))
    }];
    save("masked.tif".into(), &TiffEncoder, &arrays)?;
    Ok(())
}

fn pattern(sample: SampleType, shape: [usize; 3]) -> Result<Pixels, Box<dyn Error>> {
    let mut pixels = Pixels::zeros(sample, shape)?;
    for (i, byte) in pixels.as_bytes_mut().iter_mut().enumerate() {
        *byte = u8::try_from((i * 7 + 3) % 120)?;
    }
    Ok(pixels)
}
