//! Bugs to plant into a server made from the model, each with the finding it must give.
//!
//! What a bug does to a call stands in `calls`, what it does to an answer in `answers`, and what it must remember
//! for that in `memory`; those of batches stand in `batches`, of copies in `copies`, of listings in `listings`.

mod answers;
mod batches;
mod calls;
mod copies;
mod listings;
mod memory;

use std::sync::Arc;

use plumb_model::answer::Answer;
use plumb_model::call::Call;
use plumb_model::plant::{Bug, Effect, OnAnswer, OnCall, Plant};

const ACCEPTS: &str = "accepts-what-must-be-refused";
const REFUSES: &str = "refuses-what-must-work";
const WRONG_CODE: &str = "wrong-code";
const WRONG_CONTENT: &str = "wrong-header-or-body";
const WRONG_STATE: &str = "wrong-state-afterwards";
const SERVER_ERROR: &str = "server-error";
const CYCLE: &str = "precedence-cycle";

/// A row: name, what the server does wrong, the operation that gives it away, the kind of finding, the bug.
type Row<Act> = (&'static str, &'static str, &'static str, &'static str, Act);

type ActOnCall = fn(&Call, &[Call]) -> Effect;
type ActOnAnswer = fn(&Call, &mut Answer);

/// Bugs in what the server makes of a call.
const ON_CALL: &[Row<ActOnCall>] = &[
    ("if-match-ignored", "a read ignores if-match", "GetObject", ACCEPTS, calls::if_match_ignored),
    ("suffix-off-by-one", "a suffix range gives one byte too many", "GetObject", WRONG_CONTENT, calls::longer_suffix),
    ("others-may-read", "a read is open to every account", "GetObject", ACCEPTS, calls::others_may_read),
    ("stale-read", "a read after an overwrite gives the old object", "GetObject", WRONG_STATE, calls::stale_read),
    ("lost-overwrite", "an overwrite is acknowledged, not stored", "GetObject", WRONG_STATE, calls::lost_overwrite),
    ("delete-forgets", "a delete answers 204 and keeps the object", "GetObject", WRONG_STATE, calls::lost_delete),
    ("key-stays-listed", "a deleted key is listed", "ListObjectsV2", WRONG_STATE, calls::key_stays_listed),
    ("bucket-stays-listed", "a deleted bucket is listed", "ListBuckets", WRONG_STATE, calls::bucket_stays_listed),
    (
        "bucket-prefix-ignored",
        "buckets are listed whatever the prefix",
        "ListBuckets",
        WRONG_CONTENT,
        calls::bucket_prefix_ignored,
    ),
    ("quiet-ignored", "quiet hides nothing", "DeleteObjects", WRONG_CONTENT, calls::quiet_ignored),
    (
        "missing-key-is-an-error",
        "a key of a batch that is not there is told as an error",
        "DeleteObjects",
        WRONG_CONTENT,
        calls::missing_key_is_an_error,
    ),
    ("metadata-lost", "user metadata is not stored", "GetObject", WRONG_CONTENT, calls::metadata_lost),
    ("crc32c-unchecked", "a CRC-32C is not compared with the body", "PutObject", ACCEPTS, calls::crc32c_unchecked),
    ("md5-unchecked", "content-md5 is not compared with the body", "PutObject", ACCEPTS, calls::md5_unchecked),
    (
        "second-first-write",
        "if-none-match lets a second write through",
        "PutObject",
        ACCEPTS,
        calls::second_first_write,
    ),
    ("signature-unchecked", "a signature by another secret is taken", "GetObject", ACCEPTS, calls::signature_unchecked),
    ("plus-is-blank", "a plus in a key is stored as a blank", "ListObjectsV2", WRONG_CONTENT, calls::plus_is_blank),
    ("token-ignored", "a continuation token starts over", "ListObjectsV2", WRONG_CONTENT, calls::token_ignored),
    ("size-unchecked", "metadata may be as large as it likes", "PutObject", ACCEPTS, calls::metadata_unbounded),
    ("version-ignored", "any version id names the object", "GetObject", ACCEPTS, calls::version_ignored),
    ("part-ignored", "the number of a part is ignored", "HeadObject", WRONG_CODE, calls::part_ignored),
    ("winners-in-a-circle", "three faults win over each other in turn", "PutObject", CYCLE, calls::winners_in_a_circle),
    ("override-ignored", "response-* changes no header", "GetObject", WRONG_CONTENT, calls::override_ignored),
];

/// Bugs in the answer.
const ON_ANSWER: &[Row<ActOnAnswer>] = &[
    ("range-ends-early", "a range leaves its last byte out", "GetObject", WRONG_CONTENT, answers::range_ends_early),
    ("range-total", "content-range tells a wrong total", "GetObject", WRONG_CONTENT, answers::range_total),
    ("bare-304", "304 comes without its entity tag", "GetObject", WRONG_CONTENT, answers::bare_not_modified),
    ("bare-tag", "the entity tag comes without quotes", "GetObject", WRONG_CONTENT, answers::bare_tag),
    (
        "checksum-of-another",
        "a write is answered with the checksum of another body",
        "PutObject",
        WRONG_CONTENT,
        answers::checksum_of_another,
    ),
    (
        "checksum-with-part",
        "a part comes with a checksum that is not its own",
        "GetObject",
        WRONG_CONTENT,
        answers::checksum_with_part,
    ),
    ("page-skips", "a page leaves its last key out", "ListObjectsV2", WRONG_CONTENT, answers::page_skips),
    ("own-bucket-hidden", "a bucket is not listed", "ListBuckets", WRONG_CONTENT, answers::own_bucket_hidden),
    ("utf16-order", "keys are sorted by UTF-16", "ListObjectsV2", WRONG_CONTENT, answers::utf16_order),
    ("prefix-twice", "a common prefix is counted twice", "ListObjectsV2", WRONG_CONTENT, answers::prefix_twice),
    (
        "location-of-another-region",
        "a bucket is told to be in another region",
        "GetBucketLocation",
        WRONG_CONTENT,
        answers::location_elsewhere,
    ),
    ("full-bucket-deleted", "a bucket with objects is deleted", "DeleteBucket", ACCEPTS, answers::full_bucket_deleted),
    ("suffix-crash", "a suffix longer than the object crashes", "GetObject", SERVER_ERROR, answers::suffix_crash),
    ("quotes-demanded", "if-match without quotes is refused", "GetObject", REFUSES, answers::quotes_demanded),
    ("key-or-bucket", "a missing key is told as a missing bucket", "GetObject", WRONG_CODE, answers::key_or_bucket),
    ("head-with-body", "an error to HEAD has a body", "HeadObject", WRONG_CONTENT, answers::head_with_body),
    (
        "head-length",
        "HEAD tells the length of the part it sends: none",
        "HeadObject",
        WRONG_CONTENT,
        answers::head_length,
    ),
    ("head-metadata", "HEAD leaves the metadata out", "HeadObject", WRONG_CONTENT, answers::head_metadata),
];

/// Every plant.
pub(crate) fn all() -> Vec<Plant> {
    let calls = ON_CALL.iter().chain(&copies::ON_CALL).map(|(name, about, operation, kind, act)| {
        let bug: Arc<dyn Bug> = Arc::new(OnCall(*act));
        Plant { name, about, operation, kind, strength: 1, bug }
    });
    let answers = ON_ANSWER.iter().chain(&copies::ON_ANSWER).chain(&listings::ON_ANSWER);
    let answers = answers.map(|(name, about, operation, kind, act)| {
        let bug: Arc<dyn Bug> = Arc::new(OnAnswer(*act));
        Plant { name, about, operation, kind, strength: 1, bug }
    });
    calls
        .chain(answers)
        .chain(listings::on_three())
        .chain(listings::hidden())
        .chain(memory::all())
        .chain(batches::all())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_operations_exist() {
        let (plants, operations) = (all(), crate::operations::all());
        let names: BTreeSet<_> = plants.iter().map(|plant| plant.name).collect();
        assert_eq!(names.len(), plants.len());
        for plant in &plants {
            assert!(operations.iter().any(|operation| operation.name == plant.operation), "{}", plant.name);
        }
    }
}
