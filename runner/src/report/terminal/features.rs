//! The report of a run of features at a terminal: what failed, with all it takes to see why; what says nothing and why;
//! and one line of sums.

mod failure;

use super::canvas::{BOLD, Canvas, DIM, GOOD, PLAIN, RED, UNCLEAR, cell, figure};
use super::finding;
use crate::report::features::{FeatureReport, Scenario, Upshot, headline, notices, place, played_at, summary, why};
use crate::report::outcome::Tone;
use crate::report::words::{count, number, safe};

/// The most failed scenarios that are printed.
const PRINTED_FAILURES_MAX: usize = 50;
/// The most scenarios that one of the lists names.
const LISTED_SCENARIOS_MAX: usize = 50;
/// The most reasons that are listed.
const LISTED_REASONS_MAX: usize = 20;
/// The most findings that are printed and that no scenario shows at its end.
const FINDINGS_APART_MAX: usize = 10;

/// The report as text, with the escapes for colours or without any.
pub fn features(report: &FeatureReport, colours: bool) -> String {
    let mut canvas = Canvas::new(colours);
    heading(&mut canvas, report);
    failures(&mut canvas, report);
    for finding in report.findings_apart().take(FINDINGS_APART_MAX) {
        finding::block(&mut canvas, finding);
    }
    inconclusive(&mut canvas, report);
    list(&mut canvas, report, Upshot::Accepted, "Failed, and accepted", |scenario| {
        format!("{}; accepted: {}", why(&scenario.played), safe(report.accepted_by(scenario).unwrap_or_default()))
    });
    skipped(&mut canvas, report);
    list(&mut canvas, report, Upshot::Flaky, "Flaky: passed after an attempt that did not", |scenario| {
        let last = scenario.earlier.last();
        last.map_or_else(String::new, |last| format!("attempt {}: {}", last.attempt, last.why))
    });
    canvas.blank();
    for notice in notices(report) {
        canvas.wrapped(0, UNCLEAR, &notice);
    }
    sums(&mut canvas, report);
    canvas.into_text()
}

/// What failed or is inconclusive of one scenario, as text without colours: for reports that hold such a text.
pub(in crate::report) fn failure(report: &FeatureReport, scenario: &Scenario) -> String {
    let mut canvas = Canvas::new(false);
    failure::inside(&mut canvas, report, scenario);
    canvas.into_text()
}

fn heading(canvas: &mut Canvas, report: &FeatureReport) {
    let started = &report.started;
    let flavour = if started.flavour.is_empty() { String::new() } else { format!(" ({})", started.flavour) };
    let what = format!("plumb {} · {}{flavour} at {}", started.version, started.api, played_at(started));
    canvas.wrapped(0, DIM, &safe(&what));
    let tags = started.tags.as_ref().map_or_else(String::new, |tags| format!(" · tags {tags}"));
    canvas.wrapped(0, DIM, &safe(&format!("run {}{tags} · {}", started.run, started.started)));
}

fn failures(canvas: &mut Canvas, report: &FeatureReport) {
    let failed: Vec<&Scenario> = report.upshot(Upshot::Failed).collect();
    for scenario in failed.iter().take(PRINTED_FAILURES_MAX) {
        failure::block(canvas, report, scenario);
    }
    if failed.len() > PRINTED_FAILURES_MAX {
        let more = count((failed.len() - PRINTED_FAILURES_MAX) as u64, "more scenario");
        canvas.blank();
        canvas.wrapped(0, BOLD, &format!("… and {more} failed; all are in the formats html and json"));
    }
}

fn inconclusive(canvas: &mut Canvas, report: &FeatureReport) {
    list(canvas, report, Upshot::Inconclusive, "Inconclusive: nothing can be said", |own| why(&own.played));
    list(canvas, report, Upshot::Allowed, "Inconclusive, and allowed to be", |own| why(&own.played));
}

/// The scenarios that came to it: name, place, and what `line` says of each.
fn list(canvas: &mut Canvas, report: &FeatureReport, upshot: Upshot, title: &str, line: impl Fn(&Scenario) -> String) {
    let all: Vec<&Scenario> = report.upshot(upshot).collect();
    if all.is_empty() {
        return;
    }
    canvas.section(title);
    for scenario in all.iter().take(LISTED_SCENARIOS_MAX) {
        let mark = upshot.mark();
        canvas.wrapped(2, PLAIN, &format!("{mark} {}", safe(&scenario.played.name)));
        canvas.hanging(4, 0, DIM, &place(&scenario.played));
        canvas.hanging(4, 0, UNCLEAR, &line(scenario));
    }
    canvas.more(all.len(), LISTED_SCENARIOS_MAX, "scenario");
}

fn skipped(canvas: &mut Canvas, report: &FeatureReport) {
    let reasons = report.skipped();
    if reasons.is_empty() {
        return;
    }
    canvas.section("Skipped");
    let rows = reasons
        .iter()
        .take(LISTED_REASONS_MAX)
        .map(|(reason, many)| vec![figure(PLAIN, number(*many)), cell(PLAIN, safe(reason))]);
    canvas.table(2, 0, &rows.collect::<Vec<_>>());
    canvas.more(reasons.len(), LISTED_REASONS_MAX, "reason");
    for scenario in report.upshot(Upshot::Skipped).take(LISTED_SCENARIOS_MAX) {
        canvas.wrapped(2, DIM, &format!("– {}  {}", safe(&scenario.played.name), place(&scenario.played)));
    }
}

/// What it came to, and the sums. Where nothing is amiss the sums say it all.
fn sums(canvas: &mut Canvas, report: &FeatureReport) {
    let (tone, headline) = headline(report);
    let style = match tone {
        Tone::Good => GOOD,
        Tone::Bad => RED,
        Tone::Unclear => UNCLEAR,
    };
    if tone == Tone::Unclear {
        canvas.wrapped(0, UNCLEAR, &headline);
    }
    canvas.pieces(&[(style, &summary(report))]);
}

#[cfg(test)]
mod tests {
    use super::super::canvas::WIDTH;
    use super::*;
    use crate::report::features::fixture;

    #[test]
    fn a_run_of_features_reads_like_this() {
        insta::assert_snapshot!(features(&fixture::report(), false));
    }

    #[test]
    fn without_colours_there_is_no_control_character_but_the_end_of_a_line() {
        let text = features(&fixture::report(), false);
        assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
        assert!(!text.contains('\u{202e}'));
        assert!(text.lines().all(|line| line == line.trim_end()));
    }

    #[test]
    fn only_what_is_there_to_be_copied_is_wider_than_the_page() {
        let text = features(&fixture::report(), false);
        let (above, _sums) = text.trim_end().rsplit_once('\n').expect("it has lines");
        for line in above.lines().filter(|line| textwrap::core::display_width(line) > WIDTH) {
            let is_command = ["plumb ", "curl ", "printf "].iter().any(|word| line.trim_start().starts_with(word));
            assert!(is_command, "{line}");
        }
    }

    #[test]
    fn every_failure_can_be_seen_again_from_what_is_printed() {
        let report = fixture::report();
        let text = features(&report, false);
        for scenario in report.upshot(Upshot::Failed) {
            for command in report.commands(scenario) {
                assert!(text.lines().any(|line| line.trim_start() == command), "{command}");
            }
        }
    }
}
