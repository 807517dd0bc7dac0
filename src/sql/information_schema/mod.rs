//! MySQL's information_schema, and the tables behind SHOW.
//!
//! # Why rows travel as a parameter
//! What these tables say is what the stored catalogue says, so they can't be PostgreSQL tables without being a second
//! copy of it that could differ. A query names them like any other table: it may join them, alias them, group them.
//! So each stands in FROM as `jsonb_to_recordset($n)`, whose one parameter is filled at execution from the catalogue
//! of that moment: plans stay valid when tables come and go. When the condition fixes a schema or a table, only the
//! rows of that one are produced; the condition itself is still evaluated by PostgreSQL, so this can leave out only
//! what it would have dropped.
//!
//! A table whose rows Bascule doesn't know (InnoDB's inner state, most of performance_schema) is refused by name: an
//! empty answer would be a wrong one.

mod columns;
mod fixed;
mod keys;
mod registry;
mod routines;
mod rows;
mod shown;
mod tables;
mod triggers;

use sqlparser::ast::{BinaryOperator, Expr, Select, TableAlias};

use crate::schema::quote;

pub(in crate::sql) use columns::now;
pub(in crate::sql) use fixed::PRIVILEGES;
pub(in crate::sql) use registry::status_names;
pub(in crate::sql) use registry::{SHOW, SystemTable, find, is_known, is_system};
pub(in crate::sql) use rows::{Wanted, json};
pub(in crate::sql) use shown::shown_rows;
pub(in crate::sql) use triggers::created as trigger_created;

use super::expression::{Body, Expression, Lowering, Origin};
use super::lower::Place;
use super::operators::unnested;
use super::plan::{Context, OutputColumn, ParameterSource, RowSource, ShowCommand, Shown, SqlError};
use super::scope::{Relation, Scope, ScopeColumn};
use super::types::{Carrier, oid};

/// A column of a system table that a condition fixes to one of several values.
#[derive(Clone, Debug)]
pub(super) struct Restriction {
    table: Option<String>,
    column: String,
    values: Vec<ParameterSource>,
}

/// The system table that a name means, or why it's refused; `None` for a name in an ordinary database.
pub(super) fn named(parts: &[String], context: &Context) -> Result<Option<&'static SystemTable>, SqlError> {
    let (database, table) = match parts {
        [table] => match context.database.as_deref() {
            Some(database) => (database, table),
            None => return Ok(None),
        },
        [database, table] => (database.as_str(), table),
        _other => return Ok(None),
    };
    if !is_system(database) || context.catalogue.database(database).is_some() {
        return Ok(None);
    }
    match find(database, table) {
        Some(found) if rows::is_served(found) => Ok(Some(found)),
        Some(_) => Err(SqlError::unsupported(format_args!("queries on {database}.{table}"))),
        None if is_known(database, table) => Err(SqlError::unsupported(format_args!("queries on {database}.{table}"))),
        None if database.eq_ignore_ascii_case("information_schema") => {
            Err(SqlError::new(1109, "42S02", format!("Unknown table '{}' in information_schema", table.to_uppercase())))
        }
        None => Err(SqlError::no_table(&database.to_ascii_lowercase(), table)),
    }
}

/// The title of a column that results show by its declared name.
pub(super) fn title(expr: &Expr, expression: &Expression) -> Option<String> {
    let origin = expression.origin.as_ref()?;
    let column = origin.column()?;
    let name = match expr {
        Expr::Identifier(ident) => ident,
        Expr::CompoundIdentifier(parts) => parts.last()?,
        _other => return None,
    };
    let system = system_of(origin)?;
    (system.keeps_names && column.name.eq_ignore_ascii_case(&name.value)).then(|| column.name.clone())
}

/// How results describe a column of a system table.
pub(super) fn described(origin: &Origin) -> Option<&'static OutputColumn> {
    Some(&system_of(origin)?.columns.get(origin.column)?.shown)
}

fn system_of(origin: &Origin) -> Option<&'static SystemTable> {
    let name = &origin.table.name;
    if !is_system(&name.database) && name.database != SHOW {
        return None;
    }
    find(&name.database, &name.table)
}

impl Lowering<'_> {
    /// What the condition of a SELECT fixes, for the system tables in its FROM.
    pub(super) fn restrictions_of(&mut self, select: &Select) -> Vec<Restriction> {
        let mut found = Vec::new();
        let mut pending: Vec<&Expr> = select.selection.iter().collect();
        while let Some(expr) = pending.pop() {
            match unnested(expr) {
                Expr::BinaryOp { left, op: BinaryOperator::And, right } => pending.extend([&**left, &**right]),
                Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                    let fixed = self.restriction(left, std::slice::from_ref(&**right));
                    found.extend(fixed.or_else(|| self.restriction(right, std::slice::from_ref(&**left))));
                }
                Expr::InList { expr, list, negated: false } => found.extend(self.restriction(expr, list)),
                _other => {}
            }
        }
        found
    }

    fn restriction(&mut self, name: &Expr, values: &[Expr]) -> Option<Restriction> {
        let (table, column) = match unnested(name) {
            Expr::Identifier(column) => (None, column.value.clone()),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, column] => (Some(table.value.clone()), column.value.clone()),
                _other => return None,
            },
            _other => return None,
        };
        rows::restricts(&column)?;
        let scope = Scope::default();
        let mut sources = Vec::with_capacity(values.len());
        for value in values {
            if !matches!(unnested(value), Expr::Value(_) | Expr::Function(_)) {
                return None;
            }
            match self.lower(value, Place::new(&scope, "where clause")).ok()?.body {
                Body::Parameter(source) => sources.push(source),
                Body::Sql(_) | Body::Condition(_) => return None,
            }
        }
        Some(Restriction { table, column, values: sources })
    }

    /// A system table in FROM.
    pub(super) fn system_table(
        &mut self,
        found: &'static SystemTable,
        alias: Option<&TableAlias>,
        written: &str,
        scope: &mut Scope<'_>,
    ) -> Result<String, SqlError> {
        self.deterministic("a query on information_schema")?;
        let database = found.table.name.database.clone();
        let (called, database) = match alias {
            Some(alias) => (alias.name.value.clone(), None),
            None => (written.to_owned(), Some(database)),
        };
        let mut source = RowSource::of(&found.table.name);
        for restriction in &self.restrictions {
            let ours = restriction.table.as_deref().is_none_or(|table| table.eq_ignore_ascii_case(&called));
            if ours && found.position(&restriction.column).is_some() {
                source.restrict(rows::restricts(&restriction.column), &restriction.values);
            }
        }
        let sql = self.recordset(found, source, &called, database, scope)?;
        if found.table.name.table == "TABLES"
            && let Some(relation) = scope.relations.last_mut()
        {
            let alias = quote::identifier(&called);
            measure(relation, &format!("{alias}.\"TABLE_SCHEMA\""), &format!("{alias}.\"TABLE_NAME\""));
        }
        Ok(sql)
    }

    /// The answer of a SHOW command as a relation, for its WHERE.
    pub(super) fn shown(
        &mut self,
        found: &'static SystemTable,
        command: ShowCommand,
        title: Option<&str>,
        scope: &mut Scope<'_>,
    ) -> Result<String, SqlError> {
        let database = match &command.what {
            Shown::TableStatus { database } => Some(quote::literal(database)),
            _other => None,
        };
        let source = RowSource { show: Some(Box::new(command)), ..RowSource::of(&found.table.name) };
        let sql = self.recordset(found, source, "shown", None, scope)?;
        if let (Some(database), Some(relation)) = (database, scope.relations.last_mut()) {
            measure(relation, &database, "\"shown\".\"Name\"");
        }
        let first = scope.relations.first_mut().and_then(|relation| relation.columns.first_mut());
        if let (Some(first), Some(title)) = (first, title) {
            title.clone_into(&mut first.name);
        }
        Ok(sql)
    }

    fn recordset(
        &mut self,
        found: &'static SystemTable,
        source: RowSource,
        called: &str,
        database: Option<String>,
        scope: &mut Scope<'_>,
    ) -> Result<String, SqlError> {
        let quoted = quote::identifier(called);
        let mut definitions = Vec::with_capacity(found.columns.len());
        let mut columns = Vec::with_capacity(found.columns.len());
        for (at, (column, system)) in found.table.columns.iter().zip(&found.columns).enumerate() {
            let name = quote::identifier(&column.name);
            let collation = match &system.ty.collation {
                Some(collation) => format!(" COLLATE {}", self.collation_sql(&collation.name)?),
                None => String::new(),
            };
            definitions.push(format!("{name} {}{collation}", system.ty.carrier.name()));
            columns.push(ScopeColumn {
                name: column.name.clone(),
                sql: format!("{quoted}.{name}"),
                ty: system.ty.clone(),
                nullable: system.nullable,
                origin: Some(Origin { table: found.table.clone(), column: at, alias: called.to_owned() }),
                hidden: false,
            });
        }
        scope.add(Relation {
            alias: called.to_owned(),
            database,
            table: None,
            columns,
            optional: false,
            unique: Vec::new(),
        })?;
        let rows = self.parameter(&ParameterSource::Rows(Box::new(source)), Carrier::Json.oid());
        debug_assert_eq!(Carrier::Json.oid(), oid::JSONB);
        Ok(format!("jsonb_to_recordset({rows}) AS {quoted} ({})", definitions.join(", ")))
    }
}

/// Sizes and the next id are PostgreSQL's to tell: it measures the tables whose columns are asked for.
fn measure(relation: &mut Relation, database: &str, table: &str) {
    for column in &mut relation.columns {
        let function = match column.name.to_ascii_uppercase().as_str() {
            "TABLE_ROWS" | "ROWS" => "table_rows",
            "DATA_LENGTH" => "data_length",
            "INDEX_LENGTH" => "index_length",
            "AUTO_INCREMENT" => "next_value",
            _other => continue,
        };
        column.sql = format!("\"mysql\".{function}({database}, {table}, {})", column.sql);
    }
}

impl RowSource {
    fn of(name: &crate::schema::TableName) -> Self {
        Self { database: name.database.clone(), table: name.table.clone(), show: None, schemas: None, tables: None }
    }

    /// Adds a condition; several on the same column leave the first.
    fn restrict(&mut self, by: Option<rows::Restricts>, values: &[ParameterSource]) {
        let slot = match by {
            Some(rows::Restricts::Schema) => &mut self.schemas,
            Some(rows::Restricts::Table) => &mut self.tables,
            None => return,
        };
        if slot.is_none() {
            *slot = Some(values.to_vec());
        }
    }
}
