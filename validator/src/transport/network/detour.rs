//! Connections that go to another address than the URL says, where somebody wants to stand in between.

use std::net::SocketAddr;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

/// Makes TCP connections to where the URL says, or to one address whatever it says. TLS, which is laid over it, goes by
/// the URL in either case.
#[derive(Debug, Clone)]
pub(super) struct Detour {
    tcp: HttpConnector,
    address: Option<SocketAddr>,
}

impl Detour {
    pub(super) const fn new(tcp: HttpConnector, address: Option<SocketAddr>) -> Self {
        Self { tcp, address }
    }
}

impl Service<Uri> for Detour {
    type Response = <HttpConnector as Service<Uri>>::Response;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = <HttpConnector as Service<Uri>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let there = |address: SocketAddr| {
            Uri::builder().scheme(Scheme::HTTP).authority(address.to_string()).path_and_query("/").build().ok()
        };
        // An address is always an authority.
        self.tcp.call(self.address.and_then(there).unwrap_or(uri))
    }
}
