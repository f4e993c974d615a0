//! One alert for each endpoint and severity, whoever sees it.

use plumb_canary::alert::{Alert, AlertState};
use plumb_canary::plan::{Canary, Rule};
use plumb_canary::slot::Axis;

use crate::scene::{MINUTE, MINUTE_MS, START_MS, Scene, canary, plan, slots, states, watch};

fn two_rules(receivers: &[&str]) -> Scene {
    let down = Rule {
        receivers: receivers.iter().map(|name| (*name).to_owned()).collect(),
        ..slots(Axis::Availability, 1, 1)
    };
    let canaries: Vec<(&str, Canary)> =
        ["lists", "reads", "writes"].into_iter().map(|name| (name, canary(&["bank", "shop"], &["down"]))).collect();
    Scene::new(plan(&canaries, &[("down", down)]))
}

fn names(alert: &Alert) -> Vec<&str> {
    alert.watches.iter().map(|watch| watch.canary.as_str()).collect()
}

#[test]
fn canaries_at_one_endpoint_make_one_page() {
    let mut scene = two_rules(&["phone"]);
    let first = scene.slot("reads", "shop", 'x');
    assert_eq!(states(&first), [AlertState::Firing]);
    assert!(scene.slot("writes", "shop", 'x').is_empty());
    assert!(scene.slot("lists", "shop", 'x').is_empty());
    let other = scene.slot("reads", "bank", 'x');
    assert_eq!(states(&other), [AlertState::Firing]);
    assert_ne!(first[0].id, other[0].id);
    assert_eq!(scene.alarms.firing().len(), 2);
    for canary in ["lists", "reads"] {
        assert!(scene.slot(canary, "shop", '.').is_empty());
        assert!(scene.slot(canary, "shop", '.').is_empty());
    }
    assert!(scene.slot("writes", "shop", '.').is_empty());
    let last = scene.slot("writes", "shop", '.');
    assert_eq!((states(&last), &last[0].id), (vec![AlertState::Resolved], &first[0].id));
    let mut told = names(&last[0]);
    told.sort_unstable();
    assert_eq!(told, ["lists", "reads", "writes"], "whoever was told of a watch hears of its end");
}

#[test]
fn a_receiver_that_holds_alerts_is_told_what_they_name_now() {
    let mut scene = two_rules(&["phone", "manager"]);
    assert_eq!(scene.slot("reads", "shop", 'x')[0].receivers, ["manager", "phone"]);
    let said = scene.slot("writes", "shop", 'x');
    assert_eq!(states(&said), [AlertState::Updated]);
    assert_eq!((said[0].receivers.clone(), names(&said[0])), (vec!["manager".to_owned()], vec!["reads", "writes"]));
}

#[test]
fn whoever_was_not_told_yet_is_told_by_the_second_rule() {
    let own = |receiver: &str, axis| Rule { receivers: vec![receiver.to_owned()], ..slots(axis, 1, 1) };
    let rules = [("down", own("phone", Axis::Availability)), ("wrong", own("desk", Axis::Conformance))];
    let mut scene = Scene::new(plan(&[("reads", canary(&["shop"], &["down", "wrong"]))], &rules));
    assert_eq!(scene.slot("reads", "shop", 'x')[0].receivers, ["phone"]);
    let said = scene.slot("reads", "shop", 'c');
    assert_eq!((states(&said), &said[0].receivers[..]), (vec![AlertState::Firing], &["desk".to_owned()][..]));
    assert_eq!(said[0].rules, ["down", "wrong"]);
    let over: Vec<Alert> = scene.play("..").into_iter().map(|(_, alert)| alert).collect();
    assert_eq!((states(&over), &over[0].receivers.len()), (vec![AlertState::Resolved], &2));
}

#[test]
fn each_severity_is_an_alert_of_its_own() {
    let ticket = Rule { severity: "ticket".to_owned(), ..slots(Axis::Conformance, 1, 1) };
    let rules = [("a-ticket", ticket), ("down", slots(Axis::Availability, 2, 2))];
    let mut scene = Scene::new(plan(&[("reads", canary(&["shop"], &["a-ticket", "down"]))], &rules));
    let said = scene.play("cxx");
    let severities: Vec<&str> = said.iter().map(|(_, own)| own.severity.as_str()).collect();
    assert_eq!(severities, ["ticket", "page"]);
    let shown: Vec<String> = scene.alarms.firing().into_iter().map(|view| view.severity).collect();
    assert_eq!(shown, ["page", "ticket"], "the worst first");
}

#[test]
fn an_alert_says_all_that_whoever_is_called_needs() {
    let mut scene = Scene::new(crate::scene::one(slots(Axis::Conformance, 3, 5)));
    let mut said = scene.play("..cc");
    let mut own = crate::scene::ended(watch("reads", "shop"), scene.now_ms, 'c');
    own.version = Some("1.2.3".to_owned());
    said.extend(scene.alarms.observe(&own, scene.now_ms).into_iter().map(|own| (4, own)));
    let alert = &said[0].1;
    assert_eq!(alert.sums, ["reads@shop: 3 of the last 5 slots were bad on conformance"]);
    assert_eq!(alert.summary, "shop: reads: 3 of the last 5 slots were bad on conformance; service: it was seen");
    assert_eq!((alert.first_ms, alert.last_ms), (START_MS + 2 * MINUTE_MS, START_MS + 4 * MINUTE_MS));
    assert_eq!((alert.since_ms, alert.at_ms), (scene.now_ms, scene.now_ms));
    assert_eq!(alert.request_ids, ["request-4", "request-3", "request-2"]);
    assert_eq!(alert.findings, ["finding-4", "finding-3", "finding-2"]);
    assert!(alert.traceparent.as_deref().is_some_and(|own| own.starts_with("00-")));
    assert_eq!((alert.version.as_deref(), alert.place.as_deref()), (Some("1.2.3"), Some("service")));
    assert_eq!((alert.owners.clone(), alert.runbooks.len()), (vec!["storage".to_owned()], 1));
    assert_eq!(alert.replay.as_deref(), Some("plumb replay case.json"));
    assert_eq!(alert.links, ["https://plumb.example/?canary=reads&target=shop"]);
    assert_eq!((alert.region.as_str(), alert.target.as_str(), alert.id.len()), ("eu", "shop", 16));
}

#[test]
fn text_of_a_server_is_one_harmless_line_of_bounded_length() {
    let mut scene = Scene::new(crate::scene::one(slots(Axis::Availability, 1, 1)));
    let mut own = crate::scene::ended(watch("reads", "shop"), scene.now_ms, 'x');
    let trouble = own.trouble.as_mut().expect("a trouble");
    trouble.message = format!("\u{1b}[31mred\r\nline\u{202e}txet{}", "long".repeat(1_000));
    trouble.request_ids = vec!["a\nb".to_owned(); 9];
    let said = scene.alarms.observe(&own, scene.now_ms);
    let summary = &said[0].summary;
    assert!(summary.chars().count() <= plumb_canary::alert::SENTENCE_MAX, "{summary}");
    assert!(!summary.chars().any(|own| own.is_control() || own == '\u{202e}'), "{summary:?}");
    assert_eq!(said[0].request_ids, ["a b"]);
}

#[test]
fn a_hundred_canaries_at_one_endpoint_make_an_alert_of_bounded_size() {
    let names: Vec<String> = (0..100).map(|number| format!("canary-{number:02}")).collect();
    let canaries: Vec<(&str, Canary)> =
        names.iter().map(|name| (name.as_str(), canary(&["shop"], &["down"]))).collect();
    let mut scene = Scene::new(plan(&canaries, &[("down", slots(Axis::Availability, 1, 1))]));
    for name in &names {
        scene.slot(name, "shop", 'x');
    }
    scene.pass(MINUTE);
    let view = &scene.alarms.firing()[0];
    assert_eq!(view.watches.len(), plumb_canary::alert::WATCHES_MAX);
    assert!(view.summary.starts_with("shop: canary-00, canary-01, canary-02 and 97 more: 1 of"), "{}", view.summary);
}
