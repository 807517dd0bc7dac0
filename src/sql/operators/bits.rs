//! Bit operators: on unsigned integers of 64 bits, or on binary strings of equal length.
//!
//! PostgreSQL's bigint holds the same 64 bits; only what goes in and comes out is shifted by 2^64.

use super::*;

impl Lowering<'_> {
    /// True for what MySQL's bit operators take as a string of bits.
    fn is_bit_string(side: &Expression) -> bool {
        side.ty.class == Class::Bytes && !is_number_literal(side)
    }

    /// An operand as a bigint with the bits of MySQL's unsigned one.
    fn bit_operand(&mut self, side: &Expression) -> Result<String, SqlError> {
        let narrow = matches!(side.ty.carrier, Carrier::Int2 | Carrier::Int4 | Carrier::Int8);
        if let Some(Value::Int(_)) = side.constant() {
            return self.render(side, Carrier::Int8);
        }
        if side.ty.class == Class::Integer && narrow && !side.is_flexible() || side.ty.is_temporal() {
            return self.render(side, Carrier::Int8);
        }
        let number = self.signed_bits(side)?;
        Ok(format!("\"mysql\".bits({number})"))
    }

    /// The number whose bits are meant: what isn't an integer is cut to a signed one, with a warning.
    pub(in crate::sql) fn signed_bits(&mut self, side: &Expression) -> Result<String, SqlError> {
        let cut = matches!(side.ty.class, Class::Decimal | Class::Real) && !side.ty.unsigned && !self.quiet;
        let carrier = if cut && side.ty.class == Class::Real { Carrier::Float8 } else { Carrier::Numeric };
        let number = self.render(side, carrier)?;
        Ok(if cut { format!("\"mysql\".signed_bits({number})") } else { number })
    }

    pub(super) fn bits(&mut self, op: &str, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        let nullable = left.nullable || right.nullable;
        if Self::is_bit_string(left) && (right.ty.class == Class::Bytes || right.is_null())
            || Self::is_bit_string(right) && (left.ty.class == Class::Bytes || left.is_null())
        {
            let ty = Type::bytes(left.ty.length.max(right.ty.length));
            let word = match op {
                "&" => "and",
                "|" => "or",
                _xor => "xor",
            };
            let (left, right) = (self.render(left, Carrier::Bytes)?, self.render(right, Carrier::Bytes)?);
            return Ok(Expression::sql(format!("\"mysql\".bytes_{word}({left}, {right})"), ty, nullable));
        }
        let (left, right) = (self.bit_operand(left)?, self.bit_operand(right)?);
        Ok(from_bits(&format!("({left} {op} {right})"), nullable))
    }

    /// `<<` and `>>`; a distance of 64 or more leaves nothing.
    pub(super) fn shift(&mut self, op: &str, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        let nullable = left.nullable || right.nullable;
        let word = if op == "<<" { "left" } else { "right" };
        let distance = self.bit_operand(right)?;
        if Self::is_bit_string(left) {
            let ty = Type::bytes(left.ty.length);
            let left = self.render(left, Carrier::Bytes)?;
            return Ok(Expression::sql(format!("\"mysql\".bytes_shift_{word}({left}, {distance})"), ty, nullable));
        }
        let left = self.bit_operand(left)?;
        Ok(from_bits(&format!("\"mysql\".shift_{word}({left}, {distance})"), nullable))
    }

    pub(in crate::sql) fn bit_not(&mut self, side: &Expression) -> Result<Expression, SqlError> {
        if Self::is_bit_string(side) {
            let ty = Type::bytes(side.ty.length);
            let sql = self.render(side, Carrier::Bytes)?;
            return Ok(Expression::sql(format!("\"mysql\".bytes_not({sql})"), ty, side.nullable));
        }
        let sql = self.bit_operand(side)?;
        Ok(from_bits(&format!("(~ {sql})"), side.nullable))
    }

    /// BIT_COUNT.
    pub(in crate::sql) fn bit_count(&mut self, side: &Expression) -> Result<Expression, SqlError> {
        let sql = if Self::is_bit_string(side) {
            format!("bit_count({})", self.render(side, Carrier::Bytes)?)
        } else {
            format!("bit_count(({})::bit(64))", self.bit_operand(side)?)
        };
        Ok(Expression::sql(sql, Type::integer(21), side.nullable))
    }
}

fn from_bits(sql: &str, nullable: bool) -> Expression {
    let ty = Type { unsigned: true, carrier: Carrier::Numeric, ..Type::integer(21) };
    Expression::sql(format!("\"mysql\".unsigned({sql})"), ty, nullable)
}
