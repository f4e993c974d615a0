//! A fixed report that the tests render: everything that can stand in one, with hostile words from the server.

use plumb_model::call::{Call, Case, Need, Origin, Turn};
use plumb_model::judge::Mismatch;
use plumb_model::space::Cause;
use plumb_model::value::{Function, Value};
use plumb_validator::finding::Finding;
use plumb_validator::precedence::{Cycle, Step, Tested};
use plumb_validator::verdict::{Expected, Kind, Observed};
use serde_json::json;

use crate::events::{CaseDone, CasesOf, Covered, EVENTS_SCHEMA, Event, Met, RunEnded, RunStarted};
use crate::report::Report;

/// What a hostile server may say: markup, an escape, a bidirectional override, a word without end.
pub(super) const HOSTILE: &str = "<script>alert(1)</script>\x1b[31m\u{202e}drawkcab\"><img src=http://evil.test/x.png>";

/// A run in which nothing has happened yet.
pub(super) fn empty() -> Report {
    Report::new(RunStarted {
        schema: EVENTS_SCHEMA.into(),
        run: "xwp65c6x".into(),
        version: "0.1.0".into(),
        api: "s3".into(),
        target: "staging".into(),
        endpoint: "https://objects.staging.example".into(),
        connected_to: None,
        model: "00ff".into(),
        flavour: "standard".into(),
        seed: 1,
        cases: CasesOf::default(),
        resumes: None,
        kept: 0,
        started: "2026-11-21T06:19:19Z".into(),
    })
}

/// A whole run without findings.
pub(super) fn conforming() -> Report {
    let mut report = empty();
    for sequence in 0..1_200 {
        report.apply(&done(sequence, "GetObject", "conforms", None));
    }
    report.apply(&Event::RunEnded(RunEnded { duration_ms: 8_100, ..RunEnded::default() }));
    report
}

/// A run with everything.
pub(super) fn report() -> Report {
    let mut report = empty();
    for (operation, conforms, diverges) in [("GetObject", 120, 1), ("ListObjectsV2", 95, 2), ("PutObject", 186, 14)] {
        (0..conforms).for_each(|sequence| report.apply(&done(sequence, operation, "conforms", None)));
        (0..diverges).for_each(|sequence| report.apply(&done(sequence, operation, "diverges", Some("a signature"))));
    }
    for _ in 0..3 {
        report.apply(&done(
            1,
            "PutObject",
            "skipped",
            Some("the guard refused: it writes, and the target is read-only"),
        ));
    }
    report.apply(&done(2, "GetObject", "inconclusive", Some(&format!("no answer: {HOSTILE}"))));
    report.apply(&done(3, "CreateMultipartUpload", "unsupported", Some("the flavour lacks the operation")));
    for event in with_two_faults() {
        report.apply(&event);
    }
    report.apply(&Event::Unconfirmed {
        signature: "GetObject server-error 200 -> 503 SlowDown at status".into(),
        case: "0123456789abcdef".into(),
        operation: "GetObject".into(),
        why: "the server failed in 1 of 3 more runs".into(),
        decides_case: true,
    });
    for finding in [condition_ignored(), listing(), accepted(), circle()] {
        report.apply(&Event::Found(Box::new(finding)));
    }
    (0..13).for_each(|_| report.apply(&Event::SeenAgain { finding: "00d084a2".into() }));
    report.apply(&Event::Coverage { covered: covered() });
    report.apply(&Event::RunEnded(RunEnded {
        early: Some("the budget is spent".into()),
        cases_left: 1_043,
        resources_left: vec![("bucket".into(), "plumb-xwp65c6x-17-a".into())],
        duration_ms: 8_140,
        ..RunEnded::default()
    }));
    report
}

/// Of two operations; one was not tried whole.
fn covered() -> Vec<Covered> {
    let of = |operation: &str, strength, covered, left, pairs| Covered {
        operation: operation.into(),
        strength,
        covered,
        infeasible: 7,
        left,
        is_sample: false,
        pairs,
    };
    let met = |one: &str, other: &str, covered, left| Met { dimensions: vec![one.into(), other.into()], covered, left };
    let pairs =
        vec![met("key-state", "if-match", 4, 0), met("key-state", "range", 1, 9), met("if-match", "range", 0, 0)];
    vec![
        of("GetObject", 1, 60, 0, vec![]),
        of("GetObject", 2, 1_200, 340, pairs),
        of("PutObject", 1, 62, 0, vec![]),
        of("PutObject", 2, 4_767, 0, vec![]),
    ]
}

fn done(sequence: u64, operation: &str, verdict: &str, detail: Option<&str>) -> Event {
    let exchange = |operation: &str, latency: u64| (operation.to_owned(), "200".to_owned(), latency);
    Event::CaseDone(CaseDone {
        sequence,
        case: "0123456789abcdef".into(),
        suite: "choices".into(),
        operation: operation.into(),
        choices: Vec::new(),
        verdict: verdict.into(),
        detail: detail.map(str::to_owned),
        preferred: !sequence.is_multiple_of(60),
        exchanges: vec![exchange("CreateBucket", 4_200 + sequence), exchange(operation, 812 + 97 * (sequence % 100))],
        tested: None,
    })
}

/// Calls with one fault, and with two: somebody wins as the model demands, as it permits, against it, and in a circle.
fn with_two_faults() -> Vec<Event> {
    let odd = format!("400 {HOSTILE}");
    let alone = [
        ("signature=wrong-secret", "403 SignatureDoesNotMatch"),
        ("bucket=absent", "404 NoSuchBucket"),
        ("if-match=other", "412 PreconditionFailed"),
        ("content-md5=<odd>", odd.as_str()),
        ("key=too-long", "400 KeyTooLongError"),
        ("storage-class=unknown", "400 InvalidStorageClass"),
        ("metadata=too-large", "400 MetadataTooLarge"),
    ];
    let pairs: [(usize, usize, &[usize]); 10] = [
        (0, 1, &[0]),
        (1, 2, &[1]),
        (0, 2, &[0]),
        (2, 3, &[2, 3]),
        (3, 1, &[1]),
        (1, 4, &[1, 4]),
        (4, 6, &[4, 6]),
        (6, 5, &[5, 6]),
        (5, 4, &[4, 5]),
        (0, 4, &[0, 4]),
    ];
    let tested = |faults: &[usize], answered: usize, permitted: &[usize]| {
        let faults: Vec<String> = faults.iter().map(|at| alone[*at].0.to_owned()).collect();
        let permitted = permitted.iter().map(|at| alone[*at].1.to_owned()).collect();
        let Event::CaseDone(done) = done(1, "PutObject", "conforms", None) else { unreachable!("it is one") };
        let tested = Tested { faults: faults.clone(), answered: alone[answered].1.to_owned(), permitted };
        Event::CaseDone(CaseDone { choices: faults, tested: Some(tested), ..done })
    };
    let singles = (0..alone.len()).map(|at| tested(&[at], at, &[at]));
    singles.chain(pairs.iter().map(|(over, under, permitted)| tested(&[*over, *under], *over, permitted))).collect()
}

/// The finding that the circle among these is.
fn circle() -> Finding {
    let mut finding = condition_ignored();
    let steps = [
        ("key=too-long", "400 KeyTooLongError"),
        ("metadata=too-large", "400 MetadataTooLarge"),
        ("storage-class=unknown", "400 InvalidStorageClass"),
    ];
    let case = |choices: &[&str]| {
        let mut case = finding.case.clone();
        case.origin.choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        case
    };
    let step = |at: usize| {
        let (fault, class) = steps[at];
        let with_next = case(&[fault, steps[(at + 1) % steps.len()].0]);
        Step { fault: fault.into(), class: class.into(), alone: case(&[fault]), with_next }
    };
    let cycle = Cycle { steps: (0..steps.len()).map(step).collect() };
    finding.case = cycle.steps[2].with_next.clone();
    (finding.id, finding.kind, finding.cycle) = ("c1c1c1e0".into(), Kind::PrecedenceCycle, Some(cycle));
    finding.signature = "PutObject precedence-cycle 400 KeyTooLongError over 400 MetadataTooLarge".into();
    finding.summary = "PutObject lets faults win in a circle: key=too-long over metadata=too-large over \
                       storage-class=unknown over key=too-long"
        .into();
    finding.choices = steps.map(|(fault, _)| fault.to_owned()).into();
    (finding.reproduced, finding.count, finding.curl) = ("12/12".into(), 3, None);
    finding.state = serde_json::Value::Null;
    finding.replay = finding.replay.replace("00d084a2", "c1c1c1e0");
    finding
}

fn mismatch(place: &str, expected: &str, observed: &str) -> Mismatch {
    Mismatch { place: place.into(), expected: expected.into(), observed: observed.into() }
}

fn answer(class: &str, basis: &str, source: &str, mismatches: Vec<Mismatch>) -> Expected {
    Expected { class: class.into(), basis: basis.into(), source: source.into(), mismatches }
}

/// A finding as a server gives it that leaves `If-Match` aside.
pub(super) fn condition_ignored() -> Finding {
    let bucket = || Value::resource("bucket", "a");
    let stored = Call::new("PutObject").with("bucket", bucket()).with("key", "photo.jpg");
    let call = stored.clone().with("if-match", Value::symbol("stored", "etag").apply(Function::DifferentFrom));
    let mut case = Case::new("s3");
    case.origin =
        Origin { suite: "choices".into(), operation: "PutObject".into(), choices: vec!["if-match=other".into()] };
    case.needs = vec![Need::own("bucket", "a")];
    case.calls = vec![Turn::new("stored", stored), Turn::new("call", call)];
    let places = vec![mismatch("status", "412", "200"), mismatch("code", "PreconditionFailed", "no error code")];
    Finding {
        id: "00d084a2".into(),
        signature: "PutObject accepts-what-must-be-refused 412 PreconditionFailed -> 200 at status [if-match=other]"
            .into(),
        kind: Kind::AcceptsWhatMustBeRefused,
        operation: "PutObject".into(),
        summary:
            "PutObject with if-match=other accepts what must be refused: answered 200, expected 412 PreconditionFailed"
                .into(),
        expected: vec![answer("412 PreconditionFailed", "D", "RFC 9110 section 13.1.1", places)],
        observed: Observed {
            class: "200".into(),
            headers: vec![("etag".into(), "\"a3b83250ca46d728\"".into()), ("x-amz-request-id".into(), "4A1F0C".into())],
            body: String::new(),
            body_bytes: 0,
        },
        preferred_only: false,
        basis: "D".into(),
        reproduced: "3/3".into(),
        count: 1,
        request_ids: vec!["4A1F0C".into(), "4A1F22".into(), "4A1F31".into()],
        replay:
            "plumb replay plumb-runs/xwp65c6x/findings/00d084a2.json --endpoint-url https://objects.staging.example"
                .into(),
        curl: Some(CURL.into()),
        places: vec!["code".into(), "status".into()],
        cause: Some(Cause { choices: vec!["key-state=present".into(), "if-match=other".into()], held: 3, tried: 3 }),
        choices: vec!["if-match=other".into()],
        case,
        recorded: vec![("stored".into(), "200".into()), ("call".into(), "200".into())],
        state: json!({"buckets": {"{bucket a}": {"objects": {"photo.jpg": {"length": 0, "etag": "‹stored.etag›"}}}}}),
        accepted_by: None,
        cycle: None,
    }
}

const CURL: &str = concat!(
    "curl -sS -i --globoff --path-as-is -X PUT --aws-sigv4 'aws:amz:us-east-1:s3' ",
    r#"--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" --data-binary '' -H 'content-type:' "#,
    "'https://objects.staging.example/plumb-xwp65c6x-1000032-a/photo.jpg'\n",
    "curl -sS -i --globoff --path-as-is -X PUT --aws-sigv4 'aws:amz:us-east-1:s3' ",
    r#"--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H 'if-match: "d41d8cd98f00b204e9800998ecf8427f"' "#,
    "--data-binary '' -H 'content-type:' 'https://objects.staging.example/plumb-xwp65c6x-1000032-a/photo.jpg'",
);

/// A finding with two permitted answers and everything hostile.
fn listing() -> Finding {
    let endless = "W".repeat(5_000);
    let mut finding = condition_ignored();
    finding.id = "7be1c09d".into();
    finding.signature = "ListObjectsV2 wrong-header-or-body 200 -> 200 at body Contents.Key [prefix=odd]".into();
    finding.kind = Kind::WrongHeaderOrBody;
    finding.operation = "ListObjectsV2".into();
    let what = "ListObjectsV2 with prefix=odd wrong header or body: body Contents[0].Key is";
    finding.summary = format!("{what} {HOSTILE:?}, expected \"photo.jpg\"");
    finding.expected = vec![
        answer(
            "200",
            "A",
            "recorded 2026-03 in us-east-1",
            vec![
                mismatch("body Contents[0].Key", "\"photo.jpg\"", HOSTILE),
                mismatch("body KeyCount", "1", "2"),
                mismatch("header x-amz-bucket-region", "\"us-east-1\"", &endless[..160]),
            ],
        ),
        answer(
            "400 InvalidArgument",
            "I",
            "MinIO and Ceph RGW agree",
            vec![mismatch("status", "400", "200"), mismatch("code", "InvalidArgument", "no error code")],
        ),
    ];
    finding.observed.headers.push(("x-words".into(), endless.clone()));
    finding.observed.body = format!("<ListBucketResult><Key>{HOSTILE}</Key>{endless}");
    finding.observed.body_bytes = 71_234;
    finding.choices = vec!["prefix=odd".into(), "encoding-type=absent".into()];
    finding.reproduced = "2/3".into();
    finding.request_ids = vec![HOSTILE.into()];
    finding.replay = finding.replay.replace("00d084a2", "7be1c09d");
    finding.curl = None;
    finding.state = json!({"keys": [HOSTILE, endless]});
    let list = Call::new("ListObjectsV2").with("bucket", Value::resource("bucket", "a")).with("prefix", HOSTILE);
    finding.case.calls[1] = Turn { actor: Some("alice".into()), ..Turn::new("call", list) };
    finding
}

fn accepted() -> Finding {
    let mut finding = condition_ignored();
    finding.id = "fd565789".into();
    finding.signature = "PutObject wrong-code 404 NoSuchUpload -> 400 InvalidRequest at code []".into();
    finding.kind = Kind::WrongCode;
    finding.summary =
        "PutObject wrong code of the right class: answered 400 InvalidRequest, expected 404 NoSuchUpload".into();
    finding.count = 4;
    finding.accepted_by = Some("storage-team: fixed in the next release (until 2027-01-31)".into());
    finding
}
