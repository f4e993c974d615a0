//! The arithmetic of a config, before anything runs: promises that cannot be measured, and rules that one bad slot would
//! fire or that never fire. Every refusal shows its sum.

use std::time::Duration;

use crate::plan::{Rule, Slo, When};
use crate::slot::Axis;

use super::words::{number, percent, span};

/// The most slots that a rule looks back on.
pub const OF_MAX: u32 = 64;
/// No burn rate is measured over less: slots are counted by the minute.
pub const WINDOW_MIN: Duration = Duration::from_mins(1);
/// Sums that differ by less are equal: 1 - 0.999 is not 0.001 in binary.
const CLOSE: f64 = 1e-9;

/// Why a promise or a rule cannot be as it is written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SumError {
    /// A share that is none.
    #[error(
        "the {what} promises {}, which is no share that can be promised: it must lie above 0 % and below 100 %, so that \
         some budget for errors is left", percent(*.share)
    )]
    Share {
        /// Of what it is promised.
        what: &'static str,
        /// The share.
        share: f64,
    },
    /// A window is empty, or shorter than anything that is counted.
    #[error("the {what} of {} is shorter than {}, and nothing is counted finer", span(*.window), span(*.least))]
    Window {
        /// Which window.
        what: &'static str,
        /// How long it is.
        window: Duration,
        /// How long it must be.
        least: Duration,
    },
    /// One bad slot overspends the whole budget.
    #[error(
        "1 bad slot of the {} in {} is {}, and the budget for {what} is {} ({} promised): one bad slot overspends it, so \
         that the promise cannot be measured", number(*.slots), span(*.window), percent(1.0 / .slots),
        percent(1.0 - .objective), percent(*.objective)
    )]
    TooFewSlots {
        /// Of what it is promised.
        what: &'static str,
        /// Slots in the window.
        slots: f64,
        /// The window.
        window: Duration,
        /// What is promised.
        objective: f64,
    },
    /// One bad slot fires a burn-rate alert.
    #[error(
        "1 bad slot of the {} in {} is {}, which is {} times the budget of {}, and of the {} in {} it is {}, which is {} \
         times; the alert fires at {} times: one slot would fire it", number(.slots.0), span(.windows.0),
        percent(1.0 / .slots.0), number(1.0 / .slots.0 / .budget), percent(*.budget), number(.slots.1),
        span(.windows.1), percent(1.0 / .slots.1), number(1.0 / .slots.1 / .budget), number(*.factor)
    )]
    OneSlotFires {
        /// Slots in the short and in the long window.
        slots: (f64, f64),
        /// The short and the long window.
        windows: (Duration, Duration),
        /// The share of bad slots that is allowed.
        budget: f64,
        /// When it fires.
        factor: f64,
    },
    /// A burn rate that cannot be reached.
    #[error(
        "{} times the budget of {} is {} of all slots: more than all of them cannot be bad, and the alert never fires",
        number(*.factor), percent(*.budget), percent(.factor * .budget)
    )]
    NeverFires {
        /// When it fires.
        factor: f64,
        /// The share of bad slots that is allowed.
        budget: f64,
    },
    /// A burn rate that is no number above zero.
    #[error("a budget cannot burn {factor} times as fast as it may: the factor must be a number above 0")]
    Factor {
        /// What was written.
        factor: f64,
    },
    /// The short window is not the shorter one.
    #[error("the short window of {} is not shorter than the long one of {}", span(*.short), span(*.long))]
    NotShorter {
        /// The short window.
        short: Duration,
        /// The long window.
        long: Duration,
    },
    /// A window of a rule is longer than that of the SLO.
    #[error("the window of {} is longer than that of the SLO, {}, and nothing is kept for longer", span(*.over), span(*.slo))]
    BeyondSlo {
        /// The window of the rule.
        over: Duration,
        /// That of the SLO.
        slo: Duration,
    },
    /// Nothing is promised of what the rule looks at.
    #[error("the rule looks at {what}, of which the SLO promises nothing")]
    NoPromise {
        /// At what.
        what: &'static str,
    },
    /// A count of slots that cannot be met, or always is.
    #[error(
        "{bad} bad slots of the last {of} cannot be counted: it must be at least 1 of at most {OF_MAX}, and no more than all"
    )]
    Count {
        /// Bad ones.
        bad: u32,
        /// Of so many.
        of: u32,
    },
    /// A rule that is over before it began.
    #[error("a rule that ends after 0 good slots in a row is over before it began")]
    EndsAtOnce,
    /// Too few exchanges to say anything of a share.
    #[error(
        "1 slow exchange of {exchanges} is {}, and {} may be slow: from fewer than {} exchanges one slow one fires it",
        percent(1.0 / f64::from((*.exchanges).max(1))), percent(1.0 - .share), least(*.share)
    )]
    TooFewExchanges {
        /// The fewest that the rule asks for.
        exchanges: u32,
        /// The share that must be fast.
        share: f64,
    },
    /// No slot is due in the time in which none may be missed.
    #[error("{} slots are due in {}: where none is due, nothing can be counted or missed", number(*.slots), span(*.over))]
    NothingDue {
        /// Slots that are due.
        slots: f64,
        /// The time.
        over: Duration,
    },
}

impl SumError {
    /// What to write instead.
    pub fn remedy(&self) -> String {
        match self {
            Self::Share { .. } => "promise what can be kept and missed, such as 99.9 %".to_owned(),
            Self::Window { least, .. } => format!("use at least {}", span(*least)),
            Self::TooFewSlots { slots, window, objective, .. } => {
                let needed = stretched(*window, *slots, 1.0 / (1.0 - objective));
                let most = percent(1.0 - 1.0 / slots.max(1.0));
                format!("use a longer window (at least {}), slots more often, or promise at most {most}", span(needed))
            }
            Self::OneSlotFires { slots, windows, budget, factor } => {
                let needed = stretched(windows.1, slots.1, (1.0 / (factor * budget) + CLOSE).floor() + 1.0);
                format!("use a longer long window (at least {}), or slots more often", span(needed))
            }
            Self::NeverFires { budget, .. } => format!("use a factor of at most {}", number(1.0 / budget)),
            Self::Factor { .. } => "use 14.4, which spends 2 % of a budget of 30d in 1h".to_owned(),
            Self::NotShorter { long, .. } => format!("use {}, a twelfth of the long one", span(*long / 12)),
            Self::BeyondSlo { slo, .. } => format!("use at most {}, or a longer window for the SLO", span(*slo)),
            Self::NoPromise { what } => format!("promise something of {what} in the SLO, or leave the rule out here"),
            Self::Count { .. } => "use 3 of 5".to_owned(),
            Self::EndsAtOnce => "use at least 1".to_owned(),
            Self::TooFewExchanges { share, .. } => format!("ask for at least {} exchanges", least(*share)),
            Self::NothingDue { slots, over } if *slots > 0.0 => {
                format!("use at least {}", span(stretched(*over, *slots, 1.0)))
            }
            Self::NothingDue { .. } => "use a longer time, or slots that are due within it".to_owned(),
        }
    }
}

/// Whether what is promised can be measured, with so many `slots` in the window of the SLO.
pub fn slo(slo: &Slo, slots: f64) -> Result<(), SumError> {
    if slo.window < WINDOW_MIN {
        return Err(SumError::Window { what: "window of the SLO", window: slo.window, least: WINDOW_MIN });
    }
    if slots < 1.0 - CLOSE {
        return Err(SumError::NothingDue { slots, over: slo.window });
    }
    for axis in Axis::ALL {
        let Some(objective) = slo.objective(axis) else { continue };
        share(axis.word(), objective)?;
        if slots * (1.0 - objective) < 1.0 - CLOSE {
            return Err(SumError::TooFewSlots { what: axis.word(), slots, window: slo.window, objective });
        }
    }
    slo.latency.map_or(Ok(()), |own| share("latency", own.share))
}

/// Whether a rule can say what it is there to say of a canary with this SLO; `slots_in` tells how many slots a window
/// has room for.
pub fn rule(rule: &Rule, slo: &Slo, slots_in: impl Fn(Duration) -> f64) -> Result<(), SumError> {
    match rule.when {
        When::Slots { bad, of, .. } => count(bad, of, rule.resolve_after),
        When::BurnRate { axis, factor, long, short } => {
            let objective = slo.objective(axis).ok_or(SumError::NoPromise { what: axis.word() })?;
            share(axis.word(), objective)?;
            windows(short, long, slo.window)?;
            burn_rate(factor, 1.0 - objective, (slots_in(short), slots_in(long)), (short, long))
        }
        When::Latency { over, exchanges_min } => {
            let latency = slo.latency.ok_or(SumError::NoPromise { what: "latency" })?;
            share("latency", latency.share)?;
            window("window of the rule", over, slo.window)?;
            exchanges(exchanges_min, latency.share)
        }
        When::AllMissed { over } => {
            let slots = slots_in(over);
            if slots < 1.0 - CLOSE { Err(SumError::NothingDue { slots, over }) } else { Ok(()) }
        }
    }
}

fn share(what: &'static str, share: f64) -> Result<(), SumError> {
    // Written so that what is not a number is refused.
    if share > 0.0 && share < 1.0 { Ok(()) } else { Err(SumError::Share { what, share }) }
}

const fn count(bad: u32, of: u32, resolve_after: u32) -> Result<(), SumError> {
    if bad == 0 || bad > of || of > OF_MAX {
        return Err(SumError::Count { bad, of });
    }
    if resolve_after == 0 { Err(SumError::EndsAtOnce) } else { Ok(()) }
}

fn windows(short: Duration, long: Duration, slo: Duration) -> Result<(), SumError> {
    if short >= long {
        return Err(SumError::NotShorter { short, long });
    }
    window("short window", short, slo)?;
    window("long window", long, slo)
}

fn window(what: &'static str, over: Duration, slo: Duration) -> Result<(), SumError> {
    if over < WINDOW_MIN {
        return Err(SumError::Window { what, window: over, least: WINDOW_MIN });
    }
    if over > slo { Err(SumError::BeyondSlo { over, slo }) } else { Ok(()) }
}

fn burn_rate(factor: f64, budget: f64, slots: (f64, f64), windows: (Duration, Duration)) -> Result<(), SumError> {
    if !factor.is_finite() || factor <= 0.0 {
        return Err(SumError::Factor { factor });
    }
    let threshold = factor * budget;
    if threshold > 1.0 + CLOSE {
        return Err(SumError::NeverFires { factor, budget });
    }
    let fires = |slots: f64| slots * threshold <= 1.0 + CLOSE;
    if fires(slots.0) && fires(slots.1) {
        return Err(SumError::OneSlotFires { slots, windows, budget, factor });
    }
    Ok(())
}

fn exchanges(exchanges: u32, share: f64) -> Result<(), SumError> {
    let sum = f64::from(exchanges) * (1.0 - share);
    if exchanges == 0 || sum < 1.0 - CLOSE { Err(SumError::TooFewExchanges { exchanges, share }) } else { Ok(()) }
}

/// The fewest exchanges of which one is no more than may be slow.
fn least(share: f64) -> String {
    number((1.0 / (1.0 - share) - CLOSE).ceil())
}

/// How long a window must be for `wanted` slots, where `window` has room for `slots`; in whole minutes.
fn stretched(window: Duration, slots: f64, wanted: f64) -> Duration {
    let minutes = window.as_secs_f64() / 60.0 * wanted / slots;
    Duration::try_from_secs_f64((minutes - CLOSE.sqrt()).ceil() * 60.0).unwrap_or(Duration::MAX)
}
