//! Two servers that do not exist, and the calls they would have answered.

use std::f64::consts::TAU;

use plumb_gate::stats::calls::{Calls, Group, Pair, Seen};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Groups of unequal size: operation, bytes, share of the calls, median in microseconds.
const GROUPS: [(&str, Option<u64>, f64, f64); 6] = [
    ("Get", Some(100), 0.40, 4_000.0),
    ("Put", Some(100), 0.25, 9_000.0),
    ("Head", None, 0.15, 2_000.0),
    ("List", None, 0.10, 25_000.0),
    ("Get", Some(900_000), 0.07, 60_000.0),
    ("Put", Some(9_000_000), 0.03, 400_000.0),
];

/// How much calls differ from each other that are the same call at both targets.
const OWN_SIGMA: f64 = 0.35;

/// How much one call differs from the next of its group, at both targets alike.
const SHARED_SIGMA: f64 = 0.2;

/// The share of calls that are slow at any target, and how many times as slow.
const SLOW: (f64, f64) = (0.004, 4.0);

/// The share of calls that fail at any target.
const FAILING: f64 = 0.002;

/// What troubles the targets besides, whichever build they run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Trouble {
    /// Nothing: every call is independent of the next.
    None,
    /// Phases of 20 calls in which both are slow, and fail more often.
    Both,
    /// Slow phases of one to three calls, in the order of sending: they hit one side, or both.
    Short,
    /// Phases of some 20 calls in which one is slow, and fails more often: each has its own.
    Own,
    /// Phases of 20 to 100 calls in which one is slow.
    Long,
    /// Each becomes slower and faster in the course of some 20 calls, by a tenth or so.
    Drift,
}

/// What there is to be seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    pub(crate) calls: usize,
    /// By how much more of its calls the candidate fails.
    pub(crate) failing_more: f64,
    /// Which share of its calls is how many times as slow.
    pub(crate) slow_more: (f64, f64),
    /// How many times as long all of its calls take.
    pub(crate) slower: f64,
    /// Where it is slower: everywhere, or in one group.
    pub(crate) only: Option<usize>,
    /// Into how many groups each of the six is split.
    pub(crate) split: usize,
    /// The clock's step in microseconds.
    pub(crate) tick_us: f64,
    /// How many times as long whoever is asked first takes.
    pub(crate) first: f64,
    pub(crate) trouble: Trouble,
}

impl World {
    /// The same build on both sides.
    pub(crate) const fn same(calls: usize) -> Self {
        Self {
            calls,
            failing_more: 0.0,
            slow_more: (0.0, 1.0),
            slower: 1.0,
            only: None,
            split: 1,
            tick_us: 1.0,
            first: 1.0,
            trouble: Trouble::None,
        }
    }

    /// All calls, by a seed.
    pub(crate) fn calls(&self, seed: u64) -> Calls {
        let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
        let [candidate, baseline] = self.weather(&mut dice);
        let (mut calls, mut turns) = (Calls::default(), [0_usize; GROUPS.len()]);
        for at in 0..self.calls {
            let which = dice.group();
            let (operation, bytes, _, median) = GROUPS[which];
            // ABBA within each group.
            let is_candidate_first = (turns[which] / self.split).is_multiple_of(2);
            let part = turns[which] % self.split;
            turns[which] += 1;
            let usual = median * dice.lognormal(SHARED_SIGMA);
            let firsts = if is_candidate_first { [self.first, 1.0] } else { [1.0, self.first] };
            let worse = dice.chance(self.slow_more.0);
            let slower = if self.only.is_none_or(|only| only == which) { self.slower } else { 1.0 };
            let factor = slower * if worse { self.slow_more.1 } else { 1.0 };
            let pair = Pair {
                is_candidate_first,
                candidate: self.seen(&mut dice, usual * factor * firsts[0], candidate[at], self.failing_more),
                baseline: self.seen(&mut dice, usual * firsts[1], baseline[at], 0.0),
            };
            let own = if part == 0 { operation.to_owned() } else { format!("{operation}{part}") };
            calls.push(&Group::of(&own, bytes), pair);
        }
        calls
    }

    fn seen(&self, dice: &mut Dice, usual: f64, weather: f64, failing_more: f64) -> Seen {
        let slow = if dice.chance(SLOW.0) { SLOW.1 } else { 1.0 };
        let latency = usual * weather * slow * dice.lognormal(OWN_SIGMA);
        let ticks = (latency / self.tick_us).round() * self.tick_us;
        let in_trouble = if weather >= 3.0 { 0.2 } else { 0.0 };
        if dice.chance(FAILING + failing_more + in_trouble) { Seen::lost() } else { Seen::answered(rounded(ticks)) }
    }

    /// How many times as slow each is at each call.
    fn weather(&self, dice: &mut Dice) -> [Vec<f64>; 2] {
        let mut both = [vec![1.0; self.calls], vec![1.0; self.calls]];
        match self.trouble {
            Trouble::None => {}
            Trouble::Both => {
                let phases = dice.phases(self.calls, 400.0, 20, 20);
                both = [phases.clone(), phases];
            }
            Trouble::Short => {
                // In the order of sending: candidate, baseline, baseline, candidate.
                let sent = dice.phases(2 * self.calls, 200.0, 1, 3);
                for at in 0..self.calls {
                    let turn = at % 2;
                    (both[turn][at], both[1 - turn][at]) = (sent[2 * at], sent[2 * at + 1]);
                }
            }
            Trouble::Own => both = [(); 2].map(|()| dice.phases(self.calls, 400.0, 10, 30)),
            Trouble::Long => both = [(); 2].map(|()| dice.phases(self.calls, 1_000.0, 20, 100)),
            Trouble::Drift => both = [(); 2].map(|()| dice.drift(self.calls)),
        }
        both
    }
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }

    fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (TAU * self.unit()).cos()
    }

    fn lognormal(&mut self, sigma: f64) -> f64 {
        (sigma * self.normal()).exp()
    }

    fn group(&mut self) -> usize {
        let mut left = self.unit();
        GROUPS
            .iter()
            .position(|(_, _, share, _)| {
                left -= share;
                left < 0.0
            })
            .unwrap_or(GROUPS.len() - 1)
    }

    /// Phases in which everything takes four times as long, one in so many calls on average.
    fn phases(&mut self, calls: usize, every: f64, shortest: u32, longest: u32) -> Vec<f64> {
        let (mut all, mut left) = (Vec::new(), 0);
        for _ in 0..calls {
            if left == 0 && self.chance(1.0 / every) {
                left = shortest + self.0.next_u32() % (longest - shortest + 1);
            }
            all.push(if left > 0 { 4.0 } else { 1.0 });
            left = left.saturating_sub(1);
        }
        all
    }

    fn drift(&mut self, calls: usize) -> Vec<f64> {
        let (memory, mut state) = (0.95_f64, 0.0);
        let step = 0.1 * (1.0 - memory * memory).sqrt();
        let mut next = || {
            state = memory * state + step * self.normal();
            f64::exp(state)
        };
        (0..calls).map(|_| next()).collect()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some microseconds, above zero")]
fn rounded(microseconds: f64) -> u64 {
    microseconds.round() as u64
}
