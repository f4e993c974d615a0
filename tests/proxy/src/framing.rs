//! Where a body ends on the wire, found without changing a byte of it.

use bytes::{Buf as _, BufMut as _, BytesMut};
use plumb_model::http::Headers;

/// The longest line of chunked framing, in bytes.
const LINE_BYTES_MAX: usize = 16 << 10;

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none, whatever the fields say.
    Absent,
    /// By its length.
    Length(u64),
    /// By chunks.
    Chunked,
    /// By the end of the connection.
    Close,
}

impl Framing {
    /// How a request is framed; `None` where readers could disagree about it.
    pub(crate) fn of_request(headers: &Headers) -> Option<Self> {
        declared(headers, Self::Absent)
    }

    /// How the answer to a method is framed; `None` where readers could disagree about it.
    pub(crate) fn of_response(method: &str, status: u16, headers: &Headers) -> Option<Self> {
        if is_bodiless(method, status) {
            return Some(Self::Absent);
        }
        declared(headers, Self::Close)
    }
}

/// Whether an answer to this method with this status never has a body.
pub(crate) fn is_bodiless(method: &str, status: u16) -> bool {
    method == "HEAD" || status < 200 || status == 204 || status == 304
}

/// What the fields say, or `silent` where they say nothing.
fn declared(headers: &Headers, silent: Framing) -> Option<Framing> {
    let codings: Vec<_> = headers.all("transfer-encoding").collect();
    let lengths: Vec<_> = headers.all("content-length").collect();
    match (codings.as_slice(), lengths.as_slice()) {
        ([], []) => Some(silent),
        ([], [length]) if length.iter().all(u8::is_ascii_digit) => {
            let length = std::str::from_utf8(length).ok()?.parse().ok()?;
            Some(Framing::Length(length))
        }
        ([coding], []) if coding.eq_ignore_ascii_case(b"chunked") => Some(Framing::Chunked),
        _ => None,
    }
}

/// How far the decoder has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The body is whole.
    Whole,
    /// Everything given was used up and there must be more.
    More,
    /// These are not chunks.
    Malformed,
}

/// What has been read of a body.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The bytes as they stood on the wire.
    pub(crate) raw: BytesMut,
    /// The bytes of the body alone.
    pub(crate) payload: BytesMut,
    /// The trailer fields of a chunked body, without the empty line after them.
    pub(crate) trailer: BytesMut,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Counted(u64),
    UntilClose,
    ChunkLine,
    ChunkData(u64),
    ChunkEnd,
    Trailer,
    Whole,
}

/// Moves the bytes of one body, and no more, out of a buffer.
#[derive(Debug)]
pub(crate) struct Decoder(State);

impl Decoder {
    pub(crate) fn new(framing: Framing) -> Self {
        Self(match framing {
            Framing::Absent => State::Whole,
            Framing::Length(length) => State::Counted(length),
            Framing::Chunked => State::ChunkLine,
            Framing::Close => State::UntilClose,
        })
    }

    /// Moves what belongs to the body from `buffer` to `taken`. Every turn of the loop uses up bytes or ends it.
    pub(crate) fn take(&mut self, buffer: &mut BytesMut, taken: &mut Taken) -> Progress {
        loop {
            self.0 = match self.0 {
                State::Whole | State::Counted(0) => return Progress::Whole,
                _ if buffer.is_empty() => return Progress::More,
                State::UntilClose => {
                    move_payload(buffer, taken, u64::MAX);
                    State::UntilClose
                }
                State::Counted(left) => State::Counted(left - move_payload(buffer, taken, left)),
                State::ChunkData(0) => State::ChunkEnd,
                State::ChunkData(left) => State::ChunkData(left - move_payload(buffer, taken, left)),
                State::ChunkLine | State::ChunkEnd | State::Trailer => match self.line(buffer, taken) {
                    Ok(state) => state,
                    Err(progress) => return progress,
                },
            };
        }
    }

    /// Whether the end of the connection is the end of the body.
    pub(crate) fn ends_by_close(&self) -> bool {
        matches!(self.0, State::UntilClose)
    }

    fn line(&self, buffer: &mut BytesMut, taken: &mut Taken) -> Result<State, Progress> {
        let Some(end) = buffer.iter().position(|byte| *byte == b'\n') else {
            return Err(if buffer.len() > LINE_BYTES_MAX { Progress::Malformed } else { Progress::More });
        };
        let line = &buffer[..=end];
        let empty = line == b"\r\n" || line == b"\n";
        let next = match self.0 {
            // httparse takes a line without any digit for a size of 0.
            State::ChunkLine if !line[0].is_ascii_hexdigit() => return Err(Progress::Malformed),
            State::ChunkLine => match httparse::parse_chunk_size(line) {
                Ok(httparse::Status::Complete((_, 0))) => State::Trailer,
                Ok(httparse::Status::Complete((_, size))) => State::ChunkData(size),
                _ => return Err(Progress::Malformed),
            },
            State::ChunkEnd if empty => State::ChunkLine,
            State::Trailer if empty => State::Whole,
            State::Trailer => {
                taken.trailer.put_slice(line);
                State::Trailer
            }
            _ => return Err(Progress::Malformed),
        };
        taken.raw.put_slice(line);
        buffer.advance(end + 1);
        Ok(next)
    }
}

fn move_payload(buffer: &mut BytesMut, taken: &mut Taken, most: u64) -> u64 {
    let count = usize::try_from(most).unwrap_or(usize::MAX).min(buffer.len());
    taken.raw.put_slice(&buffer[..count]);
    taken.payload.put_slice(&buffer[..count]);
    buffer.advance(count);
    count as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> Headers {
        fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn chunks_end_where_they_end_however_they_arrive() {
        let wire = b"3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nx-t: 1\r\n\r\n";
        for step in 1..=wire.len() {
            let (mut decoder, mut taken) = (Decoder::new(Framing::Chunked), Taken::default());
            let mut buffer = BytesMut::new();
            let mut progress = Progress::More;
            for piece in wire.chunks(step) {
                assert_eq!(progress, Progress::More);
                buffer.put_slice(piece);
                progress = decoder.take(&mut buffer, &mut taken);
            }
            assert_eq!(progress, Progress::Whole, "in steps of {step}");
            assert_eq!((&taken.raw[..], &taken.payload[..]), (&wire[..], b"abc0123456789abcdef".as_ref()));
            assert_eq!(&taken.trailer[..], b"x-t: 1\r\n");
        }
    }

    #[test]
    fn the_next_message_is_left_alone() {
        let (mut buffer, mut taken) = (BytesMut::from(&b"abcGET /"[..]), Taken::default());
        assert_eq!(Decoder::new(Framing::Length(3)).take(&mut buffer, &mut taken), Progress::Whole);
        assert_eq!((&taken.raw[..], &buffer[..]), (b"abc".as_ref(), b"GET /".as_ref()));
    }

    #[test]
    fn chunks_without_their_line_ends_are_malformed() {
        for wire in ["zz\r\n", "1\r\nab\r\n", "\r\n"] {
            let mut buffer = BytesMut::from(wire);
            let progress = Decoder::new(Framing::Chunked).take(&mut buffer, &mut Taken::default());
            assert_eq!(progress, Progress::Malformed, "{wire:?}");
        }
    }

    #[test]
    fn doubtful_framing_is_not_guessed() {
        for fields in [
            headers(&[("content-length", "1"), ("content-length", "1")]),
            headers(&[("content-length", "1"), ("transfer-encoding", "chunked")]),
            headers(&[("transfer-encoding", "gzip, chunked")]),
            headers(&[("content-length", "+1")]),
            headers(&[("content-length", "")]),
        ] {
            assert_eq!(Framing::of_request(&fields), None, "{fields:?}");
        }
        assert_eq!(Framing::of_request(&headers(&[])), Some(Framing::Absent));
        assert_eq!(Framing::of_response("GET", 200, &headers(&[])), Some(Framing::Close));
        assert_eq!(Framing::of_response("HEAD", 200, &headers(&[("content-length", "9")])), Some(Framing::Absent));
    }
}
