//! How a finding stands: new, known before, accepted, or accepted once.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use plumb_gate::decision::Standing;
use plumb_validator::finding::Finding;

use crate::deviation::Deviation;
use crate::gate::config::Expired;
use crate::gate::known::Known;

/// What findings are held against.
pub struct Standings<'s> {
    /// What somebody accepts, or has accepted.
    pub deviations: &'s [Deviation],
    /// From when on what has expired blocks.
    pub expired: Expired,
    /// What an earlier run has found.
    pub known: Option<&'s Known>,
    /// The day.
    pub today: Date,
}

impl Standings<'_> {
    /// How a finding of `api` at `target` stands.
    pub fn of(&self, finding: &Finding, api: &str, target: &str) -> Standing {
        let matching = || self.deviations.iter().filter(|own| own.matches(finding, api));
        if let Some(own) = matching().find(|own| self.today <= own.expires) {
            return Standing::Accepted { owner: own.owner.clone(), expires: own.expires };
        }
        if let Some(known) = self.known.filter(|known| known.has(finding, api, target)) {
            return Standing::Known { run: known.run.clone() };
        }
        // Of several that are over, the one that counted longest.
        matching().max_by_key(|own| own.expires).map_or(Standing::New, |own| self.over(own))
    }

    fn over(&self, own: &Deviation) -> Standing {
        let blocks = first_day(own.expires, self.expired);
        Standing::Expired { owner: own.owner.clone(), expired: own.expires, blocks, is_due: blocks <= self.today }
    }

    /// The accepted findings that expire within `soon`, in words.
    pub fn notices(&self, api: &str, soon: Duration) -> Vec<String> {
        let days = i64::try_from(soon.as_secs() / 86_400).unwrap_or(i64::MAX);
        let due = self.deviations.iter().filter(|own| own.api == api && own.expires >= self.today);
        let left = |own: &Deviation| i64::from((own.expires - self.today).get_days());
        let each = due.map(|own| (left(own), own)).filter(|(left, _)| *left <= days);
        each.map(|(left, own)| format!("accepted for {} more: {own}", in_days(left))).collect()
    }
}

fn in_days(left: i64) -> String {
    match left {
        0 => "today and no day".to_owned(),
        1 => "1 day".to_owned(),
        many => format!("{many} days"),
    }
}

/// The first day on which something blocks that was accepted until `expires`.
fn first_day(expires: Date, when: Expired) -> Date {
    // The calendar ends in the year 9999; what lasts until then never expires.
    let next = |day: Date| day.checked_add(1.day()).unwrap_or(day);
    let mut day = next(expires);
    if when == Expired::BlocksOnWorkingDays {
        while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && day < Date::MAX {
            day = next(day);
        }
    }
    day
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn what_expires_before_a_weekend_blocks_on_monday_where_that_is_wished() {
        let check = |expires: Date, when: Expired, wanted: Date| assert_eq!(first_day(expires, when), wanted);
        let (thursday, friday, monday) = (date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 23));
        check(thursday, Expired::BlocksAtOnce, friday);
        check(thursday, Expired::BlocksOnWorkingDays, friday);
        check(friday, Expired::BlocksAtOnce, date(2026, 11, 21));
        check(friday, Expired::BlocksOnWorkingDays, monday);
        check(date(2026, 11, 21), Expired::BlocksOnWorkingDays, monday);
        check(Date::MAX, Expired::BlocksOnWorkingDays, Date::MAX);
    }
}
