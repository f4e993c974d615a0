//! The pages: plain HTML without scripts, and without anything from elsewhere.

mod alerts;
mod bands;
mod bar;
mod board;
mod card;
mod facts;
mod finding;
mod frame;
mod ledger;
mod row;
mod slot;
mod watch;

pub use board::board;
pub use finding::finding;
pub use frame::nothing;
pub use ledger::{Cursor, Day, ledger};
pub use slot::slot;
pub use watch::watch;

pub(super) use frame::{ICON, STYLE};
pub(super) use ledger::outcome_named;
