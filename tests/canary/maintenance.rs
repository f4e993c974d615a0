//! While somebody works on a target nobody is told, however often that is.

use plumb_canary::slot::{Mark, Outcome};

use crate::daemon::{Daemon, agent, canary, message, rule, target};
use crate::faults::refuses;
use crate::receiver::Receiver;
use crate::support::Home;

/// A maintenance that begins every minute and lasts longer than that.
const ALWAYS: &str = "[[maintenance]]\nreason = \"new disks\"\ntargets = [\"quiet\"]\ncron = \"* * * * *\"\ntime_zone = \
                      \"UTC\"\nlasts = \"10m\"\n";

/// Both targets are out, and one of them is under maintenance.
fn home(keeps_checking: bool) -> (Home, Receiver) {
    let (home, receiver) = (Home::new(), Receiver::new());
    let config = [
        agent(&home),
        receiver.section("hook"),
        rule("down", "availability", (2, 3), &["hook"]),
        target("loud", &refuses()),
        target("quiet", &refuses()),
        canary("writes", &["loud", "quiet"], "alerts = [\"down\"]"),
        format!("{ALWAYS}keeps_checking = {keeps_checking}\n"),
    ];
    home.write("plumb.toml", config.concat());
    (home, receiver)
}

#[test]
fn a_repeated_maintenance_holds_alerts_back_while_checks_go_on() {
    let (home, receiver) = home(true);
    let daemon = Daemon::start(&home);
    receiver.wait("the other target's", |alert| alert["target"] == "loud");
    daemon.rows_once("bad slots under maintenance", |rows| {
        let here = rows.iter().filter(|row| row.slot.watch.target == "quiet");
        here.filter(|row| row.availability == Mark::Bad).count() >= 4
    });
    assert!(daemon.get("/").1.contains("new disks"), "the first page says why");
    daemon.end().exits(0);
    assert!(receiver.alerts().iter().all(|alert| alert["target"] == "loud"), "{:#?}", receiver.alerts());
}

#[test]
fn a_maintenance_without_checks_skips_slots_and_says_why() {
    let (home, _receiver) = home(false);
    let daemon = Daemon::start(&home);
    let here = |rows: &[plumb_canary::slot::Ended]| -> Vec<plumb_canary::slot::Ended> {
        rows.iter().filter(|row| row.slot.watch.target == "quiet").cloned().collect()
    };
    let rows = daemon.rows_once("skipped slots", |rows| here(rows).iter().map(|row| row.count).sum::<u32>() >= 2);
    for row in here(&rows) {
        assert_eq!(row.outcome, Outcome::Skipped, "{row:#?}");
        assert!(message(&row).contains("new disks"), "{row:#?}");
    }
    daemon.end().exits(0);
}
