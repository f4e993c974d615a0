//! The order in which a target seems to check: its errors in layers, and who wins over whom.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::graph::Graph;
use super::{Check, Known, OfOperation, Pair, Says, Sightings};

/// The most faults with their errors that one order holds; what is beyond is only counted.
pub const CHECKS_MAX: usize = 1_000;

/// What the cases with two faults came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pairs {
    /// All of them that were judged.
    pub seen: u64,
    /// One of the two faults won.
    pub decided: u64,
    /// Of these, the winner is the one that the model demands.
    pub kept: u64,
    /// Of these, the winner is not the one that the model demands. Each is a divergence of its own.
    pub broken: u64,
    /// Of these, the model permits either.
    pub open: u64,
    /// Of these, the model expects the same of both faults, or something else.
    pub untold: u64,
    /// Both faults earn the same error, so that the winner cannot be told.
    pub alike: u64,
    /// A fault, or both together, were not refused.
    pub unnoticed: u64,
    /// The answer was neither the error of the one nor that of the other.
    pub neither: u64,
    /// One of the faults was not seen alone.
    pub not_seen_alone: u64,
}

/// One error in the order, with the faults that earn it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The class of the error.
    pub class: String,
    /// How many layers of checks come before it.
    pub layer: usize,
    /// The faults.
    pub faults: Vec<String>,
    /// Whether it is in a circle, so that its place among the others of its layer is none.
    pub in_circle: bool,
}

/// What the model has to say of one error's winning over another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The other way round in at least one of the pairs.
    Broken,
    /// It does not say in at least one of the pairs: it permits either, or does not tell the two apart.
    Open,
    /// It demands it in every pair.
    Firm,
}

/// One error wins over another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The node that wins, by its index.
    pub over: usize,
    /// The node that loses.
    pub under: usize,
    /// In how many pairs.
    pub pairs: u64,
    /// What the model says.
    pub standing: Standing,
    /// Whether it follows from other edges.
    pub implied: bool,
    /// Whether it is firm, and does not follow from other firm ones.
    pub original: bool,
    /// Whether it is part of a circle.
    pub in_circle: bool,
}

/// Two faults that win over each other by turns, depending on what else is in the call, or on the operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turns {
    /// The faults.
    pub faults: [Check; 2],
    /// How often each won.
    pub won: [u64; 2],
}

/// The order of one operation, or of all together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Order {
    /// The sums.
    pub pairs: Pairs,
    /// The errors, layer by layer.
    pub nodes: Vec<Node>,
    /// Who wins over whom.
    pub edges: Vec<Edge>,
    /// The pairs that have no one winner.
    pub turns: Vec<Turns>,
}

/// What the pairs of the same two faults add up to; the fault that comes first by name stands first.
#[derive(Debug, Clone, Copy, Default)]
struct Bout {
    won: [u64; 2],
    open: u64,
    broken: u64,
}

impl Bout {
    fn standing(&self) -> Standing {
        match (self.broken, self.open) {
            (0, 0) => Standing::Firm,
            (0, _) => Standing::Open,
            _ => Standing::Broken,
        }
    }
}

/// The pairs of some operations, added up.
#[derive(Default)]
struct Tally {
    pairs: Pairs,
    bouts: BTreeMap<[Check; 2], Bout>,
    checks: BTreeSet<Check>,
}

impl Sightings {
    /// The order of each operation of which a pair was seen.
    pub fn orders(&self) -> BTreeMap<&str, Order> {
        let each = self.operations().map(|(name, own)| (name.as_str(), Tally::of([own]).order()));
        each.filter(|(_, order)| order.pairs.seen > 0).collect()
    }

    /// The order of all operations together: a fault counts as the same wherever it has the same name and error.
    pub fn merged(&self) -> Order {
        Tally::of(self.operations().map(|(_, own)| own)).order()
    }
}

impl Tally {
    fn of<'s>(operations: impl IntoIterator<Item = &'s OfOperation>) -> Self {
        let mut tally = Self::default();
        operations.into_iter().flat_map(OfOperation::pairs).for_each(|pair| tally.add(&pair));
        tally
    }

    fn add(&mut self, pair: &Pair<'_>) {
        let sums = &mut self.pairs;
        sums.seen += 1;
        let winner = match pair.says() {
            Says::Won(winner) => winner,
            Says::Alike => return sums.alike += 1,
            Says::Unnoticed => return sums.unnoticed += 1,
            Says::Neither => return sums.neither += 1,
            Says::NotSeenAlone => return sums.not_seen_alone += 1,
        };
        sums.decided += 1;
        let known = pair.stands(winner);
        let (firm, broken) = (known == Known::Firm(winner), known == Known::Firm(1 - winner));
        sums.kept += u64::from(firm);
        sums.broken += u64::from(broken);
        sums.open += u64::from(known == Known::Open);
        sums.untold += u64::from(known == Known::Silent);
        let Some((one, other)) = pair.check(0).zip(pair.check(1)) else { return };
        let fits = |checks: &BTreeSet<Check>, check: &Check| checks.len() < CHECKS_MAX || checks.contains(check);
        if !fits(&self.checks, &one) || !fits(&self.checks, &other) {
            return;
        }
        self.checks.extend([one.clone(), other.clone()]);
        let swapped = one > other;
        let faults = if swapped { [other, one] } else { [one, other] };
        let bout = self.bouts.entry(faults).or_default();
        bout.won[if swapped { 1 - winner } else { winner }] += 1;
        bout.broken += u64::from(broken);
        bout.open += u64::from(!firm && !broken);
    }

    fn order(self) -> Order {
        let checks: Vec<Check> = self.checks.into_iter().collect();
        let at = |check: &Check| checks.binary_search(check).unwrap_or_default();
        let mut graph = Graph::new(checks.len());
        let mut turns = Vec::new();
        let mut won: Vec<(usize, usize, Bout)> = Vec::new();
        for (faults, bout) in self.bouts {
            let [one, other] = [at(&faults[0]), at(&faults[1])];
            let (over, under) = match bout.won {
                [_, 0] => (one, other),
                [0, _] => (other, one),
                both => {
                    turns.push(Turns { faults, won: both });
                    continue;
                }
            };
            graph.add(over, under);
            won.push((over, under, bout));
        }
        let (nodes, node_of) = nodes(&checks, &graph);
        let edges = edges(nodes.len(), &won, &node_of);
        Order { pairs: self.pairs, nodes, edges, turns }
    }
}

/// Faults with the same error in the same layer are one node. Beside the nodes, that of each fault.
fn nodes(checks: &[Check], graph: &Graph) -> (Vec<Node>, Vec<usize>) {
    let (layers, components) = (graph.layers(), graph.components());
    let in_circle = |at: usize| components.iter().filter(|least| **least == components[at]).count() > 1;
    let mut groups: BTreeMap<(usize, &str, Option<usize>), Vec<usize>> = BTreeMap::new();
    for (at, check) in checks.iter().enumerate() {
        let circle = in_circle(at).then_some(components[at]);
        groups.entry((layers[at], &check.class, circle)).or_default().push(at);
    }
    let mut node_of = vec![0; checks.len()];
    let mut nodes = Vec::new();
    for ((layer, class, circle), members) in groups {
        for at in &members {
            node_of[*at] = nodes.len();
        }
        let faults = members.iter().map(|at| checks[*at].fault.clone()).collect();
        nodes.push(Node { class: class.to_owned(), layer, faults, in_circle: circle.is_some() });
    }
    (nodes, node_of)
}

fn edges(nodes: usize, won: &[(usize, usize, Bout)], node_of: &[usize]) -> Vec<Edge> {
    let mut sums: BTreeMap<(usize, usize), (u64, Standing)> = BTreeMap::new();
    for (over, under, bout) in won {
        let ends = (node_of[*over], node_of[*under]);
        let sum = sums.entry(ends).or_insert((0, Standing::Firm));
        *sum = (sum.0 + bout.won[0] + bout.won[1], sum.1.min(bout.standing()));
    }
    let (mut all, mut firm) = (Graph::new(nodes), Graph::new(nodes));
    for ((over, under), (_, standing)) in &sums {
        all.add(*over, *under);
        if *standing == Standing::Firm {
            firm.add(*over, *under);
        }
    }
    let [needed, originals] = [&all, &firm].map(|graph| graph.reduced().into_iter().collect::<BTreeSet<_>>());
    let component = all.components();
    let each = sums.into_iter().map(|((over, under), (pairs, standing))| Edge {
        over,
        under,
        pairs,
        standing,
        implied: !needed.contains(&(over, under)),
        original: originals.contains(&(over, under)),
        in_circle: component[over] == component[under],
    });
    each.collect()
}

impl Order {
    /// The nodes layer by layer.
    pub fn layers(&self) -> Vec<Vec<&Node>> {
        let count = self.nodes.iter().map(|node| node.layer + 1).max().unwrap_or(0);
        (0..count).map(|layer| self.nodes.iter().filter(|node| node.layer == layer).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::done;
    use super::*;

    /// Faults a to d with errors of their own; each pair names the winner first, and what the model permits.
    fn order(pairs: &[(&str, &str, &[&str])]) -> Order {
        let mut sightings = Sightings::default();
        for fault in ["a", "b", "c", "d"] {
            let class = format!("400 {fault}");
            sightings.add(&done(&[fault], &class, &[&class]));
        }
        for (over, under, permitted) in pairs {
            sightings.add(&done(&[over, under], &format!("400 {over}"), permitted));
        }
        sightings.orders().remove("Put").unwrap_or_default()
    }

    fn layers(order: &Order) -> Vec<Vec<&str>> {
        order.layers().iter().map(|layer| layer.iter().map(|node| node.class.as_str()).collect()).collect()
    }

    #[test]
    fn errors_stand_in_the_order_in_which_they_win() {
        let order = order(&[("a", "b", &["400 a"]), ("b", "c", &["400 b", "400 c"]), ("c", "d", &["400 d"])]);
        assert_eq!(layers(&order), [["400 a"], ["400 b"], ["400 c"], ["400 d"]]);
        let standings: Vec<_> = order.edges.iter().map(|edge| edge.standing).collect();
        assert_eq!(standings, [Standing::Firm, Standing::Open, Standing::Broken]);
        let expected = Pairs { seen: 3, decided: 3, kept: 1, open: 1, broken: 1, ..Pairs::default() };
        assert_eq!(order.pairs, expected);
    }

    #[test]
    fn an_edge_that_follows_from_others_says_so() {
        let implied = |pairs: [(&str, &str, &[&str]); 3]| {
            let edges = order(&pairs).edges.into_iter().filter(|edge| edge.implied);
            edges.map(|edge| (edge.over, edge.under)).collect::<Vec<_>>()
        };
        assert_eq!(implied([("a", "b", &[]), ("b", "c", &[]), ("a", "c", &[])]), [(0, 2)]);
        let firm = ["400 a"];
        assert_eq!(implied([("a", "b", &firm), ("b", "c", &["400 b"]), ("a", "c", &firm)]), [(0, 2)]);
        let edges = order(&[("a", "b", &[]), ("b", "c", &[]), ("a", "c", &firm)]).edges;
        let original: Vec<_> = edges.iter().filter(|edge| edge.original).map(|edge| (edge.over, edge.under)).collect();
        assert_eq!(original, [(0, 2)], "what is open proves nothing firm");
    }

    #[test]
    fn what_wins_in_a_circle_shares_a_layer_and_is_marked() {
        let order = order(&[("a", "b", &[]), ("b", "c", &[]), ("c", "a", &[]), ("c", "d", &[])]);
        assert_eq!(layers(&order), [vec!["400 a", "400 b", "400 c"], vec!["400 d"]]);
        assert_eq!(order.nodes.iter().map(|node| node.in_circle).collect::<Vec<_>>(), [true, true, true, false]);
        assert_eq!(order.edges.iter().filter(|edge| edge.in_circle).count(), 3);
    }

    #[test]
    fn winners_that_change_with_the_operation_have_no_order() {
        let mut sightings = Sightings::default();
        for (operation, winner) in [("Put", "400 a"), ("Get", "400 b")] {
            let cases = [
                done(&["a"], "400 a", &[]),
                done(&["b"], "400 b", &[]),
                done(&["a", "b"], winner, &["400 a", "400 b"]),
            ];
            for mut case in cases {
                case.operation = operation.into();
                sightings.add(&case);
            }
        }
        let merged = sightings.merged();
        assert!(merged.edges.is_empty());
        assert_eq!(merged.turns.iter().map(|turns| turns.won).collect::<Vec<_>>(), [[1, 1]]);
        assert!(sightings.orders().values().all(|order| order.turns.is_empty()));
    }
}
