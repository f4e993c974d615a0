//! When the slots of a watch are due.
//!
//! An interval gives one slot in every period, at a place in it that a hash of the watch names, so that many watches
//! are spread evenly, and the same on every machine. From a minute on the place moves, so that every minute of the hour
//! is visited ([`Cadence::visits_every_minute_within`]): see `spread`. A line of cron gives the times that it names,
//! and nothing is spread: see `cron`.

mod cron;
mod maintenance;
mod spread;

use std::time::Duration;

pub use cron::CronLine;
use humantime::format_duration;
use spread::Walk;
use thiserror::Error;

use crate::slot::Watch;

/// The shortest interval.
pub const EVERY_MIN: Duration = Duration::from_secs(1);
/// The longest interval.
pub const EVERY_MAX: Duration = Duration::from_hours(31 * 24);
/// Two successive slots of an interval are never closer than this share of it.
pub const SPACING_MIN: f64 = 0.48;
/// Two successive slots of an interval are never further apart than so many times it.
pub const SPACING_MAX: f64 = 1.7;
/// An interval above this is a whole number of seconds.
const SECONDS_FROM: Duration = Duration::from_mins(1);
/// An interval above this is a whole number of minutes.
const MINUTES_FROM: Duration = Duration::from_mins(10);

/// How often.
#[derive(Debug, Clone, PartialEq)]
pub enum Cadence {
    /// Once in every so long, spread by a hash of the watch, at a phase that moves.
    Every(Duration),
    /// At the times that a line in the format of cron names, in a time zone. Nothing is spread.
    Cron(Box<CronLine>),
}

/// Why there is no such cadence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CadenceError {
    /// The interval is too short or too long.
    #[error("run every {0}: an interval is from 1 second to 31 days")]
    Bounds(String),
    /// The interval is too odd for its slots to visit every minute of the hour in a sensible time.
    #[error(
        "run every {every}: an interval above 1m is whole seconds, and above 10m whole minutes; write {below} or {above}"
    )]
    Odd {
        /// What was asked for.
        every: String,
        /// The next that would do below it.
        below: String,
        /// The next that would do above it.
        above: String,
    },
    /// The line has too few or too many fields.
    #[error(
        "read the cron line `{line}`: it has {fields} fields; write five (minute hour day month weekday), or six with \
         the second first"
    )]
    Fields {
        /// The line.
        line: String,
        /// So many.
        fields: usize,
    },
    /// The line has a year.
    #[error(
        "read the cron line `{0}`: its seventh field is a year, after which nothing would be due any more, and nobody \
         told; leave it out"
    )]
    Year(String),
    /// A field of the line is wrong.
    #[error("read the cron line `{line}`: {why}")]
    Line {
        /// The line.
        line: String,
        /// What is wrong.
        why: String,
    },
    /// No date or time matches the line.
    #[error("find a time at which the cron line `{0}` is due: no month has such a day (as with 31 February)")]
    Never(String),
    /// Nobody knows the time zone.
    #[error("find the time zone `{0}`: write a name of the IANA database, such as `Europe/Berlin` or `UTC`")]
    Zone(String),
}

/// Some due times in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// How many.
    pub count: u32,
    /// The first of them, in milliseconds since 1970.
    pub first_ms: i64,
    /// The last of them.
    pub last_ms: i64,
}

impl Cadence {
    /// Once in every so long.
    ///
    /// # Errors
    /// Where the interval is not from [`EVERY_MIN`] to [`EVERY_MAX`], or odd: above a minute it is whole seconds, above
    /// ten minutes whole minutes, and below whole milliseconds.
    pub fn every(every: Duration) -> Result<Self, CadenceError> {
        let words = |every: Duration| format_duration(every).to_string();
        if !(EVERY_MIN..=EVERY_MAX).contains(&every) {
            return Err(CadenceError::Bounds(words(every)));
        }
        let unit_ms: u128 = match every {
            _ if every > MINUTES_FROM => 60_000,
            _ if every > SECONDS_FROM => 1_000,
            _ => 1,
        };
        let below = every.as_millis() / unit_ms * unit_ms;
        let whole = |ms: u128| Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX));
        if whole(below) == every {
            return Ok(Self::Every(every));
        }
        Err(CadenceError::Odd { every: words(every), below: words(whole(below)), above: words(whole(below + unit_ms)) })
    }

    /// At the times that `line` names in the time zone `zone`.
    ///
    /// # Errors
    /// Where either is wrong, or the line is never due.
    pub fn cron(line: &str, zone: &str) -> Result<Self, CadenceError> {
        CronLine::new(line, zone).map(|line| Self::Cron(Box::new(line)))
    }

    /// The due times of one watch.
    pub fn timer(&self, watch: &Watch) -> Timer {
        match self {
            Self::Every(every) => Timer(Kind::Every(Walk::new(*every, watch))),
            Self::Cron(line) => Timer(Kind::Cron(line.clone())),
        }
    }

    /// The first due time of `watch` after `after_ms`, in milliseconds since 1970; none where the calendar ends.
    pub fn due_after(&self, watch: &Watch, after_ms: i64) -> Option<i64> {
        self.timer(watch).due_after(after_ms)
    }

    /// The due times of `watch` after `after_ms` and not after `until_ms`; none where there is none. It costs the same
    /// however many there are: a line of cron is counted by hours and days where the clock is not changed.
    pub fn count_between(&self, watch: &Watch, after_ms: i64, until_ms: i64) -> Option<Stretch> {
        self.timer(watch).count_between(after_ms, until_ms)
    }

    /// How many slots `window` holds: for an interval on average, for a line of cron in the one that begins now.
    #[expect(clippy::cast_precision_loss, reason = "a period is below 2^52 ms")]
    pub fn slots_in(&self, watch: &Watch, window: Duration, now_ms: i64) -> f64 {
        match self {
            Self::Every(_) => millis(window) as f64 / self.period_ms() as f64,
            Self::Cron(_) => {
                let found = self.count_between(watch, now_ms, now_ms.saturating_add(millis(window)));
                found.map_or(0.0, |stretch| f64::from(stretch.count))
            }
        }
    }

    /// The time from one slot to the next, in milliseconds; for a line of cron the mean.
    pub fn period_ms(&self) -> i64 {
        match self {
            Self::Every(every) => spread::period_ms(*every),
            Self::Cron(line) => line.mean_ms(),
        }
    }

    /// In which time slots of an interval visit every minute of the hour, counted from any moment. A line of cron
    /// visits those that it names.
    pub fn visits_every_minute_within(&self) -> Option<Duration> {
        match self {
            Self::Every(every) => Some(spread::visits_every_minute_within(*every)),
            Self::Cron(_) => None,
        }
    }

    /// In words: `every 1m`, `cron */5 * * * * Europe/Berlin`.
    pub fn words(&self) -> String {
        match self {
            Self::Every(every) => format!("every {}", format_duration(*every)),
            Self::Cron(line) => line.words(),
        }
    }
}

/// The due times of one watch, with everything worked out that does not change.
#[derive(Debug, Clone)]
pub struct Timer(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Every(Walk),
    Cron(Box<CronLine>),
}

impl Timer {
    /// See [`Cadence::due_after`].
    pub fn due_after(&self, after_ms: i64) -> Option<i64> {
        match &self.0 {
            Kind::Every(walk) => walk.due_after(after_ms),
            Kind::Cron(line) => line.due_after(after_ms),
        }
    }

    /// See [`Cadence::count_between`].
    pub fn count_between(&self, after_ms: i64, until_ms: i64) -> Option<Stretch> {
        match &self.0 {
            Kind::Every(walk) => walk.count_between(after_ms, until_ms),
            Kind::Cron(line) => line.count_between(after_ms, until_ms),
        }
    }
}

/// A time in whole milliseconds.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
