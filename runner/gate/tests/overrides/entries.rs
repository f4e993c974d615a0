//! Which entries count, and which are refused.

use jiff::{Timestamp, ToSpan};
use plumb_gate::overrides::{Entry, OVERRIDE_MAX, in_force, parse, told};
use proptest::prelude::*;

const GOOD: &str = r#"
# Written at night.
[[override]]
gate = "release"
who = "Ada Lovelace"
why = "the fix must go out"
made = 2026-11-22T03:12:00+01:00
until = 2026-11-22T12:00:00+01:00
"#;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn entry(made: &str, until: &str) -> Entry {
    Entry {
        gate: "release".to_owned(),
        who: "Ada Lovelace".to_owned(),
        why: "the fix must go out".to_owned(),
        made: at(made),
        until: at(until),
        version: None,
    }
}

#[test]
fn an_entry_is_read_with_its_zone() {
    assert_eq!(parse(GOOD), Ok(vec![entry("2026-11-22T02:12:00Z", "2026-11-22T11:00:00Z")]));
    assert_eq!(parse(""), Ok(Vec::new()));
    let version = format!("{GOOD}version = \"2.14.1\"\n");
    assert_eq!(parse(&version).expect("good").first().and_then(|own| own.version.clone()).as_deref(), Some("2.14.1"));
}

/// What stands at the place of the mistake, what it says, and what to do.
fn refused(text: &str) -> (String, String, String) {
    let mistake = parse(text).expect_err("it is refused");
    let place = mistake.place.expect("it has a place");
    (text[place].to_owned(), mistake.message, mistake.help)
}

#[test]
fn a_mistake_has_a_place_and_a_remedy() {
    let long = "x".repeat(201);
    let longer = "x".repeat(2_001);
    let line = |key: &str| GOOD.lines().find(|line| line.starts_with(key)).expect("a line").to_owned();
    for (old, new, place, message, help) in [
        (line("gate"), String::new(), "[[override]]", "the override has no `gate`", "name the gate"),
        (line("who"), String::new(), "[[override]]", "the override has no `who`", "name the person"),
        (line("why"), String::new(), "[[override]]", "the override has no `why`", "say why"),
        (line("made"), String::new(), "[[override]]", "the override has no `made`", "a zone"),
        (line("until"), String::new(), "[[override]]", "the override has no `until`", "a zone"),
        (line("who"), "who = \"  \"".into(), "\"  \"", "`who` is empty", "name the person"),
        (line("why"), "why = \"\"".into(), "\"\"", "`why` is empty", "say why"),
        (line("who"), format!("who = \"{long}\""), &long, "`who` is longer than 200", "be brief"),
        (line("why"), format!("why = \"{longer}\""), &longer, "`why` is longer than 2000", "be brief"),
        (line("why"), "why = \"a\\u001b[31m\"".into(), "\"a\\u001b[31m\"", "\\u{1b}", "plain text"),
        (line("why"), "why = \"a\\nb\"".into(), "\"a\\nb\"", "\\u{a}", "one line"),
        (line("who"), "who = \"a\\u202eb\"".into(), "\"a\\u202eb\"", "\\u{202e}", "plain text"),
        (
            line("until"),
            "until = 2026-11-22T12:00:00".into(),
            "2026-11-22T12:00:00",
            "a date, a time and a zone",
            "until = 2026-",
        ),
        (line("until"), "until = 2026-11-22".into(), "2026-11-22", "a date, a time and a zone", "without quotes"),
        (line("made"), "made = 03:12:00".into(), "03:12:00", "`made` is not an instant", "made = 2026-"),
        (
            line("until"),
            "until = \"2026-11-22T12:00:00Z\"".into(),
            "\"2026-11-22T12:00:00Z\"",
            "datetime",
            "without quotes",
        ),
        (
            line("until"),
            "until = 2026-11-22T03:12:00+01:00".into(),
            "2026-11-22T03:12:00+01:00",
            "over before it begins",
            "to come",
        ),
        (
            line("until"),
            "until = 2026-11-21T12:00:00+01:00".into(),
            "2026-11-21T12:00:00+01:00",
            "over before it begins",
            "to come",
        ),
        (
            line("until"),
            "until = 2026-11-29T03:12:01+01:00".into(),
            "2026-11-29T03:12:01+01:00",
            "more than 7 days",
            "at most 7 days",
        ),
        (line("who"), "owner = \"x\"".into(), "owner", "unknown field", "gate, who, why, made and until"),
        ("[[override]]".into(), "[[overrides]]".into(), "overrides", "unknown field", "[[override]]"),
        (line("who"), "who = 7".into(), "7", "invalid type", "gate, who, why"),
        (line("who"), "who = \"x".into(), "", "", "gate, who, why"),
    ] {
        let text = GOOD.replace(&old, &new);
        let (own, said, remedy) = refused(&text);
        assert!(own.contains(place), "{new:?} is marked at {own:?}: {said}");
        assert!(said.contains(message), "{new:?}: {said}");
        assert!(remedy.contains(help), "{new:?}: {remedy}");
    }
}

#[test]
fn the_longest_override_is_a_week() {
    let text =
        GOOD.replace("until = 2026-11-22T12", "until = 2026-11-29T03").replace("03:00:00+01:00", "03:12:00+01:00");
    let own = parse(&text).expect("a week is fine");
    assert_eq!(own[0].until.duration_since(own[0].made), OVERRIDE_MAX);
}

#[test]
fn an_override_counts_for_its_gate_and_version_while_it_lasts() {
    let own = entry("2026-11-22T02:00:00Z", "2026-11-22T11:00:00Z");
    let only = Entry { version: Some("2.14.1".to_owned()), ..own.clone() };
    for (entry, gate, version, now, counts) in [
        (&own, "release", None, "2026-11-22T03:00:00Z", true),
        (&own, "release", Some("2.14.1"), "2026-11-22T03:00:00Z", true),
        (&own, "nightly", None, "2026-11-22T03:00:00Z", false),
        (&own, "Release", None, "2026-11-22T03:00:00Z", false),
        (&own, "release", None, "2026-11-22T10:59:59Z", true),
        (&own, "release", None, "2026-11-22T11:00:00Z", false),
        (&own, "release", None, "2026-11-22T02:00:00Z", true),
        (&own, "release", None, "2026-11-22T01:55:00Z", true),
        (&own, "release", None, "2026-11-22T01:54:59Z", false),
        (&only, "release", Some("2.14.1"), "2026-11-22T03:00:00Z", true),
        (&only, "release", Some("2.14.2"), "2026-11-22T03:00:00Z", false),
        (&only, "release", None, "2026-11-22T03:00:00Z", false),
    ] {
        let all = [entry.clone()];
        let used = in_force(&all, gate, version, at(now));
        assert_eq!(used.is_some(), counts, "{gate} {version:?} at {now}");
        let said = told(&all, gate, version, at(now));
        assert_eq!(said.is_some(), !counts && gate == entry.gate, "{gate} {version:?} at {now}: {said:?}");
    }
}

#[test]
fn why_an_entry_does_not_count_is_told() {
    let all = [entry("2026-11-22T02:00:00Z", "2026-11-22T11:00:00Z")];
    let said = |now: &str| told(&all, "release", None, at(now)).expect("it does not count");
    assert!(said("2026-11-23T00:00:00Z").contains("is over since 2026-11-22T11:00:00Z"));
    assert!(said("2026-11-20T00:00:00Z").contains("which is to come"));
    let only = [Entry { version: Some("1".to_owned()), ..all[0].clone() }];
    let said = told(&only, "release", Some("2"), at("2026-11-22T03:00:00Z")).expect("it does not count");
    assert!(said.contains("for version 1, and the gate expects 2"), "{said}");
}

#[test]
fn of_several_the_one_made_last_is_used() {
    let early = entry("2026-11-22T02:00:00Z", "2026-11-24T11:00:00Z");
    let late = Entry { who: "Grace Hopper".to_owned(), ..entry("2026-11-22T09:00:00Z", "2026-11-22T11:00:00Z") };
    for all in [[early.clone(), late.clone()], [late, early]] {
        let who = |now: &str| in_force(&all, "release", None, at(now)).expect("one counts").who;
        assert_eq!(who("2026-11-22T03:00:00Z"), "Ada Lovelace", "the other is not made yet");
        assert_eq!(who("2026-11-22T10:00:00Z"), "Grace Hopper");
        assert_eq!(who("2026-11-23T10:00:00Z"), "Ada Lovelace", "the other is over");
    }
}

proptest! {
    #[test]
    fn no_override_counts_for_longer_than_the_most(lasts in 1_i64..2_000_000, later in -1_000_000_i64..3_000_000) {
        let made = at("2026-11-22T02:00:00Z");
        let until = made + lasts.seconds();
        let text = format!("[[override]]\ngate='g'\nwho='a'\nwhy='b'\nmade={made}\nuntil={until}\n");
        let now = made + later.seconds();
        let counts = parse(&text).is_ok_and(|all| in_force(&all, "g", None, now).is_some());
        prop_assert_eq!(counts, lasts <= 7 * 86_400 && (-300..lasts).contains(&later));
    }

    #[test]
    fn no_file_makes_it_panic(text in "(\\[\\[override\\]\\]\n)?([a-z]{2,6} = [\"'0-9TZ:+a-z.-]{0,24}\n){0,5}.{0,40}") {
        if let Err(mistake) = parse(&text) {
            let place = mistake.place.unwrap_or_default();
            prop_assert!(text.get(place).is_some(), "{:?}", text);
        }
    }
}
