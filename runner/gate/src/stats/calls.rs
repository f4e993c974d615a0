//! What both targets answered, call by call.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How many pairs are kept. What comes later says nothing, and is counted.
pub const PAIRS_MAX: usize = 200_000;

/// How many groups there may be. Calls of any further ones are [`REST`], together.
pub const GROUPS_MAX: usize = 64;

/// The group of the calls that would have been in one group too many.
pub const REST: &str = "other operations";

/// Calls that can be held against each other: those of an operation, with about as many bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Group {
    /// The operation.
    pub operation: String,
    /// The class of its size, or nothing where it has no body.
    pub size: String,
}

impl Group {
    /// The group of an operation that moves so many bytes, request and answer together.
    pub fn of(operation: &str, bytes: Option<u64>) -> Self {
        Self { operation: operation.to_owned(), size: bytes.map_or("", size_class).to_owned() }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.operation)?;
        if self.size.is_empty() { Ok(()) } else { write!(formatter, ", {}", self.size) }
    }
}

/// The size class of so many bytes.
pub const fn size_class(bytes: u64) -> &'static str {
    match bytes {
        0..=0x400 => "up to 1 KiB",
        0x401..=0x1_0000 => "up to 64 KiB",
        0x1_0001..=0x10_0000 => "up to 1 MiB",
        0x10_0001..=0x100_0000 => "up to 16 MiB",
        _ => "above 16 MiB",
    }
}

/// What one target did with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// How long the answer took, in microseconds, where there was one.
    pub latency_us: Option<u64>,
    /// Whether it was answered in time, and not with 5xx.
    pub is_available: bool,
}

impl Seen {
    /// A call that was answered.
    pub const fn answered(latency_us: u64) -> Self {
        Self { latency_us: Some(latency_us), is_available: true }
    }

    /// A call without an answer.
    pub const fn lost() -> Self {
        Self { latency_us: None, is_available: false }
    }

    /// How long it took, where it is an answer whose time says anything: that of a 503 does not.
    pub(crate) const fn latency(self) -> Option<u64> {
        if self.is_available { self.latency_us } else { None }
    }
}

/// One call, sent to both targets one right after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Whether the candidate was asked before the baseline. Within each group that must take turns.
    pub is_candidate_first: bool,
    /// What the candidate did with it.
    pub candidate: Seen,
    /// What the baseline did with it.
    pub baseline: Seen,
}

impl Pair {
    /// How long each took, where both answered.
    pub(crate) fn latencies(&self) -> Option<(u64, u64)> {
        Some((self.candidate.latency()?, self.baseline.latency()?))
    }
}

/// The calls that were sent to both, in the order in which they were sent.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    groups: Vec<Group>,
    known: BTreeMap<Group, usize>,
    pairs: Vec<(usize, Pair)>,
    left_out: u64,
}

impl Calls {
    /// Takes in the next one, as long as there are no more than [`PAIRS_MAX`].
    pub fn push(&mut self, group: &Group, pair: Pair) {
        if self.pairs.len() < PAIRS_MAX {
            let group = self.index(group);
            self.pairs.push((group, pair));
        } else {
            self.left_out += 1;
        }
    }

    fn index(&mut self, group: &Group) -> usize {
        if let Some(known) = self.known.get(group) {
            return *known;
        }
        if self.groups.len() == GROUPS_MAX {
            return GROUPS_MAX - 1;
        }
        let is_last = self.groups.len() == GROUPS_MAX - 1;
        let own = if is_last { Group::of(REST, None) } else { group.clone() };
        self.groups.push(own.clone());
        self.known.insert(own, self.groups.len() - 1);
        self.groups.len() - 1
    }

    /// The groups, in the order in which they were first met.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The pairs, each with the index of its group.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, &Pair)> {
        self.pairs.iter().map(|(group, pair)| (*group, pair))
    }

    /// How many came after [`PAIRS_MAX`].
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: Pair = Pair { is_candidate_first: true, candidate: Seen::answered(1), baseline: Seen::lost() };

    #[test]
    fn there_are_no_more_groups_than_are_bounded_and_no_call_is_lost() {
        let mut calls = Calls::default();
        for number in 0..200 {
            calls.push(&Group::of(&format!("Op{number}"), None), PAIR);
        }
        assert_eq!(calls.groups().len(), GROUPS_MAX);
        assert_eq!(calls.groups()[GROUPS_MAX - 1].to_string(), REST);
        assert_eq!(calls.pairs().filter(|(group, _)| *group == GROUPS_MAX - 1).count(), 200 - (GROUPS_MAX - 1));
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let mut calls = Calls::default();
        for _ in 0..PAIRS_MAX + 3 {
            calls.push(&Group::of("Get", Some(0)), PAIR);
        }
        assert_eq!((calls.pairs().count(), calls.left_out()), (PAIRS_MAX, 3));
    }

    #[test]
    fn sizes_have_classes() {
        for (bytes, wanted) in [
            (0, "up to 1 KiB"),
            (1_024, "up to 1 KiB"),
            (1_025, "up to 64 KiB"),
            (65_536, "up to 64 KiB"),
            (1 << 20, "up to 1 MiB"),
            (1 << 24, "up to 16 MiB"),
            ((1 << 24) + 1, "above 16 MiB"),
        ] {
            assert_eq!(size_class(bytes), wanted, "{bytes}");
        }
        assert_eq!(Group::of("Get", Some(7)).to_string(), "Get, up to 1 KiB");
        assert_eq!(Group::of("List", None).to_string(), "List");
    }
}
