//! Names and comments: MySQL's rules for their length and their characters.

use super::super::plan::SqlError;

/// MySQL's limit for names, in characters.
const NAME_LIMIT: usize = 64;

/// What a comment belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Commented<'a> {
    Table(&'a str),
    Column(&'a str),
    Index(&'a str),
}

/// Error 1059 for a name of more than 64 characters.
pub(super) fn check_length(name: &str) -> Result<(), SqlError> {
    if name.chars().count() <= NAME_LIMIT {
        return Ok(());
    }
    Err(SqlError::new(1059, "42000", format!("Identifier name '{name}' is too long")))
}

/// The name of a new table.
pub(super) fn table(name: &str) -> Result<(), SqlError> {
    check_length(name)?;
    if name.is_empty() || name.ends_with(' ') {
        return Err(SqlError::new(1103, "42000", format!("Incorrect table name '{name}'")));
    }
    Ok(())
}

/// The name of a new database.
pub(super) fn database(name: &str) -> Result<(), SqlError> {
    check_length(name)?;
    if name.is_empty() || name.ends_with(' ') {
        return Err(SqlError::new(1102, "42000", format!("Incorrect database name '{name}'")));
    }
    Ok(())
}

/// The name of a new column.
pub(super) fn column(name: &str) -> Result<(), SqlError> {
    check_length(name)?;
    if name.is_empty() || name.ends_with(' ') {
        return Err(SqlError::new(1166, "42000", format!("Incorrect column name '{name}'")));
    }
    Ok(())
}

/// A comment's length.
pub(super) fn comment(text: &str, of: &Commented<'_>) -> Result<(), SqlError> {
    let (code, limit, kind, name) = match of {
        Commented::Table(name) => (1628, 2048, "table", name),
        Commented::Column(name) => (1629, 1024, "field", name),
        Commented::Index(name) => (1688, 1024, "index", name),
    };
    if text.chars().count() > limit {
        return Err(SqlError::new(code, "HY000", format!("Comment for {kind} '{name}' is too long (max = {limit})")));
    }
    Ok(())
}
