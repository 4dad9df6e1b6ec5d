//! The rule for an item.

use stacchip_model::{Asset, Platform, Scene};

use crate::{
    ChipStats, MaskRule, NoStats, RulesFile, StatsChoice, StatsError, Validity, ValidityRule,
};

/// The rule for an item, and what to say about it.
#[derive(Debug)]
pub struct Selection {
    /// The rule.
    pub rule: Box<dyn ChipStats>,
    /// What a person should know of the choice.
    pub warnings: Vec<String>,
    /// Whether a raster that declares no mask, alpha or nodata deserves a warning: all its pixels
    /// count as data then.
    pub warn_if_undeclared: bool,
}

/// The rule that `choice` means for `scene`. A rule of `rules` that fits the scene goes before
/// `choice`.
///
/// # Errors
/// [`StatsError::MissingAsset`] or [`StatsError::NoDataAsset`] where the scene lacks what the rule
/// reads.
pub fn select(
    choice: &StatsChoice,
    rules: Option<&RulesFile>,
    scene: &Scene,
) -> Result<Selection, StatsError> {
    if let Some(rule) = rules.and_then(|rules| rules.rule_for(scene)) {
        return mask(scene, &rule.asset.clone(), |asset| MaskRule {
            asset,
            ..rule
        });
    }
    match choice {
        StatsChoice::Auto => auto(scene),
        StatsChoice::None => Ok(Selection::of(NoStats)),
        StatsChoice::LandsatQa => mask(scene, LANDSAT_ASSET, MaskRule::landsat_qa),
        StatsChoice::Sentinel2Scl => mask(scene, SENTINEL_2_ASSET, MaskRule::sentinel_2_scl),
        StatsChoice::ModisQc => mask(scene, MODIS_ASSET, MaskRule::modis_qc),
        StatsChoice::Nodata { asset, band, value } => validity(
            scene,
            "nodata",
            asset.as_deref(),
            Validity::Nodata {
                band: *band,
                value: *value,
            },
        )
        .map(Selection::warning_if_undeclared),
        StatsChoice::Mask { asset } => validity(scene, "mask", asset.as_deref(), Validity::Mask)
            .map(Selection::warning_if_undeclared),
    }
}

/// The table of `--stats auto`, one arm a row.
fn auto(scene: &Scene) -> Result<Selection, StatsError> {
    let declared = Validity::Declared { otherwise: None };
    match Kind::of(scene) {
        Kind::Landsat => mask(scene, LANDSAT_ASSET, MaskRule::landsat_qa),
        Kind::Sentinel2 if scene.asset(SENTINEL_2_ASSET).is_some() => {
            mask(scene, SENTINEL_2_ASSET, MaskRule::sentinel_2_scl)
        }
        Kind::Sentinel2 => {
            let nodata = Validity::Nodata {
                band: None,
                value: None,
            };
            let mut found = validity(scene, "nodata", None, nodata)?.warning_if_undeclared();
            found.warnings.push(format!(
                "item {} has no asset `{SENTINEL_2_ASSET}`: its clouds are not counted, only the nodata of asset `{}`",
                scene.id,
                asset_of(&*found.rule)
            ));
            Ok(found)
        }
        Kind::Modis => mask(scene, MODIS_ASSET, MaskRule::modis_qc),
        Kind::Sentinel1 => {
            let nodata = Validity::Nodata {
                band: None,
                value: None,
            };
            validity(scene, "nodata", None, nodata).map(Selection::warning_if_undeclared)
        }
        Kind::Linz => {
            let asset = scene.asset("visual").map(|a| a.key.clone());
            let black = Validity::Declared {
                otherwise: Some(0.0),
            };
            validity(scene, "mask", asset.as_deref(), black)
        }
        Kind::Naip => {
            let asset = scene.asset("image").map(|a| a.key.clone());
            validity(scene, "mask", asset.as_deref(), declared)
        }
        Kind::Other => {
            if first_data_asset(scene).is_none() {
                let mut found = Selection::of(NoStats);
                found.warnings.push(format!(
                    "item {} has no TIFF asset to judge: its chips count as clear and full",
                    scene.id
                ));
                return Ok(found);
            }
            validity(scene, "mask", None, declared).map(Selection::warning_if_undeclared)
        }
    }
}

/// The rows of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Landsat,
    Sentinel2,
    Modis,
    Sentinel1,
    Linz,
    Naip,
    Other,
}

impl Kind {
    fn of(scene: &Scene) -> Self {
        match Platform::of(scene) {
            Some(Platform::LandsatC2L2Sr | Platform::LandsatC2L1) => return Self::Landsat,
            Some(Platform::Sentinel2L2a) => return Self::Sentinel2,
            Some(Platform::Modis) => return Self::Modis,
            Some(Platform::Sentinel1Rtc) => return Self::Sentinel1,
            Some(Platform::Linz) => return Self::Linz,
            Some(Platform::Naip) => return Self::Naip,
            _ => {}
        }
        if scene.asset(LANDSAT_ASSET).is_some() || is_landsat_2(scene) {
            Self::Landsat
        } else if scene.asset(SENTINEL_2_ASSET).is_some() || is_sentinel_2(scene) {
            Self::Sentinel2
        } else {
            Self::Other
        }
    }
}

/// Landsat collection 2 by its collection's id, or by its satellite where it has no collection.
fn is_landsat_2(scene: &Scene) -> bool {
    let starts = |text: &Option<String>| {
        text.as_deref()
            .is_some_and(|t| t.to_ascii_lowercase().starts_with("landsat"))
    };
    match &scene.collection {
        Some(id) => starts(&scene.collection) && id.to_ascii_lowercase().contains("-c2"),
        None => starts(&scene.spacecraft) || starts(&scene.constellation),
    }
}

/// Sentinel-2 by its satellite; some catalogues write it with a space.
fn is_sentinel_2(scene: &Scene) -> bool {
    [&scene.spacecraft, &scene.constellation]
        .into_iter()
        .flatten()
        .any(|t| {
            let name = t.to_ascii_lowercase().replace(' ', "-");
            name.starts_with("sentinel-2")
        })
}

impl Selection {
    fn of(rule: impl ChipStats + 'static) -> Self {
        Self {
            rule: Box::new(rule),
            warnings: Vec::new(),
            warn_if_undeclared: false,
        }
    }

    fn warning_if_undeclared(mut self) -> Self {
        self.warn_if_undeclared = true;
        self
    }
}

fn mask(
    scene: &Scene,
    asset: &str,
    rule: impl FnOnce(String) -> MaskRule,
) -> Result<Selection, StatsError> {
    let rule = rule(asset.to_owned());
    let key = existing(scene, asset, &rule.name)?;
    Ok(Selection::of(MaskRule { asset: key, ..rule }))
}

fn validity(
    scene: &Scene,
    name: &str,
    asset: Option<&str>,
    validity: Validity,
) -> Result<Selection, StatsError> {
    let key = match asset {
        Some(asset) => existing(scene, asset, name)?,
        None => first_data_asset(scene)
            .map(|a| a.key.clone())
            .ok_or_else(|| StatsError::NoDataAsset {
                item: scene.id.clone(),
                rule: name.to_owned(),
            })?,
    };
    Ok(Selection::of(ValidityRule {
        name: name.to_owned(),
        asset: key,
        validity,
    }))
}

fn existing(scene: &Scene, asset: &str, rule: &str) -> Result<String, StatsError> {
    scene
        .asset(asset)
        .map(|a| a.key.clone())
        .ok_or_else(|| StatsError::MissingAsset {
            item: scene.id.clone(),
            rule: rule.to_owned(),
            asset: asset.to_owned(),
            available: scene.assets.iter().map(|a| a.key.clone()).collect(),
        })
}

fn first_data_asset(scene: &Scene) -> Option<&Asset> {
    scene.assets.iter().find(|a| a.is_data())
}

fn asset_of(rule: &dyn ChipStats) -> String {
    match rule.source() {
        crate::MaskSource::Band { asset, .. } | crate::MaskSource::Validity { asset, .. } => asset,
        crate::MaskSource::Nothing => String::new(),
    }
}

const LANDSAT_ASSET: &str = "qa_pixel";
const SENTINEL_2_ASSET: &str = "scl";
const MODIS_ASSET: &str = "sur_refl_qc_500m";

#[cfg(test)]
mod tests;
