//! The tutorial API: a key-value store over HTTP, small, but with a value the server chooses (the revision of
//! an entry), conditional writes and reads, and a listing in pages.
//!
//! It is specified here and nowhere else, so every answer has the basis D ("documented by its owner"):
//!
//! | request | answers |
//! |---|---|
//! | `PUT /v1/keys/{key}` | 201 made, 200 replaced, both with `etag: "revision"`; 412 `precondition_failed` |
//! | `GET /v1/keys/{key}` | 200 with the value and its `etag`; 304 where `if-none-match` names it; 404 `not_found` |
//! | `DELETE /v1/keys/{key}` | 204; 404 `not_found`; 412 `precondition_failed` |
//! | `GET /v1/keys?prefix=&after=&limit=` | 200 with `{"keys": [...], "more": bool}`, sorted by bytes |
//!
//! A key is 1 to 64 of `a-z 0-9 - _ .` (400 `bad_key`), a value at most 4,096 bytes (413 `too_large`), a limit
//! 1 to 100 (400 `bad_limit`, 100 where it is missing). `if-match: "revision"` writes or deletes only that
//! revision, `if-none-match: *` only what is not there yet; on an absent key a write or a delete with
//! `if-match` gives 412. Errors are `{"error": code, "message": text}`. No order among bad key, large value and
//! bad limit is promised; all of them win over whatever depends on stored entries.
//!
//! A store may leave conditional writes out. It then answers 501 to every write or delete with a condition.

mod model;
mod operations;
mod plants;
mod resources;
mod wire;

pub use model::{Entry, Kv, State};

use plumb_model::api::{Api, Flavour};
use plumb_model::fault::Precedence;

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 64;
/// The longest value, in bytes.
pub const VALUE_BYTES_MAX: u64 = 4_096;
/// The most keys on a page, and as many as there are without a limit.
pub const LIMIT_MAX: usize = 100;

/// The tutorial API, ready to run.
pub fn api() -> Api {
    Api {
        name: "kv",
        about: "the tutorial's key-value store",
        operations: operations::all(),
        capabilities: vec![operations::CONDITIONAL_WRITES],
        flavours: &[Flavour { name: "standard", about: "as documented" }],
        model: Box::new(Kv::default()),
        wire: Box::new(wire::KvWire),
        resources: Box::new(resources::KvResources),
        precedence: Precedence::new(model::EDGES),
        plants: plants::all(),
        signed: false,
    }
}
