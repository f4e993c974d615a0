//! Each rule fires at one slot exactly, and ends at one.

use std::time::Duration;

use plumb_canary::alert::AlertState;
use plumb_canary::plan::{Rule, When};
use plumb_canary::slot::{Axis, SlotKind, Timing};

use crate::scene::{HOUR, MINUTE, Scene, check, ended, one, rule, slots, watch};

#[test]
fn so_many_bad_slots_of_the_last_ones_fire_it() {
    let available = || one(slots(Axis::Availability, 3, 5));
    check(available(), "....................", "");
    check(available(), "xx..x..x.x", "4 firing, 6 resolved");
    check(available(), "..xxxxx", "4 firing");
    check(available(), "..x.x.x", "6 firing");
    // Three of six are too few.
    check(available(), "x.x..x.x..x.x..x", "");
    check(available(), "xxx.x..", "2 firing, 6 resolved");
    check(one(slots(Axis::Availability, 1, 1)), "x..x", "0 firing, 2 resolved, 3 firing");
    check(one(slots(Axis::Conformance, 2, 2)), "cxxxc..", "4 firing, 6 resolved");
}

#[test]
fn slots_that_say_nothing_move_nothing() {
    check(one(slots(Axis::Availability, 3, 3)), "xmsoidxppix", "10 firing");
    check(one(slots(Axis::Availability, 2, 2)), "xx.miiiso.", "1 firing, 9 resolved");
}

#[test]
fn bad_slots_before_the_end_fire_nothing_a_second_time() {
    check(one(slots(Axis::Availability, 3, 5)), "xxx..x..", "2 firing, 4 resolved");
    check(one(slots(Axis::Availability, 3, 5)), "xxx..x.xx", "2 firing, 4 resolved, 8 firing");
}

#[test]
fn a_black_holed_target_pages_on_availability_and_has_no_divergence() {
    let rules = [("gone", slots(Axis::Availability, 3, 5)), ("wrong", slots(Axis::Conformance, 1, 5))];
    let canary = crate::scene::canary(&["shop"], &["gone", "wrong"]);
    let mut scene = Scene::new(crate::scene::plan(&[("reads", canary)], &rules));
    let said = scene.play("....xxxxxxxxxxxx");
    assert_eq!(said.len(), 1);
    let (minute, alert) = &said[0];
    assert_eq!((*minute, alert.axis, alert.state), (6, Some(Axis::Availability), AlertState::Firing));
    assert_eq!(alert.rules, ["gone"]);
    let summary = "shop: reads: 3 of the last 5 slots were bad on availability; way (connect): it was seen";
    assert_eq!(alert.summary, summary);
    assert_eq!(scene.alarms.sums().slots(&watch("reads", "shop"), Axis::Conformance, HOUR, scene.now_ms).bad, 0);
}

#[test]
fn slots_that_run_sooner_fire_a_count_and_those_that_were_asked_for_fire_nothing() {
    let fires = |kind: SlotKind| {
        let mut scene = Scene::new(one(slots(Axis::Availability, 2, 2)));
        let mut said = scene.slot("reads", "shop", 'x');
        let mut again = ended(watch("reads", "shop"), scene.now_ms + 10_000, 'x');
        again.slot.kind = kind;
        said.extend(scene.alarms.observe(&again, scene.now_ms + 10_000));
        let counted = scene.alarms.sums().slots(&watch("reads", "shop"), Axis::Availability, HOUR, scene.now_ms);
        assert_eq!(counted.bad, 1, "only the first is in the SLI");
        said.len()
    };
    assert_eq!((fires(SlotKind::Retry), fires(SlotKind::Asked)), (1, 0));
}

fn burn() -> Rule {
    // 20 % bad over an hour and over five minutes: 20 times the budget of 1 %.
    rule(When::BurnRate { axis: Axis::Availability, factor: 20.0, long: HOUR, short: 5 * MINUTE })
}

#[test]
fn a_burn_rate_fires_once_both_windows_burn_and_ends_with_the_short_one() {
    let hour = ".".repeat(60);
    // The 13th of the last 61 minutes is more than 20 %; five good ones in a row leave less than 20 % in the short window.
    check(one(burn()), &format!("{hour}xxxxxxxxxxxxxxx......"), "72 firing, 79 resolved");
    // A spread of bad slots that never makes 20 % in an hour.
    check(one(burn()), &format!("{hour}{}", "x.....".repeat(20)), "");
    // What fires stays as long as nobody knows better.
    check(one(burn()), &format!("{hour}{}{}", "x".repeat(13), "m".repeat(30)), "72 firing");
}

#[test]
fn one_bad_slot_never_fires_a_burn_rate() {
    check(one(burn()), "x", "");
    check(one(burn()), "x......................................", "");
    check(one(burn()), &format!("{}x.", "m".repeat(120)), "");
}

#[test]
fn a_burn_rate_shows_its_sum() {
    let said = Scene::new(one(burn())).play(&format!("{}{}", ".".repeat(60), "x".repeat(13)));
    assert_eq!(
        said[0].1.sums,
        ["reads@shop: availability budget burns too fast: 13 of 61 slots in 1h were bad (21.31 times), 6 of 6 slots in \
          5m were bad (100.0 times)"
            .replace("100.0", "100")]
    );
}

#[test]
fn slow_exchanges_fire_the_latency_rule_and_fast_ones_end_it() {
    let rule = rule(When::Latency { over: 10 * MINUTE, exchanges_min: 20 });
    let mut scene = Scene::new(one(rule));
    let mut said = Vec::new();
    // Five exchanges a slot: after four slots there are enough to tell.
    for slow in [0, 0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] {
        let timing = |at: u32| Timing { total_us: if at < slow { 100_001 } else { 100_000 }, ..Timing::default() };
        let mut own = ended(watch("reads", "shop"), scene.now_ms, '.');
        own.timings = (0..5).map(timing).collect();
        let minute = scene.minute();
        said.extend(scene.alarms.observe(&own, scene.now_ms).into_iter().map(|own| (minute, own.state, own.sums)));
        scene.pass(MINUTE);
    }
    let sum = "reads@shop: 4 of 25 exchanges in 10m took longer than 100ms: 16 %, where 10 % may";
    let wanted = [(4, AlertState::Firing, vec![sum.to_owned()])];
    assert_eq!(said[..1], wanted);
    assert_eq!((said.len(), said[1].0, said[1].1), (2, 7, AlertState::Resolved));
}

#[test]
fn a_target_of_which_nothing_is_known_fires_after_its_time() {
    let missed = || one(rule(When::AllMissed { over: 5 * MINUTE }));
    check(missed(), "...mmmmmmm.", "7 firing, 10 resolved");
    check(missed(), "...msmomsm.", "7 firing, 10 resolved");
    check(missed(), "...mmmm.mmmm.", "");
    // What started is known, whatever came of it.
    check(missed(), "...xxxdiidiix", "");
}

#[test]
fn slots_that_were_missed_while_nobody_listened_fire_nothing() {
    let mut scene = Scene::new(one(rule(When::AllMissed { over: 5 * MINUTE })));
    let gap = ended(watch("reads", "shop"), scene.now_ms - 3_600_000, 'm').for_all_until(60, scene.now_ms - 60_000);
    assert!(scene.alarms.observe(&gap, scene.now_ms).is_empty());
    assert!(scene.alarms.tick(scene.now_ms).is_empty());
    assert!(scene.play("..").is_empty());
}

#[test]
fn what_lasts_is_told_again() {
    let rule = Rule { reminder: Some(Duration::from_mins(10)), ..slots(Axis::Availability, 1, 1) };
    let letters = format!("{}..", "x".repeat(25));
    check(one(rule), &letters, "0 firing, 10 reminder, 20 reminder, 26 resolved");
}

#[test]
fn what_comes_and_goes_does_not_page_each_time() {
    let times = "x..".repeat(20);
    let wanted = "0 firing, 2 resolved, 3 firing, 5 resolved, 6 firing, 89 resolved";
    check(one(slots(Axis::Availability, 1, 1)), &format!("{times}{}", ".".repeat(60)), wanted);
}
