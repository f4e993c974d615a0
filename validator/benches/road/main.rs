//! What the road costs: a signed PUT and GET judged by the model, beside a bare reqwest loop that sends the same
//! two requests with headers that never change.
//!
//! CPU time of this process, kernel included; the server is another process. Rounds of all loops in turn, medians
//! of the ratios within a round. The bare loop reads whole bodies too, and looks at nothing but the status.
//! The transport alone sends what the bare loop sends, but is asked as the session asks it.

#![expect(clippy::print_stdout, reason = "a benchmark speaks on standard output")]

mod bare;
mod judged;
#[path = "../server/mod.rs"]
mod server;

use std::time::Duration;

use cpu_time::ProcessTime;
use plumb_model::bodies::Bodies;
use plumb_validator::case_run::Shared;
use plumb_validator::clock::{SystemClock, TargetClock};
use plumb_validator::guard::Guard;
use plumb_validator::names::RunId;
use plumb_validator::session::Context;
use plumb_validator::transport::{CONNECT_TIMEOUT, Endpoint, NetworkTransport};

use self::bare::Bare;
use self::judged::Judged;
use self::server::Server;

const ROUNDS: usize = 101;
/// Bodies in bytes, cases in a round, and the goal for the ratio.
const SIZES: [(u64, u32, f64); 2] = [(1 << 10, 200, 0.75), (64 << 10, 60, 0.70)];

fn main() {
    if server::is_asked_for(server::STORE) {
        server::serve(&server::store());
        return;
    }
    let server = Server::start(server::STORE);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (length, cases, goal) in SIZES {
        runtime.block_on(measure(&server, length, cases, goal));
    }
}

async fn measure(server: &Server, length: u64, cases: u32, goal: f64) {
    let api = plumb_s3::api();
    let target = server::target(server);
    let endpoint = Endpoint::parse(server.url(), None).expect("an endpoint");
    let transport = NetworkTransport::new(&endpoint, CONNECT_TIMEOUT).expect("a transport");
    let run = RunId::new(length);
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
    let mut judged = Judged::new(&context, length);
    let requests = judged.requests().await;
    let bare = Bare::new(server.url(), &requests);

    let (mut bares, mut judgeds, mut transports) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bares.push(cpu(cases, async || bare.once().await).await);
        judgeds.push(cpu(cases, async || drop(judged.once().await)).await);
        transports.push(cpu(cases, async || judged::send_all(&context, &requests).await).await);
    }
    Shared::give_back(judged.into_shared(), &context).await;
    report(length, goal, &bares, &judgeds, &transports);
}

/// The CPU time of one of `times` runs of `work`.
async fn cpu(times: u32, mut work: impl AsyncFnMut()) -> Duration {
    let start = ProcessTime::now();
    for _ in 0..times {
        work().await;
    }
    start.elapsed() / times
}

fn report(length: u64, goal: f64, bares: &[Duration], judgeds: &[Duration], transports: &[Duration]) {
    let ratio = |others: &[Duration]| {
        let each = bares.iter().zip(others).map(|(bare, other)| bare.as_secs_f64() / other.as_secs_f64());
        median(each.collect())
    };
    let micros = |times: &[Duration]| median(times.iter().map(|time| time.as_secs_f64() * 1e6).collect());
    println!("PUT and GET of {length} bytes, CPU time of a case, medians of {ROUNDS} rounds");
    println!("  bare reqwest:        {:>7.1} us", micros(bares));
    println!(
        "  our transport alone: {:>7.1} us, {:.2} of its cases per CPU second",
        micros(transports),
        ratio(transports)
    );
    println!(
        "  judged:              {:>7.1} us, {:.2} of its cases per CPU second (goal {goal:.2})",
        micros(judgeds),
        ratio(judgeds)
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
