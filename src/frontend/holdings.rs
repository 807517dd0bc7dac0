//! What a session holds in MySQL that can't be carried to another server, and how sure that is.
//!
//! MySQL's trackers come first: its answer says that a variable, a temporary table or a prepared statement has changed, but
//! not which, and it says nothing of locks, nor of variables that `SELECT … INTO` and `:=` assign. So names are read from the
//! statement before it's sent, and count once MySQL has accepted it. A change that no text explains was made by a routine:
//! the session may hold anything then, and that's what is told.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, Heard};
use super::request::Statement;
use crate::route::{Blocker, Hindrance, Session, some_of};
use crate::sql::{self, Left, StatementClass};

/// Names of one kind that are kept.
const NAMES: usize = 64;
/// MySQL's error for a text that it can't read: nothing of it ran.
const SYNTAX_ERROR: u16 = 1064;

/// What a session holds, by the texts of its statements.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    variables: BTreeSet<String>,
    /// By database and name; a database that isn't known is empty.
    tables: BTreeSet<(String, String)>,
    /// A temporary table may have a name that isn't known.
    renamed: bool,
    /// PREPARE's statements, with their texts where those are known.
    prepared: BTreeMap<String, Option<Vec<u8>>>,
    handlers: BTreeSet<String>,
    read_lock: bool,
    instance_lock: bool,
}

/// What a command will do to the holdings if MySQL accepts it.
#[derive(Debug)]
pub(super) struct Expected(Vec<Piece>);

/// The same of one statement.
#[derive(Debug)]
struct Piece {
    class: StatementClass,
    left: Option<Left>,
    /// The user variables that it may assign.
    variables: Vec<String>,
    takes_lock: bool,
    /// A routine or a text that isn't known runs in it.
    hides: bool,
    /// To name it by.
    verb: String,
}

impl Piece {
    fn of(text: &[u8]) -> Self {
        let glance = sql::glance(text);
        // Whatever a procedure gets may be an OUT parameter.
        let assigns = glance.effects.user_variables
            || matches!(glance.class, StatementClass::Call | StatementClass::Unknown | StatementClass::Write);
        let left = sql::leaves(text);
        Self {
            class: glance.class,
            variables: if assigns { sql::variables_named(text) } else { Vec::new() },
            takes_lock: glance.effects.named_locks && sql::takes_named_lock(text),
            hides: sql::hides(text) && !matches!(left, Some(Left::Prepared(..) | Left::Deallocated(_))),
            left,
            verb: sql::verb(text),
        }
    }

    /// True for statements of which it's known what they do to a session, though they have no class of their own.
    fn is_understood(&self) -> bool {
        self.class != StatementClass::Unknown || matches!(self.verb.as_str(), "HANDLER" | "GET" | "SIGNAL" | "RESIGNAL")
    }

    /// True when a change of the session is its own doing.
    fn explains(&self) -> bool {
        let made = matches!(
            self.left,
            Some(
                Left::TemporaryTable(..)
                    | Left::TablesDropped(_)
                    | Left::TableRenamed
                    | Left::Prepared(..)
                    | Left::Deallocated(_)
            )
        );
        made || !self.variables.is_empty() && self.class != StatementClass::Call
            || matches!(self.class, StatementClass::Set | StatementClass::Use) && !self.hides
    }
}

impl Holdings {
    /// What a statement will do, if it's one that may do something. `text` is the whole of it, or as much as is at hand.
    pub(super) fn expect(&self, statement: &Statement, text: &[u8]) -> Option<Expected> {
        use StatementClass as Class;
        let quiet = match statement.class {
            Class::Read
            | Class::LockingRead
            | Class::Write
            | Class::Begin
            | Class::Commit
            | Class::Rollback
            | Class::Savepoint
            | Class::RollbackToSavepoint
            | Class::ReleaseSavepoint
            | Class::Use => true,
            Class::Ddl => self.tables.is_empty(),
            Class::Call
            | Class::TemporaryTable
            | Class::Set
            | Class::LockTables
            | Class::TextPrepared
            | Class::Xa
            | Class::Administration
            | Class::Unknown => false,
        };
        let effects = statement.effects;
        if quiet && !statement.several && !effects.user_variables && !effects.named_locks && !loads(text) {
            return None;
        }
        let whole = [text];
        let pieces = if statement.several { sql::split(text) } else { whole.to_vec() };
        Some(Expected(pieces.into_iter().map(|text| self.piece(text)).collect()))
    }

    /// An EXECUTE does what the text does that was prepared.
    fn piece(&self, text: &[u8]) -> Piece {
        let piece = Piece::of(text);
        let Some(Left::Executed(name)) = &piece.left else { return piece };
        match self.prepared.get(&name.to_lowercase()) {
            Some(Some(known)) => Piece { verb: piece.verb, ..Piece::of(known) },
            Some(None) | None => piece,
        }
    }

    /// Takes MySQL's answer to a command.
    pub(super) fn take(&mut self, expected: Option<Expected>, facts: &mut Facts, heard: &Heard, route: &Session) {
        let pieces = expected.map(|expected| expected.0).unwrap_or_default();
        if pieces.is_empty() && !heard.state_changed {
            return;
        }
        let failed = heard.failed();
        for piece in &pieces {
            self.take_piece(piece, (failed, pieces.len() > 1), facts, route);
        }
        let named = pieces.iter().any(|piece| piece.class == StatementClass::Call || piece.hides);
        if heard.state_changed && (named || !pieces.iter().any(Piece::explains)) {
            let by = pieces.first().map_or("a function or a trigger", |piece| piece.verb.as_str());
            self.hidden(by, facts, route);
        }
        let hidden_next = heard.silent && pieces.iter().any(|piece| piece.hides);
        facts.next_is_set |= hidden_next && !facts.is_open();
        self.tell(route);
    }

    /// A routine changed something of the session, and nobody says what.
    pub(super) fn hidden(&self, by: &str, facts: &mut Facts, route: &Session) {
        facts.doubted = true;
        let why = format!("{by} changed a variable, a temporary table or a prepared statement that MySQL doesn't name");
        route.block(Hindrance::possible(Blocker::Routine, why));
    }

    fn take_piece(
        &mut self,
        piece: &Piece,
        (failed, several): (Option<u16>, bool),
        facts: &mut Facts,
        route: &Session,
    ) {
        if failed == Some(SYNTAX_ERROR) && !several {
            return;
        }
        if piece.takes_lock {
            route.block(Hindrance::possible(Blocker::NamedLocks, "GET_LOCK was called"));
        }
        self.variables.extend(piece.variables.iter().take(NAMES.saturating_sub(self.variables.len())).cloned());
        if failed.is_some() && !several {
            return;
        }
        if piece.class == StatementClass::Xa {
            route.block(Hindrance::certain(Blocker::Xa, "XA was used"));
        }
        if !piece.is_understood() {
            route.block(Hindrance::certain(Blocker::UnknownStatement, piece.verb.clone()));
        }
        if let Some(left) = &piece.left {
            self.take_left(left, failed.is_none(), facts, route);
        }
    }

    /// `certain` is false when the statement may not have run: then nothing is taken away.
    fn take_left(&mut self, left: &Left, certain: bool, facts: &mut Facts, route: &Session) {
        let qualified = |database: &Option<String>, table: &String| {
            let database = database.clone().or_else(|| facts.database.clone());
            (database.unwrap_or_default(), table.clone())
        };
        match left {
            Left::TemporaryTable(database, table) if self.tables.len() < NAMES => {
                self.tables.insert(qualified(database, table));
            }
            Left::TemporaryTable(..) => self.renamed = true,
            Left::TablesDropped(tables) if certain => {
                for (database, table) in tables {
                    self.tables.remove(&qualified(database, table));
                }
            }
            Left::TableRenamed => self.renamed |= !self.tables.is_empty(),
            Left::Prepared(name, text) if self.prepared.len() < NAMES => {
                self.prepared.insert(name.to_lowercase(), text.clone().filter(|_| certain));
            }
            Left::Deallocated(name) if certain => drop(self.prepared.remove(&name.to_lowercase())),
            Left::GlobalReadLock => self.read_lock = true,
            Left::InstanceLock => self.instance_lock = true,
            Left::TablesUnlocked if certain => self.read_lock = false,
            Left::InstanceUnlocked if certain => self.instance_lock = false,
            Left::HandlerOpened(name) => drop(self.handlers.insert(name.to_lowercase())),
            Left::HandlerClosed(name) if certain => drop(self.handlers.remove(&name.to_lowercase())),
            Left::NextTransaction => facts.next_is_set = !facts.is_open(),
            Left::XaEnded if certain => route.unblock(|blocker| blocker == Blocker::Xa),
            Left::NamedLocksReleased if certain => route.unblock(|blocker| blocker == Blocker::NamedLocks),
            // More than a session has in earnest: that there are some is known.
            Left::Prepared(..) => {}
            Left::TablesDropped(_)
            | Left::Deallocated(_)
            | Left::TablesUnlocked
            | Left::InstanceUnlocked
            | Left::HandlerClosed(_)
            | Left::XaEnded
            | Left::NamedLocksReleased
            | Left::Executed(_) => {}
        }
    }

    /// Tells the operator.
    fn tell(&self, route: &Session) {
        let tables: Vec<String> = self.tables.iter().map(|(database, table)| format!("{database}.{table}")).collect();
        let variables: Vec<String> = self.variables.iter().cloned().collect();
        let prepared: Vec<String> = self.prepared.keys().cloned().collect();
        let renamed = self.renamed.then(|| "one whose name isn't known".to_owned());
        let handlers: Vec<String> = self.handlers.iter().cloned().collect();
        let global = match (self.read_lock, self.instance_lock) {
            (false, false) => None,
            (true, _) => Some("FLUSH TABLES WITH READ LOCK".to_owned()),
            (false, true) => Some("LOCK INSTANCE FOR BACKUP".to_owned()),
        };
        let standing = [
            (Blocker::TemporaryTables, some_of(&tables, "", "").or(renamed)),
            (Blocker::UserVariables, some_of(&variables, "@", "")),
            (Blocker::TextPrepared, some_of(&prepared, "", "")),
            (Blocker::Handler, some_of(&handlers, "", "")),
            (Blocker::GlobalLocks, global),
        ];
        for (blocker, why) in standing {
            match why {
                Some(why) => route.block(Hindrance::certain(blocker, why)),
                None => route.unblock(|known| known == blocker),
            }
        }
        route.update(|info| {
            (info.temporary_tables, info.user_variables, info.text_prepared) = (tables, variables, prepared);
        });
    }
}

/// LOAD DATA may read into user variables.
fn loads(text: &[u8]) -> bool {
    text.trim_ascii_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"load "))
}
