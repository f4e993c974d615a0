//! What a person reads at night.

use plumb_gate::render::terminal;
use plumb_gate::render::text::is_unsafe;
use proptest::prelude::*;

use crate::attacks::{ATTACKS, nasty};
use crate::sample::{empty, failing, huge, overridden, passing, with_text};

/// As many lines with the same beginnings as with a tame text, and no character that moves or hides anything.
fn check(text: &str, is_overridden: bool) {
    let shown = terminal(&with_text(text, is_overridden), false);
    assert_eq!(shown.chars().find(|character| is_unsafe(*character) && *character != '\n'), None, "{text:?}");
    if !text.is_empty() {
        let tame = terminal(&with_text("tame", is_overridden), false);
        let beginnings = |shown: &str| -> Vec<String> {
            shown.lines().map(|line| line.chars().take_while(|own| !own.is_alphanumeric()).take(4).collect()).collect()
        };
        let (own, wanted) = (beginnings(&shown), beginnings(&tame));
        assert_eq!(own.len(), wanted.len(), "{text:?}: {shown}");
        assert!(own.iter().zip(&wanted).all(|(own, wanted)| own.starts_with(wanted)), "{text:?}: {shown}");
    }
}

#[test]
fn no_attack_moves_the_cursor_or_makes_a_line() {
    for attack in ATTACKS {
        check(attack, false);
        check(attack, true);
    }
}

proptest! {
    #[test]
    fn no_text_moves_the_cursor_or_makes_a_line(text in nasty(), is_overridden: bool) {
        check(&text, is_overridden);
    }
}

#[test]
fn five_lines_say_what_blocks_and_what_to_do() {
    for (decision, wanted) in [
        (
            failing(),
            &[
                "FAIL gate release: 2 findings that block",
                "blocks: features at staging: 2 of 40",
                "do: see it again: plumb replay",
                "or: to go on",
            ][..],
        ),
        (
            huge(500),
            &[
                "FAIL gate release",
                "blocks: features at t0",
                "and 498 more below",
                "do: see it again: plumb replay",
                "or: to go on",
            ],
        ),
        (empty(), &["INCONCLUSIVE gate release", "do: nothing was checked", "or: to go on"]),
        (
            overridden(),
            &[
                "OVERRIDDEN gate release",
                "override: Ada Lovelace answers for going on until 2026-11-22T11:00:00Z",
                "blocks: features",
                "do: see it again",
            ],
        ),
        (
            passing(),
            &["PASS gate release: every check passes", "judged: 412 cases judged at 1 target, 5,230 requests sent"],
        ),
    ] {
        let shown = terminal(&decision, false);
        let first: Vec<&str> = shown.lines().take(5).collect();
        let first = first.join("\n");
        for words in wanted {
            assert!(first.contains(words), "{words:?} is not in the first lines:\n{first}");
        }
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    for decision in [failing(), empty(), overridden(), passing()] {
        let (plain, coloured) = (terminal(&decision, false), terminal(&decision, true));
        assert!(coloured.contains("\u{1b}[1;"), "{coloured}");
        let bare = ["\u{1b}[1;31m", "\u{1b}[1;32m", "\u{1b}[1;33m", "\u{1b}[0m"]
            .iter()
            .fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(bare, plain);
    }
}

#[test]
fn a_terminal_shows_this() {
    insta::assert_snapshot!(terminal(&failing(), false));
}

#[test]
fn an_overridden_gate_shows_this() {
    insta::assert_snapshot!(terminal(&overridden(), false));
}
