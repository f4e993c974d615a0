//! A disk without room for the state: checks and alerts go on.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use plumb_canary::slot::Outcome;

use crate::daemon::{Daemon, agent, canary, rule, target, wait_for};
use crate::receiver::{Receiver, is};
use crate::support::Home;
use crate::support::odd::{Act, Odd};

/// A file system of its own in memory, with little room. It goes with the test.
struct Small(PathBuf);

impl Small {
    /// None where this user may not mount anything.
    fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir(&at).expect("a folder");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(&at);
        command.output().is_ok_and(|ran| ran.status.success()).then_some(Self(at))
    }

    /// Takes all the room that is left; tells the file that has it.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = fs::File::create(&path).expect("a file");
        while file.write_all(&[b'x'; 512]).is_ok() {}
        path
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: a daemon that is about to end may still have a file open.
        _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

fn bytes_left(folder: &Path) -> u64 {
    let probe = folder.join("probe");
    let written = fs::write(&probe, [b'x'; 4_096]).is_ok();
    _ = fs::remove_file(probe);
    u64::from(written)
}

#[test]
fn with_a_full_disk_slots_go_on_and_alerts_go_out_and_nothing_is_lost_that_fits_into_memory() {
    let (home, receiver) = (Home::new(), Receiver::new());
    let Some(small) = Small::mount(home.path("small")) else {
        eprintln!("skipped: only root may mount a file system to fill up");
        return;
    };
    let (is_ill, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (ill, counted) = (Arc::clone(&is_ill), Arc::clone(&asked));
    let server = Odd::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        if ill.load(Ordering::SeqCst) { Act::HangUp } else { Act::Serve }
    });
    let config = [
        agent(&home).replace("/state\"", "/small/state\""),
        receiver.section("hook"),
        rule("down", "availability", (2, 3), &["hook"]),
        target("kv", &server.url),
        canary("writes", &["kv"], "alerts = [\"down\"]"),
    ];
    home.write("plumb.toml", config.concat());
    let daemon = Daemon::start(&home);
    daemon.rows_once("a slot", |rows| !rows.is_empty());
    let filler = small.fill();
    assert_eq!(bytes_left(&small.0), 0, "the disk is full");

    let before = asked.load(Ordering::SeqCst);
    wait_for("slots all the same", || (asked.load(Ordering::SeqCst) > before + 6).then_some(()));
    let slots = || daemon.metric("plumb_slots_total", &["outcome=\"pass\"", "kind=\"scheduled\""]);
    let passed = slots();
    wait_for("slots that are counted", || (slots() > passed).then_some(()));
    is_ill.store(true, Ordering::SeqCst);
    receiver.wait("the alert", |alert| is(alert, "firing", "kv"));
    is_ill.store(false, Ordering::SeqCst);
    receiver.wait("its end", |alert| is(alert, "resolved", "kv"));
    wait_for("a word on the first page", || daemon.get("/").1.contains("failed to").then_some(()));
    assert_eq!(daemon.get("/readyz").0, 200);
    assert_eq!(daemon.metric("plumb_store_rows_lost_total", &[]), Some(0.0), "memory has room for all of it");

    let told = slots();
    fs::remove_file(filler).expect("room again");
    let rows = daemon.rows_once("what was kept in memory", |rows| {
        let passed = rows.iter().filter(|row| row.outcome == Outcome::Pass).count();
        u32::try_from(passed).ok().map(f64::from) >= told
    });
    let mut dues: Vec<i64> = rows.iter().map(|row| row.slot.due_ms).collect();
    dues.dedup();
    assert_eq!(dues.len(), rows.len(), "each slot is there once");
    daemon.end().exits(0);
}
