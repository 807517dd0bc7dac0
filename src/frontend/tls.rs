//! The TLS side of the applications' door: which certificate it shows, and which certificates it asks clients for.
//!
//! The files can be read again while sessions go on: a handshake takes the settings as they are when it begins, and a
//! session that is encrypted keeps the keys that it agreed on. What can't be used changes nothing, so a door that was
//! opened never loses its certificate to a half-written file. Sessions of TLS can't be resumed over a change: a client
//! whose authority was taken away can't come back by a ticket of before.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio_rustls::TlsAcceptor;

use crate::config::{ClientCertificates, ListenCertificate, ListenTls, TlsVersion};

/// Why the door can't offer TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file isn't there or isn't PEM.
    #[error("can't read {}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    /// The certificate and the key don't fit, or are of a kind that isn't supported.
    #[error("can't use the certificate {} with the key {}: {source}", certificate.display(), key.display())]
    Certificate { certificate: PathBuf, key: PathBuf, source: rustls::Error },
    /// A file of authorities holds something that can't be one.
    #[error("can't use {} to check clients' certificates: {reason}", path.display())]
    Authorities { path: PathBuf, reason: String },
    /// The certificate made at start failed.
    #[error("can't make a certificate")]
    SelfSigned(#[from] rcgen::Error),
    /// The library refuses the settings.
    #[error("can't set TLS up")]
    Library(#[from] rustls::Error),
}

/// What a client without TLS is told where certificates are required: code and text. MySQL's code for the same thing.
pub(super) const CERTIFICATE_REQUIRED: (u16, &str) = (
    3159,
    "Connections using insecure transport are prohibited while Bascule's listen.tls_client_certificates is \"required\"",
);

/// What a call of [`Certificates::reload`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// The files were read, and handshakes use what is in them from now on.
    Files,
    /// The certificate was made at start and there's no file to read.
    Nothing,
}

/// The door's certificate, which new connections are shown.
pub struct Certificates {
    settings: ListenTls,
    current: ArcSwap<ServerConfig>,
}

impl Certificates {
    /// Reads the files of the configuration, or makes a certificate.
    ///
    /// # Errors
    /// [`TlsError`], which names the file that can't be used.
    pub fn new(settings: &ListenTls) -> Result<Self, TlsError> {
        let current = ArcSwap::from(server_config(settings)?);
        Ok(Self { settings: settings.clone(), current })
    }

    /// What encrypts a connection that begins now.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// True when nobody comes in without a certificate, and so not without TLS.
    #[must_use]
    pub const fn are_asked_of_clients(&self) -> bool {
        matches!(self.settings.clients, ClientCertificates::Required { .. })
    }

    /// Reads the files again: certificate, key and the authorities of clients' certificates, all of them or none.
    /// It blocks for as long as the files take to be read. Sessions that are encrypted already stay as they are.
    ///
    /// # Errors
    /// [`TlsError`], which names the file that can't be used; everything stays as it was then.
    pub fn reload(&self) -> Result<Reloaded, TlsError> {
        let files = matches!(self.settings.certificate, ListenCertificate::Files { .. })
            || self.settings.clients != ClientCertificates::Off;
        if !files {
            return Ok(Reloaded::Nothing);
        }
        self.current.store(server_config(&self.settings)?);
        Ok(Reloaded::Files)
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Certificates").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn server_config(tls: &ListenTls) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&versions(tls.min_version))?;
    let builder = match &tls.clients {
        ClientCertificates::Off => builder.with_no_client_auth(),
        ClientCertificates::Optional { ca } => builder.with_client_cert_verifier(verifier(ca, false)?),
        ClientCertificates::Required { ca } => builder.with_client_cert_verifier(verifier(ca, true)?),
    };
    let config = match &tls.certificate {
        ListenCertificate::Files { certificate, key } => {
            let (chain, secret) = (read_chain(certificate)?, read_key(key)?);
            builder.with_single_cert(chain, secret).map_err(|source| {
                let (certificate, key) = (certificate.clone(), key.clone());
                TlsError::Certificate { certificate, key, source }
            })?
        }
        ListenCertificate::SelfSigned => {
            let (chain, key) = self_signed()?;
            builder.with_single_cert(chain, key)?
        }
    };
    Ok(Arc::new(config))
}

fn versions(lowest: TlsVersion) -> Vec<&'static SupportedProtocolVersion> {
    match lowest {
        TlsVersion::V1_2 => vec![&TLS12, &TLS13],
        TlsVersion::V1_3 => vec![&TLS13],
    }
}

/// Checks the certificates that clients show against the authorities in a file.
fn verifier(ca: &Path, required: bool) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let unusable = |reason: String| TlsError::Authorities { path: ca.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in read_chain(ca)? {
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if required { builder } else { builder.allow_unauthenticated() };
    builder.build().map_err(|error| unusable(error.to_string()))
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
    use std::fs;

    use super::*;

    /// Writes a certificate of its own authority and its key, PEM.
    fn write(certificate: &Path, key: &Path) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("made");
        fs::write(certificate, made.cert.pem()).expect("written");
        fs::write(key, made.signing_key.serialize_pem()).expect("written");
    }

    fn settings(folder: &Path) -> (ListenTls, PathBuf, PathBuf) {
        let (certificate, key) = (folder.join("c.pem"), folder.join("k.pem"));
        let files = ListenCertificate::Files { certificate: certificate.clone(), key: key.clone() };
        (ListenTls { certificate: files, ..ListenTls::self_signed() }, certificate, key)
    }

    /// The text that an operator sees of a refusal.
    fn refusal<T>(result: Result<T, TlsError>) -> String {
        result.map(drop).expect_err("it's refused").to_string()
    }

    #[test]
    fn the_certificate_made_at_start_can_be_used_and_stays() {
        let made = Certificates::new(&ListenTls::self_signed()).expect("made");
        let before = made.current.load_full();
        assert_eq!(made.reload().expect("nothing to do"), Reloaded::Nothing);
        assert!(Arc::ptr_eq(&before, &made.current.load_full()));
    }

    #[test]
    fn each_file_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut tls, certificate, key) = settings(folder.path());
        assert_eq!(
            refusal(Certificates::new(&tls)),
            format!("can't read {}: No such file or directory (os error 2)", certificate.display())
        );
        write(&certificate, &key);
        assert!(Certificates::new(&tls).is_ok());
        fs::write(&key, "no key").expect("written");
        assert_eq!(refusal(Certificates::new(&tls)), format!("can't read {}: no such item in it", key.display()));
        let elsewhere = folder.path().join("other.pem");
        write(&elsewhere, &key);
        assert_eq!(
            refusal(Certificates::new(&tls)),
            format!(
                "can't use the certificate {} with the key {}: keys may not be consistent: KeyMismatch",
                certificate.display(),
                key.display()
            )
        );
        write(&certificate, &key);
        let ca = folder.path().join("ca.pem");
        fs::write(&ca, "").expect("written");
        tls.clients = ClientCertificates::Required { ca: ca.clone() };
        assert_eq!(refusal(Certificates::new(&tls)), format!("can't read {}: no certificate in it", ca.display()));
        fs::write(&ca, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("written");
        let text = refusal(Certificates::new(&tls));
        assert_eq!(
            text,
            format!("can't use {} to check clients' certificates: invalid peer certificate: BadEncoding", ca.display())
        );
    }

    #[test]
    fn a_bad_file_leaves_the_certificate_that_was_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let (tls, certificate, key) = settings(folder.path());
        write(&certificate, &key);
        let certificates = Certificates::new(&tls).expect("readable");
        let before = certificates.current.load_full();
        fs::write(&certificate, "-----BEGIN CERT").expect("half written");
        assert!(refusal(certificates.reload()).contains("c.pem"));
        assert!(Arc::ptr_eq(&before, &certificates.current.load_full()));
        write(&certificate, &key);
        assert_eq!(certificates.reload().expect("readable"), Reloaded::Files);
        assert!(!Arc::ptr_eq(&before, &certificates.current.load_full()));
    }
}
