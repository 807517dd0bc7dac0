//! LOCK TABLES: PostgreSQL's table locks, held by a transaction that the client doesn't see.
//!
//! PostgreSQL's locks end with their transaction, MySQL's with UNLOCK TABLES. So the tables are locked in a
//! transaction that stays open in between; statements run inside it, each with a point to which it can be undone
//! alone. Under autocommit they count as committed for the client: ROLLBACK undoes nothing. What differs is a crash
//! before UNLOCK TABLES, which undoes all of them; the locks make sure that nobody has seen them.

use super::backend::{Effect, Failure, Statement};
use super::error::MysqlError;
use super::result::Sink;
use super::session::Session;
use crate::schema::quote;
use crate::schema::{TEMPORARY_SCHEMA, TableName};
use crate::sql::plan::{OutputColumn, TableLock};

impl Session {
    /// LOCK TABLES: earlier locks are released, what is open is committed.
    pub(super) async fn lock_tables(&mut self, locks: &[TableLock]) -> Result<(), Failure> {
        self.unlock_tables().await?;
        self.commit_open().await?;
        self.table_locks = Some(locks.to_vec());
        let locked = self.take_table_locks().await;
        if locked.is_err() {
            self.table_locks = None;
            self.backend.rollback_quietly().await;
        }
        locked
    }

    /// Takes the locks in a transaction of their own.
    async fn take_table_locks(&mut self) -> Result<(), Failure> {
        let Some(mut locks) = self.table_locks.clone() else { return Ok(()) };
        // One that was dropped meanwhile has no lock any more.
        let catalogue = self.serving.catalogue.load_full();
        let stands = |name: &TableName| catalogue.table(&name.database, &name.table).is_some();
        locks.retain(|lock| lock.stored().all(stands));
        self.table_locks = Some(locks.clone());
        self.backend.announce("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE".to_owned());
        self.read_only = false;
        let mut statements = Vec::new();
        for lock in &locks {
            let mode = if lock.write { "ACCESS EXCLUSIVE" } else { "SHARE" };
            statements.extend(lock.stored().map(|table| format!("LOCK TABLE {} IN {mode} MODE", quote::table(table))));
        }
        for sql in statements {
            let statement =
                Statement { sql: sql.as_str().into(), types: Vec::new(), parameters: Vec::new(), effect: Effect::Lock };
            self.perform(&statement, &mut Sink::Nothing).await?;
        }
        Ok(())
    }

    /// UNLOCK TABLES: under autocommit the work is done; a transaction of the client's stays open.
    pub(super) async fn unlock_tables(&mut self) -> Result<(), Failure> {
        if self.table_locks.take().is_none() {
            return Ok(());
        }
        // MySQL commits a transaction that is open when the tables are unlocked.
        self.commit_open().await
    }

    /// After the transaction that held the locks has ended, and UNLOCK TABLES hasn't been said.
    pub(super) async fn relock_tables(&mut self) -> Result<(), Failure> {
        if self.table_locks.is_some() && !self.backend.in_transaction() {
            return self.take_table_locks().await;
        }
        Ok(())
    }

    /// True when statements are committed for the client although a transaction holds the locks.
    pub(super) fn hides_transaction(&self) -> bool {
        self.table_locks.is_some() && self.autocommit()
    }

    /// 1100 for a table that a query's columns come from.
    pub(super) fn check_read_locks(&self, columns: &[OutputColumn]) -> Result<(), MysqlError> {
        let Some(locks) = &self.table_locks else { return Ok(()) };
        // What a locked view reads may be used under any name.
        let locked = |column: &OutputColumn| {
            let is = |name: &TableName| name.database == column.schema && name.table == column.org_table;
            locks.iter().any(|lock| {
                is(&lock.table) && lock.alias.eq_ignore_ascii_case(&column.table) || lock.of_view.iter().any(is)
            })
        };
        // MySQL's own tables can always be read: dumps ask them while they hold their locks.
        let stored = |column: &OutputColumn| {
            if self.temporary.has(&column.schema, &column.org_table) {
                return false;
            }
            let own = ["", "information_schema", "performance_schema"].contains(&column.schema.as_str());
            !own && !column.org_table.is_empty()
        };
        match columns.iter().find(|column| stored(column) && !locked(column)) {
            None => Ok(()),
            Some(column) => {
                let text = format!("Table '{}' was not locked with LOCK TABLES", column.table);
                Err(MysqlError::new(1100, "HY000", text))
            }
        }
    }

    /// 1099 and 1100 for the tables that a statement writes.
    pub(super) fn check_table_locks(&self, written: &[TableName]) -> Result<(), MysqlError> {
        let Some(locks) = &self.table_locks else { return Ok(()) };
        for table in written.iter().filter(|table| table.database != TEMPORARY_SCHEMA) {
            let of_table = |lock: &&TableLock| lock.table == *table || lock.of_view.contains(table);
            let mut of_table = locks.iter().filter(of_table).peekable();
            let name = &table.table;
            if of_table.peek().is_none() {
                let text = format!("Table '{name}' was not locked with LOCK TABLES");
                return Err(MysqlError::new(1100, "HY000", text));
            }
            if !of_table.any(|lock| lock.write) {
                let text = format!("Table '{name}' was locked with a READ lock and can't be updated");
                return Err(MysqlError::new(1099, "HY000", text));
            }
        }
        Ok(())
    }
}
