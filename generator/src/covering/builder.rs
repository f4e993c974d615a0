//! Builds rows, each to make as many open tuples meet as it can.

use super::Shortfall;
use super::draw::Draw;
use super::layout::{Id, Layout, contains, index, insert, members, remove};
use super::solver::{Domains, Solved, Solver};
use super::space::{Mask, Partial, Row, Space, bit, values};
use super::table::Table;

/// The most bytes of the tuples that are still open, of one group.
const BYTES_MAX: usize = 1 << 30;
/// The most words of bit sets that are looked at for the rows of one builder: some minutes.
const WORK_MAX: u64 = 50_000_000_000;

/// What is still to be covered, and the rules of a row.
#[derive(Debug)]
pub(crate) struct Builder<'s> {
    space: &'s Space,
    solver: Solver<'s>,
    /// What is left of every parameter in any row.
    root: Domains,
    /// The tuples that no row has yet, by group and strength.
    pub(crate) open: Vec<Table>,
    /// What had to be left out.
    pub(crate) shortfall: Option<Shortfall>,
    work: u64,
    draw: Draw,
}

/// A row in the making.
#[derive(Debug, Clone)]
struct Draft {
    row: Row,
    /// Its values in each table, ascending, and as a set.
    places: Vec<(Vec<Id>, Vec<u64>)>,
}

impl Draft {
    fn new(tables: &[Table], parameters: usize) -> Self {
        let places = tables.iter().map(|table| (Vec::new(), table.layout.none())).collect();
        Self { row: vec![0; parameters], places }
    }

    fn put(&mut self, tables: &[Table], parameter: usize, value: u8) {
        self.row[parameter] = value;
        for (table, (ids, set)) in tables.iter().zip(&mut self.places) {
            if let Some(id) = table.layout.id(parameter, value) {
                ids.insert(ids.partition_point(|own| *own < id), id);
                insert(set, id);
            }
        }
    }

    /// How many open tuples a value makes with what is there.
    fn gain(&self, tables: &[Table], parameter: usize, value: u8) -> u32 {
        let each = tables
            .iter()
            .zip(&self.places)
            .filter_map(|(table, (ids, set))| table.layout.id(parameter, value).map(|id| table.made_by(id, ids, set)));
        each.sum()
    }

    /// How many open tuples the row makes, each counted as often as it has values.
    fn worth(&self, tables: &[Table]) -> u32 {
        let each = self.row.iter().enumerate().map(|(parameter, value)| self.gain(tables, parameter, *value));
        each.sum()
    }
}

impl<'s> Builder<'s> {
    /// A builder for rows whose values are `allowed`, to cover groups of parameters at a strength each; none where there
    /// is no such row.
    pub(crate) fn new(space: &'s Space, allowed: &[Mask], groups: &[(Vec<usize>, usize)], seed: u64) -> Option<Self> {
        let solver = Solver::new(space);
        let root = probed(&solver, solver.start(allowed)?)?;
        let (open, draw) = (Vec::new(), Draw::new(seed));
        let mut builder = Self { space, solver, root, open, shortfall: None, work: 0, draw };
        let tables = groups.iter().map(|(parameters, strength)| builder.table(parameters, *strength)).collect();
        builder.open = tables;
        Some(builder)
    }

    /// The tuples of a group that are not ruled out at first sight.
    fn table(&mut self, parameters: &[usize], mut strength: usize) -> Table {
        let layout = Layout::new(self.space.sizes(), parameters.to_vec());
        while strength > 1 && Table::bytes(&layout, strength) > BYTES_MAX {
            self.shortfall = Some(Shortfall::Memory { asked: strength, given: strength - 1 });
            strength -= 1;
        }
        let present = self.left(&layout);
        let mut meeting = vec![layout.none(); layout.values];
        for id in members(&present) {
            let (parameter, value) = layout.value(id);
            meeting[id as usize].clone_from(&present);
            if self.solver.is_constrained(parameter) {
                let mark = self.root.mark();
                // What cannot be at all was taken out before.
                self.solver.leave(&mut self.root, parameter, bit(value));
                meeting[id as usize] = self.left(&layout);
                self.root.back_to(mark);
            }
            let own = layout.offsets[layout.place(parameter).unwrap_or(0)];
            for other in own..own + index(self.space.sizes()[parameter]) {
                remove(&mut meeting[id as usize], other);
            }
        }
        let bound = members(&present).filter(|id| self.solver.is_constrained(layout.value(*id).0)).collect::<Vec<_>>();
        symmetric(&mut meeting, &bound);
        Table::all(layout, strength, &present, &meeting)
    }

    /// The values that are left, as a set of a layout.
    fn left(&self, layout: &Layout) -> Vec<u64> {
        let mut set = layout.none();
        for parameter in &layout.parameters {
            for value in values(self.root.of(*parameter)) {
                layout.id(*parameter, value).into_iter().for_each(|id| insert(&mut set, id));
            }
        }
        set
    }

    /// The best of `candidates` rows that begin with an open tuple; none where nothing is open any more.
    pub(crate) fn next_row(&mut self, candidates: usize) -> Option<Row> {
        loop {
            if self.work > WORK_MAX {
                self.shortfall.get_or_insert(Shortfall::Effort);
                return None;
            }
            let (table, tuple) = self.first_open()?;
            let layout = &self.open[table].layout;
            let fixed: Vec<(usize, u8)> = tuple.iter().map(|id| layout.value(*id)).collect();
            match self.best(&fixed, candidates) {
                Some(row) => return Some(self.take(row)),
                // No row can hold it, or none was found within the bounds of a search.
                None => self.open[table].close(&tuple),
            }
        }
    }

    /// A row with these values, made for the open tuples; none where there is none.
    pub(crate) fn complete(&mut self, begun: &Partial, candidates: usize) -> Option<Row> {
        let fixed: Vec<(usize, u8)> =
            begun.iter().enumerate().filter_map(|(parameter, value)| Some((parameter, (*value)?))).collect();
        let row = self.best(&fixed, candidates)?;
        Some(self.take(row))
    }

    /// Closes what a row covers.
    pub(crate) fn take(&mut self, row: Row) -> Row {
        for table in &mut self.open {
            let (ids, set) = table.layout.values_of(&row);
            table.take_row(&ids, &set);
        }
        row
    }

    /// An open tuple of values that are in many.
    fn first_open(&mut self) -> Option<(usize, Vec<Id>)> {
        let number = (0..self.open.len()).max_by_key(|own| (self.open[*own].len(), std::cmp::Reverse(*own)))?;
        let table = &self.open[number];
        if table.len() == 0 {
            return None;
        }
        let some = (0..index(table.layout.values)).filter(|id| table.weight(*id) > 0);
        let first = best_of(some, |id| table.weight(*id), &mut self.draw)?;
        let sets: Vec<Vec<Id>> = table.sets_with(first).filter(|set| table.count(set) > 0).collect();
        let set = best_of(0..sets.len(), |own| table.count(&sets[*own]), &mut self.draw)?;
        let mut tuple = sets.into_iter().nth(set)?;
        let last = best_of(members(table.completing(&tuple)), |id| table.weight(*id), &mut self.draw)?;
        tuple.insert(tuple.partition_point(|own| *own < last), last);
        Some((number, tuple))
    }

    /// The best of some rows with these values; none where there is none.
    fn best(&mut self, fixed: &[(usize, u8)], candidates: usize) -> Option<Row> {
        let mut best: Option<(u32, Row)> = None;
        for _ in 0..candidates.max(1) {
            let draft = self.draft(fixed)?;
            let worth = draft.worth(&self.open);
            if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                best = Some((worth, draft.row));
            }
        }
        best.map(|(_, row)| row)
    }

    fn draft(&mut self, fixed: &[(usize, u8)]) -> Option<Draft> {
        let mut domains = std::mem::take(&mut self.root);
        let draft = self.draft_in(&mut domains, fixed);
        domains.back_to(0);
        self.root = domains;
        self.work += self.open.iter().map(Table::work_of_row).sum::<u64>();
        draft
    }

    fn draft_in(&mut self, domains: &mut Domains, fixed: &[(usize, u8)]) -> Option<Draft> {
        for (parameter, value) in fixed {
            if !self.solver.leave(domains, *parameter, bit(*value)) {
                return None;
            }
        }
        let mark = domains.mark();
        if let Some(draft) = self.greedy(domains, fixed) {
            return Some(draft);
        }
        domains.back_to(mark);
        let Solved::Row(row) = self.solver.solve(domains) else { return None };
        // What is under no clause may still be whatever is best.
        for parameter in self.solver.constrained.clone() {
            self.solver.leave(domains, parameter, bit(row[parameter]));
        }
        self.greedy(domains, fixed)
    }

    /// Takes the best value for one parameter after the other; none where no value is left of one.
    fn greedy(&mut self, domains: &mut Domains, fixed: &[(usize, u8)]) -> Option<Draft> {
        let mut draft = Draft::new(&self.open, self.space.sizes().len());
        for (parameter, value) in fixed {
            draft.put(&self.open, *parameter, *value);
        }
        let is_open = |parameter: &usize| !fixed.iter().any(|(own, _)| own == parameter);
        let mut order: Vec<usize> = (0..self.space.sizes().len()).filter(is_open).collect();
        self.draw.shuffle(&mut order);
        // Tuples of the largest parameters decide how many rows there must be, so that they choose first.
        order.sort_by_key(|parameter| std::cmp::Reverse(self.space.sizes()[*parameter]));
        for parameter in order {
            let mut left = domains.of(parameter);
            loop {
                let gain = |value: &u8| {
                    (draft.gain(&self.open, parameter, *value), self.space.weights()[parameter][usize::from(*value)])
                };
                let value = best_of(values(left), gain, &mut self.draw)?;
                let mark = domains.mark();
                if self.solver.leave(domains, parameter, bit(value)) {
                    draft.put(&self.open, parameter, value);
                    break;
                }
                domains.back_to(mark);
                left &= !bit(value);
            }
        }
        Some(draft)
    }
}

/// The domains without the values that cannot be, as far as propagation sees; none where nothing is left.
fn probed(solver: &Solver<'_>, mut root: Domains) -> Option<Domains> {
    loop {
        let mut any = false;
        for parameter in &solver.constrained {
            for value in values(root.of(*parameter)) {
                let mark = root.mark();
                let fits = solver.leave(&mut root, *parameter, bit(value));
                root.back_to(mark);
                if !fits {
                    any = true;
                    let others = root.of(*parameter) & !bit(value);
                    if !solver.leave(&mut root, *parameter, others) {
                        return None;
                    }
                }
            }
        }
        if !any {
            root.settle();
            return Some(root);
        }
    }
}

/// Two of some values meet only where each meets the other.
fn symmetric(meeting: &mut [Vec<u64>], some: &[Id]) {
    for one in some {
        for other in some {
            if !contains(&meeting[*other as usize], *one) {
                remove(&mut meeting[*one as usize], *other);
            }
        }
    }
}

/// An item of the greatest weight; of several, one drawn at random.
fn best_of<T: Copy, W: Ord>(items: impl Iterator<Item = T>, weight: impl Fn(&T) -> W, draw: &mut Draw) -> Option<T> {
    let mut best: Option<(W, T)> = None;
    let mut ties = 1;
    for item in items {
        let own = weight(&item);
        match best.as_ref().map(|(most, _)| own.cmp(most)) {
            None | Some(std::cmp::Ordering::Greater) => (best, ties) = (Some((own, item)), 1),
            Some(std::cmp::Ordering::Equal) => {
                ties += 1;
                if draw.below(ties) == 0 {
                    best = Some((own, item));
                }
            }
            Some(std::cmp::Ordering::Less) => {}
        }
    }
    best.map(|(_, item)| item)
}
