//! Two answers to the same call side by side: the same, or not, and who is right.

use std::collections::BTreeSet;

use plumb_validator::case_run::CaseRun;
use plumb_validator::verdict::Divergence;
use serde::Serialize;

use crate::compare::places::{CHOSEN, Frame, Places};
use crate::compare::said::{Said, Spoken, Standing};

/// Who is right where two targets differ; the model says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// The first target; the other is outside of what the model permits.
    A,
    /// The other target; the first is outside of what the model permits.
    B,
    /// Neither: both are outside, each in its own way.
    Neither,
    /// Either may be: the model permits both.
    Either,
}

impl Right {
    /// In words: `A is right`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::A => "A is right",
            Self::B => "B is right",
            Self::Neither => "neither is right",
            Self::Either => "either may be right",
        }
    }
}

/// A place that both hold, or one of them, with another value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unlike {
    /// The place: `header content-type`.
    pub place: String,
    /// What the first has there; none where it has nothing.
    pub left: Option<String>,
    /// What the second has there.
    pub right: Option<String>,
}

/// What two answers are to one another.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Between {
    /// Who is right, where the model tells them apart or status and code are others.
    pub split: Option<Right>,
    /// Whether the model calls both wrong, and they are wrong alike.
    pub wrong_alike: bool,
    /// Where answers of one class differ in what the model leaves open.
    pub unlike: Vec<Unlike>,
}

/// An answer with its places.
pub struct Seen<'r> {
    /// The answer.
    pub spoken: Spoken<'r>,
    /// What stands in it.
    pub places: Places,
}

impl<'r> Seen<'r> {
    /// The answer to the call with this id, where there is one that was judged.
    pub fn of(run: &'r CaseRun, call: &str, frame: &Frame<'_>) -> Option<Self> {
        let spoken = Said::of(run, call).spoken()?;
        Some(Self { spoken, places: frame.places(run, spoken.answer) })
    }

    /// Status and code.
    pub fn class(&self) -> String {
        self.spoken.answer.class()
    }

    /// Whether the model calls it wrong.
    pub fn is_wrong(&self) -> bool {
        self.spoken.divergence().is_some()
    }
}

/// Holds two answers to the same call side by side.
pub fn between(left: &Seen<'_>, right: &Seen<'_>) -> Between {
    let one_class = left.class() == right.class();
    let unlike = if one_class { unlike(&left.places, &right.places) } else { Vec::new() };
    let judged: BTreeSet<String> =
        [left, right].iter().filter_map(|seen| seen.spoken.divergence()).flat_map(Divergence::places).collect();
    // Where the model has found something wrong, it has said so: only the rest is left open.
    let (wrong, open): (Vec<_>, Vec<_>) = unlike.into_iter().partition(|own| is_judged(&own.place, &judged));
    let split = match (left.spoken.standing, right.spoken.standing) {
        (Standing::Permitted(_), Standing::Permitted(_)) => (!one_class).then_some(Right::Either),
        (Standing::Permitted(_), Standing::Wrong(_)) => Some(Right::A),
        (Standing::Wrong(_), Standing::Permitted(_)) => Some(Right::B),
        (Standing::Wrong(one), Standing::Wrong(other)) => {
            (one.signature() != other.signature() || !wrong.is_empty()).then_some(Right::Neither)
        }
    };
    let wrong_alike = left.is_wrong() && right.is_wrong() && split.is_none();
    Between { split, wrong_alike, unlike: open }
}

/// Whether the model has spoken about the place. A wrong body is wrong as a whole.
fn is_judged(place: &str, judged: &BTreeSet<String>) -> bool {
    let in_body = |place: &str| place.starts_with("body");
    judged.contains(place) || in_body(place) && judged.iter().any(|own| in_body(own))
}

fn unlike(left: &Places, right: &Places) -> Vec<Unlike> {
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let each = names.into_iter().map(|place| Unlike {
        place: place.clone(),
        left: left.get(place).cloned(),
        right: right.get(place).cloned(),
    });
    each.filter(|own| own.left != own.right && !is_chosen(own)).collect()
}

/// Whether one of two values is the server's to choose: then the other is too, however it looks.
fn is_chosen(unlike: &Unlike) -> bool {
    let chosen = |value: &Option<String>| value.as_ref().is_some_and(|text| text.contains(CHOSEN));
    unlike.left.is_some() && unlike.right.is_some() && (chosen(&unlike.left) || chosen(&unlike.right))
}
