//! The daemon's own troubles are told as such, and never as somebody's outage.

use plumb_canary::alert::{Alert, AlertState, OWN_REMINDER, OwnTrouble};
use plumb_canary::plan::Rule;
use plumb_canary::slot::Axis;

use crate::scene::{HOUR, MINUTE, Scene, one, slots, states};

fn scene() -> Scene {
    Scene::new(one(Rule { receivers: vec!["phone".to_owned()], ..slots(Axis::Availability, 1, 1) }))
}

#[test]
fn expired_credentials_have_an_alert_of_their_own() {
    let mut scene = scene();
    let said = scene.play("kkkk..");
    assert_eq!(said.len(), 2, "{said:?}");
    let (minute, alert) = &said[0];
    assert_eq!((*minute, alert.rules[0].as_str(), alert.target.as_str()), (0, "agent-credentials", ""));
    assert_eq!((alert.axis, alert.place.as_deref(), alert.watches.len()), (None, Some("credentials"), 1));
    let summary = "agent in eu: the credentials for shop do not work, so that nothing is known of it: it was seen";
    assert_eq!(alert.summary, summary);
    assert_eq!((said[1].0, said[1].1.state), (4, AlertState::Resolved));
}

#[test]
fn a_trouble_of_the_pool_pages_nobody() {
    assert!(scene().play("pppppppp").is_empty());
}

#[test]
fn each_trouble_begins_once_is_told_again_and_ends() {
    let troubles = [
        (OwnTrouble::Leaks, "ticket"),
        (OwnTrouble::Credentials("shop".to_owned()), "page"),
        (OwnTrouble::KillSwitch, "page"),
        (OwnTrouble::Delivery("desk".to_owned()), "page"),
        (OwnTrouble::Store, "ticket"),
    ];
    let mut ids = std::collections::BTreeSet::new();
    for (what, severity) in troubles {
        let mut scene = scene();
        assert!(scene.alarms.own(&what, None, scene.now_ms).is_empty(), "nothing is over that never was");
        let said = scene.alarms.own(&what, Some("seen\nonce"), scene.now_ms);
        assert_eq!((states(&said), said[0].severity.as_str()), (vec![AlertState::Firing], severity));
        assert!(said[0].summary.ends_with(": seen once"), "{}", said[0].summary);
        assert!(ids.insert(said[0].id.clone()), "{what:?}");
        scene.pass(MINUTE);
        assert!(scene.alarms.own(&what, Some("seen again"), scene.now_ms).is_empty());
        assert_eq!(scene.alarms.firing().len(), 1);
        scene.pass(OWN_REMINDER);
        assert_eq!(states(&scene.alarms.tick(scene.now_ms)), [AlertState::Reminder]);
        assert_eq!(states(&scene.alarms.own(&what, None, scene.now_ms)), [AlertState::Resolved]);
        scene.pass(2 * HOUR);
        assert!(scene.alarms.tick(scene.now_ms).is_empty());
        assert!(scene.alarms.firing().is_empty());
    }
}

#[test]
fn whoever_is_told_of_pages_is_told_of_those_troubles_and_everybody_of_the_rest() {
    let mut scene = scene();
    let told = |said: &[Alert]| said[0].receivers.clone();
    assert_eq!(told(&scene.alarms.own(&OwnTrouble::KillSwitch, Some("gone"), scene.now_ms)), ["phone"]);
    assert_eq!(told(&scene.alarms.own(&OwnTrouble::Store, Some("full"), scene.now_ms)), ["desk", "manager", "phone"]);
    let deaf = OwnTrouble::Delivery("phone".to_owned());
    assert_eq!(told(&scene.alarms.own(&deaf, Some("refused"), scene.now_ms)), ["desk", "manager"]);
}
