//! How the tests' client proves who it is: the plugins of MySQL and MariaDB.

use bascule::frontend::rsa::{self, Password};
use bascule::wire::handshake::{AUTH_MORE_DATA, AuthSwitch, FULL_AUTH_NEEDED, PUBLIC_KEY_REQUEST};
use bytes::{BufMut, Bytes, BytesMut};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_eddsa_type;
use rustls::pki_types::PrivatePkcs8KeyDer;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::raw::Raw;

/// Bytes that MariaDB has signed.
const ED25519_NONCE: usize = 32;

/// Who logs in.
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) database: Option<String>,
    /// What the client begins with.
    pub(crate) plugin: String,
    /// Within TLS.
    pub(crate) tls: bool,
    /// Sent in one piece with the response, before the server has answered it.
    pub(crate) behind: BytesMut,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            user: "root".to_owned(),
            password: String::new(),
            database: None,
            plugin: "caching_sha2_password".to_owned(),
            tls: false,
            behind: BytesMut::new(),
        }
    }
}

/// A plugin's first data.
pub(crate) fn first_data(plugin: &str, password: &str, scramble: &[u8]) -> Vec<u8> {
    if plugin == "sha256_password" {
        // A request for the key, or the empty password itself.
        return vec![u8::from(!password.is_empty())];
    }
    if password.is_empty() {
        return Vec::new();
    }
    match plugin {
        "caching_sha2_password" => {
            let first = Sha256::digest(password.as_bytes());
            let mut hash = Sha256::new();
            hash.update(Sha256::digest(first));
            hash.update(scramble);
            xor(&first, &hash.finalize())
        }
        "mysql_native_password" => {
            let first = Sha1::digest(password.as_bytes());
            let mut hash = Sha1::new();
            hash.update(scramble);
            hash.update(Sha1::digest(first));
            xor(&first, &hash.finalize())
        }
        // MariaDB takes the password for the seed of a key, whatever its length; the library takes seeds of 32 bytes. There's
        // nothing to sign in a greeting.
        "client_ed25519" if scramble.len() == ED25519_NONCE => signed(password, scramble),
        // Nothing that this client has: an empty answer, as of a plugin without a secret.
        _ => Vec::new(),
    }
}

/// A signature of Ed25519 by the key whose seed is the password.
fn signed(seed: &str, message: &[u8]) -> Vec<u8> {
    assert_eq!(seed.len(), 32);
    let der = [b"\x30\x2e\x02\x01\0\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", seed.as_bytes()].concat();
    let key = any_eddsa_type(&PrivatePkcs8KeyDer::from(der)).expect("a key");
    key.choose_scheme(&[SignatureScheme::ED25519]).expect("it can").sign(message).expect("signed")
}

fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(one, other)| one ^ other).collect()
}

/// Goes through the exchange to its end. Returns what the server sent, without what is random, and its last packet.
pub(crate) async fn exchange(client: &mut Raw, password: &str, scramble: &[u8]) -> (Bytes, Bytes) {
    let mut scramble = scramble.to_vec();
    let mut heard = BytesMut::new();
    while let Some(packet) = client.packet().await {
        let next = packet.sequence.wrapping_add(1);
        heard.put_u8(client.shown(packet.sequence));
        if let Ok(switch) = AuthSwitch::parse(&packet.payload) {
            let plugin = String::from_utf8_lossy(&switch.plugin).into_owned();
            scramble = switch.data;
            if plugin == "client_ed25519" {
                // These bytes have no end that is left out.
                scramble = packet.payload[plugin.len() + 2..].to_vec();
                assert_eq!(scramble.len(), ED25519_NONCE);
            }
            heard.put_slice(plugin.as_bytes());
            client.send(&first_data(&plugin, password, &scramble), next).await;
        } else if packet.payload[..] == [AUTH_MORE_DATA, FULL_AUTH_NEEDED] {
            heard.put_slice(b"full");
            let clear = [password.as_bytes(), b"\0"].concat();
            let answer = if client.is_encrypted() { &clear } else { &[PUBLIC_KEY_REQUEST][..] };
            client.send(answer, next).await;
        } else if let Some(pem) = packet.payload.strip_prefix(&[AUTH_MORE_DATA]).filter(|data| data.len() > 1) {
            heard.put_slice(b"key");
            let encrypted = rsa::encrypt(&Password(password.as_bytes().to_vec()), &scramble, pem);
            client.send(&encrypted.expect("a public key"), next).await;
        } else {
            heard.put_slice(&packet.payload);
            if packet.payload.first() != Some(&AUTH_MORE_DATA) {
                return (heard.freeze(), packet.payload.freeze());
            }
        }
    }
    (heard.freeze(), Bytes::new())
}
