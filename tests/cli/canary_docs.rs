//! The pages on canaries, done as they say: every command typed, every file put where it belongs.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Home, Ran, Running, until};

/// The ports that the pages name.
const SERVED: &str = "4711";
const PAGES: &str = "9464";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn deploy(name: &str) -> PathBuf {
    root().join("runner/canary/deploy").join(name)
}

/// The blocks of a kind below a heading, up to the next one of its rank.
fn blocks(page: &str, heading: &str, kind: &str) -> Vec<String> {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let section = rest.split("\n## ").next().unwrap_or_default();
    let opening = format!("```{kind}\n");
    section.split(&opening).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

/// A port that nobody has.
fn free_port() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port().to_string()
}

/// A newcomer with a shell: `plumb` is on the path, and the ports are free ones.
struct Newcomer {
    home: Home,
    ports: [String; 2],
}

impl Newcomer {
    fn new() -> Self {
        let home = Home::new();
        fs::create_dir(home.path("bin")).expect("a folder");
        symlink(env!("CARGO_BIN_EXE_plumb"), home.path("bin/plumb")).expect("a link");
        Self { home, ports: [free_port(), free_port()] }
    }

    fn own(&self, text: &str) -> String {
        text.replace(SERVED, &self.ports[0]).replace(PAGES, &self.ports[1])
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = self.home.program("bash");
        let path = std::env::var("PATH").expect("a path");
        // A command that goes on is the shell's own process, so that it hears signals.
        command.args(["-o", "pipefail", "-c", &self.own(line)]);
        command.env("PATH", format!("{}:{path}", self.home.path("bin").display()));
        command
    }

    fn types(&self, line: &str) -> Ran {
        Running::start(&mut self.shell(line), b"").end()
    }

    fn leaves_running(&self, line: &str) -> Running {
        Running::start(&mut self.shell(&format!("exec {line}")), b"")
    }

    /// What the ledger has, the newest last.
    fn ledger(&self) -> Vec<Value> {
        let lines = self.types("plumb ledger").stdout;
        lines.lines().skip(1).map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// Waits until the ledger ends with a slot of this outcome and these marks.
    fn sees(&self, outcome: &str, availability: &str, conformance: &str) {
        until(&format!("{outcome}, {availability}, {conformance}"), || {
            std::thread::sleep(Duration::from_millis(500));
            let last = self.ledger().pop().unwrap_or_default();
            last["outcome"] == outcome && last["availability"] == availability && last["conformance"] == conformance
        });
    }
}

#[test]
fn a_first_canary_is_up_in_five_minutes() {
    let (newcomer, text) = (Newcomer::new(), page("canaries.md"));
    let commands = blocks(&text, "A canary in five minutes", "sh");
    let [serve, first, daemon, looks, planted] = &commands[..] else { panic!("{commands:?}") };
    let toml = blocks(&text, "A canary in five minutes", "toml");
    // Often enough for a test.
    newcomer.home.write("plumb.toml", newcomer.own(&toml[0]).replace("\"10s\"", "\"1s\""));
    let server = newcomer.leaves_running(serve);
    until("the server", || server.stdout().contains("http://"));
    for line in first.lines() {
        let ran = newcomer.types(line).exits(0);
        if line.ends_with("--once") {
            let shown = &blocks(&text, "A canary in five minutes", "text")[0];
            assert_eq!(digits_off(&ran.stdout), digits_off(shown), "{}", ran.stdout);
        }
    }
    let daemon = newcomer.leaves_running(daemon);
    newcomer.sees("pass", "good", "good");
    for line in looks.lines() {
        newcomer.types(line).exits(0);
    }
    drop(server);
    newcomer.sees("inconclusive", "bad", "void");
    let server = newcomer.leaves_running(planted);
    newcomer.sees("fail", "good", "bad");
    let last = newcomer.ledger().into_iter().rev().find(|row| row["outcome"] == "fail").expect("a slot that failed");
    let replay = last["trouble"]["replay"].as_str().expect("a command").to_owned();
    newcomer.types(&replay).exits(1);
    drop(server);
    daemon.interrupt();
    daemon.end().exits(0);
}

/// A line with what differs from run to run left out.
fn digits_off(text: &str) -> String {
    let words: Vec<String> =
        text.split_whitespace().map(|word| word.replace(|digit: char| digit.is_ascii_digit(), "")).collect();
    words.into_iter().map(|word| word.replace("ms,", "s,")).filter(|word| word != "s").collect::<Vec<_>>().join(" ")
}

#[test]
fn the_examples_of_alerts_are_taken_by_the_binary() {
    let home = Home::new();
    let text = page("alerts.md");
    let whole: Vec<String> =
        blocks(&text, "The rules", "toml").into_iter().filter(|block| block.contains("[agent]")).collect();
    home.write("plumb.toml", &whole[0]);
    let checked = home.plumb(&["canary", "--check"]).exits(0);
    assert!(checked.stdout.contains("alerts outage, wrong, burns"), "{}", checked.stdout);
    // As many choices as the table of keys says, and no more.
    let suite = |strength: u8| {
        whole[0].replace("embedded = true", &format!("suites = {{ budget = \"10\", strength = {strength} }}"))
    };
    home.write("plumb.toml", suite(5));
    home.plumb(&["canary", "--check"]).exits(3).says(&["between 1 and 4 choices can meet"]);
    home.write("plumb.toml", suite(0));
    home.plumb(&["canary", "--check"]).exits(3);
}

/// A fleet's configuration for a region, with its secrets where this home has them.
fn region(home: &Home, name: &str) -> String {
    let half =
        |file: &str| fs::read_to_string(deploy("regions").join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let etc = home.path("etc");
    fs::create_dir_all(&etc).expect("a folder");
    for secret in ["password", "heartbeat-url", "access-key-id", "secret-access-key"] {
        fs::write(etc.join(secret), "http://127.0.0.1:1/").expect("a file");
    }
    (half(&format!("{name}.toml")) + &half("common.toml")).replace("/etc/plumb", &etc.display().to_string())
}

#[test]
fn every_region_of_the_fleet_is_taken() {
    let home = Home::new();
    for name in ["eu-west-1", "us-east-1"] {
        home.write("plumb.toml", region(&home, name));
        let checked = home.plumb(&["canary", "--check", "--config", "plumb.toml"]).exits(0);
        for watch in ["connects@prod", "edges@prod"] {
            assert!(checked.stdout.contains(watch), "{}", checked.stdout);
        }
    }
}

#[test]
fn the_installer_puts_everything_in_its_place_and_refuses_what_is_wrong() {
    let home = Home::new();
    let installs = |config: &str| {
        let mut command = home.program(deploy("install.sh"));
        command.args([env!("CARGO_BIN_EXE_plumb"), config]).env("DESTDIR", home.path("host"));
        Running::start(&mut command, b"").end()
    };
    home.write("good.toml", region(&home, "eu-west-1"));
    home.write("bad.toml", region(&home, "eu-west-1").replace("every = \"1m\"", "every = \"soon\""));
    installs("bad.toml").exits(3);
    assert!(!home.path("host").exists(), "nothing was changed");
    installs("good.toml").exits(0);
    let again = installs("good.toml").exits(0);
    let linked = fs::read_link(home.path("host/usr/local/bin/plumb")).expect("a link");
    assert!(again.stdout.contains(&format!("before it {}", linked.display())), "{}", again.stdout);
    let below = home.path("host").join(linked.strip_prefix("/").expect("an absolute link"));
    assert!(below.is_file(), "{}", below.display());
    installs("bad.toml").exits(3);
    assert_eq!(home.read("host/etc/plumb/plumb.toml"), home.read("good.toml"), "what was wrong changed nothing");
    let page = page("running-canaries.md");
    for line in page.lines().filter(|line| line.starts_with("| `plumb")) {
        let place = line.split('`').nth(3).expect("where it goes");
        let cron = place.contains("cron");
        assert_eq!(home.path("host").join(&place[1..]).exists(), !cron, "{place}");
    }
}

/// Runs a tool of the system where there is one.
fn tool(home: &Home, program: &str, arguments: &[&str]) -> Option<Ran> {
    let ran = Running::try_start(home.program(program).args(arguments), b"").ok();
    if ran.is_none() {
        eprintln!("{program} is not here: nothing is told of it");
    }
    ran.map(Running::end)
}

#[test]
fn systemd_takes_the_files_and_calls_the_unit_safe() {
    let home = Home::new();
    let unit = fs::read_to_string(deploy("plumb-canary.service")).expect("a unit");
    home.write("plumb-canary.service", unit.replace("/usr/local/bin/plumb", env!("CARGO_BIN_EXE_plumb")));
    if let Some(verified) = tool(&home, "systemd-analyze", &["verify", "./plumb-canary.service"]) {
        let verified = verified.exits(0);
        assert!(!verified.stderr.contains("plumb-canary"), "{}", verified.stderr);
        let ran = tool(&home, "systemd-analyze", &["security", "--offline=true", "./plumb-canary.service"]);
        let shown = ran.expect("the same tool").exits(0).stdout;
        let score = shown.split("plumb-canary.service: ").nth(1).and_then(|rest| rest.split(' ').next());
        let score: f64 = score.and_then(|score| score.parse().ok()).expect("a score");
        assert!(score < 2.0, "{shown}");
    }
    let own = |name: &str| fs::canonicalize(deploy(name)).expect("a file").display().to_string();
    fs::create_dir_all(home.path("host/etc")).expect("a folder");
    let host = format!("--root={}", home.path("host").display());
    // Both write into another root; whoever may not is told nothing.
    if let Some(made) = tool(&home, "systemd-sysusers", &[&host, &own("plumb.sysusers.conf")])
        && made.code == Some(0)
    {
        assert!(home.read("host/etc/passwd").contains("plumb:"));
        if let Some(made) = tool(&home, "systemd-tmpfiles", &["--create", &host, &own("plumb.tmpfiles.conf")]) {
            made.exits(0);
            assert!(home.path("host/var/lib/plumb").is_dir() && home.path("host/etc/plumb").is_dir());
        }
    }
}

/// Without these a daemon behind the unit's walls has no home, no state and no way to read its configuration.
#[test]
fn the_unit_runs_the_command_that_the_page_describes() {
    let unit = fs::read_to_string(deploy("plumb-canary.service")).expect("a unit");
    let home = Home::new();
    home.write("plumb.toml", region(&home, "eu-west-1"));
    for line in unit.lines().filter_map(|line| line.split_once("=/usr/local/bin/plumb ")) {
        let words: Vec<&str> = line.1.split(' ').map(|word| word.strip_prefix("/etc/plumb/").unwrap_or(word)).collect();
        // What is not a check goes on for ever; that it would begin is what a check tells.
        let check = if words.contains(&"--check") { vec![] } else { vec!["--check"] };
        home.plumb(&[&words[..], &check].concat()).exits(0);
    }
}

#[test]
fn cron_mails_what_does_not_pass_and_nothing_else() {
    let table = fs::read_to_string(deploy("plumb-canary.cron")).expect("a crontab");
    let line = table.lines().find(|line| line.starts_with("*/5")).expect("a line");
    assert!(page("running-canaries.md").contains(line), "{line}");
    assert!(!line.contains('%'), "cron takes it for the end of the line");
    let newcomer = Newcomer::new();
    let toml = blocks(&page("canaries.md"), "A canary in five minutes", "toml");
    newcomer.home.write("plumb.toml", newcomer.own(&toml[0]));
    let (_, command) = line.split_once(" plumb ").expect("a user");
    let here = newcomer.home.path("").display().to_string();
    let command = command.replace("/etc/plumb", &here).replace("/var/lib/plumb", &here);
    let serve = newcomer.leaves_running(&blocks(&page("canaries.md"), "A canary in five minutes", "sh")[0]);
    until("the server", || serve.stdout().contains("http://"));
    assert_eq!(newcomer.types(&command).exits(0).stdout, "");
    drop(serve);
    let mailed = newcomer.types(&command).exits(0).stdout;
    assert!(mailed.contains("inconclusive") && mailed.contains("way (connect)"), "{mailed}");
}

#[test]
fn people_come_in_through_the_proxy_of_the_page_with_a_password() {
    let newcomer = Newcomer::new();
    let home = &newcomer.home;
    let proxy = free_port();
    let block = blocks(&page("running-canaries.md"), "Pages for others, over TLS", "nginx").remove(0);
    // Without its certificate: what it asks of the agent is what matters here.
    let plain = newcomer.own(&block).replace("listen 443 ssl", &format!("listen 127.0.0.1:{proxy}"));
    let lines: Vec<&str> = plain.lines().filter(|line| !line.contains("ssl_")).collect();
    let head = "pid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n";
    home.write("nginx.conf", format!("{head}{}\n}}\n", lines.join("\n")));
    let here = home.path("").display().to_string();
    let mut nginx = home.program("nginx");
    nginx.args(["-p", &here, "-c", "nginx.conf", "-g", "daemon off;"]);
    let Ok(nginx) = Running::try_start(&mut nginx, b"") else {
        eprintln!("nginx is not here: nothing is told of it");
        return;
    };
    let toml = newcomer.own(&blocks(&page("canaries.md"), "A canary in five minutes", "toml")[0]);
    home.write("password", "hunter2");
    home.write(
        "plumb.toml",
        toml.replace("[agent]\n", "[agent]\nuser = \"ops\"\npassword = { file = \"password\" }\n"),
    );
    let daemon = newcomer.leaves_running("plumb canary");
    let asks = |path: &str, more: &str| {
        let url = format!("http://127.0.0.1:{proxy}{path}");
        let name = "--header 'host: canary.eu-west-1.example.com'";
        let line = format!("curl --silent --output /dev/null --write-out '%{{http_code}}' {name} {more} {url}");
        newcomer.types(&line).stdout
    };
    until("the agent behind the proxy", || asks("/healthz", "") == "200");
    assert_eq!(asks("/", ""), "401");
    assert_eq!(asks("/", "--user ops:hunter2"), "200");
    let form =
        "--user ops:hunter2 --data 'state=drain&reason=docs' --header 'origin: https://canary.eu-west-1.example.com'";
    assert_eq!(asks("/kill-switch", form), "303");
    assert!(newcomer.types("plumb kill").exits(0).stdout.contains("drain (the status page"));
    daemon.terminate();
    daemon.end().exits(0);
    nginx.terminate();
    nginx.end();
}
