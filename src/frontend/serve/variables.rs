//! System variables: what the server has, and what a session has set.
//!
//! The server's values begin as those of a fresh MySQL of the source's version, with this process' own where they
//! speak of it. SET GLOBAL changes them in memory, for the sessions that begin afterwards and for variables that have
//! no session value, as MySQL does; they aren't kept over a restart.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use arc_swap::ArcSwap;

use super::derived::Derived;
use crate::config::Config;
use crate::sql::system::{self, Kind, Scope};
use crate::value::Value;

/// The server's values.
#[derive(Debug)]
pub(super) struct Defaults {
    initial: BTreeMap<&'static str, Option<String>>,
    /// Those that SET GLOBAL has changed.
    changed: ArcSwap<HashMap<&'static str, Option<String>>>,
}

impl Defaults {
    pub(super) fn new(version: &str, config: &Config, lower_case_table_names: u8) -> Self {
        let initial = system::variables().map(|variable| (variable.name, variable.value.map(str::to_owned))).collect();
        let mut defaults = Self { initial, changed: ArcSwap::default() };
        defaults.put("version", version);
        defaults.put("lower_case_table_names", &lower_case_table_names.to_string());
        defaults.put("max_allowed_packet", &config.listen.max_allowed_packet.to_string());
        defaults.put("max_connections", &config.listen.max_connections.to_string());
        defaults.put("port", &config.listen.address.port().to_string());
        defaults
    }

    fn put(&mut self, name: &'static str, value: &str) {
        self.initial.insert(name, Some(value.to_owned()));
    }

    /// The value that a server begins with; `None` outside for a name that doesn't exist, inside for NULL.
    fn initial(&self, name: &str) -> Option<Option<&str>> {
        self.initial.get(name).map(Option::as_deref)
    }

    /// The global value now.
    pub(super) fn global(&self, name: &str) -> Option<Option<String>> {
        let initial = self.initial.get(name)?;
        Some(self.changed.load().get(name).unwrap_or(initial).clone())
    }

    /// SET GLOBAL; `None` outside is DEFAULT.
    pub(super) fn set_global(&self, name: &'static str, value: Option<Option<String>>) {
        self.changed.rcu(|changed| {
            let mut changed = HashMap::clone(changed);
            match &value {
                Some(value) => changed.insert(name, value.clone()),
                None => changed.remove(name),
            };
            changed
        });
    }

    /// Names with their global values.
    pub(super) fn globals(&self) -> impl Iterator<Item = (&'static str, String)> {
        let changed = self.changed.load_full();
        let shared = system::variables().filter(|variable| variable.scope != Scope::Session);
        shared.map(move |variable| {
            let initial = self.initial.get(variable.name);
            let value = changed.get(variable.name).or(initial).cloned().flatten();
            (variable.name, value.unwrap_or_default())
        })
    }
}

/// What one session has set. A value of `None` is SQL NULL.
#[derive(Clone, Debug, Default)]
pub(super) struct Overrides {
    by_name: HashMap<String, Option<String>>,
    /// Read from the values when it's needed; forgotten when one of them changes.
    derived: OnceLock<Derived>,
}

impl Overrides {
    /// The values of a session that begins now.
    pub(super) fn begin(&mut self, defaults: &Defaults) {
        self.derived.take();
        for (name, value) in defaults.changed.load().iter() {
            if system::variable(name).is_some_and(|variable| variable.scope == Scope::Both) {
                self.by_name.insert((*name).to_owned(), value.clone());
            }
        }
    }

    /// The session's value, or the default; `None` outside for a name that doesn't exist, inside for NULL.
    pub(super) fn get<'s>(&'s self, defaults: &'s Defaults, name: &str) -> Option<Option<&'s str>> {
        match self.by_name.get(name) {
            Some(own) => Some(own.as_deref()),
            None => defaults.initial(name),
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
        self.derived.take();
        self.by_name.insert(name.to_owned(), value);
    }

    pub(super) fn reset(&mut self, name: &str) {
        self.derived.take();
        self.by_name.remove(name);
    }

    /// What each statement asks of the variables.
    pub(super) fn derived(&self, defaults: &Defaults) -> &Derived {
        self.derived.get_or_init(|| Derived::of(self, defaults))
    }

    /// What SHOW VARIABLES shows.
    pub(super) fn shown(&self, defaults: &Defaults, name: &str) -> Option<String> {
        let variable = system::variable(name)?;
        if variable.scope == Scope::Global {
            return Some(defaults.global(name)?.unwrap_or_default());
        }
        Some(self.get(defaults, name)?.unwrap_or_default().to_owned())
    }

    /// The value as SELECT @@name gives it. The name may begin with `global.`.
    pub(super) fn value(&self, defaults: &Defaults, name: &str) -> Option<Value> {
        if let Some(name) = name.strip_prefix("global.") {
            return Some(system::variable(name)?.selected(defaults.global(name)?.as_deref()));
        }
        let variable = system::variable(name)?;
        if variable.scope == Scope::Global {
            return Some(variable.selected(defaults.global(name)?.as_deref()));
        }
        Some(variable.selected(self.get(defaults, name)?))
    }
}

/// A value that MySQL reported, in the words of SET: SELECT @@name says 1 where a session tracker says ON.
pub(super) fn as_reported(name: &str, value: &str) -> String {
    let switch = system::variable(name).is_some_and(|variable| variable.kind == Kind::Boolean);
    match value {
        "1" if switch => "ON".to_owned(),
        "0" if switch => "OFF".to_owned(),
        _ => value.to_owned(),
    }
}
