//! Writes a small index of made-up chips, one across the antimeridian: `write_index OUT.parquet`.
//! `scripts/golden/check_index.py` reads it with other people's programs.

use std::{env, error::Error, sync::Arc};

use stacchip_adapters::parquet::{IndexFile, ItemLine, items_address};
use stacchip_index::{ChipRow, SceneColumns};
use stacchip_model::{Fraction, MultiPolygon, Polygon, Quality, Window};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("give the path of the index")?;
    let items = items_address(&path);
    let scene = Arc::new(SceneColumns {
        item_id: "scene".to_owned(),
        item_href: Some("https://example.org/scene.json".to_owned()),
        collection: Some("made-up".to_owned()),
        platform: Some("made-up".to_owned()),
        spacecraft: None,
        datetime: "2024-05-01T10:20:30.123456Z".parse()?,
        start_datetime: None,
        end_datetime: None,
        crs: "EPSG:32601".to_owned(),
        chip_size: 256,
        stride: 256,
    });
    let mut rows = Vec::new();
    for y in 0..200u16 {
        for x in 0..360u16 {
            let (west, south) = (f64::from(x) - 179.5, f64::from(y) * 0.5 - 50.0);
            let footprint = if x == 359 {
                let polygons = vec![cell(179.5, south, 180.0), cell(-180.0, south, -179.5)];
                MultiPolygon { polygons }
            } else {
                cell(west, south, west + 1.0).into()
            };
            rows.push(ChipRow {
                chipid: format!("scene-{x}-{y}"),
                scene: Arc::clone(&scene),
                x,
                y,
                window: Window::new(i64::from(x) * 256, i64::from(y) * 256, 256, 256),
                quality: Quality {
                    cloud: Fraction::new(f64::from(x) / 359.0)?,
                    nodata: Fraction::new(f64::from(y) / 199.0)?,
                },
                footprint,
            });
        }
    }
    let mut file = IndexFile::create(&path, Some(items.as_ref()), true)?;
    file.write_item(&ItemLine {
        href: scene.item_href.clone(),
        item: r#"{"type":"Feature","id":"scene"}"#.to_owned(),
    })?;
    file.write_rows(&rows)?;
    Ok(file.close()?)
}

fn cell(west: f64, south: f64, east: f64) -> Polygon {
    let north = south + 0.5;
    Polygon {
        rings: vec![vec![
            [east, north],
            [east, south],
            [west, south],
            [west, north],
            [east, north],
        ]],
    }
}
