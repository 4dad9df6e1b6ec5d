//! Which encoder makes files of which ending.

use stacchip_chip::ChipEncoder;

use super::{NpyEncoder, NpzEncoder, PngEncoder, TiffEncoder};

/// The encoder of files that end in `ending` (without the dot, any case), with its defaults.
pub fn encoder_for(ending: &str) -> Option<Box<dyn ChipEncoder>> {
    encoders().into_iter().find(|encoder| {
        let known = encoder.endings();
        known.iter().any(|known| known.eq_ignore_ascii_case(ending))
    })
}

/// Every ending that [`encoder_for`] knows, without the dot.
pub fn endings() -> Vec<String> {
    encoders()
        .iter()
        .flat_map(|encoder| encoder.endings().iter().map(|&ending| ending.to_owned()))
        .collect()
}

fn encoders() -> [Box<dyn ChipEncoder>; 4] {
    [
        Box::new(NpzEncoder::stored()),
        Box::new(NpyEncoder),
        Box::new(TiffEncoder),
        Box::new(PngEncoder),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_leads_to_its_encoder() {
        for ending in endings() {
            let encoder = encoder_for(&ending.to_uppercase()).unwrap();
            assert!(encoder.endings().contains(&ending.as_str()));
        }
        assert!(encoder_for("bmp").is_none());
    }
}
