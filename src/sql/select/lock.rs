//! FOR UPDATE and FOR SHARE.
//!
//! PostgreSQL doesn't lock beside DISTINCT, GROUP BY and aggregates, nor on the optional side of an outer join. Grouped
//! queries over one table lock its rows in a derived table, which also shows what a transaction waited for has changed.

use super::*;

impl Lowering<'_> {
    /// The locking clause for the tables that PostgreSQL can lock here.
    pub(super) fn lock(
        &mut self,
        locks: &[LockClause],
        parts: &mut Parts,
        scope: &Scope<'_>,
    ) -> Result<String, SqlError> {
        let mut sql = String::new();
        for lock in locks {
            let word = match lock.lock_type {
                LockType::Update => "UPDATE",
                LockType::Share => "SHARE",
            };
            let wait = match lock.nonblock {
                None => "",
                Some(NonBlock::Nowait) => " NOWAIT",
                Some(NonBlock::SkipLocked) => " SKIP LOCKED",
            };
            let only = lock.of.as_ref().and_then(|name| name_parts(name).pop());
            if let Some(only) = &only
                && !scope.relations.iter().any(|relation| relation.alias.eq_ignore_ascii_case(only))
            {
                return Err(SqlError::new(3568, "HY000", format!("Unresolved table name `{only}` in locking clause.")));
            }
            let lockable: Vec<String> = scope
                .relations
                .iter()
                .filter(|relation| relation.table.is_some() && !relation.optional)
                .filter(|relation| only.as_ref().is_none_or(|only| relation.alias.eq_ignore_ascii_case(only)))
                .map(|relation| quote::identifier(&relation.alias))
                .collect();
            if lockable.is_empty() {
                continue;
            }
            if parts.distinct || parts.aggregated || !parts.group.is_empty() {
                let ([alias], 1, 1) = (lockable.as_slice(), scope.relations.len(), locks.len()) else {
                    return Err(SqlError::unsupported("FOR UPDATE with DISTINCT, GROUP BY or aggregates over a join"));
                };
                let filter = if parts.conditions.is_empty() {
                    String::new()
                } else {
                    format!(" WHERE {}", std::mem::take(&mut parts.conditions).join(" AND "))
                };
                parts.from = format!("(SELECT {alias}.* FROM {}{filter} FOR {word}{wait}) AS {alias}", parts.from);
                return Ok(String::new());
            }
            let of = if lockable.len() == scope.relations.len() {
                String::new()
            } else {
                format!(" OF {}", lockable.join(", "))
            };
            sql.push_str(&format!(" FOR {word}{of}{wait}"));
        }
        Ok(sql)
    }
}
