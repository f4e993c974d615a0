//! Takes the events of a run of features in: adds them up, writes them down, keeps what is to be looked into.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use jiff::Zoned;
use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_steps::executor::Waivers;
use plumb_steps::played::{Outcome, Played};
use plumb_validator::journal::Made;
use plumb_validator::verdict::{Divergence, Kind};

use crate::cli::{TestArgs, TestFormat};
use crate::deviation::{self, Deviation};
use crate::engine::Engine;
use crate::error::Error;
use crate::events::{Event, TestsStarted};
use crate::investigate::Failures;
use crate::output::{About, Output, Wanted, make_folder, write_json};
use crate::report::features::{FeatureReport, cucumber_json, junit, own_choice, page, terminal};
use crate::report::terminal::colours_wanted;
use crate::run::Ran;

/// What a run has come to so far.
pub(super) struct Sink<'s> {
    api: &'s Api,
    report: FeatureReport,
    output: Output,
    deviations: Vec<Deviation>,
    options: String,
    record: Option<PathBuf>,
    /// How many scenarios no case says.
    unrecorded: u64,
    /// What the scenarios that failed are to be looked into for, by their ids.
    failed: BTreeMap<String, (u64, Case, Divergence)>,
    count: u64,
    error: Option<Error>,
}

impl<'s> Sink<'s> {
    /// Checks before the first call that everything can be written.
    pub(super) fn open(
        api: &'s Api,
        arguments: &TestArgs,
        started: &TestsStarted,
        options: String,
    ) -> Result<Self, Error> {
        let deviations = deviation::load(arguments.deviations.as_deref())?;
        if let Some(folder) = &arguments.record {
            make_folder(folder)?;
        }
        let wanted = Wanted {
            streams: arguments.format == TestFormat::Ndjson,
            html: arguments.html.clone(),
            folder: arguments.output.clone(),
            resumes: false,
        };
        let TestsStarted { run, api: name, flavour, target, .. } = started.clone();
        let output = Output::open(wanted, About { run, api: name, flavour, target })?;
        let mut report = FeatureReport::new(started.clone());
        report.again = format!("--api {}{options}", api.name);
        let (record, failed) = (arguments.record.clone(), BTreeMap::new());
        Ok(Self { api, report, output, deviations, options, record, unrecorded: 0, failed, count: 0, error: None })
    }

    /// Which answers that the model forbids are accepted today.
    pub(super) fn waivers(&self) -> Waivers {
        deviation::waivers(self.deviations.clone(), self.api.name)
    }

    /// The digest of what is accepted today.
    pub(super) fn accepted(&self) -> String {
        deviation::digest(&self.deviations, self.api.name, Zoned::now().date())
    }

    /// Takes away what was made for results, where the run never began.
    pub(super) fn discard(self) {
        self.output.discard();
    }

    /// Takes an attempt in, with what it leaves to look into.
    pub(super) fn played(&mut self, played: Played) {
        self.count += 1;
        self.note(&played);
        self.record(&played);
        self.take(Event::ScenarioDone(Box::new(played)));
    }

    /// Keeps what the last attempt of a scenario is to be looked into for. One that passes at last leaves nothing.
    fn note(&mut self, played: &Played) {
        self.failed.remove(&played.id);
        if let Some((case, divergence)) = to_look_into(played) {
            self.failed.insert(played.id.clone(), (self.count, case, divergence));
        }
    }

    /// Keeps the case of a scenario: of its first attempt, for a later one shows nothing more. A case that says less than
    /// its scenario would conform where that fails, so it is not kept.
    fn record(&mut self, played: &Played) {
        let Some(folder) = self.record.clone().filter(|_| played.attempt == 1) else { return };
        match (&played.case, &played.case_lacks) {
            (Some(case), None) if !played.without_model => {
                let name = played.id.replace("::", ".");
                let written = write_json(&folder.join(format!("{name}.json")), case);
                self.keep(written);
            }
            _ => self.unrecorded += 1,
        }
    }

    /// Runs again what diverged; tells what could not be removed after it.
    pub(super) fn investigate(&mut self, engine: &Engine<'_>, deadline: Instant) -> Result<Vec<Made>, String> {
        let mut failures = Failures::default();
        for (count, case, divergence) in std::mem::take(&mut self.failed).into_values() {
            failures.note_one(count, &case, &divergence, true);
        }
        failures.investigate(engine, deadline, &mut |event| self.take(event))
    }

    /// Takes one event in.
    pub(super) fn take(&mut self, mut event: Event) {
        if let Event::Found(finding) = &mut event {
            let kept = self.output.keep_finding(finding, &self.deviations, &self.options);
            self.keep(kept);
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

    /// Writes and prints the reports.
    pub(super) fn finish(self, arguments: &TestArgs) -> Result<Ran<FeatureReport>, Error> {
        if self.unrecorded > 0 {
            eprintln!("{} of the scenarios were not recorded: no case says all that they do", self.unrecorded);
        }
        let report = &self.report;
        let text = match arguments.format {
            TestFormat::Terminal => terminal(report, colours_wanted()),
            TestFormat::Json => format!("{:#}\n", report.to_json()),
            TestFormat::Ndjson | TestFormat::Nothing => String::new(),
            TestFormat::Junit => junit(report).map_err(|error| Error::Internal(format!("write JUnit: {error}")))?,
            TestFormat::CucumberJson => format!("{:#}\n", cucumber_json(report)),
            TestFormat::Html => page(report),
        };
        let written = self.output.finish(&report.to_json(), &|| page(report), &text);
        // What was found out is told even where it could not all be written down.
        Ok(Ran { report: self.report, unkept: self.error.or(written.err()) })
    }
}

/// The case of a scenario that failed in a wrong answer, and that answer.
pub(crate) fn to_look_into(played: &Played) -> Option<(Case, Divergence)> {
    let divergence = played.trouble.as_ref().and_then(|trouble| trouble.divergence.as_deref());
    let (case, divergence) = played.case.as_ref().zip(divergence).filter(|_| played.outcome == Outcome::Failed)?;
    let mut case = case.clone();
    if divergence.kind == Kind::OwnExpectation {
        // Two scenarios that expect other answers to one call have nothing in common.
        case.origin.choices = vec![own_choice(&played.id)];
    }
    Some((case, divergence.clone()))
}
