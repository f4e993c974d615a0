//! The certificate by which a server knows us, looked at before anything is sent: a server that refuses it says little.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::endpoint::EndpointError;

/// A certificate of ours with its key, and those between it and its authority.
#[derive(Debug)]
pub struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads both from PEM. The first certificate is ours, and must be valid at `now_s`, in seconds since 1970. Whether
    /// the key is that of the certificate is found out where both are put to use.
    pub fn from_pem(certificates: &[u8], key: &[u8], now_s: i64) -> Result<Self, EndpointError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, _>>()
            .map_err(|error| refused(format!("the certificate is no good PEM: {error}")))?;
        let Some(first) = chain.first() else {
            return Err(refused("there is no certificate in what should be PEM"));
        };
        check_time(first, now_s)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            rustls::pki_types::pem::Error::NoItemsFound => {
                refused("there is no private key in what should be PEM (one with a password cannot be used)")
            }
            // What stands there is a secret, so that nothing of it is told.
            _ => refused("the private key is no good PEM"),
        })?;
        Ok(Self { chain, key })
    }
}

fn check_time(certificate: &CertificateDer<'_>, now_s: i64) -> Result<(), EndpointError> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate)
        .map_err(|error| refused(format!("the certificate cannot be read: {error}")))?;
    let validity = parsed.validity();
    if now_s > validity.not_after.timestamp() {
        return Err(refused(format!("the certificate expired on {}", validity.not_after)));
    }
    if now_s < validity.not_before.timestamp() {
        return Err(refused(format!("the certificate is not valid before {}", validity.not_before)));
    }
    Ok(())
}

/// What a configuration says that does not take the identity.
pub(super) fn refused_by(error: &rustls::Error) -> EndpointError {
    match error {
        rustls::Error::InconsistentKeys(_) => refused("the private key is not that of the certificate"),
        other => refused(other.to_string()),
    }
}

fn refused(reason: impl Into<String>) -> EndpointError {
    EndpointError::Identity { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Trust;

    const NOW_S: i64 = 1_700_000_000;

    /// A certificate that is valid between these years, and its key.
    fn pair(from: i32, until: i32) -> (String, String) {
        let mut params = rcgen::CertificateParams::new(["client".to_owned()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
    }

    fn check(certificate: &str, key: &str, wanted: Option<&str>) {
        let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes(), NOW_S);
        let used = identity.and_then(|identity| Trust::with_identity(b"", Some(identity)));
        match (used, wanted) {
            (Ok(_), None) => {}
            (Err(error), Some(wanted)) => assert!(error.to_string().contains(wanted), "{error}"),
            (used, wanted) => panic!("{wanted:?}: {used:?}"),
        }
    }

    #[test]
    fn an_identity_that_no_server_would_take_is_refused_before_anything_is_sent() {
        let (good, key) = pair(2020, 2040);
        check(&good, &key, None);
        check("nonsense", &key, Some("there is no certificate"));
        check(&good, "nonsense", Some("there is no private key"));
        check(&good, &good, Some("there is no private key"));
        check(&good, &pair(2020, 2040).1, Some("the private key is not that of the certificate"));
        let (old, key) = pair(2010, 2020);
        check(&old, &key, Some("the certificate expired on Jan  1 00:00:00 2020"));
        let (new, key) = pair(2040, 2050);
        check(&new, &key, Some("the certificate is not valid before Jan  1 00:00:00 2040"));
    }
}
