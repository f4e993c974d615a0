//! `plumb generate`: the rows of a model in PICT's language, or the cases of an API, without sending anything.

mod check;
mod model;
mod rows;

use plumb_generator::covering::STRENGTH_MAX;
use plumb_generator::suites;
use plumb_validator::plugin::Plugin;

use crate::cases::STRENGTH_DEFAULT;
use crate::cli::GenerateArgs;
use crate::error::{Error, Exit};
use crate::output;
use crate::select;

/// The seed where none is given.
const SEED: u64 = 1;

/// Carries the command out.
pub(super) fn generate(plugins: &[Plugin], arguments: &GenerateArgs) -> Result<Exit, Error> {
    match (&arguments.pict, &arguments.api) {
        (Some(path), _) => {
            let model = model::read(path, arguments)?;
            match &arguments.rows.check {
                Some(rows) => check::check(&model, rows, arguments),
                None => rows::rows(&model, arguments),
            }
        }
        (None, Some(name)) => cases(plugins, name, arguments),
        (None, None) => Err(Error::usage("there is nothing to generate from", "add --pict FILE or --api NAME")),
    }
}

/// Prints the cases of an API, one a line.
fn cases(plugins: &[Plugin], name: &str, arguments: &GenerateArgs) -> Result<Exit, Error> {
    let api = (select::plugin(plugins, name)?.api)();
    select::check_operations(&api, &arguments.operations)?;
    let (strength, seed) = (arguments.rows.strength.unwrap_or(STRENGTH_DEFAULT), arguments.seed.unwrap_or(SEED));
    if !(1..=STRENGTH_MAX).contains(&strength) {
        let known = format!("between 1 and {STRENGTH_MAX} choices can meet");
        return Err(Error::usage(format!("there is no strength {strength}"), known));
    }
    let cases = suites::suites(&api, &arguments.operations, strength, seed);
    let cases =
        cases.map_err(|error| Error::usage(format!("failed to {error}"), "give the dimension fewer choices"))?;
    let own = cases.filter(|case| arguments.shard.is_none_or(|shard| shard.holds(case.id().as_bytes())));
    let lines =
        own.map(|case| serde_json::to_string(&case).map_err(|error| Error::Internal(format!("write a case: {error}"))));
    output::print_lines(lines)?;
    Ok(Exit::Conforms)
}
