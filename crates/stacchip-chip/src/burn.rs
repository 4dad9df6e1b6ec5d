//! Figures → the pixels that they cover.
//!
//! Coordinates are pixels: columns to the right and rows down from the top left corner of the first pixel.

use std::ops::Range;

use stacchip_model::{Figure, Point, Polygon, Size};

/// Which pixels belong to a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Touch {
    /// Of polygons those whose centre lies in it (on an edge: on the left and the top one), of lines those that a
    /// line of pixels takes (Bresenham's), of points those that hold it; as GDAL's rasterize does.
    #[default]
    Centres,
    /// All that share more than an edge with it.
    All,
}

/// Calls `set` with the row and the columns of pixels of a raster of `size` that belong to `figure`, some of
/// them more than once.
///
/// ```
/// use stacchip_chip::{Touch, burn};
/// use stacchip_model::{Figure, Polygon, Size};
///
/// let ring = vec![[0.6, 0.0], [2.0, 0.0], [2.0, 1.0], [0.6, 1.0], [0.6, 0.0]];
/// let figure = Figure { polygons: vec![Polygon { rings: vec![ring] }], ..Figure::default() };
/// let mut burnt = Vec::new();
/// burn(&figure, Size::new(3, 3), Touch::Centres, |row, columns| burnt.push((row, columns)));
/// assert_eq!(burnt, [(0, 1..2)]);
/// ```
pub fn burn(figure: &Figure, size: Size, touch: Touch, mut set: impl FnMut(u32, Range<u32>)) {
    let mut clipped = |row: i64, columns: Range<i64>| {
        let (width, height) = (i64::from(size.width), i64::from(size.height));
        if (0..height).contains(&row) && columns.start < width && columns.end > 0 {
            let column = |c: i64| u32::try_from(c.clamp(0, width)).unwrap_or(0);
            let columns = column(columns.start)..column(columns.end);
            if !columns.is_empty() {
                set(u32::try_from(row).unwrap_or(0), columns);
            }
        }
    };
    let finite = |p: &&Point| p[0].is_finite() && p[1].is_finite();
    for &[x, y] in figure.points.iter().filter(finite) {
        let (column, row) = (whole(x), whole(y));
        clipped(row, column..column.saturating_add(1));
    }
    for line in &figure.lines {
        for (from, to) in steps(line) {
            match touch {
                Touch::Centres => stairs(from, to, size, &mut clipped),
                Touch::All => crossed(from, to, size, false, &mut clipped),
            }
        }
    }
    for polygon in &figure.polygons {
        fill(polygon, size, &mut clipped);
        if touch == Touch::All {
            for ring in &polygon.rings {
                for (from, to) in steps(ring) {
                    crossed(from, to, size, true, &mut clipped);
                }
            }
        }
    }
}

/// The pixels whose centres lie in a polygon: between the first and second, the third and fourth crossing … of a
/// row's middle with its edges.
fn fill(polygon: &Polygon, size: Size, set: &mut impl FnMut(i64, Range<i64>)) {
    let height = i64::from(size.height);
    let mut crossings: Vec<Vec<f64>> = Vec::new();
    let corners = || polygon.rings.iter().flatten();
    if corners().any(|p| !p[0].is_finite() || !p[1].is_finite()) {
        return;
    }
    let top = corners().map(|p| whole(p[1])).min().unwrap_or(0).max(0);
    let bottom = corners()
        .map(|p| whole(p[1]))
        .max()
        .unwrap_or(-1)
        .min(height - 1);
    if top > bottom {
        return;
    }
    crossings.resize_with(usize::try_from(bottom - top + 1).unwrap_or(0), Vec::new);
    for ring in &polygon.rings {
        for (a, b) in closed(ring) {
            if a[1] == b[1] {
                // The middle of a row runs along an edge: it is the polygon's where the edge goes to the left.
                if a[0] > b[0] && a[1].fract().abs() == 0.5 {
                    set(whole(a[1]), nearest(b[0])..nearest(a[0]));
                }
                continue;
            }
            let (a, b) = if a[1] < b[1] { (a, b) } else { (b, a) };
            // Rows whose middles lie in [a, b).
            let first = ceiling(a[1] - 0.5).max(top);
            let end = ceiling(b[1] - 0.5).min(bottom + 1);
            for row in first..end {
                let y = row as f64 + 0.5;
                let x = (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]) + a[0];
                let here = usize::try_from(row - top).ok();
                if let Some(here) = here.and_then(|at| crossings.get_mut(at)) {
                    here.push(x);
                }
            }
        }
    }
    for (row, here) in (top..).zip(&mut crossings) {
        here.sort_unstable_by(f64::total_cmp);
        for pair in here.chunks_exact(2) {
            if let [from, to] = pair {
                set(row, nearest(*from)..nearest(*to));
            }
        }
    }
}

/// The pixels that a segment goes through, row by row; with `inside` only those whose inside it meets.
fn crossed(a: Point, b: Point, size: Size, inside: bool, set: &mut impl FnMut(i64, Range<i64>)) {
    if [a, b].iter().flatten().any(|v| !v.is_finite()) {
        return;
    }
    let (a, b) = if a[1] <= b[1] { (a, b) } else { (b, a) };
    let edge = |v: f64| inside && v.fract() == 0.0;
    if a[1] == b[1] {
        if !edge(a[1]) {
            across(whole(a[1]), a[0].min(b[0]), a[0].max(b[0]), inside, set);
        }
        return;
    }
    let at = |y: f64| (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]) + a[0];
    let first = whole(a[1]).max(0);
    let last = if edge(b[1]) {
        whole(b[1]) - 1
    } else {
        whole(b[1])
    };
    for row in first..=last.min(i64::from(size.height) - 1) {
        let (top, bottom) = (a[1].max(row as f64), b[1].min((row + 1) as f64));
        let from = if top == a[1] { a[0] } else { at(top) };
        let to = if bottom == b[1] { b[0] } else { at(bottom) };
        across(row, from.min(to), from.max(to), inside, set);
    }
}

/// The pixels of a row that the part of a segment between two columns meets.
fn across(row: i64, from: f64, to: f64, inside: bool, set: &mut impl FnMut(i64, Range<i64>)) {
    let end = if inside {
        if from == to && from.fract() == 0.0 {
            return;
        }
        ceiling(to).max(whole(from) + 1)
    } else {
        whole(to).saturating_add(1)
    };
    set(row, whole(from)..end);
}

/// The pixels of a segment as a line one pixel wide (Bresenham, 1965), from the pixel that holds its start to that
/// which holds its end.
fn stairs(a: Point, b: Point, size: Size, set: &mut impl FnMut(i64, Range<i64>)) {
    if [a, b].iter().flatten().any(|v| !v.is_finite()) {
        return;
    }
    let (mut x, mut y, x1, y1) = (whole(a[0]), whole(a[1]), whole(b[0]), whole(b[1]));
    let (dx, dy) = ((x1 - x).abs(), (y1 - y).abs());
    let (step_x, step_y) = ((x1 - x).signum(), (y1 - y).signum());
    let flat = dx >= dy;
    let (long, short) = if flat { (dx, dy) } else { (dy, dx) };
    // Far off the raster nothing is drawn: lines that are not near it are passed over.
    let near = |v: i64, edge: u32| v >= -FAR && v <= i64::from(edge) + FAR;
    if ![
        (x, size.width),
        (x1, size.width),
        (y, size.height),
        (y1, size.height),
    ]
    .into_iter()
    .all(|(v, edge)| near(v, edge))
    {
        return crossed(a, b, size, false, set);
    }
    let mut error = 2 * short - long;
    for _ in 0..=long {
        set(y, x..x + 1);
        // Halfway it turns: so does GDAL.
        let turn = error >= 0;
        if flat {
            x += step_x;
            y += if turn { step_y } else { 0 };
        } else {
            y += step_y;
            x += if turn { step_x } else { 0 };
        }
        error += if turn { 2 * (short - long) } else { 2 * short };
    }
}

fn steps(line: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    line.iter().copied().zip(line.iter().skip(1).copied())
}

/// The same, and from the last point to the first where they differ.
fn closed(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    let last = ring.last().copied().zip(ring.first().copied());
    steps(ring).chain(last.filter(|(a, b)| a != b))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "what is out of range becomes the least or the greatest, which is off every raster"
)]
fn whole(v: f64) -> i64 {
    (v.floor() as i64).clamp(-LARGEST, LARGEST)
}

fn ceiling(v: f64) -> i64 {
    -whole(-v)
}

/// The first column whose middle is at `v` or right of it.
fn nearest(v: f64) -> i64 {
    whole(v + 0.5)
}

/// Columns and rows beyond this are nowhere.
const LARGEST: i64 = 1 << 40;

/// Pixels beside the raster that lines of pixels are followed through.
const FAR: i64 = 1 << 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn burnt(figure: &Figure, size: Size, touch: Touch) -> Vec<bool> {
        let width = size.width as usize;
        let mut out = vec![false; width * size.height as usize];
        burn(figure, size, touch, |row, columns| {
            for c in columns {
                out[row as usize * width + c as usize] = true;
            }
        });
        out
    }

    fn polygon(rings: Vec<Vec<Point>>) -> Figure {
        Figure {
            polygons: vec![Polygon { rings }],
            ..Figure::default()
        }
    }

    fn square(west: f64, north: f64, edge: f64) -> Vec<Point> {
        let (east, south) = (west + edge, north + edge);
        vec![
            [west, north],
            [east, north],
            [east, south],
            [west, south],
            [west, north],
        ]
    }

    #[test]
    fn squares_on_the_grid_are_themselves() {
        let size = Size::new(6, 5);
        for touch in [Touch::Centres, Touch::All] {
            let with_hole = polygon(vec![square(1.0, 1.0, 3.0), square(2.0, 2.0, 1.0)]);
            let found = burnt(&with_hole, size, touch);
            let wanted =
                |r: usize, c: usize| (1..4).contains(&r) && (1..4).contains(&c) && (r, c) != (2, 2);
            for (i, here) in found.iter().enumerate() {
                assert_eq!(*here, wanted(i / 6, i % 6), "{touch:?} {i}");
            }
        }
        let tiny = polygon(vec![square(2.6, 2.6, 0.2)]);
        assert!(burnt(&tiny, size, Touch::Centres).iter().all(|b| !b));
        let all = burnt(&tiny, size, Touch::All);
        assert_eq!(all.iter().filter(|b| **b).count(), 1);
        assert!(all[2 * 6 + 2]);
    }

    #[test]
    fn points_and_lines() {
        let size = Size::new(5, 5);
        let figure = Figure {
            points: vec![[0.9, 0.1], [9.0, 9.0], [f64::NAN, 1.0]],
            lines: vec![vec![[0.5, 1.5], [4.5, 3.5]]],
            polygons: Vec::new(),
        };
        let at = |touch| {
            let found = burnt(&figure, size, touch);
            let at = (0..25).filter(|i| found[*i]).map(|i| (i / 5, i % 5));
            at.collect::<Vec<_>>()
        };
        assert_eq!(
            at(Touch::Centres),
            [(0, 0), (1, 0), (2, 1), (2, 2), (3, 3), (3, 4)]
        );
        let all = at(Touch::All);
        assert!(at(Touch::Centres).iter().all(|p| all.contains(p)));
        assert!(all.contains(&(2, 1)) && all.len() == 8, "{all:?}");
    }

    proptest! {
        /// By the definition: a centre is inside where a ray from it crosses edges an odd number of times.
        #[test]
        fn centres_are_in_it(points in prop::collection::vec((-3.0f64..12.0, -3.0f64..12.0), 3..12)) {
            let ring: Vec<Point> = points.into_iter().map(|(x, y)| [x, y]).collect();
            let size = Size::new(9, 9);
            let found = burnt(&polygon(vec![ring.clone()]), size, Touch::Centres);
            let all = burnt(&polygon(vec![ring.clone()]), size, Touch::All);
            for (i, here) in found.iter().enumerate() {
                let (x, y) = ((i % 9) as f64 + 0.5, (i / 9) as f64 + 0.5);
                let inside = closed(&ring).fold(false, |inside, (a, b)| {
                    let crosses = (a[1] > y) != (b[1] > y)
                        && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0];
                    inside != crosses
                });
                prop_assert_eq!(*here, inside, "{}", i);
                prop_assert!(!here || all[i]);
            }
        }

        /// Whatever comes, nothing is off the raster, and it ends.
        #[test]
        fn nothing_is_off_the_raster(values in prop::collection::vec(prop_oneof![any::<f64>(), -1e7f64..1e7], 8), width in 0u32..9, height in 0u32..9) {
            let points: Vec<Point> = values.chunks_exact(2).map(|p| [p[0], p[1]]).collect();
            let figure = Figure {
                points: points.clone(),
                lines: vec![points.clone()],
                polygons: vec![Polygon { rings: vec![points] }],
            };
            for touch in [Touch::Centres, Touch::All] {
                burn(&figure, Size::new(width, height), touch, |row, columns| {
                    assert!(row < height && columns.start < columns.end && columns.end <= width);
                });
            }
        }
    }
}
