//! `VALUES ROW(…), ROW(…)` as a query.

use sqlparser::ast::Values;

use super::*;

impl Lowering<'_> {
    /// The rows as a derived table with columns `column_0`, `column_1`, …
    pub(super) fn values_rows(&mut self, values: &Values, parent: Option<Place<'_>>) -> Result<Derived, SqlError> {
        let scope = Scope::under(parent);
        let place = Place::new(&scope, "field list");
        let mut rows: Vec<Vec<Expression>> = Vec::with_capacity(values.rows.len());
        for (at, row) in values.rows.iter().enumerate() {
            if row.content.is_empty() {
                let text = "Each row of a VALUES clause must have at least one column, unless when used as source in an INSERT statement.";
                return Err(SqlError::new(3942, "HY000", text.to_owned()));
            }
            if rows.first().is_some_and(|first| first.len() != row.content.len()) {
                return Err(SqlError::value_count(at + 1));
            }
            rows.push(row.content.iter().map(|expr| self.lower(expr, place)).collect::<Result<_, _>>()?);
        }
        let width = rows.first().map_or(0, Vec::len);
        let mut columns = Vec::with_capacity(width);
        for at in 0..width {
            let cells: Vec<Expression> = rows.iter().filter_map(|row| row.get(at).cloned()).collect();
            let ty = match cells.as_slice() {
                [one] => one.ty.clone(),
                _several => self.common_type(&cells),
            };
            columns.push(DerivedColumn {
                name: format!("column_{at}"),
                sql_name: format!("c{}", at + 1),
                ty,
                nullable: cells.iter().any(|cell| cell.nullable),
                origin: None,
                variable: None,
            });
        }
        let mut lines = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut cells = Vec::with_capacity(width);
            for (cell, column) in row.iter().zip(&columns) {
                cells.push(self.conform(cell, &column.ty)?);
            }
            lines.push(format!("({})", cells.join(", ")));
        }
        let names: Vec<&str> = columns.iter().map(|column| column.sql_name.as_str()).collect();
        let alias = self.fresh("values");
        let sql = format!("SELECT * FROM (VALUES {}) AS \"{alias}\" ({})", lines.join(", "), names.join(", "));
        Ok(Derived { columns, sql, locking: false, unique: Vec::new() })
    }
}
