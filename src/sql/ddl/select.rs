//! CREATE TABLE … SELECT: the columns that a query gives a table, and the INSERT that fills it.
//!
//! A column that the query merely names keeps its definition, without AUTO_INCREMENT and generation. Any other gets the
//! type of its expression by the rules of MySQL's temporary tables (`create_tmp_field`): INT below ten digits, TEXT above
//! 512 characters, zero as the default of what can't be NULL.

use sqlparser::ast::{Expr, Query, SelectItem, SetExpr, Statement};

use super::super::dialect::{Modes, Source};
use super::super::expression::Lowering;
use super::super::plan::{Context, DdlPlan, Parameter, ParameterSource, Plan, SqlError};
use super::super::select::{Derived, DerivedColumn};
use super::super::types::{Class, Coercibility, NOT_FIXED, Type};
use super::cursor::Cursor;
use super::draft::{Draft, DraftColumn};
use super::scope::Scope;
use super::types::text_of_plain;
use std::sync::Arc;

use crate::schema::{Column, ColumnDefault, ColumnType, Table, column_type};
use crate::wire::FieldType;
use crate::wire::constants::column_flags as flag;

/// The query behind CREATE TABLE.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    /// The SELECT as written.
    pub(super) text: String,
    /// `INSERT`, `INSERT IGNORE` or `REPLACE`.
    pub(super) verb: &'static str,
}

/// The new table's name in the INSERT that fills it: MySQL's names hold no character beyond U+FFFF.
const TARGET: &str = "\u{10ffff}";

/// Most characters of an expression that become VARCHAR.
const LONGEST_VARCHAR: u32 = 512;

/// Reads `[IGNORE | REPLACE] [AS] SELECT …`; `None` when the statement ends here.
pub(super) fn selection(cursor: &mut Cursor<'_>) -> Result<Option<Selection>, SqlError> {
    if cursor.at_end() {
        return Ok(None);
    }
    let verb = if cursor.take("ignore") {
        "INSERT IGNORE"
    } else if cursor.take("replace") {
        "REPLACE"
    } else {
        "INSERT"
    };
    cursor.take("as");
    if !cursor.begins_query() {
        return Err(cursor.syntax());
    }
    Ok(Some(Selection { text: cursor.rest().to_owned(), verb }))
}

/// What a query's columns are.
pub(super) fn analysed(text: &str, context: &Context) -> Result<Derived, SqlError> {
    reading(text, context).map(|reading| reading.derived)
}

/// A query, and what it reads that a view mustn't.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) derived: Derived,
    /// It has a `?` or a variable in it.
    pub(super) variables: bool,
    /// The first temporary table that it reads.
    pub(super) temporary: Option<String>,
    pub(super) query: Box<Query>,
    /// Positions of columns whose names nobody wrote.
    pub(super) untitled: Vec<usize>,
}

/// The same, and what the query reads.
pub(super) fn reading(text: &str, context: &Context) -> Result<Reading, SqlError> {
    let modes = Modes::parse(&context.sql_mode);
    let source = Source::read(text, modes)?;
    if source.measure()? {
        return Err(SqlError::unsupported("a query this deep in a definition"));
    }
    let (statement, _) = source.parse_tokens(&source.tokens, modes)?;
    let Statement::Query(query) = statement else {
        return Err(SqlError::syntax(text, 1));
    };
    let mut lowering = Lowering::new(context, modes, &source);
    let derived = lowering.query(&query, None)?;
    let variable = |parameter: &Parameter| {
        matches!(
            parameter.source,
            ParameterSource::Client(_) | ParameterSource::UserVariable(_) | ParameterSource::Variable(_)
        )
    };
    let variables = lowering.parameters.iter().any(variable);
    let untitled = untitled(&query.body, derived.columns.len());
    Ok(Reading { derived, variables, temporary: lowering.temporary, query, untitled })
}

/// Where the select list has neither an alias nor a column's name.
fn untitled(body: &SetExpr, width: usize) -> Vec<usize> {
    match body {
        SetExpr::Select(select) if select.projection.len() == width => {
            let own = |item: &SelectItem| match item {
                SelectItem::UnnamedExpr(expr) => !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)),
                _titled => false,
            };
            select.projection.iter().enumerate().filter(|(_, item)| own(item)).map(|(at, _)| at).collect()
        }
        SetExpr::SetOperation { left, .. } => untitled(left, width),
        SetExpr::Query(inner) => untitled(&inner.body, width),
        _other => Vec::new(),
    }
}

/// Adds the query's columns to the draft: one that the statement also defines takes that definition and comes here.
pub(super) fn add_columns(draft: &mut Draft, derived: &Derived, scope: &Scope<'_>) -> Result<(), SqlError> {
    for (at, selected) in derived.columns.iter().enumerate() {
        super::names::column(&selected.name)?;
        let twice = |other: &DerivedColumn| other.name.eq_ignore_ascii_case(&selected.name);
        if derived.columns.iter().take(at).any(twice) {
            return Err(SqlError::new(1060, "42S21", format!("Duplicate column name '{}'", selected.name)));
        }
        let column = match draft.position(&selected.name) {
            Some(defined) => draft.columns.remove(defined),
            None => DraftColumn { origin: None, column: column_of(selected, scope)?, explicit_null: false },
        };
        draft.columns.push(column);
    }
    Ok(())
}

/// The INSERT into the new table.
pub(super) fn fill(
    plan: &mut DdlPlan,
    table: &Arc<Table>,
    derived: &Derived,
    selection: &Selection,
    scope: &Scope<'_>,
) -> Result<(), SqlError> {
    if scope.replays() {
        return Err(SqlError::unsupported("replay of CREATE TABLE … SELECT"));
    }
    let mut catalogue = (*scope.context.catalogue).clone();
    // The query may read another table of that name, so the new one goes by a name that no text can spell.
    catalogue.session.name_target(&table.title().database, TARGET, table);
    let context = Context { catalogue: Arc::new(catalogue), ..scope.context.clone() };
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let columns: Vec<String> = derived.columns.iter().map(|column| quoted(&column.name)).collect();
    let text = format!(
        "{} INTO {}.{} ({}) {}",
        selection.verb,
        quoted(&table.title().database),
        quoted(TARGET),
        columns.join(", "),
        selection.text
    );
    match super::super::rewrite(&text, &context)? {
        Plan::Write(write) => {
            plan.fill = Some(Box::new(write));
            Ok(())
        }
        Plan::Query(_) | Plan::Ddl(_) | Plan::Session(_) => Err(SqlError::unsupported("this CREATE TABLE … SELECT")),
    }
}

/// The column that a table gets from one of a query.
pub(super) fn column_of(selected: &DerivedColumn, scope: &Scope<'_>) -> Result<Column, SqlError> {
    if let Some(definition) = selected.origin.as_ref().and_then(|origin| origin.column()) {
        let mut column = definition.clone();
        column.name.clone_from(&selected.name);
        if column.auto_increment {
            column.default = ColumnDefault::Constant("0".to_owned());
        }
        if column.generated.is_some() && !column.nullable {
            column.default = implicit(&column.column_type, scope);
        }
        column.auto_increment = false;
        column.generated = None;
        if matches!(column.default, ColumnDefault::Expression(_)) {
            column.default = implicit(&column.column_type, scope);
            column.default_sql = String::new();
        }
        column.invisible = false;
        if selected.nullable && !column.nullable {
            column.nullable = true;
            if column.default == ColumnDefault::None {
                column.default = ColumnDefault::Null;
            }
        }
        return Ok(column);
    }
    let (column_type, text) = type_of(&selected.ty);
    let character = crate::schema::types::is_character(&column_type);
    let collation = selected.ty.collation.as_ref().filter(|_| character).map(|own| own.name.clone());
    let charset = collation.as_deref().map(|name| name.split('_').next().unwrap_or(name).to_owned());
    let default = if selected.nullable { ColumnDefault::Null } else { implicit(&column_type, scope) };
    let default = match (&default, &column_type, selected.ty.decimals) {
        (ColumnDefault::Constant(zero), ColumnType::Decimal { scale, .. }, _) if *scale > 0 => {
            ColumnDefault::Constant(format!("{zero}.{}", "0".repeat(usize::from(*scale))))
        }
        (ColumnDefault::Constant(zero), ColumnType::Double { .. } | ColumnType::Float { .. }, decimals)
            if decimals < NOT_FIXED && decimals > 0 && text.contains('(') =>
        {
            ColumnDefault::Constant(format!("{zero}.{}", "0".repeat(usize::from(decimals))))
        }
        (_, _, _) => default,
    };
    Ok(Column {
        name: selected.name.clone(),
        column_type,
        type_text: text,
        nullable: selected.nullable,
        default,
        on_update_now: None,
        auto_increment: false,
        generated: None,
        charset,
        collation,
        comment: String::new(),
        invisible: false,
        explicit_collation: false,
        default_sql: String::new(),
    })
}

/// The default of a column that can't be NULL.
fn implicit(column_type: &ColumnType, scope: &Scope<'_>) -> ColumnDefault {
    use ColumnType as T;
    let zero_dates = !scope.context.sql_mode.to_ascii_uppercase().contains("NO_ZERO_DATE");
    let constant = |text: &str| ColumnDefault::Constant(text.to_owned());
    match column_type {
        T::TinyInt { .. }
        | T::SmallInt { .. }
        | T::MediumInt { .. }
        | T::Int { .. }
        | T::BigInt { .. }
        | T::Decimal { .. }
        | T::Float { .. }
        | T::Double { .. } => constant("0"),
        T::Bit { .. } => constant("b'0'"),
        T::Year => constant("0000"),
        T::Char { .. } | T::VarChar { .. } | T::VarBinary { .. } => constant(""),
        T::Time { fraction: 0 } => constant("00:00:00"),
        T::Time { fraction } => constant(&format!("00:00:00.{}", "0".repeat(usize::from(*fraction)))),
        T::Date if zero_dates => constant("0000-00-00"),
        T::DateTime { fraction: 0 } | T::Timestamp { fraction: 0 } if zero_dates => constant("0000-00-00 00:00:00"),
        T::Date
        | T::DateTime { .. }
        | T::Timestamp { .. }
        | T::Binary { .. }
        | T::TinyText
        | T::Text
        | T::MediumText
        | T::LongText
        | T::TinyBlob
        | T::Blob
        | T::MediumBlob
        | T::LongBlob
        | T::Geometry { .. }
        | T::Enum { .. }
        | T::Set { .. }
        | T::Json
        | T::Unsupported { .. } => ColumnDefault::None,
    }
}

/// True for character data whose collation is a column's.
fn is_stored(ty: &Type) -> bool {
    ty.collation.as_ref().is_some_and(|own| own.coercibility == Coercibility::Column)
}

/// The type of a column that holds the expression's values, and its text.
fn type_of(ty: &Type) -> (ColumnType, String) {
    use ColumnType as T;
    let unsigned = ty.unsigned || ty.flags & flag::UNSIGNED != 0;
    let fraction = if ty.decimals > 6 { 0 } else { ty.decimals };
    let found = match ty.class {
        Class::Null | Class::Open => T::VarBinary { length: 0 },
        Class::Integer => match ty.field {
            FieldType::Tiny => T::TinyInt { unsigned, width: (ty.length == 1).then_some(1) },
            FieldType::Short => T::SmallInt { unsigned },
            FieldType::Int24 => T::MediumInt { unsigned },
            FieldType::Long => T::Int { unsigned },
            FieldType::Year => T::Year,
            FieldType::Bit => T::Bit { bits: u8::try_from(ty.length).unwrap_or(64) },
            _other if ty.length < 10 => T::Int { unsigned },
            _other => T::BigInt { unsigned },
        },
        Class::Decimal => {
            let precision = u8::try_from(ty.precision()).unwrap_or(65).min(65);
            T::Decimal { precision: precision.max(ty.decimals).max(1), scale: ty.decimals.min(30), unsigned }
        }
        Class::Real if ty.field == FieldType::Float => T::Float { unsigned },
        Class::Real => T::Double { unsigned },
        // MIN and MAX have the type of their column.
        Class::Text if ty.field == FieldType::String && is_stored(ty) && !ty.is_enum() => T::Char { length: ty.length },
        Class::Text if ty.length <= LONGEST_VARCHAR => T::VarChar { length: ty.length },
        Class::Text if ty.length <= 16_383 => T::Text,
        Class::Text => T::LongText,
        Class::Bytes if ty.length <= LONGEST_VARCHAR => T::VarBinary { length: ty.length },
        Class::Bytes if ty.length <= 65_535 => T::Blob,
        Class::Bytes => T::LongBlob,
        // GREATEST and LEAST of dates among text.
        Class::Date | Class::DateTime if ty.field == FieldType::VarString => T::VarChar { length: ty.length },
        Class::Date => T::Date,
        Class::DateTime if ty.field == FieldType::Timestamp => T::Timestamp { fraction },
        Class::DateTime => T::DateTime { fraction },
        Class::Time => T::Time { fraction },
        Class::Json => T::Json,
    };
    let mut text = text_of_plain(&found);
    if ty.class == Class::Real && ty.decimals < NOT_FIXED && ty.decimals > 0 {
        // A computed DOUBLE has room for every number, whatever the expression's length.
        let (name, least) = if ty.field == FieldType::Float { ("float", 1) } else { ("double", 22) };
        text = format!("{name}({},{})", ty.length.max(least), ty.decimals);
        return (column_type(&text), text);
    }
    (found, text)
}
