//! Literals as MySQL reads them: the types that they have, and how far their digits go.

use super::*;

impl Lowering<'_> {
    pub(super) fn literal(&mut self, token: &Token) -> Result<Expression, SqlError> {
        let text = |text: &str, lowering: &Self| {
            let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            Expression::literal(Value::Text(text.to_owned()), Type::text(length, &lowering.context.collation))
        };
        Ok(match token {
            Token::Number(digits, _) => {
                if exceeds_decimal(digits) {
                    let whole = digits.split_once('.').map_or(digits.as_str(), |(before, _)| before);
                    let last = whole.get(whole.len() - DECIMAL_DIGITS..).unwrap_or(whole).trim_start_matches('0');
                    let message = format!("Truncated incorrect DECIMAL value: '{last}'");
                    self.warnings.push(crate::wire::condition::Condition::warning(1292, message));
                }
                number(digits)
            }
            Token::SingleQuotedString(string)
            | Token::DoubleQuotedString(string)
            | Token::NationalStringLiteral(string) => text(string, self),
            Token::HexStringLiteral(digits) => {
                number_bytes(&hex(digits).ok_or_else(|| SqlError::unsupported("odd hexadecimal literals"))?)
            }
            Token::SingleQuotedByteStringLiteral(digits) => {
                number_bytes(&bits(digits).ok_or_else(|| SqlError::unsupported("this bit literal"))?)
            }
            Token::Boolean(value) => Expression::literal(Value::Int(i64::from(*value)), Type::truth()),
            Token::Null => Expression::null(),
            Token::Placeholder(mark) => {
                let position = mark.strip_prefix('?').and_then(|number| number.parse().ok());
                let position = position.ok_or_else(|| SqlError::unsupported(format_args!("placeholder {mark}")))?;
                self.given_parameter(position).unwrap_or_else(|| self.placeholder(position))
            }
            other => return Err(SqlError::unsupported(format_args!("literal {other}"))),
        })
    }
}

fn bytes(value: &[u8]) -> Expression {
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    Expression::literal(Value::Bytes(value.to_vec()), Type::bytes(length))
}

/// A hexadecimal or bit literal: binary text, and a number beside numbers, which its mark as unsigned says.
fn number_bytes(value: &[u8]) -> Expression {
    let plain = bytes(value);
    Expression { ty: Type { unsigned: true, decimals: 0, ..plain.ty }, ..plain }
}

/// Binary digits as bytes.
pub(in crate::sql) fn bits(digits: &str) -> Option<Vec<u8>> {
    let padded = format!("{}{digits}", "0".repeat(digits.len().next_multiple_of(8) - digits.len()));
    (0..padded.len()).step_by(8).map(|at| u8::from_str_radix(padded.get(at..at + 8)?, 2).ok()).collect()
}

/// Pairs of hexadecimal digits as bytes.
pub(in crate::sql) fn hex(digits: &str) -> Option<Vec<u8>> {
    let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
    (0..padded.len()).step_by(2).map(|at| u8::from_str_radix(padded.get(at..at + 2)?, 16).ok()).collect()
}

/// Digits that MySQL's DECIMAL has room for: nine words of nine, and a word is either before the point or behind it.
const DECIMAL_DIGITS: usize = 81;

/// True for a literal with more digits before the point than there's room for: it's MySQL's greatest number.
fn exceeds_decimal(digits: &str) -> bool {
    let exact = !digits.contains(['e', 'E']);
    let before = digits.split_once('.').map_or(digits, |(before, _)| before);
    exact && before.trim_start_matches('0').len() > DECIMAL_DIGITS
}

/// A literal that is a column by itself: none has more than 30 digits behind the point, and it has room for no others. In
/// expressions all digits of a literal count.
pub(in crate::sql) fn alone(expr: &Expr, expression: Expression) -> Expression {
    let Expr::Value(value) = unnested(expr) else { return expression };
    let Token::Number(digits, _) = &value.value else { return expression };
    match digits.split_once('.') {
        Some((before, behind)) if behind.len() > 30 && expression.ty.decimals == 30 => {
            let precision = u32::try_from(before.len() + 30).unwrap_or(65);
            Expression { ty: Type::decimal(precision, 30), ..expression }
        }
        Some(_) | None => expression,
    }
}

/// How many digits there's room for behind the point.
fn decimal_room(before: &str) -> usize {
    DECIMAL_DIGITS.saturating_sub(before.len().div_ceil(9) * 9)
}

/// A number as MySQL reads it: integer, exact decimal, or double when it has an exponent.
fn number(digits: &str) -> Expression {
    let length = u32::try_from(digits.len()).unwrap_or(u32::MAX);
    if digits.contains(['e', 'E']) {
        return Expression::literal(Value::Double(digits.parse().unwrap_or(f64::MAX)), Type::double());
    }
    if let Ok(value) = digits.parse::<i64>() {
        return Expression::literal(Value::Int(value), Type::integer(length + 1));
    }
    if let Ok(value) = digits.parse::<u64>() {
        let ty = Type { unsigned: true, carrier: Carrier::Numeric, ..Type::integer(length) };
        return Expression::literal(Value::UInt(value), ty);
    }
    let (before, behind) = digits.split_once('.').unwrap_or((digits, ""));
    let before = if before.len() > DECIMAL_DIGITS { before.trim_start_matches('0') } else { before };
    let behind = behind.get(..decimal_room(before)).unwrap_or(behind);
    let scale = behind.len().min(30);
    let ty = Type::decimal(u32::try_from(before.len() + behind.len()).unwrap_or(65), u8::try_from(scale).unwrap_or(30));
    let whole = match (exceeds_decimal(digits), before, behind) {
        (true, ..) => "9".repeat(65),
        (false, "", behind) => format!("0.{behind}"),
        (false, before, "") => before.to_owned(),
        (false, before, behind) => format!("{before}.{behind}"),
    };
    Expression::literal(Value::Decimal(whole), ty)
}
