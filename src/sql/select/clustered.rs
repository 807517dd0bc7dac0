//! The order in which InnoDB gives the rows of one table that no ORDER BY asks for: that of its clustered index.
//!
//! MySQL promises nothing, and applications rely on it all the same, with `LIMIT` above all. InnoDB keeps the rows in
//! the primary key, or else in the first unique key without NULLs and prefixes, and reads them so whenever it scans the
//! table or a range of that key. It reads another index where that holds all columns that the query names, or where
//! WHERE looks at the column that leads it; what order comes then depends on its costs, so that such queries are left
//! alone, as are those of several tables and of other engines, which give rows as they were inserted. A key that
//! PostgreSQL's index isn't sorted by in the same way isn't sorted by either: the whole table would be sorted for the
//! first row. It costs little where it's written: PostgreSQL reads the key's index, or sorts what WHERE leaves.

use super::*;
use crate::schema::{Key, KeyKind, Table};
use crate::sql::keys::{key_columns, unique_keys};

/// Who reads the rows of a query, and so sees their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Reader {
    /// Another query, or nobody.
    Query,
    /// The statement that it's in, such as an INSERT.
    Statement,
    /// The client, also into its variables.
    Client,
}

/// The key that InnoDB clusters a table by, and its columns.
fn clustered(table: &Table) -> Option<(&Key, Vec<usize>)> {
    if table.engine != "InnoDB" || table.merge.is_some() || !table.partitioning.is_empty() {
        return None;
    }
    // A primary key over prefixes clusters too: no other key then does.
    let found = unique_keys(table).into_iter().find(|key| {
        let filled = |at: &usize| table.columns.get(*at).is_some_and(|column| !column.nullable);
        key.kind == KeyKind::Primary || key_columns(table, key).is_some_and(|columns| columns.iter().all(filled))
    })?;
    Some((found, key_columns(table, found)?))
}

/// True when one of the texts names a column.
fn names(texts: &[&str], column: &str) -> bool {
    texts.iter().any(|text| text.contains(column))
}

impl Lowering<'_> {
    /// ORDER BY for the statement's own query where it has none: the clustered key's, or nothing.
    pub(super) fn clustered_order(&mut self, parts: &Parts, scope: &Scope<'_>) -> Result<Vec<String>, SqlError> {
        let [relation] = scope.relations.as_slice() else { return Ok(Vec::new()) };
        let Some(table) = relation.table.as_ref() else { return Ok(Vec::new()) };
        let Some((key, columns)) = clustered(table) else { return Ok(Vec::new()) };
        if scans_otherwise(parts, scope, key) {
            return Ok(Vec::new());
        }
        let spot = |column: &usize| Spot { relation: 0, column: *column };
        if columns.iter().map(spot).all(|spot| scope.equal.contains(&(spot, spot))) {
            return Ok(Vec::new());
        }
        let mut keys = Vec::with_capacity(columns.len());
        for (part, at) in key.parts.iter().zip(&columns) {
            let Some(column) = relation.columns.get(*at) else { return Ok(Vec::new()) };
            let sql = self.sort_key(&column.expression())?;
            // Labels are sorted by their positions, which PostgreSQL's index isn't; a key of nothing else has few rows.
            if column.ty.is_enum() && columns.len() > 1 {
                return Ok(Vec::new());
            }
            keys.push(format!("{sql}{}", if part.descending { " DESC" } else { "" }));
        }
        Ok(keys)
    }
}

impl Lowering<'_> {
    /// ORDER BY for a grouped query that has none. MySQL collects groups in a temporary table, which has them in the
    /// order of their first rows, and sorts the rows by group first where an aggregate needs a group's rows together.
    pub(super) fn group_order(
        &mut self,
        parts: &Parts,
        scope: &Scope<'_>,
        grouping: &Grouping,
    ) -> Result<Vec<String>, SqlError> {
        let [relation] = scope.relations.as_slice() else { return Ok(Vec::new()) };
        let Some((key, columns)) = relation.table.as_deref().and_then(clustered) else { return Ok(Vec::new()) };
        let ([first], false) = (columns.as_slice(), grouping.rollup || grouping.items.is_empty()) else {
            return Ok(Vec::new());
        };
        let Some(id) = relation.columns.get(*first).filter(|column| !column.ty.is_text() && !column.ty.is_enum())
        else {
            return Ok(Vec::new());
        };
        // MySQL may read the rows by a key that begins with what groups.
        let leads = |other: &Key| {
            let led = other.parts.first().and_then(|part| part.column.as_deref());
            let mut grouped = grouping.grouped.iter().filter_map(|spot| relation.columns.get(spot.column));
            led.is_some_and(|led| grouped.any(|column| column.name == led)) && other.name != key.name
        };
        let keys = relation.table.iter().flat_map(|table| &table.keys);
        if keys.into_iter().any(leads)
            || scans_otherwise(parts, scope, key)
            || key.parts.iter().any(|part| part.descending)
        {
            return Ok(Vec::new());
        }
        let together = ["string_agg(", "(DISTINCT ", "json"];
        let shown = shown(parts);
        if together.iter().any(|call| names(&shown, call)) {
            let keys = grouping.items.iter().map(|item| self.sort_key(&item.value));
            return keys.map(|key| key.map(|key| format!("{key} NULLS FIRST"))).collect();
        }
        Ok(vec![format!("min({})", id.sql)])
    }
}

/// What a query shows, as PostgreSQL's text.
fn shown(parts: &Parts) -> Vec<&str> {
    let text = parts.columns.iter().filter_map(|column| match &column.expression.body {
        Body::Sql(sql) | Body::Condition(sql) => Some(sql.as_str()),
        Body::Parameter(_) => None,
    });
    text.collect()
}

/// True when MySQL may read rows by another index than the clustered one.
fn scans_otherwise(parts: &Parts, scope: &Scope<'_>, clustered: &Key) -> bool {
    let [relation] = scope.relations.as_slice() else { return true };
    let Some(table) = relation.table.as_ref() else { return true };
    let conditions: Vec<&str> = parts.conditions.iter().map(String::as_str).collect();
    let group = parts.group.iter().chain(&parts.having).map(String::as_str);
    let texts: Vec<&str> = shown(parts).into_iter().chain(conditions.iter().copied()).chain(group).collect();
    if names(&conditions, "SELECT ") || names(&texts, " OVER (") {
        return true;
    }
    let sql = |name: &str| relation.columns.iter().find(|column| column.name == name).map(|column| column.sql.as_str());
    let named: Vec<&str> =
        relation.columns.iter().map(|column| column.sql.as_str()).filter(|column| names(&texts, column)).collect();
    let holds = |key: &Key, column: &str| {
        let mut whole = key.parts.iter().filter(|part| part.prefix.is_none());
        whole.any(|part| part.column.as_deref().and_then(sql) == Some(column))
    };
    let leads = |key: &Key| match key.parts.first().map(|part| part.column.as_deref()) {
        Some(Some(column)) => sql(column).is_some_and(|column| names(&conditions, column)),
        // An expression may stand in the condition.
        Some(None) => !conditions.is_empty(),
        None => false,
    };
    let covers = |key: &Key| {
        matches!(key.kind, KeyKind::Unique | KeyKind::Secondary)
            && named.iter().all(|column| holds(key, column) || holds(clustered, column))
    };
    let mut others = table.keys.iter().filter(|key| key.name != clustered.name && !key.options.invisible);
    named.is_empty() || others.any(|key| leads(key) || covers(key))
}
