//! DDL while PostgreSQL serves: what is open is committed, then PostgreSQL's statements and the stored catalogue
//! change in one transaction of their own, then every session sees the new catalogue. If it fails, nothing of it has
//! happened, and what was committed stays committed, as in MySQL.

use std::sync::Arc;

use super::backend::{Failure, Statement};
use super::error::MysqlError;
use super::query::Execution;
use super::session::Session;
use super::state;
use super::write;
use crate::schema::{Catalogue, CatalogueChange, Routine, Table, TableName, View};
use crate::sql::plan::{DdlPlan, Plan, Records, WritePlan};
use crate::store::statement;
use crate::target::{Answer, Request};
use crate::wire::{Capabilities, resultset};

impl Session {
    pub(super) async fn run_ddl(
        &mut self,
        text: &str,
        plan: &DdlPlan,
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        let altered: Vec<TableName> = plan.altered().cloned().collect();
        self.check_table_locks(&altered)?;
        self.commit_open().await?;
        if self.only_reads() {
            return Err(MysqlError::read_only().into());
        }
        let serving = Arc::clone(&self.serving);
        let _alone = serving.ddl.lock().await;
        // Another session's DDL may have come first; the plan is made anew under the lock.
        let shared = serving.catalogue.load_full();
        let catalogue = self.catalogue();
        let again = self.plan(text, &catalogue)?;
        let plan = match &*again {
            Plan::Ddl(again) => again,
            Plan::Query(_) | Plan::Write(_) | Plan::Session(_) => plan,
        };
        let changes: Vec<CatalogueChange> = plan.changes.iter().map(|change| self.signed(change)).collect();
        let answers = self.execute_ddl(plan, &changes, (&catalogue, execution)).await;
        self.relock_tables().await?;
        let answers = answers?;
        self.apply_temporary(&changes);
        if changes.iter().any(|change| !change.is_temporary()) {
            let mut changed = (*shared).clone();
            for change in changes.iter().filter(|change| !change.is_temporary()) {
                changed.apply(change);
            }
            serving.catalogue.store(Arc::new(changed));
        }
        let dropped = |change: &CatalogueChange| match change {
            CatalogueChange::DropDatabase { name } => self.state.database.as_ref() == Some(name),
            _others => false,
        };
        if changes.iter().any(dropped) {
            // Who drops the database in use has none in use.
            self.set_database(None);
        }
        for notice in &plan.notes {
            self.state.warn(notice.level, notice.code, notice.message.clone());
        }
        let raised = self.backend.take_raised();
        self.state.absorb(raised);
        match &plan.fill {
            Some(fill) => self.report_filled(fill, answers.last()),
            None => self.report(plan, &answers),
        }
        Ok(())
    }

    /// A view or routine without a definer belongs to who makes it.
    fn signed(&self, change: &CatalogueChange) -> CatalogueChange {
        match change {
            CatalogueChange::PutView(view) => {
                let mut view = View::clone(view);
                if view.definer.is_empty() {
                    view.definer = format!("{}@{}", self.state.user, self.state.host_name());
                }
                let charset = self.state.variables.text(&self.serving.defaults, "character_set_client");
                view.charset = charset.to_owned();
                CatalogueChange::PutView(Arc::new(view))
            }
            CatalogueChange::PutRoutine(routine) => {
                let mut routine = Routine::clone(routine);
                if routine.definer.is_empty() {
                    routine.definer = format!("{}@{}", self.state.user, self.state.host_name());
                }
                routine.modified = self.state.time_micros;
                if routine.created == 0 {
                    routine.created = routine.modified;
                }
                CatalogueChange::PutRoutine(Arc::new(routine))
            }
            CatalogueChange::PutTable(table) if table.triggers.iter().any(|trigger| trigger.created == 0) => {
                let mut table = Table::clone(table);
                for trigger in table.triggers.iter_mut().filter(|trigger| trigger.created == 0) {
                    trigger.created = self.state.time_micros;
                    if trigger.definer.is_empty() {
                        trigger.definer = format!("{}@{}", self.state.user, self.state.host_name());
                    }
                }
                CatalogueChange::PutTable(Arc::new(table))
            }
            other => other.clone(),
        }
    }

    /// Everything that PostgreSQL has to do, in one transaction.
    async fn execute_ddl(
        &mut self,
        plan: &DdlPlan,
        changes: &[CatalogueChange],
        (catalogue, execution): (&Catalogue, Execution<'_>),
    ) -> Result<Vec<Answer>, Failure> {
        let stored: Vec<_> = changes.iter().filter(|change| !change.is_temporary()).map(statement::catalogue).collect();
        let fill = match &plan.fill {
            Some(fill) => Some(self.bind_fill(fill, catalogue, execution)?),
            None => None,
        };
        let mut requests: Vec<Request<'_>> = Vec::new();
        if let Records::Of(count) = &plan.records {
            requests.push(Request::new(count.as_str()));
        }
        requests.extend(plan.statements.iter().map(|sql| Request::new(sql.as_str())));
        requests.extend(stored.iter().map(statement::StoreStatement::request));
        if let Some(fill) = &fill {
            requests.push(Request { sql: &fill.sql, types: &fill.types, parameters: &fill.parameters, binary: false });
        }
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let grip = self.grip_for(plan.fill.as_ref().is_some_and(|fill| fill.tells_strict()));
        let pool = Arc::clone(&self.serving.pool);
        self.backend.alone(grip.call(), &pool, &requests).await
    }

    /// The INSERT of CREATE TABLE … SELECT with its values; what it's warned of under strict mode ends the statement.
    pub(super) fn bind_fill<'p>(
        &mut self,
        fill: &'p WritePlan,
        catalogue: &Catalogue,
        execution: Execution<'_>,
    ) -> Result<Statement<'p>, Failure> {
        let known = self.state.warnings.len();
        let statement = self.bind(fill.sql.as_str(), &fill.parameters, catalogue, execution.values)?;
        if let Some(error) = fill.fatal(self.state.warnings.iter().skip(known).map(state::Warning::parts)) {
            self.state.warnings.truncate(known);
            return Err(MysqlError::from(error).into());
        }
        self.state.warn_of_plan(&fill.warnings);
        Ok(statement)
    }

    /// The OK of CREATE TABLE … SELECT: that of the INSERT that filled the table, which always tells its counts.
    pub(super) fn report_filled(&mut self, fill: &WritePlan, answer: Option<&Answer>) {
        let Some(answer) = answer else { return self.ok() };
        let found_rows = self.channel.capabilities.contains(Capabilities::FOUND_ROWS);
        let counts = write::Counts { found_rows, warnings: self.state.warned(), told_id: None };
        let written = write::written(fill, answer.affected, &answer.rows, counts);
        if let Some(id) = written.last_insert_id {
            self.state.last_insert_id = id;
        }
        self.state.row_count = i64::try_from(written.affected).unwrap_or(i64::MAX);
        let records = || format!("Records: {}  Duplicates: 0  Warnings: {}", written.affected, counts.warnings);
        let ok = resultset::Ok {
            affected_rows: written.affected,
            insert_id: written.insert_id,
            status: self.status(),
            warnings: self.state.warning_count(),
            info: if written.info.is_empty() { records() } else { written.info.clone() },
            changes: std::mem::take(&mut self.changes),
        };
        self.channel.put_ok(&ok);
    }

    /// The OK with MySQL's count of rows.
    pub(super) fn report(&mut self, plan: &DdlPlan, answers: &[Answer]) {
        let counted = |answer: Option<&Answer>| {
            let text = answer.and_then(|answer| answer.rows.first()).and_then(|row| row.text(0));
            text.and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        let records: Option<u64> = match &plan.records {
            Records::Silent | Records::Affected(_) => None,
            Records::Zero => Some(0),
            Records::Of(_) => Some(counted(answers.first())),
        };
        let affected = match plan.records {
            Records::Affected(number) => number,
            Records::Silent | Records::Zero | Records::Of(_) => records.unwrap_or(0),
        };
        self.state.row_count = i64::try_from(affected).unwrap_or(i64::MAX);
        let warnings = self.state.warning_count();
        let info = records.map(|records| format!("Records: {records}  Duplicates: 0  Warnings: {warnings}"));
        let ok = resultset::Ok {
            affected_rows: affected,
            status: self.status(),
            warnings,
            info: info.unwrap_or_default(),
            changes: std::mem::take(&mut self.changes),
            ..resultset::Ok::default()
        };
        self.channel.put_ok(&ok);
    }
}
