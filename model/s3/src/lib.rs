//! The S3 API: what its operations may answer, how their calls stand on the wire, and which bugs a server made
//! from this model can be given.
//!
//! ```
//! let api = plumb_s3::api();
//! let names: Vec<_> = api.operations.iter().map(|operation| operation.name).collect();
//! assert_eq!((names.first(), names.last()), (Some(&"CreateBucket"), Some(&"DeleteBucket")));
//! assert!(api.signed && api.precedence.cycles().is_empty());
//! ```
//!
//! Nothing here is taken from what an emulator does. Every behaviour names its source and how well it is known:
//! recorded on AWS, documented, agreed by independent implementations, or unknown; where it is unknown the model
//! permits each possible answer.
//!
//! Reading order: [`State`], [`S3`], `operations/` (one file each), `faults` (what may be wrong, and what must
//! win), `conditions`, `checksums`, `copy_source`, `capabilities`, `ranges`, `paging`, `listing`, `account`, `batch`,
//! `errors`, `wire/`, [`sigv4`], `resources`, `plants/`.

mod account;
mod batch;
mod capabilities;
mod checksums;
mod conditions;
mod copy_source;
mod errors;
mod faults;
mod listing;
mod locations;
mod model;
mod names;
mod operations;
mod paging;
mod plants;
mod ranges;
mod request;
mod resources;
mod signature;
pub mod sigv4;
mod state;
mod wire;

#[cfg(test)]
mod testing;

pub use model::S3;
pub use names::{BUCKET_NAME_BYTES_MAX, BUCKET_NAME_BYTES_MIN, KEY_BYTES_MAX, Naming, bucket_naming};
pub use operations::delete_objects::BATCH_KEYS_MAX;
pub use operations::list_buckets::BUCKETS_MAX;
pub use operations::storing::METADATA_BYTES_MAX;
pub use paging::KEYS_MAX;
pub use state::{Bucket, DELETED_BUCKETS_MAX, Object, Pairs, State, TOKENS_MAX, Token};
pub use wire::{INTERPRETATIONS_MAX, MORE_KEYS_MAX, XML_BYTES_MAX, XML_DEPTH_MAX, XML_ELEMENTS_MAX};

use plumb_model::api::{Api, Flavour};
use plumb_model::fault::Precedence;

/// The flavour that demands everything AWS documents.
const AWS: &str = "aws";

/// The S3 API, ready to run.
pub fn api() -> Api {
    Api {
        name: "s3",
        about: "Amazon S3 and what is compatible with it: buckets, objects, listings",
        operations: operations::all(),
        capabilities: capabilities::all(),
        flavours: &[
            Flavour { name: "compatible", about: "what clients rely on, as any S3-compatible service has it" },
            Flavour { name: AWS, about: "all that AWS documents: request ids, server, date, the fields of errors" },
        ],
        model: Box::new(S3::default()),
        wire: Box::new(wire::S3Wire::default()),
        resources: Box::new(resources::S3Resources),
        precedence: Precedence::new(faults::EDGES),
        plants: plants::all(),
        signed: true,
    }
}
