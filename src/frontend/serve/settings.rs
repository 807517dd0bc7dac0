//! What PostgreSQL must know of a session's variables: settings that hold for one transaction.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;

use super::variables::{Defaults, Overrides};

/// Names in a fixed order, so that two lists can be compared.
const NAMES: [&str; 6] = [
    "TimeZone",
    "lock_timeout",
    "statement_timeout",
    "session_replication_role",
    "mysql.strict",
    "transaction_read_only",
];

/// What serving connections have when nothing is set.
const DEFAULTS: [&str; 6] = ["UTC", "50s", "0", "origin", "off", "off"];

/// Sets one for the rest of the transaction.
pub(super) const SET_LOCAL: &str = "SELECT pg_catalog.set_config($1, $2, true)";
/// Type oids of its parameters: text.
pub(super) const SET_LOCAL_TYPES: [u32; 2] = [25, 25];

/// Values by position in [`NAMES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    values: [Cow<'static, str>; 6],
}

impl Default for Settings {
    fn default() -> Self {
        Self { values: DEFAULTS.map(Cow::Borrowed) }
    }
}

impl Settings {
    /// Those of a connection that nobody uses.
    pub(super) fn none() -> Arc<Self> {
        static NONE: LazyLock<Arc<Settings>> = LazyLock::new(|| Arc::new(Settings::default()));
        Arc::clone(&NONE)
    }

    /// What the session's variables ask for. With `own_access` it's not the variable that says
    /// what may be written: inside a transaction, and where the session itself sees to it. `strict` is for a write whose helpers fail where they would warn.
    pub(super) fn of(variables: &Overrides, defaults: &Defaults, own_access: bool, strict: bool) -> Self {
        let mut values = DEFAULTS.map(Cow::Borrowed);
        values[0] = Cow::Owned(time_zone(variables.text(defaults, "time_zone")));
        values[1] = Cow::Owned(format!("{}s", variables.text(defaults, "innodb_lock_wait_timeout")));
        values[2] = Cow::Owned(variables.text(defaults, "max_execution_time").to_owned());
        if !variables.is_on(defaults, "foreign_key_checks") {
            values[3] = Cow::Borrowed("replica");
        }
        if strict {
            values[4] = Cow::Borrowed("on");
        }
        if !own_access && variables.is_on(defaults, "transaction_read_only") {
            values[5] = Cow::Borrowed("on");
        }
        Self { values }
    }

    /// The same under another limit of execution time, in milliseconds; 0 is none.
    pub(super) fn limited_to(settings: &Arc<Self>, milliseconds: u64) -> Arc<Self> {
        let limit = milliseconds.to_string();
        if settings.values[2] == limit {
            return Arc::clone(settings);
        }
        let mut own = Self::clone(settings);
        own.values[2] = Cow::Owned(limit);
        Arc::new(own)
    }

    /// What must be set to come here from `present`; all of it when that isn't known.
    pub(super) fn changes(&self, present: Option<&Self>) -> Vec<[Option<Bytes>; 2]> {
        if present.is_some_and(|present| std::ptr::eq(present, self)) {
            return Vec::new();
        }
        let text = |text: &str| Some(Bytes::copy_from_slice(text.as_bytes()));
        // The access mode of a transaction can't be set again after its first query; it's never part of an unknown
        // state, since it's set by BEGIN.
        let names = if present.is_some() { NAMES.len() } else { NAMES.len() - 1 };
        (0..names)
            .filter(|&index| present.is_none_or(|present| present.values[index] != self.values[index]))
            .map(|index| [text(NAMES[index]), text(&self.values[index])])
            .collect()
    }
}

/// MySQL's zone in PostgreSQL's words. An offset needs the POSIX form, whose sign is the other way round.
fn time_zone(zone: &str) -> String {
    let Some((sign, digits)) = zone.split_at_checked(1).filter(|(sign, _)| matches!(*sign, "+" | "-")) else {
        return if zone == "SYSTEM" { "UTC".to_owned() } else { zone.to_owned() };
    };
    let other = if sign == "+" { "-" } else { "+" };
    format!("<{sign}{digits}>{other}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_change_their_sign() {
        assert_eq!(time_zone("+05:30"), "<+05:30>-05:30");
        assert_eq!(time_zone("-03:00"), "<-03:00>+03:00");
        assert_eq!(time_zone("Europe/Berlin"), "Europe/Berlin");
        assert_eq!(time_zone("SYSTEM"), "UTC");
    }
}
