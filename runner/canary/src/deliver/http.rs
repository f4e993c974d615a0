//! HTTP to receivers: no redirects, no proxies, no secret in any error.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::plan::{Secret, Text};
use crate::secret::SecretError;

use super::TryError;
use super::lane::TRY_MAX;

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How the receivers see who asks.
const USER_AGENT: &str = concat!("plumb-canary/", env!("CARGO_PKG_VERSION"));

/// A client for all receivers. Where nobody is trusted for TLS on this host, it still speaks plain HTTP.
pub(super) fn client() -> Result<reqwest::Client, String> {
    // Somebody may have installed one before: any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_MAX)
            .timeout(TRY_MAX)
            .user_agent(USER_AGENT)
    };
    builder().build().or_else(|error| {
        tracing::warn!(%error, "no authorities can be loaded: receivers with https cannot be told anything");
        let nobody = rustls::RootCertStore::empty();
        let config = rustls::ClientConfig::builder().with_root_certificates(nobody).with_no_client_auth();
        builder().tls_backend_preconfigured(config).build().map_err(|error| error.to_string())
    })
}

/// A POST to an address that may be a secret.
#[derive(Debug, Clone)]
pub(super) struct Post {
    client: reqwest::Client,
    url: Text,
    content_type: String,
    authorization: Option<Secret>,
}

impl Post {
    pub(super) fn new(
        client: &reqwest::Client,
        url: &Text,
        content_type: &str,
        authorization: Option<&Secret>,
    ) -> Self {
        let (client, url) = (client.clone(), url.clone());
        Self { client, url, content_type: content_type.to_owned(), authorization: authorization.cloned() }
    }

    /// Sends `body` to the address, with `path` appended. Secrets are read again each time.
    pub(super) async fn send(&self, path: &str, body: Vec<u8>) -> Result<(), TryError> {
        let (url, authorization) = (self.url.clone(), self.authorization.clone());
        let (url, authorization) = reading(move || Ok((url.read()?, read_all(authorization.as_ref())?))).await?;
        let mut request = self.client.post(address(&url, path)?).body(body);
        request = request.header(CONTENT_TYPE, self.content_type.as_str());
        if let Some(secret) = authorization {
            request = request.header(AUTHORIZATION, header(&secret)?);
        }
        answered(request.send().await)
    }
}

/// Asks for an address with GET.
pub(super) async fn get(client: &reqwest::Client, url: &Text) -> Result<(), TryError> {
    let url = url.clone();
    let url = reading(move || url.read()).await?;
    answered(client.get(address(&url, "")?).send().await)
}

fn read_all(secret: Option<&Secret>) -> Result<Option<SecretString>, SecretError> {
    secret.map(Secret::read).transpose()
}

/// Reads secrets where a disk that hangs holds up nobody else.
async fn reading<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
) -> Result<T, TryError> {
    let done = tokio::task::spawn_blocking(read).await;
    Ok(done.map_err(|_| TryError::Down("the secret could not be read".to_owned()))??)
}

fn address(url: &SecretString, path: &str) -> Result<Url, TryError> {
    let text = format!("{}{path}", url.expose_secret().trim_end_matches(if path.is_empty() { '\0' } else { '/' }));
    Url::parse(&text).map_err(|error| TryError::Refused(format!("its address is none: {error}")))
}

fn header(secret: &SecretString) -> Result<HeaderValue, TryError> {
    let refused = |_| TryError::Refused("its authorization is no value of a header".to_owned());
    let mut value = HeaderValue::from_str(secret.expose_secret()).map_err(refused)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What an answer means. Of what went wrong, the address is left out: it may be the secret.
fn answered(answer: reqwest::Result<reqwest::Response>) -> Result<(), TryError> {
    let answer = answer.map_err(|error| TryError::Down(causes(&error.without_url())))?;
    let (status, said) = (answer.status(), format!("it answered {}", answer.status().as_u16()));
    match status.as_u16() {
        200..=299 => Ok(()),
        // Who may ask, and how often, is mended without a change here.
        401 | 403 | 408 | 429 | 500.. => Err(TryError::Later(said)),
        _ => Err(TryError::Refused(said)),
    }
}

/// The last cause: the others say that there is one.
fn causes(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}
