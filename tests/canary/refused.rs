//! What is wrong is refused before anything starts, with its place and exit code 3.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::daemon::{Daemon, agent, canary, rule, target};
use crate::support::{Home, Listener, Ran, Running};

/// A configuration of which every part is right.
fn right(home: &Home, url: &str) -> String {
    [
        agent(home),
        "[receivers.hook.webhook]\nurl = \"http://127.0.0.1:9/hook\"\n".to_owned(),
        rule("down", "availability", (3, 5), &["hook"]),
        target("kv", url),
        canary("writes", &["kv"], "alerts = [\"down\"]"),
    ]
    .concat()
}

/// Starts a daemon that cannot begin.
#[track_caller]
fn refused(home: &Home, arguments: &[&str]) -> Ran {
    let running: Running = home.start(&[&["canary"], arguments].concat());
    running.end_within(crate::daemon::PATIENCE).expect("it does not begin").exits(3)
}

/// The line of an error and the column of its caret, as `[plumb.toml:7:3]` tells them.
fn place(ran: &Ran) -> Option<(usize, usize)> {
    let (_, behind) = ran.stderr.split_once("[plumb.toml:")?;
    let mut numbers = behind.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[test]
fn a_mistake_in_the_configuration_is_shown_at_its_place() {
    let listener = Listener::new();
    let check = |old: &str, new: &str, at: &str, words: &[&str]| {
        let home = Home::new();
        let right = right(&home, &listener.url());
        assert!(right.contains(old), "{old}");
        let wrong = right.replacen(old, new, 1);
        home.write("plumb.toml", &wrong);
        for arguments in [&[][..], &["--check"], &["--once"]] {
            let ran = refused(&home, arguments).says(words);
            let offset = wrong.find(at).unwrap_or_else(|| panic!("{at}"));
            let line = wrong[..offset].matches('\n').count() + 1;
            let column = offset - wrong[..offset].rfind('\n').map_or(0, |end| end + 1) + 1;
            assert_eq!(place(&ran), Some((line, column)), "{at}: {}", ran.stderr);
        }
        assert!(!home.path("state").exists(), "nothing was begun");
    };
    let every = "every = \"1s\"";
    check("alerts = [\"down\"]", "[canaries.writes]\n", "writes]\n\n", &["duplicate key"]);
    check(every, "every = \"1s\"\nslo = { availability = 1.5 }", "1.5", &["150 %", "between 0 and 1"]);
    check(every, "cron = \"0 0 31 2 *\"\ntime_zone = \"UTC\"", "\"0 0 31 2 *\"", &["no month has such a day"]);
    check(every, "cron = \"0 0 * * *\"\ntime_zone = \"Mars/Base\"", "\"Mars/Base\"", &["Mars/Base"]);
    check(
        "http://127.0.0.1:9/hook",
        "http://127.0.0.1:9/hook?token=abc123",
        "\"http://127.0.0.1:9/hook?token",
        &["what looks like a secret", "{ file = \"PATH\" }"],
    );
    check(
        "9/hook\"\n",
        "9/hook\"\ntemplate = \"{\\\"text\\\": \\\"{{summary}} {{sumary}}\\\"}\"\n",
        "{{sumary}}",
        &["there is no field \"sumary\"", "summary"],
    );
    check(
        "9/hook\"\n",
        "9/hook\"\ntemplate = \"\"\"\nfirst\n{{nonsense}}\"\"\"\ncontent_type = \"text/plain\"\n",
        "{{nonsense}}",
        &["there is no field \"nonsense\""],
    );
    check("targets = [\"kv\"]", "targets = [\"vk\"]", "\"vk\"", &["there is no target \"vk\"", "kv"]);
    check("alerts = [\"down\"]", "alerts = [\"up\"]", "\"up\"", &["there is no alert \"up\""]);
    check("owner = \"storage\"", "owner = \" \"", "\" \"", &["it is empty"]);
    check("bad = 3", "bad = 7", "{ axis", &["7 of 5"]);
    check(every, "every = \"1s\"\nevry = 2", "evry", &["unknown field `evry`"]);
    let slo = "every = \"30m\"\nslo = { availability = 0.9999, window = \"1d\" }";
    check(every, slo, "{ availability", &["one bad slot overspends it"]);
    check("\"127.0.0.1:0\"", "\"0.0.0.0:0\"", "\"0.0.0.0:0\"", &["open to everybody"]);
    assert!(!listener.was_called());
}

#[test]
fn a_secret_in_an_address_is_not_shown() {
    let home = Home::new();
    let config = right(&home, "http://127.0.0.1:9");
    home.write("plumb.toml", config.replace("9/hook", "9/hook?token=s3cr3tvalue"));
    let ran = refused(&home, &[]);
    assert!(!ran.stderr.contains("s3cr3tvalue"), "{}", ran.stderr);
}

#[test]
fn a_suite_that_says_nothing_is_refused() {
    let check = |canary: &str, words: &[&str]| {
        let home = Home::new();
        let config = right(&home, "http://127.0.0.1:9");
        home.write("plumb.toml", config.replace("features = [\"writes.feature\"]", canary));
        home.write("undefined.feature", "@api(kv)\nFeature: F\n  Scenario: S\n    When the moon is full\n");
        for arguments in [&[][..], &["--check"]] {
            refused(&home, arguments).says(words);
        }
    };
    check("features = [\"undefined.feature\"]", &["undefined step", "undefined.feature", "plumb test --dry-run"]);
    check("features = [\"writes.feature\"]\ntags = \"@none\"", &["selects no scenario"]);
    check("features = [\"absent.feature\"]", &["absent.feature"]);
    check("suites = { budget = \"none\" }", &["budget"]);
    check("suites = { budget = \"10\", operations = [\"Nonsense\"] }", &["Nonsense"]);
}

#[test]
fn a_port_in_use_and_a_state_in_use_are_refused() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let config = right(&home, "http://127.0.0.1:9");
    home.write("plumb.toml", config.replace("127.0.0.1:0", &address));
    refused(&home, &[]).says(&[&format!("failed to listen on {address}"), "is another daemon there?"]);
    home.write("plumb.toml", &config);
    let daemon = Daemon::start(&home);
    let process = format!("(process {})", daemon.running.id());
    refused(&home, &[]).says(&["another daemon works there", &process]);
    daemon.end().exits(0);
}

/// Every file below a folder with its bytes, but for locks.
fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = std::collections::BTreeSet::new();
    crate::support::list(folder, &mut all);
    let files = all.into_iter().filter(|path| path.is_file() && !path.ends_with("lock"));
    files.map(|path| (path.display().to_string(), fs::read(&path).expect("a file"))).collect()
}

/// A state that a daemon has left, and the file of its only day.
fn left(home: &Home) -> std::path::PathBuf {
    home.write("plumb.toml", right(home, "http://127.0.0.1:9"));
    let daemon = Daemon::start(home);
    daemon.rows_once("a slot", |rows| !rows.is_empty());
    daemon.end().exits(0);
    let mut all = std::collections::BTreeSet::new();
    crate::support::list(&home.path("state/store"), &mut all);
    let is_day = |path: &&std::path::PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().ends_with(".db") && name.to_string_lossy().starts_with("slots-"))
    };
    all.iter().rfind(is_day).unwrap_or_else(|| panic!("{all:?}")).clone()
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_not_touched() {
    let home = Home::new();
    let day = left(&home);
    let mut file = fs::read(&day).expect("a file of a day");
    // The user version of an SQLite file is a number of four bytes at 60 (https://sqlite.org/fileformat2.html).
    file[60..64].copy_from_slice(&999_i32.to_be_bytes());
    fs::write(&day, file).expect("a file of a day");
    let before = bytes(&home.path("state/store"));
    refused(&home, &[]).says(&["has version 999", "this program knows up to"]);
    assert!(before == bytes(&home.path("state/store")), "nothing was touched");
}

#[test]
fn a_broken_store_is_moved_aside_and_told_of() {
    let home = Home::new();
    let day = left(&home);
    fs::write(&day, vec![b'x'; 10_000]).expect("a file of a day");
    let daemon = Daemon::start(&home);
    daemon.rows_once("slots in a new file", |rows| !rows.is_empty());
    let (_, board) = daemon.get("/");
    assert!(board.contains(".corrupt-"), "{board}");
    let name = day.file_name().expect("a name").to_string_lossy().into_owned();
    let aside =
        bytes(&home.path("state/store")).into_iter().find(|(path, _)| path.contains(&format!("{name}.corrupt-")));
    assert_eq!(aside.map(|(_, bytes)| bytes), Some(vec![b'x'; 10_000]), "it is kept as it was");
    daemon.end().exits(0);
}
