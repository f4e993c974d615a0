//! A fixed run of features that the tests render: a scenario of each kind, with hostile words from files and servers.

use plumb_model::call::{Call, Case, Turn};
use plumb_model::judge::Mismatch;
use plumb_steps::played::{Outcome, Played, StepEnd, StepPlayed, Trouble};
use plumb_validator::finding::Finding;
use plumb_validator::verdict::{Divergence, Expected, Kind, Observed};
use serde_json::json;

use super::FeatureReport;
use crate::events::{EVENTS_SCHEMA, Event, TestsEnded, TestsStarted};
use crate::report::fixture::{HOSTILE, condition_ignored};

/// The line on which the first scenario of a file stands, and how many lines each takes.
const LINES: usize = 10;

/// A run in which nothing has happened yet.
pub(in crate::report) fn empty() -> FeatureReport {
    FeatureReport::new(TestsStarted {
        connected_to: None,
        model: "00ff".into(),
        scenarios: "00ff".into(),
        accepted: "00ff".into(),
        schema: EVENTS_SCHEMA.into(),
        run: "xwp65c6x".into(),
        version: "0.1.0".into(),
        api: "kv".into(),
        target: "staging".into(),
        endpoint: Some("https://objects.staging.example".into()),
        flavour: "standard".into(),
        tags: None,
        selected: 17,
        left_out: 3,
        dry_run: false,
        embedded: false,
        started: "2026-11-21T06:19:19Z".into(),
    })
}

/// A run in which all passed.
pub(in crate::report) fn passing() -> FeatureReport {
    let mut report = empty();
    (1..=74).for_each(|at| report.apply(&done(passed("features/kv/uploads.feature", at, "A file can be read"))));
    report.apply(&Event::TestsEnded(TestsEnded { duration_ms: 3_200, ..TestsEnded::default() }));
    report
}

/// A run with everything.
pub(in crate::report) fn report() -> FeatureReport {
    let mut report = empty();
    for event in events() {
        report.apply(&event);
    }
    report
}

/// Its events, in the order in which they may come.
pub(in crate::report) fn events() -> Vec<Event> {
    let mut played = reads();
    played.extend(broken());
    played.extend(unclear());
    let mut events: Vec<Event> = played.into_iter().map(done).collect();
    events.push(Event::Found(Box::new(finding("00d084a2", &forbidden(), None))));
    events.push(Event::Found(Box::new(finding("fd565789", &known(), Some("storage-team (until 2027-01-31)")))));
    events.push(Event::Found(Box::new(finding("7be1c09d", &unseen(), None))));
    events.push(Event::SeenAgain { finding: "00d084a2".into() });
    events.push(Event::TestsEnded(TestsEnded {
        resources_left: vec![("bucket".into(), "plumb-xwp65c6x-17-a".into())],
        duration_ms: 3_240,
        ..TestsEnded::default()
    }));
    events
}

pub(in crate::report) fn done(played: Played) -> Event {
    Event::ScenarioDone(Box::new(played))
}

/// A scenario that passed, of which the id is made of its place and name.
pub(in crate::report) fn passed(path: &str, at: usize, name: &str) -> Played {
    let line = at * LINES;
    let file = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".feature");
    let slug = name.to_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let texts =
        [("Given", "Bob owns the bucket \"images\""), ("When", "he uploads \"cat.png\""), ("Then", "it is there")];
    let steps = texts.into_iter().zip(1..).map(|((keyword, text), at)| StepPlayed {
        keyword: keyword.into(),
        text: text.into(),
        line: line + at,
        column: 5,
        end: StepEnd::Passed,
        started_us: 0,
        duration_us: 1_100 * at as u64,
        defined_at: Some(format!("steps/kv/src/phrases.rs:{}", at * 7)),
    });
    Played {
        id: format!("{file}::{slug}_{at}"),
        name: name.into(),
        feature: format!("The {file}"),
        rule: None,
        path: path.into(),
        line,
        tags: vec!["smoke".into()],
        owner: Some("storage".into()),
        api: "kv".into(),
        outcome: Outcome::Passed,
        may_be_inconclusive: false,
        attempt: 1,
        steps: steps.collect(),
        trouble: None,
        calls: 4,
        judged: 4,
        unmodelled: 0,
        waived: 0,
        accepted: 0,
        ends_in_accepted: false,
        without_model: false,
        duration_us: 6_600,
        case: Some(case()),
        case_lacks: None,
    }
}

/// The same, ended by its step `at`.
pub(in crate::report) fn ended(played: Played, at: usize, end: StepEnd, message: &str) -> Played {
    let trouble = Trouble { step: Some(at), message: message.into(), help: None, divergence: None, request: None };
    let mut played = Played { outcome: end.outcome(), trouble: Some(trouble), ..played };
    played.steps[at].end = end;
    played.steps[at + 1..].iter_mut().for_each(|step| (step.end, step.duration_us) = (StepEnd::NotRun, 0));
    played
}

fn case() -> Case {
    let mut case = Case::new("kv");
    case.calls = vec![Turn::new("call", Call::new("GetObject").with("key", "cat.png"))];
    case
}

const UPLOADS: &str = "features/kv/uploads.feature";
const OTHERS: &str = "features/kv/others.feature";
const WAITING: &str = "features/kv/waiting.feature";

/// Two that pass, the second not at once; one that does without the model; two that fail by an answer.
fn reads() -> Vec<Played> {
    let flaky = passed(UPLOADS, 2, "A file can be read after it was replaced");
    let first = ended(flaky.clone(), 2, StepEnd::Failed, "the file is \"old\", expected \"new\"");
    let second = ended(flaky.clone(), 1, StepEnd::Panicked, "index out of bounds");
    let mut own = diverged(passed(UPLOADS, 4, "Somebody else cannot read it"), 2, unexpected());
    own.rule = Some("Files are private".into());
    own.tags.push("owner(storage)".into());
    vec![
        passed(UPLOADS, 1, "A file can be read"),
        first,
        Played { attempt: 2, ..second },
        Played { attempt: 3, ..flaky },
        Played { without_model: true, waived: 1, ..passed(UPLOADS, 3, "A file can have any name") },
        own,
        diverged(passed(UPLOADS, 5, "A file that is there is not replaced"), 1, forbidden()),
        diverged(passed(UPLOADS, 6, "A part can be uploaded"), 1, known()),
    ]
}

/// Scenarios that are themselves at fault.
fn broken() -> Vec<Played> {
    let helped = |mut played: Played, help: &str| {
        if let Some(trouble) = &mut played.trouble {
            trouble.help = Some(help.into());
        }
        played.steps[0].defined_at = None;
        played
    };
    let skeleton = "#[given(expr = \"Bob owns the bucket {string}\")]\nasync fn owns(world: &mut World, name: String) {\n    // what it does\n}";
    let mut hostile = ended(passed(OTHERS, 4, HOSTILE), 1, StepEnd::Failed, &format!("{HOSTILE}\n]]> second line"));
    hostile.steps[1].text = format!("he uploads {HOSTILE} {}", "W".repeat(300));
    (hostile.owner, hostile.rule) = (Some(HOSTILE.into()), Some("]]>\u{0}\u{ffff}".into()));
    hostile.tags.push("tag\u{1b}[2J".into());
    vec![
        ended(passed(OTHERS, 1, "A step panics"), 1, StepEnd::Panicked, "assertion failed: 1 == 2"),
        helped(
            ended(
                passed(OTHERS, 2, "A step is not defined"),
                0,
                StepEnd::Undefined,
                "no function is defined for this step",
            ),
            skeleton,
        ),
        helped(
            ended(
                passed(OTHERS, 3, "A step is defined twice"),
                0,
                StepEnd::Ambiguous,
                "several functions claim this step",
            ),
            "steps/kv/src/given.rs:12\nsteps/src/http.rs:40",
        ),
        hostile,
    ]
}

/// Scenarios that say nothing.
fn unclear() -> Vec<Played> {
    let late = "the scenario's time of 2s ran out in the step \"When he uploads \"cat.png\"\"";
    let lost = "no answer: the connection was reset";
    let allowed = ended(passed(WAITING, 3, "A listing settles"), 1, StepEnd::Inconclusive, lost);
    let waited = Trouble {
        step: None,
        message: "no resource: every bucket is taken".into(),
        help: None,
        divergence: None,
        request: None,
    };
    let mut pool = passed(WAITING, 7, "A bucket is borrowed");
    (pool.outcome, pool.trouble, pool.case) = (Outcome::Inconclusive, Some(waited), None);
    pool.steps.iter_mut().for_each(|step| (step.end, step.duration_us) = (StepEnd::NotRun, 0));
    let guard = "the guard refused: it writes, and the target is read-only";
    vec![
        ended(passed(WAITING, 1, "An upload ends in time"), 1, StepEnd::TimedOut, late),
        ended(passed(WAITING, 2, "An answer gets lost"), 1, StepEnd::Inconclusive, lost),
        Played { may_be_inconclusive: true, ..allowed },
        ended(passed(WAITING, 4, "A bucket is made"), 0, StepEnd::Skipped, guard),
        ended(passed(WAITING, 5, "A bucket is removed"), 0, StepEnd::Skipped, guard),
        ended(passed(WAITING, 6, "A part is copied"), 1, StepEnd::Skipped, "the flavour lacks UploadPartCopy"),
        pool,
    ]
}

/// The same, ended by an answer.
fn diverged(played: Played, at: usize, divergence: Divergence) -> Played {
    let mut played = ended(played, at, StepEnd::Failed, &divergence.signature());
    if let Some(trouble) = &mut played.trouble {
        trouble.divergence = Some(Box::new(divergence));
        trouble.request = Some("GET /images/cat.png".into());
    }
    played
}

fn mismatch(place: &str, expected: &str, observed: &str) -> Mismatch {
    Mismatch { place: place.into(), expected: expected.into(), observed: observed.into() }
}

fn divergence(kind: Kind, observed: &str, expected: Vec<Expected>) -> Divergence {
    let observed =
        Observed { class: observed.into(), headers: Vec::new(), body: format!("<Key>{HOSTILE}</Key>"), body_bytes: 97 };
    let request_id = Some("4A1F0C".into());
    let state = json!({"buckets": {}});
    Divergence { call: "call".into(), operation: "GetObject".into(), kind, expected, observed, state, request_id }
}

fn one(class: &str, source: &str, mismatches: Vec<Mismatch>) -> Expected {
    Expected { class: class.into(), basis: "D".into(), source: source.into(), mismatches }
}

/// What a Then did not expect.
fn unexpected() -> Divergence {
    let places =
        vec![mismatch("header content-type", "\"image/png\"", "nothing"), mismatch("body", "\"meow\"", HOSTILE)];
    divergence(Kind::OwnExpectation, "200", vec![one("200", "the case's own expectation", places)])
}

/// What the model forbids, though no Then looks at it.
fn forbidden() -> Divergence {
    let places = |status: &str| vec![mismatch("status", status, "200"), mismatch("code", "some code", "no error code")];
    let expected = vec![
        one("412 PreconditionFailed", "RFC 9110 section 13.1.1", places("412")),
        one("404 NoSuchKey", "RFC 9110 section 15.5.5", places("404")),
    ];
    divergence(Kind::AcceptsWhatMustBeRefused, "200", expected)
}

/// What somebody answers for.
fn known() -> Divergence {
    divergence(Kind::WrongCode, "400 InvalidRequest", vec![one("404 NoSuchUpload", "the reference", vec![])])
}

/// What was seen in an attempt that does not count.
fn unseen() -> Divergence {
    divergence(Kind::ServerError, "503 SlowDown", vec![one("200", "the reference", vec![])])
}

fn finding(id: &str, divergence: &Divergence, accepted_by: Option<&str>) -> Finding {
    let base = condition_ignored();
    Finding {
        id: id.into(),
        signature: format!("{} []", divergence.signature()),
        kind: divergence.kind,
        operation: divergence.operation.clone(),
        summary: format!("{} {}", divergence.operation, divergence.kind.words()),
        expected: divergence.expected.clone(),
        observed: divergence.observed.clone(),
        replay: base.replay.replace("00d084a2", id),
        accepted_by: accepted_by.map(str::to_owned),
        ..base
    }
}
