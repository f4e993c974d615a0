//! The way of an alert to people, by a queue on disk that holds up nobody.
//!
//! Each receiver has a lane of its own: a bounded queue, a task that keeps a copy of it on disk, and a task that tells
//! the receiver. [`Delivery::push`] puts an alert into the lanes and returns; it touches neither disk nor network. What
//! is in a lane is told in order, as far as one alert goes: a resolve never overtakes the firing before it. Where
//! neither has been told yet, both are, in order, because whoever reads them later wants to know of the outage; only
//! reminders and updates between them fall out. An alert may be told twice where the daemon dies at the wrong moment,
//! and is lost only where [`QUEUE_MAX`], [`AGE_MAX`] or [`REFUSED_MAX`] is passed, which is counted.

mod alertmanager;
mod backoff;
mod command;
mod heartbeat;
mod http;
mod lane;
mod mirror;
mod queue;
mod template;
#[cfg(test)]
mod tests;
mod webhook;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::alert::Alert;
use crate::clock::Clock;
use crate::plan::{Plan, Receiver};
use crate::secret::SecretError;

pub use alertmanager::{RESEND, WATCHDOG};
pub use backoff::{PAUSE_FIRST, PAUSE_MAX};
use lane::Lane;
pub use lane::{AGE_MAX, FAILING_AFTER, REFUSED_MAX, TRY_MAX};
pub use queue::QUEUE_MAX;
pub use template::{TEMPLATE_BYTES_MAX, Template, TemplateError, fields};

/// Why alerts cannot be delivered at all.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The folder of the queue cannot be made or read.
    #[error("failed to open the queue of alerts in {}: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// No client for HTTP can be made.
    #[error("failed to set up a client for receivers: {0}")]
    Client(String),
    /// The template of a receiver is wrong.
    #[error("failed to read the template of {receiver}: {error}")]
    Template {
        /// The receiver.
        receiver: String,
        /// What is wrong, and where.
        error: TemplateError,
    },
    /// A receiver is a command of no words.
    #[error("failed to find a command for {0}: it has no words")]
    NoCommand(String),
}

/// Why one try failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TryError {
    /// The receiver is not there: everything for it waits.
    #[error("failed to reach it: {0}")]
    Down(String),
    /// It is there, and cannot take this now: only this alert waits.
    #[error("failed to hand it over: {0}")]
    Later(String),
    /// It does not want this, and will hardly ever: only this alert waits, and not for long.
    #[error("failed to hand it over: {0}")]
    Refused(String),
    /// Its secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// A way to tell somebody something. Whoever drops the future gives the try up.
pub(crate) trait Road: Send + Sync {
    /// Tells of one alert.
    fn tell<'a>(&'a self, alert: &'a Alert) -> BoxFuture<'a, Result<(), TryError>>;

    /// Tells again of alerts that go on, where the receiver forgets them otherwise.
    fn tell_again(&self, _alerts: Vec<Alert>) -> BoxFuture<'_, Result<(), TryError>> {
        Box::pin(async { Ok(()) })
    }

    /// How often it must be told again.
    fn forgets_after(&self) -> Option<Duration> {
        None
    }
}

/// What became of the alerts for one receiver since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryCounts {
    /// Waiting now.
    pub queued: u64,
    /// Told.
    pub delivered: u64,
    /// Given up, after too many tries or too long a time.
    pub failed: u64,
    /// Dropped, because too many were waiting.
    pub dropped: u64,
    /// Tries that failed.
    pub retried: u64,
    /// Files of the queue that could not be read, and lie aside.
    pub torn: u64,
    /// Times that the queue could not be written.
    pub unwritten: u64,
    /// Since when nothing has been told although something was to be, in milliseconds since 1970.
    pub failing_since_ms: Option<i64>,
    /// Why the last try failed. It holds no secret.
    pub last_error: Option<String>,
}

/// The lanes to all receivers.
pub struct Delivery {
    lanes: BTreeMap<String, Arc<Lane>>,
    tasks: Vec<JoinHandle<()>>,
    beats: Arc<AtomicU64>,
    beating: Arc<heartbeat::Counts>,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Delivery").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl Delivery {
    /// Opens the queues in `folder`, with what an earlier process left there, and starts to deliver. `seed` spreads the
    /// pauses between tries. It must be called within a tokio runtime, and after whatever delivered from that folder before
    /// has stopped ([`Self::stop`]).
    pub fn start(plan: &Plan, folder: &Path, clock: &Arc<dyn Clock>, seed: u64) -> Result<Self, DeliverError> {
        let client = http::client().map_err(DeliverError::Client)?;
        let mut own =
            Self { lanes: BTreeMap::new(), tasks: Vec::new(), beats: Arc::default(), beating: Arc::default() };
        for (name, receiver) in &plan.receivers {
            let road = road(name, receiver, &client, clock)?;
            own.open(name, folder, road, clock, seed)?;
        }
        if let Some(heartbeat) = &plan.agent.heartbeat {
            let (beats, counts) = (own.beats.clone(), own.beating.clone());
            let pulse = heartbeat::Pulse::new(heartbeat, plan, &client, clock, beats, counts);
            own.tasks.push(tokio::spawn(pulse.run()));
        }
        Ok(own)
    }

    /// Opens one lane.
    fn open(
        &mut self,
        name: &str,
        folder: &Path,
        road: Box<dyn Road>,
        clock: &Arc<dyn Clock>,
        seed: u64,
    ) -> Result<(), DeliverError> {
        let folder = folder.join(mirror::folder_name(name));
        let refused = |error| DeliverError::Folder { path: folder.clone(), error };
        let (mirror, loaded) = mirror::Mirror::open(&folder).map_err(refused)?;
        let lane = Arc::new(Lane::new(name, loaded, clock.clone(), seed));
        self.tasks.push(tokio::spawn(lane.clone().keep(mirror)));
        self.tasks.push(tokio::spawn(lane.clone().deliver(road)));
        self.lanes.insert(name.to_owned(), lane);
        Ok(())
    }

    /// Hands an alert to its receivers. It returns at once, whatever they or the disk do.
    pub fn push(&self, alert: &Alert) {
        for name in &alert.receivers {
            if let Some(lane) = self.lanes.get(name) {
                lane.push(alert.clone());
            } else {
                tracing::warn!(receiver = name, alert = alert.id, "no such receiver: nobody is told");
            }
        }
    }

    /// Tells receivers that hold alerts no more of those that do not fire, by their ids: for the start, where what the
    /// alarms kept may be lost.
    pub fn hold_only(&self, fires: impl Fn(&str) -> bool) {
        for lane in self.lanes.values() {
            lane.hold_only(&fires);
        }
    }

    /// Says that the daemon's loop is alive. Where nobody says so between two heartbeats, the second stays out.
    pub fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// What became of the alerts of each receiver.
    pub fn counts(&self) -> BTreeMap<String, DeliveryCounts> {
        self.lanes.iter().map(|(name, lane)| (name.clone(), lane.counts())).collect()
    }

    /// How many heartbeats went out, and how many failed.
    pub fn heartbeats(&self) -> (u64, u64) {
        self.beating.get()
    }

    /// When the last heartbeat arrived, in milliseconds since 1970, where one has since the start or the last reload.
    pub fn heartbeat_ms(&self) -> Option<i64> {
        self.beating.last_ms()
    }

    /// Receivers that nothing has reached for [`FAILING_AFTER`], and why.
    pub fn troubles(&self, now_ms: i64) -> Vec<(String, String)> {
        let failing = |lane: &Lane| lane.failing(now_ms);
        self.lanes.iter().filter_map(|(name, lane)| Some((name.clone(), failing(lane)?))).collect()
    }

    /// Waits until all that was pushed is told or on disk, and says whether it is; at most `within`. Whoever keeps the
    /// state of the alarms does so after this, so that nothing counts as told that could still be lost.
    pub async fn settled(&self, within: Duration) -> bool {
        tokio::time::timeout(within, self.settling()).await.is_ok()
    }

    /// The same without an end, and without holding this.
    pub fn settling(&self) -> impl Future<Output = ()> + Send + use<> {
        let lanes: Vec<Arc<Lane>> = self.lanes.values().cloned().collect();
        async move {
            for lane in lanes {
                lane.settled().await;
            }
        }
    }

    /// Stops after everything is on disk, or `within`. What is not told yet is told after the next start.
    pub async fn stop(self, within: Duration) -> bool {
        self.settled(within).await
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn road(
    name: &str,
    receiver: &Receiver,
    client: &reqwest::Client,
    clock: &Arc<dyn Clock>,
) -> Result<Box<dyn Road>, DeliverError> {
    Ok(match receiver {
        Receiver::Webhook { url, template, content_type, authorization } => {
            let parsed = template.as_deref().map(|text| Template::parse(text, content_type)).transpose();
            let template = parsed.map_err(|error| DeliverError::Template { receiver: name.to_owned(), error })?;
            let post = http::Post::new(client, url, content_type, authorization.as_ref());
            Box::new(webhook::Webhook { post, template })
        }
        Receiver::Alertmanager { url, authorization } => {
            let post = http::Post::new(client, url, "application/json", authorization.as_ref());
            Box::new(alertmanager::Alertmanager { post, clock: clock.clone() })
        }
        Receiver::Command { words } => {
            let (program, arguments) = words.split_first().ok_or_else(|| DeliverError::NoCommand(name.to_owned()))?;
            Box::new(command::Words { program: program.clone(), arguments: arguments.to_vec() })
        }
    })
}
