//! Where requests go: scheme, host, port, and whom to trust there.

use std::net::SocketAddr;
use std::sync::Arc;

use http::uri::{Authority, Scheme};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use url::{Position, Url};

use super::identity::{Identity, refused_by};

/// Why an endpoint cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The text is not `http://host[:port]` or `https://host[:port]`.
    #[error("failed to read the endpoint: {reason}")]
    Address {
        /// What is wrong with it. Never the text itself, which may hold a password.
        reason: String,
    },
    /// The trusted certificates could not be loaded.
    #[error("failed to load trusted certificates: {reason}")]
    Trust {
        /// What is wrong with them.
        reason: String,
    },
    /// The certificate by which the server shall know us cannot be used.
    #[error("failed to use the client certificate: {reason}")]
    Identity {
        /// What is wrong with it. Never the key itself.
        reason: String,
    },
    /// The client for this endpoint could not be set up.
    #[error("failed to set up a client: {reason}")]
    Client {
        /// What is wrong with it.
        reason: String,
    },
}

/// Whose certificates are believed, ready for use. Cheap to clone; load it once and share it,
/// because it also holds the cache of TLS sessions.
#[derive(Debug, Clone)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// The authorities the operating system trusts.
    pub fn platform() -> Result<Self, EndpointError> {
        Self::with_extra_roots(&[])
    }

    /// The authorities the operating system trusts, and those in `pem` (zero or more certificates).
    pub fn with_extra_roots(pem: &[u8]) -> Result<Self, EndpointError> {
        Self::with_identity(pem, None)
    }

    /// The same, with a certificate by which servers that ask for one know us.
    pub fn with_identity(pem: &[u8], identity: Option<Identity>) -> Result<Self, EndpointError> {
        let refused = |error: &dyn std::error::Error| EndpointError::Trust { reason: error.to_string() };
        let roots: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|e| refused(&e))?;
        if roots.is_empty() && !pem.is_empty() {
            return Err(EndpointError::Trust { reason: "the PEM text holds no certificate".to_owned() });
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Verifier::new_with_extra_roots(roots, provider.clone()).map_err(|e| refused(&e))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| refused(&e))?
            .dangerous() // The name of the only way to hand in a verifier; this one verifies.
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match identity {
            None => config.with_no_client_auth(),
            Some(Identity { chain, key }) => {
                config.with_client_auth_cert(chain, key).map_err(|error| refused_by(&error))?
            }
        };
        Ok(Self(Arc::new(config)))
    }

    /// Nobody: for plain HTTP, where the clients want a configuration all the same.
    fn nobody() -> Result<Self, EndpointError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| EndpointError::Trust { reason: error.to_string() })?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// A copy for a client that wants to own it; the session cache stays shared.
    pub(super) fn config(&self) -> ClientConfig {
        ClientConfig::clone(&self.0)
    }
}

/// A server under test: where it is, and how it proves to be itself. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    /// `scheme://authority`, to which a target is appended.
    pub(super) base: String,
    pub(super) trust: Trust,
    /// Where connections go instead of to the host itself.
    pub(super) connect_to: Option<SocketAddr>,
}

impl Endpoint {
    /// Reads `http://host[:port]` or `https://host[:port]`; for the latter, `trust` says whom to
    /// believe, and `None` means [`Trust::platform`]. A path, a query or a user is refused.
    pub fn parse(text: &str, trust: Option<Trust>) -> Result<Self, EndpointError> {
        let refused = |reason: &str| EndpointError::Address { reason: reason.to_owned() };
        let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
        let scheme = match url.scheme() {
            "http" => Scheme::HTTP,
            "https" => Scheme::HTTPS,
            _ => return Err(refused("the scheme is neither http nor https")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("a user or password does not belong here"));
        }
        if &url[Position::BeforePath..] != "/" {
            return Err(refused("a path, query or fragment does not belong here"));
        }
        let authority = Authority::try_from(&url[Position::BeforeHost..Position::AfterPort])
            .map_err(|error| refused(&error.to_string()))?;
        let trust = match trust {
            Some(trust) => trust,
            None if scheme == Scheme::HTTPS => Trust::platform()?,
            None => Trust::nobody()?,
        };
        Ok(Self { base: format!("{scheme}://{authority}"), scheme, authority, trust, connect_to: None })
    }

    /// The same server by another way: every connection goes to `address`, and the host is not looked up. What is sent
    /// over it is the same to the byte, and TLS asks for the same name.
    #[must_use]
    pub fn connecting_to(self, address: SocketAddr) -> Self {
        Self { connect_to: Some(address), ..self }
    }

    /// The address that every connection goes to, whatever the host's name resolves to; none where it is looked up.
    pub const fn connected_to(&self) -> Option<SocketAddr> {
        self.connect_to
    }

    /// The name or address of the host, without brackets.
    pub fn host(&self) -> &str {
        let host = self.authority.host();
        host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
    }

    /// The port, also where it is the scheme's own and not said.
    pub fn port(&self) -> u16 {
        let of_scheme = if self.scheme == Scheme::HTTPS { 443 } else { 80 };
        self.authority.port_u16().unwrap_or(of_scheme)
    }

    /// What belongs into a `host` field for this endpoint: the port only where it is not the scheme's own.
    pub fn host_header(&self) -> &str {
        self.authority.as_str()
    }

    /// `scheme://host[:port]`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: Option<&str>) {
        let found = Endpoint::parse(text, None).ok();
        assert_eq!(found.as_ref().map(Endpoint::url), wanted, "{text}");
    }

    #[test]
    fn only_a_bare_http_origin_is_an_endpoint() {
        check("http://127.0.0.1:9000", Some("http://127.0.0.1:9000"));
        check("http://localhost/", Some("http://localhost"));
        check("http://Example.COM:80", Some("http://example.com"));
        check("http://[::1]:9000", Some("http://[::1]:9000"));
        check("http://host:9000/base", None);
        check("http://host:9000/?x", None);
        check("http://user:secret@host", None);
        check("ftp://host", None);
        check("host:9000", None);
    }

    #[test]
    fn a_refused_endpoint_does_not_tell_its_password() {
        let error = Endpoint::parse("http://user:hunter2@host", None).expect_err("a user is refused");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn pem_without_a_certificate_is_refused() {
        assert!(matches!(Trust::with_extra_roots(b"not a certificate"), Err(EndpointError::Trust { .. })));
    }
}
