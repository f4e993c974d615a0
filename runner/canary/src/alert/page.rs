//! What has been said about one endpoint or one trouble, so that nothing is said twice and every end is told.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::slo::{millis, span};
use crate::slot::Watch;

use super::evidence::join;
use super::text::WATCHES_MAX;
use super::{Alert, AlertState};

/// So many times within [`FLAP_WINDOW`] a thing may begin and end, and each is told.
pub const FLAPS_MAX: usize = 3;
/// See [`FLAPS_MAX`].
pub const FLAP_WINDOW: Duration = Duration::from_hours(1);
/// What began for the [`FLAPS_MAX`]th time is over only once it has been quiet for so long: until then it is one alert,
/// however often it comes and goes.
pub const FLAP_QUIET: Duration = Duration::from_mins(30);

/// What fires now, as the page is to tell it.
pub(super) struct Firing<'a> {
    /// What there is to tell, and whom; none where nobody may be told.
    pub(super) audible: Option<Alert>,
    /// Whether anything fires, told or not.
    pub(super) active: bool,
    /// How often it is told again.
    pub(super) reminder: Option<Duration>,
    /// Receivers that hold alerts.
    pub(super) holders: &'a BTreeSet<String>,
    /// The moment.
    pub(super) now_ms: i64,
}

/// What has been said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page {
    /// Whether somebody was told that it fires, and not yet that it is over.
    pub(super) open: bool,
    /// Who was.
    told: BTreeSet<String>,
    /// When they were told last, in milliseconds since 1970.
    told_ms: i64,
    /// When it began, as far back as [`FLAP_WINDOW`].
    begun_ms: Vec<i64>,
    /// Whether it comes and goes, so that it is over only once it has been quiet for [`FLAP_QUIET`].
    flaps: bool,
    /// Since when nothing fires, although it counts as firing.
    quiet_ms: Option<i64>,
    /// What was said last.
    pub(super) last: Option<Alert>,
}

impl Page {
    /// What is to be said now.
    pub(super) fn step(&mut self, firing: Firing<'_>) -> Vec<Alert> {
        let now_ms = firing.now_ms;
        self.begun_ms.retain(|begun| now_ms - begun < millis(FLAP_WINDOW));
        match (self.open, firing.audible) {
            (false, Some(alert)) => vec![self.begin(alert, now_ms)],
            (false, None) => Vec::new(),
            (true, _) if !firing.active => self.end(now_ms).into_iter().collect(),
            (true, Some(alert)) => self.go_on(alert, firing.reminder, firing.holders, now_ms),
            (true, None) => {
                self.quiet_ms = None;
                Vec::new()
            }
        }
    }

    /// Whether there is nothing left to remember.
    pub(super) const fn is_over(&self) -> bool {
        !self.open && self.begun_ms.is_empty()
    }

    fn begin(&mut self, alert: Alert, now_ms: i64) -> Alert {
        self.begun_ms.push(now_ms);
        self.open = true;
        self.flaps = self.begun_ms.len() >= FLAPS_MAX;
        self.told = alert.receivers.iter().cloned().collect();
        self.told_ms = now_ms;
        self.quiet_ms = None;
        let alert = Alert { receivers: self.told.iter().cloned().collect(), ..self.said(alert) };
        self.last = Some(alert.clone());
        alert
    }

    fn go_on(
        &mut self,
        alert: Alert,
        reminder: Option<Duration>,
        holders: &BTreeSet<String>,
        now_ms: i64,
    ) -> Vec<Alert> {
        self.quiet_ms = None;
        let mut alert = self.said(alert);
        let last = self.last.as_ref();
        alert.since_ms = last.map_or(alert.since_ms, |last| last.since_ms.min(alert.since_ms));
        alert.first_ms = last.map_or(alert.first_ms, |last| last.first_ms.min(alert.first_ms));
        let changed = last.is_none_or(|last| names(last) != names(&alert));
        let new: BTreeSet<String> = alert.receivers.iter().filter(|own| !self.told.contains(*own)).cloned().collect();
        let reminds = reminder.is_some_and(|every| now_ms - self.told_ms >= millis(every));
        let (state, old) = match (reminds, changed) {
            (true, _) => (AlertState::Reminder, self.told.clone()),
            (false, true) => (AlertState::Updated, self.told.intersection(holders).cloned().collect()),
            (false, false) => (AlertState::Updated, BTreeSet::new()),
        };
        if reminds {
            self.told_ms = now_ms;
        }
        self.told.extend(new.iter().cloned());
        let said = [(AlertState::Firing, new), (state, old)]
            .into_iter()
            .filter(|(_, to)| !to.is_empty())
            .map(|(state, to)| Alert { state, receivers: to.into_iter().collect(), ..alert.clone() })
            .collect();
        self.last = Some(alert);
        said
    }

    fn end(&mut self, now_ms: i64) -> Option<Alert> {
        let since_ms = *self.quiet_ms.get_or_insert(now_ms);
        if self.flaps && now_ms - since_ms < millis(FLAP_QUIET) {
            return None;
        }
        let last = self.last.take()?;
        let lasted = Duration::from_secs(u64::try_from((since_ms - last.since_ms) / 1_000).unwrap_or(0));
        let receivers = std::mem::take(&mut self.told).into_iter().collect();
        (self.open, self.quiet_ms) = (false, None);
        let summary = format!("over after {}: {}", span(lasted), last.summary);
        Some(Alert { state: AlertState::Resolved, at_ms: now_ms, summary, receivers, ..last })
    }

    /// With a word on what comes and goes.
    fn said(&self, mut alert: Alert) -> Alert {
        if self.begun_ms.len() >= FLAPS_MAX {
            let (times, window, quiet) = (self.begun_ms.len(), span(FLAP_WINDOW), span(FLAP_QUIET));
            let note =
                format!("it began {times} times within {window}, and is over once it has been quiet for {quiet}");
            alert.summary = format!("{}; {note}", alert.summary);
        }
        if let Some(last) = &self.last {
            // Whoever was told of a watch hears of its end.
            join(&mut alert.watches, last.watches.iter().cloned(), WATCHES_MAX);
        }
        alert
    }
}

/// What makes an alert another than the one that was told.
fn names(alert: &Alert) -> (BTreeSet<&String>, BTreeSet<&Watch>, BTreeSet<&Watch>) {
    (alert.rules.iter().collect(), alert.watches.iter().collect(), alert.inhibited.iter().collect())
}
