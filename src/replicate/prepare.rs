//! Turns source events into the steps of one PostgreSQL transaction. Pure: nothing is executed here.
//!
//! # Halted tables
//! A table is halted when it can't be followed exactly: a statement was refused, PostgreSQL answered differently, or
//! it's reached from a halted table (it was written from one, or its rows follow one by a cascading foreign key).
//! Statements on halted tables are left out; everything else goes on. The marks are steps of the same transaction, so
//! a table is halted in the store exactly from the transaction that it misses.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use crate::change::{
    Affected, Branch, CapturedStatement, Doubtful, LoggedChange, LoggedStatement, LoggedTransaction, SourceEvent,
    SourceTransaction, UNFOLLOWED_ORIGIN, UNKNOWN_OUTCOME,
};
use crate::observe::without_values;
use crate::position::GtidSet;
use crate::schema::{Catalogue, CatalogueChange, TableName, quote};
use crate::sql::plan::{DdlPlan, StatementClass, WritePlan};
use crate::sql::{self, Plan};
use crate::store::{StoreStatement, Window, statement};
use crate::target::Request;

use super::batch::Batch;
use super::expect;
use super::layout::Layout;
use super::plan::Planner;
use super::rows::{RowsStep, Run};
use super::touched;
use super::write_set::WriteSet;

/// Why a table is halted whose definition changed while it was copied in parts. Whoever ends the copy copies it again.
pub const REDEFINED: &str = "its definition changed while it was copied";
/// How the reason begins of a table that is copied as a whole when the others follow.
pub const COPIED_LATER: &str = "it's copied when the other tables follow";
/// How the reason of a table begins that is halted because another one is.
pub const FOLLOWED_ORIGIN: &str = "its rows follow";

/// The zone of the apply connection; `SYSTEM` counts as this one, as it does when PostgreSQL serves.
const UTC: &str = "UTC";

/// What the applier knows and the store holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    pub(super) applied: GtidSet,
    /// Branches of XA that are prepared. They aren't in `applied`, which is stored: a restart must read them again.
    pub(super) undecided: GtidSet,
    pub(super) bypassed: GtidSet,
    pub(super) halted: BTreeMap<TableName, String>,
    /// Why everything needs a resync.
    pub(super) lost: Option<String>,
    /// What copied tables are made equal by.
    pub(super) window: Option<Arc<Window>>,
}

impl State {
    /// Everything up to which the tables are as they should be: what is undecided has no rows yet.
    pub(super) fn reached(&self) -> GtidSet {
        let mut reached = self.applied.clone();
        reached.advance_to(&self.undecided);
        reached
    }

    /// Halts a table, and with it the tables whose rows follow it by a foreign key.
    pub(super) fn halt(&mut self, table: &TableName, reason: &str, catalogue: &Catalogue) {
        if self.halted.contains_key(table) {
            return;
        }
        self.halted.insert(table.clone(), reason.to_owned());
        let followers: Vec<TableName> = catalogue
            .databases
            .values()
            .flat_map(|database| database.tables.values())
            .filter(|child| {
                let keys = &child.foreign_keys;
                keys.iter().any(|key| key.references == *table && (key.on_delete.follows() || key.on_update.follows()))
            })
            .map(|child| child.name.clone())
            .collect();
        for child in followers {
            self.halt(
                &child,
                &format!("{FOLLOWED_ORIGIN} {table} by a foreign key, and that table isn't followed"),
                catalogue,
            );
        }
    }

    /// Halts everything that something touched.
    pub(super) fn halt_affected(&mut self, affected: &Affected, reason: &str, catalogue: &Catalogue) {
        match affected {
            Affected::Tables(tables) => tables.iter().for_each(|table| self.halt(table, reason, catalogue)),
            Affected::All => {
                for table in catalogue.databases.values().flat_map(|database| database.tables.values()) {
                    self.halt(&table.name, reason, catalogue);
                }
            }
        }
    }
}

/// Whether MySQL's answer to a statement is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Yes,
    /// It was read from the binary log, which has the first generated id only.
    No,
}

/// One request of the transaction.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A setting for the steps that follow.
    Setting(Cow<'static, str>),
    /// A write whose counts are compared with MySQL's, where they're known.
    Write {
        statement: CapturedStatement,
        plan: Arc<Plan>,
        types: Vec<u32>,
        values: Vec<Option<Bytes>>,
        answered: Answered,
    },
    /// Rows of the binary log; their number is compared.
    Rows(RowsStep),
    /// A part of a schema change, and the tables that it's about.
    Ddl { sql: String, tables: Vec<TableName> },
    /// A fact of the store.
    Store(StoreStatement),
    /// The position; it must change exactly one row.
    Checkpoint(StoreStatement),
}

impl Step {
    /// The step as a request.
    pub(super) fn request(&self) -> Request<'_> {
        match self {
            Self::Setting(sql) => Request::new(sql),
            Self::Write { plan, types, values, .. } => {
                let sql = write_plan(plan).map_or("", |plan| plan.sql.as_str());
                Request { sql, types, parameters: values, binary: false }
            }
            Self::Rows(rows) => rows.request(),
            Self::Ddl { sql, .. } => Request::new(sql),
            Self::Store(statement) | Self::Checkpoint(statement) => statement.request(),
        }
    }

    /// Bytes on their way to PostgreSQL, roughly.
    pub(super) fn weight(&self) -> usize {
        let request = self.request();
        request.sql.len() + request.parameters.iter().flatten().map(Bytes::len).sum::<usize>()
    }

    /// The tables that the step changes.
    pub(super) fn tables(&self) -> &[TableName] {
        match self {
            Self::Write { plan, .. } => write_plan(plan).map_or(&[], |plan| &plan.tables),
            Self::Rows(rows) => std::slice::from_ref(&rows.table),
            Self::Ddl { tables, .. } => tables,
            Self::Setting(_) | Self::Store(_) | Self::Checkpoint(_) => &[],
        }
    }
}

/// The plan of a [`Step::Write`].
pub(super) fn write_plan(plan: &Plan) -> Option<&WritePlan> {
    match plan {
        Plan::Write(plan) => Some(plan),
        Plan::Query(_) | Plan::Ddl(_) | Plan::Session(_) => None,
    }
}

/// One PostgreSQL transaction, ready to be executed.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) steps: Vec<Step>,
    /// The state once it's committed.
    pub(super) state: State,
    /// The catalogue once it's committed.
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) transactions: u64,
    pub(super) statements: u64,
    /// What its rows touch.
    pub(super) touched: WriteSet,
}

/// The numbers of an event.
pub(super) fn gtids(event: &SourceEvent) -> GtidSet {
    match event {
        SourceEvent::Transaction(SourceTransaction { gtid, .. })
        | SourceEvent::Logged(LoggedTransaction { gtid, .. }) => {
            let mut set = GtidSet::default();
            set.advance(gtid);
            set
        }
        SourceEvent::Bypassed { gtids } | SourceEvent::InDoubt { gtids, .. } => gtids.clone(),
        SourceEvent::Lost { .. } => GtidSet::default(),
    }
}

/// Collects the steps of one PostgreSQL transaction.
pub(super) struct Builder<'a> {
    planner: &'a dyn Planner,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) state: State,
    pub(super) steps: Vec<Step>,
    pub(super) foreign_key_checks: bool,
    /// Foreign keys are checked at the commit.
    pub(super) deferred: bool,
    /// Rows that are gathered, one for each table.
    pub(super) batches: Vec<Batch>,
    /// Rows that come in front of those that are gathered.
    pub(super) run: Option<Run>,
    pub(super) layouts: Vec<Arc<Layout>>,
    /// The transaction may be in the rows of copied tables already, in whole or in part.
    pub(super) converging: bool,
    /// What the rows touch.
    pub(super) touched: WriteSet,
    /// MySQL's name of the zone that is set; the connection's default is UTC.
    time_zone: String,
    transactions: u64,
    pub(super) statements: u64,
}

impl<'a> Builder<'a> {
    /// Begins. `state` is what the store holds, with tables that are to be halted from here on.
    pub(super) fn new(state: State, catalogue: &Arc<Catalogue>, planner: &'a dyn Planner) -> Self {
        Self {
            planner,
            catalogue: Arc::clone(catalogue),
            state,
            steps: Vec::new(),
            foreign_key_checks: true,
            deferred: false,
            batches: Vec::new(),
            run: None,
            layouts: Vec::new(),
            converging: false,
            touched: WriteSet::default(),
            time_zone: UTC.to_owned(),
            transactions: 0,
            statements: 0,
        }
    }

    /// The steps so far, when they weigh at least `bytes`: what comes later comes behind them.
    pub(super) fn take_steps(&mut self, bytes: usize) -> Option<Vec<Step>> {
        let weight: usize = self.steps.iter().map(Step::weight).sum();
        let gathered: usize = self.batches.iter().map(Batch::bytes).sum();
        (weight + gathered >= bytes).then(|| {
            self.flush_rows();
            std::mem::take(&mut self.steps)
        })
    }

    /// Everything that an event says but for its [`LoggedChange::Many`], which the caller feeds to [`Builder::rows`].
    pub(super) fn event(&mut self, event: &SourceEvent) {
        if let SourceEvent::Logged(transaction @ LoggedTransaction { branch: Branch::None, gtid, .. }) = event {
            // The most frequent by far.
            if !self.state.applied.contains(gtid) {
                self.look_at_window(|until| until.contains(gtid));
                self.logged(transaction);
                self.state.applied.advance(gtid);
            }
            return;
        }
        let gtids = gtids(event);
        if self.is_applied(&gtids) {
            return;
        }
        self.look_at_window(|until| until.contains_all(&gtids));
        match event {
            SourceEvent::Transaction(transaction) => self.transaction(transaction),
            SourceEvent::Logged(transaction) => self.logged(transaction),
            SourceEvent::Bypassed { gtids } => {
                tracing::error!(%gtids, "MySQL committed transactions that didn't come through Bascule: a resync is needed");
                self.state.bypassed.union(gtids);
            }
            SourceEvent::InDoubt { gtids, candidates } => {
                let count = candidates.len();
                tracing::error!(%gtids, count, "transactions can't be told apart: their tables need a resync");
                candidates.iter().for_each(|candidate| self.doubtful(candidate));
            }
            SourceEvent::Lost { reason } => {
                self.state.lost = Some(reason.clone());
                self.halt_affected(&Affected::All, reason);
            }
        }
        match event {
            SourceEvent::Logged(LoggedTransaction { branch: Branch::Prepared, gtid, .. }) => {
                self.state.undecided.insert(gtid);
            }
            SourceEvent::Logged(LoggedTransaction { branch: Branch::Decided(prepared), .. }) => {
                let mut decided = GtidSet::default();
                decided.insert(prepared);
                self.state.undecided = self.state.undecided.minus(&decided);
                self.state.applied.union(&decided);
                self.state.applied.union(&gtids);
            }
            SourceEvent::Logged(LoggedTransaction { branch: Branch::None, .. })
            | SourceEvent::Transaction(_)
            | SourceEvent::Bypassed { .. }
            | SourceEvent::InDoubt { .. }
            | SourceEvent::Lost { .. } => self.state.applied.union(&gtids),
        }
    }

    /// Whether what comes next may be in the rows of copied tables already.
    fn look_at_window(&mut self, within: impl Fn(&GtidSet) -> bool) {
        let converging = self.state.window.as_ref().is_some_and(|window| within(&window.until));
        if converging != self.converging {
            self.flush_rows();
            self.converging = converging;
        }
    }

    /// What is in the position needn't be done again.
    pub(super) fn is_applied(&self, gtids: &GtidSet) -> bool {
        !gtids.is_empty() && self.state.applied.contains_all(gtids)
    }

    fn logged(&mut self, transaction: &LoggedTransaction) {
        self.transactions += 1;
        if let Some(inexact) = &transaction.inexact {
            self.halt_affected(&inexact.tables, &inexact.reason);
        }
        for change in &transaction.changes {
            match change {
                LoggedChange::Statement(logged) => self.logged_statement(logged),
                LoggedChange::Rows(rows) => self.rows(rows),
                LoggedChange::Many(_) => {}
            }
        }
    }

    /// The log has DDL as statements, and writes of sessions that don't log rows.
    fn logged_statement(&mut self, logged: &LoggedStatement) {
        let statement = &logged.statement;
        self.statements += 1;
        self.flush_rows();
        match self.planner.plan(statement, &self.catalogue) {
            Ok(plan) => match &*plan {
                Plan::Ddl(ddl) => {
                    // A definition can't change while checks are still to be made.
                    if std::mem::take(&mut self.deferred) {
                        self.steps.push(Step::Setting(Cow::Borrowed("SET CONSTRAINTS ALL IMMEDIATE")));
                    }
                    self.ddl(ddl);
                }
                Plan::Write(write) => match logged.unrepeatable {
                    Some(reason) => {
                        let reason =
                            format!("a statement in place of rows (binlog_format) can't be repeated: {reason}");
                        self.halt_all(&write.tables, &reason);
                    }
                    None => self.write(statement, Arc::clone(&plan), write, Answered::No),
                },
                Plan::Query(_) | Plan::Session(_) => {}
            },
            Err(error) if sql::classify(statement.text.as_bytes()) == StatementClass::Write => {
                let affected = touched::touched(statement, &self.catalogue);
                self.halt_affected(
                    &affected,
                    &format!("a statement in place of rows (binlog_format) can't be repeated: {error}"),
                );
            }
            Err(error) => {
                let (affected, gone) = touched::defined(statement, &self.catalogue);
                gone.iter().for_each(|table| drop(self.state.halted.remove(table)));
                if let Affected::Tables(tables) = &affected
                    && self.is_converging(tables)
                {
                    return self.halt_all(tables, REDEFINED);
                }
                self.halt_affected(&affected, &format!("a statement can't be repeated exactly: {error}"));
            }
        }
    }

    fn transaction(&mut self, transaction: &SourceTransaction) {
        self.transactions += 1;
        if let Some(inexact) = &transaction.inexact {
            self.halt_affected(&inexact.tables, &inexact.reason);
        }
        for statement in &transaction.statements {
            self.statements += 1;
            match self.planner.plan(statement, &self.catalogue) {
                Ok(plan) => match &*plan {
                    Plan::Write(write) => self.write(statement, Arc::clone(&plan), write, Answered::Yes),
                    Plan::Ddl(ddl) => self.ddl(ddl),
                    // They change no rows.
                    Plan::Query(_) | Plan::Session(_) => {}
                },
                Err(error) => {
                    let affected = touched::touched(statement, &self.catalogue);
                    self.halt_affected(&affected, &format!("a statement can't be repeated exactly: {error}"));
                }
            }
        }
    }

    fn write(&mut self, statement: &CapturedStatement, plan: Arc<Plan>, write: &WritePlan, answered: Answered) {
        if let Some(source) = self.halted_source(statement, write) {
            let reason = format!("{UNFOLLOWED_ORIGIN}: {source}");
            return self.halt_all(&write.tables, &reason);
        }
        if answered == Answered::Yes && expect::did_nothing(statement, write) {
            return;
        }
        if let Err(different) = expect::before(statement, write) {
            return self.halt_all(&write.tables, &format!("a statement can't be repeated exactly: {}", different.0));
        }
        match self.planner.bind(statement, &write.parameters, &self.catalogue) {
            Ok(values) => {
                self.foreign_key_checks(statement.context.foreign_key_checks);
                self.time_zone(&statement.context.time_zone);
                let types = write.parameters.iter().map(|parameter| parameter.type_oid).collect();
                self.steps.push(Step::Write { statement: statement.clone(), plan, types, values, answered });
            }
            Err(error) => {
                self.halt_all(&write.tables, &format!("a value can't be carried exactly: {error}"));
            }
        }
    }

    /// A halted table that the statement writes or may read.
    fn halted_source(&self, statement: &CapturedStatement, write: &WritePlan) -> Option<TableName> {
        if self.state.halted.is_empty() {
            return None;
        }
        let halted = |table: &&TableName| self.state.halted.contains_key(*table);
        if let Some(table) = write.tables.iter().find(halted) {
            return Some(table.clone());
        }
        let mentioned: BTreeSet<TableName> = touched::mentions(statement, &self.catalogue);
        mentioned.iter().find(halted).cloned()
    }

    /// Without checks MySQL doesn't cascade either, which is what a replica's role means in PostgreSQL.
    pub(super) fn foreign_key_checks(&mut self, checks: bool) {
        if self.foreign_key_checks != checks {
            self.foreign_key_checks = checks;
            self.steps.push(Step::Setting(Cow::Borrowed(if checks {
                "SET LOCAL session_replication_role = origin"
            } else {
                "SET LOCAL session_replication_role = replica"
            })));
        }
    }

    /// Whether one of these was copied while the transaction may have been under way.
    pub(super) fn is_converging(&self, tables: &[TableName]) -> bool {
        let window = self.state.window.as_ref().filter(|_| self.converging);
        window.is_some_and(|window| tables.iter().any(|table| window.tables.contains(table)))
    }

    /// Functions of TIMESTAMP columns mean the session's zone, on both sides.
    fn time_zone(&mut self, zone: &str) {
        if self.time_zone != zone {
            zone.clone_into(&mut self.time_zone);
            let name = quote::literal(&postgres_zone(zone));
            self.steps.push(Step::Setting(Cow::Owned(format!("SET LOCAL TimeZone = {name}"))));
        }
    }

    fn ddl(&mut self, plan: &DdlPlan) {
        let tables: Vec<TableName> = plan.changes.iter().filter_map(changed_table).collect();
        let drops_only = plan.changes.iter().all(|change| match change {
            CatalogueChange::DropTable(_) | CatalogueChange::DropDatabase { .. } => true,
            CatalogueChange::PutTable(_)
            | CatalogueChange::PutDatabase { .. }
            | CatalogueChange::PutView(_)
            | CatalogueChange::DropView(_)
            | CatalogueChange::PutRoutine(_)
            | CatalogueChange::DropRoutine { .. } => false,
        });
        // The copied rows may have the new form already, in whole or in part. TRUNCATE is none of them: what came after it
        // comes after it in the log, too.
        if !drops_only && plan.emptied.is_none() && self.is_converging(&tables) {
            return self.halt_all(&tables, REDEFINED);
        }
        if !drops_only && tables.iter().any(|table| self.state.halted.contains_key(table)) {
            // Whoever copies a table that is left for later copies what has become of it.
            let left = |reason: &String| [REDEFINED, COPIED_LATER].iter().any(|known| reason.starts_with(known));
            let left = self.converging || tables.iter().filter_map(|table| self.state.halted.get(table)).any(left);
            let reason = if left { REDEFINED } else { "its definition changed while it wasn't followed" };
            return self.halt_all(&tables, reason);
        }
        for sql in &plan.statements {
            self.steps.push(Step::Ddl { sql: sql.as_str().to_owned(), tables: tables.clone() });
        }
        let mut catalogue = Catalogue::clone(&self.catalogue);
        for change in &plan.changes {
            catalogue.apply(change);
            self.steps.push(Step::Store(statement::catalogue(change)));
            self.forget_dropped(change);
        }
        self.catalogue = Arc::new(catalogue);
    }

    /// What is gone needs no resync.
    fn forget_dropped(&mut self, change: &CatalogueChange) {
        match change {
            CatalogueChange::DropTable(name) => {
                self.state.halted.remove(name);
            }
            CatalogueChange::DropDatabase { name } => {
                self.state.halted.retain(|table, _| table.database != *name);
            }
            CatalogueChange::PutTable(_)
            | CatalogueChange::PutDatabase { .. }
            | CatalogueChange::PutView(_)
            | CatalogueChange::DropView(_)
            | CatalogueChange::PutRoutine(_)
            | CatalogueChange::DropRoutine { .. } => {}
        }
    }

    /// Nobody knows whether it happened, so its tables can't be followed.
    fn doubtful(&mut self, doubtful: &Doubtful) {
        let reason = format!("{UNKNOWN_OUTCOME}: {}", doubtful.reason);
        if let Some(inexact) = &doubtful.inexact {
            self.halt_affected(&inexact.tables, &reason);
        }
        for statement in &doubtful.statements {
            let affected = match self.planner.plan(statement, &self.catalogue).as_deref() {
                Ok(Plan::Write(plan)) => Affected::Tables(plan.tables.clone()),
                Ok(Plan::Ddl(plan)) => Affected::Tables(plan.changes.iter().filter_map(changed_table).collect()),
                Ok(Plan::Query(_) | Plan::Session(_)) => Affected::Tables(Vec::new()),
                Err(_) => touched::touched(statement, &self.catalogue),
            };
            self.halt_affected(&affected, &reason);
        }
    }

    pub(super) fn halt_all(&mut self, tables: &[TableName], reason: &str) {
        let catalogue = Arc::clone(&self.catalogue);
        tables.iter().for_each(|table| self.state.halt(table, reason, &catalogue));
    }

    fn halt_affected(&mut self, affected: &Affected, reason: &str) {
        let catalogue = Arc::clone(&self.catalogue);
        self.state.halt_affected(affected, reason, &catalogue);
    }

    /// Ends with the marks of halted tables and the position. `stored` is what the store holds.
    pub(super) fn finish(mut self, stored: &State) -> Prepared {
        self.flush_rows();
        for (table, reason) in &self.state.halted {
            if !stored.halted.contains_key(table) {
                tracing::error!(%table, reason = without_values(reason), "a table isn't followed any more: it needs a resync");
                self.steps.push(Step::Store(statement::mark_table(table, reason)));
            }
        }
        for table in stored.halted.keys().filter(|table| !self.state.halted.contains_key(table)) {
            self.steps.push(Step::Store(statement::clear_table(table)));
        }
        if self.state.bypassed != stored.bypassed {
            self.steps.push(Step::Store(statement::bypassed(&self.state.bypassed)));
        }
        self.steps.push(Step::Checkpoint(statement::checkpoint(&self.state.applied)));
        Prepared {
            steps: self.steps,
            state: self.state,
            catalogue: self.catalogue,
            transactions: self.transactions,
            statements: self.statements,
            touched: self.touched,
        }
    }
}

/// MySQL's zone in PostgreSQL's words. An offset needs the POSIX form, whose sign is the other way round.
fn postgres_zone(zone: &str) -> String {
    match zone.split_at_checked(1) {
        Some(("+", digits)) => format!("<+{digits}>-{digits}"),
        Some(("-", digits)) => format!("<-{digits}>+{digits}"),
        Some(_) | None if zone.eq_ignore_ascii_case("SYSTEM") => UTC.to_owned(),
        Some(_) | None => zone.to_owned(),
    }
}

fn changed_table(change: &CatalogueChange) -> Option<TableName> {
    match change {
        CatalogueChange::PutTable(table) => Some(table.name.clone()),
        CatalogueChange::DropTable(name) => Some(name.clone()),
        CatalogueChange::PutView(_) | CatalogueChange::DropView(_) => None,
        CatalogueChange::PutDatabase { .. }
        | CatalogueChange::DropDatabase { .. }
        | CatalogueChange::PutRoutine(_)
        | CatalogueChange::DropRoutine { .. } => None,
    }
}
