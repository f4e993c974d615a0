//! Whoever looks at twenty numbers finds one that chance gives once in twenty times.
//!
//! Bonferroni's correction, as Tarone improved it: a number that could not have been beyond chance whatever the calls had
//! shown (two failures, say) could not give a false alarm either, and is not corrected for.

/// One number that was looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// How much of the false alarms that are allowed it may give, as against the others.
    pub weight: u32,
    /// The least p that it could have had.
    pub p_min: f64,
}

/// How much is corrected for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    alpha: f64,
    total: u32,
}

impl Level {
    /// The weights that are corrected for, added up.
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// How often chance would have given as low a p in any of the numbers.
    pub fn corrected(&self, p: f64, weight: u32) -> f64 {
        (p * f64::from(self.total) / f64::from(weight.max(1))).min(1.0)
    }

    /// Whether that is beyond chance.
    pub fn is_beyond_chance(&self, p: f64, weight: u32) -> bool {
        self.corrected(p, weight) <= self.alpha
    }
}

/// The least that must be corrected for: no more than what could have been beyond chance after it.
pub fn level(tested: &[Tested], alpha: f64) -> Level {
    let could = |total: u32| -> u32 {
        let level = Level { alpha, total };
        let able = tested.iter().filter(|own| level.is_beyond_chance(own.p_min, own.weight));
        able.map(|own| own.weight).fold(0, u32::saturating_add)
    };
    let all = tested.iter().map(|own| own.weight).fold(0, u32::saturating_add).max(1);
    Level { alpha, total: (1..all).find(|total| could(*total) <= *total).unwrap_or(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(p_min: &[f64], wanted: u32) {
        let tested: Vec<Tested> = p_min.iter().map(|p_min| Tested { weight: 1, p_min: *p_min }).collect();
        assert_eq!(level(&tested, 0.01).total(), wanted, "{p_min:?}");
    }

    #[test]
    fn what_could_not_be_beyond_chance_is_not_corrected_for() {
        check(&[], 1);
        check(&[1.0], 1);
        check(&[1e-9; 20], 20);
        check(&[1e-9, 1e-9, 1.0, 0.5, 0.25], 2);
        // Among two the third could be beyond chance, at 0.005: then there are three. Where it could not, there are two.
        check(&[1e-9, 1e-9, 0.004], 3);
        check(&[1e-9, 1e-9, 0.006], 2);
    }

    #[test]
    fn weights_share_what_is_allowed() {
        let tested =
            [Tested { weight: 3, p_min: 0.0 }, Tested { weight: 1, p_min: 0.0 }, Tested { weight: 2, p_min: 1.0 }];
        let level = level(&tested, 0.01);
        assert_eq!(level.total(), 4);
        assert!(level.is_beyond_chance(0.0075, 3) && !level.is_beyond_chance(0.0076, 3));
        assert!(level.is_beyond_chance(0.0025, 1) && !level.is_beyond_chance(0.0026, 1));
        assert!((level.corrected(0.5, 1) - 1.0).abs() < f64::EPSILON, "no probability is above one");
    }
}
