//! MySQL's system variables: which there are, who can set them, of which type they are and what they hold.
//!
//! The table was read from MySQL 9.7.4: `performance_schema.variables_metadata`, the values of a fresh server, and for
//! words, signs and deprecations what SET and SELECT answered. Values that speak of one server's files are MySQL's
//! usual ones.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::value::Value;

use super::plan::SqlError;
use super::types::Type;

/// name, scope, type, marks, least, most, value, words.
const TABLE: &str = include_str!("system/variables.txt");

/// Global variables that decide what the statements of a session mean that doesn't set them itself. They are taken over
/// from the source, whose clients go on without setting them.
pub const INHERITED: [&str; 19] = [
    "auto_increment_increment",
    "auto_increment_offset",
    "autocommit",
    "block_encryption_mode",
    "completion_type",
    "cte_max_recursion_depth",
    "default_storage_engine",
    "default_week_format",
    "div_precision_increment",
    "explicit_defaults_for_timestamp",
    "foreign_key_checks",
    "group_concat_max_len",
    "innodb_lock_wait_timeout",
    "lc_time_names",
    "max_execution_time",
    "sql_mode",
    "sql_select_limit",
    "time_zone",
    "transaction_isolation",
];

/// For whom a variable can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Global,
    /// A session's own value, which begins as the global one.
    Both,
    /// There is no global value.
    Session,
}

/// MySQL's types of system variables.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Integer {
        least: i128,
        most: i128,
    },
    Boolean,
    /// One of these words; a number is a position.
    Enumeration(Vec<&'static str>),
    Text,
    /// A list of words with rules of its own.
    Set,
    Real {
        least: f64,
        most: f64,
    },
}

/// A system variable.
#[derive(Clone, Debug, PartialEq)]
pub struct SystemVariable {
    pub name: &'static str,
    pub scope: Scope,
    pub kind: Kind,
    /// Nobody can set it.
    pub read_only: bool,
    /// A session can't set its own value (1621).
    pub session_read_only: bool,
    /// SET … = DEFAULT is 1230.
    pub without_default: bool,
    /// SET and SELECT warn of it (1287).
    pub deprecated: bool,
    unsigned: bool,
    /// As SHOW VARIABLES has it; `None` is NULL.
    pub value: Option<&'static str>,
}

/// The text under which a value is kept, and the warnings that MySQL gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canonical {
    pub text: Option<String>,
    pub warnings: Vec<(u16, String)>,
}

static VARIABLES: LazyLock<BTreeMap<&'static str, SystemVariable>> =
    LazyLock::new(|| TABLE.lines().filter_map(parse).map(|variable| (variable.name, variable)).collect());

fn parse(line: &'static str) -> Option<SystemVariable> {
    let mut parts = line.split('\t');
    let (name, scope, kind, marks) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (least, most) = (parts.next()?, parts.next()?);
    let value = parts.next().unwrap_or_default();
    let words = parts.next().unwrap_or_default();
    let scope = match scope {
        "g" => Scope::Global,
        "o" => Scope::Session,
        _both => Scope::Both,
    };
    let kind = match kind {
        "i" => Kind::Integer { least: least.parse().ok()?, most: most.parse().ok()? },
        "b" => Kind::Boolean,
        "e" => Kind::Enumeration(words.split(',').filter(|word| !word.is_empty()).collect()),
        "n" => Kind::Real { least: least.parse().ok()?, most: most.parse().ok()? },
        "m" => Kind::Set,
        _text => Kind::Text,
    };
    Some(SystemVariable {
        name,
        scope,
        kind,
        read_only: marks.contains('r'),
        session_read_only: marks.contains('R'),
        without_default: marks.contains('n'),
        deprecated: marks.contains('d'),
        unsigned: marks.contains('u'),
        value: (value != "\\N").then_some(value),
    })
}

/// The variable of that name, in lower case.
#[must_use]
pub fn variable(name: &str) -> Option<&'static SystemVariable> {
    VARIABLES.get(name)
}

/// All of them by name.
pub fn variables() -> impl Iterator<Item = &'static SystemVariable> {
    VARIABLES.values()
}

/// 1193.
#[must_use]
pub fn unknown(name: &str) -> SqlError {
    SqlError::new(1193, "HY000", format!("Unknown system variable '{name}'"))
}

impl SystemVariable {
    /// 1231.
    #[must_use]
    pub fn bad_value(&self, value: &str) -> SqlError {
        let text = format!("Variable '{}' can't be set to the value of '{value}'", self.name);
        SqlError::new(1231, "42000", text)
    }

    fn bad_type(&self) -> SqlError {
        SqlError::new(1232, "42000", format!("Incorrect argument type to variable '{}'", self.name))
    }

    /// The text under which MySQL keeps a value, for types whose rule is the type's. `strict` is STRICT_ALL_TABLES:
    /// numbers out of bounds are errors then.
    pub fn canonical(&self, value: &Value, strict: bool) -> Result<Canonical, SqlError> {
        match &self.kind {
            Kind::Integer { least, most } => self.integer(value, (*least, *most), strict),
            Kind::Boolean => self.word(value, &["OFF", "ON"]),
            Kind::Enumeration(words) => self.word(value, words),
            Kind::Real { least, most } => self.real(value, (*least, *most), strict),
            Kind::Text | Kind::Set => self.text(value),
        }
    }

    fn integer(&self, value: &Value, (least, most): (i128, i128), strict: bool) -> Result<Canonical, SqlError> {
        let wanted = match value {
            Value::Int(number) => i128::from(*number),
            Value::UInt(number) => i128::from(*number),
            Value::Null
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Decimal(_)
            | Value::Date(_)
            | Value::DateTime(..)
            | Value::Time { .. } => return Err(self.bad_type()),
        };
        let kept = wanted.clamp(least, most);
        self.bounded(kept.to_string(), kept != wanted, &wanted.to_string(), strict)
    }

    fn bounded(&self, kept: String, cut: bool, wanted: &str, strict: bool) -> Result<Canonical, SqlError> {
        if cut && strict {
            return Err(self.bad_value(wanted));
        }
        let warning = || (1292, format!("Truncated incorrect {} value: '{wanted}'", self.name));
        Ok(Canonical { text: Some(kept), warnings: if cut { vec![warning()] } else { Vec::new() } })
    }

    fn real(&self, value: &Value, (least, most): (f64, f64), strict: bool) -> Result<Canonical, SqlError> {
        let (wanted, shown): (f64, String) = match value {
            Value::Int(number) => (*number as f64, number.to_string()),
            Value::UInt(number) => (*number as f64, super::bind::double_text(*number as f64)),
            Value::Double(number) => (*number, super::bind::double_text(*number)),
            Value::Float(number) => (f64::from(*number), super::bind::double_text(f64::from(*number))),
            Value::Decimal(digits) => {
                let number: f64 = digits.parse().map_err(|_| self.bad_type())?;
                (number, super::bind::double_text(number))
            }
            Value::Null
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::Date(_)
            | Value::DateTime(..)
            | Value::Time { .. } => return Err(self.bad_type()),
        };
        let kept = wanted.clamp(least, most);
        if self.name == "timestamp" && wanted > most {
            return Err(self.bad_value(&shown));
        }
        self.bounded(format!("{kept:.6}"), wanted < least || wanted > most, &shown, strict)
    }

    fn word(&self, value: &Value, words: &[&'static str]) -> Result<Canonical, SqlError> {
        let found = match value {
            Value::Int(_) | Value::UInt(_) => {
                let shown = super::bind::text(value)?;
                let word = shown.parse::<usize>().ok().and_then(|position| words.get(position));
                word.copied().ok_or_else(|| self.bad_value(&shown))?
            }
            Value::Text(text) => find_word(words, text).ok_or_else(|| self.bad_value(text))?,
            Value::Bytes(_) | Value::Null => {
                let shown = if *value == Value::Null { "NULL".to_owned() } else { super::bind::text(value)? };
                find_word(words, &shown).ok_or_else(|| self.bad_value(&shown))?
            }
            Value::Float(_)
            | Value::Double(_)
            | Value::Decimal(_)
            | Value::Date(_)
            | Value::DateTime(..)
            | Value::Time { .. } => return Err(self.bad_type()),
        };
        Ok(Canonical { text: Some(found.to_owned()), warnings: Vec::new() })
    }

    fn text(&self, value: &Value) -> Result<Canonical, SqlError> {
        match value {
            Value::Text(text) => Ok(Canonical { text: Some(text.clone()), warnings: Vec::new() }),
            Value::Bytes(_) => Ok(Canonical { text: Some(super::bind::text(value)?), warnings: Vec::new() }),
            Value::Null if self.value.is_none() => Ok(Canonical::default()),
            Value::Null => Err(self.bad_value("NULL")),
            Value::Int(_)
            | Value::UInt(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Decimal(_)
            | Value::Date(_)
            | Value::DateTime(..)
            | Value::Time { .. } => Err(self.bad_type()),
        }
    }

    /// The value that SELECT @@name gives for the text under which it's kept.
    #[must_use]
    pub fn selected(&self, text: Option<&str>) -> Value {
        let Some(text) = text else { return Value::Null };
        let as_text = || Value::Text(text.to_owned());
        match &self.kind {
            Kind::Boolean => Value::Int(i64::from(text == "ON")),
            Kind::Integer { .. } => {
                text.parse().map(Value::Int).or_else(|_| text.parse().map(Value::UInt)).unwrap_or_else(|_| as_text())
            }
            Kind::Real { .. } => text.parse().map_or_else(|_| as_text(), Value::Double),
            Kind::Enumeration(_) | Kind::Text | Kind::Set => as_text(),
        }
    }

    /// The type of `@@name` in an expression.
    pub(super) fn expression_type(&self, collation: &str) -> Type {
        match &self.kind {
            Kind::Boolean => Type::integer(1),
            Kind::Integer { .. } => Type { unsigned: self.unsigned, ..Type::integer(21) },
            Kind::Real { .. } => Type { decimals: 6, ..Type::double() },
            Kind::Enumeration(_) | Kind::Text | Kind::Set => {
                Type { field: crate::wire::FieldType::VarString, ..Type::text(21_845, collation) }
            }
        }
    }
}

/// A word in any case, or the only one that begins so.
fn find_word(words: &[&'static str], text: &str) -> Option<&'static str> {
    let exact = words.iter().find(|word| word.eq_ignore_ascii_case(text));
    let begins = |word: &&&'static str| {
        !text.is_empty() && word.get(..text.len()).is_some_and(|front| front.eq_ignore_ascii_case(text))
    };
    let mut prefixed = words.iter().filter(begins);
    let only = prefixed.next().filter(|_| prefixed.next().is_none());
    exact.or(only).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str, value: Value) -> Result<Canonical, u16> {
        variable(name).expect("known").canonical(&value, false).map_err(|error| error.code)
    }

    fn text(text: &str) -> Canonical {
        Canonical { text: Some(text.to_owned()), warnings: Vec::new() }
    }

    #[test]
    fn every_line_of_the_table_is_a_variable() {
        assert_eq!(variables().count(), TABLE.lines().count());
    }

    #[test]
    fn values_are_kept_as_mysql_keeps_them() {
        assert_eq!(kept("autocommit", Value::Int(1)), Ok(text("ON")));
        assert_eq!(kept("autocommit", Value::Text("off".to_owned())), Ok(text("OFF")));
        assert_eq!(kept("autocommit", Value::Text("1".to_owned())), Err(1231));
        assert_eq!(kept("autocommit", Value::Int(2)), Err(1231));
        assert_eq!(kept("autocommit", Value::Double(1.0)), Err(1232));
        assert_eq!(kept("completion_type", Value::Int(2)), Ok(text("RELEASE")));
        assert_eq!(kept("wait_timeout", Value::Text("5".to_owned())), Err(1232));
        assert_eq!(kept("long_query_time", Value::Int(2)), Ok(text("2.000000")));
        let cut = kept("group_concat_max_len", Value::Int(1)).expect("cut");
        assert_eq!(cut.text.as_deref(), Some("4"));
        assert_eq!(cut.warnings, [(1292, "Truncated incorrect group_concat_max_len value: '1'".to_owned())]);
    }
}
