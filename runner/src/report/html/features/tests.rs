use std::collections::BTreeSet;

use super::*;
use crate::report::features::fixture::{self, done, passed};

/// Elements that have no end.
const VOID: [&str; 2] = ["meta", "br"];

fn tags(page: &str) -> impl Iterator<Item = &str> {
    page.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag)
}

#[test]
fn every_element_ends_where_it_must() {
    let page = features(&fixture::report());
    let mut open: Vec<&str> = Vec::new();
    for tag in tags(&page).filter(|tag| !tag.starts_with('!')) {
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
        match tag.strip_prefix('/') {
            Some(name) if VOID.contains(&name) => panic!("</{name}>"),
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if VOID.contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn no_word_of_a_file_or_server_becomes_markup() {
    let page = features(&fixture::report());
    assert!(!page.to_lowercase().contains("<script") && !page.contains("<img"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the words are shown as words");
    assert!(!page.chars().any(|character| character == '\u{202e}' || (character.is_control() && character != '\n')));
}

#[test]
fn every_link_leads_to_one_place_in_the_page() {
    let page = features(&fixture::report());
    let ids: Vec<&str> = tags(&page).filter_map(|tag| attribute(tag, "id")).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len());
    let links: Vec<&str> = tags(&page).filter_map(|tag| attribute(tag, "href")).collect();
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        assert!(link.strip_prefix('#').is_some_and(|id| unique.contains(id)), "{link}");
    }
    assert!(!tags(&page).any(|tag| tag.contains(" src=") || tag.contains("://")));
}

fn attribute<'tag>(tag: &'tag str, name: &str) -> Option<&'tag str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[test]
fn scenarios_with_the_same_anchor_are_told_apart() {
    let mut report = fixture::empty();
    for path in ["a/x.feature", "b/x.feature"] {
        report.apply(&done(passed(path, 1, "A file can be read")));
    }
    let page = features(&report);
    for id in ["scenario-x.a_file_can_be_read_1", "scenario-x.a_file_can_be_read_1-2"] {
        assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
    }
}

#[test]
fn every_scenario_is_in_the_page_and_what_did_not_pass_with_its_command() {
    let report = fixture::report();
    let page = features(&report);
    assert_eq!(page.matches("class=\"scenario\"").count(), 17);
    for place in ["uploads.feature:40", "uploads.feature:50", "others.feature:20", "waiting.feature:10"] {
        assert!(page.contains(&format!("plumb test features/kv/{place} --target staging")), "{place}");
    }
    assert!(page.contains("Accepted</b>: storage-team"));
}

#[test]
fn scenarios_beyond_the_bound_are_counted_and_no_link_leads_to_them() {
    let mut report = fixture::empty();
    for at in 1..=SHOWN_FAILURES_MAX + 2 {
        let played = passed("features/kv/uploads.feature", at, "A file can be read");
        report.apply(&done(fixture::ended(played, 1, plumb_steps::played::StepEnd::Failed, "it is gone")));
    }
    let page = features(&report);
    assert!(page.contains("… and 2 more scenarios below."));
    assert_eq!(page.matches("<article").count(), SHOWN_FAILURES_MAX);
    assert_eq!(page.matches(">all of it</a>").count(), SHOWN_FAILURES_MAX);
}

#[test]
fn a_run_in_which_all_passed_says_so() {
    let page = features(&fixture::passing());
    assert!(page.contains("<h1 id=\"outcome\">74 scenarios passed</h1>"));
    assert!(!page.contains("<article") && !page.contains("<details class=\"feature\" open"));
}
