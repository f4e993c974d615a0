//! Something that is always there: where it cannot be reached either, the fault is ours.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::engine::lock;

/// How long connecting to it may take.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(5);

/// Host and port of something that is always there.
#[derive(Debug)]
pub struct Reference {
    address: String,
    last: Mutex<Option<(Instant, bool)>>,
}

impl Reference {
    /// What is at `address`, host and port.
    pub const fn new(address: String) -> Self {
        Self { address, last: Mutex::new(None) }
    }

    /// Where it is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether it cannot be reached now. It may take a few seconds, and looking up a name as long as the system takes.
    pub fn is_gone(&self) -> bool {
        let mut last = lock(&self.last);
        if let Some((_, is_gone)) = last.filter(|(at, _)| at.elapsed() < BELIEVED) {
            return is_gone;
        }
        let reached = self.address.to_socket_addrs().ok().and_then(|mut found| found.next());
        let is_gone = reached.is_none_or(|address| TcpStream::connect_timeout(&address, CONNECT_MAX).is_err());
        *last = Some((Instant::now(), is_gone));
        is_gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_gone_where_nobody_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        assert!(!Reference::new(address.clone()).is_gone());
        drop(listener);
        assert!(Reference::new(address).is_gone());
        assert!(Reference::new("nobody.invalid:1".to_owned()).is_gone());
    }
}
