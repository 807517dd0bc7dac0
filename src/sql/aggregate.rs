//! Aggregate functions, and the values by which rows are grouped and sorted. Window functions are in `window`.

mod sequence;
mod window;

pub(super) use sequence::{Sequence, sort_ties};

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
    FunctionArguments, OrderByExpr,
};

use crate::schema::quote;
use crate::wire::FieldType;
use crate::wire::constants::column_flags as flag;

use super::expression::{Body, Expression, Lowering};
use super::functions::plain_arguments;
use super::geometry;
use super::json::{SHALLOW, may_be_deep};
use super::lower::{Aggregates, Place};
use super::operators::quotient_is_cut;
use super::plan::{ParameterSource, SqlError};
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

/// True for functions that stand before OVER only.
pub(super) fn is_window_only(name: &str) -> bool {
    matches!(
        name,
        "ROW_NUMBER"
            | "RANK"
            | "DENSE_RANK"
            | "CUME_DIST"
            | "PERCENT_RANK"
            | "NTILE"
            | "FIRST_VALUE"
            | "LAST_VALUE"
            | "NTH_VALUE"
            | "LAG"
            | "LEAD"
    )
}

/// True for a call of an aggregate function that isn't a window function.
pub(super) fn is_aggregate_call(expr: &Expr) -> bool {
    match super::operators::unnested(expr) {
        Expr::Function(function) => {
            function.over.is_none() && is_aggregate(&function.name.to_string().trim_matches('`').to_ascii_uppercase())
        }
        _other => false,
    }
}

/// A call of an aggregate or window function and what is done to its result: OVER belongs to the call.
#[derive(Debug)]
struct Call {
    before: &'static str,
    call: String,
    after: String,
    ty: Type,
    nullable: bool,
}

impl Call {
    fn bare(call: String, ty: Type, nullable: bool) -> Self {
        Self { before: "", call, after: String::new(), ty, nullable }
    }

    /// A call that is the whole expression.
    fn whole(expression: &Expression) -> Self {
        let sql = match &expression.body {
            Body::Sql(sql) | Body::Condition(sql) => sql.clone(),
            Body::Parameter(_) => String::new(),
        };
        Self::bare(sql, expression.ty.clone(), expression.nullable)
    }

    /// Variances by sums from which rows can be taken away.
    fn move_sums(&mut self) {
        for kind in ["var_", "stddev_"] {
            if let Some(rest) = self.call.strip_prefix(&format!("\"mysql\".{kind}")) {
                self.call = format!("\"mysql\".moving_{kind}{rest}");
                return;
            }
        }
    }

    fn finish(self, over: &str) -> Expression {
        let Self { before, call, after, ty, nullable } = self;
        Expression::sql(format!("{before}{call}{over}{after}"), ty, nullable)
    }
}

impl Lowering<'_> {
    pub(super) fn aggregate(
        &mut self,
        name: &str,
        function: &Function,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        if place.aggregates == Aggregates::Forbidden && (place.inside || place.scope.parent.is_none()) {
            return Err(SqlError::misplaced_aggregate());
        }
        let around = self.innermost.take();
        let call = self.aggregate_call(name, function, place.inside_aggregate());
        let own = self.innermost;
        self.innermost = around.max(own);
        // An aggregate over columns of a surrounding query only is computed there.
        let depth = own.unwrap_or(place.scope.depth).min(place.scope.depth);
        let mut at = place;
        while at.scope.depth > depth
            && let Some(parent) = at.scope.parent
        {
            at = parent;
        }
        if at.aggregates == Aggregates::Forbidden {
            return Err(if depth == place.scope.depth || at.inside {
                SqlError::misplaced_aggregate()
            } else {
                SqlError::unsupported("an aggregate of a surrounding query that can't be computed there")
            });
        }
        self.count_aggregate(depth);
        Ok(call?.finish(""))
    }

    fn aggregate_call(&mut self, name: &str, function: &Function, inside: Place<'_>) -> Result<Call, SqlError> {
        let FunctionArguments::List(list) = &function.args else { return Err(SqlError::argument_count(name)) };
        let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        if name == "COUNT" {
            return self.count(list, distinct, inside);
        }
        if name == "GROUP_CONCAT" {
            return self.group_concat(list, distinct, inside);
        }
        let arguments = plain_arguments(&list.args)?;
        if name.starts_with("JSON_") {
            if distinct {
                return Err(SqlError::syntax("DISTINCT", 1));
            }
            let values =
                arguments.iter().map(|argument| self.lower(argument, inside)).collect::<Result<Vec<_>, _>>()?;
            let (before, after) = if may_be_deep(&values) { (SHALLOW, ")") } else { ("", "") };
            let call = Call::whole(&self.json_aggregate(name, &values)?);
            return Ok(Call { before, after: after.to_owned(), ..call });
        }
        let [argument] = arguments.as_slice() else { return Err(SqlError::syntax(")", 1)) };
        let value = self.lower(argument, inside)?;
        geometry::refuse_shapes_of(name, std::slice::from_ref(&value))?;
        let word = if distinct { "DISTINCT " } else { "" };
        self.reduce(name, word, &value)
    }

    /// An aggregate of one value; `word` is `DISTINCT ` or empty.
    fn reduce(&mut self, name: &str, word: &str, value: &Expression) -> Result<Call, SqlError> {
        let exact = matches!(value.ty.class, Class::Integer | Class::Decimal);
        match name {
            "SUM" if exact => {
                let (sql, small) = self.summand(value)?;
                let ty = Type::decimal((value.ty.precision() + 22).min(65), value.ty.decimals);
                let after = if small { "::numeric".to_owned() } else { String::new() };
                Ok(Call { before: "", call: format!("sum({word}{sql})"), after, ty, nullable: true })
            }
            "AVG" if exact => {
                let (mut sql, _) = self.summand(value)?;
                let more = self.context.given.quotient_digits();
                let scale = value.ty.decimals.saturating_add(more).min(30);
                // PostgreSQL's average has digits for four more, or as many as its values; nothing may be rounded twice.
                if more > 4 {
                    sql = format!("round(({sql})::numeric, {})", u32::from(scale) + 12);
                }
                let cut = quotient_is_cut((value.ty.decimals, 0), more, scale);
                Ok(Call {
                    before: if cut { "trunc(" } else { "round(" },
                    call: format!("avg({word}{sql})"),
                    after: format!(", {scale})"),
                    ty: Type::decimal(value.ty.precision() + u32::from(more), scale),
                    nullable: true,
                })
            }
            "SUM" | "AVG" => {
                let sql = self.render(value, Carrier::Float8)?;
                let more = if name == "AVG" { self.context.given.quotient_digits() } else { 0 };
                let decimals = if value.ty.class == Class::Real { value.ty.decimals } else { super::types::NOT_FIXED };
                let ty = Type::fixed_double(decimals.saturating_add(more));
                Ok(Call::bare(format!("{}({word}{sql})", name.to_ascii_lowercase()), ty, true))
            }
            "MIN" | "MAX" => self.extreme(&name.to_ascii_lowercase(), value),
            "STD" | "STDDEV" | "STDDEV_POP" | "STDDEV_SAMP" | "VARIANCE" | "VAR_POP" | "VAR_SAMP" => {
                let function = match name {
                    "STDDEV_SAMP" => "stddev_samp",
                    "VARIANCE" | "VAR_POP" => "var_pop",
                    "VAR_SAMP" => "var_samp",
                    _population => "stddev_pop",
                };
                let sql = self.render(value, Carrier::Float8)?;
                Ok(Call::bare(format!("\"mysql\".{function}({word}{sql})"), Type::double(), true))
            }
            "BIT_AND" | "BIT_OR" | "BIT_XOR" if value.ty.class == Class::Bytes && value.constant().is_some() => {
                Err(SqlError::unsupported(format_args!("{name} of a binary constant")))
            }
            "BIT_AND" | "BIT_OR" | "BIT_XOR" if value.ty.class == Class::Bytes => self.binary_bits(name, value, word),
            "BIT_AND" | "BIT_OR" | "BIT_XOR" => {
                let sql = match value.ty.class {
                    Class::Integer if value.ty.carrier != Carrier::Numeric => self.render(value, Carrier::Int8)?,
                    _other => format!("\"mysql\".to_bits({})", self.signed_bits(value)?),
                };
                let empty = if name == "BIT_AND" { "-1" } else { "0" };
                let ty = Type { unsigned: true, carrier: Carrier::Numeric, ..Type::integer(21) };
                Ok(Call {
                    before: "\"mysql\".to_unsigned(COALESCE(",
                    call: format!("{}({word}{sql})", name.to_ascii_lowercase()),
                    after: format!(", {empty}))"),
                    ty,
                    nullable: false,
                })
            }
            other => Err(SqlError::unsupported(format_args!("aggregate {other}"))),
        }
    }

    /// BIT_AND, BIT_OR and BIT_XOR of binary strings: of none, as long as the longest may be.
    fn binary_bits(&mut self, name: &str, value: &Expression, word: &str) -> Result<Call, SqlError> {
        let length = value.ty.length;
        if length > 511 {
            let text = "Aggregate bitwise functions cannot accept arguments longer than 511 bytes; consider using the \
                        SUBSTRING() function";
            return Err(SqlError::new(3514, "HY000", text.to_owned()));
        }
        let sql = self.render(value, Carrier::Bytes)?;
        let kind = name.trim_start_matches("BIT_").to_ascii_lowercase();
        let fill = if name == "BIT_AND" { "ff" } else { "00" };
        Ok(Call {
            before: "COALESCE(",
            call: format!("\"mysql\".all_{kind}({word}{sql})"),
            after: format!(", decode(repeat('{fill}', {length}), 'hex'))"),
            ty: Type::bytes(length),
            nullable: false,
        })
    }

    /// An exact number to be added up, and whether PostgreSQL's sum of it is a bigint. Whole numbers are added as they
    /// are: PostgreSQL's sums of them are exact and cost a fraction of those of numerics.
    fn summand(&mut self, value: &Expression) -> Result<(String, bool), SqlError> {
        let own = value.ty.carrier;
        match own {
            Carrier::Int2 | Carrier::Int4 => Ok((self.render(value, own)?, true)),
            Carrier::Int8 => Ok((self.render(value, own)?, false)),
            _other => Ok((self.render(value, Carrier::Numeric)?, false)),
        }
    }

    /// MIN and MAX.
    fn extreme(&mut self, function: &str, value: &Expression) -> Result<Call, SqlError> {
        if value.ty.class == Class::Json {
            let sql = self.own(value)?;
            return Ok(Call::bare(format!("\"mysql\".json_{function}({sql})"), super::json::json_result(), true));
        }
        let flags = value.ty.flags & !(flag::NOT_NULL | flag::PRI_KEY | flag::UNIQUE_KEY | flag::MULTIPLE_KEY);
        let ty = if value.ty.is_text() {
            Type { flags, decimals: super::types::NOT_FIXED, ..value.ty.clone() }
        } else {
            Type { flags: flags | flag::BINARY, ..value.ty.clone() }
        };
        let sql = self.comparable(value)?;
        Ok(match (&value.body, value.ty.carrier) {
            // PostgreSQL compares bytes but has no MIN and MAX of them.
            (_, Carrier::Bytes) => Call {
                before: "decode(",
                call: format!("{function}(encode({sql}, 'hex') COLLATE \"C\")"),
                after: ", 'hex')".to_owned(),
                ty,
                nullable: true,
            },
            (_, _) if ignores_blanks(&value.ty) => Call {
                before: "\"mysql\".kept(",
                call: format!("{function}({sql})"),
                after: ")".to_owned(),
                ty,
                nullable: true,
            },
            (_, _) => Call::bare(format!("{function}({sql})"), ty, true),
        })
    }

    fn count(&mut self, list: &FunctionArgumentList, distinct: bool, place: Place<'_>) -> Result<Call, SqlError> {
        let counted = |sql: String| Ok(Call::bare(sql, Type::integer(21), false));
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
            (_, _) => Err(SqlError::syntax("", 1)),
        }
    }

    fn group_concat(
        &mut self,
        list: &FunctionArgumentList,
        distinct: bool,
        place: Place<'_>,
    ) -> Result<Call, SqlError> {
        self.deterministic("GROUP_CONCAT")?;
        let arguments = plain_arguments(&list.args)?;
        let (mut parts, mut collation, mut documents) = (Vec::with_capacity(arguments.len()), None, Vec::new());
        let mut binary = false;
        for argument in &arguments {
            let value = self.lower(argument, place)?;
            // Documents are text that is compared by bytes.
            let own = if value.ty.class == Class::Json {
                self.json_characters(0).collation
            } else {
                value.ty.collation.clone()
            };
            binary |= value.ty.class == Class::Json;
            collation = collation.or(own);
            parts.push(self.text(&value)?);
            if distinct && arguments.len() == 1 && value.ty.class == Class::Json {
                documents.push((self.stored_document(&value)?, ""));
            }
        }
        let (mut separator, mut order) = (",".to_owned(), Vec::new());
        for clause in &list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(items) => {
                    for item in items {
                        let expr = super::select::position(&item.expr).map_or(Some(&item.expr), |position| {
                            position.checked_sub(1).and_then(|at| arguments.get(at).copied())
                        });
                        let Some(expr) = expr else {
                            return Err(SqlError::unknown_column(&item.expr.to_string(), "order clause"));
                        };
                        let value = self.lower(expr, place)?;
                        let key = if value.ty.class == Class::Json {
                            self.stored_document(&value)?
                        } else {
                            self.sort_key(&value)?
                        };
                        order.push((key, direction(item, value.nullable)));
                    }
                }
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
        if order.is_empty() {
            // MySQL tells documents apart in a tree.
            order = documents;
        }
        let most = self.parameter(&ParameterSource::Variable("group_concat_max_len".to_owned()), Carrier::Int8.oid());
        let (text, separator) = (parts.join(" || "), quote::literal(&separator));
        let name = collation.as_ref().map_or(self.context.collation.clone(), |own| own.name.clone());
        let call = if distinct {
            self.distinct_concat(&format!("({text}) COLLATE {}", self.collation_sql(&name)?), &separator, &order)
        } else {
            let order: Vec<String> = order.iter().map(|(key, towards)| format!("{key}{towards}")).collect();
            let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
            format!("string_agg({text}, {separator}{order})")
        };
        let ty = Type {
            collation: collation.or(Type::text(0, &name).collation),
            field: FieldType::LongBlob,
            flags: if binary { flag::BINARY } else { 0 },
            ..Type::text(16_384, &name)
        };
        Ok(Call { before: "\"mysql\".cut_group(", call, after: format!(", {most})"), ty, nullable: true })
    }

    /// What MySQL sorts documents by inside GROUP_CONCAT: the bytes in which it stores them.
    fn stored_document(&mut self, value: &Expression) -> Result<String, SqlError> {
        Ok(format!("\"mysql\".json_bytes({})", self.own(value)?))
    }

    /// Each text once: in the order of its first row, or of the keys of that row.
    fn distinct_concat(&self, text: &str, separator: &str, order: &[(String, &'static str)]) -> String {
        let (mut arrays, mut names, mut kept, mut keys) = (String::new(), String::new(), String::new(), Vec::new());
        for (at, (key, towards)) in order.iter().enumerate() {
            arrays.push_str(&format!(", array_agg({key})"));
            names.push_str(&format!(", k{at}"));
            kept.push_str(&format!(", (array_agg(k{at} ORDER BY n))[1] AS k{at}"));
            keys.push(format!("k{at}{towards}"));
        }
        keys.push("n".to_owned());
        format!(
            "(SELECT string_agg(t, {separator} ORDER BY {}) FROM (SELECT t, min(n) AS n{kept} FROM \
             unnest(array_agg({text}){arrays}) WITH ORDINALITY AS members (t{names}, n) GROUP BY t) AS texts)",
            keys.join(", ")
        )
    }

    /// A value for GROUP BY, DISTINCT, MIN, MAX and ORDER BY: character data says its collation where PostgreSQL
    /// doesn't find the right one by itself, and is of the type that ignores trailing blanks where they don't count.
    /// What shows such a value shows it as [`kept`].
    pub(super) fn comparable(&mut self, value: &Expression) -> Result<String, SqlError> {
        let sql = self.own(value)?;
        let pads = if ignores_blanks(&value.ty) { "::bpchar" } else { "" };
        match (&value.ty.collation, value.ty.class, &value.origin) {
            (Some(collation), Class::Text, None) => {
                Ok(format!("({sql}{pads} COLLATE {})", self.collation_sql(&collation.name)?))
            }
            (Some(_), Class::Text, Some(_)) => Ok(format!("{sql}{pads}")),
            (_, Class::Json, _) => Ok(format!("\"mysql\".json_grouped({sql})")),
            // What IF and CASE choose has the digits of all branches once it's in a temporary table.
            (_, Class::Decimal, None) if sql.starts_with("(CASE WHEN ") => {
                Ok(format!("round({sql}, {})", value.ty.decimals))
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
                    let mut list: Vec<String> = labels.iter().map(|label| quote::literal(label)).collect();
                    if !labels.iter().any(String::is_empty) {
                        // What isn't one of them is kept as the empty text, which comes before them all.
                        list.insert(0, "''".to_owned());
                    }
                    Ok(format!("array_position(ARRAY[{}]::text[], {sql} COLLATE \"C\")", list.join(", ")))
                }
                crate::schema::ColumnType::Set { labels } => {
                    let list: Vec<String> = labels.iter().map(|label| quote::literal(label)).collect();
                    Ok(format!("\"mysql\".set_number({sql}, ARRAY[{}]::text[])", list.join(", ")))
                }
                _other => Err(SqlError::unsupported("ORDER BY this type")),
            };
        }
        if matches!(value.body, Body::Parameter(_)) {
            // PostgreSQL takes a bare constant for a position.
            return Ok(format!("({})", self.comparable(value)?));
        }
        self.comparable(value)
    }
}

/// Whether values of a type are the same without their trailing blanks. Labels have none.
pub(super) fn ignores_blanks(ty: &Type) -> bool {
    ty.class == Class::Text
        && !ty.is_enum()
        && ty.collation.as_ref().is_some_and(|own| crate::schema::collation::pads_blanks(&own.name))
}

/// A [`Lowering::comparable`] value as it's shown: with the blanks that it has.
pub(super) fn kept(ty: &Type, sql: &str) -> String {
    if ignores_blanks(ty) { format!("\"mysql\".kept({sql})") } else { sql.to_owned() }
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
