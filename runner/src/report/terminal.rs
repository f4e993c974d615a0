//! The report for people at a terminal.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use crate::report::Report;

/// Whether standard output is a terminal that shows colours and nobody asked for none (<https://no-color.org>).
pub fn colours_wanted() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The report as text.
pub fn text(report: &Report, _colours: bool) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        _ = writeln!(
            text,
            "{} ({}, {} cases)\n  {}",
            finding.summary, finding.reproduced, finding.count, finding.replay
        );
    }
    _ = writeln!(text, "{:?}", report.counts);
    text
}
