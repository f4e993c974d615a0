//! Plans: which exchanges are spoilt, and how.

use plumb_model::http::{Request, Response};
use rand::RngExt as _;

use crate::draw::draw;
use crate::mutation::Mutation;

/// Which exchanges are spoilt. Every choice is a function of the seed, the number of the request and its method.
///
/// A fault that must be decided before forwarding (a dropped or lost write) is asked before one that acts
/// on the answer; among each kind the first of the list that applies wins.
#[derive(Debug, Clone)]
pub enum Plan {
    /// Forward everything as it is.
    Honest,
    /// Spoil answers with one mutation.
    Mutate {
        /// What is done to the answer.
        mutation: Mutation,
        /// Which answers it is done to.
        when: When,
        /// Draws the exchanges and the place in the answer.
        seed: u64,
    },
    /// Close the connection instead of answering every n-th write.
    DropAnswers {
        /// Which write of each row is dropped: 3 drops the third, the sixth and so on; 0 drops none.
        every: u64,
        /// The methods that count as writes.
        methods: Vec<&'static str>,
        /// Which of the dropped writes the upstream still gets.
        executed: Executed,
        /// Draws which half is executed.
        seed: u64,
    },
    /// Acknowledge one write without forwarding it.
    LoseWrite {
        /// Which write, counted from 1: that one, or the first after it that can be faked.
        nth: u64,
        /// The methods that count as writes.
        methods: Vec<&'static str>,
        /// Makes the acknowledgement.
        fake: Fake,
    },
    /// Several plans: the first that applies wins.
    First(Vec<Plan>),
}

impl Plan {
    /// The plan as a flat list of rules in order.
    pub(crate) fn rules(self) -> Vec<Self> {
        match self {
            Self::First(plans) => plans.into_iter().flat_map(Self::rules).collect(),
            Self::Honest => Vec::new(),
            rule => vec![rule],
        }
    }
}

/// Which of the dropped writes reach the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executed {
    /// All: each takes effect, though nobody hears of it.
    All,
    /// One of each successive two, drawn.
    Half,
    /// None.
    Never,
}

impl Executed {
    /// Whether the drop with this index, counted from 0, is forwarded.
    pub(crate) fn forwards(self, seed: u64, index: u64) -> bool {
        let first_of_pair = || draw(seed, index / 2, "drop").random::<bool>();
        match self {
            Self::All => true,
            Self::Half => index.is_multiple_of(2) == first_of_pair(),
            Self::Never => false,
        }
    }
}

/// Which answers a mutation is done to.
#[derive(Debug, Clone, Copy)]
pub struct When {
    /// One request of each successive `every` is chosen, at a drawn place; 0 chooses none.
    pub every: u32,
    /// Whether a chosen exchange with this method and status is spoilt.
    pub matching: fn(&str, u16) -> bool,
}

impl When {
    /// One request of each successive `every`, whatever its method and status.
    pub fn every(every: u32) -> Self {
        Self { every, matching: |_, _| true }
    }

    /// Each exchange with a method and a status that `matching` accepts.
    pub fn matching(matching: fn(&str, u16) -> bool) -> Self {
        Self { every: 1, matching }
    }

    /// Whether the request with this number, counted from 1, is chosen.
    pub(crate) fn chooses(self, seed: u64, sequence: u64) -> bool {
        let every = u64::from(self.every);
        let Some(row) = sequence.saturating_sub(1).checked_div(every) else { return false };
        (sequence - 1) % every == draw(seed, row, "every").random_range(0..every)
    }
}

/// Makes the acknowledgement of a write that is lost, from the request and the latest successful answer
/// to the same method; `None` where this request has no answer that can be faked.
#[derive(Debug, Clone, Copy)]
pub struct Fake(pub fn(&Request, Option<&Response>) -> Option<Response>);

impl Fake {
    /// Answers as the write before was answered.
    pub fn as_before() -> Self {
        Self(|_, earlier| earlier.cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_each_row_is_chosen() {
        for every in [1_u32, 2, 3, 7] {
            let when = When::every(every);
            for row in 0..50 {
                let numbers = (1..=u64::from(every)).map(|place| row * u64::from(every) + place);
                assert_eq!(numbers.filter(|number| when.chooses(11, *number)).count(), 1, "row {row} of {every}");
            }
        }
        assert!((1..100).all(|number| !When::every(0).chooses(1, number)));
    }

    #[test]
    fn half_of_the_drops_are_executed() {
        for seed in 0..20 {
            assert_eq!((0..40).filter(|index| Executed::Half.forwards(seed, *index)).count(), 20);
        }
    }

    #[test]
    fn rules_are_flat_and_in_order() {
        let lose = |nth| Plan::LoseWrite { nth, methods: vec!["PUT"], fake: Fake::as_before() };
        let plan = Plan::First(vec![lose(1), Plan::First(vec![Plan::Honest, lose(2)]), lose(3)]);
        let numbers: Vec<_> = plan
            .rules()
            .iter()
            .map(|rule| match rule {
                Plan::LoseWrite { nth, .. } => *nth,
                _ => 0,
            })
            .collect();
        assert_eq!(numbers, [1, 2, 3]);
    }
}
