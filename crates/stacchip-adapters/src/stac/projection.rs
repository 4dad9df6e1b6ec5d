//! The projection extension, versions 1 and 2.

use serde_json::Value;
use stacchip_model::{Affine, AuthorityCode, Bounds, Crs, Projection, Size};

use super::{StacError, fields::Fields};

/// The `proj:` fields of an item's properties or of an asset.
pub(super) fn projection(fields: &Fields<'_>) -> Result<Projection, StacError> {
    Ok(Projection {
        crs: crs(fields)?,
        shape: shape(fields)?,
        transform: transform(fields)?,
        bbox: bounds(fields, "proj:bbox")?,
    })
}

/// A box of four numbers, or of six with heights, which are left out.
pub(super) fn bounds(fields: &Fields<'_>, key: &str) -> Result<Option<Bounds>, StacError> {
    match fields.numbers(key)?.as_deref() {
        None => Ok(None),
        Some(&[xmin, ymin, xmax, ymax] | &[xmin, ymin, _, xmax, ymax, _]) => {
            Ok(Some(Bounds::new(xmin, ymin, xmax, ymax)))
        }
        Some(other) => Err(fields.wrong(key, "a list of 4 or 6 numbers", &other.into())),
    }
}

/// A code where one is given, then a definition. `eo:epsg` is what the code was called before the
/// extension was made.
fn crs(fields: &Fields<'_>) -> Result<Option<Crs>, StacError> {
    if let Some(text) = fields.text("proj:code")? {
        let crs = text.parse::<Crs>();
        return crs
            .map(Some)
            .map_err(|_| fields.wrong("proj:code", "a code such as EPSG:32620", &text.into()));
    }
    for key in ["proj:epsg", "eo:epsg"] {
        if let Some(value) = fields.value(key) {
            let code = whole(value).and_then(|n| u32::try_from(n).ok());
            let code = code.ok_or_else(|| fields.wrong(key, "a whole number", value))?;
            return Ok(Some(Crs::epsg(code)));
        }
    }
    if let Some(text) = fields.text("proj:wkt2")?.filter(|t| !t.trim().is_empty()) {
        return Ok(Some(Crs::wkt(text)));
    }
    let Some(value) = fields.value("proj:projjson") else {
        return Ok(None);
    };
    let json = fields.as_object("proj:projjson", value)?;
    let id = json.object("id")?;
    let code = match &id {
        None => None,
        Some(id) => {
            let code = id.value("code").map(|code| match code {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            let authority = id.text("authority")?;
            authority.zip(code).map(|(a, c)| AuthorityCode::new(a, c))
        }
    };
    Ok(Some(Crs::projjson(value.to_string(), code)))
}

/// `[height, width]`.
fn shape(fields: &Fields<'_>) -> Result<Option<Size>, StacError> {
    let key = "proj:shape";
    let Some(array) = fields.array(key)? else {
        return Ok(None);
    };
    let pixels = |v: &Value| {
        let count = whole(v).and_then(|n| u32::try_from(n).ok());
        count.filter(|&n| n > 0)
    };
    match array {
        [height, width] => pixels(height).zip(pixels(width)),
        _ => None,
    }
    .map(|(height, width)| Some(Size::new(width, height)))
    .ok_or_else(|| fields.wrong_list(key, "[height, width] in pixels", array))
}

/// Six numbers, or nine whose last row is that of an affine map.
fn transform(fields: &Fields<'_>) -> Result<Option<Affine>, StacError> {
    let key = "proj:transform";
    match fields.numbers(key)?.as_deref() {
        None => Ok(None),
        Some(&[a, b, c, d, e, f] | &[a, b, c, d, e, f, 0.0, 0.0, 1.0]) => {
            Ok(Some(Affine::new(a, b, c, d, e, f)))
        }
        Some(other) => Err(fields.wrong(
            key,
            "6 numbers of an affine map, or 9 ending in 0, 0, 1",
            &other.into(),
        )),
    }
}

/// A whole number, also where it is written with a fraction of zero.
fn whole(value: &Value) -> Option<u64> {
    if let Some(n) = value.as_u64() {
        return Some(n);
    }
    let n = value.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and within 0 to 2^53"
    )]
    ((0.0..=9_007_199_254_740_992.0).contains(&n) && n.fract() == 0.0).then_some(n as u64)
}
