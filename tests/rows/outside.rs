//! Rows that are answered outside their set, each for a reason. A row that comes inside must leave this table.

use std::collections::BTreeSet;

/// Rows outside for one reason.
struct Outside {
    /// Their ids.
    rows: &'static [&'static str],
    /// What they are answered instead: how each answer may begin.
    instead: &'static [&'static str],
    /// Why that is right, or what is missing.
    why: &'static str,
    /// Where that is written.
    source: &'static str,
}

/// The model says 501 of what it does not know; a probe that needs an upload id then has none.
const UNMODELLED: &[&str] = &["501", "EXC AttributeError 'NoneType'"];

const OUTSIDE: [Outside; 7] = [
    Outside {
        rows: &["x-amz-content-sha256-mismatch"],
        instead: &["200"],
        why: "botocore writes the header anew when it signs, so the digest that is sent is the right one",
        source: "botocore, auth.py: S3SigV4Auth._modify_request_before_signing",
    },
    Outside {
        rows: &[
            "mp-part-0",
            "mp-part-10001",
            "mp-upload-bad-id",
            "mp-complete-bad-id",
            "mp-abort-bad-id",
            "mp-wrong-key",
            "mp-complete-empty",
            "mp-order",
            "mp-missing-part",
            "mp-wrong-etag",
            "mp-complete-ok-etag-suffix",
            "mp-complete-twice",
            "mp-listparts-after-complete",
            "mp-object-size-mismatch",
            "mp-ssec-part-without",
            "mp-copy-range-past-end",
            "mp-copy-range-beyond",
            "mp-checksum-type-without-algo",
            "mp-full-object-sha256",
            "prec complete malformed xml + bad uploadId",
        ],
        instead: UNMODELLED,
        why: "multipart uploads are not modelled",
        source: "S3 API Reference, CreateMultipartUpload, UploadPart and CompleteMultipartUpload",
    },
    Outside {
        rows: &[
            "ssec-ok",
            "ssec+sse-s3",
            "ssec-wrong-algo",
            "ssec-no-algo",
            "get-ssec-no-md5",
            "get-ssec-bad-md5",
            "sse-kms-bad-key",
        ],
        instead: UNMODELLED,
        why: "encryption with a customer's key or a key of KMS is not modelled",
        source: "S3 User Guide, ServerSideEncryptionCustomerKeys and UsingKMSEncryption",
    },
    Outside {
        rows: &[
            "tag-ok",
            "tag-dup",
            "tag-badfmt",
            "tag-11-hdr",
            "put-tagging-badkey",
            "put-tagging-aws-prefix",
            "put-tagging-129",
            "put-tagging-257v",
            "put-tagging-11",
            "put-tagging-malformed",
            "get-tagging-none",
            "bucket-tags-none",
            "prec bad tagging + bad storage class",
        ],
        instead: UNMODELLED,
        why: "tags are not modelled",
        source: "S3 User Guide, object-tagging",
    },
    Outside {
        rows: &["policy-none", "policy-empty-json", "expected-owner-malformed"],
        instead: UNMODELLED,
        why: "bucket policies are not modelled; the owner is asked for in a call about one",
        source: "S3 API Reference, GetBucketPolicy and PutBucketPolicy",
    },
    Outside {
        rows: &["versioning-empty", "list-versions-vid-only"],
        instead: UNMODELLED,
        why: "versions are not modelled",
        source: "S3 User Guide, Versioning",
    },
    Outside {
        rows: &["get-marker-by-id", "head-marker-by-id", "head-marker-latest-header", "copy-from-marker-version"],
        instead: &["400", "404"],
        why: "versions are not modelled, so that nothing left a marker: its id is none, the key is absent",
        source: "S3 User Guide, DeleteMarker",
    },
];

/// Whether the table says that the row with this id is answered `got`.
pub(crate) fn is_explained(id: &str, got: &str) -> bool {
    let mut fitting = OUTSIDE.iter().filter(|outside| outside.rows.contains(&id));
    fitting.any(|outside| outside.instead.iter().any(|begin| got.starts_with(begin)))
}

/// Whether a row with this id is in the table.
pub(crate) fn is_listed(id: &str) -> bool {
    OUTSIDE.iter().any(|outside| outside.rows.contains(&id))
}

/// Demands that each id in the table is that of a row, and stands there once.
pub(crate) fn check_known(known: &BTreeSet<String>) {
    let mut seen = BTreeSet::new();
    for id in OUTSIDE.iter().flat_map(|outside| outside.rows) {
        assert!(known.contains(*id), "there is no row {id:?}");
        assert!(seen.insert(id), "{id:?} stands in the table twice");
    }
    for Outside { why, source, .. } in &OUTSIDE {
        assert!(!why.is_empty() && !source.is_empty(), "a reason with its source");
    }
}
