//! What a server means when it says no.

use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{CONTENT_RANGE, HeaderMap, RETRY_AFTER},
};
use stacchip_cog::ReadErrorKind;

use super::attempt::Again;

/// An answer that is none: what a server says in place of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The store's word for it, such as `NoSuchBucket`.
    pub(super) code: Option<String>,
    /// What it says beside.
    message: Option<String>,
    /// How long it asks to be left alone.
    pub(super) wait: Option<Duration>,
    /// How long the object is, where it was asked for bytes behind its end.
    pub(super) size: Option<u64>,
}

impl Refusal {
    /// The refusal in an answer's head and the beginning of its body.
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(body);
        let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let code = element(&body, "Code").or_else(|| header("x-ms-error-code"));
        let message =
            element(&body, "AuthenticationErrorDetail").or_else(|| element(&body, "Message"));
        Self {
            status,
            code: code.filter(|c| c.chars().all(|c| c.is_ascii_alphanumeric())),
            message,
            size: header(CONTENT_RANGE.as_str())
                .and_then(|text| text.trim().strip_prefix("bytes */")?.trim().parse().ok())
                .or_else(|| element(&body, "ActualObjectSize")?.parse().ok()),
            wait: header(RETRY_AFTER.as_str()).and_then(|text| wait(&text)),
        }
    }

    /// What kind of failure it is.
    pub(super) fn kind(&self) -> ReadErrorKind {
        match (self.code.as_deref(), self.status.as_u16()) {
            (
                Some(
                    "ExpiredToken"
                    | "InvalidToken"
                    | "TokenRefreshRequired"
                    | "PublicAccessNotPermitted"
                    | "InvalidObjectState"
                    | "UserProjectMissing",
                ),
                _,
            )
            | (_, 401 | 403 | 407) => ReadErrorKind::Denied,
            (Some("RequestTimeout"), _) | (_, 408 | 425 | 429 | 500..=599) => {
                ReadErrorKind::Transient
            }
            (_, 404 | 410) => ReadErrorKind::NotFound,
            (_, 412) => ReadErrorKind::Changed,
            (_, 416) => ReadErrorKind::Range,
            _ => ReadErrorKind::Other,
        }
    }

    /// Whether trying again may help.
    pub(super) fn again(&self) -> Again {
        // Not implemented, version not supported, network authentication required.
        let settled = matches!(self.status.as_u16(), 501 | 505 | 511);
        if self.kind() == ReadErrorKind::Transient && !settled {
            Again::Yes
        } else {
            Again::Never
        }
    }

    /// What it means, in one line.
    pub(super) fn words(&self) -> String {
        let said = match &self.code {
            Some(code) => format!("{} {code}", self.status.as_u16()),
            None => self.status.to_string(),
        };
        match self.advice() {
            Some(advice) => format!("{advice} ({said})"),
            None => format!("the server says {said}"),
        }
    }

    fn advice(&self) -> Option<&'static str> {
        let message = self.message.as_deref().unwrap_or_default();
        let expired = message.contains("expired") || message.contains("not valid in the specified");
        Some(match self.code.as_deref()? {
            "InvalidAccessKeyId" => {
                "the store does not know the access key: check AWS_ACCESS_KEY_ID"
            }
            "SignatureDoesNotMatch" => {
                "the secret key does not fit the access key: check AWS_SECRET_ACCESS_KEY"
            }
            "ExpiredToken" | "TokenRefreshRequired" => {
                "the session token has expired: get new credentials"
            }
            "InvalidToken" => "the session token is none: get new credentials",
            "RequestTimeTooSkewed" => "the clock of this machine is wrong",
            "NoSuchBucket" => "there is no such bucket",
            "ContainerNotFound" => "there is no such container",
            "AuthorizationHeaderMalformed" | "PermanentRedirect" => {
                "the bucket is in another region: set AWS_REGION"
            }
            "InvalidObjectState" => "it is archived, and must be restored before it can be read",
            "UserProjectMissing" => "its readers pay for requests, which is not supported here",
            "AccessDenied" | "AuthenticationFailed" if expired => {
                "the signature has expired: get a new address"
            }
            "AuthenticationFailed" | "AuthorizationFailure" => {
                "the key or the signature is wrong, or does not allow it"
            }
            "PublicAccessNotPermitted" | "NoAuthenticationInformation" => {
                "it cannot be read without credentials"
            }
            _ => return None,
        })
    }

    /// Whether its own words say what to do.
    pub(super) fn is_explained(&self) -> bool {
        self.advice().is_some()
    }

    /// Whether credentials may be what is missing: some stores deny that there is what they do not
    /// show.
    pub(super) fn may_want_credentials(&self) -> bool {
        // Who is told that there is no such object was shown the bucket.
        let missing = matches!(self.code.as_deref(), Some("BlobNotFound" | "NoSuchKey"));
        matches!(self.status.as_u16(), 401 | 403 | 404 | 409) && !missing && !self.is_expired()
    }

    /// Whether the store says the same of what is not there: S3, and Google's store, deny whom they do
    /// not let list the bucket that there is no such object (Amazon S3 API Reference, `GetObject`,
    /// "Permissions").
    pub(super) fn may_be_missing(&self) -> bool {
        let denied = self.status == StatusCode::FORBIDDEN;
        denied && self.code.as_deref() == Some("AccessDenied") && !self.is_explained()
    }

    fn is_expired(&self) -> bool {
        self.advice()
            .is_some_and(|a| a.starts_with("the signature has"))
    }
}

/// The text of the first element `name` of an XML document: error documents of stores are flat.
fn element(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn wait(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let wait = date.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(wait).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> Refusal {
        let status = StatusCode::from_u16(status).unwrap();
        Refusal::new(status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn stores_are_understood() {
        for (status, body, kind, words) in [
            (
                403,
                "<Error><Code>InvalidAccessKeyId</Code><Message>x</Message></Error>",
                ReadErrorKind::Denied,
                "the store does not know the access key: check AWS_ACCESS_KEY_ID (403 InvalidAccessKeyId)",
            ),
            (
                404,
                "<Error><Code>NoSuchBucket</Code></Error>",
                ReadErrorKind::NotFound,
                "there is no such bucket (404 NoSuchBucket)",
            ),
            (
                403,
                "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
                ReadErrorKind::Denied,
                "the signature has expired: get a new address (403 AccessDenied)",
            ),
            (
                403,
                "<Error><Code>AuthenticationFailed</Code><AuthenticationErrorDetail>Signature not valid in the specified time frame: Start</AuthenticationErrorDetail></Error>",
                ReadErrorKind::Denied,
                "the signature has expired: get a new address (403 AuthenticationFailed)",
            ),
            (
                503,
                "<Error><Code>SlowDown</Code></Error>",
                ReadErrorKind::Transient,
                "the server says 503 SlowDown",
            ),
            (
                400,
                "<Error><Code>ExpiredToken</Code></Error>",
                ReadErrorKind::Denied,
                "the session token has expired: get new credentials (400 ExpiredToken)",
            ),
            (
                404,
                "<html>no <Code>",
                ReadErrorKind::NotFound,
                "the server says 404 Not Found",
            ),
            (
                418,
                "",
                ReadErrorKind::Other,
                "the server says 418 I'm a teapot",
            ),
        ] {
            let refusal = refusal(status, body);
            assert_eq!(refusal.kind(), kind, "{body}");
            assert_eq!(refusal.words(), words);
        }
    }

    #[test]
    fn who_may_not_list_a_bucket_does_not_know_what_is_there() {
        let denied = "<Error><Code>AccessDenied</Code></Error>";
        let expired =
            "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
        let wrong = "<Error><Code>InvalidAccessKeyId</Code></Error>";
        for (status, body, may_be_missing) in [
            (403, denied, true),
            (403, expired, false),
            (403, wrong, false),
            (403, "", false),
            (401, denied, false),
            (404, denied, false),
        ] {
            let refusal = refusal(status, body);
            assert_eq!(refusal.may_be_missing(), may_be_missing, "{status} {body}");
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (status, again) in [
            (429, Again::Yes),
            (500, Again::Yes),
            (503, Again::Yes),
            (501, Again::Never),
            (404, Again::Never),
            (403, Again::Never),
        ] {
            assert_eq!(refusal(status, "").again(), again, "{status}");
        }
    }

    #[test]
    fn how_long_to_wait() {
        assert_eq!(wait(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert!(
            wait("Sat, 06 Nov 2094 08:49:37 GMT").is_some_and(|w| w > Duration::from_hours(1_000))
        );
        assert_eq!(wait("soon"), None);
    }
}
