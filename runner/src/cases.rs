//! Every case of a run, one after the other: the suites, and then the workflows.

use plumb_generator::suites;
use plumb_generator::workflows::{Weights, WorkflowOptions, workflows};
use plumb_model::api::Api;
use plumb_model::call::Case;

use crate::cli::CasesArgs;
use crate::error::Error;
use crate::input::read_text;

/// How many workflows come after the suites, unless it is said.
pub const WORKFLOWS_DEFAULT: usize = 200;
/// The longest file of weights that is read, in bytes.
const WEIGHTS_BYTES_MAX: u64 = 16 << 20;

/// Where the cases of a run come from.
pub struct Source<'a> {
    api: &'a Api,
    arguments: &'a CasesArgs,
    options: WorkflowOptions,
}

impl<'a> Source<'a> {
    /// The cases that `arguments` ask for.
    ///
    /// # Errors
    /// Where the file of weights cannot be read, or speaks of what the API does not have.
    pub fn open(api: &'a Api, arguments: &'a CasesArgs) -> Result<Self, Error> {
        let weights = arguments.weights.as_deref().map(|path| {
            let help = "name a file that `plumb learn` wrote, or see docs/workflows.md for the format";
            let text = read_text(path, WEIGHTS_BYTES_MAX).map_err(|error| Error::file("read", path, error, help))?;
            Weights::parse(&text, api)
                .map_err(|error| Error::usage(format!("failed to {error} ({})", path.display()), help))
        });
        let options = WorkflowOptions { operations: arguments.operations.clone(), weights: weights.transpose()? };
        Ok(Self { api, arguments, options })
    }

    /// The cases, and how many there are.
    pub fn cases(&self) -> (impl Iterator<Item = Case> + Send + use<'a>, usize) {
        let Self { api, arguments, options } = self;
        let of_suites = suites::cases(api, &arguments.operations, arguments.seed);
        let count = arguments.workflows.unwrap_or(WORKFLOWS_DEFAULT);
        let length = of_suites.len().saturating_add(count);
        (of_suites.chain(workflows(api, options, arguments.seed).take(count)), length)
    }
}
