//! Tokens for containers of Azure, as the Planetary Computer gives them to everybody.
//!
//! `GET {endpoint}/{account}/{container}` answers `{"msft:expiry": "…Z", "token": "st=…&sig=…"}`; the
//! token is the query of every address in the container
//! (<https://planetarycomputer.microsoft.com/docs/concepts/sas/>).

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use stacchip::address::{Address, for_people};
use stacchip_cog::{ReadError, ReadErrorKind};

use super::{
    answers::Answers,
    attempt::{Again, Miss},
    settings::Settings,
    wire::Wire,
};

/// The tokens of one run. Whoever needs one that another is just fetching waits for it.
pub(super) struct SasTokens {
    wire: Wire,
    endpoint: String,
    key: Option<String>,
    kept: Answers<Known>,
}

#[derive(Clone)]
enum Known {
    Token {
        token: String,
        expires: SystemTime,
    },
    /// Nobody gives any for this container.
    Unknown,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a token")
    }
}

impl fmt::Debug for SasTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SasTokens").finish_non_exhaustive()
    }
}

impl SasTokens {
    pub(super) fn new(settings: &Settings, wire: Wire) -> Self {
        let endpoint = Self::endpoint(settings);
        Self {
            wire,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            key: settings.value(&["pc_sdk_subscription_key"]),
            kept: Answers::default(),
        }
    }

    /// The address of the service.
    pub(super) fn endpoint(settings: &Settings) -> String {
        let given = settings.value(&["pc_sdk_sas_url"]);
        given.unwrap_or_else(|| ENDPOINT.to_owned())
    }

    /// A token for the container of `address` that is good for a while, other than `stale`.
    pub(super) async fn token(
        &self,
        address: &Address,
        stale: Option<&str>,
    ) -> Result<String, Miss> {
        let Address::Azure {
            account: Some(account),
            container,
            ..
        } = address
        else {
            return Err(none(&self.endpoint));
        };
        let place = format!("{}/{account}/{container}", self.endpoint);
        let good = |known: &Known| match known {
            Known::Token { token, expires } => {
                *expires > SystemTime::now() + MARGIN && stale != Some(token.as_str())
            }
            Known::Unknown => true,
        };
        match self.kept.answer(&place, good, self.ask(&place)).await? {
            Known::Token { token, .. } => Ok(token),
            Known::Unknown => Err(none(&place)),
        }
    }

    async fn ask(&self, place: &str) -> Result<Known, Miss> {
        let error = |kind| ReadError::new(kind, for_people(place));
        let url = reqwest::Url::parse(place)
            .map_err(|e| Miss::new(error(ReadErrorKind::Unsupported).because(e), Again::Never))?;
        let mut request = self.wire.get(url);
        if let Some(key) = &self.key {
            request = request.header("Ocp-Apim-Subscription-Key", key);
        }
        let passing = |what: String| {
            let again = Again::Few;
            Miss::new(error(ReadErrorKind::Transient).because(what), again)
        };
        let request = request
            .build()
            .map_err(|e| passing(e.without_url().to_string()))?;
        let response = self.wire.send(request).await;
        let response =
            response.map_err(|_| passing("the service of tokens does not answer".into()))?;
        if !response.status().is_success() {
            let refusal = self.wire.refusal(response).await;
            return match refusal.status.as_u16() {
                400 | 404 => Ok(Known::Unknown),
                // It may deny more tokens, or itself not be found: that is not said of objects.
                _ => {
                    let kind = match refusal.kind() {
                        ReadErrorKind::Transient => ReadErrorKind::Transient,
                        _ => ReadErrorKind::Other,
                    };
                    let error = error(kind).because(refusal.words());
                    Err(Miss::new(error, refusal.again()).with_wait(refusal.wait))
                }
            };
        }
        let (body, _) = self
            .wire
            .body(response.bytes_stream(), TOKEN_BYTES)
            .await
            .map_err(|_| passing("the token was cut short".into()))?;
        parsed(&body).ok_or_else(|| {
            let error = error(ReadErrorKind::Other).because("the answer holds no token");
            Miss::new(error, Again::Never)
        })
    }
}

fn none(place: &str) -> Miss {
    let error = ReadError::new(ReadErrorKind::Denied, for_people(place));
    Miss::new(
        error.because("no token is given for this container"),
        Again::Never,
    )
}

/// The token in an answer. Its two fields are plain text: a library of JSON would be all that this
/// needs of one.
fn parsed(body: &[u8]) -> Option<Known> {
    let text = std::str::from_utf8(body).ok()?;
    let field = |name: &str| {
        let (_, rest) = text.split_once(&format!("\"{name}\""))?;
        let rest = rest.trim_start().strip_prefix(':')?.trim_start();
        let (value, _) = rest.strip_prefix('"')?.split_once('"')?;
        Some(value.replace("\\u0026", "&").replace("\\/", "/"))
    };
    let token = field("token")?;
    let expires: jiff::Timestamp = field("msft:expiry")?.parse().ok()?;
    let token = token.trim_start_matches('?').to_owned();
    (!token.is_empty()).then(|| Known::Token {
        token,
        expires: expires.into(),
    })
}

/// The Planetary Computer's.
const ENDPOINT: &str = "https://planetarycomputer.microsoft.com/api/sas/v1/token";
/// A token this near to its end is renewed: a request may be under way for a while.
const MARGIN: Duration = Duration::from_mins(2);
/// Most bytes of an answer.
const TOKEN_BYTES: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read() {
        let body = br#"{"msft:expiry":"2030-01-02T03:04:05Z", "token" : "st=1\u0026sig=a%2Bb\/c"}"#;
        let Some(Known::Token { token, expires }) = parsed(body) else {
            panic!("no token");
        };
        assert_eq!(token, "st=1&sig=a%2Bb/c");
        let expires: jiff::Timestamp = expires.try_into().unwrap();
        assert_eq!(expires.to_string(), "2030-01-02T03:04:05Z");
        for body in [
            "",
            "{}",
            r#"{"token":"","msft:expiry":"2030-01-02T03:04:05Z"}"#,
        ] {
            assert!(parsed(body.as_bytes()).is_none());
        }
    }
}
