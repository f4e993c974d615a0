//! Which of two errors a target lets win: a fold over the cases of a run.
//!
//! A case with one fault shows the error that the fault earns alone; a case with two faults, and nothing else changed,
//! shows whose error wins. What the model permits to the three tells whether it knows the winner too. The order that
//! comes of it is in [`order`], the circles that none explains in [`cycles`].

pub mod cycles;
pub(crate) mod graph;
pub mod order;

use std::collections::BTreeMap;

use plumb_validator::precedence::Tested;
use serde::Serialize;

use crate::events::CaseDone;

/// The most cases of a run that are kept for it; more are only counted.
pub const CASES_KEPT_MAX: usize = 50_000;

/// The choices of a case that hold no fault: what was met besides the faults.
pub(crate) type Surroundings = Vec<String>;

/// A fault with the class of its error, as they stand in an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Check {
    /// The class of the error.
    pub class: String,
    /// The faulty choice.
    pub fault: String,
}

/// What the cases with faults of one run were answered.
#[derive(Debug, Default)]
pub struct Sightings {
    operations: BTreeMap<String, OfOperation>,
    kept: usize,
    /// How many cases were only counted.
    pub left_out: u64,
}

/// The same of one operation.
#[derive(Debug, Default)]
pub(crate) struct OfOperation {
    alone: BTreeMap<(Surroundings, String), Tested>,
    pairs: BTreeMap<(Surroundings, [String; 2]), Tested>,
}

/// What a case with two faults says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// The fault of this index won.
    Won(usize),
    /// Both earn the same error.
    Alike,
    /// One of the faults, or both in company, were not refused at all.
    Unnoticed,
    /// The answer is neither the error of the one nor that of the other.
    Neither,
    /// One of the faults was not seen alone in these surroundings.
    NotSeenAlone,
}

/// What the model says of who wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// The fault of this index must win.
    Firm(usize),
    /// Either may.
    Open,
    /// It gives both the same error, or others.
    Silent,
}

/// A case with two faults beside those with one.
pub(crate) struct Pair<'s> {
    /// What both met besides.
    pub(crate) surroundings: &'s Surroundings,
    /// The faults.
    pub(crate) faults: &'s [String; 2],
    /// The answer to both.
    pub(crate) both: &'s Tested,
    /// The answers to each alone, where each was seen.
    pub(crate) alone: Option<[&'s Tested; 2]>,
}

impl Sightings {
    /// Adds a case.
    pub fn add(&mut self, done: &CaseDone) {
        let Some(tested) = &done.tested else { return };
        if self.kept >= CASES_KEPT_MAX {
            self.left_out += 1;
            return;
        }
        let mut surroundings = done.choices.clone();
        surroundings.retain(|choice| !tested.faults.contains(choice));
        surroundings.sort();
        let own = self.operations.entry(done.operation.clone()).or_default();
        // What was seen first counts; whoever answers now so and now so is found out where a cycle is confirmed.
        let is_new = match tested.faults.as_slice() {
            [one] => note(&mut own.alone, (surroundings, one.clone()), tested),
            [one, other] => {
                let mut faults = [one.clone(), other.clone()];
                faults.sort();
                note(&mut own.pairs, (surroundings, faults), tested)
            }
            _ => false,
        };
        self.kept += usize::from(is_new);
    }

    /// The operations of which something was seen.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&String, &OfOperation)> {
        self.operations.iter()
    }
}

fn note<K: Ord>(seen: &mut BTreeMap<K, Tested>, key: K, tested: &Tested) -> bool {
    let entry = seen.entry(key);
    let is_new = matches!(entry, std::collections::btree_map::Entry::Vacant(_));
    entry.or_insert_with(|| tested.clone());
    is_new
}

impl OfOperation {
    /// Every case with two faults.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Pair<'_>> {
        self.pairs.iter().map(|((surroundings, faults), both)| {
            let alone = |fault: &String| self.alone.get(&(surroundings.clone(), fault.clone()));
            let alone = alone(&faults[0]).zip(alone(&faults[1])).map(|(one, other)| [one, other]);
            Pair { surroundings, faults, both, alone }
        })
    }
}

impl Pair<'_> {
    /// What the target says.
    pub(crate) fn says(&self) -> Says {
        let Some(alone) = self.alone else { return Says::NotSeenAlone };
        let [one, other] = alone.map(|tested| tested.answered.as_str());
        let both = self.both.answered.as_str();
        if [one, other, both].into_iter().any(is_success) {
            Says::Unnoticed
        } else if one == other {
            Says::Alike
        } else {
            [one, other].iter().position(|class| *class == both).map_or(Says::Neither, Says::Won)
        }
    }

    /// What the model says: where it permits the error of one of them alone, that one must win. Where each may earn
    /// all that the other may, it cannot be told which it means.
    pub(crate) fn known(&self) -> Known {
        let Some([one, other]) = self.alone else { return Known::Silent };
        let own_errors = |own: &Tested, not: &Tested| {
            let errors = own.permitted.iter().filter(|class| !is_success(class) && !not.permitted.contains(class));
            errors.cloned().collect::<Vec<String>>()
        };
        let errors = [own_errors(one, other), own_errors(other, one)];
        if errors.iter().any(Vec::is_empty) {
            return Known::Silent;
        }
        match errors.map(|errors| errors.iter().any(|class| self.both.permitted.contains(class))) {
            [true, true] => Known::Open,
            [true, false] => Known::Firm(0),
            [false, true] => Known::Firm(1),
            [false, false] => Known::Silent,
        }
    }

    /// A fault with its error; none where it was not seen alone.
    pub(crate) fn check(&self, index: usize) -> Option<Check> {
        let class = self.alone?[index].answered.clone();
        Some(Check { class, fault: self.faults[index].clone() })
    }

    /// What the model says of this winner: that it must win, that the other must, or neither. A permitted answer is never
    /// against it.
    pub(crate) fn stands(&self, winner: usize) -> Known {
        match self.known() {
            Known::Firm(other) if other != winner && self.both.conforms() => Known::Silent,
            known => known,
        }
    }

    /// Whether the model permits the answers to both and to each.
    pub(crate) fn conforms(&self) -> bool {
        self.both.conforms() && self.alone.is_some_and(|alone| alone.iter().all(|tested| tested.conforms()))
    }
}

/// Whether a class is that of an answer that went well.
fn is_success(class: &str) -> bool {
    class.starts_with('2') && !class.contains(' ')
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A case of `Put` with these faults, answered so, of which the model permits these.
    pub(crate) fn done(faults: &[&str], answered: &str, permitted: &[&str]) -> CaseDone {
        let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        CaseDone {
            sequence: 0,
            case: "0123456789abcdef".into(),
            suite: "any".into(),
            operation: "Put".into(),
            choices: words(faults),
            verdict: "conforms".into(),
            detail: None,
            preferred: true,
            exchanges: Vec::new(),
            tested: Some(Tested { faults: words(faults), answered: answered.into(), permitted: words(permitted) }),
        }
    }

    fn check(one: (&str, &[&str]), other: (&str, &[&str]), both: (&str, &[&str]), says: Says, known: Known) {
        let mut sightings = Sightings::default();
        sightings.add(&done(&["a=x"], one.0, one.1));
        sightings.add(&done(&["b=y"], other.0, other.1));
        sightings.add(&done(&["b=y", "a=x"], both.0, both.1));
        let pairs: Vec<_> = sightings.operations["Put"].pairs().map(|pair| (pair.says(), pair.known())).collect();
        assert_eq!(pairs, [(says, known)], "{one:?} {other:?} {both:?}");
    }

    #[test]
    fn the_answer_to_both_faults_names_the_winner_and_the_model_may_know_it() {
        let (one, other) = (("400 A", &["400 A"][..]), ("404 B", &["404 B"][..]));
        check(one, other, ("400 A", &["400 A"]), Says::Won(0), Known::Firm(0));
        check(one, other, ("404 B", &["400 A"]), Says::Won(1), Known::Firm(0));
        check(one, other, ("404 B", &["400 A", "404 B"]), Says::Won(1), Known::Open);
        check(one, other, ("500", &["404 B"]), Says::Neither, Known::Firm(1));
        check(one, other, ("200", &["404 B"]), Says::Unnoticed, Known::Firm(1));
    }

    #[test]
    fn equal_errors_and_faults_that_are_not_refused_say_nothing() {
        check(("404", &["404"]), ("404", &["404"]), ("404", &["404"]), Says::Alike, Known::Silent);
        let (wide, narrow) = (("400 A", &["400 A", "404 B"][..]), ("404 B", &["404 B"][..]));
        check(wide, narrow, ("404 B", &["400 A", "404 B"]), Says::Won(1), Known::Silent);
        check(("200", &["200", "400 A"]), ("404", &["404"]), ("404", &["404"]), Says::Unnoticed, Known::Firm(1));
    }

    #[test]
    fn a_wrong_error_has_its_place_in_the_order_all_the_same() {
        let (one, other) = (("403 C", &["400 A"][..]), ("404 B", &["404 B"][..]));
        check(one, other, ("403 C", &["400 A"]), Says::Won(0), Known::Firm(0));
    }

    #[test]
    fn a_fault_counts_alone_only_where_everything_else_is_the_same() {
        let mut sightings = Sightings::default();
        let met = |mut done: CaseDone, state: &str| {
            done.choices.push(state.to_owned());
            done
        };
        sightings.add(&met(done(&["a=x"], "400 A", &["400 A"]), "key=there"));
        sightings.add(&done(&["b=y"], "404 B", &["404 B"]));
        sightings.add(&done(&["a=x", "b=y"], "404 B", &["404 B"]));
        assert!(sightings.operations["Put"].pairs().all(|pair| pair.says() == Says::NotSeenAlone));
    }

    #[test]
    fn cases_beyond_the_bound_are_counted() {
        let mut sightings = Sightings { kept: CASES_KEPT_MAX, ..Sightings::default() };
        sightings.add(&done(&["a=x"], "400 A", &["400 A"]));
        assert_eq!((sightings.left_out, sightings.operations.len()), (1, 0));
    }
}
