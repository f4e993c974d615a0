//! A receiver that hangs holds up neither slots nor anybody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plumb_canary::slot::Outcome;

use crate::daemon::{Daemon, agent, canary, rule, target};
use crate::faults::black_hole;
use crate::receiver::{Receiver, is};
use crate::support::Home;
use crate::support::answer_with;

/// Far less than a try to tell a receiver may take, and far more than a busy machine takes to start a slot.
const LATE_MS_MAX: u32 = 3_000;

#[test]
fn a_receiver_that_hangs_delays_no_slot_and_keeps_nothing_from_others() {
    let (home, receiver, hangs) = (Home::new(), Receiver::new(), black_hole());
    let broken = Arc::new(AtomicBool::new(true));
    let state = Arc::clone(&broken);
    let url = answer_with(move |request| match (state.load(Ordering::SeqCst), request.starts_with("PUT")) {
        (true, _) => "500 Internal Server Error",
        (false, true) => "201 Created\r\netag: \"1\"",
        (false, false) => "204 No Content",
    });
    let sections = [
        agent(&home),
        receiver.section("hook"),
        format!("[receivers.hangs.webhook]\nurl = \"{hangs}\"\n"),
        rule("down", "availability", (2, 3), &["hangs", "hook"]),
        target("kv", &url),
        canary("writes", &["kv"], "alerts = [\"down\"]"),
    ];
    home.write("plumb.toml", sections.concat());
    let daemon = Daemon::start(&home);
    receiver.wait("the alert", |alert| is(alert, "firing", "kv"));
    broken.store(false, Ordering::SeqCst);
    receiver.wait("its end", |alert| is(alert, "resolved", "kv"));
    let waiting = || daemon.metric("plumb_deliveries_waiting", &["receiver=\"hangs\""]);
    assert!(waiting() >= Some(1.0), "{}", daemon.get("/metrics").1);
    let rows = daemon.rows_once("slots behind it", |rows| rows.len() >= 8);
    let ran = rows.iter().filter(|row| row.outcome.ran());
    assert!(ran.clone().all(|row| row.late_ms < LATE_MS_MAX), "{rows:#?}");
    assert!(rows.iter().all(|row| row.outcome != Outcome::Shed && row.outcome != Outcome::Missed), "{rows:#?}");
    let told: Vec<String> = receiver.alerts().iter().map(|alert| alert["state"].to_string()).collect();
    assert_eq!(told, ["\"firing\"", "\"resolved\""], "each once, and in order");
    daemon.end().exits(0);
}
