//! Which outlines may be near each other.
//!
//! The box of each part of an outline lies in the squares of a grid whose edges are a power of two of
//! degrees, the least not below its own, so in four at most. A box then asks, on the grid of each size
//! from its own up, who else is in the squares it reaches: small and large chips meet, and a small one
//! is not put into thousands of squares.

use super::outlines::{Box4, Outlines, RADIUS, box_around};

/// Calls `pair` with the numbers of outlines whose boxes meet, or lie closer than `buffer_km`; with
/// some more than once.
pub(super) fn pairs(outlines: &Outlines, buffer_km: f64, mut pair: impl FnMut(u32, u32)) {
    let mut parts = Vec::new();
    for number in 0..outlines.len() {
        let Ok(number) = u32::try_from(number) else {
            break;
        };
        for ring in outlines.parts(number) {
            let bounds = box_around(ring);
            if bounds.iter().all(|v| v.is_finite()) {
                parts.push(Part {
                    outline: number,
                    size: size_of(bounds),
                    bounds,
                });
            }
        }
    }
    let mut squares: Vec<(u64, u32)> = Vec::with_capacity(parts.len() * 2);
    for (number, part) in (0u32..).zip(&parts) {
        each_square(part.size, part.bounds, |square| {
            squares.push((square, number));
        });
    }
    squares.sort_unstable();
    let mut sizes: Vec<i32> = parts.iter().map(|p| p.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for (number, part) in (0u32..).zip(&parts) {
        for reach in reaches(part.bounds, buffer_km) {
            for &size in sizes.iter().filter(|s| **s >= part.size) {
                each_in(&squares, size, reach, |square, other| {
                    let Some(found) = parts.get(other as usize) else {
                        return;
                    };
                    // Of two of one size one asks; each pair counts in one square.
                    if (size > part.size || other > number)
                        && found.outline != part.outline
                        && meeting_square(size, reach, found.bounds) == Some(square)
                    {
                        pair(part.outline, found.outline);
                    }
                });
            }
        }
    }
}

/// What is in the squares of a size that `reach` reaches. Those of a row lie one behind the other in
/// the list; where there are more rows than squares of the size in all, these are gone through.
fn each_in(squares: &[(u64, u32)], size: i32, reach: Box4, mut each: impl FnMut(u64, u32)) {
    let from = |key: u64| squares.partition_point(|(s, _)| *s < key);
    let (first, last) = (
        square_at(size, reach[0], reach[1]),
        square_at(size, reach[2], reach[3]),
    );
    let of_size = from(key(size, 0, 0))..from(key(size + 1, 0, 0));
    if (last.1 - first.1) as usize >= of_size.len() {
        for &(square, number) in squares.get(of_size).unwrap_or_default() {
            each(square, number);
        }
        return;
    }
    for row in first.1..=last.1 {
        let end = key(size, last.0, row);
        let here = squares.iter().skip(from(key(size, first.0, row)));
        for &(square, number) in here.take_while(|(s, _)| *s <= end) {
            each(square, number);
        }
    }
}

struct Part {
    outline: u32,
    size: i32,
    bounds: Box4,
}

/// The exponent of the edge of the squares that a box is put into.
fn size_of([w, s, e, n]: Box4) -> i32 {
    let edge = (e - w).max(n - s).max(LEAST);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the logarithm of 1e-4 to 360 degrees"
    )]
    let exponent = edge.log2().ceil() as i32;
    exponent
}

/// The place of a point in the grid of squares of a size.
fn square_at(size: i32, x: f64, y: f64) -> (u32, u32) {
    let edge = f64::from(size).exp2();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "below 2^24 with the least edge; less than nothing is 0"
    )]
    let number = |v: f64| v as u32;
    (number((x + 180.0) / edge), number((y + 90.0) / edge))
}

fn key(size: i32, column: u32, row: u32) -> u64 {
    let size = u64::from(size.saturating_add(64).unsigned_abs() & 0xff);
    size << 56 | u64::from(row) << 28 | u64::from(column)
}

fn each_square(size: i32, [w, s, e, n]: Box4, mut square: impl FnMut(u64)) {
    let (first, last) = (square_at(size, w, s), square_at(size, e, n));
    for row in first.1..=last.1 {
        for column in first.0..=last.0 {
            square(key(size, column, row));
        }
    }
}

/// The square of the south-western corner of what two boxes share; nothing where they share nothing.
fn meeting_square(size: i32, a: Box4, b: Box4) -> Option<u64> {
    let (w, s) = (a[0].max(b[0]), a[1].max(b[1]));
    if w > a[2].min(b[2]) || s > a[3].min(b[3]) {
        return None;
    }
    let (column, row) = square_at(size, w, s);
    Some(key(size, column, row))
}

/// The boxes that hold all within `km` of a box: one, or two at the antimeridian.
fn reaches([w, s, e, n]: Box4, km: f64) -> impl Iterator<Item = Box4> {
    let mut boxes = [Some([w, s, e, n]), None];
    if km > 0.0 {
        // Distances are those of chords, which an arc of this angle has; and edges run in chords, up to 15 m below
        // the ground and 8 m beside a parallel.
        let angle = 2.0 * (km / (2.0 * RADIUS)).min(1.0).asin() + BESIDE;
        let (south, north) = (s - angle.to_degrees(), n + angle.to_degrees());
        let farthest = s.abs().max(n.abs()).to_radians();
        let ratio = angle.sin() / farthest.cos().max(1e-12);
        boxes = if south <= -90.0 || north >= 90.0 || ratio >= 1.0 {
            [
                Some([-180.0, south.max(-90.0), 180.0, north.min(90.0)]),
                None,
            ]
        } else {
            let more = ratio.asin().to_degrees();
            let (west, east) = (w - more, e + more);
            let here = [west.max(-180.0), south, east.min(180.0), north];
            let beyond = if west < -180.0 && east < 180.0 {
                Some([west + 360.0, south, 180.0, north])
            } else if east > 180.0 && west > -180.0 {
                Some([-180.0, south, east - 360.0, north])
            } else {
                None
            };
            [Some(here), beyond]
        };
    }
    boxes.into_iter().flatten()
}

/// The edge, in degrees, below which boxes count as this large: 11 m.
const LEAST: f64 = 1e-4;
/// What is looked at besides, in radians: 63 m.
const BESIDE: f64 = 1e-5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stacchip_model::{MultiPolygon, Polygon};

    use super::*;

    fn rectangle(w: f64, s: f64, width: f64, height: f64) -> MultiPolygon {
        let (e, n) = ((w + width).min(180.0), (s + height).min(90.0));
        let ring = vec![[w, s], [e, s], [e, n], [w, n], [w, s]];
        Polygon { rings: vec![ring] }.into()
    }

    /// 300.01 km from the pole along the ground, less than 300 km through it.
    #[test]
    fn across_the_pole_distances_are_those_of_chords() {
        let mut outlines = Outlines::default();
        outlines
            .add(&rectangle(-113.853_683, 87.278_753_7, 0.0121, 0.008_052_6))
            .unwrap();
        outlines.add(&rectangle(0.0, 88.379, 1.0, 2.0)).unwrap();
        assert!(outlines.near(0, 1, 300.0));
        let mut found = 0;
        pairs(&outlines, 300.0, |_, _| found += 1);
        assert!(found > 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn none_that_is_near_is_missed(
            boxes in prop::collection::vec((-180.0f64..180.0, -90.0f64..90.0, -4.0f64..1.5, 0.3f64..3.0), 2..40),
            gather in any::<bool>(),
            km in prop::sample::select(vec![0.0, 0.5, 20.0, 300.0]),
        ) {
            let mut outlines = Outlines::default();
            for (lon, lat, size, form) in boxes {
                // Near each other, around the corner of the world.
                let (lon, lat) = if gather { ((178.0 + lon / 60.0 + 180.0).rem_euclid(360.0) - 180.0, 60.0 + lat / 60.0) } else { (lon, lat) };
                let edge = 10f64.powf(size);
                outlines.add(&rectangle(lon, lat, edge, edge * form)).unwrap();
            }
            let mut found = std::collections::HashSet::new();
            pairs(&outlines, km, |a, b| { found.insert((a.min(b), a.max(b))); });
            let count = u32::try_from(outlines.len()).unwrap();
            for a in 0..count {
                for b in a + 1..count {
                    if outlines.near(a, b, km) {
                        prop_assert!(found.contains(&(a, b)), "{a} {b}");
                    }
                }
            }
        }
    }
}
