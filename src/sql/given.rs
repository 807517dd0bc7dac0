//! Values that a statement is planned with: those of EXECUTE … USING and of the user variables that it reads.
//!
//! MySQL decides types when the values are known: EXECUTE prepares a statement anew when a value's type isn't the one
//! that was expected, and a user variable has the type of its value. So a statement is planned with these values in
//! the places that stand for them, and its plan holds for one execution.

use std::collections::HashMap;
use std::sync::Arc;

use crate::value::Value;

use super::calendar::Locale;
use super::functions::BlockMode;
use super::lexer::{Lexeme, Lexer};
use super::routine::Locals;
use super::types::{Class, Type};

/// Values that a statement is planned with. A plan made with any of them isn't kept.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The values of `?`, in order.
    pub parameters: Option<Arc<[Value]>>,
    /// The user variables that the statement reads, by lower-case name; one that is missing was never set.
    pub variables: Option<Arc<HashMap<String, UserVariable>>>,
    /// `div_precision_increment` when it isn't 4.
    pub division: Option<u8>,
    /// `sql_select_limit` when it limits.
    pub select_limit: Option<u64>,
    /// `lc_time_names` when it isn't English.
    pub time_names: Option<Locale>,
    /// `block_encryption_mode` when it isn't the default.
    pub block_mode: Option<BlockMode>,
    /// `default_week_format` when it isn't 0.
    pub week_format: Option<u8>,
    /// `windowing_use_high_precision` is off: windows take rows away from their sums again.
    pub moving_sums: bool,
    /// `collation_server` of a session that set it: what new databases have.
    pub server_collation: Option<String>,
    /// `use_invisible_indexes` of `optimizer_switch`: hints may name them.
    pub invisible_indexes: bool,
    /// `auto_increment_increment` and `auto_increment_offset` of a session that set them.
    pub id_steps: Option<(u64, u64)>,
    /// The local variables that a routine's statement sees; their values aren't part of a plan.
    pub locals: Option<Arc<Locals>>,
}

impl Given {
    /// True when nothing is given, so that the plan serves any session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parameters.is_none()
            && self.variables.is_none()
            && self.division.is_none()
            && self.select_limit.is_none()
            && self.time_names.is_none()
            && self.block_mode.is_none()
            && self.week_format.is_none()
            && !self.moving_sums
            && !self.invisible_indexes
            && self.id_steps.is_none()
    }

    /// Digits that a quotient has behind the point beyond its dividend's.
    #[must_use]
    pub fn quotient_digits(&self) -> u8 {
        self.division.unwrap_or(4)
    }
}

/// A user variable: it keeps its type when its value is NULL.
#[derive(Clone, Debug, PartialEq)]
pub struct UserVariable {
    pub value: Value,
    pub kind: VariableKind,
}

/// MySQL's types of user variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableKind {
    Integer {
        unsigned: bool,
    },
    Decimal,
    Real,
    /// Character data of this collation.
    Text(String),
    Binary,
}

impl VariableKind {
    /// The kind of a value that stands alone.
    #[must_use]
    pub fn of_value(value: &Value, collation: &str) -> Self {
        match value {
            Value::Int(_) => Self::Integer { unsigned: false },
            Value::UInt(_) => Self::Integer { unsigned: true },
            Value::Decimal(_) => Self::Decimal,
            Value::Float(_) | Value::Double(_) => Self::Real,
            Value::Null | Value::Bytes(_) => Self::Binary,
            Value::Text(_) => Self::Text(collation.to_owned()),
            Value::Date(_) | Value::DateTime(..) | Value::Time { .. } => Self::Text(NUMERIC_COLLATION.to_owned()),
        }
    }

    /// The kind that a variable gets from an expression of type `ty`.
    pub(super) fn of_type(ty: &Type, connection: &str) -> Self {
        match ty.class {
            Class::Integer => Self::Integer { unsigned: ty.unsigned },
            Class::Decimal => Self::Decimal,
            Class::Real => Self::Real,
            Class::Null | Class::Bytes => Self::Binary,
            Class::Json => Self::Text("utf8mb4_bin".to_owned()),
            Class::Date | Class::DateTime | Class::Time => Self::Text(NUMERIC_COLLATION.to_owned()),
            Class::Text | Class::Open => {
                let own = ty.collation.as_ref().map(|collation| collation.name.clone());
                Self::Text(own.unwrap_or_else(|| connection.to_owned()))
            }
        }
    }

    /// A value from the text that a client would see.
    #[must_use]
    pub fn value(&self, text: &[u8]) -> Value {
        let utf8 = || String::from_utf8_lossy(text);
        let as_text = || Value::Text(utf8().into_owned());
        match self {
            Self::Integer { .. } => {
                let signed = utf8().parse::<i64>().map(Value::Int);
                signed.or_else(|_| utf8().parse::<u64>().map(Value::UInt)).unwrap_or_else(|_| as_text())
            }
            Self::Decimal => Value::Decimal(utf8().into_owned()),
            Self::Real => utf8().parse().map_or_else(|_| as_text(), Value::Double),
            Self::Text(_) => as_text(),
            Self::Binary => Value::Bytes(text.to_vec()),
        }
    }
}

/// The collation of numbers and times as text.
const NUMERIC_COLLATION: &str = "latin1_swedish_ci";

/// The user variables that a statement mentions. Their values are those before it runs, also where it changes them.
#[must_use]
pub fn user_variables(text: &str) -> Vec<String> {
    if memchr::memchr(b'@', text.as_bytes()).is_none() {
        return Vec::new();
    }
    let named = |lexeme| match lexeme {
        Lexeme::UserVariable(name) => Some(String::from_utf8_lossy(name).to_lowercase()),
        Lexeme::Symbol(_) | Lexeme::Word(_) | Lexeme::Quoted(_) | Lexeme::Text(_) | Lexeme::SystemVariable(_) => None,
    };
    Lexer::new(text.as_bytes()).filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_tell_which_variables_they_read() {
        assert_eq!(user_variables("SELECT 1"), Vec::<String>::new());
        assert_eq!(user_variables("SELECT @A, @`b c`, @@x, '@d'"), ["a", "b c"]);
        assert_eq!(user_variables("SET @a := @b + 1"), ["a", "b"]);
        assert_eq!(user_variables("SELECT @a := @a + 1"), ["a", "a"]);
    }
}
