//! Who may ask.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::ServeError;

/// The shortest token, in bytes: what is shorter can be guessed.
const TOKEN_BYTES_MIN: usize = 16;

/// What callers prove, read again for every request, so that it can be changed while the server runs.
#[derive(Clone)]
pub struct Token(Arc<dyn Fn() -> Result<String, String> + Send + Sync>);

impl Token {
    /// A token that `read` reads, as from a file. What it fails with is logged and must hold nothing secret.
    pub fn read_by(read: impl Fn() -> Result<String, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// A token that stays as it is.
    #[must_use]
    pub fn fixed(token: String) -> Self {
        Self::read_by(move || Ok(token.clone()))
    }

    fn read(&self) -> Result<String, String> {
        let text = (self.0)()?;
        let token = text.trim();
        if token.len() < TOKEN_BYTES_MIN {
            return Err(format!("it has fewer than {TOKEN_BYTES_MIN} bytes"));
        }
        Ok(token.to_owned())
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing was proven, or the wrong thing.
    Unproven,
    /// The token cannot be read, so that nobody gets in.
    NoToken,
    /// Nobody has to prove anything here, so that only this machine is let in, by its own names.
    NotHere,
    /// The request was made by a page in a browser.
    Browser,
}

impl Refusal {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Unproven => StatusCode::UNAUTHORIZED,
            Self::NoToken => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotHere | Self::Browser => StatusCode::FORBIDDEN,
        }
    }

    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::Unproven => "a valid authorization header is needed: the token as bearer, or as password of basic",
            Self::NoToken => "the token of this server cannot be read, or is too short; its log says why",
            Self::NotHere => "without a token, gates are for this machine alone, by a name of its own",
            Self::Browser => "the request was made by a page in a browser",
        }
    }
}

/// Who is let in at one address.
#[derive(Clone)]
pub(super) struct Access(Option<Token>);

impl Access {
    /// # Errors
    /// Where anybody could ask: no token, and an address that others reach.
    pub(super) fn new(token: Option<Token>, bound: SocketAddr) -> Result<Self, ServeError> {
        match token {
            None if !bound.ip().is_loopback() => Err(ServeError::Open(bound)),
            token => Ok(Self(token)),
        }
    }

    /// Lets somebody in, or says why not. No browser is ever let in, for nothing here is made for one, and a page from
    /// elsewhere must not start anything.
    pub(super) fn admits(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
        let fetched = headers.get("sec-fetch-site").is_some_and(|site| site != "none");
        if fetched || headers.contains_key(ORIGIN) {
            return Err(Refusal::Browser);
        }
        let Some(token) = &self.0 else {
            let host = headers.get(HOST).and_then(|host| host.to_str().ok());
            let named = uri.authority().map_or(host, |authority| Some(authority.as_str()));
            return if named.is_some_and(is_loopback) { Ok(()) } else { Err(Refusal::NotHere) };
        };
        let token = token.read().map_err(|why| {
            tracing::error!(%why, "failed to read the token");
            Refusal::NoToken
        })?;
        let proven = given(headers).is_some_and(|given| same(&given, token.as_bytes()));
        if proven { Ok(()) } else { Err(Refusal::Unproven) }
    }
}

/// What was given: behind `Bearer`, or as the password of `Basic`, which is all that a caller can send that knows
/// nothing but an address (`https://plumb:TOKEN@host/`).
fn given(headers: &HeaderMap) -> Option<Vec<u8>> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().as_bytes().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(rest.trim()).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_owned())
}

/// Compares in a time that tells nothing of either: digests are as long, whatever they are of.
fn same(given: &[u8], wanted: &[u8]) -> bool {
    Sha256::digest(given).as_slice().ct_eq(Sha256::digest(wanted).as_slice()).into()
}

/// Whether `authority`, with or without a port, is this machine: a name that was made to lead here is none of its own.
fn is_loopback(authority: &str) -> bool {
    if let Ok(address) = authority.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let host = authority.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(authority, |(host, _)| host);
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
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
            ("localhost:", false),
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
    fn a_token_that_can_be_guessed_lets_nobody_in() {
        let bound = SocketAddr::from(([192, 0, 2, 1], 80));
        for (token, header, wanted) in [
            ("", "Bearer ", Err(Refusal::NoToken)),
            ("short", "Bearer short", Err(Refusal::NoToken)),
            ("  \n                    ", "Bearer ", Err(Refusal::NoToken)),
            ("0123456789abcdef\n", "Bearer 0123456789abcdef", Ok(())),
            ("0123456789abcdef", "bearer 0123456789abcdef", Ok(())),
            ("0123456789abcdef", "Bearer 0123456789abcdeF", Err(Refusal::Unproven)),
            ("0123456789abcdef", "Bearer 0123456789abcde", Err(Refusal::Unproven)),
            ("0123456789abcdef", "0123456789abcdef", Err(Refusal::Unproven)),
            ("0123456789abcdef", "Basic cGx1bWI6MDEyMzQ1Njc4OWFiY2RlZg==", Ok(())),
            ("0123456789abcdef", "Basic MDEyMzQ1Njc4OWFiY2RlZg==", Err(Refusal::Unproven)),
            ("0123456789abcdef", "Basic %%%", Err(Refusal::Unproven)),
        ] {
            let access = Access::new(Some(Token::fixed(token.to_owned())), bound).expect("a token is enough");
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, header.parse().expect("a header"));
            assert_eq!(access.admits(&headers, &Uri::from_static("/")), wanted, "{token:?} {header}");
        }
    }
}
