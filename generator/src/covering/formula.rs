//! Conditions over the values of parameters, and the clauses that say the same.
//!
//! A solver wants clauses; people write `if this then that, or else the other`. A [`Formula`] is what they write, from
//! code or from a model file, and [`Formula::clauses`] translates it: literals of one parameter become one mask, what
//! always holds is dropped, and so is what another clause says already.

mod clauses;
mod normal;

use std::fmt;

pub use clauses::tidy;

use super::space::{Clause, Literal, Mask, bit};

/// The most clauses that one formula may become.
pub const FORMULA_CLAUSES_MAX: usize = 10_000;

/// How many parts of formulas are looked at for the clauses of one, or of all that share a budget.
pub const PARTS_MAX: usize = 2_000_000;

/// A condition that a row keeps or breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Formula {
    /// A parameter has one of some values.
    Is(Literal),
    /// The values of two parameters go together.
    Related(Relation),
    /// The other does not hold.
    Not(Box<Formula>),
    /// All of them hold; with none in it, it always does.
    All(Vec<Formula>),
    /// At least one of them holds; with none in it, it never does.
    Any(Vec<Formula>),
    /// Where the first holds, so does the second.
    Implies(Box<Formula>, Box<Formula>),
}

/// Which values of two parameters go together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    /// One parameter, by its number.
    pub left: usize,
    /// The other.
    pub right: usize,
    /// For each value of the left one, those of the right one that go with it.
    pub allowed: Vec<Mask>,
}

impl Relation {
    fn is_kept_by(&self, row: &[u8]) -> bool {
        let allowed = self.allowed.get(usize::from(row[self.left]));
        allowed.is_some_and(|allowed| allowed & bit(row[self.right]) != 0)
    }
}

/// A formula would become more clauses than anything could work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "it would become more than {FORMULA_CLAUSES_MAX} clauses, or take too long to find them")
    }
}

impl std::error::Error for TooLarge {}

impl Formula {
    /// That a parameter has one of some values.
    pub const fn is(parameter: usize, values: Mask) -> Self {
        Self::Is(Literal { parameter, values })
    }

    /// That it does not hold.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// That the other holds where this one does.
    #[must_use]
    pub fn implies(self, other: Self) -> Self {
        Self::Implies(Box::new(self), Box::new(other))
    }

    /// Whether a row keeps it.
    pub fn evaluate(&self, row: &[u8]) -> bool {
        match self {
            Self::Is(literal) => literal.is_kept_by(row),
            Self::Related(relation) => relation.is_kept_by(row),
            Self::Not(other) => !other.evaluate(row),
            Self::All(others) => others.iter().all(|other| other.evaluate(row)),
            Self::Any(others) => others.iter().any(|other| other.evaluate(row)),
            Self::Implies(condition, other) => !condition.evaluate(row) || other.evaluate(row),
        }
    }

    /// The clauses that the same rows keep, over parameters with so many values each.
    ///
    /// # Errors
    /// Where they would be more than [`FORMULA_CLAUSES_MAX`].
    ///
    /// # Panics
    /// Where it speaks of a parameter that has no size.
    pub fn clauses(&self, sizes: &[usize]) -> Result<Vec<Clause>, TooLarge> {
        self.clauses_within(sizes, &mut PARTS_MAX.clone())
    }

    /// The same, where many formulas share how many parts of formulas may be looked at, [`PARTS_MAX`] at first: a
    /// file full of formulas of which each is just small enough must not take hours.
    ///
    /// # Errors
    /// As [`Formula::clauses`], and where the parts are used up.
    ///
    /// # Panics
    /// As [`Formula::clauses`].
    pub fn clauses_within(&self, sizes: &[usize], parts: &mut usize) -> Result<Vec<Clause>, TooLarge> {
        clauses::of(normal::of(self, true, sizes), sizes, parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

    const SIZES: [usize; 5] = [2, 3, 4, 3, 2];

    fn is(parameter: usize, values: &[u8]) -> Formula {
        Formula::is(parameter, values.iter().map(|value| bit(*value)).sum())
    }

    fn literal(parameter: usize, values: &[u8]) -> Literal {
        Literal { parameter, values: values.iter().map(|value| bit(*value)).sum() }
    }

    #[track_caller]
    fn check(formula: &Formula, expected: &[&[Literal]]) {
        let clauses = formula.clauses(&SIZES).expect("it is small");
        assert_eq!(clauses, expected.iter().map(|clause| clause.to_vec()).collect::<Vec<_>>());
    }

    /// Every row over the sizes.
    fn rows(sizes: &[usize]) -> Vec<Vec<u8>> {
        let longer = |rows: Vec<Vec<u8>>, size: &usize| {
            let values = 0..u8::try_from(*size).expect("a small size");
            rows.iter().flat_map(|row| values.clone().map(|value| [&row[..], &[value]].concat())).collect()
        };
        sizes.iter().fold(vec![vec![]], longer)
    }

    /// Demands that the clauses say what the formula says, of every row.
    #[track_caller]
    fn same(formula: &Formula, sizes: &[usize]) {
        let clauses = formula.clauses(sizes).expect("it is small");
        for row in rows(sizes) {
            let kept = clauses.iter().all(|clause| clause.iter().any(|own| own.is_kept_by(&row)));
            assert_eq!(kept, formula.evaluate(&row), "{row:?} of {formula:?} as {clauses:?}");
        }
    }

    #[test]
    fn literals_of_one_parameter_become_one() {
        check(&Formula::Any(vec![is(1, &[0]), is(2, &[3]), is(1, &[2])]), &[&[literal(1, &[0, 2]), literal(2, &[3])]]);
        check(&Formula::All(vec![is(1, &[0, 1]), is(1, &[1, 2])]), &[&[literal(1, &[1])]]);
    }

    #[test]
    fn what_always_holds_is_dropped_and_what_never_does_is_an_empty_clause() {
        check(&Formula::Any(vec![is(0, &[0]), is(0, &[1]), is(1, &[0])]), &[]);
        check(&Formula::All(vec![]), &[]);
        check(&Formula::All(vec![is(0, &[0]), is(0, &[1])]), &[&[]]);
        check(&Formula::Any(vec![]), &[&[]]);
    }

    #[test]
    fn a_clause_that_another_one_implies_is_dropped() {
        let wide = Formula::Any(vec![is(1, &[0, 1]), is(2, &[0])]);
        check(&Formula::All(vec![wide, is(1, &[0])]), &[&[literal(1, &[0])]]);
    }

    #[test]
    fn if_then_and_gives_a_clause_for_each_consequence() {
        let formula = is(0, &[0]).implies(Formula::All(vec![is(1, &[0]), is(2, &[1, 2])]));
        check(&formula, &[&[literal(0, &[1]), literal(1, &[0])], &[literal(0, &[1]), literal(2, &[1, 2])]]);
    }

    #[test]
    fn a_relation_gives_a_clause_for_each_kind_of_left_value() {
        let relation = Relation { left: 1, right: 3, allowed: vec![0b001, 0b110, 0b110] };
        let left = [literal(1, &[0]), literal(3, &[1, 2])];
        let right = [literal(1, &[1, 2]), literal(3, &[0])];
        check(&Formula::Related(relation.clone()), &[&left, &right]);
        check(&Formula::Related(relation).negated(), &[&[left[0], right[1]], &[right[0], left[1]]]);
    }

    #[test]
    fn a_table_of_permitted_rows_does_not_explode() {
        // Distributed blindly this would be 2^30 clauses.
        let sizes = [30, 30];
        let table = Formula::Any((0..30).map(|at| Formula::All(vec![is(0, &[at]), is(1, &[29 - at])])).collect());
        assert_eq!(table.clauses(&sizes).map(|clauses| clauses.len()), Ok(30));
        same(&table, &sizes);
    }

    #[test]
    fn what_is_inherently_large_is_refused() {
        let differs =
            |at: usize| Formula::Related(Relation { left: 2 * at, right: 2 * at + 1, allowed: vec![14, 13, 11, 7] });
        let formula = Formula::Any((0..12).map(differs).collect());
        assert_eq!(formula.clauses(&[4; 24]), Err(TooLarge));
    }

    /// A formula drawn from a stream.
    fn draw(random: &mut ChaCha8Rng, depth: u32) -> Formula {
        let mut below = |bound: u64| usize::try_from(random.next_u64() % bound).expect("a small number");
        let (kind, parameter, count) = (below(if depth == 0 { 3 } else { 8 }), below(5), below(4));
        let mask = |drawn: usize, parameter: usize| drawn as Mask & super::super::space::all(SIZES[parameter]);
        match kind {
            0 | 1 => Formula::is(parameter, mask(below(16), parameter)),
            2 => {
                let right = (parameter + 1 + below(4)) % 5;
                let allowed = (0..SIZES[parameter]).map(|_| mask(below(16), right)).collect();
                Formula::Related(Relation { left: parameter, right, allowed })
            }
            3 => draw(random, depth - 1).negated(),
            4 | 5 => Formula::All((0..count).map(|_| draw(random, depth - 1)).collect()),
            6 => Formula::Any((0..count).map(|_| draw(random, depth - 1)).collect()),
            _ => draw(random, depth - 1).implies(draw(random, depth - 1)),
        }
    }

    #[test]
    fn clauses_say_what_the_formula_says() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..400 {
            same(&draw(&mut random, 4), &SIZES);
        }
    }
}
