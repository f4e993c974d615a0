//! Who signs.

use secrecy::{ExposeSecret, SecretString};

/// An access key and its secret. `Debug` shows the access key only.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The public half, which stands in every signed request.
    pub access_key: String,
    /// The secret half, which never leaves.
    pub secret_key: SecretString,
    /// What temporary credentials carry besides, sent as `x-amz-security-token`.
    pub session_token: Option<SecretString>,
}

impl Credentials {
    /// Lasting credentials.
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        let secret_key = SecretString::from(secret_key.into());
        Self { access_key: access_key.into(), secret_key, session_token: None }
    }

    /// The same credentials as temporary ones.
    #[must_use]
    pub fn with_session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(SecretString::from(token.into()));
        self
    }

    /// The session token in the clear.
    pub(super) fn token(&self) -> Option<&str> {
        self.session_token.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Whether both sign alike. Not for answering strangers: it takes longer the more is equal.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.access_key == other.access_key
            && self.secret_key.expose_secret() == other.secret_key.expose_secret()
            && self.token() == other.token()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", Credentials::new("AKIA", "hidden-1").with_session_token("hidden-2"));
        assert!(shown.contains("AKIA") && !shown.contains("hidden"), "{shown}");
    }
}
