//! What every report says of a decision, in words. The words hold texts as they came: each report escapes them.

use crate::decision::{Check, Decision, Found, Looked, Override, Skipped, Standing};
use crate::render::text::{count, counted, line};
use crate::verdict::{Said, Verdict};

/// The findings that block, as they come.
pub(super) fn blocking(decision: &Decision) -> Vec<&Found> {
    decision.findings.iter().filter(|found| found.standing.blocks()).collect()
}

/// The findings that do not.
pub(super) fn old(decision: &Decision) -> Vec<&Found> {
    decision.findings.iter().filter(|found| !found.standing.blocks()).collect()
}

/// `features at staging`, `coverage`.
pub(super) fn check_name(check: &Check) -> String {
    if check.target.is_empty() { check.name.clone() } else { format!("{} at {}", check.name, check.target) }
}

/// How a finding stands.
pub(super) fn standing(standing: &Standing) -> String {
    match standing {
        Standing::New => "new".to_owned(),
        Standing::Known { run } => format!("known from run {run}"),
        Standing::Accepted { owner, expires } => format!("accepted by {owner} until {expires}"),
        Standing::Expired { owner, expired, is_due: true, .. } => {
            format!("no longer accepted: {owner} answered for it until {expired}")
        }
        Standing::Expired { owner, expired, blocks, is_due: false } => {
            format!("accepted by {owner} until {expired}, which is over: it blocks from {blocks} on")
        }
    }
}

/// One word for how a finding stands.
pub(super) const fn standing_word(standing: &Standing) -> &'static str {
    match standing {
        Standing::New => "new",
        Standing::Known { .. } => "known",
        Standing::Accepted { .. } => "accepted",
        Standing::Expired { .. } => "expired",
    }
}

/// Who answers for going on, where the gate is overridden.
pub(super) fn overridden(decision: &Decision) -> Option<String> {
    if decision.verdict != Verdict::Overridden {
        return None;
    }
    let without = decision.without_override.unwrap_or(Verdict::Inconclusive);
    let words = decision.overridden.as_ref().map_or_else(
        || format!("Somebody answers for going on although the gate says {without}; it is not said who."),
        |Override { who, why, until, made }| {
            let (who, why) = (line(who), line(why));
            format!("{who} answers for going on until {until} although the gate says {without}, since {made}, because: {why}.")
        },
    );
    Some(words)
}

/// `known 3, accepted 2`.
pub(super) fn standings(found: &[&Found]) -> String {
    let of = |word: &str| found.iter().filter(|found| standing_word(&found.standing) == word).count();
    let each = ["new", "known", "accepted", "expired"].map(|word| (word, of(word)));
    let each = each.iter().filter(|(_, many)| *many > 0).map(|(word, many)| format!("{many} {word}"));
    each.collect::<Vec<_>>().join(", ")
}

/// What was looked at, in one sentence.
pub(super) fn looked(target: &Looked) -> String {
    let Looked { target: name, endpoint, connected_to, versions, executed, exchanges } = target;
    let mut words = format!("{name} at {endpoint}");
    if let Some(address) = connected_to {
        words = format!("{words}, connected to {address}");
    }
    if !versions.is_empty() {
        words = format!("{words}, version {}", versions.join(" and "));
    }
    format!("{words}: {} judged, {} sent", count(*executed, "case"), count(*exchanges, "request"))
}

/// What was not judged, in one sentence.
pub(super) fn skipped(skipped: &Skipped) -> String {
    let Skipped { target, verdict, why, count: many } = skipped;
    let place = if target.is_empty() { String::new() } else { format!(" at {target}") };
    format!("{}{place} {verdict}: {why}", count(*many, "case"))
}

/// What to do: our words, and what to type or open.
pub(super) type Step<'a> = (&'static str, &'a str);

/// How an override is made.
const OVERRIDE_COMMAND: &str = "plumb gate override";

/// What to do about it: first what finds out, then what goes on all the same.
pub(super) fn steps(decision: &Decision) -> Vec<Step<'_>> {
    let verdict = decision.without_override.unwrap_or(decision.verdict);
    let overrides = ("to go on all the same, somebody answers for it with --who, --why and --until:", OVERRIDE_COMMAND);
    let first = match (verdict, blocking(decision).iter().find(|found| !found.replay.is_empty())) {
        (Verdict::Pass | Verdict::Overridden, _) => return Vec::new(),
        (Verdict::Fail, Some(found)) => ("see it again:", found.replay.as_str()),
        (Verdict::Fail, None) => ("mend what fails, and run the gate again", ""),
        (Verdict::Inconclusive, _) if decision.checks.is_empty() => {
            ("nothing was checked: give the gate something to check, and run it again", "")
        }
        (Verdict::Inconclusive, _) => ("nothing failed: clear up what could not be told, and run the gate again", ""),
    };
    if decision.verdict == Verdict::Overridden { vec![first] } else { vec![first, overrides] }
}

/// How many cases were judged where.
pub(super) fn judged(decision: &Decision) -> String {
    let sum =
        |of: fn(&Looked) -> u64| decision.targets.iter().fold(0_u64, |sum, target| sum.saturating_add(of(target)));
    let (executed, exchanges) = (sum(|target| target.executed), sum(|target| target.exchanges));
    let targets = counted(decision.targets.len(), "target");
    format!("{} judged at {targets}, {} sent", count(executed, "case"), count(exchanges, "request"))
}

/// The facts that a reader needs to do the same again.
pub(super) fn facts(decision: &Decision) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("API", decision.api.clone()),
        ("run", decision.run.clone()),
        ("began", decision.began.to_string()),
        ("decided", decision.decided.to_string()),
        ("version", decision.version.clone()),
        ("model", decision.model.clone()),
    ];
    facts.extend(decision.seed.map(|seed| ("seed", seed.to_string())));
    facts.extend(decision.folder.clone().map(|folder| ("evidence", folder)));
    facts
}

/// The word for what a check says to somebody who wants to go on.
pub(super) const fn bars(said: Said) -> &'static str {
    match said {
        Said::Pass => "passes",
        Said::Fail => "blocks",
        Said::Inconclusive => "unclear",
    }
}
