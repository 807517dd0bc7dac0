//! What is known of a session, learned from MySQL's own packets: status flags, trackers, insert ids. SQL text is
//! never believed over them.

use bytes::BytesMut;

use super::dialect::Dialect;
use super::tracking::{Told, Wanted};
use super::variables::Variables;
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
    /// LOCK TABLES is in force.
    pub(super) tables_locked: bool,
    /// What the client wants once the statement under way has succeeded.
    pub(super) foreseen: Option<Wanted>,
    /// What Bascule last set the trackers' settings to, in the order of [`super::tracking::Setting::ALL`].
    pub(super) injected: Option<[String; 4]>,
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
                let beside = Beside { silence, reports: &reports };
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
    pub(super) fn hear_ours(&mut self, payload: &[u8], owes: bool) -> Result<(), Malformed> {
        let ok = OkPacket::parse(payload, self.server_capabilities)?;
        self.note_ok(&ok, &mut Heard::default())?;
        if !self.client_capabilities.contains(Capabilities::SESSION_TRACK) {
            return Ok(());
        }
        for (tracker, bytes) in ok.reports()? {
            match tracker {
                // Our own doing.
                Tracker::Variable { name: b"timestamp" | b"statement_id", .. } => {}
                Tracker::TransactionState(state) if self.told.of_transaction() => {
                    self.owed.state = Some(state.to_vec());
                }
                // Of an answer that switches trackers on, all else is our own doing.
                _ if !owes => {}
                Tracker::Variable { .. } | Tracker::Schema(_) | Tracker::Gtids(_) | Tracker::Characteristics(_) => {
                    let kept = self.wanted.keep(&tracker, &mut self.told, false);
                    if kept == Kept::Whole && self.owed.others.len() < Owed::LIMIT {
                        self.owed.others.extend_from_slice(bytes);
                    }
                }
                Tracker::TransactionState(_) | Tracker::StateChange | Tracker::Other(_) => {}
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
        for tracker in ok.trackers() {
            match tracker? {
                Tracker::Variable { name, value } => {
                    if name == b"timestamp" {
                        heard.timestamp = Some(String::from_utf8_lossy(value).into_owned());
                    }
                    self.variables.set(name, Some(value));
                }
                Tracker::Schema(name) => {
                    self.database = Some(String::from_utf8_lossy(name).into_owned()).filter(|name| !name.is_empty());
                }
                Tracker::Gtids(text) => heard.gtids.push(String::from_utf8_lossy(text).into_owned()),
                Tracker::TransactionState(state) => {
                    self.wrote = state.iter().any(|flag| matches!(flag, b'w' | b'W'));
                    self.tables_locked = state.contains(&b'L');
                }
                Tracker::StateChange | Tracker::Characteristics(_) | Tracker::Other(_) => {}
            }
        }
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

    /// Takes note of status flags.
    pub(super) fn note_status(&mut self, status: StatusFlags, heard: &mut Heard) {
        let open = status.contains(StatusFlags::IN_TRANS);
        self.transaction = if open { Transaction::Open } else { Transaction::None };
        self.autocommit = status.contains(StatusFlags::AUTOCOMMIT);
        heard.cursor_opened |= status.contains(StatusFlags::CURSOR_EXISTS);
        heard.last_row_sent |= status.contains(StatusFlags::LAST_ROW_SENT);
        if !open {
            self.wrote = false;
        }
    }

    /// ERR carries no flags. A deadlock always ends the transaction; anything else leaves it open, as a rule, and a
    /// command may have begun one before it failed.
    fn note_error(&mut self, code: u16) {
        const DEADLOCK: u16 = 1213;
        if code == DEADLOCK && self.autocommit {
            self.transaction = Transaction::None;
            self.wrote = false;
        } else {
            self.transaction = Transaction::Unknown;
        }
    }

    /// True when the session can't be handed over now: a transaction is open, or might be.
    pub(super) fn inside(&self) -> bool {
        self.tables_locked || self.transaction != Transaction::None
    }

    /// The session begins anew: COM_RESET_CONNECTION or COM_CHANGE_USER succeeded.
    pub(super) fn begin_anew(&mut self) {
        self.transaction = Transaction::None;
        self.last_insert_id = 0;
        self.wrote = false;
        self.tables_locked = false;
        self.told = Told::default();
        (self.injected, self.foreseen) = (None, None);
        self.owed = Owed::default();
    }
}
