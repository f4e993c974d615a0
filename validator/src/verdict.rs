//! What one call or one case came to: conforms, diverges, or why that cannot be said.

use std::fmt;

use plumb_model::answer::{Answer, Document};
use plumb_model::belief::Miss;
use plumb_model::fault::Ground;
use plumb_model::judge::Mismatch;
use plumb_model::model::{ErasedState, Outcome};
use plumb_model::text::shown;
use plumb_model::wire::Actor;
use serde::{Deserialize, Serialize};

/// The most characters of a body or header that a finding shows.
pub const EXCERPT_CHARACTERS_MAX: usize = 400;
/// The most headers that a finding shows.
pub const SHOWN_HEADERS_MAX: usize = 40;

/// What stands for the class of an answer where none came.
pub const NO_ANSWER: &str = "no answer";

/// The most places that a signature names.
pub const PLACES_MAX: usize = 8;

/// What a divergence is, from the caller's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It worked where it must be refused.
    AcceptsWhatMustBeRefused,
    /// It was refused where it must work.
    RefusesWhatMustWork,
    /// Refused or answered rightly, with a wrong code.
    WrongCode,
    /// The right answer with a wrong header or body.
    WrongHeaderOrBody,
    /// A read shows that an earlier call left another state behind than it should.
    WrongStateAfterwards,
    /// The server failed: a 5xx, an error of its own in the body, or no answer at all every time, on a request that has
    /// another answer.
    ServerError,
    /// The model permits it, the case's own expectation does not.
    OwnExpectation,
    /// Each answer is permitted, and together they go in a circle: one fault wins over another, that over a third, and
    /// the third over the first.
    PrecedenceCycle,
}

impl Kind {
    /// The name in reports: `wrong-code`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AcceptsWhatMustBeRefused => "accepts-what-must-be-refused",
            Self::RefusesWhatMustWork => "refuses-what-must-work",
            Self::WrongCode => "wrong-code",
            Self::WrongHeaderOrBody => "wrong-header-or-body",
            Self::WrongStateAfterwards => "wrong-state-afterwards",
            Self::ServerError => "server-error",
            Self::OwnExpectation => "own-expectation",
            Self::PrecedenceCycle => "precedence-cycle",
        }
    }

    /// The kind in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::AcceptsWhatMustBeRefused => "accepts what must be refused",
            Self::RefusesWhatMustWork => "refuses what must work",
            Self::WrongCode => "wrong code of the right class",
            Self::WrongHeaderOrBody => "wrong header or body",
            Self::WrongStateAfterwards => "wrong state afterwards",
            Self::ServerError => "server error",
            Self::OwnExpectation => "not what the case itself expects",
            Self::PrecedenceCycle => "precedence cycle",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One permitted answer as reports show it, with where the observed one differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Status and code: `404 NoSuchKey`.
    pub class: String,
    /// How well it is known: A, D, I or U.
    pub basis: String,
    /// Where it is written.
    pub source: String,
    /// Where the observed answer differs.
    pub mismatches: Vec<Mismatch>,
}

impl Expected {
    /// The same, where the server repeated a secret of ours.
    pub(crate) fn without_secrets(mut self, actors: &[Actor]) -> Self {
        for mismatch in &mut self.mismatches {
            mismatch.observed = without_secrets(&mismatch.observed, actors);
        }
        self
    }
}

/// A text from the server without any secret of ours that it repeats: nothing we print may show one.
pub fn without_secrets(text: &str, actors: &[Actor]) -> String {
    let secrets = actors.iter().flat_map(|actor| [Some(&actor.secret), actor.session_token.as_ref()]).flatten();
    secrets
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
}

/// An answer as reports show it: safe to print, bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Status and code.
    pub class: String,
    /// The headers in order.
    pub headers: Vec<(String, String)>,
    /// The start of the body.
    pub body: String,
    /// The length of the body, in bytes.
    pub body_bytes: u64,
}

impl Observed {
    /// `answer`, made safe to show.
    pub fn new(answer: &Answer) -> Self {
        let safe = |bytes: &[u8]| shown(bytes, EXCERPT_CHARACTERS_MAX);
        let headers = answer.headers.iter().take(SHOWN_HEADERS_MAX);
        Self {
            class: answer.class(),
            headers: headers.map(|(name, value)| (safe(name.as_bytes()), safe(value))).collect(),
            body: safe(&answer.body),
            body_bytes: answer.body.len() as u64,
        }
    }

    /// No answer at all.
    pub(crate) fn nothing() -> Self {
        Self { class: NO_ANSWER.to_owned(), headers: Vec::new(), body: String::new(), body_bytes: 0 }
    }

    /// The same, where the server repeated a secret of ours.
    pub(crate) fn without_secrets(mut self, actors: &[Actor]) -> Self {
        for (_, value) in &mut self.headers {
            *value = without_secrets(value, actors);
        }
        self.class = without_secrets(&self.class, actors);
        self.body = without_secrets(&self.body, actors);
        self
    }
}

/// An answer outside of every permitted outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// The id of the call in its case.
    pub call: String,
    /// Its operation.
    pub operation: String,
    /// What it is.
    pub kind: Kind,
    /// Every permitted answer, the preferred one first.
    pub expected: Vec<Expected>,
    /// What came.
    pub observed: Observed,
    /// The state of the model before the call.
    pub state: serde_json::Value,
    /// The server's id of the request.
    pub request_id: Option<String>,
}

impl Divergence {
    /// The coarse signature: operation, kind, expected class, observed class, the places that differ.
    pub fn signature(&self) -> String {
        let class = self.nearest().map_or("nothing", |expected| expected.class.as_str());
        let places = self.places().join(" + ");
        format!("{} {} {class} -> {} at {places}", self.operation, self.kind, self.observed.class)
    }

    /// Whether there is no answer that diverges, because the server hung up.
    pub fn is_hang_up(&self) -> bool {
        self.observed.class == NO_ANSWER
    }

    /// The permitted answer of the same class, or else the preferred one.
    fn nearest(&self) -> Option<&Expected> {
        let of_class = self.expected.iter().find(|expected| expected.class == self.observed.class);
        of_class.or(self.expected.first())
    }

    /// Where the answer differs from the nearest permitted one: `header etag`, `body Contents.Key`. Without the
    /// positions in lists, which say which entry of this case it was, and not what went wrong.
    pub fn places(&self) -> Vec<String> {
        let mut places: Vec<String> = Vec::new();
        for mismatch in self.nearest().iter().flat_map(|expected| &expected.mismatches) {
            let parts = mismatch.place.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest));
            let place: String = parts.collect();
            if !places.contains(&place) && places.len() < PLACES_MAX {
                places.push(place);
            }
        }
        places.sort();
        places
    }
}

/// A call on which the server hung up: it closed the connection and gave no answer.
///
/// By itself that says nothing, because an answer may get lost on its way. A server that does it every time fails.
#[derive(Debug, Clone, PartialEq)]
pub struct HangUp {
    /// What it is where it comes every time.
    pub divergence: Divergence,
    /// Whether the server can have said nothing. Where a body was under way, it may have refused it and closed the
    /// connection; the reset that follows takes the refusal away (RFC 9112 section 9.6).
    pub is_certain: bool,
}

/// The kind of a divergence, from what was permitted and what came. `stale` tells that the answer would have
/// been right in an earlier state of the case.
pub(crate) fn kind_of(misses: &[Miss], answer: &Answer, stale: bool) -> Kind {
    let refused = answer.status >= 400 || answer.code.is_some();
    let permitted = || misses.iter().map(|miss| miss.outcome.expectation.status);
    if answer.is_server_error() {
        Kind::ServerError
    } else if stale {
        Kind::WrongStateAfterwards
    } else if !refused && permitted().all(|status| status >= 400) {
        Kind::AcceptsWhatMustBeRefused
    } else if refused && permitted().all(|status| status < 400) {
        Kind::RefusesWhatMustWork
    } else if misses.iter().any(|miss| class_matches(miss, answer)) {
        Kind::WrongHeaderOrBody
    } else {
        Kind::WrongCode
    }
}

fn class_matches(miss: &Miss, answer: &Answer) -> bool {
    let expectation = &miss.outcome.expectation;
    expectation.status == answer.status && expectation.code.as_deref() == answer.code.as_deref()
}

/// The permitted answers as reports show them: those that come nearest to what was observed first among equals.
pub(crate) fn expected(misses: Vec<Miss>) -> Vec<Expected> {
    let each = misses.into_iter().map(|miss| {
        let Ground { basis, source } = miss.outcome.ground;
        Expected {
            class: miss.outcome.expectation.class(),
            basis: basis.letter().to_owned(),
            source: source.into_owned(),
            mismatches: miss.mismatches,
        }
    });
    each.collect()
}

/// Why an answer conforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// Whether it is a preferred answer.
    pub preferred: bool,
    /// How well it is known, and where it is written.
    pub ground: Ground,
    /// The classes of the other answers that were permitted.
    pub others: Vec<String>,
}

/// The classes of outcomes that did not match, each once.
pub(crate) fn classes(misses: &[Miss]) -> Vec<String> {
    let mut classes: Vec<String> = Vec::new();
    for miss in misses {
        let class = miss.outcome.expectation.class();
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    classes
}

/// The permitted answers as reports show them where none came, because the exchange ended as `how` says.
pub(crate) fn unanswered(permitted: Vec<Outcome<ErasedState>>, how: &str) -> Vec<Expected> {
    let misses = permitted.into_iter().map(|outcome| {
        let (place, expected, observed) = ("answer".to_owned(), outcome.expectation.class(), how.to_owned());
        Miss { outcome, mismatches: vec![Mismatch { place, expected, observed }] }
    });
    expected(misses.collect())
}

/// Why nothing can be said about a call or a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason", content = "detail")]
pub enum Unclear {
    /// The server could not be reached.
    Unreachable(String),
    /// The request may have been sent; no answer came.
    NoAnswer(String),
    /// The server asked to slow down, time and again.
    Throttled(String),
    /// A 5xx that did not come again.
    Unavailable(String),
    /// A value that the call needs is not known, because an earlier answer did not tell it.
    Blocked(String),
    /// More states are possible than can be followed.
    TooManyWorlds(String),
    /// A resource that the case needs could not be had.
    NoResource(String),
    /// A divergence that did not come again.
    NotReproduced(String),
}

impl fmt::Display for Unclear {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, detail) = match self {
            Self::Unreachable(detail) => ("unreachable", detail),
            Self::NoAnswer(detail) => ("no answer", detail),
            Self::Throttled(detail) => ("throttled", detail),
            Self::Unavailable(detail) => ("unavailable", detail),
            Self::Blocked(detail) => ("blocked", detail),
            Self::TooManyWorlds(detail) => ("too many states", detail),
            Self::NoResource(detail) => ("no resource", detail),
            Self::NotReproduced(detail) => ("not reproduced", detail),
        };
        write!(formatter, "{what}: {detail}")
    }
}

/// What one call or one case came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every answer was permitted.
    Conforms {
        /// Whether every answer was a preferred one.
        preferred: bool,
    },
    /// An answer was outside of every permitted outcome.
    Diverges(Box<Divergence>),
    /// Nothing can be said.
    Inconclusive(Unclear),
    /// The guard refused a call.
    Skipped(String),
    /// A call that cannot be put on the wire, or an operation the flavour lacks.
    Unsupported(String),
    /// The model has no outcome for it.
    Unmodelled(String),
}

impl Verdict {
    /// Whether it says that nothing was sent, so that nothing can have come of it.
    pub const fn is_unsent(&self) -> bool {
        matches!(self, Self::Skipped(_) | Self::Unsupported(_) | Self::Inconclusive(Unclear::Unreachable(_)))
    }

    /// The word in reports: `conforms`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Conforms { .. } => "conforms",
            Self::Diverges(_) => "diverges",
            Self::Inconclusive(_) => "inconclusive",
            Self::Skipped(_) => "skipped",
            Self::Unsupported(_) => "unsupported",
            Self::Unmodelled(_) => "unmodelled",
        }
    }

    /// The divergence, where there is one.
    pub fn divergence(&self) -> Option<&Divergence> {
        match self {
            Self::Diverges(divergence) => Some(divergence),
            _ => None,
        }
    }
}

/// A text field of an answer's document, for error messages.
pub(crate) fn message(answer: &Answer) -> String {
    let text = |name| answer.document.as_ref().and_then(|document: &Document| document.text(name));
    let words = text("Message").or_else(|| text("message")).unwrap_or_default();
    format!("{} {}", answer.class(), shown(words.as_bytes(), 120)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_model::expectation::Expectation;
    use plumb_model::fault::Basis;
    use plumb_model::model::Outcome;

    fn check(permitted: u16, answer: &Answer, kind: Kind) {
        let outcome = Outcome::new(Expectation::status(permitted), Basis::Documented, "a page");
        let misses = [Miss { outcome, mismatches: Vec::new() }];
        assert_eq!(kind_of(&misses, answer, false), kind, "{} instead of {permitted}", answer.class());
    }

    #[test]
    fn an_error_in_the_body_is_no_success_whatever_the_status() {
        let answer = |status, code: &str| Answer { status, code: Some(code.to_owned()), ..Answer::default() };
        let late = Answer { fails_late: true, ..answer(200, "Failed") };
        check(200, &late, Kind::ServerError);
        check(404, &late, Kind::ServerError);
        check(200, &answer(200, "Absent"), Kind::RefusesWhatMustWork);
        check(404, &answer(200, "Absent"), Kind::WrongCode);
        check(404, &Answer { status: 200, ..Answer::default() }, Kind::AcceptsWhatMustBeRefused);
        check(200, &answer(500, "Failed"), Kind::ServerError);
    }
}
