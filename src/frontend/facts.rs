//! What is known of a session, learned from MySQL's own packets: status flags, trackers, insert ids. SQL text is
//! never believed over them.

use bytes::BytesMut;

use super::dialect::Dialect;
use super::tracking::{Setting, Told, Wanted};
use super::variables::Variables;
use crate::route::Standing;
use crate::wire::reply::{Beside, EofPacket, Kept, OkPacket, Tracker, state_report};
use crate::wire::tracker::Kind;
use crate::wire::{Capabilities, Malformed, StatusFlags};

/// Whether a transaction is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    None,
    Open,
    /// An error was the last answer, and errors carry no flags. The transaction that was open, or might have begun,
    /// may be there or not until MySQL's next flags.
    Unknown,
}

/// Facts of one session.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) dialect: Dialect,
    /// What the client and Bascule agreed on.
    pub(super) client_capabilities: Capabilities,
    /// What Bascule and MySQL agreed on.
    pub(super) server_capabilities: Capabilities,
    pub(super) user: String,
    pub(super) client_host: String,
    pub(super) database: Option<String>,
    /// Collation id of the handshake.
    pub(super) collation: u16,
    pub(super) connection_id: u64,
    pub(super) scramble: Vec<u8>,
    pub(super) transaction: Transaction,
    pub(super) autocommit: bool,
    pub(super) variables: Variables,
    pub(super) wanted: Wanted,
    pub(super) last_insert_id: u64,
    /// The transaction has written, as MySQL's own state tracker says: also by functions and triggers.
    pub(super) wrote: bool,
    /// MySQL's state tracker says that there's no transaction while there is one, which a temporary table that is made or
    /// dropped brings about. From there on it may tell nothing of an explicit one until it ends.
    pub(super) blind: bool,
    /// The transaction may only read.
    pub(super) read_only: bool,
    /// SET TRANSACTION was said, or may have been, and the transaction that it's about hasn't begun.
    pub(super) next_is_set: bool,
    /// `CLIENT_MULTI_STATEMENTS`, at login or by COM_SET_OPTION.
    pub(super) multi_statements: bool,
    /// What the operator sees of the session's variables isn't true any more.
    pub(super) changed: bool,
    /// The variables may have changed without a word.
    pub(super) doubted: bool,
    /// The last answer was rows of a stored function, and ended without trackers.
    pub(super) untold: bool,
    /// Settings of the trackers that MySQL reported with new values.
    pub(super) retracked: Vec<(Setting, String)>,
    /// LOCK TABLES is in force.
    pub(super) tables_locked: bool,
    /// What the client wants once the statement under way has succeeded.
    pub(super) foreseen: Option<Wanted>,
    /// The statement under way changes settings of which MySQL says that something changed, and not what: the tracking of
    /// transactions, or the list of variables to none.
    pub(super) speaks: bool,
    /// What Bascule last set the trackers' settings to, in the order of [`super::tracking::Setting::ALL`].
    pub(super) injected: Option<[String; Setting::COUNT]>,
    /// What the client was told of its transaction.
    pub(super) told: Told,
    /// The statement under way is one that begins a transaction.
    pub(super) begins: bool,
    /// What the client gets with its next OK.
    pub(super) owed: Owed,
}

/// Reports that MySQL gave with its answers to commands of ours.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// The newest state of the transaction.
    state: Option<Vec<u8>>,
    /// Others, as they came.
    others: BytesMut,
}

impl Owed {
    /// More bytes than a client's few variables have.
    const LIMIT: usize = 64 << 10;
}

/// What the packets of one reply said.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The last result.
    pub(super) last: Option<Answer>,
    /// Number of results.
    pub(super) count: usize,
    /// GTIDs of commits, as MySQL wrote them.
    pub(super) gtids: Vec<String>,
    /// The `timestamp` variable was reported, with this value.
    pub(super) timestamp: Option<String>,
    pub(super) cursor_opened: bool,
    pub(super) last_row_sent: bool,
    /// Something of the session changed: a variable of either kind, a temporary table, a prepared statement.
    pub(super) state_changed: bool,
    /// Something changed of which no tracker says what: that's the next transaction's properties.
    pub(super) silent: bool,
    /// The head of PREPARE's answer.
    pub(super) prepared: Option<crate::wire::tracker::PreparedHead>,
}

/// How one result ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Ok {
        affected_rows: u64,
        insert_id: u64,
        warnings: u16,
        matched_rows: Option<u64>,
        in_transaction: bool,
    },
    /// Rows, ended by EOF or OK.
    Rows {
        in_transaction: bool,
    },
    Err {
        code: u16,
    },
}

impl Heard {
    /// True when the reply ended with an ERR.
    pub(super) fn failed(&self) -> Option<u16> {
        match self.last {
            Some(Answer::Err { code }) => Some(code),
            Some(Answer::Ok { .. } | Answer::Rows { .. }) | None => None,
        }
    }

    fn push(&mut self, answer: Answer) {
        self.count += 1;
        self.last = Some(answer);
    }
}

impl Facts {
    /// Takes note of a packet and returns what the client gets instead, if anything.
    ///
    /// # Errors
    /// [`Malformed`] when the packet can't be read.
    pub(super) fn hear(
        &mut self,
        kind: Kind,
        payload: &[u8],
        heard: &mut Heard,
    ) -> Result<Option<BytesMut>, Malformed> {
        match kind {
            Kind::Ok => {
                let ok = OkPacket::parse(payload, self.server_capabilities)?;
                self.note_ok(&ok, heard)?;
                let reports = self.owed_with(&ok);
                let (wanted, told, begins) =
                    (self.foreseen.as_ref().unwrap_or(&self.wanted), &mut self.told, self.begins);
                let silence = self.foreseen.is_some() || wanted.keeps_silence(begins);
                let beside = Beside { retracked: self.speaks, silence, reports: &reports };
                ok.for_client(self.client_capabilities, beside, |tracker| wanted.keep(tracker, told, begins))
            }
            Kind::Eof => {
                let eof = EofPacket::parse(payload)?;
                self.note_status(eof.status, heard);
                heard.push(Answer::Rows { in_transaction: self.transaction == Transaction::Open });
                Ok(self.without_changes(payload, eof.status))
            }
            Kind::DefinitionsEnd => {
                let eof = EofPacket::parse(payload)?;
                self.note_status(eof.status, heard);
                Ok(self.without_changes(payload, eof.status))
            }
            Kind::Err => {
                let code = crate::wire::reply::ErrPacket::parse(payload)?.code;
                self.note_error(code);
                heard.push(Answer::Err { code });
                Ok(None)
            }
            Kind::Prepared => {
                heard.prepared = Some(crate::wire::tracker::PreparedHead::parse(payload)?);
                Ok(None)
            }
            Kind::LocalInfile => Ok(None),
        }
    }

    /// Takes note of an OK in answer to a command of ours. What MySQL reports in it has happened before, when no answer
    /// could tell: it's owed to the client. Without `owes` that's only the end of a transaction of which it was told.
    ///
    /// # Errors
    /// [`Malformed`] when the packet can't be read.
    pub(super) fn hear_ours(&mut self, payload: &[u8], owes: bool, heard: &mut Heard) -> Result<(), Malformed> {
        let ok = OkPacket::parse(payload, self.server_capabilities)?;
        self.note_ok(&ok, heard)?;
        if !self.client_capabilities.contains(Capabilities::SESSION_TRACK) {
            return Ok(());
        }
        let reports = ok.reports()?;
        let clock = |tracker: &Tracker<'_>| matches!(tracker, Tracker::Variable { name: b"timestamp", .. });
        let ours = reports.iter().any(|(tracker, _)| clock(tracker));
        for (tracker, bytes) in reports {
            match tracker {
                // Our own doing.
                Tracker::Variable { name: b"timestamp" | b"statement_id", .. } => {}
                Tracker::StateChange if ours => {}
                Tracker::TransactionState(state) if self.told.of_transaction() => {
                    self.owed.state = Some(state.to_vec());
                }
                // Of an answer that switches trackers on, all else is our own doing.
                _ if !owes => {}
                Tracker::Variable { .. }
                | Tracker::Schema(_)
                | Tracker::Gtids(_)
                | Tracker::Characteristics(_)
                | Tracker::StateChange => {
                    let kept = self.wanted.keep(&tracker, &mut self.told, false);
                    if kept == Kept::Whole && self.owed.others.len() < Owed::LIMIT {
                        self.owed.others.extend_from_slice(bytes);
                    }
                }
                Tracker::TransactionState(_) | Tracker::Other(_) => {}
            }
        }
        Ok(())
    }

    /// What the client gets with this OK besides what it reports itself.
    fn owed_with(&mut self, ok: &OkPacket<'_>) -> BytesMut {
        let Owed { state, mut others } = std::mem::take(&mut self.owed);
        let mut reports = ok.trackers();
        let told = reports.any(|tracker| matches!(tracker, Ok(Tracker::TransactionState(_))));
        if told {
            return others;
        }
        let begins_states = self.foreseen.as_ref().is_some_and(|foreseen| foreseen.begins_states(&self.wanted));
        let state = if begins_states { Some(super::tracking::NONE.to_vec()) } else { state };
        if let Some(state) = state {
            let wanted = self.foreseen.as_ref().unwrap_or(&self.wanted);
            match wanted.keep(&Tracker::TransactionState(&state), &mut self.told, false) {
                Kept::Whole => others.extend_from_slice(&state_report(&state)),
                Kept::State(state) => others.extend_from_slice(&state_report(state)),
                Kept::Silence | Kept::Nothing => {}
            }
        }
        others
    }

    /// An EOF says nothing of changes to a client that tracks none: MariaDB's does, once a session tracks them.
    fn without_changes(&self, payload: &[u8], status: StatusFlags) -> Option<BytesMut> {
        let changed = StatusFlags::SESSION_STATE_CHANGED;
        if !status.contains(changed) || self.client_capabilities.contains(Capabilities::SESSION_TRACK) {
            return None;
        }
        let mut edited = BytesMut::from(payload);
        if let Some(flags) = edited.get_mut(3..5) {
            flags.copy_from_slice(&status.without(changed).0.to_le_bytes());
        }
        Some(edited)
    }

    fn note_ok(&mut self, ok: &OkPacket<'_>, heard: &mut Heard) -> Result<(), Malformed> {
        let (mut charset, mut collation) = (false, false);
        for tracker in ok.trackers() {
            match tracker? {
                Tracker::Variable { name, value } => {
                    charset |= name == b"character_set_connection";
                    collation |= name == b"collation_connection";
                    self.note_variable(name, value, heard);
                }
                Tracker::Schema(name) => {
                    self.database = Some(String::from_utf8_lossy(name).into_owned()).filter(|name| !name.is_empty());
                    self.changed = true;
                }
                Tracker::Gtids(text) => heard.gtids.push(String::from_utf8_lossy(text).into_owned()),
                Tracker::TransactionState(state) => {
                    self.note_state(state, ok.status.contains(StatusFlags::IN_TRANS));
                }
                Tracker::StateChange => heard.state_changed = true,
                Tracker::Characteristics(_) | Tracker::Other(_) => {}
            }
        }
        // SET NAMES and a new charset bring a collation with them, and MySQL doesn't say which (asked of MySQL 9.7).
        self.doubted |= charset && !collation && self.dialect == Dialect::MySql;
        heard.silent |= ok.status.contains(StatusFlags::SESSION_STATE_CHANGED) && ok.session_state.is_empty();
        self.note_status(ok.status, heard);
        let in_transaction = self.transaction == Transaction::Open;
        if ok.header == 0 {
            if ok.insert_id != 0 {
                self.last_insert_id = ok.insert_id;
            }
            heard.push(Answer::Ok {
                affected_rows: ok.affected_rows,
                insert_id: ok.insert_id,
                warnings: ok.warnings,
                matched_rows: ok.matched_rows(),
                in_transaction,
            });
        } else {
            heard.push(Answer::Rows { in_transaction });
        }
        Ok(())
    }

    fn note_variable(&mut self, name: &[u8], value: &[u8], heard: &mut Heard) {
        if name == b"timestamp" {
            heard.timestamp = Some(String::from_utf8_lossy(value).into_owned());
        } else {
            self.changed = true;
        }
        if let Some(setting) = Setting::named(name) {
            self.retracked.push((setting, String::from_utf8_lossy(value).into_owned()));
        }
        self.variables.set(name, Some(value));
    }

    fn note_state(&mut self, state: &[u8], inside: bool) {
        let wrote = state.iter().any(|flag| matches!(flag, b'w' | b'W'));
        self.blind |= inside && state.first() == Some(&b'_');
        self.wrote = wrote || self.wrote && self.blind;
        self.tables_locked = state.contains(&b'L');
    }

    /// Takes note of status flags.
    pub(super) fn note_status(&mut self, status: StatusFlags, heard: &mut Heard) {
        let open = status.contains(StatusFlags::IN_TRANS);
        self.transaction = if open { Transaction::Open } else { Transaction::None };
        self.autocommit = status.contains(StatusFlags::AUTOCOMMIT);
        self.read_only = status.contains(StatusFlags::IN_TRANS_READONLY);
        heard.cursor_opened |= status.contains(StatusFlags::CURSOR_EXISTS);
        heard.last_row_sent |= status.contains(StatusFlags::LAST_ROW_SENT);
        if open {
            self.next_is_set = false;
        } else {
            (self.wrote, self.blind) = (false, false);
        }
    }

    /// A transaction is open, or may be.
    pub(super) const fn is_open(&self) -> bool {
        !matches!(self.transaction, Transaction::None)
    }

    /// For the operator.
    pub(super) const fn standing(&self) -> Standing {
        Standing::AUTOCOMMIT
            .with(Standing::OPEN, matches!(self.transaction, Transaction::Open))
            .with(Standing::UNKNOWN, self.untold || matches!(self.transaction, Transaction::Unknown))
            .with(Standing::READ_ONLY, self.read_only)
            .with(Standing::WROTE, self.wrote)
            .with(Standing::BLIND, self.blind)
            .without(Standing::AUTOCOMMIT, !self.autocommit)
            .with(Standing::LOCKED, self.tables_locked)
            .with(Standing::NEXT_IS_SET, self.next_is_set)
    }

    /// ERR carries no flags. A deadlock always ends the transaction; anything else leaves it open, as a rule, and a
    /// command may have begun one before it failed.
    fn note_error(&mut self, code: u16) {
        const DEADLOCK: u16 = 1213;
        if code == DEADLOCK && self.autocommit {
            self.transaction = Transaction::None;
            (self.wrote, self.blind) = (false, false);
        } else {
            self.transaction = Transaction::Unknown;
        }
    }

    /// True when the session can't be handed over now: a transaction is open, or might be, or what was said of the next one
    /// would be lost.
    pub(super) fn inside(&self) -> bool {
        self.tables_locked || self.next_is_set || self.transaction != Transaction::None
    }

    /// The session begins anew: COM_RESET_CONNECTION or COM_CHANGE_USER succeeded.
    pub(super) fn begin_anew(&mut self) {
        self.transaction = Transaction::None;
        self.last_insert_id = 0;
        (self.wrote, self.blind, self.next_is_set, self.doubted) = (false, false, false, false);
        self.untold = false;
        self.tables_locked = false;
        self.retracked.clear();
        self.told = Told::default();
        (self.injected, self.foreseen) = (None, None);
        self.owed = Owed::default();
    }
}
