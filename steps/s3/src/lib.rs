//! S3's phrases: what Bob uploads, he can read, and Alice cannot.
//!
//! A sentence is about a bucket, an object in it and a file that somebody has at hand (`subject` puts these into
//! calls); "it" is the object that was named last, and objects lie in the bucket that was named last. A When makes one
//! call. A Then looks at the answer, or makes a call of its own that must be answered so.
//!
//! ```
//! use plumb_steps::registry::Registry;
//!
//! let registry = Registry::new(&[plumb_s3_steps::source()]).expect("phrases that can be told apart");
//! let said: Vec<String> = registry.phrases().map(plumb_steps::registry::Phrase::said).collect();
//! assert!(said.contains(&"{word} uploads {string} as {string}".to_owned()));
//! ```

mod access;
mod buckets;
mod checksums;
mod conditions;
mod copying;
mod deleting;
mod listing;
mod metadata;
mod outcomes;
mod reading;
mod subject;
mod table;
mod uploads;

use plumb_steps::registry::Source;

/// The phrases of this crate.
pub fn source() -> Source {
    Source { api: Some("s3"), file: file!() }
}
