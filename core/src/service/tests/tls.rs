//! TLS: whom the service trusts, over real handshakes.

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::*;

/// An https server that answers every request with a session, and its certificate (PEM).
async fn https_server(names: &[&str]) -> (String, Vec<u8>) {
    https_server_with(names, |_| ()).await
}

async fn https_server_with(
    names: &[&str],
    change: impl FnOnce(&mut CertificateParams),
) -> (String, Vec<u8>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let pem = certificate.pem().into_bytes();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut bytes = [0; 4096];
                while matches!(stream.read(&mut bytes).await, Ok(length) if length > 0) {
                    let _ = stream.write_all(&ok(&session_json(SESSION))).await;
                }
            });
        }
    });
    (base, pem)
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_told_from_a_network_that_is_down() {
    let (base, _) = https_server(&["127.0.0.1"]).await;
    let attempt = attempt();
    let failure = put_in(&service(&base), &attempt).await.unwrap_err();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::Untrusted, "Network"));
    assert!(!failure.error.is_retryable());
    assert!(!attempt.left.has_left());
    assert!(failure.error.to_string().contains("extra_root_certificates"), "{}", failure.error);
}

#[tokio::test]
async fn an_extra_root_makes_it_trusted() {
    let (base, pem) = https_server(&["127.0.0.1"]).await;
    let service = service_with(&base, |config| config.extra_root_certificates = vec![pem]);
    get(&service).await.unwrap();
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let (base, pem) = https_server(&["other.example"]).await;
    let service = service_with(&base, |config| config.extra_root_certificates = vec![pem]);
    let failure = failed_get(&service).await;
    assert_eq!(failure.kind, FailureKind::Untrusted);
    assert!(failure.error.to_string().contains("another name"), "{}", failure.error);
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_not_trusted_and_gets_nothing() {
    let (base, pem) = https_server_with(&["127.0.0.1"], |params| {
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    })
    .await;
    let service = service_with(&base, |config| config.extra_root_certificates = vec![pem]);
    let attempt = attempt();
    let failure = put_in(&service, &attempt).await.unwrap_err();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::Untrusted, "Network"));
    assert!(!attempt.left.has_left());
    assert!(failure.error.to_string().contains("not valid at this time"), "{}", failure.error);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_gets_nothing() {
    let server = Server::saying("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let attempt = attempt();
    let base = server.base.replace("http:", "https:");
    // The server waits for a request that never comes whole; it is the time that ends it.
    let attempt = Attempt { timeout: Duration::from_millis(300), ..attempt };
    let failure = put_in(&service(&base), &attempt).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NeverLeft);
    let chatty = Server::start(|mut connection| async move {
        connection.send(b"220 mail.example ESMTP\r\n").await;
        connection.request().await;
    })
    .await;
    let base = chatty.base.replace("http:", "https:");
    let failure = put_in(&service(&base), &self::attempt()).await.unwrap_err();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::NeverLeft, "Network"));
}

#[test]
fn a_bad_root_is_refused_when_the_service_is_made() {
    let mut config = ClientConfig::new(KEY);
    config.extra_root_certificates = vec![b"nonsense".to_vec()];
    let error = Service::new(&config).err().unwrap();
    let crate::error::LiveFlowError::Configuration { setting, .. } = error else { panic!() };
    assert_eq!(setting.as_deref(), Some("extra_root_certificates"));
}
