//! What a run came to, in honest words: the headline and the notices of every report for people.

use std::collections::BTreeMap;

use crate::engine::BUDGET_SPENT;
use crate::events::Died;
use crate::report::Report;
use crate::report::words::{count, number, safe};

/// The most resources that a notice names.
const NAMED_RESOURCES_MAX: usize = 5;
/// The most kinds of case that are named for having killed the target.
const NAMED_DEATHS_MAX: usize = 10;

/// How good the news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Every case was judged, and nothing is open.
    Good,
    /// There are open findings.
    Bad,
    /// Nothing is open, but not everything could be said.
    Unclear,
}

/// The one sentence to read where only one is read.
pub(super) fn headline(report: &Report) -> (Tone, String) {
    let counts = report.counts;
    let open = report.open_findings().count() as u64;
    let accepted = report.findings.len() as u64 - open;
    let apart =
        if accepted == 0 { String::new() } else { format!(" apart from {}", count(accepted, "accepted finding")) };
    if open > 0 {
        return (Tone::Bad, format!("{} open", count(open, "finding")));
    }
    let unclear = if counts.cases == 0 {
        "Nothing ran".to_owned()
    } else if counts.conforms + counts.diverges == 0 {
        "Nothing could be judged".to_owned()
    } else if counts.diverges > 0 && accepted == 0 {
        format!("{} not confirmed", count(counts.diverges, "divergence"))
    } else if !is_whole(report) {
        format!("No finding{apart} in the part that ran")
    } else if counts.inconclusive > 0 {
        format!("No finding{apart}, {} of {} inconclusive", number(counts.inconclusive), count(counts.cases, "case"))
    } else {
        return (Tone::Good, format!("No finding{apart}"));
    };
    (Tone::Unclear, unclear)
}

/// Whether every case was run.
fn is_whole(report: &Report) -> bool {
    report.ended.as_ref().is_some_and(|ended| !ended.interrupted && ended.early.is_none() && ended.cases_left == 0)
}

/// What keeps a run from conforming, in a sentence: its first open finding, why a case was unclear, or the headline.
pub fn worst(report: &Report) -> String {
    report.open_findings().next().map_or_else(|| worst_unclear(report), |finding| safe(&finding.summary))
}

/// What keeps a run from being clear, in a sentence, whatever it has found.
pub fn worst_unclear(report: &Report) -> String {
    let unclear = || report.reasons.keys().next().map(|(verdict, why)| format!("{verdict}: {why}"));
    let early = report.ended.as_ref().and_then(|ended| ended.early.clone()).filter(|early| early != BUDGET_SPENT);
    safe(&early.or_else(unclear).unwrap_or_else(|| headline(report).1))
}

/// What a reader must know before trusting the sums, a sentence each.
pub(super) fn notices(report: &Report) -> Vec<String> {
    let counts = report.counts;
    let mut notices = Vec::new();
    if counts.cases == 0 {
        notices.push("No case was run: this says nothing about the target.".into());
    } else if counts.conforms + counts.diverges == 0 {
        notices.push("No case could be judged: this says nothing about the target.".into());
    }
    if counts.diverges > 0 && report.findings.is_empty() {
        notices
            .push(format!("{} not confirmed, so no finding stands for them.", were(counts.diverges, "diverging case")));
    }
    notices.extend(deaths(report));
    notices.extend(ending(report));
    notices.extend(report.ended.as_ref().and_then(|ended| leftovers(&ended.resources_left)));
    notices
}

fn ending(report: &Report) -> Option<String> {
    let Some(ended) = &report.ended else {
        return Some("No end was recorded: the run still goes on, or it was killed.".into());
    };
    let left = match ended.cases_left {
        0 => String::new(),
        left => format!("; {} not run", were(left, "case")),
    };
    match ended.early.as_deref() {
        Some(early) if early != "interrupted" => Some(format!("Ended early: {}{left}.", safe(early))),
        _ if ended.interrupted => Some(format!("Interrupted{left}.")),
        _ => None,
    }
}

/// How often the target died, and of what; and what was left out because it does not have it.
fn deaths(report: &Report) -> Vec<String> {
    let (restarts, without_probes) =
        report.ended.as_ref().map_or((0, 0), |ended| (ended.restarts, ended.without_probes));
    let mut killers: BTreeMap<(&str, &[String]), Vec<&Died>> = BTreeMap::new();
    for died in &report.deaths {
        killers.entry((&died.operation, &died.choices)).or_default().push(died);
    }
    let mut notices = Vec::new();
    if restarts > 0 {
        let times = count(restarts, "time");
        notices.push(format!("The target died {times} and was restarted, confirming and making small included."));
    }
    let each = killers.values().take(NAMED_DEATHS_MAX);
    notices.extend(each.map(|died| format!("The target died in {}", died_in(died))));
    if killers.len() > NAMED_DEATHS_MAX {
        let more = count((killers.len() - NAMED_DEATHS_MAX) as u64, "more kind");
        notices.push(format!("The target died in {more} of case: all are in --format json."));
    }
    if without_probes > 0 {
        let sent = were(without_probes, "case");
        notices.push(format!("{sent} sent without the probes that the target does not implement."));
    }
    notices
}

/// `2 cases of List with limit=largest, at GET /v1/keys?limit=100.`
fn died_in(died: &[&Died]) -> String {
    let Died { operation, choices, request, .. } = died[0];
    let with = if choices.is_empty() { String::new() } else { format!(" with {}", safe(&choices.join(" and "))) };
    let at = request.as_ref().map_or_else(
        || "before the first request of it was sent".to_owned(),
        |request| format!("at {}", safe(request)),
    );
    format!("{} of {}{with}, {at}.", count(died.len() as u64, "case"), safe(operation))
}

/// What could not be removed, where there is anything.
pub(super) fn leftovers(left: &[(String, String)]) -> Option<String> {
    if left.is_empty() {
        return None;
    }
    let mut names: Vec<String> =
        left.iter().take(NAMED_RESOURCES_MAX).map(|(kind, name)| format!("{} {}", safe(kind), safe(name))).collect();
    if left.len() > NAMED_RESOURCES_MAX {
        names.push(format!("{} more", left.len() - NAMED_RESOURCES_MAX));
    }
    let many = count(left.len() as u64, "resource");
    Some(format!("{many} could not be removed ({}): `plumb sweep` removes what runs leave behind.", names.join(", ")))
}

/// `1 case was`, `3 cases were`.
fn were(many: u64, noun: &str) -> String {
    format!("{} {}", count(many, noun), if many == 1 { "was" } else { "were" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::RunEnded;
    use crate::report::Counts;
    use crate::report::fixture;

    fn check(counts: Counts, ended: Option<RunEnded>, tone: Tone, words: &str) -> Vec<String> {
        let mut report = fixture::empty();
        (report.counts, report.ended) = (counts, ended);
        assert_eq!(headline(&report), (tone, words.to_owned()));
        notices(&report)
    }

    const CONFORMS: Counts = Counts {
        cases: 4,
        exchanges: 9,
        conforms: 4,
        diverges: 0,
        inconclusive: 0,
        skipped: 0,
        unsupported: 0,
        unmodelled: 0,
    };

    #[test]
    fn a_whole_run_without_divergence_conforms() {
        assert!(check(CONFORMS, Some(RunEnded::default()), Tone::Good, "No finding").is_empty());
    }

    #[test]
    fn a_run_without_cases_says_so() {
        let notices = check(Counts::default(), Some(RunEnded::default()), Tone::Unclear, "Nothing ran");
        assert_eq!(notices, ["No case was run: this says nothing about the target."]);
    }

    #[test]
    fn inconclusive_cases_are_in_the_headline() {
        let counts = Counts { conforms: 3, inconclusive: 1, ..CONFORMS };
        check(counts, Some(RunEnded::default()), Tone::Unclear, "No finding, 1 of 4 cases inconclusive");
    }

    #[test]
    fn divergences_that_nobody_confirmed_are_not_passed_over() {
        let counts = Counts { conforms: 2, diverges: 2, ..CONFORMS };
        let ended = RunEnded { interrupted: true, early: Some("interrupted".into()), ..RunEnded::default() };
        let notices = check(counts, Some(ended), Tone::Unclear, "2 divergences not confirmed");
        assert_eq!(notices, ["2 diverging cases were not confirmed, so no finding stands for them.", "Interrupted."]);
    }

    #[test]
    fn a_target_that_died_and_what_is_left_are_told() {
        let ended = RunEnded {
            early: Some("the target died in case 0011: unreachable: refused".into()),
            cases_left: 17,
            resources_left: vec![("bucket".into(), "plumb-x-1\u{1b}".into())],
            ..RunEnded::default()
        };
        let notices = check(CONFORMS, Some(ended), Tone::Unclear, "No finding in the part that ran");
        assert_eq!(
            notices,
            [
                "Ended early: the target died in case 0011: unreachable: refused; 17 cases were not run.",
                "1 resource could not be removed (bucket plumb-x-1\\u{1b}): `plumb sweep` removes what runs leave behind.",
            ]
        );
    }

    #[test]
    fn what_the_target_died_of_is_told_once_for_each_kind_of_case() {
        let mut report = fixture::empty();
        let died = |choice: &str, request: Option<&str>| Died {
            sequence: 7,
            case: "0011".into(),
            operation: "Get".into(),
            choices: vec![choice.into()],
            request: request.map(str::to_owned),
        };
        report.deaths =
            vec![died("range=last", Some("GET /a\u{1b}")), died("range=last", Some("GET /b")), died("k=v", None)];
        (report.counts, report.ended) =
            (CONFORMS, Some(RunEnded { restarts: 14, without_probes: 1, ..RunEnded::default() }));
        assert_eq!(
            notices(&report),
            [
                "The target died 14 times and was restarted, confirming and making small included.",
                "The target died in 1 case of Get with k=v, before the first request of it was sent.",
                "The target died in 2 cases of Get with range=last, at GET /a\\u{1b}.",
                "1 case was sent without the probes that the target does not implement.",
            ]
        );
    }

    #[test]
    fn a_run_that_never_ended_is_not_passed() {
        let notices = check(CONFORMS, None, Tone::Unclear, "No finding in the part that ran");
        assert_eq!(notices, ["No end was recorded: the run still goes on, or it was killed."]);
    }
}
