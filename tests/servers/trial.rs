//! Tests that need what is not everywhere: where it is missing they are listed as ignored, with the reason.

use libtest_mimic::{Completion, Failed, Trial};

/// Why a test cannot run here.
#[derive(Debug, Clone)]
pub(crate) enum Missing {
    /// A program or a package. The gate installs them, so where `CI` is `true` their lack is a failure.
    Tool(String),
    /// Data that does not come with the project.
    Data(String),
}

impl Missing {
    /// What becomes of a test that lacks this.
    fn outcome(self, is_ci: bool) -> Result<Completion, Failed> {
        match self {
            Self::Tool(reason) if is_ci => Err(format!("CI must not leave this out: {reason}").into()),
            Self::Tool(reason) | Self::Data(reason) => Ok(Completion::ignored_with(reason)),
        }
    }
}

/// A test of what `prepare` gives.
pub(crate) fn trial<T>(
    name: impl Into<String>,
    prepare: impl FnOnce() -> Result<T, Missing> + Send + 'static,
    test: impl FnOnce(T) + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || match prepare() {
        Ok(prepared) => {
            test(prepared);
            Ok(Completion::Completed)
        }
        Err(missing) => missing.outcome(std::env::var("CI").is_ok_and(|value| value == "true")),
    })
}
