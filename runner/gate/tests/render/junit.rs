//! `JUnit`, read by a parser of XML.

use plumb_gate::decision::Decision;
use plumb_gate::render::junit;
use plumb_gate::render::text::line;
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::attacks::{ATTACKS, nasty};
use crate::sample::{empty, failing, huge, overridden, passing, with_text};

/// A case, and how it ended: `passed`, or the name of the element that says otherwise with its type and message.
#[derive(Debug, Default, Clone)]
struct Case {
    class: String,
    name: String,
    end: String,
    kind: String,
    message: String,
}

/// What is in a document: its elements in order, and the cases.
fn read(xml: &str) -> (Vec<String>, Vec<Case>) {
    let mut reader = Reader::from_str(xml);
    let (mut elements, mut cases): (Vec<String>, Vec<Case>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Eof => return (elements, cases),
            Event::Start(tag) | Event::Empty(tag) => {
                let name: String = tag.name().as_ref().to_owned();
                let attribute = |key: &str| {
                    let own = tag.try_get_attribute(key).expect("attributes are well-formed");
                    let value = own.map(|own| {
                        own.normalized_value(quick_xml::XmlVersion::Implicit1_0).expect("a value").into_owned()
                    });
                    value.unwrap_or_default()
                };
                match name.as_str() {
                    "testcase" => cases.push(Case {
                        class: attribute("classname"),
                        name: attribute("name"),
                        end: "passed".to_owned(),
                        ..Case::default()
                    }),
                    "failure" | "error" | "skipped" => {
                        let case = cases.last_mut().expect("an end belongs to a case");
                        (case.end, case.kind, case.message) = (name.clone(), attribute("type"), attribute("message"));
                    }
                    _ => {}
                }
                elements.push(name);
            }
            Event::Comment(_) | Event::CData(_) | Event::PI(_) | Event::DocType(_) => panic!("none of ours: {xml}"),
            _ => {}
        }
    }
}

fn cases(decision: &Decision) -> Vec<Case> {
    read(&junit(decision).expect("a decision is XML")).1
}

/// The same elements as with a tame text, the text in them, and no character that XML forbids (XML 1.0, production 2).
fn check(text: &str, is_overridden: bool) {
    let xml = junit(&with_text(text, is_overridden)).expect("a decision is XML");
    let is_char =
        |character: char| matches!(character, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert_eq!(xml.chars().find(|character| !is_char(*character)), None, "{text:?}");
    let (elements, cases) = read(&xml);
    // A target without a name is no target: what is at it stands with the gate; and a command that is none is left out.
    if !text.is_empty() {
        let tame = junit(&with_text("tame", is_overridden)).expect("a decision is XML");
        assert_eq!(elements, read(&tame).0, "{text:?}: {xml}");
    }
    let message = &cases[0].message;
    assert!(message.contains(line(text).trim()), "{text:?} is lost: {message:?}");
}

#[test]
fn no_attack_changes_what_the_xml_is() {
    for attack in ATTACKS {
        check(attack, false);
        check(attack, true);
    }
}

proptest! {
    #[test]
    fn no_text_changes_what_the_xml_is(text in nasty(), is_overridden: bool) {
        check(&text, is_overridden);
    }
}

#[test]
fn every_check_and_finding_ends_as_it_is() {
    let ends = |decision: &Decision| -> Vec<String> {
        cases(decision)
            .iter()
            .map(|case| format!("{} {} {}", case.name, case.end, case.kind).trim().to_owned())
            .collect()
    };
    assert_eq!(
        ends(&failing()),
        [
            "verdict failure fail",
            "minimum passed",
            "features failure fail",
            "coverage error inconclusive",
            "finding a1 failure new",
            "finding b2 failure expired",
            "finding c3 skipped known",
            "finding d4 skipped accepted",
            "finding e5 skipped expired",
            "not judged: the target has no versions of items skipped unsupported",
        ]
    );
    assert_eq!(ends(&passing())[..2], ["verdict passed", "minimum passed"]);
    assert_eq!(ends(&empty()), ["verdict error inconclusive"], "an empty report would look green");
}

#[test]
fn what_is_overridden_neither_stops_a_pipeline_nor_passes() {
    let all = cases(&overridden());
    assert!(all.iter().all(|case| case.end != "failure" && case.end != "error"), "{all:?}");
    for case in
        all.iter().filter(|case| ["verdict", "features", "coverage", "finding a1", "finding b2"].contains(&&*case.name))
    {
        assert_eq!((case.end.as_str(), case.kind.as_str()), ("skipped", "overridden"), "{case:?}");
        assert!(case.message.starts_with("Ada Lovelace answers for going on until 2026-11-22T11:00:00Z"), "{case:?}");
        assert!(case.message.contains("because: the fix must go out tonight"), "{case:?}");
    }
    assert_eq!(all.iter().filter(|case| case.end == "passed").count(), 1, "only the check that passes");
}

#[test]
fn no_two_cases_have_the_same_name() {
    let all = cases(&with_text("same", false));
    let mut names: Vec<_> = all.iter().map(|case| (&case.class, &case.name)).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all.len(), "{all:?}");
}

#[test]
fn what_is_too_much_is_counted_and_blocks_all_the_same() {
    let all = cases(&huge(1_000));
    let more = all.iter().find(|case| case.name == "more findings").expect("a case for the rest");
    assert_eq!((more.end.as_str(), more.kind.as_str()), ("failure", "more"));
    assert!(more.message.starts_with("700 findings more"), "{more:?}");
}

#[test]
fn pipelines_get_this() {
    insta::assert_snapshot!(junit(&failing()).expect("a decision is XML"));
}
