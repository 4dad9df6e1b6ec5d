//! World files.

use stacchip_model::Affine;

/// The map from pixels to the ground in the text of a world file (`.tfw`, `.tifw`, `.wld`): six
/// numbers, a line each, that give the place of the first pixel's centre; nothing where they are
/// not there or make no map.
pub fn world_file(text: &str) -> Option<Affine> {
    let mut numbers = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| line.replace(',', ".").parse::<f64>().ok());
    let mut next = || numbers.next()?;
    let (a, d, b, e, c, f) = (next()?, next()?, next()?, next()?, next()?, next()?);
    if (a == 0.0 && b == 0.0) || (d == 0.0 && e == 0.0) {
        return None;
    }
    Some(Affine::new(
        a,
        b,
        c - 0.5 * a - 0.5 * b,
        d,
        e,
        f - 0.5 * d - 0.5 * e,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_file_speaks_of_centres() {
        let text = "10.0\r\n0\r\n0\r\n-20\r\n1005\r\n 1990\r\n";
        assert_eq!(
            world_file(text),
            Some(Affine::new(10.0, 0.0, 1000.0, 0.0, -20.0, 2000.0))
        );
        assert_eq!(world_file("1\n2\n3\n4\n5\n"), None);
        assert_eq!(world_file("0\n0\n0\n0\n5\n6"), None);
        assert_eq!(world_file("a\n0\n0\n0\n5\n6"), None);
    }
}
