//! Where the values of some parameters stand in bit sets, and how sets of values are numbered.

use super::STRENGTH_MAX;
use super::space::Row;

/// The number of a value among all values of a layout.
pub(crate) type Id = u32;

/// The values of some parameters in one line: a bit for each.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The parameters, in their order.
    pub(crate) parameters: Vec<usize>,
    /// The number of the first value of each of them.
    pub(crate) offsets: Vec<Id>,
    /// How many values there are in all.
    pub(crate) values: usize,
    /// How many words a set of values takes.
    pub(crate) words: usize,
    /// Where each parameter of the space stands among `parameters`.
    places: Vec<Option<u32>>,
}

impl Layout {
    /// A layout of `parameters`, of a space whose parameters have so many values.
    pub(crate) fn new(sizes: &[usize], mut parameters: Vec<usize>) -> Self {
        parameters.sort_unstable();
        parameters.dedup();
        let (mut places, mut offsets, mut values) = (vec![None; sizes.len()], Vec::new(), 0);
        for (place, parameter) in parameters.iter().enumerate() {
            places[*parameter] = Some(index(place));
            offsets.push(index(values));
            values += sizes[*parameter];
        }
        Self { parameters, offsets, values, words: values.div_ceil(64), places }
    }

    /// The number of a value; none where its parameter is not here.
    pub(crate) fn id(&self, parameter: usize, value: u8) -> Option<Id> {
        self.places[parameter].map(|place| self.offsets[place as usize] + Id::from(value))
    }

    /// Where a parameter stands among those that are here.
    pub(crate) fn place(&self, parameter: usize) -> Option<usize> {
        self.places[parameter].map(|place| place as usize)
    }

    /// The parameter of a value, and the value in it.
    pub(crate) fn value(&self, id: Id) -> (usize, u8) {
        let place = self.offsets.partition_point(|offset| *offset <= id) - 1;
        let value = id - self.offsets[place];
        (self.parameters[place], u8::try_from(value).unwrap_or(u8::MAX))
    }

    /// The values of a row, ascending, and as a set.
    pub(crate) fn values_of(&self, row: &Row) -> (Vec<Id>, Vec<u64>) {
        let each = self.parameters.iter().zip(&self.offsets);
        let ids: Vec<Id> = each.map(|(parameter, offset)| offset + Id::from(row[*parameter])).collect();
        let mut set = self.none();
        for id in &ids {
            insert(&mut set, *id);
        }
        (ids, set)
    }

    /// A set without any value.
    pub(crate) fn none(&self) -> Vec<u64> {
        vec![0; self.words]
    }
}

/// A number that is known to be small.
#[expect(clippy::cast_possible_truncation, reason = "what is numbered is bounded by the tables' size")]
pub(crate) const fn index(number: usize) -> u32 {
    number as u32
}

/// Puts a value into a set.
pub(crate) fn insert(set: &mut [u64], id: Id) {
    set[id as usize / 64] |= 1 << (id % 64);
}

/// Takes a value out of a set.
pub(crate) fn remove(set: &mut [u64], id: Id) {
    set[id as usize / 64] &= !(1 << (id % 64));
}

/// Whether a value is in a set.
pub(crate) fn contains(set: &[u64], id: Id) -> bool {
    set[id as usize / 64] & (1 << (id % 64)) != 0
}

/// The values in a set, ascending.
pub(crate) fn members(set: &[u64]) -> impl Iterator<Item = Id> + '_ {
    set.iter().enumerate().flat_map(|(word, bits)| {
        let mut bits = *bits;
        std::iter::from_fn(move || {
            let place = (bits != 0).then(|| bits.trailing_zeros())?;
            bits &= bits - 1;
            Some(index(word * 64) + place)
        })
    })
}

/// How many values are in both sets.
pub(crate) fn common(one: &[u64], other: &[u64]) -> u32 {
    one.iter().zip(other).map(|(one, other)| (one & other).count_ones()).sum()
}

/// How many values above `id` are in both sets.
pub(crate) fn common_above(one: &[u64], other: &[u64], id: Id) -> u32 {
    let word = id as usize / 64;
    // Two shifts, because one by 64 is none.
    let first = one[word] & other[word] & (u64::MAX << (id % 64) << 1);
    first.count_ones() + common(&one[word + 1..], &other[word + 1..])
}

/// How many pairs there are of numbers below `count`.
pub(crate) const fn pairs(count: usize) -> usize {
    count * count.saturating_sub(1) / 2
}

/// How many triples there are of numbers below `count`.
pub(crate) const fn triples(count: usize) -> usize {
    pairs(count) * count.saturating_sub(2) / 3
}

/// How many sets of four there are of numbers below `count`.
pub(crate) const fn fours(count: usize) -> usize {
    triples(count) * count.saturating_sub(3) / 4
}

/// The number of an ascending set of up to four values among all sets of its size.
pub(crate) fn rank(set: &[Id]) -> usize {
    let at = |place: usize| set[place] as usize;
    match set.len() {
        0 => 0,
        1 => at(0),
        2 => pairs(at(1)) + at(0),
        3 => triples(at(2)) + pairs(at(1)) + at(0),
        _ => fours(at(3)) + triples(at(2)) + pairs(at(1)) + at(0),
    }
}

/// The number of sets of `size` among `count` values.
pub(crate) const fn sets(count: usize, size: usize) -> usize {
    match size {
        0 => 1,
        1 => count,
        2 => pairs(count),
        3 => triples(count),
        _ => fours(count),
    }
}

/// Every ascending set of `size` of some ascending values.
pub(crate) fn each_subset(ids: &[Id], size: usize, each: &mut dyn FnMut(&[Id])) {
    match size {
        0 => each(&[]),
        1 => ids.iter().for_each(|id| each(&[*id])),
        2 => (1..ids.len()).for_each(|high| ids[..high].iter().for_each(|low| each(&[*low, ids[high]]))),
        _ => {
            for high in size - 1..ids.len() {
                each_subset(&ids[..high], size - 1, &mut |rest| {
                    let (set, length) = with(rest, ids[high]);
                    each(&set[..length]);
                });
            }
        }
    }
}

/// An ascending set with one more value, and how many it has then.
pub(crate) fn with(set: &[Id], id: Id) -> ([Id; STRENGTH_MAX], usize) {
    let mut with = [0; STRENGTH_MAX];
    let place = set.partition_point(|own| *own < id);
    with[..place].copy_from_slice(&set[..place]);
    with[place] = id;
    with[place + 1..=set.len()].copy_from_slice(&set[place..]);
    (with, set.len() + 1)
}
