//! `plumb learn`: what customers do, from logs of every format, and nothing about whom.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::refused::refused;
use crate::support::{Home, Served, bucket_exists};

/// What is planted wherever a log can hold something of a customer.
const MARKED: &str = "mysecret";

/// A line of an S3 server access log with a marked secret in every field that a customer or a key can be told from.
fn access(time: &str, operation: &str, key: &str, request: &str, status: &str, code: &str) -> String {
    format!(
        "mysecretowner mysecret-bucket [06/Feb/2019:00:{time} +0000] mysecret-ip arn:aws:iam::123:user/mysecret \
         MYSECRETREQUESTIDmysecret {operation} {key} \"{request}\" {status} {code} 113 2048 7 5 \
         \"https://example.com/mysecret\" \"mysecret-agent/1.0 (mysecret)\" mysecretversion mysecrethost= SigV4 \
         ECDHE-RSA-AES128-GCM-SHA256 AuthHeader mysecret-bucket.s3.amazonaws.com TLSV1.2 arn:mysecret -\n"
    )
}

fn access_log() -> String {
    let key = "mysecret/a";
    [
        access("00:01", "REST.PUT.OBJECT", key, "PUT /mysecret/a?x-id=PutObject HTTP/1.1", "200", "-"),
        access("00:02", "REST.GET.OBJECT", key, "GET /mysecret/a?x-id=GetObject HTTP/1.1", "206", "-"),
        access("00:03", "REST.COPY.OBJECT_GET", key, "-", "200", "-"),
        access("00:04", "REST.COPY.OBJECT", "mysecret/b", "PUT /mysecret/b HTTP/1.1", "200", "-"),
        access("00:05", "REST.GET.BUCKET", "-", "GET /?list-type=2&prefix=mysecret&max-keys=77 HTTP/1.1", "200", "-"),
        access("00:06", "REST.GET.ACL", key, "GET /mysecret/a?acl HTTP/1.1", "200", "-"),
        access("00:07", "REST.GET.OBJECT", key, "GET /mysecret/gone HTTP/1.1", "404", "NoSuchKey"),
        access("45:00", "REST.HEAD.OBJECT", key, "HEAD /mysecret/a HTTP/1.1", "200", "mysecret-code"),
        "a line that is mysecret\n".to_owned(),
    ]
    .concat()
}

/// Learns from a file, and demands that nothing of the marked secrets is in anything that comes out.
#[track_caller]
fn learn(home: &Home, api: &str, file: &str, more: &[&str]) -> Value {
    let base = ["learn", "--api", api, "--weights", "weights.json", "--cases", "cases", "--format", "json"];
    let ran = home.plumb(&[&base[..], more, &[file]].concat()).exits(0);
    let plain = home.plumb(&[&["learn", "--api", api][..], more, &[file]].concat()).exits(0);
    let mut texts = vec![ran.stdout.clone(), ran.stderr.clone(), plain.stdout, plain.stderr, home.read("weights.json")];
    let cases = fs::read_dir(home.path("cases")).expect("cases").map(|entry| entry.expect("an entry").path());
    for path in cases {
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        texts.push(fs::read_to_string(path).expect("a case"));
    }
    for text in texts {
        assert!(!text.to_lowercase().contains(MARKED), "{text}");
    }
    ran.json()
}

#[test]
fn an_access_log_teaches_what_is_done_and_nothing_of_whom() {
    let home = Home::new();
    home.write("access.log", access_log());
    let report = learn(&home, "s3", "access.log", &[]);
    assert_eq!((&report["schema"], &report["sessions"]), (&json!("plumb.learn/1"), &json!(2)));
    let file = json!({"file": "access.log", "format": "s3", "lines": 9, "requests": 7, "left_out": 1, "unreadable": 1});
    assert_eq!(report["files"], json!([file]));
    let weights = &report["weights"];
    let mix = json!({"CopyObject": 1, "GetObject": 2, "HeadObject": 1, "ListObjectsV2": 1, "PutObject": 1});
    assert_eq!(weights["operations"], mix);
    assert_eq!(weights["after"][""], json!({"HeadObject": 1, "PutObject": 1}), "a long pause ends a session");
    assert_eq!(weights["after_two"]["PutObject GetObject"], json!({"CopyObject": 1}));
    assert_eq!(weights["choices"]["PutObject"]["key=slash"], json!(1));
    assert_eq!(weights["choices"]["ListObjectsV2"]["max-keys=largest"], json!(1), "77 is nearer to 1,000 than to 2");
    assert_eq!(report["unmodelled"], json!({"REST.GET.ACL": 1}));
    assert!(report["untold"]["GetObject"]["range"].is_number(), "{}", report["untold"]);
    assert_eq!(report["answers"]["never"], json!(0), "{:#}", report["answers"]);
    assert_eq!(serde_json::from_str::<Value>(&home.read("weights.json")).expect("JSON"), *weights);
}

#[test]
fn a_line_that_cannot_be_read_is_shown_with_its_place() {
    let home = Home::new();
    home.write("access.log", access_log());
    let report = learn(&home, "s3", "access.log", &[]);
    let reason = "it has 5 fields, a line of an S3 server access log has 17 or more";
    assert_eq!(report["unreadable"], json!([{"place": "access.log:9", "reason": reason}]));
    let many = format!("{}{}", access_log(), "x\n".repeat(30));
    home.write("many.log", many);
    let ran = home.plumb(&["learn", "--api", "s3", "many.log"]).exits(0);
    assert!(
        ran.stdout.contains("Not read: 31 lines") && ran.stdout.contains("many.log:9   it has 5"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("… and 21 more lines"), "{}", ran.stdout);
}

#[test]
fn what_the_model_never_permits_is_listed_with_its_place() {
    let home = Home::new();
    let long = "k".repeat(1_025);
    let line = access("00:01", "REST.GET.OBJECT", &long, &format!("GET /{long} HTTP/1.1"), "200", "-");
    let throttled = access("00:02", "REST.GET.OBJECT", "k", "GET /k HTTP/1.1", "503", "SlowDown");
    home.write("access.log", [line.clone(), line, throttled].concat());
    let answers = &learn(&home, "s3", "access.log", &[])["answers"];
    let never = &answers["never_permitted"];
    assert_eq!((&never[0]["operation"], &never[0]["choices"]), (&json!("GetObject"), &json!(["key=too-long"])));
    assert_eq!((&never[0]["answered"], &never[0]["count"]), (&json!("200"), &json!(2)));
    assert_eq!(never[0]["first"], "access.log:1");
    assert_eq!(answers["unjudged"].as_object().expect("reasons").values().collect::<Vec<_>>(), [&json!(1)]);
    let text = home.plumb(&["learn", "--api", "s3", "access.log"]).exits(0).stdout;
    assert!(text.contains("GetObject with key=too-long: answered 200, expected"), "{text}");
    assert!(text.contains("1 · the status tells of rights, load or redirection"), "{text}");
}

#[test]
fn a_har_teaches_what_is_done_and_nothing_of_whom() {
    let home = Home::new();
    let headers = json!([
        {"name": "Authorization", "value": "AWS4 mysecret"}, {"name": "Cookie", "value": "mysecret=mysecret"},
        {"name": "x-request-id", "value": "mysecret"}, {"name": "If-None-Match", "value": "*"},
        {"name": "x-amz-meta-mysecret", "value": "mysecret"}, {"name": "Content-Type", "value": "text/mysecret"}]);
    let body = json!({"mimeType": "text/plain", "text": "bXlzZWNyZXQ=", "encoding": "base64"});
    let put = json!({"method": "PUT", "url": "https://h/mysecret-bucket/mysecret/k", "headers": headers, "postData": body,
        "cookies": [{"name": "mysecret", "value": "mysecret"}]});
    let get = json!({"method": "GET", "url": "https://h/mysecret-bucket/mysecret/k?response-content-type=mysecret",
        "headers": [{"name": "Range", "value": "bytes=0-99"}], "bodySize": 0});
    let response = |status: u16| json!({"status": status, "content": {"text": "mysecret"}});
    let entry = |request: &Value, status| {
        json!({"startedDateTime": "2026-11-21T06:19:19Z", "request": request,
        "response": response(status), "serverIPAddress": "mysecret"})
    };
    let entries = json!([entry(&put, 200), entry(&get, 206), {"comment": "mysecret"}]);
    home.write(
        "traffic.har",
        json!({"log": {"version": "1.2", "creator": {"name": "mysecret"}, "entries": entries}}).to_string(),
    );
    let report = learn(&home, "s3", "traffic.har", &[]);
    assert_eq!((&report["files"][0]["format"], &report["requests"]), (&json!("har"), &json!(2)));
    let choices = &report["weights"]["choices"];
    assert_eq!(choices["PutObject"]["condition=if-none-match-star"], json!(1), "{choices}");
    assert_eq!(choices["PutObject"]["metadata=two"], json!(1), "{choices}");
    assert_eq!(choices["GetObject"]["range=first-to-last"], json!(1), "{choices}");
    assert_eq!(choices["GetObject"]["override=content-type"], json!(1), "{choices}");
    assert_eq!(report["unreadable"][0], json!({"place": "traffic.har:3", "reason": "it has no request"}));
    let cases: Vec<_> = fs::read_dir(home.path("cases")).expect("cases").collect();
    let text = fs::read_to_string(cases[0].as_ref().expect("an entry").path()).expect("a case");
    assert!(text.contains("\"length\": 8"), "the body is a pattern of its length: {text}");
}

#[test]
fn a_common_log_teaches_of_the_tutorial_api() {
    let home = Home::new();
    let line = |method: &str, path: &str, status: u16| {
        format!("10.0.0.1 - mysecret [10/Oct/2000:13:55:36 -0700] \"{method} {path} HTTP/1.1\" {status} 12\n")
    };
    let log = [
        line("PUT", "/v1/keys/mysecret", 201),
        line("GET", "/v1/keys/mysecret", 200),
        line("GET", "/v1/keys/mysecret", 304),
    ];
    home.write("access.log", log.concat());
    let report = learn(&home, "kv", "access.log", &["--log-format", "combined"]);
    assert_eq!(report["weights"]["after"], json!({"": {"Put": 1}, "Get": {"Get": 1}, "Put": {"Get": 1}}));
    assert_eq!((&report["answers"]["explained"], &report["answers"]["never"]), (&json!(3), &json!(0)));
}

#[test]
fn what_cannot_be_read_at_all_is_refused() {
    let home = Home::new();
    home.write("text.log", "mysecret\nmysecret\n");
    home.write("empty.log", "\n");
    home.write("broken.har", "{\"log\": {\"entries\": [");
    let none = refused(
        &home,
        &["learn", "--api", "s3", "text.log"],
        &["no line of text.log can be read as", "--log-format NAME"],
    );
    assert!(!none.stderr.contains(MARKED), "{}", none.stderr);
    refused(&home, &["learn", "--api", "s3", "empty.log"], &["empty.log holds no request"]);
    refused(&home, &["learn", "--api", "s3", "broken.har"], &["broken.har", "it is no HAR document"]);
    refused(&home, &["learn", "--api", "s3", "missing.log"], &["failed to read missing.log", "name a log file"]);
    let known = "there are: s3, requests, combined, har";
    refused(&home, &["learn", "--api", "s3", "--log-format", "iis", "text.log"], &["no log format \"iis\"", known]);
    refused(&home, &["learn", "--api", "kv", "--log-format", "s3", "text.log"], &["no log format \"s3\""]);
    refused(
        &home,
        &["learn", "--api", "s3", "--cases", "text.log", "text.log"],
        &["failed to write text.log", ".ndjson"],
    );
    refused(&home, &["learn", "--api", "s3", "--strength", "4", "text.log"], &["4 is not in 1..=3"]);
}

#[test]
fn a_served_model_appends_every_request_to_its_log() {
    let home = Home::new();
    home.write("requests.ndjson", "");
    for _ in 0..2 {
        let served = Served::with(&home, "s3", &["--log", "requests.ndjson", "--log", "text"]);
        assert!(!bucket_exists(&served.url, "nothing"));
    }
    let log = home.read("requests.ndjson");
    assert_eq!((log.lines().count(), log.to_lowercase().contains("aws4-hmac")), (2, false), "{log}");
    let mode = fs::metadata(home.path("requests.ndjson")).expect("a log").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let report = home.plumb(&["learn", "--api", "s3", "--format", "json", "requests.ndjson"]).exits(0).json();
    assert_eq!(report["weights"]["choices"]["ListObjectsV2"]["bucket=absent"], json!(2));
}

#[test]
fn only_a_server_takes_a_file_for_its_log() {
    let home = Home::new();
    let conform = ["--log", "file.log", "conform", "--api", "kv", "--endpoint-url", "URL"];
    refused(&home, &conform, &["--log \"file.log\" is no format", "use text or json"]);
    let serve = ["serve", "--api", "kv", "--log", "one.log", "--log", "two.log"];
    refused(&home, &serve, &["--log names two formats or two files"]);
    let around = ["--log", "text", "serve", "--api", "kv", "--log", "one.log"];
    refused(&home, &around, &["--log stands before the command and behind it", "give both behind"]);
    refused(&home, &["serve", "--api", "kv", "--log", "missing/one.log"], &["failed to write missing/one.log"]);
}
