//! Three passes over the same cases, interleaved.

use plumb_validator::case_run::CaseRun;
use serde::Serialize;

use crate::compare::rounds::Round;

/// One of the three passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pass {
    /// Against the first target.
    A,
    /// Against the first target once more, or against a second instance of it.
    Again,
    /// Against the other target.
    B,
}

impl Pass {
    /// All of them, in the order in which everything about them is kept.
    pub const ALL: [Self; 3] = [Self::A, Self::Again, Self::B];

    /// As it is called in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Again => "A'",
            Self::B => "B",
        }
    }
}

/// The orders in which one case after another is run. Each is followed by its reverse, so that any two of
/// the passes stand as in ABBA and whatever grows or shrinks steadily weighs the same on both; and after six cases
/// each pass has been first, second and last equally often.
pub const ORDERS: [[usize; 3]; 6] = {
    const A: usize = Pass::A as usize;
    const B: usize = Pass::B as usize;
    #[expect(non_upper_case_globals, reason = "as the pass is called")]
    const Again: usize = Pass::Again as usize;
    [[A, B, Again], [Again, B, A], [B, Again, A], [A, Again, B], [Again, A, B], [B, A, Again]]
};

/// A case that is over against all three.
pub type Triple = Round<3>;

impl Triple {
    /// What it came to in one pass.
    pub const fn run(&self, pass: Pass) -> &CaseRun {
        &self.runs[pass as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_passes_stand_as_in_abba_and_each_place_is_held_equally_often() {
        for pair in ORDERS.chunks(2) {
            let mirrored: Vec<usize> = pair[1].into_iter().rev().collect();
            assert_eq!(pair[0].to_vec(), mirrored);
        }
        for place in 0..3 {
            for pass in Pass::ALL.map(|pass| pass as usize) {
                assert_eq!(ORDERS.iter().filter(|order| order[place] == pass).count(), 2, "{pass} at {place}");
            }
        }
    }
}
