//! The sign of life: it goes out only as long as the daemon's loop proves that it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::clock::Clock;
use crate::plan::{Heartbeat, Plan, Receiver, Text};

use super::alertmanager::Alertmanager;
use super::http::{self, Post};
use super::lane::TRY_MAX;

/// How many heartbeats went out, and how many did not arrive.
#[derive(Debug, Default)]
pub(super) struct Counts {
    sent: AtomicU64,
    failed: AtomicU64,
    /// When the last one arrived, in milliseconds since 1970; zero where none has.
    last_ms: AtomicI64,
}

impl Counts {
    pub(super) fn get(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    pub(super) fn last_ms(&self) -> Option<i64> {
        Some(self.last_ms.load(Ordering::Relaxed)).filter(|last_ms| *last_ms > 0)
    }
}

/// Everything that a heartbeat needs.
pub(super) struct Pulse {
    every: Duration,
    url: Option<Text>,
    client: reqwest::Client,
    managers: Vec<(String, Alertmanager)>,
    region: String,
    clock: Arc<dyn Clock>,
    beats: Arc<AtomicU64>,
    counts: Arc<Counts>,
}

impl Pulse {
    pub(super) fn new(
        heartbeat: &Heartbeat,
        plan: &Plan,
        client: &reqwest::Client,
        clock: &Arc<dyn Clock>,
        beats: Arc<AtomicU64>,
        counts: Arc<Counts>,
    ) -> Self {
        let manager = |name: &String| match plan.receivers.get(name) {
            Some(Receiver::Alertmanager { url, authorization }) => {
                let post = Post::new(client, url, "application/json", authorization.as_ref());
                Some((name.clone(), Alertmanager { post, clock: clock.clone() }))
            }
            _ => None,
        };
        Self {
            every: heartbeat.every,
            url: heartbeat.url.clone(),
            client: client.clone(),
            managers: heartbeat.receivers.iter().filter_map(manager).collect(),
            region: plan.agent.region.clone(),
            clock: Arc::clone(clock),
            beats,
            counts,
        }
    }

    /// Goes on until it is dropped.
    pub(super) async fn run(self) {
        let mut ticks = tokio::time::interval(self.every.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = 0;
        loop {
            ticks.tick().await;
            let beats = self.beats.load(Ordering::Relaxed);
            if beats != seen {
                seen = beats;
                self.send().await;
            }
        }
    }

    /// All at once, so that one that hangs keeps none of the others.
    async fn send(&self) {
        let url = async {
            if let Some(url) = &self.url {
                self.count("heartbeat", tokio::time::timeout(TRY_MAX, http::get(&self.client, url)).await);
            }
        };
        let managers = self.managers.iter().map(|(name, manager)| async move {
            self.count(name, tokio::time::timeout(TRY_MAX, manager.watchdog(&self.region, self.every)).await);
        });
        futures::join!(url, futures::future::join_all(managers));
    }

    fn count(&self, to: &str, result: Result<Result<(), super::TryError>, tokio::time::error::Elapsed>) {
        match result {
            Ok(Ok(())) => {
                self.counts.sent.fetch_add(1, Ordering::Relaxed);
                self.counts.last_ms.store(self.clock.now().wall_ms, Ordering::Relaxed);
                return;
            }
            Ok(Err(error)) => tracing::warn!(to, %error, "a heartbeat did not arrive"),
            Err(_) => tracing::warn!(to, "a heartbeat had no answer"),
        }
        self.counts.failed.fetch_add(1, Ordering::Relaxed);
    }
}
