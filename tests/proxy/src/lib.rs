//! A proxy that forwards HTTP/1.1 byte for byte and spoils some of the answers, so that a judge
//! can be scored by what it notices.
//!
//! A [`Plan`] says which exchanges are spoilt and how; what was really done to them is read with
//! [`FaultProxy::applied`]. Everything is drawn from the plan's seed, the number of the request and
//! its method: the same plan over the same requests does the same harm.
//!
//! ```no_run
//! use plumb_test_proxy::{FaultProxy, Mutation, Plan, When};
//!
//! # fn main() -> std::io::Result<()> {
//! let upstream = "127.0.0.1:8014".parse().expect("an address");
//! let plan = Plan::Mutate { mutation: Mutation::EmptyBody, when: When::every(3), seed: 7 };
//! let proxy = FaultProxy::start(upstream, plan)?;
//! println!("send requests to http://{}", proxy.address());
//! for applied in proxy.applied() {
//!     println!("{}: {} ({})", applied.sequence, applied.mutation, applied.detail);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Forwarding knows nothing of hosts: `host` reaches the upstream as it was sent, so a signature
//! made for the proxy's address verifies there. Bytes that are not HTTP/1.1, bodies beyond
//! [`BODY_BYTES_MAX`] and upgraded connections are passed on unread and unspoilt until they close.

mod connection;
mod decider;
mod draw;
mod encode;
mod framing;
mod head;
mod memory;
mod mutate;
mod mutate_xml;
mod mutation;
mod plan;
mod proxy;
mod side;

pub use connection::{CONNECTION_REQUESTS_MAX, EXCHANGE_WAIT_MAX};
pub use decider::{APPLIED_MAX, Applied};
pub use memory::{REMEMBERED_BYTES_MAX, REMEMBERED_MAX};
pub use mutation::{Field, Mutation};
pub use plan::{Executed, Fake, Plan, When};
pub use proxy::{CONNECTIONS_MAX, FaultProxy};
pub use side::BODY_BYTES_MAX;
