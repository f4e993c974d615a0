//! Carries a comparison out: three passes, what they differ in, and what is kept of it.

use std::sync::atomic::Ordering;
use std::time::Instant;

use jiff::Zoned;
use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_validator::journal::Journal;
use plumb_validator::names::RunId;

use crate::bounds::{InForce, check_may_begin};
use crate::cases::Source;
use crate::cli::{CasesArgs, CompareArgs, TargetArgs};
use crate::compare::comparison::Comparison;
use crate::compare::output::{self, Output};
use crate::compare::passes::{ORDERS, Pass, Triple};
use crate::compare::places::Frame;
use crate::compare::reds::Side;
use crate::compare::rounds::{Left, Rounds};
use crate::compare::summary::{Began, Named, Summary};
use crate::deviation;
use crate::engine::Engine;
use crate::error::Error;
use crate::events::RunEnded;
use crate::run;
use crate::select::Selected;

/// What one pass has for itself.
struct Station<'s> {
    selected: &'s Selected,
    run: RunId,
    journal: Journal,
}

impl<'s> Station<'s> {
    fn open(api: &Api, selected: &'s Selected, run: RunId) -> Result<Self, Error> {
        let journal = run::begin_journal(api, selected, &run)?;
        Ok(Self { selected, run, journal })
    }

    fn named(&self) -> Named {
        let target = &self.selected.target;
        Named {
            target: target.name.clone(),
            endpoint: self.selected.endpoint.url().to_owned(),
            flavour: target.flavour.to_owned(),
            run: self.run.as_str().to_owned(),
        }
    }
}

/// Sends the cases to all three, in the order of [`Pass::ALL`], and looks into what differs. `on_triple` sees each case that
/// is over. Beside what came of it, why not all of it is kept where it should be.
///
/// # Errors
/// Where a target gives no answer at all, or there is no place for results.
pub fn compare(
    api: &Api,
    selected: &[Selected; 3],
    targets: &[TargetArgs; 3],
    arguments: &CompareArgs,
    on_triple: &mut dyn FnMut(&Triple),
) -> Result<(Summary, Option<Error>), Error> {
    let deviations = deviation::load(arguments.cases.deviations.as_deref())?;
    let cases = arguments.cases.brief();
    let all = Source::open(api, &cases)?.cases()?;
    let [a, again, b] = selected;
    let in_force = [InForce::at(a)?, InForce::at(again)?, InForce::at(b)?];
    in_force.iter().try_for_each(|own| check_may_begin(&own.bounds))?;
    let _span = tracing::info_span!("compare", api = api.name, a = %arguments.a, b = %arguments.b).entered();
    let id = run::new_run_id();
    let output = Output::open(arguments.format, arguments.output.as_deref(), &id)?;
    let (a, again) = (Station::open(api, a, run::new_run_id())?, Station::open(api, again, run::new_run_id())?);
    let stations = [a, again, Station::open(api, b, id)?];
    let began = began(api, &arguments.cases, &stations);
    let stop = run::stop_on_ctrl_c();
    let connect = selected.each_ref().map(|own| move || run::connect(own));
    let engines = Pass::ALL.map(|pass| {
        let (own, connect) = (&stations[pass as usize], &connect[pass as usize]);
        Engine::new(api, &own.selected.target, &own.run, connect)
            .bound_by(&in_force[pass as usize].bounds)
            .noting_in(&own.journal)
            .stopped_by(&stop)
    });
    let frames = stations.each_ref().map(|own| Frame::new(api, &own.run, &own.selected.target));
    if let Err(error) = engines.iter().zip(selected).try_for_each(|(engine, own)| run::check_alive(engine, own)) {
        // Nothing was made, so nothing stays.
        for own in stations {
            _ = own.journal.finish_clean();
        }
        output.discard();
        return Err(error);
    }
    let (mut summary, left) = go(&engines, &frames, began, &cases, all, on_triple);
    for (pass, station) in Pass::ALL.into_iter().zip(stations) {
        if left.iter().all(|(own, _)| *own != pass as usize) {
            station.journal.finish_clean().map_err(|error| Error::Internal(error.to_string()))?;
        }
    }
    let (today, began) = (Zoned::now().date(), summary.began.clone());
    let mut refused = None;
    for red in &mut summary.reds {
        output::accept(red, &deviations, api.name, today);
        let written = output.replay_files(red, &began, &|pass| targets[pass as usize].options());
        refused = refused.or(written.err());
    }
    // What was found out is told even where it could not all be written down.
    let written = output.finish(&summary);
    Ok((summary, refused.or(written.err())))
}

fn began(api: &Api, cases: &CasesArgs, stations: &[Station<'_>; 3]) -> Began {
    Began {
        version: env!("CARGO_PKG_VERSION").into(),
        api: api.name.to_owned(),
        seed: cases.seed,
        started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        targets: stations.each_ref().map(Station::named),
    }
}

/// Runs the cases and looks into the differences. Tells what could not be removed besides.
fn go(
    engines: &[Engine<'_>; 3],
    frames: &[Frame<'_>; 3],
    began: Began,
    cases: &CasesArgs,
    (mut source, length): (impl Iterator<Item = Case> + Send, Option<usize>),
    on_triple: &mut dyn FnMut(&Triple),
) -> (Summary, Left) {
    let [a, again, b] = engines;
    let start = Instant::now();
    let mut comparison = Comparison::new(frames);
    let bar = run::progress(length, "cases");
    let budget = cases.budget.unwrap_or_default();
    let passes = Rounds { engines: [a, again, b], names: Pass::ALL.map(Pass::name), orders: &ORDERS };
    let (ended, mut left) = passes.run(&mut source, cases.workers.into(), budget, &mut |triple| {
        comparison.take(&triple);
        on_triple(&triple);
        bar.inc(1);
        bar.set_message(format!(
            "{} differ, {} of them in what is permitted",
            comparison.counts.wrong + comparison.counts.either,
            comparison.counts.either
        ));
    });
    let reds = std::mem::take(&mut comparison.reds);
    bar.set_message(format!("confirming and making small: {} kinds of difference", reds.kinds()));
    let mut summary = Summary::new(began, comparison, RunEnded::default());
    summary.reds_only_counted = reds.only_counted();
    let sides = [Side::new(Pass::A, a, &frames[0]), Side::new(Pass::B, b, &frames[2])];
    let deadline = Instant::now() + budget.time.unwrap_or(run::INVESTIGATION_MAX);
    let mut early = ended.early;
    match reds.investigate(&sides, deadline, &mut |news| summary.apply(news)) {
        Ok(stayed) => left.extend(stayed),
        Err(why) => _ = early.get_or_insert(why),
    }
    bar.finish_and_clear();
    for engine in [a, again, b] {
        engine.tell_kept_back(&mut early);
    }
    summary.reds.sort_by_key(|red| std::cmp::Reverse(red.count));
    summary.ended = RunEnded {
        interrupted: a.stop.load(Ordering::Relaxed),
        early,
        cases_left: ended.cases_left,
        resources_left: left.iter().map(|(_, made)| run::told(made)).collect(),
        duration_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        ..RunEnded::default()
    };
    (summary, left)
}
