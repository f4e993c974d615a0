//! What Flagger sends to its webhooks, and what of it names a run.
//!
//! Its payload has `name`, `namespace`, `phase`, `checksum` and `metadata`. The checksum is a hash of the specification
//! that Flagger *last applied*, and of its configuration: it tells revisions apart, once Flagger has noted the new one.
//! Before that, in hooks of the type `confirm-rollout`, it is the checksum of the revision *before*, whose decision says
//! nothing of the one that waits. Those hooks are known by their phase, for all others before the end send
//! `Progressing` (`pkg/controller/scheduler_hooks.go` and `webhook.go` there).

use serde::Deserialize;

use super::ask::{AskError, Key, Question};

/// What is sent. A field that a later Flagger adds changes nothing.
#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    name: String,
    namespace: String,
    phase: String,
    checksum: String,
    #[serde(default)]
    metadata: Metadata,
}

/// What whoever configures a webhook may say in its `metadata`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    /// Tells two runs of the same gate for the same revision apart.
    stage: Option<String>,
    /// The version that the target has to be.
    expect_version: Option<String>,
}

/// What a webhook is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    /// May it go on?
    Confirm,
    /// Is it to be rolled back?
    Rollback,
}

const TOO_EARLY: &str = "this phase has no run of its own: a confirm-rollout hook is sent with the checksum of the revision before, and post-rollout and event hooks decide nothing; use confirm-traffic-increase, pre-rollout, rollout or confirm-promotion";
const NOT_UNDER_WAY: &str = "a rollback hook is answered in the phases Progressing and WaitingPromotion";

impl Payload {
    /// # Errors
    /// Where it is not JSON, or not of Flagger's form.
    pub(super) fn read(body: &[u8]) -> Result<Self, AskError> {
        serde_json::from_slice(body).map_err(|error| AskError::Form("the payload", error.to_string()))
    }

    /// The question that it asks.
    ///
    /// # Errors
    /// Where its phase has no run, or its names are none of Kubernetes.
    pub(super) fn question(self, hook: Hook, wait: Option<u64>) -> Result<Question, AskError> {
        match (hook, self.phase.as_str()) {
            (Hook::Confirm, "Progressing") | (Hook::Rollback, "Progressing" | "WaitingPromotion") => {}
            (Hook::Confirm, _) => return Err(AskError::Hook(TOO_EARLY)),
            (Hook::Rollback, _) => return Err(AskError::Hook(NOT_UNDER_WAY)),
        }
        let parts = [&self.namespace, &self.name, &self.checksum].into_iter().chain(&self.metadata.stage);
        // No part has a colon, so that no two canaries share a key.
        let parts = parts.map(|part| if is_name(part) { Ok(part.as_str()) } else { Err(AskError::Hook(NO_NAME)) });
        let key = parts.collect::<Result<Vec<_>, _>>()?.join(":");
        Question::new(Key::new(&key)?, self.metadata.expect_version, wait)
    }
}

const NO_NAME: &str =
    "namespace, name, checksum and stage are letters, digits, dots and hyphens, and begin with a letter or digit";

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str = r#"{"name":"podinfo","namespace":"test","phase":"Progressing","checksum":"85d557f47b"}"#;

    fn check(hook: Hook, change: (&str, &str), wanted: Result<&str, &str>) {
        let body = PAYLOAD.replace(change.0, change.1);
        match (Payload::read(body.as_bytes()).and_then(|payload| payload.question(hook, None)), wanted) {
            (Ok(question), Ok(key)) => assert_eq!(question.key.as_str(), key, "{body}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{body}: {error}"),
            (seen, wanted) => panic!("{body}: {seen:?} instead of {wanted:?}"),
        }
    }

    #[test]
    fn a_revision_has_one_key() {
        use Hook::{Confirm, Rollback};
        let own = "test:podinfo:85d557f47b";
        check(Confirm, ("", ""), Ok(own));
        check(Rollback, ("", ""), Ok(own));
        check(Confirm, ("\"name\"", "\"later\":[1],\"name\""), Ok(own));
        check(Confirm, ("47b\"", "47b\",\"metadata\":{\"stage\":\"eu\"}"), Ok("test:podinfo:85d557f47b:eu"));
        check(Rollback, ("Progressing", "WaitingPromotion"), Ok(own));
    }

    #[test]
    fn what_names_no_revision_is_refused() {
        use Hook::{Confirm, Rollback};
        for phase in ["Initialized", "Waiting", "Succeeded", "Failed", ""] {
            check(Confirm, ("Progressing", phase), Err("confirm-rollout"));
            check(Rollback, ("Progressing", phase), Err("Progressing and WaitingPromotion"));
        }
        check(Confirm, ("85d557f47b", ""), Err("begin with a letter"));
        check(Confirm, ("podinfo", "pod:info"), Err("begin with a letter"));
        check(Confirm, ("test", "../test"), Err("begin with a letter"));
        check(Confirm, ("\"namespace\":\"test\",", ""), Err("missing field `namespace`"));
        check(Confirm, ("47b\"", "47b\",\"metadata\":{\"expect-version\":\"1\"}"), Err("unknown field"));
        check(Confirm, ("{", "["), Err("the payload cannot be read"));
    }
}
