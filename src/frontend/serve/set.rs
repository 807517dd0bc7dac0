//! SET: session variables that mean something here are carried out, those that tune MySQL are kept, and those whose
//! meaning would be lost are refused unless they keep their value.

use super::backend::Failure;
use super::error::MysqlError;
use super::query::text_of;
use super::session::Session;
use super::variables::{Scope, is_number, is_switch};
use crate::sql::plan::{Assign, SetTarget, SetValue};
use crate::value::Value;
use crate::wire::resultset::StateChange;

/// Variables that change what statements mean and that Bascule doesn't carry out: they keep their value.
const FIXED: [&str; 27] = [
    "big_tables",
    "block_encryption_mode",
    "completion_type",
    "default_storage_engine",
    "default_tmp_storage_engine",
    "default_week_format",
    "div_precision_increment",
    "explicit_defaults_for_timestamp",
    "gtid_next",
    "insert_id",
    "lc_time_names",
    "max_join_size",
    "original_commit_timestamp",
    "pseudo_thread_id",
    "resultset_metadata",
    "session_track_gtids",
    "session_track_state_change",
    "session_track_transaction_info",
    "sql_auto_is_null",
    "sql_big_selects",
    "sql_generate_invisible_primary_key",
    "sql_require_primary_key",
    "sql_safe_updates",
    "sql_select_limit",
    "auto_increment_increment",
    "auto_increment_offset",
    "updatable_views_with_limit",
];

/// Variables whose changes a client is told of, MySQL's default list.
const TRACKED: [&str; 5] =
    ["time_zone", "autocommit", "character_set_client", "character_set_results", "character_set_connection"];

/// Character sets that clients may speak here, with their default collation and its id.
const CHARSETS: [(&str, &str, u16); 7] = [
    ("utf8mb4", "utf8mb4_0900_ai_ci", 255),
    ("utf8mb3", "utf8mb3_general_ci", 33),
    ("utf8", "utf8mb3_general_ci", 33),
    ("latin1", "latin1_swedish_ci", 8),
    ("ascii", "ascii_general_ci", 11),
    ("binary", "binary", 63),
    ("default", "utf8mb4_0900_ai_ci", 255),
];

/// Collations whose ids clients see in column definitions.
const COLLATIONS: [(&str, u16); 16] = [
    ("utf8mb4_0900_ai_ci", 255),
    ("utf8mb4_general_ci", 45),
    ("utf8mb4_bin", 46),
    ("utf8mb4_unicode_ci", 224),
    ("utf8mb4_unicode_520_ci", 246),
    ("utf8mb4_0900_as_cs", 278),
    ("utf8mb4_0900_as_ci", 305),
    ("utf8mb4_0900_bin", 309),
    ("utf8mb3_general_ci", 33),
    ("utf8mb3_unicode_ci", 192),
    ("utf8mb3_bin", 83),
    ("latin1_swedish_ci", 8),
    ("latin1_general_ci", 48),
    ("latin1_bin", 47),
    ("ascii_general_ci", 11),
    ("binary", 63),
];

/// Words of `sql_mode`; the first two groups stand for several.
const MODES: [&str; 19] = [
    "REAL_AS_FLOAT",
    "PIPES_AS_CONCAT",
    "ANSI_QUOTES",
    "IGNORE_SPACE",
    "ONLY_FULL_GROUP_BY",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_DIR_IN_CREATE",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_BACKSLASH_ESCAPES",
    "STRICT_TRANS_TABLES",
    "STRICT_ALL_TABLES",
    "NO_ZERO_IN_DATE",
    "NO_ZERO_DATE",
    "ALLOW_INVALID_DATES",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "HIGH_NOT_PRECEDENCE",
    "NO_ENGINE_SUBSTITUTION",
    "PAD_CHAR_TO_FULL_LENGTH",
    "TIME_TRUNCATE_FRACTIONAL",
];

impl Session {
    /// One assignment of SET.
    pub(super) async fn assign(&mut self, assign: &Assign, value: Value) -> Result<(), Failure> {
        let default = matches!(assign.value, SetValue::Default);
        match &assign.target {
            SetTarget::User(name) => {
                let defaults = &self.serving.defaults;
                Ok(self.state.set_user_variable(defaults, name, value, assign.kind.clone())?)
            }
            SetTarget::Global(name) => Ok(self.set_global(name, &value)?),
            SetTarget::Names { collation } => {
                let charset = if default { "utf8mb4".to_owned() } else { text_of(&value).unwrap_or_default() };
                Ok(self.set_names(&charset, collation.as_deref())?)
            }
            SetTarget::Session(name) => self.set_session(name, (!default).then_some(value)).await,
        }
    }

    /// Globals belong to a server that isn't there; one that keeps its value is accepted.
    fn set_global(&self, name: &str, value: &Value) -> Result<(), MysqlError> {
        let Some(variable) = self.serving.defaults.get(name) else { return Err(unknown(name)) };
        if text_of(value).is_some_and(|text| text.eq_ignore_ascii_case(&variable.value)) {
            return Ok(());
        }
        let text = "Access denied; you need (at least one of) the SUPER or SYSTEM_VARIABLES_ADMIN privilege(s) for this operation";
        Err(MysqlError::new(1227, "42000", text))
    }

    /// SET NAMES: the three character sets and the collation.
    fn set_names(&mut self, charset: &str, collation: Option<&str>) -> Result<(), MysqlError> {
        let charset = charset.to_ascii_lowercase();
        let found = CHARSETS.iter().find(|(name, ..)| *name == charset);
        let (name, default, _) =
            found.ok_or_else(|| MysqlError::new(1115, "42000", format!("Unknown character set: '{charset}'")))?;
        let name = match *name {
            "default" => "utf8mb4",
            "utf8" => "utf8mb3",
            other => other,
        };
        let collation = collation.map_or_else(|| (*default).to_owned(), str::to_ascii_lowercase);
        let id = collation_id(&collation)?;
        if !collation.starts_with(name) {
            let text = format!("COLLATION '{collation}' is not valid for CHARACTER SET '{name}'");
            return Err(MysqlError::new(1253, "42000", text));
        }
        for variable in ["character_set_client", "character_set_connection", "character_set_results"] {
            self.put(variable, Some(name.to_owned()));
        }
        self.put("collation_connection", Some(collation));
        self.state.collation = id;
        Ok(())
    }

    /// A session variable; `None` sets the default.
    async fn set_session(&mut self, name: &str, value: Option<Value>) -> Result<(), Failure> {
        let default = self.serving.defaults.get(name).ok_or_else(|| unknown(name))?.clone();
        match default.scope {
            Scope::Session => {}
            Scope::Global => {
                let text = format!("Variable '{name}' is a GLOBAL variable and should be set with SET GLOBAL");
                return Err(MysqlError::new(1229, "HY000", text).into());
            }
            Scope::ReadOnly => {
                return Err(MysqlError::new(1238, "HY000", format!("Variable '{name}' is a read only variable")).into());
            }
        }
        let Some(value) = value else {
            if name == "autocommit" {
                return self.set_autocommit(true).await;
            }
            self.state.variables.reset(name);
            return Ok(());
        };
        let text = self.canonical(name, &value)?;
        match name {
            "autocommit" => return self.set_autocommit(text.as_deref() == Some("ON")).await,
            "sql_mode" => {
                let modes = sql_mode(text.as_deref().unwrap_or_default())?;
                self.put(name, Some(modes));
            }
            "time_zone" => self.set_time_zone(text.as_deref().unwrap_or_default())?,
            "last_insert_id" | "identity" => {
                self.state.last_insert_id = text.and_then(|text| text.parse().ok()).unwrap_or(0);
            }
            "character_set_results" => self.set_results(text)?,
            "character_set_client" | "character_set_connection" => {
                let charset = text.unwrap_or_default().to_ascii_lowercase();
                if !CHARSETS.iter().any(|(known, ..)| *known == charset) {
                    return Err(MysqlError::new(1115, "42000", format!("Unknown character set: '{charset}'")).into());
                }
                self.put(name, Some(charset));
            }
            "collation_connection" => {
                let collation = text.unwrap_or_default().to_ascii_lowercase();
                self.state.collation = collation_id(&collation)?;
                self.put(name, Some(collation));
            }
            "transaction_isolation" => self.set_isolation(text.as_deref().unwrap_or_default())?,
            _ if FIXED.contains(&name) => {
                let present = self.state.variables.text(&self.serving.defaults, name);
                if !text.as_deref().is_some_and(|text| text.eq_ignore_ascii_case(present)) {
                    return Err(MysqlError::unsupported(&format!("SET {name}")).into());
                }
            }
            _ => self.put(name, text),
        }
        Ok(())
    }

    /// Turning autocommit on commits what is open.
    async fn set_autocommit(&mut self, on: bool) -> Result<(), Failure> {
        if on && !self.autocommit() {
            self.commit_open().await?;
        }
        self.put("autocommit", Some(if on { "ON" } else { "OFF" }.to_owned()));
        Ok(())
    }

    fn set_time_zone(&mut self, zone: &str) -> Result<(), MysqlError> {
        let system = zone.eq_ignore_ascii_case("SYSTEM");
        if !system && !is_offset(zone) && jiff::tz::TimeZone::get(zone).is_err() {
            return Err(MysqlError::new(1298, "HY000", format!("Unknown or incorrect time zone: '{zone}'")));
        }
        let zone = if system { "SYSTEM" } else { zone };
        self.put("time_zone", Some(zone.to_owned()));
        Ok(())
    }

    /// Results are always sent in UTF-8; other character sets would need every cell to be converted.
    fn set_results(&mut self, charset: Option<String>) -> Result<(), MysqlError> {
        let charset = charset.map(|charset| charset.to_ascii_lowercase());
        match charset.as_deref() {
            None | Some("utf8mb4" | "utf8mb3" | "utf8" | "binary") => {
                self.put("character_set_results", charset);
                Ok(())
            }
            Some(other) => Err(MysqlError::unsupported(&format!("character_set_results = {other}"))),
        }
    }

    fn set_isolation(&mut self, level: &str) -> Result<(), MysqlError> {
        let level = level.to_ascii_uppercase().replace(' ', "-");
        let known = ["READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE"];
        if !known.contains(&level.as_str()) {
            return Err(bad_value("transaction_isolation", &level));
        }
        self.put("transaction_isolation", Some(level));
        Ok(())
    }

    /// The text under which MySQL would keep a value.
    fn canonical(&self, name: &str, value: &Value) -> Result<Option<String>, MysqlError> {
        let defaults = &self.serving.defaults;
        let Some(text) = text_of(value) else {
            return match name {
                "character_set_results" => Ok(None),
                _ => Err(bad_value(name, "NULL")),
            };
        };
        if is_switch(defaults, name) {
            return match text.to_ascii_uppercase().as_str() {
                "1" | "ON" | "TRUE" => Ok(Some("ON".to_owned())),
                "0" | "OFF" | "FALSE" => Ok(Some("OFF".to_owned())),
                _ => Err(bad_value(name, &text)),
            };
        }
        let textual = matches!(value, Value::Text(_) | Value::Bytes(_));
        if is_number(defaults, name) && (textual || text.parse::<f64>().is_err()) {
            return Err(MysqlError::new(1232, "42000", format!("Incorrect argument type to variable '{name}'")));
        }
        Ok(Some(text))
    }

    fn put(&mut self, name: &str, value: Option<String>) {
        if TRACKED.contains(&name) {
            self.changes.push(StateChange::Variable(name.to_owned(), value.clone().unwrap_or_default()));
        }
        self.state.variables.set(name, value);
    }
}

fn unknown(name: &str) -> MysqlError {
    MysqlError::new(1193, "HY000", format!("Unknown system variable '{name}'"))
}

fn bad_value(name: &str, value: &str) -> MysqlError {
    MysqlError::new(1231, "42000", format!("Variable '{name}' can't be set to the value of '{value}'"))
}

fn collation_id(collation: &str) -> Result<u16, MysqlError> {
    let known = COLLATIONS.iter().find(|(name, _)| *name == collation);
    known.map(|(_, id)| *id).ok_or_else(|| MysqlError::new(1273, "HY000", format!("Unknown collation: '{collation}'")))
}

/// `+05:30`, within MySQL's bounds.
fn is_offset(zone: &str) -> bool {
    let Some(digits) = zone.strip_prefix(['+', '-']) else { return false };
    let Some((hours, minutes)) = digits.split_once(':') else { return false };
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.len() <= 2 && !text.is_empty());
    matches!((number(hours), number(minutes)), (Some(hours), Some(minutes)) if minutes < 60 && (hours < 14 || (hours == 14 && minutes == 0)))
}

/// The words of a mode list in MySQL's order, each once. A number would stand for bits; none is sent by any client
/// that we know of.
fn sql_mode(text: &str) -> Result<String, MysqlError> {
    const ANSI: [&str; 5] = ["REAL_AS_FLOAT", "PIPES_AS_CONCAT", "ANSI_QUOTES", "IGNORE_SPACE", "ONLY_FULL_GROUP_BY"];
    const TRADITIONAL: [&str; 6] = [
        "STRICT_TRANS_TABLES",
        "STRICT_ALL_TABLES",
        "NO_ZERO_IN_DATE",
        "NO_ZERO_DATE",
        "ERROR_FOR_DIVISION_BY_ZERO",
        "NO_ENGINE_SUBSTITUTION",
    ];
    let mut wanted = Vec::new();
    for word in text.split(',').map(|word| word.trim().to_ascii_uppercase()).filter(|word| !word.is_empty()) {
        match word.as_str() {
            "ANSI" => wanted.extend(ANSI.map(str::to_owned).into_iter().chain(["ANSI".to_owned()])),
            "TRADITIONAL" => {
                wanted.extend(TRADITIONAL.map(str::to_owned).into_iter().chain(["TRADITIONAL".to_owned()]))
            }
            known if MODES.contains(&known) => wanted.push(word),
            _ => return Err(bad_value("sql_mode", &word)),
        }
    }
    let order = MODES[..17].iter().chain(["ANSI", "TRADITIONAL"].iter()).chain(MODES[17..].iter());
    let modes: Vec<&str> = order.filter(|mode| wanted.iter().any(|word| word == *mode)).copied().collect();
    Ok(modes.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_kept_in_mysqls_order() {
        assert_eq!(
            sql_mode("no_zero_date,ONLY_FULL_GROUP_BY,,no_zero_date").expect("known"),
            "ONLY_FULL_GROUP_BY,NO_ZERO_DATE"
        );
        assert_eq!(sql_mode("").expect("empty"), "");
        assert_eq!(sql_mode("bogus").map_err(|error| error.code), Err(1231));
    }

    #[test]
    fn offsets_have_bounds() {
        assert!(
            is_offset("+14:00") && is_offset("-3:00") && !is_offset("+14:01") && !is_offset("+5") && !is_offset("UTC")
        );
    }
}
