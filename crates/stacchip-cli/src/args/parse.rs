//! Values that people type.

pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number
        .parse()
        .map_err(|_| format!("`{text}` is no size: give one like 512MiB"))?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "kb" => 1e3,
        "m" | "mib" => 1024.0 * 1024.0,
        "mb" => 1e6,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "gb" => 1e9,
        other => {
            return Err(format!(
                "`{other}` is no unit of size: give KiB, MiB or GiB"
            ));
        }
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float beyond u64 saturates, and the text has no sign"
    )]
    let bytes = (number * factor) as u64;
    Ok(bytes)
}

pub(super) fn parse_pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("`{text}` is no setting: give KEY=VALUE"))
}

fn parse_numbers<T: std::str::FromStr, const N: usize>(
    text: &str,
    separators: &[char],
    form: &str,
) -> Result<[T; N], String> {
    let parts: Vec<T> = text
        .split(separators)
        .map(|part| part.trim().parse().ok())
        .collect::<Option<_>>()
        .ok_or_else(|| format!("`{text}` is not of the form {form}"))?;
    parts
        .try_into()
        .map_err(|_| format!("`{text}` is not of the form {form}"))
}

pub(super) fn parse_shape(text: &str) -> Result<(u32, u32), String> {
    let [height, width] = parse_numbers(text, &[','], "H,W")?;
    if height == 0 || width == 0 {
        return Err(format!("`{text}` holds no pixel"));
    }
    Ok((height, width))
}

pub(super) fn parse_dimensions(text: &str) -> Result<(u32, u32), String> {
    let [width, height] = parse_numbers(text, &['x', 'X'], "WxH")?;
    if height == 0 || width == 0 {
        return Err(format!("`{text}` holds no pixel"));
    }
    Ok((width, height))
}

pub(super) fn parse_window(text: &str) -> Result<(i64, i64, u32, u32), String> {
    let form = "COL,ROW,WIDTH,HEIGHT";
    let [col, row, width, height] = parse_numbers::<i64, 4>(text, &[','], form)?;
    let edge = |v: i64| {
        u32::try_from(v)
            .ok()
            .filter(|&v| v > 0)
            .ok_or_else(|| format!("`{text}`: width and height are at least 1"))
    };
    Ok((col, row, edge(width)?, edge(height)?))
}

pub(super) fn parse_fraction(text: &str) -> Result<f64, String> {
    let number = text.trim().parse().ok();
    number
        .filter(|n| (0.0..=1.0).contains(n))
        .ok_or_else(|| format!("`{text}` is no fraction: give a number from 0 to 1"))
}

pub(super) fn parse_range(text: &str) -> Result<(f64, f64), String> {
    let [low, high] = parse_numbers::<f64, 2>(text, &[','], "MIN,MAX")?;
    if low.is_finite() && high.is_finite() && low < high {
        Ok((low, high))
    } else {
        Err(format!("`{text}` is no range: give MIN,MAX"))
    }
}

pub(super) fn parse_bbox(text: &str) -> Result<[f64; 4], String> {
    let bbox = parse_numbers::<f64, 4>(text, &[','], "W,S,E,N")?;
    if bbox.iter().all(|v| v.is_finite()) && bbox[1] <= bbox[3] {
        Ok(bbox)
    } else {
        Err(format!(
            "`{text}` is no box: give west,south,east,north in degrees"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_form() {
        assert_eq!(parse_size("512MiB"), Ok(512 << 20));
        assert_eq!(parse_size("1.5k"), Ok(1536));
        assert!(parse_size("much").is_err());
        assert_eq!(parse_window("-5,0,3,4"), Ok((-5, 0, 3, 4)));
        assert!(parse_window("0,0,0,4").is_err());
        assert_eq!(parse_shape("20,10"), Ok((20, 10)));
        assert_eq!(parse_dimensions("20x10"), Ok((20, 10)));
        assert!(parse_bbox("0,2,1,1").is_err());
        assert!(parse_pair("=x").is_err());
    }
}
