//! Functions that compare their arguments: FIELD, INTERVAL, GREATEST, LEAST; and those that tell about a value's
//! character set.

use crate::value::Value;
use crate::wire::FieldType;

use super::super::aggregate::{ignores_blanks, kept};
use super::super::calendar::Kind;
use super::super::charset;
use super::super::expression::{Expression, Lowering};
use super::super::plan::SqlError;
use super::super::types::{Carrier, Class, Type};

fn is_number(side: &Expression) -> bool {
    matches!(side.ty.class, Class::Integer | Class::Decimal | Class::Real)
}

impl Lowering<'_> {
    pub(super) fn choosing_function(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Option<Expression>, SqlError> {
        Ok(Some(match (name, arguments) {
            ("FIELD", [wanted, list @ ..]) if !list.is_empty() => self.field_of(wanted, list)?,
            ("INTERVAL", [wanted, list @ ..]) if !list.is_empty() => self.interval_of(wanted, list)?,
            ("STRCMP", [left, right]) if [left, right].iter().all(|side| side.ty.class == Class::Text) => {
                self.common_collation(left, right, "strcmp")?;
                let (equal, less) = (self.compare("=", left, right)?, self.compare("<", left, right)?);
                let sql = format!("(CASE WHEN {equal} THEN 0 WHEN {less} THEN -1 WHEN NOT {less} THEN 1 END)::int8");
                Expression::sql(sql, Type::integer(2), left.nullable || right.nullable)
            }
            ("GREATEST" | "LEAST", [_, _, ..]) => self.extreme_of(name, arguments)?,
            ("CHARSET" | "COLLATION", [value]) => {
                let collation = match (value.ty.class, &value.ty.collation) {
                    (Class::Text, Some(collation)) => collation.name.clone(),
                    (Class::Open, _) => return Err(SqlError::unsupported(format_args!("{name} of a parameter"))),
                    (_, _) => "binary".to_owned(),
                };
                let shown = if name == "CHARSET" { charset::of_collation(&collation).to_owned() } else { collation };
                let ty = Type::text(64, "utf8mb3_general_ci");
                Expression { nullable: false, ..Expression::literal(Value::Text(shown), ty) }
            }
            ("COERCIBILITY", [value]) => {
                let number = match (value.ty.class, &value.ty.collation) {
                    (Class::Null, _) => 6,
                    (Class::Text, Some(collation)) => collation.coercibility.number(),
                    (Class::Open, _) => return Err(SqlError::unsupported("COERCIBILITY of a parameter")),
                    (Class::Bytes, _) if value.origin.is_some() => 2,
                    (Class::Bytes | Class::Text, _) => 4,
                    (_, _) if value.origin.is_some() => 5,
                    (_, _) => 5,
                };
                Expression::literal(Value::Int(number), Type::integer(10))
            }
            (_, _) => return Ok(None),
        }))
    }

    /// All text is compared as text, all numbers as numbers, anything else as doubles.
    fn field_of(&mut self, wanted: &Expression, list: &[Expression]) -> Result<Expression, SqlError> {
        let all = || std::iter::once(wanted).chain(list);
        let uniform = all().all(is_number) || !all().any(is_number);
        let doubled = |lowering: &mut Self, side: &Expression| -> Result<Expression, SqlError> {
            if uniform || side.is_null() {
                return Ok(side.clone());
            }
            Ok(Expression::sql(lowering.render(side, Carrier::Float8)?, Type::double(), side.nullable))
        };
        let wanted = doubled(self, wanted)?;
        let mut sql = String::from("CASE");
        for (at, item) in list.iter().enumerate() {
            let mut item = doubled(self, item)?;
            if item.ty.is_text() && wanted.ty.is_text() && wanted.ty.collation.is_some() {
                // The first argument says how all are compared, even with a column of a binary collation.
                let named = wanted
                    .ty
                    .collation
                    .as_ref()
                    .filter(|own| item.ty.collation.as_ref().is_some_and(|other| other.name != own.name));
                if let Some(named) = named {
                    item = self.under_collation(&item, named.clone())?;
                }
            }
            sql.push_str(&format!(" WHEN {} THEN {}", self.compare("=", &wanted, &item)?, at + 1));
        }
        Ok(Expression::sql(format!("({sql} ELSE 0 END)::int8"), Type::integer(3), false))
    }

    /// How many of the ascending numbers aren't above the first.
    fn interval_of(&mut self, wanted: &Expression, list: &[Expression]) -> Result<Expression, SqlError> {
        let wanted = self.render(wanted, Carrier::Numeric)?;
        let mut sql = format!("CASE WHEN {wanted} IS NULL THEN -1");
        for (at, item) in list.iter().enumerate() {
            sql.push_str(&format!(" WHEN {wanted} < {} THEN {at}", self.render(item, Carrier::Numeric)?));
        }
        Ok(Expression::sql(format!("({sql} ELSE {} END)::int8", list.len()), Type::integer(10), false))
    }

    /// A time among text as the text that it is printed as. Among numbers MySQL compares text or numbers, as the result is
    /// used.
    fn as_text(&mut self, argument: &Expression) -> Result<Expression, SqlError> {
        match argument.ty.class {
            Class::Text | Class::Null => Ok(argument.clone()),
            Class::Time => {
                let ty = Type::text(argument.ty.length, &self.context.collation);
                Ok(Expression::sql(self.text(argument)?, ty, argument.nullable))
            }
            Class::Integer
            | Class::Decimal
            | Class::Real
            | Class::Open
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Json => {
                Err(SqlError::unsupported("a time compared with this type in the LEAST and GREATEST operators"))
            }
        }
    }

    /// Dates among text and numbers, which are read as dates; MySQL describes the result as text.
    fn extreme_date(&mut self, name: &str, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let timed = arguments.iter().any(|side| side.ty.class == Class::DateTime);
        let bad = if timed { Kind::DateTime } else { Kind::Date }.bad();
        let (mut moments, mut length, mut digits) = (Vec::with_capacity(arguments.len()), 0, 0);
        for argument in arguments {
            digits = digits.max(Self::digits_of(argument));
            length = length.max(argument.ty.length);
            moments.push(match argument.ty.class {
                Class::Date | Class::DateTime => self.render(argument, Carrier::Timestamp)?,
                Class::Text => format!("\"mysql\".moment_or_beyond({}, '{bad}')", self.text(argument)?),
                Class::Integer | Class::Decimal | Class::Real if argument.ty.field != FieldType::Year => {
                    format!("\"mysql\".moment_or_beyond({}, '{bad}')", self.render(argument, Carrier::Numeric)?)
                }
                Class::Null => "NULL::timestamp".to_owned(),
                Class::Integer
                | Class::Decimal
                | Class::Real
                | Class::Open
                | Class::Bytes
                | Class::Time
                | Class::Json => {
                    return Err(SqlError::unsupported(format_args!("{name} of dates with values of this type")));
                }
            });
        }
        let nullable = arguments.iter().any(|argument| argument.nullable);
        let chosen = format!("\"mysql\".within_dates({name}({}))", moments.join(", "));
        let missing: Vec<String> = moments.iter().map(|moment| format!("{moment} IS NULL")).collect();
        let chosen =
            if nullable { format!("(CASE WHEN {} THEN NULL ELSE {chosen} END)", missing.join(" OR ")) } else { chosen };
        let (sql, ty) = if timed {
            (format!("({chosen})::timestamp({digits})"), Type::datetime(digits))
        } else {
            (format!("({chosen})::date"), Type::date())
        };
        Ok(Expression::sql(sql, Type { field: FieldType::VarString, length: length.max(ty.length), ..ty }, nullable))
    }

    fn extreme_of(&mut self, name: &str, arguments: &[Expression]) -> Result<Expression, SqlError> {
        if arguments.iter().any(|argument| argument.ty.class == Class::Json) {
            return Err(SqlError::unsupported("comparison of JSON in the LEAST and GREATEST operators"));
        }
        let mixed = arguments.iter().filter(|side| !side.is_null()).any(|side| !side.ty.is_temporal());
        if mixed && arguments.iter().any(|side| side.ty.is_temporal()) {
            if arguments.iter().any(|side| matches!(side.ty.class, Class::Date | Class::DateTime)) {
                return self.extreme_date(name, arguments);
            }
            let texts = arguments.iter().map(|argument| self.as_text(argument)).collect::<Result<Vec<_>, _>>()?;
            return self.extreme_of(name, &texts);
        }
        let nullable = arguments.iter().any(|argument| argument.nullable);
        let (ty, mut values) = self.unify_rounded(arguments)?;
        if ty.is_text() {
            let collation = match &ty.collation {
                Some(collation) => collation.name.clone(),
                None => self.context.collation.clone(),
            };
            let clause = self.collation_sql(&collation)?;
            let pads = if ignores_blanks(&ty) { "::bpchar" } else { "" };
            for value in &mut values {
                *value = format!("({value}{pads} COLLATE {clause})");
            }
        }
        if name == "GREATEST" {
            // Of equal texts MySQL takes the last as the greatest and the first as the least, PostgreSQL the first.
            values.reverse();
        }
        let missing: Vec<String> = values.iter().map(|value| format!("{value} IS NULL")).collect();
        let chosen = kept(&ty, &format!("{name}({})", values.join(", ")));
        let sql =
            if nullable { format!("(CASE WHEN {} THEN NULL ELSE {chosen} END)", missing.join(" OR ")) } else { chosen };
        Ok(Expression::sql(sql, ty, nullable))
    }
}
