//! What a signature says about the body: the value of `x-amz-content-sha256`.

use bytes::Bytes;

use super::hash::sha256;
use super::hex;
use super::time::shared;

pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The value of `x-amz-content-sha256`, ready to be sent. Cheap to clone.
///
/// Source: "Authenticating Requests: Using the Authorization Header"
/// (`sigv4-auth-using-authorization-header`), which lists every value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadHash(Bytes);

impl PayloadHash {
    /// The SHA-256 of this body.
    pub fn of(body: &[u8]) -> Self {
        Self(shared(&sha256_hex(body)))
    }

    /// A SHA-256 that is known already.
    pub fn from_digest(sha256: &[u8; 32]) -> Self {
        Self(shared(&hex::encode(sha256)))
    }

    /// The SHA-256 of no bytes.
    pub fn empty() -> Self {
        Self(Bytes::from_static(EMPTY.as_bytes()))
    }

    /// The body is not signed.
    pub fn unsigned() -> Self {
        Self(Bytes::from_static(UNSIGNED.as_bytes()))
    }

    /// The body is `aws-chunked`; the signature is the seed of its chunks' signatures.
    pub fn chunked(marker: ChunkMarker) -> Self {
        Self(Bytes::from_static(marker.text().as_bytes()))
    }

    /// Any bytes at all, to say something wrong.
    pub fn literal(value: impl Into<Bytes>) -> Self {
        Self(value.into())
    }

    /// The header value.
    pub fn value(&self) -> &Bytes {
        &self.0
    }
}

/// How an `aws-chunked` body is framed and signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChunkMarker {
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`: signed chunks.
    Signed,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`: signed chunks, then signed trailing headers.
    SignedWithTrailer,
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`: bare chunks, then bare trailing headers.
    UnsignedWithTrailer,
}

impl ChunkMarker {
    /// Every marker.
    pub const ALL: [Self; 3] = [Self::Signed, Self::SignedWithTrailer, Self::UnsignedWithTrailer];

    /// The literal that stands in `x-amz-content-sha256`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Signed => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Self::SignedWithTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Self::UnsignedWithTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        }
    }

    /// Whether each chunk carries a signature.
    pub const fn is_signed(self) -> bool {
        !matches!(self, Self::UnsignedWithTrailer)
    }

    /// Whether headers may follow the last chunk.
    pub const fn has_trailer(self) -> bool {
        !matches!(self, Self::Signed)
    }
}

/// The 64 hexadecimal digits of the SHA-256 of `bytes`.
pub(super) fn sha256_hex(bytes: &[u8]) -> [u8; 64] {
    hex::encode(&sha256(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_the_hash_of_no_bytes() {
        assert_eq!(PayloadHash::empty(), PayloadHash::of(b""));
    }
}
