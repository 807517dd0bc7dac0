//! SHA-256-crypt as MySQL uses it for `caching_sha2_password`: the algorithm of Ulrich Drepper's "Unix crypt with
//! SHA-256" with a salt of 20 bytes. Needed to check a password against an account imported from MySQL.

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The 43 characters of the digest.
pub(super) fn digest(password: &[u8], salt: &[u8], rounds: u32) -> String {
    let alternate = Sha256::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut first = Sha256::new().chain_update(password).chain_update(salt);
    first.update(repeated(&alternate, password.len()));
    let mut bits = password.len();
    while bits > 0 {
        if bits & 1 == 1 {
            first.update(alternate)
        } else {
            first.update(password)
        }
        bits >>= 1;
    }
    let first = first.finalize();
    let mut of_password = Sha256::new();
    for _ in 0..password.len() {
        of_password.update(password);
    }
    let of_password = repeated(&of_password.finalize(), password.len());
    let mut of_salt = Sha256::new();
    for _ in 0..16 + usize::from(first[0]) {
        of_salt.update(salt);
    }
    let of_salt = repeated(&of_salt.finalize(), salt.len());
    let mut current = first;
    for round in 0..rounds {
        let mut next = Sha256::new();
        if round % 2 == 1 {
            next.update(&of_password)
        } else {
            next.update(current)
        }
        if round % 3 != 0 {
            next.update(&of_salt);
        }
        if round % 7 != 0 {
            next.update(&of_password);
        }
        if round % 2 == 1 {
            next.update(current)
        } else {
            next.update(&of_password)
        }
        current = next.finalize();
    }
    encode(&current.into())
}

/// The first `length` bytes of `block` repeated.
fn repeated(block: &[u8], length: usize) -> Vec<u8> {
    block.iter().copied().cycle().take(length).collect()
}

/// The digest's own order of bytes, six bits a character.
fn encode(bytes: &[u8; 32]) -> String {
    const GROUPS: [[usize; 3]; 10] = [
        [0, 10, 20],
        [21, 1, 11],
        [12, 22, 2],
        [3, 13, 23],
        [24, 4, 14],
        [15, 25, 5],
        [6, 16, 26],
        [27, 7, 17],
        [18, 28, 8],
        [9, 19, 29],
    ];
    let mut text = String::with_capacity(43);
    let mut push = |value: u32, characters: usize| {
        for index in 0..characters {
            text.push(char::from(ALPHABET[(value >> (6 * index) & 63) as usize]));
        }
    };
    for [high, middle, low] in GROUPS {
        push(u32::from(bytes[high]) << 16 | u32::from(bytes[middle]) << 8 | u32::from(bytes[low]), 4);
    }
    push(u32::from(bytes[31]) << 8 | u32::from(bytes[30]), 3);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_holds() {
        let expected = "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5";
        assert_eq!(digest(b"Hello world!", b"saltstring", 5000), expected);
    }
}
