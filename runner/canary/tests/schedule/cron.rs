//! Lines of cron, also where the clock is put forward and back.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone};
use plumb_canary::schedule::Cadence;
use proptest::prelude::*;

use super::{at, watch};

fn cron(line: &str, zone: &str) -> Cadence {
    Cadence::cron(line, zone).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// What is due from one moment until before another.
fn due(cadence: &Cadence, from: &str, until: &str) -> Vec<String> {
    let (own, until) = (watch("objects", "eu-1"), at(until));
    let next = |after: &i64| cadence.due_after(&own, *after).filter(|due| *due < until);
    let found = std::iter::successors(next(&(at(from) - 1)), next);
    found.map(|due| Timestamp::from_millisecond(due).expect("a moment").to_string()).collect()
}

/// Everything that `line` is due at in `zone` within a UTC day, each as `HH:MM`.
fn check(line: &str, zone: &str, day: &str, expected: &[&str]) {
    let from: jiff::civil::Date = day.parse().expect("a day");
    let until = from.tomorrow().expect("a day after it");
    let found = due(&cron(line, zone), &format!("{from}T00:00:00Z"), &format!("{until}T00:00:00Z"));
    let found: Vec<&str> = found.iter().map(|due| &due[11..16]).collect();
    assert_eq!(found, expected, "{line} in {zone} on {day}");
}

#[test]
fn a_fixed_time_in_a_gap_is_due_once_after_it() {
    // 02:00 becomes 03:00 at 01:00 UTC.
    check("30 2 * * *", "Europe/Berlin", "2026-03-28", &["01:30"]);
    check("30 2 * * *", "Europe/Berlin", "2026-03-29", &["01:00"]);
    check("30 2 * * *", "Europe/Berlin", "2026-03-30", &["00:30"]);
    // 02:00 becomes 03:00 at 07:00 UTC.
    check("30 2 * * *", "America/New_York", "2026-03-08", &["07:00"]);
    // 02:00 becomes 02:30 at 15:30 UTC of the day before.
    check("15 2 * * *", "Australia/Lord_Howe", "2026-10-03", &["15:30"]);
    check("45 2 * * *", "Australia/Lord_Howe", "2026-10-03", &["15:45"]);
}

#[test]
fn a_fixed_time_that_comes_twice_is_due_the_first_time() {
    // 03:00 becomes 02:00 at 01:00 UTC.
    check("30 2 * * *", "Europe/Berlin", "2026-10-25", &["00:30"]);
    // 02:00 becomes 01:00 at 06:00 UTC.
    check("30 1 * * *", "America/New_York", "2026-11-01", &["05:30"]);
    // 02:00 becomes 01:30 at 15:00 UTC of the day before.
    check("45 1 * * *", "Australia/Lord_Howe", "2026-04-04", &["14:45"]);
    check("15 1 * * *", "Australia/Lord_Howe", "2026-04-04", &["14:15"]);
}

#[test]
fn other_lines_follow_the_clock_on_the_wall() {
    check("0,30 2 * * *", "Europe/Berlin", "2026-03-29", &[]);
    check("0,30 2 * * *", "Europe/Berlin", "2026-10-25", &["00:00", "00:30", "01:00", "01:30"]);
    check("*/15 1 * * *", "Australia/Lord_Howe", "2026-04-04", &["14:00", "14:15", "14:30", "14:45", "15:00", "15:15"]);
}

#[test]
fn a_line_without_an_hour_goes_on_through_every_change() {
    for (zone, day) in [
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("Australia/Lord_Howe", "2026-10-03"),
        ("Australia/Lord_Howe", "2026-04-04"),
    ] {
        let every_ten: Vec<String> = (0..144).map(|index| format!("{:02}:{:02}", index / 6, index % 6 * 10)).collect();
        check("*/10 * * * *", zone, day, &every_ten.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn seconds_may_stand_first_and_names_stand_for_lines() {
    assert_eq!(
        due(&cron("15 0 12 * * *", "UTC"), "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"),
        ["2026-05-01T12:00:15Z"]
    );
    check("@daily", "Asia/Tokyo", "2026-05-01", &["15:00"]);
    check("0 9 * * MON-FRI", "UTC", "2026-05-02", &[]);
    check("0 9 L * *", "UTC", "2026-05-31", &["09:00"]);
}

#[test]
fn a_line_that_is_wrong_or_never_due_is_refused_with_what_would_be_right() {
    let table = [
        ("0 0 31 2 *", "UTC", "find a time at which the cron line `0 0 31 2 *` is due: no month has such a day"),
        ("0 0 30 2 *", "UTC", "no month has such a day"),
        ("0 0 31 4,6,9,11 *", "Europe/Berlin", "no month has such a day"),
        ("0 0 0 1 1 * 2020", "UTC", "its seventh field is a year"),
        ("0 0 * *", "UTC", "it has 4 fields; write five (minute hour day month weekday), or six"),
        ("", "UTC", "it has 0 fields"),
        ("61 * * * *", "UTC", "read the cron line `61 * * * *`: "),
        ("* * * * MOO", "UTC", "read the cron line `* * * * MOO`: "),
        ("@sometimes", "UTC", "read the cron line `@sometimes`: "),
        ("0 0 * * *", "Europe/Berlim", "find the time zone `Europe/Berlim`: write a name of the IANA database"),
        ("0 0 * * *", "Etc/Unknown", "find the time zone `Etc/Unknown`"),
        ("0 0 * * *", "../../etc/passwd", "find the time zone"),
    ];
    for (line, zone, expected) in table {
        let error = Cadence::cron(line, zone).expect_err("a bad line").to_string();
        assert!(error.contains(expected), "{line} in {zone}: {error}");
    }
}

#[test]
fn a_line_is_told_in_words_with_its_zone() {
    assert_eq!(cron("*/5  * * * *", "europe/berlin").words(), "cron */5 * * * * Europe/Berlin");
}

#[test]
fn the_mean_of_a_line_is_that_of_four_years() {
    let table = [("*/5 * * * *", 300_000), ("0 12 * * *", 86_400_000), ("0 0 29 2 *", 1_461 * 86_400_000)];
    for (line, expected) in table {
        let found = cron(line, "UTC").period_ms();
        assert!((found - expected).abs() <= 1, "{line}: {found}");
    }
}

#[test]
fn a_window_holds_the_slots_that_the_line_names_in_it() {
    let own = watch("objects", "eu-1");
    let weekdays = cron("0 9-17 * * MON-FRI", "Europe/Berlin");
    let monday = at("2026-05-04T00:00:00Z");
    let day = Duration::from_hours(24);
    assert!((weekdays.slots_in(&own, day, monday) - 9.0).abs() < 1e-9);
    assert!((weekdays.slots_in(&own, 7 * day, monday) - 45.0).abs() < 1e-9);
    assert!(weekdays.slots_in(&own, day, monday - 2 * 86_400_000).abs() < 1e-9);
}

#[test]
fn ten_years_of_every_minute_are_counted_exactly() {
    for zone in ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Antarctica/Troll"] {
        let (from, until) = (at("2026-01-01T00:00:30Z"), at("2036-01-01T00:00:30Z"));
        let found = cron("* * * * *", zone).count_between(&watch("objects", "eu-1"), from, until).expect("some");
        assert_eq!(i64::from(found.count), (until - from) / 60_000, "{zone}");
        assert_eq!(found.last_ms, until - 30_000, "{zone}");
    }
}

#[test]
fn a_count_ends_at_the_second_that_it_is_asked_for() {
    let (own, from) = (watch("objects", "eu-1"), at("2026-05-01T10:20:30Z"));
    let every_second = cron("* * * * * *", "Europe/Berlin");
    for seconds in
        [1, 2_369, 2_370, 5_968, 5_969, 5_970, 5_971, 41_969, 41_970, 128_368, 128_369, 128_370, 131_969, 131_970]
    {
        let found = every_second.count_between(&own, from, from + seconds * 1_000).expect("some");
        assert_eq!((i64::from(found.count), found.last_ms), (seconds, from + seconds * 1_000));
    }
}

#[test]
fn days_around_a_change_are_counted_as_they_are_walked() {
    let own = watch("objects", "eu-1");
    for (zone, change) in CHANGES {
        for hours in ["0", "1", "2", "3", "4", "1,2", "*"] {
            let (line, from, until) = (format!("30 {hours} * * *"), at(change) - 172_800_000, at(change) + 172_800_000);
            let cadence = cron(&line, zone);
            let next = |after: &i64| cadence.due_after(&own, *after).filter(|due| *due <= until);
            let walked = std::iter::successors(next(&from), next).count();
            let counted = cadence.count_between(&own, from, until).map_or(0, |found| found.count);
            assert_eq!(counted as usize, walked, "{line} in {zone} around {change}");
        }
    }
}

/// Everything that is due, found minute by minute by asking the clock on the wall, without any search.
fn walked(line: (&[i8], &[i8]), zone: &str, from_ms: i64, until_ms: i64) -> Vec<i64> {
    let (minutes, hours) = line;
    let fixed = minutes.len() == 1 && hours.len() == 1;
    let zone = TimeZone::get(zone).expect("a zone");
    let mut found = Vec::new();
    let first_ms = (from_ms + 59_999) / 60_000 * 60_000;
    for at_ms in (first_ms..=until_ms).step_by(60_000) {
        let local = Timestamp::from_millisecond(at_ms).expect("a moment").to_zoned(zone.clone());
        let shown = minutes.contains(&local.minute()) && hours.contains(&local.hour());
        let repeated = matches!(
            zone.to_ambiguous_timestamp(local.datetime()).offset(),
            AmbiguousOffset::Fold { before, .. } if before != local.offset()
        );
        let after_gap = fixed && {
            let named = local.date().at(hours[0], minutes[0], 0, 0);
            let gap = zone.to_ambiguous_timestamp(named);
            let first_after = |change: Timestamp| change.as_millisecond() == at_ms;
            matches!(gap.offset(), AmbiguousOffset::Gap { .. })
                && zone
                    .preceding(gap.later().expect("a moment") + Duration::from_secs(1))
                    .next()
                    .is_some_and(|change| first_after(change.timestamp()))
        };
        if shown && !(fixed && repeated) || after_gap {
            found.push(at_ms);
        }
    }
    found
}

/// Zones, and when their clocks are changed.
const CHANGES: [(&str, &str); 9] = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Antarctica/Troll", "2026-03-29T01:00:00Z"),
    ("Antarctica/Troll", "2026-10-25T01:00:00Z"),
    ("Asia/Kathmandu", "2026-10-25T01:00:00Z"),
];

fn moment() -> impl Strategy<Value = (&'static str, i64)> {
    prop::sample::select(CHANGES.to_vec()).prop_map(|(zone, change)| (zone, at(change)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn due_times_around_a_change_are_those_that_the_clock_shows(
        (zone, change) in moment(),
        minutes in prop::collection::btree_set(prop::sample::select(vec![0_i8, 5, 15, 30, 45, 59]), 1..3),
        hours in prop::collection::btree_set(0_i8..5, 1..3),
        before in 0_i64..1_000 * 60_000,
        after in 0_i64..1_000 * 60_000,
    ) {
        let list = |values: &[i8]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let (minutes, hours): (Vec<i8>, Vec<i8>) = (minutes.into_iter().collect(), hours.into_iter().collect());
        let line = format!("{} {} * * *", list(&minutes), list(&hours));
        let (from, until) = (change - before, change + after);
        let expected = walked((&minutes, &hours), zone, from + 1, until);
        let (cadence, own) = (cron(&line, zone), watch("objects", "eu-1"));

        let next = |after: &i64| cadence.due_after(&own, *after).filter(|due| *due <= until);
        let found: Vec<i64> = std::iter::successors(next(&from), next).collect();
        prop_assert_eq!(&found, &expected, "{} in {}", line, zone);

        let counted = cadence.count_between(&own, from, until);
        prop_assert_eq!(counted.map_or(0, |found| found.count as usize), expected.len(), "{} in {}", line, zone);
        prop_assert_eq!(counted.map(|found| found.last_ms), expected.last().copied(), "{} in {}", line, zone);
    }
}
