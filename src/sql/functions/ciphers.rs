//! AES_ENCRYPT and AES_DECRYPT: helper functions over pgcrypto, in the mode that `block_encryption_mode` says.

use super::super::expression::{Expression, Lowering};
use super::super::plan::{Purpose, SqlError};
use super::super::types::{Carrier, Type};
use crate::schema::quote::literal;
use crate::wire::condition::Condition;

/// `block_encryption_mode`, such as `aes-128-ecb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockMode {
    /// Bits of the key.
    pub bits: u16,
    /// The name behind them.
    pub mode: &'static str,
}

impl Default for BlockMode {
    fn default() -> Self {
        Self { bits: 128, mode: "ecb" }
    }
}

impl BlockMode {
    /// Reads the variable's value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (bits, mode) = text.strip_prefix("aes-")?.split_once('-')?;
        let mode = ["ecb", "cbc", "cfb1", "cfb8", "cfb128", "ofb"].into_iter().find(|known| *known == mode)?;
        let bits = bits.parse().ok().filter(|bits| [128, 192, 256].contains(bits))?;
        Some(Self { bits, mode })
    }

    /// True when it works on whole blocks, so that what it makes is longer than what it gets.
    fn fills_blocks(self) -> bool {
        ["ecb", "cbc"].contains(&self.mode)
    }
}

impl Lowering<'_> {
    /// AES_ENCRYPT and AES_DECRYPT.
    pub(super) fn cipher_function(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Option<Expression>, SqlError> {
        if !["AES_ENCRYPT", "AES_DECRYPT"].contains(&name) {
            return Ok(None);
        }
        if self.context.purpose == Purpose::Replay {
            return Err(SqlError::unsupported(format_args!("replay of {name}()")));
        }
        let called = name.to_ascii_lowercase();
        let BlockMode { bits, mode } = self.context.given.block_mode.unwrap_or_default();
        let (data, key, iv) = match arguments {
            [data, key] if mode == "ecb" => (data, key, None),
            // Found out when it's executed, where MySQL uses its own name.
            [_, _] => return Err(SqlError::argument_count(&called)),
            [data, key, iv] => (data, key, Some(iv)),
            [_, _, _, _, ..] if arguments.len() <= 6 => {
                return Err(SqlError::unsupported(format_args!("{name} with a key derivation function")));
            }
            _other => return Err(SqlError::argument_count(name)),
        };
        let bytes = self.byte_length(data);
        let length = match (name, self.context.given.block_mode.unwrap_or_default().fills_blocks()) {
            ("AES_ENCRYPT", true) => (bytes / 16).saturating_add(1).saturating_mul(16),
            ("AES_ENCRYPT", false) => bytes,
            (_, _) => data.ty.length,
        };
        let vector = match iv {
            None => "NULL".to_owned(),
            Some(_) if mode == "ecb" => {
                self.warnings.push(Condition::warning(1618, "<IV> option ignored"));
                "NULL".to_owned()
            }
            Some(iv) => self.render(iv, Carrier::Bytes)?,
        };
        let (data, key) = (self.render(data, Carrier::Bytes)?, self.render(key, Carrier::Bytes)?);
        let (called, mode) = (literal(&called), literal(mode));
        let sql = format!("\"mysql\".aes({called}, {data}, {key}, {vector}, {bits}, {mode})");
        Ok(Some(Expression::sql(sql, Type::bytes(length), true)))
    }
}
