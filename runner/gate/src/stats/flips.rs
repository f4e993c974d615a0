//! How often chance gives as high a sum: were both sides the same, the sign of each block would be the toss of a coin.
//!
//! This is exact, whatever the scores are distributed like, as long as the two sides of a block could as well have been
//! exchanged. With pairs for blocks and failures for scores it is the exact test of `McNemar`.

use statrs::function::factorial::ln_binomial;

use super::numbers::{count, real, whole};

/// Sums are counted on a grid of so many steps at most. Scores that are whole numbers, and not more in sum, are exact.
pub const GRID: usize = 4_096;

/// What the flips say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flipped {
    /// How often chance gives as high a sum, or a higher one.
    pub p: f64,
    /// How often it would have, had all signs been the candidate's: with few blocks nothing is beyond chance.
    pub p_min: f64,
}

/// Of all ways to choose the signs of these sums, the share that gives as high a total.
///
/// Whichever sums change their sign, the total becomes no lower exactly where theirs was not above zero. So this counts
/// the subsets of the sums whose total is at most zero; with any sum raised there are fewer of them.
pub fn flipped(sums: &[f64]) -> Flipped {
    let total: f64 = sums.iter().map(|sum| sum.abs()).sum();
    let is_whole = sums.iter().all(|sum| sum.fract() == 0.0) && total <= real(GRID);
    let unit = if is_whole { 1.0 } else { total / real(GRID) };
    let steps: Vec<(usize, bool)> =
        sums.iter().map(|sum| (whole(sum.abs() / unit), *sum > 0.0)).filter(|(size, _)| *size > 0).collect();
    if total == 0.0 || steps.is_empty() {
        return Flipped { p: 1.0, p_min: 1.0 };
    }
    let wanted: usize = steps.iter().filter(|(_, is_candidate)| *is_candidate).map(|(size, _)| size).sum();
    let sizes: Vec<usize> = steps.iter().map(|(size, _)| *size).collect();
    let p = chosen(&sizes)[wanted..].iter().sum::<f64>();
    Flipped { p: p.min(1.0), p_min: 0.5_f64.powi(i32::try_from(sizes.len()).unwrap_or(i32::MAX)) }
}

/// The probability of each total, where every size is chosen or not by the toss of a coin.
fn chosen(sizes: &[usize]) -> Vec<f64> {
    let mut all = vec![0.0; sizes.iter().sum::<usize>() + 1];
    all[0] = 1.0;
    let mut reach = 0;
    for size in sizes {
        reach += size;
        for total in (0..=reach).rev() {
            let with = if total >= *size { all[total - size] } else { 0.0 };
            all[total] = f64::midpoint(all[total], with);
        }
    }
    all
}

/// How often a coin that is tossed `tosses` times shows heads `heads` times or more.
pub fn heads_at_least(heads: usize, tosses: usize) -> f64 {
    if heads > tosses {
        return 0.0;
    }
    // Summed from the nearer end, where no term is too small to be one.
    if 2 * heads <= tosses {
        return 1.0 - heads_at_least(tosses - heads + 1, tosses);
    }
    let mut term = (ln_binomial(count(tosses), count(heads)) - real(tosses) * std::f64::consts::LN_2).exp();
    let mut sum = 0.0;
    for at in heads..=tosses {
        sum += term;
        term *= real(tosses - at) / real(at + 1);
    }
    sum.min(1.0)
}
