//! Runs of features: which scenarios, against what, on how many threads, and what comes of it.

pub mod harness;
mod model_target;
mod play;
mod run;
mod selection;
mod sink;

pub use model_target::{MODEL_TARGET, ModelTarget};
pub(crate) use play::is_final;
pub use play::{Ended, Terms, play_all};
pub use run::{Stage, run};
pub use selection::{Registries, Selection, Wish, registry};
pub(crate) use sink::to_look_into;
