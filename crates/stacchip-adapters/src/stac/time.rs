//! Moments.

use jiff::{Timestamp, civil, tz::TimeZone};
use stacchip_model::SceneTime;

use super::{StacError, fields::Fields};

/// `datetime`, `start_datetime` and `end_datetime` of an item's properties.
pub(super) fn scene_time(properties: &Fields<'_>) -> Result<SceneTime, StacError> {
    let moment = |key: &str| -> Result<Option<Timestamp>, StacError> {
        let Some(text) = properties.text(key)? else {
            return Ok(None);
        };
        match parse(text) {
            Some(moment) => Ok(Some(moment)),
            None => {
                Err(properties.wrong(key, "a moment such as 2024-05-01T10:20:30Z", &text.into()))
            }
        }
    };
    Ok(SceneTime {
        datetime: moment("datetime")?,
        start: moment("start_datetime")?,
        end: moment("end_datetime")?,
    })
}

/// RFC 3339 with any offset. Found in the wild and read as UTC: no offset at all, and a mere day,
/// which is its first moment.
fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let naive = text
        .parse::<civil::DateTime>()
        .ok()
        .filter(|_| !text.contains(['[', 'Z', 'z']))?;
    Some(naive.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_moment() {
        let noon: Timestamp = "2024-05-01T12:00:00Z".parse().unwrap();
        for text in [
            "2024-05-01T12:00:00Z",
            "2024-05-01t12:00:00z",
            "2024-05-01T12:00:00.000000Z",
            "2024-05-01 12:00:00+00:00",
            "2024-05-01T14:00:00+02:00",
            "2024-05-01T00:30:00-11:30",
            "2024-05-01T12:00:00",
        ] {
            assert_eq!(parse(text), Some(noon), "{text}");
        }
        assert_eq!(parse("2024-05-01"), "2024-05-01T00:00:00Z".parse().ok());
        for text in [
            "",
            "yesterday",
            "2024-13-01T00:00:00Z",
            "2024-05-01T25:00:00Z",
            "1714564800",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
