//! How long to wait before the next try: longer each time, and never all at once.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// The pause after the first try that failed.
pub const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// No pause is longer.
pub const PAUSE_MAX: Duration = Duration::from_mins(5);

/// The pause after so many `tries`: twice as long each time, and between half of that and all of it, by a hash of the
/// seed and the receiver.
pub(super) fn pause(seed: u64, receiver: &str, tries: u32) -> Duration {
    let doubled = PAUSE_FIRST.saturating_mul(1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX));
    let hash = Sha256::new()
        .chain_update(seed.to_be_bytes())
        .chain_update(tries.to_be_bytes())
        .chain_update(receiver)
        .finalize();
    let part = f64::from(u16::from_be_bytes([hash[0], hash[1]])) / f64::from(u16::MAX);
    doubled.min(PAUSE_MAX).mul_f64(f64::midpoint(1.0, part))
}
