//! The offset of Sentinel-2's newer products.
//!
//! From processing baseline 04.00 on (25 January 2022) the numbers of level 2A lie 1000 higher, so that
//! dark pixels need not be below zero: `BOA_ADD_OFFSET` is −1000 (ESA, "Sentinel-2 Products
//! Specification Document", S2-PDGS-TAS-DI-PSD, issue 14.9; its quantification value is 10000). Archives
//! that were reprocessed in part hold both; some have added the offset already.

use std::fmt;

use stacchip_model::{Asset, Platform, Scene};

/// What is added to the numbers of an asset so that they compare with those of other baselines, and why.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Harmony {
    /// It is no reflectance of Sentinel-2.
    NotConcerned,
    /// Its baseline is older: nothing is added.
    Older {
        /// The baseline.
        baseline: String,
    },
    /// The item says `earthsearch:boa_offset_applied`: it is not added again.
    AppliedByProvider,
    /// Its band has an offset of 0, though its baseline has one of −1000: it was added already.
    AppliedByOffset {
        /// The baseline.
        baseline: String,
    },
    /// The item says the offset in its band.
    Said {
        /// What is added.
        shift: i32,
    },
    /// The item says the baseline only.
    OfBaseline {
        /// The baseline.
        baseline: String,
    },
    /// What the item says in the band is no number of steps: nothing can be added.
    Wrong {
        /// The offset.
        offset: f64,
        /// The scale, which a step is wide.
        scale: f64,
    },
    /// The item says nothing: nothing is added.
    Unknown,
}

impl Harmony {
    /// What is added to each number that is data.
    pub const fn shift(&self) -> i32 {
        match self {
            Self::Said { shift } => *shift,
            Self::OfBaseline { .. } => OFFSET,
            _ => 0,
        }
    }
}

impl fmt::Display for Harmony {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConcerned => f.write_str("no reflectance of Sentinel-2"),
            Self::Older { baseline } => write!(f, "baseline {baseline} is older than 04.00"),
            Self::AppliedByProvider => f.write_str(
                "the item says that the offset was applied (earthsearch:boa_offset_applied)",
            ),
            Self::AppliedByOffset { baseline } => write!(
                f,
                "baseline {baseline}, but the band's offset is 0: it was applied"
            ),
            Self::Said { .. } => f.write_str("the offset that the item says in raster:bands"),
            Self::OfBaseline { baseline } => write!(f, "the offset of baseline {baseline}"),
            Self::Wrong { offset, scale } => write!(
                f,
                "the item says an offset of {offset} in steps of {scale} in raster:bands, which is no number \
                 of steps"
            ),
            Self::Unknown => f.write_str("the item says neither baseline nor offset"),
        }
    }
}

/// What is to be added to `asset` of `scene`.
///
/// An offset that was applied goes before everything else, and an older baseline before what bands say:
/// some catalogues write an offset of −0.1 to items of every baseline.
pub fn harmony(scene: &Scene, asset: &Asset) -> Harmony {
    if Platform::of(scene) != Some(Platform::Sentinel2L2a) || !is_reflectance(asset) {
        return Harmony::NotConcerned;
    }
    if scene.offset_applied == Some(true) {
        return Harmony::AppliedByProvider;
    }
    let baseline = scene.processing_baseline.clone();
    let number = baseline.as_deref().and_then(number_of);
    let of_band = asset.bands.iter().find_map(|b| Some((b.offset?, b.scale)));
    match (baseline, number, of_band) {
        (Some(baseline), Some(number), _) if number < FIRST => Harmony::Older { baseline },
        (Some(baseline), Some(_), Some((0.0, _))) => Harmony::AppliedByOffset { baseline },
        (_, _, Some((offset, scale))) if offset != 0.0 => {
            // Reflectance is number × scale + offset: as a number the offset is as many scales.
            let scale = scale.unwrap_or(SCALE);
            let steps = (offset / scale).round();
            if steps.abs() <= MOST_STEPS {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "whole and small by the guard"
                )]
                let shift = steps as i32;
                Harmony::Said { shift }
            } else {
                Harmony::Wrong { offset, scale }
            }
        }
        (Some(baseline), Some(_), _) => Harmony::OfBaseline { baseline },
        _ => Harmony::Unknown,
    }
}

/// `05.09`, `N0509` or `5.9` as a number.
fn number_of(baseline: &str) -> Option<f64> {
    let text = baseline.trim().trim_start_matches(['N', 'n']);
    let number: f64 = text.parse().ok()?;
    Some(if text.contains('.') {
        number
    } else {
        number / 100.0
    })
}

fn is_reflectance(asset: &Asset) -> bool {
    let names = asset.bands.iter().flat_map(|b| [&b.name, &b.common_name]);
    let names = names.flatten().map(String::as_str);
    let is = |name: &str| {
        REFLECTANCES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    };
    let key = asset.key.split(['-', '_']).next().unwrap_or_default();
    (is(&asset.key) || is(key) || (asset.bands.len() == 1 && names.clone().any(is)))
        && !asset.key.to_ascii_lowercase().contains("jp2")
}

/// The first baseline with the offset.
const FIRST: f64 = 4.0;
/// The offset, in numbers as they are stored.
const OFFSET: i32 = -1000;
/// Steps that an offset may have: numbers are of 16 bits.
const MOST_STEPS: f64 = 65_535.0;
/// Reflectance of one step.
const SCALE: f64 = 0.0001;
/// Bands of Sentinel-2 that hold reflectance: keys, names and common names.
const REFLECTANCES: &[&str] = &[
    "coastal",
    "blue",
    "green",
    "red",
    "rededge",
    "rededge1",
    "rededge2",
    "rededge3",
    "rededge071",
    "rededge075",
    "rededge078",
    "nir",
    "nir08",
    "nir09",
    "cirrus",
    "swir16",
    "swir22",
    "B01",
    "B02",
    "B03",
    "B04",
    "B05",
    "B06",
    "B07",
    "B08",
    "B8A",
    "B09",
    "B10",
    "B11",
    "B12",
];

#[cfg(test)]
mod tests {
    use stacchip_model::Band;

    use super::*;

    fn of(baseline: Option<&str>, applied: Option<bool>, offset: Option<f64>) -> Harmony {
        let scene = Scene {
            collection: Some("sentinel-2-l2a".to_owned()),
            processing_baseline: baseline.map(str::to_owned),
            offset_applied: applied,
            ..Scene::default()
        };
        harmony(&scene, &asset("red", offset))
    }

    fn asset(key: &str, offset: Option<f64>) -> Asset {
        Asset {
            key: key.to_owned(),
            bands: vec![Band {
                name: Some(key.to_owned()),
                offset,
                scale: offset.map(|_| 0.0001),
                ..Band::default()
            }],
            ..Asset::default()
        }
    }

    #[test]
    fn it_is_added_where_it_is_due_and_never_twice() {
        for (baseline, applied, offset, shift) in [
            (Some("05.09"), None, None, -1000),
            (Some("04.00"), Some(false), None, -1000),
            (Some("04.00"), None, Some(-0.1), -1000),
            (Some("N0510"), None, None, -1000),
            (None, None, Some(-0.1), -1000),
            // Added already, by whichever sign.
            (Some("05.09"), Some(true), None, 0),
            (Some("05.09"), Some(true), Some(-0.1), 0),
            (Some("05.09"), None, Some(0.0), 0),
            (None, Some(true), Some(-0.1), 0),
            // Not due.
            (Some("03.01"), None, None, 0),
            (Some("02.14"), None, Some(-0.1), 0),
            (None, None, None, 0),
            (None, None, Some(0.0), 0),
        ] {
            let harmony = of(baseline, applied, offset);
            assert_eq!(
                harmony.shift(),
                shift,
                "{baseline:?} {applied:?} {offset:?}: {harmony}"
            );
        }
    }

    #[test]
    fn an_offset_that_is_no_number_of_steps_is_refused() {
        let scene = Scene {
            collection: Some("sentinel-2-l2a".to_owned()),
            processing_baseline: Some("05.09".to_owned()),
            ..Scene::default()
        };
        for (offset, scale) in [
            (-0.1, 0.0),
            (-0.1, f64::NAN),
            (f64::INFINITY, 1.0),
            (1.0, 1e-9),
        ] {
            let mut red = asset("red", Some(offset));
            red.bands[0].scale = Some(scale);
            let harmony = harmony(&scene, &red);
            assert!(matches!(harmony, Harmony::Wrong { .. }), "{harmony}");
            assert_eq!(harmony.shift(), 0);
            assert!(harmony.to_string().contains(&format!("steps of {scale}")));
        }
    }

    #[test]
    fn classes_and_other_platforms_are_left_alone() {
        let mut scene = Scene {
            collection: Some("sentinel-2-l2a".to_owned()),
            processing_baseline: Some("05.09".to_owned()),
            ..Scene::default()
        };
        assert_eq!(harmony(&scene, &asset("scl", None)), Harmony::NotConcerned);
        assert_eq!(harmony(&scene, &asset("aot", None)), Harmony::NotConcerned);
        assert_eq!(harmony(&scene, &asset("B8A", None)).shift(), -1000);
        scene.collection = Some("landsat-c2-l2".to_owned());
        assert_eq!(harmony(&scene, &asset("red", None)), Harmony::NotConcerned);
    }
}
