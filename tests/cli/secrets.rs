//! No secret in any output, however much is asked for.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use crate::support::{Home, Ran, Served, list, listen, until};

const SECRET: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00";
const TOKEN: &str = "FwoGZXIvYXdzEBYaDExampleSessionToken0123456789";

/// A home whose identity has a session token too, and a server that knows it and has a bug.
fn lab() -> (Home, Served) {
    let mut home = Home::new();
    home.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    home.set("AWS_SECRET_ACCESS_KEY", SECRET);
    home.set("AWS_SESSION_TOKEN", TOKEN);
    let server = Served::new(&home, "s3", Some("if-match-ignored"));
    (home, server)
}

#[track_caller]
fn check_text(what: &str, text: &str) {
    for secret in [SECRET, TOKEN] {
        let place = text.find(secret).map(|at| text[text[..at].rfind('\n').map_or(0, |at| at + 1)..].lines().next());
        assert!(place.is_none(), "{what}: {place:?}");
    }
}

/// Looks through everything that a process has printed and everything that was written.
#[track_caller]
fn check(home: &Home, ran: &Ran) {
    check_text("standard output", &ran.stdout);
    check_text("standard error", &ran.stderr);
    let mut all = BTreeSet::new();
    list(&home.path(""), &mut all);
    for path in all.iter().filter(|path| path.is_file()) {
        let bytes = fs::read(path).expect("a file");
        check_text(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
    }
}

fn conform(log: &str, format: &str) {
    let (home, server) = lab();
    let target = ["--log", log, "--log-level", "trace", "conform", "--api", "s3", "--endpoint-url", &server.url];
    let cases = ["--operation", "GetObject", "--budget", "500", "--timeout", "60s"];
    let output = ["--format", format, "--output", "out", "--html", "page.html"];
    let ran = home.plumb(&[&target[..], &cases, &output].concat()).exits(1);
    assert!(ran.stderr.len() > 10_000, "there is a log");
    check(&home, &ran);
    let finding = fs::read_dir(home.path("out/findings")).expect("findings").next().expect("one").expect("one").path();
    let path = finding.to_str().expect("text");
    let ran = home.plumb(&["--log", log, "--log-level", "trace", "replay", path, "--endpoint-url", &server.url]);
    check(&home, &ran.exits(1));
}

#[test]
fn no_secret_in_text_logs_and_json() {
    conform("text", "json");
}

#[test]
fn no_secret_in_json_logs_and_text() {
    conform("json", "terminal");
}

#[test]
fn no_secret_in_events() {
    conform("json", "ndjson");
}

#[test]
fn no_secret_in_what_a_server_announces() {
    let (home, server) = lab();
    drop(server);
    let run = home.start(&["--log", "text", "--log-level", "trace", "serve", "--api", "s3"]);
    until("the server's address", || run.stdout().contains("listens at"));
    run.interrupt();
    check(&home, &run.end().exits(0));
}

/// Some servers tell in an error what they were asked, the token of the session included.
#[test]
fn no_secret_that_the_server_repeats() {
    let mut home = Home::new();
    home.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    home.set("AWS_SECRET_ACCESS_KEY", SECRET);
    home.set("AWS_SESSION_TOKEN", TOKEN);
    let url = listen(|stream| repeat(&stream));
    let target = ["conform", "--api", "s3", "--endpoint-url", &url, "--operation", "CreateBucket", "--budget", "10"];
    for format in ["terminal", "json", "ndjson"] {
        let output = ["--format", format, "--output", format, "--html", "page.html"];
        check(&home, &home.plumb(&[&target[..], &output].concat()));
    }
}

#[test]
fn no_secret_in_a_comparison() {
    let (home, server) = lab();
    let url = listen(|stream| repeat(&stream));
    for (index, [a, b]) in [[&server.url, &url], [&url, &server.url]].into_iter().enumerate() {
        for format in ["terminal", "json"] {
            let targets = ["--log", "text", "--log-level", "trace", "compare", "--api", "s3", a, b];
            let cases = ["--operation", "CreateBucket", "--budget", "10", "--format", format];
            let folder = format!("{format}-{index}");
            let ran = home.plumb(&[&targets[..], &cases, &["--output", &folder]].concat()).exits(1);
            assert!(ran.stderr.len() > 10_000, "there is a log");
            check(&home, &ran);
        }
    }
}

/// Answers with the head of the request, in a header and in the body. Not with an error that rejects the
/// credentials: after that nothing more is sent.
fn repeat(stream: &TcpStream) {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(1..) = reader.read_until(b'\n', &mut head) else { return };
    }
    let head = String::from_utf8_lossy(&head);
    let body = format!("<Error><Code>InvalidRequest</Code><CanonicalRequest>{head}</CanonicalRequest></Error>");
    let field = head.lines().find(|line| line.starts_with("x-amz-security-token")).unwrap_or_default();
    let fields = format!("x-repeated: {field}\r\ncontent-length: {}\r\nconnection: close", body.len());
    _ = writer.write_all(format!("HTTP/1.1 400 Bad Request\r\n{fields}\r\n\r\n{body}").as_bytes());
}
