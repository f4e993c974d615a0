//! What the two versions of a bucket's listing have in common: parameters, their faults, and the shape of a page.
//!
//! Source, unless an item names another: `LocalStack` `test_s3_list_operations` (recorded on AWS).

use bytes::Bytes;
use plumb_model::expectation::{Expectation, Form, Label, Matcher, Shape};
use plumb_model::fault::{Basis, Fault};
use plumb_model::value::Value;

use crate::account;
use crate::errors::{self, NOT_CARRIED, field, text};
use crate::faults;
use crate::listing::{Entry, Page};
use crate::names::is_xml_text;
use crate::paging::{Most, Size};
use crate::request::Request;
use crate::state::Object;

const SIZES: &str = "MinIO, versitygw; ceph/s3-tests test_bucket_list_maxkeys_invalid";
const ENCODINGS: &str = "LocalStack test_list_ops_encoding_type_validation (recorded on AWS)";
/// Why it is open how many entries an odd `max-keys` stands for.
pub(crate) const ODD_SIZE: &str = "unknown: an empty or enormous max-keys";
/// Why nothing can be said of a page.
pub(crate) const SHARED: &str = "the bucket is shared with other cases, whose keys are not known here";

/// What a call gives for a parameter; nothing where it gives none.
pub(crate) fn given<'a>(request: &Request<'a>, parameter: &str) -> &'a [u8] {
    request.argument(parameter).map_or(&b""[..], AsRef::as_ref)
}

/// The faults of the parameters that both versions have.
pub(crate) fn parameter_faults(request: &Request<'_>, most: Most, faults: &mut Vec<Fault>) {
    match most {
        Most::Entries(_) => {}
        Most::Empty | Most::Enormous => faults.push(size_fault(request, Basis::Unknown, ODD_SIZE).perhaps()),
        Most::None => faults.push(size_fault(request, Basis::Implemented, SIZES)),
    }
    if request.argument("encoding-type").is_some_and(|encoding| encoding != "url") {
        faults.push(fault(request, "encoding-type", Basis::Recorded, ENCODINGS));
    }
}

/// A parameter that is none.
pub(crate) fn fault(request: &Request<'_>, parameter: &'static str, basis: Basis, source: &'static str) -> Fault {
    Fault::new(faults::QUERY, invalid(request, parameter), basis, source)
}

/// A `max-keys` that is none. What is no number is told under the parameter's own name (recorded on AWS); a number
/// out of its bounds under the name that it has in the SDKs, or its own, by the servers that tell it.
fn size_fault(request: &Request<'_>, basis: Basis, source: &'static str) -> Fault {
    let given = given(request, "max-keys");
    let digits = given.strip_prefix(b"-").unwrap_or(given);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let fault = fault(request, "max-keys", basis, source);
    if request.aws && is_number { fault.or(invalid(request, "maxKeys")) } else { fault }
}

fn invalid(request: &Request<'_>, parameter: &'static str) -> Expectation {
    request.refuse_with(errors::INVALID_ARGUMENT, || vec![field("ArgumentName", parameter.as_bytes())])
}

/// The fields of an answer, one by one.
pub(crate) struct Fields<'r, 'a> {
    request: &'r Request<'a>,
    /// Whether keys, and what is made of them, are encoded on the wire.
    encoded: bool,
    made: Vec<(Label, Shape)>,
}

impl<'r, 'a> Fields<'r, 'a> {
    /// What both versions repeat of the request.
    pub(crate) fn new(request: &'r Request<'a>, size: &Size) -> Self {
        let encoded = request.argument("encoding-type").is_some_and(|encoding| encoding == "url");
        let mut fields = Self { request, encoded, made: Vec::with_capacity(16) };
        fields.echo("Prefix", "prefix", request.aws);
        fields.echo("Delimiter", "delimiter", false);
        fields.echo("EncodingType", "encoding-type", false);
        fields.add("Name", text(&request.bucket_name));
        fields.add("MaxKeys", Shape::Text(size.told.clone()));
        fields
    }

    /// One more field.
    pub(crate) fn add(&mut self, name: &'static str, shape: Shape) {
        self.made.push((name.into(), shape));
    }

    /// A parameter that the answer repeats. One that is empty or missing comes back empty or not at all, unless
    /// `always` says that it always comes back.
    pub(crate) fn echo(&mut self, name: &'static str, parameter: &str, always: bool) {
        let shape = match self.request.argument(parameter) {
            Some(value) if !value.is_empty() => self.listed(value),
            _ if always => Shape::is(""),
            _ => Shape::is("").maybe(),
        };
        self.add(name, shape);
    }

    /// What is on a page, each key with the `owner` that it is listed with.
    pub(crate) fn add_page(&mut self, page: &Page<'_>, owner: &Shape) {
        let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
        for entry in &page.entries {
            match entry {
                Entry::Key(key, object) => contents.push(self.line(key, object, owner)),
                Entry::Prefix(prefix) => prefixes.push(Shape::Fields(vec![("Prefix".into(), self.listed(prefix))])),
            }
        }
        self.add("IsTruncated", Shape::is(if page.truncated { "true" } else { "false" }));
        self.add("Contents", list(contents));
        self.add("CommonPrefixes", list(prefixes));
    }

    /// A page of keys that are not known.
    pub(crate) fn add_unknown(&mut self, truncated: bool) {
        self.add("IsTruncated", Shape::is(if truncated { "true" } else { "false" }));
        self.add("Contents", Shape::Any(SHARED.into()));
        self.add("CommonPrefixes", Shape::Any(SHARED.into()));
    }

    /// A key, or something made of keys. What is encoded on the wire is decoded there again; so here it stands as it
    /// is, and may hold what XML cannot carry.
    ///
    /// Source: AWS S3 API Reference, `ListObjects`: "For characters that aren't supported in XML 1.0, you can add this
    /// parameter to request that Amazon S3 encode the keys in the response".
    pub(crate) fn listed(&self, value: &Bytes) -> Shape {
        let is_carried = if self.encoded { std::str::from_utf8(value).is_ok() } else { is_xml_text(value) };
        if is_carried {
            return Shape::is(value.clone());
        }
        Shape::Text(Matcher::Open { example: Value::Literal(value.clone()), why: NOT_CARRIED.into() })
    }

    fn line(&self, key: &Bytes, object: &Object, owner: &Shape) -> Shape {
        let (symbol, within) = (object.last_modified.clone(), Some(object.written));
        let modified = Matcher::Chosen { symbol, form: Form::IsoDate(within) };
        let class = Shape::is(object.storage_class.clone().unwrap_or(Bytes::from_static(b"STANDARD")));
        Shape::Fields(vec![
            ("Key".into(), self.listed(key)),
            ("LastModified".into(), Shape::Text(modified)),
            ("ETag".into(), Shape::is(object.etag.clone())),
            ("Size".into(), Shape::is(object.payload.length.to_string())),
            ("StorageClass".into(), if self.request.aws { class } else { class.maybe() }),
            ("Owner".into(), owner.clone()),
        ])
    }

    /// The answer.
    pub(crate) fn answer(self) -> Expectation {
        self.request.document(self.made)
    }
}

/// A list of elements; XML has none for one that is empty.
fn list(entries: Vec<Shape>) -> Shape {
    let is_empty = entries.is_empty();
    let list = Shape::List(entries);
    if is_empty { list.maybe() } else { list }
}

/// The owner of every key in a bucket: the bucket's own, under an id that the service chooses and keeps to.
///
/// Source: S3 User Guide, about-object-ownership: unless a bucket says otherwise its owner owns every object in it;
/// AWS S3 API Reference, `Owner`: the id. Other servers may leave the owner out: no client relies on it.
pub(crate) fn owner(request: &Request<'_>) -> Shape {
    account::owner(request, request.bucket.and_then(|bucket| bucket.owner.as_deref()))
}

#[cfg(test)]
mod tests {
    use plumb_model::answer::Answer;
    use plumb_model::judge::unconstrained;

    use super::*;
    use crate::operations::listing_dimensions::{CONTROL_KEYS, KEYS};
    use crate::testing::{Bench, check, listed, on_bucket, put, shapes};

    const VERSIONS: [&str; 2] = ["ListObjects", "ListObjectsV2"];

    #[test]
    fn parameters_that_are_none() {
        for version in VERSIONS {
            let list = |name: &'static str, value: &str| on_bucket(version).with(name, value);
            for (name, value) in [
                ("max-keys", "-1"),
                ("max-keys", "x"),
                ("max-keys", "1.0"),
                ("encoding-type", "value"),
                ("encoding-type", ""),
            ] {
                check(&[], &list(name, value), &["400 InvalidArgument"]);
            }
            check(&[], &list("max-keys", "2147483647"), &["200"]);
            check(&[], &list("max-keys", "2147483648"), &["200", "400 InvalidArgument"]);
            check(&[], &list("max-keys", ""), &["200", "200", "400 InvalidArgument"]);
            check(&[], &on_bucket(version).with("bucket", "plumb-t-absent"), &["404 NoSuchBucket"]);
        }
    }

    #[test]
    fn the_parameter_at_fault_is_told() {
        let bench = Bench { flavour: "aws", ..Bench::new(None) };
        for (name, value, told) in [
            ("max-keys", "x", &["max-keys"][..]),
            ("max-keys", "-1", &["max-keys", "maxKeys"]),
            ("encoding-type", "", &["encoding-type"]),
        ] {
            for version in VERSIONS {
                let expected: Vec<_> = told.iter().map(|told| Some(Shape::is(*told))).collect();
                let call = on_bucket(version).with(name, value);
                assert_eq!(shapes(&bench, &call, "ArgumentName"), expected, "{version} {name}={value}");
            }
        }
    }

    #[test]
    fn an_odd_size_is_the_most_or_nothing() {
        let bench = Bench::after(&KEYS.map(|(_, key)| put(key)));
        for version in VERSIONS {
            for (size, entries) in [("", &[8, 0][..]), ("2147483648", &[8]), ("2147483647", &[8])] {
                let call = on_bucket(version).with("max-keys", size);
                let found = shapes(&bench, &call, "Contents").into_iter().filter_map(|shape| match shape? {
                    Shape::List(lines) => Some(lines.len()),
                    Shape::Maybe(_) => Some(0),
                    other => panic!("{other:?}"),
                });
                assert_eq!(found.collect::<Vec<_>>(), entries, "{version} {size:?}");
            }
        }
    }

    #[test]
    fn the_rest_of_a_shared_bucket_is_open() {
        let bench = Bench::new(Some("p/"));
        for version in VERSIONS {
            for (prefix, is_open) in [("p/", false), ("p/x", false), ("p", true), ("", true)] {
                let outcomes = bench.outcomes("list", &on_bucket(version).with("prefix", prefix));
                let open = outcomes.iter().flat_map(|outcome| unconstrained(&outcome.expectation));
                assert_eq!(open.into_iter().any(|(place, _)| place == "body Contents"), is_open, "{prefix}");
                assert_eq!(outcomes.len(), if is_open { 2 } else { 1 }, "{prefix}: the last page, or one before it");
            }
        }
    }

    #[test]
    fn what_xml_cannot_carry_is_told_only_where_it_is_encoded() {
        let keys = CONTROL_KEYS.map(|(_, key)| key);
        for version in VERSIONS {
            let mut bench = Bench::after(&keys.map(put));
            let call = on_bucket(version).with("prefix", "c\u{1}");
            let encoded = bench.run("encoded", &call.clone().with("encoding-type", "url"));
            assert_eq!(listed(&encoded, "Contents", "Key"), keys[..2], "{version}");
            assert_eq!(encoded.document.as_ref().and_then(|own| own.text("Prefix")), Some("c\u{1}"));
            let open: Vec<_> =
                bench.outcomes("open", &call).iter().flat_map(|own| unconstrained(&own.expectation)).collect();
            let places: Vec<_> = open.iter().map(|(place, _)| place.as_str()).collect();
            let expected = ["header content-length", "body Prefix", "body Contents[0].Key", "body Contents[1].Key"];
            assert_eq!(places, expected, "{version}");
        }
    }

    #[test]
    fn an_owner_is_the_same_on_every_page() {
        let id = |answer: &Answer| {
            let contents = answer.document.as_ref().map(|own| own.list("Contents").to_vec()).unwrap_or_default();
            contents.iter().filter_map(|line| Some(line.field("Owner")?.text("ID")?.to_owned())).collect::<Vec<_>>()
        };
        let mut bench = Bench::after(&[put("a"), put("b")]);
        let call = on_bucket("ListObjects").with("max-keys", "1");
        let mut ids = id(&bench.run("first", &call));
        ids.extend(id(&bench.run("second", &call.with("marker", "a"))));
        ids.extend(id(&bench.run("both", &on_bucket("ListObjectsV2").with("fetch-owner", "true"))));
        assert_eq!(ids.len(), 4);
        ids.dedup();
        assert_eq!(ids.len(), 1);
    }
}
