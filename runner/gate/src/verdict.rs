//! What a gate may say, and how one check after another adds up to it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a gate says. There is no other way to pass than [`Verdict::Pass`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every check passed, and there was at least one.
    Pass,
    /// A check failed: something was seen that must not be.
    Fail,
    /// Nothing failed, and a check could say nothing.
    Inconclusive,
    /// It did not pass, and somebody answers for going on all the same.
    Overridden,
}

impl Verdict {
    /// The word for it, as in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Overridden => "overridden",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// What one check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// What was looked for is so.
    Pass,
    /// It is not so.
    Fail,
    /// That cannot be told.
    Inconclusive,
}

impl Said {
    /// The word for it, as in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// What all of them say together: one that fails decides, then one that is unclear; and none at all is unclear.
pub fn sum(all: impl IntoIterator<Item = Said>) -> Verdict {
    let worst = all.into_iter().max_by_key(|said| match said {
        Said::Pass => 0,
        Said::Inconclusive => 1,
        Said::Fail => 2,
    });
    match worst {
        Some(Said::Pass) => Verdict::Pass,
        Some(Said::Fail) => Verdict::Fail,
        Some(Said::Inconclusive) | None => Verdict::Inconclusive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_passes_by_accident() {
        use Said::{Fail, Inconclusive, Pass};
        for (all, wanted) in [
            (&[][..], Verdict::Inconclusive),
            (&[Pass], Verdict::Pass),
            (&[Pass, Pass], Verdict::Pass),
            (&[Pass, Inconclusive], Verdict::Inconclusive),
            (&[Inconclusive, Pass], Verdict::Inconclusive),
            (&[Inconclusive, Fail, Pass], Verdict::Fail),
            (&[Fail], Verdict::Fail),
        ] {
            assert_eq!(sum(all.iter().copied()), wanted, "{all:?}");
        }
    }
}
