//! REGEXP and its functions, by PostgreSQL's regular expressions under a deterministic Unicode collation.

use super::*;
use crate::sql::regexp::{Flags, replacement, translate};
use crate::sql::types::is_binary_collation;

impl Lowering<'_> {
    /// `subject REGEXP pattern`.
    pub(in crate::sql) fn regexp(
        &mut self,
        subject: &Expr,
        pattern: &Expr,
        negated: bool,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let arguments = [self.lower(subject, place)?, self.lower(pattern, place)?];
        let found = self.regexp_function("REGEXP_LIKE", &arguments)?;
        let Some(found) = found else { return Err(SqlError::unsupported("REGEXP")) };
        if !negated {
            return Ok(found);
        }
        let sql = self.truth(&found)?;
        Ok(Expression::condition(format!("(NOT {sql})"), found.nullable))
    }

    /// REGEXP_LIKE, REGEXP_INSTR, REGEXP_SUBSTR, REGEXP_REPLACE.
    pub(in crate::sql) fn regexp_function(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Option<Expression>, SqlError> {
        let (least, most, flags_at) = match name {
            "REGEXP_LIKE" => (2, 3, 2),
            "REGEXP_INSTR" => (2, 6, 5),
            "REGEXP_SUBSTR" => (2, 5, 4),
            "REGEXP_REPLACE" => (3, 6, 5),
            _other => return Ok(None),
        };
        if !(least..=most).contains(&arguments.len()) {
            return Err(SqlError::argument_count(name));
        }
        let [subject, pattern, ..] = arguments else { return Ok(None) };
        let nullable = arguments.iter().any(|argument| argument.nullable);
        if arguments.iter().any(Expression::is_null) {
            let ty = if name == "REGEXP_LIKE" { Type::truth() } else { self.text_like(subject) };
            let ty = if name == "REGEXP_INSTR" { Type::integer(21) } else { ty };
            return Ok(Some(Expression::literal(Value::Null, ty)));
        }
        if [subject, pattern].iter().any(|side| side.ty.class == Class::Bytes) {
            return Err(self.binary_regexp(name, subject, pattern));
        }
        let winner = self.common_collation(subject, pattern, "regexp")?.name;
        let mut flags = Flags {
            ignore_case: !is_binary_collation(&winner) && !winner.ends_with("_cs"),
            extent: name != "REGEXP_LIKE",
            ..Flags::default()
        };
        if let Some(kinds) = arguments.get(flags_at) {
            match_type(name, kinds, &mut flags)?;
        }
        let pattern = self.pattern(pattern, flags)?;
        let subject_sql = format!("{} COLLATE \"und-x-icu\"", self.text(subject)?);
        if name == "REGEXP_LIKE" {
            let op = if flags.ignore_case { "~*" } else { "~" };
            return Ok(Some(Expression::condition(format!("({subject_sql} {op} {pattern})"), nullable)));
        }
        let first = if name == "REGEXP_REPLACE" { 3 } else { 2 };
        let position = self.whole_argument(arguments, first, 1)?;
        let occurrence = self.whole_argument(arguments, first + 1, i64::from(name != "REGEXP_REPLACE"))?;
        let at = format!("\"mysql\".regexp_start({subject_sql}, {position})");
        let option = if flags.ignore_case { "'i'" } else { "''" };
        Ok(Some(match name {
            "REGEXP_INSTR" => {
                let ends = self.whole_argument(arguments, 4, 0)?;
                Expression::sql(
                    format!(
                        "regexp_instr({subject_sql}, {pattern}, {at}, (CASE WHEN {occurrence} < 1 THEN 1 ELSE {occurrence} END)::int4, {ends}::int4, {option})::int8"
                    ),
                    Type::integer(21),
                    nullable,
                )
            }
            "REGEXP_SUBSTR" => Expression::sql(
                format!(
                    "regexp_substr({subject_sql}, {pattern}, {at}, (CASE WHEN {occurrence} < 1 THEN 1 ELSE {occurrence} END)::int4, {option})"
                ),
                self.text_like(subject),
                true,
            ),
            _replace => {
                let with = match arguments.get(2).and_then(Expression::constant) {
                    Some(value) => replacement(&crate::sql::bind::text(value)?)?,
                    None => return Err(SqlError::unsupported("REGEXP_REPLACE with a replacement that isn't constant")),
                };
                let with = self.parameter(&ParameterSource::Literal(Value::Text(with)), Carrier::Text.oid());
                Expression::sql(
                    format!(
                        "regexp_replace({subject_sql}, {pattern}, {with}, {at}, (CASE WHEN {occurrence} < 0 THEN 0 ELSE {occurrence} END)::int4, {option})"
                    ),
                    Type { length: 16_383, ..self.text_like(subject) },
                    nullable,
                )
            }
        }))
    }

    fn binary_regexp(&self, name: &str, subject: &Expression, pattern: &Expression) -> SqlError {
        let other = if subject.ty.class == Class::Bytes { pattern } else { subject };
        let Some(collation) = &other.ty.collation else {
            return SqlError::unsupported("regular expressions on binary data");
        };
        SqlError::new(
            3995,
            "HY000",
            format!(
                "Character set '{}' cannot be used in conjunction with '{}' in call to {}.",
                if subject.ty.class == Class::Bytes { "binary" } else { &collation.name },
                if subject.ty.class == Class::Bytes { &collation.name } else { "binary" },
                name.to_ascii_lowercase()
            ),
        )
    }

    fn pattern(&mut self, pattern: &Expression, flags: Flags) -> Result<String, SqlError> {
        match pattern.constant() {
            Some(constant) => {
                let text = translate(&crate::sql::bind::text(constant)?, flags)?;
                Ok(self.parameter(&ParameterSource::Literal(Value::Text(text)), Carrier::Text.oid()))
            }
            None if flags.extent || flags.multi_line || flags.dot_all => {
                Err(SqlError::unsupported("a regular expression that isn't constant, in this function"))
            }
            None => Ok(format!("\"mysql\".regexp_pattern({})", self.text(pattern)?)),
        }
    }

    fn whole_argument(&mut self, arguments: &[Expression], at: usize, default: i64) -> Result<String, SqlError> {
        match arguments.get(at) {
            Some(argument) => self.render(argument, Carrier::Int8),
            None => Ok(default.to_string()),
        }
    }
}

/// The letters c, i, m, n and u; the last of c and i counts.
fn match_type(name: &str, kinds: &Expression, flags: &mut Flags) -> Result<(), SqlError> {
    let Some(Value::Text(kinds)) = kinds.constant() else {
        return Err(SqlError::unsupported(format_args!("{name} with a match type that isn't constant")));
    };
    for kind in kinds.chars() {
        match kind {
            'c' => flags.ignore_case = false,
            'i' => flags.ignore_case = true,
            'm' => flags.multi_line = true,
            'n' => flags.dot_all = true,
            'u' => {}
            _other => {
                let message = format!("Incorrect arguments to {}", name.to_ascii_lowercase());
                return Err(SqlError::new(1210, "HY000", message));
            }
        }
    }
    Ok(())
}
