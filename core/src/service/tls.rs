//! Whom to trust: the platform, the configuration's own roots, and, where the platform has nothing to
//! offer, the roots that come with this crate.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::error::{LiveFlowError, Result};

/// TLS with an explicit provider: the process-wide default belongs to the application. Nothing is
/// loaded from the platform before the first handshake.
pub(super) fn client_config(extra_roots: &[Vec<u8>]) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = Trust::new(extra_roots, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&format!("TLS cannot be set up: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trust))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Asks the platform, then the configuration's own roots.
#[derive(Debug)]
struct Trust {
    provider: Arc<CryptoProvider>,
    extra: Option<Arc<WebPkiServerVerifier>>,
    platform: OnceLock<Arc<dyn ServerCertVerifier>>,
    bundled: OnceLock<Arc<WebPkiServerVerifier>>,
}

impl Trust {
    fn new(extra_roots: &[Vec<u8>], provider: Arc<CryptoProvider>) -> Result<Self> {
        let extra = if extra_roots.is_empty() {
            None
        } else {
            let verifier = webpki(parse_roots(extra_roots)?, &provider);
            Some(verifier.map_err(|error| unusable(&format!("they cannot be used: {error}")))?)
        };
        Ok(Self { provider, extra, platform: OnceLock::new(), bundled: OnceLock::new() })
    }

    /// The platform's verifier, or the bundled roots where it has none to offer, as in a container
    /// without a certificate package.
    fn platform(&self) -> Result<Arc<dyn ServerCertVerifier>, Error> {
        if let Some(platform) = self.platform.get() {
            return Ok(Arc::clone(platform));
        }
        let found = catch_unwind(AssertUnwindSafe(|| {
            rustls_platform_verifier::Verifier::new(Arc::clone(&self.provider))
        }));
        let verifier: Arc<dyn ServerCertVerifier> = match found {
            Ok(Ok(verifier)) => Arc::new(verifier),
            Ok(Err(error)) => self.bundled(&error.to_string())?,
            Err(_) => self.bundled("its verifier cannot be created")?,
        };
        Ok(Arc::clone(self.platform.get_or_init(|| verifier)))
    }

    fn bundled(&self, why: &str) -> Result<Arc<WebPkiServerVerifier>, Error> {
        if let Some(bundled) = self.bundled.get() {
            return Ok(Arc::clone(bundled));
        }
        tracing::warn!(
            target: "liveflow::service",
            why,
            "the platform's certificate store is not available; using the bundled roots"
        );
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let bundled = webpki(roots, &self.provider)?;
        Ok(Arc::clone(self.bundled.get_or_init(|| bundled)))
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let ask = |verifier: &dyn ServerCertVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let platform = self.platform()?;
        // Android's verifier panics until the application has handed it its context.
        let verdict = match catch_unwind(AssertUnwindSafe(|| ask(&*platform))) {
            Ok(verdict) => verdict,
            Err(_) => ask(&*self.bundled("its verifier panicked; was it initialised?")?),
        };
        match (verdict, &self.extra) {
            (Err(refusal), Some(extra)) => ask(&**extra).map_err(|own_refusal| match own_refusal {
                // It was not issued below the extra roots either, so the platform knows better.
                Error::InvalidCertificate(CertificateError::UnknownIssuer) => refusal,
                other => other,
            }),
            (verdict, _) => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn webpki(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Error> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| Error::General(error.to_string()))
}

/// Each entry is one DER certificate, or PEM text with one or more of them.
fn parse_roots(entries: &[Vec<u8>]) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    for (at, entry) in entries.iter().enumerate() {
        let bad = |why: &str| unusable(&format!("number {} {why}", at + 1));
        let certificates = if entry.windows(11).any(|window| window == b"-----BEGIN ") {
            CertificateDer::pem_slice_iter(entry)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|_| bad("is damaged PEM text"))?
        } else {
            vec![CertificateDer::from(entry.as_slice())]
        };
        if certificates.is_empty() {
            return Err(bad("is PEM text without a certificate in it"));
        }
        for certificate in certificates {
            store
                .add(certificate.into_owned())
                .map_err(|_| bad("is not a certificate, neither as PEM nor as DER"))?;
        }
    }
    Ok(store)
}

fn unusable(why: &str) -> LiveFlowError {
    LiveFlowError::configuration(
        "extra_root_certificates",
        format!("extra_root_certificates: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> Arc<CryptoProvider> {
        Arc::new(rustls::crypto::ring::default_provider())
    }

    /// A certificate for `service.example` that signs itself.
    fn self_signed() -> rcgen::CertifiedKey<rcgen::KeyPair> {
        rcgen::generate_simple_self_signed(["service.example".to_owned()]).unwrap()
    }

    fn verify(trust: &Trust, certificate: &CertificateDer<'_>, name: &str) -> Result<(), Error> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        trust.verify_server_cert(certificate, &[], &name, &[], UnixTime::now()).map(|_| ())
    }

    #[test]
    fn an_extra_root_is_trusted_as_pem_and_as_der_and_for_its_own_names_only() {
        let own = self_signed();
        let pem = own.cert.pem().into_bytes();
        let after_a_comment = [b"# ours\n".as_slice(), &pem].concat();
        for root in [pem, after_a_comment, own.cert.der().to_vec()] {
            let trust = Trust::new(&[root], provider()).unwrap();
            assert_eq!(verify(&trust, own.cert.der(), "service.example"), Ok(()));
            let other_name = verify(&trust, own.cert.der(), "other.example").unwrap_err();
            assert!(format!("{other_name:?}").contains("NotValidForName"), "{other_name:?}");
            let other_certificate = verify(&trust, self_signed().cert.der(), "service.example");
            assert!(matches!(other_certificate, Err(Error::InvalidCertificate(_))));
        }
    }

    #[test]
    fn a_bad_extra_root_names_the_setting_and_its_place() {
        let good = self_signed().cert.pem().into_bytes();
        let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec();
        let cut = good[..good.len() / 2].to_vec();
        for bad in [b"nonsense".to_vec(), Vec::new(), key, cut] {
            let error = Trust::new(&[good.clone(), bad], provider()).unwrap_err();
            let LiveFlowError::Configuration { setting, context } = error else { panic!() };
            assert_eq!(setting.as_deref(), Some("extra_root_certificates"));
            assert!(context.reason.contains("number 2"), "{}", context.reason);
        }
    }

    /// As Android's verifier before the application has handed it its context.
    #[derive(Debug)]
    struct Panicking;

    impl ServerCertVerifier for Panicking {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            panic!("not initialised")
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            unreachable!("signatures are checked by the provider")
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            unreachable!("signatures are checked by the provider")
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            Vec::new()
        }
    }

    #[test]
    fn a_platform_that_panics_is_replaced_by_the_bundled_roots() {
        let own = self_signed();
        let without = Trust::new(&[], provider()).unwrap();
        let with = Trust::new(&[own.cert.der().to_vec()], provider()).unwrap();
        for trust in [&without, &with] {
            trust.platform.set(Arc::new(Panicking)).unwrap();
        }
        let refusal = verify(&without, own.cert.der(), "service.example").unwrap_err();
        assert!(format!("{refusal:?}").contains("UnknownIssuer"), "{refusal:?}");
        assert!(without.bundled.get().is_some());
        assert_eq!(verify(&with, own.cert.der(), "service.example"), Ok(()));
    }

    #[test]
    fn nothing_is_loaded_before_the_first_handshake() {
        let trust = Trust::new(&[], provider()).unwrap();
        assert!(trust.platform.get().is_none());
        assert!(!trust.supported_verify_schemes().is_empty());
        assert!(trust.platform.get().is_none());
    }
}
