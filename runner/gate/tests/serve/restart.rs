//! What the next server knows of the runs of the one before.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use plumb_gate::serve::{ChildGates, serve};
use plumb_gate::verdict::Said;
use tokio::net::TcpListener;

use crate::fixture::{Fake, How, Server, decision, send, until, until_decided};

/// Where a server of its own finds the folder of its test.
const FOLDER: &str = "PLUMB_TEST_FOLDER";
/// A gate that passes once it may, and leaves where its server is gone. Its arguments are the folder and the attempt.
const SCRIPT: &str = "
    touch $1/began-$2
    while [ ! -e $1/go ]; do
        read -r -t 0.05 _
        if [ $? -eq 1 ]; then touch $1/left-$2; exit 2; fi
    done
    cat $1/decision";

/// A server in a process of its own, for it to be killed.
struct Killed(Child);

impl Killed {
    fn start(folder: &Path) -> Self {
        let own = std::env::current_exe().expect("the binary of the tests");
        let started = Command::new(own)
            .args(["--exact", "restart::serves_until_it_is_killed", "--ignored"])
            .env(FOLDER, folder)
            .stdout(Stdio::null())
            .spawn();
        Self(started.expect("it starts"))
    }

    async fn address(&self, folder: &Path) -> SocketAddr {
        let path = folder.join("address");
        until("its address", || path.exists()).await;
        let text = std::fs::read_to_string(&path).expect("an address");
        std::fs::remove_file(path).expect("it is read once");
        text.parse().expect("an address")
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it is gone");
    }
}

#[tokio::test]
#[ignore = "the server that the test below starts and kills"]
async fn serves_until_it_is_killed() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("the folder of the test"));
    let own = folder.clone();
    let gates = ChildGates::new(vec!["release".to_owned()], move |order| {
        let attempt = order.attempt.to_string();
        ["/bin/bash", "-c", SCRIPT, "gate"]
            .map(Into::into)
            .into_iter()
            .chain([own.clone().into(), attempt.into()])
            .collect()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::fs::write(folder.join("address.new"), address).expect("it is written");
    std::fs::rename(folder.join("address.new"), folder.join("address")).expect("it is there as a whole");
    serve(listener, How::new(&folder).settings(), Arc::new(gates), std::future::pending()).await.expect("it serves");
}

#[tokio::test]
async fn a_run_goes_on_after_its_server_was_killed_in_the_middle() {
    const PATH: &str = "/v1/gates/release?key=shop:7f5d";
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let text = serde_json::to_vec(&decision("release", &[Said::Pass])).expect("a decision is JSON");
    std::fs::write(folder.join("decision"), text).expect("it is written");

    let first = Killed::start(folder);
    let told = send(first.address(folder).await, "GET", PATH, &[], b"").await.json();
    assert_eq!(told["state"], "running", "{told}");
    until("the first attempt", || folder.join("began-1").exists()).await;
    drop(first);
    until("the first attempt's end", || folder.join("left-1").exists()).await;

    let second = Killed::start(folder);
    let address = second.address(folder).await;
    let told = send(address, "GET", PATH, &[], b"").await.json();
    assert_eq!((&told["state"], &told["attempt"]), (&"running".into(), &2.into()), "{told}");
    std::fs::write(folder.join("go"), "").expect("it may end");
    assert_eq!(until_decided(address, PATH).await["state"], "pass");
    drop(second);

    let third = Killed::start(folder);
    let told = send(third.address(folder).await, "GET", "/v1/runs/release/shop:7f5d", &[], b"").await.json();
    assert_eq!((&told["state"], &told["attempt"]), (&"pass".into(), &2.into()), "{told}");
    assert_eq!(told["decision"]["verdict"], "pass", "{told}");
    assert_eq!(told["attempts"][0]["how"], "killed", "{told}");
    assert!(!folder.join("began-3").exists(), "what is decided is answered from the disk");
    let journal = std::fs::read_to_string(folder.join("state/journal.ndjson")).expect("a journal");
    let lines: Vec<serde_json::Value> = journal.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let what: Vec<_> = lines.iter().map(|line| line["what"].as_str().expect("a word")).collect();
    assert_eq!(what, ["began", "killed", "began", "pass"]);
}

#[tokio::test]
async fn what_runs_and_what_waits_goes_on_after_an_orderly_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut how = How::new(folder.path());
    how.limits.at_once = 1;
    let fake = Fake::new();
    let server = Server::start(&how, fake.clone()).await;
    for key in ["a", "b"] {
        server.get(&format!("/v1/gates/waits?key={key}&expect_version=7")).await;
    }
    until("the first", || fake.started().len() == 1).await;
    server.stop().await;
    until("its end", || fake.dropped.load(std::sync::atomic::Ordering::SeqCst) == 1).await;
    let next = Fake::new();
    next.may_end.add_permits(2);
    let server = Server::start(&how, next.clone()).await;
    for (key, attempt) in [("a", 2), ("b", 1)] {
        let told = server.decided(&format!("/v1/gates/waits?key={key}&expect_version=7")).await;
        assert_eq!((&told["state"], &told["attempt"]), (&"pass".into(), &attempt.into()), "{told}");
    }
    let whole = server.get("/v1/runs/waits/a").await.json();
    assert_eq!(whole["attempts"][0]["how"], "stopped", "{whole}");
    let folders: std::collections::BTreeSet<_> = next.started().into_iter().map(|order| order.folder).collect();
    assert_eq!(folders.len(), 2, "each attempt has a folder of its own");
}

#[tokio::test]
async fn a_run_that_never_comes_to_its_end_is_not_begun_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let (fake, how) = (Fake::new(), How::new(folder.path()));
    for attempt in 1..=5 {
        let server = Server::start(&how, fake.clone()).await;
        server.get("/v1/gates/hangs?key=k").await;
        until("the attempt", || fake.started().len() == attempt).await;
        server.stop().await;
    }
    let server = Server::start(&how, fake.clone()).await;
    let told = server.decided("/v1/gates/hangs?key=k").await;
    assert_eq!(told["state"], "inconclusive", "{told}");
    assert_eq!(told["reasons"][0], "it was begun 5 times, and never came to its end");
    assert_eq!(fake.started().len(), 5);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_passes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (fake, how) = (Fake::new(), How::new(folder.path()));
    let server = Server::start(&how, fake.clone()).await;
    server.decided("/v1/gates/passes?key=k").await;
    server.stop().await;
    let runs = how.folder.join("runs");
    let file = std::fs::read_dir(&runs).expect("a folder").next().expect("a run").expect("a file").path();
    let whole = std::fs::read_to_string(&file).expect("a run");
    for (again, text) in [
        whole[..whole.len() / 2].to_owned(),
        String::new(),
        whole.replace("plumb.gate-run/1", "plumb.gate-run/2"),
        // The file of one run under the name of another.
        whole.replace("\"key\": \"k\"", "\"key\": \"other\""),
    ]
    .into_iter()
    .enumerate()
    {
        std::fs::write(&file, text).expect("it is written");
        let server = Server::start(&how, fake.clone()).await;
        assert_eq!(server.get("/v1/runs").await.json()["runs"], serde_json::json!([]));
        assert_eq!(server.decided("/v1/gates/passes?key=k").await["state"], "pass");
        assert_eq!(fake.started().len(), again + 2, "it was run again");
        server.stop().await;
        assert!(file.with_extension("unreadable").exists(), "it is set aside");
    }
}

#[tokio::test]
async fn without_a_disk_nothing_begins_and_what_is_decided_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (fake, how) = (Fake::new(), How::new(folder.path()));
    let server = Server::start(&how, fake.clone()).await;
    server.get("/v1/gates/waits?key=k").await;
    std::fs::remove_dir_all(how.folder.join("runs")).expect("the disk is gone");
    let told = server.get("/v1/gates/passes?key=k").await;
    assert_eq!(told.status, 507, "{}", told.body);
    assert_eq!(fake.started().len(), 1, "nothing was begun that cannot be kept");
    fake.may_end.add_permits(1);
    assert_eq!(server.decided("/v1/gates/waits?key=k").await["state"], "pass");
}
