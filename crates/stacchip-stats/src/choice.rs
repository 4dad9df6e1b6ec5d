//! The rule a person asks for.

use std::{fmt, str::FromStr};

use crate::StatsError;

/// What `--stats` says.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum StatsChoice {
    /// The rule that suits the item.
    #[default]
    Auto,
    /// No rule: every chip is clear and full, and no pixel is read.
    None,
    /// Landsat's quality band.
    LandsatQa,
    /// Sentinel-2's scene classification.
    Sentinel2Scl,
    /// MODIS's 500 m quality band.
    ModisQc,
    /// A nodata value.
    Nodata {
        /// The asset; nothing: the first data asset.
        asset: Option<String>,
        /// The band, from 0; nothing: every band must hold the value.
        band: Option<usize>,
        /// The value; nothing: the raster's own.
        value: Option<f64>,
    },
    /// The raster's own mask or alpha band.
    Mask {
        /// The asset; nothing: the first data asset.
        asset: Option<String>,
    },
}

/// Reads `auto`, `none`, `landsat-qa`, `sentinel-2-scl`, `modis-qc`,
/// `nodata[:ASSET[:BAND[=VALUE]]]` or `mask[:ASSET]`; bands count from 1, as in GDAL. An empty asset
/// is the first data asset: `nodata::1=0`.
impl FromStr for StatsChoice {
    type Err = StatsError;

    fn from_str(text: &str) -> Result<Self, StatsError> {
        let unknown = || StatsError::UnknownRule {
            text: text.to_owned(),
        };
        let (name, rest) = match text.split_once(':') {
            Some((name, rest)) => (name, Some(rest)),
            None => (text, None),
        };
        let asset = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        match (name, rest) {
            ("auto", None) => Ok(Self::Auto),
            ("none", None) => Ok(Self::None),
            ("landsat-qa", None) => Ok(Self::LandsatQa),
            ("sentinel-2-scl", None) => Ok(Self::Sentinel2Scl),
            ("modis-qc", None) => Ok(Self::ModisQc),
            ("mask", rest) => Ok(Self::Mask {
                asset: rest.and_then(asset),
            }),
            ("nodata", None) => Ok(Self::Nodata {
                asset: None,
                band: None,
                value: None,
            }),
            ("nodata", Some(rest)) => nodata(text, rest),
            _ => Err(unknown()),
        }
    }
}

fn nodata(rule: &str, rest: &str) -> Result<StatsChoice, StatsError> {
    let wrong = |text: &str, wanted| StatsError::Parameter {
        rule: rule.to_owned(),
        text: text.to_owned(),
        wanted,
    };
    let (asset, band_and_value) = match rest.split_once(':') {
        Some((asset, more)) => (asset, Some(more)),
        None => (rest, None),
    };
    let (mut band, mut value) = (None, None);
    if let Some(more) = band_and_value {
        let (number, text) = match more.split_once('=') {
            Some((number, text)) => (number, Some(text)),
            None => (more, None),
        };
        let counted: usize = number
            .parse()
            .ok()
            .filter(|n| *n > 0)
            .ok_or_else(|| wrong(number, "band number, counted from 1"))?;
        band = Some(counted - 1);
        if let Some(text) = text {
            value = Some(text.parse().map_err(|_| wrong(text, "number"))?);
        }
    }
    Ok(StatsChoice::Nodata {
        asset: (!asset.is_empty()).then(|| asset.to_owned()),
        band,
        value,
    })
}

impl fmt::Display for StatsChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::None => f.write_str("none"),
            Self::LandsatQa => f.write_str("landsat-qa"),
            Self::Sentinel2Scl => f.write_str("sentinel-2-scl"),
            Self::ModisQc => f.write_str("modis-qc"),
            Self::Mask { asset } => match asset {
                Some(asset) => write!(f, "mask:{asset}"),
                None => f.write_str("mask"),
            },
            Self::Nodata { asset, band, value } => {
                f.write_str("nodata")?;
                if asset.is_some() || band.is_some() {
                    write!(f, ":{}", asset.as_deref().unwrap_or_default())?;
                }
                if let Some(band) = band {
                    write!(f, ":{}", band + 1)?;
                    if let Some(value) = value {
                        write!(f, "={value}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_leads_back() {
        for text in [
            "auto",
            "none",
            "landsat-qa",
            "sentinel-2-scl",
            "modis-qc",
            "nodata",
            "nodata:visual",
            "nodata:visual:3",
            "nodata:visual:1=0",
            "nodata::2=-32768",
            "nodata:a:1=NaN",
            "mask",
            "mask:visual",
        ] {
            let choice: StatsChoice = text.parse().unwrap();
            assert_eq!(choice.to_string(), text);
        }
        assert_eq!(
            "nodata:visual:3=1e-3".parse(),
            Ok(StatsChoice::Nodata {
                asset: Some("visual".to_owned()),
                band: Some(2),
                value: Some(0.001)
            })
        );
    }

    #[test]
    fn what_is_no_rule_is_said() {
        for text in [
            "",
            "Auto",
            "scl",
            "none:x",
            "landsat-qa:qa_pixel",
            "nodata=0",
        ] {
            assert!(
                matches!(
                    text.parse::<StatsChoice>(),
                    Err(StatsError::UnknownRule { .. })
                ),
                "{text}"
            );
        }
        assert_eq!(
            "nodata:a:0=1"
                .parse::<StatsChoice>()
                .unwrap_err()
                .to_string(),
            "`0` in `nodata:a:0=1` is no band number, counted from 1"
        );
        assert_eq!(
            "nodata:a:1=zero"
                .parse::<StatsChoice>()
                .unwrap_err()
                .to_string(),
            "`zero` in `nodata:a:1=zero` is no number"
        );
    }
}
