//! Which exchange is spoilt: the plan, held against the requests in the order they come.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use plumb_model::http::Request;

use crate::draw::draw;
use crate::encode::{self, Reply};
use crate::head::RequestHead;
use crate::memory::{Memory, Remembered};
use crate::mutate::{Change, Subject, mutate};
use crate::mutation::Mutation;
use crate::plan::{Fake, Plan};
use crate::side::WholeAnswer;

/// The most applied faults that are kept; beyond it the oldest is forgotten.
pub const APPLIED_MAX: usize = 100_000;

/// Methods that change nothing, so that there is no write to lose.
const READS: [&str; 4] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/// What was done to one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The number of the request, counted from 1 in the order of arrival.
    pub sequence: u64,
    /// [`Mutation::name`], `drop-answer` for a dropped answer, `lost-write` for any write that was lost.
    pub mutation: &'static str,
    /// The method of the request.
    pub method: String,
    /// The target of the request, byte for byte.
    pub target: Vec<u8>,
    /// The honest status, or the faked one where nothing was forwarded; `None` where nothing was answered.
    pub status: Option<u16>,
    /// Whether the upstream got the request.
    pub forwarded: bool,
    /// Where and how, in a few words. Never a header value.
    pub detail: String,
}

/// A fault that may be due before the request is forwarded.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Early {
    /// Close instead of answering.
    Drop { forward: bool },
    /// Acknowledge and don't forward, by the rule with this index.
    Lose { rule: usize, fake: Fake, matching: fn(&str, u16) -> bool },
}

/// A request that has come.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) sequence: u64,
    /// The faults that are due before forwarding, in the order of the plan.
    pub(crate) early: Vec<Early>,
}

#[derive(Debug, Default)]
struct State {
    sequence: u64,
    /// Writes seen, by rule.
    writes: Vec<u64>,
    /// Rules that act once and have.
    done: Vec<bool>,
    memory: Memory,
    applied: VecDeque<Applied>,
}

/// The plan and what has happened under it.
#[derive(Debug)]
pub(crate) struct Decider {
    rules: Vec<Plan>,
    state: Mutex<State>,
}

impl Decider {
    pub(crate) fn new(plan: Plan) -> Self {
        let rules = plan.rules();
        let state = State { writes: vec![0; rules.len()], done: vec![false; rules.len()], ..State::default() };
        Self { rules, state: Mutex::new(state) }
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> u64 {
        self.state().sequence
    }

    /// What was applied, in the order of the requests.
    pub(crate) fn applied(&self) -> Vec<Applied> {
        let mut applied: Vec<_> = self.state().applied.iter().cloned().collect();
        applied.sort_by_key(|applied| applied.sequence);
        applied
    }

    /// Numbers a request and counts it where it is a write.
    pub(crate) fn arrive(&self, head: &RequestHead) -> Arrival {
        let mut state = self.state();
        state.sequence += 1;
        let sequence = state.sequence;
        let rules = self.rules.iter().enumerate();
        let early = rules.filter_map(|(index, rule)| state.early(index, rule, sequence, &head.method)).collect();
        Arrival { sequence, early }
    }

    /// Records a dropped answer.
    pub(crate) fn dropped(&self, arrival: &Arrival, head: &RequestHead, forwarded: bool, status: Option<u16>) {
        let detail = if forwarded { "executed" } else { "not executed" };
        self.state().record(arrival.sequence, head, ("drop-answer", detail.to_owned()), status, forwarded);
    }

    /// The acknowledgement of a lost write; `None` where it cannot be faked or the rule was quicker elsewhere.
    pub(crate) fn lose(&self, arrival: &Arrival, early: Early, head: &RequestHead, body: Bytes) -> Option<Reply> {
        let Early::Lose { rule, fake, matching } = early else { return None };
        let mut state = self.state();
        if state.done[rule] {
            return None;
        }
        let (method, target) = (head.method.clone().into(), head.target.clone());
        let request = Request { method, target, headers: head.headers.clone(), body };
        let faked = (fake.0)(&request, state.memory.latest_success(&head.method))?;
        if !matching(&head.method, faked.status) {
            return None;
        }
        state.done[rule] = matches!(self.rules[rule], Plan::LoseWrite { .. });
        let harm = ("lost-write", "acknowledged but not forwarded".to_owned());
        state.record(arrival.sequence, head, harm, Some(faked.status), false);
        Some(encode::faked(&head.method, faked))
    }

    /// The bytes for the client: the answer as the first rule that applies leaves it.
    pub(crate) fn answer(&self, arrival: &Arrival, head: &RequestHead, answer: &WholeAnswer) -> Reply {
        let mut state = self.state();
        let (method, response) = (&head.method, &answer.response);
        let subject = Subject { method, target: &head.target, response, memory: &state.memory };
        let spoilt = self.rules.iter().find_map(|rule| spoil(rule, arrival.sequence, subject));
        let (method, target) = (head.method.clone(), head.target.clone());
        state.memory.remember(Remembered { method, target, response: answer.response.clone() });
        let Some((mutation, change)) = spoilt else { return encode::honest(answer) };
        let harm = (mutation.name(), change.detail.clone());
        state.record(arrival.sequence, head, harm, Some(answer.response.status), true);
        encode::spoilt(&head.method, answer, change)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn early(&mut self, index: usize, rule: &Plan, sequence: u64, method: &str) -> Option<Early> {
        match rule {
            Plan::DropAnswers { every, methods, executed, seed } if methods.contains(&method) => {
                self.writes[index] += 1;
                let count = self.writes[index];
                let due = count.checked_rem(*every) == Some(0);
                due.then(|| Early::Drop { forward: executed.forwards(*seed, count / every - 1) })
            }
            Plan::LoseWrite { nth, methods, fake } if methods.contains(&method) => {
                self.writes[index] += 1;
                let due = self.writes[index] >= *nth && !self.done[index];
                due.then_some(Early::Lose { rule: index, fake: *fake, matching: |_, _| true })
            }
            Plan::Mutate { mutation: Mutation::LostWrite(fake), when, seed } if !READS.contains(&method) => {
                let due = when.chooses(*seed, sequence);
                due.then_some(Early::Lose { rule: index, fake: *fake, matching: when.matching })
            }
            _ => None,
        }
    }

    fn record(
        &mut self,
        sequence: u64,
        head: &RequestHead,
        (mutation, detail): (&'static str, String),
        status: Option<u16>,
        forwarded: bool,
    ) {
        if self.applied.len() == APPLIED_MAX {
            self.applied.pop_front();
        }
        let (method, target) = (head.method.clone(), head.target.clone());
        self.applied.push_back(Applied { sequence, mutation, method, target, status, forwarded, detail });
    }
}

fn spoil<'a>(rule: &'a Plan, sequence: u64, subject: Subject<'_>) -> Option<(&'a Mutation, Change)> {
    let Plan::Mutate { mutation, when, seed } = rule else { return None };
    if !when.chooses(*seed, sequence) || !(when.matching)(subject.method, subject.response.status) {
        return None;
    }
    let change = mutate(mutation, subject, &mut draw(*seed, sequence, subject.method))?;
    Some((mutation, change))
}
