//! Credentials from a profile and from a process, end to end, and what is refused before anything is sent.

use std::os::unix::fs::PermissionsExt as _;

use crate::refused::refused;
use crate::support::{Home, Ran, Served};

const ID: &str = "PLUMBLINEACCESSKEY";
const SECRET: &str = "plumbline-secret-key";

/// A run of a few cases at a target whose one identity has this form.
fn conform(home: &Home, server: &Served, actor: &str) -> Ran {
    let target = format!("[targets.t]\napi = \"s3\"\nendpoint = \"{}\"\nactors.me = {actor}\n", server.url);
    home.write("plumb.toml", target);
    home.plumb(&["conform", "--target", "t", "--operation", "HeadBucket", "--budget", "20", "--workflows", "0"])
}

/// Writes a program that does what the lines say, and tells its path.
fn program(home: &Home, lines: &str) -> String {
    home.write("credentials", format!("#!/bin/sh\n{lines}\n"));
    let path = home.path("credentials");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("it can be run");
    path.display().to_string()
}

/// What prints the built-in identity of a served model.
fn printer(home: &Home) -> String {
    let printed = format!(r#"{{"Version": 1, "AccessKeyId": "{ID}", "SecretAccessKey": "{SECRET}", "#);
    program(home, &format!("echo run >> runs\necho '{printed}\"Expiration\": \"2999-01-01T00:00:00Z\"}}'"))
}

#[test]
fn a_profile_signs_every_call() {
    let mut home = Home::new();
    let server = Served::new(&home, "s3", None);
    home.set("AWS_SHARED_CREDENTIALS_FILE", home.path("shared").to_str().expect("text"));
    home.write("shared", format!("[lab]\naws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n"));
    conform(&home, &server, "{ profile = \"lab\" }").exits(0);
    // Nothing but the secret makes it right.
    home.write("shared", format!("[lab]\naws_access_key_id = {ID}\naws_secret_access_key = another\n"));
    conform(&home, &server, "{ profile = \"lab\" }").exits(2).says(&["SignatureDoesNotMatch"]);
}

#[test]
fn a_process_signs_every_call_and_runs_once() {
    let home = Home::new();
    let server = Served::new(&home, "s3", None);
    conform(&home, &server, &format!("{{ process = [{:?}] }}", printer(&home))).exits(0);
    assert_eq!(home.read("runs"), "run\n");
}

#[test]
fn without_variables_the_profile_of_the_environment_is_taken_and_with_them_it_is_not() {
    let mut home = Home::new();
    let server = Served::new(&home, "s3", None);
    home.set("AWS_CONFIG_FILE", home.path("config").to_str().expect("text"));
    let process = format!("credential_process = {:?}\n", printer(&home));
    home.write("config", format!("[default]\n{process}[profile lab]\n{process}[profile bad]\nregion = a\n"));
    let arguments = ["conform", "--api", "s3", "--endpoint-url", &server.url, "--operation", "HeadBucket"];
    let arguments = [&arguments[..], &["--budget", "20", "--workflows", "0"]].concat();
    home.plumb(&arguments).exits(0);
    home.set("AWS_PROFILE", "lab");
    home.plumb(&arguments).exits(0);
    home.set("AWS_PROFILE", "bad");
    let bad = ["AWS_ACCESS_KEY_ID is not set, and the profile \"bad\" has no credentials", "credential_process"];
    home.plumb(&arguments).exits(3).says(&bad);
    home.set("AWS_ACCESS_KEY_ID", ID);
    home.set("AWS_SECRET_ACCESS_KEY", SECRET);
    home.plumb(&arguments).exits(0);
    assert_eq!(home.read("runs"), "run\nrun\n");
}

#[test]
fn the_second_identity_may_be_in_a_profile_too() {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    home.set("AWS_CONFIG_FILE", home.path("config").to_str().expect("text"));
    let keys = "aws_access_key_id = PLUMBLINEOTHERKEY\naws_secret_access_key = plumbline-other-secret\n";
    home.write("config", format!("[profile other]\n{keys}"));
    home.set("PLUMB_OTHER_PROFILE", "other");
    let arguments = ["conform", "--api", "s3", "--endpoint-url", &server.url, "--operation", "HeadBucket"];
    let json = home.plumb(&[&arguments[..], &["--workflows", "0", "--format", "json"]].concat()).exits(0).json();
    assert_eq!(json["counts"]["unsupported"], 0, "cases with the second identity are sent");
}

#[test]
fn the_region_of_the_profile_signs_unless_another_is_named() {
    let mut home = Home::new();
    let server = Served::with(&home, "s3", &["--region", "eu-west-1"]);
    home.set("AWS_CONFIG_FILE", home.path("config").to_str().expect("text"));
    let keys = format!("aws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n");
    home.write("config", format!("[profile lab]\nregion = eu-west-1\n{keys}"));
    conform(&home, &server, "{ profile = \"lab\" }").exits(0);
    home.set("AWS_REGION", "us-west-2");
    conform(&home, &server, "{ profile = \"lab\" }").exits(2).says(&["AuthorizationHeaderMalformed"]);
}

/// A temporary identity: the server checks the token that every call is signed with.
#[test]
fn a_session_token_is_sent_and_signed() {
    let mut home = Home::new();
    home.set("AWS_ACCESS_KEY_ID", "ASIATEMPORARY");
    home.set("AWS_SECRET_ACCESS_KEY", SECRET);
    home.set("AWS_SESSION_TOKEN", "the+token/of=the=session==");
    let server = Served::new(&home, "s3", None);
    let answer = |token: &str| {
        format!(
            r#"echo '{{"Version": 1, "AccessKeyId": "ASIATEMPORARY", "SecretAccessKey": "{SECRET}"{token}, "Expiration": "2999-01-01T00:00:00Z"}}'"#
        )
    };
    let with = |token: &str| format!("{{ process = [{:?}] }}", program(&home, &answer(token)));
    conform(&home, &server, &with(r#", "SessionToken": "the+token/of=the=session==""#)).exits(0);
    for token in [r#", "SessionToken": "that of another session""#, ""] {
        conform(&home, &server, &with(token)).exits(2).says(&["it rejects the credentials"]);
    }
}

/// A target of S3 whose one identity cannot be had.
#[track_caller]
fn actor_refused(home: &Home, actor: &str, words: &[&str]) -> Ran {
    home.write("plumb.toml", format!("[targets.a]\napi = \"s3\"\nendpoint = \"http://127.0.0.1:9\"\n{actor}\n"));
    refused(home, &["conform", "--target", "a"], words)
}

#[track_caller]
fn caret(actor: &str, place: &str, words: &[&str]) {
    let ran = actor_refused(&Home::new(), actor, &[&[place], words].concat());
    assert!(ran.stderr.contains("── here"), "a caret: {}", ran.stderr);
}

#[test]
fn an_identity_of_two_forms_or_of_none_is_shown_where_it_stands() {
    let pair = "id = { env = \"A\" }, secret = { env = \"B\" }";
    caret(&format!("actors.a = {{ {pair}, process = [\"x\"] }}"), "plumb.toml:4:19", &["id cannot stand beside it"]);
    caret(&format!("actors.a = {{ profile = \"p\", {pair} }}"), "plumb.toml:4:34", &["leave id out"]);
    let token = "actors.a = { profile = \"p\", session_token = { env = \"T\" } }";
    caret(token, "plumb.toml:4:45", &["a profile has all of an identity: session_token cannot stand beside it"]);
    let both = "actors.a = { profile = \"p\", process = [\"x\"] }";
    caret(both, "plumb.toml:4:24", &["both a process and a profile", "keep one of them"]);
    caret("actors.a = { id = { env = \"A\" } }", "plumb.toml:4:19", &["an id and no secret", "add secret ="]);
    caret("actors.a = { secret = { env = \"A\" } }", "plumb.toml:4:23", &["a secret and no id", "add id ="]);
    caret("actors.a = { }", "plumb.toml:4:12", &["the identity has no credentials", "or profile = \"name\""]);
    caret("[targets.a.actors.b]", "plumb.toml:4:1", &["the identity has no credentials"]);
    caret("actors.a = { process = [] }", "plumb.toml:4:24", &["the process names no command"]);
    caret("actors.a = { process = \"aws configure\" }", "plumb.toml:4:24", &["invalid type: string"]);
    caret("actors.a = { profile = \"\" }", "plumb.toml:4:24", &["the profile has no name"]);
    caret("actors.a = { profil = \"p\" }", "plumb.toml:4:14", &["unknown field `profil`", "`profile`"]);
}

#[test]
fn an_api_without_profiles_says_so() {
    let home = Home::new();
    let text = "[targets.a]\napi = \"kv\"\nendpoint = \"http://127.0.0.1:9\"\nactors.a = { profile = \"p\" }\n";
    home.write("plumb.toml", text);
    refused(&home, &["conform", "--target", "a"], &["plumb.toml:4:24", "the API kv has no profiles"]);
}

#[test]
fn a_process_that_hands_nothing_over_is_told_before_the_first_call() {
    let home = Home::new();
    let check = |lines: &str, words: &[&str]| {
        let actor = format!("actors.me = {{ process = [{:?}] }}", program(&home, lines));
        let ran = actor_refused(&home, &actor, words);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    };
    check("echo no session >&2; echo hunter2; exit 1", &["ended with exit code 1, and said: no session", "by hand"]);
    check("echo hunter2", &["credentials of \"me\" from /", "what it printed is no JSON (line 1"]);
    check("echo '{\"Version\": 1, \"AccessKeyId\": \"hunter2\"}'", &["what it printed has no SecretAccessKey"]);
    check("echo '{\"Version\": \"hunter2\"}'", &["Version in what it printed is not 1"]);
    check("head -c 10000000 /dev/zero", &["it printed more than 65536 bytes"]);
    let keys = r#""Version": 1, "AccessKeyId": "A", "SecretAccessKey": "hunter2""#;
    let expired = format!("echo '{{{keys}, \"Expiration\": \"2020-01-31T12:00:00+00:00\"}}'");
    check(&expired, &["credentials of \"me\", which expired at 2020-01-", "sign in again"]);
    check(&format!("echo '{{{keys}, \"Expiration\": \"hunter2\"}}'"), &["Expiration in what it printed is no time"]);
    let missing = "actors.me = { process = [\"/no/such/program\"] }";
    actor_refused(&home, missing, &["from /no/such/program: it cannot be started: No such file"]);
}

#[test]
fn a_profile_that_needs_another_service_is_refused_with_what_does_it() {
    let mut home = Home::new();
    home.set("AWS_CONFIG_FILE", home.path("config").to_str().expect("text"));
    home.write("config", "[profile lab]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n");
    let actor = "actors.me = { profile = \"lab\" }";
    let words = ["takes on a role, by role_arn (/", "config:2)", "\"export-credentials\", \"--profile\", \"lab\""];
    actor_refused(&home, actor, &words);
    home.write("config", "[lab]\n");
    let words = ["there is no profile \"lab\"", "config:1 lacks the word `profile` before it"];
    actor_refused(&home, actor, &words);
    home.write("config", "[profile lab]\naws_secret_access_key hunter2\n");
    let ran = actor_refused(&home, actor, &["cannot be understood: line 2: a setting has no = behind its name"]);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}
