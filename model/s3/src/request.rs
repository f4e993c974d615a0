//! A call with the state it meets, and the faults that any operation may find in it.

use bytes::Bytes;
use plumb_model::call::Call;
use plumb_model::expectation::{BodyRule, Expectation, Form, Label, Matcher, Shape};
use plumb_model::fault::{Basis, Fault};
use plumb_model::model::Outcome;
use plumb_model::seen::Seen;

use crate::errors::{self, field};
use crate::faults;
use crate::names::{KEY_BYTES_MAX, Naming, bucket_naming};
use crate::signature::Quality;
use crate::state::{Bucket, Object, State};
use crate::wire::{NAMESPACE, NAMESPACE_FIELD, Route};

const ERRORS: &str = "AWS S3 API Reference, ErrorResponses";
const OWNERS: &str = "LocalStack test_get_bucket_policy_invalid_account_id (recorded on AWS)";

/// How many headers most answers have rules for.
const HEADERS_MOST: usize = 28;

/// A call with the state it meets.
pub(crate) struct Request<'a> {
    pub(crate) state: &'a State,
    pub(crate) call: &'a Call,
    pub(crate) seen: &'a Seen<'a>,
    /// Whether everything that AWS documents is demanded, not only what clients rely on.
    pub(crate) aws: bool,
    /// Whether the answer has no body, whatever it says: it is one to HEAD.
    pub(crate) head: bool,
    /// The name of the bucket; empty where the call has none.
    pub(crate) bucket_name: Bytes,
    /// The bucket, where it exists.
    pub(crate) bucket: Option<&'a Bucket>,
    /// The key; empty where the call has none.
    pub(crate) key: Bytes,
}

impl<'a> Request<'a> {
    pub(crate) fn new(state: &'a State, call: &'a Call, seen: &'a Seen<'a>) -> Self {
        let argument = |name| call.bytes(name).cloned().unwrap_or_default();
        let bucket_name = argument("bucket");
        let bucket = state.buckets.get(&bucket_name);
        let (aws, head) = (seen.flavour == crate::AWS, Route::of(call).is_some_and(Route::is_head));
        Self { state, call, seen, aws, head, bucket_name, bucket, key: argument("key") }
    }

    /// The same call, seen as one on another bucket and key that it names.
    pub(crate) fn about(&self, bucket_name: Bytes, key: Bytes) -> Self {
        let bucket = self.state.buckets.get(&bucket_name);
        Self { bucket_name, bucket, key, ..*self }
    }

    /// The bytes of an argument.
    pub(crate) fn argument(&self, name: &str) -> Option<&'a Bytes> {
        self.call.bytes(name)
    }

    /// The object that the key names.
    pub(crate) fn object(&self) -> Option<&'a Object> {
        self.bucket.and_then(|bucket| bucket.objects.get(&self.key)).map(AsRef::as_ref)
    }

    /// Whether an object that is not in the state may be there all the same: written by another case. None has an
    /// empty key.
    pub(crate) fn is_foreign_key(&self) -> bool {
        !self.key.is_empty() && self.bucket.is_some_and(|bucket| !bucket.knows(&self.key))
    }

    /// An answer with what every answer has: request id, date, and on AWS the host id and the server.
    ///
    /// Source: AWS S3 API Reference, "Common response headers"; RFC 9110 section 6.6.1 for `date`. What only
    /// serves support and logs may be missing elsewhere.
    pub(crate) fn answer(&self, status: u16) -> Expectation {
        let mut headers = Vec::with_capacity(HEADERS_MOST);
        let (token, date) = (Matcher::Like(Form::Token), Matcher::Like(Form::HttpDate(None)));
        if self.aws {
            headers.push(("x-amz-request-id".into(), token.clone()));
            headers.push(("x-amz-id-2".into(), token.clone()));
            headers.push(("server".into(), token));
            headers.push(("date".into(), date));
        } else {
            headers.push(("x-amz-request-id".into(), token.maybe()));
            headers.push(("date".into(), date.maybe()));
        }
        Expectation { headers, ..Expectation::status(status) }
    }

    /// 200 without a body, which says so where it says anything.
    pub(crate) fn bodiless(&self) -> Expectation {
        self.answer(200).header("content-length", Matcher::fixed("0").maybe())
    }

    /// 204. It must not tell a length, not even that of nothing (RFC 9110 section 8.6).
    pub(crate) fn no_content(&self) -> Expectation {
        self.answer(204).header("content-length", Matcher::Absent)
    }

    /// 200 with a document of these fields, in the namespace of S3.
    ///
    /// Source: AWS S3 API Reference: the root of every example has the namespace; clients read the names without it.
    pub(crate) fn document(&self, mut fields: Vec<(Label, Shape)>) -> Expectation {
        let namespace = Shape::is(NAMESPACE);
        fields.insert(0, (NAMESPACE_FIELD.into(), if self.aws { namespace } else { namespace.maybe() }));
        let answer = self
            .answer(200)
            .header("content-type", errors::xml_type(self.aws))
            .header("content-length", errors::LENGTH_CHECKED);
        Expectation { body: BodyRule::Document(Shape::Fields(fields)), ..answer }
    }

    /// The faults that every operation on a bucket that should exist looks for.
    pub(crate) fn common_faults(&self) -> Vec<Fault> {
        let mut faults: Vec<Fault> = self.caller_fault().into_iter().collect();
        if faults.is_empty() && self.is_foreign_bucket() {
            faults.push(self.access_denied("AWS S3 API Reference, ErrorResponses: the bucket is somebody else's"));
        }
        self.name_fault(&mut faults, false);
        if self.bucket.is_none() {
            faults.push(self.no_such_bucket());
        }
        self.owner_fault("x-amz-expected-bucket-owner", &mut faults);
        faults
    }

    /// What the signature earns, and what it earns to have none.
    pub(crate) fn caller_fault(&self) -> Option<Fault> {
        let source = "AWS S3 API Reference, ErrorResponses: what is private is closed to anonymous callers";
        let fault = Quality::of(self.call).fault(self);
        fault.or_else(|| self.is_anonymous().then(|| self.access_denied(source)))
    }

    /// Whether nobody signed.
    pub(crate) fn is_anonymous(&self) -> bool {
        match Quality::of(self.call) {
            Quality::Anonymous => true,
            Quality::Valid | Quality::Presigned => self.seen.actor.is_none(),
            _ => false,
        }
    }

    /// Whether the bucket is known to be somebody else's.
    pub(crate) fn is_foreign_bucket(&self) -> bool {
        let owner = self.bucket.and_then(|bucket| bucket.owner.as_deref());
        owner.zip(self.seen.actor).is_some_and(|(owner, actor)| owner != actor)
    }

    pub(crate) fn access_denied(&self, source: &'static str) -> Fault {
        Fault::new(faults::ACCESS, self.refuse(errors::ACCESS_DENIED), Basis::Documented, source)
    }

    pub(crate) fn no_such_bucket(&self) -> Fault {
        let answer = self.refuse_with(errors::NO_SUCH_BUCKET, || vec![field("BucketName", &self.bucket_name)]);
        let source = "LocalStack test_bucket_does_not_exist (recorded on AWS)";
        Fault::new(faults::BUCKET, answer, Basis::Recorded, source)
    }

    /// A name that breaks the rules; one that AWS keeps for itself is perhaps refused. Where a bucket is not
    /// being made, AWS may look such a name up and find nothing, which the fault of the missing bucket says.
    pub(crate) fn name_fault(&self, faults: &mut Vec<Fault>, makes: bool) {
        let naming = bucket_naming(&self.bucket_name);
        if naming == Naming::Good || (matches!(naming, Naming::Reserved | Naming::Disputed) && !makes) {
            return;
        }
        let answer = self.refuse_with(errors::INVALID_BUCKET_NAME, || vec![field("BucketName", &self.bucket_name)]);
        let fault = match (naming, makes) {
            (Naming::Reserved, _) if !self.aws => {
                let source = "S3 User Guide, bucketnamingrules: reserved; most other servers take the name";
                Fault::new(faults::BUCKET_NAME, answer, Basis::Unknown, source).perhaps()
            }
            (Naming::Disputed, _) => {
                let source = "bucketnamingrules permits a period beside a hyphen; AWS refused it to ceph/s3-tests \
                              test_bucket_create_naming_dns_dot_dash, and so do MinIO and Ceph RGW";
                Fault::new(faults::BUCKET_NAME, answer, Basis::Unknown, source).perhaps()
            }
            (_, true) => Fault::new(faults::BUCKET_NAME, answer, Basis::Documented, "S3 User Guide, bucketnamingrules"),
            (_, false) => {
                let source = "unrecorded: on a name that no bucket can have, InvalidBucketName or NoSuchBucket";
                Fault::new(faults::BUCKET_NAME, answer, Basis::Unknown, source)
            }
        };
        faults.push(fault);
    }

    /// A key beyond 1,024 bytes, or one that is not UTF-8.
    pub(crate) fn key_faults(&self, faults: &mut Vec<Fault>) {
        faults.extend(self.long_key().into_iter().chain(self.garbled_key()));
    }

    /// A key beyond 1,024 bytes.
    pub(crate) fn long_key(&self) -> Option<Fault> {
        let size = |bytes: usize| bytes.to_string();
        let fields = || {
            let own = field("Size", size(self.key.len()).as_bytes());
            vec![own, field("MaxSizeAllowed", size(KEY_BYTES_MAX).as_bytes())]
        };
        let refused = || self.refuse_with(errors::KEY_TOO_LONG, fields);
        let is_long = self.key.len() > KEY_BYTES_MAX;
        is_long.then(|| Fault::new(faults::KEY_NAME, refused(), Basis::Documented, ERRORS))
    }

    /// A key that is not UTF-8.
    pub(crate) fn garbled_key(&self) -> Option<Fault> {
        let source = "S3 User Guide, object-keys: a key is UTF-8; what else is answered is not said";
        std::str::from_utf8(&self.key).err()?;
        let fault = Fault::new(faults::KEY_NAME, self.refuse(errors::INVALID_URI), Basis::Unknown, source);
        Some(fault.or(self.refuse(errors::INVALID_ARGUMENT)).or(self.refuse(errors::NO_SUCH_KEY)).perhaps())
    }

    /// A version that is asked for by its id, in a bucket that never had versions.
    ///
    /// Source: `LocalStack` `test_get_object_with_version_unversioned_bucket` (recorded on AWS): `null` names the only
    /// one; "Invalid version id specified" for any other.
    pub(crate) fn version_fault(&self, faults: &mut Vec<Fault>) {
        let Some(id) = self.argument("versionId").filter(|id| *id != "null") else { return };
        let source = "LocalStack test_get_object_with_version_unversioned_bucket, test_delete_object (recorded on AWS)";
        let fields = || vec![field("ArgumentName", b"versionId"), field("ArgumentValue", id)];
        let answer = self.refuse_with(errors::INVALID_ARGUMENT, fields);
        faults.push(Fault::new(faults::QUERY, answer, Basis::Recorded, source));
    }

    /// The version that an answer tells: none, as the bucket never had versions; where the only one was asked for by
    /// its id, that may be repeated.
    pub(crate) fn told_version(&self) -> Matcher {
        match self.argument("versionId") {
            Some(_) => Matcher::fixed("null").maybe(),
            None => Matcher::Absent,
        }
    }

    /// An account that is taken for a bucket's owner has 12 digits. Which account owns the bucket is not known here,
    /// so one that is well-formed is perhaps the wrong one.
    pub(crate) fn owner_fault(&self, header: &str, faults: &mut Vec<Fault>) {
        let Some(owner) = self.argument(header) else { return };
        if owner.len() == 12 && owner.iter().all(u8::is_ascii_digit) {
            let source = "LocalStack (recorded on AWS): AccessDenied on a mismatch; the bucket's account is not known";
            let denied = Fault::new(faults::ACCESS, self.refuse(errors::ACCESS_DENIED), Basis::Unknown, source);
            faults.push(denied.perhaps());
        } else {
            let answer = self.refuse(errors::INVALID_BUCKET_OWNER);
            faults.push(Fault::new(faults::HEADER, answer, Basis::Recorded, OWNERS));
        }
    }

    /// The state with the bucket changed by `change`; the state as it is where there is no bucket.
    pub(crate) fn with_bucket(&self, change: impl FnOnce(&mut Bucket)) -> State {
        let Some(bucket) = self.bucket else { return self.state.clone() };
        let mut bucket = bucket.clone();
        change(&mut bucket);
        self.state.with_bucket(self.bucket_name.clone(), bucket)
    }
}

/// An outcome that AWS documents.
pub(crate) fn documented(expectation: Expectation, source: &'static str) -> Outcome<State> {
    Outcome::new(expectation, Basis::Documented, source)
}

#[cfg(test)]
mod tests {
    use plumb_model::call::Call;

    use crate::testing::{Bench, on_bucket, on_key, put};

    /// What the second identity gets in the bucket of the first, with an object under `k`.
    fn check(call: &Call, expected: &[&str]) {
        let bench = Bench { actor: Some("AKIAOTHER"), ..Bench::after(&[put("k")]) };
        assert_eq!(bench.classes(call), expected, "{call:?}");
    }

    #[test]
    fn what_is_somebody_elses_is_closed_whatever_is_asked() {
        let closed = ["403 AccessDenied"];
        for call in [
            on_key("GetObject", "k"),
            on_key("GetObject", "absent"),
            on_key("GetObject", "k").with("range", "bytes=99-"),
            on_key("GetObject", "k").with("if-match", "\"nope\""),
            on_key("GetObject", "k").with("signature", "anonymous"),
            put("k"),
            put("new").with("if-match", "\"nope\""),
            on_key("DeleteObject", "k"),
            on_key("DeleteObject", "absent"),
            on_bucket("ListObjectsV2"),
            on_bucket("DeleteBucket"),
        ] {
            check(&call, &closed);
        }
    }

    #[test]
    fn a_bad_signature_is_refused_as_such_wherever_it_knocks() {
        check(&on_key("GetObject", "k").with("signature", "wrong-secret"), &["403 SignatureDoesNotMatch"]);
    }

    #[test]
    fn whether_a_right_or_a_syntax_is_looked_at_first_is_open() {
        let malformed = on_key("GetObject", "k").with("x-amz-expected-bucket-owner", "abcd");
        check(&malformed, &["403 AccessDenied", "400 InvalidBucketOwnerAWSAccountID"]);
    }
}
