//! What a lane does with the time, and with more than it has room for.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;

use super::backoff::{PAUSE_FIRST, PAUSE_MAX, pause};
use super::lane::{AGE_MAX, Lane, REFUSED_MAX, TRY_MAX};
use super::queue::{QUEUE_MAX, Queue};
use super::{Road, TryError};
use crate::alert::{Alert, AlertState, blank};
use crate::clock::{Clock, Now};

/// A clock that somebody sets.
#[derive(Default)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Now {
        Now { wall_ms: self.0.load(Ordering::Relaxed), since: Duration::ZERO }
    }
}

/// What a receiver does next.
#[derive(Clone, Copy)]
enum Does {
    Takes,
    Hangs,
    IsDown,
    CannotNow,
    Refuses,
}

/// A receiver that does what somebody says.
struct Whim<F> {
    does: F,
    tries: Arc<Mutex<Vec<(Instant, String, AlertState)>>>,
}

impl<F: Fn(&Alert, usize) -> Does + Send + Sync> Road for Whim<F> {
    fn tell<'a>(&'a self, alert: &'a Alert) -> BoxFuture<'a, Result<(), TryError>> {
        let number = {
            let mut tries = self.tries.lock().expect("no panic");
            tries.push((Instant::now(), alert.id.clone(), alert.state));
            tries.len()
        };
        let does = (self.does)(alert, number);
        Box::pin(async move {
            match does {
                Does::Takes => Ok(()),
                Does::Hangs => std::future::pending().await,
                Does::IsDown => Err(TryError::Down("gone".to_owned())),
                Does::CannotNow => Err(TryError::Later("it answered 503".to_owned())),
                Does::Refuses => Err(TryError::Refused("it answered 400".to_owned())),
            }
        })
    }
}

fn alert(id: &str, state: AlertState) -> Alert {
    Alert { state, ..blank("eu", id.to_owned(), "page", "shop", 0) }
}

type Tries = Arc<Mutex<Vec<(Instant, String, AlertState)>>>;

/// A lane to a receiver that does so, and what it was told.
fn lane(does: impl Fn(&Alert, usize) -> Does + Send + Sync + 'static) -> (Arc<Lane>, Tries, Arc<Hands>) {
    let (tries, hands): (Tries, Arc<Hands>) = Default::default();
    let lane = Arc::new(Lane::new("phone", Queue::default(), hands.clone(), 7));
    tokio::spawn(lane.clone().deliver(Box::new(Whim { does, tries: tries.clone() })));
    (lane, tries, hands)
}

fn order(tries: &Tries) -> Vec<String> {
    tries.lock().expect("no panic").iter().map(|(_, id, state)| format!("{id} {}", state.word())).collect()
}

#[test]
fn pauses_grow_up_to_a_bound_and_differ_between_receivers() {
    let mut before = Duration::ZERO;
    for tries in 1..=9 {
        let most = PAUSE_FIRST * 2_u32.pow(tries - 1);
        let own = pause(1, "phone", tries);
        assert!(own >= most / 2 && own <= most && own > before / 2, "{tries}: {own:?}");
        before = own;
    }
    for tries in [10, 40, u32::MAX] {
        let own = pause(1, "phone", tries);
        assert!(own >= PAUSE_MAX / 2 && own <= PAUSE_MAX, "{tries}: {own:?}");
    }
    assert_eq!(pause(1, "phone", 5), pause(1, "phone", 5));
    assert_ne!(pause(1, "phone", 5), pause(1, "desk", 5));
    assert_ne!(pause(1, "phone", 5), pause(2, "phone", 5));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_down_is_tried_again_later_each_time() {
    let (lane, tries, _) = lane(|_, number| if number < 7 { Does::IsDown } else { Does::Takes });
    let begun = Instant::now();
    lane.push(alert("a", AlertState::Firing));
    tokio::time::sleep(Duration::from_mins(2)).await;
    let at: Vec<Duration> = tries.lock().expect("no panic").iter().map(|(at, ..)| *at - begun).collect();
    assert_eq!(at.len(), 7);
    for (number, pair) in at.windows(2).enumerate() {
        let wanted = pause(7, "phone", u32::try_from(number + 1).expect("few"));
        let gap = pair[1].saturating_sub(pair[0]);
        assert!(gap >= wanted && gap < wanted + Duration::from_millis(5), "{number}: {gap:?} for {wanted:?}");
    }
    let counts = lane.counts();
    assert_eq!((counts.delivered, counts.retried, counts.queued, counts.failing_since_ms), (1, 6, 0, None));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_hangs_is_given_up_after_its_time() {
    let (lane, tries, _) = lane(|_, number| if number == 1 { Does::Hangs } else { Does::Takes });
    lane.push(alert("a", AlertState::Firing));
    tokio::time::sleep(TRY_MAX + PAUSE_FIRST + Duration::from_secs(1)).await;
    assert_eq!(tries.lock().expect("no panic").len(), 2);
    assert_eq!(lane.counts().delivered, 1);
}

#[tokio::test(start_paused = true)]
async fn one_alert_that_cannot_be_taken_holds_up_only_what_is_said_of_it() {
    let (lane, tries, _) =
        lane(|alert, number| if alert.id == "bad" && number < 4 { Does::CannotNow } else { Does::Takes });
    for (id, state) in [("bad", AlertState::Firing), ("bad", AlertState::Resolved), ("good", AlertState::Firing)] {
        lane.push(alert(id, state));
    }
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(order(&tries), ["bad firing", "good firing", "bad firing", "bad firing", "bad resolved"]);
}

#[tokio::test(start_paused = true)]
async fn one_alert_on_which_a_receiver_hangs_keeps_none_of_the_others() {
    let (lane, tries, _) = lane(|alert, _| if alert.id == "bad" { Does::Hangs } else { Does::Takes });
    for id in ["bad", "good", "fine"] {
        lane.push(alert(id, AlertState::Firing));
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(order(&tries)[..3], ["bad firing", "good firing", "fine firing"]);
    assert_eq!(lane.counts().delivered, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_given_up_after_so_many_tries() {
    let (lane, tries, _) = lane(|_, _| Does::Refuses);
    lane.push(alert("a", AlertState::Firing));
    tokio::time::sleep(Duration::from_hours(2)).await;
    assert_eq!(tries.lock().expect("no panic").len(), REFUSED_MAX as usize);
    assert_eq!((lane.counts().failed, lane.counts().queued), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_is_given_up() {
    let (lane, _, hands) = lane(|_, _| Does::IsDown);
    lane.push(alert("a", AlertState::Firing));
    tokio::time::sleep(Duration::from_hours(2)).await;
    assert_eq!(lane.counts().queued, 1);
    assert_eq!(lane.failing(300_000).as_deref(), Some("failed to reach it: gone"));
    assert_eq!(lane.failing(299_999), None);
    hands.0.store(i64::try_from(AGE_MAX.as_millis()).expect("a day"), Ordering::Relaxed);
    tokio::time::sleep(PAUSE_MAX).await;
    assert_eq!((lane.counts().failed, lane.counts().queued), (1, 0));
}

/// The alerts of a queue as `id state`.
fn waiting(queue: &Queue) -> Vec<String> {
    queue.files().values().map(|item| format!("{} {}", item.alert.id, item.alert.state.word())).collect()
}

#[test]
fn reminders_that_nobody_was_told_yet_fall_out_and_firings_and_resolves_stay() {
    use AlertState::{Firing, Reminder, Resolved, Updated};
    let mut queue = Queue::default();
    for state in [Firing, Reminder, Updated, Reminder, Resolved, Firing, Updated] {
        queue.push(alert("a", state), 0);
    }
    assert_eq!(waiting(&queue), ["a firing", "a resolved", "a firing", "a updated"]);
}

#[test]
fn a_full_queue_drops_what_is_missed_least() {
    let mut queue = Queue::default();
    queue.push(alert("old", AlertState::Firing), 0);
    queue.push(alert("short", AlertState::Firing), 0);
    queue.push(alert("late", AlertState::Reminder), 0);
    queue.push(alert("short", AlertState::Resolved), 0);
    let count = AtomicU64::new(0);
    let fill = |queue: &mut Queue| {
        let id = format!("new-{}", count.fetch_add(1, Ordering::Relaxed));
        queue.push(alert(&id, AlertState::Firing), 0);
    };
    while queue.counts().queued < QUEUE_MAX as u64 {
        fill(&mut queue);
    }
    assert_eq!(queue.counts().dropped, 0);
    let has = |queue: &Queue, id: &str| waiting(queue).iter().filter(|own| own.starts_with(id)).count();
    fill(&mut queue);
    assert_eq!((has(&queue, "late"), has(&queue, "short"), queue.counts().dropped), (0, 2, 1), "the reminder");
    fill(&mut queue);
    assert_eq!((has(&queue, "old"), has(&queue, "short"), queue.counts().dropped), (1, 0, 3), "what is over");
    fill(&mut queue);
    fill(&mut queue);
    assert_eq!((has(&queue, "old"), queue.counts().dropped), (0, 4), "the oldest");
    assert_eq!(queue.counts().queued, QUEUE_MAX as u64);
}

#[test]
fn what_is_over_is_not_told_to_go_on_even_where_nobody_hears_of_its_end() {
    let held = |end: fn(&mut Queue)| {
        let mut queue = Queue::default();
        queue.push(alert("a", AlertState::Firing), 0);
        let item = queue.heads().next().cloned().expect("an item");
        queue.told(&item, true);
        assert_eq!(queue.held().len(), 1);
        queue.push(alert("a", AlertState::Resolved), 0);
        end(&mut queue);
        queue.held().len()
    };
    let told = |queue: &mut Queue| {
        let item = queue.heads().next().cloned().expect("an item");
        queue.told(&item, true);
    };
    let given_up = |queue: &mut Queue| {
        let item = queue.heads().next().cloned().expect("an item");
        queue.give_up(&item);
    };
    let dropped =
        |queue: &mut Queue| (0..QUEUE_MAX).for_each(|id| queue.push(alert(&id.to_string(), AlertState::Firing), 0));
    let lost = |queue: &mut Queue| queue.hold_only(|id| id != "a");
    assert_eq!([held(told), held(given_up), held(dropped), held(lost), held(|_| {})], [0, 0, 0, 0, 1]);
}
