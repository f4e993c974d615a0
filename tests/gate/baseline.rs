//! Only what is new blocks; and a candidate is held against what runs now.

use std::time::Duration;

use crate::front::{Deed, Front};
use crate::gated::{SUITES, decides, gate, says, standing, target};
use crate::support::{Home, Served};

#[test]
fn what_an_earlier_run_had_does_not_block_and_what_is_new_does() {
    let home = Home::new();
    let old = Served::new(&home, "kv", Some("delete-forgets"));
    let config = |url: &str| target("kv", url, "") + &gate(&format!("{SUITES}embedded = true\n"));
    home.write("plumb.toml", config(&old.url));
    decides(&home, &["--output", "before"], "fail");
    let decision = decides(&home, &["--baseline-run", "before"], "pass");
    assert!(standing(&decision, "known") > 0);
    assert_eq!(standing(&decision, "new"), 0);
    let new = Served::new(&home, "kv", Some("condition-ignored"));
    home.write("plumb.toml", config(&new.url));
    assert!(standing(&decides(&home, &["--baseline-run", "before"], "fail"), "new") > 0);
    home.plumb(&["gate", "release", "--baseline-run", "nowhere"]).exits(3).says(&["nowhere"]);
}

#[test]
fn what_one_target_had_before_is_new_at_another() {
    let home = Home::new();
    let (well, ill) = (Served::kv(&home), Served::new(&home, "kv", Some("delete-forgets")));
    let config = |first: &str, second: &str| {
        let both = gate(SUITES).replace("[\"kv\"]", "[\"kv\", \"other\"]");
        home.write("plumb.toml", target("kv", first, "") + &target("other", second, "") + &both);
    };
    config(&ill.url, &well.url);
    decides(&home, &["--output", "before"], "fail");
    decides(&home, &["--baseline-run", "before"], "pass");
    config(&well.url, &ill.url);
    assert!(standing(&decides(&home, &["--baseline-run", "before"], "fail"), "new") > 0);
}

/// Limits beyond which no chance leads, and no machine that has other work to do: what is to be seen is many times more.
const WIDE: &str =
    "baseline_limits = { alpha = 0.00001, failures_more = 0.05, slower = 2.0, tail = 10.0, calls_min = 50 }\n";

/// A gate of `candidate`, held against `baseline`.
fn held(home: &Home, candidate: &str, baseline: &str) {
    let suites = "suites = { strength = 1, workflows = 60 }\nminimum = 20\nbaseline = \"live\"\nworkers = 1\n";
    let gate = gate(&format!("{suites}{WIDE}"));
    home.write("plumb.toml", target("kv", candidate, "") + &target("live", baseline, "") + &gate);
}

#[test]
fn a_candidate_that_answers_alike_and_as_fast_passes() {
    let home = Home::new();
    let (candidate, baseline) = (Served::kv(&home), Served::kv(&home));
    held(&home, &candidate.url, &baseline.url);
    let decision = decides(&home, &["--report", "html=g.html"], "pass");
    says(&decision, "baseline", "pass", "");
    says(&decision, "answers", "pass", "cases were compared");
    assert!(home.read("g.html").contains("<svg"));
}

#[test]
fn a_candidate_that_is_slower_or_answers_otherwise_fails() {
    let home = Home::new();
    let baseline = Served::kv(&home);
    let slow = Front::new(&baseline.url, |_| {
        std::thread::sleep(Duration::from_millis(15));
        Deed::Pass(None)
    });
    held(&home, &slow.url, &baseline.url);
    says(&decides(&home, &[], "fail"), "baseline", "fail", "");
    let wrong = Served::new(&home, "kv", Some("delete-forgets"));
    held(&home, &wrong.url, &baseline.url);
    says(&decides(&home, &[], "fail"), "answers", "fail", "answers are wrong that the baseline gives otherwise");
}

#[test]
fn a_candidate_is_not_held_against_itself_unless_that_is_wished() {
    let home = Home::new();
    let server = Served::kv(&home);
    held(&home, &server.url, &server.url);
    home.plumb(&["gate", "release"]).exits(3).says(&["held against itself", "--self"]);
    decides(&home, &["--self"], "pass");
}
