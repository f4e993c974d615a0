//! A server's words are a stranger's: they neither drive the terminal nor run in a browser.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use crate::support::{Home, Ran, listen, read_request};

/// Words that a terminal, a browser or a reader must not take for ours.
const EVIL: &str = "<script>alert(1)</script>\u{1b}[2J\u{1b}]0;owned\u{7}\u{8}\r\u{9b}31m\u{202e}&#x3c;\"'>";
const BODY_BYTES: usize = 10 << 20;

/// Answers each request of a connection with evil headers and `length` bytes of evil body.
fn answer(stream: &TcpStream, status: &str, length: usize) {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    while read_request(&mut reader).is_some() {
        let body: Vec<u8> = EVIL.bytes().cycle().take(length).collect();
        let plain = EVIL.replace(|character: char| character.is_ascii_control(), "");
        let head = format!(
            "HTTP/1.1 {status}\r\netag: {plain}\r\nx-request-id: {plain}\r\nx-amz-request-id: {plain}\r\n\
             content-type: {plain}\r\nlocation: {plain}\r\ncontent-length: {length}\r\n\r\n"
        );
        if writer.write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

#[track_caller]
fn check_terminal(text: &str) {
    let forbidden = |character: &char| character.is_control() && *character != '\n' || *character == '\u{202e}';
    let place = text.lines().find(|line| line.chars().any(|character| forbidden(&character)));
    assert_eq!(place, None);
}

/// A run against such a server, without logs; what it prints and writes is looked through.
fn check(api: &str, status: &'static str, length: usize, cases: &[&str]) -> Ran {
    let mut home = Home::new();
    home.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    home.set("AWS_SECRET_ACCESS_KEY", "secret");
    let url = listen(move |stream| answer(&stream, status, length));
    let target = ["conform", "--api", api, "--endpoint-url", &url, "--workflows", "10"];
    let output = ["--output", "out", "--html", "page.html"];
    let ran = home.plumb(&[&target[..], cases, &output].concat());
    assert!(matches!(ran.code, Some(1 | 2)), "{:?}\n{}", ran.code, ran.stderr);
    check_terminal(&ran.stdout);
    check_terminal(&ran.stderr);
    let page = home.read("page.html").to_lowercase();
    assert!(!page.contains("<script"), "the page runs nothing");
    assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'), "the page shows no control characters");
    serde_json::from_str::<serde_json::Value>(&home.read("out/run.json")).expect("the report is JSON");
    ran
}

#[test]
fn evil_successes_of_kv_are_only_shown() {
    let ran = check("kv", "200 OK", 400, &[]).exits(1);
    assert!(ran.stdout.contains("script"), "it is shown, though harmless: {}", ran.stdout);
}

#[test]
fn evil_errors_of_kv_are_only_shown() {
    check("kv", "400 <script>", 400, &[]);
}

#[test]
fn evil_answers_of_s3_are_only_shown() {
    check("s3", "404 Not Found", 400, &["--operation", "DeleteObject", "--budget", "40"]);
    check("s3", "200 OK", 400, &["--operation", "ListObjectsV2", "--budget", "40"]);
}

/// Nor do logs, which hold no colours either where nobody looks at them.
#[test]
fn evil_answers_are_only_shown_in_logs() {
    let home = Home::new();
    let url = listen(|stream| answer(&stream, "200 OK", 400));
    for log in ["text", "json"] {
        let arguments = ["--log", log, "--log-level", "trace", "conform", "--api", "kv", "--endpoint-url", &url];
        let ran = home.plumb(&[&arguments[..], &["--operation", "Get", "--budget", "4"]].concat());
        assert!(ran.stderr.len() > 1_000, "there is a log");
        check_terminal(&ran.stderr);
    }
}

/// Control characters in the head are no HTTP at all; what is said of them holds none.
#[test]
fn a_head_with_control_characters_is_no_answer() {
    let home = Home::new();
    for head in ["HTTP/1.1 200 \u{1b}[2J\r\n\r\n", "HTTP/1.1 200 OK\r\nx: \u{1b}[2J\r\n\r\n", "\u{1b}[2J\r\n\r\n"] {
        let url = listen(move |mut stream| _ = stream.write_all(head.as_bytes()));
        let ran = home.plumb(&["conform", "--api", "kv", "--endpoint-url", &url]);
        check_terminal(&ran.exits(2).says(&["failed to reach the target"]).stderr);
    }
}

#[test]
fn bodies_of_ten_megabytes_are_cut_in_every_report() {
    let ran = check("kv", "200 OK", BODY_BYTES, &["--operation", "Get", "--budget", "3"]).exits(1);
    assert!(ran.stdout.len() < 1 << 16, "{} bytes", ran.stdout.len());
}

#[test]
fn an_answer_that_never_ends_is_inconclusive() {
    let home = Home::new();
    let url = listen(|stream| {
        let (mut reader, mut writer) = (BufReader::new(&stream), &stream);
        if read_request(&mut reader).is_some() {
            _ = writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
            // Holds the connection until the client has had enough.
            _ = reader.read_line(&mut String::new());
        }
    });
    let arguments = ["conform", "--api", "kv", "--endpoint-url", &url, "--timeout", "200ms"];
    home.plumb(&arguments).exits(2).says(&["failed to reach the target"]);
}
