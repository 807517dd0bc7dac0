//! MySQL's system variables: names, scopes and defaults of 9.7, and one session's own values.
//!
//! A variable whose meaning Bascule carries out is handled in `set`; one that only tunes MySQL is kept and shown; one
//! whose meaning would be lost can only be set to the value it has.

use std::collections::{BTreeMap, HashMap};

use crate::config::Config;
use crate::value::Value;

/// Name, scope and value of each, as MySQL 9.7.4 gives them; names that speak of one server's files are left out.
const TABLE: &str = include_str!("variables.txt");

/// Who can set a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Session,
    Global,
    ReadOnly,
}

/// One variable.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) scope: Scope,
    pub(super) value: String,
}

/// All variables with the values that a new session sees.
#[derive(Debug)]
pub(super) struct Defaults {
    by_name: BTreeMap<&'static str, Variable>,
}

impl Defaults {
    pub(super) fn new(version: &str, config: &Config, lower_case_table_names: u8) -> Self {
        let mut by_name = BTreeMap::new();
        for line in TABLE.lines() {
            let mut parts = line.splitn(3, '\t');
            let (Some(name), Some(scope), Some(value)) = (parts.next(), parts.next(), parts.next()) else { continue };
            let scope = match scope {
                "s" => Scope::Session,
                "g" => Scope::Global,
                _ => Scope::ReadOnly,
            };
            by_name.insert(name, Variable { scope, value: value.to_owned() });
        }
        let mut defaults = Self { by_name };
        defaults.put("version", version);
        defaults.put("lower_case_table_names", &lower_case_table_names.to_string());
        defaults.put("max_allowed_packet", &config.listen.max_allowed_packet.to_string());
        defaults.put("max_connections", &config.listen.max_connections.to_string());
        defaults.put("port", &config.listen.address.port().to_string());
        defaults
    }

    fn put(&mut self, name: &str, value: &str) {
        if let Some(variable) = self.by_name.get_mut(name) {
            value.clone_into(&mut variable.value);
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.by_name.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Variable)> {
        self.by_name.iter().map(|(name, variable)| (*name, variable))
    }
}

/// What one session has set. A value of `None` is SQL NULL.
#[derive(Clone, Debug, Default)]
pub(super) struct Overrides {
    by_name: HashMap<String, Option<String>>,
}

impl Overrides {
    /// The session's value, or the default; `None` outside for a name that doesn't exist, inside for NULL.
    pub(super) fn get<'s>(&'s self, defaults: &'s Defaults, name: &str) -> Option<Option<&'s str>> {
        match self.by_name.get(name) {
            Some(own) => Some(own.as_deref()),
            None => defaults.get(name).map(|variable| Some(variable.value.as_str())),
        }
    }

    /// The session's value as text; empty when it is NULL or doesn't exist.
    pub(super) fn text<'s>(&'s self, defaults: &'s Defaults, name: &str) -> &'s str {
        self.get(defaults, name).flatten().unwrap_or_default()
    }

    pub(super) fn is_on(&self, defaults: &Defaults, name: &str) -> bool {
        self.text(defaults, name) == "ON"
    }

    /// The value that the session itself has set.
    pub(super) fn own(&self, name: &str) -> Option<&str> {
        self.by_name.get(name)?.as_deref()
    }

    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        self.by_name.insert(name.to_owned(), value);
    }

    pub(super) fn reset(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    /// The value as SELECT @@name gives it: switches are 0 or 1, numbers are numbers.
    pub(super) fn value(&self, defaults: &Defaults, name: &str) -> Option<Value> {
        let text = match self.get(defaults, name)? {
            None => return Some(Value::Null),
            Some(text) => text,
        };
        Some(match text {
            "ON" => Value::Int(1),
            "OFF" if is_switch(defaults, name) => Value::Int(0),
            _ => number(text).unwrap_or_else(|| Value::Text(text.to_owned())),
        })
    }
}

/// True for variables whose default is ON or OFF. Some are words with a third value; those stay words.
pub(super) fn is_switch(defaults: &Defaults, name: &str) -> bool {
    const WORDS: [&str; 8] = [
        "session_track_gtids",
        "session_track_transaction_info",
        "gtid_mode",
        "enforce_gtid_consistency",
        "delay_key_write",
        "myisam_recover_options",
        "event_scheduler",
        "use_secondary_engine",
    ];
    !WORDS.contains(&name)
        && defaults.get(name).is_some_and(|variable| variable.value == "ON" || variable.value == "OFF")
}

/// A value that MySQL reported, in the words of SET: SELECT @@name says 1 where a session tracker says ON.
pub(super) fn as_reported(defaults: &Defaults, name: &str, value: &str) -> String {
    match value {
        "1" if is_switch(defaults, name) => "ON".to_owned(),
        "0" if is_switch(defaults, name) => "OFF".to_owned(),
        _ => value.to_owned(),
    }
}

/// True for variables whose default is a number.
pub(super) fn is_number(defaults: &Defaults, name: &str) -> bool {
    defaults.get(name).is_some_and(|variable| number(&variable.value).is_some())
}

fn number(text: &str) -> Option<Value> {
    if let Ok(unsigned) = text.parse::<u64>() {
        return Some(Value::UInt(unsigned));
    }
    if let Ok(signed) = text.parse::<i64>() {
        return Some(Value::Int(signed));
    }
    let decimal = text.contains('.') && text.split('.').count() == 2;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (decimal && digits && text.len() > 2).then(|| Value::Decimal(text.to_owned()))
}
