//! Bugs that remember earlier answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use plumb_model::answer::Answer;
use plumb_model::call::Call;
use plumb_model::plant::{Bug, Plant};

/// The most objects that a bug remembers.
const REMEMBERED_MAX: usize = 10_000;

/// Every one of them.
pub(super) fn all() -> [Plant; 1] {
    [Plant {
        name: "tag-stays",
        about: "the entity tag does not change with the object",
        operation: "PutObject",
        kind: super::WRONG_CONTENT,
        strength: 1,
        bug: Arc::new(TagStays::default()),
    }]
}

/// An object keeps the entity tag that it had first.
#[derive(Default)]
struct TagStays {
    first: Mutex<BTreeMap<(Bytes, Bytes), Bytes>>,
}

impl Bug for TagStays {
    fn on_answer(&self, call: &Call, answer: &mut Answer) {
        let (Some(bucket), Some(key)) = (call.bytes("bucket"), call.bytes("key")) else { return };
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let object = (bucket.clone(), key.clone());
        if call.operation == "DeleteObject" {
            first.remove(&object);
        } else if answer.status < 300
            && let Some(tag) = answer.headers.get("etag").cloned()
        {
            match first.get(&object) {
                Some(tag) => answer.headers.set("etag", tag.clone()),
                None if first.len() < REMEMBERED_MAX => _ = first.insert(object, tag),
                None => {}
            }
        }
    }
}
