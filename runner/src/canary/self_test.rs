//! `plumb canary --self-test`: a fault is planted between this machine and each target, and every alert has to fire, to
//! clear, and to be told.
//!
//! What is real: the slots and what they send, the rules, the delivery. What is not: the clock, which steps from one due
//! time to the next, and, unless somebody asks for more, the receivers. A `forwarder` between slots and target refuses,
//! swallows or delays connections; a `lie` alters answers, because TLS lets nobody else do so. A `script` plays one
//! watch, a `proof` is one rule in its test, and the `report` says what was shown. Nothing is written where a daemon
//! keeps its state, so that one may run at the same time.

mod bound;
mod forwarder;
mod lie;
mod plant;
mod proof;
mod report;
mod script;
mod told;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use plumb_canary::clock::{Clock as _, SystemClock};
use plumb_canary::plan::{Canary, Plan};
use plumb_canary::slot::Watch;
use tokio::sync::Semaphore;

use crate::canary::crew::Duties;
use crate::canary::daemon;
use crate::canary::duty::Duty;
use crate::canary::fleet::Fleet;
use crate::canary::seen::Wires;
use crate::cli::CanaryFormat;
use crate::error::{Error, Exit};
use crate::output::print;
use crate::run::stop_on_ctrl_c;

use self::forwarder::Forwarder;
pub(super) use self::lie::{Lie, Planted};
use self::report::Report;
use self::script::{Played, Stage};
use self::told::Teller;

/// How many watches are put to the test at once: the others wait, because a target under test is nobody's load test.
const WATCHES_MAX: usize = 4;
/// The threads that forward, tell and hear.
const SERVICE_THREADS: usize = 2;

/// A watch with what stands before its target.
type Standing = (Watch, Canary, Forwarder, Arc<Lie>, Arc<Duty>);

/// Puts every alert of the fleet to the test, and reports.
///
/// # Errors
/// Where nothing can be tested at all: no port, no folder for what is thrown away.
pub fn run(fleet: &Fleet, delivers: bool, format: CanaryFormat) -> Result<Exit, Error> {
    let folder = tempfile::tempdir().map_err(|error| Error::Internal(format!("make a folder: {error}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(SERVICE_THREADS)
        .thread_name("self-test")
        .enable_all()
        .build()
        .map_err(|error| Error::Internal(format!("start a runtime: {error}")))?;
    let report = runtime.block_on(all(fleet, delivers, folder.path()))?;
    match format {
        CanaryFormat::Terminal => print(&report.terminal())?,
        CanaryFormat::Json => print(&format!("{:#}\n", report.json()))?,
    }
    Ok(report.exit())
}

async fn all(fleet: &Fleet, delivers: bool, folder: &Path) -> Result<Report, Error> {
    let refused = |what: &str, error: std::io::Error| Error::Internal(format!("{what}: {error}"));
    let teller = Teller::new(folder.join("alerts"), delivers).await;
    let teller = teller.map_err(|error| refused("listen as a test receiver", error))?;
    let mut standing: Vec<Standing> = Vec::new();
    let mut without_rules = Vec::new();
    for (watch, canary) in fleet.plan.watches() {
        let Some(duty) = fleet.duties.get(&watch).filter(|_| !canary.alerts.is_empty()) else {
            without_rules.push(watch);
            continue;
        };
        let forwarder = Forwarder::before(&duty.site.selected.endpoint).await;
        let forwarder = forwarder.map_err(|error| refused("listen before a target", error))?;
        let lie = Arc::<Lie>::default();
        let duty = detour(duty, &forwarder, &lie, folder)?;
        standing.push((watch, canary.clone(), forwarder, lie, duty));
    }
    let now_ms = SystemClock::default().now().wall_ms;
    let watches = standing.iter().map(|(watch, canary, ..)| (watch, canary));
    let lifted = watches.flat_map(|(watch, canary)| lifted(&fleet.plan, watch, canary, now_ms)).collect();
    let played = play(&fleet.plan, standing, &teller, now_ms).await?;
    let leaks = played.iter().map(|own| own.leaks).sum();
    let proven = played.into_iter().flat_map(|own| own.proven).collect();
    Ok(Report { proven, without_rules, lifted, leaks, delivers })
}

/// The same duty by way of a forwarder. It knows no findings, and what it finds is kept where it is thrown away.
fn detour(duty: &Duty, forwarder: &Forwarder, lie: &Arc<Lie>, folder: &Path) -> Result<Arc<Duty>, Error> {
    let endpoint = duty.site.selected.endpoint.clone().connecting_to(forwarder.address());
    let wires = Wires::new(&endpoint).map_err(|error| Error::Internal(error.to_string()))?;
    let site = Arc::new(duty.site.by(wires.planted_with(Arc::clone(lie))));
    Ok(Arc::new(Duty::new(duty.watch.clone(), Arc::clone(&duty.task), site, folder.join("findings"))))
}

async fn play(plan: &Arc<Plan>, standing: Vec<Standing>, teller: &Teller, now_ms: i64) -> Result<Vec<Played>, Error> {
    if standing.is_empty() {
        return Ok(Vec::new());
    }
    let duties: Duties = standing.iter().map(|(watch, .., duty)| (watch.clone(), Arc::clone(duty))).collect();
    let crew = Arc::new(daemon::crew(duties)?);
    let stop: Arc<AtomicBool> = stop_on_ctrl_c();
    let room = Semaphore::new(WATCHES_MAX);
    let each = standing.into_iter().map(|(watch, canary, forwarder, lie, duty)| {
        let mut stage = Stage {
            plan: Arc::clone(plan),
            watch,
            canary,
            work: Arc::clone(&crew) as _,
            bounds: duty.site.bounds.clone(),
            forwarder,
            lie,
            stop: Arc::clone(&stop),
        };
        let room = &room;
        async move {
            let _permit = room.acquire().await;
            stage.play(teller, now_ms).await
        }
    });
    Ok(futures::future::join_all(each).await)
}

/// What would keep the alerts of a watch silent now.
fn lifted(plan: &Plan, watch: &Watch, canary: &Canary, now_ms: i64) -> Vec<(Watch, String)> {
    let mut all = BTreeMap::new();
    if !canary.probation.is_zero() {
        all.insert("probation", format!("a probation of {}", humantime::format_duration(canary.probation)));
    }
    if let Some(own) = plan.maintenance.iter().find(|own| own.holds(watch, now_ms)) {
        all.insert("maintenance", format!("maintenance: {}", own.reason));
    }
    if !canary.depends_on.is_empty() {
        all.insert("dependencies", format!("the silence while {} has an alert", canary.depends_on.join(" or ")));
    }
    all.into_values().map(|what| (watch.clone(), what)).collect()
}
