//! Somebody who is told of alerts.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::daemon::wait_for;
use crate::support::listen;

/// A webhook that takes everything, and remembers it.
pub(crate) struct Receiver {
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
    alerts: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    /// A new one.
    pub(crate) fn new() -> Self {
        let alerts: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = Arc::clone(&alerts);
        let url = listen(move |stream| {
            let mut reader = BufReader::new(&stream);
            while let Some(alert) = read(&mut reader) {
                kept.lock().expect("a lock").push(alert);
                if (&stream).write_all(b"HTTP/1.1 204 No Content\r\n\r\n").is_err() {
                    return;
                }
            }
        });
        Self { url, alerts }
    }

    /// The section that makes it known.
    pub(crate) fn section(&self, name: &str) -> String {
        format!("[receivers.{name}.webhook]\nurl = \"{}\"\n", self.url)
    }

    /// What it was told so far.
    pub(crate) fn alerts(&self) -> Vec<Value> {
        self.alerts.lock().expect("a lock").clone()
    }

    /// Waits for an alert.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        wait_for(what, || self.alerts().into_iter().find(|alert| fits(alert)))
    }
}

/// The body of the next request; none where the caller has gone.
fn read(reader: &mut BufReader<&TcpStream>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("an alert is JSON"))
}

/// Whether an alert of this state names a target.
pub(crate) fn is(alert: &Value, state: &str, target: &str) -> bool {
    alert["state"] == state && alert["target"] == target
}
