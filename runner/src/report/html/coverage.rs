//! How many choices have met, and which dimensions have met how far.

use maud::{Markup, html};

use crate::coverage::STRENGTHS;
use crate::events::{Covered, Met};
use crate::report::Report;
use crate::report::words::{number, safe};

/// The steps in which the heat maps are coloured.
const STEPS: u64 = 5;
/// The most dimensions of a heat map.
const DIMENSIONS_MAX: usize = 60;

/// The table, and below it a heat map for each operation.
pub(super) fn section(report: &Report) -> Markup {
    let strengths = report.coverage.iter().map(|own| own.strength).max().unwrap_or(0);
    html! {
        @if strengths > 0 {
            section aria-labelledby="coverage" {
                h2 #coverage { "Coverage" }
                p .lead {
                    "How many choices have met in cases that were judged, of those that can. What is left was not judged: "
                    "the run was cut short or is a part of several, or the target lacks what it takes."
                }
                div .box tabindex="0" role="region" aria-labelledby="coverage" {
                    table .figures {
                        thead { tr {
                            th scope="col" { "Operation" }
                            @for name in STRENGTHS.iter().take(strengths) {
                                th scope="col" { (name) } th scope="col" { "left" } th scope="col" { "infeasible" }
                            }
                        } }
                        tbody {
                            @for lines in report.coverage.chunk_by(|one, other| one.operation == other.operation) {
                                (line(lines, strengths))
                            }
                        }
                    }
                }
                @for own in report.coverage.iter().filter(|own| !own.pairs.is_empty()) { (heat_map(own)) }
            }
        }
    }
}

fn line(lines: &[Covered], strengths: usize) -> Markup {
    html! {
        tr {
            th scope="row" { (safe(&lines[0].operation)) }
            @for own in lines {
                td { (number(own.covered)) @if own.is_sample { " (sample)" } }
                td .unclear .none[own.left == 0] { (number(own.left)) }
                td .none[own.infeasible == 0] { (number(own.infeasible)) }
            }
            @for _ in lines.len()..strengths { td .none { "–" } td .none { "–" } td .none { "–" } }
        }
    }
}

/// Each dimension against each: the more of their choices have met, the fuller the colour.
fn heat_map(own: &Covered) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    for name in own.pairs.iter().flat_map(|pair| &pair.dimensions) {
        if !names.contains(&name.as_str()) && names.len() < DIMENSIONS_MAX {
            names.push(name);
        }
    }
    let between = |one: &str, other: &str| {
        let is_it = |pair: &&Met| {
            pair.dimensions.iter().any(|own| own == one) && pair.dimensions.iter().any(|own| own == other)
        };
        own.pairs.iter().find(is_it).filter(|_| one != other)
    };
    let possible = own.covered + own.left;
    html! {
        details .heat open[own.left > 0] {
            summary { (safe(&own.operation)) ": " (number(own.covered)) " of " (number(possible)) " pairs of choices" }
            div .box tabindex="0" role="region" aria-label={ "pairs of " (safe(&own.operation)) } {
                table .map {
                    @for (place, row) in names.iter().enumerate().skip(1) {
                        tr {
                            th scope="row" { (safe(row)) }
                            @for column in &names[..place] { (heat(row, column, between(row, column))) }
                        }
                    }
                    tr { td {} @for name in names.iter().take(names.len().saturating_sub(1)) { th scope="col" { span { (safe(name)) } } } }
                }
            }
        }
    }
}

fn heat(row: &str, column: &str, met: Option<&Met>) -> Markup {
    let Some(met) = met.filter(|met| met.covered + met.left > 0) else {
        return html! { td .cold title={ (safe(row)) " × " (safe(column)) ": none can meet" } {} };
    };
    let possible = met.covered + met.left;
    let step = if met.left == 0 { STEPS } else { (met.covered * STEPS / possible).min(STEPS - 1) };
    let text = format!("{} × {}: {} of {possible}", safe(row), safe(column), met.covered);
    html! { td class={ "heat-" (step) } title=(text) {} }
}
