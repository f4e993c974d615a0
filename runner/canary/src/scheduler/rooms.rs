//! How much is under way, in all and at each target, and who is next.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::Agent;

/// How much is under way, and who waits.
#[derive(Debug)]
pub(super) struct Rooms {
    slots_max: usize,
    slots_per_target_max: usize,
    under_way: usize,
    names: BTreeMap<String, usize>,
    targets: Vec<Room>,
    /// Who is first at each target that has room.
    open: BTreeSet<(i64, usize, usize)>,
}

/// One target.
#[derive(Debug, Default)]
struct Room {
    under_way: usize,
    /// Who waits, by turn.
    queue: BTreeSet<(i64, usize)>,
    /// What of it is among those that are open.
    first: Option<(i64, usize)>,
}

impl Rooms {
    pub(super) fn new(agent: &Agent) -> Self {
        Self {
            slots_max: agent.slots_max,
            slots_per_target_max: agent.slots_per_target_max,
            under_way: 0,
            names: BTreeMap::new(),
            targets: Vec::new(),
            open: BTreeSet::new(),
        }
    }

    /// The room of a target.
    pub(super) fn of(&mut self, target: &str) -> usize {
        if let Some(&room) = self.names.get(target) {
            return room;
        }
        self.names.insert(target.to_owned(), self.targets.len());
        self.targets.push(Room::default());
        self.targets.len() - 1
    }

    pub(super) const fn under_way(&self) -> usize {
        self.under_way
    }

    pub(super) fn under_way_at(&self, room: usize) -> usize {
        self.targets[room].under_way
    }

    /// Whether a slot may start there.
    pub(super) fn has_space(&self, room: usize) -> bool {
        self.under_way < self.slots_max && self.targets[room].under_way < self.slots_per_target_max
    }

    /// Who is next to start; none where nobody waits, or nobody has room.
    pub(super) fn next(&self) -> Option<usize> {
        let (_, id, _) = self.open.first()?;
        (self.under_way < self.slots_max).then_some(*id)
    }

    pub(super) fn enter(&mut self, room: usize) {
        self.under_way += 1;
        self.targets[room].under_way += 1;
        self.sort(room);
    }

    pub(super) fn leave(&mut self, room: usize) {
        self.under_way = self.under_way.saturating_sub(1);
        self.targets[room].under_way = self.targets[room].under_way.saturating_sub(1);
        self.sort(room);
    }

    pub(super) fn queue_up(&mut self, room: usize, turn_ms: i64, id: usize) {
        self.targets[room].queue.insert((turn_ms, id));
        self.sort(room);
    }

    pub(super) fn give_up(&mut self, room: usize, turn_ms: i64, id: usize) {
        self.targets[room].queue.remove(&(turn_ms, id));
        self.sort(room);
    }

    /// Keeps the first of one target among those that are open, where it has room.
    fn sort(&mut self, room: usize) {
        let own = &mut self.targets[room];
        let first = own.queue.first().copied().filter(|_| own.under_way < self.slots_per_target_max);
        if first == own.first {
            return;
        }
        if let Some((turn_ms, id)) = std::mem::replace(&mut own.first, first) {
            self.open.remove(&(turn_ms, id, room));
        }
        self.open.extend(first.map(|(turn_ms, id)| (turn_ms, id, room)));
    }
}
