//! Data types as MySQL spells them, with all their synonyms.

use sqlparser::tokenizer::Token;

use super::super::plan::{Notice, SqlError};
use super::cursor::Cursor;
use super::spec::TypeSpec;
use crate::schema::{ColumnType, Table};

/// Reads a data type with its attributes.
pub(super) fn parse(cursor: &mut Cursor<'_>, column: &str) -> Result<TypeSpec, SqlError> {
    let mark = cursor.mark();
    let Some(word) = cursor.peek_word() else {
        return Err(cursor.syntax());
    };
    cursor.expect(&word)?;
    let mut spec = TypeSpec {
        base: ColumnType::Json,
        zerofill: None,
        digits: None,
        charset: None,
        collation: None,
        binary: false,
        serial: false,
    };
    match word.as_str() {
        "tinyint" | "int1" => integer(cursor, &mut spec, Integer::Tiny, column)?,
        "smallint" | "int2" => integer(cursor, &mut spec, Integer::Small, column)?,
        "mediumint" | "int3" | "middleint" => integer(cursor, &mut spec, Integer::Medium, column)?,
        "int" | "integer" | "int4" => integer(cursor, &mut spec, Integer::Int, column)?,
        "bigint" | "int8" => integer(cursor, &mut spec, Integer::Big, column)?,
        "bool" | "boolean" => spec.base = ColumnType::TinyInt { unsigned: false, width: Some(1) },
        "serial" => {
            spec.base = ColumnType::BigInt { unsigned: true };
            spec.serial = true;
        }
        "decimal" | "dec" | "numeric" | "fixed" => decimal(cursor, &mut spec, column)?,
        "float" | "float4" => floating(cursor, &mut spec, column, word == "float4")?,
        "double" | "float8" | "real" => {
            cursor.take("precision");
            let digits = two_numbers(cursor)?;
            spec.digits = check_digits(digits, column)?;
            let written = cursor.is("unsigned") || cursor.is_at(1, "unsigned");
            let (unsigned, zerofill) = sign(cursor);
            warn_of_inexact(cursor, spec.digits.is_some(), written, zerofill);
            let single = word == "real" && cursor.real_is_float();
            spec.base = if single { ColumnType::Float { unsigned } } else { ColumnType::Double { unsigned } };
            spec.zerofill = zerofill.then_some(if single { 12 } else { 22 });
        }
        "bit" => {
            let bits = one_number(cursor)?.unwrap_or(1);
            if bits == 0 {
                return Err(SqlError::new(3013, "HY000", format!("Invalid size for column '{column}'.")));
            }
            let bits = u8::try_from(bits).ok().filter(|bits| *bits <= 64);
            spec.base = ColumnType::Bit { bits: bits.ok_or_else(|| SqlError::display_width(column, 64))? };
        }
        "year" => {
            match one_number(cursor)? {
                None => {}
                Some(4) => {
                    let text =
                        "'YEAR(4)' is deprecated and will be removed in a future release. Please use YEAR instead";
                    cursor.warn(1287, text);
                }
                Some(_) => {
                    return Err(SqlError::new(1818, "HY000", "Invalid display width. Use YEAR instead.".to_owned()));
                }
            }
            sign(cursor);
            spec.base = ColumnType::Year;
        }
        "date" => spec.base = ColumnType::Date,
        "time" => spec.base = ColumnType::Time { fraction: fraction(cursor, column)? },
        "datetime" => spec.base = ColumnType::DateTime { fraction: fraction(cursor, column)? },
        "timestamp" => spec.base = ColumnType::Timestamp { fraction: fraction(cursor, column)? },
        "json" => {}
        "binary" => spec.base = ColumnType::Binary { length: bounded(one_number(cursor)?.unwrap_or(1), 255, column)? },
        "varbinary" => spec.base = ColumnType::VarBinary { length: length(cursor)? },
        "tinyblob" => spec.base = ColumnType::TinyBlob,
        "blob" => spec.base = sized(one_number(cursor)?, 1).1,
        "mediumblob" => spec.base = ColumnType::MediumBlob,
        "longblob" => spec.base = ColumnType::LongBlob,
        "enum" => {
            spec.base = ColumnType::Enum { labels: cursor.list(Cursor::string)? };
            character_attributes(cursor, &mut spec)?;
        }
        "set" => {
            spec.base = ColumnType::Set { labels: cursor.list(Cursor::string)? };
            character_attributes(cursor, &mut spec)?;
        }
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon" => {
            spec.base = ColumnType::Geometry { kind: word.clone(), srid: None };
        }
        "geometrycollection" | "geomcollection" => {
            spec.base = ColumnType::Geometry { kind: "geomcollection".to_owned(), srid: None };
        }
        "vector" => return Err(SqlError::unsupported(word)),
        other => character(cursor, &mut spec, other, column, mark)?,
    }
    Ok(spec)
}

/// What MySQL says of NATIONAL, NCHAR and N'…'.
pub(super) const NATIONAL: &str = "NATIONAL/NCHAR/NVARCHAR implies the character set UTF8MB3, which will be replaced by UTF8MB4 in a future release. \
     Please consider using CHAR(x) CHARACTER SET UTF8MB4 in order to be unambiguous.";

const ZEROFILL: &str = "The ZEROFILL attribute is deprecated and will be removed in a future release. Use the LPAD \
                        function to zero-pad numbers, or store the formatted numbers in a CHAR column.";

const DIGITS: &str =
    "Specifying number of digits for floating point data types is deprecated and will be removed in a future release.";

const UNSIGNED: &str = "UNSIGNED for decimal and floating point data types is deprecated and support for it will be \
                        removed in a future release.";

/// What MySQL says of UNSIGNED, ZEROFILL and (M,D) on numbers that aren't integers.
fn warn_of_inexact(cursor: &mut Cursor<'_>, digits: bool, unsigned: bool, zerofill: bool) {
    if zerofill {
        cursor.warn(1681, ZEROFILL);
    }
    if digits {
        cursor.warn(1681, DIGITS);
    }
    if unsigned {
        cursor.warn(1681, UNSIGNED);
    }
}

/// The same of the columns of a table that is made like another or of a query: MySQL makes them from its own
/// definitions, and warns of what these say.
pub(super) fn dropped(table: &Table) -> Vec<Notice> {
    let mut told = Vec::new();
    for column in &table.columns {
        let unsigned = match &column.column_type {
            ColumnType::Decimal { unsigned, .. } | ColumnType::Float { unsigned } | ColumnType::Double { unsigned } => {
                *unsigned
            }
            _other => false,
        };
        let parts =
            [(column.digits().is_some(), DIGITS), (unsigned, UNSIGNED), (column.zerofill().is_some(), ZEROFILL)];
        told.extend(parts.into_iter().filter(|(told, _)| *told).map(|(_, text)| text));
    }
    told.into_iter().map(|text| Notice { level: "Warning", code: 1681, message: text.to_owned() }).collect()
}

/// Widths of integers.
#[derive(Clone, Copy)]
enum Integer {
    Tiny,
    Small,
    Medium,
    Int,
    Big,
}

fn integer(cursor: &mut Cursor<'_>, spec: &mut TypeSpec, kind: Integer, column: &str) -> Result<(), SqlError> {
    let width = one_number(cursor)?;
    if width.is_some_and(|width| width > 255) {
        return Err(SqlError::display_width(column, 255));
    }
    let (unsigned, zerofill) = sign(cursor);
    if zerofill {
        cursor.warn(1681, ZEROFILL);
    }
    if width.is_some() {
        cursor.warn(1681, "Integer display width is deprecated and will be removed in a future release.");
    }
    let usual = match kind {
        Integer::Tiny => 3,
        Integer::Small => 5,
        Integer::Medium => 8,
        Integer::Int => 10,
        Integer::Big => 20,
    };
    spec.zerofill = zerofill.then_some(width.unwrap_or(usual));
    spec.base = match kind {
        Integer::Tiny => {
            let boolean = width == Some(1) && !unsigned;
            ColumnType::TinyInt { unsigned, width: boolean.then_some(1) }
        }
        Integer::Small => ColumnType::SmallInt { unsigned },
        Integer::Medium => ColumnType::MediumInt { unsigned },
        Integer::Int => ColumnType::Int { unsigned },
        Integer::Big => ColumnType::BigInt { unsigned },
    };
    Ok(())
}

fn decimal(cursor: &mut Cursor<'_>, spec: &mut TypeSpec, column: &str) -> Result<(), SqlError> {
    let (precision, scale) = match one_or_two_numbers(cursor)? {
        None | Some((0, None)) => (10, 0),
        Some((precision, scale)) => (precision, scale.unwrap_or(0)),
    };
    let column = format!("'{column}'");
    if scale > 30 {
        let text = format!("Too big scale {scale} specified for column {column}. Maximum is 30.");
        return Err(SqlError::new(1425, "42000", text));
    }
    if precision > 65 {
        let text = format!("Too-big precision {precision} specified for {column}. Maximum is 65.");
        return Err(SqlError::new(1426, "42000", text));
    }
    if scale > precision {
        return Err(scale_exceeds(&column));
    }
    let written = cursor.is("unsigned") || cursor.is_at(1, "unsigned");
    let (unsigned, zerofill) = sign(cursor);
    warn_of_inexact(cursor, false, written, zerofill);
    let (precision, scale) = (u8::try_from(precision).unwrap_or(65), u8::try_from(scale).unwrap_or(30));
    spec.base = ColumnType::Decimal { precision, scale, unsigned };
    spec.zerofill = zerofill.then_some(u32::from(precision));
    Ok(())
}

fn scale_exceeds(column: &str) -> SqlError {
    let text = format!("For float(M,D), double(M,D) or decimal(M,D), M must be >= D (column {column}).");
    SqlError::new(1427, "42000", text)
}

/// FLOAT(p) is FLOAT up to 24 bits and DOUBLE up to 53; FLOAT(M,D) keeps its digits.
fn floating(cursor: &mut Cursor<'_>, spec: &mut TypeSpec, column: &str, exact: bool) -> Result<(), SqlError> {
    let mut double = false;
    match one_or_two_numbers(cursor)? {
        None => {}
        Some((bits, None)) => {
            if bits > 53 {
                return Err(SqlError::new(1063, "42000", format!("Incorrect column specifier for column '{column}'")));
            }
            double = bits > 24 && !exact;
        }
        Some((digits, Some(decimals))) => spec.digits = check_digits(Some((digits, decimals)), column)?,
    }
    let written = cursor.is("unsigned") || cursor.is_at(1, "unsigned");
    let (unsigned, zerofill) = sign(cursor);
    warn_of_inexact(cursor, spec.digits.is_some(), written, zerofill);
    spec.base = if double { ColumnType::Double { unsigned } } else { ColumnType::Float { unsigned } };
    spec.zerofill = zerofill.then_some(if double { 22 } else { 12 });
    Ok(())
}

fn check_digits(digits: Option<(u32, u32)>, column: &str) -> Result<Option<(u32, u32)>, SqlError> {
    match digits {
        Some((_, decimals)) if decimals > 30 => {
            let text = format!("Too big scale {decimals} specified for column '{column}'. Maximum is 30.");
            Err(SqlError::new(1425, "42000", text))
        }
        Some((digits, _)) if digits > 255 => Err(SqlError::display_width(column, 255)),
        Some((digits, decimals)) if decimals > digits => Err(scale_exceeds(&format!("'{column}'"))),
        digits => Ok(digits),
    }
}

/// Everything that holds characters. `mark` is where the type began, for the error of an unknown word.
fn character(
    cursor: &mut Cursor<'_>,
    spec: &mut TypeSpec,
    word: &str,
    column: &str,
    mark: usize,
) -> Result<(), SqlError> {
    let national = matches!(word, "national" | "nchar" | "nvarchar");
    match word {
        "char" | "character" | "nchar" => {
            let varying = cursor.take("varying") || (word == "nchar" && cursor.take("varchar"));
            text(cursor, spec, varying, column)?;
        }
        "national" => {
            let fixed = cursor.take("char") || cursor.take("character");
            let varying =
                if fixed { cursor.take("varying") } else { cursor.take("varchar") || cursor.take("varcharacter") };
            if !fixed && !varying {
                return Err(cursor.syntax());
            }
            text(cursor, spec, varying, column)?;
        }
        "varchar" | "varcharacter" | "nvarchar" => text(cursor, spec, true, column)?,
        "tinytext" => spec.base = ColumnType::TinyText,
        "text" => spec.base = sized(one_number(cursor)?, 4).0,
        "mediumtext" => spec.base = ColumnType::MediumText,
        "longtext" => spec.base = ColumnType::LongText,
        "long" => {
            if cursor.take("varbinary") {
                spec.base = ColumnType::MediumBlob;
                return Ok(());
            }
            let _named = cursor.take("varchar") || cursor.take("varcharacter") || cursor.take("char varying");
            spec.base = ColumnType::MediumText;
        }
        _unknown => {
            cursor.back_to(mark);
            return Err(cursor.syntax());
        }
    }
    character_attributes(cursor, spec)?;
    if national {
        cursor.warn(3720, NATIONAL);
        spec.charset = Some("utf8mb3".to_owned());
    }
    Ok(())
}

fn text(cursor: &mut Cursor<'_>, spec: &mut TypeSpec, varying: bool, column: &str) -> Result<(), SqlError> {
    spec.base = if varying {
        ColumnType::VarChar { length: length(cursor)? }
    } else {
        ColumnType::Char { length: bounded(one_number(cursor)?.unwrap_or(1), 255, column)? }
    };
    Ok(())
}

/// CHARACTER SET, COLLATE (which may also stand among the column's attributes), BINARY, BYTE, ASCII and UNICODE.
fn character_attributes(cursor: &mut Cursor<'_>, spec: &mut TypeSpec) -> Result<(), SqlError> {
    loop {
        if cursor.take("binary") {
            let text = "'BINARY as attribute of a type' is deprecated and will be removed in a future release. Please \
                        use a CHARACTER SET clause with _bin collation instead";
            cursor.warn(1287, text);
            spec.binary = true;
        } else if cursor.take("byte") {
            spec.charset = Some("binary".to_owned());
        } else if cursor.take("ascii") {
            warn_of_attribute(cursor, "ASCII");
            spec.charset = Some("latin1".to_owned());
        } else if cursor.take("unicode") {
            warn_of_attribute(cursor, "UNICODE");
            spec.charset = Some("ucs2".to_owned());
        } else if cursor.take("character set") || cursor.take("char set") || cursor.take("charset") {
            spec.charset = Some(warned_charset(cursor)?);
        } else {
            return Ok(());
        }
    }
}

fn warn_of_attribute(cursor: &mut Cursor<'_>, word: &str) {
    let text = format!(
        "'{word}' is deprecated and will be removed in a future release. Please use CHARACTER SET charset_name instead"
    );
    cursor.warn(1287, text);
}

/// A character set or collation: a name, a string, or the reserved word BINARY.
pub(super) fn charset_name(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    if cursor.take("binary") {
        return Ok("binary".to_owned());
    }
    match cursor.optional_string() {
        Some(name) => Ok(name),
        None => cursor.name(),
    }
}

/// A character set in DDL, with MySQL's warnings of utf8mb3.
pub(super) fn warned_charset(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    let name = charset_name(cursor)?;
    if name.eq_ignore_ascii_case("utf8") {
        let text = "'utf8' is currently an alias for the character set UTF8MB3, but will be an alias for UTF8MB4 in a \
                    future release. Please consider using UTF8MB4 in order to be unambiguous.";
        cursor.warn(3719, text);
    } else if name.eq_ignore_ascii_case("utf8mb3") {
        let text = "'utf8mb3' is deprecated and will be removed in a future release. Please use utf8mb4 instead";
        cursor.warn(1287, text);
    }
    Ok(name)
}

/// A collation in DDL, with MySQL's warning of those of utf8mb3.
pub(super) fn warned_collation(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    let name = charset_name(cursor)?;
    let lower = name.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("utf8mb3_").or_else(|| lower.strip_prefix("utf8_")) {
        let text = format!(
            "'utf8mb3_{rest}' is a collation of the deprecated character set UTF8MB3. Please consider using UTF8MB4 with \
             an appropriate collation instead."
        );
        cursor.warn(3778, text);
    }
    Ok(name)
}

/// UNSIGNED, SIGNED and ZEROFILL in any order; ZEROFILL implies UNSIGNED.
fn sign(cursor: &mut Cursor<'_>) -> (bool, bool) {
    let (mut unsigned, mut zerofill) = (false, false);
    loop {
        if cursor.take("unsigned") {
            unsigned = true;
        } else if cursor.take("zerofill") {
            zerofill = true;
        } else if !cursor.take("signed") {
            return (unsigned || zerofill, zerofill);
        }
    }
}

fn fraction(cursor: &mut Cursor<'_>, column: &str) -> Result<u8, SqlError> {
    let digits = one_number(cursor)?.unwrap_or(0);
    u8::try_from(digits).ok().filter(|digits| *digits <= 6).ok_or_else(|| {
        let text = format!("Too-big precision {digits} specified for '{column}'. Maximum is 6.");
        SqlError::new(1426, "42000", text)
    })
}

/// `(n)`, if it's there.
pub(super) fn one_number(cursor: &mut Cursor<'_>) -> Result<Option<u32>, SqlError> {
    if !cursor.take_symbol(&Token::LParen) {
        return Ok(None);
    }
    let number = u32::try_from(cursor.integer()?).unwrap_or(u32::MAX);
    cursor.expect_symbol(&Token::RParen)?;
    Ok(Some(number))
}

fn length(cursor: &mut Cursor<'_>) -> Result<u32, SqlError> {
    match one_number(cursor)? {
        Some(length) => Ok(length),
        None => Err(cursor.syntax()),
    }
}

fn two_numbers(cursor: &mut Cursor<'_>) -> Result<Option<(u32, u32)>, SqlError> {
    match one_or_two_numbers(cursor)? {
        None => Ok(None),
        Some((first, Some(second))) => Ok(Some((first, second))),
        Some((_, None)) => Err(cursor.syntax()),
    }
}

fn one_or_two_numbers(cursor: &mut Cursor<'_>) -> Result<Option<(u32, Option<u32>)>, SqlError> {
    if !cursor.take_symbol(&Token::LParen) {
        return Ok(None);
    }
    let first = u32::try_from(cursor.integer()?).unwrap_or(u32::MAX);
    let mut second = None;
    if cursor.take_symbol(&Token::Comma) {
        second = Some(u32::try_from(cursor.integer()?).unwrap_or(u32::MAX));
    }
    cursor.expect_symbol(&Token::RParen)?;
    Ok(Some((first, second)))
}

fn bounded(length: u32, most: u32, column: &str) -> Result<u32, SqlError> {
    if length <= most { Ok(length) } else { Err(SqlError::too_long(column, most)) }
}

/// TEXT(n) and BLOB(n): the smallest type that holds n characters of `width` bytes.
fn sized(length: Option<u32>, width: u64) -> (ColumnType, ColumnType) {
    match length.map(|length| u64::from(length) * width) {
        None | Some(256..=65_535) => (ColumnType::Text, ColumnType::Blob),
        Some(0..=255) => (ColumnType::TinyText, ColumnType::TinyBlob),
        Some(65_536..=16_777_215) => (ColumnType::MediumText, ColumnType::MediumBlob),
        Some(16_777_216..) => (ColumnType::LongText, ColumnType::LongBlob),
    }
}

/// The type as information_schema's COLUMN_TYPE prints it.
pub(super) fn text_of(column_type: &ColumnType, spec: &TypeSpec) -> String {
    let digits = spec.digits.map(|(digits, decimals)| format!("({digits},{decimals})")).unwrap_or_default();
    let width = spec.zerofill.map(|width| format!("({width})")).unwrap_or_default();
    let zerofill = if spec.zerofill.is_some() { " zerofill" } else { "" };
    let sign = |unsigned: &bool| if *unsigned { " unsigned" } else { "" };
    let fraction = |fraction: &u8| if *fraction == 0 { String::new() } else { format!("({fraction})") };
    match column_type {
        ColumnType::TinyInt { width: Some(1), .. } => "tinyint(1)".to_owned(),
        ColumnType::TinyInt { unsigned, .. } => format!("tinyint{width}{}{zerofill}", sign(unsigned)),
        ColumnType::SmallInt { unsigned } => format!("smallint{width}{}{zerofill}", sign(unsigned)),
        ColumnType::MediumInt { unsigned } => format!("mediumint{width}{}{zerofill}", sign(unsigned)),
        ColumnType::Int { unsigned } => format!("int{width}{}{zerofill}", sign(unsigned)),
        ColumnType::BigInt { unsigned } => format!("bigint{width}{}{zerofill}", sign(unsigned)),
        ColumnType::Decimal { precision, scale, unsigned } => {
            format!("decimal({precision},{scale}){}{zerofill}", sign(unsigned))
        }
        ColumnType::Float { unsigned } => format!("float{digits}{}{zerofill}", sign(unsigned)),
        ColumnType::Double { unsigned } => format!("double{digits}{}{zerofill}", sign(unsigned)),
        ColumnType::Bit { bits } => format!("bit({bits})"),
        ColumnType::Year => "year".to_owned(),
        ColumnType::Date => "date".to_owned(),
        ColumnType::Time { fraction: digits } => format!("time{}", fraction(digits)),
        ColumnType::DateTime { fraction: digits } => format!("datetime{}", fraction(digits)),
        ColumnType::Timestamp { fraction: digits } => format!("timestamp{}", fraction(digits)),
        ColumnType::Char { length } => format!("char({length})"),
        ColumnType::VarChar { length } => format!("varchar({length})"),
        ColumnType::Binary { length } => format!("binary({length})"),
        ColumnType::VarBinary { length } => format!("varbinary({length})"),
        ColumnType::TinyText => "tinytext".to_owned(),
        ColumnType::Text => "text".to_owned(),
        ColumnType::MediumText => "mediumtext".to_owned(),
        ColumnType::LongText => "longtext".to_owned(),
        ColumnType::TinyBlob => "tinyblob".to_owned(),
        ColumnType::Blob => "blob".to_owned(),
        ColumnType::MediumBlob => "mediumblob".to_owned(),
        ColumnType::LongBlob => "longblob".to_owned(),
        ColumnType::Enum { labels } => format!("enum({})", label_list(labels)),
        ColumnType::Set { labels } => format!("set({})", label_list(labels)),
        ColumnType::Json => "json".to_owned(),
        ColumnType::Geometry { kind, .. } => kind.clone(),
        ColumnType::Unsupported { name } => name.clone(),
    }
}

/// The text of a type without display widths.
pub(super) fn text_of_plain(column_type: &ColumnType) -> String {
    let spec = TypeSpec {
        base: column_type.clone(),
        zerofill: None,
        digits: None,
        charset: None,
        collation: None,
        binary: false,
        serial: false,
    };
    text_of(column_type, &spec)
}

fn label_list(labels: &[String]) -> String {
    labels.iter().map(|label| format!("'{}'", label.replace('\'', "''"))).collect::<Vec<_>>().join(",")
}
