//! Two targets, held against each other call by call: is the candidate slower, or less often there, and does it answer
//! otherwise?
//!
//! The comparison is that of `plumb compare`: A is the baseline, and B the candidate. What is done with its latencies is
//! `plumb_gate::stats`' to say.

use plumb_gate::decision::Check;
use plumb_gate::stats::calls::{Calls, Group, Pair, Seen};
use plumb_gate::stats::comparison::Comparison;
use plumb_gate::stats::{compare, limits::Limits};
use plumb_gate::verdict::Said;
use plumb_model::text::shown;
use plumb_validator::case_run::CaseRun;
use plumb_validator::session::Exchange;

use crate::cli::{AccessArgs, CompareArgs, CompareFormat, TargetArgs};
use crate::compare::between::Right;
use crate::compare::passes::Pass;
use crate::compare::reds::Red;
use crate::compare::rounds::Round;
use crate::compare::run::{self, Lanes};
use crate::compare::summary::Summary;
use crate::error::{Error, Exit};
use crate::gate::plan::Plan;
use crate::gate::runs::Runs;
use crate::gate::standing::Standings;
use crate::select::{self, Selected};
use crate::versions::Versions;

/// The longest sentence that is told, in characters.
const WORDS_CHARACTERS_MAX: usize = 600;
/// The most reasons that stand in one sentence.
const REASONS_MAX: usize = 2;
/// From this status on a target is not available.
const SERVER_ERROR: u16 = 500;

/// A candidate held against a baseline.
pub enum Live {
    /// What came of it: in numbers, and in answers; and why not all of it is kept.
    Held(Box<Comparison>, Box<Summary>, Option<String>),
    /// It could not begin.
    Nothing(String),
}

impl Runs<'_> {
    /// Sends the cases of the gate to both; `versions` hears which ones the candidate tells.
    ///
    /// # Errors
    /// Where something is wrong with the configuration.
    pub fn hold_against(
        &self,
        candidate: &TargetArgs,
        baseline: &TargetArgs,
        (limits, versions): (&Limits, &Versions),
    ) -> Result<Live, Error> {
        let Some(cases) = &self.plan.cases else {
            return Err(Error::Internal("hold targets against each other without a case".into()));
        };
        let targets = [baseline.clone(), candidate.clone(), candidate.clone(), baseline.clone()];
        let select = |lane: usize| select::select(self.plugin, self.api, &targets[lane], self.config);
        // The candidate must be the one that is meant here, too.
        let told = |selected: Selected| Selected { versions: versions.clone(), ..selected };
        let selected = match [select(0), select(1), select(2), select(3)] {
            [Ok(a), Ok(b), Ok(c), Ok(d)] => [a, told(b), told(c), d],
            // What was seen before is not lost because of it.
            all => {
                let why = all.into_iter().find_map(Result::err).map_or_else(String::new, |error| error.to_string());
                return Ok(Live::Nothing(why));
            }
        };
        let name = |target: &TargetArgs| target.target.clone().unwrap_or_default();
        let arguments = CompareArgs {
            a: name(baseline),
            b: name(candidate),
            again: None,
            access: AccessArgs::default(),
            cases: cases.clone(),
            format: CompareFormat::Nothing,
            output: Some(self.folder.join(name(candidate)).join("baseline")),
        };
        let mut calls = Calls::default();
        let take = &mut |round: &Round<4>| note(&mut calls, round);
        let compared = run::compare_in(&LANES, self.api, &selected, &targets, &arguments, take);
        self.ask_version(&selected[1]);
        // Whoever is let in no more answers everything alike, and quickly.
        if let Some(why) = self.shut_out(&selected[1]).or_else(|| self.shut_out(&selected[0])) {
            return Ok(Live::Nothing(format!("at the end a target let us in no more: {why}")));
        }
        match compared {
            Ok((summary, unkept)) => {
                let unkept = unkept.map(|error| error.to_string());
                Ok(Live::Held(Box::new(compare(&calls, limits)), Box::new(summary), unkept))
            }
            Err(error) if error.exit() == Exit::Inconclusive => Ok(Live::Nothing(error.to_string())),
            Err(error) => Err(error),
        }
    }
}

/// Each case goes to both twice, so that every call is asked of each as often first as last: whatever is warm of the one
/// before, or grows slower, is so for both.
const LANES: Lanes<4> = Lanes {
    names: ["baseline", "candidate", "candidate", "baseline"],
    orders: &[[0, 1, 2, 3], [1, 0, 3, 2]],
    passes: [0, 3, 1],
    into_triple: |round| {
        let Round { sequence, case, runs: [baseline, candidate, _, again], .. } = round;
        Round { sequence, case, runs: [baseline, again, candidate], order: [0, 1, 2] }
    },
};

/// Notes the calls that both were sent, of both turns.
fn note(calls: &mut Calls, round: &Round<4>) {
    for (baseline, candidate) in [(0, 1), (3, 2)] {
        let is_candidate_first = round.is_before(candidate, baseline);
        note_turn(calls, is_candidate_first, &round.runs[baseline], &round.runs[candidate]);
    }
}

fn note_turn(calls: &mut Calls, is_candidate_first: bool, baseline: &CaseRun, candidate: &CaseRun) {
    for own in &baseline.exchanges {
        // A call that one of them was never sent says nothing: its case had ended before.
        let Some(other) = candidate.exchanges.iter().find(|other| other.id == own.id) else { continue };
        let bytes = own.request.body.len() + own.answer.as_ref().map_or(0, |answer| answer.body.len());
        let group = Group::of(&own.operation, (bytes > 0).then_some(bytes as u64));
        calls.push(&group, Pair { is_candidate_first, candidate: seen(other), baseline: seen(own) });
    }
}

fn seen(exchange: &Exchange) -> Seen {
    exchange.answer.as_ref().map_or_else(Seen::lost, |answer| Seen {
        latency_us: Some(u64::try_from(exchange.latency.as_micros()).unwrap_or(u64::MAX)),
        is_available: answer.status < SERVER_ERROR,
    })
}

/// What a gate asks of it.
pub fn checks(live: &Live, plan: &Plan, standings: &Standings<'_>) -> Vec<Check> {
    let candidate = plan.targets.first().and_then(|own| own.target.as_deref()).unwrap_or_default();
    let check = |name: &str, said: Said, why: &str| Check {
        name: name.to_owned(),
        target: candidate.to_owned(),
        said,
        why: shown(why.as_bytes(), WORDS_CHARACTERS_MAX),
    };
    let (comparison, summary, unkept) = match live {
        Live::Nothing(why) => return vec![check("baseline", Said::Inconclusive, why)],
        Live::Held(comparison, summary, unkept) => (comparison, summary, unkept),
    };
    let (said, why) = answers(summary, plan, standings, candidate);
    let mut checks = vec![check("baseline", comparison.said(), &in_short(comparison)), check("answers", said, &why)];
    if let Some(why) = unkept {
        checks.push(check("record", Said::Inconclusive, &format!("not all that was seen could be kept: {why}")));
    }
    checks
}

/// The first reasons; all of them are in the record, and drawn on the page.
fn in_short(comparison: &Comparison) -> String {
    let reasons = comparison.reasons();
    let words = reasons.iter().take(REASONS_MAX).copied().collect::<Vec<_>>().join("; ");
    let more = reasons.len().saturating_sub(REASONS_MAX);
    if more == 0 { words } else { format!("{words}; and {more} more in gate.json") }
}

/// What the answers say: the candidate must do nothing wrong that the baseline does right, or otherwise.
fn answers(summary: &Summary, plan: &Plan, standings: &Standings<'_>, candidate: &str) -> (Said, String) {
    let blocks = |red: &&Red| {
        let mut of_it = red.wrong.iter().filter(|own| own.pass == Pass::B);
        of_it.any(|own| standings.of(&own.finding, plan.api, candidate).blocks())
    };
    let worse = summary.reds.iter().filter(|red| matches!(red.right, Right::A | Right::Neither)).filter(blocks);
    let worse: Vec<&Red> = worse.collect();
    if let Some(first) = worse.first() {
        let finding = first.wrong.first().map_or("", |own| own.finding.summary.as_str());
        let many = worse.len();
        return (
            Said::Fail,
            format!("{many} answers are wrong that the baseline gives otherwise, the first: {finding}"),
        );
    }
    let better = summary.reds.iter().filter(|red| red.right == Right::B).count();
    let (either, unproven) = (summary.counts.either, summary.unconfirmed.len() + summary.reds_only_counted);
    let why = format!(
        "{} cases were compared: in {better} findings the candidate is right and the baseline wrong, in {either} cases they \
         differ in what is permitted, and {unproven} differences could not be shown again",
        summary.compared()
    );
    let is_unclear = summary.is_unclear(plan.inconclusive_max) || summary.reds_only_counted > 0;
    if is_unclear { (Said::Inconclusive, why) } else { (Said::Pass, why) }
}
