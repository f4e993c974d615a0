//! Times, numbers and strange text in words.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The longest text in one place, in characters.
const TEXT_CHARACTERS_MAX: usize = 600;
/// The longest command or document, in characters.
const LINES_CHARACTERS_MAX: usize = 200_000;
const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// A day. The pages know UTC only, and its days are all as long.
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// `text` bounded, with everything as an escape that could lead a reader astray: controls, and what turns text around.
pub(super) fn safe(text: &str) -> String {
    shown(text, TEXT_CHARACTERS_MAX, false)
}

/// The same for a command or a document that is there to be copied: its line breaks stay.
pub(super) fn lines(text: &str) -> String {
    shown(text, LINES_CHARACTERS_MAX, true)
}

fn shown(text: &str, characters_max: usize, breaks: bool) -> String {
    let mut shown = String::with_capacity(text.len().min(characters_max));
    for (count, character) in text.chars().enumerate() {
        if count == characters_max {
            shown.push('…');
            break;
        }
        if is_unsafe(character) && !(breaks && character == '\n') {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Controls, and the invisible characters of Unicode that change the direction or the look of others.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `1,932`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 slot`, `412 slots`.
pub(super) fn count(many: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(many), plural(many))
}

/// The ending of a noun of which there are so many.
pub(super) fn plural(many: u64) -> &'static str {
    if many == 1 { "" } else { "s" }
}

/// A time in three digits or so: `812 µs`, `8.1 ms`, `123 ms`, `2.4 s`, `3 min 12 s`.
pub(super) fn took(microseconds: u64) -> String {
    match microseconds {
        0..1_000 => format!("{microseconds} µs"),
        1_000..100_000 => format!("{} ms", tenths(microseconds, 1_000)),
        100_000..1_000_000 => format!("{} ms", microseconds / 1_000),
        1_000_000..60_000_000 => format!("{} s", tenths(microseconds, 1_000_000)),
        _ => format!("{} min {} s", microseconds / 60_000_000, microseconds / 1_000_000 % 60),
    }
}

/// `amount / unit` with one digit after the point, rounded down; none where it is zero.
fn tenths(amount: u64, unit: u64) -> String {
    match amount % unit * 10 / unit {
        0 => format!("{}", amount / unit),
        tenth => format!("{}.{tenth}", amount / unit),
    }
}

/// A stretch of time as one would say it: `40 s`, `23 min`, `3 h 5 min`, `12 d`.
pub(super) fn span(milliseconds: i64) -> String {
    let length = milliseconds.max(0);
    match length {
        0..MINUTE_MS => format!("{} s", length / SECOND_MS),
        MINUTE_MS..HOUR_MS => format!("{} min", length / MINUTE_MS),
        HOUR_MS..DAY_MS if length % HOUR_MS < MINUTE_MS => format!("{} h", length / HOUR_MS),
        HOUR_MS..DAY_MS => format!("{} h {} min", length / HOUR_MS, length % HOUR_MS / MINUTE_MS),
        _ => format!("{} d", length / DAY_MS),
    }
}

fn zoned(at_ms: i64) -> jiff::Zoned {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC)
}

/// The day of a moment: `2026-03-14`.
pub(super) fn date(at_ms: i64) -> String {
    zoned(at_ms).date().to_string()
}

/// The time of day, to the second: `03:12:05`.
pub(super) fn clock(at_ms: i64) -> String {
    zoned(at_ms).strftime("%H:%M:%S").to_string()
}

/// A moment beside `now_ms`: `03:12`, and with its date where that is another: `13 Mar 22:40`.
pub(super) fn moment(at_ms: i64, now_ms: i64) -> String {
    let format = if at_ms.div_euclid(DAY_MS) == now_ms.div_euclid(DAY_MS) { "%H:%M" } else { "%-d %b %H:%M" };
    zoned(at_ms).strftime(format).to_string()
}

/// The same for machines: `2026-03-14T03:12:05Z`.
pub(super) fn machine(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// The first moment of a day that is written as `2026-03-14`.
pub(super) fn day_begins(date: &str) -> Option<i64> {
    let date: jiff::civil::Date = date.parse().ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// A share as a percentage with as many digits as tell it from the next: `99.9 %`, `72 %`, `−40 %`.
pub(super) fn percent(share: f64) -> String {
    let mut text = format!("{:.3}", (share * 100.0).abs());
    while text.ends_with('0') {
        text.pop();
    }
    let text = text.trim_end_matches('.');
    let sign = if share < 0.0 && text != "0" { "−" } else { "" };
    format!("{sign}{text} %")
}

/// A share as a whole percentage, rounded towards less than there is: what is nearly gone does not read as a rest.
pub(super) fn whole_percent(share: f64) -> String {
    // What is a whole number but for the last bit is that number.
    let whole = (share * 100.0 + 1e-9).floor();
    let mut text = String::new();
    let sign = if whole < 0.0 { "−" } else { "" };
    // Writing into a string does not fail.
    let _ = write!(text, "{sign}{:.0} %", whole.abs());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_bounded_and_shows_what_it_hides() {
        assert_eq!(safe("a\u{202e}b\u{1b}[31m\n"), "a\\u{202e}b\\u{1b}[31m\\n");
        assert_eq!(safe(&"x".repeat(TEXT_CHARACTERS_MAX + 1)).chars().count(), TEXT_CHARACTERS_MAX + 1);
        assert_eq!(lines("one\ntwo\r"), "one\ntwo\\r");
        assert_eq!(safe("שלום, привет"), "שלום, привет");
    }

    #[test]
    fn times_are_said_as_one_would() {
        for (length, words) in [
            (-5, "0 s"),
            (59_999, "59 s"),
            (23 * MINUTE_MS, "23 min"),
            (3 * HOUR_MS, "3 h"),
            (3 * HOUR_MS + 5 * MINUTE_MS, "3 h 5 min"),
            (12 * DAY_MS, "12 d"),
        ] {
            assert_eq!(span(length), words);
        }
        for (length, words) in
            [(812, "812 µs"), (8_100, "8.1 ms"), (123_456, "123 ms"), (2_000_000, "2 s"), (192_000_000, "3 min 12 s")]
        {
            assert_eq!(took(length), words);
        }
    }

    #[test]
    fn moments_have_a_date_where_it_is_another_day() {
        let noon = day_begins("2026-03-14").expect("a date") + 12 * HOUR_MS;
        assert_eq!(moment(noon - HOUR_MS, noon), "11:00");
        assert_eq!(moment(noon - DAY_MS, noon), "13 Mar 12:00");
        assert_eq!(
            (date(noon), clock(noon), machine(noon)),
            ("2026-03-14".into(), "12:00:00".into(), "2026-03-14T12:00:00Z".into())
        );
        assert_eq!(day_begins("2026-02-30"), None);
    }

    #[test]
    fn shares_are_rounded_to_less_than_there_is() {
        assert_eq!(percent(0.999), "99.9 %");
        assert_eq!(percent(0.95), "95 %");
        assert_eq!(whole_percent(0.729), "72 %");
        assert_eq!(whole_percent(-0.401), "−41 %");
        assert_eq!(whole_percent(-2.2), "−220 %");
        assert_eq!(whole_percent(0.0), "0 %");
    }
}
