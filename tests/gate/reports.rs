//! What pipelines read says the same in every format.

use crate::gated::{SUITES, gate, target};
use crate::support::{Home, Served};

#[test]
fn every_report_tells_the_verdict_and_the_first_thing_that_blocks() {
    let mut home = Home::new();
    let server = Served::new(&home, "kv", Some("delete-forgets"));
    home.write("plumb.toml", target("kv", &server.url, "") + &gate(SUITES));
    let summary = home.path("summary.md").display().to_string();
    home.set("GITHUB_STEP_SUMMARY", &summary);
    let files = ["json=g.json", "junit=g.xml", "markdown=g.md", "gitlab=g.cq.json", "html=g.html"];
    let reports = files.iter().flat_map(|file| ["--report", file]);
    let arguments: Vec<&str> = ["gate", "release", "--format", "github"].into_iter().chain(reports).collect();
    let ran = home.plumb(&arguments).exits(1);
    assert!(ran.stdout.lines().all(|line| line.starts_with("::")), "{}", ran.stdout);
    assert!(ran.stdout.contains("::error "), "{}", ran.stdout);
    for file in ["g.json", "g.xml", "g.md", "g.html", "summary.md"] {
        let text = home.read(file);
        assert!(text.contains("fail"), "{file}");
        assert!(text.contains("release"), "{file}");
    }
    let quality: serde_json::Value = home.read("g.cq.json").parse().expect("JSON");
    assert!(quality.as_array().is_some_and(|all| !all.is_empty()), "{quality}");
    home.plumb(&["gate", "release", "--report", "pdf=x"]).exits(3).says(&["is no format of a report"]);
}
