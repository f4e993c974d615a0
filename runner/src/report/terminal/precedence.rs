//! Who wins where a call has two faults: a few lines an operation.

use super::canvas::{Canvas, PLAIN, RED, UNCLEAR, WIDTH};
use crate::precedence::order::{Edge, Node, Order, Standing};
use crate::report::Report;
use crate::report::words::{cut, number, sums_of_pairs};

/// The most lines about one operation: its sums, its order, and what is against the model or has no order.
pub(super) const PRECEDENCE_LINES_MAX: usize = 10;
/// The longest order that is printed, in characters: what the other six lines leave, with the ends of lines.
const ORDER_CHARACTERS_MAX: usize = (PRECEDENCE_LINES_MAX - 6) * (WIDTH - 20);
/// The longest list of what is against the model, in characters: one line.
const BROKEN_CHARACTERS_MAX: usize = 90;
/// The most errors of one layer that are named.
const LAYER_CLASSES_MAX: usize = 4;
/// The longest class of an error, in characters.
const CLASS_CHARACTERS_MAX: usize = 40;

/// The order of each operation in which somebody won, and of all together.
pub(super) fn section(canvas: &mut Canvas, report: &Report) {
    let mut orders = report.precedence.orders();
    orders.retain(|_, order| order.pairs.decided > 0);
    if orders.is_empty() {
        return;
    }
    canvas.section("Which error wins where a call has two faults, the first to win first");
    for (operation, order) in &orders {
        lines(canvas, &cut(operation, 60), order);
    }
    if orders.len() > 1 {
        lines(canvas, "all operations", &report.precedence.merged());
    }
}

fn lines(canvas: &mut Canvas, name: &str, order: &Order) {
    canvas.wrapped(2, PLAIN, &format!("{name}: {}", sums_of_pairs(&order.pairs)));
    canvas.hanging(4, 0, PLAIN, &in_order(order));
    let broken: Vec<&Edge> = order.edges.iter().filter(|edge| edge.standing == Standing::Broken).collect();
    if !broken.is_empty() {
        let each = broken.iter().map(|edge| won(order, edge)).collect();
        canvas.hanging(4, 0, RED, &format!("against the model: {}", fitting(each, ", ", BROKEN_CHARACTERS_MAX)));
    }
    if !order.turns.is_empty() {
        let turns = number(order.turns.len() as u64);
        canvas.hanging(4, 0, UNCLEAR, &format!("faults that win over each other by turns, and have no order: {turns}"));
    }
}

fn won(order: &Order, edge: &Edge) -> String {
    let class = |at: usize| cut(&order.nodes[at].class, CLASS_CHARACTERS_MAX);
    format!("{} over {}", class(edge.over), class(edge.under))
}

/// `400 A > 403 B, 403 C > 404 D`: errors between commas were not seen to win over each other.
fn in_order(order: &Order) -> String {
    fitting(order.layers().into_iter().map(|layer| one_layer(&layer)).collect(), " > ", ORDER_CHARACTERS_MAX)
}

fn one_layer(layer: &[&Node]) -> String {
    let classes = |in_circle: bool| {
        let own = layer.iter().filter(|node| node.in_circle == in_circle);
        let mut classes: Vec<String> = own.map(|node| cut(&node.class, CLASS_CHARACTERS_MAX)).collect();
        classes.dedup();
        if let Some(more) = classes.len().checked_sub(LAYER_CLASSES_MAX).filter(|more| *more > 0) {
            classes.truncate(LAYER_CLASSES_MAX - 1);
            classes.push(format!("{} more", number(more as u64 + 1)));
        }
        classes.join(", ")
    };
    let (in_order, in_circle) = (classes(false), classes(true));
    let circle = if in_circle.is_empty() { in_circle } else { format!("[in a circle: {in_circle}]") };
    [in_order, circle].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
}

/// As many of the parts as fit, and how many do not.
fn fitting(parts: Vec<String>, between: &str, characters_max: usize) -> String {
    let all = parts.len();
    let mut shown: Vec<String> = Vec::new();
    let mut characters = 0;
    for part in parts {
        characters += between.len() + part.chars().count();
        if !shown.is_empty() && characters > characters_max {
            shown.push(format!("… and {} more", number((all - shown.len()) as u64)));
            break;
        }
        shown.push(cut(&part, characters_max));
    }
    shown.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precedence::Check;
    use crate::precedence::order::Turns;

    #[test]
    fn however_many_errors_there_are_the_lines_are_bounded() {
        let class = |at: usize| format!("400 {at}-{}", "W".repeat(80));
        let nodes = (0..60).map(|at| Node { class: class(at), layer: at / 2, faults: vec![], in_circle: at % 4 > 1 });
        let edges = (0..59).map(|at| Edge {
            over: at,
            under: at + 1,
            pairs: 1,
            standing: Standing::Broken,
            implied: false,
            original: false,
            in_circle: false,
        });
        let check = |fault: &str| Check { class: class(0), fault: fault.into() };
        let order = Order {
            nodes: nodes.collect(),
            edges: edges.collect(),
            turns: vec![Turns { faults: [check("a"), check("b")], won: [1, 1] }],
            ..Order::default()
        };
        let mut canvas = Canvas::new(false);
        lines(&mut canvas, &"N".repeat(60), &order);
        let text = canvas.into_text();
        assert!(text.lines().count() <= PRECEDENCE_LINES_MAX, "{text}");
        assert!(text.contains(" > … and ") && text.contains("against the model: "), "{text}");
    }
}
