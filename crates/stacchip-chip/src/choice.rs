//! Which assets of an item a chip is made of.

use std::fmt;

use stacchip_model::{Asset, Scene};
use thiserror::Error;

/// Which assets are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AssetChoice {
    /// Keys of assets, or names or common names of bands, in the order wanted; where nothing is
    /// said, every asset that holds data in a TIFF.
    pub only: Option<Vec<String>>,
    /// Keys of assets, or names of bands, to leave out.
    pub except: Vec<String>,
}

/// The assets chosen, and those that were not.
#[derive(Debug, Clone, PartialEq)]
pub struct ChosenAssets<'a> {
    /// The assets, in the order asked for, else the item's.
    pub assets: Vec<ChosenAsset<'a>>,
    /// What was left out without being named, and why, in the item's order.
    pub left_out: Vec<LeftOut<'a>>,
}

/// An asset that was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct ChosenAsset<'a> {
    /// The asset.
    pub asset: &'a Asset,
    /// The bands chosen by name, from 0, in the order asked for; all where none was.
    pub bands: Option<Vec<usize>>,
}

/// An asset that was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut<'a> {
    /// Its key.
    pub key: &'a str,
    /// Why.
    pub reason: Reason,
}

/// Why an asset is left out of a chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// It is no TIFF, as far as its media type or its address tells.
    Format,
    /// Its role is to be looked at or read, not to be measured: thumbnail, overview, metadata.
    Role,
    /// It was to be left out.
    Excluded,
}

impl AssetChoice {
    /// The assets of `scene` that are chosen.
    ///
    /// A name is that of an asset, exactly or in another case, else that of a band, exactly or in
    /// another case. Of a band only that band is taken from its asset. A name that several bands
    /// bear means the one in a TIFF that is no picture, then the one that is alone in its asset.
    ///
    /// # Errors
    /// [`ChoiceError::Unknown`], [`ChoiceError::Ambiguous`], [`ChoiceError::Format`] where a name
    /// leads to no asset, to several, or to one that cannot be read; [`ChoiceError::Nothing`] where
    /// no asset is left.
    pub fn of<'a>(&self, scene: &'a Scene) -> Result<ChosenAssets<'a>, ChoiceError> {
        let mut except = Vec::new();
        for name in &self.except {
            except.push(find(scene, name)?.0.key.as_str());
        }
        let chosen = match &self.only {
            Some(names) => named(scene, names, &except)?,
            None => by_default(scene, &except),
        };
        if chosen.assets.is_empty() {
            return Err(ChoiceError::Nothing {
                item: scene.id.clone(),
                keys: keys(scene.assets.iter()),
            });
        }
        Ok(chosen)
    }
}

fn by_default<'a>(scene: &'a Scene, except: &[&str]) -> ChosenAssets<'a> {
    let mut chosen = ChosenAssets {
        assets: Vec::new(),
        left_out: Vec::new(),
    };
    for asset in &scene.assets {
        let reason = if except.contains(&asset.key.as_str()) {
            Some(Reason::Excluded)
        } else if !Format::of(asset).is_tiff() {
            Some(Reason::Format)
        } else if is_for_people(asset) {
            Some(Reason::Role)
        } else {
            None
        };
        match reason {
            Some(reason) => chosen.left_out.push(LeftOut {
                key: &asset.key,
                reason,
            }),
            None => chosen.assets.push(ChosenAsset { asset, bands: None }),
        }
    }
    chosen
}

fn named<'a>(
    scene: &'a Scene,
    names: &[String],
    except: &[&str],
) -> Result<ChosenAssets<'a>, ChoiceError> {
    let mut assets: Vec<ChosenAsset<'a>> = Vec::new();
    for name in names {
        let (asset, band) = find(scene, name)?;
        if except.contains(&asset.key.as_str()) {
            continue;
        }
        if let Format::Other(format) = Format::of(asset) {
            return Err(ChoiceError::Format {
                key: asset.key.clone(),
                format,
            });
        }
        let Some(known) = assets.iter_mut().find(|c| c.asset.key == asset.key) else {
            assets.push(ChosenAsset {
                asset,
                bands: band.map(|band| vec![band]),
            });
            continue;
        };
        // An array an asset: a second band of it joins the first, the whole of it takes both in.
        match (&mut known.bands, band) {
            (Some(bands), Some(band)) if !bands.contains(&band) => bands.push(band),
            (bands, None) => *bands = None,
            _ => {}
        }
    }
    Ok(ChosenAssets {
        assets,
        left_out: Vec::new(),
    })
}

/// The asset that `name` means, and its band where it names one of several.
fn find<'a>(scene: &'a Scene, name: &str) -> Result<(&'a Asset, Option<usize>), ChoiceError> {
    if let Some(asset) = scene.asset(name) {
        return Ok((asset, None));
    }
    let exactly: fn(&str, &str) -> bool = |a, b| a == b;
    let in_any_case: fn(&str, &str) -> bool = |a, b| a.eq_ignore_ascii_case(b);
    for same in [exactly, in_any_case] {
        let bearers: Vec<_> = scene
            .assets
            .iter()
            .filter_map(|asset| {
                let band = asset.bands.iter().position(|band| {
                    let names = [&band.name, &band.common_name];
                    names
                        .iter()
                        .any(|own| own.as_deref().is_some_and(|own| same(own, name)))
                });
                Some((asset, band?))
            })
            .collect();
        if !bearers.is_empty() {
            return one_of(name, &bearers);
        }
    }
    Err(ChoiceError::Unknown {
        name: name.to_owned(),
        keys: keys(scene.assets.iter()),
    })
}

fn one_of<'a>(
    name: &str,
    bearers: &[(&'a Asset, usize)],
) -> Result<(&'a Asset, Option<usize>), ChoiceError> {
    let rank = |asset: &Asset| {
        (
            !Format::of(asset).is_tiff(),
            is_for_people(asset),
            asset.bands.len() > 1,
        )
    };
    let best = bearers.iter().map(|(asset, _)| rank(asset)).min();
    let mut best = bearers
        .iter()
        .filter(|(asset, _)| Some(rank(asset)) == best);
    match (best.next(), best.next()) {
        (Some(&(asset, band)), None) => Ok((asset, (asset.bands.len() > 1).then_some(band))),
        _ => Err(ChoiceError::Ambiguous {
            name: name.to_owned(),
            keys: keys(bearers.iter().map(|(asset, _)| *asset)),
        }),
    }
}

/// What an asset is stored as, from its media type, else from the ending of its address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Format {
    Tiff,
    /// Nothing tells; opening it will.
    Unknown,
    Other(String),
}

impl Format {
    fn of(asset: &Asset) -> Self {
        let Some(media_type) = &asset.media_type else {
            return Self::of_address(&asset.href);
        };
        let media_type = media_type.trim().to_ascii_lowercase();
        let kind = media_type.split(';').next().unwrap_or_default().trim();
        match kind {
            // The last two are what STAC called them before 1.0.
            "image/tiff" | "image/vnd.stac.geotiff" | "image/x.geotiff" => Self::Tiff,
            "" => Self::of_address(&asset.href),
            // Says no more than "bytes".
            "application/octet-stream" | "binary/octet-stream" => {
                match Self::of_address(&asset.href) {
                    Self::Tiff => Self::Tiff,
                    _ => Self::Unknown,
                }
            }
            "image/jp2" | "image/jpx" | "image/jpm" => Self::Other("JPEG 2000".to_owned()),
            other => Self::Other(other.to_owned()),
        }
    }

    fn of_address(href: &str) -> Self {
        let path = href.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        let ending = name
            .rsplit_once('.')
            .map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("tif" | "tiff" | "gtiff") => Self::Tiff,
            Some("jp2" | "j2k") => Self::Other("JPEG 2000".to_owned()),
            Some(
                ending @ ("json" | "geojson" | "xml" | "txt" | "html" | "pdf" | "csv" | "png"
                | "jpg" | "jpeg" | "webp" | "hdf" | "h5" | "nc" | "zarr" | "zip" | "safe"
                | "parquet" | "ang" | "stac"),
            ) => Self::Other(format!(".{ending}")),
            _ => Self::Unknown,
        }
    }

    fn is_tiff(&self) -> bool {
        *self == Self::Tiff
    }
}

fn is_for_people(asset: &Asset) -> bool {
    asset.roles.iter().any(|role| {
        let roles = ["thumbnail", "overview", "metadata"];
        roles.iter().any(|known| role.eq_ignore_ascii_case(known))
    })
}

fn keys<'a>(assets: impl Iterator<Item = &'a Asset>) -> String {
    assets
        .map(|a| a.key.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "not a TIFF",
            Self::Role => "a thumbnail, overview or metadata",
            Self::Excluded => "excluded",
        })
    }
}

/// Why assets could not be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChoiceError {
    /// No asset and no band has such a name.
    #[error("no asset or band is called `{name}`: the assets are {keys}")]
    Unknown {
        /// The name.
        name: String,
        /// Keys of the item's assets.
        keys: String,
    },
    /// Bands of several assets have the name.
    #[error("bands of several assets are called `{name}`: choose among {keys}")]
    Ambiguous {
        /// The name.
        name: String,
        /// Keys of those assets.
        keys: String,
    },
    /// The asset was asked for and is stored in a format that is not read here.
    #[error("asset {key} is {format}, which is not read here: only TIFF is")]
    Format {
        /// The asset's key.
        key: String,
        /// Its format.
        format: String,
    },
    /// No asset is left.
    #[error("item {item} has no TIFF asset to make chips of: name one of {keys} with --assets")]
    Nothing {
        /// The item.
        item: String,
        /// Keys of its assets.
        keys: String,
    },
}

#[cfg(test)]
mod tests {
    use stacchip_model::Band;

    use super::*;

    const COG: &str = "image/tiff; application=geotiff; profile=cloud-optimized";

    fn asset(key: &str, media_type: Option<&str>, href: &str, bands: &[(&str, &str)]) -> Asset {
        Asset {
            key: key.to_owned(),
            href: href.to_owned(),
            media_type: media_type.map(str::to_owned),
            bands: bands
                .iter()
                .map(|(name, common)| Band {
                    name: Some((*name).to_owned()),
                    common_name: Some((*common).to_owned()),
                    ..Band::default()
                })
                .collect(),
            ..Asset::default()
        }
    }

    fn scene() -> Scene {
        let mut preview = asset("rendered", Some(COG), "preview.tif", &[]);
        preview.roles = vec!["Overview".to_owned()];
        Scene {
            id: "item".to_owned(),
            assets: vec![
                asset(
                    "visual",
                    Some(COG),
                    "tci.tif",
                    &[("red", "red"), ("green", "green")],
                ),
                asset("B04", Some(COG), "b4.tif", &[("B4", "red")]),
                asset("B05", Some(COG), "b5.tif", &[("B5", "rededge")]),
                asset("B06", Some(COG), "b6.tif", &[("B6", "rededge")]),
                asset("B04-jp2", Some("image/jp2"), "b4.jp2", &[("B4", "red")]),
                asset("SCL", None, "https://x/y/SCL.TIF?sig=a.b/c", &[]),
                asset("meta", None, "meta.xml", &[]),
                asset("raw", None, "raw", &[]),
                asset(
                    "image",
                    Some("IMAGE/TIFF"),
                    "naip",
                    &[("R", "r"), ("G", "g"), ("NIR", "nir")],
                ),
                preview,
            ],
            ..Scene::default()
        }
    }

    type Chosen = Vec<(String, Option<Vec<usize>>)>;

    fn chosen(only: Option<&[&str]>, except: &[&str]) -> Result<Chosen, ChoiceError> {
        let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
        let choice = AssetChoice {
            only: only.map(owned),
            except: owned(except),
        };
        let scene = scene();
        let found = choice.of(&scene)?.assets;
        Ok(found
            .into_iter()
            .map(|c| (c.asset.key.clone(), c.bands))
            .collect())
    }

    fn whole(keys: &[&str]) -> Chosen {
        keys.iter().map(|&k| (k.to_owned(), None)).collect()
    }

    #[test]
    fn by_default_every_tiff_with_data() {
        let wanted = whole(&["visual", "B04", "B05", "B06", "SCL", "image"]);
        assert_eq!(chosen(None, &[]), Ok(wanted));
        let scene = scene();
        let left: Vec<_> = AssetChoice::default()
            .of(&scene)
            .unwrap()
            .left_out
            .iter()
            .map(|l| (l.key, l.reason))
            .collect();
        let wanted = [
            ("B04-jp2", Reason::Format),
            ("meta", Reason::Format),
            ("raw", Reason::Format),
            ("rendered", Reason::Role),
        ];
        assert_eq!(left, wanted);
        let wanted = whole(&["visual", "B04", "B05", "B06", "image"]);
        assert_eq!(chosen(None, &["scl"]), Ok(wanted));
    }

    #[test]
    fn names_lead_to_assets_in_the_order_asked_for() {
        assert_eq!(
            chosen(Some(&["scl", "B04", "raw", "rendered"]), &[]),
            Ok(whole(&["SCL", "B04", "raw", "rendered"]))
        );
        // A band alone in a TIFF goes before one in a picture of several, and before another format.
        assert_eq!(chosen(Some(&["B4"]), &[]), Ok(whole(&["B04"])));
        assert_eq!(chosen(Some(&["red"]), &[]), Ok(whole(&["B04"])));
        assert_eq!(chosen(Some(&["b4", "B04"]), &[]), Ok(whole(&["B04"])));
        let bands = |b: &[usize]| Ok(vec![("image".to_owned(), Some(b.to_vec()))]);
        assert_eq!(chosen(Some(&["nir", "R", "nir"]), &[]), bands(&[2, 0]));
        assert_eq!(chosen(Some(&["nir", "image"]), &[]), Ok(whole(&["image"])));
        assert_eq!(chosen(Some(&["B04", "SCL"]), &["scl"]), Ok(whole(&["B04"])));
    }

    #[test]
    fn what_cannot_be_is_an_error_that_says_so() {
        let error = |only: &[&str]| chosen(Some(only), &[]).unwrap_err().to_string();
        assert!(error(&["B04-jp2"]).contains("JPEG 2000"));
        assert!(error(&["meta"]).contains(".xml"));
        assert!(error(&["rededge"]).contains("B05, B06"));
        let unknown = error(&["B4", "swir"]);
        assert!(
            unknown.contains("`swir`") && unknown.contains("SCL"),
            "{unknown}"
        );
        assert!(chosen(None, &["nothing"]).is_err());
        let empty = Scene::default();
        let error = AssetChoice::default().of(&empty).unwrap_err();
        assert!(matches!(error, ChoiceError::Nothing { .. }));
    }
}
