//! Texts beside a file that say where it is on the ground.

use stacchip_model::{Affine, Crs};

use crate::xml;

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

/// The reference system in the text of an ESRI metadata file (`.xml`): the well-known text inside
/// its `peXml`, which is XML as text.
pub fn esri_crs(text: &str) -> Option<Crs> {
    let document = xml::document(text)?;
    let inner = xml::document(&document.find("peXml")?.text)?;
    let wkt = inner.find("WKT")?.text.trim().to_owned();
    wkt.contains('[').then(|| Crs::wkt(wkt))
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

    #[test]
    fn esri_metadata_holds_its_system_as_text() {
        let text = "<metadata><Esri><coordRef><peXml Sync=\"TRUE\">&lt;P&gt;&lt;WKT&gt;\
            GEOGCS[&amp;quot;x&amp;quot;]&lt;/WKT&gt;&lt;/P&gt;</peXml></coordRef></Esri></metadata>";
        assert_eq!(esri_crs(text), Some(Crs::wkt("GEOGCS[\"x\"]")));
        assert_eq!(esri_crs("<metadata/>"), None);
    }
}
