//! The pages, and what other programs ask for.
//!
//! Everything is made on the server, of what a [`Source`] tells at that moment: no script, nothing from elsewhere, and
//! nothing that a browser keeps. All but `/healthz` is for those who prove who they are, or for this machine alone.

mod access;
mod days;
mod filter;
mod health;
mod kill_switch;
pub mod pages;
mod routes;
mod server;
mod words;

use std::sync::Arc;

use tokio::net::TcpListener;

pub use filter::Filter;
pub use health::{Health, health};

use crate::plan::Access;
use crate::view::Source;

/// Serves the pages at `listener` until `shutdown` is over.
///
/// Without `access`, everything but `/healthz` is refused where `listener` is not bound to loopback.
///
/// # Errors
/// Where the address of `listener` is not known.
pub async fn serve(
    listener: TcpListener,
    access: Option<Access>,
    source: Arc<dyn Source>,
    shutdown: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    let gate = access::Gate::new(access, listener.local_addr()?);
    server::run(listener, routes::router(gate, source), shutdown).await;
    Ok(())
}
