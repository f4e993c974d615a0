//! Wrong answers: what the target says is altered on its way back, so that nobody could permit it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use plumb_model::http::Request;
use plumb_validator::case_run::is_errand;
use plumb_validator::transport::{Received, SendError, SendLimits, Transport};

/// The status of every altered answer: one that no specification gives a meaning (RFC 9110 section 15.5.19), that no
/// client tries again after, and that says neither that something is gone nor that somebody is not let in.
pub(in crate::canary) const WRONG_STATUS: u16 = 418;

/// Whether answers are altered, and how many were.
#[derive(Debug, Default)]
pub(in crate::canary) struct Lie {
    is_told: AtomicBool,
    told: AtomicU64,
}

impl Lie {
    /// From now on answers are altered, or not.
    pub(in crate::canary) fn set(&self, is_told: bool) {
        self.is_told.store(is_told, Ordering::Relaxed);
    }

    /// How many were altered so far.
    pub(in crate::canary) fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }

    /// Whether the answer to a request is altered. Only those to reads are: whoever writes and is told something wrong
    /// might not remove what was made. Those that whoever cleans up goes by stay as they are.
    fn concerns(&self, request: &Request) -> bool {
        self.is_told.load(Ordering::Relaxed) && matches!(&*request.method, "GET" | "HEAD") && !is_errand()
    }
}

/// A transport that alters answers: the requests are real, and go out as they are.
pub(in crate::canary) struct Planted {
    inner: Arc<dyn Transport>,
    lie: Arc<Lie>,
}

impl Planted {
    /// Alters what `inner` brings back where the lie says so.
    pub(in crate::canary) const fn new(inner: Arc<dyn Transport>, lie: Arc<Lie>) -> Self {
        Self { inner, lie }
    }

    async fn alter(
        &self,
        request: &Request,
        sending: BoxFuture<'_, Result<Received, SendError>>,
    ) -> Result<Received, SendError> {
        let is_altered = self.lie.concerns(request);
        let mut received = sending.await?;
        if is_altered {
            received.response.status = WRONG_STATUS;
            self.lie.told.fetch_add(1, Ordering::Relaxed);
        }
        Ok(received)
    }
}

impl Transport for Planted {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        self.alter(request, self.inner.send(request, limits)).boxed()
    }

    fn send_unshared<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a SendLimits,
    ) -> BoxFuture<'a, Result<Received, SendError>> {
        self.alter(request, self.inner.send_unshared(request, limits)).boxed()
    }
}
