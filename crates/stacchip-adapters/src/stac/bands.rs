//! Bands: STAC 1.1's `bands`, or `eo:bands` and `raster:bands` of the versions before.

use serde_json::Value;
use stacchip_model::Band;

use super::{StacError, fields::Fields};

/// The bands of an asset, merged by position from all fields that speak of them. What the asset says
/// of all its bands (STAC 1.1) goes where a band does not say it itself.
///
/// In the first versions an asset's `eo:bands` holds positions in the item's list of the same name.
pub(super) fn bands(
    asset: &Fields<'_>,
    item_bands: Option<&[Value]>,
) -> Result<Vec<Band>, StacError> {
    let mut bands: Vec<Band> = Vec::new();
    for key in ["bands", "eo:bands", "raster:bands"] {
        for (at, value) in asset.array(key)?.unwrap_or_default().iter().enumerate() {
            let band = match value.as_u64().and_then(|n| usize::try_from(n).ok()) {
                Some(position) if key == "eo:bands" => {
                    // A position in no list says nothing; the band is still there.
                    match item_bands.and_then(|all| all.get(position)) {
                        Some(value) => band(&asset.as_object(key, value)?)?,
                        None => Band::default(),
                    }
                }
                _ => band(&asset.as_object(key, value)?)?,
            };
            match bands.get_mut(at) {
                Some(before) => complete(before, band),
                None => bands.push(band),
            }
        }
    }
    let all = Band {
        name: None,
        common_name: None,
        ..band(asset)?
    };
    if bands.is_empty() && all != Band::default() {
        bands.push(all);
    } else {
        for band in &mut bands {
            complete(band, all.clone());
        }
    }
    Ok(bands)
}

fn complete(band: &mut Band, with: Band) {
    band.name = band.name.take().or(with.name);
    band.common_name = band.common_name.take().or(with.common_name);
    band.nodata = band.nodata.or(with.nodata);
    band.data_type = band.data_type.take().or(with.data_type);
    band.scale = band.scale.or(with.scale);
    band.offset = band.offset.or(with.offset);
}

fn band(fields: &Fields<'_>) -> Result<Band, StacError> {
    Ok(Band {
        name: fields.owned_text("name")?,
        common_name: match fields.owned_text("eo:common_name")? {
            Some(name) => Some(name),
            None => fields.owned_text("common_name")?,
        },
        nodata: nodata(fields)?,
        data_type: fields.owned_text("data_type")?,
        scale: match fields.number("raster:scale")? {
            Some(scale) => Some(scale),
            None => fields.number("scale")?,
        },
        offset: match fields.number("raster:offset")? {
            Some(offset) => Some(offset),
            None => fields.number("offset")?,
        },
    })
}

/// A number, or one of the texts that stand for numbers JSON cannot write.
fn nodata(fields: &Fields<'_>) -> Result<Option<f64>, StacError> {
    let Some(value) = fields.value("nodata") else {
        return Ok(None);
    };
    let number = match value {
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "nan" => Some(f64::NAN),
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        other => other.as_f64(),
    };
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(fields.wrong("nodata", "a number, \"nan\", \"inf\" or \"-inf\"", value)),
    }
}
