//! What Flagger is answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::fixture::{Answer, Fake, How, Server};

const CANARY: &str = include_str!("../../../../docs/pipelines/flagger/canary.yaml");

fn payload(phase: &str, checksum: &str) -> Vec<u8> {
    format!(
        "{{\"name\":\"podinfo\",\"namespace\":\"test\",\"phase\":\"{phase}\",\"checksum\":\"{checksum}\",\"metadata\":{{\"stage\":\"eu\"}}}}"
    )
    .into_bytes()
}

async fn hook(server: &Server, path: &str, phase: &str) -> Answer {
    let headers = [("content-type", "application/json")];
    server.send("POST", path, &headers, &payload(phase, "85d557f47b")).await
}

#[tokio::test]
async fn only_a_pass_and_an_override_advance() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&How::new(folder.path()), Fake::new()).await;
    for (gate, status, rollback, words) in [
        ("passes", 200, 412, "gate passes: pass: this is what was seen\n"),
        ("overridden", 200, 412, "gate overridden: overridden: this is what was seen\n"),
        ("fails", 412, 200, "gate fails: fail: this is what was seen\n"),
        ("unclear", 409, 412, "gate unclear: inconclusive: this is what was seen\n"),
        ("hangs", 425, 412, "gate hangs: running: it is under way; ask again\n"),
    ] {
        let wait = if gate == "hangs" { "" } else { "?wait=20" };
        let told = hook(&server, &format!("/v1/flagger/{gate}{wait}"), "Progressing").await;
        assert_eq!((told.status, told.body.as_str()), (status, words));
        for phase in ["Progressing", "WaitingPromotion"] {
            let told = hook(&server, &format!("/v1/flagger/{gate}/rollback"), phase).await;
            assert_eq!((told.status, told.body.as_str()), (rollback, words), "rollback");
        }
        let known = server.get(&format!("/v1/runs/{gate}/test:podinfo:85d557f47b:eu")).await;
        assert_eq!(known.status, 200, "{}", known.body);
    }
}

/// The checksum of a hook before the rollout is that of the revision before, which passed.
#[tokio::test]
async fn no_revision_goes_on_by_the_decision_of_the_one_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let server = Server::start(&How::new(folder.path()), fake.clone()).await;
    assert_eq!(hook(&server, "/v1/flagger/passes?wait=20", "Progressing").await.status, 200);
    for phase in ["Succeeded", "Waiting", "Initialized", "Failed"] {
        let told = hook(&server, "/v1/flagger/passes", phase).await;
        assert_eq!(told.status, 422, "{phase}: {}", told.body);
        assert!(told.body.contains("confirm-rollout"), "{}", told.body);
    }
    assert_eq!(fake.started().len(), 1);
}

#[tokio::test]
async fn a_rollback_begins_nothing_and_trusts_nothing_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let server = Server::start(&How::new(folder.path()), fake.clone()).await;
    for gate in ["passes", "fails", "nothing"] {
        let told = hook(&server, &format!("/v1/flagger/{gate}/rollback"), "Progressing").await;
        assert_eq!(told.status, 404, "{}", told.body);
    }
    assert_eq!(hook(&server, "/v1/flagger/fails/rollback", "Failed").await.status, 422);
    assert_eq!(fake.started().len(), 0);
}

#[tokio::test]
async fn what_is_no_payload_is_refused_with_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&How::new(folder.path()), Fake::new()).await;
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(70_000));
    for (path, body, status, words) in [
        ("/v1/flagger/passes", "", 400, "the payload cannot be read: EOF"),
        ("/v1/flagger/passes", "podinfo", 400, "the payload cannot be read: expected"),
        ("/v1/flagger/passes", "{\"name\":1}", 400, "invalid type: integer"),
        ("/v1/flagger/passes", "{\"name\":\"a\"}", 400, "missing field `namespace`"),
        ("/v1/flagger/passes", "\u{0}\u{1}", 400, "the payload cannot be read"),
        ("/v1/flagger/passes", large.as_str(), 413, "the body has more than 65536 bytes"),
        ("/v1/flagger/passes/rollback", large.as_str(), 413, "the body has more than 65536 bytes"),
        ("/v1/flagger/passes?wait=9999", "{}", 400, "missing field"),
        ("/v1/flagger/passes?watt=1", "{}", 400, "unknown field `watt`"),
    ] {
        let told = server.send("POST", path, &[], body.as_bytes()).await;
        assert_eq!(told.status, status, "{path}: {}", told.body);
        assert!(told.body.contains(words), "{}", told.body);
    }
    let told = hook(&server, "/v1/flagger/unknown", "Progressing").await;
    assert_eq!((told.status, told.body.as_str()), (404, "{\"error\":\"there is no such gate\"}"));
    assert_eq!(server.get("/v1/flagger/passes").await.status, 405);
}

/// As Flagger does it: name and password of the address become an authorization header.
#[tokio::test]
async fn the_published_webhooks_stop_a_canary_that_fails_and_send_it_back() {
    const TOKEN: &str = "0123456789abcdef";
    let folder = tempfile::tempdir().expect("a folder");
    let how = How { token: Some(TOKEN), ..How::new(folder.path()) };
    let server = Server::start(&how, Fake::new()).await;
    let said = |key: &str| CANARY.lines().filter_map(|line| line.trim().strip_prefix(key)).collect::<Vec<_>>();
    let hooks: Vec<_> = said("type: ").into_iter().zip(said("url: http://")).collect();
    assert_eq!(hooks.len(), 4, "{CANARY}");
    for (kind, url) in hooks {
        let (proof, rest) = url.split_once('@').expect("a name and a password");
        let proof = format!("Basic {}", STANDARD.encode(proof.replace("${PLUMB_TOKEN}", TOKEN)));
        let path = rest.find('/').map(|slash| &rest[slash..]).expect("a path");
        let wait = if kind == "rollback" { "" } else { "?wait=20" };
        let sent = payload("Progressing", "85d557f47b");
        let told = server.send("POST", &format!("{path}{wait}"), &[("authorization", &proof)], &sent).await;
        assert_eq!(told.status, if kind == "rollback" { 200 } else { 412 }, "{kind} {url}: {}", told.body);
    }
}
