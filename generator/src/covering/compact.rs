//! The smallest arrays: take a row away, mend what is then missing, again and again.

use super::builder::Builder;
use super::draw::Draw;
use super::ledger::Ledger;
use super::solver::{Domains, Solver};
use super::space::{Partial, Row, Space, bit, lowest, values};
use super::task::{Task, tasks};
use super::{Array, Contradiction, Demand};

/// How many rows are drafted for each that the search begins with.
const CANDIDATES: usize = 4;
/// How many steps a changed value stays as it is, at least.
const TABU_MIN: u64 = 2;
/// How many more it may be.
const TABU_SPREAD: usize = 4;
/// What it costs to hold a row against a tuple, in words of a bit set.
const WORK_OF_A_ROW: u64 = 2;
/// What it costs to leave a parameter one value while a row is rebuilt.
const WORK_OF_A_VALUE: u64 = 40;
/// How many rows are rebuilt on trial where no single change brings a missing tuple in.
const REBUILT_MAX: usize = 4;

/// Covers what is asked for with as few rows as a search of so much `effort` finds, seed rows first, each completed.
/// Effort is counted in words of bit sets that are looked at, so that the result is the same on any machine; see
/// [`EFFORT`].
///
/// # Errors
/// Where no row keeps the rules, or a seed row cannot be completed.
pub fn compact(
    space: &Space,
    demand: &Demand,
    seeds: &[Partial],
    seed: u64,
    effort: u64,
) -> Result<Array, Contradiction> {
    let mut array = Array::default();
    for task in tasks(space, demand, seeds)? {
        let Some(mut builder) = Builder::new(space, &task.allowed, &task.groups, seed) else { continue };
        let mut rows: Vec<Row> = task.seeds.iter().filter_map(|begun| builder.complete(begun, CANDIDATES)).collect();
        let frozen = rows.len();
        rows.extend(std::iter::from_fn(|| builder.next_row(CANDIDATES)));
        array.shortfall = array.shortfall.or(builder.shortfall);
        array.rows.extend(match Search::new(space, &task, &rows, frozen, seed) {
            Some(search) if builder.shortfall.is_none() => search.run(effort),
            _ => rows,
        });
    }
    Ok(array)
}

/// The usual effort of a search: a fraction of a second.
pub const EFFORT: u64 = 30_000_000;

/// Rows under change.
struct Search<'s> {
    solver: Solver<'s>,
    root: Domains,
    ledgers: Vec<Ledger>,
    rows: Vec<Row>,
    /// How many rows in front stay as they are.
    frozen: usize,
    /// Until which step each value of each row stays as it is.
    tabu: Vec<Vec<u64>>,
    step: u64,
    work: u64,
    draw: Draw,
}

/// A change of one value, and by how many tuples less are covered then.
#[derive(Clone, Copy)]
struct Move {
    row: usize,
    parameter: usize,
    value: u8,
    loss: i64,
}

impl<'s> Search<'s> {
    /// A search from `rows`; none where counting what they cover would take too much memory.
    fn new(space: &'s Space, task: &Task, rows: &[Row], frozen: usize, seed: u64) -> Option<Self> {
        let solver = Solver::new(space);
        let root = solver.start(&task.allowed)?;
        let ledgers = task.groups.iter().map(|(parameters, strength)| Ledger::new(space, parameters, *strength, rows));
        let ledgers = ledgers.collect::<Option<Vec<_>>>()?;
        let tabu = vec![vec![0; space.sizes().len()]; rows.len()];
        let rows = rows.to_vec();
        Some(Self { solver, root, ledgers, rows, frozen, tabu, step: 0, work: 0, draw: Draw::new(seed) })
    }

    fn run(mut self, effort: u64) -> Vec<Row> {
        let fewest = self.ledgers.iter().map(Ledger::fewest).max().unwrap_or(0);
        let mut best = self.rows.clone();
        while self.work < effort {
            self.step += 1;
            if self.missing() == 0 {
                best.clone_from(&self.rows);
                if self.rows.len() <= fewest.max(self.frozen) {
                    break;
                }
                self.drop_cheapest();
            } else {
                self.mend();
            }
        }
        best
    }

    fn missing(&self) -> u64 {
        self.ledgers.iter().map(Ledger::missing).sum()
    }

    /// Takes away the row without which the fewest tuples are missing.
    fn drop_cheapest(&mut self) {
        let loss = |row: usize| -> u64 { self.ledgers.iter().map(|ledger| ledger.alone(row)).sum() };
        let Some(row) = (self.frozen..self.rows.len()).min_by_key(|row| loss(*row)) else { return };
        self.work += self.rows.iter().map(|row| row.len() as u64).sum::<u64>();
        self.ledgers.iter_mut().for_each(|ledger| ledger.drop_row(row));
        self.rows.swap_remove(row);
        self.tabu.swap_remove(row);
    }

    /// Brings one missing tuple in.
    fn mend(&mut self) {
        let ledgers: Vec<usize> = (0..self.ledgers.len()).filter(|own| self.ledgers[*own].missing() > 0).collect();
        let ledger = ledgers[self.draw.below(ledgers.len())];
        let tuple = self.ledgers[ledger].draw_missing(&mut self.draw);
        match self.best_move(&tuple) {
            Some(best) => self.change(best.row, best.parameter, best.value),
            None => self.rebuild(&tuple),
        }
    }

    /// The change of one value that brings a tuple in at the least loss.
    fn best_move(&mut self, tuple: &[(usize, u8)]) -> Option<Move> {
        let missing = i64::try_from(self.missing()).unwrap_or(i64::MAX);
        self.work += WORK_OF_A_ROW * self.rows.len() as u64;
        let mut best: Option<Move> = None;
        let mut ties = 1;
        for row in self.frozen..self.rows.len() {
            let Some((parameter, value)) = only_difference(&self.rows[row], tuple) else { continue };
            if !self.solver.permits_change(&self.rows[row], parameter, value) {
                continue;
            }
            let until = self.tabu[row][parameter];
            let loss = self.loss(row, parameter, value);
            // What covers everything is taken even where it is forbidden.
            if until > self.step && missing + loss > 0 {
                continue;
            }
            let own = Move { row, parameter, value, loss };
            let order = best.as_ref().map_or(std::cmp::Ordering::Less, |best| loss.cmp(&best.loss));
            match order {
                std::cmp::Ordering::Less => (best, ties) = (Some(own), 1),
                std::cmp::Ordering::Equal => {
                    ties += 1;
                    if self.draw.below(ties) == 0 {
                        best = Some(own);
                    }
                }
                std::cmp::Ordering::Greater => {}
            }
        }
        best
    }

    fn loss(&mut self, row: usize, parameter: usize, value: u8) -> i64 {
        let mut loss = 0;
        for ledger in &self.ledgers {
            self.work += ledger.work_of_loss();
            loss += ledger.loss(row, parameter, value);
        }
        loss
    }

    fn change(&mut self, row: usize, parameter: usize, value: u8) {
        self.tabu[row][parameter] = self.step + TABU_MIN + self.draw.below(TABU_SPREAD) as u64;
        self.rows[row][parameter] = value;
        for ledger in &mut self.ledgers {
            self.work += ledger.work_of_change();
            ledger.change(row, parameter, value);
        }
    }

    /// Brings a tuple into a row that must change in several places for it.
    fn rebuild(&mut self, tuple: &[(usize, u8)]) {
        let mut best: Option<(usize, usize, Row)> = None;
        for _ in 0..REBUILT_MAX {
            if self.rows.len() == self.frozen {
                break;
            }
            let row = self.frozen + self.draw.below(self.rows.len() - self.frozen);
            let Some(rebuilt) = self.rebuilt(row, tuple) else { continue };
            let changes = rebuilt.iter().zip(&self.rows[row]).filter(|(new, old)| new != old).count();
            if best.as_ref().is_none_or(|(fewest, _, _)| changes < *fewest) {
                best = Some((changes, row, rebuilt));
            }
        }
        let Some((_, row, rebuilt)) = best else { return };
        for ledger in &mut self.ledgers {
            self.work += ledger.work_of_change() * rebuilt.len() as u64;
            ledger.rewrite(row, &rebuilt);
        }
        for (parameter, value) in rebuilt.iter().enumerate() {
            if self.rows[row][parameter] != *value {
                self.tabu[row][parameter] = self.step + TABU_MIN;
            }
        }
        self.rows[row] = rebuilt;
    }

    /// The row with a tuple in it and as much as possible of what was there.
    fn rebuilt(&mut self, row: usize, tuple: &[(usize, u8)]) -> Option<Row> {
        let mut domains = std::mem::take(&mut self.root);
        let rebuilt = self.rebuilt_in(&mut domains, row, tuple);
        domains.back_to(0);
        self.root = domains;
        rebuilt
    }

    fn rebuilt_in(&mut self, domains: &mut Domains, row: usize, tuple: &[(usize, u8)]) -> Option<Row> {
        if !tuple.iter().all(|(parameter, value)| self.solver.leave(domains, *parameter, bit(*value))) {
            return None;
        }
        let mut order = self.solver.constrained.clone();
        self.draw.shuffle(&mut order);
        self.work += WORK_OF_A_VALUE * order.len() as u64;
        for parameter in order {
            let mut left = domains.of(parameter);
            let own = bit(self.rows[row][parameter]);
            loop {
                let value = if left & own != 0 {
                    self.rows[row][parameter]
                } else {
                    let count = left.count_ones() as usize;
                    values(left).nth(self.draw.below(count.max(1)))?
                };
                let mark = domains.mark();
                if self.solver.leave(domains, parameter, bit(value)) {
                    break;
                }
                domains.back_to(mark);
                left &= !bit(value);
            }
        }
        let own = self.rows[row].iter().enumerate();
        let kept = own.map(|(parameter, value)| {
            let left = domains.of(parameter);
            if left & bit(*value) == 0 { lowest(left) } else { *value }
        });
        Some(kept.collect())
    }
}

/// Where a row differs from a tuple, if it does in one place.
fn only_difference(row: &Row, tuple: &[(usize, u8)]) -> Option<(usize, u8)> {
    let mut differing = tuple.iter().filter(|(parameter, value)| row[*parameter] != *value);
    let first = differing.next()?;
    differing.next().is_none().then_some(*first)
}
