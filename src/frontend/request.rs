//! What a client's command is, seen from its first bytes or from the whole of it. Understanding happens on a copy
//! beside the path: the bytes that are forwarded are never touched.

use bytes::Bytes;

use super::dialect::Dialect;
use super::tracking::{Setting, assignments};
use crate::sql::{Glance, SessionEffects, StatementClass, glance, split};
use crate::wire::command::{StatementCommand, query_text};
use crate::wire::tracker::ReplyShape;
use crate::wire::{Capabilities, Command};

/// A command.
#[derive(Debug)]
pub(super) struct Request {
    /// `None` for a byte that the protocol doesn't define.
    pub(super) command: Option<Command>,
    pub(super) shape: ReplyShape,
    /// What it's about, for commands with SQL text and executions of it.
    pub(super) statement: Option<Statement>,
    /// For the commands on prepared statements.
    pub(super) prepared: Option<StatementCommand>,
}

/// Which texts are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    /// Those of statements that may change something.
    Effects,
    All,
}

/// SQL that a command runs.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// The class of the text if it's one statement.
    pub(super) class: StatementClass,
    /// More than one statement.
    pub(super) several: bool,
    /// The text, when the whole command is at hand and somebody may ask for it: a query that only reads is run and
    /// forgotten.
    pub(super) text: Option<Bytes>,
    pub(super) effects: SessionEffects,
    /// It asks what the command before it did (warnings, counts): nothing may come between the two.
    pub(super) looks_back: bool,
    /// It may change which trackers MySQL reports.
    pub(super) retracks: bool,
    /// The settings of trackers that it assigns.
    pub(super) tracking: Vec<(Setting, String)>,
}

impl Statement {
    /// Looks at a text. `whole` is false when only its front has arrived.
    fn of(text: &[u8], whole: bool, keep: Keep, multi: bool) -> Self {
        let Glance { class, effects, looks_back, semicolon } = glance(text);
        let several = multi && semicolon && split(text).len() > 1;
        let kept = match keep {
            Keep::Nothing => false,
            Keep::Effects => several || class != StatementClass::Read,
            Keep::All => true,
        };
        let retracks = (several || class == StatementClass::Set) && mentions(text, b"session_track");
        Self {
            class,
            several,
            text: (whole && kept).then(|| Bytes::copy_from_slice(text)),
            effects,
            looks_back,
            retracks,
            tracking: if retracks { assignments(text) } else { Vec::new() },
        }
    }

    /// True for everything that may commit when run in a session like this.
    fn may_commit(&self, in_transaction: bool, autocommit: bool) -> bool {
        use StatementClass as Class;
        if self.several {
            return true;
        }
        match self.class {
            Class::Read
            | Class::LockingRead
            | Class::Use
            | Class::Savepoint
            | Class::RollbackToSavepoint
            | Class::ReleaseSavepoint => false,
            Class::Write => autocommit && !in_transaction,
            Class::Begin => in_transaction,
            Class::Call
            | Class::Ddl
            | Class::TemporaryTable
            | Class::Commit
            | Class::Rollback
            | Class::Set
            | Class::LockTables
            | Class::TextPrepared
            | Class::Xa
            | Class::Administration
            | Class::Unknown => true,
        }
    }
}

impl Request {
    /// Looks at a command. `payload` may be its front only; then `whole` is false. What is prepared is kept in any case.
    pub(super) fn of(payload: &[u8], whole: bool, keep: Keep, context: Reading) -> Self {
        let command = payload.first().and_then(|&byte| Command::from_byte(byte));
        let body = payload.get(1..).unwrap_or_default();
        let statement = match command {
            Some(Command::Query) => {
                // Attributes that can't be read: MySQL will refuse the command, or knows better than we do.
                let text = query_text(body, context.capabilities).unwrap_or_default();
                Some(Statement::of(text, whole, keep, context.multi_statements))
            }
            Some(Command::StmtPrepare) => Some(Statement::of(body, whole, Keep::All, false)),
            _ => None,
        };
        let prepared = StatementCommand::parse(payload);
        let shape = match ReplyShape::of(command) {
            // MySQL answers one that is too short to name its statement with an ERR; MariaDB says nothing to that either.
            ReplyShape::None
                if prepared.is_none() && command != Some(Command::Quit) && context.dialect == Dialect::MySql =>
            {
                ReplyShape::Simple
            }
            shape => shape,
        };
        Self { command, shape, statement, prepared }
    }

    /// True when MySQL may commit something because of it.
    pub(super) fn may_commit(&self, in_transaction: bool, autocommit: bool) -> bool {
        let Some(command) = self.command else { return false };
        match command {
            Command::Query | Command::StmtExecute => {
                self.statement.as_ref().is_none_or(|statement| statement.may_commit(in_transaction, autocommit))
            }
            Command::CreateDb | Command::DropDb | Command::Refresh | Command::Shutdown | Command::Daemon => true,
            _ => false,
        }
    }

    /// True when a captured transaction must know it by its text or values.
    pub(super) fn is_recorded(&self) -> bool {
        match self.command {
            Some(Command::Query | Command::StmtExecute) => self
                .statement
                .as_ref()
                .is_none_or(|statement| statement.several || statement.class != StatementClass::Read),
            Some(Command::StmtSendLongData) => true,
            _ => false,
        }
    }

    /// True when it has a text, which hasn't been kept.
    pub(super) fn lacks_text(&self) -> bool {
        self.statement.as_ref().is_some_and(|statement| statement.text.is_none())
    }

    /// True when it asks what the command before it did.
    pub(super) fn looks_back(&self) -> bool {
        self.statement.as_ref().is_some_and(|statement| statement.looks_back)
    }
}

/// How a session's commands are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) capabilities: Capabilities,
    /// `CLIENT_MULTI_STATEMENTS`, at login or by COM_SET_OPTION.
    pub(super) multi_statements: bool,
    /// Who answers.
    pub(super) dialect: Dialect,
}

/// True when `word` occurs in the text, in whatever case.
pub(super) fn mentions(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: Reading =
        Reading { capabilities: Capabilities::PROTOCOL_41, multi_statements: true, dialect: Dialect::MySql };

    fn request(payload: &[u8]) -> Request {
        Request::of(payload, true, Keep::All, READING)
    }

    #[test]
    fn mysql_answers_commands_without_an_answer_when_they_are_cut() {
        let maria = Reading { dialect: Dialect::MariaDb { block_mode: false }, ..READING };
        for (payload, shape) in [
            (&b"\x19\x01\0\0"[..], ReplyShape::Simple),
            (b"\x19\x01\0\0\0", ReplyShape::None),
            (b"\x18\x01\0\0\0\0", ReplyShape::Simple),
            (b"\x18\x01\0\0\0\0\0", ReplyShape::None),
            (b"\x01", ReplyShape::None),
        ] {
            assert_eq!(request(payload).shape, shape, "{payload:?}");
            assert_eq!(Request::of(payload, true, Keep::All, maria).shape, ReplyShape::None, "{payload:?}");
        }
    }

    #[test]
    fn what_may_commit() {
        let cases: &[(&[u8], bool, bool, bool)] = &[
            (b"\x03SELECT 1", false, true, false),
            (b"\x03INSERT INTO t VALUES (1)", false, true, true),
            (b"\x03INSERT INTO t VALUES (1)", true, true, false),
            (b"\x03INSERT INTO t VALUES (1)", false, false, false),
            (b"\x03BEGIN", false, true, false),
            (b"\x03BEGIN", true, true, true),
            (b"\x03SELECT 1; COMMIT", true, true, true),
            (b"\x03whatever", false, true, true),
            (b"\x0e", false, true, false),
            (b"\x17\x01\0\0\0\0\x01\0\0\0", false, true, true),
            (b"", false, true, false),
        ];
        for &(payload, in_transaction, autocommit, expected) in cases {
            let text = String::from_utf8_lossy(payload);
            assert_eq!(request(payload).may_commit(in_transaction, autocommit), expected, "{text}");
        }
    }
}
