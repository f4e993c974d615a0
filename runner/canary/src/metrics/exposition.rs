//! The numbers as `OpenMetrics` text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::count::{Counts, KINDS, OfTarget, OfWatch, PLACES};
use super::family::{self, PREFIX};
use super::numbers::{Deliveries, Numbers};
use super::page::{Labels, Page};
use crate::slot::{Axis, Outcome, Phase, Watch};

/// The states of a kill switch that is read, with the word for none of them.
const BRAKES: [&str; 4] = ["off", "read-only", "drain", "halt"];
/// The longest version of a target that becomes a label, in characters.
const VERSION_CHARACTERS_MAX: usize = 120;

/// Everything in one text.
pub(super) fn text(region: &str, builds: &[(String, String)], counts: Counts, numbers: &Numbers) -> String {
    let labels = [(Cow::from("region"), Cow::from(region.to_owned()))];
    let mut registry = Registry::with_prefix_and_labels(PREFIX, labels.into_iter());
    let builds = builds.iter().map(|(name, value)| (label_name(name), value.clone())).collect();
    registry.register_collector(Box::new(Exposition { builds, counts, numbers: numbers.clone() }));
    let mut text = String::new();
    // Writing into a string does not fail, and nothing below makes an error of its own.
    if let Err(error) = encode(&mut text, &registry) {
        tracing::error!(%error, "failed to write metrics");
    }
    text
}

/// A name as a label: letters, digits and underscores, and never one that every metric has.
fn label_name(name: &str) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
    let name: String = name.chars().map(plain).collect();
    let reserved = name.starts_with(|first: char| first.is_ascii_digit()) || name.starts_with("__");
    if reserved || name.is_empty() || name == "region" { format!("build_{name}") } else { name }
}

/// What is written, at one moment.
#[derive(Debug)]
struct Exposition {
    builds: BTreeMap<String, String>,
    counts: Counts,
    numbers: Numbers,
}

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut page = Page::new(encoder);
        self.agent(&mut page)?;
        self.watches(&mut page)?;
        self.targets(&mut page)?;
        self.deliveries(&mut page)
    }
}

impl Exposition {
    fn agent(&self, page: &mut Page) -> fmt::Result {
        let own = &self.numbers;
        page.info(&family::BUILD, &self.builds)?;
        page.single(&family::START, Some(seconds(own.started_ms)))?;
        page.single(&family::HEARTBEAT, own.heartbeat_ms.map(seconds))?;
        page.single(&family::RELOAD_OK, own.reloaded.map(|(_, taken)| f64::from(u8::from(taken))))?;
        page.single(&family::RELOAD, own.reloaded.map(|(at_ms, _)| seconds(at_ms)))?;
        page.single(&family::UNDER_WAY, Some(plain(own.slots_under_way)))?;
        page.single(&family::LEASES, Some(plain(own.leases)))?;
        page.single(&family::LEAKS_LEFT, own.leaks_left.map(signed))?;
        page.counters(&family::ROWS_LOST, std::iter::once(([], own.rows_lost)))?;
        page.histograms(&family::LATENESS, std::iter::once(([], &self.counts.lateness.0)))?;
        let state = if own.brake.is_empty() { BRAKES[0] } else { own.brake.as_str() };
        let unknown = (!BRAKES.contains(&state)).then_some(state);
        let states = BRAKES.into_iter().chain(unknown);
        page.gauges(&family::KILL_SWITCH, states.map(|word| ([("state", word)], f64::from(u8::from(word == state)))))
    }

    fn watches(&self, page: &mut Page) -> fmt::Result {
        let all = || self.counts.watches.iter();
        page.counters(&family::SLOTS, all().flat_map(|(watch, own)| outcomes(watch, own)))?;
        page.counters(&family::SLI, all().flat_map(|(watch, own)| marks(watch, own)))?;
        let objectives = all().flat_map(|(watch, own)| {
            let known = Axis::ALL.into_iter().zip(own.objectives);
            known.filter_map(|(axis, share)| Some((on_axis(watch, axis), share?)))
        });
        page.gauges(&family::OBJECTIVE, objectives)?;
        page.gauges(&family::WINDOW, all().map(|(watch, own)| (of_watch(watch), own.window_seconds)))?;
        let known = self.numbers.error_budgets_left.iter();
        let known = known.filter(|(watch, _, _)| self.counts.watches.contains_key(watch));
        page.gauges(&family::BUDGET, known.map(|(watch, axis, left)| (on_axis(watch, *axis), *left)))?;
        let some =
            |of: fn(&OfWatch) -> Option<f64>| all().filter_map(move |(watch, own)| Some((of_watch(watch), of(own)?)));
        page.gauges(&family::INTERVAL, some(|own| own.interval_seconds))?;
        page.gauges(&family::LAST_SLOT, some(|own| own.last_slot_ms.map(seconds)))?;
        page.gauges(&family::LAST_PASS, some(|own| own.last_pass_ms.map(seconds)))
    }

    fn targets(&self, page: &mut Page) -> fmt::Result {
        let all = || self.counts.targets.iter();
        page.counters(&family::TROUBLES, all().flat_map(|(name, own)| troubles(name, own)))?;
        page.histograms(&family::SLOT_DURATION, all().map(|(name, own)| (of_target(name), &own.slots)))?;
        page.histograms(&family::EXCHANGE_DURATION, all().map(|(name, own)| (of_target(name), &own.exchanges)))?;
        page.histograms(&family::PHASE_DURATION, all().flat_map(|(name, own)| phases(name, own)))?;
        page.counters(&family::EXCHANGES, all().map(|(name, own)| (of_target(name), own.exchange_count)))?;
        page.counters(&family::BYTES, all().map(|(name, own)| (of_target(name), own.bytes)))?;
        page.counters(&family::LEAKS, all().map(|(name, own)| (of_target(name), own.leaks)))?;
        let versions = all().filter_map(|(name, own)| Some((name, own.version.as_deref()?)));
        let versions: Vec<(&str, String)> =
            versions.map(|(name, text)| (&**name, text.chars().take(VERSION_CHARACTERS_MAX).collect())).collect();
        let labelled = versions.iter().map(|(name, text)| ([("target", *name), ("version", text.as_str())], 1.0));
        page.gauges(&family::VERSION, labelled)?;
        let left = || self.numbers.targets_left.iter();
        let requests = left().filter_map(|(name, left)| Some((of_target(name), plain(left.requests?))));
        page.gauges(&family::REQUESTS_LEFT, requests)?;
        let bytes = left().filter_map(|(name, left)| Some((of_target(name), plain(left.bytes?))));
        page.gauges(&family::BYTES_LEFT, bytes)
    }

    fn deliveries(&self, page: &mut Page) -> fmt::Result {
        let all = || self.numbers.deliveries.iter();
        let waiting = all().map(|(name, own)| ([("receiver", name.as_str())], plain(own.waiting)));
        page.gauges(&family::WAITING, waiting)?;
        page.counters(&family::DELIVERIES, all().flat_map(|(name, own)| results(name, own)))?;
        let firing = self.numbers.alerts_firing.iter();
        page.gauges(&family::ALERTS, firing.map(|(word, many)| ([("severity", word.as_str())], plain(*many))))
    }
}

fn outcomes<'a>(watch: &'a Watch, own: &'a OfWatch) -> impl Iterator<Item = (Labels<'a, 4>, u64)> {
    Outcome::ALL.into_iter().zip(&own.outcomes).flat_map(move |(outcome, kinds)| {
        let each = KINDS.iter().zip(kinds).enumerate();
        // Scheduled slots have all their series from the start, so that the first of an outcome is seen as an increase.
        let shown = each.filter(|(index, (_, many))| *index == 0 || **many > 0);
        shown.map(move |(_, ((_, kind), many))| {
            let [canary, target] = of_watch(watch);
            ([canary, target, ("outcome", outcome.word()), ("kind", kind)], *many)
        })
    })
}

fn marks<'a>(watch: &'a Watch, own: &'a OfWatch) -> impl Iterator<Item = (Labels<'a, 4>, u64)> {
    Axis::ALL.into_iter().zip(own.marks).flat_map(move |(axis, marks)| {
        ["good", "bad"].into_iter().zip(marks).map(move |(mark, many)| {
            let [canary, target, axis] = on_axis(watch, axis);
            ([canary, target, axis, ("mark", mark)], many)
        })
    })
}

fn troubles<'a>(name: &'a str, own: &'a OfTarget) -> impl Iterator<Item = (Labels<'a, 3>, u64)> {
    let labels = move |(place, phase)| [("target", name), ("place", place), ("phase", phase)];
    PLACES.into_iter().zip(own.troubles).map(move |(place, many)| (labels(place), many))
}

fn phases<'a>(name: &'a str, own: &'a OfTarget) -> impl Iterator<Item = (Labels<'a, 2>, &'a Histogram)> {
    let known = Phase::ALL.into_iter().zip(&own.phases);
    known.filter_map(move |(phase, own)| Some(([("target", name), ("phase", phase.word())], own.as_ref()?)))
}

fn results<'a>(name: &'a str, own: &'a Deliveries) -> [(Labels<'a, 2>, u64); 3] {
    [("sent", own.sent), ("failed", own.failed), ("dropped", own.dropped)]
        .map(|(result, many)| ([("receiver", name), ("result", result)], many))
}

fn of_watch(watch: &Watch) -> Labels<'_, 2> {
    [("canary", &watch.canary), ("target", &watch.target)]
}

fn on_axis(watch: &Watch, axis: Axis) -> Labels<'_, 3> {
    [("canary", &watch.canary), ("target", &watch.target), ("axis", axis.word())]
}

fn of_target(name: &str) -> Labels<'_, 1> {
    [("target", name)]
}

fn seconds(milliseconds: i64) -> f64 {
    signed(milliseconds) / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers, and these stay far below 2^53")]
fn plain(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers, and these stay far below 2^53")]
fn signed(number: i64) -> f64 {
    number as f64
}
