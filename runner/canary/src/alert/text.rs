//! What fires, in words that are safe to print and bounded.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::plan::Plan;
use crate::slot::{FINDINGS_MAX, REQUEST_IDS_MAX, Watch};

use super::evidence::join;
use super::quiet::Hold;
use super::watching::{Cause, Watching};
use super::{Alert, AlertState};

/// The most characters of any sentence that an alert holds.
pub const SENTENCE_MAX: usize = 400;
/// The most watches, and the most sums, that an alert names.
pub const WATCHES_MAX: usize = 32;
/// The most canaries that a summary names.
const NAMES_MAX: usize = 3;

/// A rule that fires for a watch, with all that is known of it.
pub(super) struct Active<'a> {
    pub(super) watch: &'a Watch,
    pub(super) rule: &'a String,
    pub(super) cause: &'a Cause,
    pub(super) watching: &'a Watching,
    pub(super) hold: Option<Hold>,
}

/// Text in one line of bounded length, without anything that a terminal or a chat takes for a command: control
/// characters, and those that turn the direction of writing, become spaces.
pub fn safe(text: &str, most: usize) -> String {
    let harmless = |letter: char| !letter.is_control() && !is_hidden(letter);
    let line: String = text.chars().map(|letter| if harmless(letter) { letter } else { ' ' }).take(most + 1).collect();
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Characters that are not seen, or that change how others are seen.
const fn is_hidden(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A moment as in RFC 3339, in UTC.
pub(crate) fn moment(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| at.to_string())
}

/// Where the pages show a watch.
pub fn permalink(public_url: &str, watch: &Watch) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("canary", &watch.canary)
        .append_pair("target", &watch.target)
        .finish();
    format!("{public_url}/?{query}")
}

/// The same for the same words, always: sixteen hexadecimal digits.
pub(super) fn id(words: &[&str]) -> String {
    let mut hash = Sha256::new();
    for word in words {
        hash.update(word.len().to_be_bytes());
        hash.update(word.as_bytes());
    }
    let first = hash.finalize().iter().take(8).fold(0, |all: u64, byte| (all << 8) | u64::from(*byte));
    format!("{first:016x}")
}

/// An alert that says nothing yet.
pub(crate) fn blank(region: &str, id: String, severity: &str, target: &str, now_ms: i64) -> Alert {
    Alert {
        id,
        state: AlertState::Firing,
        severity: severity.to_owned(),
        region: region.to_owned(),
        target: target.to_owned(),
        rules: Vec::new(),
        watches: Vec::new(),
        inhibited: Vec::new(),
        axis: None,
        summary: String::new(),
        sums: Vec::new(),
        place: None,
        since_ms: now_ms,
        at_ms: now_ms,
        first_ms: now_ms,
        last_ms: now_ms,
        request_ids: Vec::new(),
        traceparent: None,
        findings: Vec::new(),
        version: None,
        owners: Vec::new(),
        runbooks: Vec::new(),
        replay: None,
        links: Vec::new(),
        receivers: Vec::new(),
    }
}

/// One alert of all that fires at an endpoint with one severity.
pub(super) fn compose(plan: &Plan, target: &str, severity: &str, all: &[&Active<'_>], now_ms: i64) -> Alert {
    let region = &plan.agent.region;
    let mut alert = blank(region, id(&[region, target, severity]), severity, target, now_ms);
    for own in all {
        join(&mut alert.rules, [own.rule.clone()], WATCHES_MAX);
        join(&mut alert.sums, [safe(&format!("{}: {}", own.watch, own.cause.sum), SENTENCE_MAX)], WATCHES_MAX);
        let receivers = plan.alerts.get(own.rule).map_or(&[][..], |rule| &rule.receivers);
        join(
            &mut alert.receivers,
            receivers.iter().filter(|name| plan.receivers.contains_key(*name)).cloned(),
            usize::MAX,
        );
        alert.axis = alert.axis.or(own.cause.axis);
        alert.since_ms = alert.since_ms.min(own.cause.since_ms);
        name(&mut alert, plan, own.watch);
        tell(&mut alert, own);
    }
    let last_ms = all.iter().filter_map(|own| Some(own.watching.evidence(own.cause.axis)?.last_ms)).max();
    alert.last_ms = last_ms.unwrap_or(now_ms);
    alert.first_ms = alert.first_ms.min(alert.since_ms);
    alert.summary = safe(&summary(target, all), SENTENCE_MAX);
    alert
}

/// Adds a watch and who answers for it.
pub(super) fn name(alert: &mut Alert, plan: &Plan, watch: &Watch) {
    join(&mut alert.watches, [watch.clone()], WATCHES_MAX);
    if let Some(canary) = plan.canary(watch) {
        join(&mut alert.owners, [canary.owner.clone()], WATCHES_MAX);
        join(&mut alert.runbooks, canary.runbook.clone(), WATCHES_MAX);
    }
    if let Some(public_url) = &plan.agent.public_url {
        join(&mut alert.links, [permalink(public_url, watch)], WATCHES_MAX);
    }
}

/// Adds what the bad slots of a watch tell.
fn tell(alert: &mut Alert, own: &Active<'_>) {
    alert.version = alert.version.take().or_else(|| own.watching.version.as_deref().map(line));
    let Some(evidence) = own.watching.evidence(own.cause.axis) else { return };
    alert.first_ms = alert.first_ms.min(evidence.first_ms);
    let Some(trouble) = &evidence.trouble else { return };
    join(&mut alert.request_ids, trouble.request_ids.iter().map(|own| line(own)), REQUEST_IDS_MAX);
    join(&mut alert.findings, trouble.findings.iter().map(|own| line(own)), FINDINGS_MAX);
    alert.place = alert.place.take().or_else(|| Some(trouble.place.words()));
    alert.traceparent = alert.traceparent.take().or_else(|| trouble.traceparent.as_deref().map(line));
    alert.replay = alert.replay.take().or_else(|| trouble.replay.as_deref().map(line));
}

fn line(text: &str) -> String {
    safe(text, SENTENCE_MAX)
}

/// `eu: reads, writes: 3 of the last 5 slots were bad on availability; way (connect): connection refused`.
fn summary(target: &str, all: &[&Active<'_>]) -> String {
    let canaries: Vec<&str> =
        all.iter().map(|own| own.watch.canary.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let named = canaries.iter().take(NAMES_MAX).copied().collect::<Vec<_>>().join(", ");
    let more = canaries.len().saturating_sub(NAMES_MAX);
    let named = if more > 0 { format!("{named} and {more} more") } else { named };
    let Some(first) = all.first() else { return format!("{target}: {named}") };
    let evidence = all.iter().find_map(|own| own.watching.evidence(own.cause.axis)?.trouble.as_ref());
    let trouble = evidence.map(|own| format!("; {}: {}", own.place.words(), own.message)).unwrap_or_default();
    format!("{target}: {named}: {}{trouble}", first.cause.sum)
}
