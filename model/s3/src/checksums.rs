//! The digests by which a client has a body checked: `content-md5`, and the headers `x-amz-checksum-…`.
//!
//! Source, unless an item names another: AWS S3 API Reference, `PutObject` and `GetObject`; S3 User Guide,
//! checking-object-integrity; `LocalStack` `TestS3PutObjectChecksum` (recorded on AWS, 2026-02).

mod told;

use std::ops::Bound;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use plumb_model::bodies::{Payload, hex};
use plumb_model::fault::{Basis, Fault};
use plumb_model::value::Function;

use crate::errors::{self, field};
use crate::faults;
use crate::request::Request;

pub(crate) use told::{Extent, mode_fault, stored_with, told_of_copy, told_of_read, told_of_write};

/// What stands in front of the names of the headers that tell checksums.
pub(crate) const PREFIX: &str = "x-amz-checksum-";
/// The header by which a reader asks for the checksum.
pub(crate) const MODE: &str = "x-amz-checksum-mode";
/// The header by which an SDK says which of them it sends.
pub(crate) const SDK_ALGORITHM: &str = "x-amz-sdk-checksum-algorithm";

const CHECKSUMS: &str = "LocalStack test_put_object_checksum, test_s3_checksum_no_algorithm (recorded on AWS)";
const MD5S: &str = "LocalStack test_s3_invalid_content_md5 (recorded on AWS)";
const NEWER: &str = "AWS What's New, 2026-04-22: five more algorithms, which other servers may not know";
const NOT_COMPUTED: &str = "this digest is not computed here";

/// A way to make a checksum.
#[derive(Debug)]
pub(crate) struct Algorithm {
    /// As other headers and elements name it: `CRC32`.
    pub(crate) name: &'static str,
    /// The header that tells it.
    pub(crate) header: &'static str,
    /// How long it is, in bytes.
    bytes: usize,
    /// How it follows from the body; none where it is not computed here.
    function: Option<Function>,
    /// Whether S3 has had it for long, so that every server that checks at all knows it.
    old: bool,
}

const fn old(name: &'static str, header: &'static str, bytes: usize, function: Function) -> Algorithm {
    Algorithm { name, header, bytes, function: Some(function), old: true }
}

const fn newer(name: &'static str, header: &'static str, bytes: usize, function: Option<Function>) -> Algorithm {
    Algorithm { name, header, bytes, function, old: false }
}

/// Every algorithm. Source: botocore 1.44, `ChecksumAlgorithm`.
pub(crate) const ALGORITHMS: [Algorithm; 10] = [
    old("CRC32", "x-amz-checksum-crc32", 4, Function::Crc32),
    old("CRC32C", "x-amz-checksum-crc32c", 4, Function::Crc32c),
    old("CRC64NVME", "x-amz-checksum-crc64nvme", 8, Function::Crc64Nvme),
    old("SHA1", "x-amz-checksum-sha1", 20, Function::Sha1),
    old("SHA256", "x-amz-checksum-sha256", 32, Function::Sha256),
    newer("MD5", "x-amz-checksum-md5", 16, Some(Function::Md5)),
    newer("SHA512", "x-amz-checksum-sha512", 64, None),
    newer("XXHASH64", "x-amz-checksum-xxhash64", 8, None),
    newer("XXHASH3", "x-amz-checksum-xxhash3", 8, None),
    newer("XXHASH128", "x-amz-checksum-xxhash128", 16, None),
];

impl Algorithm {
    /// The algorithm that a header tells.
    pub(crate) fn of_header(header: &str) -> Option<&'static Self> {
        ALGORITHMS.iter().find(|own| own.header == header)
    }

    /// The algorithm called `name`.
    pub(crate) fn named(name: &[u8]) -> Option<&'static Self> {
        ALGORITHMS.iter().find(|own| own.name.as_bytes() == name)
    }
}

/// Whether a header tells a checksum, be it by an algorithm that nobody knows.
pub(crate) fn is_checksum(header: &str) -> bool {
    header.strip_prefix(PREFIX).is_some_and(|rest| !["", "algorithm", "mode", "type"].contains(&rest))
}

/// A checksum that a request came with.
struct Given<'a> {
    /// None where there is no such algorithm.
    algorithm: Option<&'static Algorithm>,
    /// What the header says, without blanks around it (RFC 9110 section 5.5).
    text: &'a [u8],
}

impl Given<'_> {
    fn is_old(&self) -> bool {
        self.algorithm.is_some_and(|algorithm| algorithm.old)
    }
}

/// The checksums that a request came with, in the order of their headers' names.
fn given<'a>(request: &Request<'a>) -> impl Iterator<Item = Given<'a>> {
    let arguments = request.call.arguments.range::<str, _>((Bound::Included(PREFIX), Bound::Unbounded));
    let named = arguments.take_while(|(name, _)| name.starts_with(PREFIX)).filter(|(name, _)| is_checksum(name));
    named.filter_map(|(name, value)| {
        let algorithm = Algorithm::of_header(name);
        Some(Given { algorithm, text: value.as_literal()?.trim_ascii() })
    })
}

/// What `content-md5` earns: it must be the Base64 of 16 bytes, and those the MD5 of the body.
pub(crate) fn md5_faults(request: &Request<'_>, payload: &Payload, faults: &mut Vec<Fault>) {
    let Some(text) = request.argument("content-md5") else { return };
    let text = text.trim_ascii();
    match BASE64.decode(text).ok().filter(|digest| digest.len() == payload.md5.len()) {
        None => {
            // An empty element may be told or not.
            let told = || if text.is_empty() { vec![] } else { vec![field("Content-MD5", text)] };
            let answer = request.refuse_with(errors::INVALID_DIGEST, told);
            faults.push(Fault::new(faults::HEADER, answer, Basis::Recorded, MD5S));
        }
        Some(digest) if digest != payload.md5 => {
            // After PutObject the expected digest was recorded in hexadecimal (after UploadPart it was not).
            let told = || {
                let calculated = BASE64.encode(payload.md5);
                vec![field("ExpectedDigest", &hex(&digest)), field("CalculatedDigest", calculated.as_bytes())]
            };
            let answer = request.refuse_with(errors::BAD_DIGEST, told);
            faults.push(Fault::new(faults::DIGEST, answer, Basis::Recorded, MD5S));
        }
        Some(_) => {}
    }
}

/// What the checksums of a request earn: there is at most one, by an algorithm that exists and that is also the
/// one an SDK may have named, well-formed, and that of the body.
pub(crate) fn checksum_faults(request: &Request<'_>, payload: &Payload, faults: &mut Vec<Fault>) {
    let given: Vec<Given<'_>> = given(request).collect();
    if given.len() > 1 {
        let fault = Fault::new(faults::HEADER, request.refuse(errors::INVALID_REQUEST), Basis::Recorded, CHECKSUMS);
        // A server that knows only one of them sees only one.
        let seen = request.aws || given.iter().filter(|own| own.is_old()).count() > 1;
        faults.push(if seen { fault } else { fault.perhaps() });
    }
    for own in &given {
        match own.algorithm {
            Some(algorithm) => value_faults(request, payload, algorithm, own.text, faults),
            None => faults.push(unknown_algorithm(request)),
        }
    }
    let names: Vec<_> = given.iter().map(|own| own.algorithm.map(|algorithm| algorithm.name)).collect();
    faults.extend(sdk_fault(request, &names));
}

fn unknown_algorithm(request: &Request<'_>) -> Fault {
    let source = "versitygw issue 1104 (recorded on AWS): the algorithm in the name of the header is invalid";
    Fault::new(faults::HEADER, request.refuse(errors::INVALID_REQUEST), Basis::Recorded, source)
}

/// What the value of a checksum earns. A server that does not know the algorithm refuses the header or ignores it.
fn value_faults(request: &Request<'_>, payload: &Payload, algorithm: &Algorithm, text: &[u8], faults: &mut Vec<Fault>) {
    let known = algorithm.old || request.aws;
    let mut push = |class, refusal, basis, source| {
        let fault = Fault::new(class, request.refuse(refusal), basis, source);
        faults.push(if known && basis != Basis::Unknown { fault } else { fault.perhaps() });
    };
    let digest = BASE64.decode(text).ok().filter(|digest| digest.len() == algorithm.bytes);
    let own = || request.seen.bodies.of(payload)?.digest(algorithm.function?);
    match (digest, own()) {
        (None, _) => push(faults::HEADER, errors::INVALID_REQUEST, Basis::Recorded, CHECKSUMS),
        (Some(_), None) => push(faults::DIGEST, errors::BAD_DIGEST, Basis::Unknown, NOT_COMPUTED),
        (Some(digest), Some(own)) if digest != own => {
            push(faults::DIGEST, errors::BAD_DIGEST, Basis::Recorded, CHECKSUMS);
        }
        _ => {}
    }
    if !known {
        let answer = request.refuse(errors::INVALID_REQUEST);
        let fault = Fault::new(faults::HEADER, answer, Basis::Unknown, NEWER).perhaps();
        faults.push(fault.or(request.refuse(errors::NOT_IMPLEMENTED)));
    }
}

/// What it earns to name an algorithm whose checksum does not come with the request. `given` are the algorithms of
/// those that do, none for one that does not exist.
///
/// Source: AWS S3 API Reference, `PutObject`, `x-amz-sdk-checksum-algorithm`: "there must be a corresponding
/// `x-amz-checksum-algorithm` or `x-amz-trailer` header sent. Otherwise, Amazon S3 fails the request with the HTTP
/// status code 400 Bad Request." A trailer is an argument like a header by the time it gets here.
pub(crate) fn sdk_fault(request: &Request<'_>, given: &[Option<&'static str>]) -> Option<Fault> {
    const MISSING: &str = "AWS PutObject, x-amz-sdk-checksum-algorithm; versitygw issue 1593 (recorded on AWS)";
    const OTHER: &str = "AWS PutObject says BadDigest; recorded on AWS is InvalidRequest (versitygw issue 1598)";
    const LETTERS: &str = "unknown: the name of the algorithm in small letters";
    let wanted = request.argument(SDK_ALGORITHM)?.trim_ascii();
    let answer = request.refuse(errors::INVALID_REQUEST);
    if given.is_empty() {
        return Some(Fault::new(faults::HEADER, answer, Basis::Recorded, MISSING));
    }
    let mut names = given.iter().flatten().map(|name| name.as_bytes());
    match names.find(|name| name.eq_ignore_ascii_case(wanted)) {
        Some(name) if name == wanted => None,
        Some(_) => Some(Fault::new(faults::HEADER, answer, Basis::Unknown, LETTERS).perhaps()),
        None => {
            let fault = Fault::new(faults::HEADER, answer, Basis::Recorded, OTHER);
            Some(fault.or(request.refuse(errors::BAD_DIGEST)))
        }
    }
}

#[cfg(test)]
mod tests {
    use plumb_model::call::Call;

    use super::*;
    use crate::testing::{Bench, on_key};

    /// A body on which AWS was recorded, and its checksums as `GetObject` told them.
    ///
    /// Source: `LocalStack` `test_s3_get_object_checksum`, its snapshot of 2026-02-21.
    pub(super) const RECORDED_BODY: &str = "test-checksum";
    pub(super) const RECORDED: [(&str, &str); 5] = [
        ("x-amz-checksum-crc32", "lVk/nw=="),
        ("x-amz-checksum-crc32c", "Fz3epA=="),
        ("x-amz-checksum-crc64nvme", "1f2xscCCZCU="),
        ("x-amz-checksum-sha1", "jbXkHAsXUrubtL3dqDQ4w+7WXc0="),
        ("x-amz-checksum-sha256", "1YQo81vx2VFUl0q5ccWISq8AkSBQQ0WO80S82TmfdIQ="),
    ];
    const CRC32: &str = "x-amz-checksum-crc32";
    const SHA256: &str = "x-amz-checksum-sha256";
    const REFUSED: &str = "400 InvalidRequest";

    /// A write of that body.
    pub(super) fn recorded() -> Call {
        on_key("PutObject", "k").with("body", RECORDED_BODY)
    }

    /// The classes of a write with these headers, in each flavour.
    fn classes(headers: &[(&'static str, &str)]) -> [Vec<String>; 2] {
        let call = headers.iter().fold(recorded(), |call, (name, value)| call.with(*name, *value));
        ["compatible", "aws"].map(|flavour| Bench { flavour, ..Bench::new(None) }.classes(&call))
    }

    fn check_both(headers: &[(&'static str, &str)], expected: &[&str]) {
        for classes in classes(headers) {
            assert_eq!(classes, expected, "{headers:?}");
        }
    }

    #[test]
    fn a_checksum_is_that_of_the_body() {
        for (header, right) in RECORDED {
            let wrong =
                BASE64.encode(BASE64.decode(right).expect("Base64").iter().map(|byte| !byte).collect::<Vec<_>>());
            check_both(&[(header, right)], &["200"]);
            check_both(&[(header, &format!(" {right} "))], &["200"]);
            check_both(&[(header, &wrong)], &["400 BadDigest"]);
            for malformed in ["", "__invalid__", "AAAA", right.trim_end_matches('='), &right.replace('=', "")] {
                check_both(&[(header, malformed)], &[REFUSED]);
            }
        }
        check_both(&[RECORDED[0], RECORDED[4]], &[REFUSED]);
        check_both(&[RECORDED[0], (SHA256, "AAAA")], &[REFUSED]);
        check_both(&[(CRC32, "AAAAAA=="), RECORDED[4]], &[REFUSED]);
        check_both(&[("x-amz-checksum-sha256a", "dummy")], &[REFUSED]);
        check_both(&[("x-amz-checksum-algorithm", "TEST")], &["200"]);
    }

    #[test]
    fn what_only_newer_servers_know_may_be_refused_or_ignored() {
        let (md5, sha512) = ("x-amz-checksum-md5", "x-amz-checksum-sha512");
        let right = BASE64.encode(plumb_model::bodies::md5(RECORDED_BODY.as_bytes()));
        let long = BASE64.encode([0; 64]);
        let unknown = &["400 InvalidRequest", "501 NotImplemented"];
        for (header, value, aws, others) in [
            (md5, right.as_str(), &["200"][..], &[&["200"], &unknown[..]].concat()),
            (md5, "AAAAAAAAAAAAAAAAAAAAAA==", &["400 BadDigest"], &[&["200", "400 BadDigest"], &unknown[..]].concat()),
            (md5, "AAAA", &[REFUSED], &[&["200"], &unknown[..]].concat()),
            (sha512, &long, &["200", "400 BadDigest"], &[&["200", "400 BadDigest"], &unknown[..]].concat()),
            (sha512, "AAAA", &[REFUSED], &[&["200"], &unknown[..]].concat()),
        ] {
            let classes = classes(&[(header, value)]);
            assert_eq!(classes[0], *others, "{header} {value}");
            assert_eq!(classes[1], aws, "{header} {value}");
        }
        assert_eq!(classes(&[RECORDED[0], (md5, &right)])[1], [REFUSED]);
    }

    #[test]
    fn an_sdk_names_the_checksum_it_sends() {
        for (named, header, expected) in [
            ("CRC32", Some(RECORDED[0]), &["200"][..]),
            ("crc32", Some(RECORDED[0]), &["200", REFUSED]),
            ("CRC32", None, &[REFUSED]),
            ("PLUMB", None, &[REFUSED]),
            ("CRC32", Some(RECORDED[1]), &[REFUSED, "400 BadDigest"]),
            ("PLUMB", Some(RECORDED[0]), &[REFUSED, "400 BadDigest"]),
        ] {
            let headers: Vec<_> = header.into_iter().chain([(SDK_ALGORITHM, named)]).collect();
            check_both(&headers, expected);
        }
    }

    #[test]
    fn content_md5_is_the_base64_of_16_bytes() {
        let md5 = plumb_model::bodies::md5(RECORDED_BODY.as_bytes());
        let (right, hexadecimal) = (BASE64.encode(md5), hex(&md5).escape_ascii().to_string());
        for (value, class) in [
            (right.as_str(), "200"),
            (&format!(" {right}\t "), "200"),
            ("AAAAAAAAAAAAAAAAAAAAAA==", "400 BadDigest"),
            ("", "400 InvalidDigest"),
            ("__invalid__", "400 InvalidDigest"),
            ("000", "400 InvalidDigest"),
            ("not base64 encoded checksum", "400 InvalidDigest"),
            ("MTIz", "400 InvalidDigest"),
            ("dGVzdC1zdHJpbmc=", "400 InvalidDigest"),
            (&hexadecimal, "400 InvalidDigest"),
            (&right.replace("==", ""), "400 InvalidDigest"),
        ] {
            check_both(&[("content-md5", value)], &[class]);
        }
    }
}
