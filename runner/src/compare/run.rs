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
use crate::compare::rounds::{Left, Round, Rounds};
use crate::compare::summary::{Began, Named, Summary};
use crate::deviation;
use crate::engine::Engine;
use crate::error::Error;
use crate::events::RunEnded;
use crate::run;
use crate::select::Selected;

/// What one lane has for itself.
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

/// Which targets a case goes to, in which orders, and which of them are the three passes of the comparison.
pub struct Lanes<const N: usize> {
    /// How each is called where it dies.
    pub names: [&'static str; N],
    /// The orders in which one case after another is run.
    pub orders: &'static [[usize; N]],
    /// The lane of each of [`Pass::ALL`].
    pub passes: [usize; 3],
    /// The three passes of a round.
    pub into_triple: fn(Round<N>) -> Triple,
}

/// Those of `plumb compare`.
const PASSES: Lanes<3> = Lanes {
    names: [Pass::A.name(), Pass::Again.name(), Pass::B.name()],
    orders: &ORDERS,
    passes: [0, 1, 2],
    into_triple: |own| own,
};

/// Sends the cases to all three, in the order of [`Pass::ALL`], and looks into what differs. Beside what came of it, why not
/// all of it is kept where it should be.
///
/// # Errors
/// Where a target gives no answer at all, or there is no place for results.
pub fn compare(
    api: &Api,
    selected: &[Selected; 3],
    targets: &[TargetArgs; 3],
    arguments: &CompareArgs,
) -> Result<(Summary, Option<Error>), Error> {
    compare_in(&PASSES, api, selected, targets, arguments, &mut |_| ())
}

/// The same in other lanes; `on_round` sees each case that is over.
///
/// # Errors
/// As with [`compare`].
pub fn compare_in<const N: usize>(
    lanes: &Lanes<N>,
    api: &Api,
    selected: &[Selected; N],
    targets: &[TargetArgs; N],
    arguments: &CompareArgs,
    on_round: &mut dyn FnMut(&Round<N>),
) -> Result<(Summary, Option<Error>), Error> {
    let deviations = deviation::load(arguments.cases.deviations.as_deref())?;
    let cases = arguments.cases.brief();
    let all = Source::open(api, &cases)?.cases()?;
    let in_force = selected.iter().map(InForce::at).collect::<Result<Vec<_>, _>>()?;
    in_force.iter().try_for_each(|own| check_may_begin(&own.bounds))?;
    let _span = tracing::info_span!("compare", api = api.name, a = %arguments.a, b = %arguments.b).entered();
    let ids: [RunId; N] = std::array::from_fn(|_| run::new_run_id());
    let output = Output::open(arguments.format, arguments.output.as_deref(), &ids[lanes.passes[Pass::B as usize]])?;
    let each = selected.iter().zip(ids).map(|(own, id)| Station::open(api, own, id));
    let stations = each.collect::<Result<Vec<_>, _>>()?;
    let began = began(api, &arguments.cases, lanes.passes.map(|lane| stations[lane].named()));
    let stop = run::stop_on_ctrl_c();
    let connect: Vec<_> = selected.iter().map(|own| move || run::connect(own)).collect();
    let each = stations.iter().zip(&connect).zip(&in_force).map(|((own, connect), in_force)| {
        Engine::new(api, &own.selected.target, &own.run, connect)
            .bound_by(&in_force.bounds)
            .noting_in(&own.journal)
            .stopped_by(&stop)
    });
    let engines: Vec<Engine<'_>> = each.collect();
    if let Err(error) = engines.iter().zip(selected).try_for_each(|(engine, own)| run::check_alive(engine, own)) {
        // Nothing was made, so nothing stays.
        for own in stations {
            _ = own.journal.finish_clean();
        }
        output.discard();
        return Err(error);
    }
    let floor = Floor {
        lanes,
        engines: std::array::from_fn(|lane| &engines[lane]),
        frames: lanes.passes.map(|lane| Frame::new(api, &stations[lane].run, &stations[lane].selected.target)),
    };
    let (mut summary, left) = floor.go(began, &cases, all, on_round);
    for (lane, station) in stations.into_iter().enumerate() {
        if left.iter().all(|(own, _)| *own != lane) {
            station.journal.finish_clean().map_err(|error| Error::Internal(error.to_string()))?;
        }
    }
    let (today, began) = (Zoned::now().date(), summary.began.clone());
    let mut refused = None;
    for red in &mut summary.reds {
        output::accept(red, &deviations, api.name, today);
        let written = output.replay_files(red, &began, &|pass| targets[lanes.passes[pass as usize]].options());
        refused = refused.or(written.err());
    }
    // What was found out is told even where it could not all be written down.
    let written = output.finish(&summary);
    Ok((summary, refused.or(written.err())))
}

fn began(api: &Api, cases: &CasesArgs, targets: [Named; 3]) -> Began {
    Began {
        version: env!("CARGO_PKG_VERSION").into(),
        api: api.name.to_owned(),
        seed: cases.seed,
        started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        targets,
    }
}

/// What rounds run on.
struct Floor<'f, 'e, const N: usize> {
    lanes: &'f Lanes<N>,
    engines: [&'f Engine<'e>; N],
    frames: [Frame<'f>; 3],
}

impl<const N: usize> Floor<'_, '_, N> {
    /// Runs the cases and looks into the differences. Tells what could not be removed besides, and in which lane.
    fn go(
        &self,
        began: Began,
        cases: &CasesArgs,
        (mut source, length): (impl Iterator<Item = Case> + Send, Option<usize>),
        on_round: &mut dyn FnMut(&Round<N>),
    ) -> (Summary, Left) {
        let start = Instant::now();
        let mut comparison = Comparison::new(&self.frames);
        let bar = run::progress(length, "cases");
        let budget = cases.budget.unwrap_or_default();
        let rounds = Rounds { engines: self.engines, names: self.lanes.names, orders: self.lanes.orders };
        let (ended, mut left) = rounds.run(&mut source, cases.workers.into(), budget, &mut |round| {
            on_round(&round);
            comparison.take(&(self.lanes.into_triple)(round));
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
        let lane = |pass: Pass| self.lanes.passes[pass as usize];
        let side = |pass: Pass| Side::new(pass, self.engines[lane(pass)], &self.frames[pass as usize]);
        let deadline = Instant::now() + budget.time.unwrap_or(run::INVESTIGATION_MAX);
        let mut early = ended.early;
        match reds.investigate(&[side(Pass::A), side(Pass::B)], deadline, &mut |news| summary.apply(news)) {
            Ok(stayed) => left.extend(stayed.into_iter().map(|(pass, made)| (lane(pass), made))),
            Err(why) => _ = early.get_or_insert(why),
        }
        bar.finish_and_clear();
        for engine in self.engines {
            engine.tell_kept_back(&mut early);
        }
        summary.reds.sort_by_key(|red| std::cmp::Reverse(red.count));
        summary.ended = RunEnded {
            interrupted: self.engines[0].stop.load(Ordering::Relaxed),
            early,
            cases_left: ended.cases_left,
            resources_left: left.iter().map(|(_, made)| run::told(made)).collect(),
            duration_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..RunEnded::default()
        };
        (summary, left)
    }
}
