//! Whether a thread gets the time that it needs: an agent that is starved must not blame the target.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How often a thread looks.
const EVERY: Duration = Duration::from_millis(250);
/// So late, and the thread was starved: more than any healthy scheduler does to it, less than any timeout.
const STARVED: Duration = Duration::from_secs(1);
/// How many late looks are kept.
const KEPT_MAX: usize = 64;

/// The times at which a thread came much too late.
#[derive(Debug, Clone, Default)]
pub(super) struct Lag(Rc<RefCell<VecDeque<(Instant, Duration)>>>);

impl Lag {
    /// Watches the thread of the current runtime as long as that lives.
    pub(super) fn watch() -> Self {
        let lag = Self::default();
        let own = lag.clone();
        tokio::task::spawn_local(async move {
            loop {
                let due = Instant::now() + EVERY;
                tokio::time::sleep_until(due.into()).await;
                own.note(Instant::now(), due);
            }
        });
        lag
    }

    fn note(&self, now: Instant, due: Instant) {
        let late = now.saturating_duration_since(due);
        if late >= STARVED {
            let mut seen = self.0.borrow_mut();
            if seen.len() == KEPT_MAX {
                seen.pop_front();
            }
            seen.push_back((now, late));
        }
    }

    /// By how much the thread came too late since `begun`, where it did.
    pub(super) fn since(&self, begun: Instant) -> Option<Duration> {
        self.0.borrow().iter().filter(|(at, _)| *at >= begun).map(|(_, late)| *late).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_much_too_late_since_then_counts() {
        let (lag, begun) = (Lag::default(), Instant::now());
        lag.note(begun + STARVED / 2, begun);
        assert_eq!(lag.since(begun), None);
        lag.note(begun + STARVED * 2, begun);
        assert_eq!(lag.since(begun), Some(STARVED * 2));
        assert_eq!(lag.since(begun + STARVED * 3), None);
    }
}
