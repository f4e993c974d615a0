//! The brake: what the kill switch lets pass, asked before every call.
//!
//! Whoever watches the sources of a kill switch hands in what each of them says; where several say something, what any
//! of them keeps back is kept back. docs/kill-switch.md has the table of what may be sent in which state.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A state of the kill switch, from the loosest to the strictest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BrakeState {
    /// Nothing is kept back.
    #[default]
    Runs,
    /// Cases may only read. What a run made is still removed.
    ReadOnly,
    /// What is under way may end, and nothing begins.
    Drain,
    /// Nothing is sent, not even to remove what a run made: the journal keeps it for later.
    Halt,
}

impl BrakeState {
    /// Every state, in order.
    pub const ALL: [Self; 4] = [Self::Runs, Self::ReadOnly, Self::Drain, Self::Halt];

    /// The state in one word: `read-only`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::ReadOnly => "read-only",
            Self::Drain => "drain",
            Self::Halt => "halt",
        }
    }

    /// Whether it lets this pass.
    pub const fn permits(self, deed: Deed) -> bool {
        match self {
            Self::Runs => true,
            Self::ReadOnly => !matches!(deed, Deed::Change),
            Self::Drain => !matches!(deed, Deed::Begin),
            Self::Halt => false,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for BrakeState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl FromStr for BrakeState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|state| state.word() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::word).join(", ");
            format!("{text:?} is no state of the kill switch; there are {known}")
        })
    }
}

/// What somebody is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// A case or a scenario begins.
    Begin,
    /// A case sends a call that only reads.
    Read,
    /// A case sends a call that may change something.
    Change,
    /// A call removes what a run made, or looks for what there is to remove.
    CleanUp,
}

/// What one source of the kill switch says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The state.
    pub state: BrakeState,
    /// Where it is set: `the file /var/lib/plumb/kill-switch`.
    pub source: String,
    /// Who set it, and why, in the words of the source; safe to print.
    pub note: String,
    /// What ends it.
    pub remedy: String,
}

/// Why something was kept back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the kill switch says {state}, by {source_of} ({note}): {remedy}")]
pub struct Held {
    /// The state that keeps it back.
    pub state: BrakeState,
    /// Where it is set.
    pub source_of: String,
    /// Who set it, and why.
    pub note: String,
    /// What ends it.
    pub remedy: String,
}

/// Whether a refusal, in the words of a verdict, is the kill switch's, and not due to what is touched.
pub fn is_for_brake(why: &str) -> bool {
    why.contains("the kill switch says ")
}

/// The brake of a process. Asking it costs one load where nothing is held back.
#[derive(Debug, Default)]
pub struct Brake {
    /// A bit for each state that a source has set.
    states: AtomicU8,
    holds: Mutex<Vec<Hold>>,
    refusals: AtomicU64,
}

impl Brake {
    /// Sets what the sources say from now on.
    pub fn set(&self, holds: Vec<Hold>) {
        let states = holds.iter().fold(0, |all, hold| all | hold.state.bit());
        *self.holds() = holds;
        self.states.store(states, Ordering::SeqCst);
    }

    /// The strictest state that a source says.
    pub fn state(&self) -> BrakeState {
        let states = self.states.load(Ordering::Relaxed);
        BrakeState::ALL.into_iter().rfind(|state| states & state.bit() != 0).unwrap_or_default()
    }

    /// What the source with the strictest state says; none where nothing is kept back.
    pub fn strictest(&self) -> Option<Hold> {
        let state = self.state();
        (state != BrakeState::Runs).then(|| self.holds().iter().find(|hold| hold.state == state).cloned()).flatten()
    }

    /// Whether something may be done now. What may not is not counted: nobody has tried.
    pub fn permits(&self, deed: Deed) -> bool {
        let states = self.states.load(Ordering::Relaxed);
        BrakeState::ALL.into_iter().all(|state| states & state.bit() == 0 || state.permits(deed))
    }

    /// Why something may not be done now.
    pub fn holds_back(&self, deed: Deed) -> Option<Held> {
        if self.permits(deed) {
            return None;
        }
        let holds = self.holds();
        let hold = holds.iter().filter(|hold| !hold.state.permits(deed)).max_by_key(|hold| hold.state)?;
        let Hold { state, source, note, remedy } = hold.clone();
        Some(Held { state, source_of: source, note, remedy })
    }

    /// Lets a call pass, or counts that it was refused.
    pub fn check(&self, deed: Deed) -> Result<(), Held> {
        match self.holds_back(deed) {
            None => Ok(()),
            Some(held) => {
                self.refusals.fetch_add(1, Ordering::Relaxed);
                Err(held)
            }
        }
    }

    /// How many calls were refused so far.
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    fn holds(&self) -> MutexGuard<'_, Vec<Hold>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEEDS: [Deed; 4] = [Deed::Begin, Deed::Read, Deed::Change, Deed::CleanUp];

    fn hold(state: BrakeState) -> Hold {
        let text = |text: &str| format!("{text} of {state}");
        Hold { state, source: text("source"), note: text("note"), remedy: text("remedy") }
    }

    fn check(states: &[BrakeState], permitted: &[Deed]) {
        let brake = Brake::default();
        brake.set(states.iter().copied().map(hold).collect());
        let all: Vec<Deed> = DEEDS.into_iter().filter(|deed| brake.check(*deed).is_ok()).collect();
        assert_eq!(all, permitted, "{states:?}");
        assert_eq!(brake.refusals(), (DEEDS.len() - permitted.len()) as u64);
    }

    #[test]
    fn each_state_keeps_back_what_the_table_says() {
        use BrakeState::{Drain, Halt, ReadOnly, Runs};
        check(&[], &DEEDS);
        check(&[Runs], &DEEDS);
        check(&[ReadOnly], &[Deed::Begin, Deed::Read, Deed::CleanUp]);
        check(&[Drain], &[Deed::Read, Deed::Change, Deed::CleanUp]);
        check(&[Halt], &[]);
    }

    #[test]
    fn what_any_source_keeps_back_is_kept_back() {
        use BrakeState::{Drain, Halt, ReadOnly, Runs};
        check(&[Runs, ReadOnly, Drain], &[Deed::Read, Deed::CleanUp]);
        check(&[Halt, Runs], &[]);
    }

    #[test]
    fn who_is_told_no_learns_by_whom_and_how_it_ends() {
        let brake = Brake::default();
        brake.set(vec![hold(BrakeState::ReadOnly), hold(BrakeState::Drain)]);
        let held = brake.check(Deed::Change).expect_err("changes are kept back").to_string();
        assert_eq!(
            held,
            "the kill switch says read-only, by source of read-only (note of read-only): remedy of read-only"
        );
        assert!(is_for_brake(&held));
        assert_eq!(brake.strictest(), Some(hold(BrakeState::Drain)));
        brake.set(Vec::new());
        assert_eq!((brake.strictest(), brake.check(Deed::Change)), (None, Ok(())));
    }

    #[test]
    fn a_state_is_read_as_it_is_written() {
        for state in BrakeState::ALL {
            assert_eq!(state.word().parse(), Ok(state));
        }
        let error = "stop".parse::<BrakeState>().expect_err("no such state");
        assert!(error.contains("read-only, drain, halt"), "{error}");
    }
}
