//! What a constraint is made of, before it is known whether it makes sense.

use std::ops::Range;

/// Bytes in the text of the model.
pub(super) type Place = Range<usize>;

/// `IF condition THEN then ELSE otherwise;`, or `then;` alone.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) place: Place,
    pub(super) condition: Option<Condition>,
    pub(super) then: Condition,
    pub(super) otherwise: Option<Condition>,
}

/// A condition.
#[derive(Debug)]
pub(super) enum Condition {
    /// `[A] > 3`
    Term(Box<Term>),
    /// `IsNegative(A)` or, where `negative` is not set, `IsPositive(A)`; without a name it is of any, or of all.
    Sign { name: Option<Name>, negative: bool },
    /// `NOT`
    Not(Box<Condition>),
    /// `AND`
    All(Vec<Condition>),
    /// `OR`
    Any(Vec<Condition>),
}

/// A parameter, a relation, and what it is compared with.
#[derive(Debug)]
pub(super) struct Term {
    pub(super) place: Place,
    pub(super) parameter: Name,
    pub(super) relation: Relation,
    pub(super) other: Other,
}

/// The name of a parameter.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) place: Place,
    pub(super) text: String,
}

/// What a parameter is compared with.
#[derive(Debug)]
pub(super) enum Other {
    Value(Constant),
    Values(Vec<Constant>),
    Parameter(Name),
}

/// A value in a constraint.
#[derive(Debug)]
pub(super) struct Constant {
    pub(super) place: Place,
    pub(super) kind: ConstantKind,
}

/// A number, or a text in quotes.
#[derive(Debug)]
pub(super) enum ConstantKind {
    Number(f64),
    Text(String),
}

/// How two things are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Unequal,
    AtMost,
    AtLeast,
    Above,
    Below,
    In,
    Like,
    NotIn,
    NotLike,
}
