//! Counts as real numbers, and back.

/// A count. All here are far below 2^52, up to which this is exact.
#[expect(clippy::cast_precision_loss, reason = "counts and ranks of at most 200,000 pairs, and microseconds")]
pub(crate) const fn real(count: usize) -> f64 {
    count as f64
}

/// Microseconds, or a rank. Exact up to 2^52, which is a century.
#[expect(clippy::cast_precision_loss, reason = "microseconds up to a century are exact")]
pub(crate) const fn real_of(number: u64) -> f64 {
    number as f64
}

/// A number that is not negative, as the nearest whole one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, not negative, and it saturates")]
pub(crate) fn whole(number: f64) -> usize {
    number.round() as usize
}

/// A count, as it is stored.
pub(crate) fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
