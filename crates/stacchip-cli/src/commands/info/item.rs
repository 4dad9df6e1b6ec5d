//! What an item is.

use serde_json::{Value, json};
use stacchip::{
    chip::AssetChoice,
    index::{ChipGrid, ChipOptions, SceneGrid},
    model::{Platform, Scene},
    stats::{StatsChoice, select},
};

use crate::{
    failure::{Failure, chain},
    wiring::items,
};

/// The items in `text`, as a document and in words.
pub fn describe(text: &[u8], address: &str) -> Result<(Value, String), Failure> {
    let mut documents = Vec::new();
    let mut words = Vec::new();
    for item in items(text, Some(address)).map_err(Failure::failed)? {
        let scene = item.map_err(|e| Failure::failed(chain(&e)))?.scene;
        let document = document(&scene);
        words.push(in_words(&document));
        documents.push(document);
    }
    let words = words.join("\n\n");
    Ok(match <[Value; 1]>::try_from(documents) {
        Ok([one]) => (one, words),
        Err(several) => (json!({ "kind": "items", "items": several }), words),
    })
}

fn document(scene: &Scene) -> Value {
    let grid = SceneGrid::of(scene, &[], None);
    let (grid, missing, contradictions) = match grid {
        Ok(found) => {
            let chips = ChipGrid::new(found.grid.clone(), ChipOptions::default()).ok();
            let grid = json!({
                "crs": found.grid.crs.to_string(),
                "width": found.grid.size.width,
                "height": found.grid.size.height,
                "transform": found.grid.transform.coefficients(),
                "chips": chips.map(|c| json!({
                    "size": c.chip_size(), "columns": c.columns(), "rows": c.rows(),
                })),
            });
            let contradictions: Vec<String> = found
                .contradictions
                .iter()
                .map(ToString::to_string)
                .collect();
            (grid, Value::Null, contradictions)
        }
        Err(missing) => (Value::Null, json!(missing.to_string()), Vec::new()),
    };
    let rule = match select(&StatsChoice::Auto, None, scene) {
        Ok(selection) => json!({ "rule": selection.rule.name(), "warnings": selection.warnings }),
        Err(error) => json!({ "rule": null, "error": error.to_string() }),
    };
    let chosen = AssetChoice::default().of(scene);
    let default: Vec<&str> = chosen
        .as_ref()
        .map(|c| c.assets.iter().map(|a| a.asset.key.as_str()).collect())
        .unwrap_or_default();
    json!({
        "kind": "item",
        "id": scene.id,
        "href": scene.href,
        "collection": scene.collection,
        "platform": Platform::of(scene).map(Platform::name),
        "spacecraft": scene.spacecraft,
        "datetime": scene.time.datetime.map(|t| t.to_string()),
        "start_datetime": scene.time.start.map(|t| t.to_string()),
        "end_datetime": scene.time.end.map(|t| t.to_string()),
        "grid": grid,
        "missing": missing,
        "contradictions": contradictions,
        "stats": rule,
        "assets": scene.assets.iter().map(|a| json!({
            "key": a.key,
            "href": a.href,
            "type": a.media_type,
            "roles": a.roles,
            "read_by_default": default.contains(&a.key.as_str()),
        })).collect::<Vec<_>>(),
    })
}

fn in_words(doc: &Value) -> String {
    let word = |value: &Value| match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut lines = vec![
        format!("item        {}", word(&doc["id"])),
        format!("collection  {}", word(&doc["collection"])),
        format!(
            "platform    {} ({})",
            word(&doc["platform"]),
            word(&doc["spacecraft"])
        ),
        format!(
            "datetime    {}",
            if doc["datetime"].is_null() {
                format!(
                    "{} to {}",
                    word(&doc["start_datetime"]),
                    word(&doc["end_datetime"])
                )
            } else {
                word(&doc["datetime"])
            }
        ),
    ];
    let grid = &doc["grid"];
    if grid.is_null() {
        lines.push(format!("grid        {}", word(&doc["missing"])));
    } else {
        let chips = &grid["chips"];
        lines.push(format!(
            "grid        {} × {} pixels, {}; {} × {} chips of {}",
            grid["width"],
            grid["height"],
            word(&grid["crs"]).lines().next().unwrap_or_default(),
            word(&chips["columns"]),
            word(&chips["rows"]),
            word(&chips["size"]),
        ));
    }
    let stats = &doc["stats"];
    lines.push(format!(
        "stats       {}",
        if stats["rule"].is_null() {
            word(&stats["error"])
        } else {
            word(&stats["rule"])
        }
    ));
    let warnings = doc["contradictions"]
        .as_array()
        .into_iter()
        .chain(stats["warnings"].as_array())
        .flatten();
    lines.extend(warnings.map(|w| format!("warning     {}", word(w))));
    for asset in doc["assets"].as_array().into_iter().flatten() {
        let mark = if asset["read_by_default"] == Value::Bool(true) {
            "asset"
        } else {
            "(asset)"
        };
        lines.push(format!(
            "{mark:<11} {:<16} {}",
            word(&asset["key"]),
            word(&asset["href"])
        ));
    }
    lines.join("\n")
}
