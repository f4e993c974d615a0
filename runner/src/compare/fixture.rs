//! Cases as three targets may have answered them, for tests.

use std::time::Duration;

use bytes::Bytes;
use plumb_model::answer::{Answer, Document};
use plumb_model::api::Api;
use plumb_model::call::{Call, Case, Turn};
use plumb_model::fault::{Basis, Ground};
use plumb_model::http::{Headers, Request};
use plumb_model::judge::Mismatch;
use plumb_model::seen::Bindings;
use plumb_model::value::Symbol;
use plumb_validator::case_run::CaseRun;
use plumb_validator::finding::Finding;
use plumb_validator::names::RunId;
use plumb_validator::session::Exchange;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::SendLimits;
use plumb_validator::verdict::{Divergence, Expected, Kind, Observed, Permit, Unclear, Verdict};

use super::between::{Right, Seen};
use super::comparison::Comparison;
use super::groups::Column;
use super::passes::{Pass, Triple};
use super::places::Frame;
use super::reds::{News, Red, Wrong};
use super::summary::{Began, Named, Summary};
use crate::events::RunEnded;

/// What a target says to a call.
#[derive(Clone)]
pub(crate) struct Says {
    answer: Option<Answer>,
    /// The places at which it is wrong; none where it is right.
    wrong: Option<&'static [&'static str]>,
}

impl Says {
    /// An answer with these headers that the model permits.
    pub(crate) fn right(status: u16, headers: &[(&'static str, &'static str)]) -> Self {
        let mut answer = Answer { status, ..Answer::default() };
        for (name, value) in headers {
            answer.headers.push(*name, *value);
        }
        Self { answer: Some(answer), wrong: None }
    }

    /// The same answer, which the model does not permit because of these places.
    pub(crate) fn wrong_at(self, places: &'static [&'static str]) -> Self {
        Self { wrong: Some(places), ..self }
    }

    /// The same answer with a document of one field.
    pub(crate) fn field(mut self, name: &str, text: &str) -> Self {
        let field = (name.to_owned(), Document::Text(text.to_owned()));
        self.answer.iter_mut().for_each(|answer| answer.document = Some(Document::Fields(vec![field.clone()])));
        self
    }

    /// No answer.
    pub(crate) const fn silence() -> Self {
        Self { answer: None, wrong: None }
    }
}

/// A call of `Get` that was answered so.
pub(crate) fn ok() -> Says {
    Says::right(200, &[])
}

/// A case of `Get` calls with these choices, in the three passes.
pub(crate) fn triple(sequence: u64, choices: &[&str], says: [&[Says]; 3]) -> Triple {
    let mut case = Case::new("kv");
    case.origin.operation = "Get".to_owned();
    case.origin.choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
    let turns = says.iter().map(|own| own.len()).max().unwrap_or(0);
    case.calls = (0..turns).map(|index| Turn::new(index.to_string(), Call::new("Get"))).collect();
    Triple { sequence, case, runs: says.map(run), order: [0, 1, 2] }
}

/// One call, the same in every pass but the last.
pub(crate) fn against(sequence: u64, choices: &[&str], a: &Says, b: &Says) -> Triple {
    let a = std::slice::from_ref(a);
    triple(sequence, choices, [a, a, std::slice::from_ref(b)])
}

/// What one pass came to; the server chose `"1"` as a revision.
pub(crate) fn run(says: &[Says]) -> CaseRun {
    let exchanges: Vec<Exchange> = says.iter().enumerate().map(|(index, says)| exchange(index, says)).collect();
    let divergences: Vec<Divergence> =
        says.iter().enumerate().filter_map(|(index, says)| divergence(index, says)).collect();
    let silent = says.iter().any(|says| says.answer.is_none());
    let verdict = match divergences.first() {
        Some(first) => Verdict::Diverges(Box::new(first.clone())),
        None if silent => Verdict::Inconclusive(Unclear::NoAnswer("timed out".into())),
        None => Verdict::Conforms { preferred: true },
    };
    let bindings = Bindings::unit(Symbol::new("0", "revision"), Bytes::from_static(b"\"1\""));
    CaseRun { divergences, exchanges, bindings, ..CaseRun::ended(verdict) }
}

fn exchange(index: usize, says: &Says) -> Exchange {
    let request =
        Request { method: "GET".into(), target: b"/".to_vec(), headers: Headers::default(), body: Bytes::new() };
    let ground = Ground { basis: Basis::Documented, source: "the manual".into() };
    let is_right = says.wrong.is_none() && says.answer.is_some();
    Exchange {
        id: index.to_string(),
        operation: "Get".into(),
        actor: None,
        request,
        answer: says.answer.clone(),
        latency: Duration::from_millis(1),
        permit: is_right.then_some(Permit { preferred: true, ground, others: Vec::new() }),
    }
}

fn divergence(index: usize, says: &Says) -> Option<Divergence> {
    let (places, answer) = (says.wrong?, says.answer.as_ref()?);
    let mismatch = |place: &&str| Mismatch {
        place: (*place).to_owned(),
        expected: "what is right".into(),
        observed: "what is wrong".into(),
    };
    let expected = Expected {
        class: if places.contains(&"status") { "412".into() } else { answer.class() },
        basis: "D".into(),
        source: "the manual".into(),
        mismatches: places.iter().map(mismatch).collect(),
    };
    Some(Divergence {
        call: index.to_string(),
        operation: "Get".into(),
        kind: Kind::WrongHeaderOrBody,
        expected: vec![expected],
        observed: Observed::new(answer),
        state: serde_json::Value::Null,
        request_id: None,
    })
}

/// A target of kv.
pub(crate) fn target(api: &Api) -> Target {
    Target {
        name: "test".into(),
        scheme: "http".into(),
        authority: "kv.invalid:80".into(),
        region: String::new(),
        flavour: api.flavours[0].name,
        actors: vec![plumb_model::wire::Actor {
            name: "test".into(),
            id: "TESTKEY".into(),
            secret: "test-secret".into(),
            session_token: None,
        }],
        safety: Safety::Full,
        exclusive: false,
        limits: SendLimits::default(),
    }
}

/// Calls `test` with a comparison that took `triples`.
pub(crate) fn compared<T>(triples: &[Triple], test: impl FnOnce(Comparison<'_>) -> T) -> T {
    let api = plumb_kv::api();
    let (target, run) = (target(&api), RunId::new(1));
    let frames = [(); 3].map(|()| Frame::new(&api, &run, &target));
    let mut comparison = Comparison::new(&frames);
    for triple in triples {
        comparison.take(triple);
    }
    test(comparison)
}

/// What a hostile server may say.
const HOSTILE: &str = "\x1b[31m\u{202e}drawkcab";

/// A comparison with everything that can stand in one.
pub(crate) fn summary() -> Summary {
    let alike = (0..40).map(|sequence| against(sequence, &[], &ok(), &ok()));
    let odd = Says::right(204, &[]).wrong_at(&["status"]);
    let (ok_then, no_then) = ([ok()], [Says::right(404, &[])]);
    let mut triples: Vec<Triple> = alike.collect();
    triples.extend([
        against(40, &["if=weak", "key=odd"], &Says::right(200, &[]), &Says::right(304, &[])),
        against(41, &["if=weak"], &Says::right(200, &[]), &Says::right(304, &[])),
        against(42, &[], &Says::right(200, &[("server", "one")]), &Says::right(200, &[("server", HOSTILE)])),
        against(43, &["size=large"], &odd, &odd),
        against(44, &[], &ok(), &Says::silence()),
        triple(45, &["key=absent"], [&ok_then, &no_then, &ok_then]),
    ]);
    let ended = RunEnded {
        early: Some("the budget is spent".into()),
        cases_left: 7,
        duration_ms: 8_140,
        ..RunEnded::default()
    };
    let mut summary = compared(&triples, |comparison| Summary::new(began(), comparison, ended));
    let accepts = Says::right(200, &[]).wrong_at(&["status"]);
    let total = |text: &'static str| Says::right(206, &[("x-total", text)]).wrong_at(&["header x-total"]);
    for red in [
        red(Right::A, vec![wrong(Pass::B, &accepts)], 18),
        red(Right::Neither, vec![wrong(Pass::B, &total("9")), wrong(Pass::A, &total("8"))], 2),
    ] {
        summary.apply(News::Found(Box::new(red)));
    }
    let why = "seen once, not in 3 more runs".to_owned();
    summary.apply(News::Unconfirmed { signature: "Get server-error 200 -> 503".into(), why, decides_case: false });
    summary
}

fn began() -> Began {
    let target = |target: &str, endpoint: &str, run: &str| Named {
        target: target.into(),
        endpoint: endpoint.into(),
        flavour: "standard".into(),
        run: run.into(),
    };
    let production = "https://kv.example";
    let targets = [
        target("production", production, "aaaaaaaa"),
        target("production", production, "bbbbbbbb"),
        target("candidate", "https://candidate.kv.example", "cccccccc"),
    ];
    let started = "2026-11-21T06:19:19Z".into();
    Began { version: "0.1.0".into(), api: "kv".into(), seed: 1, started, targets }
}

fn wrong(pass: Pass, says: &Says) -> Wrong {
    let says = std::slice::from_ref(says);
    let (case, run) = (triple(0, &["if=wrong"], [says, &[], &[]]).case, run(says));
    let mut finding = Finding::new(case, &run, &run.divergences[0]);
    finding.reproduced = "3/3".into();
    finding.replay = format!("plumb replay plumb-runs/cccccccc/findings/{}.json --target candidate", finding.id);
    Wrong { pass, finding }
}

fn red(right: Right, wrong: Vec<Wrong>, count: u64) -> Red {
    let api = plumb_kv::api();
    let (target, run_id) = (target(&api), RunId::new(1));
    let refused = run(&[Says::right(412, &[])]);
    let frame = Frame::new(&api, &run_id, &target);
    let column = Seen::of(&refused, "0", &frame).map(|seen| Column::new(&seen, &frame));
    Red { right, wrong, answers: column.filter(|_| right != Right::Neither), count, accepted_by: None }
}
