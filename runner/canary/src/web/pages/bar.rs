//! The last slots of a watch as a bar: a mark for each, told apart by height, frame and letter, not by colour alone.

use maud::{Markup, html};

use crate::slot::{Outcome, SlotKind};
use crate::view::{SlotView, WatchView};
use crate::web::health::{blame, letter, upshot};
use crate::web::words::{count, moment, number, safe, took};

/// The marks with their words, for the legend.
const LEGEND: [(&str, &str, &str); 8] = [
    ("p", "", "pass"),
    ("f", "F", "fail: a wrong answer"),
    ("d", "D", "not available"),
    ("i", "?", "inconclusive"),
    ("m", "M", "missed: never started"),
    ("k", "K", "killed: no end"),
    ("s", "S", "shed: overload"),
    ("n", "", "skipped on purpose"),
];

/// The last `most` slots.
pub(super) fn bar(view: &WatchView, most: usize, now_ms: i64) -> Markup {
    let slots = &view.slots[view.slots.len().saturating_sub(most)..];
    let deploys = deployed(view, slots);
    html! {
        div .bar role="img" aria-label=(summary(slots)) {
            @for (index, slot) in slots.iter().enumerate() {
                (mark(slot, deploys.iter().find(|(at, _)| *at == index).map(|(_, version)| *version), now_ms))
            }
        }
    }
}

/// What the marks mean.
pub(super) fn legend() -> Markup {
    html! {
        ul .legend aria-label="The marks of slots" {
            @for (class, letter, words) in LEGEND {
                li { span .bar aria-hidden="true" { i .(class) { (letter) } } (words) }
            }
            li { span .bar aria-hidden="true" { i .p .r {} } "rounded: run again, not counted" }
            li { span .bar aria-hidden="true" { i .p .v {} } "arrow: another version" }
        }
    }
}

/// One slot. What it says is in its title.
fn mark(slot: &SlotView, version: Option<&str>, now_ms: i64) -> Markup {
    let (class, letter) = letter(slot);
    let again = slot.kind != SlotKind::Scheduled;
    html! { i .(class) .r[again] .v[version.is_some()] title=(title(slot, version, now_ms)) { (letter) } }
}

fn title(slot: &SlotView, version: Option<&str>, now_ms: i64) -> String {
    let mut title = format!("{} {}", moment(slot.due_ms, now_ms), upshot(slot));
    if slot.count > 1 {
        title = format!("{title}, {}", count(u64::from(slot.count), "slot"));
    }
    if slot.kind != SlotKind::Scheduled {
        title.push_str(", run again");
    }
    if let Some(place) = slot.place.filter(|_| slot.outcome != Outcome::Skipped) {
        let (whose, part) = blame(place);
        title = if part.is_empty() { format!("{title}: {whose}") } else { format!("{title}: {whose}, {part}") };
    }
    if slot.duration_us > 0 {
        title = format!("{title}, {}", took(slot.duration_us));
    }
    if let Some(version) = version {
        title = format!("{title}; now {}", safe(version));
    }
    title
}

/// The slots in one sentence.
pub(super) fn summary(slots: &[SlotView]) -> String {
    let many = |outcome| slots.iter().filter(|slot| slot.outcome == outcome).map(|slot| u64::from(slot.count)).sum();
    let known = Outcome::ALL.into_iter().map(|outcome| (outcome, many(outcome))).filter(|(_, many)| *many > 0);
    let parts: Vec<String> = known.map(|(outcome, many)| format!("{} {}", number(many), outcome.word())).collect();
    match slots.last() {
        Some(last) => format!("The last slots: {}. The latest: {}.", parts.join(", "), upshot(last)),
        None => "No slot yet.".to_owned(),
    }
}

/// The slots of the bar from which on the target has another version.
fn deployed<'a>(view: &'a WatchView, slots: &[SlotView]) -> Vec<(usize, &'a str)> {
    let at = |(at_ms, version): &'a (i64, String)| {
        let index = slots.iter().position(|slot| slot.due_ms >= *at_ms)?;
        // What changed before the bar begins is no mark in it.
        let inside = slots.first().is_some_and(|first| *at_ms > first.due_ms);
        inside.then_some((index, version.as_str()))
    };
    view.deploys.iter().filter_map(at).collect()
}
