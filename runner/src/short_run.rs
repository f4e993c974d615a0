//! A run of a few cases, without reports: journal, guard, and a target that lives.

use std::sync::atomic::AtomicBool;

use plumb_model::api::Api;
use plumb_validator::journal::Made;
use plumb_validator::names::RunId;

use crate::bounds::{InForce, check_may_begin};
use crate::engine::Engine;
use crate::error::Error;
use crate::run;
use crate::select::Selected;

/// Does `work` against a target that answers. Beside its result it tells what could not be removed, which the journal
/// then keeps for `plumb sweep`.
pub fn short_run<'a, T>(
    api: &'a Api,
    selected: &'a Selected,
    stop: &AtomicBool,
    work: impl FnOnce(&Engine<'_>) -> Result<(T, Vec<Made>), Error>,
) -> Result<T, Error> {
    journalled(api, selected, &run::new_run_id(), stop, |engine| {
        let (result, left) = work(engine)?;
        Ok((result, left.is_empty()))
    })
}

/// Does `work` as `run` against a target that answers. Beside its result it tells whether nothing is left; the journal
/// stays where something is.
pub fn journalled<'a, T>(
    api: &'a Api,
    selected: &'a Selected,
    run: &RunId,
    stop: &AtomicBool,
    work: impl FnOnce(&Engine<'_>) -> Result<(T, bool), Error>,
) -> Result<T, Error> {
    let in_force = InForce::at(selected)?;
    check_may_begin(&in_force.bounds)?;
    let journal = run::begin_journal(api, selected, run)?;
    let (connect, restarter) = (|| run::connect(selected), selected.restarter());
    let engine = Engine::new(api, &selected.target, run, &connect)
        .bound_by(&in_force.bounds)
        .noting_in(&journal)
        .stopped_by(stop)
        .brought_back_by(restarter.as_ref());
    if let Err(error) = run::check_alive(&engine, selected) {
        // Nothing was made, so no journal stays.
        _ = journal.finish_clean();
        return Err(error);
    }
    let (result, is_clean) = work(&engine)?;
    if is_clean {
        journal.finish_clean().map_err(|error| Error::Internal(error.to_string()))?;
    }
    Ok(result)
}
