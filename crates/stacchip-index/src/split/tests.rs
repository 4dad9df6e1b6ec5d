//! Whether splits keep places apart, whatever the chips are.

use proptest::prelude::*;
use stacchip_model::{Affine, Crs, Grid, MultiPolygon, Size};

use super::*;
use crate::{ChipGrid, ChipOptions, Edge, Footprints, sphere::Sphere};

/// A scene in some reference system, near one place of the globe, so that scenes overlap.
#[derive(Debug, Clone)]
struct Shot {
    crs: &'static str,
    /// Metres from the middle of things, and of a pixel.
    east: f64,
    north: f64,
    pixel: f64,
    chip: u32,
    stride: u32,
    keep: bool,
    dates: usize,
}

fn shots() -> impl Strategy<Value = Vec<Shot>> {
    let crs = prop::sample::select(vec!["TEST:MERCATOR", "TEST:SINUSOIDAL", "TEST:NORTH"]);
    let of = (
        crs,
        -3e4f64..3e4,
        -3e4f64..3e4,
        prop::sample::select(vec![10.0, 30.0, 100.0]),
        16u32..128,
        1u32..3,
        any::<bool>(),
        1usize..4,
    );
    let shot = of.prop_map(
        |(crs, east, north, pixel, chip, overlap, keep, dates)| Shot {
            crs,
            // Half of them on one grid, as an archive has them.
            east: if overlap == 2 {
                east
            } else {
                (east / 1e4).round() * 1e4
            },
            north: if overlap == 2 {
                north
            } else {
                (north / 1e4).round() * 1e4
            },
            pixel,
            chip,
            stride: (chip / overlap).max(1),
            keep,
            dates,
        },
    );
    prop::collection::vec(shot, 1..7)
}

/// Where each system has the neighbourhood of 40° east, 60° north.
fn origin(crs: &str) -> (f64, f64) {
    let (lon, lat) = (40f64.to_radians(), 60f64.to_radians());
    let radius = 6_371_007.181;
    match crs {
        "TEST:MERCATOR" => (radius * lon, radius * lat.sin().atanh()),
        "TEST:SINUSOIDAL" => (radius * lon * lat.cos(), radius * lat),
        _ => {
            let r = radius * 2.0 * ((90f64.to_radians() - lat) / 2.0).tan();
            (r * lon.sin(), -r * lon.cos())
        }
    }
}

fn footprints(shot: &Shot) -> Vec<MultiPolygon> {
    let (x, y) = origin(shot.crs);
    let grid = Grid {
        crs: shot.crs.parse::<Crs>().unwrap(),
        size: Size::new(shot.chip * 4 + 3, shot.chip * 3 + 5),
        transform: Affine::new(
            shot.pixel,
            0.0,
            x + shot.east,
            0.0,
            -shot.pixel,
            y + shot.north,
        ),
    };
    let options = ChipOptions {
        chip_size: shot.chip,
        stride: Some(shot.stride),
        edge: if shot.keep { Edge::Keep } else { Edge::Drop },
    };
    let chips = ChipGrid::new(grid, options).unwrap();
    let rows = chips.rows();
    Footprints::new(&chips, &Sphere)
        .unwrap()
        .rows(0, rows)
        .unwrap()
}

fn all(shots: &[Shot]) -> Vec<MultiPolygon> {
    shots
        .iter()
        .flat_map(|shot| std::iter::repeat_n(footprints(shot), shot.dates))
        .flatten()
        .collect()
}

fn plan(rows: &[MultiPolygon], options: SplitOptions) -> SplitPlan {
    let mut splitter = Splitter::new(options).unwrap();
    for row in rows {
        splitter.push(row, "").unwrap();
    }
    splitter.finish()
}

fn leaks(rows: &[MultiPolygon], plan: &SplitPlan, buffer_km: f64) -> Leaks {
    let mut check = LeakCheck::default();
    for (row, split) in rows.iter().zip(plan.splits()) {
        check.push(row, split.map(Split::name)).unwrap();
    }
    check.finish(buffer_km).unwrap()
}

fn ways() -> impl Strategy<Value = SplitBy> {
    prop_oneof![
        (8u8..14).prop_map(SplitBy::Cell),
        (0.5f64..40.0).prop_map(SplitBy::Block),
        Just(SplitBy::Cluster),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_place_is_in_two_splits(
        shots in shots(), by in ways(), seed in any::<u64>(),
        buffer_km in prop::sample::select(vec![0.0, 0.0, 0.7, 4.0]),
    ) {
        let rows = all(&shots);
        let options = SplitOptions { shares: [0.6, 0.2, 0.2], by, buffer_km, seed };
        let plan = plan(&rows, options);
        let found = leaks(&rows, &plan, buffer_km);
        prop_assert_eq!(found.rows, 0, "{:?}", found.examples);
        // Apart by every pair, not only by those that an index finds.
        let mut outlines = outlines::Outlines::default();
        let numbers: Vec<u32> = rows.iter().map(|r| outlines.add(r).unwrap()).collect();
        let mut each: Vec<(u32, Option<Split>)> = numbers.into_iter().zip(plan.splits()).collect();
        each.sort_unstable();
        each.dedup();
        let step = (each.len() / 120).max(1);
        for (a, of_a) in each.iter().step_by(step) {
            for (b, of_b) in &each {
                if of_a.is_some() && of_b.is_some() && of_a != of_b {
                    prop_assert!(!outlines.near(*a, *b, buffer_km));
                }
            }
        }
        if by == SplitBy::Cluster {
            prop_assert_eq!(plan.counts().left_out, 0);
        }
        let told = plan.counts();
        prop_assert_eq!(told.rows.iter().sum::<u64>() + told.left_out, rows.len() as u64);
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(shots in shots(), by in ways(), seed in any::<u64>()) {
        let mut rows: Vec<(MultiPolygon, &str)> = all(&shots).into_iter().zip(["b", "a", "c"].into_iter().cycle()).collect();
        rows.truncate(2000);
        let options = SplitOptions { by, seed, ..SplitOptions::default() };
        let split = |rows: &[(MultiPolygon, &str)]| -> Vec<Option<Split>> {
            let mut splitter = Splitter::new(options).unwrap();
            for (row, stratum) in rows {
                splitter.push(row, stratum).unwrap();
            }
            splitter.finish().splits().collect()
        };
        let forward = split(&rows);
        rows.reverse();
        let mut backward = split(&rows);
        backward.reverse();
        prop_assert_eq!(forward, backward);
    }
}

#[test]
fn chips_of_one_grid_are_all_in_a_split() {
    let shot = Shot {
        crs: "TEST:MERCATOR",
        east: 0.0,
        north: 0.0,
        pixel: 10.0,
        chip: 256,
        stride: 256,
        keep: false,
        dates: 5,
    };
    let rows = all(&[shot]);
    let options = SplitOptions {
        by: SplitBy::Cell(12),
        ..SplitOptions::default()
    };
    // Neighbours only touch: nothing has to be left out.
    assert_eq!(plan(&rows, options).counts().left_out, 0);
}

#[test]
fn one_planted_leak_is_found() {
    let shot = Shot {
        crs: "TEST:SINUSOIDAL",
        east: 0.0,
        north: 0.0,
        pixel: 10.0,
        chip: 32,
        stride: 32,
        keep: true,
        dates: 2,
    };
    let mut rows = all(std::slice::from_ref(&shot));
    let of = plan(
        &rows,
        SplitOptions {
            by: SplitBy::Cell(16),
            ..SplitOptions::default()
        },
    );
    let mut splits: Vec<_> = of.splits().collect();
    let tests = splits.iter().position(|s| *s == Some(Split::Test)).unwrap();
    // The same chip seen a pixel further to the west, by another sensor.
    let moved = footprints(&Shot {
        east: -10.0,
        ..shot
    });
    rows.push(moved[tests].clone());
    splits.push(Some(Split::Val));
    let mut check = LeakCheck::default();
    for (row, split) in rows.iter().zip(&splits) {
        check.push(row, split.map(Split::name)).unwrap();
    }
    let found = check.finish(0.0).unwrap();
    assert!(
        found
            .examples
            .contains(&(tests as u64, rows.len() as u64 - 1)),
        "{found:?}"
    );
}

#[test]
fn what_is_wrong_is_told() {
    let with = |options: SplitOptions| Splitter::new(options).map(|_| ()).unwrap_err().to_string();
    let shares = SplitOptions {
        shares: [0.0; 3],
        ..SplitOptions::default()
    };
    assert!(with(shares).contains("at least 0, and not all of them 0"));
    let buffer = SplitOptions {
        buffer_km: -1.0,
        ..SplitOptions::default()
    };
    assert!(with(buffer).contains("a buffer of -1 km"));
    for wrong in [
        "cells",
        "block",
        "block:0",
        "block:x",
        "cell:31",
        "cluster:2",
    ] {
        assert!(wrong.parse::<SplitBy>().is_err(), "{wrong}");
    }
    for right in ["cell:12", "block:25", "cluster"] {
        assert_eq!(right.parse::<SplitBy>().unwrap().to_string(), right);
    }
    let mut splitter = Splitter::new(SplitOptions::default()).unwrap();
    assert_eq!(
        splitter.push(&MultiPolygon::default(), ""),
        Err(SplitError::Nowhere(0))
    );
    // Metres are no degrees, and a line is no area.
    let ring = |points: &[[f64; 2]]| -> MultiPolygon {
        let rings = vec![points.to_vec()];
        stacchip_model::Polygon { rings }.into()
    };
    let metres = ring(&[[5e5, 4e6], [5.1e5, 4e6], [5.1e5, 4.1e6], [5e5, 4e6]]);
    let line = ring(&[[1.0, 1.0], [2.0, 2.0], [1.0, 1.0]]);
    let nan = ring(&[[1.0, 1.0], [2.0, f64::NAN], [2.0, 1.0], [1.0, 1.0]]);
    let mut check = LeakCheck::default();
    for odd in [&metres, &line, &nan, &MultiPolygon::default()] {
        assert_eq!(splitter.push(odd, ""), Err(SplitError::Nowhere(0)));
        check.push(odd, Some("train")).unwrap();
        check.push(odd, None).unwrap();
    }
    let found = check.finish(0.0).unwrap();
    assert_eq!((found.checked, found.unplaced, found.in_none), (0, 4, 4));
}
