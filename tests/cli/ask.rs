//! `plumb ask`: what may this call answer?

use serde_json::{Value, json};

use crate::refused::refused;
use crate::support::Home;

/// The answer without the call, after checking that it is well-formed.
#[track_caller]
fn permitted(answer: &Value, operation: &str) -> Vec<Value> {
    assert_eq!(answer["schema"], "plumb.ask/1");
    assert_eq!(answer["api"], "kv");
    assert_eq!(answer["flavour"], "standard");
    assert_eq!(answer["call"]["operation"], operation);
    let permitted = answer["permitted"].as_array().expect("a list").clone();
    assert!(!permitted.is_empty());
    for outcome in &permitted {
        for key in ["class", "basis", "source"] {
            assert!(outcome[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {outcome}");
        }
        assert!(outcome["changes_state"].is_boolean() && outcome["answer"].is_object(), "{outcome}");
    }
    permitted
}

#[test]
fn all_three_forms_ask_the_same() {
    let home = Home::new();
    let words = home.plumb(&["ask", "--api", "kv", "Get", "key=a"]).exits(0).json();
    let object = json!({"operation": "Get", "with": {"key": "a"}}).to_string();
    let object = home.plumb(&["ask", "--api", "kv", &object]).exits(0).json();
    let request = b"GET /v1/keys/a HTTP/1.1\r\nhost: example.com\r\n\r\n";
    let raw = home.plumb_fed(&["ask", "--api", "kv", "--http", "-"], request).exits(0).json();
    assert_eq!(permitted(&words, "Get")[0]["class"], "404 not_found");
    assert_eq!(words, object);
    assert_eq!(permitted(&raw, "Get"), permitted(&words, "Get"));
    home.write("request.txt", request);
    assert_eq!(home.plumb(&["ask", "--api", "kv", "--http", "request.txt"]).exits(0).json(), raw);
}

#[test]
fn a_write_says_that_it_changes_the_state() {
    let home = Home::new();
    let request = b"PUT /v1/keys/a HTTP/1.1\r\nhost: example.com\r\ncontent-length: 2\r\n\r\nhi";
    let raw = home.plumb_fed(&["ask", "--api", "kv", "--http", "-"], request).exits(0).json();
    let first = &permitted(&raw, "Put")[0];
    assert_eq!((&first["class"], &first["changes_state"]), (&json!("201"), &json!(true)));
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let home = Home::new();
    let known = "there are: Put, Get, Delete, List";
    refused(&home, &["ask", "--api", "kv", "Fetch", "key=a"], &["no operation \"Fetch\"", known]);
    refused(&home, &["ask", "--api", "kv", "{\"operation\": \"Fetch\"}"], &["no operation \"Fetch\"", known]);
    refused(&home, &["ask", "--api", "kv", "{\"operation\":"], &["the call is not right", "{\"operation\": NAME"]);
    refused(&home, &["ask", "--api", "kv", "Get", "a"], &["\"a\" is no argument", "name=value"]);
    refused(&home, &["ask", "--api", "kv"], &["<CALL>"]);
    refused(&home, &["ask", "--api", "kv", "--flavour", "vanilla", "Get", "key=a"], &["\"vanilla\""]);
    refused(&home, &["ask", "--api", "kv", "--after", "case.json", "Get", "key=a"], &["failed to read case.json"]);
}

#[test]
fn an_argument_that_no_operation_has_is_refused() {
    refused(&Home::new(), &["ask", "--api", "kv", "Get", "kay=a"], &["kay"]);
}

#[test]
fn a_request_that_is_none_is_refused() {
    let home = Home::new();
    let ask = ["ask", "--api", "kv", "--http", "-"];
    for text in ["", "hello", "GET / HTTP/1.1\r\nhost: x\r\n", "\u{16}\u{3}\u{1}"] {
        home.plumb_fed(&ask, text.as_bytes()).exits(3).says(&["no HTTP/1.1 request", "METHOD TARGET HTTP/1.1"]);
    }
    let elsewhere = b"GET /elsewhere HTTP/1.1\r\nhost: x\r\n\r\n";
    home.plumb_fed(&ask, elsewhere).exits(3).says(&["no operation for this request"]);
}
