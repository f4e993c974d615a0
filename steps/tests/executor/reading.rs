//! Feature texts, read as everybody reads them.

use plumb_steps::feature::{self, Scenario};

/// The scenarios of a text; each row of an outline is one.
pub(crate) fn scenarios(path: &str, text: &str) -> Vec<Scenario> {
    feature::read(path, text).expect("a feature").scenarios
}
