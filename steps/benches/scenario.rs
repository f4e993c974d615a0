//! What a scenario of five steps that do nothing costs, beside the runner of the `cucumber` crate in the same run: with
//! five definitions, and with three hundred more. Then the memory of 5,000 scenarios, and the time from nothing to the
//! first request for 60 files.

#![expect(clippy::print_stdout, reason = "a benchmark speaks on standard output")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use cucumber::step::Collection;
use cucumber::{Cucumber, cli, event, parser, runner};
use futures::stream;
use plumb_model::bodies::Bodies;
use plumb_steps::executor::{Prepared, Setting, play};
use plumb_steps::feature::{self, Feature, Kind, Scenario};
use plumb_steps::played::Outcome;
use plumb_steps::registry::{Phrase, Place, Registry};
use plumb_validator::clock::{SystemClock, TargetClock};
use plumb_validator::guard::Guard;
use plumb_validator::model_server::{Answers, ModelServer, ServerOptions};
use plumb_validator::names::RunId;
use plumb_validator::pool::{Pool, PoolTerms};
use plumb_validator::session::Context;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::{MemoryTransport, SendLimits};
use regex::Regex;

const SCENARIOS: usize = 2_000;
const SCENARIOS_PER_FILE: usize = 10;
const ROUNDS: usize = 7;
const OTHER_DEFINITIONS: usize = 300;
const GOAL_MICROSECONDS: f64 = 20.0;
const GOAL_START: Duration = Duration::from_millis(50);
const STEPS: [(&str, Kind); 5] = [
    ("Given nothing is there", Kind::Given),
    ("And nothing more is there", Kind::Given),
    ("When nothing happens", Kind::When),
    ("Then nothing has changed", Kind::Then),
    ("And nothing else has changed", Kind::Then),
];

/// The world of the other runner.
#[derive(Debug, Default, cucumber::World)]
struct Nothing;

/// A writer that writes nothing.
struct Silent;

impl<W: cucumber::World> cucumber::Writer<W> for Silent {
    type Cli = cli::Empty;

    async fn handle_event(&mut self, event: parser::Result<cucumber::Event<event::Cucumber<W>>>, _cli: &cli::Empty) {
        _ = black_box(event);
    }
}

impl cucumber::writer::Normalized for Silent {}

/// Features that are read already.
struct Read;

impl cucumber::Parser<Vec<gherkin::Feature>> for Read {
    type Cli = cli::Empty;
    type Output = stream::Iter<std::vec::IntoIter<parser::Result<gherkin::Feature>>>;

    fn parse(self, features: Vec<gherkin::Feature>, _cli: cli::Empty) -> Self::Output {
        stream::iter(features.into_iter().map(Ok).collect::<Vec<_>>())
    }
}

fn file(name: &str) -> String {
    let mut text = format!("Feature: {name}\n");
    for number in 0..SCENARIOS_PER_FILE {
        _ = writeln!(text, "  Scenario: Number {number}");
        for (step, _) in STEPS {
            _ = writeln!(text, "    {step}");
        }
    }
    text
}

fn files(scenarios: usize) -> Vec<(String, String)> {
    let names = (0..scenarios / SCENARIOS_PER_FILE).map(|number| format!("file{number}"));
    names.map(|name| (format!("{name}.feature"), file(&name))).collect()
}

/// The pattern of a step, and patterns that no step matches.
fn patterns(definitions: usize) -> Vec<(Regex, Kind)> {
    let of = |text: &str| Regex::new(&format!("^{text}$")).expect("a pattern");
    let own = STEPS.iter().map(|(step, kind)| (of(step.split_once(' ').map_or("", |(_, text)| text)), *kind));
    let others = (0..definitions).map(|number| {
        let text = format!("([^\\s]+) puts ((?:-?\\d+)|(?:\\d+)) things number {number} into \"([^\"]*)\"");
        (of(&text), [Kind::Given, Kind::When, Kind::Then][number % 3])
    });
    own.chain(others).collect()
}

fn ours(patterns: &[(Regex, Kind)]) -> Registry {
    let phrase = |(at, (pattern, kind)): (usize, &(Regex, Kind))| Phrase {
        kind: *kind,
        pattern: pattern.clone(),
        place: Place { path: "bench.rs", line: u32::try_from(at).unwrap_or(0) },
        run: |_, _| Box::pin(async {}),
    };
    Registry::of(patterns.iter().enumerate().map(phrase).collect()).expect("a registry")
}

fn theirs(patterns: &[(Regex, Kind)]) -> Collection<Nothing> {
    patterns.iter().fold(Collection::new(), |collection, (pattern, kind)| {
        let (pattern, run): (_, cucumber::Step<Nothing>) = (pattern.clone(), |_, _| Box::pin(async {}));
        match kind {
            Kind::Given => collection.given(None, pattern, run),
            Kind::When => collection.when(None, pattern, run),
            Kind::Then => collection.then(None, pattern, run),
        }
    })
}

fn prepared(files: &[(String, String)], registry: &Registry) -> Vec<Prepared> {
    let read = |(path, text): &(String, String)| feature::read(path, text).expect("a feature");
    let features: Vec<Feature> = files.iter().map(read).collect();
    features.into_iter().flat_map(|own| own.scenarios).map(|own| Prepared::new(registry, own)).collect()
}

fn target() -> Target {
    Target {
        name: "bench".into(),
        scheme: "http".into(),
        authority: "bench.invalid".into(),
        region: String::new(),
        flavour: "standard",
        actors: Vec::new(),
        safety: Safety::Full,
        exclusive: false,
        limits: SendLimits::default(),
    }
}

/// Runs `work` with all that a scenario needs.
fn with_context<T>(work: impl AsyncFnOnce(&Context<'_>, &Pool) -> T) -> T {
    let (api, target, run) = (plumb_kv::api(), target(), RunId::new(1));
    let options =
        ServerOptions { flavour: "standard", region: String::new(), actors: Vec::new(), answers: Answers::Preferred };
    let transport = MemoryTransport::new(ModelServer::new(&api, options, None), std::sync::Arc::new(SystemClock));
    let (guard, target_clock, bodies) = (Guard::new(&run, &target), TargetClock::default(), Bodies::new());
    let context = Context {
        api: &api,
        target: &target,
        transport: &transport,
        run: &run,
        guard: &guard,
        journal: None,
        clock: &SystemClock,
        target_clock: &target_clock,
        bodies: &bodies,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let pool = Pool::new(&target, PoolTerms::default(), Vec::new());
    runtime.block_on(work(&context, &pool))
}

/// CPU time of one of our scenarios: bound to its functions and played, as the other runner does both in one.
async fn our_cost((context, pool): (&Context<'_>, &Pool), scenarios: &[Scenario], registry: &Registry) -> f64 {
    let scenarios = scenarios.to_vec();
    let began = ProcessTime::now();
    for (scenario, number) in scenarios.into_iter().zip(0..) {
        let done = play(&Setting::new(context, pool), &Prepared::new(registry, scenario), number).await;
        assert_eq!(done.played.outcome, Outcome::Passed);
    }
    per_scenario(began.elapsed())
}

/// CPU time of one scenario of the other runner, from features that are read already.
async fn their_cost(features: &[gherkin::Feature], collection: &Collection<Nothing>) -> f64 {
    let (features, runner) = (features.to_vec(), runner::Basic::default().steps(collection.clone()));
    let options = cli::Opts::<cli::Empty, runner::basic::Cli, cli::Empty, cli::Empty> {
        re_filter: None,
        tags_filter: None,
        parser: cli::Empty,
        runner: runner::basic::Cli::default(),
        writer: cli::Empty,
        custom: cli::Empty,
    };
    let began = ProcessTime::now();
    Cucumber::<Nothing, _, _, _, _>::custom(Read, runner, Silent).with_cli(options).run(features).await;
    per_scenario(began.elapsed())
}

fn per_scenario(spent: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let scenarios = SCENARIOS as f64;
    spent.as_secs_f64() * 1e6 / scenarios
}

fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}

/// Both runners in turn, so that what slows the machine slows both.
async fn compare(stage: (&Context<'_>, &Pool), definitions: usize) {
    let files = files(SCENARIOS);
    let read = |(path, text): &(String, String)| feature::read(path, text).expect("a feature").scenarios;
    let scenarios: Vec<Scenario> = files.iter().flat_map(read).collect();
    let parse = |(_, text): &(String, String)| gherkin::Feature::parse(text, gherkin::GherkinEnv::default());
    let features: Vec<gherkin::Feature> = files.iter().map(|file| parse(file).expect("a feature")).collect();
    let patterns = patterns(definitions);
    let (registry, collection) = (ours(&patterns), theirs(&patterns));
    let (mut our, mut their) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        our.push(our_cost(stage, &scenarios, &registry).await);
        their.push(their_cost(&features, &collection).await);
    }
    let (our, their) = (median(our), median(their));
    let word = if our < GOAL_MICROSECONDS { "reached" } else { "missed" };
    let total = STEPS.len() + definitions;
    println!(
        "{total:>3} definitions: {our:>6.1} us a scenario of five steps, the cucumber crate {their:>6.1} us, ratio {:.2}; \
         goal below {GOAL_MICROSECONDS} us {word}",
        our / their
    );
}

/// Resident memory of this process, in MiB.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}

fn memory() {
    const MANY: usize = 5_000;
    let registry = ours(&patterns(OTHER_DEFINITIONS));
    let before = resident_mib();
    let began = Instant::now();
    let prepared = prepared(&files(MANY), &registry);
    let (after, took) = (resident_mib(), began.elapsed());
    assert_eq!(prepared.len(), MANY);
    println!("{MANY} scenarios, read and bound: {:.1} MiB, {} ms", after - before, took.as_millis());
}

/// From nothing to the first request: 60 files read, bound to the phrases that come with the tool, and one played.
async fn start((context, pool): (&Context<'_>, &Pool)) {
    const FILES: usize = 60;
    let began = Instant::now();
    let registry = Registry::new(&[plumb_steps::source()]).expect("a registry");
    let files: Vec<(String, String)> = (0..FILES).map(|number| (format!("{number}.feature"), requests())).collect();
    let prepared = prepared(&files, &registry);
    let bound = began.elapsed();
    let done = play(&Setting::new(context, pool), &prepared[0], 1).await;
    let took = began.elapsed();
    assert_eq!((done.played.outcome, done.played.calls), (Outcome::Passed, 1), "{:?}", done.played.trouble);
    let word = if took < GOAL_START { "reached" } else { "missed" };
    println!(
        "{FILES} files, {} phrases: {:.1} ms to the first request, {:.1} ms of it to bind; goal below {} ms {word}",
        registry.phrases().count(),
        took.as_secs_f64() * 1e3,
        bound.as_secs_f64() * 1e3,
        GOAL_START.as_millis()
    );
}

fn requests() -> String {
    let mut text = "Feature: Requests\n".to_owned();
    for number in 0..SCENARIOS_PER_FILE {
        _ = write!(
            text,
            "  Scenario: Number {number}\n    When the client sends GET \"/v1/keys/{{key a}}\"\n    \
             Then the status is 404\n    And the header \"content-type\" is \"application/json\"\n"
        );
    }
    text
}

fn main() {
    with_context(async |context, pool| {
        // The first, while nothing is warm yet.
        start((context, pool)).await;
        compare((context, pool), 0).await;
        compare((context, pool), OTHER_DEFINITIONS).await;
    });
    memory();
}
