//! `plumb canary` as it runs for weeks: signals, reloads, pages, and an end in order.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plumb_canary::agent::{Agent, Extra, Order, Outfit};
use plumb_canary::clock::SystemClock;
use plumb_canary::plan::Plan;
use plumb_canary::view::{DeviationView, Source};
use plumb_canary::web;
use plumb_validator::brake::Brake;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Sender, channel};
use tokio::sync::oneshot;

use crate::canary::crew::{Crew, Duties};
use crate::canary::findings;
use crate::canary::fleet::{Apis, Fleet, Wanted};
use crate::canary::switch::CanarySwitch;
use crate::error::{Error, Exit};
use crate::run::model_digest;
use crate::select::print_error;

/// The most orders that wait.
const ORDERS_MAX: usize = 16;
/// The threads that serve pages and deliver alerts.
const SERVICE_THREADS: usize = 2;
/// How long pages may take to be served to their end once the daemon is over.
const PAGES_MAX: Duration = Duration::from_secs(2);

/// Runs until somebody stops it.
///
/// # Errors
/// Where it cannot begin: a port in use, a state that another daemon has, a configuration that is wrong.
pub fn run(path: Option<&Path>, wanted: &Wanted, apis: &mut Apis<'_>, switch: CanarySwitch) -> Result<Exit, Error> {
    let fleet = Fleet::read(path, wanted, apis, switch.brake())?;
    let service = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(SERVICE_THREADS)
        .thread_name("service")
        .enable_all()
        .build()
        .map_err(|error| Error::Internal(format!("start a runtime: {error}")))?;
    let listener = fleet.plan.agent.listen.map(|address| bind(&service, address)).transpose()?;
    let crew = Arc::new(crew(fleet.duties)?);
    let brake = Arc::clone(switch.brake());
    let outfit = Outfit {
        plan: Arc::clone(&fleet.plan),
        work: Arc::clone(&crew) as _,
        clock: Arc::new(SystemClock::default()),
        switch: Arc::new(switch),
        extra: Arc::new(Targets(Arc::clone(&crew))),
        builds: builds(&crew.duties()),
    };
    let agent = service.block_on(async { Agent::open(outfit) });
    let agent = agent.map_err(|error| {
        Error::usage(format!("failed to {error}"), "is another daemon at work, or is the folder another user's?")
    })?;
    let desk = agent.desk();
    crew.remember(desk.open_findings());
    findings::prune(&fleet.plan);
    let (end_pages, pages_end) = oneshot::channel::<()>();
    let address = listener.as_ref().and_then(|listener| listener.local_addr().ok());
    let pages = listener.map(|listener| serve(&service, listener, &fleet.plan, desk, pages_end));
    // Before anything is told: whoever reads it may send a signal at once, and none may end the daemon by default.
    let signals = service.block_on(async { Signals::hear() });
    let heard = signals.map_err(|error| Error::Internal(format!("listen to signals: {error}")))?;
    tell_start(&fleet.plan, path, address);
    let (orders, given) = channel(ORDERS_MAX);
    let over = AtomicBool::new(false);
    let closing = std::thread::scope(|scope| {
        let signals = scope.spawn(|| attend(path, wanted, apis, (&crew, &fleet.plan, &brake), heard, (&orders, &over)));
        let turning = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let closing = turning.map(|runtime| runtime.block_on(agent.run(given)));
        over.store(true, Ordering::Relaxed);
        _ = signals.join();
        closing
    });
    drop(end_pages);
    if let Some(pages) = pages {
        _ = service.block_on(async { tokio::time::timeout(PAGES_MAX, pages).await });
    }
    service.shutdown_timeout(PAGES_MAX);
    let closing = closing.map_err(|error| Error::Internal(format!("start a runtime: {error}")))?;
    if closing.under_way > 0 {
        eprintln!("{} slots were still under way; the ledger will say that they were killed", closing.under_way);
    }
    Ok(Exit::Conforms)
}

/// A crew with a thread for each processor.
///
/// # Errors
/// Where the machine gives no threads.
pub fn crew(duties: Duties) -> Result<Crew, Error> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Crew::new(duties, threads).map_err(|error| Error::Internal(format!("start threads for slots: {error}")))
}

fn bind(service: &Runtime, address: SocketAddr) -> Result<TcpListener, Error> {
    service.block_on(TcpListener::bind(address)).map_err(|error| {
        Error::usage(
            format!("failed to listen on {address}: {error}"),
            "is another daemon there? agent.listen names another address",
        )
    })
}

fn serve(
    service: &Runtime,
    listener: TcpListener,
    plan: &Plan,
    desk: Arc<dyn Source>,
    end: oneshot::Receiver<()>,
) -> tokio::task::JoinHandle<()> {
    let access = plan.agent.access.clone();
    service.spawn(async move {
        let served = web::serve(listener, access, desk, async {
            // It ends when whoever could end it is gone.
            _ = end.await;
        });
        if let Err(error) = served.await {
            tracing::error!("the pages cannot be served: {error}");
        }
    })
}

/// Says what runs, and where its pages are: for port 0 that is told nowhere else.
fn tell_start(plan: &Plan, path: Option<&Path>, address: Option<SocketAddr>) {
    let watches = plan.watches().count();
    let file = path.unwrap_or(Path::new(crate::config::CONFIG_FILE)).display();
    let pages = address.map_or_else(String::new, |address| format!("; pages at http://{address}"));
    eprintln!("{watches} watches of {file} in {}, state in {}{pages}", plan.agent.region, plan.agent.state.display());
}

/// The version of the binary, and of the models of the APIs that are spoken.
fn builds(duties: &Duties) -> Vec<(String, String)> {
    let mut builds = vec![("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
    for duty in duties.values() {
        let name = format!("model_{}", duty.site.api.name);
        if !builds.iter().any(|(own, _)| *own == name) {
            builds.push((name, model_digest(duty.site.api)));
        }
    }
    builds
}

/// What a daemon is told by signals.
struct Signals {
    reloads: Signal,
    interrupts: Signal,
    terminations: Signal,
}

impl Signals {
    /// From now on they are heard. It must be called on a runtime that lives as long as they.
    fn hear() -> std::io::Result<Self> {
        Ok(Self {
            reloads: signal(SignalKind::hangup())?,
            interrupts: signal(SignalKind::interrupt())?,
            terminations: signal(SignalKind::terminate())?,
        })
    }
}

/// Hears signals until the daemon is over: HUP reads the configuration again, TERM and INT end it, and a second one at
/// once.
fn attend(
    path: Option<&Path>,
    wanted: &Wanted,
    apis: &mut Apis<'_>,
    (crew, plan, brake): (&Crew, &Plan, &Arc<Brake>),
    mut heard: Signals,
    (orders, over): (&Sender<Order>, &AtomicBool),
) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let mut is_ending = false;
        while !over.load(Ordering::Relaxed) {
            let ends = tokio::select! {
                _ = heard.reloads.recv() => false,
                _ = heard.interrupts.recv() => true,
                _ = heard.terminations.recv() => true,
                () = tokio::time::sleep(LOOK_EVERY) => continue,
            };
            if ends && is_ending {
                eprintln!("stopped; the ledger will say which slots were killed");
                std::process::exit(Exit::Inconclusive as i32);
            }
            is_ending |= ends;
            let order = if ends {
                eprintln!("ending after the slots that are under way; a second signal ends at once");
                Order::Drain
            } else {
                reload(path, wanted, apis, (crew, plan, brake))
            };
            _ = orders.send(order).await;
        }
    });
}

/// How often the thread that hears signals looks whether the daemon is over.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Reads everything again. What is wrong is told, and changes nothing.
fn reload(
    path: Option<&Path>,
    wanted: &Wanted,
    apis: &mut Apis<'_>,
    (crew, plan, brake): (&Crew, &Plan, &Arc<Brake>),
) -> Order {
    let read = Fleet::read(path, wanted, apis, brake);
    let read = read.and_then(|fleet| check_unchanged(plan, &fleet.plan).map(|()| fleet));
    match read {
        Ok(fleet) => {
            crew.reload(fleet.duties);
            findings::prune(&fleet.plan);
            eprintln!("the configuration was read again: {} watches", fleet.plan.watches().count());
            Order::Reload(fleet.plan)
        }
        Err(error) => {
            let why = error.to_string();
            print_error(error);
            eprintln!("the configuration was refused, and the one of before goes on");
            Order::Refused(why)
        }
    }
}

/// What is bound to the life of the process.
fn check_unchanged(old: &Plan, new: &Plan) -> Result<(), Error> {
    let (old, new) = (&old.agent, &new.agent);
    let changed = [
        ("state", old.state != new.state),
        ("region", old.region != new.region),
        ("listen", old.listen != new.listen),
        ("token, user or password", old.access != new.access),
    ];
    match changed.iter().find(|(_, changed)| *changed) {
        None => Ok(()),
        Some((what, _)) => {
            let message = format!("agent.{what} cannot change while the daemon runs");
            Err(Error::usage(message, "restart the daemon; nothing is lost by it"))
        }
    }
}

/// What pages ask beside what the daemon knows.
struct Targets(Arc<Crew>);

impl Extra for Targets {
    fn left(&self) -> Vec<(String, Option<u64>, Option<u64>)> {
        self.0.left()
    }

    fn deviations(&self) -> Vec<DeviationView> {
        self.0.deviations()
    }

    fn leases(&self) -> u64 {
        self.0.leases()
    }
}
