//! What a real client did is learned from the log of the server that it spoke to.

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;
use plumb_generator::weights::Weights;
use plumb_model::call::Case;
use plumb_validator::model_server::Answers;
use serde_json::Value;

use crate::service::{Service, run};
use crate::support::Home;
use crate::{lab, servers};

/// What is in everything that the session names, sends and says.
const MARKED: &str = "mysecret";
/// The log.
const LOG: &str = "requests.ndjson";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        servers::trial("learn_gives_back_what_boto3_did", servers::python, |python| requests(&python)),
        servers::trial("learn_says_what_a_combined_log_does_not_tell", servers::python, |python| combined(&python)),
    ]
}

/// The service after the session.
fn session(python: &Path, format: &str) -> Service {
    let service = Service::with(&["--log", LOG, "--log-format", format]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/clients/learned/session.py");
    let mut command = service.client(python);
    command.arg("-B").arg(script).env("ENDPOINT", service.url()).env("AWS_EC2_METADATA_DISABLED", "true");
    let ran = run(&mut command);
    assert!(ran.code == Some(0), "{}{}", ran.stdout, ran.stderr);
    service
}

fn learn(home: &Home) -> Value {
    let more = ["--weights", "weights.json", "--cases", "cases.ndjson", "--format", "json", LOG];
    let ran = home.plumb(&[&["learn", "--api", "s3"], &more[..]].concat()).exits(0);
    for text in [&ran.stdout, &ran.stderr, &home.read("weights.json"), &home.read("cases.ndjson")] {
        assert!(!text.contains(MARKED), "{text}");
    }
    ran.json()
}

fn count(value: &Value, path: &[&str]) -> u64 {
    path.iter().fold(value, |value, name| &value[*name]).as_u64().unwrap_or(0)
}

fn requests(python: &Path) {
    let service = session(python, "requests");
    let home = service.home();
    let log = home.read(LOG);
    assert!(log.contains(MARKED), "the log itself is as it came");
    let (id, secret) = service.identity();
    assert!(log.contains(id) && !log.contains(secret) && !log.to_lowercase().contains("\"authorization\""));
    assert!(!log.contains(&MARKED.repeat(2)), "bodies that are stored are not written down");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(home.path(LOG)).expect("a log").permissions());
    assert_eq!(mode & 0o777, 0o600);

    let report = learn(home);
    let weights: Weights = serde_json::from_str(&home.read("weights.json")).expect("weights");
    let after = |before: &str, operation: &str| weights.after.get(before).and_then(|own| own.get(operation)).copied();
    assert_eq!(after("", "CreateBucket"), Some(1), "one session: {weights:?}");
    assert_eq!((after("PutObject", "GetObject"), after("GetObject", "PutObject")), (Some(1), Some(1)));
    assert_eq!((after("HeadObject", "GetObject"), after("GetObject", "GetObject")), (Some(3), Some(3)));
    assert_eq!((after("GetObject", "HeadObject"), after("CopyObject", "ListObjectsV2")), (Some(2), Some(1)));
    assert_eq!(weights.after_two["HeadObject GetObject"].get("GetObject"), Some(&3));
    assert_eq!((count(&report, &["sessions"]), count(&report, &["requests"])), (1, 19));

    let chosen = |operation: &str, choice: &str| weights.choices[operation].get(choice).copied().unwrap_or(0);
    assert_eq!((chosen("GetObject", "range=first-to-last"), chosen("GetObject", "range=open-end")), (3, 3));
    assert_eq!(
        (chosen("PutObject", "condition=if-match-right"), chosen("PutObject", "condition=if-match-wrong")),
        (1, 1)
    );
    assert_eq!((chosen("PutObject", "content-type=given"), chosen("PutObject", "metadata=two")), (1, 1));
    assert_eq!((chosen("GetObject", "object=absent"), chosen("ListObjectsV2", "delimiter=slash")), (1, 1));
    assert_eq!(chosen("DeleteObjects", "objects=several"), 1, "{:?}", weights.choices);
    assert_eq!(count(&report, &["answers", "never"]), 0, "{:#}", report["answers"]);
    assert_eq!(report["other_values"], serde_json::json!({"DeleteObjects": {"digest": 1}}), "CRC-32, and named so");
    assert_eq!(count(&report, &["answers", "explained"]), 18, "{:#}", report["answers"]);
    cases_run(home);
}

/// The case is the workflow, and the model's own server conforms in it.
fn cases_run(home: &Home) {
    let text = home.read("cases.ndjson");
    let cases: Vec<Case> = text.lines().map(|line| serde_json::from_str(line).expect("a case")).collect();
    let [case] = &cases[..] else { panic!("{text}") };
    let own = case.calls.iter().filter(|turn| !turn.id.contains('-')).map(|turn| turn.call.operation.as_ref());
    let own: Vec<&str> = own.collect();
    assert_eq!(own[..5], ["CreateBucket", "PutObject", "GetObject", "PutObject", "PutObject"]);
    assert_eq!((own.len(), own.last()), (19, Some(&"DeleteBucket")));
    let api = plumb_s3::api();
    let results = lab::run(&api, lab::server(&api, Answers::Preferred, None), cases.clone(), false);
    assert_eq!(results.not_conforming(), Vec::<String>::new(), "{text}");
    assert_eq!(results.exchanges(), case.calls.len(), "every call was sent: {text}");
    let statuses = results.done[0].run.exchanges.iter().map(|exchange| exchange.answer.as_ref().map(|own| own.status));
    let refused: Vec<Option<u16>> = statuses.filter(|status| status.is_none_or(|status| status >= 400)).collect();
    assert_eq!(refused, [Some(412), Some(404)], "what was refused then is refused now, and nothing else: {text}");
}

fn combined(python: &Path) {
    let service = session(python, "combined");
    let report = learn(service.home());
    assert_eq!(report["files"][0]["format"], "combined");
    assert_eq!(count(&report, &["weights", "after", "HeadObject", "GetObject"]), 3);
    assert_eq!(count(&report, &["untold", "GetObject", "range"]), 8, "{:#}", report["untold"]);
    let choices = report["weights"]["choices"]["GetObject"].as_object().expect("choices");
    assert!(choices.keys().all(|name| !name.starts_with("range=")), "{choices:?}");
    assert_eq!(count(&report, &["answers", "never"]), 0, "{:#}", report["answers"]);
}
