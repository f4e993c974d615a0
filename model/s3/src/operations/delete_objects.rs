//! `DeleteObjects`: takes many objects away in one call, and tells of each what became of it.

use plumb_model::fault::{Basis, Fault, Precedence};
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Constraint, Dimension, Hazard, Operation, Space};
use plumb_model::value::{Function, Value};

use super::dimensions::{
    STORED, STORED_ID, Sharing, bucket_choice, buckets, caller, expected_owner, filled, get_probe, key, key_and,
    list_probe, only, other_meets, put, stored_tag,
};
use super::put_object::signatures;
use crate::batch::{self, SOURCE};
use crate::checksums::{Algorithm, SDK_ALGORITHM, sdk_fault};
use crate::errors::{self, Refusal};
use crate::faults;
use crate::names::KEY_BYTES_MAX;
use crate::request::Request;
use crate::state::State;
use crate::wire::deletion::{self, Batch, Reading};
use crate::wire::digests::{self, Fit};

/// The most keys in one call. Source: AWS S3 API Reference, `DeleteObjects`.
pub const BATCH_KEYS_MAX: usize = 1_000;

/// What the call may answer.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults = request.common_faults();
    let batch = body_faults(request, &mut faults);
    digest_faults(request, &mut faults);
    if let Some(batch) = &batch {
        denied_one_by_one(request, batch, &mut faults);
    }
    outcomes(&faults, precedence, || batch.map_or_else(Vec::new, |batch| batch::carried_out(request, &batch)))
}

/// A caller without the right is refused, or each key is.
fn denied_one_by_one(request: &Request<'_>, batch: &Batch, faults: &mut [Fault]) {
    for fault in faults.iter_mut().filter(|fault| fault.class == faults::ACCESS) {
        fault.answers.push(batch::all_denied(request, batch));
        fault.basis = Basis::Unknown;
        fault.source =
            "AWS DeleteObjects: AccessDenied for single keys; who may delete nothing is refused so, or at once";
    }
}

/// What the body earns; and what it asks for, where it can be carried out at all.
fn body_faults(request: &Request<'_>, faults: &mut Vec<Fault>) -> Option<Batch> {
    let malformed = |basis, source| Fault::new(faults::BODY_XML, request.refuse(errors::MALFORMED_XML), basis, source);
    let batch = match deletion::of(request.call) {
        Reading::Batch(batch) => batch,
        Reading::Other => {
            let source = "AWS ErrorResponses, MalformedXML: it does not validate against the published schema";
            faults.push(malformed(Basis::Documented, source));
            return None;
        }
        Reading::Broken => {
            let fault = malformed(Basis::Implemented, "LocalStack, MinIO, Ceph RGW: a body that is no XML");
            let is_empty = request.argument(deletion::WHOLE).is_some_and(bytes::Bytes::is_empty);
            let missing = request.refuse(errors::MISSING_REQUEST_BODY);
            faults.push(if is_empty { fault.or(missing) } else { fault });
            return None;
        }
    };
    if batch.items.is_empty() || batch.items.len() > BATCH_KEYS_MAX {
        let source = "aws-sdk-ruby issue 1114, aws-sdk-java issue 1293 (seen on AWS): no key, more than 1,000 keys";
        faults.push(malformed(Basis::Recorded, source));
        return None;
    }
    if batch.odd {
        let fault = malformed(Basis::Unknown, "unknown: elements or a namespace that no general purpose bucket has");
        faults.push(fault.or(request.refuse(errors::NOT_IMPLEMENTED)).perhaps());
    }
    if batch::quiet(&batch).is_none() || batch.items.iter().any(|item| item.key.is_empty()) {
        faults.push(malformed(Basis::Unknown, "unknown: an empty key, or a Quiet that is no truth value").perhaps());
    }
    if batch.items.iter().any(|item| item.key.len() > KEY_BYTES_MAX) {
        let source = "aws-sdk-net issue 3828 (seen on AWS): one key that is too long fails the whole call; by which code is not said";
        let fault = Fault::new(faults::KEY_NAME, request.refuse(errors::KEY_TOO_LONG), Basis::Unknown, source);
        faults.push(fault.or(request.refuse(errors::MALFORMED_XML)).perhaps());
    }
    Some(batch)
}

/// The digests of the body: one must be told, and each must be right. The rules are those of `PutObject`.
fn digest_faults(request: &Request<'_>, faults: &mut Vec<Fault>) {
    const RULES: &str = "LocalStack test_s3_invalid_content_md5, test_s3_checksum_no_algorithm (recorded on AWS)";
    // The wire refuses to send a word that is none.
    let told = digests::told(request.call).unwrap_or_default();
    if told.is_empty() {
        let source =
            "versitygw issue 1040, aws-sdk-js issue 33 (seen on AWS): InvalidRequest; MinIO: MissingContentMD5";
        let fault = Fault::new(faults::HEADER, request.refuse(errors::INVALID_REQUEST), Basis::Recorded, source);
        let other = request.refuse(errors::MISSING_CONTENT_MD5);
        faults.push(if request.aws { fault } else { fault.or(other) });
    }
    let mut refuse =
        |class, refusal: Refusal| faults.push(Fault::new(class, request.refuse(refusal), Basis::Recorded, RULES));
    let checksums: Vec<_> = told.iter().map(|(header, _)| *header).filter(|header| *header != digests::MD5).collect();
    if checksums.len() > 1 {
        refuse(faults::HEADER, errors::INVALID_REQUEST);
    }
    for (header, fit) in told {
        match fit {
            Fit::Right => {}
            Fit::Wrong => refuse(faults::DIGEST, errors::BAD_DIGEST),
            Fit::Malformed if header == digests::MD5 => refuse(faults::HEADER, errors::INVALID_DIGEST),
            Fit::Malformed => refuse(faults::HEADER, errors::INVALID_REQUEST),
        }
    }
    let names: Vec<_> = checksums.iter().map(|header| Some(Algorithm::of_header(header)?.name)).collect();
    faults.extend(sdk_fault(request, &names).map(|fault| {
        let source = "AWS DeleteObjects says both of an algorithm beside another checksum: ignored, and BadDigest";
        if names.is_empty() { fault } else { Fault { basis: Basis::Unknown, source, ..fault }.perhaps() }
    }));
}

/// The operation.
pub(crate) fn operation() -> Operation {
    let dimensions = vec![
        buckets(Sharing::Shared),
        batches(),
        names(),
        counts(),
        signatures(),
        caller(),
        quiet(),
        versions(),
        tags(),
        bodies(),
        digest_dimension(),
        expected_owner(),
    ];
    Operation {
        name: "DeleteObjects",
        about: "takes many objects away",
        source: SOURCE,
        hazard: Hazard::Deletes,
        space: Space { dimensions, constraints: constraints() },
        probes: vec![get_probe(), list_probe()],
    }
}

/// A choice that meets a stored object.
fn meets(choice: Choice, id: &'static str, key: Value) -> Choice {
    Choice { needs: bucket_choice("", Sharing::Shared).needs, ..choice.after(id, put(key, STORED)) }
}

/// The objects that are there, and those that are named. One is named of none, and one that is there is not named.
fn batches() -> Dimension {
    let kept = |choice| meets(choice, "kept", key_and("-kept"));
    let several = Choice::valid("several", "key.1", key()).and("key.2", key_and("-absent")).and("key.3", key_and("-b"));
    let twice = Choice::valid("twice", "key.1", key()).and("key.2", key());
    let too_long = Choice::fault("too-long", "key.1", key()).and("key.2", filled(key(), KEY_BYTES_MAX + 1));
    let choices = vec![
        meets(meets(kept(several), STORED_ID, key()), "stored-b", key_and("-b")),
        kept(Choice::valid("missing", "key.1", key_and("-absent"))),
        meets(kept(Choice::valid("one", "key.1", key())), STORED_ID, key()),
        meets(kept(twice), STORED_ID, key()),
        meets(too_long, STORED_ID, key()),
    ];
    Dimension::state("objects", choices)
}

/// Keys that are hard to write in XML, or to take for what they are.
fn names() -> Dimension {
    let stored = |name, end: &str| meets(Choice::valid(name, "key.1", key_and(end)), "stored-odd", key_and(end));
    let choices = vec![
        Choice::absent("plain"),
        stored("markup", "<b>&\"c\"'d'&amp;"),
        stored("blanks", "  b "),
        stored("line-ends", "\r\n\tb\r"),
        stored("escapes", "%41+%2F&#65;"),
        stored("unicode", "-\u{fc}\u{65e5}\u{1f600}"),
        stored("slashes", "//b/"),
        stored("dots", "/../b/./c"),
    ];
    Dimension::argument("name", choices)
}

/// As many as allowed, and one more.
fn counts() -> Dimension {
    let more = |keys: usize| Value::literal((keys - 1).to_string());
    let choices = vec![
        Choice::absent("as-named"),
        Choice::valid("most", deletion::MORE, more(BATCH_KEYS_MAX)),
        Choice::fault("too-many", deletion::MORE, more(BATCH_KEYS_MAX + 1)),
    ];
    Dimension::argument("count", choices)
}

fn quiet() -> Dimension {
    let given = |value: &'static str| Choice::valid(value, deletion::QUIET, value);
    let choices = vec![
        Choice::absent("none"),
        given("true"),
        given("false"),
        Choice::fault("no-boolean", deletion::QUIET, "maybe"),
    ];
    Dimension::argument("quiet", choices)
}

fn versions() -> Dimension {
    let name = "version-id.1";
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("null", name, "null"),
        Choice::fault("no-such", name, "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD"),
        Choice::fault("malformed", name, "plumb"),
    ];
    Dimension::argument("version", choices)
}

fn tags() -> Dimension {
    let name = "etag.1";
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("right", name, stored_tag()),
        Choice::valid("right-without-quotes", name, stored_tag().apply(Function::Unquoted)),
        Choice::valid("star", name, "*"),
        Choice::valid("weak", name, Value::concat(["W/".into(), stored_tag()])),
        Choice::fault("wrong", name, stored_tag().apply(Function::DifferentFrom)),
        Choice::fault("of-none", "etag.2", "*"),
    ];
    Dimension::argument("etag", choices)
}

/// Bodies that ask for nothing that could be done.
fn bodies() -> Dimension {
    let body = |name, xml: &'static str| Choice::fault(name, deletion::WHOLE, xml);
    let choices = vec![
        Choice::absent("well-formed"),
        body("empty", ""),
        body("no-xml", "<Delete><Obj"),
        body("no-object", "<Delete><Quiet>false</Quiet></Delete>"),
        body("no-key", "<Delete><Object><VersionId>null</VersionId></Object></Delete>"),
        body("other-root", "<Remove><Object><Key>a</Key></Object></Remove>"),
    ];
    Dimension::argument("body", choices)
}

fn digest_dimension() -> Dimension {
    let (valid, fault) = (
        |words: &'static str| Choice::valid(words, digests::ARGUMENT, words),
        |words: &'static str| Choice::fault(words, digests::ARGUMENT, words),
    );
    let mut choices = vec![Choice::absent("md5")];
    choices.extend(["crc32", "crc64nvme", "sha256", "md5 crc32"].map(valid));
    choices.extend(["none", "md5-wrong", "md5-malformed", "crc32-wrong", "crc32-malformed", "crc32 sha256"].map(fault));
    choices.push(valid("crc32c").and(SDK_ALGORITHM, "CRC32C"));
    choices.push(Choice { name: "crc32-named-otherwise", ..valid("crc32").and(SDK_ALGORITHM, "SHA256") });
    Dimension::argument("digest", choices)
}

/// Tags are those of stored objects; a thousand keys are told of only where one must.
fn constraints() -> Vec<Constraint> {
    let stored = ["several", "one", "too-long"];
    let mut all: Vec<Constraint> =
        ["right", "right-without-quotes", "weak", "wrong"].map(|tag| only("etag", tag, "objects", &stored)).into();
    all.push(only("etag", "of-none", "objects", &["several"]));
    all.push(only("count", "most", "objects", &["one"]));
    all.push(only("count", "most", "quiet", &["true"]));
    all.push(only("count", "too-many", "objects", &["one"]));
    all.push(other_meets(&["mine"]));
    all
}

#[cfg(test)]
mod tests {
    use plumb_model::answer::{Answer, Document};
    use plumb_model::bodies::{hex, md5};
    use plumb_model::call::Call;

    use super::SDK_ALGORITHM;
    use crate::testing::{Bench, check, on_bucket, on_key, put as put_key};

    fn batch(keys: &[&str]) -> Call {
        (1..).zip(keys).fold(on_bucket("DeleteObjects"), |call, (number, key)| call.with(format!("key.{number}"), *key))
    }

    fn keys(answer: &Answer, list: &str) -> Vec<String> {
        let entries = answer.document.as_ref().map(|document| document.list(list)).unwrap_or_default();
        entries.iter().filter_map(|entry| entry.text("Key").map(str::to_owned)).collect()
    }

    fn code(answer: &Answer) -> Option<&str> {
        answer
            .document
            .as_ref()
            .and_then(|document| document.list("Error").first())
            .and_then(|entry| entry.text("Code"))
    }

    /// What is told as deleted, as an error, and what is left of `a`, `b` and `c`.
    fn carried_out(call: &Call, deleted: &[&str], errors: &[&str], left: &[&str]) -> Answer {
        let stored = ["a", "b", "c"].map(|key| on_key("PutObject", key).with("body", "v"));
        let mut bench = Bench::after(&stored);
        let answer = bench.run("delete", call);
        assert_eq!((keys(&answer, "Deleted"), keys(&answer, "Error")), (strings(deleted), strings(errors)), "{call:?}");
        let listed = bench.run("list", &on_bucket("ListObjectsV2"));
        assert_eq!(keys(&listed, "Contents"), left, "{call:?}");
        answer
    }

    fn strings(all: &[&str]) -> Vec<String> {
        all.iter().map(|own| (*own).to_owned()).collect()
    }

    #[test]
    fn what_is_named_goes_whether_it_was_there_or_not() {
        carried_out(&batch(&["a", "x", "c"]), &["a", "x", "c"], &[], &["b"]);
        carried_out(&batch(&["a", "x"]).with("quiet", "true"), &[], &[], &["b", "c"]);
        carried_out(&batch(&["a"]).with("version-id.1", "null"), &["a"], &[], &["b", "c"]);
        carried_out(&batch(&["a", "a"]), &["a"], &[], &["b", "c"]);
    }

    #[test]
    fn an_object_that_is_refused_stays_and_the_others_go() {
        let tag = format!("\"{}\"", String::from_utf8(hex(&md5(b"v"))).expect("digits"));
        let version = "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD";
        for (name, value, told) in
            [("version-id.1", version, "NoSuchVersion"), ("etag.1", "\"nope\"", "PreconditionFailed")]
        {
            let call = batch(&["a", "b"]).with(name, value);
            assert_eq!(code(&carried_out(&call, &["b"], &["a"], &["a", "c"])), Some(told));
            assert_eq!(code(&carried_out(&call.with("quiet", "true"), &[], &["a"], &["a", "c"])), Some(told));
        }
        for tag in [&tag, tag.trim_matches('"'), "*"] {
            carried_out(&batch(&["a"]).with("etag.1", tag), &["a"], &[], &["b", "c"]);
        }
    }

    #[test]
    fn a_condition_on_nothing_is_open() {
        check(&[], &batch(&["x", "y"]).with("etag.1", "*").with("etag.2", "*"), &["200", "200"]);
        check(&[put_key("x")], &batch(&["x"]).with("etag.1", "W/\"nope\""), &["200"]);
        let weak = format!("W/\"{}\"", String::from_utf8(hex(&md5(b"v"))).expect("digits"));
        let stored = on_key("PutObject", "x").with("body", "v");
        check(&[stored], &batch(&["x"]).with("etag.1", weak.as_str()), &["200", "200"]);
        assert_eq!(Bench::new(Some("p/")).classes(&batch(&["q"]).with("etag.1", "*")), ["200", "200"]);
        assert_eq!(Bench::new(Some("p/")).classes(&batch(&["q"])), ["200"]);
    }

    #[test]
    fn what_was_copied_from_where_nothing_is_known_goes_too() {
        let mut bench = Bench::new(Some("p/"));
        bench.run("copy", &on_key("CopyObject", "p/k").with("x-amz-copy-source", "plumb-t-a/q/x"));
        assert_eq!(bench.classes(&on_key("GetObject", "p/k")), ["200", "404 NoSuchKey"]);
        bench.run("delete", &batch(&["p/k"]));
        assert_eq!(bench.classes(&on_key("GetObject", "p/k")), ["404 NoSuchKey"]);
    }

    #[test]
    fn what_is_named_twice_is_told_once_on_aws() {
        check(&[], &batch(&["a", "a"]), &["200", "200"]);
        let aws = Bench { flavour: "aws", ..Bench::new(None) };
        assert_eq!(aws.classes(&batch(&["a", "a"])), ["200"]);
    }

    #[test]
    fn counts_and_bodies() {
        let malformed = &["400 MalformedXML"][..];
        let whole = |body: &str| on_bucket("DeleteObjects").with("delete", body);
        let more = |keys: &str| batch(&["k"]).with("more-keys", keys);
        for (call, classes) in [
            (more("999"), &["200"][..]),
            (more("1000"), malformed),
            (batch(&[]), malformed),
            (whole("<Delete><Obj"), malformed),
            (whole("<Delete></Delete>"), malformed),
            (whole("<Other/>"), malformed),
            (whole(""), &["400 MalformedXML", "400 MissingRequestBodyError"]),
            (
                whole("<Delete><Object><Key>a</Key><Size>1</Size></Object></Delete>"),
                &["200", malformed[0], "501 NotImplemented"],
            ),
            (batch(&["a"]).with("quiet", "maybe"), &["200", "200", malformed[0]]),
            (batch(&[""]), &["200", malformed[0]]),
            (batch(&["a", &"k".repeat(1_025)]), &["200", "200", "400 KeyTooLongError", malformed[0]]),
        ] {
            check(&[], &call, classes);
        }
    }

    #[test]
    fn a_digest_must_be_told_and_right() {
        let call = |words: &str| batch(&["a"]).with("digest", words);
        for (words, classes) in [
            ("crc32", &["200"][..]),
            ("md5 sha256", &["200"]),
            ("none", &["400 InvalidRequest", "400 MissingContentMD5"]),
            ("md5-wrong", &["400 BadDigest"]),
            ("md5-malformed", &["400 InvalidDigest"]),
            ("crc32-wrong", &["400 BadDigest"]),
            ("crc32-malformed", &["400 InvalidRequest"]),
            ("crc32 sha256", &["400 InvalidRequest"]),
            ("md5-malformed crc32-wrong", &["400 InvalidDigest"]),
        ] {
            check(&[], &call(words), classes);
        }
        let named = |words: &str| call(words).with(SDK_ALGORITHM, "CRC32");
        check(&[], &named("crc32"), &["200"]);
        check(&[], &named("md5"), &["400 InvalidRequest"]);
        check(&[], &named("sha256"), &["200", "400 InvalidRequest", "400 BadDigest"]);
        let absent = call("md5-wrong").with("bucket", "plumb-t-absent");
        check(&[], &absent, &["404 NoSuchBucket"]);
    }

    #[test]
    fn who_has_no_right_is_refused_at_once_or_key_by_key() {
        let anonymous = batch(&["a", "b"]).with("signature", "anonymous");
        check(&[], &anonymous, &["403 AccessDenied", "200"]);
        check(&[], &batch(&["a"]).with("signature", "wrong-secret"), &["403 SignatureDoesNotMatch"]);
        let other = Bench { actor: Some("AKIAOTHER"), ..Bench::new(None) };
        assert_eq!(other.classes(&batch(&["a"])), ["403 AccessDenied", "200"]);
    }

    #[test]
    fn an_answer_to_a_quiet_batch_may_be_empty() {
        let mut bench = Bench::new(None);
        let answer = bench.run("delete", &batch(&["a"]).with("quiet", "true"));
        let fields = match answer.document {
            Some(Document::Fields(fields)) => fields,
            other => panic!("{other:?}"),
        };
        assert!(fields.iter().all(|(_, field)| !matches!(field, Document::List(entries) if !entries.is_empty())));
    }
}
