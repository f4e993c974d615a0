//! What cannot be carried out is refused with place and remedy, before anything is sent or written.

use std::io::Write as _;

use crate::support::{Home, Listener, Ran, Served, listen};

/// Demands exit code and words of a command line in which `URL` stands for a server that must not be called.
#[track_caller]
pub(crate) fn refused(home: &Home, arguments: &[&str], words: &[&str]) -> Ran {
    let nobody = Listener::new();
    let url = nobody.url();
    let arguments: Vec<&str> = arguments.iter().map(|word| if *word == "URL" { &url } else { *word }).collect();
    let before = home.everything();
    let ran = home.plumb(&arguments).exits(3).says(words);
    assert_eq!(ran.stdout, "", "nothing on standard output");
    assert!(!nobody.was_called(), "{arguments:?} called the server");
    assert_eq!(home.everything(), before, "{arguments:?} wrote something");
    ran
}

#[track_caller]
fn conform_refused(more: &[&str], words: &[&str]) {
    let arguments = [&["conform", "--api", "kv", "--endpoint-url", "URL"], more].concat();
    refused(&Home::new(), &arguments, words);
}

#[test]
fn an_unknown_operation_is_refused_with_those_there_are() {
    conform_refused(&["--operation", "Gett"], &["\"Gett\"", "there are: Put, Get, Delete, List"]);
}

#[test]
fn a_log_level_that_is_none_is_refused_even_where_nothing_is_logged() {
    conform_refused(&["--log-level", "nonsense"], &["--log-level \"nonsense\" names no level", "info, debug"]);
    conform_refused(&["--log", "text", "--log-level", "info,nonsense"], &["\"nonsense\" names no level"]);
}

#[test]
fn an_unknown_flavour_is_refused_with_those_there_are() {
    conform_refused(&["--flavour", "vanilla"], &["\"vanilla\"", "there are: standard"]);
}

#[test]
fn an_unknown_api_is_refused_with_those_there_are() {
    let arguments = ["conform", "--api", "kw", "--endpoint-url", "URL"];
    refused(&Home::new(), &arguments, &["no API \"kw\"", "there are: s3, kv"]);
}

#[test]
fn a_command_without_target_is_refused() {
    refused(&Home::new(), &["conform", "--api", "kv"], &["no target is named", "--endpoint-url"]);
    refused(&Home::new(), &["conform", "--endpoint-url", "URL"], &["no API is named", "--api"]);
}

#[test]
fn an_endpoint_that_is_none_is_refused_without_its_password() {
    for url in ["ftp://127.0.0.1", "127.0.0.1:9000", "http://me:hunter2@127.0.0.1", "http://127.0.0.1/path"] {
        let arguments = ["conform", "--api", "kv", "--endpoint-url", url];
        let ran = refused(&Home::new(), &arguments, &["the endpoint", "http://127.0.0.1:9000"]);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
}

#[test]
fn a_budget_of_nothing_is_refused() {
    conform_refused(&["--budget", "0"], &["--budget", "no cases"]);
    conform_refused(&["--budget", "many"], &["--budget", "30s"]);
}

#[test]
fn a_budget_of_no_time_is_refused() {
    conform_refused(&["--budget", "0s", "--timeout", "1s"], &["--budget"]);
}

#[test]
fn numbers_out_of_range_are_refused() {
    conform_refused(&["--inconclusive-max", "2"], &["--inconclusive-max", "between 0 and 1"]);
    conform_refused(&["--inconclusive-max", "NaN"], &["--inconclusive-max"]);
    conform_refused(&["--workers", "0"], &["--workers"]);
    conform_refused(&["--timeout", "soon"], &["--timeout"]);
}

#[test]
fn missing_credentials_are_refused_with_the_variable() {
    let arguments = ["conform", "--api", "s3", "--endpoint-url", "URL"];
    refused(&Home::new(), &arguments, &["AWS_ACCESS_KEY_ID is not set", "plumb.toml"]);
    let mut half = Home::new();
    half.set("AWS_ACCESS_KEY_ID", "AKID");
    refused(&half, &arguments, &["AWS_SECRET_ACCESS_KEY is not set"]);
}

#[test]
fn writing_to_another_machine_takes_a_word() {
    let home = Home::new();
    for format in ["terminal", "json"] {
        let arguments = ["conform", "--api", "kv", "--endpoint-url", "http://192.0.2.1:9", "--format", format];
        refused(&home, &arguments, &["192.0.2.1:9 is read-only", "add --safety own-data"]);
    }
}

#[test]
fn an_endpoint_where_nobody_listens_is_inconclusive_and_leaves_nothing() {
    let home = Home::new();
    let url = Listener::new().url();
    let before = home.everything();
    let arguments = ["conform", "--api", "kv", "--endpoint-url", &url, "--output", "out", "--html", "out.html"];
    let ran = home.plumb(&arguments).exits(2).says(&["failed to reach the target", &url, "is the server up"]);
    assert_eq!(ran.stdout, "");
    assert_eq!(home.everything(), before);
}

#[test]
fn an_endpoint_that_speaks_something_else_is_inconclusive() {
    let home = Home::new();
    let url = listen(|mut stream| _ = stream.write_all(b"220 SMTP ready\r\n"));
    for format in ["terminal", "json"] {
        let arguments = ["conform", "--api", "kv", "--endpoint-url", &url, "--format", format];
        let ran = home.plumb(&arguments).exits(2).says(&["failed to reach the target", &url]);
        assert_eq!(ran.stdout, "", "no report of a run that never was");
    }
}

#[test]
fn an_endpoint_that_closes_at_once_is_inconclusive() {
    let home = Home::new();
    let url = listen(drop);
    home.plumb(&["conform", "--api", "kv", "--endpoint-url", &url]).exits(2).says(&["failed to reach the target"]);
}

#[test]
fn a_plant_that_is_not_there_is_refused() {
    let arguments = ["serve", "--api", "kv", "--plant", "roses"];
    refused(&Home::new(), &arguments, &["\"roses\"", "--list-plants"]);
}

#[test]
fn the_model_is_served_to_this_machine_alone() {
    let arguments = ["serve", "--api", "kv", "--listen", "0.0.0.0:0"];
    refused(&Home::new(), &arguments, &["0.0.0.0", "127.0.0.1"]);
}

#[test]
fn a_port_in_use_is_refused() {
    let home = Home::new();
    let server = Served::kv(&home);
    let address = server.url.trim_start_matches("http://");
    refused(&home, &["serve", "--api", "kv", "--listen", address], &["failed to listen on", address, "port 0"]);
}
