//! The features of S3, so that a canary's host, which has no checkout, has them too.

/// Path and text of each file in `features/s3`.
pub(crate) const FEATURES: &[(&str, &str)] = &[];
