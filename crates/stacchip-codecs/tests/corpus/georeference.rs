//! Where a file is on the ground: what lies beside it, and systems compared.

use std::{fs, path::Path};

use serde_json::Value;
use stacchip_cog::{Georeference, Image, MapInfoTable, esri_crs, rpc_of_text, world_file};
use stacchip_model::Crs;

/// Takes what texts beside the file say, all but the `.aux.xml`: where there is one, the truth is told
/// without it. The order is that of the use case that looks beside files.
pub fn attach_texts(file: &Path, image: &mut Image) {
    let text = |ending: &str| fs::read_to_string(file.with_extension(ending)).ok();
    if let Some(crs) = text("xml").as_deref().and_then(esri_crs) {
        image.attach_esri(crs);
    }
    if image.georeference.transform.is_none()
        && let Some(table) = text("tab").as_deref().and_then(MapInfoTable::parse)
    {
        image.attach_map_info(table);
    }
    if image.georeference.transform.is_none()
        && let Some(map) = text("tfw").as_deref().and_then(world_file)
    {
        image.attach_world_file(map);
    }
    let place = &mut image.georeference;
    if place.rpc.is_none() {
        place.rpc = text("RPB").as_deref().and_then(rpc_of_text);
    }
}

/// What is wrong with the reference systems of `got`, given the one that GDAL tells.
pub fn complaint(got: &Georeference, want: &Value) -> Option<String> {
    let wanted = want["wkt"].as_str();
    let (across, up) = wanted.map_or((None, None), split);
    let told = |crs: Option<&Crs>| crs.map(ToString::to_string);
    let same = |got: Option<&Crs>, want: Option<&str>| {
        let code = |crs: Option<&Crs>| crs.and_then(Crs::code).map(ToString::to_string);
        got.is_some() == want.is_some() && code(got) == code(want.map(Crs::wkt).as_ref())
    };
    let of_pair = || {
        let code = want["authority"].as_array()?.last()?.as_str()?;
        let (_, pair) = PAIRS.iter().find(|(both, _)| *both == code)?;
        let code = |crs: &Option<Crs>| crs.as_ref()?.code().map(ToString::to_string);
        Some([code(&got.crs)?, code(&got.vertical)?] == pair.map(str::to_owned))
    };
    let right = of_pair()
        .unwrap_or_else(|| same(got.crs.as_ref(), across) && same(got.vertical.as_ref(), up));
    (!right).then(|| {
        format!(
            "crs is {:?} and {:?}, want {wanted:?}",
            told(got.crs.as_ref()),
            told(got.vertical.as_ref())
        )
    })
}

/// The horizontal and the vertical system of a text.
fn split(wkt: &str) -> (Option<&str>, Option<&str>) {
    let Some(inside) = wkt.strip_prefix("COMPOUNDCRS[") else {
        return (Some(wkt), None);
    };
    let (mut depth, mut quoted, mut start) = (0, false, 0);
    let mut parts = Vec::new();
    for (at, c) in inside.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '[' => depth += 1,
            ',' | ']' if depth == 0 => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            ']' => depth -= 1,
            _ => {}
        }
    }
    let of = |names: &[&str]| {
        let mut parts = parts.iter();
        parts.find(|part| names.iter().any(|name| part.starts_with(name)))
    };
    let across = of(&["PROJCRS[", "GEOGCRS[", "BOUNDCRS[", "ENGCRS["]);
    (across.copied(), of(&["VERTCRS["]).copied())
}

/// Pairs with a code of their own, whose parts GDAL then tells without codes: EPSG's definition of them.
const PAIRS: [(&str, [&str; 2]); 1] = [("9518", ["EPSG:4326", "EPSG:3855"])];
