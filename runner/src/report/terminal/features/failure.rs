//! One failed scenario as a block: where it stands, which step ended it, expected against observed, and how to see it
//! again.

use plumb_steps::played::{Played, StepEnd, StepPlayed};

use textwrap::core::display_width;

use super::super::canvas::{BOLD, Canvas, DIM, PLAIN, RED, RIGHT, UNCLEAR, WIDTH, WRONG, cell, figure};
use super::super::finding::{command, comparison};
use crate::report::features::{Attempt, FeatureReport, Scenario, lack, mark, place};
use crate::report::words::{cut, latency, safe};

const INDENT: usize = 2;
/// The most columns by which a step is shown indented, as it stands in its file.
const STEP_INDENT_MAX: usize = 24;
/// The most steps that a block shows: the first ones.
const PRINTED_STEPS_MAX: usize = 60;

/// The block of a scenario that failed.
pub(super) fn block(canvas: &mut Canvas, report: &FeatureReport, scenario: &Scenario) {
    canvas.blank();
    canvas.wrapped(0, RED, &format!("✗ {}", safe(&scenario.played.name)));
    inside(canvas, report, scenario);
}

/// The block without its title.
pub(super) fn inside(canvas: &mut Canvas, report: &FeatureReport, scenario: &Scenario) {
    let played = &scenario.played;
    facts(canvas, report, scenario);
    canvas.blank();
    what_is_wrong(canvas, played);
    canvas.blank();
    steps(canvas, played);
    canvas.blank();
    for line in report.commands(scenario) {
        command(canvas, if line.starts_with("plumb replay") { "replay" } else { "again" }, PLAIN, &line);
    }
}

fn facts(canvas: &mut Canvas, report: &FeatureReport, scenario: &Scenario) {
    let played = &scenario.played;
    canvas.field(INDENT, "at", PLAIN, &place(played));
    canvas.field(INDENT, "feature", PLAIN, &safe(&played.feature));
    if let Some(rule) = &played.rule {
        canvas.field(INDENT, "rule", PLAIN, &safe(rule));
    }
    if let Some(owner) = &played.owner {
        canvas.field(INDENT, "owner", PLAIN, &safe(owner));
    }
    if let Some(finding) = report.finding_of(scenario) {
        canvas.field(INDENT, "finding", PLAIN, &safe(&format!("{}, reproduced {}", finding.id, finding.reproduced)));
    }
    for attempt in &scenario.earlier {
        canvas.field(INDENT, "before", DIM, &earlier(attempt));
    }
}

fn earlier(attempt: &Attempt) -> String {
    format!("attempt {}: {}: {}", attempt.attempt, attempt.what, attempt.why)
}

/// The step under which the caret stands, and what is wrong with it.
fn what_is_wrong(canvas: &mut Canvas, played: &Played) {
    let lack = lack(played);
    if let Some(at) = lack.step {
        pointed(canvas, played, &played.steps[at]);
    }
    for line in &lack.message {
        canvas.hanging(INDENT, 0, WRONG, line);
    }
    if let Some((title, help)) = &lack.help {
        canvas.blank();
        canvas.wrapped(INDENT, DIM, title);
        for line in help {
            canvas.verbatim(INDENT + 2, PLAIN, line);
        }
    }
    let Some(trouble) = &played.trouble else { return };
    let divergence = trouble.divergence.as_ref();
    if let Some(divergence) = divergence {
        canvas.blank();
        comparison(canvas, &divergence.expected, &divergence.observed);
    }
    let id = divergence.and_then(|divergence| divergence.request_id.as_ref());
    let request = trouble.request.iter().map(|request| safe(request));
    let request: Vec<String> = request.chain(id.map(|id| format!("id {}", cut(id, 80)))).collect();
    if !request.is_empty() {
        canvas.field(INDENT, "request", PLAIN, &request.join(" · "));
    }
}

/// A step as it stands in its file, with carets under its keyword.
fn pointed(canvas: &mut Canvas, played: &Played, step: &StepPlayed) {
    let number = step.line.to_string();
    let margin = " ".repeat(number.len());
    let indent = " ".repeat(step.column.saturating_sub(1).min(STEP_INDENT_MAX));
    let taken = INDENT + number.len() + 3 + indent.len();
    let keyword = cut(step.keyword.trim(), 24);
    let text = fitting(&safe(&format!("{keyword} {}", step.text)), WIDTH.saturating_sub(taken));
    let carets = "^".repeat(display_width(&keyword).max(1));
    let at = safe(&format!("{}:{}:{}", played.path, step.line, step.column));
    canvas.verbatim(INDENT, DIM, &format!("{margin}╭─ {at}"));
    canvas.verbatim(INDENT, PLAIN, &format!("{number} │ {indent}{text}"));
    canvas.verbatim(INDENT, WRONG, &format!("{margin} │ {indent}{carets} {}", step.end.words()));
}

/// As much of a safe text as `columns` hold; it is shown whole among the steps.
fn fitting(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let mut fitting = String::new();
    for character in text.chars() {
        fitting.push(character);
        if display_width(&fitting) >= columns {
            fitting.pop();
            break;
        }
    }
    format!("{fitting}…")
}

fn steps(canvas: &mut Canvas, played: &Played) {
    let rows = played.steps.iter().take(PRINTED_STEPS_MAX).map(|step| {
        let (style, took) = match step.end {
            StepEnd::Passed => (RIGHT, latency(step.duration_us)),
            StepEnd::NotRun => (DIM, String::new()),
            StepEnd::Failed | StepEnd::Panicked | StepEnd::Undefined | StepEnd::Ambiguous => {
                (WRONG, step.end.words().to_owned())
            }
            StepEnd::TimedOut | StepEnd::Inconclusive | StepEnd::Skipped => (UNCLEAR, step.end.words().to_owned()),
        };
        let text = cut(&format!("{} {}", step.keyword.trim(), step.text), 400);
        let weight = if step.end == StepEnd::Passed || step.end == StepEnd::NotRun { PLAIN } else { BOLD };
        vec![cell(style, mark(step)), cell(weight, text), figure(DIM, took)]
    });
    canvas.table(INDENT, 0, &rows.collect::<Vec<_>>());
    canvas.more(played.steps.len(), PRINTED_STEPS_MAX, "step");
}
