//! The sum outlives whoever adds to it, and never loses anything.

use std::sync::atomic::{AtomicI64, Ordering};

use plumb_validator::clock::Clock;
use plumb_validator::target::Safety;
use plumb_validator::transport::SendLimits;

use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

#[derive(Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn unix_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn target() -> Target {
    Target {
        name: "pro/d".into(),
        scheme: "http".into(),
        authority: "host:9000".into(),
        region: String::new(),
        flavour: "standard",
        actors: Vec::new(),
        safety: Safety::Full,
        exclusive: false,
        limits: SendLimits::default(),
    }
}

fn file(folder: &Path) -> BudgetFile {
    BudgetFile::new(folder, &target())
}

fn meter_in(folder: &Path, requests: u64, clock: &Arc<Hand>) -> Meter {
    let daily = Daily { requests: Some(requests), bytes: None };
    Meter::new("prod", daily, Box::new(file(folder)), Arc::clone(clock) as Arc<dyn Clock>)
}

fn used(folder: &Path) -> u64 {
    let mut used = Amount::default();
    let looked = file(folder).add(0, &mut |sum| {
        used = sum;
        None
    });
    looked.expect("the file reads");
    used.requests
}

#[test]
fn a_budget_outlives_the_process_and_one_that_is_killed_leaves_too_much_counted() {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), Arc::default());
    let meter = meter_in(folder.path(), 1_000, &clock);
    assert!((0..25).all(|_| meter.admit(1).is_ok()));
    drop(meter);
    assert_eq!(used(folder.path()), 25, "what was not sent is given back");
    let killed = meter_in(folder.path(), 1_000, &clock);
    assert!((0..25).all(|_| killed.admit(1).is_ok()));
    // A process that is killed gives nothing back.
    std::mem::forget(killed);
    let counted = used(folder.path());
    assert!((50..=60).contains(&counted), "{counted}");
    let next = meter_in(folder.path(), 1_000, &clock);
    let admitted = (0..2_000).filter(|_| next.admit(1).is_ok()).count() as u64;
    assert_eq!(admitted, 1_000 - counted);
}

#[test]
fn those_who_share_a_budget_send_no_more_than_it_between_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let sent: usize = std::thread::scope(|scope| {
        let each = |_| {
            scope.spawn(|| {
                let meter = meter_in(folder.path(), 500, &Arc::default());
                (0..400).filter(|_| meter.admit(1).is_ok()).count()
            })
        };
        let all: Vec<_> = (0..4).map(each).collect();
        all.into_iter().map(|own| own.join().expect("it ends")).sum()
    });
    // What one has taken and not sent is missing to another that asks at that moment.
    assert!((480..=500).contains(&sent), "{sent}");
    assert_eq!(used(folder.path()), sent as u64);
}

#[test]
fn midnight_is_a_new_budget_and_a_clock_that_is_set_back_is_none() {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), Arc::<Hand>::default());
    let admitted = |requests: usize| {
        let meter = meter_in(folder.path(), 10, &clock);
        (0..requests).filter(|_| meter.admit(1).is_ok()).count()
    };
    clock.0.store(5 * DAY_MS, Ordering::Relaxed);
    assert_eq!(admitted(7), 7);
    clock.0.store(4 * DAY_MS, Ordering::Relaxed);
    assert_eq!(admitted(7), 3);
    clock.0.store(6 * DAY_MS, Ordering::Relaxed);
    assert_eq!(admitted(20), 10);
}

#[test]
fn a_file_that_nobody_can_read_lets_nothing_be_sent_and_says_what_to_do() {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), Arc::default());
    let path = file(folder.path()).path;
    assert_eq!(path.file_name().and_then(|name| name.to_str()), Some("pro_d@host_9000"));
    for text in ["plumb-budget 2 1 1 1\n", "plumb-budget 1 1 1\n", "\0\0\0\0", "plumb-budget 1 1 1 x\n"] {
        std::fs::write(&path, text).expect("a file");
        let refused = meter_in(folder.path(), 10, &clock).admit(1).expect_err(text).to_string();
        assert!(refused.contains("pro_d@host_9000") && refused.contains("remove the file"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), text, "it is left as it is");
    }
}
