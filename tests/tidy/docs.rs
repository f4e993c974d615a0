//! Rules for prose.

use std::path::Path;

use crate::{files, root};

/// The targets of Markdown links in `text` that are files of the project.
fn links(text: &str) -> Vec<&str> {
    let parts = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    parts
        .map(|link| link.split('#').next().unwrap_or(link))
        .filter(|link| !link.is_empty() && !link.contains(':'))
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for (path, text) in files(".", ".md") {
        let folder = root().join(Path::new(&path).parent().unwrap_or(Path::new("")));
        for link in links(&text) {
            if !folder.join(link).exists() {
                broken.push(format!("{path}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn every_test_that_the_architecture_names_exists() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let named = text.split('`').filter(|word| word.contains("tests/") || word.contains("src/"));
    let paths = named.filter(|word| !word.contains(' ') && !word.contains('*') && *word != "src/");
    let missing: Vec<&str> = paths.filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_changelog_knows_this_version() {
    let text = std::fs::read_to_string(root().join("CHANGELOG.md")).expect("CHANGELOG.md");
    assert!(text.contains(&format!("## [{}]", env!("CARGO_PKG_VERSION"))));
    assert!(text.contains("## [Unreleased]"));
}

#[test]
fn the_gate_runs_the_commands_of_the_readme() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let gate = std::fs::read_to_string(root().join(".ci/run")).expect(".ci/run");
    for command in ["cargo test", "cargo run --release --bin plumb -- demo"] {
        assert!(readme.lines().any(|line| line == command), "README.md lacks {command:?}");
        assert!(gate.lines().any(|line| line == command), ".ci/run lacks {command:?}");
    }
}

#[test]
fn every_word_of_the_glossary_is_explained_once() {
    let text = std::fs::read_to_string(root().join("docs/glossary.md")).expect("docs/glossary.md");
    let words: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()).skip(1).collect();
    let mut sorted = words.clone();
    sorted.sort_unstable_by_key(|word| word.to_lowercase());
    sorted.dedup();
    assert_eq!(words, sorted, "in alphabetical order, each once");
}

#[test]
fn the_table_of_phrases_is_that_of_the_registry() {
    let registry = plumb_runner::features::registry(&plumb_s3_plugin::plugin()).expect("phrases");
    let text = std::fs::read_to_string(root().join("docs/phrases.md")).expect("docs/phrases.md");
    let (_, table) = text.split_once("\n\n").expect("a table behind the words before it");
    let expected = plumb_steps::registry::phrases_markdown(&registry);
    assert_eq!(table, expected, "write what `plumb test --phrases --api s3` prints");
}
