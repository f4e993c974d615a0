//! The fold over a log: record after record in, what was learned out.

use std::collections::BTreeMap;

use plumb_model::api::Api;
use plumb_model::call::{Call, Case};
use plumb_model::space::{Choice, Dimension, Operation, Row};
use plumb_model::traffic::Record;

use super::bench::{Bench, Class};
use super::coverage::Together;
use super::explain::{Explained, Explainer, Made, Unjudged, template};
use super::reading::{Read, Reader, Reading};
use super::scrub::Draft;
use super::session::Sessions;
use super::unmodelled;
use crate::weights::{Counts, Weights};

/// The most different cases that are kept; of sessions beyond it only the rest is learned.
pub const CASES_MAX: usize = 1_000;
/// The most different things of one kind that are listed apart: requests that are not modelled, answers that no state
/// explains.
pub const LISTED_MAX: usize = 1_000;

/// The longest code of an error.
const CODE_BYTES_MAX: usize = 64;

/// What is done with a log.
pub struct Learner<'a> {
    bench: Bench<'a>,
    readers: BTreeMap<&'static str, Reader<'a>>,
    explainer: Explainer,
    sessions: Sessions<Session>,
    strength: usize,
    learned: Learned,
}

/// What a log taught.
#[derive(Debug, Clone, Default)]
pub struct Learned {
    /// Every request that was read.
    pub requests: u64,
    /// The sessions.
    pub sessions: u64,
    /// Operations, what follows on what, and choices.
    pub weights: Weights,
    /// How many of the choices had the very values of the choice, and were not only like it.
    pub exactly: BTreeMap<String, Counts>,
    /// By operation, the dimensions with values that no choice stands for.
    pub others: BTreeMap<String, Counts>,
    /// By operation, how many calls had arguments that no dimension has.
    pub strangers: Counts,
    /// By operation, the dimensions that the log does not tell.
    pub untold: BTreeMap<String, Counts>,
    /// Requests that are no operation of the model, by what can be said of them without telling whose they were.
    pub unmodelled: Counts,
    /// By operation, the choices that were made together.
    pub together: BTreeMap<&'static str, Together>,
    /// How many requests some state explains.
    pub explained: u64,
    /// Why the others could not be judged, and how many.
    pub unjudged: BTreeMap<Unjudged, u64>,
    /// What no state explains.
    pub never: BTreeMap<Never, Seen>,
    /// The cases by their ids, each with how many sessions were so.
    pub cases: BTreeMap<String, (Case, u64)>,
    /// How many sessions have no case because there are too many different ones, or because nothing in them is modelled.
    pub without_case: u64,
    /// How many calls did not fit into the case of their session.
    pub calls_left_out: u64,
}

/// An answer that no state explains.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Never {
    /// The operation.
    pub operation: &'static str,
    /// The choices that are out of their defaults and that the log tells, as `dimension=choice`.
    pub choices: Vec<String>,
    /// What was answered: `200`, or `404 NoSuchKey`.
    pub answered: String,
    /// What the model permits in any of the states.
    pub permitted: Vec<String>,
}

/// How often something was seen, and where first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// How often.
    pub count: u64,
    /// `file:line` of the first.
    pub first: String,
}

/// What is kept of a session that goes on.
#[derive(Debug, Default)]
struct Session {
    before: [Option<&'static str>; 2],
    draft: Draft,
}

impl<'a> Learner<'a> {
    /// Learns of an API, as the flavour and the region have it; `strength` choices are looked at together.
    pub fn new(api: &'a Api, flavour: &'a str, region: &'a str, strength: usize) -> Self {
        let bench = Bench::new(api, flavour, region);
        let readers = api.operations.iter().map(|operation| (operation.name, Reader::new(operation, &bench))).collect();
        let learned = Learned { weights: Weights::new(api.name), ..Learned::default() };
        Self { bench, readers, explainer: Explainer::new(), sessions: Sessions::default(), strength, learned }
    }

    /// Takes one request; `place` says where in the logs it stands.
    pub fn take(&mut self, record: &Record, place: impl FnOnce() -> String) {
        self.learned.requests += 1;
        let logged = self.bench.decode(record).ok();
        let reader = logged.as_ref().and_then(|logged| self.readers.get(logged.call.operation.as_ref()));
        let (Some(logged), Some(reader)) = (logged, reader) else {
            return count(&mut self.learned.unmodelled, unmodelled::label(record));
        };
        let call = reader.tidy(logged.call, record, logged.body_length);
        let reading = reader.read(&call, record, logged.untold, &self.bench);
        let class = (record.status, record.code.clone().filter(|code| is_code(code)));
        let explained = self.explainer.explain(&self.bench, reader.operation, &reading, &class);
        self.learned.count(reader.operation, &reading, &explained, self.strength);
        self.learned.hold(reader.operation, &reading, &explained, &class, place);
        let (row, made) = match explained {
            Explained::Row(row, made) => (row, made),
            _ => (likely(reader.operation, &reading, &call), Made::Moved),
        };
        let (learned, api) = (&mut self.learned, self.bench.api);
        let session = self.sessions.of(record, |over| learned.end(over, api.name));
        learned.weights.add(reader.operation.name, session.before);
        session.before = [session.before[1], Some(reader.operation.name)];
        let template = template(api, reader.operation, &row, made);
        session.draft.add(&template, &call, reader.operation);
    }

    /// What was learned.
    pub fn finish(mut self) -> Learned {
        for session in self.sessions.into_open() {
            self.learned.end(session, self.bench.api.name);
        }
        self.learned
    }
}

/// Whether a text can be the code of an error: a word, and nothing that a client could have put there.
fn is_code(text: &str) -> bool {
    text.len() <= CODE_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The row that a call most likely was where the answer does not tell it.
fn likely(operation: &Operation, reading: &Reading, call: &Call) -> Row {
    let each = operation.space.dimensions.iter().zip(&reading.dimensions);
    let choice = |(dimension, read): (&Dimension, &Read)| match read {
        Read::OneOf(choices, _) => choices.first().copied().unwrap_or(0),
        Read::Untold => 0,
        // In place of a value that no choice stands for, one that is legal.
        Read::Other => {
            let gives =
                |own: &Choice| !own.fault && own.arguments.iter().any(|(name, _)| call.argument(name).is_some());
            dimension.choices.iter().position(gives).unwrap_or(0)
        }
    };
    each.map(choice).collect()
}

fn count(counts: &mut Counts, name: String) {
    if counts.len() < LISTED_MAX || counts.contains_key(&name) {
        *counts.entry(name).or_default() += 1;
    } else {
        *counts.entry("others".to_owned()).or_default() += 1;
    }
}

impl Learned {
    /// Counts the choices of a call: those that its arguments tell, and where the answer tells more, those too.
    fn count(&mut self, operation: &Operation, reading: &Reading, explained: &Explained, strength: usize) {
        let mut together = Vec::new();
        for (index, (dimension, read)) in operation.space.dimensions.iter().zip(&reading.dimensions).enumerate() {
            let of = |counts: &mut BTreeMap<String, Counts>, name: String| {
                *counts.entry(operation.name.to_owned()).or_default().entry(name).or_default() += 1;
            };
            let choice = match (read, explained) {
                (Read::OneOf(..), Explained::Row(row, _)) => row[index],
                (Read::OneOf(choices, _), _) if choices.len() == 1 => choices[0],
                (Read::OneOf(..), _) => continue,
                (Read::Other, _) => {
                    of(&mut self.others, dimension.name.to_owned());
                    continue;
                }
                (Read::Untold, _) => {
                    of(&mut self.untold, dimension.name.to_owned());
                    continue;
                }
            };
            let label = format!("{}={}", dimension.name, dimension.choices[choice].name);
            if let Read::OneOf(choices, exact) = read
                && choices[..*exact].contains(&choice)
            {
                of(&mut self.exactly, label.clone());
            }
            of(&mut self.weights.choices, label);
            together.push((index, choice));
        }
        self.together.entry(operation.name).or_default().add(&together, strength);
        if reading.strangers > 0 {
            *self.strangers.entry(operation.name.to_owned()).or_default() += 1;
        }
    }

    /// Notes whether some state explains an answer.
    fn hold(
        &mut self,
        operation: &Operation,
        reading: &Reading,
        explained: &Explained,
        class: &Class,
        place: impl FnOnce() -> String,
    ) {
        let permitted = match explained {
            Explained::Row(..) => {
                self.explained += 1;
                return;
            }
            Explained::Unjudged(why) => {
                *self.unjudged.entry(*why).or_default() += 1;
                return;
            }
            Explained::Never(permitted) => permitted,
        };
        let never = Never {
            operation: operation.name,
            choices: told_choices(operation, reading),
            answered: class_text(class),
            permitted: permitted.iter().map(class_text).collect(),
        };
        if let Some(seen) = self.never.get_mut(&never) {
            seen.count += 1;
        } else if self.never.len() < LISTED_MAX {
            self.never.insert(never, Seen { count: 1, first: place() });
        }
    }

    /// Takes a session that is over.
    fn end(&mut self, session: Session, api: &str) {
        self.sessions += 1;
        self.calls_left_out += session.draft.left_out;
        let Some(case) = session.draft.into_case(api) else {
            self.without_case += 1;
            return;
        };
        let id = case.id();
        if let Some((_, count)) = self.cases.get_mut(&id) {
            *count += 1;
        } else if self.cases.len() < CASES_MAX {
            self.cases.insert(id, (case, 1));
        } else {
            self.without_case += 1;
        }
    }

    /// How many requests could not be judged.
    pub fn unjudged_count(&self) -> u64 {
        self.unjudged.values().sum()
    }

    /// How many requests no state explains.
    pub fn never_count(&self) -> u64 {
        self.never.values().map(|seen| seen.count).sum()
    }
}

/// The choices out of their defaults that the arguments of a call tell; of several the likeliest.
fn told_choices(operation: &Operation, reading: &Reading) -> Vec<String> {
    let each = operation.space.dimensions.iter().zip(&reading.dimensions).filter(|(dimension, _)| !dimension.state);
    let told = each.filter_map(|(dimension, read)| match read {
        Read::OneOf(choices, _) => {
            let first = choices.first().copied().filter(|first| *first != 0)?;
            Some(format!("{}={}", dimension.name, dimension.choices[first].name))
        }
        Read::Other | Read::Untold => None,
    });
    told.collect()
}

fn class_text(class: &Class) -> String {
    match class {
        (status, Some(code)) => format!("{status} {code}"),
        (status, None) => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use plumb_model::traffic::{LoggedBody, Sender};
    use plumb_model::value::Value;

    use super::*;
    use crate::traffic::requests::REQUESTS;

    const MARKED: &str = "SECRET";

    /// A request of the tutorial API; everything that a client may say holds a marked secret.
    fn line(method: &str, target: &str, headers: &[(&str, &str)], body: u64, status: u16) -> Record {
        let mut record = Record::new(method, target, status);
        record.client = format!("{MARKED}-address");
        record.sender = Sender::Known(format!("{MARKED}-user"));
        record.user_agent = format!("{MARKED}-agent");
        record.has_headers = true;
        record.body = LoggedBody::Length(body);
        let own = [("authorization", "SECRET"), ("cookie", "SECRET=SECRET"), ("x-request-id", "SECRET")];
        for (name, value) in own.iter().chain(headers) {
            record.request.headers.push((*name).to_owned(), (*value).to_owned());
        }
        record
    }

    fn learned(records: &[Record]) -> Learned {
        let api = plumb_kv::api();
        let mut learner = Learner::new(&api, "standard", "", 2);
        for (number, record) in records.iter().enumerate() {
            learner.take(record, || format!("log:{}", number + 1));
        }
        learner.finish()
    }

    const KEY: &str = "/v1/keys/secret-key-one";

    fn workflow() -> Vec<Record> {
        vec![
            line("PUT", KEY, &[("if-none-match", "*")], 5_000, 413),
            line("PUT", KEY, &[("if-none-match", "*")], 99, 201),
            line("GET", KEY, &[], 0, 200),
            line("PUT", KEY, &[("if-match", "\"SECRET7\"")], 10, 200),
            line("PUT", KEY, &[("if-match", "\"SECRET7\"")], 10, 412),
            line("GET", "/v1/keys?prefix=secret&limit=SECRET", &[], 0, 400),
            line("GET", "/v1/keys?prefix=secret&limit=50", &[], 0, 200),
            line("DELETE", KEY, &[], 0, 204),
            line("GET", KEY, &[], 0, 404),
            line("GET", "/elsewhere/SECRET?secret=SECRET", &[], 0, 404),
        ]
    }

    #[test]
    fn what_follows_on_what_is_counted() {
        let weights = learned(&workflow()).weights;
        let counts =
            |of: &[(&str, u64)]| of.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect::<Counts>();
        assert_eq!(weights.operations, counts(&[("Delete", 1), ("Get", 2), ("List", 2), ("Put", 4)]));
        assert_eq!(weights.after[""], counts(&[("Put", 1)]));
        assert_eq!(weights.after["Put"], counts(&[("Get", 1), ("List", 1), ("Put", 2)]));
        assert_eq!(weights.after_two["Put Get"], counts(&[("Put", 1)]));
    }

    #[test]
    fn the_answer_tells_which_choice_it_was() {
        let learned = learned(&workflow());
        let put = &learned.weights.choices["Put"];
        let of = |name: &str| put.get(name).copied().unwrap_or(0);
        assert_eq!((of("if-match=current"), of("if-match=other"), of("if-match=unknown")), (1, 1, 0), "{put:?}");
        assert_eq!((of("value=too-large"), of("value=short"), of("if-none-match=star")), (1, 3, 2), "{put:?}");
        let get = &learned.weights.choices["Get"];
        assert_eq!((get.get("key-state=present"), get.get("key-state=absent")), (Some(&1), Some(&1)));
        assert_eq!(learned.exactly["Put"].get("value=short"), Some(&2), "10 bytes are, 99 are like it");
    }

    #[test]
    fn nothing_is_said_of_what_cannot_be_known() {
        let learned = learned(&workflow());
        assert_eq!(learned.others["List"], Counts::from([("limit".to_owned(), 1)]));
        assert_eq!(learned.unjudged, BTreeMap::from([(Unjudged::Strange, 1)]));
        assert_eq!(learned.unmodelled, Counts::from([("GET /…/…?secret".to_owned(), 1)]));
        assert!(learned.never.is_empty(), "{:?}", learned.never);
        assert_eq!(learned.explained, 8);
    }

    #[test]
    fn what_no_state_explains_is_listed_and_what_rights_explain_is_not() {
        let all = [
            line("PUT", KEY, &[], 5_000, 201),
            line("GET", KEY, &[], 0, 201),
            line("GET", KEY, &[], 0, 403),
            line("GET", KEY, &[], 0, 503),
        ];
        let learned = learned(&all);
        let never: Vec<_> = learned.never.iter().map(|(own, seen)| (own.operation, &*own.answered, seen)).collect();
        let seen = |line: u32| Seen { count: 1, first: format!("log:{line}") };
        assert_eq!(never, [("Get", "201", &seen(2)), ("Put", "201", &seen(1))]);
        assert_eq!(learned.unjudged, BTreeMap::from([(Unjudged::Status, 2)]));
    }

    #[test]
    fn a_case_holds_what_was_done_and_nothing_of_whom() {
        let learned = learned(&workflow());
        let [(case, 1)] = learned.cases.values().collect::<Vec<_>>()[..] else { panic!("{:?}", learned.cases) };
        assert_eq!(case.check(), Ok(()));
        let text = serde_json::to_string(case).expect("it is JSON");
        assert!(!text.to_lowercase().contains("secret"), "{text}");
        let done: Vec<&str> =
            case.calls.iter().filter(|turn| !turn.id.contains('-')).map(|turn| turn.call.operation.as_ref()).collect();
        assert_eq!(done, ["Put", "Put", "Get", "Put", "Put", "List", "List", "Delete", "Get"]);
        let key = Value::resource("key", "a");
        let on_key = case.calls.iter().filter(|turn| turn.call.operation != "List");
        assert!(on_key.clone().all(|turn| turn.call.argument("key") == Some(&key)), "one name, one role: {text}");
        let lengths = on_key.filter_map(|turn| match turn.call.argument("value")? {
            Value::Body(spec) => Some(spec.length),
            _ => None,
        });
        assert_eq!(lengths.collect::<Vec<_>>(), [5_000, 99, 10, 10]);
        let symbol = |id: &str| case.calls.iter().find(|turn| turn.id == id).map(|turn| turn.call.argument("if-match"));
        assert_eq!(symbol("4"), Some(Some(&Value::symbol("2", "revision"))), "{text}");
    }

    #[test]
    fn no_secret_is_left_in_anything_that_was_learned() {
        let learned = learned(&workflow());
        let cases: Vec<_> = learned.cases.values().map(|(case, _)| case).collect();
        let text = format!(
            "{}{}{:?}",
            serde_json::to_string(&learned.weights).expect("JSON"),
            serde_json::to_string(&cases).expect("JSON"),
            learned.never
        );
        assert!(!text.contains(MARKED) && !text.contains("secret-key"), "{text}");
    }

    #[test]
    fn the_same_log_teaches_the_same() {
        let text = |learned: &Learned| format!("{learned:?}");
        assert_eq!(text(&learned(&workflow())), text(&learned(&workflow())));
    }

    #[test]
    fn a_log_without_headers_does_not_say_that_there_were_none() {
        let records = workflow().into_iter().map(|record| {
            let bare =
                Record::new(&record.request.method, &String::from_utf8_lossy(&record.request.target), record.status);
            Record { client: "c".into(), ..bare }
        });
        let learned = learned(&records.collect::<Vec<_>>());
        let put = &learned.weights.choices["Put"];
        assert!(put.keys().all(|name| !name.starts_with("if-") && !name.starts_with("value")), "{put:?}");
        assert_eq!(learned.untold["Put"].keys().collect::<Vec<_>>(), ["if-match", "if-none-match", "value"]);
        assert!(learned.never.is_empty(), "what is not told explains it: {:?}", learned.never);
    }

    #[test]
    fn what_serve_logs_is_learned_line_by_line() {
        let text = crate::traffic::requests::line(&workflow()[2], 0, None);
        let record = (REQUESTS.parse)(&text).expect("a line").expect("a request");
        assert_eq!(learned(&[record]).weights.operations, Counts::from([("Get".to_owned(), 1)]));
    }
}
