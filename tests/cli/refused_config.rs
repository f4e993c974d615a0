//! What is wrong in `plumb.toml` is shown with line and caret.

use crate::refused::refused;
use crate::support::{Home, Ran};

const GOOD: &str = "[targets.a]\napi = \"kv\"\nendpoint = \"http://127.0.0.1:9\"\n";

/// `plumb conform` with this configuration and the target `a`.
#[track_caller]
fn config_refused(text: &str, words: &[&str]) -> Ran {
    let home = Home::new();
    home.write("plumb.toml", text);
    refused(&home, &["conform", "--target", "a"], words)
}

#[track_caller]
fn check(line: &str, place: &str, words: &[&str]) {
    let ran = config_refused(&format!("{GOOD}{line}\n"), &[&[place, line], words].concat());
    assert!(ran.stderr.contains("── here"), "a caret: {}", ran.stderr);
}

#[test]
fn an_unknown_key_is_shown_where_it_stands() {
    check("retries = 3", "plumb.toml:4:1", &["unknown field `retries`", "`timeout`"]);
}

#[test]
fn a_value_of_the_wrong_type_is_shown_where_it_stands() {
    check("exclusive = \"yes\"", "plumb.toml:4:13", &["expected a boolean"]);
}

#[test]
fn a_value_that_means_nothing_is_shown_where_it_stands() {
    check("safety = \"careful\"", "plumb.toml:4:10", &["\"careful\"", "read-only, own-data and full"]);
    check("flavour = \"vanilla\"", "plumb.toml:4:11", &["\"vanilla\"", "there are: standard"]);
    check("timeout = \"soon\"", "plumb.toml:4:11", &["a time looks like 30s"]);
}

#[test]
fn a_restart_that_cannot_be_is_shown_where_it_stands() {
    check("restart = []", "plumb.toml:4:11", &["the restart names no command", "systemctl"]);
    check("restart = \"systemctl restart s\"", "plumb.toml:4:11", &["invalid type: string"]);
    check("restart_timeout = \"9s\"", "plumb.toml:4:19", &["there is no restart to wait for", "add restart ="]);
    check("restart_timeout = \"soon\"", "plumb.toml:4:19", &["a time looks like 30s"]);
}

#[test]
fn a_budget_or_a_client_certificate_that_cannot_be_is_shown_where_it_stands() {
    check("requests_per_day = 0", "plumb.toml:4:20", &["a budget of nothing", "plumb kill halt"]);
    check("bytes_per_day = \"1GB\"", "plumb.toml:4:17", &["invalid type: string"]);
    check("client_cert = \"a.pem\"", "plumb.toml:4:15", &["the certificate has no client_key"]);
    check("client_key = \"a.pem\"", "plumb.toml:4:14", &["the key has no client_cert"]);
    let pair = "client_cert = \"a.pem\"\nclient_key = \"b.pem\"\n";
    let ran = config_refused(&format!("{GOOD}{pair}"), &["plumb.toml:4:15", "without TLS no certificate is shown"]);
    assert!(ran.stderr.contains("── here"), "a caret: {}", ran.stderr);
    let tls = GOOD.replace("http:", "https:");
    config_refused(&format!("{tls}{pair}"), &["plumb.toml:4:15", "failed to read a.pem"]);
    let noise = pair.replace("a.pem", "plumb.toml").replace("b.pem", "plumb.toml");
    config_refused(&format!("{tls}{noise}"), &["plumb.toml:4:15", "there is no certificate in what should be PEM"]);
}

/// A pool of the target `a` of S3, with these lines. The environment has its one identity.
#[track_caller]
fn pool_refused(lines: &str, place: &str, words: &[&str]) {
    let mut home = Home::new();
    home.set("AWS_ACCESS_KEY_ID", "KEY");
    home.set("AWS_SECRET_ACCESS_KEY", "secret");
    let target = "[targets.a]\napi = \"s3\"\nendpoint = \"http://127.0.0.1:9\"\n";
    home.write("plumb.toml", format!("{target}[[targets.a.pool]]\n{lines}\n"));
    let ran = refused(&home, &["conform", "--target", "a"], &[&[place], words].concat());
    assert!(ran.stderr.contains("── here"), "a caret: {}", ran.stderr);
}

#[test]
fn a_pool_that_cannot_be_is_shown_where_it_stands() {
    let bucket = |line: &str| format!("kind = \"bucket\"\n{line}");
    let names = bucket("names = [\"canary-a\"]\n");
    pool_refused(&(names.clone() + "size = 3"), "plumb.toml:7:1", &["unknown field `size`", "`nature`"]);
    pool_refused(&bucket(""), "plumb.toml:4:1", &["missing field `names`"]);
    pool_refused(&bucket("names = []"), "plumb.toml:6:9", &["the pool names nothing"]);
    pool_refused(&bucket("names = [\"a\", \"\"]"), "plumb.toml:6:15", &["the name is empty"]);
    let twice = bucket("names = [\"a\", \"b\", \"a\"]");
    pool_refused(&twice, "plumb.toml:6:20", &["the bucket \"a\" is named twice"]);
    let again = names.clone() + "[[targets.a.pool]]\nkind = \"bucket\"\nnames = [\"canary-a\"]";
    pool_refused(&again, "plumb.toml:9:10", &["the bucket \"canary-a\" is named twice"]);
    pool_refused(&(names.clone() + "owner = \"zoe\""), "plumb.toml:7:9", &["no identity \"zoe\"", "there are: "]);
    let nature = names + "nature = \"versioned\"";
    pool_refused(&nature, "plumb.toml:7:10", &["\"versioned\"", "there are: unversioned, enabled, suspended, locked"]);
    pool_refused("kind = \"bukket\"\nnames = [\"a\"]", "plumb.toml:5:8", &["no resource of kind \"bukket\""]);
    pool_refused("kind = \"key\"\nnames = [\"a\"]", "plumb.toml:5:8", &["no part of a key can be lent"]);
}

#[test]
fn an_endpoint_that_is_none_is_shown_where_it_stands() {
    let text = "[targets.a]\napi = \"kv\"\nendpoint = \"localhost:9\"\n";
    config_refused(text, &["plumb.toml:3:12", "endpoint = \"localhost:9\"", "https://host:9000"]);
}

#[test]
fn text_that_is_no_toml_is_shown_where_it_breaks() {
    config_refused("[targets.a\n", &["plumb.toml:1:11"]);
}

#[test]
fn an_unknown_target_is_refused_with_those_there_are() {
    let home = Home::new();
    refused(&home, &["conform", "--target", "b"], &["no target \"b\"", "[targets.b]"]);
    home.write("plumb.toml", GOOD);
    refused(&home, &["conform", "--target", "b"], &["no target \"b\"", "there are: a"]);
}

#[test]
fn another_api_than_the_targets_is_refused() {
    let home = Home::new();
    home.write("plumb.toml", GOOD);
    refused(&home, &["conform", "--api", "s3", "--target", "a"], &["plumb.toml:2:7", "not \"s3\"", "leave --api out"]);
}

#[test]
fn a_configuration_that_was_named_must_be_there() {
    let arguments = ["conform", "--config", "other.toml", "--target", "a"];
    refused(&Home::new(), &arguments, &["failed to read other.toml", "--config FILE"]);
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    for actor in [
        "actors.me = { id = { env = \"ID\" }, secret = \"hunter2hunter2\" }",
        "actors.me = { id = { env = \"ID\" }, secret = { value = \"hunter2hunter2\" } }",
        "actors.me = { id = { env = \"ID\" }, secret = { env = \"S\" }, session_token = \"hunter2hunter2\" }",
        "secret = \"hunter2hunter2\"",
    ] {
        let ran = config_refused(&format!("{GOOD}{actor}\n"), &["plumb.toml:4:"]);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
}

#[test]
fn a_credential_that_is_not_there_is_named() {
    let actor = "actors.me = { id = { env = \"NO_SUCH_ID\" }, secret = { file = \"no-such-file\" } }";
    config_refused(&format!("{GOOD}{actor}\n"), &["NO_SUCH_ID is not set", "plumb.toml names it"]);
    let actor = "actors.me = { id = { env = \"HOME\" }, secret = { file = \"no-such-file\" } }";
    config_refused(&format!("{GOOD}{actor}\n"), &["failed to read no-such-file", "plumb.toml names it"]);
}
