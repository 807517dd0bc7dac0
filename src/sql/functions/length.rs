//! How long the text can be that a function makes: what a column made of it has room for.

use super::super::expression::{Expression, Lowering};
use super::super::types::{Class, Type};
use crate::value::Value;

/// Functions of text whose result is as binary as their first argument when that is NULL.
const OF_NULL: &[&str] =
    &["SUBSTRING_INDEX", "REPLACE", "INSERT", "REPEAT", "LEFT", "RIGHT", "SUBSTRING", "SUBSTR", "MID", "LPAD", "RPAD"];

impl Lowering<'_> {
    /// The result with the length that MySQL gives it.
    pub(super) fn sized(&self, name: &str, arguments: &[Expression], called: Expression) -> Expression {
        if OF_NULL.contains(&name) && arguments.first().is_some_and(Expression::is_null) {
            let bytes = |side: &Expression| side.ty.length.saturating_mul(crate::sql::charset::width(&side.ty));
            let length = match name {
                "INSERT" => arguments.get(3).map(bytes),
                "LPAD" | "RPAD" => length(name, arguments),
                _other => None,
            };
            return Expression::literal(Value::Null, Type::bytes(length.unwrap_or(0)));
        }
        if called.ty.class != Class::Text {
            return called;
        }
        let Some(length) = length(name, arguments) else { return called };
        let plain = Type::text(length, &self.context.collation);
        let ty = Type { collation: called.ty.collation.clone(), flags: called.ty.flags, ..plain };
        Expression { ty, ..called }
    }
}

/// Characters of the longest result; `None` where the function's own type says it.
fn length(name: &str, arguments: &[Expression]) -> Option<u32> {
    let own =
        |at: usize| arguments.get(at).map_or(0, |argument| if argument.is_null() { 0 } else { argument.ty.length });
    let number = |at: usize| match arguments.get(at)?.constant()? {
        Value::Int(number) => u32::try_from((*number).max(0)).ok(),
        _other => None,
    };
    let sum = |from: usize| (from..arguments.len()).fold(0_u32, |sum, at| sum.saturating_add(own(at)));
    let between = |count: usize, separator: u32| {
        separator.saturating_mul(u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX))
    };
    Some(match name {
        "LPAD" | "RPAD" => number(1)?,
        "REPEAT" => own(0).saturating_mul(number(1)?),
        "SPACE" => number(0)?,
        "LEFT" | "RIGHT" => own(0).min(number(1)?),
        "INSERT" => own(0).saturating_add(own(3)),
        "ELT" => (1..arguments.len()).map(own).max()?,
        "CONCAT_WS" => sum(1).saturating_add(between(arguments.len() - 1, own(0))),
        "MAKE_SET" => sum(1).saturating_add(between(arguments.len() - 1, 1)),
        "QUOTE" => own(0).saturating_mul(2).saturating_add(2),
        "SOUNDEX" => own(0).max(4),
        "REPLACE" if own(2) <= own(1) || own(1) == 0 => own(0),
        _other => return None,
    })
}
