//! What the steps of one scenario share: who speaks, what was borrowed, what was answered last.
//!
//! Everything a step does to the service goes through [`World::call`] and its kin, so it is guarded, journalled, judged
//! by the model and kept as a [`Case`]: the scenario can be replayed without its file. A step that cannot go on ends
//! by unwinding, as `assert!` does; so these functions give back what was asked for, and no `Result`.

mod cast;
mod memory;
mod record;
mod upcoming;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use plumb_model::answer::Answer;
use plumb_model::call::{Call, Case, Need, REPEAT_MAX, Repeat, Turn};
use plumb_model::expectation::{BodyRule, Expectation, Matcher};
use plumb_model::http::Request;
use plumb_model::value::Value;
use plumb_validator::session::Exchange;
use plumb_validator::verdict::{Divergence, Kind, Verdict};

use crate::executor::Waivers;
use crate::failure::{Failure, fail};
use crate::line::{Ask, Line, Taken, Told};

pub use cast::{Cast, Persona};
pub use memory::{FILE_BYTES, Memory, Piece};
pub(crate) use record::Record;
pub(crate) use upcoming::{TurnTerms, Upcoming};

/// How often a call is sent again while somebody waits for an answer, at most.
pub const WAIT_TRIES_MAX: u32 = REPEAT_MAX;

/// How many calls of a scenario came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that were answered.
    pub calls: u64,
    /// Those of them that the model judged.
    pub judged: u64,
    /// Those that are no call of the API.
    pub unmodelled: u64,
    /// Those whose answer the model forbids, where the scenario does without it.
    pub waived: u64,
    /// Those whose answer the model forbids and somebody has accepted.
    pub accepted: u64,
}

/// What becomes of an answer that the model forbids.
struct Judgement {
    /// Whether the scenario ends there.
    judges: bool,
    waivers: Option<Waivers>,
    /// Whether the last answer was one that somebody has accepted.
    is_last_accepted: bool,
    /// Whether the last answer left no state that could be believed.
    is_lost: bool,
}

/// What a step has at hand. One world lives as long as its scenario.
#[derive(cucumber::World)]
#[world(init = Self::detached)]
pub struct World {
    /// What was captured, and what "it" is.
    pub memory: Memory,
    cast: Cast,
    line: Line,
    record: Record,
    last: Option<Exchange>,
    tally: Tally,
    judgement: Judgement,
    has_sent: bool,
    folder: PathBuf,
    /// What was said of the next request or call.
    pub(crate) upcoming: Upcoming,
}

impl World {
    /// A world for a scenario of `api`, whose identities are those of `cast`. With `judges` unset, the model's word on
    /// an answer is counted and does not end a step.
    pub(crate) fn new(api: &str, cast: Cast, line: Line, judges: bool) -> Self {
        let (memory, record) = (Memory::default(), Record::new(api));
        let (tally, folder, upcoming) = (Tally::default(), PathBuf::new(), Upcoming::default());
        Self {
            memory,
            cast,
            line,
            record,
            last: None,
            tally,
            judgement: Judgement { judges, waivers: None, is_last_accepted: false, is_lost: false },
            has_sent: false,
            folder,
            upcoming,
        }
    }

    /// The world of a scenario that stands in the file `path`.
    pub(crate) fn beside(self, path: &str) -> Self {
        let folder = Path::new(path).parent().unwrap_or(Path::new("")).to_owned();
        Self { folder, ..self }
    }

    /// The world, going on after what `waivers` accept.
    pub(crate) fn waiving(self, waivers: Option<&Waivers>) -> Self {
        Self { judgement: Judgement { waivers: waivers.cloned(), ..self.judgement }, ..self }
    }

    /// The folder of the scenario's file.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A world in which nothing can be called.
    fn detached() -> Self {
        Self::new("", Cast::default(), Line::cut(), true)
    }

    /// Whoever a name or a pronoun means; a name is given to the next identity that nobody bears yet.
    pub fn persona(&mut self, word: &str) -> Persona {
        self.cast.persona(word).unwrap_or_else(|failure| failure.raise())
    }

    /// Has the scenario borrow something of a `kind` that the API knows, under a name of its own choosing. It belongs
    /// to `owner`; with `own` it is for this scenario alone, and otherwise a part of something that others use as well.
    pub async fn borrow(&mut self, kind: &str, label: &str, owner: &Persona, own: bool) {
        let need = Need { own, actor: owner.actor().map(str::to_owned), ..Need::own(kind, role(label)) };
        if self.has_borrowed(&need) {
            return;
        }
        if self.has_sent {
            // The model was told what exists before the first call; what comes later is made before its eyes.
            let Told::Calls(calls) = self.line.ask(Ask::Provision(need)).await else {
                fail("the session gave another answer")
            };
            for call in calls {
                self.call_as(owner, call).await;
                self.must_succeed();
            }
            return;
        }
        self.line.ask(Ask::Borrow(need.clone())).await;
        self.record.borrow(need);
    }

    /// Whether just this was borrowed before. In one role there is one thing.
    fn has_borrowed(&self, need: &Need) -> bool {
        let known = self.record.need(&need.kind, &need.role);
        if known.is_some_and(|known| known != need) {
            let (kind, role) = (&need.kind, &need.role);
            fail(format!("the {kind} {role:?} is borrowed already, for somebody else or in another way"));
        }
        known.is_some()
    }

    /// Has the scenario borrow exactly this, before its first call.
    pub async fn need(&mut self, need: Need) {
        if self.has_borrowed(&need) {
            return;
        }
        if self.has_sent {
            fail("a case borrows before its first call: move this step up");
        }
        self.line.ask(Ask::Borrow(need.clone())).await;
        self.record.borrow(need);
    }

    /// The calls that would make something of a `kind`, with its role in place of its name. Unlike what is borrowed
    /// it is made by whoever sends them, and may be refused.
    pub async fn provision(&mut self, kind: &str, label: &str) -> Vec<Call> {
        match self.line.ask(Ask::Provision(Need::own(kind, role(label)))).await {
            Told::Calls(calls) => calls,
            _ => fail("the session gave another answer"),
        }
    }

    /// Sends a call as whoever spoke last, or as the target's first identity, and judges the answer by the model.
    pub async fn call(&mut self, call: Call) -> &Answer {
        let who = self.cast.recent();
        self.call_as(&who, call).await
    }

    /// Sends a call as `who`.
    pub async fn call_as(&mut self, who: &Persona, call: Call) -> &Answer {
        let turn = Turn { actor: who.actor().map(str::to_owned), ..Turn::new(self.record.next_id(&call), call) };
        self.send(turn).await
    }

    /// Sends a call as `who` until the answer is as `until` says, `at_most` times. The last answer must be.
    pub async fn call_until(&mut self, who: &Persona, call: Call, until: Expectation, at_most: u32) -> &Answer {
        let actor = who.actor().map(str::to_owned);
        let repeat = Some(Repeat { until: until.clone(), at_most: at_most.clamp(1, WAIT_TRIES_MAX) });
        let turn = Turn { actor, repeat, also: Some(until), ..Turn::new(self.record.next_id(&call), call) };
        self.send(turn).await
    }

    /// Sends a turn as it is.
    pub async fn send(&mut self, turn: Turn) -> &Answer {
        self.upcoming.must_be_taken();
        self.begins_call();
        self.record.call(turn.clone());
        let told = self.line.ask(Ask::Call(turn)).await;
        self.answered(told)
    }

    /// Whether a call of the scenario bears this id.
    pub(crate) fn has_call(&self, id: &str) -> bool {
        self.record.has_call(id)
    }

    /// Sends a request as it is, unsigned, with the target's authority as its `host`. Where it is a call of the API, the
    /// model judges the answer. `names` are the names of this run in the request, with what they stand for.
    pub async fn send_raw(&mut self, request: Request, names: &[(Bytes, Value)]) -> &Answer {
        self.upcoming.must_be_taken();
        let id = self.record.next_id(&Call::new("raw"));
        self.begins_call();
        let told = self.line.ask(Ask::Raw { id: id.clone(), request }).await;
        match &told {
            Told::Answered { call: Some(call), .. } => self.record.call_raw(&id, call, names),
            _ => self.record.is_partial("a request is no call of the API"),
        }
        self.answered(told)
    }

    /// Sends the last request once more, as the same call of the case.
    pub async fn send_raw_again(&mut self) -> &Answer {
        let Some(last) = self.last.as_ref() else { fail("nothing was asked yet, so nothing can be asked again") };
        let (id, mut request) = (last.id.clone(), last.request.clone());
        request.headers.remove("host");
        self.begins_call();
        let told = self.line.ask(Ask::Raw { id, request }).await;
        self.answered(told)
    }

    /// Notes that the last call was sent until its answer was as it is now.
    pub(crate) fn was_awaited(&mut self, at_most: u32) {
        let id = self.last.as_ref().map(|last| last.id.clone());
        if self.record.last_turn().map(|turn| turn.id) != id {
            return;
        }
        let until = self.as_answered();
        self.record.repeat(Repeat { until, at_most: at_most.clamp(1, WAIT_TRIES_MAX) });
    }

    fn answered(&mut self, told: Told) -> &Answer {
        let Told::Answered { verdict, exchange, is_lost, .. } = told else { fail("the session gave another answer") };
        self.judgement.is_lost = is_lost;
        self.last = exchange.map(|exchange| *exchange);
        self.tally.calls += u64::from(self.last.as_ref().is_some_and(|last| last.answer.is_some()));
        match verdict {
            Verdict::Conforms { .. } => self.tally.judged += 1,
            Verdict::Unmodelled(_) if self.last.is_some() => self.tally.unmodelled += 1,
            Verdict::Diverges(divergence) if self.is_accepted(&divergence) => {
                self.tally.judged += 1;
                self.tally.accepted += 1;
                self.judgement.is_last_accepted = true;
            }
            Verdict::Diverges(divergence) if !self.judgement.judges && divergence.kind != Kind::OwnExpectation => {
                self.tally.waived += 1;
            }
            other => {
                self.tally.judged += u64::from(matches!(other, Verdict::Diverges(_)));
                Failure::of(other).raise();
            }
        }
        self.last_answer()
    }

    /// Whatever was accepted of the answer before says nothing about the next one; and where that answer left no state
    /// that could be believed, nothing can be said about the next one at all.
    fn begins_call(&mut self) {
        if self.judgement.is_lost && self.judgement.is_last_accepted {
            Failure::blocked("the accepted answer before leaves no state that could be believed").raise();
        }
        self.judgement.is_last_accepted = false;
        self.has_sent = true;
    }

    /// Whether the last answer is one that the model forbids and somebody has accepted.
    pub(crate) const fn is_last_accepted(&self) -> bool {
        self.judgement.is_last_accepted
    }

    /// Whether somebody has accepted that the service answers so. What the scenario itself expects is never waived.
    fn is_accepted(&self, divergence: &Divergence) -> bool {
        let known = self.judgement.waivers.as_ref().is_some_and(|waivers| waivers(divergence));
        known && divergence.kind != Kind::OwnExpectation
    }

    /// The answer to the last call.
    pub fn last_answer(&self) -> &Answer {
        let answer = self.last.as_ref().and_then(|exchange| exchange.answer.as_ref());
        answer.unwrap_or_else(|| fail("nothing was asked yet, so there is no answer to look at"))
    }

    /// The last call, with what was sent and came back.
    pub const fn last_exchange(&self) -> Option<&Exchange> {
        self.last.as_ref()
    }

    /// The last call as the case keeps it: what it names is a role, and what the server chose is a symbol.
    pub fn last_turn(&self) -> Turn {
        self.record.last_turn().unwrap_or_else(|| fail("nothing was asked yet, so there is no call to look at"))
    }

    /// An expectation that the last answer meets, with nothing else in it: what a Then adds its own demand to.
    pub fn as_answered(&self) -> Expectation {
        let answer = self.last_answer();
        let body = BodyRule::Any("the scenario does not look at it".into());
        Expectation { code: answer.code.clone().map(Into::into), body, ..Expectation::status(answer.status) }
    }

    /// Demands something of the last answer, besides what the model permits. It becomes part of the case.
    pub async fn expect(&mut self, expectation: Expectation) {
        let Some(last) = self.last.as_ref() else { fail("nothing was asked yet, so there is no answer to look at") };
        // A request that is no call of the API stands in no case, and no demand on it belongs to the call before.
        let turn = match self.record.last_turn().filter(|turn| turn.id == last.id) {
            Some(turn) => {
                self.record.expect(&expectation);
                turn
            }
            None => Turn::new(last.id.clone(), Call::new(last.operation.clone())),
        };
        self.line.ask(Ask::Expect(turn, expectation)).await;
    }

    /// What is wrong with something that stood at `place` in the last answer; none where it is as it must be. One of
    /// `values` must match; `whole` is what is shown as observed. No case can say this.
    pub(crate) async fn wrong(
        &mut self,
        place: &str,
        matcher: Matcher,
        values: Vec<Bytes>,
        whole: Option<Bytes>,
    ) -> Option<Failure> {
        let id = self.last.as_ref().map_or("", |last| &last.id);
        let turn = Turn::new(id, Call::new(self.last.as_ref().map_or_else(String::new, |last| last.operation.clone())));
        let taken = Taken { place: place.to_owned(), matcher, values, whole };
        match self.line.ask(Ask::Value(turn, taken)).await {
            Told::Wrong(wrong) => wrong,
            _ => fail("the session gave another answer"),
        }
    }

    /// Demands that the last call went well: what a Given does must be done.
    pub fn must_succeed(&self) {
        let answer = self.last_answer();
        if !answer.is_success() {
            fail(format!("what this step is to bring about was refused: {}", answer.class()));
        }
    }

    /// The bytes of a value, in this run.
    pub async fn bytes(&mut self, value: &Value) -> Bytes {
        match self.line.ask(Ask::Resolve(value.clone())).await {
            Told::Bytes(bytes) => bytes,
            _ => fail("the session gave another answer"),
        }
    }

    /// Remembers what the server chose under a name. Where the model knows the value, it is another in each run.
    pub async fn capture(&mut self, name: &str, bytes: &Bytes) {
        let value = if let Told::Symbol(Some(symbol)) = self.line.ask(Ask::Symbol(bytes.clone())).await {
            Value::Symbol(symbol)
        } else {
            self.not_in_the_case("a captured value is none that the model knows, and may be another in each run");
            Value::Literal(bytes.clone())
        };
        self.memory.keep(name, value);
    }

    /// Says that the case is not all of the scenario, and why: it looks at something that a case cannot say.
    pub fn not_in_the_case(&mut self, why: &str) {
        self.record.is_partial(why);
    }

    /// How many calls came to what.
    pub(crate) const fn tally(&self) -> Tally {
        self.tally
    }

    /// What was done, as a case; and why it is not all of it, where so.
    pub(crate) fn into_record(self) -> (Case, Option<String>) {
        self.record.into_case()
    }
}

/// The role of something that a scenario calls `label`: short and plain, so that any API can put it in a name.
pub fn role(label: &str) -> String {
    const ROLE_CHARACTERS_MAX: usize = 24;
    let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    let is_plain = label.chars().all(plain) && !label.starts_with('-') && !label.ends_with('-');
    if is_plain && (1..=ROLE_CHARACTERS_MAX).contains(&label.len()) {
        return label.to_owned();
    }
    let digest = plumb_model::bodies::hex(&plumb_model::bodies::sha256(label.as_bytes())[..5]);
    format!("r{}", String::from_utf8_lossy(&digest))
}
