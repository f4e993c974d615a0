//! Tuples of values in bit sets: for each set of all values of a tuple but one, those that complete it. What a value
//! adds to a row is then a popcount.

use super::layout::{
    Id, Layout, common, common_above, contains, each_subset, index, insert, members, rank, remove, sets, with,
};

/// Some tuples of one strength over the parameters of a layout.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Where the values stand.
    pub(crate) layout: Layout,
    /// How many values a tuple has.
    pub(crate) strength: usize,
    bits: Vec<u64>,
    /// How many values complete each set.
    counts: Vec<u32>,
    /// How many values complete the sets that have each value: as many times its tuples as they have other values.
    weights: Vec<u32>,
    /// How many tuples there are.
    len: u64,
}

impl Table {
    /// How many bytes a table of this strength takes.
    pub(crate) const fn bytes(layout: &Layout, strength: usize) -> usize {
        sets(layout.values, strength - 1).saturating_mul(layout.words * 8 + 4)
    }

    /// A table without any tuple.
    pub(crate) fn none(layout: Layout, strength: usize) -> Self {
        let keys = sets(layout.values, strength - 1);
        Self {
            strength,
            bits: vec![0; keys * layout.words],
            counts: vec![0; keys],
            weights: vec![0; layout.values],
            len: 0,
            layout,
        }
    }

    /// Every tuple of values that are `present` and may meet two by two; `meeting` holds for each those that it may meet.
    pub(crate) fn all(layout: Layout, strength: usize, present: &[u64], meeting: &[Vec<u64>]) -> Self {
        let mut table = Self::none(layout, strength);
        table.fill(&mut Vec::new(), present, meeting);
        table.len /= strength as u64;
        table
    }

    /// Notes what completes `chosen`, and every larger set that begins with it.
    fn fill(&mut self, chosen: &mut Vec<Id>, may_follow: &[u64], meeting: &[Vec<u64>]) {
        if chosen.len() + 1 == self.strength {
            let key = rank(chosen);
            let at = key * self.layout.words;
            self.bits[at..at + self.layout.words].copy_from_slice(may_follow);
            self.counts[key] = may_follow.iter().map(|word| word.count_ones()).sum();
            self.len += u64::from(self.counts[key]);
            for id in &*chosen {
                self.weights[*id as usize] += self.counts[key];
            }
            return;
        }
        let last = chosen.last().copied();
        for id in members(may_follow).filter(|id| last.is_none_or(|last| *id > last)) {
            let narrower: Vec<u64> =
                may_follow.iter().zip(&meeting[id as usize]).map(|(own, other)| own & other).collect();
            chosen.push(id);
            self.fill(chosen, &narrower, meeting);
            chosen.pop();
        }
    }

    /// About how many words are looked at for a row.
    pub(crate) fn work_of_row(&self) -> u64 {
        let sets = sets(self.layout.parameters.len(), self.strength.saturating_sub(2));
        (self.layout.values * self.layout.words) as u64 * sets as u64
    }

    /// How many tuples there are.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// The sets of all values of a tuple but one that hold `value`, each in ascending order.
    pub(crate) fn sets_with(&self, value: Id) -> Box<dyn Iterator<Item = Vec<Id>> + '_> {
        let others = move || (0..index(self.layout.values)).filter(move |own| *own != value);
        match self.strength {
            1 => Box::new(std::iter::once(Vec::new())),
            2 => Box::new(std::iter::once(vec![value])),
            3 => Box::new(others().map(move |other| vec![value.min(other), value.max(other)])),
            _ => Box::new(others().flat_map(move |high| {
                others().take_while(move |low| *low < high).map(move |low| with(&[low, high], value).0[..3].to_vec())
            })),
        }
    }

    /// In how many tuples a value is, in a measure that is the same for all values.
    pub(crate) fn weight(&self, value: Id) -> u32 {
        if self.strength == 1 { u32::from(self.has(&[value])) } else { self.weights[value as usize] }
    }

    /// The values that complete a set.
    pub(crate) fn completing(&self, set: &[Id]) -> &[u64] {
        let at = rank(set) * self.layout.words;
        &self.bits[at..at + self.layout.words]
    }

    /// How many values complete a set.
    pub(crate) fn count(&self, set: &[Id]) -> u32 {
        self.counts[rank(set)]
    }

    /// Whether a tuple is there.
    pub(crate) fn has(&self, tuple: &[Id]) -> bool {
        let (last, rest) = tuple.split_last().map_or((0, &[][..]), |(last, rest)| (*last, rest));
        contains(self.completing(rest), last)
    }

    /// Adds an ascending tuple that is not there.
    pub(crate) fn add(&mut self, tuple: &[Id]) {
        self.len += 1;
        self.each_key(tuple, |table, key, value| {
            table.counts[key] += 1;
            let at = key * table.layout.words;
            insert(&mut table.bits[at..at + table.layout.words], value);
        });
    }

    /// Takes away an ascending tuple that is there.
    pub(crate) fn take(&mut self, tuple: &[Id]) {
        self.len -= 1;
        self.each_key(tuple, |table, key, value| {
            table.counts[key] -= 1;
            let at = key * table.layout.words;
            remove(&mut table.bits[at..at + table.layout.words], value);
        });
    }

    /// Takes away an ascending tuple of an open table, where the weights of its values count.
    pub(crate) fn close(&mut self, tuple: &[Id]) {
        self.take(tuple);
        let others = index(tuple.len() - 1);
        for id in tuple {
            self.weights[*id as usize] -= others;
        }
    }

    /// For each value of a tuple, the number of the set of the others.
    fn each_key(&mut self, tuple: &[Id], mut each: impl FnMut(&mut Self, usize, Id)) {
        let mut rest = [0; super::STRENGTH_MAX];
        for (place, value) in tuple.iter().enumerate() {
            rest[..place].copy_from_slice(&tuple[..place]);
            rest[place..tuple.len() - 1].copy_from_slice(&tuple[place + 1..]);
            let key = rank(&rest[..tuple.len() - 1]);
            each(self, key, *value);
        }
    }

    /// How many tuples `value` makes with the values of a row: `ids`, which ascend, and the same as a set. Those of its
    /// own parameter make none.
    pub(crate) fn made_by(&self, value: Id, ids: &[Id], set: &[u64]) -> u32 {
        match self.strength {
            1 => u32::from(contains(self.completing(&[]), value)),
            2 if self.counts[value as usize] == 0 => 0,
            2 => common(self.completing(&[value]), set),
            3 => {
                let (below, above) = ids.split_at(ids.partition_point(|own| *own < value));
                let below = below.iter().map(|other| self.above(&[*other, value], set, *other));
                let above = above.iter().filter(|own| **own != value);
                below.sum::<u32>() + above.map(|other| self.above(&[value, *other], set, *other)).sum::<u32>()
            }
            _ => {
                let others = || ids.iter().filter(|own| **own != value);
                let pairs =
                    others().flat_map(|high| others().take_while(move |low| *low < high).map(move |low| [*low, *high]));
                pairs.map(|pair| self.above(&with(&pair, value).0[..3], set, pair[1])).sum()
            }
        }
    }

    /// How many values of a row above `last` complete an ascending set.
    fn above(&self, others: &[Id], set: &[u64], last: Id) -> u32 {
        let key = rank(others);
        if self.counts[key] == 0 {
            return 0;
        }
        let at = key * self.layout.words;
        common_above(&self.bits[at..at + self.layout.words], set, last)
    }

    /// Takes away every tuple that a row makes: its values, ascending, and the same as a set.
    pub(crate) fn take_row(&mut self, ids: &[Id], set: &[u64]) {
        let mut taken = 0;
        each_subset(ids, self.strength - 1, &mut |key| {
            let (number, words) = (rank(key), self.layout.words);
            let own = &mut self.bits[number * words..(number + 1) * words];
            let common = common(own, set);
            if common == 0 {
                return;
            }
            own.iter_mut().zip(set).for_each(|(own, other)| *own &= !other);
            self.counts[number] -= common;
            for id in key {
                self.weights[*id as usize] -= common;
            }
            taken += u64::from(common);
        });
        self.len -= taken / self.strength as u64;
    }
}
