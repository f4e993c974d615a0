//! The features of the project as scenarios, one for each row of examples.

use std::path::Path;
use std::sync::LazyLock;

use plumb_steps::feature::{Scenario, Wanted, read_paths};

static SCENARIOS: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../features/s3");
    let features = read_paths(&[Wanted { path, line: None }]).unwrap_or_else(|troubles| panic!("{troubles:#?}"));
    features.into_iter().flat_map(|feature| feature.scenarios).collect()
});

/// Every scenario, by file and line.
pub(crate) fn scenarios() -> &'static [Scenario] {
    &SCENARIOS
}
