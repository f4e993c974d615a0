//! The decision as commands to GitHub's runner: annotations, on the feature file and line where a finding has one.
//!
//! How a command is read, and what must be escaped where: `src/Runner.Common/ActionCommand.cs` of
//! <https://github.com/actions/runner>. In the message `%`, CR and LF; in a property `:` and `,` as well.

use std::fmt::Write as _;

use super::text::{count, counted, sentence};
use super::view;
use crate::decision::{Decision, Found};
use crate::verdict::Verdict;

/// The most annotations of a level that GitHub takes from a step; what is beyond is lost without a word
/// (<https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md#limitations>,
/// <https://docs.github.com/rest/checks/runs>).
pub const ANNOTATIONS_MAX: usize = 10;

/// How bad an annotation is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

struct Annotation {
    level: Level,
    title: String,
    message: String,
    place: Option<(String, usize)>,
}

/// The commands, a line each, at most [`ANNOTATIONS_MAX`] of a level; the rest is counted in lines that are no commands.
///
/// What blocks is an error, and a warning where somebody overrode the gate.
pub fn github(decision: &Decision) -> String {
    let all = annotations(decision);
    let of = |level| all.iter().filter(move |annotation: &&Annotation| annotation.level == level);
    let levels = [Level::Error, Level::Warning, Level::Notice];
    let mut text = String::new();
    let mut told = [0; 3];
    for annotation in &all {
        let told = &mut told[annotation.level as usize];
        if *told < ANNOTATIONS_MAX {
            *told += 1;
            text.push_str(&annotation.command());
            text.push('\n');
        }
    }
    for (level, told) in levels.into_iter().zip(told) {
        let more = of(level).count() - told;
        if more > 0 {
            let several = counted(more, &format!("more {}", level.word()));
            let _ =
                writeln!(text, "plumb gate: {several} in the job summary: GitHub shows {ANNOTATIONS_MAX} of a step");
        }
    }
    text
}

/// Everything there is to annotate: the verdict, then what blocks, then the rest.
fn annotations(decision: &Decision) -> Vec<Annotation> {
    let level = match decision.verdict {
        Verdict::Pass => Level::Notice,
        Verdict::Fail | Verdict::Inconclusive => Level::Error,
        Verdict::Overridden => Level::Warning,
    };
    let own = |level, title: String, message: String| Annotation { level, title, message, place: None };
    let title = format!("Gate {}: {}", decision.gate, decision.verdict);
    let words = view::overridden(decision).map(|words| format!("{words} ")).unwrap_or_default();
    let mut all = vec![own(level, title, format!("{words}{}", decision.summary))];
    for check in decision.against() {
        all.push(own(level, format!("{} {}", view::check_name(check), view::bars(check.said)), check.why.clone()));
    }
    all.extend(view::blocking(decision).into_iter().map(|found| finding(level, found)));
    all.extend(decision.notices.iter().map(|notice| own(Level::Warning, "Good to know".to_owned(), notice.clone())));
    let old = view::old(decision);
    if !old.is_empty() {
        let several = counted(old.len(), "old finding");
        all.push(own(Level::Notice, several, view::standings(&old)));
    }
    let skipped = decision.skipped.iter().fold(0_u64, |sum, skipped| sum.saturating_add(skipped.count));
    if skipped > 0 {
        all.push(own(
            Level::Notice,
            "Not judged".to_owned(),
            format!("{}; why is in the summary", count(skipped, "case")),
        ));
    }
    all
}

fn finding(level: Level, found: &Found) -> Annotation {
    let title = format!("{} at {}: {}", found.operation, found.target, view::standing(&found.standing));
    let message = format!("{} Replay: {}", found.summary, found.replay);
    Annotation { level, title, message, place: found.place.clone() }
}

impl Annotation {
    fn command(&self) -> String {
        let place = self.place.as_ref();
        let place = place.map(|(path, at)| format!("file={},line={at},", property(path))).unwrap_or_default();
        format!("::{} {place}title={}::{}", self.level.word(), property(&self.title), message(&self.message))
    }
}

/// A message. A text has no line breaks left by then; they are escaped all the same.
fn message(text: &str) -> String {
    sentence(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
