//! An address that is asked what the kill switch says.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use plumb_model::http::{Headers, Request, Response};
use plumb_validator::transport::{CONNECT_TIMEOUT, FreshTransport, SendLimits, Transport as _};

use super::settings::Address;
use super::source::{Reading, SAID_BYTES_MAX, parse};
use crate::config::Reference;

/// The longest that one question may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Asks one address, over a new connection each time. Nothing is followed elsewhere.
#[derive(Clone)]
pub(super) struct Poller {
    transport: Arc<FreshTransport>,
    request: Request,
    token: Option<Reference>,
    limits: SendLimits,
}

impl Poller {
    pub(super) fn new(address: &Address) -> Result<Self, String> {
        let transport = FreshTransport::new(&address.endpoint, CONNECT_TIMEOUT).map_err(|error| error.to_string())?;
        let mut headers = Headers::default();
        headers.push("host", address.endpoint.host_header().to_owned());
        headers.push("accept", "text/plain, application/json");
        headers.push("user-agent", concat!("plumbline/", env!("CARGO_PKG_VERSION"), " (kill switch)"));
        let target = address.path.clone().into_bytes();
        let request = Request { method: "GET".into(), target, headers, body: Bytes::new() };
        let limits = SendLimits { first_byte: ANSWER_MAX, total: ANSWER_MAX, body_bytes_max: SAID_BYTES_MAX };
        Ok(Self { transport: Arc::new(transport), request, token: address.token.clone(), limits })
    }

    /// What it says now. The token is read each time, so that it can change.
    pub(super) async fn ask(&self) -> Reading {
        let mut request = self.request.clone();
        if let Some(token) = &self.token {
            let token = token.read().map_err(|error| error.to_string())?;
            request.headers.push("authorization", format!("Bearer {token}"));
        }
        match self.transport.send(&request, &self.limits).await {
            Ok(received) => read(&received.response),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn read(response: &Response) -> Reading {
    match response.status {
        204 => Ok(None),
        200 if response.truncated => Err(format!("its answer is longer than {SAID_BYTES_MAX} bytes")),
        200 => parse(&response.body).map(Some),
        status => Err(format!("it answers {status}")),
    }
}
