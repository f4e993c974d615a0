//! The operations, one file each: what may vary in it, what may be wrong with it, what it answers.

pub(crate) mod copy_object;
pub(crate) mod create_bucket;
pub(crate) mod delete_bucket;
pub(crate) mod delete_object;
pub(crate) mod delete_objects;
mod digests;
mod dimensions;
mod get_bucket_location;
mod get_object;
mod head_bucket;
mod head_object;
pub(crate) mod list_buckets;
mod list_objects;
mod list_objects_v2;
mod listing_dimensions;
mod listings;
mod parts;
pub(crate) mod put_object;
pub(crate) mod reading;
pub(crate) mod storing;

use plumb_model::fault::Precedence;
use plumb_model::model::Outcome;
use plumb_model::space::Operation;

use crate::request::Request;
use crate::state::State;

/// What a call of an operation may answer.
type Step = fn(&Request<'_>, &Precedence) -> Vec<Outcome<State>>;

/// A row: name, what may vary, what a call may answer.
type Row = (&'static str, fn() -> Operation, Step);

/// Every operation, in the order in which a bucket lives.
const TABLE: &[Row] = &[
    ("CreateBucket", create_bucket::operation, create_bucket::step),
    ("ListBuckets", list_buckets::operation, list_buckets::step),
    ("GetBucketLocation", get_bucket_location::operation, get_bucket_location::step),
    ("HeadBucket", head_bucket::operation, head_bucket::step),
    ("PutObject", put_object::operation, put_object::step),
    ("CopyObject", copy_object::operation, copy_object::step),
    ("GetObject", get_object::operation, reading::step),
    ("HeadObject", head_object::operation, reading::step),
    ("ListObjects", list_objects::operation, list_objects::step),
    ("ListObjectsV2", list_objects_v2::operation, list_objects_v2::step),
    ("DeleteObject", delete_object::operation, delete_object::step),
    ("DeleteObjects", delete_objects::operation, delete_objects::step),
    ("DeleteBucket", delete_bucket::operation, delete_bucket::step),
];

/// Every operation.
pub(crate) fn all() -> Vec<Operation> {
    TABLE.iter().map(|(_, operation, _)| operation()).collect()
}

/// What a call of the operation `name` may answer; none where it is not modelled.
pub(crate) fn step(name: &str) -> Option<Step> {
    TABLE.iter().find(|(own, ..)| *own == name).map(|(.., step)| *step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_operations_agree_on_names() {
        for (name, operation, _) in TABLE {
            assert_eq!(operation().name, *name);
        }
    }
}
