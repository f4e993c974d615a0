//! Calls to requests, and answers to responses.

use std::borrow::Cow;

use bytes::Bytes;
use plumb_model::answer::{Answer, Document};
use plumb_model::call::Call;
use plumb_model::http::{Headers, Request, Response};
use plumb_model::seen::pooled;
use plumb_model::wire::Sending;

use super::decode::take;
use super::route::{Content, Route, Subject, Success};
use super::{NAMESPACE_FIELD, TEXT_FIELD, configuration, deletion, digests, signing, target, xml};
use crate::signature::{self, Quality};
use crate::sigv4::{PayloadHash, SigningKeys};

/// The request of a call; or why there is none.
pub(crate) fn request(call: &Call, keys: &SigningKeys, sending: &Sending<'_>) -> Result<Request, String> {
    let route = Route::of(call).ok_or("the operation is not modelled")?;
    if let Some(name) = route.missing_mark(call) {
        return Err(format!("without {name} it is no {}", route.operation));
    }
    let quality = quality(call)?;
    let (body, payload) = body(call, route, sending)?;
    let target = request_target(call, route)?;
    let mut headers = headers(call, route, sending)?;
    if route.content == Content::Deletion {
        digests::headers(call, &body)?.into_iter().for_each(|(name, value)| headers.push(name, value));
    }
    let mut request = Request { method: Cow::Borrowed(route.method), target, headers, body };
    signing::apply(&mut request, quality, &payload, keys, sending)?;
    Ok(request)
}

fn quality(call: &Call) -> Result<Quality, String> {
    match call.bytes(signature::ARGUMENT) {
        None => Ok(Quality::Valid),
        Some(name) => Quality::named(name).ok_or_else(|| format!("no signature is {}", name.escape_ascii())),
    }
}

fn body(call: &Call, route: &Route, sending: &Sending<'_>) -> Result<(Bytes, PayloadHash), String> {
    match route.content {
        Content::Object if call.argument("body").is_some() => {
            let pooled = pooled(sending.bodies, call.argument("body"));
            Ok((pooled.bytes.clone(), PayloadHash::literal(pooled.sha256_hex.clone())))
        }
        Content::Nothing | Content::Object => Ok((Bytes::new(), PayloadHash::empty())),
        Content::Configuration => {
            let body = configuration::body(call).ok_or("the location cannot stand in XML")?;
            let hash = PayloadHash::of(&body);
            Ok((body, hash))
        }
        Content::Deletion => {
            let body = deletion::body(call)?;
            let hash = PayloadHash::of(&body);
            Ok((body, hash))
        }
    }
}

fn request_target(call: &Call, route: &Route) -> Result<Vec<u8>, String> {
    let mut text = Vec::with_capacity(128);
    text.push(b'/');
    if route.subject != Subject::Service {
        let bucket = call.bytes("bucket").filter(|name| !name.is_empty()).ok_or("there is no bucket")?;
        target::push(&mut text, bucket);
    }
    if route.subject == Subject::Object {
        // Without a key the path would be that of the bucket.
        let key = call.bytes("key").filter(|key| !key.is_empty()).ok_or("there is no key")?;
        text.push(b'/');
        target::push_key(&mut text, key);
    }
    let mut separator = b'?';
    let mark = route.mark.parameter().map(|(name, value)| (name, value.map(str::as_bytes)));
    let given = call.arguments.iter().filter(|(name, _)| route.has_parameter(name));
    let given = given.filter_map(|(name, value)| Some((name.as_ref(), Some(value.as_literal()?.as_ref()))));
    for (name, value) in mark.into_iter().chain(given) {
        text.push(separator);
        target::push(&mut text, name.as_bytes());
        if let Some(value) = value {
            text.push(b'=');
            target::push(&mut text, value);
        }
        separator = b'&';
    }
    Ok(text)
}

fn headers(call: &Call, route: &Route, sending: &Sending<'_>) -> Result<Headers, String> {
    let mut headers = Headers::with_capacity(call.arguments.len() + 5);
    headers.push("host", sending.authority.to_owned());
    for (name, value) in &call.arguments {
        if route.has_header(name) {
            let value = value.as_literal().ok_or_else(|| format!("{name} is a body"))?;
            if value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) || !is_token(name) {
                return Err(format!("{name} cannot stand in a header: it would end the line"));
            }
            headers.push(name.clone(), value.clone());
        } else if !route.has_parameter(name) && !route.has_place(name) {
            return Err(format!("{name} is no argument of it that is modelled"));
        }
    }
    Ok(headers)
}

/// RFC 9110 section 5.6.2, in lower case.
fn is_token(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// An answer as it goes over the wire.
pub(crate) fn response(call: &Call, answer: &Answer) -> Response {
    let route = Route::of(call);
    let bodiless = matches!(answer.status, 204 | 304);
    let body: Bytes = match (&answer.document, route.map(|route| route.success)) {
        _ if bodiless => Bytes::new(),
        (None, _) => answer.body.clone(),
        (Some(document), _) if answer.code.is_some() => xml::write("Error", None, document).into(),
        (Some(document), Some(Success::Document(root))) => {
            let encoded = super::decode::is_url_encoded(call, document);
            let mut document = if encoded { url_encoded(document) } else { document.clone() };
            let namespace = take(&mut document, NAMESPACE_FIELD);
            let document = take(&mut document, TEXT_FIELD).map_or(document, Document::Text);
            xml::write(root, namespace.as_deref(), &document).into()
        }
        (Some(_), _) => Bytes::new(),
    };
    let mut headers = answer.headers.clone();
    if bodiless {
        headers.remove("content-length");
    } else if !route.is_some_and(Route::is_head) {
        headers.set("content-length", body.len().to_string());
    }
    Response { status: answer.status, headers, body, truncated: false }
}

fn url_encoded(document: &Document) -> Document {
    let mut document = document.clone();
    super::decode::each_encoded(&mut document, &mut |text| *text = target::url_encoded(text));
    document
}
