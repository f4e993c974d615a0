//! Bugs in what becomes of a batch of deletions, in what is made of the call and in the answer.

use std::sync::Arc;

use bytes::Bytes;
use plumb_model::answer::{Answer, Document};
use plumb_model::call::Call;
use plumb_model::plant::{Bug, Effect, Plant};

/// Every one of them.
pub(super) fn all() -> [Plant; 1] {
    [Plant {
        name: "batch-skips-last",
        about: "the last key of a batch is acknowledged and kept",
        operation: "ListObjectsV2",
        kind: super::WRONG_STATE,
        strength: 1,
        bug: Arc::new(SkipsLast),
    }]
}

/// The keys of a batch with their numbers, in the order of these.
pub(super) fn keys(call: &Call) -> Vec<(u32, Bytes)> {
    let numbered = call.arguments.iter().filter_map(|(name, value)| {
        let number = name.strip_prefix("key.")?.parse().ok()?;
        Some((number, value.as_literal()?.clone()))
    });
    let mut keys: Vec<_> = numbered.filter(|_| call.operation == "DeleteObjects").collect();
    keys.sort_unstable();
    keys
}

/// Leaves the last of several keys out, and tells it as deleted all the same.
struct SkipsLast;

/// The last key, where the batch has others.
fn last(call: &Call) -> Option<(u32, Bytes)> {
    keys(call).split_first().and_then(|(_, rest)| rest.last().cloned())
}

impl Bug for SkipsLast {
    fn on_call(&self, call: &Call, _: &[Call]) -> Effect {
        let Some((number, _)) = last(call) else { return Effect::Honest };
        let mut other = call.clone();
        for part in ["key", "version-id", "etag"] {
            other.arguments.remove(format!("{part}.{number}").as_str());
        }
        Effect::Instead(other)
    }

    fn on_answer(&self, call: &Call, answer: &mut Answer) {
        let Some((_, key)) = last(call) else { return };
        let Some(Document::Fields(fields)) = &mut answer.document else { return };
        let key = Document::Text(String::from_utf8_lossy(&key).into_owned());
        let deleted = fields.iter_mut().find(|(name, _)| name == "Deleted");
        if let Some((_, Document::List(entries))) = deleted {
            entries.push(Document::Fields(vec![("Key".to_owned(), key)]));
        }
    }
}
