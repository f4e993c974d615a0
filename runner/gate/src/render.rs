//! A decision in the formats that people and pipelines read.
//!
//! Everything in a [`Decision`](crate::decision::Decision) may hold text of a server's. Nothing of it breaks out of any
//! format: each goes through [`text`] first, which leaves one line without controls, invisible characters and the marks by
//! which build servers know commands, and then through what its format asks for.
//!
//! | format | for | limits |
//! |---|---|---|
//! | [`terminal`] | people, logs | |
//! | [`json`] | programs, the record | |
//! | [`junit`] | Jenkins, GitLab and whatever else reads it | |
//! | [`markdown`] | pull requests, job summaries | 65,536 characters; 1 MiB |
//! | [`github`] | annotations | ten of each level |
//! | [`gitlab`] | Code Quality | |
//! | [`page`] | people: one page with plots, without scripts | |
//!
//! A gate that somebody overrode is shown as that in each, with who answers for it, why and until when, and never counts as
//! passed.

mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod markdown;
mod terminal;
pub mod text;
mod view;

pub use github::{ANNOTATIONS_MAX, github};
pub use gitlab::gitlab;
pub use html::plot::{Curve, Plot};
pub use html::{PLOTS_MAX, page};
pub use json::json;
pub use junit::junit;
pub use markdown::{Room, markdown};
pub use terminal::terminal;

/// The most findings, checks, targets or reasons that a report shows in one list; the rest is counted. All of them are in
/// the JSON.
pub const SHOWN_MAX: usize = 300;
