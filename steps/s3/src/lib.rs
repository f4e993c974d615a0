//! S3's phrases.
