//! Why a comparison couldn't be made.

use crate::schema::{SchemaError, TableName};
use crate::source::SourceError;
use crate::target::TargetError;

/// A comparison that ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("PostgreSQL failed while {action}")]
    Target {
        action: String,
        #[source]
        cause: TargetError,
    },
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Ids are used up: the next one wouldn't fit the sequence.
    #[error("the next AUTO_INCREMENT value of {table}, {next}, is beyond what PostgreSQL's sequence can give")]
    SequenceExhausted { table: TableName, next: u64 },
}

impl VerifyError {
    pub(super) fn target(action: impl Into<String>) -> impl FnOnce(TargetError) -> Self {
        let action = action.into();
        move |cause| VerifyError::Target { action, cause }
    }
}
