//! What a constraint means: which values of which parameters it speaks of.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::mistake::{Mistake, Warning};
use super::parameters::Parameters;
use super::syntax::{Condition, Constant, ConstantKind, Name, Other, Relation, Statement, Term};
use super::text::{folded, is_like, number};
use super::{Constraint, Dialect, WARNINGS_MAX};
use crate::covering::formula::{self, Formula, PARTS_MAX};
use crate::covering::space::{CLAUSES_MAX, Mask, all, bit};

/// Why a condition has no meaning.
enum Senseless {
    /// It names a parameter that there is not: PICT leaves the constraint out.
    Unknown(usize, String),
    /// It is wrong.
    Wrong(Mistake),
}

/// What comparisons need of a parameter, made once.
struct Known {
    is_numeric: bool,
    /// The first name of each value, as it is compared.
    texts: Vec<String>,
    /// The first name of each value as a number, where all are.
    numbers: Vec<f64>,
}

/// Gives constraints their meaning.
pub(super) struct Reader<'t> {
    text: &'t str,
    dialect: &'t Dialect,
    sizes: &'t [usize],
    parameters: &'t Parameters<'t>,
    known: Vec<Known>,
    /// Where the lines of the text end.
    ends: Vec<usize>,
    /// How many parts of formulas may still be looked at.
    parts: usize,
    pub(super) warnings: BTreeSet<Warning>,
}

impl<'t> Reader<'t> {
    /// One for a text with these parameters.
    pub(super) fn new(text: &'t str, dialect: &'t Dialect, sizes: &'t [usize], parameters: &'t Parameters<'t>) -> Self {
        let known = parameters.all.iter().map(|own| Known {
            is_numeric: own.is_numeric(),
            texts: own.values.iter().map(|value| folded(&value.names[0], dialect.case_sensitive)).collect(),
            numbers: own.values.iter().map(|value| number(&value.names[0]).unwrap_or(f64::NAN)).collect(),
        });
        let ends = text.match_indices('\n').map(|(at, _)| at).collect();
        let known = known.collect();
        Self { text, dialect, sizes, parameters, known, ends, parts: PARTS_MAX, warnings: BTreeSet::new() }
    }

    /// The constraints that some statements are.
    pub(super) fn constraints(&mut self, statements: &[Statement]) -> Result<Vec<Constraint>, Mistake> {
        let (mut constraints, mut clauses) = (Vec::new(), 0);
        for statement in statements {
            let Some(constraint) = self.constraint(statement)? else { continue };
            clauses += constraint.clauses.len();
            if clauses > CLAUSES_MAX {
                let message = format!("the constraints up to here are more than {CLAUSES_MAX} clauses");
                return Err(Mistake::new(self.text, statement.place.clone(), message, "leave some out"));
            }
            constraints.push(constraint);
        }
        Ok(constraints)
    }

    /// The constraint that a statement is; none where it is left out, which is warned of.
    fn constraint(&mut self, statement: &Statement) -> Result<Option<Constraint>, Mistake> {
        let text = self.text[statement.place.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
        let line = self.line(statement.place.start);
        let mut parts = Vec::new();
        for (condition, consequence) in halves(statement) {
            match self.half(condition, consequence) {
                Ok(formula) => parts.push(formula),
                Err(Senseless::Wrong(mistake)) => return Err(mistake),
                Err(Senseless::Unknown(line, name)) => {
                    let what =
                        if statement.otherwise.is_some() { "a part of the constraint" } else { "the constraint" };
                    self.warn(line, format!("{what} is left out: there is no parameter {name}"));
                }
            }
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let formula = if parts.len() == 1 { parts.swap_remove(0) } else { Formula::All(parts) };
        let clauses = formula.clauses_within(self.sizes, &mut self.parts).map_err(|error| {
            let remedy = format!("{error}: write it as several constraints");
            Mistake::new(self.text, statement.place.clone(), "this constraint is too large", remedy)
        })?;
        Ok(Some(Constraint { line, text, formula, clauses }))
    }

    fn warn(&mut self, line: usize, message: String) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.insert(Warning { line, message });
        }
    }

    fn line(&self, at: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < at)
    }

    fn half(&mut self, condition: Option<(&Condition, bool)>, consequence: &Condition) -> Result<Formula, Senseless> {
        let condition = condition.map(|(own, positive)| Ok((self.formula(own)?, positive))).transpose()?;
        let consequence = self.formula(consequence)?;
        Ok(match condition {
            None => consequence,
            Some((condition, true)) => condition.implies(consequence),
            Some((condition, false)) => Formula::Any(vec![condition, consequence]),
        })
    }

    fn formula(&mut self, condition: &Condition) -> Result<Formula, Senseless> {
        let mut each = |all: &[Condition]| all.iter().map(|own| self.formula(own)).collect::<Result<Vec<_>, _>>();
        match condition {
            Condition::All(all) => each(all).map(Formula::All),
            Condition::Any(all) => each(all).map(Formula::Any),
            Condition::Not(other) => self.formula(other).map(Formula::negated),
            Condition::Sign { name: Some(name), negative } => {
                let parameter = self.find(name)?;
                Ok(self.sign(parameter, *negative))
            }
            Condition::Sign { name: None, negative } => {
                let own = (0..self.sizes.len()).filter(|own| !self.parameters.all[*own].is_result);
                let each = own.map(|own| self.sign(own, *negative)).collect();
                Ok(if *negative { Formula::Any(each) } else { Formula::All(each) })
            }
            Condition::Term(term) => self.term(term),
        }
    }

    fn sign(&self, parameter: usize, negative: bool) -> Formula {
        let values = &self.parameters.all[parameter].values;
        Formula::is(parameter, mask(values.len(), |value| values[value].negative == negative))
    }

    fn find(&self, name: &Name) -> Result<usize, Senseless> {
        self.parameters
            .find(&name.text)
            .ok_or_else(|| Senseless::Unknown(self.line(name.place.start), name.text.clone()))
    }

    fn term(&mut self, term: &Term) -> Result<Formula, Senseless> {
        let parameter = self.find(&term.parameter)?;
        if matches!(term.relation, Relation::Like | Relation::NotLike) {
            self.check_like(term, parameter)?;
        }
        let constants = match &term.other {
            Other::Parameter(other) => return self.between(term, parameter, other),
            Other::Value(constant) => std::slice::from_ref(constant),
            Other::Values(constants) => constants,
        };
        constants.iter().try_for_each(|constant| self.check_type(parameter, constant))?;
        let each: Vec<Mask> = constants.iter().map(|constant| self.mask(parameter, term.relation, constant)).collect();
        let any = each.iter().fold(0, |any, own| any | own);
        let kept = if term.relation == Relation::NotIn { all(self.sizes[parameter]) & !any } else { any };
        self.warn_of_values(term, parameter, kept, constants);
        Ok(Formula::is(parameter, kept))
    }

    /// What PICT warns of: a value that no parameter has, and a relation that says nothing.
    fn warn_of_values(&mut self, term: &Term, parameter: usize, kept: Mask, constants: &[Constant]) {
        let name = &self.parameters.all[parameter].name;
        let is_named = matches!(term.relation, Relation::Equal | Relation::Unequal | Relation::In | Relation::NotIn);
        let is_unknown = |own: &&Constant| is_named && self.mask(parameter, Relation::Equal, own) == 0;
        let unknown = constants.iter().filter(is_unknown).map(|own| &self.text[own.place.clone()]);
        let mut messages: Vec<String> = unknown.map(|value| format!("{name} has no value {value}")).collect();
        let source = &self.text[term.place.clone()];
        if messages.is_empty() && kept == 0 {
            messages.push(format!("no value of {name} fits {source}"));
        } else if messages.is_empty() && kept == all(self.sizes[parameter]) {
            messages.push(format!("every value of {name} fits {source}"));
        }
        let line = self.line(term.place.start);
        for message in messages {
            self.warn(line, message);
        }
    }

    fn wrong(&self, place: &super::syntax::Place, message: String, remedy: &str) -> Senseless {
        Senseless::Wrong(Mistake::new(self.text, place.clone(), message, remedy))
    }

    fn check_like(&self, term: &Term, parameter: usize) -> Result<(), Senseless> {
        if self.known[parameter].is_numeric {
            let message = format!("LIKE is for texts, and every value of {} is a number", self.name(parameter));
            return Err(self.wrong(&term.place, message, "use =, <, > or IN"));
        }
        match &term.other {
            Other::Value(Constant { place, kind: ConstantKind::Number(_) }) => {
                let message = "LIKE takes a pattern, not a number".to_owned();
                Err(self.wrong(place, message, "a pattern is a text in quotes: \"10*\""))
            }
            _ => Ok(()),
        }
    }

    fn name(&self, parameter: usize) -> &str {
        &self.parameters.all[parameter].name
    }

    fn check_type(&self, parameter: usize, constant: &Constant) -> Result<(), Senseless> {
        let (name, found) = (self.name(parameter), &self.text[constant.place.clone()]);
        match (self.known[parameter].is_numeric, &constant.kind) {
            (true, ConstantKind::Text(_)) => {
                let message = format!("{found} is a text, and every value of {name} is a number");
                Err(self.wrong(&constant.place, message, "write a number without quotes"))
            }
            (false, ConstantKind::Number(_)) => {
                let message = format!("{found} is a number, and {name} has values that are none");
                Err(self.wrong(&constant.place, message, "write it in quotes"))
            }
            _ => Ok(()),
        }
    }

    fn between(&self, term: &Term, left: usize, other: &Name) -> Result<Formula, Senseless> {
        let right = self.find(other)?;
        let (own, with) = (&self.known[left], &self.known[right]);
        if own.is_numeric != with.is_numeric {
            let (number, text) = if own.is_numeric { (left, right) } else { (right, left) };
            let (number, text) = (self.name(number), self.name(text));
            let message = format!("every value of {number} is a number, and {text} has values that are none");
            return Err(self.wrong(&term.place, message, "only numbers compare with numbers, and texts with texts"));
        }
        if left == right {
            let message = format!("{} is compared with itself", self.name(left));
            return Err(self.wrong(&term.place, message, "compare it with another parameter or a value"));
        }
        let goes = |value: usize, other: usize| {
            if own.is_numeric {
                numbers(own.numbers[value], with.numbers[other], term.relation)
            } else {
                texts(&own.texts[value], &with.texts[other], term.relation)
            }
        };
        let allowed = (0..self.sizes[left]).map(|value| mask(self.sizes[right], |other| goes(value, other)));
        Ok(Formula::Related(formula::Relation { left, right, allowed: allowed.collect() }))
    }

    /// The values of a parameter that have a relation to a constant.
    fn mask(&self, parameter: usize, relation: Relation, constant: &Constant) -> Mask {
        let (known, size) = (&self.known[parameter], self.sizes[parameter]);
        match &constant.kind {
            ConstantKind::Number(other) => mask(size, |value| numbers(known.numbers[value], *other, relation)),
            ConstantKind::Text(other) => {
                let other = folded(other, self.dialect.case_sensitive);
                mask(size, |value| texts(&known.texts[value], &other, relation))
            }
        }
    }
}

/// The parts of a statement: each a condition, whether it must hold for the consequence, and the consequence.
fn halves(statement: &Statement) -> Vec<(Option<(&Condition, bool)>, &Condition)> {
    let condition = statement.condition.as_ref();
    let mut halves = vec![(condition.map(|own| (own, true)), &statement.then)];
    halves.extend(statement.otherwise.as_ref().map(|otherwise| (condition.map(|own| (own, false)), otherwise)));
    halves
}

/// The values, by their numbers, that are kept.
fn mask(size: usize, keeps: impl Fn(usize) -> bool) -> Mask {
    (0..).zip(0..size).filter(|(_, value)| keeps(*value)).map(|(at, _)| bit(at)).sum()
}

/// Compares numbers by their difference, as PICT does: two infinities have none.
fn numbers(number: f64, other: f64, relation: Relation) -> bool {
    is_ordered((number - other).partial_cmp(&0.0), relation)
}

/// Compares texts in which case is folded already, by the numbers of their characters.
fn texts(text: &str, other: &str, relation: Relation) -> bool {
    match relation {
        Relation::Like => is_like(text, other),
        Relation::NotLike => !is_like(text, other),
        relation => is_ordered(Some(text.cmp(other)), relation),
    }
}

fn is_ordered(order: Option<Ordering>, relation: Relation) -> bool {
    match relation {
        // For a set, each of its values is asked for by itself.
        Relation::Equal | Relation::In | Relation::NotIn => order == Some(Ordering::Equal),
        Relation::Unequal => order != Some(Ordering::Equal),
        Relation::AtMost => order.is_some_and(Ordering::is_le),
        Relation::AtLeast => order.is_some_and(Ordering::is_ge),
        Relation::Above => order.is_some_and(Ordering::is_gt),
        Relation::Below => order.is_some_and(Ordering::is_lt),
        // Patterns are no order.
        Relation::Like | Relation::NotLike => false,
    }
}
