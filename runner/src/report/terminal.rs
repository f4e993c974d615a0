//! The report for people at a terminal: what matters most stands last, nearest to the prompt.

mod canvas;
mod comparison;
mod coverage;
mod features;
mod finding;
mod learned;
mod precedence;
pub mod probed;
mod sums;

use std::io::IsTerminal as _;

pub use comparison::comparison;
pub use features::features;
pub use learned::learned;

pub(super) use features::failure as feature_failure;

use canvas::{BOLD, Canvas, DIM, GOOD, PLAIN, RED, UNCLEAR};
use plumb_validator::finding::Finding;

use crate::report::outcome::{self, Tone};
use crate::report::words::{self, count, duration, number, safe};
use crate::report::{Counts, Report};

/// The most open findings that are printed: those that most cases show, these last.
pub const PRINTED_FINDINGS_MAX: usize = 50;
/// The most accepted findings that are listed.
pub const LISTED_ACCEPTED_MAX: usize = 50;

/// Whether standard output is a terminal that shows colours and nobody asked for none (<https://no-color.org>).
pub fn colours_wanted() -> bool {
    std::io::stdout().is_terminal() && nobody_minds_colours()
}

/// The same of standard error, where logs go.
pub fn log_colours_wanted() -> bool {
    std::io::stderr().is_terminal() && nobody_minds_colours()
}

fn nobody_minds_colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The report as text, with the escapes for colours or without any.
pub fn text(report: &Report, colours: bool) -> String {
    let mut canvas = Canvas::new(colours);
    heading(&mut canvas, report);
    sums::operations(&mut canvas, report);
    sums::not_preferred(&mut canvas, report);
    sums::not_judged(&mut canvas, report);
    sums::unconfirmed(&mut canvas, report);
    coverage::section(&mut canvas, report);
    precedence::section(&mut canvas, report);
    accepted(&mut canvas, report);
    let mut open: Vec<&Finding> = report.open_findings().collect();
    open.sort_by_key(|finding| std::cmp::Reverse(finding.count));
    if open.len() > PRINTED_FINDINGS_MAX {
        canvas.blank();
        canvas.wrapped(0, BOLD, &others_left_out(open.len()));
    }
    for finding in open.iter().take(PRINTED_FINDINGS_MAX).rev() {
        finding::block(&mut canvas, finding);
    }
    canvas.blank();
    for notice in outcome::notices(report) {
        canvas.wrapped(0, UNCLEAR, &notice);
    }
    summary(&mut canvas, report);
    canvas.into_text()
}

fn heading(canvas: &mut Canvas, report: &Report) {
    let started = &report.started;
    let what = format!("plumb {} · {} ({}) at {}", started.version, started.api, started.flavour, started.endpoint);
    canvas.wrapped(0, DIM, &safe(&what));
    canvas.wrapped(0, DIM, &safe(&format!("run {} · seed {} · {}", started.run, started.seed, started.started)));
    for line in words::parts(started) {
        canvas.wrapped(0, PLAIN, &line);
    }
}

fn others_left_out(all: usize) -> String {
    let all = count(all as u64, "open finding");
    format!(
        "{PRINTED_FINDINGS_MAX} of {all} follow, those that most cases show; all are in --html FILE and --format json"
    )
}

fn accepted(canvas: &mut Canvas, report: &Report) {
    let accepted: Vec<_> = report.findings.iter().filter_map(|own| Some((own, own.accepted_by.as_ref()?))).collect();
    if accepted.is_empty() {
        return;
    }
    canvas.section("Accepted");
    for (finding, owner) in accepted.iter().take(LISTED_ACCEPTED_MAX) {
        let seen = count(finding.count, "case");
        let facts = format!("{} · reproduced {} · in {seen}", safe(owner), safe(&finding.reproduced));
        canvas.field(2, &safe(&finding.id), DIM, &safe(&finding.summary));
        canvas.field(2, "", DIM, &facts);
    }
    canvas.more(accepted.len(), LISTED_ACCEPTED_MAX, "accepted finding");
}

fn summary(canvas: &mut Canvas, report: &Report) {
    let (tone, headline) = outcome::headline(report);
    let style = match tone {
        Tone::Good => GOOD,
        Tone::Bad => RED,
        Tone::Unclear => UNCLEAR,
    };
    let accepted = report.findings.len() - report.open_findings().count();
    let first = match (tone, accepted) {
        (Tone::Bad, 0) => count(report.findings.len() as u64, "finding"),
        (Tone::Bad, _) => format!("{} ({accepted} accepted)", count(report.findings.len() as u64, "finding")),
        _ => headline,
    };
    let mut sums = sums_in_words(report.counts);
    sums.extend(report.ended.as_ref().map(|ended| duration(ended.duration_ms)));
    canvas.pieces(&[(style, &first), (PLAIN, &format!(" · {}", sums.join(" · ")))]);
}

/// `412 cases`, `405 conform`, and so on; what the run had none of is left out where it is out of the ordinary.
fn sums_in_words(counts: Counts) -> Vec<String> {
    let verb = |many: u64, verb: &str| format!("{} {verb}{}", number(many), if many == 1 { "s" } else { "" });
    let mut words = vec![
        count(counts.cases, "case"),
        verb(counts.conforms, "conform"),
        verb(counts.diverges, "diverge"),
        format!("{} inconclusive", number(counts.inconclusive)),
    ];
    let unusual = [(counts.skipped, "skipped"), (counts.unsupported, "unsupported"), (counts.unmodelled, "unmodelled")];
    words.extend(unusual.iter().filter(|(many, _)| *many > 0).map(|(many, word)| format!("{} {word}", number(*many))));
    words.push(count(counts.exchanges, "exchange"));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_report_reads_like_this() {
        insta::assert_snapshot!(text(&fixture::report(), false));
    }

    #[test]
    fn a_run_without_findings_reads_like_this() {
        insta::assert_snapshot!(text(&fixture::conforming(), false), @"
        plumb 0.1.0 · s3 (standard) at https://objects.staging.example
        run xwp65c6x · seed 1 · 2026-11-21T06:19:19Z

        operation     cases  conforms  diverges  inconclusive     p50      p99
        CreateBucket      0         0         0             0  4.7 ms   5.3 ms
        GetObject     1,200     1,200         0             0  5.5 ms  10.3 ms

        20 cases conforming by a permitted answer that is not the preferred one: GetObject 20

        No finding · 1,200 cases · 1,200 conform · 0 diverge · 0 inconclusive · 2,400 exchanges · 8.1 s
        ");
    }

    #[test]
    fn a_run_without_cases_reads_like_this() {
        insta::assert_snapshot!(text(&fixture::empty(), false), @"
        plumb 0.1.0 · s3 (standard) at https://objects.staging.example
        run xwp65c6x · seed 1 · 2026-11-21T06:19:19Z

        No case was run: this says nothing about the target.
        No end was recorded: the run still goes on, or it was killed.
        Nothing ran · 0 cases · 0 conform · 0 diverge · 0 inconclusive · 0 exchanges
        ");
    }

    #[test]
    fn without_colours_there_is_no_control_character_but_the_end_of_a_line() {
        let text = text(&fixture::report(), false);
        assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
        assert!(!text.contains('\u{202e}'));
        assert!(text.lines().all(|line| line == line.trim_end()));
    }

    #[test]
    fn colours_change_nothing_but_the_escapes() {
        let coloured = text(&fixture::report(), true);
        assert!(coloured.contains("\x1b[31m"));
        let plain: String = coloured
            .split('\x1b')
            .enumerate()
            .map(|(index, part)| match index {
                0 => part,
                _ => part.split_once('m').map_or("", |(_, rest)| rest),
            })
            .collect();
        assert_eq!(plain, text(&fixture::report(), false));
    }

    #[test]
    fn only_commands_are_wider_than_the_page() {
        let report = fixture::report();
        let text = text(&report, false);
        let (above, _summary) = text.trim_end().rsplit_once('\n').expect("it has lines");
        for line in above.lines().filter(|line| textwrap::core::display_width(line) > canvas::WIDTH) {
            assert!(
                ["plumb replay", "curl ", "printf "].iter().any(|word| line.trim_start().starts_with(word)),
                "{line}"
            );
        }
        for finding in report.open_findings() {
            assert!(text.lines().any(|line| line.trim_start() == finding.replay), "{}", finding.replay);
        }
    }

    #[test]
    fn findings_beyond_the_bound_are_counted() {
        let mut report = fixture::report();
        let finding = report.open_findings().next().expect("the fixture has findings").clone();
        report.findings = vec![finding; PRINTED_FINDINGS_MAX + 12];
        let text = text(&report, false);
        assert!(text.contains("50 of 62 open findings follow"));
        assert_eq!(text.matches("✗ ").count(), PRINTED_FINDINGS_MAX);
    }
}
