//! How the server in front of us names what is followed of a session. MariaDB speaks MySQL's protocol and has other names
//! for some variables, no tracker of GTIDs, and trackers that don't tell everything: SET NAMES changes the collation
//! without a word, and a value that holds for one statement is told and its end isn't. So a session of MariaDB is asked
//! once more for everything before it goes on elsewhere.

use super::tracking::Setting;
use super::variables::FOLLOWED;

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    MySql,
    MariaDb {
        /// It has `block_encryption_mode` (from 11.2 on).
        block_mode: bool,
    },
}

impl Dialect {
    /// By the version of the greeting. MariaDB writes another version in front of its own, for the oldest replicas.
    pub(super) fn of(greeting: &[u8]) -> Self {
        let text = String::from_utf8_lossy(greeting);
        if !text.to_lowercase().contains("mariadb") {
            return Self::MySql;
        }
        let mut numbers =
            text.trim_start_matches("5.5.5-").split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        Self::MariaDb { block_mode: version >= (11, 2) }
    }

    /// Whether the server tells of transactions also those who didn't ask for it.
    pub(super) const fn tells_unasked(self) -> bool {
        matches!(self, Self::MySql)
    }

    /// Whether what the trackers say is all that happens to a session.
    pub(super) const fn tells_everything(self) -> bool {
        matches!(self, Self::MySql)
    }

    /// What reads a setting of the trackers.
    pub(super) fn setting(self, setting: Setting) -> String {
        match (self, setting) {
            (Self::MariaDb { .. }, Setting::Gtids) => "'OFF'".to_owned(),
            (_, setting) => format!("@@{}", setting.name()),
        }
    }

    /// Under which setting the session tells the GTIDs of its commits.
    pub(super) const fn own_gtids(self) -> &'static str {
        match self {
            Self::MySql => "OWN_GTID",
            Self::MariaDb { .. } => "OFF",
        }
    }

    /// Under which setting the session tells that something of it changed. MariaDB's tracker tells other things: it stays as
    /// the client wants it.
    pub(super) const fn own_state(self) -> &'static str {
        match self {
            Self::MySql => "1",
            Self::MariaDb { .. } => "0",
        }
    }

    /// What reads the followed variables, in their order.
    pub(super) fn columns(self) -> impl Iterator<Item = String> {
        FOLLOWED.iter().map(move |name| match self.own(name) {
            Some(own) => format!("@@SESSION.{own}"),
            // What MySQL has without a word.
            None => "'aes-128-ecb'".to_owned(),
        })
    }

    /// The names under which the server tells of the followed variables, and of the trackers' own settings: a procedure may
    /// change those.
    pub(super) fn tracked(self) -> Vec<&'static str> {
        let settings = Setting::ALL.into_iter().filter(|_| self == Self::MySql).map(Setting::name);
        FOLLOWED.iter().filter_map(|name| self.own(name)).chain(settings).collect()
    }

    /// Whether the server has a setting.
    fn has(self, setting: Setting) -> bool {
        self == Self::MySql || !matches!(setting, Setting::Gtids | Setting::State)
    }

    /// The statement that gives the trackers these settings.
    pub(super) fn set_trackers(self, values: &[String; Setting::COUNT]) -> String {
        let assigned = Setting::ALL.into_iter().zip(values).filter_map(|(setting, value)| match (self, setting) {
            (_, setting) if !self.has(setting) => None,
            (_, Setting::Schema | Setting::State) => Some(format!("{}={value}", setting.name())),
            (_, setting) => Some(format!("{}='{value}'", setting.name())),
        });
        format!("SET {}", assigned.collect::<Vec<_>>().join(","))
    }

    /// The server's name of a variable.
    fn own(self, name: &'static str) -> Option<&'static str> {
        match (self, name) {
            (Self::MariaDb { .. }, "transaction_isolation") => Some("tx_isolation"),
            (Self::MariaDb { .. }, "transaction_read_only") => Some("tx_read_only"),
            (Self::MariaDb { block_mode: false }, "block_encryption_mode") => None,
            (_, name) => Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_told_apart_by_their_greeting() {
        for (greeting, dialect) in [
            ("9.7.4", Dialect::MySql),
            ("8.0.36-log", Dialect::MySql),
            ("5.5.5-10.11.19-MariaDB-0+deb12u1-log", Dialect::MariaDb { block_mode: false }),
            ("11.4.2-MariaDB", Dialect::MariaDb { block_mode: true }),
        ] {
            assert_eq!(Dialect::of(greeting.as_bytes()), dialect, "{greeting}");
        }
        let old = Dialect::MariaDb { block_mode: false };
        assert_eq!(old.columns().count(), FOLLOWED.len());
        assert!(old.tracked().contains(&"tx_isolation") && !old.tracked().contains(&"block_encryption_mode"));
        assert_eq!(Dialect::MySql.tracked()[..FOLLOWED.len()], FOLLOWED);
        assert!(Dialect::MySql.tracked().contains(&"session_track_gtids"));
        assert!(!old.tracked().contains(&"session_track_gtids"));
        let values = ["a,b", "OFF", "STATE", "1", "1"].map(str::to_owned);
        let set = "SET session_track_system_variables='a,b',session_track_transaction_info='STATE',\
                   session_track_schema=1";
        assert_eq!(old.set_trackers(&values), set);
    }
}
