//! Every case of a run, one after the other: those that somebody kept, the suites, and then the workflows.

use plumb_generator::suites;
use plumb_generator::workflows::{Weights, WorkflowOptions, workflows};
use plumb_model::api::Api;
use plumb_model::bodies::{hex, sha256};
use plumb_model::call::Case;

use crate::cli::CasesArgs;
use crate::error::Error;
use crate::events::CasesOf;
use crate::input::read_text;
use crate::seeds;

/// How many choices are made to meet, unless it is said.
pub const STRENGTH_DEFAULT: usize = 2;
/// How many workflows come after the suites, unless it is said.
pub const WORKFLOWS_DEFAULT: usize = 200;
/// The longest file of weights that is read, in bytes.
const WEIGHTS_BYTES_MAX: u64 = 16 << 20;

/// Where the cases of a run come from.
pub struct Source<'a> {
    api: &'a Api,
    arguments: &'a CasesArgs,
    options: WorkflowOptions,
    /// The digest of the file of weights.
    weights: Option<String>,
    seeds: Vec<Case>,
}

impl<'a> Source<'a> {
    /// The cases that `arguments` ask for.
    ///
    /// # Errors
    /// Where the file of weights cannot be read, or speaks of what the API does not have.
    pub fn open(api: &'a Api, arguments: &'a CasesArgs) -> Result<Self, Error> {
        let read = arguments.weights.as_deref().map(|path| {
            let help = "name a file that `plumb learn` wrote, or see docs/workflows.md for the format";
            let text = read_text(path, WEIGHTS_BYTES_MAX).map_err(|error| Error::file("read", path, error, help))?;
            let weights = Weights::parse(&text, api)
                .map_err(|error| Error::usage(format!("failed to {error} ({})", path.display()), help))?;
            let digest = hex(&sha256(text.as_bytes())[..8]);
            Ok((weights, digest.into_iter().map(char::from).collect()))
        });
        let (weights, digest) = read.transpose()?.unzip();
        let options = WorkflowOptions { operations: arguments.operations.clone(), weights };
        let seeds = seeds::load(&arguments.seeds, api.name)?;
        Ok(Self { api, arguments, options, weights: digest, seeds })
    }

    /// The cases, and how many there are where that is known before they are made.
    ///
    /// # Errors
    /// Where an operation has more choices than can be made to meet.
    pub fn cases(&self) -> Result<(impl Iterator<Item = Case> + Send + use<'a>, Option<usize>), Error> {
        let Self { api, arguments, options, seeds, .. } = self;
        let (strength, shard, seed) = (self.strength(), arguments.shard, arguments.seed);
        let generated = (!arguments.only_seeds).then(|| suites::suites(api, &arguments.operations, strength, seed));
        let suites = generated.transpose().map_err(|error| {
            Error::usage(format!("failed to {error}"), "give the dimension fewer choices, or split it in two")
        })?;
        let seeds = seeds.clone();
        let known = (strength <= 1 && shard.is_none()).then(|| {
            let generated = if strength == 0 { 0 } else { suites::cases(api, &arguments.operations, seed).len() };
            generated.saturating_add(self.workflows() + seeds.len())
        });
        let all = seeds
            .into_iter()
            .chain(suites.into_iter().flatten())
            .chain(workflows(api, options, seed).take(self.workflows()));
        Ok((all.filter(move |case| shard.is_none_or(|own| own.holds(case.id().as_bytes()))), known))
    }

    /// What decides which cases there are, beside the seed.
    pub fn told(&self) -> CasesOf {
        CasesOf {
            operations: self.arguments.operations.clone(),
            strength: self.strength(),
            workflows: self.workflows(),
            shard: self.arguments.shard.map(|shard| shard.to_string()),
            weights: self.weights.clone(),
            seeds: (!self.seeds.is_empty()).then(|| seeds::digest(&self.seeds)),
        }
    }

    /// How many choices are made to meet; none where nothing is generated.
    pub fn strength(&self) -> usize {
        if self.arguments.only_seeds {
            return 0;
        }
        self.arguments.strength.unwrap_or(STRENGTH_DEFAULT)
    }

    fn workflows(&self) -> usize {
        if self.arguments.only_seeds {
            return 0;
        }
        self.arguments.workflows.unwrap_or(WORKFLOWS_DEFAULT)
    }
}
