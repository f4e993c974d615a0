//! What the desk may answer.

use bytes::Bytes;
use imbl::OrdMap;
use plumb_model::call::Call;
use plumb_model::expectation::{BodyRule, Expectation, Form, Matcher, Shape};
use plumb_model::fault::Basis;
use plumb_model::model::{Lease, Model, Outcome};
use plumb_model::seen::Seen;
use plumb_model::value::Symbol;
use serde::{Serialize, Serializer};

const SPEC: &str = "the documentation of this crate";
/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// A ticket on the desk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Ticket {
    subject: String,
    is_closed: bool,
    number: Symbol,
}

/// What the desk remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct State {
    #[serde(serialize_with = "names_as_text")]
    tickets: OrdMap<Bytes, Ticket>,
}

/// JSON wants text for keys.
fn names_as_text<S: Serializer>(tickets: &OrdMap<Bytes, Ticket>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(tickets.iter().map(|(name, ticket)| (String::from_utf8_lossy(name), ticket)))
}

/// The model of the desk.
pub(crate) struct Desk;

impl Model for Desk {
    type State = State;

    fn initial(&self, _leases: &[Lease]) -> State {
        State::default()
    }

    fn step(&self, state: &State, call: &Call, seen: &Seen<'_>) -> Vec<Outcome<State>> {
        let name = call.bytes("name").cloned().unwrap_or_default();
        let found = state.tickets.get(&name);
        let outcome = match (call.operation.as_ref(), found) {
            ("Open", Some(_)) => refused(409, "taken"),
            ("Open", None) if is_name(&name) => open(state, name, call, seen),
            ("Read", Some(ticket)) => Outcome::new(shown(ticket), Basis::Documented, SPEC),
            ("Close", Some(ticket)) if ticket.is_closed => refused(409, "closed"),
            ("Close", Some(ticket)) => done()
                .leaving(State { tickets: state.tickets.update(name, Ticket { is_closed: true, ..ticket.clone() }) }),
            ("Remove", Some(_)) => done().leaving(State { tickets: state.tickets.without(&name) }),
            _ => refused(404, "unknown"),
        };
        vec![outcome]
    }
}

fn open(state: &State, name: Bytes, call: &Call, seen: &Seen<'_>) -> Outcome<State> {
    let number = seen.symbol("number");
    let subject = call.bytes("subject").map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default();
    let ticket = Ticket { subject, is_closed: false, number: number.clone() };
    let answer = Expectation::status(201).header("ticket-number", numbered(&number));
    Outcome::new(answer, Basis::Documented, SPEC).leaving(State { tickets: state.tickets.update(name, ticket) })
}

fn shown(ticket: &Ticket) -> Expectation {
    let state = if ticket.is_closed { "closed" } else { "open" };
    let fields = vec![("subject".into(), Shape::is(ticket.subject.clone())), ("state".into(), Shape::is(state))];
    let body = BodyRule::Document(Shape::Fields(fields));
    Expectation { body, ..Expectation::status(200).header("ticket-number", numbered(&ticket.number)) }
}

fn numbered(number: &Symbol) -> Matcher {
    Matcher::Chosen { symbol: number.clone(), form: Form::Integer }
}

fn done() -> Outcome<State> {
    Outcome::new(Expectation::status(204), Basis::Documented, SPEC)
}

fn refused(status: u16, code: &'static str) -> Outcome<State> {
    let body = BodyRule::Document(Shape::Fields(vec![("error".into(), Shape::is(code))]));
    Outcome::new(Expectation { code: Some(code.into()), body, ..Expectation::status(status) }, Basis::Documented, SPEC)
}

fn is_name(name: &[u8]) -> bool {
    let good = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.iter().all(good)
}
