//! Faults in a call, and the partial order that says which of them must win.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::expectation::{Expectation, Label};

/// How well an answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Basis {
    /// Recorded on the real service.
    #[serde(rename = "A")]
    Recorded,
    /// Documented by its owner or by a standard.
    #[serde(rename = "D")]
    Documented,
    /// Independent implementations agree; never seen on the real service.
    #[serde(rename = "I")]
    Implemented,
    /// Unknown: the set holds what is possible.
    #[serde(rename = "U")]
    Unknown,
}

impl Basis {
    /// `A`, `D`, `I` or `U`.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Recorded => "A",
            Self::Documented => "D",
            Self::Implemented => "I",
            Self::Unknown => "U",
        }
    }
}

/// Something in a call that may earn an error.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Its place in the partial order: `object-state`.
    pub class: &'static str,
    /// The answers it may earn, the preferred one first.
    pub answers: Vec<Expectation>,
    /// Whether it is perhaps no fault at all: then the outcomes without it stay permitted, and it dominates nothing.
    pub optional: bool,
    /// How well this is known.
    pub basis: Basis,
    /// Where it is written.
    pub source: &'static str,
}

impl Fault {
    /// A fault that certainly earns `answer`.
    pub fn new(class: &'static str, answer: Expectation, basis: Basis, source: &'static str) -> Self {
        Self { class, answers: vec![answer], optional: false, basis, source }
    }

    /// The fault with one more answer it may earn.
    #[must_use]
    pub fn or(mut self, answer: Expectation) -> Self {
        self.answers.push(answer);
        self
    }

    /// The fault, perhaps none at all.
    #[must_use]
    pub const fn perhaps(mut self) -> Self {
        self.optional = true;
        self
    }
}

/// A firm edge: where both faults are in a call, `over` must win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The class that wins.
    pub over: &'static str,
    /// The class that is dominated.
    pub under: &'static str,
    /// How well this is known.
    pub basis: Basis,
    /// Where it is written.
    pub source: &'static str,
}

/// The firm edges of an API with everything that follows from them.
#[derive(Debug, Clone)]
pub struct Precedence {
    edges: &'static [Edge],
    wins: BTreeSet<(&'static str, &'static str)>,
}

impl Precedence {
    /// The order that follows from `edges`.
    pub fn new(edges: &'static [Edge]) -> Self {
        let mut wins: BTreeSet<_> = edges.iter().map(|edge| (edge.over, edge.under)).collect();
        loop {
            let further: Vec<_> = wins
                .iter()
                .flat_map(|(over, middle)| {
                    wins.iter().filter(move |(from, _)| from == middle).map(move |(_, under)| (*over, *under))
                })
                .filter(|pair| !wins.contains(pair))
                .collect();
            if further.is_empty() {
                return Self { edges, wins };
            }
            wins.extend(further);
        }
    }

    /// The edges as they were written down.
    pub fn edges(&self) -> &'static [Edge] {
        self.edges
    }

    /// Whether `over` must win against `under`.
    pub fn wins(&self, over: &'static str, under: &'static str) -> bool {
        self.wins.contains(&(over, under))
    }

    /// The classes that must win against themselves: a mistake in the edges. Empty for a partial order.
    pub fn cycles(&self) -> Vec<&'static str> {
        self.wins.iter().filter(|(over, under)| over == under).map(|(over, _)| *over).collect()
    }

    /// The faults that may be answered: those that no certain fault dominates. An optional fault that is
    /// dominated is left out as well.
    pub fn undominated<'a>(&self, faults: &'a [Fault]) -> impl Iterator<Item = &'a Fault> {
        faults
            .iter()
            .filter(move |fault| !faults.iter().any(|other| !other.optional && self.wins(other.class, fault.class)))
    }
}

/// A rule of the model that gave an outcome, for reports: which, how well known, and where written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// How well it is known.
    pub basis: Basis,
    /// Where it is written.
    pub source: Label,
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGES: &[Edge] = &[
        Edge { over: "auth", under: "bucket", basis: Basis::Implemented, source: "" },
        Edge { over: "bucket", under: "object", basis: Basis::Documented, source: "" },
    ];

    fn fault(class: &'static str) -> Fault {
        Fault::new(class, Expectation::status(400), Basis::Documented, "")
    }

    fn classes(faults: &[Fault]) -> Vec<&'static str> {
        Precedence::new(EDGES).undominated(faults).map(|fault| fault.class).collect()
    }

    #[test]
    fn edges_are_followed_through() {
        assert_eq!(classes(&[fault("object"), fault("auth")]), ["auth"]);
        assert_eq!(classes(&[fault("object"), fault("name")]), ["object", "name"], "no edge, so either");
    }

    #[test]
    fn an_optional_fault_dominates_nothing() {
        assert_eq!(classes(&[fault("object"), fault("bucket").perhaps()]), ["object", "bucket"]);
    }

    #[test]
    fn a_cycle_is_told() {
        const CYCLE: &[Edge] = &[
            Edge { over: "a", under: "b", basis: Basis::Unknown, source: "" },
            Edge { over: "b", under: "a", basis: Basis::Unknown, source: "" },
        ];
        assert_eq!(Precedence::new(CYCLE).cycles(), ["a", "b"]);
        assert!(Precedence::new(EDGES).cycles().is_empty());
    }
}
