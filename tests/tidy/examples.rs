//! The configurations that the documentation shows are taken as they stand.

use plumb_runner::config::Config;
use plumb_runner::credentials::Credentials;
use plumb_s3_plugin::plugin;

use crate::files;

/// The examples in TOML of a page.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next())
}

/// The names of the targets in a configuration.
fn targets(block: &str) -> Vec<&str> {
    let headings = block.lines().filter_map(|line| line.trim_start_matches('[').strip_prefix("targets."));
    let mut names: Vec<&str> = headings.filter_map(|rest| rest.split(['.', ']']).next()).collect();
    names.dedup();
    names
}

#[test]
fn every_identity_in_the_docs_can_be_configured() {
    let (api, mut seen) = ((plugin().api)(), Vec::new());
    for (path, text) in files(".", ".md") {
        for block in blocks(&text).filter(|block| block.contains(".actors.")) {
            // Some show an identity alone.
            let names = targets(block);
            let bare = names.iter().filter(|name| !block.contains(&format!("[targets.{name}]\n")));
            let head = bare.map(|name| format!("[targets.{name}]\napi = \"s3\"\nendpoint = \"http://127.0.0.1\"\n"));
            let text = head.collect::<String>() + block;
            let config = Config::parse(&path, text).unwrap_or_else(|error| panic!("{path}: {error}"));
            for name in names {
                let opened = Credentials::open(&plugin(), &api, &config, name);
                let opened = opened.unwrap_or_else(|error| panic!("{path}, {name}: {error}"));
                seen.push(format!("{path} {name} {}", opened.expiries().len()));
            }
        }
    }
    for known in ["docs/credentials.md staging 2", "docs/credentials.md canary 2", "docs/identities.md staging 2"] {
        assert!(seen.iter().any(|seen| seen == known), "{known} is not among {seen:?}");
    }
}
