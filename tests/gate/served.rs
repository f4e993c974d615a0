//! `plumb gate serve`: pipelines ask, and each run is a process of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::front::{Deed, Front};
use crate::gated::{SUITES, gate, target};
use crate::support::{Home, Running, Served, until};

/// A server of gates.
struct Serving {
    running: Running,
    address: String,
}

impl Serving {
    fn start(home: &Home, more: &[&str]) -> Self {
        let running = home.start(&[&["gate", "serve", "--listen", "127.0.0.1:0"], more].concat());
        let mut address = None;
        until("its address", || {
            address =
                running.stderr().split("http://").nth(1).and_then(|rest| Some(rest.split_once(',')?.0.to_owned()));
            address.is_some()
        });
        Self { running, address: address.expect("an address") }
    }

    /// The status and the JSON of an answer.
    fn ask(&self, path: &str, token: Option<&str>) -> (String, Value) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let token = token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{token}connection: close\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head[9..12].to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Asks until the run is decided.
    #[track_caller]
    fn decided(&self, path: &str) -> Value {
        let mut said = Value::Null;
        until("a decision", || {
            let (status, own) = self.ask(path, None);
            assert_eq!(status, "200", "{own}");
            said = own;
            said["state"] != "running"
        });
        said
    }
}

#[test]
fn a_pipeline_that_asks_hears_what_the_gate_decides() {
    let home = Home::new();
    let (well, ill) = (Served::kv(&home), Served::new(&home, "kv", Some("delete-forgets")));
    let two = gate(SUITES) + &gate(SUITES).replace("release", "other").replace("\"kv\"", "\"ill\"");
    home.write("plumb.toml", target("kv", &well.url, "") + &target("ill", &ill.url, "") + &two);
    let serving = Serving::start(&home, &["--state", "gates"]);
    let (status, first) = serving.ask("/v1/gates/release?key=shop:1", None);
    assert_eq!((status.as_str(), &first["state"]), ("200", &Value::from("running")));
    assert_eq!(serving.decided("/v1/gates/release?key=shop:1")["state"], "pass");
    assert_eq!(serving.decided("/v1/gates/other?key=shop:1")["state"], "fail");
    assert_eq!(serving.ask("/v1/gates/nobody?key=shop:1", None).0, "404");
    serving.running.terminate();
    serving.running.end().exits(0);
    // What was decided is known to the next one, which runs nothing again.
    drop((well, ill));
    let serving = Serving::start(&home, &["--state", "gates"]);
    assert_eq!(serving.decided("/v1/gates/release?key=shop:1")["state"], "pass");
    serving.running.kill();
}

#[test]
fn a_run_ends_with_a_server_that_is_killed_and_is_begun_again_by_the_next() {
    let home = Home::new();
    let server = Served::kv(&home);
    let front = Front::new(&server.url, |_| {
        std::thread::sleep(Duration::from_millis(10));
        Deed::Pass(None)
    });
    home.write("plumb.toml", target("kv", &front.url, "") + &gate(SUITES));
    let serving = Serving::start(&home, &["--state", "gates"]);
    serving.ask("/v1/gates/release?key=a", None);
    until("the first requests", || front.requests() > 20);
    serving.running.kill();
    // Whoever wanted the run is gone: it cleans up and ends, and asks no more.
    let mut last = 0;
    until("its end", || {
        std::thread::sleep(Duration::from_secs(1));
        std::mem::replace(&mut last, front.requests()) == front.requests()
    });
    let serving = Serving::start(&home, &["--state", "gates"]);
    let said = serving.decided("/v1/gates/release?key=a");
    assert_eq!((&said["state"], &said["attempt"]), (&Value::from("pass"), &Value::from(2)), "{said}");
    serving.running.kill();
}

#[test]
fn a_server_that_others_can_reach_needs_a_token() {
    let home = Home::new();
    let server = Served::kv(&home);
    home.write("plumb.toml", target("kv", &server.url, "") + &gate(SUITES));
    home.plumb(&["gate", "serve", "--listen", "0.0.0.0:0"]).exits(3).says(&["without a token", "--token-file"]);
    home.write("token", "\n");
    home.plumb(&["gate", "serve", "--token-file", "token"])
        .exits(3)
        .says(&["holds no token of at least 16 characters"]);
    home.write("token", "a-long-and-secret-token\n");
    let serving = Serving::start(&home, &["--token-file", "token"]);
    assert_eq!(serving.ask("/v1/runs", None).0, "401");
    assert_eq!(serving.ask("/v1/runs", Some("another")).0, "401");
    assert_eq!(serving.ask("/v1/runs", Some("a-long-and-secret-token")).0, "200");
    assert_eq!(serving.ask("/healthz", None).0, "200");
    serving.running.kill();
}

#[test]
fn a_gate_that_is_wrong_and_a_port_in_use_are_told_at_the_start() {
    let home = Home::new();
    home.plumb(&["gate", "serve"]).exits(3).says(&["there is no gate to serve"]);
    home.write("plumb.toml", target("kv", "http://127.0.0.1:1", "") + &gate("minimum = 1\n"));
    home.plumb(&["gate", "serve"]).exits(3).says(&["the gate looks at nothing"]);
    home.write("plumb.toml", target("kv", "http://127.0.0.1:1", "") + &gate(SUITES));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    home.plumb(&["gate", "serve", "--listen", &address]).exits(3).says(&["failed to listen at", "--listen"]);
}
