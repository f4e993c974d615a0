//! Deviations: findings that somebody accepted for a while.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::Zoned;
use jiff::civil::Date;
use plumb_model::bodies::{hex, sha256};
use plumb_model::text::shown;
use plumb_steps::executor::Waivers;
use plumb_validator::finding::Finding;
use plumb_validator::verdict::{Divergence, Expected, Kind};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::input::read_text;
use crate::investigate::covers;

/// The file that is read where none is named.
pub const DEVIATIONS_FILE: &str = "plumb.deviations.toml";

/// How much of a text is shown in one line.
const WORDS_CHARACTERS_MAX: usize = 200;

/// The longest such file, in bytes.
const DEVIATIONS_BYTES_MAX: u64 = 16 << 20;

/// A known, accepted finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// The API.
    pub api: String,
    /// The operation.
    pub operation: String,
    /// The kind of the finding.
    pub kind: Kind,
    /// The class that must have been expected.
    pub expected: String,
    /// The class that was observed.
    pub observed: String,
    /// The places where a finding may differ; it must not differ anywhere else.
    pub places: Vec<String>,
    /// The choices a finding must have; it may have more.
    pub choices: Vec<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it counts.
    pub expires: Date,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    deviation: Vec<Deviation>,
}

impl Deviation {
    /// The deviation that accepts `finding`.
    pub fn of(finding: &Finding, api: &str, owner: &str, reason: &str, expires: Date) -> Self {
        Self {
            api: api.to_owned(),
            operation: finding.operation.clone(),
            kind: finding.kind,
            expected: expected_class(&finding.expected).to_owned(),
            observed: finding.observed.class.clone(),
            places: finding.places.clone(),
            choices: finding.choices.clone(),
            owner: owner.to_owned(),
            reason: reason.to_owned(),
            expires,
        }
    }

    /// Whether it accepts `finding` on the day `today`.
    pub fn accepts(&self, finding: &Finding, api: &str, today: Date) -> bool {
        today <= self.expires && self.matches(finding, api)
    }

    /// Whether it speaks of `finding`, expired or not: the same classes, with at least its choices.
    pub fn matches(&self, finding: &Finding, api: &str) -> bool {
        let seen = Seen {
            operation: &finding.operation,
            kind: finding.kind,
            expected: expected_class(&finding.expected),
            observed: &finding.observed.class,
            places: &finding.places,
            choices: &finding.choices,
        };
        self.speaks_of(&seen, api)
    }

    /// Whether it accepts, on the day `today`, a wrong answer of which it is not known which choices bring it about.
    pub fn accepts_divergence(&self, divergence: &Divergence, api: &str, today: Date) -> bool {
        let seen = Seen {
            operation: &divergence.operation,
            kind: divergence.kind,
            expected: expected_class(&divergence.expected),
            observed: &divergence.observed.class,
            places: &divergence.places(),
            choices: &[],
        };
        today <= self.expires && self.speaks_of(&seen, api)
    }

    fn speaks_of(&self, seen: &Seen<'_>, api: &str) -> bool {
        self.api == api
            && self.operation == seen.operation
            && self.kind == seen.kind
            && self.expected == seen.expected
            && self.observed == seen.observed
            && seen.places.iter().all(|place| self.places.contains(place))
            && covers(&self.choices, seen.choices)
    }
}

/// What a deviation is held against.
struct Seen<'a> {
    operation: &'a str,
    kind: Kind,
    expected: &'a str,
    observed: &'a str,
    places: &'a [String],
    choices: &'a [String],
}

impl fmt::Display for Deviation {
    /// `Get wrong-code 200 -> 404 [key=absent], accepted by me until 2027-03-31`, safe for a terminal.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let safe = |text: &str| shown(text.as_bytes(), WORDS_CHARACTERS_MAX);
        let (operation, kind) = (safe(&self.operation), self.kind.name());
        let (expected, observed) = (safe(&self.expected), safe(&self.observed));
        let (choices, owner) = (safe(&self.choices.join(", ")), safe(&self.owner));
        write!(
            formatter,
            "{operation} {kind} {expected} -> {observed} [{choices}], accepted by {owner} until {}",
            self.expires
        )
    }
}

fn expected_class(expected: &[Expected]) -> &str {
    expected.first().map_or("", |expected| expected.class.as_str())
}

/// Reads the deviations in `path`, or in [`DEVIATIONS_FILE`] where there is one.
pub fn load(path: Option<&Path>) -> Result<Vec<Deviation>, Error> {
    let given = path.is_some();
    let path = path.unwrap_or(Path::new(DEVIATIONS_FILE));
    match read_text(path, DEVIATIONS_BYTES_MAX) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !given => Ok(Vec::new()),
        Err(error) => Err(Error::file("read", path, error, "name the accepted findings with --deviations FILE")),
        Ok(text) => parse(path, &text),
    }
}

fn parse(path: &Path, text: &str) -> Result<Vec<Deviation>, Error> {
    let name = path.display().to_string();
    toml::from_str::<File>(text).map(|file| file.deviation).map_err(|error| {
        let message = format!("failed to read {name}: {}", error.message());
        Error::config(&name, text, error.span(), message, Some("plumb accept writes entries of the right form".into()))
    })
}

/// What tells what is accepted of `api` on the day `today` from what is on another.
pub fn digest(deviations: &[Deviation], api: &str, today: Date) -> String {
    let counts = deviations.iter().filter(|own| own.api == api && today <= own.expires);
    // Who answers for it, and until when, does not change what is accepted.
    let mut all: Vec<String> = counts
        .map(|own| {
            let Deviation { operation, kind, expected, observed, places, choices, .. } = own;
            format!("{operation} {} {expected} {observed} {places:?} {choices:?}", kind.name())
        })
        .collect();
    all.sort();
    hex(&sha256(all.join("\n").as_bytes())[..8]).into_iter().map(char::from).collect()
}

/// Which wrong answers of `api` these deviations accept today.
pub fn waivers(deviations: Vec<Deviation>, api: &'static str) -> Waivers {
    let today = Zoned::now().date();
    Arc::new(move |divergence| deviations.iter().any(|own| own.accepts_divergence(divergence, api, today)))
}

/// Adds deviations to the file at `path`; tells what was in it already, which is not added again.
pub fn add(path: &Path, new: Vec<Deviation>) -> Result<Vec<Deviation>, Error> {
    let mut all = if path.exists() { load(Some(path))? } else { Vec::new() };
    let mut known = Vec::new();
    for deviation in new {
        if all.contains(&deviation) {
            known.push(deviation);
        } else {
            all.push(deviation);
        }
    }
    let text = toml::to_string_pretty(&File { deviation: all })
        .map_err(|error| Error::Internal(format!("write deviations: {error}")))?;
    // Whole or not at all: written beside, then moved.
    let beside = path.with_extension("toml.new");
    let refused = |error| Error::file("write", path, error, "choose another file with --deviations FILE");
    std::fs::write(&beside, text).map_err(refused)?;
    std::fs::rename(&beside, path).map_err(refused)?;
    Ok(known)
}
