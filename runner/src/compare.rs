//! Two targets and the model, held side by side: the same cases, who answers what, and who is right.
//!
//! Nothing here says what is right: that is the model's verdict on each answer. Here it is only seen whether two
//! targets answered the same. Each case runs three times, against A, against B and against A once more; what
//! differs between the two passes of A is noise and no difference.
//!
//! - [`rounds`] runs the cases in turn, so that drift cancels, here in three [`passes`];
//! - [`said`] is what one target said to one call, [`places`] what stands in an answer;
//! - [`between`] holds two of them side by side;
//! - [`comparison`] adds everything up, [`groups`] and [`latency`] with it;
//! - [`reds`] confirms what the model calls wrong and makes it small;
//! - [`run`] carries it out;
//! - [`summary`] is what came of it, for every report; [`output`] writes it down.

pub mod between;
pub mod comparison;
#[cfg(test)]
pub(crate) mod fixture;
pub mod groups;
pub mod latency;
mod meeting;
pub mod output;
pub mod passes;
pub mod places;
pub mod reds;
pub mod rounds;
pub mod run;
pub mod said;
pub mod summary;
