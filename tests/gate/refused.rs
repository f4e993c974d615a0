//! What is refused before anything is sent, with its place and what to do.

use crate::gated::{SUITES, gate, target};
use crate::support::{Home, Listener};

#[test]
fn a_gate_that_could_pass_by_accident_is_refused() {
    let (home, listener) = (Home::new(), Listener::new());
    let check = |more: &str, words: &[&str]| {
        home.write("plumb.toml", target("kv", &listener.url(), "") + &gate(more));
        home.plumb(&["gate", "release"]).exits(3).says(words);
        assert!(!listener.was_called(), "{more}");
    };
    check("minimum = 1\n", &["the gate looks at nothing", "suites = { strength = 1 }"]);
    check("embedded = true\nminimum = 0\n", &["nothing judged", "minimum = 100"]);
    check("embedded = true\n", &["missing field `minimum`"]);
    check(&format!("{SUITES}coverage = 95\n"), &["95 is no share"]);
    check("embedded = true\nminimum = 1\ncoverage = 0.9\n", &["coverage is that of suites"]);
    check("suites = { strength = 9 }\nminimum = 1\n", &["strength"]);
    check("suites = { operations = [\"Fly\"] }\nminimum = 1\n", &["no operation \"Fly\"", "there are: "]);
    check(
        &format!("{SUITES}latency = [{{ operation = \"Get\", share = 1.0, within = \"1s\" }}]\n"),
        &["no share that"],
    );
    check(&format!("{SUITES}baseline = \"nobody\"\n"), &["there is no target \"nobody\""]);
    check(&format!("{SUITES}expect_version = \"1\"\n"), &["tells its version", "version_header or version_path"]);
    check(&format!("{SUITES}connect_to = \"box7:80\"\n"), &["is no IP address with a port"]);
    check(&format!("{SUITES}baseline_limits = {{ slower = 1.1 }}\n"), &["there is no baseline"]);
    check(&format!("{SUITES}tags = \"@smoke\"\n"), &["no scenario that these tags could choose"]);
    check(&format!("{SUITES}embedded = true\nfeatures = [\"a\"]\n"), &["where no others are named"]);
    check(
        &format!("{SUITES}latency = [{{ operation = \"Get\", share = 0.9, within = \"2m\" }}]\n"),
        &["nothing could miss"],
    );
    check(&format!("{SUITES}warn_befor = \"1d\"\n"), &["unknown field `warn_befor`"]);
}

#[test]
fn a_gate_without_a_name_or_a_target_is_refused() {
    let home = Home::new();
    home.write("plumb.toml", target("kv", "http://127.0.0.1:1", "") + &gate(SUITES));
    home.plumb(&["gate"]).exits(3).says(&["no gate is named", "there are: release"]);
    home.plumb(&["gate", "other"]).exits(3).says(&["there is no gate \"other\"", "there are: release"]);
    home.write("plumb.toml", gate(SUITES));
    home.plumb(&["gate", "release"]).exits(3).says(&["there is no target \"kv\""]);
    home.write("plumb.toml", target("kv", "http://127.0.0.1:1", "") + &gate(SUITES).replace("[\"kv\"]", "[]"));
    home.plumb(&["gate", "release"]).exits(3).says(&["the gate has no target"]);
    home.write("plumb.toml", target("kv", "http://127.0.0.1:1", "") + &gate(SUITES).replace("release", "override"));
    home.plumb(&["gate", "serve"]).exits(3).says(&["a gate cannot be called \"override\""]);
}
