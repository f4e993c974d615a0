//! How often the rows of an array cover each tuple.

use super::STRENGTH_MAX;
use super::draw::Draw;
use super::layout::{Id, Layout, each_subset, index, insert, rank, remove, sets, with};
use super::space::{Row, Space};
use super::table::Table;

/// The most bytes that are spent on counting.
const BYTES_MAX: usize = 1 << 30;

/// Among how many of the largest parameters those with the most tuples are looked for.
const LOOKED_AT: usize = 8;

/// The tuples of one group of parameters, and how often each is covered. What no row covers to begin with is left out:
/// it cannot be covered.
pub(crate) struct Ledger {
    layout: Layout,
    strength: usize,
    counts: Vec<u32>,
    /// The tuples that no row covers any more.
    missing: Table,
    /// Those that a single row covers.
    once: Table,
    /// The tuples that went missing; some have come back since.
    drawn_from: Vec<[Id; STRENGTH_MAX]>,
    /// The values of each row, ascending, and as a set.
    rows: Vec<(Vec<Id>, Vec<u64>)>,
}

impl Ledger {
    /// Counts what rows cover; none where that would take more than [`BYTES_MAX`].
    pub(crate) fn new(space: &Space, parameters: &[usize], strength: usize, rows: &[Row]) -> Option<Self> {
        let layout = Layout::new(space.sizes(), parameters.to_vec());
        let bytes = sets(layout.values, strength).saturating_mul(4) + Table::bytes(&layout, strength).saturating_mul(2);
        if bytes > BYTES_MAX {
            return None;
        }
        let mut ledger = Self {
            counts: vec![0; sets(layout.values, strength)],
            missing: Table::none(layout.clone(), strength),
            once: Table::none(layout.clone(), strength),
            drawn_from: Vec::new(),
            rows: Vec::new(),
            strength,
            layout,
        };
        for row in rows {
            ledger.add_row(row);
        }
        Some(ledger)
    }

    fn add_row(&mut self, row: &Row) {
        let (ids, set) = self.layout.values_of(row);
        each_subset(&ids, self.strength, &mut |tuple| {
            let count = &mut self.counts[rank(tuple)];
            *count += 1;
            match *count {
                1 => self.once.add(tuple),
                2 => self.once.take(tuple),
                _ => {}
            }
        });
        self.rows.push((ids, set));
    }

    /// How many tuples no row covers.
    pub(crate) const fn missing(&self) -> u64 {
        self.missing.len()
    }

    /// How many tuples a row alone covers.
    pub(crate) fn alone(&self, row: usize) -> u64 {
        let (ids, set) = &self.rows[row];
        ids.iter().map(|id| u64::from(self.once.made_by(*id, ids, set))).sum::<u64>() / self.strength as u64
    }

    /// Gives a row other values in several places at once: in between it would break clauses.
    pub(crate) fn rewrite(&mut self, row: usize, new: &Row) {
        let (old, _) = std::mem::take(&mut self.rows[row]);
        let (new, set) = self.layout.values_of(new);
        each_subset(&old, self.strength, &mut |tuple| self.less(tuple));
        each_subset(&new, self.strength, &mut |tuple| self.more(tuple));
        self.rows[row] = (new, set);
    }

    /// Takes a row away; the last one takes its place.
    pub(crate) fn drop_row(&mut self, row: usize) {
        let (ids, _) = self.rows.swap_remove(row);
        each_subset(&ids, self.strength, &mut |tuple| self.less(tuple));
    }

    /// A tuple that no row covers, of several one at random. There must be one.
    pub(crate) fn draw_missing(&mut self, draw: &mut Draw) -> Vec<(usize, u8)> {
        loop {
            let place = draw.below(self.drawn_from.len());
            let tuple = self.drawn_from[place];
            if self.counts[rank(&tuple[..self.strength])] == 0 {
                return tuple[..self.strength].iter().map(|id| self.layout.value(*id)).collect();
            }
            self.drawn_from.swap_remove(place);
        }
    }

    /// By how many tuples less are covered once a row has another value.
    pub(crate) fn loss(&self, row: usize, parameter: usize, value: u8) -> i64 {
        let (Some(place), Some(new)) = (self.layout.place(parameter), self.layout.id(parameter, value)) else {
            return 0;
        };
        let (ids, set) = &self.rows[row];
        i64::from(self.once.made_by(ids[place], ids, set)) - i64::from(self.missing.made_by(new, ids, set))
    }

    /// Gives a row another value.
    pub(crate) fn change(&mut self, row: usize, parameter: usize, value: u8) {
        let (Some(place), Some(new)) = (self.layout.place(parameter), self.layout.id(parameter, value)) else { return };
        let (mut ids, mut set) = std::mem::take(&mut self.rows[row]);
        let old = ids.remove(place);
        each_subset(&ids, self.strength - 1, &mut |rest| {
            let (tuple, length) = with(rest, old);
            self.less(&tuple[..length]);
            let (tuple, length) = with(rest, new);
            self.more(&tuple[..length]);
        });
        ids.insert(place, new);
        remove(&mut set, old);
        insert(&mut set, new);
        self.rows[row] = (ids, set);
    }

    fn more(&mut self, tuple: &[Id]) {
        let count = &mut self.counts[rank(tuple)];
        *count += 1;
        match *count {
            1 => {
                self.missing.take(tuple);
                self.once.add(tuple);
            }
            2 => self.once.take(tuple),
            _ => {}
        }
    }

    fn less(&mut self, tuple: &[Id]) {
        let count = &mut self.counts[rank(tuple)];
        *count -= 1;
        match *count {
            0 => {
                self.once.take(tuple);
                self.missing.add(tuple);
                let mut own = [0; STRENGTH_MAX];
                own[..tuple.len()].copy_from_slice(tuple);
                self.drawn_from.push(own);
            }
            1 => self.once.add(tuple),
            _ => {}
        }
    }

    /// The fewest rows there can be: one for each tuple of the parameters that have the most.
    pub(crate) fn fewest(&self) -> usize {
        let mut largest: Vec<usize> = (0..self.layout.parameters.len()).collect();
        let size = |place: usize| {
            let end = self.layout.offsets.get(place + 1).map_or(self.layout.values, |end| *end as usize);
            self.layout.offsets[place] as usize..end
        };
        largest.sort_by_key(|place| std::cmp::Reverse(size(*place).len()));
        largest.truncate(LOOKED_AT);
        let mut most = 0;
        let places: Vec<Id> = largest.iter().map(|place| index(*place)).collect();
        each_subset(&places, self.strength, &mut |places| {
            let mut sorted = places.to_vec();
            sorted.sort_unstable();
            most = most.max(self.covered_of(&sorted, &mut Vec::new(), &size));
        });
        most
    }

    fn covered_of(&self, places: &[Id], tuple: &mut Vec<Id>, size: &dyn Fn(usize) -> std::ops::Range<usize>) -> usize {
        let Some((first, rest)) = places.split_first() else { return usize::from(self.counts[rank(tuple)] > 0) };
        let mut covered = 0;
        for id in size(*first as usize) {
            tuple.push(index(id));
            covered += self.covered_of(rest, tuple, size);
            tuple.pop();
        }
        covered
    }

    /// What it costs to see what a change loses.
    pub(crate) fn work_of_loss(&self) -> u64 {
        let words = self.layout.words as u64;
        words * (self.layout.parameters.len() as u64).pow(u32::try_from(self.strength.saturating_sub(2)).unwrap_or(0))
    }

    /// What a change costs.
    pub(crate) fn work_of_change(&self) -> u64 {
        8 * (self.layout.parameters.len() as u64).pow(u32::try_from(self.strength - 1).unwrap_or(0))
    }
}
