//! Times that a line in the format of cron names, in a time zone.
//!
//! A line has five fields (minute, hour, day of month, month, weekday), or six with the second first; `@hourly` and the
//! like stand for such lines. It has no year: a line goes on for ever, or is refused because it is never due.
//!
//! **When the clock is changed.** A line with one value each for hour, minute and second names a *fixed time*, and is
//! due once on each of its days: where the clock is put forward over that time, at the first moment after the gap; where
//! it is put back and that time comes twice, the first time only. Any other line is due whenever the clock on the wall
//! shows what it names: not in the gap, and in a repeated hour both times. This is what Vixie cron does, told by `croner`.

use std::sync::Arc;

use croner::parser::{CronParser, Seconds, Year};
use croner::{Cron, CronDateTime as _, errors::CronError};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{CadenceError, Stretch};

const SECOND_MS: i64 = 1_000;
const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
/// From here on a line is looked at: the start of 2026.
const EPOCH_MS: i64 = 1_767_225_600_000;
/// The stretch over which the mean is taken: four years, which hold one leap day.
const MEAN_OVER_MS: i64 = 1_461 * DAY_S * SECOND_MS;
/// So long after the clock was changed it may show times that it has shown before. No zone puts it back further.
const REPEATED_MAX: SignedDuration = SignedDuration::from_hours(4);
/// The most hours and days that are counted at once: more than a hundred years.
const COUNT_STEPS_MAX: usize = 50_000;

/// A line in the format of cron, with its time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronLine {
    text: String,
    zone: String,
    /// Some kilobytes, and the same in every copy.
    cron: Arc<Cron>,
    time_zone: TimeZone,
    hour: Plain,
    day: Plain,
    mean_ms: i64,
}

/// What an hour or a day holds that the line matches, and in which the clock is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plain {
    /// So many due times.
    count: u32,
    /// The last of them, in seconds from its start.
    last_s: i64,
}

impl CronLine {
    /// See [`super::Cadence::cron`].
    pub(super) fn new(line: &str, zone: &str) -> Result<Self, CadenceError> {
        let text = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let cron = parse(&text)?;
        let unknown = || CadenceError::Zone(zone.to_owned());
        let time_zone = TimeZone::get(zone).map_err(|_| unknown())?;
        if time_zone.is_unknown() {
            return Err(unknown());
        }
        let (hour, day) = plain(&cron);
        let zone = time_zone.iana_name().unwrap_or(zone).to_owned();
        let own = Self { text, zone, cron: Arc::new(cron), time_zone, hour, day, mean_ms: 0 };
        let mean_ms = own.mean().ok_or_else(|| CadenceError::Never(own.text.clone()))?;
        Ok(Self { mean_ms, ..own })
    }

    pub(super) fn words(&self) -> String {
        format!("cron {} {}", self.text, self.zone)
    }

    pub(super) const fn mean_ms(&self) -> i64 {
        self.mean_ms
    }

    pub(super) fn due_after(&self, after_ms: i64) -> Option<i64> {
        let found = self.cron.find_next_occurrence(&self.at(after_ms)?, false).ok()?;
        Some(found.timestamp().as_millisecond())
    }

    /// Counts hours and days in which the clock is not changed by what such an hour or day holds, and the rest one by one.
    pub(super) fn count_between(&self, after_ms: i64, until_ms: i64) -> Option<Stretch> {
        let first_ms = self.due_after(after_ms).filter(|first| *first <= until_ms)?;
        let mut found = Stretch { count: 1, first_ms, last_ms: first_ms };
        let (mut from_s, end_s) = (first_ms / SECOND_MS + 1, until_ms.div_euclid(SECOND_MS) + 1);
        for _ in 0..COUNT_STEPS_MAX {
            if from_s >= end_s {
                break;
            }
            from_s = self.count_step(from_s, end_s, &mut found)?;
        }
        Some(found)
    }

    /// Counts on from one second, before `end_s`, and gives the first that is not counted yet.
    fn count_step(&self, from_s: i64, end_s: i64, found: &mut Stretch) -> Option<i64> {
        let local = self.at(from_s * SECOND_MS)?;
        let into_hour_s = i64::from(local.minute()) * 60 + i64::from(local.second());
        if into_hour_s == 0 && local.hour() == 0 && self.is_plain(&local, from_s, DAY_S, end_s) {
            if self.matches_day(&local)? {
                found.add(self.day, from_s);
            }
            return Some(from_s + DAY_S);
        }
        if into_hour_s == 0 && self.is_plain(&local, from_s, HOUR_S, end_s) {
            if self.matches_day(&local)? && self.cron.pattern.hour_match(u32::try_from(local.hour()).ok()?).ok()? {
                found.add(self.hour, from_s);
            }
            return Some(from_s + HOUR_S);
        }
        let next_s = (from_s + HOUR_S - into_hour_s).min(end_s);
        let mut at_ms = from_s * SECOND_MS - 1;
        while let Some(due) = self.due_after(at_ms).filter(|due| *due < next_s * SECOND_MS) {
            found.add(Plain { count: 1, last_s: 0 }, due / SECOND_MS);
            at_ms = due;
        }
        Some(next_s)
    }

    /// Whether a stretch is over before `end_s`, and the clock shows each of its moments once and no other.
    fn is_plain(&self, from: &Zoned, from_s: i64, length_s: i64, end_s: i64) -> bool {
        let Ok(before) = from.timestamp().checked_sub(REPEATED_MAX) else { return false };
        let change_s = self.time_zone.following(before).next().map(|change| change.timestamp().as_second());
        from_s + length_s <= end_s && change_s.is_none_or(|change| change > from_s + length_s)
    }

    fn matches_day(&self, at: &Zoned) -> Option<bool> {
        let (year, month, day) = (i32::from(at.year()), u32::try_from(at.month()).ok()?, u32::try_from(at.day()).ok()?);
        let pattern = &self.cron.pattern;
        Some(pattern.month_match(month).ok()? && pattern.day_match(year, month, day, at.civil_weekday()).ok()?)
    }

    /// The mean time between due times; none where nothing is ever due.
    fn mean(&self) -> Option<i64> {
        let first = self.due_after(EPOCH_MS - 1)?;
        match self.count_between(EPOCH_MS - 1, EPOCH_MS + MEAN_OVER_MS) {
            Some(found) if found.count > 1 => Some(MEAN_OVER_MS / i64::from(found.count)),
            _ => Some(self.due_after(first)? - first),
        }
    }

    fn at(&self, at_ms: i64) -> Option<Zoned> {
        Some(Timestamp::from_millisecond(at_ms).ok()?.to_zoned(self.time_zone.clone()))
    }
}

impl Stretch {
    fn add(&mut self, plain: Plain, from_s: i64) {
        self.count = self.count.saturating_add(plain.count);
        self.last_ms = (from_s + plain.last_s) * SECOND_MS;
    }
}

fn parse(line: &str) -> Result<Cron, CadenceError> {
    let fields = line.split(' ').filter(|field| !field.is_empty()).count();
    match fields {
        _ if line.starts_with('@') => {}
        5 | 6 => {}
        7 => return Err(CadenceError::Year(line.to_owned())),
        _ => return Err(CadenceError::Fields { line: line.to_owned(), fields }),
    }
    let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
    parser.parse(line).map_err(|error| CadenceError::Line { line: line.to_owned(), why: why(&error) })
}

/// What is wrong with a line, in the words of whoever read it.
fn why(error: &CronError) -> String {
    match error {
        CronError::InvalidPattern(why) | CronError::IllegalCharacters(why) | CronError::ComponentError(why) => {
            why.trim_end_matches('.').to_owned()
        }
        other => other.to_string().trim_end_matches('.').to_owned(),
    }
}

/// What an hour and a day hold that the line matches.
fn plain(cron: &Cron) -> (Plain, Plain) {
    let of = |values: Vec<u16>| {
        let last = values.last().copied().map_or(0, i64::from);
        (u32::try_from(values.len()).unwrap_or(0), last)
    };
    let (seconds, last_second) = of(cron.pattern.seconds.values());
    let (minutes, last_minute) = of(cron.pattern.minutes.values());
    let (hours, last_hour) = of(cron.pattern.hours.values());
    let hour = Plain { count: seconds * minutes, last_s: last_minute * 60 + last_second };
    (hour, Plain { count: hour.count * hours, last_s: last_hour * HOUR_S + hour.last_s })
}
