//! The same over TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use plumb_validator::transport::{
    Endpoint, NetworkTransport, NotSentCause, Received, SendError, SendLimits, Transport as _, Trust,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::server::{CLIENTS, Client, LIMITS, OK_CLOSE, PATIENT, SHORT, bytes_of, get};

/// Answers every connection once; gives its address, its certificate as PEM, and what it reads.
async fn tls_server() -> (SocketAddr, String, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("a server's configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
    let address = listener.local_addr().expect("an address");
    let (seen, log) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut bytes = vec![0; 1024];
            let count = stream.read(&mut bytes).await.expect("a request");
            bytes.truncate(count);
            seen.send(bytes).expect("the test listens");
            stream.write_all(OK_CLOSE).await.expect("an answer");
            stream.shutdown().await.ok();
        }
    });
    (address, own.cert.pem(), log)
}

async fn send(address: SocketAddr, trust: Trust, client: Client) -> Result<Received, SendError> {
    let url = format!("https://localhost:{}", address.port());
    let endpoint = Endpoint::parse(&url, Some(trust)).expect("an endpoint");
    let transport = NetworkTransport::new(&endpoint, PATIENT).expect("a transport");
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
    let transport = NetworkTransport::new(&endpoint, SHORT).expect("a transport");
    for client in CLIENTS {
        let error = transport.send(&get(client, "/"), &LIMITS).await.expect_err("there is no answer");
        assert!(matches!(&error, SendError::NotSent { cause: NotSentCause::Timeout, .. }), "{error:?}");
    }
    // Only hyper tells whether there is a connection when a limit of the request's own runs out.
    let transport = NetworkTransport::new(&endpoint, PATIENT).expect("a transport");
    let limits = SendLimits { first_byte: SHORT, ..LIMITS };
    let error = transport.send(&get(Client::Hyper, "/"), &limits).await.expect_err("there is no answer");
    assert!(matches!(&error, SendError::NotSent { cause: NotSentCause::Timeout, .. }), "{error:?}");
    let error = transport.send(&get(Client::Reqwest, "/"), &limits).await.expect_err("there is no answer");
    assert!(matches!(&error, SendError::NoAnswer { .. }), "{error:?}");
}

fn some_trust() -> Trust {
    let any = rcgen::generate_simple_self_signed(["any".to_owned()]).expect("a certificate");
    Trust::with_extra_roots(any.cert.pem().as_bytes()).expect("the certificate can be read")
}
