//! The two sides of a connection: reading whole messages from them without changing a byte.

use std::io;

use bytes::{Bytes, BytesMut};
use plumb_model::http::Response;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::framing::{Decoder, Framing, Progress, Taken};
use crate::head::{Parsed, RequestHead, ResponseHead};

/// The longest body that is held back to be spoilt, in bytes.
pub const BODY_BYTES_MAX: usize = 64 << 20;

/// How much is read at once, in bytes.
const READ_BYTES: usize = 64 << 10;

/// The most interim answers, like `100 Continue`, that one request may get.
const INTERIM_MAX: usize = 16;

/// The reading half of a side, with what came and was not used yet.
#[derive(Debug)]
pub(crate) struct Source {
    half: OwnedReadHalf,
    pub(crate) buffer: BytesMut,
}

/// Splits a connection.
pub(crate) fn split(stream: TcpStream) -> io::Result<(Source, OwnedWriteHalf)> {
    stream.set_nodelay(true)?;
    let (half, sink) = stream.into_split();
    Ok((Source { half, buffer: BytesMut::new() }, sink))
}

impl Source {
    /// Waits for more bytes; 0 is the end. Safe to give up on.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(READ_BYTES);
        self.half.read_buf(&mut self.buffer).await
    }

    /// Passes on everything until the end.
    pub(crate) async fn pass_on(&mut self, sink: &mut OwnedWriteHalf) -> io::Result<()> {
        sink.write_all_buf(&mut self.buffer).await?;
        tokio::io::copy(&mut self.half, sink).await?;
        sink.shutdown().await
    }
}

/// A request body that was read to its end before anything was forwarded.
#[derive(Debug)]
pub(crate) struct Held {
    raw: BytesMut,
    pub(crate) payload: Bytes,
}

impl Held {
    /// Puts the body back, to be forwarded after all.
    pub(crate) fn put_back(self, client: &mut Source) {
        let rest = std::mem::replace(&mut client.buffer, self.raw);
        client.buffer.unsplit(rest);
    }
}

/// Reads the whole body of a request; `None`, with all of it put back, where it has no end or is too long.
pub(crate) async fn hold_body(client: &mut Source, head: &RequestHead) -> io::Result<Option<Held>> {
    let (mut decoder, mut taken) = (Decoder::new(head.framing), Taken::default());
    let whole = loop {
        match decoder.take(&mut client.buffer, &mut taken) {
            Progress::Whole => break true,
            Progress::More if taken.raw.len() <= BODY_BYTES_MAX && client.fill().await? > 0 => {}
            Progress::More | Progress::Malformed => break false,
        }
    };
    let body = Held { raw: taken.raw, payload: taken.payload.freeze() };
    if whole {
        return Ok(Some(body));
    }
    body.put_back(client);
    Ok(None)
}

/// Forwards the body of a request as it comes. Says whether it came to its end; where it does not, the end of
/// the client's bytes is passed on as such.
pub(crate) async fn forward_body(
    client: &mut Source,
    upstream: &mut OwnedWriteHalf,
    framing: Framing,
) -> io::Result<bool> {
    let mut decoder = Decoder::new(framing);
    loop {
        let mut taken = Taken::default();
        let progress = decoder.take(&mut client.buffer, &mut taken);
        upstream.write_all_buf(&mut taken.raw).await?;
        match progress {
            Progress::Whole => return Ok(true),
            Progress::More if client.fill().await? > 0 => {}
            Progress::More | Progress::Malformed => {
                client.pass_on(upstream).await?;
                return Ok(false);
            }
        }
    }
}

/// What came from the upstream.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A whole answer.
    Whole(Box<WholeAnswer>),
    /// The connection ended before the answer did: so much came.
    Cut(BytesMut),
    /// Bytes that are not to be understood, or too many: so much was read already, and there is more to come.
    Opaque(BytesMut),
}

/// An answer, as bytes and as what they mean.
#[derive(Debug)]
pub(crate) struct WholeAnswer {
    pub(crate) head: ResponseHead,
    /// The body as it stood on the wire.
    pub(crate) raw_body: Bytes,
    /// The trailer fields as they stood on the wire.
    pub(crate) trailer: Bytes,
    pub(crate) response: Response,
}

/// Reads the answer to `method`; interim answers go to the client at once.
pub(crate) async fn read_answer(
    upstream: &mut Source,
    client: &mut OwnedWriteHalf,
    method: &str,
) -> io::Result<Answer> {
    for _ in 0..INTERIM_MAX {
        let head = loop {
            match ResponseHead::parse(&mut upstream.buffer, method) {
                Parsed::Head(head) => break head,
                Parsed::Opaque => return Ok(Answer::Opaque(BytesMut::new())),
                Parsed::Partial if upstream.fill().await? > 0 => {}
                Parsed::Partial => return Ok(Answer::Cut(upstream.buffer.split())),
            }
        };
        if !head.is_interim() {
            return read_body(upstream, head).await;
        }
        client.write_all(&head.raw).await?;
    }
    Ok(Answer::Opaque(BytesMut::new()))
}

async fn read_body(upstream: &mut Source, head: ResponseHead) -> io::Result<Answer> {
    let (mut decoder, mut taken) = (Decoder::new(head.framing), Taken::default());
    loop {
        match decoder.take(&mut upstream.buffer, &mut taken) {
            Progress::Whole => break,
            Progress::More if taken.raw.len() <= BODY_BYTES_MAX => {
                // A connection that is reset is as much of an end as one that is closed.
                if upstream.fill().await.unwrap_or(0) > 0 {
                    continue;
                }
                if decoder.ends_by_close() {
                    break;
                }
                return Ok(Answer::Cut(rejoined(&head, &taken.raw, &upstream.buffer.split())));
            }
            Progress::More | Progress::Malformed => return Ok(Answer::Opaque(rejoined(&head, &taken.raw, &[]))),
        }
    }
    let (status, headers) = (head.status, head.headers.clone());
    let response = Response { status, headers, body: taken.payload.freeze(), truncated: false };
    let (raw_body, trailer) = (taken.raw.freeze(), taken.trailer.freeze());
    Ok(Answer::Whole(Box::new(WholeAnswer { head, raw_body, trailer, response })))
}

fn rejoined(head: &ResponseHead, body: &[u8], rest: &[u8]) -> BytesMut {
    BytesMut::from(&[&head.raw[..], body, rest].concat()[..])
}
