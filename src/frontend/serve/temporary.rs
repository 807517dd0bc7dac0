//! Temporary tables while PostgreSQL serves.
//!
//! # Where they are
//! PostgreSQL's own temporary tables belong to a connection, and a session here has one only for as long as a statement
//! or a transaction lasts. So a temporary table is an ordinary table in a schema of Bascule's own under a name that
//! nobody else has, and the session alone knows it: its view of the catalogue ([`Session::catalogue`]) holds it beside
//! the databases. Nothing of it is stored, other sessions plan with another view, and the plan cache's key holds the
//! view's number. The tables are logged ones: unlogged ones would be empty after a crash or a failover of PostgreSQL
//! while the client's session goes on.
//!
//! # Why CREATE and DROP go past the open transaction
//! MySQL neither commits for them nor undoes them by ROLLBACK, but the rows are the transaction's. Both follow when the
//! table is made on another connection and committed at once, and only CREATE … SELECT's rows are written by the
//! transaction itself: PostgreSQL looks names up as of now at every isolation level. That connection comes from a pool
//! of its own, so that transactions that hold all others never wait for each other here. Making a table waits for no
//! lock of the transaction: it names no other table. Dropping one would, where the transaction has used it; so a dropped
//! table is forgotten at once and gone from PostgreSQL when the transaction has ended.
//!
//! # What is left over
//! A session drops its tables when it ends or is reset. What a killed Bascule left is dropped before the first table of
//! the next one is made, and at its start when PostgreSQL serves: the names begin with a mark of the process.
//!
//! # Transactions that only read
//! MySQL lets them write temporary tables; for PostgreSQL they are tables like others. So a session with temporary
//! tables has transactions that may write, and what they mustn't is refused here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::OnceCell;

use super::POOL_WAIT;
use super::backend::{Effect, Failure};
use super::error::MysqlError;
use super::query::Execution;
use super::result::Sink;
use super::session::Session;
use crate::config::Target;
use crate::schema::quote::{self, identifier, literal};
use crate::schema::{Catalogue, CatalogueChange, TEMPORARY_SCHEMA, TableName, TemporaryTables};
use crate::sql;
use crate::sql::plan::{DdlPlan, Known, Plan, WritePlan};
use crate::target::{Answer, Pool, Request, TargetError};

/// Connections for making tables beside open transactions.
const SIDE_CONNECTIONS: usize = 4;
/// Tables that one statement drops; each needs a few locks.
const DROPPED_TOGETHER: usize = 20;

/// What all sessions share of it.
#[derive(Debug)]
pub(super) struct Shared {
    /// Names of this process' tables begin so.
    mark: String,
    numbers: AtomicU64,
    pub(super) pool: Arc<Pool>,
    /// Set when the schema is there and earlier processes' tables are not.
    ready: OnceCell<()>,
    /// Tables whose session ended without being able to drop them.
    orphans: Mutex<Vec<TableName>>,
}

impl Shared {
    pub(super) fn new(target: &Target) -> Self {
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let target = Target { max_connections: SIDE_CONNECTIONS, ..target.clone() };
        Self {
            mark: format!("t{:x}_", begun.as_micros()),
            numbers: AtomicU64::new(1),
            pool: Pool::new(&target, "bascule serving", POOL_WAIT),
            ready: OnceCell::new(),
            orphans: Mutex::new(Vec::new()),
        }
    }

    /// A number that no other view has.
    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes the schema and drops what earlier processes left in it.
    pub(super) async fn prepare(&self) -> Result<(), TargetError> {
        self.ready.get_or_try_init(|| self.clear()).await.copied()
    }

    async fn clear(&self) -> Result<(), TargetError> {
        let mut lease = self.pool.take().await?;
        let schema = identifier(TEMPORARY_SCHEMA);
        lease.query(&Request::new(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))).await?;
        let listing = format!(
            "SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = {}::regnamespace AND relkind = 'r' AND NOT \
             starts_with(relname, {})",
            literal(&schema),
            literal(&self.mark)
        );
        let answer = lease.query(&Request::new(&listing)).await?;
        let names = answer.rows.iter().filter_map(|row| row.text(0));
        let left: Vec<TableName> =
            names.map(|table| TableName { database: TEMPORARY_SCHEMA.to_owned(), table: table.to_owned() }).collect();
        for some in left.chunks(DROPPED_TOGETHER) {
            lease.query(&Request::new(&drop_statement(some))).await?;
        }
        if !left.is_empty() {
            tracing::info!(tables = left.len(), "temporary tables of an earlier process are dropped");
        }
        Ok(())
    }

    fn orphans(&self) -> Vec<TableName> {
        std::mem::take(&mut *self.orphans.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn leave(&self, tables: Vec<TableName>) {
        self.orphans.lock().unwrap_or_else(PoisonError::into_inner).extend(tables);
    }
}

fn drop_statement(tables: &[TableName]) -> String {
    let names: Vec<String> = tables.iter().map(quote::table).collect();
    format!("DROP TABLE IF EXISTS {}", names.join(", "))
}

/// One session's temporary tables.
#[derive(Debug, Default)]
pub(super) struct Temporary {
    tables: TemporaryTables,
    /// Dropped by the client; PostgreSQL hears of it when no transaction is open.
    doomed: Vec<TableName>,
    /// What all share, and the session's view of it.
    view: Mutex<Option<(Arc<Catalogue>, Arc<Catalogue>)>>,
    /// The open transaction has made some, or dropped some.
    made: bool,
    dropped: bool,
}

impl Temporary {
    /// True without any.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// True when the client calls a temporary table so.
    pub(super) fn has(&self, database: &str, table: &str) -> bool {
        self.tables.get(database, table, false).is_some()
    }

    /// The transaction that made or dropped some was committed.
    pub(super) fn settle(&mut self) {
        self.made = false;
        self.dropped = false;
    }

    fn view(&self, shared: Arc<Catalogue>) -> Arc<Catalogue> {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, own)) = &*view
            && Arc::ptr_eq(known, &shared)
        {
            return Arc::clone(own);
        }
        let own = Arc::new(Catalogue { session: self.tables.clone(), ..Catalogue::clone(&shared) });
        *view = Some((shared, Arc::clone(&own)));
        own
    }

    /// Other tables make another view.
    fn apply(&mut self, changes: &[CatalogueChange], number: u64) {
        let mut catalogue = Catalogue { session: std::mem::take(&mut self.tables), ..Catalogue::default() };
        for change in changes.iter().filter(|change| change.is_temporary()) {
            catalogue.apply(change);
        }
        self.tables = catalogue.session;
        self.tables.number = number;
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Session {
    /// The catalogue as this session sees it.
    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        let shared = self.serving.catalogue.load_full();
        if self.temporary.is_empty() { shared } else { self.temporary.view(shared) }
    }

    /// Takes over what a statement did to the session's own tables.
    pub(super) fn apply_temporary(&mut self, changes: &[CatalogueChange]) {
        if changes.iter().any(CatalogueChange::is_temporary) {
            self.temporary.apply(changes, self.serving.temporary.number());
        }
    }

    /// A text of PostgreSQL's with the client's names of temporary tables.
    pub(super) fn with_titles(&self, text: &str) -> String {
        let tables = self.temporary.tables.tables();
        tables.fold(text.to_owned(), |text, table| text.replace(&table.name.table, &table.title().table))
    }

    /// True when statements may only read.
    pub(super) fn only_reads(&self) -> bool {
        if self.backend.in_transaction() {
            return self.read_only;
        }
        let next = self.next_transaction.read_only.filter(|_| !self.autocommit());
        next.unwrap_or_else(|| self.state.variables.is_on(&self.serving.defaults, "transaction_read_only"))
    }

    /// Error 1792 for a write that PostgreSQL was told to allow for the sake of temporary tables.
    pub(super) fn check_access(&self, written: &[TableName]) -> Result<(), MysqlError> {
        let stored = |table: &TableName| table.database != TEMPORARY_SCHEMA;
        if self.temporary.is_empty() || !self.only_reads() || !written.iter().any(stored) {
            return Ok(());
        }
        Err(MysqlError::read_only())
    }

    /// CREATE TEMPORARY TABLE and DROP TEMPORARY TABLE.
    pub(super) async fn run_temporary(&mut self, text: &str, execution: Execution<'_>) -> Result<(), Failure> {
        if self.only_reads() {
            return Err(MysqlError::read_only().into());
        }
        let (catalogue, plan) = self.plan_temporary(text)?;
        let inside = (self.backend.in_transaction() && !self.hides_transaction()) || !self.autocommit();
        let exists = plan.notes.iter().any(|note| note.code == 1050);
        for notice in &plan.notes {
            self.state.warn(notice.level, notice.code, notice.message.clone());
        }
        let dropped: Vec<TableName> = plan
            .changes
            .iter()
            .filter_map(|change| match change {
                CatalogueChange::DropTable(place) => Some(place.clone()),
                CatalogueChange::PutTable(_)
                | CatalogueChange::PutDatabase { .. }
                | CatalogueChange::DropDatabase { .. }
                | CatalogueChange::PutView(_)
                | CatalogueChange::DropView(_)
                | CatalogueChange::PutRoutine(_)
                | CatalogueChange::DropRoutine { .. } => None,
            })
            .collect();
        if !dropped.is_empty() {
            self.apply_temporary(&plan.changes);
            self.temporary.dropped |= inside;
            self.temporary.doomed.extend(dropped);
            self.report(&plan, &[]);
            return Ok(());
        }
        if plan.changes.is_empty() {
            self.temporary.made |= inside && exists;
            self.report(&plan, &[]);
            return Ok(());
        }
        let told = |error: TargetError| {
            super::error::from_target(&error, super::error::About { catalogue: &catalogue, no_wait: false })
        };
        self.serving.temporary.prepare().await.map_err(|error| Failure::from(told(error).0))?;
        self.apply_temporary(&plan.changes);
        let made = self.make(&plan, &catalogue, execution).await;
        match made {
            Ok(answer) => {
                self.temporary.made |= inside;
                let raised = self.backend.take_raised();
                self.state.absorb(raised);
                match &plan.fill {
                    Some(fill) => self.report_filled(fill, answer.as_ref()),
                    None => self.report(&plan, &[]),
                }
                Ok(())
            }
            Err(failure) => {
                self.forget_made(&plan);
                Err(failure)
            }
        }
    }

    /// The plan with the name that PostgreSQL will know the table by.
    fn plan_temporary(&self, text: &str) -> Result<(Arc<Catalogue>, DdlPlan), MysqlError> {
        let shared = &self.serving.temporary;
        let number = shared.number();
        let mut catalogue = (*self.catalogue()).clone();
        catalogue.session.number = number;
        catalogue.session.next = format!("{}{number:x}", shared.mark);
        let catalogue = Arc::new(catalogue);
        let context = self.state.context(&self.serving.defaults, Arc::clone(&catalogue), text, Known::Nothing);
        match sql::ddl::plan(text, &context)? {
            Plan::Ddl(plan) => Ok((catalogue, plan)),
            Plan::Query(_) | Plan::Write(_) | Plan::Session(_) => Err(MysqlError::malformed()),
        }
    }

    /// Makes the table and fills it; answers with the answer of the INSERT.
    async fn make(
        &mut self,
        plan: &DdlPlan,
        catalogue: &Arc<Catalogue>,
        execution: Execution<'_>,
    ) -> Result<Option<Answer>, Failure> {
        if plan.fill.is_some() {
            self.begin_if_needed();
        }
        let grip = self.grip_for(plan.fill.as_ref().is_some_and(|fill| fill.tells_strict()));
        let mut requests: Vec<Request<'_>> =
            plan.statements.iter().map(|statement| Request::new(statement.as_str())).collect();
        if self.backend.in_transaction() {
            let side = Arc::clone(&self.serving.temporary.pool);
            let mut made = self.backend.alone(grip.call(), &side, &requests).await;
            if made.is_err() && requests.iter().any(|request| request.sql.starts_with("CREATE COLLATION")) {
                // Another session may have made the same collation at the same moment.
                made = self.backend.alone(grip.call(), &side, &requests).await;
            }
            made?;
            return match &plan.fill {
                Some(fill) => self.fill(fill, catalogue, execution).await.map(Some),
                None => Ok(None),
            };
        }
        let fill = match &plan.fill {
            Some(fill) => Some(self.bind_fill(fill, catalogue, execution)?),
            None => None,
        };
        if let Some(fill) = &fill {
            requests.push(Request { sql: &fill.sql, types: &fill.types, parameters: &fill.parameters, binary: false });
        }
        let pool = Arc::clone(&self.serving.pool);
        let answers = self.backend.alone(grip.call(), &pool, &requests).await?;
        Ok(answers.into_iter().last())
    }

    /// The rows of CREATE TEMPORARY TABLE … SELECT, inside the open transaction.
    async fn fill(
        &mut self,
        fill: &WritePlan,
        catalogue: &Arc<Catalogue>,
        execution: Execution<'_>,
    ) -> Result<Answer, Failure> {
        let mut statement = self.bind_fill(fill, catalogue, execution)?;
        statement.effect = Effect::Write;
        let grip = self.grip_for(fill.tells_strict());
        let mut rows = Vec::new();
        let affected = self.backend.perform(grip.call(), &statement, &mut Sink::Keep(&mut rows)).await?;
        Ok(Answer { affected, rows, ..Answer::default() })
    }

    /// The table couldn't be made or filled: MySQL's client never sees it.
    fn forget_made(&mut self, plan: &DdlPlan) {
        let places = plan.changes.iter().filter_map(|change| match change {
            CatalogueChange::PutTable(table) => Some(table.name.clone()),
            CatalogueChange::DropTable(_)
            | CatalogueChange::PutDatabase { .. }
            | CatalogueChange::DropDatabase { .. }
            | CatalogueChange::PutView(_)
            | CatalogueChange::DropView(_)
            | CatalogueChange::PutRoutine(_)
            | CatalogueChange::DropRoutine { .. } => None,
        });
        let places: Vec<TableName> = places.collect();
        let changes: Vec<CatalogueChange> = places.iter().cloned().map(CatalogueChange::DropTable).collect();
        self.apply_temporary(&changes);
        self.temporary.doomed.extend(places);
    }

    /// What ROLLBACK can't undo is told with it.
    pub(super) fn warn_of_temporary(&mut self) {
        if self.temporary.made {
            let text = "The creation of some temporary tables could not be rolled back.";
            self.state.warn("Warning", 1751, text.to_owned());
        }
        if self.temporary.dropped {
            let text = "Some temporary tables were dropped, but these operations could not be rolled back.";
            self.state.warn("Warning", 1752, text.to_owned());
        }
    }

    /// Drops in PostgreSQL what the client has dropped, once no transaction can hold it.
    pub(super) async fn drop_doomed(&mut self) {
        if self.temporary.doomed.is_empty() || self.backend.in_transaction() {
            return;
        }
        let mut doomed = std::mem::take(&mut self.temporary.doomed);
        doomed.extend(self.serving.temporary.orphans());
        if let Err(error) = self.drop_tables(&doomed).await {
            tracing::debug!(%error, tables = doomed.len(), "temporary tables couldn't be dropped yet");
            self.serving.temporary.leave(doomed);
        }
    }

    async fn drop_tables(&self, tables: &[TableName]) -> Result<(), TargetError> {
        let mut lease = self.serving.pool.take().await?;
        for some in tables.chunks(DROPPED_TOGETHER) {
            lease.query(&Request::new(&drop_statement(some))).await?;
        }
        Ok(())
    }

    /// The session ends or begins anew; no transaction is open any more.
    pub(super) async fn drop_temporary(&mut self) {
        let places: Vec<TableName> = self.temporary.tables.tables().map(|table| table.name.clone()).collect();
        let doomed = std::mem::take(&mut self.temporary).doomed;
        self.temporary.doomed = doomed.into_iter().chain(places).collect();
        self.drop_doomed().await;
    }
}
