//! One client connection and the upstream connection that belongs to it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::timeout;

use crate::decider::{Arrival, Decider, Early};
use crate::encode::Reply;
use crate::head::{Parsed, RequestHead};
use crate::side::{Answer, Source, forward_body, hold_body, read_answer, split};

/// The most requests on one connection; after that it is closed.
pub const CONNECTION_REQUESTS_MAX: usize = 1_000_000;

/// The longest that one exchange may take.
pub const EXCHANGE_WAIT_MAX: Duration = Duration::from_mins(10);

/// The longest that a client may take to notice that its connection was closed.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(10);

/// The most bytes that a client may send after its connection was closed.
const CLOSE_BYTES_MAX: usize = 64 << 20;

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Another request.
    Request,
    /// The end.
    Close,
    /// Both sides talk to each other unread.
    Tunnel,
}

#[derive(Debug)]
struct Connection {
    client: Source,
    to_client: OwnedWriteHalf,
    upstream: Source,
    to_upstream: OwnedWriteHalf,
    decider: Arc<Decider>,
}

/// Serves a client until one side is done. An error of either side ends both, as it would without a proxy.
pub(crate) async fn serve(client: TcpStream, upstream: SocketAddr, decider: Arc<Decider>) -> io::Result<()> {
    let upstream = TcpStream::connect(upstream).await?;
    let (client, to_client) = split(client)?;
    let (upstream, to_upstream) = split(upstream)?;
    Connection { client, to_client, upstream, to_upstream, decider }.run().await
}

impl Connection {
    async fn run(mut self) -> io::Result<()> {
        for _ in 0..CONNECTION_REQUESTS_MAX {
            let next = match self.next_head().await? {
                Parsed::Head(head) => timeout(EXCHANGE_WAIT_MAX, self.exchange(&head)).await??,
                Parsed::Opaque => Next::Tunnel,
                Parsed::Partial => Next::Close,
            };
            match next {
                Next::Request => {}
                Next::Close => break,
                Next::Tunnel => return self.tunnel().await,
            }
        }
        self.close().await
    }

    /// Waits for a request; `Partial` where one side has closed instead.
    async fn next_head(&mut self) -> io::Result<Parsed<RequestHead>> {
        loop {
            match RequestHead::parse(&mut self.client.buffer) {
                Parsed::Partial => {}
                parsed => return Ok(parsed),
            }
            tokio::select! {
                biased;
                count = self.client.fill() => match count? {
                    0 if self.client.buffer.is_empty() => return Ok(Parsed::Partial),
                    0 => return Ok(Parsed::Opaque),
                    _ => {}
                },
                count = self.upstream.fill() => match count? {
                    0 => return Ok(Parsed::Partial),
                    _ => return Ok(Parsed::Opaque),
                },
            }
        }
    }

    async fn exchange(&mut self, head: &RequestHead) -> io::Result<Next> {
        let arrival = self.decider.arrive(head);
        for early in arrival.early.iter().copied() {
            match early {
                Early::Drop { forward: true } => return self.drop_answer(&arrival, head).await,
                Early::Drop { forward: false } => return self.drop_request(&arrival, head).await,
                Early::Lose { .. } => {
                    if let Some(next) = self.lose(&arrival, early, head).await? {
                        return Ok(next);
                    }
                }
            }
        }
        let (answer, whole) = self.forward(head).await?;
        match answer {
            Answer::Whole(answer) => {
                let reply = self.decider.answer(&arrival, head, &answer);
                self.reply(reply, !whole).await
            }
            Answer::Cut(mut bytes) => {
                self.to_client.write_all_buf(&mut bytes).await?;
                Ok(Next::Close)
            }
            Answer::Opaque(mut bytes) => {
                self.to_client.write_all_buf(&mut bytes).await?;
                Ok(Next::Tunnel)
            }
        }
    }

    /// Sends the request upstream and reads the answer meanwhile. Says also whether the whole request was sent.
    async fn forward(&mut self, head: &RequestHead) -> io::Result<(Answer, bool)> {
        let Self { client, to_client, upstream, to_upstream, .. } = self;
        let send = async {
            to_upstream.write_all(&head.raw).await?;
            forward_body(client, to_upstream, head.framing).await
        };
        let receive = read_answer(upstream, to_client, &head.method);
        tokio::pin!(send, receive);
        tokio::select! {
            biased;
            whole = &mut send => Ok((receive.await?, whole.unwrap_or(false))),
            answer = &mut receive => Ok((answer?, false)),
        }
    }

    async fn drop_answer(&mut self, arrival: &Arrival, head: &RequestHead) -> io::Result<Next> {
        let answer = self.forward(head).await.map(|(answer, _)| answer);
        let status = match answer {
            Ok(Answer::Whole(answer)) => Some(answer.head.status),
            _ => None,
        };
        self.decider.dropped(arrival, head, true, status);
        Ok(Next::Close)
    }

    async fn drop_request(&mut self, arrival: &Arrival, head: &RequestHead) -> io::Result<Next> {
        self.invite_body(head).await?;
        hold_body(&mut self.client, head).await?;
        self.decider.dropped(arrival, head, false, None);
        Ok(Next::Close)
    }

    /// Acknowledges and doesn't forward; `None`, with the body put back, where that cannot be done to this request.
    async fn lose(&mut self, arrival: &Arrival, early: Early, head: &RequestHead) -> io::Result<Option<Next>> {
        self.invite_body(head).await?;
        let Some(body) = hold_body(&mut self.client, head).await? else { return Ok(None) };
        let Some(reply) = self.decider.lose(arrival, early, head, body.payload.clone()) else {
            body.put_back(&mut self.client);
            return Ok(None);
        };
        self.reply(reply, head.closes).await.map(Some)
    }

    /// Asks for the body in the upstream's place where the client waits to be asked.
    async fn invite_body(&mut self, head: &RequestHead) -> io::Result<()> {
        if head.waits { self.to_client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await } else { Ok(()) }
    }

    async fn reply(&mut self, reply: Reply, closes: bool) -> io::Result<Next> {
        for mut piece in reply.pieces {
            self.to_client.write_all_buf(&mut piece).await?;
        }
        Ok(if closes || reply.closes { Next::Close } else { Next::Request })
    }

    async fn tunnel(mut self) -> io::Result<()> {
        let forth = self.client.pass_on(&mut self.to_upstream);
        let back = self.upstream.pass_on(&mut self.to_client);
        tokio::try_join!(forth, back).map(|_| ())
    }

    /// Ends the client's connection, and reads what it was still sending: closing over unread bytes would reset
    /// the connection and could take the answer with it.
    async fn close(mut self) -> io::Result<()> {
        drop((self.upstream, self.to_upstream));
        self.to_client.shutdown().await?;
        let mut drained = 0;
        let drain = async {
            while drained <= CLOSE_BYTES_MAX {
                self.client.buffer.clear();
                match self.client.fill().await? {
                    0 => break,
                    count => drained += count,
                }
            }
            Ok(())
        };
        timeout(CLOSE_WAIT_MAX, drain).await.unwrap_or(Ok(()))
    }
}
