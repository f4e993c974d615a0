//! How often customers do what, and what after what: a file that the making of workflows reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the file that this build reads and writes.
pub const WEIGHTS_VERSION: u32 = 1;
/// What stands before the first call of a session.
pub const START: &str = "";

/// How often each of something was seen, by name.
pub type Counts = BTreeMap<String, u64>;

/// What a log weighs. Everything is in the order of the names, so that the same log gives the same file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// The version of this format: [`WEIGHTS_VERSION`].
    pub plumb_weights: u32,
    /// The API.
    pub api: String,
    /// How often each operation was called.
    pub operations: Counts,
    /// What was called after each operation, in the same session; [`START`] stands for the start of a session.
    pub after: BTreeMap<String, Counts>,
    /// What was called after each two operations, which stand with a blank between.
    #[serde(default)]
    pub after_two: BTreeMap<String, Counts>,
    /// How often each choice was made in the calls of an operation, as `dimension=choice`.
    pub choices: BTreeMap<String, Counts>,
}

impl Weights {
    /// The weights of nothing yet.
    pub fn new(api: &str) -> Self {
        Self { plumb_weights: WEIGHTS_VERSION, api: api.to_owned(), ..Self::default() }
    }

    /// Counts a call of `operation`, with the operations of the two calls before it in its session.
    pub fn add(&mut self, operation: &str, before: [Option<&str>; 2]) {
        let [first, second] = before;
        *self.operations.entry(operation.to_owned()).or_default() += 1;
        let after = self.after.entry(second.unwrap_or(START).to_owned()).or_default();
        *after.entry(operation.to_owned()).or_default() += 1;
        if let (Some(first), Some(second)) = (first, second) {
            let after = self.after_two.entry(format!("{first} {second}")).or_default();
            *after.entry(operation.to_owned()).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_as_it_was_agreed() {
        let mut weights = Weights::new("kv");
        weights.add("Put", [None, None]);
        weights.add("Get", [None, Some("Put")]);
        weights.add("Get", [Some("Put"), Some("Get")]);
        weights.choices.insert("Get".into(), Counts::from([("key=plain".into(), 2)]));
        let text = serde_json::to_string(&weights).expect("it is JSON");
        assert_eq!(
            text,
            "{\"plumb_weights\":1,\"api\":\"kv\",\"operations\":{\"Get\":2,\"Put\":1},\
             \"after\":{\"\":{\"Put\":1},\"Get\":{\"Get\":1},\"Put\":{\"Get\":1}},\
             \"after_two\":{\"Put Get\":{\"Get\":1}},\"choices\":{\"Get\":{\"key=plain\":2}}}"
        );
        assert_eq!(serde_json::from_str::<Weights>(&text).ok(), Some(weights));
    }
}
