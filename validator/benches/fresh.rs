//! What a request costs over a connection of its own, plain, and with the marks and the records of a canary.
//!
//! CPU time of this process, kernel included; the server is another process.

#![expect(clippy::print_stdout, reason = "a benchmark speaks on standard output")]

mod server;

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use plumb_model::http::{Headers, Request};
use plumb_validator::transport::{
    CONNECT_TIMEOUT, Endpoint, FreshTransport, Marked, Marks, NetworkTransport, Observed, SendLimits, TraceId,
    Transport, Wanted,
};

use self::server::Server;

const ROUNDS: usize = 31;
const REQUESTS: u32 = 200;

fn main() {
    if server::is_asked_for(server::STORE) {
        server::serve(&server::store());
        return;
    }
    let server = Server::start(server::STORE);
    let endpoint = Endpoint::parse(server.url(), None).expect("an endpoint");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let fresh = || FreshTransport::new(&endpoint, CONNECT_TIMEOUT).expect("a transport");
    let observed = Observed::new(fresh(), Wanted::default());
    let canary = Marked::new(observed, &Marks::of_canary("bench"), TraceId::of("bench"));
    let pooled = NetworkTransport::new(&endpoint, CONNECT_TIMEOUT).expect("a transport");
    println!("GET, medians of {ROUNDS} rounds of {REQUESTS} requests");
    runtime.block_on(measure("kept connections", &pooled, &mut || {}));
    runtime.block_on(measure("a connection each", &fresh(), &mut || {}));
    runtime.block_on(measure("the same, marked and observed", &canary, &mut || drop(canary.inner().drain())));
}

async fn measure(what: &str, transport: &dyn Transport, after: &mut dyn FnMut()) {
    let headers: Headers = [("host".into(), "bench".into()), ("accept".into(), "*/*".into())].into_iter().collect();
    let request = Request { method: "GET".into(), target: b"/a".to_vec(), headers, body: bytes::Bytes::new() };
    let (mut cpus, mut walls) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (cpu, wall) = (ProcessTime::now(), Instant::now());
        for _ in 0..REQUESTS {
            let received = transport.send(&request, &SendLimits::default()).await.expect("an answer");
            assert_eq!(received.response.status, 200);
        }
        after();
        cpus.push(cpu.elapsed() / REQUESTS);
        walls.push(wall.elapsed() / REQUESTS);
    }
    println!("  {what:<30} {:>6.1} us of CPU, {:>6.1} us in all", median(cpus), median(walls));
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}
