//! The mutations of status, header fields and bodies; those of XML are in `mutate_xml`.

use bytes::{Bytes, BytesMut};
use plumb_model::http::{Headers, Response};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::framing::is_bodiless;
use crate::memory::Memory;
use crate::mutate_xml::{alter_text, drop_element, swap_siblings};
use crate::mutation::{Field, Mutation};

/// Fields that are never drawn: about the connection, the framing, or different every second anyway.
const NEVER_DRAWN: [&str; 10] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Statuses that a service may plausibly confuse, where they are of the same class.
const PLAUSIBLE: [u16; 23] =
    [200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 400, 401, 403, 404, 405, 409, 411, 412, 416, 429, 500, 501, 503];

/// An honest answer, what it answers, and what was answered before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a [u8],
    pub(crate) response: &'a Response,
    pub(crate) memory: &'a Memory,
}

/// A spoilt answer.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) response: Response,
    /// What was done, in a few words.
    pub(crate) detail: String,
    /// Whether a framing field was asked for by name: then the fields are sent as they stand here.
    pub(crate) misframed: bool,
}

/// Does a mutation to an answer; `None` where it cannot be done to this one.
pub(crate) fn mutate(mutation: &Mutation, subject: Subject<'_>, random: &mut ChaCha8Rng) -> Option<Change> {
    let body = &subject.response.body;
    match mutation {
        Mutation::LostWrite(_) => None,
        Mutation::StaleBody => stale_body(subject),
        Mutation::SwapEtag => swap_etag(subject, random),
        Mutation::ChangeCode => change_code(subject, random),
        Mutation::DropHeader(field) => drop_header(subject.response, field, random),
        Mutation::AlterHeader(field) => alter_header(subject.response, field, random),
        Mutation::DuplicateHeader(field) => duplicate_header(subject.response, field, random),
        Mutation::OffByOneRange => {
            let last = body.len().checked_sub(1).filter(|_| subject.response.status == 206)?;
            Some(with_body(subject, body.slice(..last), format!("byte {last} of the part is missing")))
        }
        Mutation::AlterBodyByte => alter_body_byte(subject, random),
        Mutation::TruncateBody => {
            let length = (body.len() > 1).then(|| random.random_range(1..body.len()))?;
            Some(with_body(subject, body.slice(..length), format!("{length} of {} bytes", body.len())))
        }
        Mutation::EmptyBody => {
            let was = (!body.is_empty()).then_some(body.len())?;
            Some(with_body(subject, Bytes::new(), format!("{was} bytes are missing")))
        }
        Mutation::AlterXmlElement => with_xml(subject, alter_text(body, random)?),
        Mutation::DropXmlElement => with_xml(subject, drop_element(body, random)?),
        Mutation::SwapXmlSiblings => with_xml(subject, swap_siblings(body, random)?),
    }
}

/// Another digit for a digit, another letter of the same case for a letter; `None` for the rest.
pub(crate) fn other_byte(byte: u8, random: &mut ChaCha8Rng) -> Option<u8> {
    let (first, count) = match byte {
        b'0'..=b'9' => (b'0', 10),
        b'a'..=b'z' => (b'a', 26),
        b'A'..=b'Z' => (b'A', 26),
        _ => return None,
    };
    Some(first + (byte - first + random.random_range(1..count)) % count)
}

fn stale_body(subject: Subject<'_>) -> Option<Change> {
    let response = subject.response;
    let earlier = subject.memory.latest().find(|earlier| {
        earlier.method == subject.method
            && earlier.target == subject.target
            && earlier.response.status == response.status
            && earlier.response.body != response.body
    })?;
    let body = earlier.response.body.clone();
    Some(with_body(subject, body, "an earlier body of this target".to_owned()))
}

fn swap_etag(subject: Subject<'_>, random: &mut ChaCha8Rng) -> Option<Change> {
    let own = subject.response.headers.get("etag")?;
    let tags = subject.memory.latest().filter_map(|earlier| earlier.response.headers.get("etag"));
    let others: Vec<_> = tags.filter(|tag| *tag != own).collect();
    let other = (*others.choose(random)?).clone();
    let mut response = subject.response.clone();
    let fields = response.headers.iter().map(|(name, value)| {
        let swapped = name == "etag";
        (name.clone(), if swapped { other.clone() } else { value.clone() })
    });
    response.headers = fields.collect();
    Some(changed(response, "the etag of another answer".to_owned()))
}

fn change_code(subject: Subject<'_>, random: &mut ChaCha8Rng) -> Option<Change> {
    let was = subject.response.status;
    let fits = |status: u16| subject.response.body.is_empty() || !is_bodiless(subject.method, status);
    let codes = PLAUSIBLE.into_iter().filter(|status| *status != was && status / 100 == was / 100 && fits(*status));
    let status = *codes.collect::<Vec<_>>().choose(random)?;
    let response = Response { status, ..subject.response.clone() };
    Some(changed(response, format!("{was} became {status}")))
}

fn alter_body_byte(subject: Subject<'_>, random: &mut ChaCha8Rng) -> Option<Change> {
    let mut body = BytesMut::from(&subject.response.body[..]);
    let place = (!body.is_empty()).then(|| random.random_range(0..body.len()))?;
    body[place] ^= random.random_range(1..=u8::MAX);
    Some(with_body(subject, body.freeze(), format!("byte {place} is another")))
}

fn drop_header(response: &Response, field: &Field, random: &mut ChaCha8Rng) -> Option<Change> {
    let name = field_name(&response.headers, field, random)?;
    let mut response = response.clone();
    response.headers.remove(&name);
    Some(with_field(response, field, format!("{name} is missing")))
}

fn duplicate_header(response: &Response, field: &Field, random: &mut ChaCha8Rng) -> Option<Change> {
    let name = field_name(&response.headers, field, random)?;
    let value = response.headers.get(&name)?.clone();
    let mut response = response.clone();
    response.headers.push(name.clone(), value);
    Some(with_field(response, field, format!("{name} stands there twice")))
}

fn alter_header(response: &Response, field: &Field, random: &mut ChaCha8Rng) -> Option<Change> {
    let is_alterable = |value: &Bytes| value.iter().any(u8::is_ascii_alphanumeric);
    let alterable = response.headers.iter().filter(|(_, value)| is_alterable(value)).cloned().collect();
    let name = field_name(&alterable, field, random)?;
    let index = response.headers.iter().position(|(own, value)| *own == name && is_alterable(value))?;
    let mut fields: Vec<_> = response.headers.iter().cloned().collect();
    let mut value = BytesMut::from(&fields[index].1[..]);
    let places: Vec<_> = (0..value.len()).filter(|place| value[*place].is_ascii_alphanumeric()).collect();
    let place = *places.choose(random)?;
    value[place] = other_byte(value[place], random)?;
    fields[index].1 = value.freeze();
    let response = Response { headers: fields.into_iter().collect(), ..response.clone() };
    Some(with_field(response, field, format!("{name} is another at byte {place}")))
}

fn field_name(headers: &Headers, field: &Field, random: &mut ChaCha8Rng) -> Option<String> {
    match field {
        Field::Named(name) => headers.get(name).map(|_| name.to_ascii_lowercase()),
        Field::Drawn => {
            let names = headers.iter().map(|(name, _)| name.as_ref()).filter(|name| !NEVER_DRAWN.contains(name));
            names.collect::<Vec<_>>().choose(random).map(|name| (*name).to_owned())
        }
    }
}

fn changed(response: Response, detail: String) -> Change {
    Change { response, detail, misframed: false }
}

fn with_field(response: Response, field: &Field, detail: String) -> Change {
    let is_framing = |name: &str| ["content-length", "transfer-encoding"].contains(&name.to_ascii_lowercase().as_str());
    let misframed = matches!(field, Field::Named(name) if is_framing(name));
    Change { response, detail, misframed }
}

fn with_body(subject: Subject<'_>, body: Bytes, detail: String) -> Change {
    changed(Response { body, ..subject.response.clone() }, detail)
}

#[expect(clippy::unnecessary_wraps, reason = "it ends three arms of a match over options")]
fn with_xml(subject: Subject<'_>, (body, detail): (Bytes, String)) -> Option<Change> {
    Some(with_body(subject, body, detail))
}
