//! Which error wins where a call has two faults: a drawing for each operation, and the same in words.

mod drawing;

use maud::{Markup, html};

use drawing::Line;

use crate::precedence::order::{Edge, Node, Order, Standing};
use crate::report::Report;
use crate::report::words::{count, number, safe, sums_of_pairs, without_winner};

/// The most operations whose drawings stand open.
const OPEN_DRAWINGS_MAX: usize = 3;
/// The most edges that are listed for each thing that the model may say.
const LISTED_EDGES_MAX: usize = 200;
/// The most faults that are named with one error.
const NAMED_FAULTS_MAX: usize = 40;

/// The order of each operation in which somebody won, and of all together.
pub(super) fn section(report: &Report) -> Markup {
    let mut orders = report.precedence.orders();
    orders.retain(|_, order| order.pairs.decided > 0);
    html! {
        @if !orders.is_empty() {
            section .precedence aria-labelledby="precedence" {
                h2 #precedence { "Which error wins" }
                p .lead {
                    "Calls with two faults at once show which error the target lets win. What stands higher wins; "
                    "errors beside each other were not seen to win over each other."
                }
                (legend())
                @for (operation, order) in &orders { (block(operation, order, orders.len() <= OPEN_DRAWINGS_MAX)) }
                @if orders.len() > 1 { (together(&report.precedence.merged())) }
            }
        }
    }
}

/// The kinds of line. The arrow heads of all drawings are defined here.
fn legend() -> Markup {
    let lines = [
        (Line::Firm, "the model demands it"),
        (Line::Known, "so too, where the other lines tell it already"),
        (Line::Open, "the model leaves it open: the target prefers it"),
        (Line::Broken, "the model demands the opposite: a finding of its own"),
        (Line::Circle, "in a circle: a finding, where it came again"),
    ];
    html! {
        ul .legend {
            @for (line, words) in lines {
                li {
                    svg viewBox="0 0 44 12" width="44" height="12" aria-hidden="true" focusable="false" {
                        (drawing::head(line))
                        (drawing::line(line, "M1 6H36"))
                    }
                    (words)
                }
            }
        }
    }
}

fn block(name: &str, order: &Order, open: bool) -> Markup {
    html! {
        details .order open[open] {
            summary { (safe(name)) " " span .seen { (sums_of_pairs(&order.pairs)) } }
            (drawing::drawing(name, order))
            details { summary { "The order in words" } (layers(order)) }
            (list(order, Standing::Broken, "Against the model"))
            (list(order, Standing::Open, "Left open by the model: the target prefers"))
            @if !order.turns.is_empty() { (turns(order)) }
            @if let Some(why) = without_winner(&order.pairs) { p .source { (why) } }
        }
    }
}

/// All operations in words only: drawn, it is a thicket.
fn together(order: &Order) -> Markup {
    html! {
        details .order {
            summary { "All operations together " span .seen { (sums_of_pairs(&order.pairs)) } }
            (layers(order))
            @if !order.turns.is_empty() { (turns(order)) }
        }
    }
}

fn layers(order: &Order) -> Markup {
    html! {
        ol .layers {
            @for layer in order.layers() {
                li { @for node in layer { (in_words(node)) } }
            }
        }
    }
}

fn in_words(node: &Node) -> Markup {
    let more = node.faults.len().saturating_sub(NAMED_FAULTS_MAX);
    html! {
        div {
            b { (safe(&node.class)) } " "
            @if node.in_circle { span .unclear { "in a circle" } " " }
            @for fault in node.faults.iter().take(NAMED_FAULTS_MAX) { code .chip { (safe(fault)) } " " }
            @if more > 0 { "and " (more) " more" }
        }
    }
}

/// The edges of which the model says so; those that follow from others too, for each pair is an answer of its own.
fn list(order: &Order, standing: Standing, title: &str) -> Markup {
    let edges: Vec<&Edge> = order.edges.iter().filter(|edge| edge.standing == standing).collect();
    let more = edges.len().saturating_sub(LISTED_EDGES_MAX);
    let class = |at: usize| safe(&order.nodes[at].class);
    html! {
        @if !edges.is_empty() {
            details {
                summary { (title) " " span .seen { (number(edges.len() as u64)) } }
                ul .won {
                    @for edge in edges.iter().take(LISTED_EDGES_MAX) {
                        li {
                            b { (class(edge.over)) } " over " b { (class(edge.under)) }
                            " " span .seen { "in " (count(edge.pairs, "pair")) }
                        }
                    }
                    @if more > 0 { li { "… and " (number(more as u64)) " more in the JSON report" } }
                }
            }
        }
    }
}

fn turns(order: &Order) -> Markup {
    let more = order.turns.len().saturating_sub(LISTED_EDGES_MAX);
    html! {
        details {
            summary { "Winning by turns: no order " span .seen { (number(order.turns.len() as u64)) } }
            ul .won {
                @for turns in order.turns.iter().take(LISTED_EDGES_MAX) {
                    li {
                        @for (index, check) in turns.faults.iter().enumerate() {
                            @if index > 0 { " against " }
                            code .chip { (safe(&check.fault)) } " (" (safe(&check.class)) ") "
                            span .seen { (number(turns.won[index])) }
                        }
                    }
                }
                @if more > 0 { li { "… and " (number(more as u64)) " more in the JSON report" } }
            }
        }
    }
}
