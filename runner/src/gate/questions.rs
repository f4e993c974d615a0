//! One question after the other, each with its answer and why.

mod evidence;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hdrhistogram::Histogram;
use jiff::Timestamp;
use plumb_gate::decision::{Check, Found, Skipped, Standing};
use plumb_gate::verdict::Said;
use plumb_model::text::shown;
use plumb_validator::finding::Finding;

use crate::events::Covered;
use crate::gate::evidence::{Evidence, Shown};
use crate::gate::plan::{Asked, Limit, Plan};
use crate::gate::runs::Seen;
use crate::gate::standing::Standings;
use crate::report::features::{self, FeatureReport, Upshot};
use crate::report::{self, Report};
use crate::run::is_unclear;

/// The longest sentence of a run that is told, in characters.
const WORDS_CHARACTERS_MAX: usize = 400;
/// The most scenarios that one sentence names.
const NAMED_MAX: usize = 3;
/// The most findings that a decision lists; all are counted.
pub const FINDINGS_MAX: usize = 1_000;

/// What was asked and answered.
#[derive(Default)]
pub struct Answered {
    /// The questions.
    pub checks: Vec<Check>,
    /// What the targets do wrong.
    pub findings: Vec<Found>,
    /// What was not judged.
    pub skipped: Vec<Skipped>,
    /// What whoever reads it should know.
    pub notices: Vec<String>,
}

/// What targets are held against.
pub struct Bar<'b> {
    /// What is demanded.
    pub plan: &'b Plan,
    /// How findings stand.
    pub standings: &'b Standings<'b>,
    /// The digest of the model that judges now.
    pub model: &'b str,
    /// What evidence must have asked that was gathered before.
    pub asked: Option<&'b Asked>,
    /// Now.
    pub now: Timestamp,
}

/// Asks everything that is demanded of what was seen.
pub fn ask(bar: &Bar<'_>, seen: &[Seen]) -> Answered {
    let notices = bar.standings.notices(bar.plan.api, bar.plan.warn_before);
    let mut answered = Answered { notices, ..Answered::default() };
    for own in seen {
        let Bar { plan, standings, model, asked, now } = *bar;
        Asking { plan, seen: own, standings, model, asked, now, counts: true, answered: &mut answered }.ask_all();
    }
    answered
}

struct Asking<'j> {
    plan: &'j Plan,
    seen: &'j Seen,
    standings: &'j Standings<'j>,
    model: &'j str,
    asked: Option<&'j Asked>,
    now: Timestamp,
    /// Whether what is looked at may count.
    counts: bool,
    answered: &'j mut Answered,
}

impl Asking<'_> {
    fn ask_all(&mut self) {
        if let Some(why) = &self.seen.shut_out {
            let why = format!("at the end the target let us in no more, so that what was found says nothing: {why}");
            self.say("credentials", Said::Inconclusive, why);
        }
        let is_meant = self.version();
        for evidence in &self.seen.evidence {
            // What another build, another model or somebody unknown has shown counts neither for nor against it.
            self.counts = self.evidence(evidence) && is_meant && self.seen.shut_out.is_none();
            match &evidence.shown {
                Shown::Suites(report) => self.suites(report),
                Shown::Features(report) => self.features(report),
                Shown::Nothing(what, why) => self.say(what, Said::Inconclusive, why.clone()),
            }
        }
        self.whole();
        self.shards();
        self.minimum();
        self.latencies();
        self.leftovers();
    }

    fn say(&mut self, name: &str, said: Said, why: impl AsRef<str>) {
        let why = shown(why.as_ref().as_bytes(), WORDS_CHARACTERS_MAX);
        self.answered.checks.push(Check { name: name.to_owned(), target: self.seen.target.clone(), said, why });
    }

    /// Whether all was looked at that the gate names.
    fn whole(&mut self) {
        let has = |wanted: fn(&Shown) -> bool| self.seen.evidence.iter().any(|own| wanted(&own.shown));
        let suites = has(|own| matches!(own, Shown::Suites(_) | Shown::Nothing("suites", _)));
        let features = has(|own| matches!(own, Shown::Features(_) | Shown::Nothing("features", _)));
        for (name, wanted, has) in
            [("suites", self.plan.cases.is_some(), suites), ("features", self.plan.features.is_some(), features)]
        {
            if wanted && !has {
                self.say(name, Said::Inconclusive, "nothing was shown of them");
            }
        }
    }

    /// What generated and kept cases have shown.
    fn suites(&mut self, report: &Report) {
        let blocking = self.take_findings(&report.findings, None, &report.started.api).len();
        for ((verdict, why), count) in &report.reasons {
            self.skip(verdict, why, *count);
        }
        for (signature, why) in &report.unconfirmed {
            self.skip("unconfirmed", &format!("{signature}: {why}"), 1);
        }
        let early = report.ended.as_ref().map(|ended| (ended.cases_left, ended.early.as_ref()));
        self.not_run(early);
        let said = self.said(blocking, says_too_little(report, self.plan.inconclusive_max));
        let counts = report.counts;
        let why = match said {
            Said::Pass => format!(
                "{} of {} conform{}",
                counted(counts.conforms, "case"),
                counts.cases,
                apart(counts.diverges, "show what is known or accepted")
            ),
            Said::Fail => format!("{} new or no longer accepted", findings(blocking)),
            Said::Inconclusive if !self.counts => VOID.to_owned(),
            Said::Inconclusive => report::worst_unclear(report),
        };
        self.say("suites", said, why);
        self.coverage(report);
    }

    /// What features have shown.
    fn features(&mut self, report: &FeatureReport) {
        let (mut blocking, mut shown_by) = (BTreeSet::new(), BTreeSet::new());
        for scenario in report.upshot(Upshot::Failed).chain(report.upshot(Upshot::Accepted)) {
            let (path, line) = (scenario.played.path.clone(), scenario.played.line);
            let found = report.findings_of(scenario);
            let blocks: Vec<String> = if found.is_empty() {
                self.scenario(report, scenario).into_iter().collect()
            } else {
                let place = (!report.started.embedded).then_some((path, line));
                self.take_findings(found, place.as_ref(), &report.started.api).into_iter().collect()
            };
            if !blocks.is_empty() {
                shown_by.insert(scenario.played.id.clone());
            }
            blocking.extend(blocks);
        }
        blocking.extend(self.take_findings(report.findings_apart(), None, &report.started.api));
        for (why, count) in report.skipped() {
            self.skip("skipped", &why, count);
        }
        for scenario in report.upshot(Upshot::Inconclusive).chain(report.upshot(Upshot::Allowed)) {
            self.skip("inconclusive", &features::why(&scenario.played), 1);
        }
        let early = report.ended.as_ref().map(|ended| (ended.scenarios_left, ended.early.as_ref()));
        self.not_run(early);
        let said = self.said(blocking.len(), !report.is_clear());
        let counts = report.counts();
        let why = match said {
            Said::Pass => format!(
                "{} of {} passed{}",
                counted(counts.passed_in_all(), "scenario"),
                counts.scenarios,
                apart(counts.failed_in_all(), "show what is known or accepted")
            ),
            Said::Fail => {
                let shown: Vec<&str> = shown_by.iter().take(NAMED_MAX).map(String::as_str).collect();
                let more = shown_by.len().saturating_sub(NAMED_MAX);
                let more = if more == 0 { String::new() } else { format!(" and {more} more") };
                let many = findings(blocking.len());
                format!("{many} new or no longer accepted, in {}{more}", shown.join(", "))
            }
            Said::Inconclusive if !self.counts => VOID.to_owned(),
            Said::Inconclusive if report.started.selected == 0 => {
                format!("no scenario was selected, and {} were left out by their tags", report.started.left_out)
            }
            Said::Inconclusive => features::worst(report),
        };
        self.say("features", said, why);
    }

    /// Notes what a run did not come to.
    fn not_run(&mut self, early: Option<(u64, Option<&String>)>) {
        if let Some((left, early)) = early.filter(|(left, _)| *left > 0) {
            self.skip("not-run", early.map_or("", String::as_str), left);
        }
    }

    /// What a run says: where it may not count, nothing that was answered counts against the target.
    const fn said(&self, blocking: usize, is_unclear: bool) -> Said {
        if !self.counts {
            Said::Inconclusive
        } else if blocking > 0 {
            Said::Fail
        } else if is_unclear {
            Said::Inconclusive
        } else {
            Said::Pass
        }
    }

    /// Notes a scenario that failed without a finding; tells its id where it blocks.
    fn scenario(&mut self, report: &FeatureReport, scenario: &features::Scenario) -> Option<String> {
        let played = &scenario.played;
        if report.upshot_of(scenario) == Upshot::Accepted {
            return None;
        }
        let known = self.standings.known.filter(|known| known.has_scenario(&played.id, &self.seen.target));
        let standing = known.map_or(Standing::New, |known| Standing::Known { run: known.run.clone() });
        let blocks = standing.blocks();
        self.find(Found {
            id: played.id.clone(),
            target: self.seen.target.clone(),
            operation: String::new(),
            summary: format!("{}: {}", played.id, features::why(played)),
            standing,
            count: 1,
            replay: report.commands(scenario).into_iter().next().unwrap_or_default(),
            request_ids: Vec::new(),
            place: (!report.started.embedded).then(|| (played.path.clone(), played.line)),
        });
        blocks.then(|| played.id.clone())
    }

    /// Notes findings; tells the ids of those that block.
    fn take_findings<'f>(
        &mut self,
        all: impl IntoIterator<Item = &'f Finding>,
        place: Option<&(String, usize)>,
        api: &str,
    ) -> BTreeSet<String> {
        let mut blocking = BTreeSet::new();
        for finding in all {
            let standing = self.standings.of(finding, api, &self.seen.target);
            if standing.blocks() {
                blocking.insert(finding.id.clone());
            }
            let is_noted = |own: &&mut Found| own.id == finding.id && own.target == self.seen.target;
            if let Some(noted) = self.answered.findings.iter_mut().find(is_noted) {
                // Cases and scenarios show the same finding: it is told once, and where it can be read.
                noted.place = noted.place.take().or_else(|| place.cloned());
                noted.count = noted.count.max(finding.count);
                continue;
            }
            self.find(Found {
                id: finding.id.clone(),
                target: self.seen.target.clone(),
                operation: finding.operation.clone(),
                summary: finding.summary.clone(),
                standing,
                count: finding.count,
                replay: finding.replay.clone(),
                request_ids: finding.request_ids.clone(),
                place: place.cloned(),
            });
        }
        blocking
    }

    fn find(&mut self, found: Found) {
        let all = &mut self.answered.findings;
        if all.len() == FINDINGS_MAX {
            // What blocks goes before what does not.
            let Some(place) = all.iter().rposition(|own| !own.standing.blocks()).filter(|_| found.standing.blocks())
            else {
                return;
            };
            all.remove(place);
        }
        all.push(found);
    }

    fn skip(&mut self, verdict: &str, why: &str, count: u64) {
        let target = &self.seen.target;
        let known = |own: &&mut Skipped| own.target == *target && own.verdict == verdict && own.why == why;
        match self.answered.skipped.iter_mut().find(known) {
            Some(own) => own.count += count,
            None => self.answered.skipped.push(Skipped {
                target: target.clone(),
                verdict: verdict.to_owned(),
                why: why.to_owned(),
                count,
            }),
        }
    }

    /// Whether enough was judged.
    fn minimum(&mut self) {
        let executed: u64 = self.seen.evidence.iter().map(Evidence::executed).sum();
        let least = self.plan.minimum;
        let said = if executed >= least { Said::Pass } else { Said::Inconclusive };
        self.say("minimum", said, format!("{executed} cases and scenarios were judged, {least} are demanded"));
    }

    /// Whether enough choices have met.
    fn coverage(&mut self, report: &Report) {
        let Some(floor) = self.plan.coverage else { return };
        if let Some(shard) = &report.started.cases.shard {
            let why =
                format!("it cannot be told from a part of the cases ({shard}): demand it of a run that sends all");
            return self.say("coverage", Said::Inconclusive, why);
        }
        // An operation with fewer dimensions than choices are to meet is covered where all of its own have met.
        let mut largest: BTreeMap<&str, &Covered> = BTreeMap::new();
        for own in report.coverage.iter().filter(|own| own.strength <= report.started.cases.strength) {
            let known = largest.entry(&own.operation).or_insert(own);
            if known.strength < own.strength {
                *known = own;
            }
        }
        let (met, left) = largest.values().fold((0, 0), |(met, left), own| (met + own.covered, left + own.left));
        #[expect(clippy::cast_precision_loss, reason = "counts of choices are far below 2^52")]
        let share = if met + left == 0 { 0.0 } else { met as f64 / (met + left) as f64 };
        let said = if share >= floor { Said::Pass } else { Said::Inconclusive };
        let why = format!(
            "{met} of {} sets of choices have met, {:.1} %; {:.1} % are demanded",
            met + left,
            share * 100.0,
            floor * 100.0
        );
        self.say("coverage", said, why);
    }

    /// Whether exchanges were fast enough, in all runs of cases together.
    fn latencies(&mut self) {
        for Limit { operation, share, within } in &self.plan.latency {
            let mut all: Option<Histogram<u64>> = None;
            for evidence in &self.seen.evidence {
                let Shown::Suites(report) = &evidence.shown else { continue };
                let Some(own) = report.latencies.get(operation) else { continue };
                match &mut all {
                    None => all = Some(own.clone()),
                    Some(all) => {
                        // All of them have the same bounds.
                        _ = all.add(own);
                    }
                }
            }
            let (said, why) = match all {
                None => (Said::Inconclusive, format!("{operation}: nothing was sent")),
                Some(own) => latency(operation, &own, *share, *within),
            };
            self.say("latency", said, why);
        }
    }

    /// Tells what stayed at the target.
    fn leftovers(&mut self) {
        let left: usize = self.seen.evidence.iter().map(Evidence::resources_left).sum();
        if left > 0 {
            let target = &self.seen.target;
            self.answered.notices.push(format!(
                "{left} things could not be removed at {target}: plumb sweep removes what runs leave behind"
            ));
        }
    }

    /// Asks whether the target was the one that was meant, all the time. It is false where that is known not to be so.
    fn version(&mut self) -> bool {
        let versions = self.seen.all_versions();
        let all = versions.join(", ");
        let Some(expected) = &self.plan.expect_version else {
            if versions.len() > 1 {
                self.say("version", Said::Inconclusive, format!("the target told several versions: {all}"));
            }
            return true;
        };
        let silent = self.seen.evidence.iter().filter(|own| own.from.is_some());
        let silent = silent.filter_map(Evidence::told).find(|told| told.versions.is_empty()).map(|told| told.run);
        let (said, why) = match versions.as_slice() {
            [] => (Said::Inconclusive, format!("the target never told its version; expected is {expected}")),
            [only] if only == expected => match (silent, self.seen.is_unheard) {
                (Some(run), _) => (Said::Inconclusive, format!("in the run {run} the target never told its version")),
                (None, true) => (
                    Said::Inconclusive,
                    format!("the target told {expected}, and did not answer at the start or the end when it was asked"),
                ),
                (None, false) => (Said::Pass, format!("the target told {expected}, and nothing else")),
            },
            [other] => (Said::Inconclusive, format!("the target is {other}, expected is {expected}")),
            _ => (Said::Inconclusive, format!("the target told several versions: {all}; expected is {expected}")),
        };
        self.say("version", said, why);
        versions.iter().all(|own| own == expected)
    }
}

/// What a run says that may not count.
const VOID: &str = "what it has shown does not count: another check says why";

/// Whether enough exchanges were over in time.
fn latency(operation: &str, all: &Histogram<u64>, share: f64, within: Duration) -> (Said, String) {
    #[expect(clippy::cast_precision_loss, reason = "counts of exchanges are far below 2^52")]
    let calls = all.len() as f64;
    // With fewer, one exchange alone decides.
    let least = (1.0 / (1.0 - share)).ceil();
    let most = u64::try_from(within.as_micros()).unwrap_or(u64::MAX);
    let at = Duration::from_micros(all.value_at_quantile(share));
    let (percent, taken, within) = (share * 100.0, in_words(at), in_words(within));
    if calls < least {
        return (
            Said::Inconclusive,
            format!(
                "{operation}: {calls} exchanges are too few to tell what {percent} % of them take; {least} are enough"
            ),
        );
    }
    let said = if all.value_at_quantile(share) <= most { Said::Pass } else { Said::Fail };
    (said, format!("{operation}: {percent} % of {calls} exchanges took at most {taken}; {within} is the limit"))
}

/// Whether a run, apart from its findings, cannot be said to conform.
fn says_too_little(report: &Report, inconclusive_max: f64) -> bool {
    let is_unproven = report.counts.diverges > 0 && report.findings.is_empty();
    is_unproven || is_unclear(report, inconclusive_max)
}

fn findings(many: usize) -> String {
    if many == 1 { "1 finding is".to_owned() } else { format!("{many} findings are") }
}

/// How many others there are, where there are any.
fn apart(many: u64, what: &str) -> String {
    if many == 0 { String::new() } else { format!("; {many} {what}") }
}

fn counted(many: u64, noun: &str) -> String {
    if many == 1 { format!("{many} {noun}") } else { format!("{many} {noun}s") }
}

/// A time without what is too small to matter.
fn in_words(time: Duration) -> String {
    let rounded = if time.as_secs() > 0 {
        Duration::from_secs(time.as_secs())
    } else {
        Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
    };
    humantime::format_duration(rounded).to_string()
}
