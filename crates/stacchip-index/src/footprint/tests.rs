//! Outlines on a round earth: valid, and true to the chip's pixels.

use proptest::prelude::*;
use stacchip_model::{Affine, Size};

use super::*;
use crate::{ChipOptions, Edge, sphere::Sphere};

fn chips(crs: &str, size: Size, transform: Affine, chip_size: u32) -> ChipGrid {
    let grid = Grid {
        crs: crs.parse().unwrap(),
        size,
        transform,
    };
    ChipGrid::new(
        grid,
        ChipOptions {
            chip_size,
            stride: None,
            edge: Edge::Keep,
        },
    )
    .unwrap()
}

/// Whether a point lies in a polygon, by crossings (holes do not occur).
fn holds(area: &MultiPolygon, [x, y]: Point) -> bool {
    area.polygons.iter().any(|p| {
        let mut inside = false;
        for pair in p.rings[0].windows(2) {
            let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
            if (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax) {
                inside = !inside;
            }
        }
        inside
    })
}

fn is_valid(area: &MultiPolygon) -> Result<(), String> {
    for polygon in &area.polygons {
        let [ring] = polygon.rings.as_slice() else {
            return Err("a hole".to_owned());
        };
        if ring.len() < 4 || ring.first() != ring.last() {
            return Err(format!("not closed: {ring:?}"));
        }
        if ring
            .iter()
            .any(|p| !(p[0].abs() <= 180.0 && p[1].abs() <= 90.0))
        {
            return Err(format!("off the map: {ring:?}"));
        }
        let sides: Vec<_> = ring.windows(2).map(|w| (w[0], w[1])).collect();
        for (i, a) in sides.iter().enumerate() {
            for b in sides.iter().skip(i + 2) {
                if cross(*a, *b) {
                    return Err(format!("{a:?} crosses {b:?}"));
                }
            }
        }
    }
    Ok(())
}

fn cross((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    let side = |p: Point, q: Point, r: Point| {
        let area = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
        if area.abs() < 1e-12 { 0.0 } else { area }
    };
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

/// Every chip has a valid outline, which holds the chip's pixels and not those around it.
fn check(chips: &ChipGrid) {
    let footprints = Footprints::new(chips, &Sphere).unwrap();
    let all = footprints.rows(0, chips.rows()).unwrap();
    assert_eq!(all.len() as u64, chips.len());
    for (cell, area) in chips.cells().zip(&all) {
        assert_eq!(&footprints.of(cell).unwrap(), area);
        is_valid(area).unwrap_or_else(|why| panic!("{cell:?}: {why}"));
        let w = chips.window(cell);
        let at = |col: f64, row: f64| {
            let point = footprints
                .surface
                .ground(w.col as f64 + col, w.row as f64 + row);
            let [lon, lat] = footprints.surface.project(&[point]).unwrap()[0];
            // Just off the edges of the map, which are neither in nor out.
            let turned = lon - 360.0 * (lon / 360.0).round();
            [
                turned.clamp(-180.0 + 1e-9, 180.0 - 1e-9),
                lat.clamp(-90.0 + 1e-9, 90.0 - 1e-9),
            ]
        };
        // An edge without steps bends by up to 1/45 of its length.
        let (width, height) = (f64::from(w.width), f64::from(w.height));
        let margin = width.max(height) / 40.0;
        let across = |i: i32| margin + f64::from(i) / 12.0 * (width - 2.0 * margin);
        let down = |i: i32| margin + f64::from(i) / 12.0 * (height - 2.0 * margin);
        for i in 0..13 {
            for j in 0..13 {
                let inside = at(across(i), down(j));
                if is_somewhere(inside) && margin * 2.0 < width.min(height) {
                    assert!(holds(area, inside), "{cell:?} {inside:?} not in {area:?}");
                }
            }
            let around = [
                (across(i), -margin),
                (across(i), height + margin),
                (-margin, down(i)),
                (width + margin, down(i)),
            ];
            // East of a world lies its west.
            let whole_turn = area
                .bounds()
                .is_some_and(|b| b.xmax - b.xmin > 300.0 && footprints.wide);
            for (col, row) in around {
                let outside = at(col, row);
                if is_somewhere(outside) && !whole_turn {
                    assert!(!holds(area, outside), "{cell:?} {outside:?} in {area:?}");
                }
            }
        }
    }
}

const ANY: Size = Size::new(1000, 900);

#[test]
fn an_ordinary_scene_keeps_upstreams_corners() {
    let transform = Affine::new(10.0, 0.0, 500_000.0, 0.0, -10.0, 4_800_000.0);
    let chips = chips("TEST:MERCATOR", ANY, transform, 256);
    let area = Footprints::new(&chips, &Sphere)
        .unwrap()
        .of(chips.cell(1, 2).unwrap())
        .unwrap();
    let (left, top, size) = (500_000.0 + 2560.0, 4_800_000.0 - 5120.0, 2560.0);
    let mut corners = [
        [left + size, top],
        [left + size, top - size],
        [left, top - size],
        [left, top],
        [left + size, top],
    ];
    Sphere
        .project(&chips.grid().crs, &Crs::epsg(4326), &mut corners)
        .unwrap();
    assert_eq!(area.polygons.len(), 1);
    for (got, wanted) in area.polygons[0].rings[0].iter().zip(corners) {
        assert!((got[0] - wanted[0]).abs() < 1e-12 && (got[1] - wanted[1]).abs() < 1e-12);
    }
    check(&chips);
}

#[test]
fn a_chip_across_the_antimeridian_is_cut() {
    let chips = chips(
        "TEST:GEOGRAPHIC",
        ANY,
        Affine::new(0.001, 0.0, 179.9, 0.0, -0.001, 10.0),
        256,
    );
    let area = Footprints::new(&chips, &Sphere)
        .unwrap()
        .of(chips.cell(0, 0).unwrap())
        .unwrap();
    assert_eq!(area.polygons.len(), 2);
    let area_bounds = area.bounds().unwrap();
    assert_eq!((area_bounds.xmin, area_bounds.xmax), (-180.0, 180.0));
    let exact = globe::bounds(&area).unwrap();
    assert!((exact.xmin - 179.9).abs() < 1e-9 && (exact.xmax + 179.844).abs() < 1e-9);
    check(&chips);
}

#[test]
fn grids_of_every_kind() {
    for (crs, transform, size) in [
        // Longitudes of 0 to 360, and a whole world of one chip and of many.
        (
            "TEST:GEOGRAPHIC",
            Affine::new(1.0, 0.0, 0.0, 0.0, -1.0, 90.0),
            Size::new(360, 180),
        ),
        (
            "TEST:GEOGRAPHIC",
            Affine::new(1.0, 0.0, -180.0, 0.0, 1.0, -90.0),
            Size::new(360, 180),
        ),
        (
            "TEST:GEOGRAPHIC",
            Affine::new(0.1, 0.02, 178.0, 0.02, -0.1, 50.0),
            Size::new(80, 70),
        ),
        // The whole Mercator square, and its eastern edge.
        (
            "TEST:MERCATOR",
            Affine::new(4e4, 0.0, -2.0e7, 0.0, -4e4, 2.0e7),
            Size::new(1000, 1000),
        ),
        (
            "TEST:MERCATOR",
            Affine::new(500.0, 0.0, 19_900_000.0, 0.0, -500.0, 8e6),
            Size::new(500, 300),
        ),
        // A pole inside a chip, at a corner of four, on an edge of two; north and south.
        (
            "TEST:NORTH",
            Affine::new(1e3, 0.0, -3.3e5, 0.0, -1e3, 2.7e5),
            Size::new(600, 600),
        ),
        (
            "TEST:NORTH",
            Affine::new(1e3, 0.0, -2e5, 0.0, -1e3, 2e5),
            Size::new(400, 400),
        ),
        (
            "TEST:NORTH",
            Affine::new(1e3, 0.0, -2.5e5, 0.0, -1e3, 2e5),
            Size::new(400, 400),
        ),
        (
            "TEST:SOUTH",
            Affine::new(1e3, 0.0, -3.3e5, 0.0, -1e3, 2.7e5),
            Size::new(600, 600),
        ),
        (
            "TEST:SOUTH",
            Affine::new(700.0, 700.0, -4e5, 700.0, -700.0, 1e4),
            Size::new(600, 600),
        ),
    ] {
        for chip_size in [100, 45, 1000] {
            check(&chips(crs, size, transform, chip_size));
        }
    }
}

#[test]
fn the_rim_of_a_world() {
    // Tile h11v02 of the MODIS grid and its western neighbours: part of them lies nowhere.
    let tile = 1_111_950.52;
    for h in [7, 8, 9, 10, 11] {
        let west = -20_015_109.354 + f64::from(h) * tile;
        let transform = Affine::new(tile / 400.0, 0.0, west, 0.0, -tile / 400.0, 7_783_653.6);
        let chips = chips("TEST:SINUSOIDAL", Size::new(400, 400), transform, 64);
        check(&chips);
        let footprints = Footprints::new(&chips, &Sphere).unwrap();
        let nowhere = footprints
            .rows(0, chips.rows())
            .unwrap()
            .iter()
            .filter(|area| area.polygons.is_empty())
            .count();
        match h {
            7 => assert_eq!(nowhere as u64, chips.len()),
            10 | 11 => assert!((nowhere as u64) < chips.len()),
            _ => {}
        }
    }
}

#[test]
fn the_box_around_a_grid() {
    let bounds = |crs: &str, transform, size| {
        let grid = chips(crs, size, transform, 64).grid().clone();
        grid_bounds(&grid, &Sphere).unwrap().unwrap()
    };
    let pole = bounds(
        "TEST:NORTH",
        Affine::new(1e3, 0.0, -3e5, 0.0, -1e3, 2e5),
        Size::new(600, 600),
    );
    assert_eq!((pole.xmin, pole.xmax, pole.ymax), (-180.0, 180.0, 90.0));
    let across = bounds(
        "TEST:GEOGRAPHIC",
        Affine::new(0.5, 0.0, 170.0, 0.0, -0.5, 10.0),
        Size::new(60, 60),
    );
    assert!((across.xmin - 170.0).abs() < 1e-9 && (across.xmax + 160.0).abs() < 1e-9);
    let world = bounds(
        "TEST:GEOGRAPHIC",
        Affine::new(1.0, 0.0, -180.0, 0.0, -1.0, 90.0),
        Size::new(360, 180),
    );
    assert_eq!(world, Bounds::new(-180.0, -90.0, 180.0, 90.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_polar_grid(
        x in -9e5f64..9e5, y in -9e5f64..9e5, angle in 0f64..std::f64::consts::TAU, pixel in 100f64..4000.0,
        south in any::<bool>(),
    ) {
        let (sin, cos) = angle.sin_cos();
        let transform = Affine::new(
            pixel * cos, -pixel * sin, x, -pixel * sin, -pixel * cos, y,
        );
        let crs = if south { "TEST:SOUTH" } else { "TEST:NORTH" };
        check(&chips(crs, Size::new(200, 150), transform, 64));
    }

    #[test]
    fn any_geographic_grid(
        lon in -400f64..400.0, lat in -60f64..80.0, pixel in 0.0001f64..0.25,
        rotation in -0.3f64..0.3, up in any::<bool>(),
    ) {
        let e = if up { -pixel } else { pixel };
        let transform = Affine::new(pixel, pixel * rotation, lon, pixel * rotation, e, lat);
        let size = Size::new(100, 80);
        let corners = chips("TEST:GEOGRAPHIC", size, transform, 1).grid().corners();
        prop_assume!(corners.iter().all(|(_, lat)| lat.abs() < 89.9));
        check(&chips("TEST:GEOGRAPHIC", size, transform, 32));
    }
}
