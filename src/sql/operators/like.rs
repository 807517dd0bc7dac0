//! LIKE. PostgreSQL has no LIKE under nondeterministic collations, so both sides are folded and matched by code point.
//!
//! A constant pattern is written anew with `\` as its escape, which makes any ESCAPE and a pattern that ends with the
//! escape carry over. Trailing blanks count, as in MySQL.

use super::*;
use crate::sql::types::is_binary_collation;

impl Lowering<'_> {
    pub(in crate::sql) fn like(
        &mut self,
        subject: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
        negated: bool,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let (subject, pattern) = (self.lower(subject, place)?, self.lower(pattern, place)?);
        let pattern = self.bytes_as_text(&pattern, &subject)?.unwrap_or(pattern);
        let subject = self.bytes_as_text(&subject, &pattern)?.unwrap_or(subject);
        let nullable = subject.nullable || pattern.nullable;
        let not = if negated { "NOT " } else { "" };
        let escape = self.escape(escape, place)?;
        if subject.ty.class == Class::Bytes || pattern.ty.class == Class::Bytes {
            let pattern = match pattern.constant() {
                Some(constant) if escape != Some('\\') && !pattern.is_null() => {
                    let written = crate::sql::bind::bytes_of(constant)?;
                    // Byte for byte: what isn't ASCII can't be the escape.
                    let text: String = written.iter().map(|byte| char::from(*byte)).collect();
                    if escape.is_some_and(|escape| !escape.is_ascii()) {
                        return Err(SqlError::unsupported("LIKE on binary data with this ESCAPE"));
                    }
                    let anew = rewritten(&text, escape).chars().filter_map(|unit| u8::try_from(unit).ok()).collect();
                    Expression::literal(Value::Bytes(anew), pattern.ty.clone())
                }
                None if escape != Some('\\') => {
                    return Err(SqlError::unsupported(
                        "LIKE with ESCAPE on binary data and a pattern that isn't constant",
                    ));
                }
                Some(_) | None => pattern,
            };
            let (subject, pattern) = (self.render(&subject, Carrier::Bytes)?, self.render(&pattern, Carrier::Bytes)?);
            return Ok(Expression::condition(format!("({subject} {not}LIKE {pattern})"), nullable));
        }
        let winner = self.common_collation(&subject, &pattern, "like")?.name;
        let pattern = match pattern.constant() {
            Some(Value::Null) => pattern,
            Some(constant) => {
                let text = crate::sql::bind::text(constant)?;
                Expression::literal(Value::Text(rewritten(&text, escape)), pattern.ty.clone())
            }
            None => {
                let sql = self.text(&pattern)?;
                let mark = escape.map(String::from).unwrap_or_default();
                if mark.chars().any(char::is_alphabetic) {
                    return Err(SqlError::unsupported(
                        "LIKE with a letter for ESCAPE and a pattern that isn't constant",
                    ));
                }
                let mark = crate::schema::quote::literal(&mark);
                Expression::sql(format!("\"mysql\".like_pattern({sql}, {mark})"), pattern.ty.clone(), pattern.nullable)
            }
        };
        let (subject, pattern) = (self.text(&subject)?, self.text(&pattern)?);
        let sql = if is_binary_collation(&winner) || winner.ends_with("_cs") {
            format!("({subject} COLLATE \"C\" {not}LIKE {pattern} COLLATE \"C\")")
        } else {
            format!("(\"mysql\".fold({subject}) COLLATE \"C\" {not}LIKE \"mysql\".fold({pattern}) COLLATE \"C\")")
        };
        Ok(Expression::condition(sql, nullable))
    }

    /// The escape character; `None` when there is none.
    fn escape(&mut self, escape: Option<&Expr>, place: Place<'_>) -> Result<Option<char>, SqlError> {
        let default = if self.modes.no_backslash_escapes { None } else { Some('\\') };
        let Some(escape) = escape else { return Ok(default) };
        let wrong = || SqlError::new(1210, "HY000", "Incorrect arguments to ESCAPE".to_owned());
        let escape = self.lower(escape, place)?;
        match &escape.body {
            Body::Parameter(ParameterSource::Literal(value)) => {
                let text = crate::sql::bind::text(value)?;
                let mut characters = text.chars();
                let first = characters.next();
                if characters.next().is_some() || (first.is_none() && self.modes.no_backslash_escapes) {
                    return Err(wrong());
                }
                if *value == Value::Null { Ok(Some('\\')) } else { Ok(first) }
            }
            Body::Parameter(_) => Err(SqlError::unsupported("ESCAPE with a parameter")),
            Body::Sql(_) | Body::Condition(_) if escape.origin.is_some() => Err(wrong()),
            Body::Sql(_) | Body::Condition(_) => Err(SqlError::unsupported("ESCAPE with an expression")),
        }
    }
}

/// A pattern with `\` as its escape.
fn rewritten(pattern: &str, escape: Option<char>) -> String {
    let mut out = String::with_capacity(pattern.len() + 4);
    let mut characters = pattern.chars();
    while let Some(found) = characters.next() {
        let literal = if Some(found) == escape { Some(characters.next().unwrap_or(found)) } else { None };
        match literal {
            Some(literal) => {
                if matches!(literal, '%' | '_' | '\\') {
                    out.push('\\');
                }
                out.push(literal);
            }
            None => {
                if found == '\\' {
                    out.push('\\');
                }
                out.push(found);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::rewritten;

    #[test]
    fn patterns_are_written_with_a_backslash() {
        assert_eq!(rewritten("a|%b%", Some('|')), "a\\%b%");
        assert_eq!(rewritten("a\\", Some('\\')), "a\\\\");
        assert_eq!(rewritten("a\\%", Some('|')), "a\\\\%");
        assert_eq!(rewritten("a\\_", None), "a\\\\_");
        assert_eq!(rewritten("\\a", Some('\\')), "a");
    }
}
