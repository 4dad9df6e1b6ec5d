//! From tags to a place on the ground, as GDAL does it.

use stacchip_model::Affine;

use super::{
    ControlPoint, Georeference, Rpc,
    crs::{GT_RASTER_TYPE, crs},
    keys::Keys,
    vertical::{unit_of_heights, vertical},
};
use crate::header::{Directory, Tag};

/// What `directory` says about its place on the ground.
pub(crate) fn georeference(directory: &Directory) -> Georeference {
    let keys = Keys::of(directory);
    let pixel_is_point = keys
        .as_ref()
        .and_then(|k| k.short(GT_RASTER_TYPE))
        .is_some_and(|v| v == RASTER_PIXEL_IS_POINT);
    let transform = transform(directory).map(|transform| {
        if pixel_is_point {
            transform.shifted(-0.5, -0.5)
        } else {
            transform
        }
    });
    let control_points = if transform.is_none() {
        control_points(directory, pixel_is_point)
    } else {
        Vec::new()
    };
    Georeference {
        crs: keys.as_ref().and_then(crs),
        vertical: keys.as_ref().and_then(vertical),
        transform,
        pixel_is_point,
        control_points,
        rpc: rpc(directory),
        keys: keys.map(|k| k.words()).unwrap_or_default(),
    }
}

/// The unit of the heights of `directory`.
pub(crate) fn height_unit(directory: &Directory) -> Option<&'static str> {
    unit_of_heights(&Keys::of(directory)?)
}

/// The map from pixels to the ground as the tags give it, pixel centres not yet minded.
fn transform(directory: &Directory) -> Option<Affine> {
    if let Some(&[x, y, ..]) = directory.floats(Tag::MODEL_PIXEL_SCALE).as_deref()
        && x != 0.0
        && y != 0.0
    {
        // A negative scale of y means north up, too: that is what its writers meant.
        let y = -y.abs();
        let points = directory.floats(Tag::MODEL_TIEPOINT)?;
        let &[col, row, _, east, north, _, ..] = points.as_slice() else {
            return None;
        };
        return Some(Affine::new(x, 0.0, east - col * x, 0.0, y, north - row * y));
    }
    let matrix = directory.floats(Tag::MODEL_TRANSFORMATION)?;
    let &[a, b, _, c, d, e, _, f, ..] = matrix.as_slice() else {
        return None;
    };
    (matrix.len() == 16).then(|| Affine::new(a, b, c, d, e, f))
}

fn control_points(directory: &Directory, pixel_is_point: bool) -> Vec<ControlPoint> {
    let half = if pixel_is_point { 0.5 } else { 0.0 };
    directory
        .floats(Tag::MODEL_TIEPOINT)
        .unwrap_or_default()
        .chunks_exact(6)
        .filter_map(|p| match *p {
            [col, row, _, x, y, z] => Some(ControlPoint {
                col: col + half,
                row: row + half,
                x,
                y,
                z,
            }),
            _ => None,
        })
        .collect()
}

fn rpc(directory: &Directory) -> Option<Rpc> {
    let values = directory.floats(Tag::RPC_COEFFICIENT)?;
    let twenty =
        |at: usize| -> Option<[f64; 20]> { values.get(at..at.checked_add(20)?)?.try_into().ok() };
    Some(Rpc {
        err_bias: *values.first()?,
        err_rand: *values.get(1)?,
        offsets: values.get(2..7)?.try_into().ok()?,
        scales: values.get(7..12)?.try_into().ok()?,
        line_num: twenty(12)?,
        line_den: twenty(32)?,
        samp_num: twenty(52)?,
        samp_den: twenty(72)?,
    })
}

const RASTER_PIXEL_IS_POINT: u16 = 2;
