//! How buckets are named, made, emptied and removed.

use bytes::Bytes;
use plumb_model::answer::{Answer, Document};
use plumb_model::call::{Call, Need};
use plumb_model::value::Value;
use plumb_model::wire::{Resources, Site};

use crate::locations::FIRST;
use crate::wire::configuration;

/// How every bucket name of ours starts.
pub(crate) const START: &[u8] = b"plumb-";

/// The nature of a bucket that has known no versions.
const UNVERSIONED: &str = "unversioned";

/// The resources of S3: buckets, and keys inside of them.
pub(crate) struct S3Resources;

fn on_bucket(operation: &'static str, name: &Bytes) -> Call {
    Call::new(operation).with("bucket", Value::Literal(name.clone()))
}

/// The keys on a page.
fn keys(document: &Document) -> impl Iterator<Item = &str> {
    document.list("Contents").iter().filter_map(|entry| entry.text("Key"))
}

/// What a listed key may stand for. A server that writes a carriage return as it is lists another key than it holds:
/// whoever reads XML takes it for the end of a line (XML 1.0 section 2.11).
fn meant(key: &str) -> Vec<String> {
    let ends: &[&str] = if key.contains('\n') { &["\n", "\r\n", "\r"] } else { &["\n"] };
    ends.iter().map(|end| key.replace('\n', end)).collect()
}

/// The page of a listing after `last`, where `bare` is the call for the first.
fn next_page(bare: Call, last: Option<&Answer>) -> Option<Call> {
    let Some(answer) = last else { return Some(bare) };
    let document = answer.document.as_ref()?;
    let encoded = |call: Call| call.with("encoding-type", "url");
    let is_encoded = document.text("EncodingType") == Some("url");
    if !is_encoded && keys(document).any(|key| key.contains(char::REPLACEMENT_CHARACTER)) {
        return Some(encoded(bare));
    }
    let is_last = document.text("IsTruncated") != Some("true");
    let token = document.text("NextContinuationToken").filter(|token| !is_last && !token.is_empty())?;
    Some(if is_encoded { encoded(bare) } else { bare }.with("continuation-token", token))
}

impl Resources for S3Resources {
    /// A bucket carries the marker in its name. A key needs none: it lies in a bucket, or under a prefix, that is
    /// the case's own.
    fn name(&self, kind: &str, role: &str, marker: &str) -> Option<Bytes> {
        match kind {
            "bucket" => Some(format!("{marker}-{role}").into()),
            "key" => Some(Bytes::copy_from_slice(role.as_bytes())),
            _ => None,
        }
    }

    fn inside(&self, kind: &str, role: &str, prefix: &str) -> Option<Bytes> {
        (kind == "key").then(|| format!("{prefix}{role}").into())
    }

    /// The marker, and then a hyphen: the marker of another run may go on where this one ends.
    fn carries(&self, name: &[u8], marker: &str) -> bool {
        !marker.is_empty() && name.strip_prefix(marker.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'-'))
    }

    /// AWS makes no bucket outside of its first region unless it is told where; other servers may know no regions.
    fn provision(&self, need: &Need, name: &Bytes, site: Site<'_>) -> Vec<Call> {
        if need.kind != "bucket" {
            return Vec::new();
        }
        let call = on_bucket("CreateBucket", name);
        let is_named = site.flavour == crate::AWS && site.region != FIRST;
        vec![if is_named { call.with(configuration::LOCATION, site.region) } else { call }]
    }

    /// A page of keys as they are: some servers say `encoding-type=url` and do not encode, and a key that is then
    /// decoded would be left behind. Where a page shows a character in place of one that XML cannot carry, the bucket
    /// is listed once more, with its keys encoded.
    fn list(&self, kind: &str, name: &Bytes, last: Option<&Answer>) -> Option<Call> {
        if kind != "bucket" {
            return None;
        }
        next_page(on_bucket("ListObjectsV2", name), last)
    }

    fn list_below(&self, kind: &str, name: &Bytes, prefix: &Bytes, last: Option<&Answer>) -> Option<Call> {
        if kind != "bucket" {
            return None;
        }
        next_page(on_bucket("ListObjectsV2", name).with("prefix", Value::Literal(prefix.clone())), last)
    }

    /// What no call takes back: a bucket that has known versions can only suspend them, and object lock stays.
    /// Source: AWS S3 User Guide, "How S3 Versioning works", "Configuring S3 Object Lock".
    fn natures(&self, kind: &str) -> &'static [&'static str] {
        if kind == "bucket" { &[UNVERSIONED, "enabled", "suspended", "locked"] } else { &[] }
    }

    /// Source: AWS S3 User Guide, "How S3 Versioning works": a bucket is made unversioned.
    fn makes_nature(&self, kind: &str, nature: &str) -> bool {
        kind == "bucket" && nature == UNVERSIONED
    }

    fn remove_listed(&self, _kind: &str, name: &Bytes, listed: &Answer) -> Vec<Call> {
        let keys = listed.document.iter().flat_map(keys).filter(|key| !key.is_empty());
        keys.flat_map(meant).map(|key| on_bucket("DeleteObject", name).with("key", key.as_str())).collect()
    }

    /// A key stands as `bucket/key`.
    fn remove(&self, kind: &str, name: &Bytes) -> Call {
        match name.iter().position(|byte| *byte == b'/') {
            Some(slash) if kind == "key" => {
                on_bucket("DeleteObject", &name.slice(..slash)).with("key", Value::Literal(name.slice(slash + 1..)))
            }
            _ => on_bucket("DeleteBucket", name),
        }
    }

    /// A bucket cannot have a name that is refused as one.
    fn is_absent(&self, answer: &Answer) -> bool {
        answer.status == 404 || answer.code.as_deref() == Some("InvalidBucketName")
    }

    /// Source: AWS S3 API Reference, `ErrorResponses`.
    fn rejects_credentials(&self, answer: &Answer) -> bool {
        const REJECTIONS: [&str; 6] = [
            "AuthorizationHeaderMalformed",
            "ExpiredToken",
            "InvalidAccessKeyId",
            "InvalidToken",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
        ];
        answer.code.as_deref().is_some_and(|code| REJECTIONS.contains(&code))
    }

    /// An object in a bucket that is never made: any answer will do.
    fn liveness(&self, marker: &str) -> Call {
        Call::new("GetObject").with("bucket", format!("{marker}-liveness").as_str()).with("key", "x")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_whose_name_is_refused_is_not_there() {
        let answer = |status, code: &str| Answer { status, code: Some(code.to_owned()), ..Answer::default() };
        assert!(S3Resources.is_absent(&answer(404, "NoSuchBucket")));
        assert!(S3Resources.is_absent(&answer(400, "InvalidBucketName")));
        assert!(!S3Resources.is_absent(&answer(409, "BucketNotEmpty")));
        assert!(S3Resources.rejects_credentials(&answer(403, "SignatureDoesNotMatch")));
        assert!(!S3Resources.rejects_credentials(&answer(403, "AccessDenied")), "a right that is missing");
    }

    #[test]
    fn a_bucket_is_made_where_its_case_runs() {
        let name = Bytes::from_static(b"plumb-k3f9a2c1-000001-a");
        for (flavour, region, location) in
            [("aws", "us-east-1", None), ("aws", "eu-west-1", Some("eu-west-1")), ("compatible", "eu-west-1", None)]
        {
            let calls = S3Resources.provision(&Need::own("bucket", "a"), &name, Site { flavour, region });
            let expected = location
                .iter()
                .fold(on_bucket("CreateBucket", &name), |call, location| call.with("location-constraint", *location));
            assert_eq!(calls, [expected], "{flavour} {region}");
        }
    }

    fn listing(truncated: &str) -> Answer {
        let text = |text: &str| Document::Text(text.to_owned());
        let entry = |key: &str| Document::Fields(vec![("Key".to_owned(), text(key))]);
        let fields = vec![
            ("IsTruncated".to_owned(), text(truncated)),
            ("NextContinuationToken".to_owned(), text("next")),
            ("Contents".to_owned(), Document::List(vec![entry("a"), entry("b+c")])),
        ];
        Answer { status: 200, document: Some(Document::Fields(fields)), ..Answer::default() }
    }

    #[test]
    fn a_bucket_is_emptied_page_by_page() {
        let name = Bytes::from_static(b"plumb-k3f9a2c1-000001-a");
        let list = on_bucket("ListObjectsV2", &name);
        assert_eq!(S3Resources.list("bucket", &name, None), Some(list.clone()));
        let next = list.with("continuation-token", "next");
        assert_eq!(S3Resources.list("bucket", &name, Some(&listing("true"))), Some(next));
        assert_eq!(S3Resources.list("bucket", &name, Some(&listing("false"))), None);
        let removals = S3Resources.remove_listed("bucket", &name, &listing("true"));
        let removal = |key| on_bucket("DeleteObject", &name).with("key", key);
        assert_eq!(removals, [removal("a"), removal("b+c")]);
        assert_eq!(S3Resources.remove("bucket", &name), on_bucket("DeleteBucket", &name));
    }

    #[test]
    fn a_part_of_a_bucket_is_listed_by_its_prefix_on_every_page() {
        let (name, prefix) = (Bytes::from_static(b"canary-a"), Bytes::from_static(b"plumb-k3f9a2c1/000007/"));
        let below = |last: Option<&Answer>| S3Resources.list_below("bucket", &name, &prefix, last);
        let first = on_bucket("ListObjectsV2", &name).with("prefix", "plumb-k3f9a2c1/000007/");
        assert_eq!(below(None), Some(first.clone()));
        assert_eq!(below(Some(&listing("true"))), Some(first.clone().with("continuation-token", "next")));
        assert_eq!(below(Some(&page("", "a\u{fffd}"))), Some(first.with("encoding-type", "url")));
        assert_eq!(below(Some(&listing("false"))), None);
        assert_eq!(S3Resources.list_below("key", &name, &prefix, None), None, "a key has no parts");
    }

    #[test]
    fn a_new_bucket_has_known_no_versions() {
        let made: Vec<_> =
            S3Resources.natures("bucket").iter().filter(|own| S3Resources.makes_nature("bucket", own)).collect();
        assert_eq!(made, [&"unversioned"]);
        assert!(!S3Resources.makes_nature("key", "unversioned"));
    }

    /// A page with one key, and more behind it.
    fn page(encoding: &str, key: &str) -> Answer {
        let text = |text: &str| Document::Text(text.to_owned());
        let contents = Document::List(vec![Document::Fields(vec![("Key".to_owned(), text(key))])]);
        let more = [("IsTruncated", "true"), ("NextContinuationToken", "next"), ("EncodingType", encoding)];
        let mut fields: Vec<_> = more.map(|(name, value)| (name.to_owned(), text(value))).into();
        fields.push(("Contents".to_owned(), contents));
        Answer { status: 200, document: Some(Document::Fields(fields)), ..Answer::default() }
    }

    #[test]
    fn a_key_that_was_listed_with_a_bare_carriage_return_is_removed() {
        let name = Bytes::from_static(b"plumb-k3f9a2c1-000001-a");
        let removal = |key: &str| on_bucket("DeleteObject", &name).with("key", key);
        let removals = S3Resources.remove_listed("bucket", &name, &page("", "a\nb"));
        assert_eq!(removals, [removal("a\nb"), removal("a\r\nb"), removal("a\rb")]);
    }

    #[test]
    fn keys_that_xml_cannot_carry_are_listed_again_encoded() {
        let name = Bytes::from_static(b"plumb-k3f9a2c1-000001-a");
        let encoded = on_bucket("ListObjectsV2", &name).with("encoding-type", "url");
        let next = |last: &Answer| S3Resources.list("bucket", &name, Some(last));
        assert_eq!(next(&page("", "a\u{fffd}")), Some(encoded.clone()), "from the start");
        assert_eq!(next(&page("url", "a\u{fffd}")), Some(encoded.with("continuation-token", "next")), "and on");
    }

    #[test]
    fn names_carry_the_marker_of_their_run() {
        let marker = "plumb-k3f9a2c1";
        let name = S3Resources.name("bucket", "a", "plumb-k3f9a2c1-000001").expect("a name");
        assert!(crate::bucket_naming(&name) == crate::Naming::Good && S3Resources.carries(&name, marker));
        for other in [&b"plumb-k3f9a2c"[..], b"plumb-k3f9a2c11-a", b"plumb-k3f9a2c1", b"mine", b""] {
            assert!(!S3Resources.carries(other, marker), "{}", other.escape_ascii());
        }
        assert_eq!(S3Resources.inside("key", "a", "000001/"), Some(Bytes::from_static(b"000001/a")));
        assert_eq!(S3Resources.inside("bucket", "a", "000001/"), None);
    }
}
