//! Bodies on their way out, framed as the request says, and on their way in, up to a cap.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;

use super::exact::Framing;

/// A request body for hyper, which decides the framing by what a body tells of itself.
pub(super) struct OutBody {
    bytes: Bytes,
    framing: Framing,
    /// Ends when the exchange is over; only a body that is too short waits for it.
    over: oneshot::Receiver<Infallible>,
}

/// Held for as long as the exchange lasts; dropping it frees a body that waits for its end.
pub(super) struct ExchangeGuard {
    _over: oneshot::Sender<Infallible>,
}

impl OutBody {
    pub(super) fn new(bytes: Bytes, framing: Framing) -> (Self, ExchangeGuard) {
        let (sender, over) = oneshot::channel();
        (Self { bytes, framing, over }, ExchangeGuard { _over: sender })
    }
}

impl Body for OutBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if !self.bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.bytes)))));
        }
        match self.framing {
            Framing::Sized | Framing::Chunked | Framing::Unreadable => Poll::Ready(None),
            // Ending here would make hyper drop the connection before the server can answer.
            Framing::Short => Pin::new(&mut self.over)
                .poll(context)
                .map(|_| Some(Err(io::Error::other("the exchange ended before the body did")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        // A body that says so before it began is not framed at all: no chunk would be written.
        matches!(self.framing, Framing::Sized | Framing::Unreadable) && self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.framing {
            Framing::Sized | Framing::Unreadable => SizeHint::with_exact(self.bytes.len() as u64),
            Framing::Chunked | Framing::Short => SizeHint::default(),
        }
    }
}

/// A response body as far as it has come, never more than its cap.
pub(super) struct Capped {
    first: Bytes,
    rest: BytesMut,
    bytes_max: usize,
    pub(super) truncated: bool,
}

impl Capped {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { first: Bytes::new(), rest: BytesMut::new(), bytes_max, truncated: false }
    }

    /// Reads until the end or the cap. What was read stays here, also when this fails or is dropped.
    pub(super) async fn read<B>(&mut self, mut body: B) -> Result<(), B::Error>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Error,
    {
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                self.push(data);
            }
            if self.truncated {
                break;
            }
        }
        Ok(())
    }

    /// Most bodies come in one piece and are then not copied.
    fn push(&mut self, mut data: Bytes) {
        let room = self.bytes_max - self.len();
        if data.len() > room {
            data.truncate(room);
            self.truncated = true;
        }
        if self.len() == 0 {
            self.first = data;
        } else {
            if self.rest.is_empty() {
                self.rest.extend_from_slice(&std::mem::take(&mut self.first));
            }
            self.rest.extend_from_slice(&data);
        }
    }

    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    pub(super) fn finish(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.freeze() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&'static str], bytes_max: usize, wanted: &str, truncated: bool) {
        let mut capped = Capped::new(bytes_max);
        for piece in pieces {
            capped.push(Bytes::from_static(piece.as_bytes()));
        }
        assert_eq!(capped.truncated, truncated, "{pieces:?}");
        assert_eq!(capped.finish(), wanted, "{pieces:?}");
    }

    #[test]
    fn a_body_is_kept_up_to_its_cap() {
        check(&[], 4, "", false);
        check(&["abcd"], 4, "abcd", false);
        check(&["ab", "cd"], 4, "abcd", false);
        check(&["ab", "", "c"], 4, "abc", false);
        check(&["abcde"], 4, "abcd", true);
        check(&["abc", "de"], 4, "abcd", true);
        check(&["a"], 0, "", true);
    }
}
