//! Cells of the globe: the same ground, whatever the date, the sensor or the grid of pixels.
//!
//! They are those of the S2 library (<https://s2geometry.io/devguide/s2cell_hierarchy>): the globe is
//! projected on the six faces of a cube, and each face is cut in four again and again. A number of 64
//! bits tells face, way down and level, so that the cell that holds another is found by its bits, and
//! numbers in order run along a curve that fills the globe (Hilbert's, one on each face).

use std::fmt;

use stacchip_model::{MultiPolygon, Point};

/// A cell of the globe, on one of 31 levels: 0 is a face of the cube, 30 about a centimetre.
///
/// ```
/// use stacchip_index::GroundCell;
///
/// let leaf = GroundCell::at([-74.006, 40.7128]);
/// let cell = leaf.parent(GroundCell::PLACE_LEVEL);
/// assert_eq!(cell.to_string(), "89c25b");
/// assert!(cell.holds(leaf));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroundCell(u64);

impl GroundCell {
    /// The level of the cells that an index names: about 8 km wide, so that chips of some kilometres
    /// of one place fall into one cell, of whichever sensor they are.
    pub const PLACE_LEVEL: u8 = 10;

    /// The finest level.
    pub const MAX_LEVEL: u8 = 30;

    /// The cell of the finest level at `point`, longitude then latitude, in degrees.
    pub fn at(point: Point) -> Self {
        let (face, u, v) = face_uv(point);
        let (i, j) = (coordinate(u), coordinate(v));
        let mut orientation = usize::from(face & 1);
        let mut position = 0u64;
        for bit in (0..30).rev() {
            let quarter = ((i >> bit & 1) << 1 | (j >> bit & 1)) as usize;
            let along = POSITION[orientation][quarter];
            position = position << 2 | u64::from(along);
            orientation ^= TURN[usize::from(along)];
        }
        Self(u64::from(face) << 61 | position << 1 | 1)
    }

    /// The cell of the finest level at the centre of `footprint`, that of the box around it; nothing
    /// where it has no point.
    pub fn of(footprint: &MultiPolygon) -> Option<Self> {
        centre(footprint).map(Self::at)
    }

    /// The cell of `level` that holds this one; this one, where it is no finer.
    pub fn parent(self, level: u8) -> Self {
        if level >= self.level() {
            return self;
        }
        let lowest = 1u64 << (2 * (30 - u32::from(level)));
        Self(self.0 & lowest.wrapping_neg() | lowest)
    }

    /// Its level, 0 to 30.
    pub fn level(self) -> u8 {
        let below = u8::try_from(self.0.trailing_zeros() / 2).unwrap_or(30);
        30u8.saturating_sub(below)
    }

    /// Whether `other` is this cell, or lies in it.
    pub fn holds(self, other: Self) -> bool {
        other.level() >= self.level() && other.parent(self.level()) == self
    }

    /// Its number, as the S2 library has it.
    pub const fn id(self) -> u64 {
        self.0
    }
}

/// The number in hexadecimal without the zeros at its end, as the S2 library writes it (a token).
impl fmt::Display for GroundCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:016x}", self.0);
        f.write_str(text.trim_end_matches('0'))
    }
}

/// The centre of the box around `footprint`; parts on both sides of the antimeridian are taken
/// together.
pub(crate) fn centre(footprint: &MultiPolygon) -> Option<Point> {
    let bounds = footprint.bounds()?;
    let (mut west, mut east) = (bounds.xmin, bounds.xmax);
    if footprint.polygons.len() > 1 && west <= -180.0 && east >= 180.0 {
        let lons = || {
            let points = footprint.polygons.iter().flat_map(|p| &p.rings).flatten();
            points.map(|p| if p[0] < 0.0 { p[0] + 360.0 } else { p[0] })
        };
        west = lons().fold(f64::INFINITY, f64::min);
        east = lons().fold(f64::NEG_INFINITY, f64::max);
    }
    let lon = west + (east - west) / 2.0;
    let lon = if lon > 180.0 { lon - 360.0 } else { lon };
    Some([lon, bounds.ymin + (bounds.ymax - bounds.ymin) / 2.0])
}

/// The face of the cube that a point is projected on, and where.
fn face_uv([lon, lat]: Point) -> (u8, f64, f64) {
    let (lon, lat) = (lon.to_radians(), lat.to_radians());
    let (x, y, z) = (lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin());
    if x.abs() > y.abs() && x.abs() > z.abs() {
        if x > 0.0 {
            (0, y / x, z / x)
        } else {
            (3, z / x, y / x)
        }
    } else if y.abs() > z.abs() {
        if y > 0.0 {
            (1, -x / y, z / y)
        } else {
            (4, z / y, -x / y)
        }
    } else if z > 0.0 {
        (2, -x / z, -y / z)
    } else {
        (5, -y / z, -x / z)
    }
}

/// The column or row of a leaf, from the place on a face: the quadratic projection, which makes
/// cells nearly alike.
fn coordinate(u: f64) -> u32 {
    let s = if u >= 0.0 {
        0.5 * (1.0 + 3.0 * u).sqrt()
    } else {
        1.0 - 0.5 * (1.0 - 3.0 * u).sqrt()
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is brought within 0 and 2^30 - 1; what is no number becomes 0"
    )]
    let cell = (s * f64::from(LEAVES))
        .floor()
        .clamp(0.0, f64::from(LEAVES - 1)) as u32;
    cell
}

/// Leaves along the edge of a face.
const LEAVES: u32 = 1 << 30;

/// Where along the curve a quarter is (column bit, row bit), for each of the ways the curve may lie.
const POSITION: [[u8; 4]; 4] = [[0, 1, 3, 2], [0, 3, 1, 2], [2, 3, 1, 0], [2, 1, 3, 0]];

/// How the curve lies in each quarter along it: bit 0 swaps the axes, bit 1 turns both around.
const TURN: [usize; 4] = [1, 0, 0, 3];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stacchip_model::Polygon;

    use super::*;

    #[test]
    fn numbers_are_those_of_the_s2_library() {
        for (point, level, wanted) in KNOWN {
            let cell = GroundCell::at(point).parent(level);
            assert_eq!(format!("{:#x}", cell.id()), wanted, "{point:?} {level}");
            assert_eq!(cell.level(), level);
        }
    }

    #[test]
    fn a_footprint_across_the_antimeridian_has_one_centre() {
        let part = |west: f64, east: f64| Polygon {
            rings: vec![vec![
                [west, 0.0],
                [east, 0.0],
                [east, 1.0],
                [west, 1.0],
                [west, 0.0],
            ]],
        };
        let across = MultiPolygon {
            polygons: vec![part(179.0, 180.0), part(-180.0, -177.0)],
        };
        assert_eq!(centre(&across), Some([-179.0, 0.5]));
        assert_eq!(centre(&part(-1.0, 3.0).into()), Some([1.0, 0.5]));
        assert_eq!(GroundCell::of(&MultiPolygon::default()), None);
    }

    proptest! {
        #[test]
        fn a_cell_holds_its_own(lon in -180.0f64..=180.0, lat in -90.0f64..=90.0, a in 0u8..=30, b in 0u8..=30) {
            let leaf = GroundCell::at([lon, lat]);
            prop_assert_eq!(leaf.level(), 30);
            let (coarse, fine) = (leaf.parent(a.min(b)), leaf.parent(a.max(b)));
            prop_assert!(coarse.holds(fine) && fine.holds(leaf) && coarse.holds(coarse));
            prop_assert_eq!(fine.parent(a.min(b)), coarse);
        }
    }

    /// As s2sphere 0.2.5 tells them.
    const KNOWN: [(Point, u8, &str); 10] = [
        ([0.0, 0.0], 30, "0x1000000000000001"),
        ([-74.006, 40.7128], 10, "0x89c25b0000000000"),
        ([13.4, 52.5], 12, "0x47a84fd000000000"),
        ([179.999, -45.0], 10, "0xa800010000000000"),
        ([-179.999, 71.0], 14, "0x50a7880100000000"),
        ([0.0, 90.0], 30, "0x5000000000000001"),
        ([0.0, -90.0], 5, "0xb004000000000000"),
        ([100.0, -80.0], 17, "0xafd3a97dfc000000"),
        ([-120.0, 10.0], 10, "0x83a12f0000000000"),
        ([45.0, 45.0], 30, "0x4054545155144101"),
    ];
}
