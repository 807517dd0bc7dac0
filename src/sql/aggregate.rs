//! Aggregate and window functions.

use sqlparser::ast::{
    DuplicateTreatment, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
    FunctionArguments, OrderByExpr, WindowType,
};

use crate::schema::quote;
use crate::wire::constants::column_flags as flag;

use super::expression::{Body, Expression, Lowering};
use super::functions::plain_arguments;
use super::lower::{Aggregates, Place};
use super::plan::SqlError;
use super::types::{Carrier, Class, Type};

/// True for functions over a group of rows.
pub(super) fn is_aggregate(name: &str) -> bool {
    matches!(
        name,
        "COUNT"
            | "SUM"
            | "AVG"
            | "MIN"
            | "MAX"
            | "GROUP_CONCAT"
            | "BIT_AND"
            | "BIT_OR"
            | "BIT_XOR"
            | "STD"
            | "STDDEV"
            | "STDDEV_POP"
            | "STDDEV_SAMP"
            | "VARIANCE"
            | "VAR_POP"
            | "VAR_SAMP"
            | "JSON_ARRAYAGG"
            | "JSON_OBJECTAGG"
    )
}

impl Lowering<'_> {
    pub(super) fn aggregate(
        &mut self,
        name: &str,
        function: &Function,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        if place.aggregates == Aggregates::Forbidden {
            return Err(SqlError::misplaced_aggregate());
        }
        self.aggregates += 1;
        let FunctionArguments::List(list) = &function.args else { return Err(SqlError::argument_count(name)) };
        let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let inside = place.inside_aggregate();
        if name == "COUNT" {
            return self.count(list, distinct, inside);
        }
        if name == "GROUP_CONCAT" {
            return self.group_concat(list, distinct, inside);
        }
        let arguments = plain_arguments(&list.args)?;
        if name.starts_with("JSON_") {
            let values =
                arguments.iter().map(|argument| self.lower(argument, inside)).collect::<Result<Vec<_>, _>>()?;
            return self.json_aggregate(name, &values);
        }
        let [argument] = arguments.as_slice() else { return Err(SqlError::argument_count(name)) };
        let value = self.lower(argument, inside)?;
        let word = if distinct { "DISTINCT " } else { "" };
        self.reduce(name, word, &value)
    }

    /// An aggregate of one value; `word` is `DISTINCT ` or empty.
    fn reduce(&mut self, name: &str, word: &str, value: &Expression) -> Result<Expression, SqlError> {
        let exact = matches!(value.ty.class, Class::Integer | Class::Decimal);
        let found = match name {
            "SUM" if exact => {
                let sql = self.render(value, Carrier::Numeric)?;
                let ty = Type::decimal((value.ty.precision() + 22).min(65), value.ty.decimals);
                Expression::sql(format!("sum({word}{sql})"), ty, true)
            }
            "AVG" if exact => {
                let sql = self.render(value, Carrier::Numeric)?;
                let scale = value.ty.decimals.saturating_add(4).min(30);
                Expression::sql(
                    format!("round(avg({word}{sql}), {scale})"),
                    Type::decimal(value.ty.precision() + 4, scale),
                    true,
                )
            }
            "SUM" | "AVG" => {
                let sql = self.render(value, Carrier::Float8)?;
                Expression::sql(format!("{}({word}{sql})", name.to_ascii_lowercase()), Type::double(), true)
            }
            "MIN" | "MAX" => {
                if value.ty.class == Class::Json {
                    let sql = self.own(value)?;
                    let ty = super::json::json_result();
                    return Ok(Expression::sql(
                        format!("\"mysql\".json_{}({sql})", name.to_ascii_lowercase()),
                        ty,
                        true,
                    ));
                }
                let sql = self.comparable(value)?;
                let flags = value.ty.flags & !(flag::NOT_NULL | flag::PRI_KEY | flag::UNIQUE_KEY | flag::MULTIPLE_KEY);
                let ty = Type { flags, ..value.ty.clone() };
                Expression::sql(format!("{}({sql})", name.to_ascii_lowercase()), ty, true)
            }
            "STD" | "STDDEV" | "STDDEV_POP" | "STDDEV_SAMP" | "VARIANCE" | "VAR_POP" | "VAR_SAMP" => {
                let function = match name {
                    "STDDEV_SAMP" => "stddev_samp",
                    "VARIANCE" | "VAR_POP" => "var_pop",
                    "VAR_SAMP" => "var_samp",
                    _population => "stddev_pop",
                };
                let sql = self.render(value, Carrier::Float8)?;
                Expression::sql(format!("{function}({sql})"), Type::double(), true)
            }
            "BIT_AND" | "BIT_OR" | "BIT_XOR" => {
                let sql = self.render(value, Carrier::Int8)?;
                let empty = if name == "BIT_AND" { "-1" } else { "0" };
                let sql = format!("COALESCE({}({sql}), {empty})", name.to_ascii_lowercase());
                Expression::sql(sql, Type { unsigned: true, ..Type::integer(21) }, false)
            }
            other => return Err(SqlError::unsupported(format_args!("aggregate {other}"))),
        };
        Ok(found)
    }

    fn count(&mut self, list: &FunctionArgumentList, distinct: bool, place: Place<'_>) -> Result<Expression, SqlError> {
        let counted = |sql: String| Ok(Expression::sql(sql, Type::integer(21), false));
        if let [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] = list.args.as_slice() {
            return counted("count(*)".to_owned());
        }
        let mut values = Vec::with_capacity(list.args.len());
        for argument in plain_arguments(&list.args)? {
            let value = self.lower(argument, place)?;
            values.push(if distinct { self.comparable(&value)? } else { self.own(&value)? });
        }
        match (values.as_slice(), distinct) {
            ([value], false) => counted(format!("count({value})")),
            ([value], true) => counted(format!("count(DISTINCT {value})")),
            ([_, ..], true) => {
                let present: Vec<String> = values.iter().map(|value| format!("{value} IS NOT NULL")).collect();
                counted(format!("count(DISTINCT ({})) FILTER (WHERE {})", values.join(", "), present.join(" AND ")))
            }
            (_, _) => Err(SqlError::argument_count("COUNT")),
        }
    }

    fn group_concat(
        &mut self,
        list: &FunctionArgumentList,
        distinct: bool,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let arguments = plain_arguments(&list.args)?;
        let mut parts = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let value = self.lower(argument, place)?;
            parts.push(self.text(&value)?);
        }
        let (mut separator, mut order) = (",".to_owned(), Vec::new());
        for clause in &list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(items) => order = self.order_items(items, place)?,
                FunctionArgumentClause::Separator(value) => {
                    separator = match &value.value {
                        sqlparser::ast::Value::SingleQuotedString(text)
                        | sqlparser::ast::Value::DoubleQuotedString(text) => text.clone(),
                        other => return Err(SqlError::unsupported(format_args!("SEPARATOR {other}"))),
                    }
                }
                other => return Err(SqlError::unsupported(format_args!("GROUP_CONCAT … {other}"))),
            }
        }
        if distinct && !order.is_empty() {
            return Err(SqlError::unsupported("GROUP_CONCAT with DISTINCT and ORDER BY"));
        }
        let word = if distinct { "DISTINCT " } else { "" };
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
        let sql =
            format!("left(string_agg({word}{}, {}{order}), 1024)", parts.join(" || "), quote::literal(&separator));
        Ok(Expression::sql(sql, Type::text(1024, &self.context.collation), true))
    }

    /// A value for GROUP BY, DISTINCT, MIN, MAX and ORDER BY: character data says its collation where PostgreSQL
    /// doesn't find the right one by itself.
    pub(super) fn comparable(&mut self, value: &Expression) -> Result<String, SqlError> {
        let sql = self.own(value)?;
        match (&value.ty.collation, value.ty.class, &value.origin) {
            (Some(collation), Class::Text, None) => {
                Ok(format!("({sql} COLLATE {})", self.collation_sql(&collation.name)?))
            }
            (_, _, _) => Ok(sql),
        }
    }

    /// Items of ORDER BY: NULL is the lowest value in MySQL, ENUM sorts by position.
    pub(super) fn order_items(&mut self, items: &[OrderByExpr], place: Place<'_>) -> Result<Vec<String>, SqlError> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let value = self.lower(&item.expr, place)?;
            let sql = self.sort_key(&value)?;
            out.push(format!("{sql}{}", direction(item, value.nullable)));
        }
        Ok(out)
    }

    /// The value by which rows are sorted.
    pub(super) fn sort_key(&mut self, value: &Expression) -> Result<String, SqlError> {
        if value.ty.class == Class::Json {
            return Ok(format!("\"mysql\".json_sort_key({}) COLLATE \"C\"", self.own(value)?));
        }
        if value.ty.is_enum() && value.origin.is_none() {
            return Err(SqlError::unsupported("ORDER BY a derived ENUM or SET"));
        }
        if value.ty.is_enum()
            && let Some(column) = value.origin.as_ref().and_then(super::expression::Origin::column)
        {
            let sql = self.own(value)?;
            return match &column.column_type {
                crate::schema::ColumnType::Enum { labels } => {
                    let list: Vec<String> = labels.iter().map(|label| quote::literal(label)).collect();
                    Ok(format!("array_position(ARRAY[{}]::text[], {sql} COLLATE \"C\")", list.join(", ")))
                }
                _set => Err(SqlError::unsupported("ORDER BY a SET column")),
            };
        }
        if matches!(value.body, Body::Parameter(_)) {
            // PostgreSQL takes a bare constant for a position.
            return Ok(format!("({})", self.comparable(value)?));
        }
        self.comparable(value)
    }

    /// `function(…) OVER (…)`.
    pub(super) fn window(&mut self, name: &str, function: &Function, place: Place<'_>) -> Result<Expression, SqlError> {
        let Some(WindowType::WindowSpec(spec)) = &function.over else {
            return Err(SqlError::unsupported("a named window"));
        };
        if spec.window_name.is_some() || spec.window_frame.is_some() {
            return Err(SqlError::unsupported("window frames"));
        }
        let call = if is_aggregate(name) {
            let allowed = Place { aggregates: Aggregates::Allowed, ..place };
            let before = self.aggregates;
            let call = self.aggregate(name, function, allowed)?;
            self.aggregates = before;
            call
        } else {
            let integer = |function: &str| {
                Ok(Expression::sql(format!("{function}()"), Type { unsigned: true, ..Type::integer(21) }, false))
            };
            match name {
                "ROW_NUMBER" => integer("row_number")?,
                "RANK" => integer("rank")?,
                "DENSE_RANK" => integer("dense_rank")?,
                "LAG" | "LEAD" | "FIRST_VALUE" | "LAST_VALUE" => {
                    let FunctionArguments::List(list) = &function.args else {
                        return Err(SqlError::argument_count(name));
                    };
                    let arguments = plain_arguments(&list.args)?;
                    let [value, rest @ ..] = arguments.as_slice() else { return Err(SqlError::argument_count(name)) };
                    let value = self.lower(value, place)?;
                    let mut sql = self.own(&value)?;
                    for offset in rest {
                        let offset = self.lower(offset, place)?;
                        sql = format!("{sql}, {}", self.render(&offset, Carrier::Int4)?);
                    }
                    if rest.len() > 1 {
                        return Err(SqlError::unsupported(format_args!("{name} with a default")));
                    }
                    Expression::sql(format!("{}({sql})", name.to_ascii_lowercase()), value.ty, true)
                }
                other => return Err(SqlError::unsupported(format_args!("window function {other}"))),
            }
        };
        let Body::Sql(mut sql) = call.body.clone() else { return Err(SqlError::unsupported("this window function")) };
        // The window belongs to the aggregate itself, not to what rounds its result.
        let partition = spec.partition_by.iter().map(|expr| {
            let value = self.lower(expr, place)?;
            self.comparable(&value)
        });
        let partition = partition.collect::<Result<Vec<_>, SqlError>>()?;
        let order = self.order_items(&spec.order_by, place)?;
        let mut over = String::new();
        if !partition.is_empty() {
            over = format!("PARTITION BY {}", partition.join(", "));
        }
        if !order.is_empty() {
            over = format!("{over} ORDER BY {}", order.join(", "));
        }
        let over = format!(" OVER ({})", over.trim());
        sql = match sql.strip_prefix("round(avg(").and_then(|rest| rest.rsplit_once("), ")) {
            Some((inner, scale)) => format!("round(avg({inner}){over}, {scale}"),
            None if name == "GROUP_CONCAT" || name.starts_with("BIT_") => {
                return Err(SqlError::unsupported(format_args!("{name} over a window")));
            }
            None => format!("{sql}{over}"),
        };
        Ok(Expression { body: Body::Sql(sql), ..call })
    }
}

/// ` DESC` and where NULLs go. The NULLS clause is left out for values that can't be NULL: it would keep PostgreSQL
/// from using their indexes.
pub(super) fn direction(item: &OrderByExpr, nullable: bool) -> &'static str {
    let descending = matches!(item.options.sort, Some(sqlparser::ast::OrderBySort::Desc));
    match (descending, nullable) {
        (false, true) => " NULLS FIRST",
        (false, false) => "",
        (true, true) => " DESC NULLS LAST",
        (true, false) => " DESC",
    }
}
