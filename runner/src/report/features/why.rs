//! Why a scenario is not passed, and where it stands, in words that are safe to show anywhere.

use plumb_model::judge::NOTHING;
use plumb_steps::played::{Outcome, Played, StepEnd, StepPlayed};
use plumb_validator::verdict::{Divergence, Expected, Kind};

use super::FeatureReport;
use crate::report::words::{lines, safe};

/// The most permitted answers that a sentence names.
const NAMED_ANSWERS_MAX: usize = 4;
/// The most lines of a message or of help that a report shows.
const MESSAGE_LINES_MAX: usize = 60;

/// What ended a scenario, each part safe to show.
pub(in crate::report) struct Lack {
    /// The step that ended it, where it was one.
    pub(in crate::report) step: Option<usize>,
    /// What is wrong: a line or several.
    pub(in crate::report) message: Vec<String>,
    /// What to do: a function to paste, or the places that claim the step; with a title.
    pub(in crate::report) help: Option<(&'static str, Vec<String>)>,
}

/// What ended a scenario.
pub(in crate::report) fn lack(played: &Played) -> Lack {
    let Some(trouble) = &played.trouble else {
        return Lack { step: None, message: vec![why(played)], help: None };
    };
    let message = match &trouble.divergence {
        Some(divergence) if trouble.message == divergence.signature() => vec![sentence(divergence)],
        _ => bounded(&trouble.message),
    };
    let title = match ended(played) {
        Some(StepEnd::Undefined) => "to define it, paste this and fill it in",
        Some(StepEnd::Ambiguous) => "it is defined at",
        _ => "help",
    };
    let help = trouble.help.as_ref().map(|help| (title, bounded(help)));
    Lack { step: trouble.step.filter(|at| *at < played.steps.len()), message, help }
}

fn bounded(text: &str) -> Vec<String> {
    let more = text.lines().nth(MESSAGE_LINES_MAX).map(|_| "…".to_owned());
    lines(text).take(MESSAGE_LINES_MAX).chain(more).collect()
}

/// How the step ended that ended the scenario.
pub(super) fn ended(played: &Played) -> Option<StepEnd> {
    let at = played.trouble.as_ref()?.step?;
    played.steps.get(at).map(|step| step.end)
}

/// What kind of trouble it is, in a word or two: `wrong-code`, `timed out`, `failed`.
pub(in crate::report) fn what(played: &Played) -> &'static str {
    let divergence = played.trouble.as_ref().and_then(|trouble| trouble.divergence.as_ref());
    match (divergence, ended(played)) {
        (Some(divergence), _) => divergence.kind.name(),
        (None, Some(end)) if end != StepEnd::Passed => end.words(),
        _ => outcome(played.outcome),
    }
}

/// Why it did not pass, in one line.
pub fn why(played: &Played) -> String {
    let trouble = played.trouble.as_ref();
    let divergence = trouble.and_then(|trouble| trouble.divergence.as_ref());
    match (divergence, trouble) {
        (Some(divergence), _) => sentence(divergence),
        (None, Some(trouble)) => safe(trouble.message.lines().next().unwrap_or_default()),
        (None, None) => format!("{} without a reason", outcome(played.outcome)),
    }
}

/// Why it was skipped, in one line.
pub(in crate::report) fn skipped_for(report: &FeatureReport, played: &Played) -> String {
    match played.trouble {
        None if report.started.dry_run => "dry run: its steps are defined, and nothing is sent".to_owned(),
        _ => why(played),
    }
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Skipped => "skipped",
    }
}

/// Who answered what, and what was expected instead.
fn sentence(divergence: &Divergence) -> String {
    let observed = &divergence.observed.class;
    let near = divergence.expected.iter().find(|expected| expected.class == *observed);
    let what = match near.and_then(|expected| expected.mismatches.first()) {
        Some(first) if first.observed == NOTHING => format!("{} is missing, expected {}", first.place, first.expected),
        Some(first) => format!("{} is {}, expected {}", first.place, first.observed, first.expected),
        None => format!("answered {observed}, expected {}", classes(divergence)),
    };
    let (operation, kind) = (&divergence.operation, divergence.kind.words());
    safe(&match divergence.kind {
        Kind::OwnExpectation => format!("this step expects another answer of {operation}: {what}"),
        _ => format!("the model forbids this answer of {operation} ({kind}): {what}"),
    })
}

/// The permitted answers, where it is one that should not have come. What a step expects has that step as its source.
pub(in crate::report) fn permitted(played: &Played) -> Vec<Expected> {
    let trouble = played.trouble.as_ref();
    let Some(divergence) = trouble.and_then(|trouble| trouble.divergence.as_ref()) else { return Vec::new() };
    let step = trouble.and_then(|trouble| played.steps.get(trouble.step?));
    let mut permitted = divergence.expected.clone();
    if let (Kind::OwnExpectation, Some(step)) = (divergence.kind, step) {
        for expected in &mut permitted {
            expected.source = format!("the step at {}:{}", played.path, step.line);
        }
    }
    permitted
}

fn classes(divergence: &Divergence) -> String {
    let mut classes: Vec<&str> = Vec::new();
    for expected in &divergence.expected {
        if !classes.contains(&expected.class.as_str()) && classes.len() < NAMED_ANSWERS_MAX {
            classes.push(&expected.class);
        }
    }
    if classes.is_empty() { "nothing".to_owned() } else { classes.join(" or ") }
}

/// `features/kv/uploads.feature:12`.
pub(in crate::report) fn place(played: &Played) -> String {
    safe(&format!("{}:{}", played.path, played.line))
}

/// The mark before a step.
pub(in crate::report) const fn mark(step: &StepPlayed) -> &'static str {
    match step.end {
        StepEnd::Passed => "✓",
        StepEnd::Failed | StepEnd::Panicked | StepEnd::Undefined | StepEnd::Ambiguous => "✗",
        StepEnd::TimedOut | StepEnd::Inconclusive => "?",
        StepEnd::Skipped | StepEnd::NotRun => "–",
    }
}

/// A word of a command, quoted where a shell would read it otherwise.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:@%+=,".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
