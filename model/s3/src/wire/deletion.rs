//! The body of `DeleteObjects`: which objects a batch takes away.
//!
//! The objects stand in a call under numbers: `key.1` with perhaps `version-id.1` and `etag.1`, `key.2`, and so on.
//! `more-keys` stands for so many keys more, each made from the first. What cannot be said so is given as it is: `delete`.

use std::collections::BTreeMap;

use bytes::Bytes;
use plumb_model::answer::Document;
use plumb_model::call::Call;
use plumb_model::value::Value;

use super::xml;
use crate::names::is_xml_text;

/// The argument that is the whole body.
pub(crate) const WHOLE: &str = "delete";
/// The argument that asks for errors only.
pub(crate) const QUIET: &str = "quiet";
/// The argument that tells how many keys there are besides those with a number.
pub(crate) const MORE: &str = "more-keys";

/// The most keys that `more-keys` stands for.
pub const MORE_KEYS_MAX: usize = 10_000;

const ROOT: &str = "Delete";
/// What is said of each object: the argument without its number, and the element.
const PARTS: [(&str, &str); 3] = [("key", "Key"), ("version-id", "VersionId"), ("etag", "ETag")];

/// An object that is to go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) key: Bytes,
    pub(crate) version: Option<Bytes>,
    pub(crate) tag: Option<Bytes>,
}

/// What a batch asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) items: Vec<Item>,
    pub(crate) quiet: Option<Bytes>,
    /// Whether it says more than is known here.
    pub(crate) odd: bool,
}

/// What a body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reading {
    /// No XML.
    Broken,
    /// XML of another kind.
    Other,
    Batch(Batch),
}

/// Whether an argument belongs to the body.
pub(crate) fn is_argument(name: &str) -> bool {
    matches!(name, WHOLE | QUIET | MORE) || numbered(name).is_some()
}

/// The part and the number of `key.1` and the like.
fn numbered(name: &str) -> Option<(&'static str, u32)> {
    let (part, digits) = name.split_once('.')?;
    let (part, _) = PARTS.iter().find(|(own, _)| *own == part)?;
    let number: u32 = digits.parse().ok()?;
    (number > 0 && number.to_string() == digits).then_some((part, number))
}

/// What the body of a call asks for.
pub(crate) fn of(call: &Call) -> Reading {
    match call.bytes(WHOLE) {
        Some(body) => read(body),
        None => named(call).map_or(Reading::Other, Reading::Batch),
    }
}

/// The objects that the arguments name, in the order of their numbers; none where one of them has no key.
fn named(call: &Call) -> Option<Batch> {
    let mut parts: BTreeMap<u32, BTreeMap<&str, Bytes>> = BTreeMap::new();
    for (name, value) in &call.arguments {
        if let (Some((part, number)), Some(value)) = (numbered(name), value.as_literal()) {
            parts.entry(number).or_default().insert(part, value.clone());
        }
    }
    let item = |mut parts: BTreeMap<&str, Bytes>| {
        Some(Item { key: parts.remove("key")?, version: parts.remove("version-id"), tag: parts.remove("etag") })
    };
    let mut items = parts.into_values().map(item).collect::<Option<Vec<Item>>>()?;
    let more = items.first().map(|first| first.key.clone()).zip(more(call));
    if let Some((first, more)) = more {
        items.extend(
            (1..=more.min(MORE_KEYS_MAX)).map(|number| Item { key: further(&first, number), ..Item::default() }),
        );
    }
    Some(Batch { items, quiet: call.bytes(QUIET).cloned(), odd: false })
}

fn more(call: &Call) -> Option<usize> {
    std::str::from_utf8(call.bytes(MORE)?).ok()?.parse().ok()
}

/// One of the keys that are made from the first.
fn further(first: &Bytes, number: usize) -> Bytes {
    [first, format!("-more-{number}").as_bytes()].concat().into()
}

/// The body of a call; or why it has none.
pub(crate) fn body(call: &Call) -> Result<Bytes, String> {
    if let Some(body) = call.bytes(WHOLE) {
        return Ok(body.clone());
    }
    if call.argument(MORE).is_some() && more(call).is_none_or(|more| more > MORE_KEYS_MAX) {
        return Err(format!("{MORE} is no number up to {MORE_KEYS_MAX}"));
    }
    let batch = named(call).ok_or("an object of the batch has no key")?;
    let items = batch.items.iter().map(item_document).collect::<Result<_, _>>()?;
    let mut fields = vec![("Object".to_owned(), Document::List(items))];
    if let Some(quiet) = &batch.quiet {
        fields.push(("Quiet".to_owned(), text(quiet)?));
    }
    Ok(xml::write(ROOT, Some(super::NAMESPACE), &Document::Fields(fields)).into())
}

fn item_document(item: &Item) -> Result<Document, String> {
    let mut fields = vec![("Key".to_owned(), text(&item.key)?)];
    for (name, value) in [("VersionId", &item.version), ("ETag", &item.tag)] {
        if let Some(value) = value {
            fields.push((name.to_owned(), text(value)?));
        }
    }
    Ok(Document::Fields(fields))
}

fn text(bytes: &Bytes) -> Result<Document, String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| is_xml_text(text.as_bytes()));
    let text = text.ok_or_else(|| format!("{} cannot stand in XML", bytes.escape_ascii()))?;
    Ok(Document::Text(text.to_owned()))
}

/// `call` with what a body asks for.
pub(crate) fn with_body(call: Call, body: &Bytes) -> Call {
    let Reading::Batch(Batch { mut items, quiet, odd: false }) = read(body) else {
        return call.with(WHOLE, Value::Literal(body.clone()));
    };
    let mut call = call;
    let is_further =
        |(number, item): (usize, &Item)| *item == Item { key: further(&items[0].key, number), ..Item::default() };
    if items.len() > 1 && (1..).zip(&items[1..]).all(is_further) {
        call = call.with(MORE, (items.len() - 1).to_string().as_str());
        items.truncate(1);
    }
    for (number, item) in (1..).zip(items) {
        let parts = [("key", Some(item.key)), ("version-id", item.version), ("etag", item.tag)];
        for (part, value) in parts {
            if let Some(value) = value {
                call = call.with(format!("{part}.{number}"), Value::Literal(value));
            }
        }
    }
    match quiet {
        Some(quiet) => call.with(QUIET, Value::Literal(quiet)),
        None => call,
    }
}

fn read(body: &[u8]) -> Reading {
    let Ok(parsed) = xml::parse(body) else { return Reading::Broken };
    if !parsed.is_utf8() || parsed.root != ROOT {
        return Reading::Other;
    }
    let foreign = parsed.namespace.is_some_and(|namespace| namespace != super::NAMESPACE);
    let mut batch = Batch { odd: foreign, ..Batch::default() };
    match parsed.document {
        Document::Text(text) if text.trim().is_empty() => Reading::Batch(batch),
        Document::Fields(fields) => {
            let fits = fields.into_iter().all(|(name, field)| batch.take(&name, field).is_some());
            if fits { Reading::Batch(batch) } else { Reading::Other }
        }
        _ => Reading::Other,
    }
}

impl Batch {
    /// Takes a field of the body in; none where it is not what it should be.
    fn take(&mut self, name: &str, field: Document) -> Option<()> {
        match (name, field) {
            ("Object", Document::List(items)) => {
                for item in items {
                    let item = self.item(item)?;
                    self.items.push(item);
                }
            }
            ("Quiet", Document::Text(quiet)) => self.quiet = Some(quiet.into()),
            ("Object" | "Quiet", _) => return None,
            _ => self.odd = true,
        }
        Some(())
    }

    fn item(&mut self, document: Document) -> Option<Item> {
        let Document::Fields(fields) = document else { return None };
        let (mut item, mut key) = (Item::default(), None);
        for (name, field) in fields {
            match (name.as_str(), field) {
                ("Key", Document::Text(text)) => key = Some(text.into()),
                ("VersionId", Document::Text(text)) => item.version = Some(text.into()),
                ("ETag", Document::Text(text)) => item.tag = Some(text.into()),
                ("Key" | "VersionId" | "ETag", _) => return None,
                _ => self.odd = true,
            }
        }
        Some(Item { key: key?, ..item })
    }
}

/// Everything in a body that may be taken for a key, for the guard; none where the body cannot be read.
pub(crate) fn keys(body: &[u8]) -> Option<Vec<String>> {
    let parsed = xml::parse(body).ok().filter(xml::Parsed::is_utf8)?;
    let mut keys = Vec::new();
    each_key(&parsed.document, false, &mut keys);
    Some(keys)
}

fn each_key(document: &Document, is_key: bool, keys: &mut Vec<String>) {
    match document {
        Document::Text(text) | Document::Bare(text) if is_key => keys.push(text.clone()),
        Document::Text(_) | Document::Bare(_) => {}
        Document::List(entries) => entries.iter().for_each(|entry| each_key(entry, is_key, keys)),
        Document::Fields(fields) => {
            for (name, field) in fields {
                each_key(field, name.eq_ignore_ascii_case("key"), keys);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        Call::new("DeleteObjects").with("bucket", "b")
    }

    /// A body that the arguments of `call` stand for, and that is read as them again.
    fn there_and_back(call: &Call) -> String {
        let body = body(call).expect("a body");
        let plain = Call::new("DeleteObjects").with("bucket", "b");
        assert_eq!(with_body(plain, &body), *call);
        String::from_utf8(body.to_vec()).expect("text")
    }

    #[test]
    fn a_batch_is_said_in_the_order_of_its_numbers() {
        let call = (1..=11)
            .rev()
            .fold(call(), |call, number| call.with(format!("key.{number}"), format!("k{number}").as_str()));
        let xml = there_and_back(&call.with("version-id.2", "null").with("etag.2", "\"t\"").with(QUIET, "true"));
        let two =
            "<Object><Key>k2</Key><VersionId>null</VersionId><ETag>&quot;t&quot;</ETag></Object><Object><Key>k3</Key>";
        assert!(xml.contains(two), "{xml}");
        assert!(xml.ends_with("<Object><Key>k11</Key></Object><Quiet>true</Quiet></Delete>"), "{xml}");
    }

    #[test]
    fn many_keys_are_made_from_the_first() {
        let xml = there_and_back(&call().with("key.1", "k").with(MORE, "1000"));
        assert_eq!(xml.matches("<Key>").count(), 1_001);
        assert!(xml.contains("<Key>k-more-1000</Key>"));
        for more in ["10001", "-1", "x", ""] {
            assert!(body(&call().with("key.1", "k").with(MORE, more)).is_err(), "{more}");
        }
    }

    #[test]
    fn what_cannot_be_said_otherwise_is_said_as_it_is() {
        for (xml, reading) in [
            ("", Reading::Broken),
            ("<Delete><Obj", Reading::Broken),
            ("<Remove/>", Reading::Other),
            ("<Delete>text</Delete>", Reading::Other),
            ("<Delete><Object/></Delete>", Reading::Other),
            ("<Delete><Object><VersionId>1</VersionId></Object></Delete>", Reading::Other),
            ("<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>", Reading::Other),
            ("<Delete><Quiet><a/></Quiet></Delete>", Reading::Other),
        ] {
            assert_eq!(read(xml.as_bytes()), reading, "{xml}");
            there_and_back(&call().with(WHOLE, xml));
        }
        let odd = "<Delete><Object><Key>a</Key><Size>1</Size></Object></Delete>";
        let items = vec![Item { key: "a".into(), ..Item::default() }];
        assert_eq!(read(odd.as_bytes()), Reading::Batch(Batch { items, quiet: None, odd: true }));
        there_and_back(&call().with(WHOLE, odd));
    }

    #[test]
    fn a_batch_of_nothing_is_a_batch() {
        assert!(there_and_back(&call()).ends_with("</Delete>"));
        assert_eq!(read(b"<Delete> </Delete>"), Reading::Batch(Batch::default()));
    }

    #[test]
    fn what_has_no_key_or_cannot_stand_in_xml_is_not_sent() {
        assert!(body(&call().with("etag.1", "*")).is_err());
        assert!(body(&call().with("key.1", "\u{1}")).is_err());
        for name in ["key.0", "key.01", "key.", "key.x", "size.1", "key"] {
            assert!(!is_argument(name), "{name}");
        }
    }

    #[test]
    fn every_key_is_seen() {
        let xml =
            b"<Delete><Object><Key>a</Key><Key>b</Key></Object><key>c</key><Other><Key><x/></Key></Other></Delete>";
        assert_eq!(keys(xml).expect("XML"), ["a", "b", "c"]);
        assert_eq!(keys(b"<Delete>"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_batch_comes_back(
            objects in proptest::collection::vec(("[ -~\u{fc}\n\r]{0,8}", proptest::option::of("[a-z\"]{0,4}")), 0..6),
            quiet in proptest::option::of("[a-z ]{0,5}"),
        ) {
            let mut call = call();
            for (number, (key, tag)) in (1..).zip(&objects) {
                call = call.with(format!("key.{number}"), key.as_str());
                if let Some(tag) = tag {
                    call = call.with(format!("etag.{number}"), tag.as_str());
                }
            }
            if let Some(quiet) = &quiet {
                call = call.with(QUIET, quiet.as_str());
            }
            there_and_back(&call);
        }
    }
}
