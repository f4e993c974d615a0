//! AWS Signature Version 4 for S3, over raw bytes: signs any request, however odd, and tells what
//! is wrong with a signed one.
//!
//! ```
//! use plumb_model::http::{Headers, Request};
//! use plumb_s3::sigv4::{Credentials, PayloadHash, SigningKeys, SigningTime, Verification, sign, verify};
//!
//! let mine = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
//! let mut headers = Headers::default();
//! headers.push("host", "examplebucket.s3.amazonaws.com");
//! let mut request = Request { method: "GET".into(), target: b"/?list-type=2".to_vec(), headers, body: "".into() };
//!
//! let now = 1_369_353_600;
//! let time = SigningTime::at(now);
//! let keys = SigningKeys::default();
//! sign(&mut request, &keys.get(&mine, &time, "us-east-1"), &time, &PayloadHash::empty());
//!
//! let lookup = |access_key: &str| (access_key == mine.access_key).then(|| mine.clone());
//! assert!(matches!(verify(&request, &lookup, now, "us-east-1"), Verification::Valid { .. }));
//! ```
//!
//! Source of the rules, unless an item names another: AWS documentation, "Signature Calculations
//! for the Authorization Header: Transferring Payload in a Single Chunk" (`sig-v4-header-based-auth`)
//! and "Authenticating Requests: Using Query Parameters" (`sigv4-query-string-auth`).
//!
//! Reading order: [`Credentials`], [`SigningTime`], [`SigningKeys`], [`PayloadHash`], [`sign()`],
//! [`presign()`], [`verify()`], [`ChunkedPayload`].

mod authorization;
mod canonical;
mod chunked;
mod credentials;
mod escape;
mod hash;
mod hex;
mod key;
mod malformed;
mod payload;
mod presign;
mod sign;
mod time;
mod verify;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod faults;

pub use authorization::{Malformed, PRESIGNED_SECONDS_MAX};
pub use chunked::{
    CHUNK_BYTES_MIN, CHUNK_LINE_BYTES_MAX, ChunkChain, ChunkError, ChunkedPayload, Decoded, TRAILERS_MAX,
};
pub use credentials::Credentials;
pub use key::{SIGNING_KEYS_MAX, SigningKey, SigningKeys};
pub use malformed::{Malformation, set_malformed_authorization};
pub use payload::{ChunkMarker, PayloadHash};
pub use presign::presign;
pub use sign::{Signature, sign};
pub use time::SigningTime;
pub use verify::{CLOCK_SKEW_SECONDS_MAX, Fault, Payload, Verification, verify};

/// The only algorithm S3 documents for keys of one region, and the only one here.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The service every scope names.
const SERVICE: &str = "s3";
/// The word that closes every scope.
const TERMINATOR: &str = "aws4_request";
