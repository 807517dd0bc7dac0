//! `SELECT … INTO @a, …` and SQL_CALC_FOUND_ROWS.

use std::sync::Arc;

use super::backend::Failure;
use super::error::MysqlError;
use super::query::{Execution, typed};
use super::result::Sink;
use super::session::Session;
use crate::schema::Catalogue;
use crate::sql::plan::{IntoTarget, QueryPlan, TargetSql, VariableKind};

impl Session {
    /// One row into variables; none leaves them as they are and warns.
    pub(super) async fn select_into(
        &mut self,
        query: &QueryPlan,
        variables: &[(IntoTarget, VariableKind)],
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        let catalogue = self.catalogue();
        let rows = self.kept_rows(query, &catalogue, execution).await?;
        if rows.len() > 1 {
            return Err(MysqlError::new(1172, "42000", "Result consisted of more than one row").into());
        }
        match rows.first() {
            Some(row) => {
                for (at, (target, kind)) in variables.iter().enumerate() {
                    let column = query.columns.get(at);
                    match target {
                        IntoTarget::User(name) => {
                            let value = row.get(at).map(|text| typed(text, column));
                            let value = value.unwrap_or(crate::value::Value::Null);
                            self.state.set_user_variable(&self.serving.defaults, name, value, Some(kind.clone()))?;
                        }
                        IntoTarget::Local(slot) => {
                            let value = super::routine::cell(row.get(at), column);
                            self.set_local(*slot, &value)?;
                        }
                    }
                }
            }
            None => {
                let text = "No data - zero rows fetched, selected, or processed".to_owned();
                self.state.warn("Warning", 1329, text);
            }
        }
        self.state.found_rows = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        self.state.row_count = self.state.found_rows;
        let ok = crate::wire::resultset::Ok {
            affected_rows: u64::try_from(rows.len()).unwrap_or(u64::MAX),
            insert_id: 0,
            status: self.status(),
            warnings: self.state.warning_count(),
            info: String::new(),
            changes: Vec::new(),
        };
        self.channel.put_ok(&ok);
        Ok(())
    }

    /// A query with LIMIT whose FOUND_ROWS() counts all rows.
    pub(super) async fn counted(
        &mut self,
        query: &QueryPlan,
        total: &TargetSql,
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        let catalogue = self.catalogue();
        let counting = QueryPlan { sql: total.clone(), locking: false, ..query.clone() };
        let rows = self.kept_rows(&counting, &catalogue, execution).await?;
        let count = rows.first().and_then(|row| row.text(0)).and_then(|text| text.parse().ok());
        self.run_query(query, &catalogue, execution).await?;
        self.state.found_rows = count.unwrap_or(0);
        Ok(())
    }

    pub(super) async fn kept_rows(
        &mut self,
        query: &QueryPlan,
        catalogue: &Arc<Catalogue>,
        execution: Execution<'_>,
    ) -> Result<Vec<crate::target::Row>, Failure> {
        let mut statement = self.bind(query.sql.as_str(), &query.parameters, catalogue, execution.values)?;
        if query.locking {
            statement.effect = super::backend::Effect::Lock;
        }
        self.begin_if_needed();
        let mut rows = Vec::new();
        self.perform(&statement, &mut Sink::Keep(&mut rows)).await?;
        Ok(rows)
    }
}
