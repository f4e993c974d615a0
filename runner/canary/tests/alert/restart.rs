//! What outlives the daemon: nothing is told twice, and every end is told.

use std::sync::Arc;

use plumb_canary::alert::{Alarms, AlertState, Kept, OwnTrouble};
use plumb_canary::plan::{Canary, Plan, Rule};
use plumb_canary::slot::Axis;

use crate::scene::{MINUTE, Scene, canary, one, plan, slots, states};

/// The same alarms in a new process, by way of bytes.
fn restarted(scene: &Scene, plan: Plan) -> Scene {
    let bytes = serde_json::to_vec(&scene.alarms.kept()).expect("JSON");
    let kept: Kept = serde_json::from_slice(&bytes).expect("what was kept");
    Scene { alarms: Alarms::new(Arc::new(plan), Some(kept)), now_ms: scene.now_ms }
}

fn down() -> Plan {
    one(Rule { reminder: Some(10 * MINUTE), ..slots(Axis::Availability, 3, 5) })
}

#[test]
fn a_restart_after_any_slot_changes_nothing_of_what_is_said() {
    let letters = "x.xx.xxxxxxxxxxxxxxxx...x..xxx..xxx..xxx....................................";
    let through: Vec<_> = Scene::new(down()).play(letters);
    assert!(through.len() > 5, "{through:?}");
    for at in 0..letters.len() {
        let mut scene = Scene::new(down());
        let mut said = scene.play(&letters[..at]);
        let mut scene = restarted(&scene, down());
        said.extend(scene.play(&letters[at..]));
        assert_eq!(said, through, "restarted after {at} slots");
    }
}

#[test]
fn a_trouble_of_the_daemon_outlives_it() {
    let mut scene = Scene::new(down());
    scene.alarms.own(&OwnTrouble::KillSwitch, Some("gone"), scene.now_ms);
    let mut scene = restarted(&scene, down());
    assert!(scene.alarms.own(&OwnTrouble::KillSwitch, Some("gone"), scene.now_ms).is_empty());
    assert_eq!(states(&scene.alarms.own(&OwnTrouble::KillSwitch, None, scene.now_ms)), [AlertState::Resolved]);
}

#[test]
fn probation_goes_on_where_it_was() {
    let new = || {
        let canary = Canary { probation: 10 * MINUTE, ..canary(&["shop"], &["down"]) };
        plan(&[("reads", canary)], &[("down", slots(Axis::Availability, 1, 1))])
    };
    let mut scene = Scene::new(new());
    assert!(scene.play("xxxxxx").is_empty());
    let said = restarted(&scene, new()).play("xxxxxx");
    assert_eq!((said.len(), said[0].0), (1, 10));
}

#[test]
fn what_the_plan_has_no_longer_is_over() {
    let mut scene = Scene::new(down());
    assert_eq!(scene.play("xxx").len(), 1);
    let gone = || plan(&[("writes", canary(&["bank"], &["rule"]))], &[("rule", slots(Axis::Availability, 3, 5))]);
    let mut scene = restarted(&scene, gone());
    let said = scene.alarms.tick(scene.now_ms);
    assert_eq!((states(&said), &said[0].receivers[..]), (vec![AlertState::Resolved], &["phone".to_owned()][..]));
    assert!(scene.alarms.firing().is_empty());
}
