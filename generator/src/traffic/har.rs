//! HAR 1.2: what a browser or a proxy has recorded, one document with an entry for each request.
//!
//! Source: the draft "HTTP Archive (HAR) format", W3C Web Performance Working Group. Every exporter leaves out other
//! fields, so only what is needed here is asked for; the rest may be anything. That is why entries are read as plain
//! JSON: types that demand what the draft demands refuse files that people have.

use std::fmt;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use plumb_model::http::{Headers, Request};
use plumb_model::time::parse_iso_date;
use plumb_model::traffic::{LoggedBody, Record};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The name of the format, as in `--log-format`.
pub const HAR: &str = "har";

/// Takes what one entry came to, with its number from 1.
pub type TakeEntry<'a> = &'a mut dyn FnMut(u64, Result<Record, String>);

/// Reads a document and gives every entry to `take`, one after the other: no more than one is held. The error says
/// where the document ends to be one; entries before it have been taken.
pub fn each_entry(reader: impl Read, take: TakeEntry<'_>) -> Result<(), String> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let read = deserializer.deserialize_map(Document { take }).and_then(|()| deserializer.end());
    read.map_err(|error| format!("line {}, column {}: it is no HAR document", error.line(), error.column()))
}

/// The outermost object: `log` is what matters.
struct Document<'a> {
    take: TakeEntry<'a>,
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a HAR document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == "log" {
                map.next_value_seed(Log { take: &mut *self.take })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The object `log`: `entries` is what matters.
struct Log<'a> {
    take: TakeEntry<'a>,
}

impl<'de> DeserializeSeed<'de> for Log<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Log<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the log of a HAR document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == "entries" {
                map.next_value_seed(Entries { take: &mut *self.take })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The list of entries.
struct Entries<'a> {
    take: TakeEntry<'a>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the entries of a HAR document")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(entry) = entries.next_element::<Value>()? {
            number += 1;
            (self.take)(number, record(&entry));
        }
        Ok(())
    }
}

/// What an entry says; or what it lacks, in words that hold nothing of it.
fn record(entry: &Value) -> Result<Record, String> {
    let request = entry.get("request").ok_or("it has no request")?;
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    let method = text("method").ok_or("its request has no method")?;
    let target = target(text("url").ok_or("its request has no url")?).ok_or("its url has no host and path")?;
    let status = entry.pointer("/response/status").and_then(Value::as_u64);
    // Zero is what browsers write where no answer came.
    let status = status.and_then(|status| u16::try_from(status).ok()).filter(|status| (100..600).contains(status));
    let mut record = Record::new(method, "/", status.ok_or("its response has no status")?);
    let headers = headers(request);
    headers.text("user-agent").unwrap_or_default().clone_into(&mut record.user_agent);
    let (body, bytes) = body(request)?;
    record.body = body;
    record.request = Request { method: method.to_owned().into(), target: target.into_bytes(), headers, body: bytes };
    record.has_headers = true;
    record.time_ms = entry.get("startedDateTime").and_then(Value::as_str).and_then(parse_iso_date).map(|at| at * 1_000);
    Ok(record)
}

/// Path and query of a URL.
fn target(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.split('#').next().unwrap_or(rest);
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let target = &rest[at..];
    (at > 0).then(|| if target.starts_with('/') { target.to_owned() } else { format!("/{target}") })
}

/// The header fields; those that HTTP/2 has in place of the first line are left out.
fn headers(request: &Value) -> Headers {
    let fields = request.get("headers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let each = fields.iter().filter_map(|field| {
        let (name, value) = (field.get("name")?.as_str()?, field.get("value")?.as_str()?);
        (!name.starts_with(':')).then(|| (name.to_ascii_lowercase().into(), Bytes::from(value.to_owned())))
    });
    each.collect()
}

/// What is known of the body. A text may stand in Base64, which some exporters say in `encoding`.
fn body(request: &Value) -> Result<(LoggedBody, Bytes), String> {
    let post = request.get("postData");
    if let Some(text) = post.and_then(|post| post.get("text")).and_then(Value::as_str) {
        let is_encoded = post.and_then(|post| post.get("encoding")).and_then(Value::as_str) == Some("base64");
        let bytes = if is_encoded {
            BASE64.decode(text).map_err(|_| "its body is not in Base64")?
        } else {
            text.as_bytes().to_vec()
        };
        return Ok((LoggedBody::Whole, bytes.into()));
    }
    let length = request.get("bodySize").and_then(Value::as_i64).and_then(|size| u64::try_from(size).ok());
    Ok(match length {
        None => (LoggedBody::Unknown, Bytes::new()),
        Some(0) => (LoggedBody::Whole, Bytes::new()),
        Some(length) => (LoggedBody::Length(length), Bytes::new()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> (Vec<Result<Record, String>>, Result<(), String>) {
        let mut all = Vec::new();
        let ended = each_entry(text.as_bytes(), &mut |number, entry| {
            assert_eq!(number, all.len() as u64 + 1);
            all.push(entry);
        });
        (all, ended)
    }

    fn entry(request: &str) -> String {
        format!("{{\"log\": {{\"version\": \"1.2\", \"pages\": [{{}}], \"entries\": [{request}]}}, \"x\": 1}}")
    }

    #[test]
    fn an_entry_is_a_request() {
        let (all, ended) = entries(&entry(
            r#"{"startedDateTime": "2026-11-21T06:19:19.500Z", "request": {"method": "PUT",
            "url": "https://example.com/a/b%20c?d=e#f", "headers": [{"name": "Range", "value": "bytes=0-1"},
            {"name": ":authority", "value": "example.com"}, {"name": "User-Agent", "value": "me"}],
            "postData": {"mimeType": "", "text": "aGk=", "encoding": "base64"}}, "response": {"status": 201}}"#,
        ));
        assert_eq!(ended, Ok(()));
        let [Ok(record)] = &all[..] else { panic!("{all:?}") };
        assert_eq!((&record.request.target[..], record.status), (&b"/a/b%20c?d=e"[..], 201));
        assert_eq!((record.request.headers.text("range"), record.request.headers.len()), (Some("bytes=0-1"), 2));
        assert_eq!((record.body, &record.request.body[..]), (LoggedBody::Whole, &b"hi"[..]));
        assert_eq!((record.user_agent.as_str(), record.has_headers), ("me", true));
    }

    #[test]
    fn an_entry_that_lacks_something_does_not_end_the_document() {
        let (all, ended) = entries(&entry(
            r#"{}, {"request": {"method": "GET", "url": "https://h/secret"}, "response": {"status": 0}},
            {"request": {"method": "GET", "url": "secret"}, "response": {"status": 200}},
            {"request": {"method": "GET", "url": "http://h", "bodySize": 7}, "response": {"status": 200}}"#,
        ));
        assert_eq!(ended, Ok(()));
        let reasons: Vec<&str> = all.iter().filter_map(|entry| entry.as_ref().err().map(String::as_str)).collect();
        assert_eq!(reasons, ["it has no request", "its response has no status", "its url has no host and path"]);
        let last = all[3].as_ref().expect("a record");
        assert_eq!((&last.request.target[..], last.body), (&b"/"[..], LoggedBody::Length(7)));
    }

    #[test]
    fn where_a_document_breaks_off_is_told() {
        let (all, ended) = entries("{\"log\": {\"entries\": [{}, {\"secret\": tru");
        assert_eq!(all.len(), 1);
        assert_eq!(ended, Err("line 1, column 39: it is no HAR document".to_owned()));
        assert!(entries("[]").1.is_err() && entries("").1.is_err());
    }
}
