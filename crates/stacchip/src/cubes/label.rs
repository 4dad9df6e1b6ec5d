//! What a chip in a cube is told by, and when and where it was seen.

use std::{fmt::Write as _, sync::Arc};

use jiff::tz::TimeZone;
use stacchip_index::{ChipRow, SceneColumns};
use stacchip_model::{MultiPolygon, Quality, Window};

/// What is known of a chip beside its pixels: its row, without the outline.
#[derive(Debug, Clone, PartialEq)]
pub struct ChipLabel {
    /// The number of its row in the index, from 0.
    pub row: u64,
    /// What it shares with the chips of its item.
    pub scene: Arc<SceneColumns>,
    /// Column in the grid of chips.
    pub x: u16,
    /// Row in the grid of chips.
    pub y: u16,
    /// Its pixels in the item's grid.
    pub window: Window,
    /// How clouded and empty it is.
    pub quality: Quality,
    /// The longitude of the centre of the box around its outline, in degrees; beyond 180 where the box
    /// crosses the antimeridian.
    pub lon: f64,
    /// The latitude of that centre, in degrees.
    pub lat: f64,
}

impl ChipLabel {
    /// Of the chip of `row`, which has that number in the index.
    pub fn of(number: u64, row: &ChipRow) -> Self {
        let (lon, lat) = centre(&row.footprint);
        Self {
            row: number,
            scene: Arc::clone(&row.scene),
            x: row.x,
            y: row.y,
            window: row.window,
            quality: row.quality,
            lon,
            lat,
        }
    }

    /// `{item id}-{x}-{y}`.
    pub fn chipid(&self) -> String {
        format!("{}-{}-{}", self.scene.item_id, self.x, self.y)
    }

    /// Its id as the name of a file: what some system does not take in a name is written as `%` and two
    /// digits.
    pub fn file_name(&self) -> String {
        let mut name = String::new();
        for byte in self.chipid().bytes() {
            let plain = byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            // A name does not begin with a dot.
            if plain && !(name.is_empty() && byte == b'.') {
                name.push(char::from(byte));
            } else {
                let _ = write!(name, "%{byte:02X}");
            }
        }
        name
    }

    /// Sine and cosine of the longitude.
    pub fn lon_norm(&self) -> [f32; 2] {
        norm(self.lon * std::f64::consts::PI / 180.0)
    }

    /// Sine and cosine of the latitude.
    pub fn lat_norm(&self) -> [f32; 2] {
        norm(self.lat * std::f64::consts::PI / 180.0)
    }

    /// Sine and cosine of the week of the year (ISO 8601, of 52).
    pub fn week_norm(&self) -> [f32; 2] {
        let week = self.scene.date().iso_week_date().week();
        norm(f64::from(week) * 2.0 * std::f64::consts::PI / 52.0)
    }

    /// Sine and cosine of the hour of the day, in UTC; of noon where `at_noon`, as upstream, which knows
    /// the day only.
    pub fn hour_norm(&self, at_noon: bool) -> [f32; 2] {
        let hour = self.scene.datetime.to_zoned(TimeZone::UTC).hour();
        let hour = if at_noon { 12 } else { hour };
        norm(f64::from(hour) * 2.0 * std::f64::consts::PI / 24.0)
    }
}

fn norm(angle: f64) -> [f32; 2] {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the nearest float is meant"
    )]
    [angle.sin() as f32, angle.cos() as f32]
}

/// The centre of the box around an outline; halves on both sides of the antimeridian are one.
fn centre(outline: &MultiPolygon) -> (f64, f64) {
    let Some(all) = outline.bounds() else {
        return (f64::NAN, f64::NAN);
    };
    let lat = all.ymin + (all.ymax - all.ymin) / 2.0;
    if all.xmax - all.xmin <= 180.0 || outline.polygons.len() < 2 {
        return (all.xmin + (all.xmax - all.xmin) / 2.0, lat);
    }
    let (mut west, mut east) = (f64::INFINITY, f64::NEG_INFINITY);
    for polygon in &outline.polygons {
        for [x, _] in polygon.rings.iter().flatten() {
            let x = if *x < 0.0 { x + 360.0 } else { *x };
            (west, east) = (west.min(x), east.max(x));
        }
    }
    (west + (east - west) / 2.0, lat)
}

#[cfg(test)]
mod tests {
    use stacchip_model::Polygon;

    use super::*;

    fn square(west: f64, east: f64) -> Polygon {
        Polygon {
            rings: vec![vec![
                [east, 2.0],
                [east, 1.0],
                [west, 1.0],
                [west, 2.0],
                [east, 2.0],
            ]],
        }
    }

    #[test]
    fn halves_at_the_antimeridian_are_one_box() {
        let whole = MultiPolygon::from(square(10.0, 11.0));
        assert_eq!(centre(&whole), (10.5, 1.5));
        let cut = MultiPolygon {
            polygons: vec![square(179.0, 180.0), square(-180.0, -178.0)],
        };
        assert_eq!(centre(&cut), (180.5, 1.5));
        assert!(centre(&MultiPolygon::default()).0.is_nan());
    }

    #[test]
    fn each_name_holds_what_it_says() {
        let scene = SceneColumns {
            item_id: "a".to_owned(),
            item_href: None,
            collection: None,
            platform: None,
            spacecraft: None,
            datetime: "2024-03-11T14:06:36Z".parse().unwrap(),
            start_datetime: None,
            end_datetime: None,
            crs: "EPSG:4326".to_owned(),
            chip_size: 256,
            stride: 256,
        };
        let label = ChipLabel {
            row: 0,
            scene: Arc::new(scene),
            x: 1,
            y: 2,
            window: Window::new(256, 512, 256, 256),
            quality: Quality::default(),
            lon: 90.0,
            lat: -30.0,
        };
        assert_eq!(label.chipid(), "a-1-2");
        let mut odd = label.clone();
        Arc::make_mut(&mut odd.scene).item_id = "../é b".to_owned();
        assert_eq!(odd.file_name(), "%2E.%2F%C3%A9%20b-1-2");
        let near = |a: [f32; 2], b: [f32; 2]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(near(label.lon_norm(), [1.0, 0.0]));
        assert!(near(label.lat_norm(), [-0.5, 0.866_025_4]));
        // Week 11 of 52, 14 hours of 24.
        assert!(near(label.week_norm(), [0.970_941_8, 0.239_315_66]));
        assert!(near(label.hour_norm(false), [-0.5, -0.866_025_4]));
        assert!(near(label.hour_norm(true), [0.0, -1.0]));
    }
}
