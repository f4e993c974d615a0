//! The features of the tutorial API, so that whoever has only the binary has them too.

/// Path and text of each file in `features/kv`.
pub(crate) const KV: &[(&str, &str)] = &[];
