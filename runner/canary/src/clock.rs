//! Two clocks: the one on the wall, which is set and jumps, and one that only goes on.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since 1970. It may jump either way.
    pub wall_ms: i64,
    /// Since some moment in the life of the process. It never goes back, and may stand still while the machine sleeps.
    pub since: Duration,
}

/// Something that tells the time.
pub trait Clock: Send + Sync {
    /// The moment.
    fn now(&self) -> Now;
}

/// The clocks of the system.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { wall_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX), since: self.start.elapsed() }
    }
}
