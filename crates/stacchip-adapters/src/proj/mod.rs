//! [`Projector`] over PROJ.
//!
//! PROJ's contexts belong to one thread each, so every thread keeps its own context and the last few
//! transformations it made (making one takes milliseconds, using it tens of nanoseconds a point).
//! PROJ writes nothing to standard error here; what it has to say is in the errors.

mod library;

use std::cell::RefCell;

use stacchip_model::{Crs, CrsSummary, Point, ProjectError, Projector};

use self::library::{Context, Transformation};

/// Moves points with PROJ, whose register of systems is built in.
///
/// ```
/// use stacchip_adapters::proj::ProjProjector;
/// use stacchip_model::{Crs, Projector};
///
/// let mut points = [[500_000.0, 0.0]];
/// ProjProjector.project(&Crs::epsg(32631), &Crs::wgs84(), &mut points)?;
/// assert!((points[0][0] - 3.0).abs() < 1e-12 && points[0][1].abs() < 1e-12);
/// # Ok::<(), stacchip_model::ProjectError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ProjProjector;

impl ProjProjector {
    /// What `crs`, with the heights of `vertical`, is called: its code where a register has it, else
    /// its definition as well-known text (WKT 2:2019). It is found in a register by what it means:
    /// its name need not be the register's.
    ///
    /// # Errors
    /// [`ProjectError::UnknownCrs`] where it cannot be understood.
    pub fn registered(&self, crs: &Crs, vertical: Option<&Crs>) -> Result<Crs, ProjectError> {
        if let (Some(code), None) = (crs.code(), vertical) {
            return Ok(Crs::Code(code.clone()));
        }
        THREAD.with_borrow_mut(|thread| {
            let system = |crs: &Crs| {
                let found = thread.context.system(&crs.definition());
                found.map_err(|cause| unknown(crs, cause))
            };
            let mut whole = system(crs)?;
            if let Some(vertical) = vertical {
                let heights = system(vertical)?;
                whole = whole.with_heights(&heights).map_err(|e| unknown(crs, e))?;
            }
            match whole.identified() {
                Some(code) => Ok(Crs::Code(code)),
                None => whole
                    .well_known_text()
                    .map(Crs::wkt)
                    .map_err(|e| unknown(crs, e)),
            }
        })
    }

    /// Whether `a` and `b` are the same system: places in one are places in the other, the order of
    /// the axes of geographic systems apart.
    ///
    /// # Errors
    /// [`ProjectError::UnknownCrs`] where one cannot be understood.
    pub fn same(&self, a: &Crs, b: &Crs) -> Result<bool, ProjectError> {
        THREAD.with_borrow_mut(|thread| {
            let system = |crs: &Crs| {
                let found = thread.context.system(&crs.definition());
                found.map_err(|cause| unknown(crs, cause))
            };
            Ok(system(a)?.is_same(&system(b)?))
        })
    }
}

impl Projector for ProjProjector {
    fn project(&self, from: &Crs, to: &Crs, points: &mut [Point]) -> Result<(), ProjectError> {
        if points.is_empty() {
            return Ok(());
        }
        THREAD.with_borrow_mut(|thread| thread.project(from, to, points))
    }

    fn describe(&self, crs: &Crs) -> Result<CrsSummary, ProjectError> {
        THREAD.with_borrow_mut(|thread| {
            thread
                .context
                .system(&crs.definition())
                .and_then(|system| system.summary())
                .map_err(|cause| unknown(crs, cause))
        })
    }
}

fn unknown(crs: &Crs, cause: String) -> ProjectError {
    ProjectError::UnknownCrs {
        crs: shortened(&crs.to_string()),
        cause: cause.into(),
    }
}

/// A definition may be pages long; a message holds its beginning.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(NAME_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What one thread keeps. Fields are dropped in order: transformations before their context.
struct Thread {
    kept: Vec<Kept>,
    context: Context,
}

struct Kept {
    from: Crs,
    to: Crs,
    transformation: Transformation,
}

impl Thread {
    fn new() -> Self {
        Self {
            kept: Vec::new(),
            context: Context::new(),
        }
    }

    fn project(&mut self, from: &Crs, to: &Crs, points: &mut [Point]) -> Result<(), ProjectError> {
        let found = self
            .kept
            .iter()
            .position(|k| k.from == *from && k.to == *to);
        // The last used stands last; the first makes room.
        let kept = if let Some(at) = found {
            self.kept.remove(at)
        } else {
            if self.kept.len() >= KEPT {
                self.kept.remove(0);
            }
            self.make(from, to)?
        };
        let outside = kept.transformation.apply(points);
        self.kept.push(kept);
        match outside {
            None => Ok(()),
            Some([x, y]) => Err(ProjectError::Outside {
                x,
                y,
                from: shortened(&from.to_string()),
                to: shortened(&to.to_string()),
            }),
        }
    }

    fn make(&self, from: &Crs, to: &Crs) -> Result<Kept, ProjectError> {
        let source = self.context.system(&from.definition());
        let source = source.map_err(|cause| unknown(from, cause))?;
        let target = self.context.system(&to.definition());
        let target = target.map_err(|cause| unknown(to, cause))?;
        let transformation = self
            .context
            .transformation(&source, &target)
            .map_err(|cause| {
                unknown(
                    from,
                    format!("no way to {}: {cause}", shortened(&to.to_string())),
                )
            })?;
        Ok(Kept {
            from: from.clone(),
            to: to.clone(),
            transformation,
        })
    }
}

thread_local! {
    static THREAD: RefCell<Thread> = RefCell::new(Thread::new());
}

/// Transformations a thread keeps: a scene needs one or two, a batch over zones a few more.
const KEPT: usize = 16;

/// Characters of a definition that a message shows.
const NAME_CHARS: usize = 120;

#[cfg(test)]
mod tests {
    use stacchip_model::CrsKind;

    use super::*;

    fn to_wgs84(crs: &Crs, x: f64, y: f64) -> Result<Point, ProjectError> {
        let mut points = [[x, y]];
        ProjProjector.project(crs, &Crs::wgs84(), &mut points)?;
        Ok(points[0])
    }

    const SINUSOIDAL: &str = r#"PROJCS["unnamed",GEOGCS["Unknown datum based upon the custom spheroid",DATUM["Not specified (based on custom spheroid)",SPHEROID["Custom spheroid",6371007.181,0]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Sinusoidal"],PARAMETER["longitude_of_center",0],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["Meter",1]]"#;

    #[test]
    fn axes_are_east_then_north_whatever_the_register_says() {
        // EPSG:4326 is latitude first, EPSG:3035 northing first, EPSG:2193 northing first.
        let same = to_wgs84(&Crs::epsg(4326), 12.5, 41.9).unwrap();
        assert_eq!(same, [12.5, 41.9]);
        // pyproj 3.7.2, always_xy: EPSG:3035 → EPSG:4326 of the projection's own origin.
        let [lon, lat] = to_wgs84(&Crs::epsg(3035), 4_321_000.0, 3_210_000.0).unwrap();
        assert!((lon - 10.0).abs() < 1e-9 && (lat - 52.0).abs() < 1e-9);
        let [lon, lat] = to_wgs84(&Crs::epsg(2193), 1_600_000.0, 10_000_000.0).unwrap();
        assert!(
            (lon - 173.0).abs() < 1e-9 && lat.abs() < 1e-9,
            "{lon} {lat}"
        );
    }

    #[test]
    fn places_are_those_of_pyproj() {
        // pyproj 3.7.2 (PROJ 9.5.1), `Transformer.from_crs(code, "OGC:CRS84", always_xy=True)`.
        for (code, x, y, lon, lat) in [
            (
                32620,
                300_000.0,
                4_700_040.0,
                -65.431_196_267_187_23,
                42.426_901_687_052_364,
            ),
            (
                32701,
                699_960.0,
                8_100_040.0,
                -175.119_959_757_894_15,
                -17.175_690_570_315_247,
            ),
            (
                3031,
                -1_200_000.0,
                850_000.0,
                -54.688_786_560_366_81,
                -76.525_550_757_246_14,
            ),
            (
                3413,
                100_000.0,
                -2_200_000.0,
                -42.397_437_797_500_196,
                69.871_451_160_302_6,
            ),
            (
                5070,
                -1_900_000.0,
                2_900_000.0,
                -121.088_937_242_669_89,
                46.819_684_962_909_626,
            ),
            (
                2193,
                1_576_480.0,
                5_203_200.0,
                172.709_913_372_927_9,
                -43.323_672_958_781_714,
            ),
            (
                27700,
                530_000.0,
                180_000.0,
                -0.128_353_940_479_469_35,
                51.503_990_827_633_78,
            ),
            (
                3857,
                -8_000_000.0,
                5_000_000.0,
                -71.865_222_729_561_71,
                40.916_274_470_675_78,
            ),
            (
                2230,
                4_760_096.421_921,
                3_744_293.729_449,
                -122.469_406_127_928_83,
                37.794_864_121_838_08,
            ),
        ] {
            let [east, north] = to_wgs84(&Crs::epsg(code), x, y).unwrap();
            assert!(
                (east - lon).abs() < 1e-10 && (north - lat).abs() < 1e-10,
                "{code}: {east} {north}"
            );
        }
    }

    #[test]
    fn wkt_projjson_and_code_agree() {
        let mut there = [[300_000.0, 4_700_000.0]; 2];
        ProjProjector
            .project(&Crs::epsg(32620), &Crs::wgs84(), &mut there)
            .unwrap();
        let wkt = r#"PROJCS["WGS 84 / UTM zone 20N",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",-63],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1]]"#;
        let [lon, lat] = to_wgs84(&Crs::wkt(wkt), 300_000.0, 4_700_000.0).unwrap();
        assert!((lon - there[0][0]).abs() < 1e-9 && (lat - there[0][1]).abs() < 1e-9);
        assert_eq!(there[0], there[1]);
    }

    #[test]
    fn what_is_no_system_is_unknown() {
        for crs in [
            Crs::epsg(999_999),
            Crs::wkt("PROJCS[\"broken\""),
            Crs::wkt("nul\0byte[]"),
            Crs::wkt(""),
            Crs::wkt("+proj=pipeline +step +proj=axisswap"),
            Crs::wkt("EPSG:9122"),
            Crs::projjson("{\"type\": \"ProjectedCRS\"}", None),
            Crs::projjson("[".repeat(10_000), None),
        ] {
            assert!(
                matches!(
                    to_wgs84(&crs, 0.0, 0.0),
                    Err(ProjectError::UnknownCrs { .. })
                ),
                "{crs}"
            );
            assert!(matches!(
                ProjProjector.describe(&crs),
                Err(ProjectError::UnknownCrs { .. })
            ));
        }
    }

    #[test]
    fn a_point_without_a_place_is_named() {
        // Left of the world's edge at that latitude: PROJ alone answers (62.08, 80.94).
        let mut points = vec![[0.0, 0.0]; 700];
        points[600] = [-20_015_109.354, 9_000_000.0];
        let error = ProjProjector
            .project(&Crs::wkt(SINUSOIDAL), &Crs::wgs84(), &mut points)
            .unwrap_err();
        assert!(
            matches!(error, ProjectError::Outside { x, y, .. } if x == -20_015_109.354 && y == 9_000_000.0),
            "{error}"
        );
        assert!(matches!(
            to_wgs84(&Crs::epsg(32631), f64::NAN, 0.0),
            Err(ProjectError::Outside { .. })
        ));
        assert!(matches!(
            to_wgs84(&Crs::epsg(32631), 1e30, 0.0),
            Err(ProjectError::Outside { .. })
        ));
    }

    #[test]
    fn the_far_side_of_a_cylinder_is_a_place() {
        let [lon, lat] = to_wgs84(&Crs::epsg(3857), 20_037_508.342_789_244 + 1000.0, 0.0).unwrap();
        assert!(
            (lon + 179.991).abs() < 1e-3 && lat.abs() < 1e-9,
            "{lon} {lat}"
        );
        let [_, lat] = to_wgs84(&Crs::epsg(3031), 0.0, 0.0).unwrap();
        assert!((lat + 90.0).abs() < 1e-9);
    }

    #[test]
    fn systems_are_described() {
        let utm = ProjProjector.describe(&Crs::epsg(32620)).unwrap();
        assert_eq!((utm.kind, utm.unit), (CrsKind::Projected, 1.0));
        assert_eq!(utm.name, "WGS 84 / UTM zone 20N");
        let wgs = ProjProjector.describe(&Crs::wgs84()).unwrap();
        assert_eq!(wgs.kind, CrsKind::Geographic);
        assert!((wgs.unit.to_degrees() - 1.0).abs() < 1e-12);
        let feet = ProjProjector.describe(&Crs::epsg(2230)).unwrap();
        assert!((feet.unit - 1200.0 / 3937.0).abs() < 1e-12);
        let compound = ProjProjector.describe(&Crs::epsg(6349)).unwrap();
        assert_eq!(compound.kind, CrsKind::Geographic);
        let earth = ProjProjector.describe(&Crs::epsg(4978)).unwrap();
        assert_eq!(earth.kind, CrsKind::Other);
    }

    #[test]
    fn threads_do_not_mind_each_other() {
        let expected = to_wgs84(&Crs::epsg(32633), 400_000.0, 5_000_000.0).unwrap();
        std::thread::scope(|scope| {
            for zone in 0..8 {
                scope.spawn(move || {
                    for other in 0..30 {
                        let crs = Crs::epsg(32601 + (zone * 7 + other) % 60);
                        to_wgs84(&crs, 500_000.0, 1_000_000.0).unwrap();
                    }
                    let here = to_wgs84(&Crs::epsg(32633), 400_000.0, 5_000_000.0).unwrap();
                    assert_eq!(here, expected);
                });
            }
        });
    }
}
