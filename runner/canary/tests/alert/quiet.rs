//! When nobody is told although something fires: probation, maintenance, and canaries that need others.

use plumb_canary::alert::AlertState;
use plumb_canary::plan::{Canary, During, Maintenance, Plan, When};
use plumb_canary::schedule::Cadence;
use plumb_canary::slot::Axis;

use crate::scene::{MINUTE, MINUTE_MS, START_MS, Scene, canary, check, one, plan, rule, slots, states, watch};

fn down() -> [(&'static str, plumb_canary::plan::Rule); 1] {
    [("down", slots(Axis::Availability, 1, 1))]
}

fn on_probation() -> Plan {
    let canary = Canary { probation: 10 * MINUTE, ..canary(&["shop"], &["down"]) };
    plan(&[("reads", canary)], &down())
}

#[test]
fn a_new_canary_tells_nobody_and_is_shown() {
    let mut scene = Scene::new(on_probation());
    assert!(scene.play("xx").is_empty());
    let shown = scene.alarms.firing();
    assert_eq!(shown.len(), 1);
    assert!(shown[0].summary.ends_with("; nobody is told: on probation until 2023-11-14T22:10:00Z"), "{shown:?}");
    assert!(scene.alarms.muted(&watch("reads", "shop")).is_some());
}

#[test]
fn what_still_fires_after_probation_is_told_then() {
    check(on_probation(), "xxx..xxxxxxxxxx", "10 firing");
    check(on_probation(), "xxx............", "");
}

fn maintained(targets: &[&str], canaries: &[&str]) -> Plan {
    let words = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let during = During::Once { from_ms: START_MS + 5 * MINUTE_MS, until_ms: START_MS + 10 * MINUTE_MS };
    let own = Maintenance {
        reason: "new disks".to_owned(),
        targets: words(targets),
        canaries: words(canaries),
        during,
        keeps_checking: true,
    };
    Plan { maintenance: vec![own], ..one(slots(Axis::Availability, 1, 1)) }
}

#[test]
fn a_maintenance_holds_alerts_back_until_its_end() {
    for (targets, canaries) in [(&[][..], &[][..]), (&["shop"], &[]), (&[], &["reads"]), (&["shop"], &["reads"])] {
        check(maintained(targets, canaries), ".....xxxxxxxx..", "10 firing, 14 resolved");
        check(maintained(targets, canaries), ".....xxx.......", "");
        check(maintained(targets, canaries), "....xxxx.......", "4 firing, 9 resolved");
    }
    for (targets, canaries) in [(&["bank"][..], &[][..]), (&[], &["writes"])] {
        check(maintained(targets, canaries), ".....xx..", "5 firing, 8 resolved");
    }
}

#[test]
fn a_maintenance_that_comes_again_holds_alerts_back_each_time() {
    // The start is on a full hour: held in the minutes 0 and 1, 4 and 5, and so on.
    let begins = Cadence::cron("*/4 * * * *", "UTC").expect("a line of cron");
    let mut plan = maintained(&[], &[]);
    plan.maintenance[0].during = During::Repeated { begins, lasts: 2 * MINUTE };
    check(plan.clone(), "xx..xx..xx..", "");
    // What was seen in the second one alone is nothing to be told of once it is over.
    check(plan, "..xx....xx..", "2 firing, 5 resolved");
}

#[test]
fn nothing_was_missed_in_a_maintenance_once_it_is_over() {
    let plan = |maintenance| {
        let own =
            plan(&[("reads", canary(&["shop"], &["blind"]))], &[("blind", rule(When::AllMissed { over: 3 * MINUTE }))]);
        Plan { maintenance, ..own }
    };
    check(plan(Vec::new()), ".....ssssss.", "7 firing, 11 resolved");
    check(plan(maintained(&[], &[]).maintenance), ".....sssss.", "");
    // What is missed after it is told, counted from its end.
    check(plan(maintained(&[], &[]).maintenance), ".....sssssmmmmm.", "12 firing, 15 resolved");
}

/// `connects` needs nothing, `reads` needs `connects`, `lists` needs `reads`.
fn chain() -> Scene {
    let needs = |name: &str| Canary { depends_on: vec![name.to_owned()], ..canary(&["bank", "shop"], &["down"]) };
    let canaries =
        [("connects", canary(&["bank", "shop"], &["down"])), ("lists", needs("reads")), ("reads", needs("connects"))];
    Scene::new(plan(&canaries, &down()))
}

#[test]
fn canaries_that_need_another_are_named_in_its_alert_and_tell_nothing() {
    let mut scene = chain();
    assert_eq!(states(&scene.slot("connects", "shop", 'x')), [AlertState::Firing]);
    assert!(scene.slot("reads", "shop", 'x').is_empty());
    assert!(scene.slot("lists", "shop", 'x').is_empty());
    assert_eq!(states(&scene.slot("lists", "bank", 'x')), [AlertState::Firing], "nothing is wrong below it there");
    scene.slot("connects", "shop", '.');
    let said = scene.slot("connects", "shop", '.');
    assert!(said.is_empty(), "the page of the endpoint goes on, now because of what could not work before");
    let shown = scene.alarms.firing();
    assert_eq!(shown.len(), 2);
}

#[test]
fn an_alert_names_whoever_it_keeps_quiet() {
    let mut scene = chain();
    scene.slot("reads", "shop", 'x');
    scene.slot("lists", "shop", 'x');
    let kept = scene.alarms.kept();
    let text = serde_json::to_value(kept).expect("JSON");
    let last = &text["pages"][0][1]["last"];
    assert_eq!(last["inhibited"][0]["canary"], "lists");
    assert_eq!(last["watches"][0]["canary"], "reads");
}

#[test]
fn a_new_canary_keeps_nobody_quiet() {
    let new = Canary { probation: 60 * MINUTE, ..canary(&["shop"], &["down"]) };
    let needs = Canary { depends_on: vec!["connects".to_owned()], ..canary(&["shop"], &["down"]) };
    let mut scene = Scene::new(plan(&[("connects", new), ("reads", needs)], &down()));
    assert!(scene.slot("connects", "shop", 'x').is_empty());
    assert_eq!(states(&scene.slot("reads", "shop", 'x')), [AlertState::Firing]);
}

#[test]
fn canaries_that_need_each_other_keep_each_other_from_nothing() {
    let needs = |names: &[&str]| Canary {
        depends_on: names.iter().map(|name| (*name).to_owned()).collect(),
        ..canary(&["shop"], &["down"])
    };
    let mut scene = Scene::new(plan(&[("reads", needs(&["gone", "writes"])), ("writes", needs(&["reads"]))], &down()));
    assert_eq!(states(&scene.slot("reads", "shop", 'x')), [AlertState::Firing]);
    assert!(scene.slot("writes", "shop", 'x').is_empty(), "it joins the page");
    let shown = scene.alarms.firing();
    assert!(!shown[0].summary.contains("nobody is told"), "{shown:?}");
}
