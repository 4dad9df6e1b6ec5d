//! What is known of cubes beside them.

use serde_json::Value;
use stacchip::{
    cubes::{CUBE_BANDS, nodata_of},
    model::Platform,
};

use crate::{args::StatsArgs, failure::Failure, inputs::absolute, wiring::World};

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
    /// From the plan beside cubes, else from the platform, as the arguments or the addresses name it.
    pub async fn of(args: &StatsArgs, cubes: &[String], world: &World) -> Result<Self, Failure> {
        let mut known = Self::default();
        if let Some(plan) = plan_of(&args.source, cubes, world).await? {
            let texts = plan["bands"].as_array().into_iter().flatten();
            known.bands = texts
                .filter_map(|b| b.as_str().map(str::to_owned))
                .collect();
            known.platform = plan["platform"].as_str().map(str::to_owned);
            let numbers = plan["nodata"].as_array().into_iter().flatten();
            known.nodata = numbers.map(number).collect();
            known.nodata_from = "the plan of the cubes";
        }
        let named = |name: &str| Platform::from_name(name);
        let of_address = cubes
            .first()
            .and_then(|cube| cube.split('/').find_map(named));
        let platform = args.chips.platform.as_deref().and_then(named);
        let platform = platform
            .or(known.platform.as_deref().and_then(named))
            .or(of_address);
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
            if known.nodata.iter().all(Option::is_none) {
                known.nodata = vec![nodata_of(platform); known.bands.len()];
                known.nodata_from = "the platform";
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

/// The plan in the folder of cubes, or above them.
async fn plan_of(source: &str, cubes: &[String], world: &World) -> Result<Option<Value>, Failure> {
    let mut folder = match cubes {
        [only] if only == source => parent(source),
        _ => cubes.first().map_or("", |first| parent(first)),
    };
    // OUT/mode_v1_chipper_v2/PLATFORM/cube_0.npz.
    for _ in 0..4 {
        let address = if folder.is_empty() {
            "prechip.json".to_owned()
        } else {
            format!("{folder}/prechip.json")
        };
        if let Some(text) = world.read_if_there(&absolute(&address)?).await? {
            return Ok(serde_json::from_slice(&text).ok());
        }
        if folder.is_empty() || folder.ends_with(":/") {
            break;
        }
        folder = parent(folder);
    }
    Ok(None)
}

fn parent(address: &str) -> &str {
    address.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}
