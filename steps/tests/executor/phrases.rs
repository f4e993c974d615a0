//! The phrases themselves.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use plumb_steps::registry::{Registry, phrases_markdown};

#[test]
fn the_table_of_phrases_has_all_of_them() {
    let registry = Registry::new(&[plumb_steps::source()]).expect("phrases");
    assert_snapshot!(phrases_markdown(&registry));
}

#[test]
fn no_phrase_is_said_twice() {
    let registry = Registry::new(&[plumb_steps::source()]).expect("phrases");
    let mut said = BTreeSet::new();
    for phrase in registry.phrases() {
        assert!(said.insert((phrase.kind as usize, phrase.said())), "{} {}", phrase.said(), phrase.place);
    }
}
