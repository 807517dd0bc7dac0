//! The TLS side of the applications' door: the certificate of the configuration, or one made at start.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::ListenTls;

/// Why the door can't offer TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file isn't there or isn't PEM.
    #[error("can't read {}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    /// The certificate and the key don't fit, or are of a kind that isn't supported.
    #[error("can't use the certificate")]
    Certificate(#[from] rustls::Error),
    /// The certificate made at start failed.
    #[error("can't make a certificate")]
    SelfSigned(#[from] rcgen::Error),
}

/// The acceptor for client connections. Clients aren't asked for certificates.
///
/// # Errors
/// [`TlsError`] when the files can't be used.
pub fn acceptor(tls: &ListenTls) -> Result<TlsAcceptor, TlsError> {
    let (chain, key) = match tls {
        ListenTls::Files { certificate, key } => (read_chain(certificate)?, read_key(key)?),
        ListenTls::SelfSigned => self_signed()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = certificates.map_err(|error| unreadable(path, &error))?;
    if chain.is_empty() {
        return Err(TlsError::File { path: path.to_owned(), reason: "no certificate in it".to_owned() });
    }
    Ok(chain)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| unreadable(path, &error))
}

/// The reason is the parser's short text, never file contents.
fn unreadable(path: &Path, error: &rustls::pki_types::pem::Error) -> TlsError {
    let reason = match error {
        rustls::pki_types::pem::Error::Io(error) => io::Error::to_string(error),
        rustls::pki_types::pem::Error::NoItemsFound => "no such item in it".to_owned(),
        _ => "not PEM".to_owned(),
    };
    TlsError::File { path: path.to_owned(), reason }
}

fn self_signed() -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "bascule".to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    Ok((vec![made.cert.der().clone()], key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_made_at_start_can_be_used() {
        assert!(acceptor(&ListenTls::SelfSigned).is_ok());
    }

    #[test]
    fn a_missing_file_is_named() {
        let missing = ListenTls::Files { certificate: "/nowhere/c.pem".into(), key: "/nowhere/k.pem".into() };
        let error = acceptor(&missing).map(|_| ()).expect_err("no such file");
        assert!(error.to_string().contains("/nowhere/c.pem"), "{error}");
    }
}
