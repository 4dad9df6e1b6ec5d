//! How servers are asked: how much at once, how often, how patiently.

use std::{num::NonZeroU32, str::FromStr, time::Duration};

use thiserror::Error;

/// How servers are asked. See the book's chapter on stores for what each is good for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transport {
    /// Requests under way at once to one host (or bucket).
    pub max_requests: usize,
    /// Bytes asked for and not yet there, of all hosts together.
    pub max_bytes: u64,
    /// Requests to one host in a time.
    pub rate: Option<Rate>,
    /// How long a request is tried again, from when it was first sent.
    pub deadline: Duration,
    /// How long a server may say nothing.
    pub timeout: Duration,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// Whether a request that takes much longer than others is sent a second time.
    pub hedge: bool,
    /// Whether HTTP/2 is spoken where a server offers it.
    pub http2: bool,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            max_requests: 64,
            max_bytes: 256 << 20,
            rate: None,
            deadline: Duration::from_mins(1),
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            hedge: false,
            http2: false,
        }
    }
}

impl Transport {
    /// Takes a setting, named as on the command line; whether there is one of that name.
    ///
    /// # Errors
    /// [`SettingError::Value`] where it cannot be understood.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<bool, SettingError> {
        let wrong = |form| SettingError::Value {
            key: key.to_owned(),
            value: value.to_owned(),
            form,
        };
        match key.to_ascii_lowercase().as_str() {
            "max_requests" => {
                self.max_requests = value
                    .parse()
                    .ok()
                    .filter(|&n| (1..=MOST_REQUESTS).contains(&n))
                    .ok_or_else(|| wrong("a number from 1 to 65536"))?;
            }
            "max_bytes" => {
                self.max_bytes = value
                    .parse()
                    .ok()
                    .filter(|&n| n > 0)
                    .ok_or_else(|| wrong("a number of bytes"))?;
            }
            "request_rate" => {
                self.rate = if value.eq_ignore_ascii_case("none") {
                    None
                } else {
                    Some(value.parse().map_err(|()| wrong("like 5/s or 2000/min"))?)
                };
            }
            "deadline" => self.deadline = duration(value).ok_or_else(|| wrong("like 60s"))?,
            "timeout" => self.timeout = duration(value).ok_or_else(|| wrong("like 10s"))?,
            "connect_timeout" => {
                self.connect_timeout = duration(value).ok_or_else(|| wrong("like 5s"))?;
            }
            "hedge" => self.hedge = truth(value).ok_or_else(|| wrong("true or false"))?,
            "http2" => self.http2 = truth(value).ok_or_else(|| wrong("true or false"))?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// So many requests in any stretch of time of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub requests: NonZeroU32,
    /// In how long.
    pub per: Duration,
}

impl FromStr for Rate {
    type Err = ();

    /// Reads `5/s`, `2000/min`, `100/h`, or `3/10s`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (requests, per) = text.split_once('/').ok_or(())?;
        let requests: NonZeroU32 = requests.trim().parse().map_err(|_| ())?;
        if requests.get() > MOST_IN_A_TIME {
            return Err(());
        }
        let per = per.trim();
        let seconds = if per.starts_with(|c: char| c.is_ascii_digit()) {
            duration(per)
        } else {
            duration(&format!("1{per}"))
        };
        Ok(Self {
            requests,
            per: seconds.ok_or(())?,
        })
    }
}

/// Why a setting cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SettingError {
    /// There is no such setting.
    #[error(
        "there is no setting `{key}`: settings are those of the stores (AWS_*, GOOGLE_*, AZURE_*) \
         and max_requests, max_bytes, request_rate, deadline, timeout, connect_timeout, hedge, \
         http2, proxy_url, ca_bundle"
    )]
    Unknown {
        /// The name given.
        key: String,
    },
    /// Its value is none.
    #[error("the setting `{key}` cannot be `{value}`: give {form}")]
    Value {
        /// The setting.
        key: String,
        /// What was given.
        value: String,
        /// What it may be.
        form: &'static str,
    },
}

/// `60`, `60s`, `250ms`, `2min`, `1h`; never nothing.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = match unit.trim() {
        "ms" => 1e-3,
        "" | "s" | "sec" | "second" => 1.0,
        "m" | "min" | "minute" => 60.0,
        "h" | "hour" => 3600.0,
        _ => return None,
    };
    let seconds = number.parse::<f64>().ok()? * unit;
    (seconds > 0.0)
        .then(|| Duration::try_from_secs_f64(seconds).ok())
        .flatten()
        .filter(|d| !d.is_zero() && *d <= LONGEST)
}

pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "on" | "yes" => Some(true),
        "0" | "false" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// Most requests that may be under way at once to one host.
const MOST_REQUESTS: usize = 1 << 16;
/// Most requests of a rate: each is remembered for as long as it counts.
const MOST_IN_A_TIME: u32 = 1_000_000;
/// Longest time taken for one.
const LONGEST: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read() {
        let mut transport = Transport::default();
        for (key, value) in [
            ("REQUEST_RATE", "2000/min"),
            ("deadline", "90"),
            ("timeout", "250ms"),
            ("hedge", "true"),
            ("max_requests", "7"),
        ] {
            assert_eq!(transport.set(key, value), Ok(true), "{key}");
        }
        assert_eq!(
            transport,
            Transport {
                rate: Some(Rate {
                    requests: NonZeroU32::new(2000).unwrap(),
                    per: Duration::from_mins(1),
                }),
                deadline: Duration::from_secs(90),
                timeout: Duration::from_millis(250),
                hedge: true,
                max_requests: 7,
                ..Transport::default()
            }
        );
        assert_eq!(transport.set("aws_region", "x"), Ok(false));
        for (key, value) in [
            ("request_rate", "5"),
            ("request_rate", "0/s"),
            ("request_rate", "5/0s"),
            ("request_rate", "5/week"),
            ("deadline", "-1"),
            ("deadline", "1e300h"),
            ("hedge", "maybe"),
            ("max_requests", "0"),
        ] {
            assert!(transport.set(key, value).is_err(), "{key}={value}");
        }
        assert_eq!(
            "3/10s".parse::<Rate>().map(|r| r.per),
            Ok(Duration::from_secs(10))
        );
    }
}
