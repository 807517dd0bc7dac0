//! Variables and `?` in expressions, and the types that they have.

use super::*;
use crate::sql::plan::VariableKind;
use crate::sql::system;
use crate::sql::types::{Coercibility, Collation};
use crate::wire::FieldType;

/// Characters of the longest text that a user variable can hold in utf8mb4, as MySQL describes it.
const LONGEST_TEXT: u32 = 67_108_860;
/// Bytes of the longest value that MySQL describes a user variable with.
const LONGEST_BYTES: u32 = 16_777_215;
/// Characters of a text given for `?`.
pub(in crate::sql) const LONGEST_PARAMETER: u32 = 16_383;

impl Lowering<'_> {
    /// `?` whose value EXECUTE … USING gives.
    pub(super) fn given_parameter(&self, position: usize) -> Option<Expression> {
        let value = self.context.given.parameters.as_ref()?.get(position)?;
        let ty = match value {
            // Unlike a user variable's, it's read as what it meets.
            Value::Int(_) => Type::integer(20),
            Value::UInt(_) => Type { unsigned: true, carrier: integer_carrier(value), ..Type::integer(21) },
            Value::Float(_) | Value::Double(_) => Type::double(),
            Value::Decimal(_) => Type::decimal(65, 30),
            Value::Null
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::Date(_)
            | Value::DateTime(..)
            | Value::Time { .. } => Type::text(LONGEST_PARAMETER, &self.context.collation),
        };
        Some(Expression { nullable: true, ..Expression::literal(value.clone(), ty) })
    }

    /// A routine's local variable: a value of its type.
    pub(in crate::sql) fn local(slot: usize, column: &crate::schema::Column) -> Result<Expression, SqlError> {
        let unsupported = || SqlError::unsupported(format_args!("type {}", column.type_text));
        let ty = Type::of_column(column).ok_or_else(unsupported)?;
        Ok(Expression::source(ParameterSource::Local(slot), ty, true))
    }

    /// The local variable that a name is, where a routine's statement sees one of that name.
    pub(super) fn local_variable(&self, parts: &[Ident]) -> Result<Option<Expression>, SqlError> {
        let Some(locals) = &self.context.given.locals else { return Ok(None) };
        let found = match parts {
            [name] => locals.variable(&name.value),
            [row, column] => locals.row_column(&row.value, &column.value)?,
            _longer => None,
        };
        let Some((slot, column)) = found else { return Ok(None) };
        let local = Self::local(slot, column)?;
        let body = if locals.in_server { Body::Sql(locals.in_server_name(slot)?) } else { local.body };
        Ok(Some(Expression { body, ..local }))
    }

    /// `@name`: its value when it's known, else what it is at execution.
    pub(super) fn user_variable(&self, name: String) -> Expression {
        let Some(variables) = &self.context.given.variables else {
            let ty = Type { class: Class::Open, ..Type::text(LONGEST_PARAMETER, &self.context.collation) };
            return Expression::source(ParameterSource::UserVariable(name), ty, true);
        };
        let Some(variable) = variables.get(&name) else {
            return Expression::literal(Value::Null, Type::bytes(65_532));
        };
        let ty = match &variable.kind {
            VariableKind::Integer { unsigned } => {
                Type { unsigned: *unsigned, carrier: integer_carrier(&variable.value), ..Type::integer(21) }
            }
            VariableKind::Decimal => Type::decimal(65, 30),
            VariableKind::Real => Type::double(),
            VariableKind::Binary => Type { field: FieldType::MediumBlob, ..Type::bytes(LONGEST_BYTES) },
            VariableKind::Text(collation) => {
                let wide = collation.starts_with("utf8");
                let (length, field) =
                    if wide { (LONGEST_TEXT, FieldType::LongBlob) } else { (LONGEST_BYTES, FieldType::MediumBlob) };
                let coercibility = Coercibility::Column;
                Type {
                    field,
                    collation: Some(Collation { name: collation.clone(), coercibility }),
                    ..Type::text(length, collation)
                }
            }
        };
        Expression { nullable: true, ..Expression::literal(variable.value.clone(), ty) }
    }

    /// `@@name`, `@@global.name`, `@@session.name`.
    pub(super) fn system_variable(&self, first: &str, rest: &[Ident]) -> Result<Expression, SqlError> {
        let first = first.to_ascii_lowercase();
        let (scope, name) = match rest {
            [] => ("", first),
            [name] if ["global", "session", "local"].contains(&first.as_str()) => {
                (first.as_str(), name.value.to_ascii_lowercase())
            }
            parts => {
                let rest = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
                return Err(system::unknown(&format!("{first}.{rest}")));
            }
        };
        let variable = system::variable(&name).ok_or_else(|| system::unknown(&name))?;
        let wrong = |kind: &str| SqlError::new(1238, "HY000", format!("Variable '{name}' is a {kind} variable"));
        match (scope, variable.scope) {
            ("global", system::Scope::Session) => return Err(wrong("SESSION")),
            ("session" | "local", system::Scope::Global) => return Err(wrong("GLOBAL")),
            (_, _) => {}
        }
        let name = if scope == "global" { format!("global.{name}") } else { name.clone() };
        let ty = variable.expression_type(&self.context.collation);
        Ok(Expression::source(ParameterSource::Variable(name), ty, true))
    }
}

/// PostgreSQL's type for an integer: bigint as long as it fits.
fn integer_carrier(value: &Value) -> Carrier {
    match value {
        Value::UInt(number) if i64::try_from(*number).is_err() => Carrier::Numeric,
        _fits => Carrier::Int8,
    }
}
