//! Whatever comes twice, late or out of order, and whenever it is packed: each slot is there once, and all sums agree.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::day::{DAY_MS, Day, HOUR_MS};
use super::pack::GRACE_MS;
use super::read::{Range, Reader, Want};
use super::row::{Body, Row};
use super::tally::Tally;
use crate::slot::{Ended, Mark, Outcome, Slot, SlotKind, Timing, Watch};

const DAY: i64 = 20_778;
const BEGINS_MS: i64 = DAY * DAY_MS;

fn watch(number: u8) -> Watch {
    Watch { canary: format!("canary-{number}"), target: "west".to_owned() }
}

fn rows() -> impl Strategy<Value = Ended> {
    let key = (0_u8..3, 0_i64..40, prop_oneof![4 => Just(SlotKind::Scheduled), 1 => Just(SlotKind::Retry)]);
    let said = (0_usize..7, any::<bool>(), 0_u32..90_000, prop_oneof![3 => 0_usize..3, 1 => Just(20)], 0_u8..3);
    (key, said).prop_map(|((number, step, kind), (outcome, is_good, total_us, exchanges, version))| {
        // The last of them is near the end of the day.
        let due_ms = if step == 39 { BEGINS_MS + DAY_MS - 1 } else { BEGINS_MS + step * 250_000 };
        let slot = Slot { watch: watch(number), due_ms, kind };
        let mark = if is_good { Mark::Good } else { Mark::Bad };
        let row = Ended::without_start(slot, Outcome::ALL[outcome], format!("took {total_us} us"));
        let timings = vec![Timing { phases_us: [None, Some(total_us / 3), None, None, None], total_us }; exchanges];
        let version = Some(format!("v{version}"));
        Ended { availability: mark, timings, exchanges: 1, version, ..row }
    })
}

#[derive(Debug, Clone)]
enum Step {
    Write(Vec<Ended>),
    /// Packs up to so many things, at this time of the day.
    Pack(usize, i64),
    /// The daemon dies, and another begins.
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => proptest::collection::vec(rows(), 1..20).prop_map(Step::Write),
        3 => (1_usize..60, 0..DAY_MS + GRACE_MS + 1).prop_map(|(most, at_ms)| Step::Pack(most, at_ms)),
        1 => Just(Step::Pack(1_000, DAY_MS + GRACE_MS)),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..12)
}

/// Does the steps; gives back what must be there.
fn play(folder: &Path, steps: Vec<Step>) -> BTreeMap<(i64, Slot), Ended> {
    let mut day = Day::open(folder, DAY).expect("a day");
    let mut truth = BTreeMap::new();
    for step in steps {
        match step {
            Step::Write(rows) => {
                let packed: Vec<Row> = rows.iter().cloned().map(Row::new).collect();
                day.write(packed.iter()).expect("rows");
                for row in rows {
                    truth.entry((row.slot.due_ms, row.slot.clone())).or_insert(row);
                }
            }
            Step::Pack(most, at_ms) => {
                let mut left = most;
                while left > 0 && day.pack_one(BEGINS_MS + at_ms).expect("packing") {
                    left -= 1;
                }
            }
            Step::Reopen => {
                drop(day);
                day = Day::open(folder, DAY).expect("the day again");
            }
        }
    }
    truth
}

/// What is shown of a row: of many exchanges not each.
fn shown(row: &Ended) -> Ended {
    let timings = if row.timings.len() > super::TIMINGS_EXACT_MAX { Vec::new() } else { row.timings.clone() };
    Ended { timings, ..row.clone() }
}

/// Adds up by hand.
fn added_up(truth: &BTreeMap<(i64, Slot), Ended>, range: Range) -> BTreeMap<Watch, BTreeMap<i64, Tally>> {
    let mut all: BTreeMap<Watch, BTreeMap<i64, Tally>> = BTreeMap::new();
    for row in truth.values().filter(|row| (range.from_ms..range.until_ms).contains(&row.slot.due_ms)) {
        let step = range.from_ms + (row.slot.due_ms - range.from_ms) / range.step_ms * range.step_ms;
        let body = Row::new(row.clone()).body;
        let body = Body::take(&mut body.as_slice(), &row.slot.watch, row.slot.due_ms).expect("our own bytes");
        all.entry(row.slot.watch.clone()).or_default().entry(step).or_default().add(&body);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn each_slot_is_there_once_and_all_sums_agree(steps in steps(), from in 0..3 * HOUR_MS, number in 0_u8..3) {
        let folder = tempfile::tempdir().expect("a folder");
        let truth = play(folder.path(), steps);
        let mut reader = Reader::new(folder.path(), Arc::default(), Arc::default());
        let all: Vec<Ended> = truth.values().map(shown).collect();
        prop_assert_eq!(&reader.slots(None, i64::MIN, i64::MAX, usize::MAX), &all);
        prop_assert_eq!(&reader.slots(None, i64::MIN, i64::MAX, 7), &all[..all.len().min(7)]);
        let own: Vec<Ended> = all.into_iter().filter(|row| row.slot.watch == watch(number)).collect();
        prop_assert_eq!(&reader.slots(Some(&watch(number)), i64::MIN, i64::MAX, usize::MAX), &own);
        prop_assert_eq!(&reader.last(&watch(number), 5), &own[own.len().saturating_sub(5)..]);
        for (from_ms, until_ms, step_ms) in [
            (BEGINS_MS, BEGINS_MS + DAY_MS, DAY_MS),
            (BEGINS_MS, BEGINS_MS + DAY_MS, HOUR_MS),
            (BEGINS_MS - DAY_MS, BEGINS_MS + 2 * DAY_MS, 3 * DAY_MS),
            (BEGINS_MS + from, BEGINS_MS + from + 5 * HOUR_MS, 2 * HOUR_MS),
            (BEGINS_MS + from, BEGINS_MS + DAY_MS, 60_000),
        ] {
            let range = Range { from_ms, until_ms, step_ms };
            prop_assert_eq!(reader.tallies(None, range, Want::All), added_up(&truth, range));
        }
    }
}
