//! What an answer tells of the checksums of an object.

use bytes::Bytes;
use plumb_model::expectation::{Expectation, Label, Matcher, Shape};
use plumb_model::fault::{Basis, Fault};

use super::{ALGORITHMS, Algorithm, MODE, NOT_COMPUTED, PREFIX, given};
use crate::errors;
use crate::faults;
use crate::request::Request;
use crate::state::Object;

/// The header that says of what a checksum is one: of the whole object, or of its parts.
const KIND: &str = "x-amz-checksum-type";
/// What it says of an object that was stored in one piece.
const FULL_OBJECT: Matcher = Matcher::fixed("FULL_OBJECT");

/// The algorithm of an object that was stored without a checksum: S3 computes one itself.
const DEFAULT: &str = "CRC64NVME";

impl Algorithm {
    /// What a header that tells the checksum of an object must say. The digest is computed when there is such a
    /// header to compare.
    fn rule(&self, object: &Object) -> Matcher {
        match self.function {
            Some(function) => Matcher::Digest { function, of: object.payload.origin },
            None => Matcher::Any(NOT_COMPUTED.into()),
        }
    }

    /// The same, where it may be missing; what is left open may be missing anyhow.
    fn rule_if_told(&self, object: &Object) -> Matcher {
        match self.rule(object) {
            open @ Matcher::Any(_) => open,
            rule => rule.maybe(),
        }
    }
}

/// The algorithm of the checksum with which an object is stored; none where the server may have chosen any, or none.
pub(crate) fn stored_with(request: &Request<'_>) -> Option<&'static str> {
    let named = given(request).find_map(|own| own.algorithm).map(|algorithm| algorithm.name);
    named.or(request.aws.then_some(DEFAULT))
}

/// What the answer to a write tells of the checksums of what it stored.
///
/// AWS tells the one it was given, or else the one it computed itself, and that it is one of the whole object. Other
/// servers may tell none, or several; each must be right.
pub(crate) fn told_of_write(request: &Request<'_>, object: &Object, answer: Expectation) -> Expectation {
    let echoed = given(request).find_map(|own| Some((own.algorithm?, own.text)));
    let Some((algorithm, text)) = echoed.filter(|(algorithm, _)| algorithm.function.is_none()) else {
        return match stored(request, object) {
            Some(algorithm) => whole_object(answer.header(algorithm.header, algorithm.rule(object))),
            None => maybe_told(object, answer),
        };
    };
    // What was taken is right, so it is known here even though it is not computed.
    let echo = Matcher::is(Bytes::copy_from_slice(text));
    if request.aws {
        whole_object(answer.header(algorithm.header, echo))
    } else {
        told_besides(algorithm.header, object, answer.header(algorithm.header, echo.maybe()))
    }
}

/// What the answer to a copy tells of the checksums of the copy, as fields of its document. AWS tells the one with
/// which the copy is stored and no other.
///
/// Source: `LocalStack` `test_s3_copy_object_with_checksum`, `test_s3_copy_object_with_default_checksum` (recorded on
/// AWS).
pub(crate) fn told_of_copy(request: &Request<'_>, object: &Object) -> Vec<(Label, Shape)> {
    let stored = stored(request, object);
    let field = |algorithm: &Algorithm| {
        let shape = match stored {
            Some(own) if own.name == algorithm.name => Shape::Text(algorithm.rule(object)),
            Some(_) => Shape::absent(),
            None => Shape::Text(algorithm.rule_if_told(object)),
        };
        (format!("Checksum{}", algorithm.name).into(), shape)
    };
    let kind = if stored.is_some() { FULL_OBJECT } else { FULL_OBJECT.maybe() };
    ALGORITHMS.iter().map(field).chain([("ChecksumType".into(), Shape::Text(kind))]).collect()
}

/// How much of an object an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it, be it as its first and only part: AWS was recorded to tell the checksum with that
    /// (`LocalStack` `test_get_object_part`).
    Whole,
    /// All of it, as a range that reaches from the first byte to the last.
    WholeRange,
    /// Less than all of it, or nothing as with 304.
    Part,
}

/// What the answer to a read tells of the checksums of the object.
///
/// AWS tells the one with which the object is stored to who asks for it, and nobody else. With a part it tells none
/// (`LocalStack` `test_etag_on_get_object_call`, recorded on AWS): an SDK that has asked holds what it is told against
/// the bytes it receives, and fails (Ceph pull request 61901, `MinIO` 17105; botocore 1.44 fails with 304 too). With a
/// range that is the whole object nothing is recorded.
pub(crate) fn told_of_read(request: &Request<'_>, object: &Object, extent: Extent, answer: Expectation) -> Expectation {
    let asked = is_asked(request);
    match (extent, stored(request, object)) {
        (Extent::Part, _) if asked || request.aws => answer.no_others(PREFIX),
        (_, None) => maybe_told(object, answer),
        (_, Some(_)) if !asked => answer.no_others(PREFIX),
        (Extent::Whole, Some(algorithm)) => whole_object(answer.header(algorithm.header, algorithm.rule(object))),
        (_, Some(algorithm)) => answer
            .header(algorithm.header, algorithm.rule_if_told(object))
            .header(KIND, FULL_OBJECT.maybe())
            .no_others(PREFIX),
    }
}

/// What `x-amz-checksum-mode` earns where it has another value than the only one that is documented, in whichever
/// letters (`LocalStack` `test_s3_get_object_checksum`, recorded on AWS).
pub(crate) fn mode_fault(request: &Request<'_>, faults: &mut Vec<Fault>) {
    if request.argument(MODE).is_some() && !is_asked(request) {
        let source = "unknown: a value of x-amz-checksum-mode that is not documented is ignored or refused";
        let fault = Fault::new(faults::HEADER, request.refuse(errors::INVALID_ARGUMENT), Basis::Unknown, source);
        faults.push(fault.or(request.refuse(errors::INVALID_REQUEST)).perhaps());
    }
}

/// Whether a reader asks for the checksum.
fn is_asked(request: &Request<'_>) -> bool {
    request.argument(MODE).is_some_and(|mode| mode.trim_ascii().eq_ignore_ascii_case(b"ENABLED"))
}

/// The algorithm of the only checksum that is told; none where the server may tell any.
fn stored(request: &Request<'_>, object: &Object) -> Option<&'static Algorithm> {
    object.checksum.filter(|_| request.aws).and_then(|name| Algorithm::named(name.as_bytes()))
}

/// The answer with whichever checksums of the whole object the server likes to tell, each of them right.
fn maybe_told(object: &Object, answer: Expectation) -> Expectation {
    told_besides("", object, answer)
}

/// The same, except for a header that has its rule.
fn told_besides(header: &str, object: &Object, mut answer: Expectation) -> Expectation {
    let others = ALGORITHMS.iter().filter(|algorithm| algorithm.header != header);
    answer.headers.extend(others.map(|algorithm| (algorithm.header.into(), algorithm.rule_if_told(object))));
    answer.header(KIND, FULL_OBJECT.maybe())
}

/// The answer, whose checksum is the only one and that of the whole object.
fn whole_object(answer: Expectation) -> Expectation {
    answer.header(KIND, FULL_OBJECT).no_others(PREFIX)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use plumb_model::call::Call;
    use plumb_model::judge::describe;

    use super::*;
    use crate::checksums::tests::{RECORDED, recorded};
    use crate::testing::{BODY, Bench, check, on_key, put};

    /// The rules for checksums in the answer to a call.
    fn told(bench: &Bench, call: &Call) -> Vec<String> {
        let expectation = bench.outcomes("call", call).swap_remove(0).expectation;
        let closed = expectation.no_others.iter().any(|start| start == PREFIX);
        let rules = expectation.headers.iter().filter(|(name, _)| name.starts_with(PREFIX));
        let told = rules.map(|(name, rule)| format!("{} {}", &name[PREFIX.len()..], describe(rule)));
        told.chain(closed.then(|| "and no others".to_owned())).collect()
    }

    fn aws_after(calls: &[Call]) -> Bench {
        let mut bench = Bench { flavour: "aws", ..Bench::new(None) };
        for (index, call) in calls.iter().enumerate() {
            bench.run(&index.to_string(), call);
        }
        bench
    }

    #[test]
    fn aws_tells_the_checksum_of_the_whole_object_to_who_asks() {
        for (index, (header, value)) in RECORDED.into_iter().enumerate() {
            let put = recorded().with(header, value);
            let mut bench = aws_after(std::slice::from_ref(&put));
            for call in
                [put, on_key("GetObject", "k").with(MODE, "ENABLED"), on_key("GetObject", "k").with(MODE, "enabled")]
            {
                let answer = bench.run(&format!("again-{index}"), &call);
                assert_eq!(answer.headers.text(header), Some(value), "{call:?}");
                assert_eq!(answer.headers.text(KIND), Some("FULL_OBJECT"), "{call:?}");
                assert_eq!(answer.headers.iter().filter(|(name, _)| name.starts_with(PREFIX)).count(), 2, "{call:?}");
            }
        }
    }

    #[test]
    fn without_a_checksum_aws_computes_its_own() {
        let mut bench = aws_after(&[recorded()]);
        let answer = bench.run("get", &on_key("GetObject", "k").with(MODE, "ENABLED"));
        assert_eq!(answer.headers.text("x-amz-checksum-crc64nvme"), Some("1f2xscCCZCU="));
        assert_eq!(told(&bench, &recorded()).len(), 3, "the checksum, its type, and no others");
    }

    #[test]
    fn with_a_part_comes_no_checksum() {
        let get = |mode: &str, range: &str| on_key("GetObject", "k").with(MODE, mode).with("range", range);
        let (aws, compatible) = (aws_after(&[put("k")]), Bench::after(&[put("k")]));
        assert_eq!(told(&aws, &on_key("GetObject", "k")), ["and no others"]);
        assert_eq!(told(&aws, &get("PLUMB", "bytes=0-")), ["and no others"]);
        for bench in [&aws, &compatible] {
            assert_eq!(told(bench, &get("ENABLED", "bytes=1-3")), ["and no others"], "{}", bench.flavour);
            let not_modified = on_key("GetObject", "k").with(MODE, "ENABLED").with("if-none-match", "*");
            assert_eq!(told(bench, &not_modified), ["and no others"], "{}", bench.flavour);
        }
        let whole = told(&aws, &get("ENABLED", "bytes=0-9"));
        let own = "crc64nvme nothing or the Crc64Nvme of the body, in Base64";
        assert_eq!(whole, [own, "type nothing or \"FULL_OBJECT\"", "and no others"]);
        let first_part = on_key("GetObject", "k").with(MODE, "ENABLED").with("partNumber", "1");
        let own = ["crc64nvme the Crc64Nvme of the body, in Base64", "type \"FULL_OBJECT\"", "and no others"];
        assert_eq!(told(&aws, &first_part), own);
        assert_eq!(told(&aws, &on_key("HeadObject", "k").with(MODE, "ENABLED")), own);
        assert_eq!(told(&compatible, &get("ENABLED", "bytes=0-9")).len(), ALGORITHMS.len() + 1);
        assert_eq!(told(&compatible, &get("PLUMB", "bytes=1-3")).len(), ALGORITHMS.len() + 1);
    }

    #[test]
    fn other_servers_may_tell_any_checksum_that_is_right() {
        let bench = Bench::after(&[put("k")]);
        let sha1 = BASE64.encode(plumb_model::bodies::sha1(&bench.bodies.made(BODY).bytes));
        let not_modified = on_key("GetObject", "k").with("if-none-match", "*");
        for call in [put("k"), on_key("GetObject", "k"), not_modified] {
            let told = told(&bench, &call);
            assert_eq!(told.len(), ALGORITHMS.len() + 1, "{told:?}");
            assert!(told.contains(&"sha1 nothing or the Sha1 of the body, in Base64".to_owned()), "{told:?}");
            assert!(told.contains(&format!("sha512 anything ({NOT_COMPUTED})")), "{told:?}");
        }
        let answer = Bench::after(&[put("k")]).run("get", &on_key("GetObject", "k"));
        assert_eq!(answer.headers.text("x-amz-checksum-sha1"), Some(sha1.as_str()));
    }

    /// What is not computed here was right if it was taken, so that it must be the same in the answer.
    #[test]
    fn a_checksum_that_is_not_computed_comes_back_as_it_was() {
        let (header, value) = ("x-amz-checksum-xxhash64", "McmxUfNFLUs=");
        let call = recorded().with(header, value);
        let echo = format!("xxhash64 \"{value}\"");
        let aws = Bench { flavour: "aws", ..Bench::new(None) };
        assert_eq!(told(&aws, &call), [&echo, "type \"FULL_OBJECT\"", "and no others"]);
        let others = told(&Bench::new(None), &call);
        assert_eq!((others.len(), &others[0]), (ALGORITHMS.len() + 1, &format!("xxhash64 nothing or \"{value}\"")));
    }

    #[test]
    fn a_mode_that_is_not_documented_is_ignored_or_refused() {
        let get = on_key("GetObject", "k").with(MODE, "PLUMB");
        check(&[put("k")], &get, &["200", "400 InvalidArgument", "400 InvalidRequest"]);
    }
}
