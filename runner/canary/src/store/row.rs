//! A slot that is over as few bytes: small numbers as varints, names and long texts elsewhere.

use super::tally::Latencies;
use super::varint;
use crate::slot::{Ended, Mark, Outcome, Slot, SlotKind, TIMINGS_MAX, Timing, Watch};

/// A slot with more exchanges keeps how they are spread, and not each.
pub const TIMINGS_EXACT_MAX: usize = 16;
/// A version with more bytes is cut.
const VERSION_BYTES_MAX: usize = 200;

const HAS_TROUBLE: u8 = 1 << 7;
const HAS_VERSION: u8 = 1 << 2;
const HAS_COUNT: u8 = 1 << 3;
const HAS_LEAKS: u8 = 1 << 4;
const HAS_TIMINGS: u8 = 1 << 5;
const HAS_LATENCIES: u8 = 1 << 6;

const KINDS: [SlotKind; 3] = [SlotKind::Scheduled, SlotKind::Retry, SlotKind::Asked];
const MARKS: [Mark; 3] = [Mark::Good, Mark::Bad, Mark::Void];

/// The place of a kind among all, as it stands on disk.
pub(super) fn kind_code(kind: SlotKind) -> u8 {
    match kind {
        SlotKind::Scheduled => 0,
        SlotKind::Retry => 1,
        SlotKind::Asked => 2,
    }
}

fn mark_code(mark: Mark) -> u8 {
    match mark {
        Mark::Good => 0,
        Mark::Bad => 1,
        Mark::Void => 2,
    }
}

fn outcome_code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Pass => 0,
        Outcome::Fail => 1,
        Outcome::Inconclusive => 2,
        Outcome::Missed => 3,
        Outcome::Skipped => 4,
        Outcome::Shed => 5,
        Outcome::Killed => 6,
    }
}

/// A slot on its way to a file: all of it but its key and its texts is in `body` already.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) slot: Slot,
    pub(super) version: Option<String>,
    /// The trouble as JSON.
    pub(super) trouble: Option<String>,
    /// What [`Body`] reads.
    pub(super) body: Vec<u8>,
}

impl Row {
    /// Packs a slot.
    pub(super) fn new(row: Ended) -> Self {
        let body = body(&row);
        let trouble = row.trouble.and_then(|trouble| serde_json::to_string(&trouble).ok());
        Self { slot: row.slot, version: row.version.map(cut), trouble, body }
    }

    /// About how much memory it takes.
    pub(super) fn weight(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let names = self.slot.watch.canary.len() + self.slot.watch.target.len();
        size_of::<Self>() + names + text(&self.version) + text(&self.trouble) + self.body.len()
    }
}

fn cut(mut version: String) -> String {
    version.truncate(version.floor_char_boundary(VERSION_BYTES_MAX));
    version
}

fn body(row: &Ended) -> Vec<u8> {
    let exact = row.timings.len() <= TIMINGS_EXACT_MAX;
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    let mut bytes = vec![
        outcome_code(row.outcome)
            | mark_code(row.availability) << 3
            | mark_code(row.conformance) << 5
            | flag(row.trouble.is_some(), HAS_TROUBLE),
        kind_code(row.slot.kind)
            | flag(row.version.is_some(), HAS_VERSION)
            | flag(row.count != 1 || row.last_due_ms != row.slot.due_ms, HAS_COUNT)
            | flag(row.leaks > 0, HAS_LEAKS)
            | flag(exact && !row.timings.is_empty(), HAS_TIMINGS)
            | flag(!exact, HAS_LATENCIES),
    ];
    for number in [u64::from(row.late_ms), row.duration_us, row.exchanges.into(), row.judged.into(), row.bytes] {
        varint::push(&mut bytes, number);
    }
    if bytes[1] & HAS_COUNT != 0 {
        varint::push(&mut bytes, row.count.into());
        varint::push_signed(&mut bytes, row.last_due_ms.wrapping_sub(row.slot.due_ms));
    }
    if row.leaks > 0 {
        varint::push(&mut bytes, row.leaks.into());
    }
    if exact {
        push_timings(&mut bytes, &row.timings);
    } else {
        let mut latencies = Latencies::default();
        row.timings.iter().take(TIMINGS_MAX).for_each(|timing| latencies.add(timing));
        latencies.push(&mut bytes);
    }
    bytes
}

fn push_timings(bytes: &mut Vec<u8>, timings: &[Timing]) {
    if timings.is_empty() {
        return;
    }
    varint::push(bytes, timings.len() as u64);
    for timing in timings {
        let known = timing.phases_us.iter().enumerate().filter(|(_, phase)| phase.is_some());
        bytes.push(known.map(|(place, _)| 1_u8 << place).sum());
        let mut sum = 0;
        for phase in timing.phases_us.into_iter().flatten() {
            varint::push(bytes, phase.into());
            sum += i64::from(phase);
        }
        // The whole is little more than its parts.
        varint::push_signed(bytes, i64::from(timing.total_us) - sum);
    }
}

/// What comes out of a body again.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) ended: Ended,
    pub(super) has_version: bool,
    pub(super) has_trouble: bool,
    /// How the exchanges are spread, where they are too many to be in `ended`.
    pub(super) latencies: Option<Latencies>,
}

impl Body {
    /// Takes a body off the front; none where it is none.
    pub(super) fn take(bytes: &mut &[u8], watch: &Watch, due_ms: i64) -> Option<Self> {
        let (first, flags) = (varint::take_byte(bytes)?, varint::take_byte(bytes)?);
        let slot = Slot { watch: watch.clone(), due_ms, kind: *KINDS.get(usize::from(flags & 3))? };
        let late_ms = varint::take_u32(bytes)?;
        let duration_us = varint::take(bytes)?;
        let (exchanges, judged) = (varint::take_u32(bytes)?, varint::take_u32(bytes)?);
        let sent = varint::take(bytes)?;
        let (mut count, mut last_due_ms) = (1, due_ms);
        if flags & HAS_COUNT != 0 {
            count = varint::take_u32(bytes)?;
            last_due_ms = due_ms.wrapping_add(varint::take_signed(bytes)?);
        }
        let leaks = if flags & HAS_LEAKS == 0 { 0 } else { varint::take_u32(bytes)? };
        let timings = if flags & HAS_TIMINGS == 0 { Vec::new() } else { take_timings(bytes)? };
        let latencies = if flags & HAS_LATENCIES == 0 { None } else { Some(Latencies::take(bytes)?) };
        let ended = Ended {
            slot,
            count,
            last_due_ms,
            outcome: *Outcome::ALL.get(usize::from(first & 7))?,
            availability: *MARKS.get(usize::from(first >> 3 & 3))?,
            conformance: *MARKS.get(usize::from(first >> 5 & 3))?,
            late_ms,
            duration_us,
            timings,
            exchanges,
            judged,
            bytes: sent,
            version: None,
            trouble: None,
            leaks,
        };
        let (has_version, has_trouble) = (flags & HAS_VERSION != 0, first & HAS_TROUBLE != 0);
        Some(Self { ended, has_version, has_trouble, latencies })
    }
}

fn take_timings(bytes: &mut &[u8]) -> Option<Vec<Timing>> {
    let count = varint::take(bytes)?;
    (0..count.min(TIMINGS_EXACT_MAX as u64)).map(|_| take_timing(bytes)).collect()
}

fn take_timing(bytes: &mut &[u8]) -> Option<Timing> {
    let known = varint::take_byte(bytes)?;
    let mut timing = Timing::default();
    let mut sum = 0;
    for (place, phase) in timing.phases_us.iter_mut().enumerate() {
        if known >> place & 1 == 1 {
            let value = varint::take_u32(bytes)?;
            *phase = Some(value);
            sum += i64::from(value);
        }
    }
    timing.total_us = u32::try_from(varint::take_signed(bytes)?.checked_add(sum)?).ok()?;
    Some(timing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn watch() -> Watch {
        Watch { canary: "uploads".to_owned(), target: "west".to_owned() }
    }

    fn row(due_ms: i64, timings: Vec<Timing>) -> Ended {
        let slot = Slot { watch: watch(), due_ms, kind: SlotKind::Retry };
        let row = Ended::without_start(slot, Outcome::Inconclusive, "");
        Ended { exchanges: u32::try_from(timings.len()).expect("few"), timings, trouble: None, ..row }
    }

    proptest! {
        #[test]
        fn a_row_comes_back_from_its_body(
            due_ms in 0..1_i64 << 45, span in any::<i32>(), count: u32, late_ms: u32, duration_us: u64, leaks: u32,
            phases in proptest::collection::vec((any::<[Option<u32>; 5]>(), any::<u32>()), 0..=TIMINGS_EXACT_MAX),
            outcome in 0_usize..7, marks in (0_usize..3, 0_usize..3),
        ) {
            let timings = phases.into_iter().map(|(phases_us, total_us)| Timing { phases_us, total_us }).collect();
            let row = Ended {
                count, last_due_ms: due_ms + i64::from(span), late_ms, duration_us, leaks,
                outcome: Outcome::ALL[outcome], availability: MARKS[marks.0], conformance: MARKS[marks.1],
                ..row(due_ms, timings)
            };
            let body = Row::new(row.clone()).body;
            let mut rest = body.as_slice();
            let back = Body::take(&mut rest, &watch(), due_ms).expect("our own bytes");
            prop_assert_eq!(back.ended, row);
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Body::take(&mut bytes.as_slice(), &watch(), i64::MAX);
        }
    }

    #[test]
    fn the_codes_are_places_in_the_lists_that_read_them() {
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(outcome_code(outcome)), place);
        }
        for (place, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(usize::from(kind_code(kind)), place);
        }
        for (place, mark) in MARKS.into_iter().enumerate() {
            assert_eq!(usize::from(mark_code(mark)), place);
        }
    }

    #[test]
    fn of_many_exchanges_the_spread_is_kept() {
        let timings: Vec<Timing> =
            (0..500).map(|step| Timing { phases_us: [None; 5], total_us: 1_000 + step }).collect();
        let body = Row::new(row(5, timings)).body;
        assert!(body.len() < 300, "{} bytes", body.len());
        let back = Body::take(&mut body.as_slice(), &watch(), 5).expect("our own bytes");
        assert_eq!((back.ended.timings.len(), back.ended.exchanges), (0, 500));
        assert_eq!(back.latencies.expect("the spread").total().len(), 500);
    }

    #[test]
    fn a_slot_with_one_exchange_is_some_twenty_bytes() {
        let phases_us = [Some(310), Some(820), Some(2_400), Some(12_000), Some(190)];
        let row = Ended {
            duration_us: 17_000,
            late_ms: 2,
            bytes: 1_800,
            ..row(5, vec![Timing { phases_us, total_us: 15_800 }])
        };
        let length = Row::new(row).body.len();
        assert!(length <= 24, "{length} bytes");
    }
}
