//! What the bands of chips are called, and whether two chips have the same.

use stacchip_chip::{Chip, ChipArray};

/// What the bands of `chip` are called: one alone as its asset; of several each, behind a colon, by its own
/// name or its number, from 1.
pub(crate) fn names_of(chip: &Chip) -> Vec<String> {
    let mut names = Vec::new();
    for array in &chip.arrays {
        let several = array.pixels.bands() > 1;
        for band in 0..array.pixels.bands() {
            names.push(match (several, own_name(array, band)) {
                (false, _) => array.name.clone(),
                (true, "") => format!("{}:{}", array.name, band + 1),
                (true, own) => format!("{}:{own}", array.name),
            });
        }
    }
    names
}

/// The places of the arrays of `chip` in the order in which its bands are called `names`; nothing where it
/// has others. Where one of two bands has a number only, that stands for any name.
pub(crate) fn order_of(chip: &Chip, names: &[String]) -> Option<Vec<usize>> {
    let (mut rest, mut order) = (names, Vec::new());
    let mut left: Vec<usize> = (0..chip.arrays.len()).collect();
    while !rest.is_empty() {
        let begins = |place: &usize| chip.arrays.get(*place).is_some_and(|a| begins(rest, a));
        let place = left.remove(left.iter().position(begins)?);
        rest = rest.get(chip.arrays.get(place)?.pixels.bands()..)?;
        order.push(place);
    }
    left.is_empty().then_some(order)
}

/// `all` in the order of `places`, each of which is named once.
pub(crate) fn arranged<T>(all: Vec<T>, places: &[usize]) -> Vec<T> {
    if places.is_sorted() {
        return all;
    }
    let mut all: Vec<Option<T>> = all.into_iter().map(Some).collect();
    let taken = places
        .iter()
        .filter_map(|&place| all.get_mut(place)?.take());
    taken.collect()
}

/// Whether the first of `names` are those of the bands of `array`.
fn begins(names: &[String], array: &ChipArray) -> bool {
    let bands = array.pixels.bands();
    let Some(names) = names.get(..bands) else {
        return false;
    };
    if let [only] = names {
        return *only == array.name;
    }
    (0..bands).zip(names).all(|(band, name)| {
        let of_asset = name.strip_prefix(&array.name);
        let Some(known) = of_asset.and_then(|name| name.strip_prefix(':')) else {
            return false;
        };
        let own = own_name(array, band);
        own.is_empty() || known.eq_ignore_ascii_case(own) || known == (band + 1).to_string()
    })
}

fn own_name(array: &ChipArray, band: usize) -> &str {
    array.bands.get(band).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use stacchip_chip::Frame;
    use stacchip_model::{Pixels, Size};

    use super::*;

    fn chip(arrays: &[(&str, &[&str])]) -> Chip {
        let array = |(name, bands): &(&str, &[&str])| ChipArray {
            name: (*name).to_owned(),
            pixels: Pixels::from_slice([bands.len(), 1, 1], &vec![0u8; bands.len()]).unwrap(),
            nodata: None,
            bands: bands.iter().map(|b| (*b).to_owned()).collect(),
            colours: Vec::new(),
            mask: None,
            own_mask: false,
        };
        Chip {
            arrays: arrays.iter().map(array).collect(),
            frame: Frame::of_size(Size::new(1, 1)),
        }
    }

    #[test]
    fn the_same_bands_are_found_in_any_order_and_no_others() {
        let first = chip(&[("a", &[""]), ("rgb", &["red", "", "Blue"]), ("b", &["x"])]);
        let names = names_of(&first);
        assert_eq!(names, ["a", "rgb:red", "rgb:2", "rgb:Blue", "b"]);
        assert_eq!(order_of(&first, &names), Some(vec![0, 1, 2]));
        let turned = chip(&[("b", &["y"]), ("a", &[""]), ("rgb", &["RED", "green", ""])]);
        assert_eq!(order_of(&turned, &names), Some(vec![1, 2, 0]));
        assert_eq!(
            arranged(vec!["b", "a", "rgb"], &[1, 2, 0]),
            ["a", "rgb", "b"]
        );
        let rgb =
            |bands: &'static [&'static str]| chip(&[("a", &[""]), ("rgb", bands), ("b", &[""])]);
        for other in [
            rgb(&["blue", "green", "red"]),
            rgb(&["red", "green"]),
            chip(&[("a", &[""]), ("rgb", &["red", "", "blue"])]),
            chip(&[("a", &[""]), ("bgr", &["red", "", "blue"]), ("b", &[""])]),
            chip(&[
                ("a", &[""]),
                ("rgb", &["red", "", "blue"]),
                ("b", &[""]),
                ("c", &[""]),
            ]),
        ] {
            assert_eq!(order_of(&other, &names), None, "{:?}", names_of(&other));
        }
    }
}
