//! From a captured statement to PostgreSQL text with values. A trait, so that the engine can be tested without a
//! parser.

use std::sync::Arc;

use bytes::Bytes;

use crate::change::CapturedStatement;
use crate::schema::Catalogue;
use crate::sql::{Parameter, Plan, SqlError};

/// Plans replayed statements.
///
/// # Contract
/// The plan and the values repeat exactly what MySQL did, or the statement is refused. Both are functions of the
/// statement and the catalogue alone.
pub trait Planner: Send + Sync + 'static {
    /// The plan under `catalogue`.
    fn plan(&self, statement: &CapturedStatement, catalogue: &Arc<Catalogue>) -> Result<Arc<Plan>, SqlError>;

    /// The values of a plan's parameters in PostgreSQL's text format.
    fn bind(
        &self,
        statement: &CapturedStatement,
        parameters: &[Parameter],
        catalogue: &Arc<Catalogue>,
    ) -> Result<Vec<Option<Bytes>>, SqlError>;
}
