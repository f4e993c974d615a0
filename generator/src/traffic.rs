//! What customers do: out of a log come the mix of operations, workflows, choices, what is used together, and cases
//! without anything personal in them.
//!
//! Reading order: the formats [`combined`], [`har`] and [`requests`] give records; [`learn`] folds them. On its way
//! each request becomes a call, `reading` tells which choices it may have made, [`explain`] asks the model which of
//! them its answer permits, [`session`] says whose it was, and [`scrub`] makes a case of what one client did.

mod argument;
mod bench;
pub mod combined;
pub mod coverage;
pub mod explain;
pub mod har;
pub mod learn;
mod reading;
pub mod requests;
pub mod scrub;
pub mod session;
mod unmodelled;
