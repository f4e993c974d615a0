//! Commands get the alert on their standard input, and nothing of it in their words.

use std::path::Path;
use std::time::{Duration, Instant};

use plumb_canary::alert::{Alert, AlertState};
use plumb_canary::plan::Receiver;

use crate::scene::{HOSTILE, alert, delivery, plan, until};

fn command(script: &Path) -> Receiver {
    Receiver::Command { words: vec!["/bin/sh".to_owned(), script.display().to_string(), "a word".to_owned()] }
}

#[tokio::test]
async fn a_command_reads_the_alert_and_has_nothing_of_it_in_its_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let (script, out) = (folder.path().join("tell.sh"), folder.path().join("out"));
    let lines =
        ["cat > OUT.body", "tr '\\0' '\\n' < /proc/$$/cmdline > OUT.words", "env > OUT.env", "mv OUT.env OUT.done"];
    std::fs::write(&script, lines.join("\n").replace("OUT", &out.display().to_string())).expect("a file");
    let delivery = delivery(&plan(&[("script", command(&script))], None), &folder.path().join("queue"));
    let sent = Alert {
        summary: HOSTILE.to_owned(),
        target: HOSTILE.to_owned(),
        ..alert("a1", AlertState::Firing, &["script"])
    };
    delivery.push(&sent);
    until(|| delivery.counts()["script"].delivered == 1).await;
    let read = |ending: &str| std::fs::read_to_string(out.with_extension(ending)).expect("a file");
    let body: Alert = serde_json::from_str(&read("body")).expect("an alert");
    assert_eq!(body.summary, HOSTILE);
    assert_eq!(read("words").lines().collect::<Vec<_>>(), ["/bin/sh", &script.display().to_string(), "a word"]);
    let env = read("done");
    let names: std::collections::BTreeSet<&str> =
        env.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    for name in ["PLUMB_ALERT_ID", "PLUMB_ALERT_STATE", "PLUMB_ALERT_SEVERITY", "PLUMB_ALERT_TARGET"] {
        assert!(names.contains(name), "{env}");
    }
    assert!(env.contains("PLUMB_ALERT_STATE=firing"));
    assert!(!env.contains("CARGO") && !names.contains("X-Evil: 1"), "{env}");
}

#[tokio::test]
async fn a_command_that_fails_is_tried_again_and_what_it_says_is_kept_short() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("tell.sh");
    std::fs::write(&script, "head -c 1000000 /dev/zero | tr '\\0' 'x' >&2; exit 3").expect("a file");
    let delivery = delivery(&plan(&[("script", command(&script))], None), &folder.path().join("queue"));
    delivery.push(&alert("a1", AlertState::Firing, &["script"]));
    until(|| delivery.counts()["script"].retried == 2).await;
    let error = delivery.counts()["script"].last_error.clone().expect("an error");
    assert!(error.contains("exit status: 3") && error.contains("xxx") && error.chars().count() <= 300, "{error}");
}

#[tokio::test]
async fn a_command_that_does_not_end_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (script, pid) = (folder.path().join("tell.sh"), folder.path().join("pid"));
    std::fs::write(&script, format!("echo $$ > {0}.part; mv {0}.part {0}; exec sleep 600", pid.display()))
        .expect("a file");
    let delivery = delivery(&plan(&[("script", command(&script))], None), &folder.path().join("queue"));
    let begun = Instant::now();
    delivery.push(&alert("a1", AlertState::Firing, &["script"]));
    until(|| pid.exists()).await;
    let number = std::fs::read_to_string(&pid).expect("a file").trim().to_owned();
    until(|| delivery.counts()["script"].retried > 0).await;
    assert!(begun.elapsed() < Duration::from_secs(15));
    until(|| !runs(&number)).await;
}

/// Whether a process is there and no corpse.
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim().starts_with('Z'))
}

#[tokio::test]
async fn a_command_that_leaves_something_behind_is_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("tell.sh");
    std::fs::write(&script, "sleep 30 & exit 0").expect("a file");
    let delivery = delivery(&plan(&[("script", command(&script))], None), &folder.path().join("queue"));
    let begun = Instant::now();
    delivery.push(&alert("a1", AlertState::Firing, &["script"]));
    until(|| delivery.counts()["script"].delivered == 1).await;
    assert!(begun.elapsed() < Duration::from_secs(5));
}
