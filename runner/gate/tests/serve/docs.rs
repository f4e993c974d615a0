//! The page on this server says what it does.

use plumb_gate::serve::{Limits, State};

const PAGE: &str = include_str!("../../../../docs/gate-serve.md");
const ROUTES: &str = include_str!("../../src/serve/routes.rs");

/// The cells of every row of every table.
fn rows() -> Vec<Vec<&'static str>> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").collect()).collect()
}

#[test]
fn every_address_is_in_the_table() {
    let routed: Vec<&str> = ROUTES.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(routed.len(), 6, "{routed:?}");
    let told: Vec<&str> = rows().into_iter().map(|row| row[0]).filter(|cell| cell.contains('/')).collect();
    for route in routed {
        let is_told = |cell: &&str| {
            let address = cell.trim_matches('`').rsplit(' ').next().unwrap_or_default();
            address.split('?').next() == Some(route)
        };
        assert!(told.iter().any(is_told), "{route}: {told:?}");
    }
}

#[test]
fn every_state_is_in_the_table() {
    for (state, goes_on) in [
        (State::Running, "not yet"),
        (State::Pass, "yes"),
        (State::Overridden, "yes"),
        (State::Fail, "no"),
        (State::Inconclusive, "no"),
    ] {
        let name = format!("`{}`", state.word());
        let row = rows().into_iter().find(|row| row.len() == 3 && row[0] == name).expect("a row");
        assert_eq!(row[2], goes_on, "{name}");
    }
}

#[test]
fn the_limits_are_those_that_are_delivered() {
    let limits = Limits::default();
    let hours = |time: std::time::Duration| time.as_secs() / 3600;
    for (row, wanted) in [
        ("runs at once", limits.at_once.to_string()),
        ("runs that wait for their turn; beyond that, 503", limits.queued.to_string()),
        ("time of a run; beyond that, `inconclusive`", format!("{} hour", hours(limits.run_max))),
        (
            "age at which a decision answers no more: whoever asks then starts a run again",
            format!("{} hours", hours(limits.answer_age_max)),
        ),
        ("runs kept, and for how long", format!("{},000, {} days", limits.kept / 1000, hours(limits.kept_for) / 24)),
    ] {
        let told = rows().into_iter().find(|cells| cells[0] == row).unwrap_or_else(|| panic!("no row {row:?}"));
        assert_eq!(told[1], wanted, "{row}");
    }
}
