//! Numbers with units: times, bytes, shares.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::Mistake;

/// A number of bytes, or a text with a unit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Bytes {
    /// As a number.
    Number(u64),
    /// `2GB`, `512MiB`.
    Text(String),
}

/// A time of at least `least` and at most `most`.
pub(super) fn time(text: &Spanned<String>, least: Duration, most: Duration) -> Result<Duration, Mistake> {
    let time = humantime::parse_duration(text.get_ref())
        .map_err(|error| Mistake::at(text, error.to_string(), "a time looks like 30s, 5m or 30d"))?;
    if (least..=most).contains(&time) {
        return Ok(time);
    }
    let (least, most) = (humantime::format_duration(least), humantime::format_duration(most));
    Err(Mistake::at(text, format!("{} is out of bounds", text.get_ref()), format!("between {least} and {most}")))
}

/// The same, or `default` where nothing is said.
pub(super) fn time_or(
    text: Option<&Spanned<String>>,
    default: Duration,
    least: Duration,
    most: Duration,
) -> Result<Duration, Mistake> {
    text.map_or(Ok(default), |text| time(text, least, most))
}

/// A number of bytes.
pub(super) fn bytes(given: &Spanned<Bytes>) -> Result<u64, Mistake> {
    let text = match given.get_ref() {
        Bytes::Number(bytes) => return Ok(*bytes),
        Bytes::Text(text) => text,
    };
    let digits = text.trim_end_matches(|end: char| end.is_ascii_alphabetic() || end == ' ');
    let factor = match text[digits.len()..].trim() {
        "" | "B" => Some(1),
        "kB" => Some(1_000),
        "MB" => Some(1_000_000),
        "GB" => Some(1_000_000_000),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let number = digits.parse::<u64>().ok();
    let both = number.zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    both.ok_or_else(|| {
        Mistake::at(
            given,
            format!("{text:?} is no number of bytes"),
            "write 500MB, 2GB or 512MiB; units: B, kB, MB, GB, KiB, MiB, GiB",
        )
    })
}

/// A share that can be promised: above 0 and below 1.
pub(super) fn objective(given: &Spanned<f64>) -> Result<f64, Mistake> {
    let share = *given.get_ref();
    if share > 0.0 && share < 1.0 {
        return Ok(share);
    }
    let message = format!("an objective of {share} ({} %) cannot be kept or missed", share * 100.0);
    Err(Mistake::at(given, message, "a share between 0 and 1, both left out: 0.999 is 99.9 %"))
}
