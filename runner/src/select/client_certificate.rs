//! The certificate by which a configured target knows us.

use std::path::{Path, PathBuf};

use plumb_validator::clock::{Clock as _, SystemClock};
use plumb_validator::transport::{Identity, Trust};
use toml::Spanned;

use crate::config::{CONFIG_BYTES_MAX, Config, TargetConfig};
use crate::error::Error;
use crate::input::read_text;

const HELP: &str = "client_cert and client_key each name a file in PEM, and the endpoint begins with https://";

/// Whom to believe at `own`, with the certificate that it names; none where it names none.
pub(super) fn read(config: &Config, own: &TargetConfig, ca: Option<&Path>) -> Result<Option<Trust>, Error> {
    let (certificate, key) = match (&own.client_cert, &own.client_key) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(alone), None) => return Err(config.error_at(alone, "the certificate has no client_key", HELP)),
        (None, Some(alone)) => return Err(config.error_at(alone, "the key has no client_cert", HELP)),
    };
    if !own.endpoint.get_ref().starts_with("https:") {
        return Err(config.error_at(certificate, "without TLS no certificate is shown", HELP));
    }
    let certificates = text(config, certificate)?;
    let key = text(config, key)?;
    let roots = match ca {
        None => String::new(),
        Some(path) => read_text(path, CONFIG_BYTES_MAX).map_err(|error| Error::file("read", path, error, HELP))?,
    };
    let now_s = SystemClock.unix_ms() / 1_000;
    Identity::from_pem(certificates.as_bytes(), key.as_bytes(), now_s)
        .and_then(|identity| Trust::with_identity(roots.as_bytes(), Some(identity)))
        .map(Some)
        .map_err(|error| config.error_at(certificate, error.to_string(), HELP))
}

fn text(config: &Config, path: &Spanned<PathBuf>) -> Result<String, Error> {
    read_text(path.get_ref(), CONFIG_BYTES_MAX)
        .map_err(|error| config.error_at(path, format!("failed to read {}: {error}", path.get_ref().display()), HELP))
}
