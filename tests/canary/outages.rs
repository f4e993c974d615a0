//! Targets that do not answer, each in another way: bad on the axis of availability, and nothing else.

use plumb_canary::slot::{Ended, Mark, Outcome, Phase, Place};

use crate::daemon::{Daemon, agent, canary, message, rule, target};
use crate::faults::{Full, black_hole, half_closes, hangs_in_body, refuses, resets};
use crate::receiver::{Receiver, is};
use crate::support::{Home, Served, answer_with};

/// So many bad slots of so many, and somebody is told.
const BAD: u32 = 3;
const OF: u32 = 5;

/// What the ledger says of a target that is out.
struct Out {
    target: &'static str,
    url: String,
    place: Place,
    words: &'static str,
}

fn outages(full: &Full) -> Vec<Out> {
    let out = |target, url, place, words| Out { target, url, place, words };
    vec![
        out("black-hole", black_hole(), Place::Service, "timed out (first-byte)"),
        out("full", full.url.clone(), Place::Way(Phase::Connect), "connecting timed out (connect)"),
        out("refused", refuses(), Place::Way(Phase::Connect), "connection refused (connect)"),
        out("reset", resets(), Place::Service, "connection reset (first-byte)"),
        out("half-closed", half_closes(), Place::Service, "connection closed (first-byte)"),
        out("body", hangs_in_body(), Place::Service, "timed out (body)"),
        out(
            "nameless",
            "http://nonexistent.invalid:8080".to_owned(),
            Place::Way(Phase::Dns),
            "name not resolved (dns)",
        ),
    ]
}

#[test]
fn an_outage_pages_within_n_slots_on_availability_with_no_divergence() {
    let (home, receiver, full) = (Home::new(), Receiver::new(), Full::new());
    let (server, outages) = (Served::kv(&home), outages(&full));
    let mut targets = vec!["well"];
    targets.extend(outages.iter().map(|own| own.target));
    let more = "timeout = \"1s\"\nalerts = [\"down\", \"wrong\"]";
    let mut config = [agent(&home), receiver.section("hook"), target("well", &server.url)].concat();
    config += &rule("down", "availability", (BAD, OF), &["hook"]);
    config += &rule("wrong", "conformance", (1, 1), &["hook"]);
    config.extend(outages.iter().map(|own| target(own.target, &own.url)));
    home.write("plumb.toml", config + &canary("writes", &targets, more));
    let daemon = Daemon::start(&home);
    let alerts: Vec<_> =
        outages.iter().map(|own| receiver.wait(own.target, |alert| is(alert, "firing", own.target))).collect();
    let paged = |rows: &[Ended], at: usize| bad_until(rows, outages[at].target, alerts[at]["last_ms"].as_i64());
    let rows = daemon.rows_once("what was told of", |rows| (0..alerts.len()).all(|at| paged(rows, at) >= BAD));
    for (at, own) in outages.iter().enumerate() {
        check(own, &rows);
        assert_eq!(
            paged(&rows, at),
            BAD,
            "{}: it pages with bad slot number {BAD}, no sooner and no later",
            own.target
        );
        let alert = &alerts[at];
        assert_eq!((&alert["rules"][0], &alert["axis"]), (&"down".into(), &"availability".into()), "{alert:#}");
        assert_eq!(alert["place"], own.place.words(), "{alert:#}");
        let again = format!("--target {} --config {}", own.target, home.path("plumb.toml").display());
        assert!(alert["replay"].as_str().is_some_and(|line| line.contains(&again)), "{alert:#}");
        assert_eq!(alert["findings"].as_array().map(Vec::len), Some(0), "{alert:#}");
    }
    let well = rows.iter().filter(|row| row.slot.watch.target == "well" && row.outcome.ran());
    assert!(well.clone().count() > 0 && well.clone().all(|row| row.outcome == Outcome::Pass), "{rows:#?}");
    assert!(!receiver.alerts().iter().any(|alert| alert["target"] == "well"));
    assert_eq!(
        daemon.metric("plumb_sli_slots_total", &["axis=\"conformance\"", "target=\"full\"", "\"bad\""]),
        Some(0.0)
    );
    let findings = std::fs::read_dir(home.path("state/findings")).map_or(0, Iterator::count);
    assert_eq!(findings, 0, "an outage is no divergence");
    daemon.end().exits(0);
}

/// Bad slots at a target, up to a moment.
fn bad_until(rows: &[Ended], target: &str, until_ms: Option<i64>) -> u32 {
    let here = rows.iter().filter(|row| row.slot.watch.target == target && Some(row.slot.due_ms) <= until_ms);
    here.filter(|row| row.availability == Mark::Bad).map(|row| row.count).sum()
}

/// Every slot at the target says the same.
fn check(own: &Out, rows: &[Ended]) {
    let here: Vec<&Ended> =
        rows.iter().filter(|row| row.slot.watch.target == own.target && row.outcome.ran()).collect();
    assert!(here.len() >= BAD as usize, "{}: {here:#?}", own.target);
    for row in here {
        assert_eq!(row.outcome, Outcome::Inconclusive, "{}: {row:#?}", own.target);
        assert_eq!((row.availability, row.conformance), (Mark::Bad, Mark::Void), "{}: {row:#?}", own.target);
        let trouble = row.trouble.as_ref().expect("a trouble");
        assert_eq!(trouble.place, own.place, "{}: {row:#?}", own.target);
        assert!(message(row).contains(own.words), "{}: {row:#?}", own.target);
        assert!(trouble.findings.is_empty(), "{}: {row:#?}", own.target);
    }
}

#[test]
fn a_target_that_answers_nothing_but_500_is_out_and_wrong_and_both_are_told() {
    let (home, receiver) = (Home::new(), Receiver::new());
    let config = [
        agent(&home),
        receiver.section("hook"),
        rule("down", "availability", (BAD, OF), &["hook"]),
        rule("wrong", "conformance", (1, 1), &["wrong"]).replace("\"page\"", "\"ticket\""),
        receiver.section("wrong"),
        target("broken", &answer_with(|_| "500 Internal Server Error")),
        canary("writes", &["broken"], "alerts = [\"down\", \"wrong\"]"),
    ];
    home.write("plumb.toml", config.concat());
    let daemon = Daemon::start(&home);
    for (severity, axis) in [("page", "availability"), ("ticket", "conformance")] {
        let alert = receiver.wait(axis, |alert| is(alert, "firing", "broken") && alert["severity"] == severity);
        assert_eq!((&alert["axis"], &alert["place"]), (&axis.into(), &"service".into()), "{alert:#}");
    }
    let rows = daemon.rows_once("a slot", |rows| rows.iter().any(|row| row.outcome.ran()));
    for row in rows.iter().filter(|row| row.outcome.ran()) {
        assert_eq!(row.outcome, Outcome::Fail, "what can be shown again is a divergence: {row:#?}");
        assert_eq!((row.availability, row.conformance), (Mark::Bad, Mark::Bad), "{row:#?}");
        assert_eq!(row.trouble.as_ref().map(|own| (own.place, own.findings.len())), Some((Place::Service, 1)));
    }
    daemon.end().exits(0);
}
