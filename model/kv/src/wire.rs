//! Between calls and bytes: paths, JSON, no signatures.

mod json;

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use plumb_model::answer::{Answer, Document};
use plumb_model::call::Call;
use plumb_model::http::{Headers, Request, Response};
use plumb_model::seen;
use plumb_model::value::Value;
use plumb_model::wire::{Access, EncodeError, Received, Receiving, Sending, Touch, Unmodelled, Wire};
use serde_json::json;

const KEYS: &str = "/v1/keys";
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The wire format of the tutorial API.
pub(crate) struct KvWire;

impl Wire for KvWire {
    fn encode(&self, call: &Call, sending: &Sending<'_>) -> Result<Request, EncodeError> {
        let method = match call.operation.as_ref() {
            "Put" => "PUT",
            "Get" | "List" => "GET",
            "Delete" => "DELETE",
            other => {
                let reason = "the API has Put, Get, Delete and List".to_owned();
                return Err(EncodeError { operation: other.to_owned(), reason });
            }
        };
        let mut headers = Headers::default();
        headers.push("host", sending.authority.to_owned());
        headers.push("accept", "*/*");
        for name in ["if-match", "if-none-match"] {
            if let Some(value) = call.bytes(name) {
                headers.push(name, value.clone());
            }
        }
        let body = match call.operation.as_ref() {
            "Put" => seen::pooled(sending.bodies, call.argument("value")).bytes.clone(),
            _ => Bytes::new(),
        };
        Ok(Request { method: Cow::Borrowed(method), target: target(call), headers, body })
    }

    fn decode_response(&self, call: &Call, response: &Response) -> Answer {
        let json = call.operation == "List" || response.status >= 400;
        let document = if json { json::parse(&response.body) } else { None };
        let code = document.as_ref().and_then(|document| document.text("error")).map(str::to_owned);
        Answer {
            status: response.status,
            code,
            headers: response.headers.clone(),
            body: response.body.clone(),
            document,
            truncated: response.truncated,
            ..Answer::default()
        }
    }

    fn decode_request(&self, request: &Request, _receiving: &Receiving<'_>) -> Result<Received, Unmodelled> {
        let (path, query) = split(&request.target);
        let key = path.strip_prefix(KEYS.as_bytes()).ok_or_else(|| unmodelled(request))?;
        let mut call = match (request.method.as_ref(), key) {
            ("GET", b"" | b"/") => list_call(query),
            (method, [b'/', key @ ..]) => {
                let operation = match method {
                    "PUT" => "Put",
                    "GET" => "Get",
                    "DELETE" => "Delete",
                    _ => return Err(unmodelled(request)),
                };
                Call::new(operation).with("key", Value::literal(decoded(key)))
            }
            _ => return Err(unmodelled(request)),
        };
        if call.operation == "Put" {
            call = call.with("value", Value::Literal(request.body.clone()));
        }
        for name in ["if-match", "if-none-match"] {
            if let Some(value) = request.headers.get(name) {
                call = call.with(name, Value::Literal(value.clone()));
            }
        }
        Ok(Received { call, actor: None })
    }

    fn encode_response(&self, _call: &Call, answer: &Answer) -> Response {
        let body = match &answer.document {
            Some(document) => json(document).to_string().into(),
            None => answer.body.clone(),
        };
        Response { status: answer.status, headers: answer.headers.clone(), body, truncated: false }
    }

    fn touches(&self, request: &Request) -> Result<Vec<Touch>, String> {
        let (path, query) = split(&request.target);
        let key = path.strip_prefix(KEYS.as_bytes()).ok_or("the path is not below /v1/keys")?;
        let access = match request.method.as_ref() {
            "GET" => Access::Reads,
            "PUT" => Access::Creates,
            "DELETE" => Access::Deletes,
            other => return Err(format!("the method {other} is unknown")),
        };
        let name = match key {
            b"" | b"/" => list_call(query).bytes("prefix").cloned().unwrap_or_default(),
            [b'/', key @ ..] => decoded(key),
            _ => return Err("the path is not below /v1/keys".into()),
        };
        // A key has none of these; in a path they could lead elsewhere once a library has tidied it up (WHATWG URL,
        // section 4.4: a backslash is a slash, tabs and line ends are dropped).
        if name.iter().any(|byte| b"/\\\t\r\n".contains(byte)) || name.starts_with(b".") {
            return Err("the key could be read as another path".into());
        }
        Ok(vec![Touch { kind: "key", name, inside: None, access }])
    }
}

fn target(call: &Call) -> Vec<u8> {
    let mut target = KEYS.to_owned();
    if call.operation == "List" {
        let mut separator = '?';
        for name in ["prefix", "after", "limit"] {
            if let Some(value) = call.bytes(name) {
                target.push(separator);
                target.push_str(name);
                target.push('=');
                target.extend(percent_encode(value, PLAIN));
                separator = '&';
            }
        }
    } else {
        target.push('/');
        target.extend(percent_encode(call.bytes("key").map_or(b"", |key| key.as_ref()), PLAIN));
    }
    target.into_bytes()
}

fn split(target: &[u8]) -> (&[u8], &[u8]) {
    match target.iter().position(|byte| *byte == b'?') {
        Some(mark) => (&target[..mark], &target[mark + 1..]),
        None => (target, b""),
    }
}

fn decoded(text: &[u8]) -> Bytes {
    percent_decode(text).collect::<Vec<u8>>().into()
}

fn list_call(query: &[u8]) -> Call {
    let mut call = Call::new("List");
    for pair in query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(mark) => (&pair[..mark], &pair[mark + 1..]),
            None => (pair, &b""[..]),
        };
        for known in ["prefix", "after", "limit"] {
            if name == known.as_bytes() {
                call = call.with(known, Value::literal(decoded(value)));
            }
        }
    }
    call
}

fn unmodelled(request: &Request) -> Unmodelled {
    let target = plumb_model::text::shown(&request.target, 80);
    Unmodelled(format!("no operation of kv is {} {target}", request.method))
}

fn json(document: &Document) -> serde_json::Value {
    match document {
        Document::Text(text) => json!(text),
        Document::Bare(text) => serde_json::from_str(text).unwrap_or(serde_json::Value::Null),
        Document::List(entries) => entries.iter().map(json).collect(),
        Document::Fields(fields) => {
            serde_json::Value::Object(fields.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_a_library_could_tidy_up_is_refused() {
        let touches = |target: &[u8]| {
            let request = Request {
                method: Cow::Borrowed("PUT"),
                target: target.to_vec(),
                headers: Headers::default(),
                body: Bytes::new(),
            };
            KvWire.touches(&request)
        };
        assert_eq!(touches(b"/v1/keys/own").map(|all| all[0].name.clone()), Ok(Bytes::from_static(b"own")));
        for target in
            [r"/v1/keys/own\..\other", "/v1/keys/own/../other", "/v1/keys/own%2f..", "/v1/keys/..", "/v2/keys/a"]
        {
            assert!(touches(target.as_bytes()).is_err(), "{target}");
        }
    }
}
