//! Who may log in while PostgreSQL serves, and whether a client's proof is right.
//!
//! An account is known by its password (configuration) or by MySQL's `authentication_string` (imported). The second
//! form of `caching_sha2_password` can only check a password that the client sends in full; after that the double
//! hash is remembered and the fast path works, as in MySQL itself.

use crate::sql::pattern::{Case, like};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::sha256_crypt;
use crate::config::{Account, AccountSecret, Secret};
use crate::store::ImportedAccount;

/// `mysql_native_password`, as the protocol spells it.
pub(super) const NATIVE: &str = "mysql_native_password";
/// `caching_sha2_password`, as the protocol spells it.
pub(super) const CACHING_SHA2: &str = "caching_sha2_password";

/// What a client has to prove.
#[derive(Clone)]
enum Proof {
    /// The password is known, so every plugin can be served.
    Password(Secret),
    /// SHA1(SHA1(password)).
    Native([u8; 20]),
    /// Salted digest of the password.
    CachingSha2 { salt: Vec<u8>, rounds: u32, digest: String },
    /// A plugin that Bascule doesn't speak, or an unreadable entry: nobody gets in.
    Impossible,
}

/// One account.
struct Entry {
    host: Option<String>,
    proof: Proof,
}

/// All accounts.
pub struct Accounts {
    by_user: HashMap<String, Vec<Entry>>,
    /// SHA256(SHA256(password)) of those who have proved their password since the start.
    proved: Mutex<HashMap<(String, usize), [u8; 32]>>,
}

/// An account that a login speaks of; also stands for users that don't exist, so that they look the same from outside.
#[derive(Clone)]
pub(super) struct Claim {
    user: String,
    index: usize,
    proof: Proof,
}

/// What is needed next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Accepted,
    Refused,
    /// The password itself is needed.
    Full,
}

impl Accounts {
    /// Accounts of the configuration first, then imported ones that it doesn't name.
    #[must_use]
    pub fn new(configured: &[Account], imported: &[ImportedAccount]) -> Self {
        let mut by_user: HashMap<String, Vec<Entry>> = HashMap::new();
        for account in configured {
            let proof = match &account.secret {
                AccountSecret::Password(password) => Proof::Password(password.clone()),
                AccountSecret::AuthenticationString { plugin, text } => proof(plugin, text.expose().as_bytes()),
            };
            by_user.entry(account.user.clone()).or_default().push(Entry { host: None, proof });
        }
        for account in imported.iter().filter(|account| !configured.iter().any(|own| own.user == account.user)) {
            let proof = proof(&account.plugin, &account.authentication_string);
            by_user.entry(account.user.clone()).or_default().push(Entry { host: Some(account.host.clone()), proof });
        }
        Self { by_user, proved: Mutex::new(HashMap::new()) }
    }

    /// The account of `user` for a client from `address`: an entry with this very host before patterns.
    pub(super) fn claim(&self, user: &str, address: &str) -> Claim {
        let entries = self.by_user.get(user).map_or(&[][..], Vec::as_slice);
        let best = entries
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| Some((host_rank(entry.host.as_deref(), address)?, index, entry)))
            .min_by_key(|(rank, index, _)| (*rank, *index));
        match best {
            Some((_, index, entry)) => Claim { user: user.to_owned(), index, proof: entry.proof.clone() },
            None => Claim { user: user.to_owned(), index: usize::MAX, proof: Proof::Impossible },
        }
    }

    /// Judges the scrambled answer of `mysql_native_password`.
    pub(super) fn native(claim: &Claim, scramble: &[u8], answer: &[u8]) -> Judgement {
        let stage2 = match &claim.proof {
            Proof::Password(password) if password.expose().is_empty() => return accept(answer.is_empty()),
            Proof::Password(password) => sha1(&sha1(password.expose().as_bytes())),
            Proof::Native(stage2) => *stage2,
            Proof::CachingSha2 { .. } | Proof::Impossible => return Judgement::Refused,
        };
        let mask = Sha1::new().chain_update(scramble).chain_update(stage2).finalize();
        let Ok(answer) = <[u8; 20]>::try_from(answer) else { return Judgement::Refused };
        let mut stage1 = answer;
        stage1.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        accept(same(&sha1(&stage1), &stage2))
    }

    /// Judges the scrambled answer of `caching_sha2_password`.
    pub(super) fn caching_sha2(&self, claim: &Claim, scramble: &[u8], answer: &[u8]) -> Judgement {
        let double = match &claim.proof {
            Proof::Password(password) if password.expose().is_empty() => return accept(answer.is_empty()),
            _ if answer.is_empty() => return Judgement::Refused,
            Proof::Password(password) => Some(sha256(&sha256(password.expose().as_bytes()))),
            Proof::CachingSha2 { .. } => self.remembered(claim),
            // The same exchange as for a user that exists but hasn't logged in yet.
            Proof::Native(_) | Proof::Impossible => None,
        };
        let Some(double) = double else { return Judgement::Full };
        let mask = Sha256::new().chain_update(double).chain_update(scramble).finalize();
        let Ok(answer) = <[u8; 32]>::try_from(answer) else { return Judgement::Refused };
        let mut single = answer;
        single.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        if same(&sha256(&single), &double) { Judgement::Accepted } else { Judgement::Full }
    }

    /// Judges a password that the client sent in full. It takes milliseconds: call it off the session threads.
    pub(super) fn password(&self, claim: &Claim, password: &[u8]) -> bool {
        let right = match &claim.proof {
            Proof::Password(own) => same(own.expose().as_bytes(), password),
            Proof::CachingSha2 { salt, rounds, digest } => {
                same(sha256_crypt::digest(password, salt, *rounds).as_bytes(), digest.as_bytes())
            }
            Proof::Native(_) | Proof::Impossible => false,
        };
        if right && matches!(claim.proof, Proof::CachingSha2 { .. }) {
            let mut proved = self.proved.lock().unwrap_or_else(PoisonError::into_inner);
            proved.insert((claim.user.clone(), claim.index), sha256(&sha256(password)));
        }
        right
    }

    fn remembered(&self, claim: &Claim) -> Option<[u8; 32]> {
        let proved = self.proved.lock().unwrap_or_else(PoisonError::into_inner);
        proved.get(&(claim.user.clone(), claim.index)).copied()
    }
}

impl Claim {
    /// The name that the client gave.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// The plugin that the account is checked with; a client that began with another one is told to switch.
    pub(super) const fn plugin(&self, offered: &'static str) -> &'static str {
        match self.proof {
            Proof::Native(_) => NATIVE,
            Proof::CachingSha2 { .. } | Proof::Impossible => CACHING_SHA2,
            Proof::Password(_) => offered,
        }
    }
}

/// Reads MySQL's `authentication_string`.
fn proof(plugin: &str, text: &[u8]) -> Proof {
    if text.is_empty() && (plugin == NATIVE || plugin == CACHING_SHA2) {
        return Proof::Password(Secret::new(""));
    }
    let read = match plugin {
        NATIVE => native_proof(text),
        CACHING_SHA2 => caching_sha2_proof(text),
        _ => None,
    };
    read.unwrap_or(Proof::Impossible)
}

/// `*` and 40 hexadecimal digits.
fn native_proof(text: &[u8]) -> Option<Proof> {
    let digits = std::str::from_utf8(text.strip_prefix(b"*")?).ok()?;
    let mut stage2 = [0; 20];
    if digits.len() != 40 || !digits.is_ascii() {
        return None;
    }
    for (index, byte) in stage2.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(Proof::Native(stage2))
}

/// `$A$005$`, a salt of 20 bytes, a digest of 43 characters.
fn caching_sha2_proof(text: &[u8]) -> Option<Proof> {
    let rest = text.strip_prefix(b"$A$")?;
    let (thousands, rest) = rest.split_at_checked(3)?;
    let rest = rest.strip_prefix(b"$")?;
    let (salt, digest) = rest.split_at_checked(20)?;
    let thousands = u32::from_str_radix(std::str::from_utf8(thousands).ok()?, 16).ok()?;
    let digest = std::str::from_utf8(digest).ok()?.to_owned();
    (digest.len() == 43).then(|| Proof::CachingSha2 { salt: salt.to_vec(), rounds: thousands * 1000, digest })
}

/// How well a host of `mysql.user` fits a client's address, 0 best; `None` when it doesn't. Names can't be resolved
/// here, so a host that is neither an address nor a pattern counts as any host: the flip moved the account, not the
/// network.
fn host_rank(host: Option<&str>, address: &str) -> Option<u8> {
    match host {
        None => Some(0),
        Some(host) if host == address => Some(0),
        Some("localhost") if address == "127.0.0.1" || address == "::1" => Some(1),
        Some("%" | "") => Some(3),
        Some(host) if host.bytes().any(|byte| byte.is_ascii_alphabetic()) => Some(4),
        Some(host) if host.contains(['%', '_']) => like(address, host, Case::Ignored).then_some(2),
        Some(_) => None,
    }
}

const fn accept(right: bool) -> Judgement {
    if right { Judgement::Accepted } else { Judgement::Refused }
}

fn sha1(bytes: &[u8]) -> [u8; 20] {
    Sha1::digest(bytes).into()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Compares without stopping at the first difference.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Accounts({})", self.by_user.len())
    }
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Claim({})", self.user)
    }
}
