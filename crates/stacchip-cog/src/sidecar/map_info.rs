//! `MapInfo`'s tables of rasters.

use stacchip_model::{Affine, Crs};

use crate::{ControlPoint, Image, geo::coordinate_system};

/// What a table of `MapInfo` (`.tab`) says of the raster beside it.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct MapInfoTable {
    /// From pixel corners to the ground, where the table's points agree on it within a quarter of a pixel.
    pub transform: Option<Affine>,
    /// The points, where they do not.
    pub control_points: Vec<ControlPoint>,
    /// Whether it names a reference system.
    pub names_crs: bool,
    /// The reference system, where it is known here.
    pub crs: Option<Crs>,
}

impl MapInfoTable {
    /// The table that `text` is; nothing where it is none of a raster, or has numbers that are none. As in GDAL, a
    /// thousand lines are looked at and 256 points taken.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut is_table, mut is_raster) = (false, false);
        let (mut system, mut in_degrees) = (None, false);
        let mut points = Vec::new();
        let lines = text.split(['\n', '\r']).filter(|line| !line.is_empty());
        for line in lines.take(LINES) {
            let mut words = line
                .split([' ', '\t', '(', ')', ',', ';'])
                .filter(|word| !word.is_empty());
            let [first, second, third, fourth, fifth] =
                std::array::from_fn(|_| words.next().unwrap_or_default());
            let is = |word: &str, what: &str| word.trim_matches('"').eq_ignore_ascii_case(what);
            if is(first, "definition") && is(second, "table") {
                is_table = true;
            } else if !is_table {
            } else if is(first, "type") {
                is_raster = true;
                if !is(second, "raster") {
                    return None;
                }
            } else if is(first, "coordsys") && (is(second, "earth") || is(second, "nonearth")) {
                (system, in_degrees) = (Some(line), false);
            } else if is(first, "units") {
                // Of the system that was named before.
                in_degrees |= system.is_some() && is(second, "degree");
            } else if is(fifth, "label") && is_raster && points.len() < POINTS {
                points.push(ControlPoint {
                    x: finite(first)?,
                    y: finite(second)?,
                    col: finite(third)?,
                    row: finite(fourth)?,
                    z: 0.0,
                });
            }
        }
        if !is_raster {
            return None;
        }
        // As in GDAL, two points are taken for corners of a map that is not turned.
        let transform = if points.len() == 2 {
            upright(&points)
        } else {
            nearest(&points).map(|fit| upright(&points).unwrap_or(fit))
        };
        if transform.is_some() {
            points.clear();
        }
        Some(Self {
            transform,
            control_points: points,
            names_crs: system.is_some(),
            crs: system.and_then(|line| coordinate_system(line, in_degrees)),
        })
    }
}

impl Image {
    /// Takes what the table beside it says. As in GDAL, it is to be asked where the file itself has no transform (and
    /// before a world file); then its system and its transform go before what the file says, and its points after. The
    /// file's system is not that of the table's places: where the table names one that is not known here, none is left.
    pub fn attach_map_info(&mut self, table: MapInfoTable) {
        let place = &mut self.georeference;
        if table.names_crs {
            place.crs = table.crs;
            place.vertical = None;
        }
        place.transform = table.transform;
        if place.transform.is_some() || place.control_points.is_empty() {
            place.control_points = table.control_points;
        }
    }

    /// Takes the map of the world file beside it. As in GDAL, it is to be asked where neither the file itself nor a
    /// table of `MapInfo` has one; then it goes before control points.
    pub fn attach_world_file(&mut self, map: Affine) {
        self.georeference.transform = Some(map);
        self.georeference.control_points.clear();
    }
}

fn finite(word: &str) -> Option<f64> {
    word.parse().ok().filter(|v: &f64| v.is_finite())
}

/// The map of points whose columns run along x and rows along y: exact, since it needs no fit.
fn upright(points: &[ControlPoint]) -> Option<Affine> {
    let (a, c) = line(points.iter().map(|p| (p.col, p.x)))?;
    let (e, f) = line(points.iter().map(|p| (p.row, p.y)))?;
    Some(Affine::new(a, 0.0, c, 0.0, e, f))
}

/// Slope and start of the line through all of `points`.
fn line(mut points: impl Iterator<Item = (f64, f64)> + Clone) -> Option<(f64, f64)> {
    let (from, at) = points.clone().next()?;
    let (to, there) = points.clone().find(|(to, _)| *to != from)?;
    let slope = (there - at) / (to - from);
    let start = at - from * slope;
    let is_on = |(p, v): (f64, f64)| (start + p * slope - v).abs() <= 1e-6 * slope.abs();
    (slope != 0.0 && slope.is_finite() && points.all(is_on)).then_some((slope, start))
}

/// The map with the least squares of what it misses the points by; nothing where one of them is missed by more than a
/// quarter of a pixel.
fn nearest(points: &[ControlPoint]) -> Option<Affine> {
    if points.len() < 3 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a table has a handful")]
    let count = points.len() as f64;
    let mean = |of: fn(&ControlPoint) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (col, row, x, y) = (
        mean(|p| p.col),
        mean(|p| p.row),
        mean(|p| p.x),
        mean(|p| p.y),
    );
    let sum = |of: &dyn Fn(f64, f64, f64, f64) -> f64| -> f64 {
        points
            .iter()
            .map(|p| of(p.col - col, p.row - row, p.x - x, p.y - y))
            .sum()
    };
    let (uu, uv, vv) = (
        sum(&|u, _, _, _| u * u),
        sum(&|u, v, _, _| u * v),
        sum(&|_, v, _, _| v * v),
    );
    let determinant = uu * vv - uv * uv;
    // Points on one line say nothing of what lies beside it.
    if determinant <= 1e-12 * uu * vv {
        return None;
    }
    let solved = |pu: f64, pv: f64| {
        (
            (pu * vv - pv * uv) / determinant,
            (pv * uu - pu * uv) / determinant,
        )
    };
    let (a, b) = solved(sum(&|u, _, x, _| u * x), sum(&|_, v, x, _| v * x));
    let (d, e) = solved(sum(&|u, _, _, y| u * y), sum(&|_, v, _, y| v * y));
    let map = Affine::new(a, b, x - a * col - b * row, d, e, y - d * col - e * row);
    // Nor do those that all are at one x.
    if (a * e - b * d).abs() <= 1e-12 * (a.abs() + b.abs()) * (d.abs() + e.abs()) {
        return None;
    }
    let pixel = 0.5 * (a.abs() + b.abs() + d.abs() + e.abs());
    let is_near = |p: &ControlPoint| {
        let (x, y) = map.apply(p.col, p.row);
        (x - p.x).abs() <= 0.25 * pixel && (y - p.y).abs() <= 0.25 * pixel
    };
    points.iter().all(is_near).then_some(map)
}

const LINES: usize = 1000;
const POINTS: usize = 256;

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn table(points: &[[f64; 4]], rest: &str) -> String {
        let mut text =
            "!table\n!version 300\nDefinition Table\n  File \"a.tif\"\n  Type \"RASTER\"\n"
                .to_owned();
        for (i, [x, y, col, row]) in points.iter().enumerate() {
            let _ = writeln!(text, "  ({x},{y}) ({col},{row}) Label \"Pt {i}\",");
        }
        text + rest
    }

    #[test]
    fn corners_are_a_map() {
        let corners = [
            [400e3, 1200e3, 0.0, 4000.0],
            [500e3, 1200e3, 4000.0, 4000.0],
            [500e3, 1300e3, 4000.0, 0.0],
            [400e3, 1300e3, 0.0, 0.0],
        ];
        let found = MapInfoTable::parse(&table(
            &corners,
            "  CoordSys Earth Projection 1, 104\n  Units \"degree\"\n",
        ));
        let found = found.unwrap();
        assert_eq!(
            found.transform,
            Some(Affine::new(25.0, 0.0, 400e3, 0.0, -25.0, 1300e3))
        );
        assert_eq!(found.crs, Some(Crs::epsg(4326)));
        assert!(found.control_points.is_empty());
    }

    #[test]
    fn turned_points_are_fitted_and_bent_ones_kept() {
        let map = Affine::new(2.0, 0.5, 100.0, 0.25, -3.0, 900.0);
        let at = |col: f64, row: f64| {
            let (x, y) = map.apply(col, row);
            [x, y, col, row]
        };
        let points = [at(0.0, 0.0), at(100.0, 5.0), at(3.0, 80.0), at(90.0, 95.0)];
        let found = MapInfoTable::parse(&table(&points, ""))
            .unwrap()
            .transform
            .unwrap();
        for [x, y, col, row] in points {
            let (gx, gy) = found.apply(col, row);
            assert!((gx - x).abs() < 1e-9 && (gy - y).abs() < 1e-9);
        }
        let mut bent = points;
        bent[3][0] += 10.0;
        let found = MapInfoTable::parse(&table(&bent, "")).unwrap();
        assert_eq!(found.transform, None);
        assert_eq!(found.control_points.len(), 4);
        // At one x.
        let at_one = [
            [5.0, 5.0, 0.0, 0.0],
            [5.0, 5.0, 4.0, 0.0],
            [5.0, 1.0, 0.0, 4.0],
        ];
        let found = MapInfoTable::parse(&table(&at_one, "")).unwrap();
        assert_eq!((found.transform, found.control_points.len()), (None, 3));
        // On one line.
        let found =
            MapInfoTable::parse(&table(&[at(0.0, 0.0), at(1.0, 1.0), at(2.0, 2.0)], "")).unwrap();
        assert_eq!(found.transform, None);
    }

    #[test]
    fn a_table_may_say_a_part_of_it() {
        let system = "CoordSys Earth Projection 8, 104, \"m\", 15, 0, 0.9996, 500000, 0\n";
        let found = MapInfoTable::parse(&table(&[], system)).unwrap();
        assert_eq!((found.transform, found.control_points.len()), (None, 0));
        assert!(found.crs.is_some_and(|crs| crs.code().is_none()));
        // In degrees a map projection is passed over.
        let found =
            MapInfoTable::parse(&table(&[], &format!("{system}Units \"degree\"\n"))).unwrap();
        assert_eq!(found.crs, Some(Crs::epsg(4326)));
        // That a unit is told before, of another system or of none, says nothing.
        let text = table(&[], &format!("Units \"degree\"\n{system}"));
        let found = MapInfoTable::parse(&text).unwrap();
        assert!(found.crs.is_some_and(|crs| crs.code().is_none()));
        // What is no system does not hide the one before; one that is not known is named all the same.
        let text = table(&[], &format!("{system}CoordSys Foo\n")).replace('\n', "\r");
        let found = MapInfoTable::parse(&text).unwrap();
        assert!(found.names_crs && found.crs.is_some());
        let unknown = "CoordSys Earth Projection 8, 9999, 1, 2, 3, 4, 5, 6, 7, 8, 0\n";
        let found = MapInfoTable::parse(&table(&[], unknown)).unwrap();
        assert_eq!((found.names_crs, found.crs), (true, None));
        let many = vec![[1.0, 2.0, 0.0, 0.0]; 300];
        assert_eq!(
            MapInfoTable::parse(&table(&many, ""))
                .unwrap()
                .control_points
                .len(),
            256
        );
    }

    #[test]
    fn other_tables_say_nothing() {
        let corner = [[1.0, 2.0, 0.0, 0.0]];
        let whole = table(&corner, "");
        for text in [
            String::new(),
            whole.replace("RASTER", "NATIVE"),
            table(&corner, "Type \"NATIVE\"\n"),
            whole.replace("Definition Table", ""),
            whole.replace("(1,2)", "(a,b)"),
            whole.replace("(1,2)", "(1,nan)"),
        ] {
            assert_eq!(MapInfoTable::parse(&text), None, "{text}");
        }
    }
}
