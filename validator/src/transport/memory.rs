//! A transport without a network: cases run against the model itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt as _};
use plumb_model::http::Request;

use crate::clock::Clock;
use crate::model_server::ModelServer;
use crate::transport::{Phases, Received, SendError, SendLimits, Transport};

/// Sends to a server made from the model, in this process.
pub struct MemoryTransport<'a> {
    server: Mutex<ModelServer<'a>>,
    clock: Arc<dyn Clock>,
}

impl<'a> MemoryTransport<'a> {
    /// A transport to `server`, which tells the time by `clock`.
    pub fn new(server: ModelServer<'a>, clock: Arc<dyn Clock>) -> Self {
        Self { server: Mutex::new(server), clock }
    }

    /// Looks at the server behind.
    pub fn with_server<T>(&self, look: impl FnOnce(&ModelServer<'a>) -> T) -> T {
        look(&self.server.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for MemoryTransport<'_> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        let started = Instant::now();
        let now_ms = self.clock.unix_ms();
        let mut response = self.server.lock().unwrap_or_else(PoisonError::into_inner).handle(request, now_ms);
        if response.body.len() > limits.body_bytes_max {
            response.body.truncate(limits.body_bytes_max);
            response.truncated = true;
        }
        let (latency, phases) = (started.elapsed(), Phases::default());
        let received = Received { response, latency, first_byte: Duration::ZERO, peer: None, phases };
        futures::future::ready(Ok(received)).boxed()
    }
}
