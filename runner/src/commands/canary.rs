//! `plumb canary`: features and suites on a clock.

use std::fmt::Write as _;

use plumb_canary::clock::{Clock as _, SystemClock};
use plumb_validator::plugin::Plugin;
use serde_json::json;

use crate::canary::fleet::{Apis, Fleet, Wanted};
use crate::canary::switch::CanarySwitch;
use crate::canary::{daemon, once, self_test};
use crate::cli::{CanaryArgs, CanaryFormat};
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::output::print;

/// The schema of the JSON report.
const SCHEMA: &str = "plumb.canary-check/1";
/// How many due times of each watch `--check` tells.
const DUE_TOLD: usize = 3;

/// Carries the command out.
pub(super) fn canary(plugins: &[Plugin], arguments: &CanaryArgs) -> Result<Exit, Error> {
    let path = arguments.config.as_deref();
    let wanted = Wanted { canaries: arguments.canaries.clone(), targets: arguments.targets.clone() };
    let mut apis = Apis::new(plugins);
    let switch = CanarySwitch::of(&Config::load(path)?)?;
    if arguments.check {
        return check(&Fleet::read(path, &wanted, &mut apis, switch.brake())?, arguments.format);
    }
    if arguments.self_test {
        let fleet = Fleet::read(path, &wanted, &mut apis, switch.brake())?;
        return self_test::run(&fleet, arguments.deliver, arguments.format);
    }
    if arguments.once {
        let fleet = Fleet::read(path, &wanted, &mut apis, switch.brake())?;
        let crew = daemon::crew(fleet.duties)?;
        return once::run(&fleet.plan, &crew, arguments.format);
    }
    daemon::run(path, &wanted, &mut apis, switch)
}

/// Tells what would run, and when.
fn check(fleet: &Fleet, format: CanaryFormat) -> Result<Exit, Error> {
    let now_ms = SystemClock::default().now().wall_ms;
    let mut text = String::new();
    let mut all = Vec::new();
    for (watch, canary) in fleet.plan.watches() {
        let mut due_ms = now_ms;
        let mut next = Vec::new();
        while let Some(next_ms) = canary.cadence.due_after(&watch, due_ms).filter(|_| next.len() < DUE_TOLD) {
            due_ms = next_ms;
            next.push(moment(next_ms));
        }
        let task = fleet.duties.get(&watch).map(|duty| &duty.task);
        let scenarios = task.map_or(0, |task| task.scenarios.len());
        let cases = task.and_then(|task| task.suite.as_ref()).map_or(0, |suite| suite.cases.len());
        let words = canary.cadence.words();
        _ = writeln!(
            text,
            "{watch}  {words}, next {}\n  {scenarios} scenarios, {cases} cases; owner {}; alerts {}",
            next.join(" "),
            canary.owner,
            if canary.alerts.is_empty() { "none".to_owned() } else { canary.alerts.join(", ") }
        );
        all.push(json!({
            "canary": watch.canary, "target": watch.target, "cadence": words, "next": next,
            "scenarios": scenarios, "cases": cases, "owner": canary.owner, "alerts": canary.alerts,
        }));
    }
    match format {
        CanaryFormat::Terminal => print(&text)?,
        CanaryFormat::Json => print(&format!("{:#}\n", json!({ "schema": SCHEMA, "watches": all })))?,
    }
    Ok(Exit::Conforms)
}

fn moment(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| at.to_string())
}
