//! The log that `plumb serve --log` writes: one JSON object a line.
//!
//! Combined Log Format loses the header fields, and with them ranges, conditions and checksums; HAR is one document,
//! to which nothing can be appended. So this is a format of our own, with a request on each line.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use plumb_model::http::Request;
use plumb_model::traffic::{LogFormat, LoggedBody, Record, Sender};
use serde::{Deserialize, Serialize};

/// The version of the format.
pub const LOG_VERSION: u32 = 1;
/// The longest body that is written down, in bytes.
pub const BODY_LOGGED_BYTES_MAX: usize = 64 << 10;

/// A request on each line, with its header fields.
pub const REQUESTS: LogFormat =
    LogFormat { name: "requests", about: "what plumb serve --log writes, one JSON object a line", parse: parse_line };

/// A line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    plumb_log: u32,
    time_ms: Option<i64>,
    #[serde(default)]
    client: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    #[serde(default)]
    body_bytes: Option<u64>,
    /// In Base64; only where it says what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(default)]
    answer_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// One request as a line, without its end. What is no UTF-8 is replaced.
pub fn line(record: &Record, answer_bytes: u64, request_id: Option<String>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let request = &record.request;
    let line = Line {
        plumb_log: LOG_VERSION,
        time_ms: record.time_ms,
        client: record.client.clone(),
        user: match &record.sender {
            Sender::Known(user) => Some(user.clone()),
            Sender::Nobody | Sender::Unknown => None,
        },
        method: request.method.to_string(),
        target: text(&request.target),
        headers: request.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body_bytes: match record.body {
            LoggedBody::Unknown => None,
            LoggedBody::Length(length) => Some(length),
            LoggedBody::Whole => Some(request.body.len() as u64),
        },
        body: (record.body == LoggedBody::Whole).then(|| BASE64.encode(&request.body)),
        status: record.status,
        code: record.code.clone(),
        answer_bytes,
        request_id,
    };
    serde_json::to_string(&line).unwrap_or_default()
}

/// Reads one line.
fn parse_line(text: &str) -> Result<Option<Record>, String> {
    // What serde says may hold words of the line.
    let line: Line = serde_json::from_str(text)
        .map_err(|error| format!("column {}: it is no line of plumb serve --log", error.column()))?;
    if line.plumb_log != LOG_VERSION {
        return Err(format!("it is of version {}, this build reads version {LOG_VERSION}", line.plumb_log));
    }
    let fields = line.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase().into(), Bytes::from(value)));
    let (body, bytes) = match (line.body, line.body_bytes) {
        (Some(text), _) => {
            let bytes = BASE64.decode(text).map_err(|_| "the body is not in Base64")?;
            (LoggedBody::Whole, Bytes::from(bytes))
        }
        (None, Some(0)) => (LoggedBody::Whole, Bytes::new()),
        (None, Some(length)) => (LoggedBody::Length(length), Bytes::new()),
        (None, None) => (LoggedBody::Unknown, Bytes::new()),
    };
    let headers: plumb_model::http::Headers = fields.collect();
    let user_agent = headers.text("user-agent").unwrap_or_default().to_owned();
    let request = Request { method: line.method.into(), target: line.target.into_bytes(), headers, body: bytes };
    Ok(Some(Record {
        client: line.client,
        sender: line.user.map_or(Sender::Unknown, Sender::Known),
        user_agent,
        time_ms: line.time_ms,
        request,
        has_headers: true,
        body,
        operation: None,
        status: line.status,
        code: line.code,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut record = Record::new("POST", "/a?delete", 404);
        record.client = "127.0.0.1".into();
        record.sender = Sender::Known("AKID".into());
        record.time_ms = Some(1_700_000_000_123);
        record.has_headers = true;
        record.user_agent = "x".into();
        record.request.headers.push("user-agent", "x");
        record.request.headers.push("range", "bytes=0-1");
        record.request.body = Bytes::from_static(b"<Delete/>\n");
        record.body = LoggedBody::Whole;
        record.code = Some("Gone".into());
        let text = line(&record, 3, Some("r1".into()));
        assert!(!text.contains('\n'), "{text}");
        assert_eq!(parse_line(&text), Ok(Some(record.clone())));
        record.request.body = Bytes::new();
        record.body = LoggedBody::Length(5 << 30);
        assert_eq!(parse_line(&line(&record, 0, None)), Ok(Some(record)));
    }

    #[test]
    fn what_is_wrong_is_told_without_what_stands_there() {
        for text in ["", "secret", "{\"plumb_log\": \"secret\"}", "{\"secret\": 1}", "[]"] {
            let error = parse_line(text).expect_err("it is refused");
            assert!(error.starts_with("column ") && !error.contains("secret"), "{error}");
        }
        let newer = "{\"plumb_log\":2,\"method\":\"GET\",\"target\":\"/\",\"headers\":[],\"status\":200}";
        assert_eq!(parse_line(newer), Err("it is of version 2, this build reads version 1".to_owned()));
    }
}
