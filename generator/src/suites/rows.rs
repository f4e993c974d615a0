//! Rows that differ from the default in one choice or in a pair of faults.

use std::collections::BTreeSet;

use plumb_model::space::{Row, Space};

/// Every choice of every dimension in an otherwise default row, once for each choice of each state dimension.
pub fn single_choices(space: &Space) -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    let states = space.dimensions.iter().enumerate().filter(|(_, dimension)| dimension.state);
    let mut starts: Vec<(usize, usize)> =
        states.flat_map(|(index, dimension)| (0..dimension.choices.len()).map(move |choice| (index, choice))).collect();
    if starts.is_empty() {
        starts.push((0, 0));
    }
    for state in starts {
        for (index, dimension) in space.dimensions.iter().enumerate() {
            for choice in 0..dimension.choices.len() {
                rows.extend(row_with(space, &[state, (index, choice)]));
            }
        }
    }
    // A choice that a constraint keeps out of every default state is sent in the state it asks for.
    for (index, dimension) in space.dimensions.iter().enumerate() {
        for choice in 0..dimension.choices.len() {
            if !rows.iter().any(|row| row[index] == choice) {
                rows.extend(row_with(space, &[(index, choice)]));
            }
        }
    }
    rows
}

/// Every pair of choices that hold a fault, of different dimensions, and nothing else out of the default.
pub fn fault_pairs(space: &Space) -> BTreeSet<Row> {
    let faults: Vec<(usize, usize)> = space
        .dimensions
        .iter()
        .enumerate()
        .flat_map(|(index, dimension)| {
            let faulty = dimension.choices.iter().enumerate().filter(|(_, choice)| choice.fault);
            faulty.map(move |(choice, _)| (index, choice))
        })
        .collect();
    let mut rows = BTreeSet::new();
    for (at, first) in faults.iter().enumerate() {
        for second in faults[at + 1..].iter().filter(|second| second.0 != first.0) {
            rows.extend(row_with(space, &[*first, *second]));
        }
    }
    rows
}

/// The default row with these choices pinned; where a constraint forbids it, unpinned dimensions give way.
pub(crate) fn row_with(space: &Space, pinned: &[(usize, usize)]) -> Option<Row> {
    let mut row = space.defaults();
    for (index, choice) in pinned {
        row[*index] = *choice;
    }
    if pinned.iter().any(|(index, choice)| row[*index] != *choice) {
        // Two pins on one dimension contradict each other.
        return None;
    }
    // Each pass mends one constraint; a chain is no longer than there are dimensions.
    for _ in 0..=space.dimensions.len() {
        let Some(broken) = space.constraints.iter().find(|constraint| !space.keeps(&row, constraint)) else {
            return Some(row);
        };
        let index = space.dimensions.iter().position(|dimension| dimension.name == broken.dimension)?;
        if pinned.iter().any(|(own, _)| *own == index) {
            return None;
        }
        let choices = &space.dimensions[index].choices;
        row[index] = choices.iter().position(|choice| broken.allowed.contains(&choice.name))?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_model::call::Call;
    use plumb_model::space::{Choice, Constraint, Dimension};

    fn space() -> Space {
        let state = vec![Choice::absent("present").after("stored", Call::new("Put")), Choice::absent("absent")];
        let condition = vec![Choice::absent("none"), Choice::fault("right", "c", "1"), Choice::fault("bad", "c", "2")];
        let size = vec![Choice::valid("small", "s", "1"), Choice::fault("large", "s", "9")];
        let constraints = vec![Constraint { when: ("c", "right"), dimension: "state", allowed: vec!["present"] }];
        let dimensions =
            vec![Dimension::state("state", state), Dimension::argument("c", condition), Dimension::argument("s", size)];
        Space { dimensions, constraints }
    }

    #[test]
    fn every_choice_is_sent_in_every_state_that_permits_it() {
        let rows = single_choices(&space());
        assert_eq!(
            rows.into_iter().collect::<Vec<_>>(),
            [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 2, 0], [1, 0, 0], [1, 0, 1], [1, 2, 0]]
        );
    }

    #[test]
    fn fault_pairs_hold_exactly_two_faults() {
        assert_eq!(fault_pairs(&space()).into_iter().collect::<Vec<_>>(), [[0, 1, 1], [0, 2, 1]]);
    }
}
