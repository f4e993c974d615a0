//! How often customers do what: read from a file that `plumb learn` writes, or that somebody writes by hand.

use std::collections::BTreeMap;

use plumb_model::api::Api;
use serde::{Deserialize, Serialize};

/// The version of the format that this build reads and writes.
pub const WEIGHTS_VERSION: u32 = 1;

/// What stands before the first call of a session.
pub const START: &str = "";

/// Counts by name.
pub type Counts = BTreeMap<String, u64>;

/// How often customers do what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// The version of this format.
    pub plumb_weights: u32,
    /// The API it speaks of.
    pub api: String,
    /// How often each operation was called.
    #[serde(default)]
    pub operations: Counts,
    /// How often an operation came after another; after the empty name at the start of a session.
    #[serde(default)]
    pub after: BTreeMap<String, Counts>,
    /// How often an operation came after two others, `First Second`.
    #[serde(default)]
    pub after_two: BTreeMap<String, Counts>,
    /// How often each operation was called with a choice, `dimension=choice`.
    #[serde(default)]
    pub choices: BTreeMap<String, Counts>,
}

/// Why weights cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// It is no such file.
    #[error("read weights: {0}")]
    Format(String),
    /// The format is of another version.
    #[error("read weights: their version is {0}, this build reads version {WEIGHTS_VERSION}")]
    Version(u32),
    /// They are of another API.
    #[error("read weights: they are of the API {0:?}, not of {1:?}")]
    Api(String, String),
    /// The API has no such operation.
    #[error("read weights: the API has no operation {0:?}")]
    Operation(String),
    /// The operation has no such choice.
    #[error("read weights: {0} has no choice {1:?}")]
    Choice(String, String),
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

    /// The weights in a JSON text, for `api`.
    ///
    /// # Errors
    /// Where the text is no such file, or speaks of what the API does not have.
    pub fn parse(text: &str, api: &Api) -> Result<Self, WeightsError> {
        let weights: Self = serde_json::from_str(text).map_err(|error| WeightsError::Format(error.to_string()))?;
        weights.check(api)?;
        Ok(weights)
    }

    /// Checks the version and every name.
    ///
    /// # Errors
    /// Where they speak of what the API does not have.
    pub fn check(&self, api: &Api) -> Result<(), WeightsError> {
        if self.plumb_weights != WEIGHTS_VERSION {
            return Err(WeightsError::Version(self.plumb_weights));
        }
        if self.api != api.name {
            return Err(WeightsError::Api(self.api.clone(), api.name.to_owned()));
        }
        let known = |name: &str| api.operation(name).is_some();
        match self.names().find(|name| !known(name)) {
            Some(name) => Err(WeightsError::Operation(name.to_owned())),
            None => self.check_choices(api),
        }
    }

    /// Every operation that they name.
    fn names(&self) -> impl Iterator<Item = &str> {
        let before = self.after.keys().filter(|name| *name != START).map(String::as_str);
        let pairs = self.after_two.keys().flat_map(|pair| pair.split(' '));
        let then = self.after.values().chain(self.after_two.values()).flat_map(Counts::keys);
        let called = self.operations.keys().chain(then).chain(self.choices.keys()).map(String::as_str);
        called.chain(before).chain(pairs)
    }

    fn check_choices(&self, api: &Api) -> Result<(), WeightsError> {
        for (name, counts) in &self.choices {
            let space = api.operation(name).map(|operation| &operation.space);
            let has = |label: &&String| space.is_some_and(|space| space.row(&[(*label).clone()]).is_some());
            if let Some(label) = counts.keys().find(|label| !has(label)) {
                return Err(WeightsError::Choice(name.clone(), label.clone()));
            }
        }
        Ok(())
    }

    /// How heavy an operation is after the two that were called last, the later one behind.
    pub(crate) fn next(&self, (before, last): (&str, &str), name: &str) -> u64 {
        let of = |counts: Option<&Counts>| counts.filter(|counts| counts.values().any(|count| *count > 0)).cloned();
        let after_two = || of(self.after_two.get(&format!("{before} {last}")));
        let after = || of(self.after.get(last));
        let counts = after_two().or_else(after).unwrap_or_else(|| self.operations.clone());
        counts.get(name).copied().unwrap_or(0)
    }

    /// How heavy each choice of a dimension is, given by their names; none where nothing is known of the dimension.
    /// What no count speaks of is the first choice, the default.
    pub(crate) fn choices(&self, operation: &str, dimension: &str, names: &[&str]) -> Option<Vec<u64>> {
        let counts = self.choices.get(operation)?;
        let count = |name: &&str| counts.get(&format!("{dimension}={name}")).copied().unwrap_or(0);
        let mut weights: Vec<u64> = names.iter().map(count).collect();
        let seen = weights.iter().fold(0, |sum: u64, weight| sum.saturating_add(*weight));
        if seen == 0 {
            return None;
        }
        let all = self.operations.get(operation).copied().unwrap_or(0);
        weights[0] = weights[0].max(all.saturating_sub(seen));
        Some(weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Weights, String> {
        Weights::parse(text, &plumb_kv::api()).map_err(|error| error.to_string())
    }

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

    #[test]
    fn weights_are_read_and_written_alike() {
        let text = r#"{"plumb_weights": 1, "api": "kv", "operations": {"Get": 8, "Put": 2},
            "after": {"": {"Put": 10}, "Put": {"Get": 7}}, "after_two": {"Put Get": {"Delete": 1}},
            "choices": {"Get": {"if-none-match=current": 3}}}"#;
        let weights = read(text).expect("reads");
        assert_eq!(read(&serde_json::to_string(&weights).expect("writes")), Ok(weights.clone()));
        assert_eq!(weights.next(("", ""), "Put"), 10, "at the start");
        assert_eq!(weights.next(("", "Put"), "Get"), 7);
        assert_eq!((weights.next(("Put", "Get"), "Delete"), weights.next(("Put", "Get"), "Get")), (1, 0));
        assert_eq!(weights.next(("Get", "Get"), "Get"), 8, "where nothing is known of what comes before");
        let names = ["none", "current", "other"];
        assert_eq!(weights.choices("Get", "if-none-match", &names), Some(vec![5, 3, 0]));
        assert_eq!(weights.choices("Get", "key", &["plain"]), None);
    }

    #[test]
    fn what_the_api_does_not_have_is_named() {
        let refused = |text: &str, why: &str| assert_eq!(read(text), Err(format!("read weights: {why}")), "{text}");
        refused(r#"{"plumb_weights": 2, "api": "kv"}"#, "their version is 2, this build reads version 1");
        refused(r#"{"plumb_weights": 1, "api": "x"}"#, r#"they are of the API "x", not of "kv""#);
        refused(
            r#"{"plumb_weights": 1, "api": "kv", "operations": {"Patch": 1}}"#,
            r#"the API has no operation "Patch""#,
        );
        refused(
            r#"{"plumb_weights": 1, "api": "kv", "after_two": {"Put Patch": {"Get": 1}}}"#,
            r#"the API has no operation "Patch""#,
        );
        refused(
            r#"{"plumb_weights": 1, "api": "kv", "choices": {"Get": {"key=none-such": 1}}}"#,
            r#"Get has no choice "key=none-such""#,
        );
        let unknown = read(r#"{"plumb_weights": 1, "api": "kv", "extra": 1}"#).expect_err("an unknown key");
        assert!(unknown.contains("unknown field `extra`") && unknown.contains("line 1"), "{unknown}");
    }
}
