//! Derived keys, and the few of them that are worth keeping.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use secrecy::ExposeSecret;

use super::hash::Mac;
use super::time::shared;
use super::{ALGORITHM, Credentials, SERVICE, SigningTime, TERMINATOR};

/// How many keys [`SigningKeys`] holds: a few actors, right and wrong secrets, yesterday and tomorrow.
pub const SIGNING_KEYS_MAX: usize = 32;

/// The key that signs for one identity, day and region, with everything of a signature that does not
/// depend on the request: HMAC state, scope, start of the header.
///
/// Source: "Signature Calculations for the Authorization Header" (`sig-v4-header-based-auth`), task 3.
pub struct SigningKey {
    credentials: Credentials,
    region: String,
    mac: Mac,
    scope: Bytes,
    header_start: Vec<u8>,
    session_token: Option<Bytes>,
}

impl SigningKey {
    /// Derives the key for the day of `time`: four HMACs.
    pub fn derive(credentials: &Credentials, time: &SigningTime, region: &str) -> Self {
        let secret = credentials.secret_key.expose_secret();
        let mut key = Vec::with_capacity(4 + secret.len());
        key.extend_from_slice(b"AWS4");
        key.extend_from_slice(secret.as_bytes());
        let mut mac = Mac::new(&key);
        for part in [time.day(), region.as_bytes(), SERVICE.as_bytes(), TERMINATOR.as_bytes()] {
            mac = Mac::new(&mac.sign(part));
        }
        let day = String::from_utf8_lossy(time.day());
        let scope = format!("{day}/{region}/{SERVICE}/{TERMINATOR}");
        let header_start = format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders=", credentials.access_key);
        Self {
            region: region.to_owned(),
            mac,
            scope: shared(scope.as_bytes()),
            header_start: header_start.into_bytes(),
            session_token: credentials.token().map(|token| shared(token.as_bytes())),
            credentials: credentials.clone(),
        }
    }

    /// The public half of the identity.
    pub fn access_key(&self) -> &str {
        &self.credentials.access_key
    }

    /// What the key is good for: `20130524/us-east-1/s3/aws4_request`.
    pub fn scope(&self) -> &Bytes {
        &self.scope
    }

    pub(super) fn mac(&self) -> &Mac {
        &self.mac
    }

    pub(super) fn header_start(&self) -> &[u8] {
        &self.header_start
    }

    pub(super) fn session_token(&self) -> Option<&Bytes> {
        self.session_token.as_ref()
    }

    fn is_for(&self, credentials: &Credentials, time: &SigningTime, region: &str) -> bool {
        self.scope.starts_with(time.day()) && self.region == region && self.credentials.same(credentials)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = String::from_utf8_lossy(&self.scope);
        to.debug_struct("SigningKey")
            .field("access_key", &self.access_key())
            .field("scope", &scope)
            .finish_non_exhaustive()
    }
}

/// The keys in use, derived once each, shared by all threads: a look-up takes a read lock. Holds at
/// most [`SIGNING_KEYS_MAX`]; the one made first goes first.
#[derive(Debug, Default)]
pub struct SigningKeys(RwLock<Vec<Arc<SigningKey>>>);

impl SigningKeys {
    /// The key for these credentials on the day of `time` in `region`, derived if it is not at hand.
    pub fn get(&self, credentials: &Credentials, time: &SigningTime, region: &str) -> Arc<SigningKey> {
        if let Some(key) = find(&self.0.read().unwrap_or_else(PoisonError::into_inner), credentials, time, region) {
            return key;
        }
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = find(&keys, credentials, time, region) {
            return key;
        }
        if keys.len() >= SIGNING_KEYS_MAX {
            keys.remove(0);
        }
        let key = Arc::new(SigningKey::derive(credentials, time, region));
        keys.push(Arc::clone(&key));
        key
    }
}

/// Newest first, since most look-ups ask for a key of today.
fn find(
    keys: &[Arc<SigningKey>],
    credentials: &Credentials,
    time: &SigningTime,
    region: &str,
) -> Option<Arc<SigningKey>> {
    keys.iter().rev().find(|key| key.is_for(credentials, time, region)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_derived_once_and_for_one_secret() {
        let keys = SigningKeys::default();
        let time = SigningTime::at(0);
        let right = Credentials::new("AKIA", "right");
        let first = keys.get(&right, &time, "us-east-1");
        assert!(Arc::ptr_eq(&first, &keys.get(&right, &SigningTime::at(86_399), "us-east-1")));
        for (credentials, seconds, region) in [
            (Credentials::new("AKIA", "wrong"), 0, "us-east-1"),
            (right.clone().with_session_token("token"), 0, "us-east-1"),
            (right.clone(), 86_400, "us-east-1"),
            (right.clone(), 0, "us-east"),
        ] {
            assert!(!Arc::ptr_eq(&first, &keys.get(&credentials, &SigningTime::at(seconds), region)));
        }
    }

    #[test]
    fn the_cache_is_bounded() {
        let keys = SigningKeys::default();
        let mine = Credentials::new("AKIA", "secret");
        for day in 0..100 {
            keys.get(&mine, &SigningTime::at(day * 86_400), "us-east-1");
        }
        assert_eq!(keys.0.read().expect("unpoisoned").len(), SIGNING_KEYS_MAX);
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = SigningKey::derive(&Credentials::new("AKIA", "hidden"), &SigningTime::at(0), "us-east-1");
        assert!(!format!("{key:?}").contains("hidden"));
    }
}
