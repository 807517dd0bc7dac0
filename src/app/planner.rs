//! Plans of replayed statements, made by `sql`. Plans depend on the text, the catalogue and a few session facts; the
//! cache keeps them, the values are bound anew for each statement.

use std::sync::Arc;

use bytes::Bytes;

use crate::change::CapturedStatement;
use crate::replicate::Planner;
use crate::schema::Catalogue;
use crate::sql::plan::Known;
use crate::sql::{self, Context, Parameter, Plan, Purpose, SqlError, Values};

/// The planner of the statement lane.
pub(super) struct SqlPlanner {
    cache: sql::Cache,
}

impl SqlPlanner {
    /// How many plans are expected, and the bytes that they take at most.
    const PLANS: usize = 4096;
    const PLAN_BYTES: u64 = 16 << 20;

    pub(super) fn new() -> Self {
        Self { cache: sql::Cache::new(Self::PLANS, Self::PLAN_BYTES) }
    }
}

impl Planner for SqlPlanner {
    fn plan(&self, statement: &CapturedStatement, catalogue: &Arc<Catalogue>) -> Result<Arc<Plan>, SqlError> {
        let context = Context {
            catalogue: Arc::clone(catalogue),
            database: statement.context.database.clone(),
            sql_mode: statement.context.sql_mode.clone(),
            collation: statement.context.collation.clone(),
            purpose: Purpose::Replay,
            parameters: Known::of(&statement.parameters),
            given: sql::plan::Given::default(),
        };
        self.cache.plan(&statement.text, &context)
    }

    fn bind(
        &self,
        statement: &CapturedStatement,
        parameters: &[Parameter],
        catalogue: &Arc<Catalogue>,
    ) -> Result<Vec<Option<Bytes>>, SqlError> {
        let context = &statement.context;
        let values = Values {
            client: &statement.parameters,
            catalogue,
            time_micros: statement.time_micros,
            time_zone: zone(&context.time_zone),
            first_generated_id: statement.answer.insert_id,
            id_step: context.auto_increment_increment,
            last_insert_id: context.last_insert_id,
            connection_id: 0,
            user: &context.user,
            found_rows: 0,
            row_count: 0,
            statement: 0,
            variables: &|_| None,
            locals: &[],
            user_variables: &|_| None,
            rows: &|_| Err(SqlError::unsupported("replay of a query on system tables")),
        };
        // MySQL has told its own client of the warnings.
        sql::bind(parameters, &values, &mut Vec::new())
    }
}

/// MySQL's SYSTEM is UTC: mirroring a server with another system zone is refused when it begins.
fn zone(name: &str) -> &str {
    if name.eq_ignore_ascii_case("SYSTEM") { "+00:00" } else { name }
}
