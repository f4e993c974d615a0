//! `aws-chunked` bodies: framing off, sizes and signatures checked.
//!
//! Source: "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
//! Chunks" (`sigv4-streaming`) and "Including Trailing Headers" (`sigv4-streaming-trailers`).

use std::sync::Arc;

use bytes::Bytes;
use plumb_model::http::Headers;

use super::payload::sha256_hex;
use super::{ALGORITHM, ChunkMarker, Signature, SigningKey, SigningTime, hex};

/// The least a chunk may hold unless it is the last with data (`sigv4-streaming`: "at least 8 KB").
pub const CHUNK_BYTES_MIN: usize = 8 * 1024;
/// The longest line between chunks: size and signature, or one trailing header.
pub const CHUNK_LINE_BYTES_MAX: usize = 8 * 1024;
/// The most trailing headers.
pub const TRAILERS_MAX: usize = 16;

/// Signs chunks one after another, each over the signature before it.
#[derive(Debug, Clone)]
pub struct ChunkChain {
    key: Arc<SigningKey>,
    time: SigningTime,
    previous: Signature,
}

impl ChunkChain {
    /// A chain that starts from the signature of the request's headers.
    pub fn new(key: Arc<SigningKey>, time: SigningTime, seed: Signature) -> Self {
        Self { key, time, previous: seed }
    }

    /// The signature of the next chunk; the last chunk is empty.
    pub fn chunk(&mut self, data: &[u8]) -> Signature {
        let text = self.chunk_text(data);
        self.advance(&text)
    }

    /// The signature of the trailing headers, given as `name:value\n` each, after the last chunk.
    pub fn trailer(&mut self, lines: &[u8]) -> Signature {
        let text = self.trailer_text(lines);
        self.advance(&text)
    }

    fn chunk_text(&self, data: &[u8]) -> Vec<u8> {
        self.string_to_sign("PAYLOAD", &[&sha256_hex(b""), b"\n", &sha256_hex(data)])
    }

    fn trailer_text(&self, lines: &[u8]) -> Vec<u8> {
        self.string_to_sign("TRAILER", &[&sha256_hex(lines)])
    }

    fn string_to_sign(&self, kind: &str, hashes: &[&[u8]]) -> Vec<u8> {
        let (kind, hashes) = (format!("{ALGORITHM}-{kind}"), hashes.concat());
        let lines = [kind.as_bytes(), self.time.stamp(), self.key.scope(), self.previous.as_bytes(), &hashes];
        lines.join(&b'\n')
    }

    fn advance(&mut self, text: &[u8]) -> Signature {
        self.previous = Signature::from_code(&self.key.mac().sign(text));
        self.previous
    }

    /// Goes on if `signature` is that of `text`, told in constant time.
    fn accept(&mut self, text: &[u8], signature: Signature) -> bool {
        let bytes = hex::decode(signature.as_bytes()).unwrap_or_default();
        self.previous = signature;
        self.key.mac().verify(text, &bytes)
    }
}

/// What is known of an `aws-chunked` body before it is read.
#[derive(Debug, Clone)]
pub struct ChunkedPayload {
    marker: ChunkMarker,
    decoded_length: Option<u64>,
    chain: Option<ChunkChain>,
}

/// A body without its framing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The data of all chunks.
    pub body: Bytes,
    /// The headers after the last chunk, names in lower case, without the trailer's signature.
    pub trailers: Headers,
}

/// Why a body cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The body ends early.
    #[error("the body ends inside its framing")]
    Truncated,
    /// A line is longer than [`CHUNK_LINE_BYTES_MAX`].
    #[error("a line of the framing is too long")]
    LineTooLong,
    /// A chunk does not begin with its size in hexadecimal.
    #[error("a chunk has no size")]
    Size,
    /// A chunk's data is not followed by an end of line.
    #[error("a chunk does not end where its size says")]
    Boundary,
    /// A chunk other than the last is smaller than [`CHUNK_BYTES_MIN`].
    #[error("a chunk that is not the last is too small")]
    TooSmall,
    /// A chunk or trailer that must be signed is not.
    #[error("a chunk has no signature")]
    SignatureMissing,
    /// The signature of this chunk is wrong; the first is 0, the trailer counts as the one after the last.
    #[error("the signature of chunk {0} is wrong")]
    Signature(usize),
    /// A trailing header has no colon, its name no text, or there may be no trailing headers.
    #[error("a trailing header is malformed")]
    Trailer,
    /// There are more trailing headers than [`TRAILERS_MAX`].
    #[error("there are too many trailing headers")]
    TrailerCount,
    /// Something follows the end.
    #[error("something follows the end of the body")]
    Excess,
    /// The data is not as long as `x-amz-decoded-content-length` says.
    #[error("the body has {found} bytes where {announced} were announced")]
    Length {
        /// What the header says.
        announced: u64,
        /// What the chunks hold.
        found: u64,
    },
}

impl ChunkedPayload {
    /// A body framed as `marker` says, which should hold `decoded_length` bytes. Without a chain,
    /// signatures must be there but may say anything.
    pub fn new(marker: ChunkMarker, decoded_length: Option<u64>, chain: Option<ChunkChain>) -> Self {
        Self { marker, decoded_length, chain }
    }

    /// How the body is framed.
    pub fn marker(&self) -> ChunkMarker {
        self.marker
    }

    /// What `x-amz-decoded-content-length` says; S3 requires it, this module does not.
    pub fn decoded_length(&self) -> Option<u64> {
        self.decoded_length
    }

    /// Takes the framing off. The result is never longer than `body`. Checksums in trailing headers
    /// are not looked at.
    pub fn decode(&self, body: &[u8]) -> Result<Decoded, ChunkError> {
        let mut reader = Reader { rest: body, chain: self.chain.clone(), chunks: 0 };
        let mut data = Vec::with_capacity(body.len());
        let mut least = usize::MAX;
        loop {
            let chunk = reader.chunk(self.marker.is_signed())?;
            if chunk.is_empty() {
                break;
            }
            if least < CHUNK_BYTES_MIN {
                return Err(ChunkError::TooSmall);
            }
            least = chunk.len();
            data.extend_from_slice(chunk);
        }
        let trailers = reader.trailers(self.marker)?;
        if !reader.rest.is_empty() {
            return Err(ChunkError::Excess);
        }
        let found = data.len() as u64;
        match self.decoded_length {
            Some(announced) if announced != found => Err(ChunkError::Length { announced, found }),
            _ => Ok(Decoded { body: data.into(), trailers }),
        }
    }
}

/// What is left of a body, and the state of its signatures.
struct Reader<'a> {
    rest: &'a [u8],
    chain: Option<ChunkChain>,
    chunks: usize,
}

impl<'a> Reader<'a> {
    /// The data of the next chunk: `size;chunk-signature=…` CR LF data CR LF. After the last chunk,
    /// which is empty, stand the trailing headers instead of CR LF.
    fn chunk(&mut self, signed: bool) -> Result<&'a [u8], ChunkError> {
        let (size, signature) = chunk_line(self.line()?)?;
        let (data, after) = self.rest.split_at_checked(size).ok_or(ChunkError::Truncated)?;
        self.rest = match after {
            _ if size == 0 => after,
            [b'\r', b'\n', after @ ..] => after,
            [] | [b'\r'] => return Err(ChunkError::Truncated),
            _ => return Err(ChunkError::Boundary),
        };
        if signed {
            self.accept(|chain| chain.chunk_text(data), signature)?;
        }
        self.chunks += 1;
        Ok(data)
    }

    /// Lines up to an empty one.
    fn trailers(&mut self, marker: ChunkMarker) -> Result<Headers, ChunkError> {
        let (mut trailers, mut lines, mut signature) = (Headers::default(), Vec::new(), None);
        loop {
            let line = self.line()?.trim_ascii();
            if line.is_empty() {
                break;
            }
            let colon = line.iter().position(|byte| *byte == b':').ok_or(ChunkError::Trailer)?;
            let name = std::str::from_utf8(line[..colon].trim_ascii()).map_err(|_| ChunkError::Trailer)?;
            let (name, value) = (name.to_ascii_lowercase(), line[colon + 1..].trim_ascii());
            if !marker.has_trailer() {
                return Err(ChunkError::Trailer);
            }
            if trailers.len() >= TRAILERS_MAX {
                return Err(ChunkError::TrailerCount);
            }
            if name == "x-amz-trailer-signature" {
                signature = Some(signature_of(value)?);
                continue;
            }
            lines.extend_from_slice(&[name.as_bytes(), b":", value, b"\n"].concat());
            trailers.push(name, Bytes::copy_from_slice(value));
        }
        if marker == ChunkMarker::SignedWithTrailer {
            self.accept(|chain| chain.trailer_text(&lines), signature)?;
        }
        Ok(trailers)
    }

    /// Checks `signature` against the text the chain makes, if there is a chain.
    fn accept(
        &mut self,
        text: impl FnOnce(&ChunkChain) -> Vec<u8>,
        signature: Option<Signature>,
    ) -> Result<(), ChunkError> {
        let signature = signature.ok_or(ChunkError::SignatureMissing)?;
        let Some(chain) = &mut self.chain else { return Ok(()) };
        let text = text(chain);
        if chain.accept(&text, signature) { Ok(()) } else { Err(ChunkError::Signature(self.chunks)) }
    }

    /// What stands before the next CR LF.
    fn line(&mut self) -> Result<&'a [u8], ChunkError> {
        let window = &self.rest[..self.rest.len().min(CHUNK_LINE_BYTES_MAX + 2)];
        let Some(end) = window.windows(2).position(|pair| pair == b"\r\n") else {
            let whole = window.len() == self.rest.len();
            return Err(if whole { ChunkError::Truncated } else { ChunkError::LineTooLong });
        };
        let line = &self.rest[..end];
        self.rest = &self.rest[end + 2..];
        Ok(line)
    }
}

/// The size at the start of a chunk, and its signature if it has one.
fn chunk_line(line: &[u8]) -> Result<(usize, Option<Signature>), ChunkError> {
    let (size, extension) = match line.iter().position(|byte| *byte == b';') {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, &[][..]),
    };
    if size.is_empty() || size.len() > 16 {
        return Err(ChunkError::Size);
    }
    let mut digits = size.iter().map(|byte| hex::digit(*byte));
    let size = digits.try_fold(0u64, |sum, digit| Some(sum << 4 | u64::from(digit?))).ok_or(ChunkError::Size)?;
    let size = usize::try_from(size).map_err(|_| ChunkError::Truncated)?;
    let signature = extension.strip_prefix(b"chunk-signature=").map(signature_of).transpose()?;
    Ok((size, signature))
}

fn signature_of(text: &[u8]) -> Result<Signature, ChunkError> {
    std::str::from_utf8(text).ok().and_then(Signature::parse).ok_or(ChunkError::SignatureMissing)
}
