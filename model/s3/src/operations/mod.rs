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

    /// The calls of a row: id and operation.
    fn calls(operation: &Operation, labels: &[&str]) -> Vec<(String, String)> {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let row = operation.space.row(&labels).expect("these choices are there");
        assert!(operation.space.permits(&row), "{} {labels:?}", operation.name);
        let calls = operation.case("s3", "test", &row).calls.into_iter();
        calls.map(|turn| (turn.id, turn.call.operation.into_owned())).collect()
    }

    #[test]
    fn a_first_write_over_a_deleted_key_is_one_row() {
        let row = calls(&put_object::operation(), &["key-state=deleted", "condition=if-none-match-star"]);
        let expected = [
            ("stored", "PutObject"),
            ("deleted", "DeleteObject"),
            ("call", "PutObject"),
            ("probe-get", "GetObject"),
            ("probe-list", "ListObjectsV2"),
        ];
        assert_eq!(row, expected.map(|(id, name)| (id.to_owned(), name.to_owned())));
    }

    #[test]
    fn what_meets_a_bucket_or_a_key_has_states_and_what_changes_one_has_probes() {
        for operation in all() {
            let states = operation.space.dimensions.iter().filter(|dimension| dimension.state);
            let recipes = states.clone().flat_map(|state| &state.choices).filter(|own| !own.setup.is_empty()).count();
            let (states, name) = (states.count(), operation.name);
            // The list of buckets meets those of the account, whatever their state.
            assert!(states > 0 || name == "ListBuckets", "{name} has no state");
            let of_keys = operation.space.dimensions.iter().any(|dimension| dimension.name == "key");
            assert!(!of_keys || states > 1 && recipes > 1, "{name}: {states} states, {recipes} recipes");
            let changes = operation.hazard != plumb_model::space::Hazard::Reads;
            assert_eq!(changes, !operation.probes.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_deleted_key_is_a_state_of_whatever_meets_a_key() {
        for (name, label) in [
            ("PutObject", "key-state=deleted"),
            ("CopyObject", "key-state=deleted"),
            ("CopyObject", "source=deleted"),
            ("GetObject", "object=deleted"),
            ("HeadObject", "object=deleted"),
            ("DeleteObject", "object=deleted"),
        ] {
            let operation = all().into_iter().find(|own| own.name == name).expect("it is there");
            let called = calls(&operation, &[label]);
            let before = called.iter().take_while(|(id, _)| id != "call");
            assert!(before.into_iter().any(|(_, name)| name == "DeleteObject"), "{name} {label}: {called:?}");
        }
    }

    #[test]
    fn the_table_and_the_operations_agree_on_names() {
        for (name, operation, _) in TABLE {
            assert_eq!(operation().name, *name);
        }
    }
}
