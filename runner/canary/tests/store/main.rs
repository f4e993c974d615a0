//! What is on disk: the journal of slots and the store of those that are over, with real files and real deaths.

mod broken;
mod days;
mod journal;
mod rows;
