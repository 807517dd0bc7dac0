//! SET. All assignments of a statement are checked before the first is made, as MySQL does, so that a statement that
//! fails has changed nothing.
//!
//! What a variable does here is one of three things. Those that mean something here are carried out: see
//! `Session::set_session` and the places that read them. Those in [`FIXED`] change what statements mean and aren't
//! carried out: they keep their value. All others only tune MySQL (buffers, optimizer, replication, files, logging):
//! they are kept and shown, and have no effect because what they tune isn't there.

use super::backend::Failure;
use super::charset;
use super::error::MysqlError;
use super::modes;
use super::query::text_of;
use super::session::Session;
use super::variables::Defaults;
use crate::sql::Locale;
use crate::sql::plan::{Assign, SetTarget, SetValue};
use crate::sql::system::{self, Canonical, Scope, SystemVariable};
use crate::value::Value;
use crate::wire::resultset::StateChange;

/// Variables that change what statements mean and that Bascule doesn't carry out: they keep their value.
const FIXED: [&str; 29] = [
    "character_set_database",
    "collation_database",
    "default_collation_for_utf8mb4",
    "default_storage_engine",
    "default_table_encryption",
    "default_tmp_storage_engine",
    "enable_cascade_triggers",
    "explicit_defaults_for_timestamp",
    "external_table_storage_engine",
    "gtid_next",
    "insert_id",
    "lc_messages",
    "max_join_size",
    "max_points_in_geometry",
    "max_sort_length",
    "original_commit_timestamp",
    "pseudo_thread_id",
    "rand_seed1",
    "rand_seed2",
    "restrict_fk_on_non_standard_key",
    "session_track_gtids",
    "session_track_transaction_info",
    "show_create_table_skip_secondary_engine",
    "sql_auto_is_null",
    "sql_generate_invisible_primary_key",
    "sql_quote_show_create",
    "sql_require_primary_key",
    "sql_safe_updates",
    "updatable_views_with_limit",
];

/// Global variables that promise something to others, which isn't kept here.
const FIXED_GLOBALS: [&str; 9] = [
    "character_set_server",
    "collation_server",
    "event_scheduler",
    "init_connect",
    "offline_mode",
    "read_only",
    "require_secure_transport",
    "super_read_only",
    "max_connections",
];

/// Modes that change what statements mean and that the rewrite doesn't know.
const UNKNOWN_MODES: [&str; 1] = ["PAD_CHAR_TO_FULL_LENGTH"];

/// Takes a global variable's value over from MySQL, if sessions can have it here.
pub(super) fn inherit(defaults: &Defaults, name: &str, value: &str) -> Result<(), &'static str> {
    let variable = system::variables().find(|variable| variable.name == name).ok_or("it isn't known")?;
    let kept = match name {
        "sql_mode" => {
            let known = |mode: &&str| !UNKNOWN_MODES.iter().any(|unknown| mode.eq_ignore_ascii_case(unknown));
            value.split(',').filter(known).collect::<Vec<_>>().join(",")
        }
        // MySQL's system is in UTC, or mirroring wouldn't have begun.
        "time_zone" if value.eq_ignore_ascii_case("SYSTEM") => value.to_owned(),
        "time_zone" => zone(variable, &Value::Text(value.to_owned())).map_err(|_| "the zone isn't known here")?,
        _ => value.to_owned(),
    };
    let same = defaults.global(name).flatten().is_some_and(|present| present.eq_ignore_ascii_case(&kept));
    if !same && FIXED.contains(&name) {
        return Err("it can't be set here");
    }
    let whole = name != "sql_mode" || kept == value;
    defaults.set_global(variable.name, Some(Some(kept)));
    if whole { Ok(()) } else { Err("PAD_CHAR_TO_FULL_LENGTH isn't kept, the other modes are") }
}

/// An assignment that has passed all checks.
#[derive(Debug)]
pub(super) enum Assignment {
    User {
        name: String,
        value: Value,
        kind: Option<crate::sql::plan::VariableKind>,
    },
    /// `None` outside is DEFAULT, inside NULL.
    Session {
        variable: &'static SystemVariable,
        value: Option<Option<String>>,
    },
    Global {
        variable: &'static SystemVariable,
        value: Option<Option<String>>,
    },
    Next {
        isolation: Option<String>,
        read_only: Option<bool>,
    },
    Names {
        charset: &'static charset::Charset,
        collation: String,
    },
    Charset(&'static charset::Charset),
}

impl Session {
    /// Checks an assignment; warnings are given at once.
    pub(super) fn checked(&mut self, assign: &Assign, value: Value) -> Result<Assignment, MysqlError> {
        let default = matches!(assign.value, SetValue::Default);
        match &assign.target {
            SetTarget::User(name) => Ok(Assignment::User { name: name.clone(), value, kind: assign.kind.clone() }),
            SetTarget::Names { collation } => {
                let name = (!default).then(|| text_of(&value).unwrap_or_default());
                let told = name.as_deref().and_then(charset::warning);
                let more = collation.as_deref().and_then(charset::collation_warning);
                for (code, message) in told.into_iter().chain(more) {
                    self.state.warn("Warning", code, message);
                }
                let (charset, collation) = names(name.as_deref(), collation.as_deref())?;
                Ok(Assignment::Names { charset, collation })
            }
            SetTarget::Charset => {
                let name = (!default).then(|| text_of(&value).unwrap_or_default());
                let (charset, _) = names(name.as_deref(), None)?;
                Ok(Assignment::Charset(charset))
            }
            SetTarget::Next(name) => self.checked_next(name, &value, default),
            SetTarget::Global(name) => {
                let variable = settable(name, Scope::Global)?;
                let value = self.checked_value(variable, &value, default)?;
                self.check_global(variable, value.as_ref())?;
                Ok(Assignment::Global { variable, value })
            }
            SetTarget::Session(name) => {
                let variable = settable(name, Scope::Session)?;
                let value = self.checked_value(variable, &value, default)?;
                self.check_session(variable, value.as_ref())?;
                Ok(Assignment::Session { variable, value })
            }
        }
    }

    /// The text under which a value is kept; `None` is DEFAULT.
    fn checked_value(
        &mut self,
        variable: &'static SystemVariable,
        value: &Value,
        default: bool,
    ) -> Result<Option<Option<String>>, MysqlError> {
        if variable.deprecated {
            let text = format!("'@@{}' is deprecated and will be removed in a future release.", variable.name);
            self.state.warn("Warning", 1287, text);
        }
        if default {
            if variable.without_default {
                let text = format!("Variable '{}' doesn't have a default value", variable.name);
                return Err(MysqlError::new(1230, "42000", text));
            }
            return Ok(None);
        }
        let strict = self.state.variables.text(&self.serving.defaults, "sql_mode").contains("STRICT_ALL_TABLES");
        let kept = match variable.name {
            "sql_mode" => {
                let (modes, warnings) = modes::parse(variable, value)?;
                Canonical { text: Some(modes), warnings }
            }
            "optimizer_switch" | "optimizer_trace" | "optimizer_trace_features" => {
                let present = self.state.variables.text(&self.serving.defaults, variable.name);
                Canonical { text: Some(modes::switches(variable, present, value)?), warnings: Vec::new() }
            }
            "lc_time_names" => Canonical { text: Some(locale(variable, value)?), warnings: Vec::new() },
            "time_zone" => Canonical { text: Some(zone(variable, value)?), warnings: Vec::new() },
            "character_set_client" | "character_set_connection" | "character_set_results" | "character_set_server" => {
                charset_of(variable, value)?
            }
            "collation_connection" | "collation_server" => collation_of(variable, value)?,
            _ => variable.canonical(value, strict)?,
        };
        for (code, message) in kept.warnings {
            self.state.warn("Warning", code, message);
        }
        Ok(Some(kept.text))
    }

    fn check_session(
        &self,
        variable: &'static SystemVariable,
        value: Option<&Option<String>>,
    ) -> Result<(), MysqlError> {
        let name = variable.name;
        if variable.session_read_only {
            let text = format!("SESSION variable '{name}' is read-only. Use SET GLOBAL to assign the value");
            return Err(MysqlError::new(1621, "HY000", text));
        }
        if name == "resultset_metadata" && value.is_some_and(|value| value.as_deref() == Some("NONE")) {
            return Err(MysqlError::unsupported("resultset_metadata = NONE"));
        }
        let present = self.state.variables.text(&self.serving.defaults, name);
        let Some(Some(text)) = value else { return Ok(()) };
        if FIXED.contains(&name) && !text.eq_ignore_ascii_case(present) {
            return Err(MysqlError::unsupported(&format!("SET {name}")));
        }
        let strange = |mode: &str| name == "sql_mode" && text.split(',').any(|own| own.eq_ignore_ascii_case(mode));
        match UNKNOWN_MODES.iter().find(|mode| strange(mode)) {
            Some(mode) => Err(MysqlError::unsupported(&format!("sql_mode {mode}"))),
            None => Ok(()),
        }
    }

    fn check_global(
        &self,
        variable: &'static SystemVariable,
        value: Option<&Option<String>>,
    ) -> Result<(), MysqlError> {
        let name = variable.name;
        let Some(value) = value else { return Ok(()) };
        let same = self.serving.defaults.global(name).is_some_and(|present| {
            present.unwrap_or_default().eq_ignore_ascii_case(value.as_deref().unwrap_or_default())
        });
        if !same && (FIXED.contains(&name) || FIXED_GLOBALS.contains(&name)) {
            return Err(MysqlError::unsupported(&format!("SET GLOBAL {name}")));
        }
        Ok(())
    }

    fn checked_next(&mut self, name: &str, value: &Value, default: bool) -> Result<Assignment, MysqlError> {
        let variable = settable(name, Scope::Session)?;
        let kept = self.checked_value(variable, value, default)?;
        let text = match kept {
            Some(text) => text.unwrap_or_default(),
            None => self.serving.defaults.global(name).flatten().unwrap_or_default(),
        };
        if self.backend.in_transaction() {
            return Err(MysqlError::characteristics_in_transaction());
        }
        Ok(match name {
            "transaction_isolation" => Assignment::Next { isolation: Some(text), read_only: None },
            _ => Assignment::Next { isolation: None, read_only: Some(text == "ON") },
        })
    }

    /// Makes an assignment.
    pub(super) async fn assign(&mut self, assignment: Assignment) -> Result<(), Failure> {
        match assignment {
            Assignment::User { name, value, kind } => {
                Ok(self.state.set_user_variable(&self.serving.defaults, &name, value, kind)?)
            }
            Assignment::Global { variable, value } => {
                self.serving.defaults.set_global(variable.name, value);
                Ok(())
            }
            Assignment::Next { isolation, read_only } => {
                let next = &mut self.next_transaction;
                next.isolation = isolation.or(next.isolation.take());
                next.read_only = read_only.or(next.read_only);
                Ok(())
            }
            Assignment::Names { charset, collation } => {
                for variable in ["character_set_client", "character_set_connection", "character_set_results"] {
                    self.put(variable, Some(charset.name.to_owned()));
                }
                self.state.collation = charset::collation_id(&collation).unwrap_or(charset.id);
                self.put("collation_connection", Some(collation));
                Ok(())
            }
            Assignment::Charset(charset) => {
                for variable in ["character_set_client", "character_set_results"] {
                    self.put(variable, Some(charset.name.to_owned()));
                }
                self.state.collation = charset.id;
                let (charset, collation) = self.database_charset();
                self.put("character_set_connection", Some(charset));
                self.put("collation_connection", Some(collation));
                Ok(())
            }
            Assignment::Session { variable, value } => self.set_session(variable, value).await,
        }
    }

    async fn set_session(
        &mut self,
        variable: &'static SystemVariable,
        value: Option<Option<String>>,
    ) -> Result<(), Failure> {
        let name = variable.name;
        let value = match value {
            Some(value) => value,
            None => self.serving.defaults.global(name).unwrap_or_default(),
        };
        match name {
            "autocommit" => return self.set_autocommit(value.as_deref() == Some("ON")).await,
            "last_insert_id" | "identity" => {
                self.state.last_insert_id = value.and_then(|text| text.parse().ok()).unwrap_or(0);
                return Ok(());
            }
            "timestamp" => {
                let stopped = value.filter(|text| text.parse::<f64>().is_ok_and(|seconds| seconds > 0.0));
                match stopped {
                    Some(text) => self.state.variables.set(name, Some(text)),
                    None => self.state.variables.reset(name),
                }
                return Ok(());
            }
            "character_set_results" => {
                let found = value.as_deref().and_then(charset::find);
                self.state.collation = found.map_or(255, |charset| charset.id);
            }
            "character_set_connection" => {
                let found = value.as_deref().and_then(charset::find);
                let collation = found.map_or("utf8mb4_0900_ai_ci", |charset| charset.collation);
                self.put("collation_connection", Some(collation.to_owned()));
            }
            "character_set_server" => {
                let found = value.as_deref().and_then(charset::find);
                self.put("collation_server", found.map(|charset| charset.collation.to_owned()));
            }
            "collation_server" => {
                let found = value.as_deref().and_then(charset::of_collation);
                self.put("character_set_server", found.map(|charset| charset.name.to_owned()));
            }
            "collation_connection" => {
                let found = value.as_deref().and_then(charset::of_collation);
                self.put("character_set_connection", found.map(|charset| charset.name.to_owned()));
            }
            _ => {}
        }
        self.put(name, value);
        Ok(())
    }

    /// Turning autocommit on commits what is open.
    async fn set_autocommit(&mut self, on: bool) -> Result<(), Failure> {
        if on && !self.autocommit() {
            self.commit_open().await?;
            self.relock_tables().await?;
        }
        self.put("autocommit", Some(if on { "ON" } else { "OFF" }.to_owned()));
        Ok(())
    }

    /// Character set and collation of the default database.
    pub(super) fn database_charset(&self) -> (String, String) {
        let catalogue = self.serving.catalogue.load();
        let database = self.state.database.as_deref().and_then(|name| catalogue.database(name));
        database.map_or_else(
            || ("utf8mb4".to_owned(), "utf8mb4_0900_ai_ci".to_owned()),
            |database| (database.charset.clone(), database.collation.clone()),
        )
    }

    fn put(&mut self, name: &str, value: Option<String>) {
        if self.is_tracked(name) {
            self.changes.push(StateChange::Variable(name.to_owned(), value.clone().unwrap_or_default()));
        }
        self.state.variables.set(name, value);
        if name == "character_set_results" {
            self.follow_results();
        }
    }

    /// Makes the channel speak `character_set_results`.
    pub(super) fn follow_results(&mut self) {
        let name = self.state.variables.get(&self.serving.defaults, "character_set_results").flatten();
        // NULL and binary mean the stored text as it is.
        let charset = name.and_then(charset::find).filter(|charset| charset.name != "utf8mb4");
        self.channel.results = charset.filter(|charset| charset.name != "binary");
    }

    /// The character sets of a session whose client named a collation when it connected.
    pub(super) fn speak(&mut self, collation: u16) -> Result<(), MysqlError> {
        let Some((name, charset)) = charset::by_collation_id(collation) else { return Ok(()) };
        // A client of a set that no client can have gets the server's, as in MySQL.
        if charset::for_client(charset.name).is_err_and(|error| error.code == 1231) {
            return Ok(());
        }
        let charset = charset::for_client(charset.name)?;
        self.state.collation = collation;
        if charset.name == "utf8mb4" && name == charset.collation {
            return Ok(());
        }
        for variable in ["character_set_client", "character_set_connection", "character_set_results"] {
            self.state.variables.set(variable, Some(charset.name.to_owned()));
        }
        self.state.variables.set("collation_connection", Some(name.to_owned()));
        self.follow_results();
        Ok(())
    }

    /// Whether the client is told of a variable's changes: `session_track_system_variables`.
    fn is_tracked(&self, name: &str) -> bool {
        let tracked = self.state.variables.text(&self.serving.defaults, "session_track_system_variables");
        tracked.split(',').any(|word| matches!(word.trim(), "*") || word.trim().eq_ignore_ascii_case(name))
    }
}

/// The variable, when it can be set in that scope.
fn settable(name: &str, scope: Scope) -> Result<&'static SystemVariable, MysqlError> {
    let variable = system::variable(name).ok_or_else(|| system::unknown(name))?;
    if variable.read_only {
        return Err(MysqlError::new(1238, "HY000", format!("Variable '{name}' is a read only variable")));
    }
    match (scope, variable.scope) {
        (Scope::Global, Scope::Session) => {
            let text = format!("Variable '{name}' is a SESSION variable and can't be used with SET GLOBAL");
            Err(MysqlError::new(1228, "HY000", text))
        }
        (Scope::Session | Scope::Both, Scope::Global) => {
            let text = format!("Variable '{name}' is a GLOBAL variable and should be set with SET GLOBAL");
            Err(MysqlError::new(1229, "HY000", text))
        }
        _ => Ok(variable),
    }
}

fn locale(variable: &SystemVariable, value: &Value) -> Result<String, MysqlError> {
    let wanted = match value {
        Value::Int(number) => number.to_string(),
        other => variable.canonical(other, false)?.text.ok_or_else(|| variable.bad_value("NULL"))?,
    };
    let unknown = || MysqlError::new(1649, "HY000", format!("Unknown locale: '{wanted}'"));
    Locale::find(&wanted).map(|locale| locale.name.to_owned()).ok_or_else(unknown)
}

fn zone(variable: &SystemVariable, value: &Value) -> Result<String, MysqlError> {
    let Some(zone) = variable.canonical(value, false)?.text else { return Err(variable.bad_value("NULL").into()) };
    if zone.eq_ignore_ascii_case("SYSTEM") {
        return Ok("SYSTEM".to_owned());
    }
    let unknown = || MysqlError::new(1298, "HY000", format!("Unknown or incorrect time zone: '{zone}'"));
    if zone.starts_with(['+', '-']) {
        return offset(&zone).ok_or_else(unknown);
    }
    jiff::tz::TimeZone::get(&zone).map_err(|_| unknown())?;
    Ok(zone)
}

/// `+5:30` as `+05:30`, within MySQL's bounds.
fn offset(zone: &str) -> Option<String> {
    let (sign, digits) = zone.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':')?;
    let number = |text: &str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|_| digits)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let most = if sign == "+" { 14 * 60 } else { 13 * 60 + 59 };
    (minutes < 60 && hours * 60 + minutes <= most).then(|| format!("{sign}{hours:02}:{minutes:02}"))
}

/// The character set of SET NAMES and its collation; the server's own without a name.
fn names(name: Option<&str>, collation: Option<&str>) -> Result<(&'static charset::Charset, String), MysqlError> {
    let name = name.unwrap_or("utf8mb4");
    let charset = charset::for_client(name)?;
    let Some(collation) = collation else { return Ok((charset, charset.collation.to_owned())) };
    let found = charset::of_collation(collation);
    match found {
        None => Err(MysqlError::new(1273, "HY000", format!("Unknown collation: '{collation}'"))),
        Some(found) if found.name != charset.name => {
            let text = format!("COLLATION '{collation}' is not valid for CHARACTER SET '{}'", charset.name);
            Err(MysqlError::new(1253, "42000", text))
        }
        Some(_) => Ok((charset, collation.to_ascii_lowercase())),
    }
}

fn charset_of(variable: &SystemVariable, value: &Value) -> Result<Canonical, MysqlError> {
    let results = variable.name == "character_set_results";
    let name = match value {
        Value::Null if results => return Ok(Canonical::default()),
        Value::Null => return Err(variable.bad_value("NULL").into()),
        Value::Int(_) | Value::UInt(_) => return Err(MysqlError::unsupported("character sets by number")),
        other => variable.canonical(other, false)?.text.unwrap_or_default(),
    };
    let charset =
        if variable.name == "character_set_client" { charset::for_client(&name) } else { charset::known(&name) };
    let warnings = charset::warning(&name).into_iter().collect();
    Ok(Canonical { text: Some(charset?.name.to_owned()), warnings })
}

fn collation_of(variable: &SystemVariable, value: &Value) -> Result<Canonical, MysqlError> {
    if matches!(value, Value::Int(_) | Value::UInt(_)) {
        return Err(MysqlError::unsupported("collations by number"));
    }
    let name = variable.canonical(value, false)?.text.unwrap_or_default();
    let unknown = || MysqlError::new(1273, "HY000", format!("Unknown collation: '{name}'"));
    charset::of_collation(&name).ok_or_else(unknown)?;
    let warnings = charset::collation_warning(&name).into_iter().collect();
    Ok(Canonical { text: Some(name.to_ascii_lowercase()), warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_have_bounds_and_one_form() {
        assert_eq!(offset("+5:30").as_deref(), Some("+05:30"));
        assert_eq!(offset("+14:00").as_deref(), Some("+14:00"));
        assert_eq!(offset("-13:59").as_deref(), Some("-13:59"));
        assert!(["+14:01", "-14:00", "+5", "+:1", "+1:60", "+ 1:00"].iter().all(|zone| offset(zone).is_none()));
    }

    #[test]
    fn what_is_fixed_is_a_variable() {
        assert!(FIXED.iter().chain(&FIXED_GLOBALS).all(|name| system::variable(name).is_some()));
    }
}
