//! Which values are left once some are chosen: unit propagation over clauses, and a search where that does not decide.
//!
//! Parameters under no clause stay out of the search: whatever they are is permitted.

use super::space::{Mask, Row, Space, bit, lowest, values};

/// The most steps of one search. What is not decided by then is undecided, and said to be.
pub const STEPS_MAX: usize = 200_000;

/// Clauses, ready to propagate.
#[derive(Debug)]
pub struct Solver<'s> {
    space: &'s Space,
    /// The clauses in which each parameter occurs.
    occurrences: Vec<Vec<usize>>,
    /// Those parameters that occur in any.
    pub constrained: Vec<usize>,
}

/// The values that are left for each parameter, and how to get back to what was left before.
#[derive(Debug, Clone, Default)]
pub struct Domains {
    masks: Vec<Mask>,
    trail: Vec<(usize, Mask)>,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Solved {
    /// A value for each parameter that is under a clause; the others have their lowest.
    Row(Row),
    /// There is none.
    Never,
    /// It took more than [`STEPS_MAX`] steps.
    Undecided,
}

impl Domains {
    /// The values that are left for a parameter.
    pub fn of(&self, parameter: usize) -> Mask {
        self.masks[parameter]
    }

    /// The value of a parameter, where one alone is left.
    pub fn only(&self, parameter: usize) -> Option<u8> {
        let mask = self.masks[parameter];
        mask.is_power_of_two().then(|| lowest(mask))
    }

    /// Where one can come back to.
    pub fn mark(&self) -> usize {
        self.trail.len()
    }

    /// Comes back to a mark.
    pub fn back_to(&mut self, mark: usize) {
        for (parameter, mask) in self.trail.drain(mark..).rev() {
            self.masks[parameter] = mask;
        }
    }

    /// Takes what is left now for what there was from the beginning.
    pub fn settle(&mut self) {
        self.trail.clear();
    }

    fn narrow(&mut self, parameter: usize, mask: Mask) {
        self.trail.push((parameter, self.masks[parameter]));
        self.masks[parameter] = mask;
    }
}

impl<'s> Solver<'s> {
    /// Makes the clauses of a space ready.
    pub fn new(space: &'s Space) -> Self {
        let mut occurrences = vec![Vec::new(); space.sizes().len()];
        for (index, clause) in space.clauses().iter().enumerate() {
            for literal in clause {
                let own: &mut Vec<usize> = &mut occurrences[literal.parameter];
                if own.last() != Some(&index) {
                    own.push(index);
                }
            }
        }
        let constrained = (0..occurrences.len()).filter(|own| !occurrences[*own].is_empty()).collect();
        Self { space, occurrences, constrained }
    }

    /// Whether a parameter is under a clause.
    pub fn is_constrained(&self, parameter: usize) -> bool {
        !self.occurrences[parameter].is_empty()
    }

    /// The values among `allowed` that no clause rules out by itself; none where nothing is left of a parameter.
    pub fn start(&self, allowed: &[Mask]) -> Option<Domains> {
        let mut domains = Domains { masks: allowed.to_vec(), trail: Vec::new() };
        if allowed.contains(&0) {
            return None;
        }
        let mut queue = Vec::new();
        let clauses = 0..self.space.clauses().len();
        if !clauses.into_iter().all(|clause| self.unit(&mut domains, clause, &mut queue)) {
            return None;
        }
        if !self.propagate(&mut domains, queue) {
            return None;
        }
        domains.settle();
        Some(domains)
    }

    /// Leaves a parameter only the values in `mask`, with all that follows. It is false where nothing is left of some
    /// domain, and the domains are to be brought back.
    pub fn leave(&self, domains: &mut Domains, parameter: usize, mask: Mask) -> bool {
        let (old, new) = (domains.of(parameter), domains.of(parameter) & mask);
        if new == 0 {
            return false;
        }
        if new == old {
            return true;
        }
        domains.narrow(parameter, new);
        self.occurrences[parameter].is_empty() || self.propagate(domains, vec![parameter])
    }

    fn propagate(&self, domains: &mut Domains, mut queue: Vec<usize>) -> bool {
        while let Some(parameter) = queue.pop() {
            for clause in &self.occurrences[parameter] {
                if !self.unit(domains, *clause, &mut queue) {
                    return false;
                }
            }
        }
        true
    }

    /// Narrows the one parameter that can still keep a clause; false where none can.
    fn unit(&self, domains: &mut Domains, clause: usize, queue: &mut Vec<usize>) -> bool {
        let mut open = None;
        for literal in &self.space.clauses()[clause] {
            let mask = domains.of(literal.parameter);
            if mask & !literal.values == 0 {
                return true;
            }
            if mask & literal.values != 0 && open.replace(literal).is_some() {
                return true;
            }
        }
        let Some(literal) = open else { return false };
        domains.narrow(literal.parameter, domains.of(literal.parameter) & literal.values);
        queue.push(literal.parameter);
        true
    }

    /// Whether a row that keeps every clause still does with another value of a parameter.
    pub fn permits_change(&self, row: &Row, parameter: usize, value: u8) -> bool {
        self.occurrences[parameter].iter().all(|clause| {
            self.space.clauses()[*clause].iter().any(|literal| {
                let own = if literal.parameter == parameter { value } else { row[literal.parameter] };
                literal.values & bit(own) != 0
            })
        })
    }

    /// Looks for a row within the domains, which it leaves as they were.
    pub fn solve(&self, domains: &mut Domains) -> Solved {
        let (mark, mut steps) = (domains.mark(), 0);
        let found = self.search(domains, &mut steps);
        let row = (0..self.space.sizes().len()).map(|own| lowest(domains.of(own))).collect();
        domains.back_to(mark);
        match found {
            Some(true) => Solved::Row(row),
            Some(false) => Solved::Never,
            None => Solved::Undecided,
        }
    }

    fn search(&self, domains: &mut Domains, steps: &mut usize) -> Option<bool> {
        let open = self.constrained.iter().filter(|own| !domains.of(**own).is_power_of_two());
        let Some(&parameter) = open.min_by_key(|own| domains.of(**own).count_ones()) else { return Some(true) };
        let left: Vec<u8> = values(domains.of(parameter)).collect();
        for value in left {
            *steps += 1;
            if *steps > STEPS_MAX {
                return None;
            }
            let mark = domains.mark();
            if self.leave(domains, parameter, bit(value)) {
                match self.search(domains, steps) {
                    Some(false) => {}
                    decided => return decided,
                }
            }
            domains.back_to(mark);
        }
        Some(false)
    }
}
