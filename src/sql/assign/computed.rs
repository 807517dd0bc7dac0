//! Values that PostgreSQL computes, on their way into columns.
//!
//! A plain cast raises PostgreSQL's errors, which know neither the column nor the row, and has no way to change a value
//! and warn. So the value passes a helper (`helpers/store.sql`), which does what [`crate::sql::coerce`] does with values
//! known here, unless the expression's type proves that every value of it fits: then nothing stands in the way.

use crate::schema::types::integer_range;
use crate::schema::{Column, ColumnType, quote};

use super::super::coerce;
use super::super::expression::{Body, Expression, Lowering, cast};
use super::super::plan::{Rules, SqlError};
use super::super::rowwise::quoted_length;
use super::super::types::{Carrier, Class, Type};
use crate::wire::FieldType;

/// How the row's number is given to a helper.
const AT: &str = "\"at\" => ";

/// The call that reads the number of a row that is changed.
const CHANGED: &str = "\"mysql\".\"row\"(";

/// The call that warns of a divisor that is 0.
const DIVISOR: &str = "\"mysql\".divisor(";

/// The name that INSERT … SELECT gives the number of a selected row.
pub(in crate::sql) const NUMBER: &str = "\"number of the row\"";

/// Where a value comes from, for the row's number in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Row {
    /// A row of VALUES, from 1.
    Given(usize),
    /// A row of a query, numbered as [`NUMBER`].
    Selected,
    /// A row that is changed: counted while the statement runs.
    Changed,
    /// A row whose column gets another definition.
    Altered,
    /// None: an expression of a definition, which has to be immutable.
    Definition,
}

impl Row {
    /// The row for values that are known before.
    pub(super) const fn number(self) -> usize {
        match self {
            Self::Given(number) => number,
            Self::Selected | Self::Changed | Self::Altered | Self::Definition => 1,
        }
    }
}

/// True when a helper looks at the value.
pub(in crate::sql) fn is_guarded(sql: &str) -> bool {
    sql.contains(AT)
}

/// The same value, of which nothing is said: for looking at it once more.
pub(in crate::sql) fn quiet(sql: &str) -> String {
    renumbered(sql, Divisors::Silent, &|_| "NULL".to_owned())
}

/// The same for a statement that changes its rows itself, where each column counts them.
pub(in crate::sql) fn counted(sql: &str) -> String {
    renumbered(sql, Divisors::AsTheyAre, &|row| {
        let at = row.strip_prefix(CHANGED).and_then(|rest| rest.strip_suffix(')'));
        at.map_or_else(
            || row.to_owned(),
            |at| format!("\"mysql\".counted('mysql.row{at}', (SELECT set_config('mysql.row{at}', '0', true)))"),
        )
    })
}

/// What becomes of divisors that warn of 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Divisors {
    AsTheyAre,
    Silent,
}

/// Writes another row's number to where one is given to a helper.
fn renumbered(sql: &str, divisors: Divisors, number: &dyn Fn(&str) -> String) -> String {
    let (mut text, mut rest) = (String::with_capacity(sql.len()), sql);
    while let Some(first) = rest.chars().next() {
        if let Some(row) = rest.strip_prefix(AT) {
            let call = row.starts_with(CHANGED);
            let end = row.find(')').map_or(row.len(), |at| at + usize::from(call));
            text.push_str(AT);
            text.push_str(&number(row.get(..end).unwrap_or(row)));
            rest = row.get(end..).unwrap_or_default();
            continue;
        }
        if divisors == Divisors::Silent
            && let Some(call) = rest.strip_prefix(DIVISOR)
        {
            text.push_str("\"mysql\".silent_divisor(");
            rest = call;
            continue;
        }
        let taken = match first {
            '"' | '\'' => quoted_length(rest, first, false),
            'E' if rest.starts_with("E'") => 1 + quoted_length(rest.get(1..).unwrap_or_default(), '\'', true),
            other => other.len_utf8(),
        };
        text.push_str(rest.get(..taken).unwrap_or(rest));
        rest = rest.get(taken..).unwrap_or_default();
    }
    text
}

/// The column, and the arguments that every helper ends with.
pub(super) struct Slot<'c> {
    pub(super) column: &'c Column,
    pub(super) ty: &'c Type,
    pub(super) rules: Rules,
    end: String,
}

impl Slot<'_> {
    pub(super) fn call(&self, name: &str, arguments: &str) -> String {
        format!("(\"mysql\".{name}({arguments}, {}))::{}", self.end, self.ty.carrier.name())
    }

    /// The modes that dates depend on.
    pub(super) fn mode(&self) -> u8 {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        bit(self.rules.no_zero_date, 2)
            | bit(self.rules.no_zero_in_date, 4)
            | bit(self.rules.invalid_dates, 8)
            | bit(self.rules.truncate_fraction, 16)
    }
}

impl Lowering<'_> {
    /// PostgreSQL text of the value as the column holds it; `None` when it fits as it is.
    pub(super) fn computed(
        &mut self,
        (column, at): (&Column, usize),
        ty: &Type,
        row: Row,
        value: &Expression,
    ) -> Result<Option<String>, SqlError> {
        if matches!(value.body, Body::Parameter(_)) || matches!(value.ty.class, Class::Null | Class::Open) {
            return Ok(None);
        }
        let number = match row {
            Row::Given(number) => number.to_string(),
            Row::Selected => format!("\"selected\".{NUMBER}"),
            Row::Changed => format!("{CHANGED}{at})"),
            Row::Altered => format!("\"mysql\".altered('mysql.altered{at}')"),
            Row::Definition => return Ok(None),
        };
        let rules = self.rules();
        let end = format!("{}, {}, {AT}{number}", quote::literal(&column.name), rules.strict);
        let slot = Slot { column, ty, rules, end };
        match &column.column_type {
            ColumnType::TinyInt { .. }
            | ColumnType::SmallInt { .. }
            | ColumnType::MediumInt { .. }
            | ColumnType::Int { .. }
            | ColumnType::BigInt { .. } => self.computed_integer(&slot, value),
            ColumnType::Decimal { precision, scale, unsigned } => {
                self.computed_decimal(&slot, value, (*precision, *scale, *unsigned))
            }
            ColumnType::Float { unsigned } => self.computed_real(&slot, value, *unsigned),
            ColumnType::Double { unsigned } => self.computed_real(&slot, value, *unsigned),
            ColumnType::Bit { bits } => self.computed_bit(&slot, value, *bits),
            ColumnType::Year => self.computed_year(&slot, value),
            ColumnType::Date => self.computed_moment(&slot, value, ("date", 0)),
            ColumnType::DateTime { fraction } => self.computed_moment(&slot, value, ("datetime", *fraction)),
            ColumnType::Timestamp { fraction } => self.computed_moment(&slot, value, ("timestamp", *fraction)),
            ColumnType::Time { fraction } => self.computed_time(&slot, value, *fraction),
            ColumnType::Char { length } => self.computed_text(&slot, value, ("char", *length)),
            ColumnType::VarChar { length } => self.computed_text(&slot, value, ("varchar", *length)),
            ColumnType::TinyText => self.computed_text(&slot, value, ("text", 255)),
            ColumnType::Text => self.computed_text(&slot, value, ("text", 65_535)),
            ColumnType::MediumText => self.computed_text(&slot, value, ("text", 16_777_215)),
            ColumnType::LongText => self.computed_text(&slot, value, ("text", u32::MAX)),
            ColumnType::Binary { length } => self.computed_bytes(&slot, value, (*length, *length)),
            ColumnType::VarBinary { length } => self.computed_bytes(&slot, value, (*length, 0)),
            ColumnType::TinyBlob => self.computed_bytes(&slot, value, (255, 0)),
            ColumnType::Blob => self.computed_bytes(&slot, value, (65_535, 0)),
            ColumnType::MediumBlob => self.computed_bytes(&slot, value, (16_777_215, 0)),
            ColumnType::LongBlob => self.computed_bytes(&slot, value, (u32::MAX, 0)),
            ColumnType::Enum { labels } => self.computed_label(&slot, value, labels, "label"),
            ColumnType::Set { labels } => self.computed_label(&slot, value, labels, "member"),
            ColumnType::Geometry { .. } | ColumnType::Json | ColumnType::Unsupported { .. } => Ok(None),
        }
    }

    /// NULL in a NOT NULL column becomes the type's own default where the statement's form says so.
    pub(super) fn never_null(
        &self,
        (column, at): (&Column, usize),
        row: Row,
        value: &Expression,
        sql: String,
    ) -> String {
        let computed = matches!(value.body, Body::Sql(_) | Body::Condition(_));
        let wanted = self.rules().null_becomes_default && !column.nullable && !column.auto_increment;
        let number = match row {
            Row::Given(number) => number.to_string(),
            Row::Selected => format!("\"selected\".{NUMBER}"),
            Row::Changed => format!("{CHANGED}{at})"),
            Row::Altered | Row::Definition => return sql,
        };
        let (Some(ty), Ok(default)) = (Type::of_column(column), coerce::implicit(&column.column_type)) else {
            return sql;
        };
        if !(computed && wanted && value.nullable) {
            return sql;
        }
        let carrier = ty.carrier.name();
        format!(
            "COALESCE(({sql})::{carrier}, \"mysql\".not_null({}::{carrier}, {}, {AT}{number}))",
            quote::literal(default),
            quote::literal(&column.name)
        )
    }

    /// The value as text that a number or a date is read from; `None` for what isn't text.
    pub(super) fn readable(&mut self, value: &Expression) -> Result<Option<String>, SqlError> {
        Ok(match value.ty.class {
            Class::Text => Some(self.render(value, Carrier::Text)?),
            Class::Bytes => Some(format!("\"mysql\".shown({})", self.render(value, Carrier::Bytes)?)),
            Class::Null
            | Class::Open
            | Class::Integer
            | Class::Decimal
            | Class::Real
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => None,
        })
    }

    /// The value as an exact number; dates and times in whole seconds if `whole`.
    fn number(&mut self, value: &Expression, whole: bool) -> Result<String, SqlError> {
        if whole && value.ty.decimals > 0 && matches!(value.ty.class, Class::DateTime | Class::Time) {
            // MySQL cuts the fraction of a column, and rounds that of other values.
            let (own, cut) = (self.own(value)?, self.modes.truncate_fraction && value.origin.is_some());
            let (rounded, ty) = match (value.ty.class == Class::Time, cut) {
                (true, true) => (format!("\"mysql\".cut_time({own}, 0)"), Type::time(0)),
                (true, false) => (format!("\"mysql\".rounded_time({own}, 0)"), Type::time(0)),
                (false, true) => (format!("\"mysql\".cut_moment(({own})::timestamp, 0)"), Type::datetime(0)),
                (false, false) => (format!("({own})::timestamp(0)"), Type::datetime(0)),
            };
            return cast(&rounded, &ty, Carrier::Numeric);
        }
        self.render(value, Carrier::Numeric)
    }

    fn computed_integer(&mut self, slot: &Slot<'_>, value: &Expression) -> Result<Option<String>, SqlError> {
        let Some((low, high)) = integer_range(&slot.column.column_type) else { return Ok(None) };
        if fits_integers(value, low, high) || value.ty.class == Class::Json {
            return Ok(None);
        }
        let range = format!("{low}, {high}");
        if value.ty.class == Class::Real {
            let number = self.render(value, Carrier::Float8)?;
            return Ok(Some(slot.call("store_real_integer", &format!("{number}, {range}"))));
        }
        if let Some(text) = self.readable(value)?.filter(|_| !value.ty.is_enum()) {
            return Ok(Some(slot.call("store_text_integer", &format!("{text}, {range}"))));
        }
        let number = self.number(value, true)?;
        Ok(Some(slot.call("store_integer", &format!("{number}, {range}"))))
    }

    fn computed_decimal(
        &mut self,
        slot: &Slot<'_>,
        value: &Expression,
        (precision, scale, unsigned): (u8, u8, bool),
    ) -> Result<Option<String>, SqlError> {
        let whole = u32::from(precision.saturating_sub(scale));
        let own = value.origin.as_ref().and_then(|origin| origin.column()).map(|column| &column.column_type);
        let proven = match own {
            Some(ColumnType::Decimal { precision: p, scale: s, unsigned: u }) => {
                *s <= scale && u32::from(p.saturating_sub(*s)) <= whole && (*u || !unsigned)
            }
            _other => {
                10_i128
                    .checked_pow(whole)
                    .is_none_or(|most| fits_integers(value, if unsigned { 0 } else { 1 - most }, most - 1))
                    && value.ty.class == Class::Integer
            }
        };
        if proven || value.ty.class == Class::Json {
            return Ok(None);
        }
        let shape = format!("{precision}, {scale}, {unsigned}");
        if let Some(text) = self.readable(value)?.filter(|_| !value.ty.is_enum()) {
            return Ok(Some(slot.call("store_text_decimal", &format!("{text}, {shape}"))));
        }
        let number = self.number(value, false)?;
        Ok(Some(slot.call("store_decimal", &format!("{number}, {shape}"))))
    }

    fn computed_real(
        &mut self,
        slot: &Slot<'_>,
        value: &Expression,
        unsigned: bool,
    ) -> Result<Option<String>, SqlError> {
        let single = matches!(slot.column.column_type, ColumnType::Float { .. });
        let (kind, most) =
            if single { ("FLOAT", "3.4028234663852886e38") } else { ("DOUBLE", "1.7976931348623157e308") };
        let digits = slot.column.digits().map_or("NULL, NULL".to_owned(), |(all, behind)| format!("{all}, {behind}"));
        let shape = format!("'{most}', {unsigned}, {digits}");
        if let Some(text) = self.readable(value)?.filter(|_| !value.ty.is_enum()) {
            return Ok(Some(slot.call("store_text_real", &format!("{text}, '{kind}', {shape}"))));
        }
        let wide = !single || value.ty.carrier == Carrier::Float4;
        if value.ty.class == Class::Json || (wide && !unsigned && slot.column.digits().is_none()) {
            return Ok(None);
        }
        let number = self.render(value, Carrier::Float8)?;
        Ok(Some(slot.call("store_real", &format!("{number}, {shape}"))))
    }

    fn computed_bit(&mut self, slot: &Slot<'_>, value: &Expression, bits: u8) -> Result<Option<String>, SqlError> {
        if fits_integers(value, 0, (1_i128 << bits) - 1) || value.ty.class == Class::Json {
            return Ok(None);
        }
        if matches!(value.ty.class, Class::Text | Class::Bytes) {
            let bytes = self.render(value, Carrier::Bytes)?;
            return Ok(Some(slot.call("store_bytes_bit", &format!("{bytes}, {bits}"))));
        }
        let kind = match value.ty.class {
            Class::Real => "real",
            Class::Decimal => "decimal",
            Class::Null
            | Class::Open
            | Class::Integer
            | Class::Text
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => "integer",
        };
        let number = self.number(value, false)?;
        Ok(Some(slot.call("store_bit", &format!("{number}, {bits}, '{kind}'"))))
    }

    fn computed_year(&mut self, slot: &Slot<'_>, value: &Expression) -> Result<Option<String>, SqlError> {
        if value.ty.class == Class::Time {
            return Err(SqlError::unsupported("a TIME in a YEAR column"));
        }
        if value.ty.class == Class::Json || value.ty.field == FieldType::Year {
            return Ok(None);
        }
        if let Some(text) = self.readable(value)?.filter(|_| !value.ty.is_enum()) {
            return Ok(Some(slot.call("store_text_year", &text)));
        }
        let number = if value.ty.is_temporal() {
            let moment = self.render(value, Carrier::Timestamp)?;
            format!("\"mysql\".part('year', {moment})")
        } else {
            self.number(value, false)?
        };
        let exact = value.ty.class != Class::Real;
        Ok(Some(slot.call("store_year", &format!("{number}, {exact}"))))
    }
}

/// True when the type says that all values are integers of that range.
fn fits_integers(value: &Expression, low: i128, high: i128) -> bool {
    if value.ty.class != Class::Integer {
        return false;
    }
    let own = value.origin.as_ref().and_then(|origin| origin.column());
    let least = |signed: i128| if value.ty.unsigned { 0 } else { signed };
    let range = match (&value.body, own.and_then(|column| integer_range(&column.column_type))) {
        (Body::Condition(_), _) => (0, 1),
        (_, Some(range)) => range,
        (_, None) => match value.ty.carrier {
            Carrier::Int2 => (least(i128::from(i16::MIN)), i128::from(i16::MAX)),
            Carrier::Int4 => (least(i128::from(i32::MIN)), i128::from(i32::MAX)),
            Carrier::Int8 => (least(i128::from(i64::MIN)), i128::from(i64::MAX)),
            Carrier::Numeric
            | Carrier::Float4
            | Carrier::Float8
            | Carrier::Text
            | Carrier::Bytes
            | Carrier::Date
            | Carrier::Timestamp
            | Carrier::TimestampTz
            | Carrier::Interval
            | Carrier::Json => (least(i128::from(i64::MIN)), i128::from(u64::MAX)),
        },
    };
    low <= range.0 && range.1 <= high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_look_is_quiet() {
        let sql = "(\"mysql\".store_text('\"at\" => 1', 'a', \"at\" => \"mysql\".\"row\"(3)))::text || f(\"at\" => 12)";
        let told = "(\"mysql\".store_text('\"at\" => 1', 'a', \"at\" => NULL))::text || f(\"at\" => NULL)";
        assert_eq!(quiet(sql), told);
        assert!(
            counted(sql).contains("\"mysql\".counted('mysql.row3', (SELECT set_config('mysql.row3', '0', true))))")
        );
        assert!(counted(sql).contains("\"at\" => 12)"));
        assert!(is_guarded(sql) && !is_guarded("1"));
        let divided = "a / \"mysql\".divisor(b, a) || '\"mysql\".divisor('";
        assert_eq!(quiet(divided), "a / \"mysql\".silent_divisor(b, a) || '\"mysql\".divisor('");
    }
}
