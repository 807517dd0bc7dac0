//! A session's variables as MySQL reports them. Nothing is taken from SQL text: MySQL's trackers are the truth.

/// Variables that Bascule follows, in the order in which it reads them at the start of a session. They are those that
/// change what a write means, or that a client must find again after a flip. `*` would cost the server time on each
/// statement.
pub const FOLLOWED: [&str; 24] = [
    "autocommit",
    "sql_mode",
    "time_zone",
    "timestamp",
    "character_set_client",
    "character_set_results",
    "character_set_connection",
    "collation_connection",
    "transaction_isolation",
    "transaction_read_only",
    "auto_increment_increment",
    "auto_increment_offset",
    "foreign_key_checks",
    "unique_checks",
    "insert_id",
    "last_insert_id",
    "sql_safe_updates",
    "sql_auto_is_null",
    "group_concat_max_len",
    "sql_log_bin",
    "div_precision_increment",
    "default_week_format",
    "lc_time_names",
    "block_encryption_mode",
];

/// Values of the followed variables, by position; `None` is SQL NULL or not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    values: [Option<Box<str>>; FOLLOWED.len()],
}

impl Variables {
    /// The value of a followed variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let index = FOLLOWED.iter().position(|&known| known == name)?;
        self.values.get(index)?.as_deref()
    }

    /// True when an ON/OFF variable is on.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("on") || value == "1")
    }

    /// Every variable that has a value.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        FOLLOWED.iter().zip(&self.values).filter_map(|(name, value)| Some((*name, value.as_deref()?)))
    }

    /// Notes a new value; names that aren't followed are ignored.
    pub fn set(&mut self, name: &[u8], value: Option<&[u8]>) {
        // MariaDB's names.
        let name = match name {
            b"tx_isolation" => b"transaction_isolation",
            b"tx_read_only" => b"transaction_read_only",
            name => name,
        };
        if let Some(slot) = FOLLOWED.iter().position(|known| known.as_bytes() == name) {
            self.values[slot] = value.map(|text| String::from_utf8_lossy(text).into_owned().into_boxed_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_followed_variables_are_kept() {
        let mut variables = Variables::default();
        variables.set(b"sql_mode", Some(b"ANSI"));
        variables.set(b"wait_timeout", Some(b"5"));
        variables.set(b"autocommit", Some(b"ON"));
        assert_eq!(variables.get("sql_mode"), Some("ANSI"));
        assert_eq!(variables.get("wait_timeout"), None);
        assert!(variables.is_on("autocommit"));
        assert_eq!(variables.iter().count(), 2);
    }
}
