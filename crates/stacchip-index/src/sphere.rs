//! A round earth and its projections, for tests.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use stacchip_model::{Crs, CrsKind, CrsSummary, Point, ProjectError, Projector};

/// Moves points of `TEST:` systems to longitude and latitude: `GEOGRAPHIC`, `MERCATOR`,
/// `SINUSOIDAL`, `NORTH` and `SOUTH` (polar stereographic).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sphere;

impl Projector for Sphere {
    fn project(&self, from: &Crs, to: &Crs, points: &mut [Point]) -> Result<(), ProjectError> {
        let code = code(from)?;
        for point in points {
            let [x, y] = *point;
            let moved = inverse(code, x, y).filter(|p| p[0].is_finite() && p[1].is_finite());
            *point = moved.ok_or_else(|| ProjectError::Outside {
                x,
                y,
                from: from.to_string(),
                to: to.to_string(),
            })?;
        }
        Ok(())
    }

    fn describe(&self, crs: &Crs) -> Result<CrsSummary, ProjectError> {
        let code = code(crs)?;
        Ok(CrsSummary {
            kind: if code == "GEOGRAPHIC" {
                CrsKind::Geographic
            } else {
                CrsKind::Projected
            },
            name: code.to_owned(),
            unit: if code == "GEOGRAPHIC" {
                1f64.to_radians()
            } else {
                1.0
            },
        })
    }
}

fn code(crs: &Crs) -> Result<&str, ProjectError> {
    crs.code()
        .filter(|c| c.authority == "TEST")
        .map(|c| c.code.as_str())
        .ok_or_else(|| ProjectError::UnknownCrs {
            crs: crs.to_string(),
            cause: "this earth knows TEST systems only".into(),
        })
}

fn inverse(code: &str, x: f64, y: f64) -> Option<Point> {
    let (x, y) = if code == "GEOGRAPHIC" {
        (x, y)
    } else {
        (x / RADIUS, y / RADIUS)
    };
    let degrees = |lon: f64, lat: f64| {
        let around = (lon + PI).rem_euclid(2.0 * PI) - PI;
        Some([around.to_degrees(), lat.to_degrees()])
    };
    match code {
        // As PROJ: from a geographic system to itself nothing is done.
        "GEOGRAPHIC" => (y.abs() <= 90.0).then_some([x, y]),
        "MERCATOR" => degrees(x, 2.0 * y.exp().atan() - FRAC_PI_2),
        "SINUSOIDAL" => {
            let lon = x / y.cos();
            (y.abs() < FRAC_PI_2 && lon.abs() <= PI)
                .then(|| degrees(lon, y))
                .flatten()
        }
        "NORTH" => degrees(x.atan2(-y), FRAC_PI_2 - 2.0 * (x.hypot(y) / 2.0).atan()),
        "SOUTH" => degrees(x.atan2(y), 2.0 * (x.hypot(y) / 2.0).atan() - FRAC_PI_2),
        _ => None,
    }
    .map(|p| {
        // At a pole a library of geodesy gives any longitude.
        if (p[1].abs().to_radians() / 2.0 - FRAC_PI_4).abs() < 1e-12 && code != "GEOGRAPHIC" {
            [-45.0, p[1]]
        } else {
            p
        }
    })
}

const RADIUS: f64 = 6_371_007.181;
