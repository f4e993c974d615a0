//! Moments as numbers: no clock is read here, whoever runs a case passes the time in.

use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The last second of the year 9998, beyond which an HTTP date cannot be written.
const HTTP_DATE_SECONDS_MAX: u64 = 253_370_764_799;

/// From when to when something happened, on the target's clock, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Interval {
    /// Not before.
    pub earliest_ms: i64,
    /// Not after.
    pub latest_ms: i64,
}

impl Interval {
    /// The moment `ms`.
    pub const fn at_ms(ms: i64) -> Self {
        Self { earliest_ms: ms, latest_ms: ms }
    }

    /// Whether a moment written as the whole second `seconds`, rounded down or up, may lie inside.
    pub const fn holds_second(self, seconds: i64) -> bool {
        seconds >= self.earliest_ms.div_euclid(1000) && seconds <= self.latest_ms.div_euclid(1000) + 1
    }

    /// The earliest second a date of this moment can show.
    pub const fn first_second(self) -> i64 {
        self.earliest_ms.div_euclid(1000)
    }

    /// The latest second a date of this moment can show.
    pub const fn last_second(self) -> i64 {
        self.latest_ms.div_euclid(1000) + 1
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "between {} and {}", iso_date(self.first_second()), iso_date(self.last_second()))
    }
}

/// An IMF-fixdate (RFC 9110 section 5.6.7) of seconds since 1970; clamped to the years 1970 to 9998.
pub fn http_date(seconds: i64) -> String {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or(0).min(HTTP_DATE_SECONDS_MAX));
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since)
}

/// An ISO 8601 instant with milliseconds, as many APIs write it in bodies.
pub fn iso_date(seconds: i64) -> String {
    at(seconds).to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

fn at(seconds: i64) -> Timestamp {
    let bounded = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(bounded).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The seconds since 1970 of a date in one of the three forms of RFC 9110 section 5.6.7; none before 1970.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// The seconds since 1970 of a date as logs write it: `10/Oct/2000:13:55:36 -0700`.
pub fn parse_log_date(text: &str) -> Option<i64> {
    Some(jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?.to_timestamp().ok()?.as_second())
}

/// A date as logs write it, in UTC.
pub fn log_date(seconds: i64) -> String {
    at(seconds).to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S %z").to_string()
}

/// The seconds since 1970 of an ISO 8601 instant; fractions are cut off.
pub fn parse_iso_date(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(|instant| instant.as_millisecond().div_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_of_a_date_are_one_moment() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse_http_date(text), Some(784_111_777), "{text}");
        }
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(parse_iso_date("1994-11-06T08:49:37.999Z"), Some(784_111_777));
        assert_eq!(parse_http_date("yesterday"), None);
        assert_eq!(parse_log_date("06/Nov/1994:09:49:37 +0100"), Some(784_111_777));
        assert_eq!(log_date(784_111_777), "06/Nov/1994:08:49:37 +0000");
        assert_eq!(parse_log_date("06/Nov/1994"), None);
    }
}
