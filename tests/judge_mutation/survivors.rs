//! The answers that are altered and conform all the same, each with its reason.

use std::collections::BTreeSet;

/// The API, the place, what permits the difference, and why that is right.
type Row = (&'static str, &'static str, &'static str, &'static str);

/// What a standard or the owner of the API leaves to the server, or what clients of compatible servers do without.
const RIGHT: &[Row] = &[
    (
        "kv",
        "body",
        "the same document: white space behind it",
        "RFC 8259 section 2: white space around a value is no part of it",
    ),
    (
        "kv",
        "header date",
        "no rule names it",
        "RFC 9110 section 6.6.1: the moment of the answer, which the API says nothing about",
    ),
    ("kv", "header etag", "any entity tag at first sight", "the server chooses a revision; from then on it is bound"),
    (
        "s3",
        "body",
        "the same document: in the XML declaration",
        "XML 1.0 productions 22 and 26, section 4.3.3: it may be missing, and the name of an encoding has no case",
    ),
    (
        "s3",
        "body",
        "the same document: white space behind it",
        "XML 1.0 production 27: white space may follow the root",
    ),
    (
        "s3",
        "body",
        "the same document: inside of the root",
        "RFC 3986 section 2.1: the digits of what is escaped in a key have no case",
    ),
    ("s3", "body Buckets.Bucket", "in another order", "AWS S3 API Reference, ListBuckets: no order is documented"),
    (
        "s3",
        "body Buckets.Bucket[]",
        "may be missing",
        "what stands on a page, behind a token or in a region is for the server to say",
    ),
    (
        "s3",
        "body Buckets.Bucket[].BucketArn",
        "any visible text",
        "AWS S3 API Reference, Bucket: for directory buckets, and recorded for others; its partition is not known",
    ),
    (
        "s3",
        "body Buckets.Bucket[].BucketArn",
        "may be missing",
        "AWS S3 API Reference, Bucket: documented for directory buckets only",
    ),
    (
        "s3",
        "body Buckets.Bucket[].BucketRegion",
        "any visible text",
        "compatible only: servers have regions of their own, or none",
    ),
    (
        "s3",
        "body Buckets.Bucket[].BucketRegion",
        "may be missing",
        "AWS S3 API Reference, Bucket: told where a parameter was given; compatible: servers without regions",
    ),
    (
        "s3",
        "body Buckets.Bucket[].CreationDate",
        "any ISO 8601 date",
        "aws only: the date of a bucket that is deleted and still listed is held against nothing",
    ),
    (
        "s3",
        "body Buckets.Bucket[].CreationDate",
        "any ISO 8601 date at first sight",
        "the bucket was there before the case; from then on it is bound",
    ),
    (
        "s3",
        "body Buckets.Bucket[].CreationDate",
        "the same ISO 8601 date, written otherwise",
        "RFC 3339 section 5.6: another fraction of the second, or a small t or z",
    ),
    (
        "s3",
        "body Contents[].LastModified",
        "any ISO 8601 date of the interval at first sight",
        "the server's clock; from then on it is bound",
    ),
    (
        "s3",
        "body Contents[].LastModified",
        "the same ISO 8601 date of the interval, written otherwise",
        "RFC 3339 section 5.6: another fraction of the second, or a small t or z",
    ),
    ("s3", "body ChecksumCRC32", "may be missing", "compatible only: no client relies on what is told of a copy"),
    ("s3", "body ChecksumCRC32C", "may be missing", "compatible only: no client relies on what is told of a copy"),
    ("s3", "body ChecksumCRC64NVME", "may be missing", "compatible only: no client relies on what is told of a copy"),
    ("s3", "body ChecksumMD5", "may be missing", "compatible only: no client relies on what is told of a copy"),
    ("s3", "body ChecksumSHA1", "may be missing", "compatible only: no client relies on what is told of a copy"),
    ("s3", "body ChecksumSHA256", "may be missing", "compatible only: no client relies on what is told of a copy"),
    ("s3", "body ChecksumType", "may be missing", "compatible only: no client relies on what is told of a copy"),
    ("s3", "body Contents[].Owner", "may be missing", "compatible only: servers with one account leave it out"),
    (
        "s3",
        "body Contents[].Owner.ID",
        "any visible text at first sight",
        "AWS S3 API Reference, Owner: the service chooses the id; from then on it is bound",
    ),
    ("s3", "body Contents[].StorageClass", "may be missing", "compatible only: servers with one class leave it out"),
    (
        "s3",
        "body ContinuationToken",
        "any visible text at first sight",
        "AWS S3 API Reference, ListBuckets: obfuscated; from then on it is bound",
    ),
    (
        "s3",
        "body ContinuationToken",
        "may be missing",
        "an empty parameter is echoed as an empty element or not at all",
    ),
    (
        "s3",
        "body Deleted",
        "in another order",
        "AWS S3 API Reference, DeleteObjects: no order is documented, and none was recorded",
    ),
    ("s3", "body Deleted", "may be missing", "XML has no element for a list that is empty"),
    (
        "s3",
        "body Deleted[].VersionId",
        "may be missing",
        "told or not where the only version is named by its id: nobody says which",
    ),
    ("s3", "body Delimiter", "may be missing", "an empty parameter is echoed as an empty element or not at all"),
    ("s3", "body EncodingType", "may be missing", "an empty parameter is echoed as an empty element or not at all"),
    (
        "s3",
        "body Error",
        "in another order",
        "AWS S3 API Reference, DeleteObjects: no order is documented, and none was recorded",
    ),
    ("s3", "body Error", "may be missing", "XML has no element for a list that is empty"),
    (
        "s3",
        "body Error[].Code",
        "in another case",
        "one of several codes where nobody says which: what may be one of several is compared without case",
    ),
    ("s3", "body Error[].Message", "may be missing", "compatible only: for people; programs go by the code"),
    ("s3", "body Error[].VersionId", "may be missing", "compatible only: whoever named the version knows it"),
    ("s3", "body HostId", "any visible text", "AWS S3 API Reference, REST error responses: for support only"),
    ("s3", "body Marker", "may be missing", "compatible only: an empty parameter is echoed or not"),
    ("s3", "body Message", "may be missing", "compatible only: for people; programs go by the code"),
    (
        "s3",
        "body NextContinuationToken",
        "any visible text at first sight",
        "AWS S3 API Reference, ListObjectsV2: obfuscated; from then on it is bound",
    ),
    ("s3", "body Owner", "may be missing", "compatible only: servers with one account leave it out"),
    (
        "s3",
        "body Owner.ID",
        "any visible text at first sight",
        "AWS S3 API Reference, Owner: the service chooses the id; from then on it is bound",
    ),
    ("s3", "body Prefix", "may be missing", "compatible only: an empty parameter is echoed or not"),
    ("s3", "body RequestId", "any visible text", "AWS S3 API Reference, REST error responses: for support only"),
    ("s3", "body RequestId", "may be missing", "compatible only: for support only"),
    ("s3", "body StartAfter", "may be missing", "an empty parameter is echoed as an empty element or not at all"),
    ("s3", "body xmlns", "may be missing", "compatible only: clients read the names without their namespace"),
    ("s3", "header accept-ranges", "may be missing", "compatible only: RFC 9110 section 14.3 leaves it to the server"),
    (
        "s3",
        "header content-length",
        "any integer",
        "RFC 9110 section 8.6: a refused HEAD tells the length of the error that GET would have got",
    ),
    ("s3", "header content-disposition", "may be missing", "RFC 9110 section 15.4.5: 304 need not repeat it"),
    ("s3", "header content-length", "may be missing", "RFC 9112 section 6.3: the framing may be another"),
    ("s3", "header content-range", "may be missing", "RFC 9110 section 15.5.17: should be sent with 416, not must"),
    (
        "s3",
        "header content-type",
        "in another case",
        "RFC 9110 section 8.3.1: types and the name of a charset have no case",
    ),
    ("s3", "header content-type", "may be missing", "RFC 9110 section 15.4.5: 304 need not repeat it"),
    (
        "s3",
        "header date",
        "any HTTP date",
        "RFC 9110 section 6.6.1: what is known of the target's clock is known by this field",
    ),
    (
        "s3",
        "header date",
        "may be missing",
        "compatible only: RFC 9110 section 6.6.1: a server without a clock sends none",
    ),
    ("s3", "header last-modified", "may be missing", "RFC 9110 section 15.4.5: 304 need not repeat it beside an etag"),
    ("s3", "header location", "may be missing", "compatible only: no client relies on it"),
    (
        "s3",
        "header location",
        "in another case",
        "RFC 3986 section 6.2.2.1: a scheme and a host have no case, and no name of a bucket has a capital",
    ),
    ("s3", "header server", "any visible text", "RFC 9110 section 10.2.4: names the software"),
    (
        "s3",
        "header x-amz-bucket-region",
        "any visible text",
        "AWS S3 API Reference, HeadBucket: the region of the bucket, which the model does not know",
    ),
    ("s3", "header x-amz-bucket-region", "may be missing", "compatible only: servers without regions leave it out"),
    ("s3", "header x-amz-checksum-crc32", "may be missing", "compatible only: no client relies on the echo"),
    ("s3", "header x-amz-checksum-crc32c", "may be missing", "compatible only: no client relies on the echo"),
    (
        "s3",
        "header x-amz-checksum-crc64nvme",
        "may be missing",
        "compatible, where no client relies on it; with a range that is the whole object nobody knows",
    ),
    ("s3", "header x-amz-checksum-md5", "may be missing", "told by servers that compute it"),
    ("s3", "header x-amz-checksum-sha1", "may be missing", "compatible only: no client relies on the echo"),
    ("s3", "header x-amz-checksum-sha256", "may be missing", "compatible only: no client relies on the echo"),
    ("s3", "header x-amz-checksum-sha512", "may be missing", "told by servers that compute it"),
    (
        "s3",
        "header x-amz-checksum-type",
        "may be missing",
        "compatible, where no client relies on it; with a range that is the whole object nobody knows",
    ),
    ("s3", "header x-amz-id-2", "any visible text", "AWS S3 API Reference, common response headers: for support only"),
    (
        "s3",
        "header x-amz-request-id",
        "any visible text",
        "AWS S3 API Reference, common response headers: for support only",
    ),
    ("s3", "header x-amz-request-id", "may be missing", "compatible only: for support only"),
    ("s3", "header x-amz-meta-colour", "may be missing", "RFC 9110 section 15.4.5: 304 need not repeat it"),
    (
        "s3",
        "header x-amz-version-id",
        "may be missing",
        "told or not where the only version is asked for by its id: nobody says which",
    ),
    ("s3", "header x-amz-storage-class", "may be missing", "compatible only: STANDARD may be told or not"),
];

/// Holes: what should diverge and does not yet, each with the mend. Once it is mended, its line must go.
const HOLES: &[Row] = &[];

/// The places of an API, with what permits a difference there.
pub(crate) fn of(api: &str) -> BTreeSet<(&'static str, &'static str)> {
    let rows = RIGHT.iter().chain(HOLES).filter(|(own, ..)| *own == api);
    rows.map(|(_, place, why, _)| (*place, *why)).collect()
}
