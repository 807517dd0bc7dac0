//! What `[listen]` says of how clients' bytes arrive.

use std::path::Path;

use super::read::Section;
use super::{ClientCertificates, ListenCertificate, ListenSocket, ListenTls, Network, TlsVersion};

/// MySQL's own socket is open to everybody on the machine: who may come in is decided by accounts.
const SOCKET_MODE: u32 = 0o777;
/// The kernel's limit on the path of a unix socket, less the ending that it has while it's made.
const SOCKET_PATH: usize = 107 - ".new".len();

/// The unix socket; `None` when there is none.
pub(super) fn socket(section: &mut Section<'_, '_>, base: &Path) -> Option<ListenSocket> {
    let path = section.path("socket").map(|path| base.join(path));
    let mode = section.text("socket_mode");
    let given = mode.is_some();
    let parsed = mode.map_or(Some(SOCKET_MODE), |text| u32::from_str_radix(&text, 8).ok());
    let mode = parsed.filter(|mode| *mode <= 0o777);
    if mode.is_none() {
        section.problem("socket_mode", "must be permissions in octal, such as \"0770\"");
    }
    let Some(path) = path else {
        if given {
            section.problem("socket_mode", "has no meaning without socket");
        }
        return None;
    };
    let length = path.as_os_str().len();
    if length > SOCKET_PATH {
        section.problem("socket", format!("is too long: {length} bytes with its folder, at most {SOCKET_PATH}"));
    }
    Some(ListenSocket { path, mode: mode.unwrap_or(SOCKET_MODE) })
}

/// Load balancers whose PROXY header is believed.
pub(super) fn proxy_protocol(section: &mut Section<'_, '_>) -> Vec<Network> {
    let mut networks = Vec::new();
    for text in section.texts("proxy_protocol_from") {
        match text.parse() {
            Ok(network) => networks.push(network),
            Err(error) => section.problem("proxy_protocol_from", format!("{text:?} {error}")),
        }
    }
    networks
}

/// TLS of the door; `None` when it's switched off.
pub(super) fn tls(section: &mut Section<'_, '_>, base: &Path) -> Option<ListenTls> {
    let certificate = section.path("certificate").map(|path| base.join(path));
    let key = section.path("key").map(|path| base.join(path));
    let wanted = section.choice("tls", &[("off", 0), ("self-signed", 1), ("files", 2)], 1);
    let min_version =
        section.choice("tls_min_version", &[("1.2", TlsVersion::V1_2), ("1.3", TlsVersion::V1_3)], TlsVersion::V1_2);
    let clients = client_certificates(section, base);
    let certificate = match (wanted, certificate, key) {
        (0, None, None) => {
            if clients != ClientCertificates::Off {
                section.problem("tls", "is \"off\", and clients show certificates inside TLS only");
            }
            return None;
        }
        (2, Some(certificate), Some(key)) => ListenCertificate::Files { certificate, key },
        (2, _, _) => {
            section.problem("tls", "\"files\" needs both certificate and key (PEM files)");
            return None;
        }
        (_, None, None) => ListenCertificate::SelfSigned,
        (_, _, _) => {
            section.problem("tls", "must be \"files\" when certificate or key is given");
            return None;
        }
    };
    Some(ListenTls { certificate, min_version, clients })
}

fn client_certificates(section: &mut Section<'_, '_>, base: &Path) -> ClientCertificates {
    let ca = section.path("tls_client_ca").map(|path| base.join(path));
    let wanted = section.choice("tls_client_certificates", &[("off", 0), ("optional", 1), ("required", 2)], 0);
    match (wanted, ca) {
        (0, None) => ClientCertificates::Off,
        (1, Some(ca)) => ClientCertificates::Optional { ca },
        (2, Some(ca)) => ClientCertificates::Required { ca },
        (0, Some(_)) => {
            let message = "has no meaning unless tls_client_certificates = \"optional\" or \"required\"";
            section.problem("tls_client_ca", message);
            ClientCertificates::Off
        }
        (_, _) => {
            let message = "needs tls_client_ca: the PEM file of the authorities that sign clients' certificates";
            section.problem("tls_client_certificates", message);
            ClientCertificates::Off
        }
    }
}
