//! MySQL's types of expressions and the PostgreSQL types that carry them.

use crate::schema::{Column, ColumnType};
use crate::wire::FieldType;
use crate::wire::constants::column_flags as flag;

/// The PostgreSQL type in which a value travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Carrier {
    Int2,
    Int4,
    Int8,
    Numeric,
    Float4,
    Float8,
    Text,
    Bytes,
    Date,
    Timestamp,
    TimestampTz,
    Interval,
    Json,
}

impl Carrier {
    /// PostgreSQL's type id.
    pub(super) fn oid(self) -> u32 {
        match self {
            Self::Int2 => oid::INT2,
            Self::Int4 => oid::INT4,
            Self::Int8 => oid::INT8,
            Self::Numeric => oid::NUMERIC,
            Self::Float4 => oid::FLOAT4,
            Self::Float8 => oid::FLOAT8,
            Self::Text => oid::TEXT,
            Self::Bytes => oid::BYTEA,
            Self::Date => oid::DATE,
            Self::Timestamp => oid::TIMESTAMP,
            Self::TimestampTz => oid::TIMESTAMPTZ,
            Self::Interval => oid::INTERVAL,
            Self::Json => oid::JSONB,
        }
    }

    /// PostgreSQL's name, for casts.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Int2 => "int2",
            Self::Int4 => "int4",
            Self::Int8 => "int8",
            Self::Numeric => "numeric",
            Self::Float4 => "float4",
            Self::Float8 => "float8",
            Self::Text => "text",
            Self::Bytes => "bytea",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::TimestampTz => "timestamptz",
            Self::Interval => "interval",
            Self::Json => "jsonb",
        }
    }
}

/// PostgreSQL type ids.
pub(super) mod oid {
    pub(crate) const BYTEA: u32 = 17;
    pub(crate) const INT8: u32 = 20;
    pub(crate) const INT2: u32 = 21;
    pub(crate) const INT4: u32 = 23;
    pub(crate) const TEXT: u32 = 25;
    pub(crate) const FLOAT4: u32 = 700;
    pub(crate) const FLOAT8: u32 = 701;
    pub(crate) const DATE: u32 = 1082;
    pub(crate) const TIMESTAMP: u32 = 1114;
    pub(crate) const TIMESTAMPTZ: u32 = 1184;
    pub(crate) const INTERVAL: u32 = 1186;
    pub(crate) const NUMERIC: u32 = 1700;
    pub(crate) const JSONB: u32 = 3802;
}

/// How MySQL's rules for comparison and arithmetic see a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The literal NULL.
    Null,
    /// A client's parameter, before anything says what it is.
    Open,
    Integer,
    Decimal,
    Real,
    /// Character data, ENUM and SET.
    Text,
    Bytes,
    Date,
    /// DATETIME and TIMESTAMP.
    DateTime,
    Time,
    Json,
}

/// Whose collation wins in a comparison: smaller is stronger, as in MySQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Coercibility {
    Explicit,
    /// Of several collations that no rule chooses between: it can be shown, but not compared.
    Nothing,
    Column,
    /// USER(), VERSION() and the like.
    System,
    Literal,
}

impl Coercibility {
    /// What COERCIBILITY() gives.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Explicit => 0,
            Self::Nothing => 1,
            Self::Column => 2,
            Self::System => 3,
            Self::Literal => 4,
        }
    }

    /// MySQL's word in error 1267.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Explicit => "EXPLICIT",
            Self::Nothing => "NONE",
            Self::Column => "IMPLICIT",
            Self::System => "SYSCONST",
            Self::Literal => "COERCIBLE",
        }
    }
}

/// Collation of character data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Collation {
    pub(super) name: String,
    pub(super) coercibility: Coercibility,
}

/// Type of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Type {
    pub(super) class: Class,
    pub(super) carrier: Carrier,
    pub(super) field: FieldType,
    /// Display length in characters (character data) or bytes.
    pub(super) length: u32,
    /// Digits behind the point, or 31 where MySQL says "not fixed".
    pub(super) decimals: u8,
    pub(super) unsigned: bool,
    /// Flags that the type itself brings: ENUM, SET, BLOB, ZEROFILL, …
    pub(super) flags: u16,
    pub(super) collation: Option<Collation>,
}

/// MySQL's mark for a number of digits that isn't fixed.
pub(super) const NOT_FIXED: u8 = 31;

impl Type {
    fn plain(class: Class, carrier: Carrier, field: FieldType, length: u32) -> Self {
        Self { class, carrier, field, length, decimals: 0, unsigned: false, flags: flag::BINARY, collation: None }
    }

    pub(super) fn null() -> Self {
        Self::plain(Class::Null, Carrier::Text, FieldType::Null, 0)
    }

    /// A client's parameter.
    pub(super) fn open() -> Self {
        Self { class: Class::Open, ..Self::plain(Class::Open, Carrier::Text, FieldType::VarString, 16_383) }
    }

    /// BIGINT of that display length.
    pub(super) fn integer(length: u32) -> Self {
        Self::plain(Class::Integer, Carrier::Int8, FieldType::LongLong, length)
    }

    /// 0 or 1.
    pub(super) fn truth() -> Self {
        Self { carrier: Carrier::Int4, ..Self::integer(1) }
    }

    pub(super) fn decimal(precision: u32, scale: u8) -> Self {
        let precision = precision.clamp(1, 65);
        let length = precision + 1 + u32::from(scale > 0);
        Self { decimals: scale, ..Self::plain(Class::Decimal, Carrier::Numeric, FieldType::NewDecimal, length) }
    }

    /// Digits of a decimal or an integer.
    pub(super) fn precision(&self) -> u32 {
        match self.class {
            Class::Decimal => self.length.saturating_sub(u32::from(self.decimals > 0) + u32::from(!self.unsigned)),
            Class::Integer => self.length.saturating_sub(u32::from(!self.unsigned)).max(1),
            Class::Date => 8,
            Class::DateTime => 14 + u32::from(self.decimals),
            Class::Time => 7 + u32::from(self.decimals),
            // Digits of the largest number of so many bytes.
            Class::Bytes if self.unsigned => match self.length {
                0 | 1 => 3,
                2 => 5,
                3 => 8,
                4 => 10,
                5 => 13,
                6 => 15,
                7 => 17,
                _eight => 20,
            },
            Class::Null | Class::Open | Class::Real | Class::Text | Class::Bytes | Class::Json => 20,
        }
    }

    /// Digits behind the point, where their number is fixed.
    pub(super) fn scale(&self) -> u8 {
        if self.decimals == NOT_FIXED { 0 } else { self.decimals }
    }

    pub(super) fn double() -> Self {
        Self { decimals: NOT_FIXED, ..Self::plain(Class::Real, Carrier::Float8, FieldType::Double, 23) }
    }

    /// An expression's character data of at most `length` characters, under the connection's collation.
    pub(super) fn text(length: u32, collation: &str) -> Self {
        let field = match length {
            0..=16_383 => FieldType::VarString,
            16_384..=4_194_303 => FieldType::MediumBlob,
            _longer => FieldType::LongBlob,
        };
        Self {
            decimals: NOT_FIXED,
            flags: 0,
            collation: Some(Collation { name: collation.to_owned(), coercibility: Coercibility::Literal }),
            ..Self::plain(Class::Text, Carrier::Text, field, length)
        }
    }

    pub(super) fn bytes(length: u32) -> Self {
        Self { decimals: NOT_FIXED, ..Self::plain(Class::Bytes, Carrier::Bytes, FieldType::VarString, length) }
    }

    pub(super) fn date() -> Self {
        Self::plain(Class::Date, Carrier::Date, FieldType::Date, 10)
    }

    pub(super) fn datetime(fraction: u8) -> Self {
        let length = 19 + if fraction > 0 { u32::from(fraction) + 1 } else { 0 };
        Self { decimals: fraction, ..Self::plain(Class::DateTime, Carrier::Timestamp, FieldType::DateTime, length) }
    }

    pub(super) fn time(fraction: u8) -> Self {
        let length = 10 + if fraction > 0 { u32::from(fraction) + 1 } else { 0 };
        Self { decimals: fraction, ..Self::plain(Class::Time, Carrier::Interval, FieldType::Time, length) }
    }

    /// A DOUBLE that is shown with so many digits behind the point; it has as many as it needs from 31 on.
    pub(super) fn fixed_double(decimals: u8) -> Self {
        if decimals < NOT_FIXED {
            Self { decimals, length: 17 + u32::from(decimals), ..Self::double() }
        } else {
            Self::double()
        }
    }

    /// The same made of two numbers: as many digits before the point as the longer has.
    pub(super) fn fixed_double_of(sides: [&Self; 2], decimals: u8) -> Self {
        let whole = sides.map(|side| side.length.saturating_sub(u32::from(side.decimals)));
        let ty = Self::fixed_double(decimals);
        if decimals < NOT_FIXED { Self { length: whole[0].max(whole[1]) + u32::from(decimals), ..ty } } else { ty }
    }

    /// True when MySQL's merge of the two types is FLOAT: so beside every integer but INT.
    fn stays_float(&self, other: &Self) -> bool {
        let beside = |field| {
            use FieldType as F;
            matches!(field, F::Float | F::Tiny | F::Short | F::Int24 | F::LongLong | F::Year)
        };
        (self.field == FieldType::Float && beside(other.field))
            || (other.field == FieldType::Float && beside(self.field))
    }

    /// What YEAR() and CAST … AS YEAR give.
    pub(super) fn year() -> Self {
        Self {
            unsigned: true,
            carrier: Carrier::Int2,
            field: FieldType::Year,
            flags: flag::UNSIGNED | flag::BINARY,
            ..Self::integer(4)
        }
    }

    pub(super) fn json() -> Self {
        Self::plain(Class::Json, Carrier::Json, FieldType::Json, u32::MAX)
    }

    /// The collation of the text that a value is made into: a document's text is compared by its bytes.
    pub(super) fn made_text(&self) -> Option<Collation> {
        let bytewise = || Collation { name: "utf8mb4_bin".to_owned(), coercibility: Coercibility::Column };
        self.collation.clone().or_else(|| (self.class == Class::Json).then(bytewise))
    }

    pub(super) fn is_text(&self) -> bool {
        self.class == Class::Text
    }

    pub(super) fn is_temporal(&self) -> bool {
        matches!(self.class, Class::Date | Class::DateTime | Class::Time)
    }

    pub(super) fn is_enum(&self) -> bool {
        self.flags & (flag::ENUM | flag::SET) != 0
    }

    /// The type of a stored column. `None` for types that Bascule refuses.
    pub(super) fn of_column(column: &Column) -> Option<Self> {
        let mut found = of_column_type(&column.column_type)?;
        if let Some((digits, decimals)) = column.digits() {
            found.length = digits;
            found.decimals = u8::try_from(decimals).unwrap_or(NOT_FIXED);
        }
        if let Some(width) = column.zerofill() {
            found.length = width;
            found.flags |= flag::ZEROFILL;
        }
        if found.is_text() {
            let name = column.collation.clone().unwrap_or_else(|| "utf8mb4_0900_ai_ci".to_owned());
            if is_binary_collation(&name) {
                found.flags |= flag::BINARY;
            }
            found.collation = Some(Collation { name, coercibility: Coercibility::Column });
        }
        Some(found)
    }
}

/// True for collations that compare bytes.
pub(super) fn is_binary_collation(name: &str) -> bool {
    name == "binary" || name.ends_with("_bin")
}

fn integer_column(carrier: Carrier, field: FieldType, length: u32, unsigned: bool) -> Type {
    let flags = if unsigned { flag::UNSIGNED } else { 0 };
    Type { unsigned, flags, ..Type::plain(Class::Integer, carrier, field, length) }
}

fn character_column(field: FieldType, length: u32, flags: u16) -> Type {
    Type { flags, ..Type::plain(Class::Text, Carrier::Text, field, length) }
}

fn binary_column(field: FieldType, length: u32, flags: u16) -> Type {
    Type { flags: flags | flag::BINARY, ..Type::plain(Class::Bytes, Carrier::Bytes, field, length) }
}

/// The type of what a column of that type holds.
pub(super) fn of_column_type(column_type: &ColumnType) -> Option<Type> {
    Some(match column_type {
        ColumnType::TinyInt { unsigned, width } => {
            let length = width.map_or(if *unsigned { 3 } else { 4 }, u32::from);
            integer_column(Carrier::Int2, FieldType::Tiny, length, *unsigned)
        }
        ColumnType::SmallInt { unsigned: false } => integer_column(Carrier::Int2, FieldType::Short, 6, false),
        ColumnType::SmallInt { unsigned: true } => integer_column(Carrier::Int4, FieldType::Short, 5, true),
        ColumnType::MediumInt { unsigned } => {
            integer_column(Carrier::Int4, FieldType::Int24, if *unsigned { 8 } else { 9 }, *unsigned)
        }
        ColumnType::Int { unsigned: false } => integer_column(Carrier::Int4, FieldType::Long, 11, false),
        ColumnType::Int { unsigned: true } => integer_column(Carrier::Int8, FieldType::Long, 10, true),
        ColumnType::BigInt { unsigned } => {
            integer_column(if *unsigned { Carrier::Numeric } else { Carrier::Int8 }, FieldType::LongLong, 20, *unsigned)
        }
        ColumnType::Decimal { precision, scale, unsigned } => {
            let length = u32::from(*precision) + u32::from(*scale > 0) + u32::from(!*unsigned);
            Type {
                length,
                unsigned: *unsigned,
                flags: if *unsigned { flag::UNSIGNED } else { 0 },
                ..Type::decimal(u32::from(*precision), *scale)
            }
        }
        ColumnType::Float { unsigned } => Type {
            carrier: Carrier::Float4,
            field: FieldType::Float,
            length: 12,
            flags: if *unsigned { flag::UNSIGNED } else { 0 },
            ..Type::double()
        },
        ColumnType::Double { unsigned } => {
            Type { length: 22, flags: if *unsigned { flag::UNSIGNED } else { 0 }, ..Type::double() }
        }
        ColumnType::Bit { bits } => integer_column(
            if *bits > 63 { Carrier::Numeric } else { Carrier::Int8 },
            FieldType::Bit,
            u32::from(*bits),
            true,
        ),
        ColumnType::Year => {
            Type { flags: flag::UNSIGNED | flag::ZEROFILL, ..integer_column(Carrier::Int2, FieldType::Year, 4, true) }
        }
        ColumnType::Date => Type::date(),
        ColumnType::Time { fraction } => Type::time(*fraction),
        ColumnType::DateTime { fraction } => Type::datetime(*fraction),
        ColumnType::Timestamp { fraction } => {
            Type { carrier: Carrier::TimestampTz, field: FieldType::Timestamp, ..Type::datetime(*fraction) }
        }
        ColumnType::Char { length } => character_column(FieldType::String, *length, 0),
        ColumnType::VarChar { length } => character_column(FieldType::VarString, *length, 0),
        ColumnType::TinyText => character_column(FieldType::Blob, 255, flag::BLOB),
        ColumnType::Text => character_column(FieldType::Blob, 65_535, flag::BLOB),
        ColumnType::MediumText => character_column(FieldType::Blob, 16_777_215, flag::BLOB),
        ColumnType::LongText => character_column(FieldType::Blob, u32::MAX, flag::BLOB),
        ColumnType::Binary { length } => binary_column(FieldType::String, *length, 0),
        ColumnType::VarBinary { length } => binary_column(FieldType::VarString, *length, 0),
        ColumnType::TinyBlob => binary_column(FieldType::Blob, 255, flag::BLOB),
        ColumnType::Blob => binary_column(FieldType::Blob, 65_535, flag::BLOB),
        ColumnType::MediumBlob => binary_column(FieldType::Blob, 16_777_215, flag::BLOB),
        ColumnType::LongBlob => binary_column(FieldType::Blob, u32::MAX, flag::BLOB),
        ColumnType::Enum { labels } => {
            let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
            character_column(FieldType::String, u32::try_from(longest).unwrap_or(u32::MAX), flag::ENUM)
        }
        ColumnType::Set { labels } => {
            let total = labels.iter().map(|label| label.chars().count() + 1).sum::<usize>().saturating_sub(1);
            character_column(FieldType::String, u32::try_from(total).unwrap_or(u32::MAX), flag::SET)
        }
        ColumnType::Geometry { .. } => binary_column(FieldType::Geometry, u32::MAX, flag::BLOB),
        ColumnType::Json => Type { flags: flag::BLOB | flag::BINARY, ..Type::json() },
        ColumnType::Unsupported { .. } => return None,
    })
}

/// The type that can hold values of both: the rule behind CASE, IF, COALESCE and UNION.
pub(super) fn merge(left: &Type, right: &Type, collation: &str) -> Type {
    if matches!(left.class, Class::Null | Class::Open) {
        return if right.class == Class::Json { super::json::json_result() } else { right.clone() };
    }
    if matches!(right.class, Class::Null | Class::Open) {
        return if left.class == Class::Json { super::json::json_result() } else { left.clone() };
    }
    let length = left.length.max(right.length);
    let flags = flag::BINARY;
    match (left.class, right.class) {
        (Class::Integer, Class::Integer) => {
            let carrier = if [left, right].iter().any(|side| side.carrier == Carrier::Numeric) {
                Carrier::Numeric
            } else {
                Carrier::Int8
            };
            let field = if left.field == right.field { left.field } else { FieldType::LongLong };
            let carrier = if left.carrier == right.carrier { left.carrier } else { carrier };
            Type { carrier, field, length, unsigned: left.unsigned && right.unsigned, flags, ..left.clone() }
        }
        (Class::Integer | Class::Decimal, Class::Integer | Class::Decimal) => {
            let scale = left.decimals.max(right.decimals);
            let whole =
                [left, right].iter().map(|side| side.precision().saturating_sub(u32::from(side.decimals))).max();
            Type::decimal(whole.unwrap_or(1) + u32::from(scale), scale)
        }
        (Class::Integer | Class::Real, Class::Integer | Class::Real) if left.stays_float(right) => {
            let ty = Type::fixed_double_of([left, right], left.decimals.max(right.decimals));
            Type { carrier: Carrier::Float4, field: FieldType::Float, ..ty }
        }
        (Class::Integer | Class::Decimal | Class::Real, Class::Integer | Class::Decimal | Class::Real) => {
            Type::fixed_double_of([left, right], left.decimals.max(right.decimals))
        }
        (Class::Date, Class::Date) => Type::date(),
        (Class::Time, Class::Time) => Type::time(left.decimals.max(right.decimals)),
        (Class::Date | Class::DateTime, Class::Date | Class::DateTime) => {
            let merged = Type::datetime(left.decimals.max(right.decimals));
            let both_instants = [left, right].iter().all(|side| side.carrier == Carrier::TimestampTz);
            if both_instants {
                Type { carrier: Carrier::TimestampTz, field: FieldType::Timestamp, ..merged }
            } else {
                merged
            }
        }
        (Class::Json, Class::Json) => super::json::json_result(),
        (Class::Bytes, _) | (_, Class::Bytes) => Type::bytes(length),
        (_, _) => {
            let collations = [left.made_text(), right.made_text()];
            let stronger = super::charset::blend(collations.iter().flatten());
            let merged = Type::text(length, collation);
            // A TEXT column stays one beside other character data; a document makes the longest text of all.
            let field = if [left, right].iter().any(|side| side.field == FieldType::Blob) {
                FieldType::Blob
            } else {
                merged.field
            };
            let document = [left, right].iter().any(|side| side.class == Class::Json);
            let flags = if document { flag::BINARY } else { merged.flags };
            Type { collation: stronger.or_else(|| Type::text(0, collation).collation), field, flags, ..merged }
        }
    }
}
