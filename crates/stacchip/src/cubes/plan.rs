//! What all runs that make the same cubes agree on.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stacchip_index::SceneColumns;
use thiserror::Error;

use super::{ChipLabel, CubeLayout, Draw};

/// What is made: which chips go into which cube, and how. It is stored beside the cubes, so that a run
/// that goes on, or another job of the array, is known to make the same ones.
#[derive(Debug, Clone)]
pub struct CubePlan {
    /// What the chips have in common.
    pub layout: CubeLayout,
    /// The format of the files.
    pub format: String,
    /// Upstream's name of the platform, else of the collection; `mixed` where there are several.
    pub platform: String,
    /// The order of the chips.
    pub draw: Draw,
    /// Whether it is done as upstream does it.
    pub parity: bool,
    /// Chips to draw from.
    pub chips: u64,
    /// Cubes.
    pub cubes: u64,
    /// A digest of the list of chips to draw from.
    pub list: String,
    /// Whatever else decides what the files hold: also where assets are looked for.
    pub settings: Value,
}

/// Why cubes cannot be made where others are.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// It is no plan.
    #[error("{address} is no plan of cubes")]
    Unknown {
        /// Where it is.
        address: String,
    },
    /// Other cubes stand there.
    #[error(
        "{address} says that other cubes are made there ({field} was {theirs}, and is now {ours}): choose \
         another folder, or say --overwrite to replace them"
    )]
    Other {
        /// Where it is.
        address: String,
        /// What differs first.
        field: String,
        /// What stands there.
        theirs: String,
        /// What is wanted.
        ours: String,
    },
}

impl CubePlan {
    /// What tells it from other plans: the SHA-256 of [`to_json`](Self::to_json), in hexadecimal. Every
    /// record of a cube names the plan that it is of.
    pub fn id(&self) -> String {
        hex(&Sha256::digest(self.to_json().to_string()))
    }

    /// What is stored beside the cubes: its document, with its id.
    pub fn to_text(&self) -> String {
        let mut document = self.to_json();
        document["id"] = self.id().into();
        format!("{document:#}\n")
    }

    /// What it says, as a JSON document.
    pub fn to_json(&self) -> Value {
        let layout = &self.layout;
        json!({
            "version": VERSION,
            "platform": self.platform,
            "format": self.format,
            "dtype": layout.sample.name(),
            "bands": layout.bands,
            // JSON has no NaN: it is written as STAC writes it.
            "nodata": layout.nodata.iter().map(|n| n.map(number)).collect::<Vec<_>>(),
            "masked": layout.masked,
            "shape": layout.shape,
            "cube_size": layout.seats,
            "order": self.draw.name(),
            "seed": self.draw.seed(),
            "parity": self.parity,
            "chips": self.chips,
            "cubes": self.cubes,
            "list": self.list,
            "settings": self.settings,
        })
    }

    /// Whether the plan at `address`, whose text is `stored`, is this one.
    ///
    /// # Errors
    /// [`PlanError`] where it is not.
    pub fn check(&self, address: &str, stored: &[u8]) -> Result<(), PlanError> {
        let unknown = || PlanError::Unknown {
            address: address.to_owned(),
        };
        let stored: Value = serde_json::from_slice(stored).map_err(|_| unknown())?;
        let stored = stored.as_object().ok_or_else(unknown)?;
        let ours = self.to_json();
        let ours = ours.as_object().ok_or_else(unknown)?;
        let nothing = Value::Null;
        for (field, ours) in ours {
            let theirs = stored.get(field).unwrap_or(&nothing);
            if theirs != ours {
                return Err(PlanError::Other {
                    address: address.to_owned(),
                    field: field.clone(),
                    theirs: theirs.to_string(),
                    ours: ours.to_string(),
                });
            }
        }
        Ok(())
    }

    /// A digest of `chips`, in their order: of all that is known of each, and the number of its row.
    pub fn digest<'a>(chips: impl IntoIterator<Item = &'a ChipLabel>) -> String {
        let mut hash = Sha256::new();
        let mut known: Option<(&Arc<SceneColumns>, _)> = None;
        for chip in chips {
            // Chips of an item stand together, and share its columns.
            let scene = match known {
                Some((scene, digest)) if Arc::ptr_eq(scene, &chip.scene) => digest,
                _ => Sha256::digest(of_scene(&chip.scene)),
            };
            known = Some((&chip.scene, scene));
            hash.update(scene);
            let w = chip.window;
            let (cloud, nodata) = (chip.quality.cloud.get(), chip.quality.nodata.get());
            hash.update(format!(
                "{} {} {} {} {} {} {} {cloud} {nodata} {} {}\n",
                chip.row, chip.x, chip.y, w.col, w.row, w.width, w.height, chip.lon, chip.lat
            ));
        }
        hex(&hash.finalize())
    }
}

/// All that the chips of an item share.
fn of_scene(scene: &SceneColumns) -> String {
    let text = |time: Timestamp| time.to_string();
    json!([
        scene.item_id,
        scene.item_href,
        scene.collection,
        scene.platform,
        scene.spacecraft,
        scene.datetime.to_string(),
        scene.start_datetime.map(text),
        scene.end_datetime.map(text),
        scene.crs,
        scene.chip_size,
        scene.stride,
    ])
    .to_string()
}

fn number(value: f64) -> Value {
    if value.is_finite() {
        json!(value)
    } else if value.is_nan() {
        json!("nan")
    } else if value > 0.0 {
        json!("inf")
    } else {
        json!("-inf")
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Version of the plan and of what it promises.
const VERSION: u32 = 2;

#[cfg(test)]
mod tests {
    use stacchip_model::{Fraction, Quality, SampleType, Window};

    use super::*;

    fn plan() -> CubePlan {
        CubePlan {
            layout: CubeLayout {
                sample: SampleType::F32,
                shape: [1, 4, 4],
                bands: vec!["red".to_owned()],
                nodata: vec![Some(f64::NAN)],
                masked: vec![false],
                held: 16,
                seats: 8,
                as_upstream: false,
            },
            format: "npz".to_owned(),
            platform: "naip".to_owned(),
            draw: Draw::Shuffled(7),
            parity: false,
            chips: 20,
            cubes: 3,
            list: CubePlan::digest([]),
            settings: json!({}),
        }
    }

    #[test]
    fn only_the_same_plan_goes_on() {
        let plan = plan();
        let text = plan.to_json().to_string();
        assert_eq!(plan.check("p", text.as_bytes()), Ok(()));
        let mut other = plan.clone();
        other.draw = Draw::Shuffled(8);
        let error = other.check("p", text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("seed was 7, and is now 8"), "{error}");
        for text in ["[]", "x", ""] {
            let error = plan.check("p", text.as_bytes()).unwrap_err();
            assert!(matches!(error, PlanError::Unknown { .. }));
        }
        // What is stored names it, and is still known as the same; another has another name.
        assert!(plan.to_text().contains(&plan.id()));
        assert_eq!(plan.check("p", plan.to_text().as_bytes()), Ok(()));
        assert_ne!(plan.id(), other.id());
        // Of nothing: FIPS 180-4.
        assert!(plan.list.starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
    }

    #[test]
    fn a_list_is_another_where_anything_of_a_chip_is_another() {
        let scene = SceneColumns {
            item_id: "a".to_owned(),
            item_href: Some("https://x/a.json".to_owned()),
            collection: Some("c".to_owned()),
            platform: None,
            spacecraft: None,
            datetime: "2024-05-06T07:08:09Z".parse().unwrap(),
            start_datetime: None,
            end_datetime: None,
            crs: "EPSG:32633".to_owned(),
            chip_size: 256,
            stride: 256,
        };
        let chip = ChipLabel {
            row: 0,
            scene: Arc::new(scene.clone()),
            x: 0,
            y: 0,
            window: Window::new(0, 0, 256, 256),
            quality: Quality {
                cloud: Fraction::ZERO,
                nodata: Fraction::ZERO,
            },
            lon: 15.0,
            lat: 1.0,
        };
        let digest = |chips: &[ChipLabel]| CubePlan::digest(chips);
        let second = ChipLabel {
            row: 1,
            x: 1,
            ..chip.clone()
        };
        let first = digest(&[chip.clone(), second.clone()]);
        // The same also where the columns of the item were read twice.
        let again = ChipLabel {
            scene: Arc::new(scene.clone()),
            ..second.clone()
        };
        assert_eq!(first, digest(&[chip.clone(), again]));
        assert_ne!(first, digest(&[second.clone(), chip.clone()]));
        let of = |change: &dyn Fn(&mut SceneColumns)| {
            let mut scene = scene.clone();
            change(&mut scene);
            ChipLabel {
                scene: Arc::new(scene),
                ..second.clone()
            }
        };
        for other in [
            ChipLabel {
                row: 2,
                ..second.clone()
            },
            ChipLabel {
                lat: 1.5,
                ..second.clone()
            },
            of(&|scene| scene.item_href = Some("https://y/a.json".to_owned())),
            of(&|scene| scene.item_href = None),
            of(&|scene| scene.collection = Some("d".to_owned())),
            of(&|scene| scene.datetime = "2024-05-06T07:08:10Z".parse().unwrap()),
            of(&|scene| scene.crs = "EPSG:32634".to_owned()),
        ] {
            assert_ne!(first, digest(&[chip.clone(), other]));
        }
    }
}
