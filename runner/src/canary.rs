//! What a slot does: the features and suites of everywhere else, down the same road, at a target that is kept ready.
//!
//! `plumb_canary` knows when; here is what. A [`duty`] is what one canary does at one target. The [`crew`] carries slots
//! out: features on a few threads, many slots on each, and suites on threads of their own. What came of it is added up
//! by the reports that every command has, so that a slot, `plumb test` and `plumb conform` cannot come to different
//! verdicts; `facts` turns that into the words of a ledger.

mod batch;
pub mod crew;
pub mod daemon;
pub mod duty;
mod facts;
mod findings;
pub mod fleet;
mod lag;
pub mod once;
mod play;
pub mod reference;
mod seen;
pub mod self_test;
pub mod site;
pub mod switch;
mod told;
mod version;
