//! Gate runs as processes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plumb_gate::serve::{ChildGates, Gates as _, Key, Order, gate_line};
use plumb_gate::verdict::{Said, Verdict};

use crate::fixture::{Fake, How, Server, decision, until};

fn order(folder: &Path) -> Order {
    Order {
        gate: "release".to_owned(),
        key: Key::new("k").expect("a key"),
        expect_version: Some("--config=/etc/x".to_owned()),
        attempt: 1,
        folder: folder.join("seen"),
        time_max: Duration::from_mins(1),
    }
}

/// Gates that are the shell script `script`, with the folder of the test as its first argument.
fn scripted(folder: &Path, script: &str) -> ChildGates {
    for said in [Said::Pass, Said::Fail, Said::Inconclusive] {
        let text = serde_json::to_vec(&decision("release", &[said])).expect("a decision is JSON");
        std::fs::write(folder.join(said.word()), text).expect("it is written");
    }
    let line: Vec<OsString> = ["/bin/bash", "-c", script, "gate"].map(OsString::from).to_vec();
    let folder = folder.to_owned();
    ChildGates::new(vec!["release".to_owned()], move |_| line.iter().cloned().chain([folder.clone().into()]).collect())
}

#[tokio::test]
async fn what_is_written_and_how_it_ends_have_to_say_the_same() {
    for (script, wanted) in [
        ("cat $1/pass", Ok(Verdict::Pass)),
        ("cat $1/fail; exit 1", Ok(Verdict::Fail)),
        ("cat $1/inconclusive; exit 2", Ok(Verdict::Inconclusive)),
        ("cat $1/pass; exit 1", Err("the run wrote pass, and ended with exit code 1")),
        ("cat $1/pass; exit 2", Err("the run wrote pass, and ended with exit code 2")),
        ("cat $1/fail", Err("the run wrote fail, and ended with exit code 0")),
        ("cat $1/fail; exit 2", Err("the run wrote fail, and ended with exit code 2")),
        ("cat $1/inconclusive", Err("the run wrote inconclusive, and ended with exit code 0")),
        ("cat $1/pass; exit 4", Err("the run ended with exit code 4, which is no decision")),
        ("echo 'no such gate' >&2; exit 3", Err("exit code 3, which is no decision; its last words: no such gate")),
        ("true", Err("the run ended with exit code 0, and wrote no decision: EOF")),
        ("echo '{\"verdict\":\"pass\"}'", Err("wrote no decision: missing field")),
        ("cat $1/pass $1/fail", Err("wrote no decision: trailing characters")),
        ("head -c 100 $1/pass", Err("wrote no decision: EOF")),
        ("cat $1/pass; kill -9 $$", Err("the run was killed (signal: 9 (SIGKILL))")),
        ("exec yes", Err("the process wrote more than 8388608 bytes")),
        ("yes noise | head -c 10000000 >&2; cat $1/pass", Ok(Verdict::Pass)),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let ended = scripted(folder.path(), script).run(order(folder.path())).await;
        match (ended, wanted) {
            (Ok(decision), Ok(verdict)) => assert_eq!(decision.verdict, verdict, "{script}"),
            (Err(why), Err(words)) => assert!(why.contains(words), "{script}: {why}"),
            (seen, wanted) => panic!("{script}: {seen:?} instead of {wanted:?}"),
        }
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told() {
    let gates = ChildGates::new(Vec::new(), gate_line(PathBuf::from("/nowhere/plumb"), Vec::new()));
    let why = gates.run(order(Path::new("/nowhere"))).await.expect_err("nothing can be started");
    assert!(why.starts_with("failed to start /nowhere/plumb: No such file"), "{why}");
}

#[tokio::test]
async fn what_is_hidden_is_not_in_the_environment_of_a_process() {
    let folder = tempfile::tempdir().expect("a folder");
    // Cargo sets it for every test.
    let script = "[ -z \"$CARGO_MANIFEST_DIR\" ] || exit 3; cat $1/pass";
    let open = scripted(folder.path(), script);
    assert!(open.run(order(folder.path())).await.is_err(), "it is there");
    let hidden = open.without("CARGO_MANIFEST_DIR");
    assert!(hidden.run(order(folder.path())).await.is_ok(), "it is not");
}

#[test]
fn nothing_that_is_asked_becomes_an_option() {
    let line = gate_line(PathBuf::from("plumb"), vec!["--config".into(), "gates.toml".into()]);
    let wanted = [
        "plumb",
        "gate",
        "release",
        "--format",
        "json",
        "--output",
        "/f/seen",
        "--expect-version=--config=/etc/x",
        "--config",
        "gates.toml",
    ];
    assert_eq!(line(&order(Path::new("/f"))), wanted.map(OsString::from));
}

#[tokio::test]
async fn a_process_that_is_given_up_may_clean_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let gates = scripted(folder.path(), "touch $1/began; read -r _; sleep 0.2; touch $1/cleaned");
    let run = tokio::spawn(gates.run(order(folder.path())));
    until("its start", || folder.path().join("began").exists()).await;
    run.abort();
    let _ = run.await;
    gates.settled().await;
    assert!(folder.path().join("cleaned").exists(), "it had the time for that");
}

#[tokio::test]
async fn a_process_that_does_not_go_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let gates = scripted(folder.path(), "echo $$ >$1/new; mv $1/new $1/pid; exec sleep 1000");
    let gates = gates.with_grace(Duration::from_millis(100));
    let run = tokio::spawn(gates.run(order(folder.path())));
    let pid = folder.path().join("pid");
    until("its start", || pid.exists()).await;
    let pid = std::fs::read_to_string(pid).expect("its number");
    run.abort();
    let _ = run.await;
    gates.settled().await;
    assert!(!Path::new("/proc").join(pid.trim()).exists(), "it is gone");
}

#[test]
fn no_process_outlives_the_runtime() {
    let folder = tempfile::tempdir().expect("a folder");
    let gates = scripted(folder.path(), "echo $$ >$1/new; mv $1/new $1/pid; exec sleep 1000");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let pid = folder.path().join("pid");
    runtime.block_on(async {
        let run = tokio::spawn(gates.run(order(folder.path())));
        until("its start", || pid.exists()).await;
        run.abort();
        let _ = run.await;
    });
    // It would have fifteen seconds to clean up.
    drop(runtime);
    let pid = std::fs::read_to_string(pid).expect("its number");
    let lives = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        // What is dead and not yet buried is a Z.
        !stat.is_empty() && !stat.contains(") Z ")
    };
    let end = std::time::Instant::now() + Duration::from_secs(5);
    while lives() {
        assert!(std::time::Instant::now() < end, "it still lives");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_server_of_processes_survives_each_of_them_and_ends_with_none_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "case $(ls $1/began* 2>/dev/null | wc -l) in
        0) touch $1/began1; kill -11 $$ ;;
        1) touch $1/began2; cat $1/pass ;;
        *) touch $1/began3; read -r _; sleep 0.2; touch $1/cleaned ;;
    esac";
    let gates = std::sync::Arc::new(scripted(folder.path(), script));
    let server = Server::start(&How::new(folder.path()), gates).await;
    let told = server.decided("/v1/gates/release?key=a").await;
    assert_eq!(told["state"], "inconclusive", "{told}");
    assert!(told["summary"].as_str().is_some_and(|said| said.contains("killed (signal: 11")), "{told}");
    assert_eq!(server.decided("/v1/gates/release?key=b").await["state"], "pass");
    server.get("/v1/gates/release?key=c").await;
    until("the third", || folder.path().join("began3").exists()).await;
    server.stop().await;
    assert!(folder.path().join("cleaned").exists(), "the server waits for those that clean up");
    // Nothing but a decision of that very run is taken.
    let next = Server::start(&How::new(folder.path()), Fake::new()).await;
    let told = next.decided("/v1/runs/release/c?").await;
    assert_eq!(told["summary"], "there is no decision: there is no such gate any more", "{told}");
}
