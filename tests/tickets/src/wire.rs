//! Between calls and bytes.

use std::borrow::Cow;

use bytes::Bytes;
use plumb_model::answer::{Answer, Document};
use plumb_model::call::Call;
use plumb_model::http::{Headers, Request, Response};
use plumb_model::value::Value;
use plumb_model::wire::{Access, EncodeError, Received, Receiving, Sending, Touch, Unmodelled, Wire};
use serde_json::json;

const DESK: &str = "/tickets/";

/// The wire format of the desk.
pub(crate) struct TicketWire;

impl Wire for TicketWire {
    fn encode(&self, call: &Call, sending: &Sending<'_>) -> Result<Request, EncodeError> {
        let (method, end) = match call.operation.as_ref() {
            "Open" => ("PUT", ""),
            "Read" => ("GET", ""),
            "Close" => ("POST", "/close"),
            "Remove" => ("DELETE", ""),
            other => {
                let reason = "a desk knows Open, Read, Close and Remove".to_owned();
                return Err(EncodeError { operation: other.to_owned(), reason });
            }
        };
        let name = call.bytes("name").cloned().unwrap_or_default();
        let mut headers = Headers::default();
        headers.push("host", sending.authority.to_owned());
        headers.push("accept", "*/*");
        let target = [DESK.as_bytes(), &name, end.as_bytes()].concat();
        let body = call.bytes("subject").cloned().unwrap_or_default();
        Ok(Request { method: Cow::Borrowed(method), target, headers, body })
    }

    fn decode_response(&self, _call: &Call, response: &Response) -> Answer {
        let document = document(&response.body);
        Answer {
            status: response.status,
            code: document.as_ref().and_then(|document| document.text("error")).map(str::to_owned),
            headers: response.headers.clone(),
            body: response.body.clone(),
            document,
            truncated: response.truncated,
            ..Answer::default()
        }
    }

    fn decode_request(&self, request: &Request, _receiving: &Receiving<'_>) -> Result<Received, Unmodelled> {
        let (name, end) = name_of(&request.target).map_err(Unmodelled)?;
        let call = match (request.method.as_ref(), end) {
            ("PUT", "") => Call::new("Open").with("subject", Value::Literal(request.body.clone())),
            ("GET", "") => Call::new("Read"),
            ("POST", "close") => Call::new("Close"),
            ("DELETE", "") => Call::new("Remove"),
            (method, _) => return Err(Unmodelled(format!("a desk knows no {method} there"))),
        };
        Ok(Received { call: call.with("name", Value::Literal(name)), actor: None })
    }

    fn encode_response(&self, _call: &Call, answer: &Answer) -> Response {
        let body =
            answer.document.as_ref().map_or_else(|| answer.body.clone(), |document| json(document).to_string().into());
        Response { status: answer.status, headers: answer.headers.clone(), body, truncated: false }
    }

    fn touches(&self, request: &Request) -> Result<Vec<Touch>, String> {
        let (name, end) = name_of(&request.target)?;
        let access = match (request.method.as_ref(), end) {
            ("GET", _) => Access::Reads,
            ("PUT", _) => Access::Creates,
            ("POST", "close") => Access::Writes,
            ("DELETE", _) => Access::Deletes,
            (method, _) => return Err(format!("the method {method} is unknown there")),
        };
        Ok(vec![Touch { kind: "ticket", name, inside: None, access }])
    }
}

/// The name in a path, and what stands behind it. A name with anything else in it could be read as another path.
fn name_of(target: &[u8]) -> Result<(Bytes, &str), String> {
    let target = std::str::from_utf8(target).map_err(|_| "the path is no text".to_owned())?;
    let path = target.strip_prefix(DESK).ok_or("the path is not below /tickets/")?;
    let (name, end) = path.split_once('/').unwrap_or((path, ""));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !name.bytes().all(plain) {
        return Err("the name could be read as another path".to_owned());
    }
    Ok((Bytes::copy_from_slice(name.as_bytes()), end))
}

fn document(body: &[u8]) -> Option<Document> {
    let serde_json::Value::Object(fields) = serde_json::from_slice(body).ok()? else { return None };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Document::Text(text),
        other => Document::Bare(other.to_string()),
    };
    Some(Document::Fields(fields.into_iter().map(|(name, value)| (name, text(value))).collect()))
}

fn json(document: &Document) -> serde_json::Value {
    match document {
        Document::Text(text) | Document::Bare(text) => json!(text),
        Document::List(entries) => entries.iter().map(json).collect(),
        Document::Fields(fields) => {
            serde_json::Value::Object(fields.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
    }
}
