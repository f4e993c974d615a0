//! The three metrics: each gives every pair of calls a score, the candidate's less the baseline's.

mod tail;

use super::blocks::{self, is_lopsided};
use super::calls::{Pair, Seen};
use super::comparison::{Metric, Number, Row, Standing};
use super::correction::Level;
use super::flips::{Flipped, flipped, heads_at_least};
use super::limits::Limits;
use super::numbers::{count, real, real_of};
use super::ranks::{MannWhitney, Ranked, ranked, typical_ln, upper_tail};
use super::words;

/// What all groups together are called.
pub(crate) const WHOLE: &str = "All calls";

/// A baseline that answers a smaller share of the calls is no measure of anything.
pub(crate) const BASELINE_SHARE_MIN: f64 = 0.5;

/// The scores of pairs, each with its place among all pairs.
type Scores = Vec<(usize, f64)>;

/// What both sides score with a call, above zero where they have what is counted.
struct Hit {
    at: usize,
    candidate: f64,
    baseline: f64,
}

/// The calls of one group, with all that is counted and ranked.
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) pairs: Vec<(usize, Pair)>,
    /// Where both answered.
    places: Vec<usize>,
    latencies: Vec<(u64, u64)>,
    ranked: Ranked,
    tests: MannWhitney,
    /// The logarithms of both typical times.
    typical: Option<(f64, f64)>,
}

/// One number, before it is known what it has to be corrected for.
pub(crate) struct Measured {
    pub(crate) group: String,
    pub(crate) is_whole: bool,
    pub(crate) metric: Metric,
    pub(crate) calls: usize,
    pub(crate) candidate: Number,
    pub(crate) baseline: Number,
    pub(crate) tail_from_us: Option<u64>,
    pub(crate) tail_from_times: Option<f64>,
    pub(crate) flipped: Flipped,
    pub(crate) p_independent: f64,
    pub(crate) effect: f64,
    pub(crate) superiority: Option<f64>,
    /// Why it has nothing to say, whatever it shows.
    pub(crate) mute: Option<String>,
    /// The pairs in which the candidate was asked first.
    pub(crate) first: usize,
}

impl Part {
    pub(crate) fn new(name: String, pairs: Vec<(usize, Pair)>) -> Self {
        let (places, latencies): (Vec<usize>, Vec<(u64, u64)>) =
            pairs.iter().filter_map(|(at, pair)| Some((*at, pair.latencies()?))).unzip();
        let ranked = ranked(&latencies);
        let tests = ranked.mann_whitney();
        let (candidates, baselines) = latencies.iter().copied().unzip();
        let typical = typical_ln(candidates).zip(typical_ln(baselines));
        Self { name, pairs, places, latencies, ranked, tests, typical }
    }

    pub(crate) fn measured(&self) -> [Measured; 3] {
        [failures(&[self]), body(&[self]), tail::of_group(self)]
    }

    /// Pairs in which the candidate was asked first, of those that both answered.
    fn first(&self) -> usize {
        self.pairs.iter().filter(|(_, pair)| pair.latencies().is_some() && pair.is_candidate_first).count()
    }

    /// The ranks of the candidate's calls less those of the baseline's, each divided by `scale`.
    fn rank_scores(&self, scale: f64) -> Scores {
        let differences = self.ranked.doubled.iter().map(|(own, other)| (real_of(*own) - real_of(*other)) / scale);
        self.places.iter().copied().zip(differences).collect()
    }
}

/// All groups together: each call is held against those of its own group, and what comes of it is added up.
pub(crate) fn whole(parts: &[Part]) -> [Measured; 3] {
    let all: Vec<&Part> = parts.iter().collect();
    let mut three = [failures(&all), body(&all), tail::of_all(&all)];
    for own in &mut three {
        WHOLE.clone_into(&mut own.group);
        own.is_whole = true;
    }
    three
}

/// Calls that were not answered as they should.
fn failures(parts: &[&Part]) -> Measured {
    let failed = |seen: Seen| f64::from(!seen.is_available);
    let all = parts.iter().flat_map(|part| &part.pairs);
    let hits: Vec<Hit> = all
        .map(|(at, pair)| Hit { at: *at, candidate: failed(pair.candidate), baseline: failed(pair.baseline) })
        .collect();
    let mut measured = counted(parts, Metric::Availability, &hits);
    // Failures of both sides that fall into one block cancel out. Whoever counts them by hand gets no larger odds than we.
    measured.flipped.p = measured.flipped.p.max(measured.p_independent);
    measured
}

/// A metric that a call has or has not.
fn counted(parts: &[&Part], metric: Metric, all: &[Hit]) -> Measured {
    let scores = all.iter().map(|hit| (hit.at, hit.candidate - hit.baseline)).collect();
    let candidate = all.iter().filter(|hit| hit.candidate > 0.0).count();
    let baseline = all.iter().filter(|hit| hit.baseline > 0.0).count();
    let both = all.iter().filter(|hit| hit.candidate > 0.0 && hit.baseline > 0.0).count();
    let share = |hits: usize| if all.is_empty() { 0.0 } else { real(hits) / real(all.len()) };
    let number = |hits: usize| Number { count: count(hits), value: share(hits) };
    let effect = match metric {
        Metric::Availability => share(candidate) - share(baseline),
        Metric::Body | Metric::Tail => (real(candidate) + 0.5) / (real(baseline) + 0.5),
    };
    let is_no_measure = metric == Metric::Availability && share(baseline) > 1.0 - BASELINE_SHARE_MIN;
    Measured {
        p_independent: heads_at_least(candidate - both, candidate + baseline - 2 * both),
        candidate: number(candidate),
        baseline: number(baseline),
        effect,
        mute: is_no_measure.then(|| words::NO_MEASURE.to_owned()),
        ..blank(parts, metric, scores)
    }
}

/// How long calls take, by the statistic of Mann and Whitney in each group.
fn body(parts: &[&Part]) -> Measured {
    // Of several groups each rank is divided by how many there are, as van Elteren does: then all groups add up as well as
    // they can. Of one group ranks stay whole numbers.
    let scale = |part: &Part| if parts.len() == 1 { 1.0 } else { 4.0 * real(part.latencies.len()) + 2.0 };
    let scores = parts.iter().flat_map(|part| part.rank_scores(scale(part))).collect();
    let p_independent = if let [part] = parts { part.tests.p() } else { stratified(parts) };
    let calls: usize = parts.iter().map(|part| part.latencies.len()).sum();
    let mean = |of: &dyn Fn(&Part) -> Option<f64>| {
        let sum: f64 = parts.iter().filter_map(|part| Some(of(part)? * real(part.latencies.len()))).sum();
        if calls == 0 { None } else { Some(sum / real(calls)) }
    };
    let typical = mean(&|part| Some(part.typical?.0)).zip(mean(&|part| Some(part.typical?.1)));
    let number = |value: Option<f64>| Number { count: count(calls), value: value.map_or(0.0, f64::exp) };
    Measured {
        p_independent,
        candidate: number(typical.map(|both| both.0)),
        baseline: number(typical.map(|both| both.1)),
        effect: typical.map_or(1.0, |(candidate, baseline)| (candidate - baseline).exp()),
        superiority: mean(&|part| Some(part.tests.superiority)),
        ..blank(parts, Metric::Body, scores)
    }
}

/// How often chance gives as high ranks in all groups, were all calls independent.
fn stratified(parts: &[&Part]) -> f64 {
    let by = |part: &Part| 2.0 * real(part.latencies.len()) + 1.0;
    let excess: f64 = parts.iter().map(|part| (part.tests.u - part.tests.mean) / by(part)).sum();
    let variance: f64 = parts.iter().map(|part| (part.tests.deviation / by(part)).powi(2)).sum();
    upper_tail(excess, variance.sqrt())
}

/// What scores say, and nothing else yet.
fn blank(parts: &[&Part], metric: Metric, mut scores: Scores) -> Measured {
    scores.sort_unstable_by_key(|(at, _)| *at);
    let in_order: Vec<f64> = scores.iter().map(|(_, score)| *score).collect();
    let nothing = Number { count: 0, value: 0.0 };
    Measured {
        group: parts.first().map_or_else(String::new, |part| part.name.clone()),
        is_whole: false,
        metric,
        calls: in_order.len(),
        candidate: nothing,
        baseline: nothing,
        tail_from_us: None,
        tail_from_times: None,
        flipped: flipped(&blocks::sums(&in_order)),
        p_independent: 1.0,
        effect: 0.0,
        superiority: None,
        mute: None,
        first: parts.iter().map(|part| part.first()).sum(),
    }
}

impl Measured {
    pub(crate) fn row(&self, level: &Level, weight: u32, limits: &Limits) -> Row {
        let (standing, why) = self.standing(level, weight, limits);
        Row {
            group: self.group.clone(),
            is_whole: self.is_whole,
            metric: self.metric,
            calls: count(self.calls),
            candidate: self.candidate,
            baseline: self.baseline,
            tail_from_us: self.tail_from_us,
            tail_from_times: self.tail_from_times,
            p: self.flipped.p,
            p_corrected: level.corrected(self.flipped.p, weight),
            p_independent: self.p_independent,
            effect: self.effect,
            superiority: self.superiority,
            standing,
            why,
        }
    }

    fn standing(&self, level: &Level, weight: u32, limits: &Limits) -> (Standing, String) {
        let matters = self.effect >= limits.of(self.metric);
        let is_latency = self.metric != Metric::Availability;
        let mute = match &self.mute {
            Some(why) => Some(why.clone()),
            None if is_latency && is_lopsided(self.first, self.calls) => Some(words::lopsided(self.first, self.calls)),
            None => None,
        };
        if let Some(why) = mute {
            (Standing::TooLittle, words::nothing(self, &why))
        } else if matters && level.is_beyond_chance(self.flipped.p, weight) {
            (Standing::Worse, words::worse(self, level.corrected(self.flipped.p, weight)))
        } else if self.calls < limits.calls_min {
            (Standing::TooLittle, words::nothing(self, &words::too_few(self.calls, limits.calls_min)))
        } else if matters && !is_latency && level.is_beyond_chance(self.p_independent, weight) {
            (Standing::TooLittle, words::nothing(self, words::AT_ONCE))
        } else {
            (Standing::NoWorse, words::no_worse(self))
        }
    }
}
