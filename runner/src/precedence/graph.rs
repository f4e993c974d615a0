//! A directed graph of numbers: what hangs together in a circle, what comes before what.

use std::collections::{BTreeSet, VecDeque};

/// For each node, those over which it stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    under: Vec<BTreeSet<usize>>,
}

impl Graph {
    /// A graph of so many nodes without edges.
    pub(crate) fn new(nodes: usize) -> Self {
        Self { under: vec![BTreeSet::new(); nodes] }
    }

    /// Adds an edge.
    pub(crate) fn add(&mut self, over: usize, under: usize) {
        self.under[over].insert(under);
    }

    /// Takes an edge away.
    pub(crate) fn remove(&mut self, over: usize, under: usize) {
        self.under[over].remove(&under);
    }

    /// Every edge.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (usize, usize)> {
        self.under.iter().enumerate().flat_map(|(over, all)| all.iter().map(move |under| (over, *under)))
    }

    /// Everything below a node, itself only where it is in a circle.
    fn below(&self, from: usize) -> BTreeSet<usize> {
        let mut below = BTreeSet::new();
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            open.extend(self.under[node].iter().filter(|next| below.insert(**next)));
        }
        below
    }

    /// For each node, the least of those with which it is in a circle; itself where there is none.
    pub(crate) fn components(&self) -> Vec<usize> {
        let below: Vec<BTreeSet<usize>> = (0..self.under.len()).map(|node| self.below(node)).collect();
        let in_circle = |node: usize| below[node].iter().find(|other| below[**other].contains(&node));
        (0..self.under.len()).map(|node| in_circle(node).map_or(node, |least| node.min(*least))).collect()
    }

    /// For each node, how many layers lie above it; nodes that are in a circle share a layer.
    pub(crate) fn layers(&self) -> Vec<usize> {
        let component = self.components();
        let mut above = vec![0_usize; self.under.len()];
        let between: BTreeSet<(usize, usize)> =
            self.edges().map(|(over, under)| (component[over], component[under])).filter(|(a, b)| a != b).collect();
        for (_, under) in &between {
            above[*under] += 1;
        }
        let mut layers = vec![0; self.under.len()];
        let mut open: VecDeque<usize> =
            (0..self.under.len()).filter(|node| component[*node] == *node && above[*node] == 0).collect();
        while let Some(over) = open.pop_front() {
            for (_, under) in between.range((over, 0)..=(over, usize::MAX)) {
                layers[*under] = layers[*under].max(layers[over] + 1);
                above[*under] -= 1;
                if above[*under] == 0 {
                    open.push_back(*under);
                }
            }
        }
        component.iter().map(|least| layers[*least]).collect()
    }

    /// The edges that do not follow from others. Those inside a circle all stay.
    pub(crate) fn reduced(&self) -> Vec<(usize, usize)> {
        let (component, below) = (self.components(), (0..self.under.len()).map(|node| self.below(node)));
        let below: Vec<BTreeSet<usize>> = below.collect();
        let follows = |over: usize, under: usize| {
            let ends = [component[over], component[under]];
            let mut between = self.under[over].iter().filter(|middle| !ends.contains(&component[**middle]));
            between.any(|middle| below[*middle].contains(&under))
        };
        self.edges().filter(|(over, under)| component[*over] == component[*under] || !follows(*over, *under)).collect()
    }

    /// The shortest circle through the nodes of a component, from its least node on; among equals the first.
    pub(crate) fn shortest_circle(&self, component: &[usize], of: usize) -> Option<Vec<usize>> {
        let members = (0..self.under.len()).filter(|node| component[*node] == of);
        let circles = members.filter_map(|node| self.circle_through(node));
        circles.map(from_least).min_by_key(|circle| (circle.len(), circle.clone()))
    }

    /// A shortest way from a node back to itself.
    fn circle_through(&self, start: usize) -> Option<Vec<usize>> {
        let mut came: Vec<Option<usize>> = vec![None; self.under.len()];
        let mut open = VecDeque::from([start]);
        while let Some(node) = open.pop_front() {
            for next in &self.under[node] {
                if *next == start {
                    let mut circle = vec![node];
                    while let Some(before) = came[circle[circle.len() - 1]] {
                        circle.push(before);
                    }
                    circle.reverse();
                    return Some(circle);
                }
                if came[*next].is_none() {
                    came[*next] = Some(node);
                    open.push_back(*next);
                }
            }
        }
        None
    }
}

fn from_least(mut circle: Vec<usize>) -> Vec<usize> {
    let least = circle.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(at, _)| at);
    circle.rotate_left(least);
    circle
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph {
        let mut graph = Graph::new(nodes);
        for (over, under) in edges {
            graph.add(*over, *under);
        }
        graph
    }

    #[test]
    fn layers_follow_the_longest_way() {
        assert_eq!(graph(5, &[(0, 1), (1, 2), (0, 2), (3, 2)]).layers(), [0, 1, 2, 0, 0]);
    }

    #[test]
    fn what_is_in_a_circle_shares_a_layer() {
        let graph = graph(5, &[(0, 1), (1, 2), (2, 3), (3, 1), (3, 4)]);
        assert_eq!(graph.components(), [0, 1, 1, 1, 4]);
        assert_eq!(graph.layers(), [0, 1, 1, 1, 2]);
    }

    #[test]
    fn edges_that_follow_from_others_are_left_out() {
        let graph = graph(4, &[(0, 1), (1, 2), (0, 2), (2, 3), (0, 3)]);
        assert_eq!(graph.reduced(), [(0, 1), (1, 2), (2, 3)]);
    }

    #[test]
    fn the_edges_of_a_circle_and_into_it_stay() {
        let graph = graph(5, &[(4, 0), (4, 1), (0, 1), (0, 2), (1, 2), (2, 3), (3, 1)]);
        assert_eq!(graph.reduced(), [(0, 1), (0, 2), (1, 2), (2, 3), (3, 1), (4, 0)]);
    }

    #[test]
    fn the_shortest_circle_is_told_from_its_least_node() {
        let graph = graph(6, &[(0, 1), (1, 2), (2, 3), (3, 0), (3, 1), (4, 5)]);
        let components = graph.components();
        assert_eq!(graph.shortest_circle(&components, 0), Some(vec![1, 2, 3]));
        assert_eq!(graph.shortest_circle(&components, 4), None);
    }
}
