//! The same over TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use plumb_validator::transport::{Endpoint, Identity, NotSentCause, Phase, Received, SendError, SendLimits, Trust};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{HandshakeKind, RootCertStore, ServerConfig};

use crate::server::{CLIENTS, Client, LIMITS, OK_CLOSE, PATIENT, SHORT, bytes_of, get, transport};

/// Answers every connection once; gives its address, its certificate as PEM, and what it reads.
async fn tls_server() -> (SocketAddr, String, UnboundedReceiver<Vec<u8>>) {
    let (address, pem, log, _) = tls_server_that_tells().await;
    (address, pem, log)
}

/// The same, and which handshakes it made.
pub(crate) async fn tls_server_that_tells()
-> (SocketAddr, String, UnboundedReceiver<Vec<u8>>, UnboundedReceiver<Option<HandshakeKind>>) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("a server's configuration");
    let (address, log, handshakes) = tls_server_with(config).await;
    (address, own.cert.pem(), log, handshakes)
}

/// A server of this configuration, what it reads, and which handshakes it made.
pub(crate) async fn tls_server_with(
    config: ServerConfig,
) -> (SocketAddr, UnboundedReceiver<Vec<u8>>, UnboundedReceiver<Option<HandshakeKind>>) {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
    let address = listener.local_addr().expect("an address");
    let (seen, log) = unbounded_channel();
    let (met, handshakes) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            _ = met.send(stream.get_ref().1.handshake_kind());
            let mut bytes = vec![0; 1024];
            let count = stream.read(&mut bytes).await.expect("a request");
            bytes.truncate(count);
            _ = seen.send(bytes);
            stream.write_all(OK_CLOSE).await.expect("an answer");
            stream.shutdown().await.ok();
        }
    });
    (address, log, handshakes)
}

/// Answers only those who show the certificate `known`; what `tls_server` gives.
async fn tls_server_that_asks(known: &CertificateDer<'static>) -> (SocketAddr, String, UnboundedReceiver<Vec<u8>>) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(known.clone()).expect("an authority");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("a server's configuration");
    let (address, log, _) = tls_server_with(config).await;
    (address, own.cert.pem(), log)
}

#[tokio::test]
async fn a_server_that_demands_a_certificate_answers_whom_it_knows_and_nobody_else() {
    let [known, other] = [(); 2].map(|()| rcgen::generate_simple_self_signed(["client".to_owned()]).expect("a pair"));
    let (address, pem, mut log) = tls_server_that_asks(known.cert.der()).await;
    let now_s = std::time::UNIX_EPOCH.elapsed().expect("it is later").as_secs();
    let trust = |own: Option<&rcgen::CertifiedKey<rcgen::KeyPair>>| {
        let identity = own.map(|own| {
            let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
            let now_s = i64::try_from(now_s).expect("a time");
            Identity::from_pem(certificate.as_bytes(), key.as_bytes(), now_s).expect("a good pair")
        });
        Trust::with_identity(pem.as_bytes(), identity).expect("it can be used")
    };
    for client in CLIENTS {
        let received = send(address, trust(Some(&known)), client).await.expect("an answer");
        assert_eq!(received.response.status, 200);
        assert!(log.recv().await.is_some());
        for stranger in [None, Some(&other)] {
            let error = send(address, trust(stranger), client).await.expect_err("a stranger gets no answer");
            assert!(client != Client::Fresh || error.phase() == Some(Phase::Tls), "{error:?}");
        }
    }
    assert!(log.try_recv().is_err(), "the server has read no stranger's request");
}

async fn send(address: SocketAddr, trust: Trust, client: Client) -> Result<Received, SendError> {
    let url = format!("https://localhost:{}", address.port());
    let endpoint = Endpoint::parse(&url, Some(trust)).expect("an endpoint");
    let transport = transport(&endpoint, client, PATIENT);
    transport.send(&get(client, "/a/../b?x"), &LIMITS).await
}

#[tokio::test]
async fn an_extra_authority_is_believed_and_the_bytes_stay_the_same() {
    let (address, pem, mut log) = tls_server().await;
    let trust = Trust::with_extra_roots(pem.as_bytes()).expect("the certificate can be read");
    for client in CLIENTS {
        let received = send(address, trust.clone(), client).await.expect("an answer");
        assert_eq!((received.response.status, received.peer), (200, Some(address)));
        assert_eq!(log.recv().await, Some(bytes_of(&get(client, "/a/../b?x"), "")));
    }
}

#[tokio::test]
async fn a_detour_changes_neither_the_bytes_nor_the_name_that_tls_asks_for() {
    let (address, pem, mut log) = tls_server().await;
    let trust = Trust::with_extra_roots(pem.as_bytes()).expect("the certificate can be read");
    for client in CLIENTS {
        for (url, is_answered) in [("https://localhost:1", true), ("https://127.0.0.1:1", false)] {
            let endpoint = Endpoint::parse(url, Some(trust.clone())).expect("an endpoint").connecting_to(address);
            let sent = transport(&endpoint, client, PATIENT).send(&get(client, "/a/../b?x"), &LIMITS).await;
            if is_answered {
                assert_eq!(sent.expect("an answer").peer, Some(address), "{client:?}");
                assert_eq!(log.recv().await, Some(bytes_of(&get(client, "/a/../b?x"), "")));
            } else {
                let error = sent.expect_err("the certificate is not for this name");
                assert!(matches!(&error, SendError::NotSent { cause: NotSentCause::Tls, .. }), "{client:?}: {error:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_authority_means_nothing_was_sent() {
    let (address, _, mut log) = tls_server().await;
    // Somebody else's certificate, so that the test needs none of the platform's.
    let other = rcgen::generate_simple_self_signed(["other".to_owned()]).expect("a certificate");
    let trust = Trust::with_extra_roots(other.cert.pem().as_bytes()).expect("the certificate can be read");
    for client in CLIENTS {
        let error = send(address, trust.clone(), client).await.expect_err("no trust, no answer");
        assert!(matches!(&error, SendError::NotSent { cause: NotSentCause::Tls, .. }), "{error:?}");
    }
    assert!(log.try_recv().is_err());
}

#[tokio::test]
async fn a_handshake_that_never_ends_means_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
    let address = listener.local_addr().expect("an address");
    let endpoint = Endpoint::parse(&format!("https://{address}"), Some(some_trust())).expect("an endpoint");
    for client in CLIENTS {
        let transport = transport(&endpoint, client, SHORT);
        let error = transport.send(&get(client, "/"), &LIMITS).await.expect_err("there is no answer");
        assert!(matches!(&error, SendError::NotSent { cause: NotSentCause::Timeout, .. }), "{error:?}");
    }
    let limits = SendLimits { first_byte: SHORT, ..LIMITS };
    for client in CLIENTS {
        let transport = transport(&endpoint, client, PATIENT);
        let error = transport.send(&get(client, "/"), &limits).await.expect_err("there is no answer");
        // Reqwest alone does not tell whether there is a connection when a limit of the request's own runs out.
        let told = match &error {
            SendError::NotSent { cause, .. } => *cause == NotSentCause::Timeout && client != Client::Reqwest,
            _ => client == Client::Reqwest,
        };
        assert!(told, "{client:?}: {error:?}");
    }
}

fn some_trust() -> Trust {
    let any = rcgen::generate_simple_self_signed(["any".to_owned()]).expect("a certificate");
    Trust::with_extra_roots(any.cert.pem().as_bytes()).expect("the certificate can be read")
}
