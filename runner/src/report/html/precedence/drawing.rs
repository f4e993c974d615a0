//! An order as a drawing: layers from top to bottom, an arrow for each win that does not follow from others.

use std::cmp::Ordering;
use std::fmt::Write as _;

use maud::{Markup, html};

use crate::precedence::order::{Edge, Node, Order, Standing};
use crate::report::words::{count, cut, number, safe};

/// The most errors that are drawn; more would be a tangle that nobody reads.
const DRAWN_NODES_MAX: usize = 80;
/// The most arrows that are drawn.
const DRAWN_EDGES_MAX: usize = 400;
/// The most errors beside each other; the others of a layer stand below them.
const ROW_NODES_MAX: usize = 5;
/// The longest code of an error that fits its box, in characters.
const CODE_CHARACTERS_MAX: usize = 21;
/// The most faults that the tip of a box names.
const TIP_FAULTS_MAX: usize = 20;

const NODE_WIDTH: usize = 184;
const NODE_HEIGHT: usize = 42;
const GAP_ACROSS: usize = 12;
const GAP_DOWN: usize = 46;
/// Rows of one layer stand closer to each other.
const GAP_IN_LAYER: usize = 22;
const MARGIN: usize = 6;
const WIDTH: usize = ROW_NODES_MAX * NODE_WIDTH + (ROW_NODES_MAX - 1) * GAP_ACROSS + 2 * MARGIN;

/// Where a box stands: its middle from left to right, and its upper edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    middle: usize,
    top: usize,
}

/// The drawing of an order.
pub(super) fn drawing(name: &str, order: &Order) -> Markup {
    let mut edges: Vec<&Edge> = order
        .edges
        .iter()
        .filter(|edge| !edge.implied || edge.original || edge.in_circle || edge.standing == Standing::Broken)
        .collect();
    // What is drawn last lies on top.
    edges.sort_by_key(|edge| (edge.standing == Standing::Broken, edge.in_circle, !edge.implied));
    if order.nodes.len() > DRAWN_NODES_MAX || edges.len() > DRAWN_EDGES_MAX {
        let errors = count(order.nodes.len() as u64, "error");
        return html! { p .lead { (errors) " are too many to draw: all of them are below and in the JSON report." } };
    }
    let (places, height) = places(order);
    html! {
        div .box tabindex="0" role="region" aria-label={ "Drawing: " (safe(name)) } {
            svg .drawing viewBox={ "0 0 " (WIDTH) " " (height) } role="img"
                aria-label={ "Which error wins in " (safe(name)) "; the order in words follows" } {
                @for edge in edges { (arrow(order, edge, &places)) }
                @for (node, place) in order.nodes.iter().zip(&places) { (node_box(node, *place)) }
            }
        }
    }
}

/// The place of every node, and the height of it all.
fn places(order: &Order) -> (Vec<Place>, usize) {
    let mut places = vec![Place { middle: WIDTH / 2, top: 0 }; order.nodes.len()];
    let mut top = MARGIN;
    let layers = order.nodes.iter().map(|node| node.layer + 1).max().unwrap_or(0);
    for layer in 0..layers {
        let mut own: Vec<usize> = (0..order.nodes.len()).filter(|at| order.nodes[*at].layer == layer).collect();
        own.sort_by_key(|at| (above(order, *at, &places), *at));
        let rows = own.len().div_ceil(ROW_NODES_MAX).max(1);
        for row in own.chunks(own.len().div_ceil(rows).max(1)) {
            let wide = row.len() * NODE_WIDTH + (row.len() - 1) * GAP_ACROSS;
            for (index, at) in row.iter().enumerate() {
                let left = (WIDTH - wide) / 2 + index * (NODE_WIDTH + GAP_ACROSS);
                places[*at] = Place { middle: left + NODE_WIDTH / 2, top };
            }
            top += NODE_HEIGHT + GAP_IN_LAYER;
        }
        top += GAP_DOWN - GAP_IN_LAYER;
    }
    (places, top - GAP_DOWN + MARGIN)
}

/// The middle of what wins over a node in the layers above it, so that arrows cross as little as may be.
fn above(order: &Order, node: usize, places: &[Place]) -> usize {
    let is_above = |edge: &&Edge| edge.under == node && order.nodes[edge.over].layer < order.nodes[node].layer;
    let middles: Vec<usize> =
        order.edges.iter().filter(|edge| !edge.implied).filter(is_above).map(|edge| places[edge.over].middle).collect();
    if middles.is_empty() { WIDTH / 2 } else { middles.iter().sum::<usize>() / middles.len() }
}

fn node_box(node: &Node, place: Place) -> Markup {
    let (status, code) = node.class.split_once(' ').unwrap_or((&node.class, ""));
    let faults = count(node.faults.len() as u64, "fault");
    let (above, below) = if code.is_empty() { (status, faults) } else { (code, format!("{status} · {faults}")) };
    let mut tip = node.faults.iter().take(TIP_FAULTS_MAX).map(|fault| safe(fault)).collect::<Vec<_>>().join(", ");
    if let Some(more) = node.faults.len().checked_sub(TIP_FAULTS_MAX).filter(|more| *more > 0) {
        _ = write!(tip, " and {} more", number(more as u64));
    }
    html! {
        g .node .circle[node.in_circle] {
            title { (safe(&node.class)) ": " (tip) }
            rect x=(place.middle - NODE_WIDTH / 2) y=(place.top) width=(NODE_WIDTH) height=(NODE_HEIGHT) rx="8" {}
            text .code x=(place.middle) y=(place.top + 18) { (cut(above, CODE_CHARACTERS_MAX)) }
            text .faults x=(place.middle) y=(place.top + 33) { (safe(&below)) }
        }
    }
}

fn arrow(order: &Order, edge: &Edge, places: &[Place]) -> Markup {
    let class = |at: usize| safe(&order.nodes[at].class);
    let says = match edge.standing {
        Standing::Firm => "as the model demands",
        Standing::Open => "the model leaves it open",
        Standing::Broken => "the model demands the opposite",
    };
    html! {
        g {
            title { (class(edge.over)) " over " (class(edge.under)) " in " (count(edge.pairs, "pair")) ": " (says) }
            (line(Line::of(edge), &way(places[edge.over], places[edge.under])))
        }
    }
}

/// From the lower edge of one box to the upper edge of the other; upwards where a circle closes.
fn way(from: Place, to: Place) -> String {
    let (start, end, bend) = match to.top.cmp(&from.top) {
        Ordering::Greater => {
            let (start, end) = (from.top + NODE_HEIGHT, to.top);
            (start, end, start.midpoint(end))
        }
        Ordering::Equal => {
            let low = from.top + NODE_HEIGHT;
            (low, low, low + GAP_DOWN / 2)
        }
        Ordering::Less => {
            let (start, end) = (from.top, to.top + NODE_HEIGHT);
            (start, end, start.midpoint(end))
        }
    };
    format!("M{} {start}C{} {bend} {} {bend} {} {end}", from.middle, from.middle, to.middle, to.middle)
}

/// A kind of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Firm.
    Firm,
    /// Firm, and to be seen from what else was observed.
    Known,
    /// Open.
    Open,
    /// Against the model.
    Broken,
    /// In a circle.
    Circle,
}

impl Line {
    const fn of(edge: &Edge) -> Self {
        match edge.standing {
            Standing::Broken => Self::Broken,
            _ if edge.in_circle => Self::Circle,
            Standing::Firm if edge.implied => Self::Known,
            Standing::Firm => Self::Firm,
            Standing::Open => Self::Open,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Firm => "firm",
            Self::Known => "known",
            Self::Open => "left-open",
            Self::Broken => "broken",
            Self::Circle => "round",
        }
    }
}

/// One line with an arrow head.
pub(super) fn line(line: Line, way: &str) -> Markup {
    html! { path .edge .(line.name()) d=(way) marker-end={ "url(#head-" (line.name()) ")" } {} }
}

/// The arrow head of a kind of line, to be defined once in a page.
pub(super) fn head(line: Line) -> Markup {
    html! {
        defs {
            marker id={ "head-" (line.name()) } viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"
                markerUnits="userSpaceOnUse" orient="auto" {
                path .head .(line.name()) d="M0 0L8 4L0 8z" {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(nodes: usize, per_layer: usize) -> Order {
        let node = |at: usize| Node {
            class: format!("400 <b>{at}</b>"),
            layer: at / per_layer,
            faults: vec!["a=<script>".into()],
            in_circle: false,
        };
        Order { nodes: (0..nodes).map(node).collect(), ..Order::default() }
    }

    #[test]
    fn no_two_boxes_overlap_and_none_leaves_the_drawing() {
        let order = order(23, 7);
        let (places, height) = places(&order);
        for (at, one) in places.iter().enumerate() {
            assert!(one.middle >= NODE_WIDTH / 2 && one.middle + NODE_WIDTH / 2 <= WIDTH);
            assert!(one.top + NODE_HEIGHT <= height, "{one:?} {height}");
            let apart = |other: &Place| {
                one.middle.abs_diff(other.middle) >= NODE_WIDTH || one.top.abs_diff(other.top) >= NODE_HEIGHT
            };
            assert!(places[at + 1..].iter().all(apart), "{one:?}");
        }
    }

    #[test]
    fn no_word_of_the_server_becomes_markup() {
        let text = drawing("<Put>", &order(3, 1)).into_string();
        assert!(!text.contains("<b>") && !text.contains("<script") && !text.contains("<Put>"), "{text}");
    }

    #[test]
    fn too_many_errors_are_not_drawn_and_it_says_so() {
        let text = drawing("Put", &order(DRAWN_NODES_MAX + 1, 3)).into_string();
        assert!(!text.contains("<svg") && text.contains("81 errors are too many to draw"), "{text}");
    }
}
