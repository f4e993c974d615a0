//! `plumb ledger`: what became of slots, a line of JSON for each.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use plumb_canary::clock::{Clock as _, SystemClock};
use plumb_canary::store;

use crate::cli::LedgerArgs;
use crate::config::Config;
use crate::error::{Error, Exit};

const DAY_MS: i64 = 24 * 3_600_000;

/// Carries the command out.
pub(super) fn ledger(arguments: &LedgerArgs) -> Result<Exit, Error> {
    let config = Config::load(arguments.config.as_deref())?;
    let now_ms = SystemClock::default().now().wall_ms;
    let plan = config.sections().plan(&config.target_names(), now_ms).map_err(|mistake| config.mistake(&mistake))?;
    let until_ms = arguments.until.as_deref().map_or(Ok(now_ms), |text| moment(text, "--until"))?;
    let from_ms = arguments.from.as_deref().map_or(Ok(until_ms - DAY_MS), |text| moment(text, "--from"))?;
    if from_ms >= until_ms {
        return Err(Error::usage(
            "the time ends before it begins",
            "--from is the first moment, --until the first after it",
        ));
    }
    let folder = plan.agent.state.join("store");
    let failed = |error: &dyn std::fmt::Display| {
        Error::usage(format!("failed to {error}"), format!("is {} the store of a daemon?", folder.display()))
    };
    let mut out = std::io::stdout().lock();
    let rows = store::export(&folder, from_ms, until_ms, &mut out).map_err(|error| failed(&error))?;
    Ok(if rows == 0 { Exit::Inconclusive } else { Exit::Conforms })
}

/// A day, or a moment.
fn moment(text: &str, option: &str) -> Result<i64, Error> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    text.parse::<Timestamp>().ok().or_else(day).map(Timestamp::as_millisecond).ok_or_else(|| {
        Error::usage(
            format!("{option} {text:?} is no time"),
            "write a day, 2026-11-21, or a moment, 2026-11-21T18:00:00Z",
        )
    })
}
