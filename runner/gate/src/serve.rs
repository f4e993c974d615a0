//! A server that pipelines ask whether they may go on.
//!
//! What a gate run is, is somebody else's: whoever serves hands over [`Gates`], and [`ChildGates`] starts each run as a
//! process of its own. Here it is seen to that one gate and key are run once, however often and by whomever they are
//! asked for; that a run which is under way is told as `running`, and nothing else than a decision as `pass`; and that
//! what was begun goes on after a restart. The addresses and their answers are in `docs/gate-serve.md`.

mod access;
mod ask;
mod child;
mod connections;
mod flagger;
mod record;
mod routes;
mod runs;
mod store;
mod told;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;

pub use access::Token;
pub use ask::{AskError, Key};
pub use child::{ChildGates, gate_line};
pub use record::State;

use crate::decision::Decision;

/// What carries gate runs out.
pub trait Gates: Send + Sync + 'static {
    /// The gates that there are.
    fn names(&self) -> Vec<String>;

    /// Carries one run out. It ends early where it is dropped: its time is over, or the server ends.
    ///
    /// # Errors
    /// Why there is no decision. That is told as inconclusive.
    fn run(&self, order: Order) -> Running;

    /// Over once nothing is left of runs that were dropped, such as a process that still cleans up.
    fn settled(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }
}

/// A run that is under way.
pub type Running = Pin<Box<dyn Future<Output = Result<Decision, String>> + Send>>;

/// What one run is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The gate, one of [`Gates::names`].
    pub gate: String,
    /// What is to be judged, in the words of whoever asks: a rollout with its revision.
    pub key: Key,
    /// The version that the target has to be.
    pub expect_version: Option<String>,
    /// How often this run was begun, this time included.
    pub attempt: usize,
    /// A folder for what is seen, which does not exist yet.
    pub folder: PathBuf,
    /// How long it may take.
    pub time_max: Duration,
}

/// What time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How to serve.
#[derive(Clone)]
pub struct Settings {
    /// Where runs are kept: of one server alone.
    pub folder: PathBuf,
    /// What callers prove. Without it only this machine is served.
    pub token: Option<Token>,
    /// How much of everything there may be.
    pub limits: Limits,
    /// The version of the binary.
    pub version: String,
    /// The hash of its model.
    pub model: String,
    /// What time it is.
    pub clock: Clock,
}

/// How much of everything there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most runs at once.
    pub at_once: usize,
    /// The most runs that wait for their turn.
    pub queued: usize,
    /// The most decided runs that are kept; the oldest go first.
    pub kept: usize,
    /// How long a decided run is kept.
    pub kept_for: Duration,
    /// How long a run may take.
    pub run_max: Duration,
    /// How old a decision may be to answer for its key; whoever asks later starts a run again.
    pub answer_age_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            at_once: 2,
            queued: 64,
            kept: 1000,
            kept_for: Duration::from_hours(30 * 24),
            run_max: Duration::from_hours(1),
            answer_age_max: Duration::from_hours(24),
        }
    }
}

impl Limits {
    fn check(&self) -> Result<(), ServeError> {
        for (name, is_zero) in [
            ("runs at once", self.at_once == 0),
            ("runs that are kept", self.kept == 0),
            ("time for which runs are kept", self.kept_for.is_zero()),
            ("time of a run", self.run_max.is_zero()),
            ("age of an answer", self.answer_age_max.is_zero()),
        ] {
            if is_zero {
                return Err(ServeError::Limit(name));
            }
        }
        Ok(())
    }
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Anybody could start runs.
    #[error("serve without a token at {0}: only this machine may be served without one, at 127.0.0.1 or [::1]")]
    Open(std::net::SocketAddr),
    /// A bound that nothing can keep.
    #[error("serve with a limit of zero for the {0}")]
    Limit(&'static str),
    /// Two servers would run the same gate and key twice.
    #[error("serve from {0}: another server does")]
    Taken(PathBuf),
    /// The folder cannot be used.
    #[error("use {path}: {source}")]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The socket cannot be used.
    #[error("use the socket: {0}")]
    Socket(#[source] std::io::Error),
}

/// Serves at `listener` until `shutdown` is over. What was under way in an earlier life goes on at once; what is under
/// way at the end is begun again in the next.
///
/// # Errors
/// Where it would be open to others without a token, where a limit is zero, and where the folder cannot be used.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    gates: Arc<dyn Gates>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let bound = listener.local_addr().map_err(ServeError::Socket)?;
    let access = access::Access::new(settings.token.clone(), bound)?;
    settings.limits.check()?;
    let runs = runs::Runs::open(&settings, Arc::clone(&gates))?;
    // Nothing is left under way without a server, even where this future is dropped.
    let ending = Ending(runs.clone());
    let about = told::About { version: settings.version, model: settings.model };
    connections::run(listener, routes::router(access, runs, about), shutdown).await;
    drop(ending);
    gates.settled().await;
    Ok(())
}

/// Ends every run with itself.
struct Ending(runs::Runs);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.stop();
    }
}
