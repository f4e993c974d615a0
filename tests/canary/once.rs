//! `--once`: for cron and pipelines.

use plumb_canary::slot::{Outcome, SlotKind};

use crate::daemon::{Daemon, agent, canary, rows, target};
use crate::faults::refuses;
use crate::support::{Home, Served};

fn home(url: &str) -> Home {
    let home = Home::new();
    let features = "features = [\"overwrites.feature\"]\n";
    home.write("plumb.toml", [agent(&home), target("kv", url), canary("writes", &["kv"], features)].concat());
    home.write(
        "overwrites.feature",
        "@api(kv)\nFeature: Overwrites\n  Scenario: A second value replaces the first\n    When the client sends PUT \
         \"/v1/keys/{key a}\" with the body \"first\"\n    And the client sends PUT \"/v1/keys/{key a}\" with the body \
         \"second\"\n    And the client sends GET \"/v1/keys/{key a}\"\n    Then the body is \"second\"\n",
    );
    home
}

#[test]
fn the_exit_code_says_what_came_of_it_and_so_does_the_ledger() {
    let servers = Home::new();
    let (well, ill) = (Served::kv(&servers), Served::new(&servers, "kv", Some("lost-overwrite")));
    let check = |url: &str, code: i32, outcome: Outcome| {
        let home = home(url);
        let ran = home.plumb(&["canary", "--once"]).exits(code);
        assert!(ran.stdout.starts_with(outcome.word()), "{}", ran.stdout);
        let json = home.plumb(&["canary", "--once", "--format", "json"]).exits(code).json();
        assert_eq!(json["schema"], "plumb.canary/1");
        assert_eq!(json["slots"][0]["outcome"], outcome.word(), "{json:#}");
        let all = rows(&home);
        assert_eq!(all.len(), 2, "{all:#?}");
        assert!(all.iter().all(|row| row.outcome == outcome && row.slot.kind == SlotKind::Asked), "{all:#?}");
    };
    check(&well.url, 0, Outcome::Pass);
    check(&ill.url, 1, Outcome::Fail);
    check(&refuses(), 2, Outcome::Inconclusive);
}

/// Whether a finding is open, as a daemon shows it that may send nothing and so finds nothing out by itself.
fn is_open(home: &Home, id: &str) -> bool {
    home.plumb(&["kill", "halt", "--by", "alice", "--reason", "a look"]).exits(0);
    let daemon = Daemon::start(home);
    let (status, page) = daemon.get("/watch/writes/kv");
    assert_eq!(status, 200, "{page}");
    daemon.end().exits(0);
    home.plumb(&["kill", "release"]).exits(0);
    page.contains(&format!("/finding/{id}"))
}

#[test]
fn a_finding_of_an_earlier_one_is_closed_by_the_one_that_passes() {
    let servers = Home::new();
    let ill = Served::new(&servers, "kv", Some("lost-overwrite"));
    let home = home(&ill.url);
    home.plumb(&["canary", "--once"]).exits(1);
    let finding = std::fs::read_dir(home.path("state/findings")).expect("findings").next().expect("one").expect("one");
    let id = finding.path().file_stem().expect("a name").to_string_lossy().into_owned();
    assert!(is_open(&home, &id), "{id} is open");
    let well = Served::kv(&servers);
    home.write("plumb.toml", home.read("plumb.toml").replace(&ill.url, &well.url));
    home.plumb(&["canary", "--once"]).exits(0);
    assert!(!is_open(&home, &id), "{id} is not open any more");
}

#[test]
fn only_what_is_named_is_run() {
    let home = Home::new();
    let server = Served::kv(&home);
    let config = [
        agent(&home),
        target("kv", &server.url),
        target("gone", &refuses()),
        canary("writes", &["kv", "gone"], ""),
        canary("second", &["gone"], ""),
    ];
    home.write("plumb.toml", config.concat());
    let json = home.plumb(&["canary", "--once", "--target", "kv", "--format", "json"]).exits(0).json();
    assert_eq!(json["slots"].as_array().map(Vec::len), Some(1), "{json:#}");
    home.plumb(&["canary", "--once", "--canary", "none"]).exits(3).says(&["there is no canary \"none\"", "second"]);
}
