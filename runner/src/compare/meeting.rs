//! Workers that wait for one another, so that all of them are busy with the same target.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::engine::lock;

/// A point at which workers wait for one another. Unlike a barrier of fixed size it goes on with those who are
/// left when one has ended, even by a panic.
#[derive(Debug)]
pub(super) struct Meeting {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    members: usize,
    waiting: usize,
    round: u64,
}

impl State {
    /// Begins the next round where everybody is there.
    const fn go_on(&mut self) -> bool {
        let complete = self.waiting >= self.members;
        if complete {
            self.waiting = 0;
            self.round += 1;
        }
        complete
    }
}

impl Meeting {
    /// A meeting of so many.
    pub(super) fn new(members: usize) -> Self {
        Self { state: Mutex::new(State { members, waiting: 0, round: 0 }), changed: Condvar::new() }
    }

    /// One of those it was made for; it leaves when it is dropped.
    pub(super) const fn member(&self) -> Member<'_> {
        Member { meeting: self }
    }
}

/// One who takes part.
pub(super) struct Member<'m> {
    meeting: &'m Meeting,
}

impl Member<'_> {
    /// Waits until everybody else waits too, or has left.
    pub(super) fn wait(&self) {
        let mut state = lock(&self.meeting.state);
        state.waiting += 1;
        if state.go_on() {
            self.meeting.changed.notify_all();
            return;
        }
        let round = state.round;
        while state.round == round {
            state = self.meeting.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.meeting.state);
        state.members = state.members.saturating_sub(1);
        if state.go_on() {
            self.meeting.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn nobody_is_a_round_ahead_and_who_leaves_is_not_waited_for() {
        const MEMBERS: usize = 4;
        let (meeting, rounds) = (Meeting::new(MEMBERS), [const { AtomicUsize::new(0) }; MEMBERS]);
        std::thread::scope(|scope| {
            for own in 0..MEMBERS {
                let (member, rounds) = (meeting.member(), &rounds);
                scope.spawn(move || {
                    // Each leaves after another number of rounds.
                    for round in 0..10 * (own + 1) {
                        member.wait();
                        let others = rounds.iter().enumerate().map(|(of, done)| (of, done.load(Ordering::SeqCst)));
                        for (of, done) in others.filter(|(of, _)| *of >= own) {
                            assert!(done == round || done == round + 1, "{of} is at {done}, {own} at {round}");
                        }
                        rounds[own].fetch_add(1, Ordering::SeqCst);
                        member.wait();
                    }
                });
            }
        });
        assert_eq!(rounds.map(AtomicUsize::into_inner), [10, 20, 30, 40]);
    }
}
