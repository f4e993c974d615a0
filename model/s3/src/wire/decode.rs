//! Requests to calls, and responses to answers.

use bytes::Bytes;
use plumb_model::answer::{Answer, Document};
use plumb_model::call::Call;
use plumb_model::http::{Headers, Request, Response};
use plumb_model::text::shown;
use plumb_model::value::Value;
use plumb_model::wire::{Received, Receiving};

use super::route::{Content, Mark, ROUTES, Route, Subject, Success};
use super::{NAMESPACE, NAMESPACE_FIELD, TEXT_FIELD, configuration, deletion, digests, signing, target, xml};
use crate::operations::storing::METADATA_PREFIX;
use crate::signature::{self, Quality};
use crate::sigv4::{Payload, Verification, verify};

/// Headers of AWS that change nothing a model could see: they belong to the signature, to the framing, or say
/// what the client is.
const NEUTRAL: [&str; 7] = [
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "x-amz-user-agent",
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "x-amz-te",
];

/// The header of a canned ACL.
const ACL: &str = "x-amz-acl";
/// The values of that header that ask for what holds without it.
///
/// Source: S3 User Guide, acl-overview: `private` is the default, and nobody but the owner has access. An empty one
/// counts as none: open-io/swift3 pull request 90, recorded on AWS.
const NO_ACL: [&[u8]; 2] = [b"", b"private"];
/// The root of a listing of keys.
const LISTING: &str = "ListBucketResult";
/// What `encoding-type=url` encodes. Source: AWS S3 API Reference, `ListObjectsV2`, `EncodingType`; for the markers of
/// `ListObjects`, botocore `handlers.py`, `decode_list_object`.
const ENCODED: [&str; 6] = ["Key", "Prefix", "Delimiter", "StartAfter", "Marker", "NextMarker"];
/// The codes by which a server says that it failed itself: those of 500 and 503. An answer that has begun with 200
/// can still come to one of them.
///
/// Source: AWS S3 API Reference, `ErrorResponses`; `CopyObject`: "If the error occurs during the copy operation, the
/// error response is embedded in the 200 OK response"; botocore, too, takes such an answer for a 500.
const FAILURES: [&str; 3] = ["InternalError", "ServiceUnavailable", "SlowDown"];

/// The call of a request; or why there is none.
pub(crate) fn request(request: &Request, receiving: &Receiving<'_>) -> Result<Received, String> {
    let (route, call) = with_target(request)?;
    let verification = verification(request, receiving);
    let quality = signing::quality(&verification);
    let (body, trailers) = body(request, &verification)?;
    let mut call = with_content(call, route, &request.headers, &trailers, body)?;
    if quality != Quality::Valid {
        call = call.with(signature::ARGUMENT, quality.name());
    }
    Ok(Received { call, actor: sender(verification, quality) })
}

/// The call of a request whose signature nobody looks at; or why there is none.
pub(super) fn unverified(request: &Request) -> Result<Call, String> {
    let (route, call) = with_target(request)?;
    with_content(call, route, &request.headers, &Headers::default(), request.body.clone())
}

/// The route of a request, and its call as far as the target tells it.
fn with_target(request: &Request) -> Result<(&'static Route, Call), String> {
    let (path, query) = target::split(&request.target);
    let (subject, bucket, key) = path_parts(path)?;
    let route = route(request, subject, query)
        .ok_or_else(|| format!("no operation is {} {}", request.method, shown(&request.target, 80)))?;
    let mut call = Call::new(route.operation);
    if subject != Subject::Service {
        call = call.with("bucket", Value::literal(bucket));
    }
    if subject == Subject::Object {
        call = call.with("key", Value::literal(key));
    }
    Ok((route, with_parameters(call, route, query)?))
}

/// The call with what its headers and its body tell.
fn with_content(call: Call, route: &Route, headers: &Headers, trailers: &Headers, body: Bytes) -> Result<Call, String> {
    let call = with_headers(with_headers(call, route, headers)?, route, trailers)?;
    Ok(match route.content {
        Content::Object if !body.is_empty() => call.with("body", Value::Literal(body)),
        Content::Configuration => configuration::with_body(call, &body),
        Content::Deletion => {
            let call = deletion::with_body(call, &body);
            digests::with_headers(call, [headers, trailers], &body)?
        }
        Content::Object | Content::Nothing => call,
    })
}

/// What a path is about, with the names of its bucket and its key.
fn path_parts(path: &[u8]) -> Result<(Subject, Vec<u8>, Vec<u8>), String> {
    let rest = path.strip_prefix(b"/").ok_or("the target does not start with a slash")?;
    let (bucket, key) = target::split_at(rest, b'/');
    let subject = match (bucket.is_empty(), key.is_empty()) {
        (true, true) if rest.is_empty() => Subject::Service,
        (true, _) => return Err("the path names no bucket".to_owned()),
        (false, true) => Subject::Bucket,
        (false, false) => Subject::Object,
    };
    Ok((subject, target::decode(bucket), target::decode(key)))
}

/// The route of a request: one whose mark is there goes before one without.
fn route(request: &Request, subject: Subject, query: &[u8]) -> Option<&'static Route> {
    let parameters = || target::parameters(query);
    let marked = |mark: Mark| match mark {
        Mark::Plain => false,
        Mark::Flag(name) => parameters().any(|(own, _)| own == name.as_bytes()),
        Mark::Parameter(name, value) => {
            parameters().any(|(own, given)| own == name.as_bytes() && given == value.as_bytes())
        }
        Mark::Header(name) => request.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)),
    };
    let mut fitting = ROUTES.iter().filter(|route| route.method == request.method && route.subject == subject);
    fitting.clone().find(|route| marked(route.mark)).or_else(|| fitting.find(|route| route.mark == Mark::Plain))
}

fn with_parameters(mut call: Call, route: &Route, query: &[u8]) -> Result<Call, String> {
    for (name, value) in target::parameters(query) {
        let name = String::from_utf8_lossy(&target::decode_query(name)).into_owned();
        // A presigned request carries its signature here; an SDK repeats the operation's name.
        if name.starts_with("X-Amz-") || name == "x-id" || route.mark.parameter().is_some_and(|(mark, _)| mark == name)
        {
            continue;
        }
        if !route.has_parameter(&name) {
            return Err(format!("the parameter {} is not modelled", shown(name.as_bytes(), 80)));
        }
        let value = Value::literal(target::decode_query(value));
        if call.arguments.insert(name.clone().into(), value).is_some() {
            return Err(format!("the parameter {name} occurs twice"));
        }
    }
    Ok(call)
}

fn verification(request: &Request, receiving: &Receiving<'_>) -> Verification {
    let lookup = |id: &str| receiving.actors.iter().find(|actor| actor.id == id).map(signing::credentials);
    verify(request, &lookup, receiving.now_s, receiving.region)
}

/// Who signed, or is said to have signed: whether that is to be believed is for the quality to tell.
fn sender(verification: Verification, quality: Quality) -> Option<String> {
    match (verification, quality) {
        (Verification::Valid { access_key, .. }, _) => Some(access_key),
        (
            Verification::Refused { access_key, .. },
            Quality::WrongSecret | Quality::Skewed | Quality::OtherBody | Quality::Expired,
        ) => access_key,
        (Verification::Anonymous | Verification::Refused { .. }, _) => None,
    }
}

/// The body without its framing, and the headers that follow it.
fn body(request: &Request, verification: &Verification) -> Result<(Bytes, Headers), String> {
    match verification {
        Verification::Valid { payload: Payload::Chunked(chunked), .. } => {
            let decoded = chunked.decode(&request.body).map_err(|error| error.to_string())?;
            all_announced(request, &decoded.trailers)?;
            Ok((decoded.body, decoded.trailers))
        }
        _ => Ok((request.body.clone(), Headers::default())),
    }
}

/// Every header that was announced must follow the body, and no other: S3 answers `MalformedTrailerError` (versitygw
/// issues 1600 and 1691, recorded on AWS), which is no call that could be answered.
fn all_announced(request: &Request, trailers: &Headers) -> Result<(), String> {
    let announced = request.headers.all("x-amz-trailer").flat_map(|names| names.split(|byte| *byte == b','));
    let announced: Vec<&[u8]> = announced.map(<[u8]>::trim_ascii).filter(|name| !name.is_empty()).collect();
    let is = |announced: &[u8], name: &str| announced.eq_ignore_ascii_case(name.as_bytes());
    let missing = announced.iter().find(|own| !trailers.iter().any(|(name, _)| is(own, name)));
    if let Some(name) = missing {
        return Err(format!("the trailing header {} never comes", shown(name, 80)));
    }
    match trailers.iter().find(|(name, _)| !announced.iter().any(|own| is(own, name))) {
        Some((name, _)) => Err(format!("the trailing header {} was not announced", shown(name.as_bytes(), 80))),
        None => Ok(()),
    }
}

fn with_headers(mut call: Call, route: &Route, headers: &Headers) -> Result<Call, String> {
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        let value = if name == "content-encoding" { without_framing(value) } else { Some(value.clone()) };
        let Some(value) = value else { continue };
        if !route.has_header(&name) {
            let told = route.content == Content::Deletion && digests::is_header(&name);
            let neutral = told || NEUTRAL.contains(&name.as_str()) || (name == ACL && NO_ACL.contains(&&*value));
            let matters = (name.starts_with("x-amz-") && !neutral) || name == "if-range";
            if matters {
                return Err(format!("the header {name} is not modelled"));
            }
            continue;
        }
        let value = match call.bytes(&name) {
            None => value,
            // S3 User Guide, UsingMetadata: values of one name are joined.
            Some(earlier) if name.starts_with(METADATA_PREFIX) => [earlier, &b","[..], &value].concat().into(),
            Some(_) => return Err(format!("the header {name} occurs twice")),
        };
        call = call.with(name, Value::Literal(value));
    }
    Ok(call)
}

/// A `content-encoding` without `aws-chunked`, which is S3's framing and not stored; none where nothing is left.
fn without_framing(value: &Bytes) -> Option<Bytes> {
    let parts = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let mut left = parts.clone().filter(|part| !part.eq_ignore_ascii_case(b"aws-chunked"));
    if left.clone().count() == parts.count() {
        return Some(value.clone());
    }
    let first = left.next()?.to_vec();
    Some(left.fold(first, |all, part| [&all, &b", "[..], part].concat()).into())
}

/// A response, taken apart.
pub(crate) fn response(call: &Call, response: &Response) -> Answer {
    let route = Route::of(call);
    let is_head = route.is_some_and(Route::is_head);
    let mut answer = Answer {
        status: response.status,
        headers: response.headers.clone(),
        body: response.body.clone(),
        truncated: response.truncated,
        malformed: wrong_length(response, is_head),
        ..Answer::default()
    };
    let (status, success) = (response.status, route.map_or(Success::Nothing, |route| route.success));
    let stored = success == Success::Stored && status < 300;
    if response.truncated || response.body.is_empty() || stored || is_head {
        return answer;
    }
    let lists_bare_keys = status == 200 && success == Success::Document(LISTING) && !wants_url(call);
    let parse = if lists_bare_keys { xml::parse_with_controls } else { xml::parse };
    match parse(&response.body) {
        Ok(mut parsed) => {
            answer.malformed = answer.malformed.or_else(|| unknown_encoding(&parsed));
            if parsed.root == "Error" {
                answer.code = parsed.document.text("Code").map(str::to_owned);
                answer.fails_late = status < 300 && answer.code.as_deref().is_some_and(|code| FAILURES.contains(&code));
                answer.malformed = answer.malformed.or_else(|| foreign_error(&parsed));
            } else if let (Success::Document(root), 200) = (success, status) {
                answer.malformed = answer.malformed.or_else(|| document_problem(call, root, &mut parsed));
                tell_root(&mut parsed);
            }
            answer.document = Some(parsed.document);
        }
        // A gateway in between may answer 5xx in words of its own.
        Err(reason) if (400..500).contains(&status) || (success != Success::Nothing && status == 200) => {
            answer.malformed = Some(format!("the body is no XML document: {reason}"));
        }
        Err(_) => {}
    }
    answer
}

/// A `content-length` that is not the length of the body (RFC 9110 section 8.6), or more than one: where they
/// differ nobody knows where the message ends (RFC 9112 section 6.3), and to say the same twice is no better
/// (RFC 9110 section 5.3: no field that is no list is sent twice).
///
/// The answer to HEAD tells the length that the body would have had (RFC 9110 section 8.6).
fn wrong_length(response: &Response, is_head: bool) -> Option<String> {
    let mut all = response.headers.all("content-length");
    let claimed = all.next()?;
    if let Some(other) = all.next() {
        return Some(format!("content-length says {} and {}", shown(claimed, 40), shown(other, 40)));
    }
    let length = response.body.len();
    let comparable = !response.truncated && response.status != 304 && !is_head;
    let wrong = comparable && claimed.trim_ascii() != length.to_string().as_bytes();
    wrong.then(|| format!("content-length says {}, the body has {length} bytes", shown(claimed, 40)))
}

/// A declaration that names another encoding than UTF-8, in which AWS answers (`ErrorResponses`).
fn unknown_encoding(parsed: &xml::Parsed) -> Option<String> {
    let encoding = parsed.encoding.as_ref().filter(|_| !parsed.is_utf8())?;
    Some(format!("the encoding of the body is {}", shown(encoding.as_bytes(), 80)))
}

/// An error in a namespace that is not S3's. AWS gives errors none (`ErrorResponses`), other servers S3's own.
fn foreign_error(parsed: &xml::Parsed) -> Option<String> {
    let namespace = parsed.namespace.as_ref().filter(|namespace| *namespace != NAMESPACE)?;
    Some(format!("the namespace of the error is {}", shown(namespace.as_bytes(), 80)))
}

/// Puts what stands at the root among its fields, where the model can ask for it: its namespace, and its text where
/// it has no elements.
fn tell_root(parsed: &mut xml::Parsed) {
    if let Document::Text(text) = &mut parsed.document {
        let field = (TEXT_FIELD.to_owned(), Document::Text(std::mem::take(text)));
        parsed.document = Document::Fields(vec![field]);
    }
    if let (Document::Fields(fields), Some(namespace)) = (&mut parsed.document, parsed.namespace.take()) {
        fields.push((NAMESPACE_FIELD.to_owned(), Document::Text(namespace)));
    }
}

/// Takes what stands at the root from among its fields.
pub(crate) fn take(document: &mut Document, field: &str) -> Option<String> {
    let Document::Fields(fields) = document else { return None };
    let index = fields.iter().position(|(name, _)| name == field)?;
    match fields.remove(index) {
        (_, Document::Text(text)) => Some(text),
        _ => None,
    }
}

/// A document under another root; or a listing whose keys are not encoded as it says. Decodes them on the way.
fn document_problem(call: &Call, root: &str, parsed: &mut xml::Parsed) -> Option<String> {
    if parsed.root != root {
        return Some(format!("the root of the body is {}", shown(parsed.root.as_bytes(), 80)));
    }
    let mut problem = None;
    if is_url_encoded(call, &parsed.document) {
        each_encoded(&mut parsed.document, &mut |text| match target::url_decoded(text) {
            Some(decoded) => *text = decoded,
            None => problem = Some(format!("{} is not encoded as a URL", shown(text.as_bytes(), 80))),
        });
    }
    problem
}

/// Whether keys in a listing are encoded: the call wants it, and the answer says so.
pub(crate) fn is_url_encoded(call: &Call, document: &Document) -> bool {
    wants_url(call) && document.text("EncodingType") == Some("url")
}

/// Whether the call wants keys encoded. A listing that is not may hold a key that XML cannot carry: AWS writes it all
/// the same, so that many parsers refuse the document (AWS S3 API Reference, `ListObjects`, `encoding-type`).
fn wants_url(call: &Call) -> bool {
    call.bytes("encoding-type").is_some_and(|encoding| encoding == "url")
}

/// Visits every text that `encoding-type=url` encodes.
pub(crate) fn each_encoded(document: &mut Document, visit: &mut impl FnMut(&mut String)) {
    match document {
        Document::Fields(fields) => {
            for (name, inner) in fields {
                match inner {
                    Document::Text(text) if ENCODED.contains(&name.as_str()) => visit(text),
                    Document::Text(_) | Document::Bare(_) => {}
                    inner => each_encoded(inner, visit),
                }
            }
        }
        Document::List(entries) => entries.iter_mut().for_each(|entry| each_encoded(entry, visit)),
        Document::Text(_) | Document::Bare(_) => {}
    }
}
