//! What is counted, and what is not.

use std::sync::Arc;

use plumb_canary::metrics::{Metrics, Numbers, OTHER_TARGET, TARGETS_MAX};
use plumb_canary::plan::Plan;
use plumb_canary::slot::{Ended, Mark, Outcome, Place, Slot, SlotKind, Timing, Watch};

use crate::{fixture, site};

/// A slot that passed at the fixture's first canary.
fn passed(kind: SlotKind) -> Ended {
    let slot = Slot { watch: fixture::watch("upload-download", "eu-prod"), due_ms: 60_000, kind };
    let mut ended = Ended::without_start(slot, Outcome::Pass, "");
    (ended.availability, ended.conformance, ended.trouble) = (Mark::Good, Mark::Good, None);
    ended
}

fn metrics() -> Metrics {
    let metrics = Metrics::new("here", Vec::new());
    metrics.follow(&site::plan());
    metrics
}

/// The value of a series: its name, and parts of its labels.
fn value(metrics: &Metrics, name: &str, labels: &[&str]) -> Option<String> {
    let text = metrics.text(&Numbers::default());
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label)));
    line.and_then(|line| line.rsplit_once(' ')).map(|(_, value)| value.to_owned())
}

#[track_caller]
fn check(metrics: &Metrics, name: &str, labels: &[&str], wanted: &str) {
    assert_eq!(value(metrics, name, labels).as_deref(), Some(wanted), "{name} {labels:?}");
}

const WATCH: [&str; 2] = ["canary=\"upload-download\"", "target=\"eu-prod\""];

#[test]
fn every_outcome_of_a_watch_is_there_before_it_happens() {
    let metrics = metrics();
    for outcome in Outcome::ALL {
        let outcome = format!("outcome=\"{}\"", outcome.word());
        check(&metrics, "plumb_slots_total", &[WATCH[0], WATCH[1], &outcome, "kind=\"scheduled\""], "0");
    }
}

#[test]
fn only_scheduled_slots_count_for_the_promise() {
    let metrics = metrics();
    for kind in [SlotKind::Scheduled, SlotKind::Retry, SlotKind::Asked] {
        metrics.ended(&passed(kind));
    }
    check(&metrics, "plumb_slots_total", &[WATCH[0], WATCH[1], "outcome=\"pass\"", "kind=\"retry\""], "1");
    for axis in ["axis=\"availability\"", "axis=\"conformance\""] {
        check(&metrics, "plumb_sli_slots_total", &[WATCH[0], WATCH[1], axis, "mark=\"good\""], "1");
    }
}

#[test]
fn what_never_started_counts_for_each_due_time() {
    let metrics = metrics();
    let slot = passed(SlotKind::Scheduled).slot;
    metrics.ended(&Ended::without_start(slot, Outcome::Missed, "asleep").for_all_until(7, 420_000));
    check(&metrics, "plumb_slots_total", &[WATCH[0], WATCH[1], "outcome=\"missed\""], "7");
    check(&metrics, "plumb_slot_troubles_total", &["target=\"eu-prod\"", "place=\"agent\""], "7");
    assert_eq!(value(&metrics, "plumb_last_slot_timestamp_seconds", &WATCH), None, "nothing has started");
    check(&metrics, "plumb_slot_lateness_seconds_count", &[], "0");
}

#[test]
fn exchanges_are_timed_by_phase() {
    let metrics = metrics();
    let mut ended = passed(SlotKind::Scheduled);
    let phases_us = [Some(2_000), Some(30_000), None, Some(400_000), Some(1_000)];
    ended.timings = vec![Timing { phases_us, total_us: 433_000 }];
    (ended.exchanges, ended.bytes, ended.late_ms, ended.duration_us) = (1, 4_096, 20, 450_000);
    metrics.ended(&ended);
    let target = "target=\"eu-prod\"";
    check(&metrics, "plumb_exchange_duration_seconds_sum", &[target], "0.433");
    check(&metrics, "plumb_exchange_phase_duration_seconds_bucket", &[target, "phase=\"dns\"", "le=\"0.0025\""], "1");
    check(
        &metrics,
        "plumb_exchange_phase_duration_seconds_bucket",
        &[target, "phase=\"first-byte\"", "le=\"0.25\""],
        "0",
    );
    assert_eq!(value(&metrics, "plumb_exchange_phase_duration_seconds_count", &[target, "phase=\"tls\""]), None);
    check(&metrics, "plumb_exchange_bytes_total", &[target], "4096");
    check(&metrics, "plumb_slot_lateness_seconds_bucket", &["le=\"0.05\""], "1");
    check(&metrics, "plumb_last_pass_timestamp_seconds", &WATCH, "60.47");
}

#[test]
fn a_way_there_has_its_phase() {
    let metrics = metrics();
    let mut ended = passed(SlotKind::Scheduled);
    let mut without = Ended::without_start(ended.slot.clone(), Outcome::Inconclusive, "x");
    if let Some(trouble) = &mut without.trouble {
        trouble.place = Place::Way(plumb_canary::slot::Phase::Connect);
    }
    ended.trouble = without.trouble;
    metrics.ended(&ended);
    check(&metrics, "plumb_slot_troubles_total", &["place=\"way\"", "phase=\"connect\""], "1");
    check(&metrics, "plumb_slot_troubles_total", &["place=\"service\"", "phase=\"\""], "0");
}

/// The fixture's plan, changed.
fn plan_with(change: impl FnOnce(&mut Plan)) -> Plan {
    let mut plan = site::plan();
    change(&mut plan);
    plan
}

#[test]
fn a_reload_takes_series_away_and_keeps_what_was_counted() {
    let metrics = metrics();
    metrics.ended(&passed(SlotKind::Scheduled));
    let kept = fixture::watch("signed-links", "us-prod");
    let mut other = passed(SlotKind::Scheduled);
    other.slot.watch = kept.clone();
    metrics.ended(&other);
    metrics.follow(&plan_with(|plan| {
        plan.canaries.remove("upload-download").expect("it is there");
        for canary in plan.canaries.values_mut() {
            canary.targets.retain(|target| target == "us-prod");
        }
    }));
    // A slot that was under way when its watch was taken away does not bring it back.
    metrics.ended(&passed(SlotKind::Scheduled));
    let text = metrics.text(&Numbers::default());
    assert!(!text.contains("upload-download") && !text.contains("eu-prod"), "{text}");
    check(&metrics, "plumb_slots_total", &["canary=\"signed-links\"", "outcome=\"pass\""], "1");
}

#[test]
fn targets_beyond_the_bound_are_counted_together() {
    let plan = plan_with(|plan| {
        let canary = plan.canaries.get_mut("signed-links").expect("it is there");
        canary.targets = (0..TARGETS_MAX + 20).map(|number| format!("t{number:04}")).collect();
        plan.canaries.retain(|name, _| name == "signed-links");
    });
    let metrics = Metrics::new("here", Vec::new());
    metrics.follow(&plan);
    for target in ["t0000", "t0110", "t0119"] {
        let mut ended = passed(SlotKind::Scheduled);
        (ended.slot.watch, ended.exchanges) = (fixture::watch("signed-links", target), 5);
        metrics.ended(&ended);
    }
    check(&metrics, "plumb_exchanges_total", &["target=\"t0000\""], "5");
    check(&metrics, "plumb_exchanges_total", &[&format!("target=\"{OTHER_TARGET}\"")], "10");
    check(&metrics, "plumb_slots_total", &["target=\"t0119\"", "outcome=\"pass\""], "1");
}

#[test]
fn strange_names_stay_inside_their_labels() {
    let name = "a\"} 1\nevil 1 # {\\";
    let plan = plan_with(|plan| {
        let canary = plan.canaries.remove("signed-links").expect("it is there");
        plan.canaries.insert(name.into(), canary);
    });
    let metrics =
        Metrics::new("re\"gion\n", vec![("0 model/\"x".into(), "h\"\n".into()), ("region".into(), "r".into())]);
    metrics.follow(&plan);
    let text = metrics.text(&Numbers::default());
    assert!(!text.lines().any(|line| line.starts_with("evil")), "{text}");
    assert!(text.contains("canary=\"a\\\"} 1\\nevil 1 # {\\\\\""), "{text}");
    assert!(text.contains("build_0_model__x=\"h\\\"\\n\"") && text.contains("build_region=\"r\""), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

/// A daemon of many watches.
fn many(watches: usize) -> Metrics {
    let plan = plan_with(|plan| {
        let canary = plan.canaries.remove("signed-links").expect("it is there");
        plan.canaries = (0..watches / 2).map(|number| (format!("canary-{number:04}"), canary.clone())).collect();
    });
    let metrics = Metrics::new("here", Vec::new());
    metrics.follow(&plan);
    let all: Vec<Watch> = plan.watches().map(|(watch, _)| watch).collect();
    for watch in all {
        let mut ended = passed(SlotKind::Scheduled);
        ended.timings = vec![Timing { phases_us: [Some(10); 5], total_us: 50 }; 3];
        ended.slot.watch = watch;
        metrics.ended(&ended);
    }
    metrics
}

/// The most series of one watch, and what a thousand of them may take as text.
const SERIES_PER_WATCH_MAX: usize = 20;
const TEXT_BYTES_MAX: usize = 3_000_000;

#[test]
fn a_thousand_watches_stay_small() {
    let metrics = many(1_000);
    let text = metrics.text(&Numbers::default());
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(series < SERIES_PER_WATCH_MAX * 1_000, "{series} series");
    assert!(text.len() < TEXT_BYTES_MAX, "{} bytes", text.len());
}

#[test]
fn the_same_counts_give_the_same_text_from_any_thread() {
    let metrics = Arc::new(many(20));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let metrics = Arc::clone(&metrics);
            std::thread::spawn(move || (0..100).for_each(|_| metrics.ended(&passed(SlotKind::Retry))))
        })
        .collect();
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    assert_eq!(metrics.text(&Numbers::default()), metrics.text(&Numbers::default()));
}
