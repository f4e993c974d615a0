//! Who may see the pages, and change anything.

use std::fs::File;
use std::io::Read as _;
use std::net::{IpAddr, SocketAddr};

use axum::http::header::{AUTHORIZATION, HOST, HeaderValue, ORIGIN};
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::plan::{Access, Secret};

/// The longest secret in a file, in bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing was proven, or the wrong thing.
    Unproven,
    /// The secret that has to be proven cannot be read, so that nobody gets in.
    NoSecret,
    /// Nobody has to prove anything here, so that only this machine is let in, by its own names.
    NotHere,
    /// The request was made by a page of somebody else.
    Foreign,
}

impl Refusal {
    /// The status that says so.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Unproven => StatusCode::UNAUTHORIZED,
            Self::NoSecret => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotHere | Self::Foreign => StatusCode::FORBIDDEN,
        }
    }

    /// The sentence that says so.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::Unproven => "a valid authorization header is needed",
            Self::NoSecret => "the secret of the pages cannot be read; the log says why",
            Self::NotHere => "without access rules, the pages are for this machine alone, by a name of its own",
            Self::Foreign => "the request was made by a page from elsewhere",
        }
    }
}

/// Who is let in at one address.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    access: Option<Access>,
    bound: SocketAddr,
}

impl Gate {
    pub(super) const fn new(access: Option<Access>, bound: SocketAddr) -> Self {
        Self { access, bound }
    }

    /// Lets somebody in, or says why not.
    pub(super) fn admits(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
        let Some(access) = &self.access else { return self.admits_neighbours(headers, uri) };
        let secret = match access {
            Access::Bearer(secret) | Access::Basic(_, secret) => read(secret),
        };
        let secret = secret.map_err(|why| {
            tracing::error!(%why, "failed to read the secret of the pages");
            Refusal::NoSecret
        })?;
        let proven = match access {
            Access::Bearer(_) => {
                credentials(headers, "bearer").is_some_and(|given| same(given.as_bytes(), secret.as_bytes()))
            }
            Access::Basic(name, _) => credentials(headers, "basic")
                .and_then(|given| STANDARD.decode(given).ok())
                .is_some_and(|given| same(&given, format!("{name}:{secret}").as_bytes())),
        };
        if proven { Ok(()) } else { Err(Refusal::Unproven) }
    }

    /// Whoever is on this machine, and asks for it by name: a page from elsewhere whose own name was made to lead here
    /// asks by that name (DNS rebinding).
    fn admits_neighbours(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
        let named = uri.authority().map_or_else(|| header(headers, &HOST), |authority| Some(authority.as_str()));
        let here = self.bound.ip().is_loopback() && named.is_some_and(is_loopback);
        if here { Ok(()) } else { Err(Refusal::NotHere) }
    }

    /// What a caller has to prove, for a header of the answer.
    pub(super) fn challenge(&self) -> HeaderValue {
        match self.access {
            Some(Access::Basic(..)) => HeaderValue::from_static("Basic realm=\"plumb\", charset=\"UTF-8\""),
            _ => HeaderValue::from_static("Bearer realm=\"plumb\""),
        }
    }
}

/// Demands that a request that changes something was not made by a page from elsewhere, for a browser adds to each the
/// password that it knows. Programs send neither header.
pub(super) fn from_own_page(headers: &HeaderMap) -> Result<(), Refusal> {
    if let Some(site) = headers.get("sec-fetch-site") {
        let own = site == "same-origin" || site == "none";
        return if own { Ok(()) } else { Err(Refusal::Foreign) };
    }
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    let own = origin.is_some() && origin == header(headers, &HOST);
    if own { Ok(()) } else { Err(Refusal::Foreign) }
}

fn header<'a>(headers: &'a HeaderMap, name: &axum::http::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What stands behind the scheme, whose name may be written in any case (RFC 9110, section 11.1).
fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (named, given) = header(headers, &AUTHORIZATION)?.split_once(' ')?;
    named.eq_ignore_ascii_case(scheme).then(|| given.trim())
}

/// Compares in a time that tells nothing of either: digests are as long, whatever they are of.
fn same(given: &[u8], wanted: &[u8]) -> bool {
    Sha256::digest(given).as_slice().ct_eq(Sha256::digest(wanted).as_slice()).into()
}

/// Whether `authority`, a name or an address with or without a port, is one of this machine's own.
fn is_loopback(authority: &str) -> bool {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let host = match authority.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((host, port))) if port.is_empty() || port.strip_prefix(':').is_some_and(is_port) => host,
        Some(_) => return false,
        None => authority.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(authority, |(host, _)| host),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The secret as it is now, without white space around it. The message holds nothing of it.
fn read(secret: &Secret) -> Result<String, String> {
    let text = match secret {
        Secret::Env(name) => std::env::var(name).map_err(|_| format!("{name} is not set, or not in UTF-8"))?,
        Secret::File(path) => {
            let mut text = String::new();
            let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
            file.take(SECRET_BYTES_MAX)
                .read_to_string(&mut text)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            text
        }
    };
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_names_that_nobody_else_can_take() {
        for (authority, own) in [
            ("localhost", true),
            ("LOCALHOST:9091", true),
            ("127.0.0.1:9091", true),
            ("[::1]:9091", true),
            ("[::1]", true),
            ("evil.example", false),
            ("localhost.evil.example:9091", false),
            ("127.0.0.1.evil.example", false),
            ("[::1].evil.example", false),
            ("192.0.2.1:9091", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(authority), own, "{authority}");
        }
    }

    #[test]
    fn pages_from_elsewhere_change_nothing() {
        for (headers, own) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("host", "plumb:1"), ("origin", "https://plumb:1")], true),
            (&[("host", "plumb:1"), ("origin", "https://evil:1")], false),
            (&[("host", "plumb:1"), ("origin", "null")], false),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(from_own_page(&map).is_ok(), own, "{headers:?}");
        }
    }
}
