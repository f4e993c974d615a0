//! `cargo test` runs features: every scenario a test of its own, by name, in the IDE and under nextest.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use plumb_model::api::Api;
use plumb_steps::executor::{Prepared, Setting, Waivers, play};
use plumb_steps::played::{Outcome, Played};
use plumb_validator::journal::Journal;
use plumb_validator::plugin::Plugin;
use plumb_validator::pool::{Pool, PoolTerms, Standing};
use plumb_validator::session::Context;

use crate::bounds::{InForce, check_may_begin};
use crate::cli::TargetArgs;
use crate::config::Config;
use crate::deviation;
use crate::engine::Engine;
use crate::error::{Error, Exit};
use crate::features::{MODEL_TARGET, ModelTarget, Selection, Wish, is_final};
use crate::report::features::failure_of;
use crate::run::{begin_journal, connect, new_run_id};
use crate::select::{self, Selected, print_error};

/// The variable that names the target: `model`, a target of plumb.toml, or `http://…`.
pub const TARGET_VARIABLE: &str = "PLUMB_TEST_TARGET";

/// The features that a test binary runs.
#[derive(Debug, Clone, Copy)]
pub struct Tests<'a> {
    /// The API; none where the tags of the features name it.
    pub api: Option<&'a str>,
    /// Files and folders, from the folder of the package's `Cargo.toml` on.
    pub paths: &'a [&'a str],
}

/// The `main` of a test with `harness = false`. The target is the model itself, unless `PLUMB_TEST_TARGET` names one.
/// Where there are several APIs, the names of the tests begin with theirs.
pub fn main(plugins: &[Plugin], tests: &[Tests<'_>]) -> ExitCode {
    let arguments = Arguments::from_args();
    let prepared: Result<Vec<_>, Error> = tests.iter().map(|own| trials(plugins, *own, tests.len() > 1)).collect();
    match prepared {
        Ok(prepared) => {
            let (trials, stages): (Vec<_>, Vec<_>) = prepared.into_iter().unzip();
            let conclusion = libtest_mimic::run(&arguments, trials.into_iter().flatten().collect());
            for stage in &stages {
                stage.close();
            }
            let kept_back: Vec<String> = stages.iter().filter_map(|stage| stage.engine.kept_back()).collect();
            for why in &kept_back {
                eprintln!("{why}");
            }
            let has_shown = stages.iter().any(|stage| stage.has_shown.load(Ordering::Relaxed));
            let nothing_passed =
                !has_shown && !arguments.list && !conclusion.has_failed() && conclusion.num_ignored > 0;
            // A run in which every scenario was left out has shown nothing. Under nextest each is a run of its own.
            let any_kept_back = stages.iter().any(|stage| stage.is_kept_back.load(Ordering::Relaxed));
            let is_kept_back = (any_kept_back || !kept_back.is_empty()) && !conclusion.has_failed();
            if nothing_passed || is_kept_back {
                ExitCode::from(Exit::Inconclusive as u8)
            } else {
                conclusion.exit_code()
            }
        }
        Err(error) => {
            let exit = error.exit();
            print_error(error);
            ExitCode::from(exit as u8)
        }
    }
}

/// Where all tests of the process are played. It lives as long as the process: tests are functions without a lifetime.
struct Stage {
    engine: &'static Engine<'static>,
    numbers: AtomicU64,
    journal: Option<&'static Journal>,
    pool: Pool,
    has_left: AtomicBool,
    /// Whether the kill switch or a budget kept a scenario from beginning.
    is_kept_back: AtomicBool,
    under_way: AtomicUsize,
    /// Whether a scenario passed.
    has_shown: AtomicBool,
    waivers: Waivers,
    /// Held alone by a scenario that is `@serial`, and shared by all others.
    alone: RwLock<()>,
    options: String,
}

fn trials(plugins: &[Plugin], tests: Tests<'_>, named: bool) -> Result<(Vec<Trial>, Arc<Stage>), Error> {
    let paths = tests.paths.iter().map(|path| (*path).to_owned()).collect();
    let wish = Wish { paths, api: tests.api.map(str::to_owned), ..Wish::default() };
    let selection = Selection::of(&wish, plugins)?;
    let (stage, api) = (Arc::new(Stage::open(selection.plugin)?), selection.plugin.name);
    let trials = selection.scenarios.into_iter().map(|prepared| {
        let stage = Arc::clone(&stage);
        let id = &prepared.scenario.id;
        let name = if named { format!("{api}::{id}") } else { id.clone() };
        Trial::ignorable_test(name, move || stage.play(&prepared))
    });
    Ok((trials.collect(), Arc::clone(&stage)))
}

impl Stage {
    fn open(plugin: &Plugin) -> Result<Self, Error> {
        let api: &'static Api = Box::leak(Box::new((plugin.api)()));
        let word = std::env::var(TARGET_VARIABLE).unwrap_or_else(|_| MODEL_TARGET.to_owned());
        let (engine, options, journal, standing) = if word == MODEL_TARGET {
            (in_model(plugin, api), format!(" --target {MODEL_TARGET}"), None, Vec::new())
        } else {
            at_target(plugin, api, &word)?
        };
        let engine: &'static Engine<'static> = Box::leak(Box::new(engine));
        let pool = Pool::new(engine.target, PoolTerms::default(), standing);
        let (numbers, has_left, has_shown) = (AtomicU64::new(0), AtomicBool::new(false), AtomicBool::new(false));
        let waivers = deviation::waivers(deviation::load(None)?, api.name);
        let under_way = AtomicUsize::new(0);
        Ok(Self {
            engine,
            numbers,
            journal,
            pool,
            under_way,
            is_kept_back: AtomicBool::new(false),
            has_left,
            has_shown,
            waivers,
            alone: RwLock::new(()),
            options,
        })
    }

    /// Plays one scenario with as many attempts as it may take.
    fn play(&self, prepared: &Prepared) -> Result<Completion, Failed> {
        let poisoned = PoisonError::into_inner;
        let (_alone, _together) = if prepared.scenario.terms.serial {
            (Some(self.alone.write().unwrap_or_else(poisoned)), None)
        } else {
            (None, Some(self.alone.read().unwrap_or_else(PoisonError::into_inner)))
        };
        if let Some(why) = self.engine.why_over() {
            self.is_kept_back.store(true, Ordering::Relaxed);
            return Ok(Completion::ignored_with(why));
        }
        let (mut attempt, mut failed) = (0, None);
        loop {
            attempt += 1;
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let waivers = Some(&self.waivers);
            let work = async |context: &Context<'_>| {
                play(&Setting { waivers, ..Setting::new(context, &self.pool) }, prepared, number).await
            };
            // One that panics here stays under way, and may have left something.
            self.under_way.fetch_add(1, Ordering::Relaxed);
            let done = self.engine.with_context(work).map_err(Failed::from)?;
            self.under_way.fetch_sub(1, Ordering::Relaxed);
            self.has_left.fetch_or(!done.left.is_empty(), Ordering::Relaxed);
            let played = Played { attempt, ..done.played };
            if is_final(&played, attempt, &prepared.scenario) {
                return self.told(played, failed);
            }
            failed = Some(played).filter(|played| played.outcome == Outcome::Failed).or(failed);
        }
    }

    /// What the last attempt came to, after one that had `failed`, where one had.
    fn told(&self, played: Played, failed: Option<Played>) -> Result<Completion, Failed> {
        let why = || played.trouble.as_ref().map_or_else(String::new, |trouble| trouble.message.clone());
        let again = format!("--api {}{}", self.engine.api.name, self.options);
        match (played.outcome, failed) {
            (Outcome::Passed, failed) => {
                if failed.is_some() {
                    eprintln!("flaky: {} passed at attempt {}", played.id, played.attempt);
                }
                self.has_shown.store(true, Ordering::Relaxed);
                Ok(Completion::Completed)
            }
            _ if played.ends_in_accepted => Ok(Completion::ignored_with(format!("accepted: {}", why()))),
            // What failed once and then said nothing has failed.
            (Outcome::Inconclusive | Outcome::Skipped, Some(failed)) => Err(failure_of(failed, again).into()),
            (Outcome::Skipped, None) => Ok(Completion::ignored_with(why())),
            (Outcome::Inconclusive, None) if played.may_be_inconclusive => {
                Ok(Completion::ignored_with(format!("inconclusive: {}", why())))
            }
            (Outcome::Failed | Outcome::Inconclusive, _) => Err(failure_of(played, again).into()),
        }
    }

    /// Removes what the pool made, and takes the journal away where nothing is left to sweep.
    fn close(&self) {
        let left = self.engine.with_context(async |context| self.pool.close(context).await);
        let nothing_left = !self.has_left.load(Ordering::Relaxed) && self.under_way.load(Ordering::Relaxed) == 0;
        let is_clean = left.is_ok_and(|left| left.is_empty()) && nothing_left;
        if let Some(journal) = self.journal.filter(|_| is_clean) {
            _ = journal.finish_clean();
        }
    }
}

fn in_model(plugin: &Plugin, api: &'static Api) -> Engine<'static> {
    let model = ModelTarget::new(plugin, api, api.flavours[0].name, select::region(plugin, None));
    let model: &'static ModelTarget<'static> = Box::leak(Box::new(model));
    let connect = Box::leak(Box::new(|| Ok(model.connect())));
    Engine::new(api, &model.target, &new_run_id(), connect)
}

/// An engine, the options that name its target again, its journal, and what stands there to be lent.
type AtTarget = (Engine<'static>, String, Option<&'static Journal>, Vec<Standing>);

fn at_target(plugin: &Plugin, api: &'static Api, word: &str) -> Result<AtTarget, Error> {
    let is_url = word.contains("://");
    let arguments = TargetArgs {
        endpoint_url: is_url.then(|| word.to_owned()),
        target: (!is_url).then(|| word.to_owned()),
        ..TargetArgs::default()
    };
    let config = Config::load(None::<&Path>)?;
    let selected: &'static Selected = Box::leak(Box::new(select::select(plugin, api, &arguments, &config)?));
    let in_force: &'static InForce = Box::leak(Box::new(InForce::at(selected)?));
    check_may_begin(&in_force.bounds)?;
    let run = new_run_id();
    let journal = &*Box::leak(Box::new(begin_journal(api, selected, &run)?));
    let connect = Box::leak(Box::new(|| connect(selected)));
    let option = if is_url { "--endpoint-url" } else { "--target" };
    let engine = Engine::new(api, &selected.target, &run, connect).bound_by(&in_force.bounds).noting_in(journal);
    Ok((engine, format!(" {option} {word}"), Some(journal), selected.pool.clone()))
}
