//! Somebody answers for going on: that is said, and it never passes.

use crate::gated::{SUITES, decides, gate, target};
use crate::support::{Home, Served};

#[test]
fn an_override_lets_a_pipeline_go_on_and_is_no_pass() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("delete-forgets"));
    home.write("plumb.toml", target("kv", &server.url, "") + &gate(SUITES));
    decides(&home, &[], "fail");
    home.plumb(&["gate", "override", "release", "--who", "Ada", "--why", "INC-1", "--until", "4h"]).exits(0);
    let decision = decides(&home, &["--report", "junit=j.xml", "--report", "markdown=m.md"], "overridden");
    assert_eq!(decision["without_override"], "fail");
    assert_eq!(decision["overridden"]["who"], "Ada");
    assert!(home.read("m.md").contains("INC-1"));
    assert!(home.read("j.xml").contains("INC-1"));
    let ended = home.read("plumb.overrides.toml").replace("until = 2", "until = 1").replace("made = 2", "made = 1");
    home.write("plumb.overrides.toml", ended);
    let decision = decides(&home, &[], "fail");
    assert!(decision["notices"].to_string().contains("is over since"), "{decision:#}");
}

#[test]
fn an_override_without_who_why_or_end_is_refused() {
    let home = Home::new();
    home.write("plumb.toml", target("kv", "http://127.0.0.1:1", "") + &gate(SUITES));
    let good = ["gate", "override", "release", "--who", "Ada", "--why", "INC-1", "--until", "4h"];
    let check = |arguments: &[&str], words: &str| {
        home.plumb(arguments).exits(3).says(&[words]);
        assert!(!home.path("plumb.overrides.toml").exists(), "nothing is written");
    };
    check(&good[..7], "--until");
    check(&[&good[..3], &good[5..]].concat(), "--who");
    check(&[&good[..5], &good[7..]].concat(), "--why");
    check(&[&good[..6], &["", "--until", "4h"]].concat(), "`why` is empty");
    check(&[&good[..8], &["30d"]].concat(), "more than 7 days");
    check(&[&good[..8], &["2020-01-01T00:00:00Z"]].concat(), "over before it begins");
    check(&[&good[..8], &["soon"]].concat(), "neither a time");
    check(&["gate", "override", "other", "--who", "A", "--why", "b", "--until", "4h"], "there is no gate \"other\"");
}
