//! Numbers as people write them.

use std::time::Duration;

/// A time in the largest unit that divides it: `70m`, `30d`, `1500ms`.
pub fn span(time: Duration) -> String {
    let (millis, seconds) = (time.as_millis(), time.as_secs());
    if !millis.is_multiple_of(1000) {
        return format!("{millis}ms");
    }
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let fitting = units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    fitting.map_or_else(|| format!("{seconds}s"), |(unit, letter)| format!("{}{letter}", seconds / unit))
}

/// A share in per cent: `99.95 %`.
pub fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// A number with as many digits as say something: `14.4`, `0.0333`, `200`.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        _ if !size.is_finite() => return format!("{value}"),
        _ if size >= 100.0 => format!("{value:.1}"),
        _ if size >= 90.0 => format!("{value:.5}"),
        _ if size >= 1.0 => format!("{value:.2}"),
        _ if size >= 0.01 => format!("{value:.4}"),
        _ => format!("{value:.7}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
