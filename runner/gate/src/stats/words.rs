//! A row, in words.

use super::comparison::Metric;
use super::measure::Measured;
use super::numbers::whole;

/// Why the availability of the candidate was held against nothing.
pub(crate) const NO_MEASURE: &str = "the baseline fails more than half of them and is no measure";

/// Why many bad calls are not enough.
pub(crate) const AT_ONCE: &str =
    "they came too close together to rule out a single event, which may be chance; more calls will tell";

/// What chance does less often than that is told in the same words.
const ODDS_MAX: f64 = 1e9;

/// The candidate is worse.
pub(crate) fn worse(row: &Measured, p_corrected: f64) -> String {
    let often = odds(row.flipped.p);
    let gates = odds(p_corrected).replace("times", "gates");
    format!("{}; chance does that {often}, and with all that was looked at {gates}", seen(row))
}

/// The candidate is no worse.
pub(crate) fn no_worse(row: &Measured) -> String {
    if row.flipped.p_min >= 1.0 {
        return seen(row);
    }
    format!("{}; chance does as much {}", seen(row), odds(row.flipped.p))
}

/// There is too little to say.
pub(crate) fn nothing(row: &Measured, why: &str) -> String {
    format!("{}; {why}", seen(row))
}

/// There are not enough calls.
pub(crate) fn too_few(calls: usize, needed: usize) -> String {
    format!("{} calls are too few, {} would say something", grouped(calls), grouped(needed))
}

/// One of them was asked first too often.
pub(crate) fn lopsided(first: usize, calls: usize) -> String {
    format!(
        "the candidate was asked first in {} of {} calls, which alone may make the difference",
        grouped(first),
        grouped(calls)
    )
}

fn seen(row: &Measured) -> String {
    if row.calls == 0 {
        return format!("{}: no call was answered by both", row.group);
    }
    let what = match row.metric {
        Metric::Body => return body(row),
        Metric::Availability => "failed".to_owned(),
        Metric::Tail => row.tail_from_us.map_or_else(
            || format!("took {:.1} times as long as 90 % of their kind, or longer", row.tail_from_times.unwrap_or(1.0)),
            |from| format!("took {} or longer", duration(super::numbers::real_of(from))),
        ),
    };
    let (own, other, all) = (row.candidate, row.baseline, grouped(row.calls));
    let count = |number: u64| grouped(usize::try_from(number).unwrap_or(usize::MAX));
    format!(
        "{}: {} of calls {what}, {} at the baseline ({} of {all} against {} of {all})",
        row.group,
        percent(own.value),
        percent(other.value),
        count(own.count),
        count(other.count),
    )
}

fn body(row: &Measured) -> String {
    let change = if row.effect >= 1.0 {
        format!("{} longer", percent(row.effect - 1.0))
    } else {
        format!("{} shorter", percent(1.0 - row.effect))
    };
    let (own, other) = (duration(row.candidate.value), duration(row.baseline.value));
    let calls = grouped(row.calls);
    format!(
        "{}: calls typically took {own}, {other} at the baseline, which is {change} ({calls} calls each)",
        row.group
    )
}

/// How often something happens.
fn odds(p: f64) -> String {
    if p > 0.4 {
        "every other time".to_owned()
    } else if p * ODDS_MAX < 1.0 {
        "less than once in a thousand million times".to_owned()
    } else {
        let times = 1.0 / p;
        // Two digits say enough.
        let unit = 10_f64.powi(exponent(times) - 1).max(1.0);
        format!("once in {} times", grouped(whole((times / unit).round() * unit)))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the exponent of a number from one to a thousand million")]
fn exponent(number: f64) -> i32 {
    number.log10().floor() as i32
}

/// A share, as far as anybody reads it.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let digits = match percent {
        _ if percent == 0.0 || percent >= 10.0 => 0,
        _ if percent >= 0.095 => 1,
        _ => 3,
    };
    format!("{percent:.digits$} %")
}

/// A time in microseconds, with two digits or three.
fn duration(microseconds: f64) -> String {
    let (number, unit) = match microseconds {
        _ if microseconds < 1_000.0 => return format!("{microseconds:.0} µs"),
        _ if microseconds < 1_000_000.0 => (microseconds / 1_000.0, "ms"),
        _ => (microseconds / 1_000_000.0, "s"),
    };
    let digits = match number {
        _ if number < 10.0 => 2,
        _ if number < 100.0 => 1,
        _ => 0,
    };
    format!("{number:.digits$} {unit}")
}

/// A number with its thousands set apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([grouped(0), grouped(999), grouped(1_400), grouped(1_234_567)], ["0", "999", "1,400", "1,234,567"]);
        let odds = [odds(0.9), odds(0.34), odds(0.01), odds(0.000_033_4), odds(0.0)];
        let wanted = [
            "every other time",
            "once in 3 times",
            "once in 100 times",
            "once in 30,000 times",
            "less than once in a thousand million times",
        ];
        assert_eq!(odds, wanted);
        assert_eq!(
            [percent(0.0), percent(0.014), percent(0.001), percent(0.0004), percent(1.0)],
            ["0 %", "1.4 %", "0.1 %", "0.040 %", "100 %"]
        );
        assert_eq!(
            [duration(870.0), duration(8_130.0), duration(81_400.0), duration(1.2e6)],
            ["870 µs", "8.13 ms", "81.4 ms", "1.20 s"]
        );
    }
}
