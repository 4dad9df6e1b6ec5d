//! Coordinate reference systems as data.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// A code in an authority's register, such as `EPSG:32620`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AuthorityCode {
    /// The register, upper case: `EPSG`, `OGC`, `ESRI`, `IAU_2015`.
    pub authority: String,
    /// The entry in it.
    pub code: String,
}

impl AuthorityCode {
    /// The code `code` in the register of `authority`.
    pub fn new(authority: impl Into<String>, code: impl Into<String>) -> Self {
        Self {
            authority: authority.into().to_ascii_uppercase(),
            code: code.into(),
        }
    }
}

impl fmt::Display for AuthorityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.authority, self.code)
    }
}

/// A coordinate reference system: a code, or a definition that may know its code.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Crs {
    /// An entry of a register.
    Code(AuthorityCode),
    /// Well-known text, version 1 or 2.
    Wkt {
        /// The text.
        text: String,
        /// The code that the text gives for the whole of it.
        code: Option<AuthorityCode>,
    },
    /// PROJJSON.
    Projjson {
        /// The JSON text.
        text: String,
        /// The code in its top-level `id`.
        code: Option<AuthorityCode>,
    },
}

impl Crs {
    /// An entry of the EPSG register.
    pub fn epsg(code: u32) -> Self {
        Self::Code(AuthorityCode::new("EPSG", code.to_string()))
    }

    /// Longitude and latitude on WGS 84, as `OGC:CRS84`.
    pub fn wgs84() -> Self {
        Self::Code(AuthorityCode::new("OGC", "CRS84"))
    }

    /// A definition in well-known text; its own top-level identifier becomes its code.
    pub fn wkt(text: impl Into<String>) -> Self {
        let text = text.into();
        let code = wkt_identifier(&text);
        Self::Wkt { text, code }
    }

    /// A definition in PROJJSON with the code of its top-level `id`, where it has one.
    pub fn projjson(text: impl Into<String>, code: Option<AuthorityCode>) -> Self {
        Self::Projjson {
            text: text.into(),
            code,
        }
    }

    /// Its code, where known.
    pub fn code(&self) -> Option<&AuthorityCode> {
        match self {
            Self::Code(code) => Some(code),
            Self::Wkt { code, .. } | Self::Projjson { code, .. } => code.as_ref(),
        }
    }

    /// What a library of geodesy takes: the code if that is all there is, else the definition.
    pub fn definition(&self) -> String {
        match self {
            Self::Code(code) => code.to_string(),
            Self::Wkt { text, .. } | Self::Projjson { text, .. } => text.clone(),
        }
    }

    /// Whether it is certain, from codes or text alone, that both are the same (`true`) or not
    /// (`false`); nothing where only a library of geodesy could tell.
    pub fn matches(&self, other: &Self) -> Option<bool> {
        match (self.code(), other.code()) {
            (Some(a), Some(b)) if a == b => Some(true),
            (Some(a), Some(b)) if a.authority == b.authority => Some(false),
            _ if self == other => Some(true),
            _ => None,
        }
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code() {
            Some(code) => code.fmt(f),
            None => f.write_str(&self.definition()),
        }
    }
}

/// Reads `AUTHORITY:CODE`, `urn:ogc:def:crs:AUTHORITY::CODE`, an OGC CRS address, or WKT.
impl FromStr for Crs {
    type Err = ParseCrsError;

    fn from_str(text: &str) -> Result<Self, ParseCrsError> {
        let text = text.trim();
        let unknown = || ParseCrsError {
            text: text.chars().take(80).collect(),
        };
        if text.contains('[') {
            return Ok(Self::wkt(text));
        }
        let lower = text.to_ascii_lowercase();
        let (authority, code) = if lower.starts_with("urn:ogc:def:crs:") {
            let mut parts = text.split(':').skip(4);
            let authority = parts.next();
            (authority, parts.nth(1))
        } else if lower.starts_with("http") && lower.contains("/def/crs/") {
            let at = lower.find("/def/crs/").map_or(0, |i| i + 9);
            let mut parts = text.get(at..).unwrap_or_default().split('/');
            let authority = parts.next();
            (authority, parts.nth(1))
        } else {
            let mut parts = text.splitn(2, ':');
            (parts.next(), parts.next())
        };
        let part = |p: Option<&str>| {
            p.map(str::trim)
                .filter(|p| {
                    !p.is_empty()
                        && p.chars()
                            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
                })
                .map(str::to_owned)
                .ok_or_else(unknown)
        };
        Ok(Self::Code(AuthorityCode::new(
            part(authority)?,
            part(code)?,
        )))
    }
}

/// A text that names no coordinate reference system.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no coordinate reference system: give a code like EPSG:32620, or WKT")]
pub struct ParseCrsError {
    /// The beginning of the text.
    pub text: String,
}

/// The identifier that closes the outermost element of a WKT text: `ID["EPSG",32620]` or
/// `AUTHORITY["EPSG","32620"]` at depth one (ISO 19162:2019, 7.3.4).
fn wkt_identifier(text: &str) -> Option<AuthorityCode> {
    let mut depth = 0usize;
    let mut quoted = false;
    let mut word_start = 0usize;
    let mut found = None;
    for (i, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '[' | '(' => {
                let word = text
                    .get(word_start..i)
                    .unwrap_or_default()
                    .trim()
                    .to_ascii_uppercase();
                if depth == 1 && (word == "ID" || word == "AUTHORITY") {
                    found = identifier_parts(text.get(i + 1..).unwrap_or_default());
                }
                depth += 1;
                word_start = i + 1;
            }
            ']' | ')' => {
                depth = depth.saturating_sub(1);
                word_start = i + 1;
            }
            ',' => word_start = i + 1,
            _ => {}
        }
    }
    found
}

fn identifier_parts(rest: &str) -> Option<AuthorityCode> {
    let inside = rest.get(..rest.find([']', ')'])?)?;
    let mut parts = inside.split(',').map(|p| p.trim().trim_matches('"'));
    let (authority, code) = (parts.next()?, parts.next()?);
    (!authority.is_empty() && !code.is_empty()).then(|| AuthorityCode::new(authority, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_every_spelling() {
        for text in [
            "EPSG:32620",
            "epsg:32620",
            "urn:ogc:def:crs:EPSG::32620",
            "urn:ogc:def:crs:EPSG:10.1:32620",
            "http://www.opengis.net/def/crs/EPSG/0/32620",
        ] {
            assert_eq!(text.parse(), Ok(Crs::epsg(32620)), "{text}");
        }
        for text in ["", "32620", "EPSG:", ":5", "EPSG:32 620", "nonsense"] {
            assert!(text.parse::<Crs>().is_err(), "{text}");
        }
    }

    #[test]
    fn wkt_knows_its_own_identifier_only() {
        let inner = r#"PROJCRS["x",BASEGEOGCRS["WGS 84",ID["EPSG",4326]],CS[Cartesian,2]]"#;
        assert_eq!(Crs::wkt(inner).code(), None);
        let outer = r#"PROJCRS["x [odd]",BASEGEOGCRS["WGS 84",ID["EPSG",4326]],ID["EPSG",32620]]"#;
        assert_eq!(Crs::wkt(outer).code(), Crs::epsg(32620).code());
        let one = r#"PROJCS["x",GEOGCS["y",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32620"]]"#;
        assert_eq!(Crs::wkt(one).matches(&Crs::epsg(32620)), Some(true));
        assert_eq!(Crs::wkt(one).matches(&Crs::epsg(32621)), Some(false));
        assert_eq!(Crs::wkt(inner).matches(&Crs::epsg(32621)), None);
    }
}
