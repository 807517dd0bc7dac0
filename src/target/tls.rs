//! rustls towards the databases: whom Bascule believes, and what it shows of itself.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::error::TargetError;
use crate::config::{OwnCertificate, Tls};

/// The client configuration for `tls`, with the certificate that servers are shown if they ask for one; `None` when TLS is
/// off.
pub(crate) fn client_config(
    tls: &Tls,
    shown: Option<&OwnCertificate>,
) -> Result<Option<Arc<ClientConfig>>, TargetError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| TargetError::Tls(error.to_string()))?;
    let builder = match tls {
        Tls::Off => return Ok(None),
        Tls::Required => builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
        Tls::Verify { ca } => builder.with_root_certificates(roots(ca)?),
    };
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some(shown) => {
            let (chain, key) = read(shown)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                let (certificate, key) = (shown.certificate.display(), shown.key.display());
                TargetError::Tls(format!("the certificate {certificate} can't be used with the key {key}: {error}"))
            })?
        }
    };
    Ok(Some(Arc::new(config)))
}

/// The chain and the key of a certificate of ours. What is told of a bad file is never a part of it.
fn read(files: &OwnCertificate) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TargetError> {
    let refuse = |path: &Path, reason: String| TargetError::Tls(format!("{}: {reason}", path.display()));
    let chain = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| refuse(&files.certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(refuse(&files.certificate, "no certificate in this file".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| refuse(&files.key, error.to_string()))?;
    Ok((chain, key))
}

/// The certificates of a CA file, and no others.
fn roots(ca: &Path) -> Result<RootCertStore, TargetError> {
    let refuse = |reason: String| TargetError::Tls(format!("{}: {reason}", ca.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(|error| refuse(error.to_string()))? {
        let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
        roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refuse("no certificate in this file".to_owned()));
    }
    Ok(roots)
}

/// `tls = "required"`: encrypted, but the certificate proves nothing. Signatures are still checked, so the other end
/// does hold the key of the certificate that it shows.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
