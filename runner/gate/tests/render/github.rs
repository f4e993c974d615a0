//! Commands to GitHub's runner, read as that reads them.

use plumb_gate::render::text::line;
use plumb_gate::render::{ANNOTATIONS_MAX, Room, github, json, junit, markdown, page, terminal};
use proptest::prelude::*;

use crate::attacks::{ATTACKS, nasty};
use crate::sample::{empty, failing, huge, overridden, passing, with_text};

/// A command, as `ActionCommand.TryParseV2` of GitHub's runner takes it from a line.
#[derive(Debug, PartialEq)]
struct Command {
    name: String,
    properties: Vec<(String, String)>,
    data: String,
}

/// The command in a line, if it is one: of the second form, at its beginning.
fn command(line: &str) -> Option<Command> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (info, data) = rest.split_once("::")?;
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    let properties = properties.trim().split(',').filter(|property| !property.is_empty());
    let properties = properties.filter_map(|property| {
        let (name, value) = property.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty())?;
        let value = value.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
        Some((name.to_owned(), value.replace("%25", "%")))
    });
    let data = data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
    Some(Command { name: name.to_owned(), properties: properties.collect(), data })
}

/// Whether any build server would take a line for a command that is not one of ours.
fn is_command(line: &str) -> bool {
    let start = line.trim_start();
    command(line).is_some() || line.contains("##[") || line.contains("##vso[") || start.starts_with("##teamcity[")
}

fn commands(text: &str) -> Vec<Command> {
    text.split(['\n', '\r']).filter_map(command).collect()
}

/// Nothing but our annotations, with our properties, and the texts as they were but for what is escaped for the eye.
fn check(text: &str, is_overridden: bool) {
    let decision = with_text(text, is_overridden);
    let told = github(&decision);
    for line in told.lines().filter(|line| !line.starts_with("plumb gate: ")) {
        assert!(command(line).is_some(), "{text:?} makes a line that is no command: {line:?}");
        assert!(!line.contains("##["), "{text:?} makes {line:?}");
    }
    let tame = commands(&github(&with_text("tame", is_overridden)));
    let all = commands(&told);
    let names = |all: &[Command]| -> Vec<(String, Vec<String>)> {
        let keys =
            |own: &Command| own.properties.iter().map(|(key, _)| key.clone()).filter(|key| key != "file").collect();
        all.iter().map(|own| (own.name.clone(), keys(own))).collect()
    };
    assert_eq!(names(&all), names(&tame), "{text:?} changes what is told: {told}");
    let is_told = all.iter().any(|own| own.data.contains(&line(text)));
    assert!(is_told, "{text:?} is lost: {told}");
}

#[test]
fn no_attack_becomes_a_command() {
    for attack in ATTACKS {
        check(attack, false);
        check(attack, true);
    }
}

proptest! {
    #[test]
    fn no_text_becomes_a_command(text in nasty(), is_overridden: bool) {
        check(&text, is_overridden);
    }
}

proptest! {
    // Five reports each time.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_other_report_has_a_line_that_a_build_server_obeys(text in nasty(), is_overridden: bool) {
        obeyed(&text, is_overridden);
    }
}

#[test]
fn no_report_in_a_log_is_obeyed() {
    for attack in ATTACKS {
        obeyed(attack, true);
        obeyed(attack, false);
    }
}

fn obeyed(text: &str, is_overridden: bool) {
    let decision = with_text(text, is_overridden);
    let reports = [
        terminal(&decision, false),
        json(&decision).expect("a decision is JSON"),
        junit(&decision).expect("a decision is XML"),
        markdown(&decision, Room::Comment),
        page(&decision, &[]),
    ];
    for report in reports {
        let bad = report.split(['\n', '\r', '\u{85}', '\u{2028}']).find(|line| is_command(line));
        assert_eq!(bad, None, "{text:?}");
    }
}

#[test]
fn the_runner_reads_back_what_was_meant() {
    let mut decision = failing();
    decision.findings.truncate(1);
    decision.findings[0].summary = "50% of a: b, c".to_owned();
    decision.findings[0].place = Some(("features/a,b:c%.feature".to_owned(), 14));
    let all = commands(&github(&decision));
    let own =
        all.iter().find(|own| own.properties.iter().any(|(key, _)| key == "file")).expect("the finding has a place");
    assert_eq!(own.name, "error");
    assert_eq!(own.properties[0], ("file".to_owned(), "features/a,b:c%.feature".to_owned()));
    assert_eq!(own.properties[1], ("line".to_owned(), "14".to_owned()));
    assert_eq!(own.properties[2], ("title".to_owned(), "GetItem at staging: new".to_owned()));
    assert_eq!(own.data, "50% of a: b, c Replay: plumb replay runs/7/findings/a1.json");
}

#[test]
fn no_more_is_told_than_is_shown_and_the_rest_is_counted() {
    let told = github(&huge(500));
    let of = |name: &str| commands(&told).iter().filter(|own| own.name == name).count();
    assert_eq!((of("error"), of("warning"), of("notice")), (ANNOTATIONS_MAX, ANNOTATIONS_MAX, 1));
    assert!(told.contains("plumb gate: 991 more errors in the job summary"), "{told}");
    assert!(told.contains("plumb gate: 490 more warnings in the job summary"), "{told}");
    assert!(commands(&told)[0].data.contains("2 findings that block"), "the verdict comes first: {told}");
}

#[test]
fn the_level_is_that_of_the_verdict() {
    for (decision, level) in
        [(failing(), "error"), (empty(), "error"), (overridden(), "warning"), (passing(), "notice")]
    {
        let all = commands(&github(&decision));
        assert_eq!(all[0].name, level, "{}", decision.verdict);
        let has_errors = all.iter().any(|own| own.name == "error");
        assert_eq!(has_errors, level == "error", "{}", decision.verdict);
    }
    let first = &commands(&github(&overridden()))[0];
    assert!(first.data.starts_with("Ada Lovelace answers for going on until 2026-11-22T11:00:00Z"), "{first:?}");
}
