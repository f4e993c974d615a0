//! A session as a case, without anything personal in it.
//!
//! Nothing of a log is copied into a case. Each call is made anew from the row of the space that it was: so its values
//! are those of choices, which stand in our own source, and bodies are patterns as long as those that were sent. All
//! that a session adds is which names are the same, and those become roles.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use percent_encoding::percent_decode;
use plumb_model::bodies::{BODY_BYTES_MAX, BodySpec};
use plumb_model::call::{ArgumentName, Call, Case, Need, Origin, Turn};
use plumb_model::space::{CALL_UNDER_TEST, Operation};
use plumb_model::value::{Function, Symbol, Value};

use super::argument::{self, any, mapped, names_resource};

/// The suite of cases that were learned from a log, as in [`Origin::suite`].
pub const LEARNED: &str = "learned";
/// The most calls of one session that its case holds, those that make its state among them.
pub const SESSION_CALLS_MAX: usize = 200;

/// Kind and role of a resource.
type Role = (String, String);

/// A case in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    needs: Vec<Need>,
    calls: Vec<Turn>,
    /// What stands for a name in the whole session, by kind and name: a role, perhaps with what made the first choice of
    /// it special.
    names: BTreeMap<(String, Bytes), Value>,
    /// How many roles of each kind there are.
    many: BTreeMap<String, usize>,
    first: String,
    number: usize,
    /// How many calls did not fit.
    pub(super) left_out: u64,
}

/// What the template of a call becomes in a session.
#[derive(Default)]
struct Places {
    /// What the names of the template's roles are here.
    roles: BTreeMap<Role, Value>,
    /// What whole values of the template are here.
    values: BTreeMap<Value, Value>,
    /// What the ids of its set-up calls are here.
    ids: BTreeMap<String, String>,
    /// What the bodies of its set-up calls are here.
    bodies: BTreeMap<BodySpec, BodySpec>,
    /// The roles that are named for the first time.
    new: BTreeSet<Role>,
}

impl Draft {
    /// Adds the call of `operation` that `observed` was, made from `template`.
    pub(super) fn add(&mut self, template: &Case, observed: &Call, operation: &Operation) {
        let Some(tested) = template.calls.iter().find(|turn| turn.id == CALL_UNDER_TEST) else { return };
        let setup = template.calls.iter().take_while(|turn| turn.id != CALL_UNDER_TEST);
        if self.calls.len() + setup.clone().count() >= SESSION_CALLS_MAX {
            self.left_out += 1;
            return;
        }
        self.number += 1;
        if self.first.is_empty() {
            self.first = tested.call.operation.to_string();
        }
        let mut places = Places::default();
        let mut call = self.named(&tested.call, observed, &mut places);
        self.need(&template.needs, &mut places);
        for turn in setup {
            self.set_up(turn, &call, &mut places);
        }
        call = places.put_in(&call);
        if let Some(own) = argument::body_of(operation)
            && let Some(length) = length_of(observed, &own)
        {
            let spec = BodySpec::random(self.number as u64, length.min(BODY_BYTES_MAX));
            argument::replace_body(&mut call, operation, spec);
            call.arguments.insert(own, Value::Body(spec));
        }
        self.calls.push(Turn::new(self.number.to_string(), call));
    }

    /// The call of a template with the names of this session.
    fn named(&mut self, call: &Call, observed: &Call, places: &mut Places) -> Call {
        let mut named = Call::new(call.operation.clone());
        for (name, value) in &call.arguments {
            let own = if names_resource(value) {
                let given = observed.argument(name).and_then(Value::as_literal);
                let own = self.name(value, given, places);
                places.values.insert(value.clone(), own.clone());
                own
            } else {
                value.clone()
            };
            named.arguments.insert(name.clone(), own);
        }
        self.more_names(call, observed, &mut named);
        named
    }

    /// Names beyond those of the template: `key.4` and on, where it has `key.1` to `key.3`.
    fn more_names(&mut self, call: &Call, observed: &Call, named: &mut Call) {
        for (name, value) in &observed.arguments {
            let Some((head, number)) = name.rsplit_once('.') else { continue };
            let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
            if named.argument(name).is_some() || !is_number {
                continue;
            }
            let is_alike = |own: &ArgumentName| own.rsplit_once('.').is_some_and(|(own, _)| own == head);
            let mut alike =
                call.arguments.iter().filter(|(own, _)| is_alike(own)).flat_map(|(_, value)| roles_in(value));
            if let (Some((kind, role)), Some(bytes)) = (alike.next(), value.as_literal()) {
                let bare = Value::Resource { kind: kind.clone(), role };
                // The name of the argument is that of one in the template, but for its number.
                named.arguments.insert(name.clone(), self.known(&kind, bytes, &bare, &mut BTreeSet::new()));
            }
        }
    }

    /// A value of a template with what stands for the names in `given`.
    fn name(&mut self, value: &Value, given: Option<&Bytes>, places: &mut Places) -> Value {
        let roles = roles_in(value);
        let found = given.map(|bytes| unfold(value, &roles, bytes)).unwrap_or_default();
        let parts: Vec<Value> = roles.iter().map(|role| part_of(value, role)).collect();
        for (index, (role, part)) in roles.iter().zip(&parts).enumerate() {
            let own = match (found.get(index), places.roles.get(role)) {
                (Some(name), _) => self.known(&role.0, name, part, &mut places.new),
                (None, Some(known)) => known.clone(),
                // The log does not tell the name, so it is that of nothing else.
                (None, None) => self.fresh(&role.0, part, &mut places.new),
            };
            places.roles.entry(role.clone()).or_insert_with(|| own.clone());
            places.values.insert(part.clone(), own);
        }
        mapped(value, &mut |inner| parts.contains(inner).then(|| places.values.get(inner).cloned()).flatten())
    }

    /// What stands for a name: `part`, with a role of this session, where it is new.
    fn known(&mut self, kind: &str, name: &Bytes, part: &Value, new: &mut BTreeSet<Role>) -> Value {
        let place = (kind.to_owned(), name.clone());
        if let Some(known) = self.names.get(&place) {
            return known.clone();
        }
        let own = self.fresh(kind, part, new);
        self.names.insert(place, own.clone());
        own
    }

    /// `part` with a role that nothing has yet: `a` to `z`, then `x26` and on.
    fn fresh(&mut self, kind: &str, part: &Value, new: &mut BTreeSet<Role>) -> Value {
        let many = self.many.entry(kind.to_owned()).or_default();
        let letter = u8::try_from(*many).ok().filter(|many| *many < 26).map(|many| char::from(b'a' + many));
        let role = letter.map_or_else(|| format!("x{many}"), |letter| letter.to_string());
        *many += 1;
        new.insert((kind.to_owned(), role.clone()));
        mapped(part, &mut |inner| match inner {
            Value::Resource { kind, .. } => Some(Value::Resource { kind: kind.clone(), role: role.clone() }),
            _ => None,
        })
    }

    /// Borrows what a template borrows, where its name is new here: what a session made itself is there.
    fn need(&mut self, needs: &[Need], places: &mut Places) {
        for need in needs {
            let role = (need.kind.clone(), need.role.clone());
            let bare = Value::Resource { kind: role.0.clone(), role: role.1.clone() };
            let own = match places.roles.get(&role) {
                Some(own) => own.clone(),
                None => self.fresh(&need.kind, &bare, &mut places.new),
            };
            places.roles.insert(role, own.clone());
            let Value::Resource { kind, role } = own else { continue };
            if places.new.contains(&(kind, role.clone())) {
                // A listing of a part that others share would show less than the session saw.
                let need = Need { role, own: true, ..need.clone() };
                if !self.needs.contains(&need) {
                    self.needs.push(need);
                }
            }
        }
    }

    /// Makes what a template makes before its call, unless the session has made it itself. What the call does not name
    /// is left out: the session did not have it, and may be in its way later.
    fn set_up(&mut self, turn: &Turn, tested: &Call, places: &mut Places) {
        let call = places.put_in(&turn.call);
        let is_named = |value: &Value| tested.arguments.values().any(|own| any(own, &|inner| inner == value));
        if !call.arguments.values().filter(|value| names_resource(value)).all(is_named) {
            return;
        }
        let named = |call: &Call| {
            let named = call.arguments.iter().filter(|(_, value)| names_resource(value));
            named.map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
        };
        let is_same = |own: &&Turn| own.call.operation == call.operation && named(&own.call) == named(&call);
        let made = self.calls.iter().rev().find(is_same);
        let id = made.map_or_else(|| format!("{}-{}", self.number, turn.id), |made| made.id.clone());
        let made_body = made.and_then(|made| body_in(&made.call));
        if made.is_none() {
            self.calls.push(Turn { id: id.clone(), call, ..turn.clone() });
        } else if let (Some(before), Some(own)) = (body_in(&turn.call), made_body) {
            places.bodies.insert(before, own);
        }
        places.ids.insert(turn.id.clone(), id);
    }

    /// The case; none where nothing was added, or where it could not be run.
    pub(super) fn into_case(self, api: &str) -> Option<Case> {
        let mut case = Case::new(api);
        case.origin = Origin { suite: LEARNED.to_owned(), operation: self.first, choices: Vec::new() };
        case.needs = self.needs;
        case.calls = self.calls;
        case.check().is_ok().then_some(case)
    }
}

impl Places {
    /// A call of the template as it is here. An argument that hangs on an answer that nobody asked for is left out.
    fn put_in(&self, call: &Call) -> Call {
        let mut here = Call::new(call.operation.clone());
        for (name, value) in &call.arguments {
            let own = self.values.get(value).cloned().unwrap_or_else(|| self.value(value));
            let mut is_whole = true;
            own.each_symbol(&mut |symbol| is_whole &= self.ids.values().any(|id| id == symbol.call()));
            if is_whole {
                here.arguments.insert(name.clone(), own);
            }
        }
        here
    }

    fn value(&self, value: &Value) -> Value {
        let symbol = |symbol: &Symbol| {
            let (_, name) = symbol.as_str().split_once('.')?;
            Some(Symbol::new(self.ids.get(symbol.call())?, name))
        };
        let changed = mapped(value, &mut |inner| match inner {
            Value::Symbol(own) => symbol(own).map(Value::Symbol),
            Value::Clock { from: Some(own), offset_s } => {
                Some(Value::Clock { from: Some(symbol(own)?), offset_s: *offset_s })
            }
            Value::Body(spec) => self.bodies.get(spec).map(|own| Value::Body(*own)),
            _ => None,
        });
        // A value that is named already holds roles of this session, so only set-up calls have others.
        if self.values.values().any(|own| *own == changed) { changed } else { with_roles(&changed, &self.roles) }
    }
}

fn length_of(call: &Call, own: &ArgumentName) -> Option<u64> {
    match call.argument(own)? {
        Value::Body(spec) => Some(spec.length),
        _ => None,
    }
}

fn body_in(call: &Call) -> Option<BodySpec> {
    call.arguments.values().find_map(|value| match value {
        Value::Body(spec) => Some(*spec),
        _ => None,
    })
}

/// The resources that a value names, each once, in order.
fn roles_in(value: &Value) -> Vec<Role> {
    fn go(value: &Value, all: &mut Vec<Role>) {
        match value {
            Value::Resource { kind, role } => {
                let own = (kind.clone(), role.clone());
                if !all.contains(&own) {
                    all.push(own);
                }
            }
            Value::Apply { of, .. } => of.iter().for_each(|inner| go(inner, all)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    go(value, &mut all);
    all
}

/// The part of a value that is one name: all of it where it names no other, else what is encoded, else the role alone.
fn part_of(value: &Value, role: &Role) -> Value {
    let is_only = |value: &Value| roles_in(value) == [role.clone()];
    match value {
        Value::Apply { function: Function::PercentEncoded, of } if is_only(value) => part_of(&of[0], role),
        Value::Apply { of, .. } if any(value, &is_encoding) || !is_only(value) => {
            let holding = of.iter().find(|inner| roles_in(inner).contains(role));
            holding.map_or_else(|| value.clone(), |inner| part_of(inner, role))
        }
        _ => value.clone(),
    }
}

const fn is_encoding(value: &Value) -> bool {
    matches!(value, Value::Apply { function: Function::PercentEncoded, .. })
}

fn with_roles(value: &Value, roles: &BTreeMap<Role, Value>) -> Value {
    mapped(value, &mut |inner| match inner {
        Value::Resource { kind, role } => roles.get(&(kind.clone(), role.clone())).cloned(),
        _ => None,
    })
}

/// The names in a value, one for each of `roles`. Where there are two, a slash is between them.
fn unfold(value: &Value, roles: &[Role], bytes: &Bytes) -> Vec<Bytes> {
    let is_encoded = any(value, &is_encoding);
    let bytes: Bytes = if is_encoded { percent_decode(bytes).collect::<Vec<u8>>().into() } else { bytes.clone() };
    if roles.len() < 2 {
        return vec![bytes];
    }
    let text = bytes.strip_prefix(b"/").unwrap_or(&bytes);
    text.splitn(roles.len(), |byte| *byte == b'/').map(Bytes::copy_from_slice).collect()
}
