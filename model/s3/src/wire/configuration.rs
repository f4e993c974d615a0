//! The body of `CreateBucket`.

use bytes::Bytes;
use plumb_model::answer::Document;
use plumb_model::call::Call;
use plumb_model::value::Value;

use super::xml;

/// The argument that is the location.
pub(crate) const LOCATION: &str = "location-constraint";
/// The argument that is the whole body, for one that cannot be said otherwise.
pub(crate) const WHOLE: &str = "configuration";

const ROOT: &str = "CreateBucketConfiguration";
const ELEMENT: &str = "LocationConstraint";

/// What the body asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Configuration {
    /// Nothing.
    None,
    /// This location, perhaps an empty text.
    Location(Bytes),
    /// It is no XML.
    Broken,
    /// It is XML of another kind.
    Other,
}

/// What the body of a call asks for.
pub(crate) fn of(call: &Call) -> Configuration {
    match (call.bytes(WHOLE), call.bytes(LOCATION)) {
        (Some(body), _) => read(body),
        (None, Some(location)) => Configuration::Location(location.clone()),
        (None, None) => Configuration::None,
    }
}

/// The body of a call; none where its location cannot stand in XML.
pub(crate) fn body(call: &Call) -> Option<Bytes> {
    match (call.bytes(WHOLE), call.bytes(LOCATION)) {
        (Some(body), _) => Some(body.clone()),
        (None, None) => Some(Bytes::new()),
        (None, Some(location)) => {
            let location =
                std::str::from_utf8(location).ok().filter(|text| crate::names::is_xml_text(text.as_bytes()))?;
            let document = Document::Fields(vec![(ELEMENT.to_owned(), Document::Text(location.to_owned()))]);
            Some(xml::write(ROOT, Some(super::NAMESPACE), &document).into())
        }
    }
}

/// `call` with what a body asks for.
pub(crate) fn with_body(call: Call, body: &Bytes) -> Call {
    match read(body) {
        Configuration::None if body.is_empty() => call,
        Configuration::Location(location) => call.with(LOCATION, Value::Literal(location)),
        _ => call.with(WHOLE, Value::Literal(body.clone())),
    }
}

fn read(body: &[u8]) -> Configuration {
    if body.is_empty() {
        return Configuration::None;
    }
    let Ok(parsed) = xml::parse(body) else { return Configuration::Broken };
    if !parsed.is_utf8() {
        return Configuration::Other;
    }
    match parsed.document {
        Document::Text(text) if parsed.root == ROOT && text.trim().is_empty() => Configuration::None,
        Document::Fields(fields) if parsed.root == ROOT => match fields.as_slice() {
            [(name, Document::Text(location))] if name == ELEMENT => Configuration::Location(location.clone().into()),
            _ => Configuration::Other,
        },
        _ => Configuration::Other,
    }
}
