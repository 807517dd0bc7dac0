//! Arithmetic: integers of 64 bits with and without sign, exact decimals, doubles.
//!
//! PostgreSQL's bigint raises 22003 where MySQL's signed integers overflow, which becomes 1690. Unsigned results are
//! calculated as numeric and checked, because PostgreSQL has no unsigned integer.

use super::*;
use crate::sql::plan::Purpose;

/// True when MySQL's division computes no more digits than the quotient shows, so that it's cut and not rounded.
/// MySQL computes in groups of nine digits: those that both operands fill, and those of the increment that they leave.
pub(in crate::sql) fn quotient_is_cut(scales: (u8, u8), increment: u8, shown: u8) -> bool {
    let whole = |scale: u8| u32::from(scale).next_multiple_of(9);
    let filled = whole(scales.0) + whole(scales.1);
    let spare = filled - u32::from(scales.0) - u32::from(scales.1);
    (filled + u32::from(increment).saturating_sub(spare)).next_multiple_of(9) == u32::from(shown)
}

impl Lowering<'_> {
    /// An operand that arithmetic takes as an integer of 64 bits may be unsigned and wide.
    fn is_wide(side: &Expression) -> bool {
        side.ty.carrier == Carrier::Numeric || side.ty.class == Class::Bytes
    }

    /// True when an integer can't be negative.
    fn is_natural(side: &Expression) -> bool {
        side.ty.unsigned || matches!(side.constant(), Some(Value::Int(0..) | Value::UInt(_)))
    }

    pub(super) fn arithmetic(
        &mut self,
        op: &str,
        left: &Expression,
        right: &Expression,
    ) -> Result<Expression, SqlError> {
        match number_class(left, right)? {
            Class::Integer => self.integer_arithmetic(op, left, right),
            Class::Decimal => self.decimal_arithmetic(op, left, right),
            Class::Real
            | Class::Null
            | Class::Open
            | Class::Text
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => {
                let nullable = left.nullable || right.nullable;
                let ty = real_result(op, &left.ty, &right.ty, 0);
                let (left, right) = (self.render(left, Carrier::Float8)?, self.render(right, Carrier::Float8)?);
                Ok(Expression::sql(format!("({left} {op} {right})"), ty, nullable))
            }
        }
    }

    fn integer_arithmetic(&mut self, op: &str, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        let nullable = left.nullable || right.nullable;
        let digits = |side: &Expression| match side.ty.class {
            Class::Bytes | Class::Date | Class::DateTime | Class::Time => side.ty.precision(),
            _integer => side.ty.length,
        };
        let length = match op {
            "*" => digits(left).saturating_add(digits(right)),
            _sum => digits(left).max(digits(right)).saturating_add(1),
        };
        let unsigned = left.ty.unsigned || right.ty.unsigned;
        let signed_difference = op == "-" && self.modes.no_unsigned_subtraction;
        let ty = Type { unsigned: unsigned && !signed_difference, ..Type::integer(length.min(67)) };
        let wide = Self::is_wide(left) || Self::is_wide(right);
        let natural = op == "+" && Self::is_natural(left) && Self::is_natural(right);
        if !wide && (!unsigned || natural) {
            let (left, right) = (self.render(left, Carrier::Int8)?, self.render(right, Carrier::Int8)?);
            return Ok(Expression::sql(format!("({left} {op} {right})"), ty, nullable));
        }
        let shown = format!("({} {op} {})", self.in_message(left), self.in_message(right));
        let (left, right) = (self.render(left, Carrier::Numeric)?, self.render(right, Carrier::Numeric)?);
        let sql = format!("({left} {op} {right})");
        let shown = crate::schema::quote::literal(&shown);
        if ty.unsigned {
            let ty = Type { carrier: Carrier::Numeric, ..ty };
            return Ok(Expression::sql(format!("\"mysql\".in_unsigned({sql}, {shown})"), ty, nullable));
        }
        Ok(Expression::sql(format!("\"mysql\".in_signed({sql}, {shown})"), ty, nullable))
    }

    fn decimal_arithmetic(&mut self, op: &str, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        let nullable = left.nullable || right.nullable;
        let (scale_left, scale_right) = (left.ty.scale(), right.ty.scale());
        let scale = if op == "*" { scale_left.saturating_add(scale_right) } else { scale_left.max(scale_right) };
        let precision = if op == "*" {
            left.ty.precision() + right.ty.precision()
        } else {
            let whole = |side: &Type| side.precision().saturating_sub(u32::from(side.scale()));
            whole(&left.ty).max(whole(&right.ty)) + u32::from(scale) + 1
        };
        let shown = format!("({} {op} {})", self.in_message(left), self.in_message(right));
        let natural = op == "-" && left.ty.unsigned && right.ty.unsigned && !self.modes.no_unsigned_subtraction;
        let (left, right) = (self.render(left, Carrier::Numeric)?, self.render(right, Carrier::Numeric)?);
        let mut sql = format!("({left} {op} {right})");
        // Products are cut; sums have the digits of their operands, and all thirty of a variable's.
        if scale >= 30 {
            sql = if op == "*" { format!("round({sql}, 30)") } else { format!("({sql} + 0.{:0<30})", "") };
        }
        if natural {
            sql = format!("\"mysql\".in_natural({sql}, {})", crate::schema::quote::literal(&shown));
        }
        let whole = precision.saturating_sub(u32::from(scale));
        if whole + u32::from(scale.min(30)) > 81 {
            sql = format!("\"mysql\".in_decimal({sql}, {})", crate::schema::quote::literal(&shown));
        }
        Ok(Expression::sql(sql, Type::decimal(precision, scale.min(30)), nullable))
    }

    /// Both operands of a division, where 0 divides nothing: it's NULL, with a warning or, where a statement writes under
    /// strict mode, an error if the mode says so.
    fn division(
        &mut self,
        left: &Expression,
        right: &Expression,
        carrier: Carrier,
    ) -> Result<(String, String), SqlError> {
        let (dividend, divisor) = (self.render(left, carrier)?, self.render(right, carrier)?);
        let zero = match right.constant() {
            Some(Value::Int(number)) => *number == 0,
            Some(Value::UInt(number)) => *number == 0,
            Some(Value::Decimal(digits)) => digits.bytes().all(|digit| b"-0.".contains(&digit)),
            Some(_) | None => true,
        };
        let told = self.modes.division_by_zero_fails && !self.quiet && self.context.purpose == Purpose::Serve;
        let divisor = match (zero, told) {
            (false, _) => divisor,
            (true, false) => format!("NULLIF({divisor}, 0)"),
            (true, true) => format!("\"mysql\".divisor({divisor}, {dividend})"),
        };
        Ok((dividend, divisor))
    }

    /// `/` is exact with four more digits than its dividend; dividing by zero gives NULL.
    pub(super) fn divide(&mut self, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        if number_class(left, right)? == Class::Real {
            let ty = real_result("/", &left.ty, &right.ty, self.context.given.quotient_digits());
            let (dividend, divisor) = self.division(left, right, Carrier::Float8)?;
            return Ok(Expression::sql(format!("({dividend} / {divisor})"), ty, true));
        }
        let more = self.context.given.quotient_digits();
        let scale = left.ty.scale().saturating_add(more).min(30);
        let precision = left.ty.precision() + u32::from(right.ty.scale()) + u32::from(more);
        let cut = quotient_is_cut((left.ty.scale(), right.ty.scale()), more, scale);
        let function = if cut { "trunc" } else { "round" };
        let (dividend, divisor) = self.division(left, right, Carrier::Numeric)?;
        // PostgreSQL gives a quotient 16 significant digits unless its operands have more behind the point.
        Ok(Expression::sql(
            format!("{function}(round({dividend}, {}) / {divisor}, {scale})", u32::from(scale) + 12),
            Type::decimal(precision, scale),
            true,
        ))
    }

    /// `DIV` cuts the exact quotient.
    pub(super) fn integer_divide(&mut self, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        let unsigned = left.ty.unsigned || right.ty.unsigned;
        let length = left.ty.length.clamp(1, 21);
        let shown = format!("({} DIV {})", self.in_message(left), self.in_message(right));
        let shown = crate::schema::quote::literal(&shown);
        let ty = Type { unsigned, ..Type::integer(length) };
        let (dividend, divisor) = self.division(left, right, Carrier::Numeric)?;
        let sql = format!("div({dividend}, {divisor})");
        Ok(if unsigned {
            let ty = Type { carrier: Carrier::Numeric, ..ty };
            Expression::sql(format!("\"mysql\".in_unsigned({sql}, {shown})"), ty, true)
        } else {
            Expression::sql(format!("\"mysql\".in_signed({sql}, {shown})"), ty, true)
        })
    }

    pub(in crate::sql) fn modulo(&mut self, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        let (ty, carrier) = match number_class(left, right)? {
            Class::Integer => {
                let wide = Self::is_wide(left) || Self::is_wide(right);
                let carrier = if wide { Carrier::Numeric } else { Carrier::Int8 };
                let length = left.ty.length.max(right.ty.length).clamp(1, 21);
                let unsigned = left.ty.unsigned || left.ty.class == Class::Bytes;
                let carried = if unsigned && wide { Carrier::Numeric } else { Carrier::Int8 };
                (Type { unsigned, carrier: carried, ..Type::integer(length) }, carrier)
            }
            Class::Decimal => {
                let precision = left.ty.precision().max(right.ty.precision());
                (Type::decimal(precision, left.ty.scale().max(right.ty.scale())), Carrier::Numeric)
            }
            Class::Real
            | Class::Null
            | Class::Open
            | Class::Text
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => {
                let ty = real_result("%", &left.ty, &right.ty, 0);
                let (dividend, divisor) = self.division(left, right, Carrier::Float8)?;
                return Ok(Expression::sql(format!("\"mysql\".fmod({dividend}, {divisor})"), ty, true));
            }
        };
        let (dividend, divisor) = self.division(left, right, carrier)?;
        let narrowed = if carrier == ty.carrier { "" } else { "::int8" };
        Ok(Expression::sql(format!("mod({dividend}, {divisor}){narrowed}"), ty, true))
    }

    /// An operand as MySQL shows it in 1690.
    pub(super) fn in_message(&self, side: &Expression) -> String {
        if let Some(origin) = &side.origin
            && let Some(column) = origin.column()
        {
            return format!("`{}`.`{}`.`{}`", origin.table.title().database, origin.alias, column.name);
        }
        match side.constant() {
            Some(Value::Text(text)) => format!("'{text}'"),
            Some(value) => crate::sql::bind::text(value).unwrap_or_default(),
            None => "…".to_owned(),
        }
    }
}

/// The type of a floating-point result: as many digits behind the point as its operands have, if they have a fixed
/// number.
fn real_result(op: &str, left: &Type, right: &Type, more: u8) -> Type {
    use crate::sql::types::NOT_FIXED;
    let scale = |side: &Type| match side.class {
        Class::Integer | Class::Decimal | Class::Real => side.decimals,
        _other => NOT_FIXED,
    };
    let decimals = match op {
        "*" => scale(left).saturating_add(scale(right)),
        "/" => scale(left).max(scale(right)).saturating_add(more),
        _sum => scale(left).max(scale(right)),
    };
    // A quotient isn't longer than its dividend before the point.
    let sides = if op == "/" { [left, left] } else { [left, right] };
    Type::fixed_double_of(sides, decimals)
}
