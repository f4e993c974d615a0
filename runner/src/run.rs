//! One run from its first line to its last: cases, findings, reports, exit code.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Zoned;
use plumb_generator::suites;
use plumb_model::api::Api;
use plumb_model::bodies::{hex, sha256};
use plumb_model::call::Case;
use plumb_model::text::shown;
use plumb_validator::case_run::CaseRun;
use plumb_validator::clock::{Clock as _, SystemClock};
use plumb_validator::journal::{Header, JOURNAL_VERSION, Journal, Made, Part};
use plumb_validator::names::RunId;
use plumb_validator::precedence::Tested;
use plumb_validator::transport::{CONNECT_TIMEOUT, NetworkTransport, Transport};
use plumb_validator::verdict::Verdict;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::bounds::{InForce, check_may_begin};
use crate::capabilities::{Survey, survey};
use crate::cases::Source;
use crate::cli::{CasesArgs, Format, OutputArgs};
use crate::coverage::{self, Tried};
use crate::deviation::{self, Deviation};
use crate::engine::{self, BUDGET_SPENT, Done, Ended, Engine, is_alive};
use crate::error::{Error, Exit};
use crate::events::{CaseDone, CasesOf, Died, EVENTS_SCHEMA, Event, Has, RunEnded, RunStarted};
use crate::investigate::Failures;
use crate::life::killer;
use crate::output::{About, Output, Wanted};
use crate::precedence::cycles;
use crate::report::{Report, html, terminal};
use crate::resume::Earlier;
use crate::select::Selected;
use crate::support::{Sieve, Support};

/// How long confirming and making small may take. With a time for a budget it may take as long again.
pub(crate) const INVESTIGATION_MAX: Duration = Duration::from_mins(30);

/// How the findings of a run are replayed: the words after the file.
pub struct Replayed<'a> {
    /// Options that name the target again: ` --endpoint-url http://...`; empty for the demo.
    pub options: &'a str,
}

/// What came of a run, and what of it could not be written down.
pub struct Ran<R> {
    /// What came of it.
    pub report: R,
    /// Why not all of it is kept where it should be.
    pub unkept: Option<Error>,
}

impl<R> Ran<R> {
    /// What came of it, where all of it is kept.
    ///
    /// # Errors
    /// Where something could not be written down.
    pub fn kept(self) -> Result<R, Error> {
        self.unkept.map_or(Ok(self.report), Err)
    }
}

/// Runs the suites against a target and reports.
pub fn run(
    api: &Api,
    selected: &Selected,
    cases: &CasesArgs,
    output: &OutputArgs,
    replayed: &Replayed<'_>,
    earlier: Option<&Earlier>,
) -> Result<Ran<Report>, Error> {
    let deviations = deviation::load(cases.deviations.as_deref())?;
    let run = new_run_id();
    let _span = tracing::info_span!("run", id = run.as_str(), api = api.name, target = %selected.target.name).entered();
    let source = Source::open(api, cases)?;
    let (all, length) = source.cases()?;
    let all = all.filter(|case| !earlier.is_some_and(|own| own.has(case)));
    let mut started = started(api, selected, cases.seed, source.told(), &run);
    if let Some(earlier) = earlier {
        earlier.check(&started)?;
        started.resumes = Some(earlier.started.run.clone());
        started.kept = earlier.kept.len() as u64;
    }
    let in_force = InForce::at(selected)?;
    check_may_begin(&in_force.bounds)?;
    let format = output.format;
    let mut output = Output::open(wanted(output, &started), About::of(&started))?;
    let journal = begin_journal(api, selected, &run)?;
    let stop = stop_on_ctrl_c();
    let (connect, restarter) = (|| connect(selected), selected.restarter());
    let engine = Engine::new(api, &selected.target, &run, &connect)
        .bound_by(&in_force.bounds)
        .noting_in(&journal)
        .stopped_by(&stop)
        .brought_back_by(restarter.as_ref());
    if let Err(error) = check_alive(&engine, selected) {
        // Nothing was made, so nothing stays: neither a journal nor an empty run folder.
        _ = journal.finish_clean();
        output.discard();
        return Err(error);
    }
    let mut report = Report::new(started.clone());
    let tried = Tried::new(api, &cases.operations, source.strength());
    let (report_of, output_of) = (&mut report, &mut output);
    let mut sink = Sink { report: report_of, output: output_of, deviations: &deviations, replayed, tried, error: None };
    sink.take(Event::RunStarted(started));
    if let Some(earlier) = earlier {
        earlier.kept.iter().for_each(|done| sink.take(Event::CaseDone(done.clone())));
        sink.output.replace_earlier()?;
    }
    let mut ended = go(&engine, cases, (all, length), &stop, &mut sink);
    ended.versions = selected.versions.all();
    sink.take(Event::RunEnded(ended));
    let error = sink.error.take();
    if report.ended.as_ref().is_some_and(|ended| ended.resources_left.is_empty()) {
        journal.finish_clean().map_err(|error| Error::Internal(error.to_string()))?;
    }
    if is_full(&report, cases) {
        tell_unseen(&deviations, api, &report);
    }
    // What was found out is told even where it could not all be written down.
    let text = match format {
        Format::Terminal => terminal::text(&report, terminal::colours_wanted()),
        Format::Json => format!("{:#}\n", report.to_json()),
        Format::Ndjson | Format::Nothing => String::new(),
    };
    let written = output.finish(&report.to_json(), &|| html::page(&report), &text);
    Ok(Ran { report, unkept: error.or(written.err()) })
}

fn go(
    engine: &Engine<'_>,
    cases: &CasesArgs,
    (all, length): (impl Iterator<Item = Case> + Send, Option<usize>),
    stop: &AtomicBool,
    sink: &mut Sink<'_>,
) -> RunEnded {
    let (began, mut failures) = (Instant::now(), Failures::default());
    let bar = progress(length, "cases");
    let survey = surveyed(engine, cases, &bar, sink);
    let (ended, without_probes) = send(engine, cases, all, &survey, &mut |done| {
        failures.note(engine.api, done);
        take_done(engine, done, sink);
        bar.inc(1);
        if !bar.is_hidden() {
            let met = coverage::in_words(&sink.tried.progress());
            bar.set_message(format!("{} diverging  {met}", sink.report.counts.diverges));
        }
    });
    sink.take(Event::Coverage { covered: sink.tried.covered() });
    bar.set_message(format!("confirming and making small: {} kinds of divergence", failures.len()));
    let deadline = Instant::now() + cases.budget.and_then(|budget| budget.time).unwrap_or(INVESTIGATION_MAX);
    let (mut early, mut left) = (ended.early, survey.left);
    left.extend(ended.left);
    match failures.investigate(engine, deadline, &mut |event| sink.take(event)) {
        Ok(stayed) => left.extend(stayed),
        Err(why) => _ = early.get_or_insert(why),
    }
    let tangles = sink.report.precedence.tangles();
    match cycles::confirm(engine, tangles, deadline, &mut |event| sink.take(event)) {
        Ok(stayed) => left.extend(stayed),
        Err(why) => _ = early.get_or_insert(why),
    }
    bar.finish_and_clear();
    engine.tell_kept_back(&mut early);
    RunEnded {
        interrupted: stop.load(Ordering::Relaxed),
        early,
        cases_left: ended.cases_left,
        versions: Vec::new(),
        without_probes,
        restarts: engine.deaths(),
        resources_left: left.iter().map(told).collect(),
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// What the target has, unless nobody wants to know.
fn surveyed<'a>(engine: &Engine<'a>, cases: &CasesArgs, bar: &ProgressBar, sink: &mut Sink<'_>) -> Survey<'a> {
    if cases.no_probe {
        return Survey { checked: Vec::new(), support: Support::new(engine.api), early: None, left: Vec::new() };
    }
    bar.set_message("finding out what the target implements");
    let survey = survey(engine, &cases.operations, cases.workers.into());
    sink.take(Event::Capabilities { checked: survey.checked.clone() });
    survey
}

/// Sends the cases that the target supports, and tells of the others that it does not. Beside how it ended, how many
/// were sent without some of their probes.
pub(crate) fn send(
    engine: &Engine<'_>,
    cases: &CasesArgs,
    all: impl Iterator<Item = Case> + Send,
    survey: &Survey<'_>,
    on_done: &mut dyn FnMut(&Done),
) -> (Ended, u64) {
    let mut source = Sieve::new(all, &survey.support, &cases.operations);
    let (mut sent, mut without_probes) = (0, 0);
    let ended = match survey.early.clone() {
        Some(why) => Ended { early: Some(why), cases_left: source.by_ref().count() as u64, left: Vec::new() },
        None => engine.run(&mut source, cases.workers.into(), cases.budget.unwrap_or_default(), &mut |done| {
            sent += 1;
            without_probes += u64::from(survey.support.is_without_probes(&done.case));
            on_done(&done);
        }),
    };
    for ((case, why), sequence) in source.put_by.into_iter().zip(sent..) {
        on_done(&Done { sequence, case, run: CaseRun::ended(Verdict::Unsupported(why)), died: false });
    }
    (ended, without_probes)
}

fn wanted(output: &OutputArgs, started: &RunStarted) -> Wanted {
    let streams = output.format == Format::Ndjson;
    Wanted { streams, html: output.html.clone(), folder: output.output.clone(), resumes: started.resumes.is_some() }
}

/// Whether every case of the API was run, so that what was not seen does not occur.
fn is_full(report: &Report, cases: &CasesArgs) -> bool {
    let lacks_nothing = report.capabilities.iter().all(|checked| checked.result != Has::NotImplemented);
    let is_whole = report.ended.as_ref().is_some_and(|ended| ended.early.is_none());
    cases.operations.is_empty() && !cases.only_seeds && lacks_nothing && is_whole
}

/// Tells which accepted findings did not occur: they may be fixed, and whoever answers for them would like to know.
fn tell_unseen(deviations: &[Deviation], api: &Api, report: &Report) {
    let today = Zoned::now().date();
    let due = deviations.iter().filter(|own| own.api == api.name && today <= own.expires);
    for deviation in due {
        if !report.findings.iter().any(|finding| deviation.accepts(finding, api.name, today)) {
            eprintln!("accepted but not seen in this run: {deviation}");
        }
    }
}

fn take_done(engine: &Engine<'_>, done: &Done, sink: &mut Sink<'_>) {
    done_events(engine, done).for_each(|event| sink.take(event));
}

/// What is told of a case that is over.
pub(crate) fn done_events(engine: &Engine<'_>, done: &Done) -> impl Iterator<Item = Event> + use<> {
    let death = done.died.then(|| Event::Died(died(done)));
    std::iter::once(Event::CaseDone(case_done(engine, done))).chain(death)
}

/// Takes events in: finishes findings, adds them up, writes them down.
struct Sink<'s> {
    report: &'s mut Report,
    output: &'s mut Output,
    deviations: &'s [Deviation],
    replayed: &'s Replayed<'s>,
    /// What has met by now.
    tried: Tried<'s>,
    error: Option<Error>,
}

impl Sink<'_> {
    fn take(&mut self, mut event: Event) {
        if let Event::Found(finding) = &mut event
            && let Err(error) = self.output.keep_finding(finding, self.deviations, self.replayed.options)
        {
            self.error.get_or_insert(error);
        }
        if let Event::CaseDone(done) = &event {
            self.tried.note(done);
        }
        self.report.apply(&event);
        if let Err(error) = self.output.event(&event) {
            self.error.get_or_insert(error);
        }
    }
}

/// A word for a POSIX shell, quoted only where it has to be.
pub fn shell_word(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:@%+=,".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The line about a case that is over.
pub fn case_done(engine: &Engine<'_>, done: &Done) -> CaseDone {
    let verdict = &done.run.verdict;
    let detail = engine::in_words(verdict);
    let micros = |latency: Duration| u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    let exchanges = done
        .run
        .exchanges
        .iter()
        .map(|exchange| (exchange.operation.clone(), exchange.class(), micros(exchange.latency)));
    CaseDone {
        sequence: done.sequence,
        case: done.case.id(),
        suite: done.case.origin.suite.clone(),
        operation: done.case.origin.operation.clone(),
        choices: done.case.origin.choices.clone(),
        verdict: verdict.word().to_owned(),
        detail: (!detail.is_empty()).then_some(detail),
        preferred: matches!(verdict, Verdict::Conforms { preferred: true }),
        exchanges: exchanges.collect(),
        tested: Tested::of(engine.api, &done.case, &done.run, &engine.target.actors),
    }
}

fn died(done: &Done) -> Died {
    Died {
        sequence: done.sequence,
        case: done.case.id(),
        operation: done.case.origin.operation.clone(),
        choices: done.case.origin.choices.clone(),
        request: killer(&done.run),
    }
}

/// The exit code of a run that was carried out.
pub fn exit_of(report: &Report, inconclusive_max: f64) -> Exit {
    if report.open_findings().next().is_some() {
        Exit::Diverges
    } else if is_unclear(report, inconclusive_max) {
        Exit::Inconclusive
    } else {
        Exit::Conforms
    }
}

/// Whether a run says too little, whatever it has found.
pub fn is_unclear(report: &Report, inconclusive_max: f64) -> bool {
    let counts = report.counts;
    let judged = counts.conforms + counts.diverges;
    #[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^52")]
    let share = counts.inconclusive as f64 / (counts.cases.max(1)) as f64;
    let died =
        report.ended.as_ref().and_then(|ended| ended.early.as_deref()).is_some_and(|early| early != BUDGET_SPENT);
    // Accepted findings are known, so they do not make a run diverge; without any judged case nothing was shown.
    judged == 0 || share > inconclusive_max || report.interrupted() || died
}

pub(crate) fn started(api: &Api, selected: &Selected, seed: u64, cases: CasesOf, run: &RunId) -> RunStarted {
    RunStarted {
        schema: EVENTS_SCHEMA.into(),
        run: run.as_str().to_owned(),
        version: env!("CARGO_PKG_VERSION").into(),
        api: api.name.to_owned(),
        target: selected.target.name.clone(),
        endpoint: selected.endpoint.url().to_owned(),
        connected_to: selected.endpoint.connected_to().map(|address| address.to_string()),
        flavour: selected.target.flavour.to_owned(),
        model: model_digest(api),
        seed,
        cases,
        resumes: None,
        kept: 0,
        started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

/// What could not be removed, as it is told.
pub(crate) fn told(made: &Made) -> (String, String) {
    (made.kind.clone(), shown(&made.name, 80))
}

/// The same of a part of something that is not ours.
pub(crate) fn told_part(part: &Part) -> (String, String) {
    (part.kind.clone(), shown(&[part.name.as_ref(), b"/", part.prefix.as_ref()].concat(), 120))
}

/// The journal of a run that begins.
pub(crate) fn begin_journal(api: &Api, selected: &Selected, run: &RunId) -> Result<Journal, Error> {
    Journal::begin(&journal_folder(), &journal_header(api, selected, run)).map_err(|error| {
        Error::usage(format!("failed to {error}"), "set XDG_STATE_HOME to a folder that can be written")
    })
}

fn journal_header(api: &Api, selected: &Selected, run: &RunId) -> Header {
    Header {
        plumb_journal: JOURNAL_VERSION,
        run: run.as_str().to_owned(),
        api: api.name.to_owned(),
        target: selected.target.name.clone(),
        endpoint: selected.endpoint.url().to_owned(),
        started_s: SystemClock.unix_ms() / 1000,
    }
}

/// Opens a connection to a selected target.
pub fn connect(selected: &Selected) -> Result<Box<dyn Transport>, String> {
    let transport = NetworkTransport::new(&selected.endpoint, CONNECT_TIMEOUT).map_err(|error| error.to_string())?;
    Ok(match &selected.version_header {
        Some(name) => Box::new(selected.versions.told_by(transport, name)),
        None => Box::new(transport),
    })
}

/// The digest of all that a model asks: two binaries with the same one send the same cases.
pub fn model_digest(api: &Api) -> String {
    let ids: String = suites::cases(api, &[], 1).map(|case| case.id()).collect();
    hex(&sha256(ids.as_bytes())[..8]).into_iter().map(char::from).collect()
}

/// An id that no other run has.
pub fn new_run_id() -> RunId {
    RunId::new(rand::RngExt::random(&mut rand::make_rng::<rand::rngs::StdRng>()))
}

/// Where journals are kept.
pub fn journal_folder() -> std::path::PathBuf {
    state_folder().join("journal")
}

/// Where everything is kept that outlives a run: `$XDG_STATE_HOME/plumb`, or below `~/.local/state`.
pub fn state_folder() -> std::path::PathBuf {
    let state = std::env::var_os("XDG_STATE_HOME").filter(|path| !path.is_empty()).map(std::path::PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| std::path::PathBuf::from(home).join(".local/state"));
    state.or_else(home).unwrap_or_else(std::env::temp_dir).join("plumb")
}

/// Fails where the target cannot be reached or speaks no HTTP: that is not "no findings".
pub fn check_alive(engine: &Engine<'_>, selected: &Selected) -> Result<(), Error> {
    let alive = engine.with_context(async |context| is_alive(context).await).map_err(Error::Internal)?;
    alive.map_err(|reason| Error::Unreachable {
        target: selected.endpoint.url().to_owned(),
        reason,
        help: Some("is the server up, is this its address, and are credentials and region those it knows?".into()),
    })
}

/// A flag that the first Ctrl-C sets, or the first SIGTERM, by which pipelines stop a job; the second ends the process
/// at once.
pub fn stop_on_ctrl_c() -> Arc<AtomicBool> {
    static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    Arc::clone(STOP.get_or_init(watched_for_ctrl_c))
}

fn watched_for_ctrl_c() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
            let [Ok(mut interrupts), Ok(mut terminations)] = kinds.map(signal) else { return };
            if asked_to_stop(&mut interrupts, &mut terminations).await {
                flag.store(true, Ordering::Relaxed);
                eprintln!("stopping after the cases that are under way; press Ctrl-C again to stop at once");
            }
            if asked_to_stop(&mut interrupts, &mut terminations).await {
                eprintln!("stopped; `plumb sweep` removes what is left");
                std::process::exit(Exit::Inconclusive as i32);
            }
        });
    });
    stop
}

async fn asked_to_stop(interrupts: &mut Signal, terminations: &mut Signal) -> bool {
    let asked = tokio::select! {
        asked = interrupts.recv() => asked,
        asked = terminations.recv() => asked,
    };
    asked.is_some()
}

/// A bar on standard error for long work.
pub(crate) fn progress(cases: Option<usize>, what: &str) -> ProgressBar {
    let length = cases.map(|cases| cases as u64);
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    let known = format!("{{bar:30}} {{pos}}/{{len}} {what}  {{msg}}  {{elapsed}}");
    let open = format!("{{pos}} {what}  {{msg}}  {{elapsed}}");
    let style = ProgressStyle::with_template(if cases.is_some() { &known } else { &open });
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
