//! One run of features from its first line to its last.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use plumb_model::api::Api;
use plumb_validator::names::RunId;
use plumb_validator::pool::{LEASE_MAX, Pool, PoolTerms, Standing};
use plumb_validator::target::Target;

use crate::cli::TestArgs;
use crate::engine::Engine;
use crate::error::Error;
use crate::events::{EVENTS_SCHEMA, Event, TestsEnded, TestsStarted};
use crate::features::sink::Sink;
use crate::features::{ModelTarget, Selection, Terms, play_all};
use crate::report::features::FeatureReport;
use crate::run::{INVESTIGATION_MAX, Ran, model_digest, new_run_id, progress, stop_on_ctrl_c, told, told_part};
use crate::select::Selected;
use crate::short_run::journalled;

/// How much longer a lease lasts than the longest scenario may take.
const LEASE_MARGIN: Duration = Duration::from_mins(1);

/// Where scenarios are played.
pub enum Stage<'a> {
    /// At a target.
    Target(Box<Selected>),
    /// In the model itself.
    Model(Box<ModelTarget<'a>>),
    /// Nowhere: steps are only bound to functions.
    Nowhere,
}

impl Stage<'_> {
    fn target(&self) -> Option<&Target> {
        match self {
            Self::Target(selected) => Some(&selected.target),
            Self::Model(model) => Some(&model.target),
            Self::Nowhere => None,
        }
    }

    fn connected_to(&self) -> Option<String> {
        match self {
            Self::Target(selected) => selected.endpoint.connected_to().map(|address| address.to_string()),
            Self::Model(_) | Self::Nowhere => None,
        }
    }

    fn versions(&self) -> Vec<String> {
        match self {
            Self::Target(selected) => selected.versions.all(),
            Self::Model(_) | Self::Nowhere => Vec::new(),
        }
    }

    fn endpoint(&self) -> Option<String> {
        match self {
            Self::Target(selected) => Some(selected.endpoint.url().to_owned()),
            Self::Model(_) | Self::Nowhere => None,
        }
    }
}

/// Plays the selected scenarios and reports. `options` names the target again.
///
/// # Errors
/// Where the target gives no answer at all.
pub fn run(
    api: &Api,
    arguments: &TestArgs,
    selection: &Selection<'_>,
    stage: &Stage<'_>,
    options: String,
) -> Result<Ran<FeatureReport>, Error> {
    let (run, stop) = (new_run_id(), stop_on_ctrl_c());
    let mut started = started(api, arguments, selection, stage, &run);
    let mut sink = Sink::open(api, arguments, &started, options)?;
    started.accepted = sink.accepted();
    let began = Instant::now();
    let mut ended = match stage {
        Stage::Nowhere => {
            sink.take(Event::TestsStarted(started));
            for prepared in &selection.scenarios {
                sink.take(Event::ScenarioDone(Box::new(prepared.rehearse(api.name))));
            }
            TestsEnded::default()
        }
        Stage::Model(model) => {
            let connect = || Ok(model.connect());
            let engine = Engine::new(api, &model.target, &run, &connect).stopped_by(&stop);
            sink.take(Event::TestsStarted(started));
            play(&engine, None, arguments, selection, &mut sink)
        }
        Stage::Target(selected) => {
            let played = journalled(api, selected, &run, &stop, |engine| {
                sink.take(Event::TestsStarted(started));
                let ended = play(engine, Some(&selected.pool), arguments, selection, &mut sink);
                let is_clean = ended.resources_left.is_empty();
                Ok((ended, is_clean))
            });
            match played {
                Ok(ended) => ended,
                Err(error) => {
                    sink.discard();
                    return Err(error);
                }
            }
        }
    };
    ended.interrupted = stop.load(Ordering::Relaxed);
    ended.versions = stage.versions();
    ended.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    sink.take(Event::TestsEnded(ended));
    sink.finish(arguments)
}

/// Plays all; at a target, which may have `standing` things to lend, what diverges is run again.
fn play(
    engine: &Engine<'_>,
    standing: Option<&Vec<Standing>>,
    arguments: &TestArgs,
    selection: &Selection<'_>,
    sink: &mut Sink<'_>,
) -> TestsEnded {
    let bar = progress(Some(selection.scenarios.len()), "scenarios");
    let terms = Terms { workers: arguments.workers.into(), fail_fast: arguments.fail_fast, waivers: sink.waivers() };
    // A lease outlives the scenario that holds it, however long that may take.
    let longest = selection.scenarios.iter().filter_map(|own| own.scenario.terms.timeout).max().unwrap_or_default();
    let lease_max = LEASE_MAX.max(longest + LEASE_MARGIN);
    let pool_terms = PoolTerms { lease_max, ..PoolTerms::default() };
    let pool = Pool::new(engine.target, pool_terms, standing.cloned().unwrap_or_default());
    let played = play_all(engine, &pool, &selection.scenarios, &terms, &mut |played| {
        let is_first = played.attempt == 1;
        sink.played(played);
        bar.inc(u64::from(is_first));
    });
    bar.set_message("confirming what diverges");
    let (mut left, mut early) = (played.left, played.early);
    // The model itself shows what it shows every time.
    let found = standing.map(|_| sink.investigate(engine, Instant::now() + INVESTIGATION_MAX));
    match found.unwrap_or_else(|| Ok(Vec::new())) {
        Ok(stayed) => left.extend(stayed),
        Err(why) => _ = early.get_or_insert(why),
    }
    bar.finish_and_clear();
    engine.tell_kept_back(&mut early);
    let parts = played.parts_left.iter().map(told_part);
    TestsEnded {
        early,
        scenarios_left: played.left_out,
        resources_left: left.iter().map(told).chain(parts).collect(),
        ..TestsEnded::default()
    }
}

fn started(api: &Api, arguments: &TestArgs, selection: &Selection<'_>, stage: &Stage<'_>, run: &RunId) -> TestsStarted {
    let target = stage.target();
    TestsStarted {
        schema: EVENTS_SCHEMA.to_owned(),
        run: run.as_str().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: api.name.to_owned(),
        target: target.map_or_else(String::new, |target| target.name.clone()),
        endpoint: stage.endpoint(),
        flavour: target.map_or_else(String::new, |target| target.flavour.to_owned()),
        connected_to: stage.connected_to(),
        model: model_digest(api),
        scenarios: selection.digest(),
        accepted: String::new(),
        tags: arguments.tags.clone(),
        selected: selection.scenarios.len() as u64,
        left_out: selection.left_out,
        dry_run: arguments.dry_run,
        embedded: arguments.paths.is_empty(),
        started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}
