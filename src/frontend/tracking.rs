//! Session trackers: which ones the client asked for, and what it would have been told had Bascule asked for none.
//!
//! Bascule has MySQL report more than the client wants ([`super::inject`]), so reports are taken out again. Two things make
//! that more than a filter. A client that changes its own settings is told under the new ones at once, so they're read
//! from its statement ([`assignments`]) before MySQL's answer comes. And MySQL reports transactions that begin
//! and end even to sessions with `session_track_transaction_info=OFF`, but not what happens in between ([`Told`]; asked of
//! MySQL 9.7).

use std::collections::BTreeSet;

use crate::wire::reply::{Kept, Tracker};

/// A setting of the session that decides what MySQL reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Setting {
    Variables,
    Gtids,
    Transaction,
    Schema,
    State,
}

impl Setting {
    /// In the order in which they're asked for.
    pub(super) const ALL: [Self; Self::COUNT] =
        [Self::Variables, Self::Gtids, Self::Transaction, Self::Schema, Self::State];
    pub(super) const COUNT: usize = 5;

    /// The system variable's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Variables => "session_track_system_variables",
            Self::Gtids => "session_track_gtids",
            Self::Transaction => "session_track_transaction_info",
            Self::Schema => "session_track_schema",
            Self::State => "session_track_state_change",
        }
    }

    /// The setting of this name.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.name().as_bytes() == name)
    }
}

/// Which trackers the client itself asked for. It gets these and no others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Lower-case names; `*` means all.
    variables: BTreeSet<Box<str>>,
    gtids: bool,
    characteristics: bool,
    transaction_state: bool,
    schema: bool,
    state_change: bool,
    /// The server, MariaDB, says nothing of transactions to who doesn't ask.
    quiet: bool,
}

impl Wanted {
    /// Before the session's settings are known: nothing of ours has been asked for yet.
    pub(super) fn everything() -> Self {
        let values = ["*", "own_gtid", "characteristics", "1", "1"];
        Setting::ALL
            .into_iter()
            .zip(values)
            .fold(Self::default(), |wanted, (setting, value)| wanted.with(setting, value))
    }

    /// Of a server that says nothing of transactions to who doesn't ask.
    pub(super) fn of_quiet_server(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// With another value of a setting.
    pub(super) fn with(mut self, setting: Setting, value: &str) -> Self {
        match setting {
            Setting::Variables => {
                let names = value.split(',').map(|name| name.trim().to_ascii_lowercase().into_boxed_str());
                self.variables = names.filter(|name| !name.is_empty()).collect();
            }
            Setting::Gtids => self.gtids = !is_off(value),
            Setting::Transaction => {
                self.characteristics = value.eq_ignore_ascii_case("characteristics") || value == "2";
                self.transaction_state = !is_off(value);
            }
            Setting::Schema => self.schema = !is_off(value),
            Setting::State => self.state_change = !is_off(value),
        }
        self
    }

    /// The variables beyond `followed` that must be reported too: their names, `*` for all.
    pub(super) fn others<'a>(&'a self, followed: &'a [&str]) -> impl Iterator<Item = &'a str> {
        self.variables.iter().map(AsRef::as_ref).filter(|name| !followed.contains(name))
    }

    /// Whether the client wants the characteristics of transactions.
    pub(super) const fn characteristics(&self) -> bool {
        self.characteristics
    }

    /// Whether the client wants the states of transactions.
    pub(super) const fn transaction_state(&self) -> bool {
        self.transaction_state
    }

    /// What becomes of a report. `begins` says that the statement is one that begins a transaction.
    pub(super) fn keep(&self, tracker: &Tracker<'_>, told: &mut Told, begins: bool) -> Kept {
        let wanted = match tracker {
            Tracker::Variable { name, .. } => {
                self.variables.contains("*")
                    || std::str::from_utf8(name).is_ok_and(|name| self.variables.contains(name))
            }
            Tracker::Gtids(_) => self.gtids,
            Tracker::Characteristics(_) => self.characteristics,
            Tracker::TransactionState(state) => {
                return match (self.transaction_state, self.quiet) {
                    (true, _) => told.asked(state),
                    (false, false) => told.unasked(state, begins),
                    (false, true) => Kept::Nothing,
                };
            }
            Tracker::Schema(_) => self.schema,
            Tracker::StateChange => self.state_change,
            Tracker::Other(_) => true,
        };
        if wanted { Kept::Whole } else { Kept::Nothing }
    }

    /// Whether the client must be told that there's no transaction: MariaDB begins with that, whatever the truth, when a
    /// session first asks for states. Bascule had asked already, so this time MariaDB says nothing.
    pub(super) const fn begins_states(&self, before: &Self) -> bool {
        self.quiet && self.transaction_state && !before.transaction_state
    }

    /// Whether a report of nothing at all is passed on. MySQL makes one when a transaction begins in another one, and
    /// when something changed that only Bascule asked for.
    pub(super) const fn keeps_silence(&self, begins: bool) -> bool {
        (begins && !self.quiet) || self.transaction_state
    }
}

pub(super) fn is_off(value: &str) -> bool {
    value.eq_ignore_ascii_case("off") || value == "0" || value.eq_ignore_ascii_case("false")
}

/// The state of the transaction that the client was last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told(Vec<u8>);

/// No transaction.
pub(super) const NONE: &[u8] = b"________";
/// An explicit one in which nothing has happened.
const BEGUN: &[u8] = b"T_______";

impl Default for Told {
    fn default() -> Self {
        Self(NONE.to_vec())
    }
}

impl Told {
    /// Whether the client believes in a transaction.
    pub(super) fn of_transaction(&self) -> bool {
        self.0 != NONE
    }

    /// The client asked for states.
    fn asked(&mut self, state: &[u8]) -> Kept {
        self.0 = state.to_vec();
        Kept::Whole
    }

    /// The client didn't: of an explicit transaction it's told the beginning, as it is, and the end.
    fn unasked(&mut self, state: &[u8], begins: bool) -> Kept {
        let explicit = state.first() == Some(&b'T');
        // Also by COMMIT AND CHAIN.
        let begins = begins || state == BEGUN;
        let now = match (explicit, begins, self.0.first() == Some(&b'T')) {
            (false, _, _) => NONE,
            (true, true, _) => state,
            (true, false, true) => return Kept::Nothing,
            (true, false, false) => BEGUN,
        };
        if now == self.0 {
            return if begins { Kept::Silence } else { Kept::Nothing };
        }
        self.0 = now.to_vec();
        if now == state { Kept::Whole } else { Kept::State(BEGUN) }
    }
}

/// The settings that a statement assigns, with their values where it says them plainly; the last one counts.
pub(super) fn assignments(text: &[u8]) -> Vec<(Setting, String)> {
    let text = String::from_utf8_lossy(text);
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<(usize, Setting, String)> = Vec::new();
    for setting in Setting::ALL {
        for (at, name) in lower.match_indices(setting.name()) {
            if let Some(value) = text.get(at + name.len()..).and_then(assigned) {
                found.push((at, setting, value));
            }
        }
    }
    found.sort_by_key(|(at, ..)| *at);
    found.into_iter().map(|(_, setting, value)| (setting, value)).collect()
}

/// The literal behind `=` or `:=`.
fn assigned(rest: &str) -> Option<String> {
    let rest = rest.trim_start_matches('`').trim_start();
    let rest = rest.strip_prefix(":=").or_else(|| rest.strip_prefix('='))?.trim_start();
    let quote = rest.chars().next()?;
    if matches!(quote, '\'' | '"') {
        return rest.get(1..)?.split_once(quote).map(|(value, _)| value.to_owned());
    }
    let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
    let word = rest.get(..end)?;
    (!word.is_empty() && !word.eq_ignore_ascii_case("default")).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_what_it_asked_for() {
        let nothing = || Wanted::default();
        let wanted = nothing().with(Setting::Variables, "time_zone,autocommit").with(Setting::Transaction, "STATE");
        let keep = |wanted: &Wanted, tracker: Tracker<'static>| wanted.keep(&tracker, &mut Told::default(), false);
        assert_eq!(keep(&wanted, Tracker::Variable { name: b"time_zone", value: b"UTC" }), Kept::Whole);
        assert_eq!(keep(&wanted, Tracker::Variable { name: b"sql_mode", value: b"" }), Kept::Nothing);
        assert_eq!(keep(&wanted, Tracker::Gtids(b"a:1")), Kept::Nothing);
        assert_eq!(keep(&wanted, Tracker::TransactionState(b"T___W___")), Kept::Whole);
        let all = nothing().with(Setting::Variables, "*").with(Setting::Gtids, "OWN_GTID");
        assert_eq!(keep(&all, Tracker::Variable { name: b"x", value: b"" }), Kept::Whole);
        assert_eq!(all.others(&["x"]).collect::<Vec<_>>(), ["*"]);
    }

    #[test]
    fn transactions_are_told_as_to_a_session_that_tracks_none() {
        let mut told = Told::default();
        assert_eq!(told.unasked(BEGUN, true), Kept::Whole);
        assert_eq!(told.unasked(b"T_R_____", false), Kept::Nothing);
        assert_eq!(told.unasked(BEGUN, true), Kept::Silence);
        assert_eq!(told.unasked(NONE, false), Kept::Whole);
        assert_eq!(told.unasked(b"I___W___", false), Kept::Nothing);
        assert_eq!(told.unasked(NONE, false), Kept::Nothing);
        assert_eq!(told.unasked(b"T___W___", false), Kept::State(BEGUN));
        assert_eq!(told.unasked(NONE, false), Kept::Whole);
        assert_eq!(told.unasked(b"T_R_____", true), Kept::Whole);
    }

    #[test]
    fn assignments_are_read_from_the_statement() {
        let text = b"SET @@session.session_track_gtids = OWN_GTID, SESSION_TRACK_SCHEMA:=0, \
                     session_track_system_variables=\"a,b\", `session_track_transaction_info` = DEFAULT";
        let expected = [(Setting::Gtids, "OWN_GTID"), (Setting::Schema, "0"), (Setting::Variables, "a,b")];
        assert_eq!(assignments(text), expected.map(|(setting, value)| (setting, value.to_owned())));
        assert_eq!(
            assignments("SET session_track_gtids = CONCAT('OFF'), x = 'ä".as_bytes()),
            [(Setting::Gtids, "CONCAT".to_owned())]
        );
        assert!(assignments(b"SET session_track_schema").is_empty());
        assert!(assignments(b"SET session_track_schema = '").is_empty());
    }
}
