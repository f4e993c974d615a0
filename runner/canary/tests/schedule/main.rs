//! When slots are due: spread, phase, spacing, cron, and clocks that are put forward and back.

mod cron;
mod every;

use plumb_canary::slot::Watch;

/// A watch of these names.
fn watch(canary: &str, target: &str) -> Watch {
    Watch { canary: canary.to_owned(), target: target.to_owned() }
}

/// A moment in the notation of RFC 3339, in milliseconds since 1970.
fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().expect("a moment").as_millisecond()
}
