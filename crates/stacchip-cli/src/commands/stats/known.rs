//! What is known of cubes beside them.

use serde_json::Value;
use stacchip::{
    cubes::{CUBE_BANDS, nodata_of},
    model::Platform,
};

use super::cubes_of::Cubes;
use crate::{args::StatsArgs, failure::Failure};

/// What is known of cubes beside them.
#[derive(Debug, Default)]
pub struct Known {
    /// Upstream's name of the platform.
    pub platform: Option<String>,
    bands: Vec<String>,
    /// Of each band.
    nodata: Vec<Option<f64>>,
    /// Where the value that means no data is from.
    pub nodata_from: &'static str,
}

impl Known {
    /// From the plan beside `cubes`, else from the platform, as the arguments or the addresses name it.
    ///
    /// # Errors
    /// A failure where there is no such platform, or the addresses name several.
    pub fn of(args: &StatsArgs, cubes: &Cubes) -> Result<Self, Failure> {
        let mut known = Self::default();
        let mut masked = Vec::new();
        if let Some(plan) = &cubes.plan {
            let texts = plan["bands"].as_array().into_iter().flatten();
            known.bands = texts
                .filter_map(|b| b.as_str().map(str::to_owned))
                .collect();
            known.platform = plan["platform"].as_str().map(str::to_owned);
            let numbers = plan["nodata"].as_array().into_iter().flatten();
            known.nodata = numbers.map(number).collect();
            let masks = plan["masked"].as_array().into_iter().flatten();
            masked = masks.map(|m| m.as_bool().unwrap_or(false)).collect();
            known.nodata_from = "the plan of the cubes";
        }
        let named = |name: &str| Platform::from_name(name);
        if let (Some(asked), Some(planned)) = (&args.chips.platform, &known.platform)
            && let (Some(one), Some(other)) = (named(asked), named(planned))
            && one != other
        {
            return Err(Failure::usage(format!(
                "--platform {asked}: the plan of {} says that these cubes are of {planned}",
                args.source
            )));
        }
        let platform = match args.chips.platform.as_deref() {
            Some(name) => Some(named(name).ok_or_else(|| unknown(name))?),
            None => match known.platform.as_deref() {
                Some(name) => named(name),
                None => of_addresses(&args.source, &cubes.files)?,
            },
        };
        if let Some(platform) = platform {
            let row = CUBE_BANDS.iter().find(|(p, ..)| *p == platform);
            if known.bands.is_empty() {
                let keys = row.map_or(&[][..], |(_, keys, _)| keys);
                known.bands = match platform {
                    Platform::Naip => ["red", "green", "blue", "nir"].map(str::to_owned).to_vec(),
                    Platform::Linz => ["red", "green", "blue"].map(str::to_owned).to_vec(),
                    _ => keys.iter().map(|&key| key.to_owned()).collect(),
                };
            }
            // It is asked where the raster says nothing: neither by a value nor by a mask.
            let says_nothing = known.nodata.iter().all(Option::is_none) && !masked.contains(&true);
            if says_nothing {
                known.nodata_from = "the platform";
            }
            known.nodata.resize(known.bands.len(), None);
            masked.resize(known.bands.len(), false);
            for (nodata, masked) in known.nodata.iter_mut().zip(masked) {
                *nodata = nodata.or(nodata_of(platform).filter(|_| !masked));
            }
            known.platform = Some(platform.name().to_owned());
        }
        if let Some(nodata) = args.nodata {
            known.nodata = vec![Some(nodata); known.bands.len().max(1)];
            known.nodata_from = "the call";
        }
        Ok(known)
    }

    /// The value that means no data in a band.
    pub fn nodata(&self, band: usize) -> Option<f64> {
        let last = self.nodata.last();
        self.nodata.get(band).or(last).copied().flatten()
    }

    /// What a band is called.
    pub fn band(&self, band: usize) -> String {
        let name = self.bands.get(band).cloned();
        name.unwrap_or_else(|| format!("band {}", band + 1))
    }
}

fn unknown(name: &str) -> Failure {
    let all: Vec<_> = Platform::all().map(Platform::name).collect();
    Failure::usage(format!(
        "--platform {name}: of cubes it is one of {}",
        all.join(", ")
    ))
}

/// The platform that folders are called after.
fn of_addresses(source: &str, cubes: &[String]) -> Result<Option<Platform>, Failure> {
    let platform = |cube: &String| cube.split('/').rev().find_map(Platform::from_name);
    let Some(first) = cubes.first().map(platform) else {
        return Ok(None);
    };
    match cubes.iter().map(platform).find(|other| *other != first) {
        None => Ok(first),
        Some(other) => {
            let name = |platform: Option<Platform>| platform.map_or("none", Platform::name);
            Err(Failure::failed(format!(
                "{source} holds cubes of several platforms ({}, {}): give the folder of one of them, or name it \
                 with --platform",
                name(first),
                name(other)
            )))
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}
