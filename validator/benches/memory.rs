//! The most memory that 100,000 cases ever need: one worker over the network, and what a runner adds up of each
//! case: counts of verdicts, and a histogram of latencies for each operation.
//!
//! The server is the model in another process. The cases are all single choices of all operations, over and over,
//! each made when its turn comes. The figure is `VmHWM` of this process, so it holds program and libraries too.

#![expect(clippy::print_stdout, reason = "a benchmark speaks on standard output")]

mod server;

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use plumb_model::api::Api;
use plumb_model::bodies::Bodies;
use plumb_model::call::Case;
use plumb_model::space::{Operation, Row};
use plumb_validator::case_run::{CaseRun, Shared, run_case};
use plumb_validator::clock::{SystemClock, TargetClock};
use plumb_validator::guard::Guard;
use plumb_validator::names::RunId;
use plumb_validator::session::Context;
use plumb_validator::transport::{CONNECT_TIMEOUT, Endpoint, NetworkTransport};

use self::server::Server;

const CASES: usize = 100_000;
const GOAL_MIB: f64 = 64.0;
const LATENCY_MICROSECONDS_MAX: u64 = 60_000_000;

/// What a runner keeps of all cases.
#[derive(Default)]
struct Sums {
    verdicts: BTreeMap<&'static str, u64>,
    exchanges: u64,
    latencies: BTreeMap<String, Histogram<u64>>,
}

impl Sums {
    fn add(&mut self, run: &CaseRun) {
        *self.verdicts.entry(run.verdict.word()).or_default() += 1;
        for exchange in &run.exchanges {
            self.exchanges += 1;
            let fresh = || Histogram::new_with_bounds(1, LATENCY_MICROSECONDS_MAX, 3).expect("good bounds");
            let histogram = self.latencies.entry(exchange.operation.clone()).or_insert_with(fresh);
            histogram.saturating_record(u64::try_from(exchange.latency.as_micros()).unwrap_or(u64::MAX).max(1));
        }
    }
}

fn main() {
    if server::is_asked_for(server::MODEL) {
        server::serve(&server::model());
        return;
    }
    let server = Server::start(server::MODEL);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let api = plumb_s3::api();
    let before = peak_mib();
    let sums = runtime.block_on(run(&server, &api));
    let after = peak_mib();
    println!("{CASES} cases, {} requests, verdicts: {:?}", sums.exchanges, sums.verdicts);
    println!("peak memory before the first case: {before:.1} MiB");
    println!("peak memory after the last:        {after:.1} MiB (goal {GOAL_MIB:.0} MiB)");
    let all: Vec<Case> = cases(&api).take(CASES).collect();
    println!("and with all {} cases at once:  {:.1} MiB", all.len(), peak_mib());
}

async fn run(server: &Server, api: &Api) -> Sums {
    let target = server::target(server);
    let endpoint = Endpoint::parse(server.url(), None).expect("an endpoint");
    let transport = NetworkTransport::new(&endpoint, CONNECT_TIMEOUT).expect("a transport");
    let run = RunId::new(4);
    let (guard, target_clock, bodies) = (Guard::new(&run, &target), TargetClock::default(), Bodies::new());
    let context = Context {
        api,
        target: &target,
        transport: &transport,
        run: &run,
        guard: &guard,
        journal: None,
        clock: &SystemClock,
        target_clock: &target_clock,
        bodies: &bodies,
    };
    let (mut shared, mut sums) = (Shared::default(), Sums::default());
    for (sequence, case) in (0_u64..).zip(cases(api).take(CASES)) {
        sums.add(&run_case(&context, &mut shared, &case, sequence).await);
    }
    shared.give_back(&context).await;
    sums
}

/// Single choices in otherwise default rows, operation by operation, for ever.
fn cases(api: &Api) -> impl Iterator<Item = Case> {
    let rows = |operation| rows(operation).into_iter().map(move |row| (operation, row));
    let all: Vec<(&Operation, Row)> = api.operations.iter().flat_map(rows).collect();
    let mut next = 0;
    std::iter::from_fn(move || {
        let (operation, row) = &all[next % all.len()];
        next += 1;
        Some(operation.case(api.name, "memory", row))
    })
}

fn rows(operation: &Operation) -> Vec<Row> {
    let space = &operation.space;
    let mut rows = Vec::new();
    for (index, dimension) in space.dimensions.iter().enumerate() {
        for choice in 0..dimension.choices.len() {
            let mut row = space.defaults();
            row[index] = choice;
            rows.extend(space.permits(&row).then_some(row));
        }
    }
    rows
}

/// `VmHWM` of this process; nothing where the system does not tell it.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1_024.0
}
