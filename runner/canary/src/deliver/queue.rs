//! What one receiver has not been told yet, in order, and what it must be told again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::alert::{Alert, AlertState};

use super::DeliveryCounts;
use super::mirror::WHOLE;

/// The most alerts that wait for one receiver. Where another comes, the oldest reminder is dropped; where there is none,
/// the oldest firing and resolve that belong together; then the oldest of all.
pub const QUEUE_MAX: usize = 256;

/// The most alerts that a receiver is told again and again. Beyond that they end there by themselves.
const HELD_MAX: usize = 1_024;

/// One alert that waits, or that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    /// Its place in the order.
    pub(super) seq: u64,
    /// When it was pushed, in milliseconds since 1970.
    pub(super) pushed_ms: i64,
    pub(super) alert: Alert,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: BTreeMap<u64, Item>,
    /// What goes on at a receiver that forgets, by id.
    held: BTreeMap<String, Item>,
    next: u64,
    /// What is being told now, and cannot be dropped.
    under_way: Option<u64>,
    /// How often this has changed.
    pub(super) changes: u64,
    pub(super) counts: DeliveryCounts,
}

impl Queue {
    pub(super) fn new(items: Vec<Item>, held: Vec<Item>, torn: u64) -> Self {
        let mut own = Self {
            next: items.iter().chain(&held).map(|item| item.seq + 1).max().unwrap_or_default(),
            items: items.into_iter().map(|item| (item.seq, item)).collect(),
            held: held.into_iter().map(|item| (item.alert.id.clone(), item)).collect(),
            counts: DeliveryCounts { torn, ..DeliveryCounts::default() },
            ..Self::default()
        };
        while own.items.len() > QUEUE_MAX {
            own.make_room();
        }
        own
    }

    pub(super) fn push(&mut self, alert: Alert, pushed_ms: i64) {
        if alert.state != AlertState::Firing {
            let older = |item: &Item| item.alert.id == alert.id && repeats(&item.alert) && !self.is_under_way(item.seq);
            let older: Vec<u64> = self.items.values().filter(|item| older(item)).map(|item| item.seq).collect();
            for seq in older {
                self.items.remove(&seq);
            }
        }
        let item = Item { seq: self.next, pushed_ms, alert };
        self.next += 1;
        self.items.insert(item.seq, item);
        if self.items.len() > QUEUE_MAX {
            self.make_room();
        }
        self.changes += 1;
    }

    /// The oldest of each alert, the oldest first.
    pub(super) fn heads(&self) -> impl Iterator<Item = &Item> {
        let mut seen = BTreeSet::new();
        self.items.values().filter(move |item| seen.insert(&item.alert.id))
    }

    pub(super) fn begin(&mut self, seq: u64) -> Option<Item> {
        self.under_way = Some(seq);
        self.items.get(&seq).cloned()
    }

    /// The try under way is over, and the alert waits on.
    pub(super) fn put_back(&mut self) {
        self.under_way = None;
    }

    /// The receiver was told; where it `holds` alerts, it must be told again as long as this one goes on.
    pub(super) fn told(&mut self, item: &Item, holds: bool) {
        self.remove(item.seq);
        self.counts.delivered += 1;
        if item.alert.state == AlertState::Resolved {
            self.held.remove(&item.alert.id);
        } else if holds && (self.held.len() < HELD_MAX || self.held.contains_key(&item.alert.id)) {
            self.held.insert(item.alert.id.clone(), item.clone());
        }
    }

    /// The receiver is never told. What is over is not told to go on either.
    pub(super) fn give_up(&mut self, item: &Item) {
        self.remove(item.seq);
        self.end(&item.alert);
        self.counts.failed += 1;
    }

    /// Tells nobody again of alerts that do not fire any more.
    pub(super) fn hold_only(&mut self, fires: impl Fn(&str) -> bool) {
        self.held.retain(|id, _| fires(id));
        self.changes += 1;
    }

    fn end(&mut self, alert: &Alert) {
        if alert.state == AlertState::Resolved {
            self.held.remove(&alert.id);
        }
    }

    pub(super) fn held(&self) -> Vec<Alert> {
        self.held.values().map(|item| item.alert.clone()).collect()
    }

    pub(super) fn counts(&self) -> DeliveryCounts {
        DeliveryCounts { queued: self.items.len() as u64, ..self.counts.clone() }
    }

    pub(super) fn has(&self, seq: u64) -> bool {
        self.items.contains_key(&seq)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The files that hold all of this, by name, and which item is in each.
    pub(super) fn files(&self) -> BTreeMap<String, &Item> {
        let waiting = self.items.values().map(|item| (format!("{:020}{WHOLE}", item.seq), item));
        let held = self.held.iter().map(|(id, item)| (format!("held-{id}{WHOLE}"), item));
        waiting.chain(held).collect()
    }

    fn remove(&mut self, seq: u64) {
        self.under_way = None;
        self.items.remove(&seq);
        self.changes += 1;
    }

    fn is_under_way(&self, seq: u64) -> bool {
        self.under_way == Some(seq)
    }

    /// Drops what is missed least.
    fn make_room(&mut self) {
        let free = || self.items.values().filter(|item| !self.is_under_way(item.seq));
        let reminder = free().find(|item| repeats(&item.alert)).map(|item| vec![item.seq]);
        let pair = || {
            free().filter(|item| item.alert.state == AlertState::Firing).find_map(|item| {
                let mut later = self.items.range(item.seq + 1..).map(|(_, later)| later);
                let end = later.find(|later| later.alert.id == item.alert.id)?;
                (end.alert.state == AlertState::Resolved).then(|| vec![item.seq, end.seq])
            })
        };
        let oldest = || free().next().map(|item| vec![item.seq]);
        for seq in reminder.or_else(pair).or_else(oldest).unwrap_or_default() {
            if let Some(item) = self.items.remove(&seq) {
                self.counts.dropped += 1;
                self.end(&item.alert);
                tracing::warn!(alert = item.alert.id, state = item.alert.state.word(), "too many alerts wait: dropped");
            }
        }
    }
}

/// Whether nothing is lost for good where this is not told.
fn repeats(alert: &Alert) -> bool {
    matches!(alert.state, AlertState::Reminder | AlertState::Updated)
}
