//! Which watches a page shows, as its address says; and the addresses of pages.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::health::{Health, Seen};
use crate::slot::{Slot, Watch};

/// Everything but what an address holds as it is (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// How often a page that renews itself does so, in seconds, at least and at most.
const REFRESH_SECONDS: std::ops::RangeInclusive<u32> = 5..=3_600;

/// Which watches are shown. Words are found anywhere in a name, in capitals or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// A part of the canary's name.
    pub canary: String,
    /// A part of the target's name.
    pub target: String,
    /// A part of the owner's.
    pub owner: String,
    /// `failing`, or the word of a state.
    pub state: String,
    /// Which page, from 1.
    pub page: Option<usize>,
    /// After how many seconds the page is to be asked for again.
    pub refresh: Option<u32>,
}

/// What `state` may be, with its words.
pub(super) const STATES: [(&str, &str); 7] = [
    ("", "any state"),
    ("failing", "broken"),
    ("down", "down"),
    ("wrong", "wrong answers"),
    ("unknown", "unknown"),
    ("held", "held back"),
    ("passing", "passes"),
];

impl Filter {
    /// Whether `seen` is shown.
    pub(super) fn takes(&self, seen: &Seen<'_>) -> bool {
        let view = seen.view;
        let named =
            [(&self.canary, &view.watch.canary), (&self.target, &view.watch.target), (&self.owner, &view.owner)];
        named.into_iter().all(|(part, name)| holds(name, part)) && self.takes_state(seen.health)
    }

    fn takes_state(&self, health: Health) -> bool {
        match self.state.as_str() {
            "failing" => health.is_broken(),
            "down" => health == Health::Down,
            "wrong" => health == Health::Wrong,
            "unknown" => health == Health::Unknown,
            "held" => health == Health::Quiet,
            "passing" => matches!(health, Health::Fine | Health::Strained),
            _ => true,
        }
    }

    /// Whether it leaves anything out.
    pub(super) fn is_empty(&self) -> bool {
        [&self.canary, &self.target, &self.owner, &self.state].iter().all(|part| part.is_empty())
    }

    /// After how many seconds the page renews itself.
    pub(super) fn refresh_seconds(&self) -> Option<u32> {
        self.refresh.map(|seconds| seconds.clamp(*REFRESH_SECONDS.start(), *REFRESH_SECONDS.end()))
    }

    /// The address of the board with this filter, at `page`.
    pub(super) fn address(&self, page: usize) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let refresh = self.refresh.map(|seconds| seconds.to_string()).unwrap_or_default();
        let parts = [
            ("canary", self.canary.as_str()),
            ("target", &self.target),
            ("owner", &self.owner),
            ("state", &self.state),
            ("page", &page),
            ("refresh", &refresh),
        ];
        query("/", &parts)
    }
}

/// Whether `part` is in `name`, in capitals or not.
pub(super) fn holds(name: &str, part: &str) -> bool {
    let part = part.trim();
    part.is_empty() || name.to_lowercase().contains(&part.to_lowercase())
}

/// `path` with those of `parts` that are not empty.
pub(super) fn query(path: &str, parts: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    for (name, value) in parts.iter().filter(|(_, value)| !value.is_empty()) {
        let sign = if address.contains('?') { '&' } else { '?' };
        // Writing into a string does not fail.
        let _ = write!(address, "{sign}{name}={}", encoded(value));
    }
    address
}

fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, ENCODED)
}

/// The page of a watch.
pub(super) fn watch_address(watch: &Watch) -> String {
    format!("/watch/{}/{}", encoded(&watch.canary), encoded(&watch.target))
}

/// The page of a slot.
pub(super) fn slot_address(slot: &Slot) -> String {
    at_slot(&slot.watch, slot.due_ms, super::health::kind(slot.kind))
}

/// The page of a slot of `watch`.
pub(super) fn at_slot(watch: &Watch, due_ms: i64, kind: &str) -> String {
    format!("/slot/{}/{}/{due_ms}/{kind}", encoded(&watch.canary), encoded(&watch.target))
}

/// The page of a finding.
pub(super) fn finding_address(id: &str) -> String {
    format!("/finding/{}", encoded(id))
}

/// The ledger of a day, of one watch.
pub(super) fn ledger_address(date: &str, watch: Option<&Watch>) -> String {
    let parts = watch.map(|watch| [("canary", watch.canary.as_str()), ("target", &watch.target)]);
    query(&format!("/ledger/{date}"), parts.as_ref().map_or(&[], |parts| parts.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_any_name() {
        let watch = Watch { canary: "a/b c?".into(), target: "é".into() };
        assert_eq!(watch_address(&watch), "/watch/a%2Fb%20c%3F/%C3%A9");
        assert_eq!(ledger_address("2026-03-14", None), "/ledger/2026-03-14");
        let filter = Filter { canary: "a&b".into(), state: "failing".into(), ..Filter::default() };
        assert_eq!(filter.address(2), "/?canary=a%26b&state=failing&page=2");
        assert_eq!(Filter::default().address(1), "/");
    }
}
