//! What is on disk: the journal of slots and the store of those that are over, with real files and real deaths.

mod broken;
mod bytes;
mod crash;
mod days;
mod full_disk;
mod journal;
mod rows;
