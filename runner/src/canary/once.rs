//! `plumb canary --once`: every watch once, now. For cron, and for pipelines.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_canary::clock::{Clock as _, SystemClock};
use plumb_canary::ledger::{Ledger, LedgerError, Recovered};
use plumb_canary::plan::Plan;
use plumb_canary::slot::{Ended, Outcome, Slot, SlotKind, Watch};
use plumb_canary::store::Store;
use plumb_canary::work::{News, Terms, Work as _};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::canary::crew::Crew;
use crate::cli::CanaryFormat;
use crate::error::{Error, Exit};
use crate::output::print;

/// The schema of the JSON report.
const SCHEMA: &str = "plumb.canary/1";
/// How long the store may take to write what came of it.
const FLUSH_MAX: Duration = Duration::from_secs(10);
/// How often it is tried to remove what is old in the journal, and the pause in between.
const TIDY_TRIES_MAX: u32 = 20;
const TIDY_PAUSE: Duration = Duration::from_millis(50);

/// Runs each watch once and reports. Exits 1 where one fails, and 2 where one does not pass.
///
/// # Errors
/// Where nothing can be run at all.
pub fn run(plan: &Plan, crew: &Crew, format: CanaryFormat) -> Result<Exit, Error> {
    let slots: Vec<Slot> = plan.watches().map(|(watch, _)| asked(watch)).collect();
    let mut books = Books::open(plan, &slots);
    crew.remember(books.open_findings());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::Internal(format!("start a runtime: {error}")))?;
    let ended = runtime.block_on(all(plan, crew, slots));
    books.end(&ended);
    let rows: Vec<Ended> = ended.into_iter().map(|(row, _)| row).collect();
    match format {
        CanaryFormat::Terminal => print(&rows.iter().map(line).collect::<String>())?,
        CanaryFormat::Json => print(&format!("{:#}\n", json!({ "schema": SCHEMA, "slots": rows })))?,
    }
    Ok(exit(&rows))
}

fn asked(watch: Watch) -> Slot {
    Slot { watch, due_ms: SystemClock::default().now().wall_ms, kind: SlotKind::Asked }
}

async fn all(plan: &Plan, crew: &Crew, slots: Vec<Slot>) -> Vec<(Ended, News)> {
    let room = Arc::new(Semaphore::new(plan.agent.slots_max));
    let each = slots.into_iter().map(|slot| {
        let room = Arc::clone(&room);
        async move {
            let _permit = room.acquire_owned().await;
            let timeout = plan.canary(&slot.watch).map(|own| own.timeout).unwrap_or_default();
            let began = Instant::now();
            let done = crew.run(slot.clone(), Terms { timeout, read_only: false }).await;
            done.ended(slot, 0, began.elapsed())
        }
    });
    futures::future::join_all(each).await
}

fn exit(rows: &[Ended]) -> Exit {
    if rows.iter().any(|row| row.outcome == Outcome::Fail) {
        Exit::Diverges
    } else if rows.iter().all(|row| row.outcome == Outcome::Pass) {
        Exit::Conforms
    } else {
        Exit::Inconclusive
    }
}

fn line(row: &Ended) -> String {
    let time = humantime::format_duration(Duration::from_millis(row.duration_us / 1_000));
    let word = row.outcome.word();
    let mut text = format!(
        "{word:<12} {}  {} judged, {} exchanges, {time}, availability {}\n",
        row.slot.watch,
        row.judged,
        row.exchanges,
        in_word(row.availability)
    );
    if let Some(trouble) = &row.trouble {
        _ = writeln!(text, "             {}: {}", trouble.place.words(), trouble.message);
        if let Some(replay) = &trouble.replay {
            _ = writeln!(text, "             {replay}");
        }
    }
    text
}

const fn in_word(mark: plumb_canary::slot::Mark) -> &'static str {
    match mark {
        plumb_canary::slot::Mark::Good => "good",
        plumb_canary::slot::Mark::Bad => "bad",
        plumb_canary::slot::Mark::Void => "unknown",
    }
}

/// The ledger, where nobody else has it.
struct Books(Option<(Ledger, Store)>);

impl Books {
    fn open(plan: &Plan, slots: &[Slot]) -> Self {
        let state = &plan.agent.state;
        let now_ms = SystemClock::default().now().wall_ms;
        let opened = Ledger::open(&state.join("ledger"), now_ms).map_err(|error| error.to_string()).and_then(
            |(mut ledger, recovered)| {
                let (store, _) = Store::open(&state.join("store"), plan.agent.retention, now_ms)
                    .map_err(|error| error.to_string())?;
                take_over(&mut ledger, &store, recovered).map_err(|error| error.to_string())?;
                ledger.starts(slots, now_ms).map_err(|error| error.to_string())?;
                Ok((ledger, store))
            },
        );
        match opened {
            Ok(own) => Self(Some(own)),
            Err(why) => {
                eprintln!("these slots will not be in the ledger: failed to {why}");
                Self(None)
            }
        }
    }

    /// Findings that are open: what is no more to be seen is closed.
    fn open_findings(&self) -> Vec<(Watch, serde_json::Value)> {
        let Some((_, store)) = &self.0 else { return Vec::new() };
        let all = store.findings(None).into_iter();
        all.filter_map(|(watch, own)| Some((watch, store.finding(&own.id)?))).collect()
    }

    fn end(&mut self, ended: &[(Ended, News)]) {
        let Some((ledger, store)) = &mut self.0 else { return };
        let rows: Vec<Ended> = ended.iter().map(|(row, _)| row.clone()).collect();
        if let Err(error) = ledger.ends(&rows) {
            eprintln!("these slots may not be in the ledger: failed to {error}");
        }
        for (row, news) in ended {
            for (id, finding) in &news.findings {
                store.found(&row.slot.watch, row.slot.due_ms, id, finding.clone());
            }
            for id in &news.fixed {
                store.closed(&row.slot.watch, id, row.slot.due_ms);
            }
            store.ended(row.clone());
        }
        if store.flush(FLUSH_MAX) {
            tidy(ledger, store);
        }
    }
}

/// Takes over what the process before this one left: nobody else does where only cron starts any.
fn take_over(ledger: &mut Ledger, store: &Store, recovered: Recovered) -> Result<(), LedgerError> {
    let why = "the agent died while the slot was under way";
    let killed = recovered.started.into_iter().map(|slot| Ended::without_start(slot, Outcome::Killed, why));
    let killed: Vec<Ended> = killed.collect();
    let written = ledger.ends(&killed);
    recovered.ended.into_iter().chain(killed).for_each(|row| store.ended(row));
    written
}

/// Keeps the journal small, once the store has everything. The disk may take a moment to have the new segment; where it
/// takes longer, the next process does it.
fn tidy(ledger: &mut Ledger, store: &Store) {
    for _ in 0..TIDY_TRIES_MAX {
        let now_ms = SystemClock::default().now().wall_ms;
        let tidied = ledger.committed(store.progress(), now_ms);
        if tidied.is_err() || ledger.is_small() {
            return;
        }
        std::thread::sleep(TIDY_PAUSE);
    }
}
