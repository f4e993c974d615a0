//! `plumb test`: features against a target, or against the model itself.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use indicatif::ProgressBar;
use jiff::Zoned;
use plumb_model::api::Api;
use plumb_steps::played::{Outcome, Played};
use plumb_validator::names::RunId;
use plumb_validator::plugin::Plugin;
use plumb_validator::target::Target;

use crate::cli::{TargetArgs, TestArgs, TestFormat};
use crate::commands::conform;
use crate::config::Config;
use crate::deviation::{self, Deviation};
use crate::engine::Engine;
use crate::error::{Error, Exit};
use crate::events::{EVENTS_SCHEMA, Event, TestsEnded, TestsStarted};
use crate::features::{self, MODEL_TARGET, ModelTarget, Selection, Terms, Wish, play_all};
use crate::investigate::Failures;
use crate::output::{About, Output, Wanted, make_folder, print, write_json};
use crate::report::features::{FeatureReport, cucumber_json, html, junit, terminal};
use crate::report::terminal::colours_wanted;
use crate::run::{INVESTIGATION_MAX, begin_journal, check_alive, connect, new_run_id, progress, shell_word, stop_on_ctrl_c, told};
use crate::select::{self, Selected};

/// Carries the command out.
pub(super) fn test(plugins: &[Plugin], arguments: &TestArgs) -> Result<Exit, Error> {
    let config = Config::load(arguments.target.config.as_deref())?;
    let wish = Wish {
        paths: arguments.paths.clone(),
        api: api_name(&arguments.target, &config)?,
        tags: arguments.tags.clone(),
        names: arguments.names.clone(),
    };
    if arguments.phrases {
        let plugin = select::plugin(plugins, wish.api.as_deref().unwrap_or(plugins[0].name))?;
        print(&plumb_steps::registry::phrases_markdown(&features::registry(plugin)?))?;
        return Ok(Exit::Conforms);
    }
    let selection = Selection::of(&wish, plugins)?;
    if arguments.list {
        let lines = selection.scenarios.iter().map(|own| format!("{}\n", own.scenario.id));
        print(&lines.collect::<String>())?;
        return Ok(Exit::Conforms);
    }
    let api = (selection.plugin.api)();
    let stage = Stage::find(selection.plugin, &api, arguments, &config)?;
    Run::new(&api, arguments, &selection)?.go(&stage)
}

/// The API that the command line or the target names; none where only the features can tell.
fn api_name(target: &TargetArgs, config: &Config) -> Result<Option<String>, Error> {
    match &target.target {
        Some(name) if target.api.is_none() && name != MODEL_TARGET => {
            Ok(Some(config.target(name)?.api.get_ref().clone()))
        }
        _ => Ok(target.api.clone()),
    }
}

/// Where scenarios are played.
enum Stage<'a> {
    /// At a target.
    Target(Box<Selected>),
    /// In the model itself.
    Model(Box<ModelTarget<'a>>),
    /// Nowhere: steps are only bound to functions.
    Nowhere,
}

impl<'a> Stage<'a> {
    fn find(plugin: &Plugin, api: &'a Api, arguments: &TestArgs, config: &Config) -> Result<Self, Error> {
        let target = &arguments.target;
        if arguments.dry_run {
            return Ok(Self::Nowhere);
        }
        if target.target.as_deref() == Some(MODEL_TARGET) {
            let flavour = select::flavour(api, target.flavour.as_deref())?;
            let region = select::region(plugin, target.region.as_deref());
            return Ok(Self::Model(Box::new(ModelTarget::new(plugin, api, flavour, region))));
        }
        if target.target.is_none() && target.endpoint_url.is_none() {
            let help = "add --target model to try them without a server, --endpoint-url URL, or --target NAME from plumb.toml";
            return Err(Error::usage("no target is named", help));
        }
        Ok(Self::Target(Box::new(select::select(plugin, api, target, config)?)))
    }

    fn target(&self) -> Option<&Target> {
        match self {
            Self::Target(selected) => Some(&selected.target),
            Self::Model(model) => Some(&model.target),
            Self::Nowhere => None,
        }
    }

    fn endpoint(&self) -> Option<String> {
        match self {
            Self::Target(selected) => Some(selected.endpoint.url().to_owned()),
            Self::Model(_) | Self::Nowhere => None,
        }
    }
}

/// One run of features.
struct Run<'r> {
    api: &'r Api,
    arguments: &'r TestArgs,
    selection: &'r Selection<'r>,
    deviations: Vec<Deviation>,
    run: RunId,
    options: String,
}

/// What a run has come to so far.
struct Sink<'s> {
    report: FeatureReport,
    output: Output,
    run: &'s Run<'s>,
    failures: Failures,
    recorded: BTreeSet<String>,
    error: Option<Error>,
}

impl<'r> Run<'r> {
    fn new(api: &'r Api, arguments: &'r TestArgs, selection: &'r Selection<'r>) -> Result<Self, Error> {
        let deviations = deviation::load(arguments.deviations.as_deref())?;
        if let Some(folder) = &arguments.record {
            make_folder(folder)?;
        }
        let options = conform::options(&arguments.target);
        Ok(Self { api, arguments, selection, deviations, run: new_run_id(), options })
    }

    fn go(&self, stage: &Stage<'_>) -> Result<Exit, Error> {
        let started = self.started(stage);
        let about = About {
            run: started.run.clone(),
            api: started.api.clone(),
            flavour: started.flavour.clone(),
            target: started.target.clone(),
        };
        let wanted = Wanted {
            streams: self.arguments.format == TestFormat::Ndjson,
            html: self.arguments.html.clone(),
            folder: self.arguments.output.clone(),
            resumes: false,
        };
        let output = Output::open(wanted, about)?;
        let (failures, recorded) = (Failures::default(), BTreeSet::new());
        let report = FeatureReport::new(started.clone());
        let mut sink = Sink { report, output, run: self, failures, recorded, error: None };
        let (began, stop) = (Instant::now(), stop_on_ctrl_c());
        let ended = match stage {
            Stage::Nowhere => {
                sink.take(Event::TestsStarted(started));
                self.rehearse(&mut sink)
            }
            Stage::Target(selected) => {
                let journal = begin_journal(self.api, selected, &self.run)?;
                let (connect, restarter) = (|| connect(selected), selected.restarter());
                let engine = Engine::new(self.api, &selected.target, &self.run, &connect)
                    .noting_in(&journal)
                    .stopped_by(&stop)
                    .brought_back_by(restarter.as_ref());
                if let Err(error) = check_alive(&engine, selected) {
                    // Nothing was made, so nothing stays: neither a journal nor an empty run folder.
                    _ = journal.finish_clean();
                    sink.output.discard();
                    return Err(error);
                }
                sink.take(Event::TestsStarted(started));
                let ended = self.play(&engine, &stop, &mut sink);
                if ended.resources_left.is_empty() {
                    journal.finish_clean().map_err(|error| Error::Internal(error.to_string()))?;
                }
                ended
            }
            Stage::Model(model) => {
                let connect = || Ok(model.connect());
                let engine = Engine::new(self.api, &model.target, &self.run, &connect).stopped_by(&stop);
                sink.take(Event::TestsStarted(started));
                self.play(&engine, &stop, &mut sink)
            }
        };
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        sink.take(Event::TestsEnded(TestsEnded { duration_ms, ..ended }));
        sink.finish(self.arguments)
    }

    /// Tells of each scenario whether its steps are bound, and plays none.
    fn rehearse(&self, sink: &mut Sink<'_>) -> TestsEnded {
        for prepared in &self.selection.scenarios {
            sink.take(Event::ScenarioDone(Box::new(prepared.rehearse(self.api.name))));
        }
        TestsEnded::default()
    }

    fn play(&self, engine: &Engine<'_>, stop: &AtomicBool, sink: &mut Sink<'_>) -> TestsEnded {
        let bar: ProgressBar = progress(Some(self.selection.scenarios.len()));
        let terms = Terms { workers: self.arguments.workers.into(), fail_fast: self.arguments.fail_fast };
        let mut number = 0;
        let played = play_all(engine, &self.selection.scenarios, terms, &mut |played| {
            number += 1;
            sink.played(number, played);
            bar.inc(1);
        });
        bar.set_message("confirming what diverges");
        let deadline = Instant::now() + INVESTIGATION_MAX;
        let mut left = played.left;
        let mut early = played.early;
        match std::mem::take(&mut sink.failures).investigate(engine, deadline, &mut |event| sink.take(event)) {
            Ok(stayed) => left.extend(stayed),
            Err(why) => _ = early.get_or_insert(why),
        }
        bar.finish_and_clear();
        TestsEnded {
            interrupted: stop.load(std::sync::atomic::Ordering::Relaxed),
            early,
            scenarios_left: played.left_out,
            resources_left: left.iter().map(told).collect(),
            duration_ms: 0,
        }
    }

    fn started(&self, stage: &Stage<'_>) -> TestsStarted {
        let target = stage.target();
        TestsStarted {
            schema: EVENTS_SCHEMA.to_owned(),
            run: self.run.as_str().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            api: self.api.name.to_owned(),
            target: target.map_or_else(String::new, |target| target.name.clone()),
            endpoint: stage.endpoint(),
            flavour: target.map_or_else(String::new, |target| target.flavour.to_owned()),
            tags: self.arguments.tags.clone(),
            selected: self.selection.scenarios.len() as u64,
            left_out: self.selection.left_out,
            dry_run: self.arguments.dry_run,
            started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        }
    }

    /// The command that plays a scenario again.
    fn replay(&self, played: &Played) -> String {
        let place = if self.arguments.paths.is_empty() {
            format!("--api {} --name {}", self.api.name, shell_word(&played.id))
        } else {
            shell_word(&format!("{}:{}", played.path, played.line))
        };
        let api = if self.arguments.paths.is_empty() || self.arguments.target.api.is_none() { String::new() } else { format!(" --api {}", self.api.name) };
        format!("plumb test {place}{api}{}", self.options)
    }
}

impl Sink<'_> {
    /// Takes an attempt in: whether it is accepted, and what it leaves to look into.
    fn played(&mut self, number: u64, mut played: Played) {
        let divergence = played.trouble.as_ref().and_then(|trouble| trouble.divergence.clone());
        if let Some(divergence) = divergence.filter(|_| played.outcome == Outcome::Failed) {
            let today = Zoned::now().date();
            let mut known = self.run.deviations.iter();
            let accepted = known.find(|own| own.accepts_divergence(&divergence, self.run.api.name, today));
            played.accepted_by = accepted.map(|own| format!("{}: {} (until {})", own.owner, own.reason, own.expires));
            if let Some(case) = &played.case {
                self.failures.note_one(number, case, &divergence, true);
            }
        }
        if let (Some(folder), Some(case)) = (&self.run.arguments.record, &played.case) {
            let name = played.id.replace("::", ".");
            if self.recorded.insert(name.clone()) || played.outcome == Outcome::Passed {
                let written = write_json(&Path::new(folder).join(format!("{name}.json")), case);
                self.keep(written);
            }
        }
        played.replay = self.run.replay(&played);
        self.take(Event::ScenarioDone(Box::new(played)));
    }

    fn take(&mut self, mut event: Event) {
        if let Event::Found(finding) = &mut event {
            let path = self.output.replay_path(&finding.id);
            finding.replay = format!("plumb replay {}{}", shell_word(&path.display().to_string()), self.run.options);
            let signature = finding.signature.rsplit_once(" [").map_or("", |(coarse, _)| coarse).to_owned();
            let written = self.output.replay_file(finding, &signature);
            self.keep(written.map(|_| ()));
        }
        self.report.apply(&event);
        let written = self.output.event(&event);
        self.keep(written);
    }

    fn keep(&mut self, result: Result<(), Error>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }

    fn finish(self, arguments: &TestArgs) -> Result<Exit, Error> {
        let report = &self.report;
        let text = match arguments.format {
            TestFormat::Terminal => terminal::text(report, colours_wanted()),
            TestFormat::Json => format!("{:#}\n", report.to_json()),
            TestFormat::Ndjson => String::new(),
            TestFormat::Junit => junit::text(report),
            TestFormat::CucumberJson => cucumber_json::text(report),
            TestFormat::Html => html::page(report),
        };
        self.output.finish(&report.to_json(), &|| html::page(report), &text)?;
        self.error.map_or(Ok(report.exit()), Err)
    }
}
