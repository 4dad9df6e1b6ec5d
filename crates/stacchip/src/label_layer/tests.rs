//! Where layers label chips.

use stacchip_model::{Affine, CrsSummary, Polygon};

use super::*;

/// Metres that are hundredths of a degree.
#[derive(Debug)]
struct Hundredths;

impl Projector for Hundredths {
    fn project(
        &self,
        from: &Crs,
        to: &Crs,
        points: &mut [stacchip_model::Point],
    ) -> Result<(), ProjectError> {
        let by = match (from == &Crs::wgs84(), to == &Crs::wgs84()) {
            (true, false) => 100.0,
            (false, true) => 0.01,
            _ => 1.0,
        };
        for p in points {
            *p = [p[0] * by, p[1] * by];
        }
        Ok(())
    }

    fn describe(&self, crs: &Crs) -> Result<CrsSummary, ProjectError> {
        Err(ProjectError::UnknownCrs {
            crs: crs.to_string(),
            cause: "nobody asks".into(),
        })
    }
}

fn square(west: f64, south: f64, edge: f64) -> Polygon {
    let (east, north) = (west + edge, south + edge);
    Polygon {
        rings: vec![vec![
            [west, south],
            [east, south],
            [east, north],
            [west, north],
            [west, south],
        ]],
    }
}

fn layer() -> LabelLayer {
    let figure = |p: Polygon| Figure {
        polygons: vec![p],
        ..Figure::default()
    };
    let figures = vec![
        figure(square(10.0, 10.0, 1.0)),
        figure(square(10.5, 10.0, 1.0)),
        Figure {
            points: vec![[12.25, 10.25]],
            ..Figure::default()
        },
        Figure::default(),
    ];
    LabelLayer::new(figures, Crs::wgs84(), &Hundredths).unwrap()
}

#[test]
fn chips_are_touched_and_covered() {
    let layer = layer();
    let chip: MultiPolygon = square(10.0, 10.0, 2.0).into();
    assert_eq!(layer.touching(&chip), [0, 1]);
    assert_eq!(layer.coverage(&chip, &[0]), 0.25);
    assert_eq!(layer.coverage(&chip, &[0, 1]), 0.375);
    let other: MultiPolygon = square(12.1, 10.1, 0.3).into();
    assert_eq!(layer.touching(&other), [2]);
    assert_eq!(layer.coverage(&other, &[2]), 0.0);
    assert!(
        layer
            .touching(&square(-170.0, -80.0, 1.0).into())
            .is_empty()
    );
    assert_eq!(layer.coverage(&square(10.0, 10.0, 1.0).into(), &[0]), 1.0);
}

#[test]
fn later_figures_lie_over_earlier_ones() {
    let frame = Frame {
        size: Size::new(4, 2),
        crs: Some(Crs::epsg(32632)),
        // Pixels of half a degree from 10 east, 11 north.
        transform: Some(Affine::new(50.0, 0.0, 1000.0, 0.0, -50.0, 1100.0)),
    };
    let mut burnt = vec![0.0; 8];
    let value = |n: usize| [Some(7.0), Some(9.0), None, None][n];
    layer()
        .burn(&frame, Touch::Centres, &Hundredths, value, &mut burnt)
        .unwrap();
    assert_eq!(burnt, [7.0, 9.0, 9.0, 0.0, 7.0, 9.0, 9.0, 0.0]);
    let nowhere = Frame::of_size(Size::new(4, 2));
    let refused = layer().burn(&nowhere, Touch::All, &Hundredths, value, &mut burnt);
    assert!(matches!(refused, Err(LabelError::Nowhere)));
}

/// Degrees, and polar metres: a projection around the north pole, in which what lies south of the equator has no place.
#[derive(Debug)]
struct Polar;

impl Projector for Polar {
    fn project(
        &self,
        from: &Crs,
        to: &Crs,
        points: &mut [stacchip_model::Point],
    ) -> Result<(), ProjectError> {
        let globe = |crs: &Crs| crs == &Crs::wgs84();
        for p in points {
            match (globe(from), globe(to)) {
                (true, false) if p[1] < 0.0 => {
                    return Err(ProjectError::Outside {
                        x: p[0],
                        y: p[1],
                        from: from.to_string(),
                        to: to.to_string(),
                    });
                }
                (true, false) => {
                    let (sin, cos) = p[0].to_radians().sin_cos();
                    let far = 90.0 - p[1];
                    *p = [far * sin, -far * cos];
                }
                (false, true) => *p = [p[0].atan2(-p[1]).to_degrees(), 90.0 - p[0].hypot(p[1])],
                _ => {}
            }
        }
        Ok(())
    }

    fn describe(&self, crs: &Crs) -> Result<CrsSummary, ProjectError> {
        Hundredths.describe(crs)
    }
}

fn polygons(rings: Vec<Vec<stacchip_model::Point>>) -> Figure {
    let polygons = rings.into_iter().map(|ring| Polygon { rings: vec![ring] });
    Figure {
        polygons: polygons.collect(),
        ..Figure::default()
    }
}

fn ring(west: f64, south: f64, edge: f64) -> Vec<stacchip_model::Point> {
    square(west, south, edge).rings.remove(0)
}

/// A frame of 10 × 10 pixels of `pixel` units, whose top left corner is there.
fn frame(crs: Crs, [left, top]: [f64; 2], pixel: f64) -> Frame {
    Frame {
        size: Size::new(10, 10),
        crs: Some(crs),
        transform: Some(Affine::new(pixel, 0.0, left, 0.0, -pixel, top)),
    }
}

fn burnt(layer: &LabelLayer, frame: &Frame, projector: &dyn Projector) -> Vec<f64> {
    let mut burnt = vec![0.0; 100];
    layer
        .burn(frame, Touch::Centres, projector, |_| Some(1.0), &mut burnt)
        .unwrap();
    burnt
}

fn count(burnt: &[f64]) -> usize {
    burnt.iter().filter(|v| **v == 1.0).count()
}

/// Columns of the first row that are burnt.
fn columns(burnt: &[f64]) -> Vec<usize> {
    (0..10).filter(|c| burnt[*c] == 1.0).collect()
}

#[test]
fn longitudes_beyond_half_a_turn_are_the_same_ground() {
    // A square of ten degrees over the antimeridian, as one of 0 to 360 has it.
    let figures = vec![polygons(vec![ring(175.0, 0.0, 10.0)])];
    let layer = LabelLayer::new(figures, Crs::wgs84(), &Hundredths).unwrap();
    for west in [172.0, -174.0, -180.0, 176.0] {
        let chip: MultiPolygon = square(west, 2.0, 1.0).into();
        let touched = west == -180.0 || west == 176.0;
        assert_eq!(layer.touching(&chip).len(), usize::from(touched), "{west}");
    }
    let half: MultiPolygon = square(-176.0, 2.0, 2.0).into();
    assert_eq!(layer.coverage(&half, &[0]), 0.5);
    // Frames in degrees, wherever they count from.
    for (left, wanted) in [
        (170.0, vec![5, 6, 7, 8, 9]),
        (-190.0, vec![5, 6, 7, 8, 9]),
        (-180.0, vec![0, 1, 2, 3, 4]),
        (180.0, vec![0, 1, 2, 3, 4]),
        (0.0, vec![]),
    ] {
        let frame = frame(Crs::wgs84(), [left, 10.0], 1.0);
        assert_eq!(
            columns(&burnt(&layer, &frame, &Hundredths)),
            wanted,
            "{left}"
        );
    }
    // In a system with a seam there the figure is cut at it: it is not smeared around the globe.
    let beside = frame(Crs::epsg(3857), [-18_000.0, 1000.0], 100.0);
    assert_eq!(
        columns(&burnt(&layer, &beside, &Hundredths)),
        [0, 1, 2, 3, 4]
    );
    let far = frame(Crs::epsg(3857), [0.0, 1000.0], 100.0);
    assert_eq!(count(&burnt(&layer, &far, &Hundredths)), 0);
}

#[test]
fn projected_figures_cross_the_antimeridian() {
    // Around the pole, 75 to 80 degrees north, from 170 degrees east to 170 west.
    let corner = |lon: f64, lat: f64| {
        let mut points = [[lon, lat]];
        Polar
            .project(&Crs::wgs84(), &Crs::epsg(3413), &mut points)
            .unwrap();
        points[0]
    };
    let ring = vec![
        corner(170.0, 75.0),
        corner(-170.0, 75.0),
        corner(-170.0, 80.0),
        corner(170.0, 80.0),
        corner(170.0, 75.0),
    ];
    let layer = LabelLayer::new(vec![polygons(vec![ring])], Crs::epsg(3413), &Polar).unwrap();
    let touches = |west: f64| !layer.touching(&square(west, 77.0, 1.0).into()).is_empty();
    assert!(touches(175.0) && touches(-176.0));
    assert!(!touches(0.0) && !touches(160.0) && !touches(-168.0));
    // All of the pole's surroundings.
    let around = vec![polygons(vec![vec![
        corner(0.0, 80.0),
        corner(90.0, 80.0),
        corner(180.0, 80.0),
        corner(-90.0, 80.0),
        corner(0.0, 80.0),
    ]])];
    let layer = LabelLayer::new(around, Crs::epsg(3413), &Polar).unwrap();
    assert_eq!(layer.coverage(&square(30.0, 88.0, 1.0).into(), &[0]), 1.0);
    assert!(layer.touching(&square(30.0, 60.0, 1.0).into()).is_empty());
}

#[test]
fn a_frame_over_a_pole_holds_what_is_near_it() {
    // Its edges are four degrees from the pole and farther; the figure is two degrees from it.
    let around = polygons(vec![vec![
        [0.0, 88.0],
        [120.0, 88.0],
        [-120.0, 88.0],
        [0.0, 88.0],
    ]]);
    // Around the pole as three corners: in degrees it is a line, so it is drawn in the system of the frame.
    let in_frame = {
        let mut points: Vec<_> = around.vertices().collect();
        Polar
            .project(&Crs::wgs84(), &Crs::epsg(3413), &mut points)
            .unwrap();
        polygons(vec![points])
    };
    let layer = LabelLayer::new(vec![in_frame], Crs::epsg(3413), &Polar).unwrap();
    let over = frame(Crs::epsg(3413), [-5.0, 5.0], 1.0);
    assert!(count(&burnt(&layer, &over, &Polar)) > 0);
    // A wedge from the pole south, within the frame.
    let wedge = vec![vec![
        [40.0, 87.0],
        [50.0, 87.0],
        [50.0, 90.0],
        [40.0, 90.0],
        [40.0, 87.0],
    ]];
    let layer = LabelLayer::new(vec![polygons(wedge)], Crs::wgs84(), &Polar).unwrap();
    let fine = frame(Crs::epsg(3413), [-4.0, 4.0], 0.8);
    assert!(count(&burnt(&layer, &fine, &Polar)) > 0);
}

#[test]
fn what_lies_far_off_does_not_matter() {
    // Two parts, one of them where the frame's system has no place, and a figure with one corner there.
    let parts = polygons(vec![ring(10.0, 83.0, 2.0), ring(10.0, -30.0, 2.0)]);
    let tall = polygons(vec![vec![
        [10.0, -30.0],
        [14.0, -30.0],
        [14.0, 85.0],
        [10.0, 85.0],
        [10.0, -30.0],
    ]]);
    let line = Figure {
        lines: vec![vec![[12.0, -40.0], [12.0, 85.0]]],
        ..Figure::default()
    };
    let points = Figure {
        points: vec![[12.0, 84.0], [12.0, -84.0]],
        ..Figure::default()
    };
    // Some 7 to 39 degrees east, 81 to 85 north.
    let over = frame(Crs::epsg(3413), [1.0, -5.0], 0.3);
    for (figure, least, most) in [
        (parts, 1, 10),
        (tall, 10, 60),
        (line, 5, 20),
        (points, 1, 1),
    ] {
        let layer = LabelLayer::new(vec![figure.clone()], Crs::wgs84(), &Polar).unwrap();
        let found = count(&burnt(&layer, &over, &Polar));
        assert!((least..=most).contains(&found), "{figure:?}: {found}");
    }
    // What is cut to the frame is burnt as what is not.
    let near = |south: f64| {
        let ring = vec![
            [10.0, south],
            [14.0, south],
            [14.0, 85.0],
            [10.0, 85.0],
            [10.0, south],
        ];
        let layer = LabelLayer::new(vec![polygons(vec![ring])], Crs::wgs84(), &Polar).unwrap();
        burnt(&layer, &over, &Polar)
    };
    assert_eq!(near(-30.0), near(60.0));
}

#[test]
fn straight_edges_of_a_projected_layer_bend_on_the_globe() {
    let rectangle = |crs: Crs| {
        let ring = vec![
            [-3.0, -12.0],
            [3.0, -12.0],
            [3.0, -10.0],
            [-3.0, -10.0],
            [-3.0, -12.0],
        ];
        let line = Figure {
            lines: vec![vec![[-3.0, -10.15], [3.0, -10.15]]],
            ..Figure::default()
        };
        LabelLayer::new(vec![polygons(vec![ring]), line], crs, &Polar).unwrap()
    };
    // In the middle of its northern edge, half a degree north of all its corners.
    let within = frame(Crs::epsg(3413), [-0.1, -10.05], 0.02);
    let layer = rectangle(Crs::epsg(3413));
    assert_eq!(count(&burnt(&layer, &within, &Polar)), 100);
    let chip: MultiPolygon = square(-0.4, 79.8, 0.1).into();
    assert_eq!(layer.touching(&chip), [0, 1]);
    assert_eq!(layer.coverage(&chip, &[0]), 1.0);
    let beyond: MultiPolygon = square(-0.4, 80.1, 0.1).into();
    assert!(layer.touching(&beyond).is_empty());
    let north = frame(Crs::epsg(3413), [-0.1, -9.7], 0.02);
    assert_eq!(count(&burnt(&layer, &north, &Polar)), 0);
    // Brought corner by corner into another system, as GDAL does, edges are straight there.
    let degrees = vec![
        [-20.0, 78.0],
        [20.0, 78.0],
        [20.0, 80.0],
        [-20.0, 80.0],
        [-20.0, 78.0],
    ];
    let layer = LabelLayer::new(vec![polygons(vec![degrees])], Crs::wgs84(), &Polar).unwrap();
    let chord = frame(Crs::epsg(3413), [-0.1, -9.42], 0.02);
    assert_eq!(count(&burnt(&layer, &chord, &Polar)), 100);
}
