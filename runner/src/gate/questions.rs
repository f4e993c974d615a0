//! One question after the other, each with its answer and why.

use std::time::Duration;

use jiff::Timestamp;
use plumb_gate::decision::{Check, Found, Skipped, Standing};
use plumb_gate::verdict::Said;
use plumb_model::text::shown;
use plumb_validator::finding::Finding;

use crate::gate::evidence::{Evidence, Shown};
use crate::gate::plan::{Asked, Limit, Plan};
use crate::gate::runs::Seen;
use crate::gate::standing::Standings;
use crate::report::features::{self, FeatureReport, Upshot};
use crate::report::{self, Report};
use crate::run::is_unclear;

/// The longest sentence of a run that is told, in characters.
const WORDS_CHARACTERS_MAX: usize = 400;
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
        Asking { plan, seen: own, standings, model, asked, now, answered: &mut answered }.ask_all();
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
    answered: &'j mut Answered,
}

impl Asking<'_> {
    fn ask_all(&mut self) {
        if let Some(why) = &self.seen.shut_out {
            let why = format!("at the end the target let us in no more, so that what was found says nothing: {why}");
            self.say("credentials", Said::Inconclusive, why);
        }
        for evidence in &self.seen.evidence {
            self.evidence(evidence);
            match &evidence.shown {
                Shown::Suites(report) => self.suites(report),
                Shown::Features(report) => self.features(report),
                Shown::Nothing(what, why) => self.say(what, Said::Inconclusive, why.clone()),
            }
        }
        self.whole();
        self.shards();
        self.minimum();
        self.version();
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

    /// Whether the parts of a run that was dealt to several machines are the whole.
    fn shards(&mut self) {
        if let Some(why) = self.asked.and_then(|_| missing_shard(&self.seen.evidence)) {
            self.say("evidence", Said::Inconclusive, why);
        }
    }

    /// Whether a run can be evidence at all.
    fn evidence(&mut self, evidence: &Evidence) {
        if let Some(why) = &evidence.unkept {
            self.say("record", Said::Inconclusive, format!("not all that was seen could be kept: {why}"));
        }
        let (Some(folder), Some(told)) = (&evidence.from, evidence.told()) else { return };
        let folder = folder.display().to_string();
        let age = evidence.began().map(|began| self.now.duration_since(began));
        let wrong = if told.api != self.plan.api {
            Some(format!("{folder} is about the API {:?}, the gate about {:?}", told.api, self.plan.api))
        } else if told.endpoint != self.seen.endpoint {
            Some(format!("{folder} is about {}, the target is at {}", told.endpoint, self.seen.endpoint))
        } else if told.model != self.model || told.version != env!("CARGO_PKG_VERSION") {
            let (theirs, ours) =
                (format!("{} {}", told.version, told.model), format!("{} {}", env!("CARGO_PKG_VERSION"), self.model));
            Some(format!("{folder} was judged by another model: {theirs}, this one is {ours}"))
        } else if let Some(other) = self.asked.and_then(|asked| asked.differs(&evidence.shown)) {
            Some(format!("{folder} did not ask what this gate asks: {other}"))
        } else {
            match age {
                None => Some(format!("{folder} does not tell when it began")),
                Some(age) if age.is_negative() => Some(format!("{folder} began in the future: is a clock wrong?")),
                Some(age) if age.unsigned_abs() > self.plan.max_age => {
                    let (age, most) = (in_words(age.unsigned_abs()), in_words(self.plan.max_age));
                    Some(format!("{folder} began {age} ago, and evidence may be {most} old"))
                }
                Some(_) => None,
            }
        };
        if let Some(why) = wrong {
            self.say("evidence", Said::Inconclusive, why);
        } else {
            let age = age.map_or_else(String::new, |age| in_words(age.unsigned_abs()));
            self.say("evidence", Said::Pass, format!("{folder} began {age} ago"));
        }
    }

    /// What generated and kept cases have shown.
    fn suites(&mut self, report: &Report) {
        let blocking = self.take_findings(&report.findings, None, &report.started.api);
        for ((verdict, why), count) in &report.reasons {
            self.skip(verdict, why, *count);
        }
        let left = report.ended.as_ref().map_or(0, |ended| ended.cases_left);
        if left > 0 {
            let why = report.ended.as_ref().and_then(|ended| ended.early.clone()).unwrap_or_default();
            self.skip("not-run", &why, left);
        }
        let unclear = says_too_little(report, self.plan.inconclusive_max);
        let said = self.said(blocking, unclear);
        let why = match said {
            Said::Pass => format!("{} of {} conform", counted(report.counts.conforms, "case"), report.counts.cases),
            Said::Fail => format!("{} new or no longer accepted", findings(blocking)),
            Said::Inconclusive => report::worst_unclear(report),
        };
        self.say("suites", said, why);
        self.coverage(report);
        self.latencies(report);
    }

    /// What features have shown.
    fn features(&mut self, report: &FeatureReport) {
        let mut blocking = 0;
        for scenario in report.upshot(Upshot::Failed).chain(report.upshot(Upshot::Accepted)) {
            let (path, line) = (scenario.played.path.clone(), scenario.played.line);
            let found = report.findings_of(scenario);
            if found.is_empty() {
                blocking += u64::from(self.scenario(report, scenario));
            } else {
                let place = (!report.started.embedded).then_some((path, line));
                blocking += self.take_findings(found, place.as_ref(), &report.started.api);
            }
        }
        blocking += self.take_findings(report.findings_apart(), None, &report.started.api);
        for (why, count) in report.skipped() {
            self.skip("skipped", &why, count);
        }
        for scenario in report.upshot(Upshot::Inconclusive).chain(report.upshot(Upshot::Allowed)) {
            self.skip("inconclusive", &features::why(&scenario.played), 1);
        }
        let left = report.ended.as_ref().map_or(0, |ended| ended.scenarios_left);
        if left > 0 {
            let why = report.ended.as_ref().and_then(|ended| ended.early.clone()).unwrap_or_default();
            self.skip("not-run", &why, left);
        }
        let said = self.said(blocking, !report.is_clear());
        let counts = report.counts();
        let why = match said {
            Said::Pass => format!("{} of {} passed", counted(counts.passed_in_all(), "scenario"), counts.scenarios),
            Said::Fail => format!("{} new or no longer accepted", findings(blocking)),
            Said::Inconclusive => features::worst(report),
        };
        self.say("features", said, why);
    }

    /// What a run says: where the target let us in no more, nothing that it answered counts against it.
    fn said(&self, blocking: u64, is_unclear: bool) -> Said {
        if self.seen.shut_out.is_some() {
            Said::Inconclusive
        } else if blocking > 0 {
            Said::Fail
        } else if is_unclear {
            Said::Inconclusive
        } else {
            Said::Pass
        }
    }

    /// Notes a scenario that failed without a finding; whether it blocks.
    fn scenario(&mut self, report: &FeatureReport, scenario: &features::Scenario) -> bool {
        let played = &scenario.played;
        if report.upshot_of(scenario) == Upshot::Accepted {
            return false;
        }
        let known = self.standings.known.filter(|known| known.has_scenario(&played.id));
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
        blocks
    }

    /// Notes findings; tells how many of them block.
    fn take_findings<'f>(
        &mut self,
        all: impl IntoIterator<Item = &'f Finding>,
        place: Option<&(String, usize)>,
        api: &str,
    ) -> u64 {
        let mut blocking = 0;
        for finding in all {
            let standing = self.standings.of(finding, api);
            blocking += u64::from(standing.blocks());
            let is_noted = |own: &&mut Found| own.id == finding.id && own.target == self.seen.target;
            if let Some(noted) = self.answered.findings.iter_mut().find(is_noted) {
                // Cases and scenarios show the same finding: it is told once, and where it can be read.
                noted.place = noted.place.take().or_else(|| place.cloned());
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
        if self.answered.findings.len() < FINDINGS_MAX {
            self.answered.findings.push(found);
        }
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
        let strength = report.started.cases.strength;
        let of = report.coverage.iter().filter(|own| own.strength == strength);
        let (met, left) = of.fold((0, 0), |(met, left), own| (met + own.covered, left + own.left));
        #[expect(clippy::cast_precision_loss, reason = "counts of choices are far below 2^52")]
        let share = if met + left == 0 { 0.0 } else { met as f64 / (met + left) as f64 };
        let said = if share >= floor { Said::Pass } else { Said::Inconclusive };
        let why = format!(
            "{met} of {} sets of {strength} choices have met, {:.1} %; {:.1} % are demanded",
            met + left,
            share * 100.0,
            floor * 100.0
        );
        self.say("coverage", said, why);
    }

    /// Whether exchanges were fast enough.
    fn latencies(&mut self, report: &Report) {
        for Limit { operation, share, within } in &self.plan.latency {
            let (said, why) = match report.latencies.get(operation) {
                None => (Said::Inconclusive, format!("{operation}: nothing was sent")),
                Some(own) => latency(operation, own, *share, *within),
            };
            self.say("latency", said, why);
        }
    }

    /// Whether the target was the one that was meant, all the time.
    fn version(&mut self) {
        let versions = self.seen.all_versions();
        let all = versions.join(", ");
        let Some(expected) = &self.plan.expect_version else {
            if versions.len() > 1 {
                self.say("version", Said::Inconclusive, format!("the target told several versions: {all}"));
            }
            return;
        };
        let (said, why) = match versions.as_slice() {
            [] => (Said::Inconclusive, format!("the target never told its version; expected is {expected}")),
            [only] if only == expected => (Said::Pass, format!("the target told {expected}, and nothing else")),
            [other] => (Said::Inconclusive, format!("the target is {other}, expected is {expected}")),
            _ => (Said::Inconclusive, format!("the target told several versions: {all}; expected is {expected}")),
        };
        self.say("version", said, why);
    }
}

/// Whether enough exchanges were over in time.
fn latency(operation: &str, all: &hdrhistogram::Histogram<u64>, share: f64, within: Duration) -> (Said, String) {
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

/// The part that is missing of a run that was dealt to several machines.
fn missing_shard(all: &[Evidence]) -> Option<String> {
    let shards = all.iter().filter_map(|own| match &own.shown {
        Shown::Suites(report) => report.started.cases.shard.as_deref()?.split_once('/'),
        _ => None,
    });
    let shards: Vec<(&str, &str)> = shards.collect();
    let (_, of) = shards.first()?;
    let parts = 1..=of.parse::<u32>().ok()?;
    let missing = parts.into_iter().find(|part| !shards.contains(&(part.to_string().as_str(), *of)))?;
    Some(format!("the part {missing}/{of} of the cases is missing"))
}

/// Whether a run, apart from its findings, cannot be said to conform.
fn says_too_little(report: &Report, inconclusive_max: f64) -> bool {
    let is_unproven = report.counts.diverges > 0 && report.findings.is_empty();
    is_unproven || is_unclear(report, inconclusive_max)
}

fn findings(many: u64) -> String {
    if many == 1 { "1 finding is".to_owned() } else { format!("{many} findings are") }
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
