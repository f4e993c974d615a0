//! A self-test from outside: which alerts fire and clear, who hears of it, and what is said where one does not.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{Home, Listener, Ran, Served, answer_with, listen};

const FEATURE: &str = r#"@api(kv)
Feature: Entries
  Scenario: An entry is read as it was stored
    When the client sends PUT "/v1/keys/{key a}" with the body "first"
    And the client sends GET "/v1/keys/{key a}"
    Then the status is 200

  @write-only
  Scenario: An entry is made
    When the client sends PUT "/v1/keys/{key a}" with the body "first"
    Then the status is 201
"#;

/// A canary with everything that a rule can look at; what stands in `more` belongs to it.
fn canary(name: &str, alerts: &str, more: &str) -> String {
    format!(
        r#"
        [canaries.{name}]
        features = ["entries.feature"]
        targets = ["local"]
        every = "1m"
        timeout = "20s"
        owner = "team-storage"
        alerts = [{alerts}]
        slo = {{ availability = 0.9, conformance = 0.9, window = "1d", latency = {{ share = 0.9, within = "250ms" }} }}
        {more}
        "#
    )
}

const ALERTS: &str = r#"
    [alerts.down]
    slots = { axis = "availability", bad = 2, of = 3 }
    severity = "page"
    receivers = ["pager"]
    [alerts.burns]
    burn_rate = { axis = "availability", factor = 5.0, long = "1h", short = "5m" }
    severity = "page"
    receivers = ["pager"]
    [alerts.wrong]
    slots = { axis = "conformance", bad = 2, of = 3 }
    severity = "ticket"
    receivers = ["pager", "mail"]
    [alerts.slow]
    latency = { over = "5m", exchanges_min = 10 }
    severity = "ticket"
    receivers = ["mail"]
    [alerts.missed]
    all_missed = "5m"
    severity = "page"
    receivers = ["mail"]
"#;
const EVERY_ALERT: &str = r#""down", "burns", "wrong", "slow", "missed""#;

/// Receivers at these addresses.
fn receivers(pager: &str, mail: &str) -> String {
    format!(
        "[receivers.pager]\nwebhook = {{ url = \"{pager}\" }}\n[receivers.mail]\nwebhook = {{ url = \"{mail}\" }}\n"
    )
}

/// Writes a configuration for the target at `url`; its receivers are such as nobody may call.
fn configure(home: &Home, url: &str, canaries: &str, receivers: &str) {
    home.write("entries.feature", FEATURE);
    let target =
        format!("[targets.local]\napi = \"kv\"\nendpoint = \"{url}\"\n[agent]\nregion = \"here\"\nstate = \"agent\"\n");
    home.write("plumb.toml", [&target, canaries, ALERTS, receivers].concat());
}

fn self_test(home: &Home, more: &[&str]) -> Ran {
    home.plumb(&[&["canary", "--self-test", "--format", "json"], more].concat())
}

/// What is said of the rule of a canary.
#[track_caller]
fn said<'j>(json: &'j Value, canary: &str, rule: &str) -> &'j Value {
    let all = json["rules"].as_array().expect("a list");
    all.iter().find(|own| own["canary"] == canary && own["rule"] == rule).unwrap_or_else(|| panic!("{json:#}"))
}

#[test]
fn every_kind_of_alert_fires_clears_and_is_told_and_the_state_stays_untouched() {
    let home = Home::new();
    let (server, nobody) = (Served::kv(&home), Listener::new());
    let fresh = canary("fresh", EVERY_ALERT, "probation = \"1d\"");
    let kept = canary("kept", r#""down", "wrong", "slow""#, "connections = \"kept\"");
    configure(&home, &server.url, &(fresh + &kept), &receivers(&nobody.url(), &nobody.url()));
    let json = self_test(&home, &[]).exits(0).json();
    assert_eq!(json["schema"], "plumb.canary-self-test/1");
    let rules = json["rules"].as_array().expect("a list");
    assert_eq!(rules.len(), 8);
    for own in rules {
        assert_eq!(own["verdict"], "proven", "{own:#}");
        assert!(own["told"].as_array().is_some_and(|told| !told.is_empty()), "{own:#}");
    }
    let down = said(&json, "fresh", "down");
    assert_eq!((&down["fired"]["slots"], &down["cleared"]["slots"]), (&2.into(), &2.into()), "{down:#}");
    // Half of an hour is bad when a budget of a tenth burns five times too fast, and most of that is not sent.
    let burns = &said(&json, "fresh", "burns")["fired"];
    assert!(burns["slots"].as_u64() >= Some(25) && burns["sent"].as_u64() <= Some(12), "{burns}");
    assert_eq!(said(&json, "fresh", "missed")["fired"]["sent"], 0);
    assert_eq!(said(&json, "fresh", "wrong")["told"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["lifted"].as_array().map(Vec::len), Some(1), "{}", json["lifted"]);
    assert_eq!(json["left_behind"], 0);
    assert!(!nobody.was_called(), "nobody is told unless somebody asks for it");
    assert!(!home.path("agent").exists(), "a daemon's state is its own");
    assert_eq!(fs::read_dir(home.journals()).map_or(0, Iterator::count), 0, "nothing is left behind");
}

#[test]
fn an_alert_that_cannot_fire_as_it_is_configured_is_found() {
    let home = Home::new();
    let server = Served::kv(&home);
    let rule = "\n[alerts.never]\nlatency = { over = \"5m\", exchanges_min = 100000 }\nseverity = \"page\"\nreceivers = [\"mail\"]\n";
    let nobody = Listener::new();
    configure(
        &home,
        &server.url,
        &canary("a", r#""never", "missed""#, ""),
        &(receivers(&nobody.url(), &nobody.url()) + rule),
    );
    let json = self_test(&home, &[]).exits(1).json();
    let never = said(&json, "a", "never");
    assert_eq!((&never["verdict"], &never["fired"]), (&"failed".into(), &Value::Null));
    assert!(never["why"].as_str().is_some_and(|why| why.contains("does not fire within")), "{never:#}");
    assert_eq!(said(&json, "a", "missed")["verdict"], "proven");
}

/// A webhook that remembers what it is told.
fn webhook() -> (String, Arc<Mutex<Vec<Value>>>) {
    let heard = Arc::<Mutex<Vec<Value>>>::default();
    let log = Arc::clone(&heard);
    let url = listen(move |mut stream| {
        let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
        let mut length = 0;
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
            let field = line.trim_end().to_ascii_lowercase();
            if let Some(own) = field.strip_prefix("content-length: ") {
                length = own.parse().expect("a length");
            }
            line.clear();
            if field.is_empty() {
                let mut body = vec![0; length];
                reader.read_exact(&mut body).expect("a body");
                log.lock().expect("a lock").push(serde_json::from_slice(&body).expect("JSON"));
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("an answer");
            }
        }
    });
    (url, heard)
}

#[test]
fn configured_receivers_are_told_on_request_and_one_that_is_down_is_found() {
    let home = Home::new();
    let (server, (up, heard)) = (Served::kv(&home), webhook());
    // A port that nobody listens on any more.
    let down = Listener::new().url();
    configure(&home, &server.url, &canary("a", r#""down", "missed""#, ""), &receivers(&up, &down));
    let json = self_test(&home, &["--deliver"]).exits(1).json();
    assert_eq!(said(&json, "a", "down")["verdict"], "proven");
    let missed = said(&json, "a", "missed");
    assert_eq!(missed["verdict"], "failed");
    let why = missed["why"].as_str().expect("a reason");
    assert!(why.contains("mail is not told") && why.contains("failed to reach it"), "{why}");
    let heard = heard.lock().expect("a lock");
    let states: Vec<&str> = heard.iter().filter_map(|alert| alert["state"].as_str()).collect();
    assert_eq!(states, ["firing", "resolved"]);
    for alert in heard.iter() {
        assert!(alert["summary"].as_str().is_some_and(|text| text.starts_with("SELF-TEST: ")), "{alert:#}");
        assert_eq!((&alert["severity"], &alert["id"]), (&"page".into(), &"self-test-a-local-down".into()));
    }
    assert!(!home.path("agent").exists(), "the queue is not the daemon's");
}

/// TLS before a server; tells its address, and the certificate by which it is known.
fn with_tls(url: &str) -> (String, String) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("a server's configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    listener.set_nonblocking(true).expect("a socket option");
    let server = url.trim_start_matches("http://").to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    std::thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, server) = (acceptor.clone(), server.clone());
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await?;
                    let mut there = tokio::net::TcpStream::connect(server).await?;
                    tokio::io::copy_bidirectional(&mut stream, &mut there).await
                });
            }
        });
    });
    (format!("https://localhost:{port}"), own.cert.pem())
}

#[test]
fn tls_stays_between_the_two_ends() {
    let home = Home::new();
    let server = Served::kv(&home);
    let (url, certificate) = with_tls(&server.url);
    home.write("ca.pem", certificate);
    let nobody = Listener::new();
    let fresh = canary("fresh", r#""down", "wrong""#, "");
    let kept = canary("kept", r#""down", "wrong""#, "connections = \"kept\"");
    configure(&home, &url, &(fresh + &kept), &receivers(&nobody.url(), &nobody.url()));
    let config = home.read("plumb.toml").replace("[agent]", "ca = \"ca.pem\"\n[agent]");
    home.write("plumb.toml", config);
    let json = self_test(&home, &[]).exits(0).json();
    assert_eq!(json["rules"].as_array().map(Vec::len), Some(4), "{json:#}");
}

/// Runs a self-test of which nothing can be said, and tells its output for people.
#[track_caller]
fn check_unclear(home: &Home, url: &str, alerts: &str, more: &str, words: &[&str]) {
    let nobody = Listener::new();
    configure(home, url, &canary("a", alerts, more), &receivers(&nobody.url(), &nobody.url()));
    let ran = home.plumb(&["canary", "--self-test"]).exits(2);
    for word in words {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
}

#[test]
fn a_target_that_is_not_well_proves_nothing() {
    let home = Home::new();
    let ill = answer_with(|_| "500 Internal Server Error");
    check_unclear(&home, &ill, r#""down", "wrong""#, "", &["unclear", "is not well", "0 of 2 alerts are proven"]);
    let dead = Listener::new().url();
    check_unclear(&home, &dead, r#""down""#, "", &["unclear", "is not well"]);
}

#[test]
fn what_cannot_be_put_to_the_test_is_said() {
    let home = Home::new();
    let server = Served::kv(&home);
    check_unclear(&home, &server.url, "", "", &["a@local: no alert watches over it", "0 of 0"]);
    check_unclear(&home, &server.url, r#""wrong""#, "tags = \"@write-only\"", &["unclear", "reads nothing"]);
    home.plumb(&["kill", "halt", "--by", "alice", "--reason", "the disks are full"]).exits(0);
    check_unclear(&home, &server.url, r#""down""#, "", &["the kill switch says halt", "alice"]);
}
