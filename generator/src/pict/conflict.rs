//! Which constraints contradict one another, so that a value, or any row at all, can never be.

use super::{Constraint, Model};
use crate::covering::solver::{Solved, Solver};
use crate::covering::space::{Mask, Space, all, bit};

/// The most constraints that a conflict is told with.
pub const CONFLICT_MAX: usize = 20;

impl Model {
    /// Constraints that no row keeps together, as few as can be: taking any one of them away ends the conflict. With
    /// a parameter and a value it is about the rows with that value. None where there is such a row, where it cannot
    /// be told in bounded time, or where there are more than [`CONFLICT_MAX`].
    pub fn conflict(&self, value: Option<(usize, u8)>) -> Option<Vec<&Constraint>> {
        let every: Vec<&Constraint> = self.constraints.iter().collect();
        if !self.is_impossible(&every, value)? {
            return None;
        }
        let mut needed: Vec<&Constraint> = Vec::new();
        let mut left = every;
        // Of the constraints that are left, the shortest beginning that is in conflict ends with one that is needed.
        while !self.is_impossible(&needed, value)? {
            let last = self.shortest(&needed, &left, value)?;
            if needed.len() == CONFLICT_MAX {
                return None;
            }
            needed.push(left[last]);
            left.truncate(last);
        }
        needed.sort_by_key(|own| own.line);
        Some(needed)
    }

    /// The last of the shortest beginning of `left` that is impossible together with what is needed.
    fn shortest(&self, needed: &[&Constraint], left: &[&Constraint], value: Option<(usize, u8)>) -> Option<usize> {
        let (mut low, mut high) = (1, left.len());
        while low < high {
            let middle = low.midpoint(high);
            let some: Vec<&Constraint> = needed.iter().chain(&left[..middle]).copied().collect();
            if self.is_impossible(&some, value)? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        high.checked_sub(1)
    }

    /// Whether no row keeps all of these constraints; none where that is undecided.
    fn is_impossible(&self, constraints: &[&Constraint], value: Option<(usize, u8)>) -> Option<bool> {
        let clauses = constraints.iter().flat_map(|own| own.clauses.iter().cloned()).collect();
        let space = Space::new(self.space.sizes().to_vec(), clauses).ok()?;
        let solver = Solver::new(&space);
        let Some(mut domains) = solver.start(&self.allowed(value)) else { return Some(true) };
        match solver.solve(&mut domains) {
            Solved::Row(_) => Some(false),
            Solved::Never => Some(true),
            Solved::Undecided => None,
        }
    }

    /// What each parameter may be in a row with a value: nothing negative but that value.
    fn allowed(&self, value: Option<(usize, u8)>) -> Vec<Mask> {
        let sizes = self.space.sizes().iter().zip(self.space.negative());
        let mut allowed: Vec<Mask> = sizes.map(|(size, negative)| all(*size) & !negative).collect();
        if let Some((parameter, value)) = value {
            allowed[parameter] = bit(value);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pict::Dialect;

    const MODEL: &str =
        "A: 1, 2, 3\nB: 1, 2, 3\nC: 1, ~2\n[A] <> 3 OR [C] = 1;\n[A] < 3;\n[B] = [A];\n[C] = 1 OR [B] > 1;\n";

    #[track_caller]
    fn check(more: &str, value: Option<(usize, u8)>, expected: Option<&[usize]>) {
        let model = Model::parse(&format!("{MODEL}{more}"), &Dialect::default()).expect("a model");
        let found = model.conflict(value).map(|found| found.iter().map(|own| own.line).collect::<Vec<_>>());
        assert_eq!(found.as_deref(), expected, "{more}");
    }

    #[test]
    fn the_constraints_that_rule_a_value_out_are_found() {
        check("", Some((0, 0)), None);
        check("", Some((0, 2)), Some(&[5]));
        check("", Some((1, 2)), Some(&[5, 6]));
        check("[A] = 1;", Some((2, 1)), Some(&[6, 7, 8]));
    }

    #[test]
    fn the_constraints_that_leave_no_row_are_found() {
        check("", None, None);
        check("[A] = 1; [C] = 2 OR [B] = 2;", None, Some(&[6, 8, 8]));
        check("[A] <> 1 AND\n [A] = 1;", None, Some(&[8]));
    }
}
