//! A SELECT as PostgreSQL's text, once all its parts are known.

use super::*;

impl Lowering<'_> {
    /// A SELECT with its ORDER BY.
    pub(super) fn ordered_select(
        &mut self,
        parts: &Parts,
        types: &[Type],
        ordering: &Ordering,
    ) -> Result<String, SqlError> {
        let by = |keys: &[String]| {
            if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) }
        };
        if ordering.hidden.is_empty() {
            return Ok(format!("{}{}", self.write(parts, types, &[])?, by(&ordering.keys)));
        }
        // DISTINCT rows sorted by what isn't selected: one of the values of equal rows, which is the only one where
        // ONLY_FULL_GROUP_BY holds.
        let hidden: Vec<String> = ordering.hidden.iter().map(|(sql, _)| sql.clone()).collect();
        let inner = self.write(parts, types, &hidden)?;
        let list: Vec<String> = (1..=parts.columns.len()).map(|at| format!("c{at}")).collect();
        let alias = self.fresh("rows");
        Ok(format!(
            "SELECT {} FROM ({inner}) AS \"{alias}\" GROUP BY {}{}",
            kept_columns(types),
            list.join(", "),
            by(&ordering.keys)
        ))
    }

    /// A value in the type of its column: with as many decimals as all rows have.
    pub(super) fn conform(&mut self, value: &Expression, ty: &Type) -> Result<String, SqlError> {
        let sql = self.render(value, ty.carrier)?;
        let widens =
            ty.class == Class::Decimal && !(value.ty.class == Class::Decimal && value.ty.decimals == ty.decimals);
        Ok(if widens && !value.is_null() { format!("round({sql}, {})", ty.decimals) } else { sql })
    }

    /// Writes a SELECT whose columns have the given types.
    pub(super) fn write(&mut self, parts: &Parts, types: &[Type], hidden: &[String]) -> Result<String, SqlError> {
        let mut list = Vec::with_capacity(parts.columns.len());
        for (at, (column, ty)) in parts.columns.iter().zip(types).enumerate() {
            let own = column.expression.ty.carrier == ty.carrier;
            let made = parts.distinct || !parts.group.is_empty() && ty.class == Class::Decimal;
            let sql =
                if made && own { self.comparable(&column.expression)? } else { self.conform(&column.expression, ty)? };
            list.push(format!("{sql} AS c{}", at + 1));
        }
        list.extend(hidden.iter().enumerate().map(|(at, sql)| format!("{sql} AS o{}", at + 1)));
        let distinct = if parts.distinct && hidden.is_empty() { "DISTINCT " } else { "" };
        let own = if parts.rollup { "" } else { distinct };
        let mut sql = format!("SELECT {own}{}", list.join(", "));
        if !parts.from.is_empty() {
            sql.push_str(&format!(" FROM {}", parts.from));
        }
        if !parts.conditions.is_empty() {
            sql.push_str(&format!(" WHERE {}", parts.conditions.join(" AND ")));
        }
        if !parts.group.is_empty() {
            let list = parts.group.join(", ");
            sql.push_str(&if parts.rollup {
                format!(" GROUP BY ROLLUP ({list})")
            } else {
                format!(" GROUP BY {list}")
            });
        }
        if let Some(having) = &parts.having {
            sql.push_str(&format!(" HAVING {having}"));
        }
        if parts.rollup && !distinct.is_empty() {
            // PostgreSQL would take a column that WHERE fixes for fixed where it's rolled up, too.
            let list: Vec<String> = (1..=parts.columns.len()).map(|at| format!("c{at}")).collect();
            sql = format!("SELECT {distinct}{} FROM ({sql}) AS \"{}\"", list.join(", "), self.fresh("rows"));
        }
        if !distinct.is_empty() && types.iter().any(ignores_blanks) {
            sql = format!("SELECT {} FROM ({sql}) AS \"{}\"", kept_columns(types), self.fresh("rows"));
        }
        Ok(sql)
    }
}

/// The columns of rows that were told apart, with the blanks that their texts have.
pub(super) fn kept_columns(types: &[Type]) -> String {
    let column = |(at, ty): (usize, &Type)| {
        let name = format!("c{}", at + 1);
        if ignores_blanks(ty) { format!("{} AS {name}", kept(ty, &name)) } else { name }
    };
    types.iter().enumerate().map(column).collect::<Vec<_>>().join(", ")
}
