//! SIGHUP: what is right takes effect, what is wrong changes nothing.

use plumb_canary::slot::Ended;

use crate::daemon::{Daemon, agent, canary, target};
use crate::support::{Home, Served};

const RELOADED: &str = "plumb_config_last_reload_successful";

fn of<'r>(rows: &'r [Ended], canary: &str) -> Vec<&'r Ended> {
    rows.iter().filter(|row| row.slot.watch.canary == canary && row.outcome.ran()).collect()
}

#[test]
fn a_changed_cadence_and_a_new_canary_take_effect() {
    let home = Home::new();
    let server = Served::kv(&home);
    let base = [agent(&home), target("kv", &server.url)].concat();
    let slow = canary("writes", &["kv"], "").replace("every = \"1s\"", "every = \"30m\"");
    home.write("plumb.toml", [base.clone(), slow].concat());
    let daemon = Daemon::start(&home);
    assert_eq!(daemon.metric(RELOADED, &[]), Some(1.0), "{}", daemon.get("/metrics").1);
    home.write("plumb.toml", [base, canary("writes", &["kv"], ""), canary("second", &["kv"], "")].concat());
    daemon.signal("HUP");
    daemon.says("the configuration was read again: 2 watches");
    daemon.rows_once("slots of both", |rows| of(rows, "writes").len() >= 3 && of(rows, "second").len() >= 3);
    assert_eq!(daemon.metric(RELOADED, &[]), Some(1.0));
    assert_eq!(daemon.get("/watch/second/kv").0, 200);
    daemon.end().exits(0);
}

#[test]
fn a_broken_file_is_refused_with_its_place_and_the_old_plan_goes_on() {
    let home = Home::new();
    let server = Served::kv(&home);
    let right = [agent(&home), target("kv", &server.url), canary("writes", &["kv"], "")].concat();
    let check = |wrong: String, words: &[&str]| {
        home.write("plumb.toml", &right);
        let daemon = Daemon::start(&home);
        home.write("plumb.toml", wrong);
        daemon.signal("HUP");
        daemon.says("the configuration was refused, and the one of before goes on");
        crate::daemon::wait_for("the metric", || (daemon.metric(RELOADED, &[]) == Some(0.0)).then_some(()));
        assert!(daemon.get("/").1.contains("the configuration was refused"), "the first page says so");
        let passed = || daemon.metric("plumb_slots_total", &["outcome=\"pass\"", "kind=\"scheduled\""]);
        let before = passed();
        crate::daemon::wait_for("more slots", || (passed() > before).then_some(()));
        // With the plan that it had before, all is well again.
        home.write("plumb.toml", &right);
        daemon.signal("HUP");
        daemon.says("the configuration was read again");
        crate::daemon::wait_for("the metric", || (daemon.metric(RELOADED, &[]) == Some(1.0)).then_some(()));
        daemon.end().exits(0).says(words);
    };
    check(right.replace("every = \"1s\"", "every = \"1q\""), &["plumb.toml:", "every = \"1q\""]);
    check(format!("{right}nonsense = 1\n"), &["unknown field `nonsense`", "plumb.toml:"]);
    let moved = right.replace("/state\"", "/elsewhere\"");
    check(moved, &["agent.state cannot change while the daemon runs", "restart the daemon"]);
    assert!(!home.path("elsewhere").exists(), "nothing is made there");
}
