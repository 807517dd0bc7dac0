//! RSA of `caching_sha2_password`: how a password crosses a connection without TLS. The password, with its closing
//! NUL, is XORed with the scramble and encrypted with OAEP (SHA-1) under the server's public key.
//!
//! Passwords pass through memory here and nowhere else; they are never logged and never part of an error.

use std::sync::Arc;

use rsa::pkcs8::{DecodePublicKey, EncodePublicKey, LineEnding};
use rsa::{Oaep, RsaPrivateKey, RsaPublicKey};
use tokio::sync::OnceCell;

/// Bits of the key that is made at start; MySQL's own default.
const KEY_BITS: usize = 2048;

/// A client's password as it was typed, in whatever charset; without the closing NUL. `Debug` shows stars.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub Vec<u8>);

impl std::fmt::Debug for Password {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("***")
    }
}

/// Why a password couldn't be encrypted or decrypted. Says nothing about the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RsaError {
    /// The key couldn't be made.
    #[error("can't make an RSA key")]
    Key,
    /// The server's public key isn't a PEM key.
    #[error("the server's public key can't be read")]
    PublicKey,
    /// The password is too long for the key.
    #[error("the password can't be encrypted with the server's key")]
    Encrypt,
    /// The client didn't encrypt with our key, or sent no password.
    #[error("the client's password can't be decrypted")]
    Decrypt,
}

/// The door's key pair: made once, on first use or by [`KeyPair::prepare`] in the background.
#[derive(Default)]
pub struct KeyPair {
    made: OnceCell<Arc<Made>>,
}

struct Made {
    private: RsaPrivateKey,
    public_pem: String,
}

impl KeyPair {
    /// A pair that isn't made yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the pair now, so that the first client needn't wait for it.
    ///
    /// # Errors
    /// [`RsaError::Key`].
    pub async fn prepare(&self) -> Result<(), RsaError> {
        self.made().await.map(|_| ())
    }

    /// The public key as MySQL sends it to clients.
    ///
    /// # Errors
    /// [`RsaError::Key`].
    pub async fn public_pem(&self) -> Result<String, RsaError> {
        Ok(self.made().await?.public_pem.clone())
    }

    /// The password that a client encrypted with our public key and `scramble`.
    ///
    /// # Errors
    /// [`RsaError::Decrypt`] for anything that isn't a NUL-closed password under our key.
    pub async fn decrypt(&self, encrypted: &[u8], scramble: &[u8]) -> Result<Password, RsaError> {
        let made = self.made().await?;
        let (encrypted, scramble) = (encrypted.to_vec(), scramble.to_vec());
        let clear = tokio::task::spawn_blocking(move || {
            let mut clear = made.private.decrypt(Oaep::new::<sha1::Sha1>(), &encrypted).ok()?;
            xor(&mut clear, &scramble);
            Some(clear)
        });
        let mut clear = clear.await.ok().flatten().ok_or(RsaError::Decrypt)?;
        if clear.pop() != Some(0) {
            return Err(RsaError::Decrypt);
        }
        Ok(Password(clear))
    }

    async fn made(&self) -> Result<Arc<Made>, RsaError> {
        let made = self.made.get_or_try_init(|| async {
            let made = tokio::task::spawn_blocking(make).await.map_err(|_| RsaError::Key)??;
            Ok(Arc::new(made))
        });
        made.await.cloned()
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("KeyPair(***)")
    }
}

fn make() -> Result<Made, RsaError> {
    let private = RsaPrivateKey::new(&mut rand::rngs::OsRng, KEY_BITS).map_err(|_| RsaError::Key)?;
    let public_pem = private.to_public_key().to_public_key_pem(LineEnding::LF).map_err(|_| RsaError::Key)?;
    Ok(Made { private, public_pem })
}

/// `password` encrypted for the server whose public key is `public_pem`, ready to be sent.
///
/// # Errors
/// [`RsaError::PublicKey`] or [`RsaError::Encrypt`].
pub fn encrypt(password: &Password, scramble: &[u8], public_pem: &[u8]) -> Result<Vec<u8>, RsaError> {
    let pem = std::str::from_utf8(public_pem).map_err(|_| RsaError::PublicKey)?;
    let key =
        RsaPublicKey::from_public_key_pem(pem.trim_matches(['\0', '\n', ' '])).map_err(|_| RsaError::PublicKey)?;
    let mut clear = password.0.clone();
    clear.push(0);
    xor(&mut clear, scramble);
    key.encrypt(&mut rand::rngs::OsRng, Oaep::new::<sha1::Sha1>(), &clear).map_err(|_| RsaError::Encrypt)
}

fn xor(text: &mut [u8], scramble: &[u8]) {
    for (byte, mask) in text.iter_mut().zip(scramble.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_survives_the_way_and_garbage_is_refused() {
        let pair = KeyPair::new();
        let pem = pair.public_pem().await.expect("key");
        let scramble = b"abcdefghijklmnopqrst";
        for password in ["", "x", "pässwörd with spaces", &"long".repeat(40)] {
            let encrypted =
                encrypt(&Password(password.as_bytes().to_vec()), scramble, pem.as_bytes()).expect("encrypts");
            let back = pair.decrypt(&encrypted, scramble).await.expect("decrypts");
            assert_eq!(back.0, password.as_bytes());
        }
        assert_eq!(pair.decrypt(&[0; 256], scramble).await, Err(RsaError::Decrypt));
        assert_eq!(pair.decrypt(&[], scramble).await, Err(RsaError::Decrypt));
        assert_eq!(encrypt(&Password(b"x".to_vec()), scramble, b"no key"), Err(RsaError::PublicKey));
    }
}
