//! What a run of features came to, in honest words: headline, notices and the line of sums of every report for people.

use super::{Counts, FeatureReport, Upshot, why};
use crate::events::TestsStarted;
use crate::report::outcome::{Tone, leftovers};
use crate::report::words::{count, duration, number, safe};

/// The one sentence to read where only one is read.
pub(in crate::report) fn headline(report: &FeatureReport) -> (Tone, String) {
    let counts = report.counts();
    let apart = report.findings_apart().count() as u64;
    if counts.failed > 0 {
        return (Tone::Bad, format!("{} failed", count(counts.failed, "scenario")));
    }
    if apart > 0 {
        return (Tone::Bad, format!("{} open", count(apart, "finding")));
    }
    let unclear = if counts.scenarios == 0 {
        "Nothing ran".to_owned()
    } else if report.started.dry_run {
        "Nothing was sent: a dry run".to_owned()
    } else if counts.passed_in_all() == 0 {
        "Nothing passed".to_owned()
    } else if !is_whole(report) {
        "Nothing failed in the part that ran".to_owned()
    } else if counts.inconclusive > 0 {
        let all = count(counts.scenarios, "scenario");
        format!("Nothing failed, {} of {all} inconclusive", number(counts.inconclusive))
    } else {
        return (Tone::Good, passed(counts));
    };
    (Tone::Unclear, unclear)
}

/// The first scenario that keeps the run from passing, and why; the headline where it is none of them.
pub fn worst(report: &FeatureReport) -> String {
    let bad = [Upshot::Failed, Upshot::Inconclusive, Upshot::Skipped];
    let first = bad.iter().find_map(|upshot| report.upshot(*upshot).next());
    first.map_or_else(|| headline(report).1, |own| format!("{}: {}", own.played.id, why(&own.played)))
}

fn passed(counts: Counts) -> String {
    let all = count(counts.scenarios, "scenario");
    let of = if counts.passed_in_all() == counts.scenarios {
        all
    } else {
        format!("{} of {all}", number(counts.passed_in_all()))
    };
    let flaky = if counts.flaky == 0 { String::new() } else { format!(", {} of them flaky", number(counts.flaky)) };
    format!("{of} passed{flaky}")
}

/// Whether every selected scenario was played.
fn is_whole(report: &FeatureReport) -> bool {
    report.ended.as_ref().is_some_and(|ended| !ended.interrupted && ended.early.is_none() && ended.scenarios_left == 0)
}

/// Against what the scenarios are played.
pub(in crate::report) fn played_at(started: &TestsStarted) -> &str {
    match &started.endpoint {
        Some(endpoint) => endpoint,
        None if started.dry_run => "no target",
        None => "the model itself",
    }
}

/// What a reader must know before trusting the sums, a sentence each.
pub fn notices(report: &FeatureReport) -> Vec<String> {
    let mut notices = Vec::new();
    notices.extend(nothing(report));
    notices.extend(beside_the_model(report));
    notices.extend(accepted(report));
    let without_steps = report.without_steps();
    if without_steps > 0 {
        let many = count(without_steps, "scenario");
        notices.push(format!("{many} that passed stand without their steps: they are too many."));
    }
    notices.extend(ending(report));
    notices.extend(report.ended.as_ref().and_then(|ended| leftovers(&ended.resources_left)));
    notices
}

/// Says where nothing ran, and why.
fn nothing(report: &FeatureReport) -> Option<String> {
    let (counts, started) = (report.counts(), &report.started);
    if started.dry_run && counts.scenarios > 0 {
        return Some(
            "A dry run: steps were bound to functions, nothing was sent. This says nothing about the target.".into(),
        );
    }
    if counts.scenarios == 0 {
        let why = match (started.selected, started.left_out) {
            (0, 0) => "there is none".to_owned(),
            (0, left_out) => {
                let by =
                    started.tags.as_ref().map_or_else(String::new, |tags| format!(" by the tags \"{}\",", safe(tags)));
                format!("{} left out{by} by name or because they belong to another API", were(left_out))
            }
            (selected, _) => format!("{} selected", were(selected)),
        };
        return Some(format!("NO SCENARIO WAS PLAYED ({why}): this says nothing about the target."));
    }
    let tried = counts.scenarios - counts.skipped;
    (tried == 0).then(|| "EVERY SCENARIO WAS SKIPPED: this says nothing about the target.".to_owned())
}

/// What the model did not judge, where that was so.
fn beside_the_model(report: &FeatureReport) -> Option<String> {
    let many = report.counts().without_model;
    let does = if many == 1 { "does" } else { "do" };
    let waived = match report.calls.waived {
        0 => String::new(),
        waived => format!("; it forbids {} in there", count(waived, "answer")),
    };
    (many > 0).then(|| format!("{} {does} without the model's judgement{waived}.", count(many, "scenario")))
}

/// How many wrong answers scenarios went on after, because somebody has accepted them.
fn accepted(report: &FeatureReport) -> Option<String> {
    let many = report.calls.accepted;
    (many > 0).then(|| {
        format!("{} that the model forbids: accepted deviations, and the scenarios went on.", count(many, "answer"))
    })
}

fn ending(report: &FeatureReport) -> Option<String> {
    let Some(ended) = &report.ended else {
        return Some("No end was recorded: the run still goes on, or it was killed.".into());
    };
    let left = match ended.scenarios_left {
        0 => String::new(),
        left => format!("; {} not played", were(left)),
    };
    match ended.early.as_deref() {
        Some(early) if early != "interrupted" => Some(format!("Ended early: {}{left}.", safe(early))),
        _ if ended.interrupted => Some(format!("Interrupted{left}.")),
        _ if ended.scenarios_left > 0 => Some(format!("{} not played.", were(ended.scenarios_left))),
        _ => None,
    }
}

/// `1 scenario was`, `3 scenarios were`.
fn were(many: u64) -> String {
    format!("{} {}", count(many, "scenario"), if many == 1 { "was" } else { "were" })
}

/// `74 scenarios: 70 passed (1 flaky), 1 failed, 3 skipped; 412 calls, 400 judged by the model, 12 unmodelled; 3.2 s`.
pub fn summary(report: &FeatureReport) -> String {
    let (counts, calls) = (report.counts(), report.calls);
    let of = |part: u64, word: &str| if part == 0 { String::new() } else { format!(" ({} {word})", number(part)) };
    let each = [
        (counts.passed_in_all(), "passed", of(counts.flaky, "flaky")),
        (counts.failed_in_all(), "failed", of(counts.accepted, "accepted")),
        (counts.inconclusive_in_all(), "inconclusive", of(counts.allowed, "allowed")),
        (counts.skipped, "skipped", String::new()),
    ];
    let each = each.into_iter().filter(|(many, word, _)| *many > 0 || *word == "passed");
    let each: Vec<String> = each.map(|(many, word, of)| format!("{} {word}{of}", number(many))).collect();
    let mut sent = vec![count(calls.calls, "call"), format!("{} judged by the model", number(calls.judged))];
    let unusual = [(calls.unmodelled, "unmodelled"), (calls.waived, "waived")];
    sent.extend(unusual.iter().filter(|(many, _)| *many > 0).map(|(many, word)| format!("{} {word}", number(*many))));
    let took = report.ended.as_ref().map_or_else(String::new, |ended| format!("; {}", duration(ended.duration_ms)));
    format!("{}: {}; {}{took}", count(counts.scenarios, "scenario"), each.join(", "), sent.join(", "))
}
