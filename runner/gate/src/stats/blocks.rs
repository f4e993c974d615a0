//! Calls next to each other are not independent: they are added up in blocks that are.

use super::numbers::real;

/// How many pairs a block has, as long as there are enough of them. A slow phase that is not much longer than that counts
/// as one event, however many calls it hits.
pub const BLOCK_PAIRS: usize = 50;

/// With fewer blocks than that they are made smaller: with few of them no difference is more than chance.
pub const BLOCKS_MIN: usize = 20;

/// With more blocks than that they are made larger, as there is nothing to be gained from more, and the longer a block
/// the longer a slow phase may be.
pub const BLOCKS_MAX: usize = 64;

/// How many blocks so many pairs are cut into.
pub fn blocks(pairs: usize) -> usize {
    (pairs / BLOCK_PAIRS).clamp(BLOCKS_MIN, BLOCKS_MAX).min(pairs)
}

/// The sums of scores that follow each other, by blocks of equal length, give or take one.
pub fn sums(scores: &[f64]) -> Vec<f64> {
    let blocks = blocks(scores.len());
    let edge = |block: usize| block * scores.len() / blocks;
    (0..blocks).map(|block| scores[edge(block)..edge(block + 1)].iter().sum()).collect()
}

/// Whether those who were asked first are few or many: then being asked first, not the build, may make the difference.
pub fn is_lopsided(first: usize, pairs: usize) -> bool {
    let lead = real(first.abs_diff(pairs - first.min(pairs)));
    lead > (LOPSIDED_SHARE * real(pairs)).max(LOPSIDED_PAIRS)
}

/// By which share of the pairs one may have been asked first more often than the other.
pub const LOPSIDED_SHARE: f64 = 0.1;

/// By how many pairs one may always have been asked first more often than the other.
pub const LOPSIDED_PAIRS: f64 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_every_pair_once() {
        for pairs in [0, 1, 7, 19, 20, 21, 999, 1_000, 2_000, 2_001, 10_000] {
            let scores = vec![1.0; pairs];
            let sums = sums(&scores);
            assert!((sums.iter().sum::<f64>() - real(pairs)).abs() < 1e-9, "{pairs}");
            assert!(sums.iter().all(|sum| *sum >= 1.0), "{pairs}: no block is empty");
            assert!(sums.len() <= BLOCKS_MAX, "{pairs}");
        }
    }

    #[test]
    fn whoever_is_always_asked_first_is_noticed() {
        for (first, pairs, wanted) in [
            (0, 0, false),
            (1, 1, false),
            (50, 100, false),
            (45, 100, false),
            (44, 100, true),
            (100, 100, true),
            (0, 100, true),
        ] {
            assert_eq!(is_lopsided(first, pairs), wanted, "{first} of {pairs}");
        }
    }
}
