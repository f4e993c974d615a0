//! The anchors of scenarios: the same in every run, so that a link to one lasts.

use std::collections::{BTreeMap, BTreeSet};

use super::SHOWN_FAILURES_MAX;
use crate::report::features::{FeatureReport, Scenario, Upshot};

/// The most characters of an anchor.
const ANCHOR_CHARACTERS_MAX: usize = 160;

/// The upshots of which the page has a card for each scenario, up to its bound.
const CARDED: [Upshot; 3] = [Upshot::Failed, Upshot::Inconclusive, Upshot::Accepted];

/// Path, line and id of a scenario.
type Place = (String, usize, String);

/// The anchor of each scenario in the list of all; its card has the same after `why-`.
pub(super) struct Anchors {
    by_place: BTreeMap<Place, String>,
    carded: BTreeSet<Place>,
}

impl Anchors {
    pub(super) fn of(report: &FeatureReport) -> Self {
        let mut taken = BTreeSet::new();
        let by_place = report.scenarios().map(|scenario| (place(scenario), free(&anchor(scenario), &mut taken)));
        let by_place = by_place.collect();
        let carded = CARDED.into_iter().flat_map(|upshot| report.upshot(upshot).take(SHOWN_FAILURES_MAX).map(place));
        Self { by_place, carded: carded.collect() }
    }

    /// The anchor of a scenario in the list of all.
    pub(super) fn get(&self, scenario: &Scenario) -> &str {
        self.by_place.get(&place(scenario)).map_or("scenarios", String::as_str)
    }

    /// Whether the page has a card of the scenario.
    pub(super) fn has_card(&self, scenario: &Scenario) -> bool {
        self.carded.contains(&place(scenario))
    }
}

fn place(scenario: &Scenario) -> Place {
    let played = &scenario.played;
    (played.path.clone(), played.line, played.id.clone())
}

/// The id with whatever an address would write otherwise left out.
fn anchor(scenario: &Scenario) -> String {
    let id = scenario.played.id.replace("::", ".");
    let plain = id.chars().filter(|letter| letter.is_ascii_alphanumeric() || "._-".contains(*letter));
    format!("scenario-{}", plain.take(ANCHOR_CHARACTERS_MAX).collect::<String>())
}

/// The anchor, with a number where another scenario has it.
fn free(anchor: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2_usize..).map(|number| format!("{anchor}-{number}"));
    let free = std::iter::once(anchor.to_owned()).chain(numbered).find(|anchor| !taken.contains(anchor));
    let free = free.unwrap_or_default();
    taken.insert(free.clone());
    free
}
