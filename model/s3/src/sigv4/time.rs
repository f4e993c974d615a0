//! The instant a request says it was signed at.

use std::fmt;

use bytes::Bytes;
use jiff::civil::DateTime;
use jiff::{Timestamp, tz::Offset};

/// First and last second whose year has four digits, which is all the format can say.
const UNIX_SECONDS: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_207_200;

/// A second in ISO 8601 basic format, `20130524T000000Z`, ready to be sent. Cheap to clone, so it is
/// made once for all requests of the same second.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningTime {
    stamp: Bytes,
    unix_seconds: i64,
}

impl SigningTime {
    /// The second so many after 1970 began; what lies outside the years 0 to 9999 is moved to their edge.
    pub fn at(unix_seconds: i64) -> Self {
        let unix_seconds = unix_seconds.clamp(*UNIX_SECONDS.start(), *UNIX_SECONDS.end());
        let time = Offset::UTC.to_datetime(Timestamp::from_second(unix_seconds).unwrap_or_default());
        let (year, month, day) = (time.year(), time.month(), time.day());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let stamp = format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z");
        Self { stamp: shared(stamp.as_bytes()), unix_seconds }
    }

    /// Reads exactly `yyyymmddThhmmssZ`, and only a second that exists.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let form = text.iter().enumerate().all(|(index, byte)| match index {
            8 => *byte == b'T',
            15 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
        if text.len() != 16 || !form {
            return None;
        }
        let number = |from: usize| text[from..from + 2].iter().fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0'));
        let pair = |from: usize| i8::try_from(number(from)).ok();
        let year = number(0) * 100 + number(2);
        let time = DateTime::new(year, pair(4)?, pair(6)?, pair(9)?, pair(11)?, pair(13)?, 0).ok()?;
        let unix_seconds = Offset::UTC.to_timestamp(time).ok()?.as_second();
        UNIX_SECONDS.contains(&unix_seconds).then(|| Self { stamp: shared(text), unix_seconds })
    }

    /// Seconds since 1970 began.
    pub fn unix_seconds(&self) -> i64 {
        self.unix_seconds
    }

    /// The 16 characters.
    pub fn stamp(&self) -> &Bytes {
        &self.stamp
    }

    /// The day, `20130524`, which the scope of a signature names.
    pub fn day(&self) -> &[u8] {
        &self.stamp[..8]
    }
}

impl fmt::Debug for SigningTime {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&String::from_utf8_lossy(&self.stamp))
    }
}

/// Bytes that have been shared once, so that no later clone allocates.
pub(super) fn shared(bytes: &[u8]) -> Bytes {
    let bytes = Bytes::copy_from_slice(bytes);
    let _first = bytes.clone();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_it_wrote() {
        for seconds in [0, -1, 1_369_353_600, 951_782_399, 4_102_444_799, i64::MIN, i64::MAX] {
            let time = SigningTime::at(seconds);
            assert_eq!(SigningTime::parse(time.stamp()), Some(time.clone()), "{time:?}");
        }
        assert_eq!(SigningTime::at(1_369_353_600).stamp(), "20130524T000000Z");
        assert_eq!(SigningTime::at(i64::MIN).day(), b"00000101");
    }

    #[test]
    fn no_other_form_is_a_time() {
        for text in [
            "",
            "20130524",
            "20130524T000000",
            "20130230T000000Z",
            "20130524T240000Z",
            "20130524t000000z",
            "20130524T000060Z",
            "2013-05-24T00:00",
            "+0130524T000000Z",
        ] {
            assert_eq!(SigningTime::parse(text.as_bytes()), None, "{text}");
        }
    }
}
