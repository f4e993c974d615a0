//! The page that explains the metrics, held against the metrics.

use std::collections::BTreeMap;
use std::path::Path;

use plumb_canary::metrics::{FAMILIES, Family, Kind};

use crate::site::{Fixture, numbers};
use plumb_canary::view::Source as _;

/// A row of the table in `docs/metrics.md`.
fn row(family: &Family) -> String {
    let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
    let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
    let unit = if family.unit.is_empty() { "–" } else { family.unit };
    format!("| `{}` | {} | {labels} | {unit} | {} |", family.name(), family.word(), family.help)
}

#[test]
fn the_table_of_metrics_is_that_of_the_registry() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let text = std::fs::read_to_string(page).expect("docs/metrics.md");
    let documented: Vec<&str> = text.lines().filter(|line| line.starts_with("| `plumb_")).collect();
    let known: Vec<String> = FAMILIES.iter().map(row).collect();
    assert_eq!(documented, known, "\n{}", known.join("\n"));
}

/// What a text says of each metric that it holds: kind, unit and labels.
fn families(text: &str) -> BTreeMap<String, (String, String, Vec<String>)> {
    let mut families: BTreeMap<String, (String, String, Vec<String>)> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "TYPE", stem, kind] => {
                stem.clone_into(&mut name);
                kind.clone_into(&mut families.entry(name.clone()).or_default().0);
            }
            ["#", "UNIT", _, unit] => unit.clone_into(&mut families.entry(name.clone()).or_default().1),
            ["#", ..] => {}
            _ => {
                assert!(line.starts_with(&name), "{line} under {name}");
                let labels =
                    line.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(labels, _)| labels);
                let names =
                    labels.split(',').filter_map(|label| label.split_once('=')).map(|(name, _)| name.to_owned());
                families.entry(name.clone()).or_default().2 =
                    names.filter(|name| name != "region" && name != "le").collect();
            }
        }
    }
    families
}

#[test]
fn everything_in_the_registry_is_written_as_it_says() {
    let fixture = Fixture::default();
    let text = fixture.metrics.text(&numbers(&fixture.board()));
    let written = families(&text);
    assert_eq!(written.len(), FAMILIES.len(), "{:?}", written.keys());
    for family in FAMILIES {
        let name = family.name();
        // In this format the type is told of the name without the suffix that its samples have.
        let stem = name.strip_suffix("_total").or_else(|| name.strip_suffix("_info")).unwrap_or(&name);
        let (kind, unit, labels) = written.get(stem).unwrap_or_else(|| panic!("{name} is not written"));
        assert_eq!((kind.as_str(), unit.as_str()), (family.word(), family.unit), "{name}");
        if family.kind != Kind::Info {
            assert_eq!(labels, family.labels, "{name}");
        }
    }
}

#[test]
fn names_follow_the_conventions() {
    for family in FAMILIES {
        let name = family.name();
        assert!(
            name.starts_with("plumb_") && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{name}"
        );
        assert_eq!(name.ends_with("_total"), family.kind == Kind::Counter, "{name}");
        assert!(["", "seconds", "bytes", "ratio"].contains(&family.unit), "{name}: base units only");
        assert!(!family.help.is_empty() && !family.help.ends_with('.'), "{name}");
    }
}
