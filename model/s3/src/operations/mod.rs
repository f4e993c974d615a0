//! The operations, one file each: what may vary in it, what may be wrong with it, what it answers.

pub(crate) mod create_bucket;
pub(crate) mod delete_bucket;
pub(crate) mod delete_object;
mod dimensions;
pub(crate) mod get_object;
pub(crate) mod list_objects_v2;
pub(crate) mod put_object;

use plumb_model::space::Operation;

/// Every operation, in the order in which a bucket lives.
pub(crate) fn all() -> Vec<Operation> {
    vec![
        create_bucket::operation(),
        put_object::operation(),
        get_object::operation(),
        list_objects_v2::operation(),
        delete_object::operation(),
        delete_bucket::operation(),
    ]
}
