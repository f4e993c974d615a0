//! Sends calls to a live service and to the model, and tells the divergences.
//!
//! A [`session::Session`] is the one road: resolve, guard, send, ask the model, judge, record. A
//! [`case_run::run_case`] is a loop over it, from empty to clean. [`model_server::ModelServer`] turns the
//! model itself into a server, which a [`transport::MemoryTransport`] reaches without a network.

pub mod brake;
pub mod case_run;
pub mod clock;
pub mod curl;
pub mod finding;
pub mod guard;
pub mod journal;
pub mod meter;
pub mod model_server;
pub mod names;
pub mod open_case;
pub mod plugin;
pub mod pool;
pub mod precedence;
pub mod session;
pub mod target;
pub mod transport;
pub mod verdict;
