//! The classes of faults, and the firm edges between them: which of two faults must win.
//!
//! AWS publishes no order. The edges below are those on which every implementation that was read agrees, or
//! which a standard demands; everything else is open, and the model permits either.

use plumb_model::fault::{Basis, Edge};

/// A wrong secret, an unknown key, a skewed clock.
pub(crate) const CREDENTIALS: &str = "credentials";
/// An `authorization` header that cannot be read.
pub(crate) const AUTHORIZATION: &str = "authorization-header";
/// A caller without the right: nobody, or somebody else.
pub(crate) const ACCESS: &str = "access";
/// A body that is not the one that was signed.
pub(crate) const PAYLOAD_HASH: &str = "payload-hash";
/// A name that no bucket can have.
pub(crate) const BUCKET_NAME: &str = "bucket-name";
/// A bucket that is not there.
pub(crate) const BUCKET: &str = "bucket";
/// A bucket to copy from that is not there.
pub(crate) const SOURCE_BUCKET: &str = "source-bucket";
/// An object to copy from that is not there.
pub(crate) const SOURCE_KEY: &str = "source-key";
/// An object to copy from that cannot be read, or a condition on it that does not hold.
pub(crate) const SOURCE_CONDITION: &str = "source-condition";
/// What the bucket holds or who owns it, as met by an operation on the bucket.
pub(crate) const BUCKET_STATE: &str = "bucket-state";
/// A name that no object can have.
pub(crate) const KEY_NAME: &str = "key-name";
/// A header that breaks its own syntax.
pub(crate) const HEADER: &str = "header-syntax";
/// More metadata than allowed.
pub(crate) const METADATA: &str = "metadata-size";
/// A query parameter that breaks its own syntax.
pub(crate) const QUERY: &str = "query-syntax";
/// A body that is not the XML it should be, or asks for what cannot be.
pub(crate) const BODY_XML: &str = "body-xml";
/// An object that is not there.
pub(crate) const KEY: &str = "key";
/// An object in a storage class that cannot be read, or one that would be copied to itself as it is.
pub(crate) const OBJECT_STATE: &str = "object-state";
/// A condition of a read that does not hold.
pub(crate) const READ_CONDITION: &str = "read-condition";
/// A condition of a write or delete that does not hold.
pub(crate) const WRITE_CONDITION: &str = "write-condition";
/// A range beyond the object.
pub(crate) const RANGE: &str = "range";
/// A digest in a header that is not that of the body.
pub(crate) const DIGEST: &str = "body-digest";

const AUTHENTICATION_FIRST: &str =
    "LocalStack (validated by AWS records), Ceph RGW, versitygw, MinIO: credentials are decided before stored state";
const MASKED: &str =
    "AWS GetObject: without s3:ListBucket the answer is 403 instead of 404; all four servers decide access first";
const BUCKET_FIRST: &str = "LocalStack, Ceph RGW, versitygw, MinIO: the bucket is looked up before stored objects";
const KEY_FIRST: &str = "LocalStack, MinIO, versitygw: the object is looked up before its conditions";
const RANGE_LAST: &str = "RFC 9110 section 13.2.2: preconditions are evaluated before Range";
const NAME_FIRST: &str = "Ceph RGW, MinIO, LocalStack, OpenStack Swift: a write checks the length of the key before it looks at what is there";
const SYNTAX_FIRST: &str = "LocalStack, MinIO, versitygw: headers are checked before the body is read";

const fn agreed(over: &'static str, under: &'static str, source: &'static str) -> Edge {
    Edge { over, under, basis: Basis::Implemented, source }
}

const fn documented(over: &'static str, under: &'static str, source: &'static str) -> Edge {
    Edge { over, under, basis: Basis::Documented, source }
}

/// The firm edges.
pub(crate) const EDGES: &[Edge] = &[
    agreed(CREDENTIALS, BUCKET, "Ceph RGW, versitygw: credentials are decided before the bucket is looked up"),
    agreed(
        CREDENTIALS,
        SOURCE_BUCKET,
        "LocalStack, Ceph RGW, versitygw: credentials are decided before a bucket is looked up",
    ),
    agreed(CREDENTIALS, SOURCE_KEY, AUTHENTICATION_FIRST),
    agreed(CREDENTIALS, SOURCE_CONDITION, AUTHENTICATION_FIRST),
    agreed(CREDENTIALS, BUCKET_STATE, AUTHENTICATION_FIRST),
    agreed(CREDENTIALS, KEY, AUTHENTICATION_FIRST),
    agreed(CREDENTIALS, OBJECT_STATE, AUTHENTICATION_FIRST),
    agreed(CREDENTIALS, READ_CONDITION, AUTHENTICATION_FIRST),
    agreed(CREDENTIALS, WRITE_CONDITION, AUTHENTICATION_FIRST),
    agreed(CREDENTIALS, RANGE, AUTHENTICATION_FIRST),
    agreed(CREDENTIALS, DIGEST, AUTHENTICATION_FIRST),
    agreed(AUTHORIZATION, BUCKET_STATE, AUTHENTICATION_FIRST),
    agreed(AUTHORIZATION, KEY, AUTHENTICATION_FIRST),
    agreed(AUTHORIZATION, SOURCE_KEY, AUTHENTICATION_FIRST),
    agreed(AUTHORIZATION, SOURCE_CONDITION, AUTHENTICATION_FIRST),
    agreed(AUTHORIZATION, OBJECT_STATE, AUTHENTICATION_FIRST),
    agreed(AUTHORIZATION, READ_CONDITION, AUTHENTICATION_FIRST),
    agreed(AUTHORIZATION, WRITE_CONDITION, AUTHENTICATION_FIRST),
    agreed(AUTHORIZATION, RANGE, AUTHENTICATION_FIRST),
    documented(ACCESS, KEY, MASKED),
    agreed(ACCESS, BUCKET_STATE, AUTHENTICATION_FIRST),
    agreed(ACCESS, SOURCE_KEY, AUTHENTICATION_FIRST),
    agreed(ACCESS, SOURCE_CONDITION, AUTHENTICATION_FIRST),
    agreed(ACCESS, OBJECT_STATE, AUTHENTICATION_FIRST),
    agreed(ACCESS, READ_CONDITION, AUTHENTICATION_FIRST),
    agreed(ACCESS, WRITE_CONDITION, AUTHENTICATION_FIRST),
    agreed(ACCESS, RANGE, AUTHENTICATION_FIRST),
    agreed(BUCKET, KEY, BUCKET_FIRST),
    agreed(BUCKET, OBJECT_STATE, BUCKET_FIRST),
    agreed(BUCKET, READ_CONDITION, BUCKET_FIRST),
    agreed(BUCKET, WRITE_CONDITION, BUCKET_FIRST),
    agreed(BUCKET, RANGE, BUCKET_FIRST),
    agreed(BUCKET, DIGEST, BUCKET_FIRST),
    agreed(KEY, READ_CONDITION, KEY_FIRST),
    agreed(SOURCE_KEY, SOURCE_CONDITION, KEY_FIRST),
    Edge { over: KEY, under: RANGE, basis: Basis::Recorded, source: "LocalStack test_get_object_range" },
    documented(READ_CONDITION, RANGE, RANGE_LAST),
    agreed(KEY_NAME, WRITE_CONDITION, NAME_FIRST),
    agreed(HEADER, DIGEST, SYNTAX_FIRST),
];

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_model::fault::Precedence;

    #[test]
    fn the_edges_are_a_partial_order() {
        assert!(Precedence::new(EDGES).cycles().is_empty());
    }

    #[test]
    fn what_is_open_stays_open() {
        let precedence = Precedence::new(EDGES);
        let open = [
            (CREDENTIALS, BUCKET_NAME),
            (ACCESS, BUCKET),
            (BUCKET, HEADER),
            (HEADER, WRITE_CONDITION),
            (WRITE_CONDITION, DIGEST),
            (KEY_NAME, BUCKET),
            // Ceph RGW checks the name first; MinIO, LocalStack and Swift check its length on writes only.
            (KEY_NAME, KEY),
            (PAYLOAD_HASH, BUCKET),
            (BUCKET, SOURCE_BUCKET),
            (SOURCE_BUCKET, WRITE_CONDITION),
            // Nobody has recorded whether the object to copy from is read before the bucket to copy to is looked up.
            (BUCKET, SOURCE_KEY),
            (BUCKET, SOURCE_CONDITION),
            // Ceph RGW compares the names before it looks anything up, LocalStack after it has found the source.
            (OBJECT_STATE, KEY),
            (OBJECT_STATE, READ_CONDITION),
            (OBJECT_STATE, WRITE_CONDITION),
            (METADATA, DIGEST),
            (QUERY, BUCKET),
            (BODY_XML, BUCKET_STATE),
        ];
        for (one, other) in open {
            assert!(!precedence.wins(one, other) && !precedence.wins(other, one), "{one} against {other}");
        }
    }
}
