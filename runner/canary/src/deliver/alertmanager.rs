//! The API of Alertmanager, version 2: alerts are posted again and again while they fire, and end by themselves where
//! nobody posts them any more.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use url::Url;

use crate::alert::{Alert, AlertState};
use crate::clock::Clock;
use crate::slo::millis;

use super::http::Post;
use super::{Road, TryError};

/// How often an alert is posted while it fires.
pub const RESEND: Duration = Duration::from_mins(1);
/// After so many posts that stay out an alert ends.
const POSTS_MISSED_MAX: u32 = 5;
/// The alert that always fires.
pub const WATCHDOG: &str = "PlumbWatchdog";
/// Where alerts are posted.
const PATH: &str = "/api/v2/alerts";

/// A receiver that holds alerts.
pub(super) struct Alertmanager {
    pub(super) post: Post,
    pub(super) clock: Arc<dyn Clock>,
}

impl Alertmanager {
    async fn send(&self, alerts: Vec<Value>) -> Result<(), TryError> {
        self.post.send(PATH, Value::Array(alerts).to_string().into_bytes()).await
    }

    /// Posts the alert that always fires, and ends where this is not called for three times `every`.
    pub(super) async fn watchdog(&self, region: &str, every: Duration) -> Result<(), TryError> {
        let now_ms = self.clock.now().wall_ms;
        let summary = format!("the canaries of {region} are alive; where this ends, nobody checks");
        let alert = json!({
            "labels": { "alertname": WATCHDOG, "severity": "none", "region": region },
            "annotations": { "summary": summary },
            "startsAt": moment(now_ms),
            "endsAt": moment(now_ms.saturating_add(millis(every.saturating_mul(3)))),
        });
        self.send(vec![alert]).await
    }

    fn posted(&self, alert: &Alert) -> Value {
        let ends_ms = match alert.state {
            AlertState::Resolved => alert.at_ms.max(alert.since_ms),
            AlertState::Firing | AlertState::Updated | AlertState::Reminder => {
                self.clock.now().wall_ms.saturating_add(millis(RESEND * POSTS_MISSED_MAX))
            }
        };
        posted(alert, ends_ms)
    }
}

impl Road for Alertmanager {
    fn tell<'a>(&'a self, alert: &'a Alert) -> BoxFuture<'a, Result<(), TryError>> {
        Box::pin(async move { self.send(vec![self.posted(alert)]).await })
    }

    fn tell_again(&self, alerts: Vec<Alert>) -> BoxFuture<'_, Result<(), TryError>> {
        let posted = alerts.iter().map(|alert| self.posted(alert)).collect();
        Box::pin(async move { self.send(posted).await })
    }

    fn forgets_after(&self) -> Option<Duration> {
        Some(RESEND)
    }
}

/// An alert as Alertmanager reads it. Its labels are the same as long as it fires, because they are what it is known by.
fn posted(alert: &Alert, ends_ms: i64) -> Value {
    let agent = alert.target.is_empty();
    let mut labels = Map::new();
    let own = alert.rules.first().filter(|_| agent);
    for (name, value) in [
        ("alertname", if agent { "PlumbAgent" } else { "PlumbCanary" }),
        ("severity", &alert.severity),
        ("region", &alert.region),
        ("target", &alert.target),
        ("trouble", own.map_or("", String::as_str)),
        ("plumb_alert", &alert.id),
    ] {
        insert(&mut labels, name, value);
    }
    let mut annotations = Map::new();
    for (name, value) in [
        ("summary", alert.summary.clone()),
        ("rules", alert.rules.join(", ")),
        ("watches", names(&alert.watches)),
        ("inhibited", names(&alert.inhibited)),
        ("sums", alert.sums.join("\n")),
        ("place", alert.place.clone().unwrap_or_default()),
        ("first_seen", moment(alert.first_ms)),
        ("last_seen", moment(alert.last_ms)),
        ("request_ids", alert.request_ids.join(", ")),
        ("traceparent", alert.traceparent.clone().unwrap_or_default()),
        ("findings", alert.findings.join(", ")),
        ("version", alert.version.clone().unwrap_or_default()),
        ("owner", alert.owners.join(", ")),
        ("runbook_url", alert.runbooks.join(" ")),
        ("replay", alert.replay.clone().unwrap_or_default()),
    ] {
        insert(&mut annotations, name, &value);
    }
    let mut posted = json!({
        "labels": labels,
        "annotations": annotations,
        "startsAt": moment(alert.since_ms),
        "endsAt": moment(ends_ms),
    });
    if let Some(link) = alert.links.first().filter(|link| Url::parse(link).is_ok()) {
        posted["generatorURL"] = json!(link);
    }
    posted
}

/// An empty label is none.
fn insert(all: &mut Map<String, Value>, name: &str, value: &str) {
    if !value.is_empty() {
        all.insert(name.to_owned(), json!(value));
    }
}

fn names(watches: &[crate::slot::Watch]) -> String {
    watches.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn moment(at_ms: i64) -> String {
    crate::alert::moment(at_ms)
}
