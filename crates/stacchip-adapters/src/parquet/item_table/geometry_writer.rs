//! `GeoJSON` geometries → well-known binary.

use serde_json::{Map, Value};

use super::geometry::{COLLECTION, DEEPEST, KINDS, LITTLE};

/// Appends the `GeoJSON` geometry as well-known binary, little-endian, heights as ISO has them. Other members than
/// its kind and coordinates are left out.
///
/// # Errors
/// Why it is no geometry, or one that well-known binary cannot hold.
pub(super) fn write(geometry: &Value, out: &mut Vec<u8>) -> Result<(), String> {
    let mut lengths = None;
    length_of_positions(geometry, 0, &mut lengths)?;
    write_part(geometry, lengths == Some(3), out)
}

/// The parts of a collection, or else coordinates and how deep lists lie in them.
type Content<'a> = Result<&'a Vec<Value>, (&'a Value, u8)>;

/// The parts of a collection, and else the coordinates and how deep lists lie in them.
fn parts(geometry: &Value) -> Result<(u32, Content<'_>), String> {
    let wrong = || format!("{} is no GeoJSON geometry", short(geometry));
    let members: &Map<String, Value> = geometry.as_object().ok_or_else(wrong)?;
    let name = members.get("type").and_then(Value::as_str);
    let name = name.ok_or_else(wrong)?;
    if name == "GeometryCollection" {
        let parts = members.get("geometries").and_then(Value::as_array);
        return Ok((COLLECTION, Ok(parts.ok_or_else(wrong)?)));
    }
    let kind = (1u32..).zip(KINDS.iter().skip(1));
    let (kind, depth) = kind
        .filter(|(_, (known, _))| *known == name)
        .map(|(kind, (_, depth))| (kind, *depth))
        .next()
        .ok_or_else(wrong)?;
    let coordinates = members.get("coordinates").ok_or_else(wrong)?;
    Ok((kind, Err((coordinates, depth))))
}

fn length_of_positions(
    geometry: &Value,
    depth: u8,
    found: &mut Option<usize>,
) -> Result<(), String> {
    fn of_list(list: &Value, depth: u8, found: &mut Option<usize>) -> Result<(), String> {
        let items = list
            .as_array()
            .ok_or_else(|| format!("{} is no list of coordinates", short(list)))?;
        if depth > 0 {
            return items.iter().try_for_each(|l| of_list(l, depth - 1, found));
        }
        match (items.len(), *found) {
            // An empty point.
            (0, _) => Ok(()),
            (2 | 3, None) => {
                *found = Some(items.len());
                Ok(())
            }
            (length, Some(other)) if length == other => Ok(()),
            (2 | 3, Some(_)) => {
                Err("some of its positions have a height, some have not".to_owned())
            }
            (other, _) => Err(format!("a position of {other} numbers")),
        }
    }
    if depth > DEEPEST {
        return Err("its collections are too deep".to_owned());
    }
    match parts(geometry)?.1 {
        Ok(parts) => parts
            .iter()
            .try_for_each(|p| length_of_positions(p, depth + 1, found)),
        Err((coordinates, depth)) => of_list(coordinates, depth, found),
    }
}

fn write_part(geometry: &Value, height: bool, out: &mut Vec<u8>) -> Result<(), String> {
    let (kind, content) = parts(geometry)?;
    head(kind, height, out);
    match content {
        Ok(parts) => {
            count(parts.len(), out)?;
            parts.iter().try_for_each(|p| write_part(p, height, out))
        }
        Err((coordinates, _)) => write_coordinates(coordinates, kind, height, out),
    }
}

fn write_coordinates(
    coordinates: &Value,
    kind: u32,
    height: bool,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let list = coordinates.as_array().map_or(&[][..], Vec::as_slice);
    match kind {
        1 => write_position(list, height, out),
        2 => {
            count(list.len(), out)?;
            list.iter().try_for_each(|p| {
                let position = p.as_array().map_or(&[][..], Vec::as_slice);
                if position.is_empty() {
                    return Err("a position without numbers".to_owned());
                }
                write_position(position, height, out)
            })
        }
        3 => {
            count(list.len(), out)?;
            list.iter()
                .try_for_each(|ring| write_coordinates(ring, 2, height, out))
        }
        many => {
            count(list.len(), out)?;
            list.iter().try_for_each(|part| {
                head(many - 3, height, out);
                write_coordinates(part, many - 3, height, out)
            })
        }
    }
}

fn write_position(position: &[Value], height: bool, out: &mut Vec<u8>) -> Result<(), String> {
    for i in 0..2 + usize::from(height) {
        let number = match position.get(i) {
            Some(number) => number
                .as_f64()
                .ok_or_else(|| format!("{} in place of a coordinate", short(number)))?,
            None => f64::NAN,
        };
        out.extend_from_slice(&number.to_le_bytes());
    }
    Ok(())
}

fn head(kind: u32, height: bool, out: &mut Vec<u8>) {
    out.push(LITTLE);
    out.extend_from_slice(&(kind + 1000 * u32::from(height)).to_le_bytes());
}

fn count(n: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let n = u32::try_from(n).map_err(|_| format!("{n} parts of a geometry"))?;
    out.extend_from_slice(&n.to_le_bytes());
    Ok(())
}

/// The beginning of a value.
pub(super) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_well_known_binary_cannot_hold_is_refused() {
        for (geometry, words) in [
            (
                json!({ "type": "LineString", "coordinates": [[0, 1], [0, 1, 2]] }),
                "height",
            ),
            (
                json!({ "type": "Point", "coordinates": [0, 1, 2, 3] }),
                "4 numbers",
            ),
            (json!({ "type": "Point", "coordinates": [0, "x"] }), "\"x\""),
            (
                json!({ "type": "LineString", "coordinates": [[]] }),
                "without numbers",
            ),
            (
                json!({ "type": "Polygon", "coordinates": [[0, 1]] }),
                "no list",
            ),
            (json!({ "type": "Circle", "coordinates": [] }), "no GeoJSON"),
            (json!([]), "no GeoJSON"),
        ] {
            let error = write(&geometry, &mut Vec::new()).unwrap_err();
            assert!(error.contains(words), "{geometry}: {error}");
        }
    }
}
