//! Character sets: introducers, CONVERT … USING, COLLATE, and which collation wins.
//!
//! All text is UTF-8 in PostgreSQL; its type says, by the name of the collation, in which character set MySQL has it.
//! Bytes are made by PostgreSQL's own conversions where a value's bytes are asked for. Sets that PostgreSQL doesn't
//! know, or knows with other characters, are refused by name.

use crate::value::Value;

use super::expression::{Expression, Lowering};
use super::plan::SqlError;
use super::types::{Carrier, Class, Coercibility, Collation, Type, is_binary_collation};

/// MySQL's character sets with their default collation, PostgreSQL's name where the two agree, and the longest
/// character in bytes.
const SETS: &[(&str, &str, Option<&str>, u32)] = &[
    ("armscii8", "armscii8_general_ci", None, 1),
    ("ascii", "ascii_general_ci", Some("UTF8"), 1),
    ("big5", "big5_chinese_ci", Some("BIG5"), 2),
    ("binary", "binary", None, 1),
    ("cp1250", "cp1250_general_ci", Some("WIN1250"), 1),
    ("cp1251", "cp1251_general_ci", Some("WIN1251"), 1),
    ("cp1256", "cp1256_general_ci", Some("WIN1256"), 1),
    ("cp1257", "cp1257_general_ci", Some("WIN1257"), 1),
    ("cp850", "cp850_general_ci", None, 1),
    ("cp852", "cp852_general_ci", None, 1),
    ("cp866", "cp866_general_ci", Some("WIN866"), 1),
    ("cp932", "cp932_japanese_ci", Some("SJIS"), 2),
    ("dec8", "dec8_swedish_ci", None, 1),
    ("eucjpms", "eucjpms_japanese_ci", None, 3),
    ("euckr", "euckr_korean_ci", Some("EUC_KR"), 2),
    ("gb18030", "gb18030_chinese_ci", Some("GB18030"), 4),
    ("gb2312", "gb2312_chinese_ci", Some("EUC_CN"), 2),
    ("gbk", "gbk_chinese_ci", Some("GBK"), 2),
    ("geostd8", "geostd8_general_ci", None, 1),
    ("greek", "greek_general_ci", Some("ISO_8859_7"), 1),
    ("hebrew", "hebrew_general_ci", Some("ISO_8859_8"), 1),
    ("hp8", "hp8_english_ci", None, 1),
    ("keybcs2", "keybcs2_general_ci", None, 1),
    ("koi8r", "koi8r_general_ci", Some("KOI8R"), 1),
    ("koi8u", "koi8u_general_ci", Some("KOI8U"), 1),
    ("latin1", "latin1_swedish_ci", Some("WIN1252"), 1),
    ("latin2", "latin2_general_ci", Some("LATIN2"), 1),
    ("latin5", "latin5_turkish_ci", Some("LATIN5"), 1),
    ("latin7", "latin7_general_ci", Some("LATIN7"), 1),
    ("macce", "macce_general_ci", None, 1),
    ("macroman", "macroman_general_ci", None, 1),
    ("sjis", "sjis_japanese_ci", Some("SJIS"), 2),
    ("swe7", "swe7_swedish_ci", None, 1),
    ("tis620", "tis620_thai_ci", Some("WIN874"), 1),
    ("ucs2", "ucs2_general_ci", None, 2),
    ("ujis", "ujis_japanese_ci", Some("EUC_JP"), 3),
    ("utf16", "utf16_general_ci", None, 4),
    ("utf16le", "utf16le_general_ci", None, 4),
    ("utf32", "utf32_general_ci", None, 4),
    ("utf8mb3", "utf8mb3_general_ci", Some("UTF8"), 3),
    ("utf8mb4", "utf8mb4_0900_ai_ci", Some("UTF8"), 4),
];

/// Endings of collation names, after the character set's.
const ENDINGS: &[&str] = &["_ci", "_cs", "_bin", "_ai", "_as", "_ks"];

fn set(name: &str) -> Option<&'static (&'static str, &'static str, Option<&'static str>, u32)> {
    let name = if name == "utf8" { "utf8mb3" } else { name };
    SETS.iter().find(|set| set.0 == name)
}

/// The character set of a collation.
pub(super) fn of_collation(collation: &str) -> &str {
    match collation.split_once('_') {
        Some(("utf8", _)) => "utf8mb3",
        Some((set, _)) => set,
        None => collation,
    }
}

/// True for the names of MySQL's collations, as far as a name shows it.
pub(super) fn is_collation(name: &str) -> bool {
    name == "binary"
        || set(of_collation(name)).is_some_and(|set| name.len() > set.0.len())
            && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn unknown_set(name: &str) -> SqlError {
    SqlError::new(1115, "42000", format!("Unknown character set: '{name}'"))
}

/// Unicode takes in every other set, the wider Unicode the narrower.
fn rank(set: &str) -> u8 {
    match set {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" => 3,
        "utf8mb3" | "ucs2" => 2,
        "ascii" => 0,
        _other => 1,
    }
}

/// Which of two collations wins, or 1267.
pub(super) fn aggregate(left: &Collation, right: &Collation, operation: &str) -> Result<Collation, SqlError> {
    if left.name == right.name {
        return Ok(if left.coercibility <= right.coercibility { left.clone() } else { right.clone() });
    }
    let illegal = || {
        let shown = |side: &Collation| format!("({},{})", side.name, side.coercibility.name());
        let message =
            format!("Illegal mix of collations {} and {} for operation '{operation}'", shown(left), shown(right));
        SqlError::new(1267, "HY000", message)
    };
    if left.coercibility < right.coercibility {
        return Ok(left.clone());
    }
    if right.coercibility < left.coercibility {
        return Ok(right.clone());
    }
    let (left_set, right_set) = (of_collation(&left.name), of_collation(&right.name));
    if left_set == right_set {
        if left.coercibility == Coercibility::Explicit {
            return Err(illegal());
        }
        return match (is_binary_collation(&left.name), is_binary_collation(&right.name)) {
            (true, false) => Ok(left.clone()),
            (false, true) => Ok(right.clone()),
            (_, _) => Err(illegal()),
        };
    }
    match rank(left_set).cmp(&rank(right_set)) {
        std::cmp::Ordering::Greater if rank(left_set) > 1 || rank(right_set) == 0 => Ok(left.clone()),
        std::cmp::Ordering::Less if rank(right_set) > 1 || rank(left_set) == 0 => Ok(right.clone()),
        _other => Err(illegal()),
    }
}

/// The bytes that MySQL has for character data of type `ty`.
pub(super) fn encode(sql: &str, ty: &Type) -> Result<String, SqlError> {
    let name = ty.collation.as_ref().map_or("utf8mb4", |collation| of_collation(&collation.name));
    match set(name) {
        None => Ok(format!("convert_to({sql}, 'UTF8')")),
        Some((_, _, Some(encoding), _)) => Ok(format!("convert_to({sql}, '{encoding}')")),
        Some((name, _, None, _)) => match *name {
            "utf16" | "ucs2" | "utf32" | "utf16le" => Ok(format!("\"mysql\".wide_bytes({sql}, '{name}')")),
            other => Err(SqlError::unsupported(format_args!("bytes of character set {other}"))),
        },
    }
}

impl Lowering<'_> {
    /// `_charset'text'`: the bytes of the literal are of that character set.
    pub(super) fn introduce(&mut self, introducer: &str, literal: &Expression) -> Result<Expression, SqlError> {
        let name = if introducer == "n" { "utf8mb3" } else { introducer.trim_start_matches('_') };
        let Some(bytes) = literal.constant().map(super::bind::bytes_of).transpose()? else {
            return Err(SqlError::unsupported(format_args!("introducer {introducer} before this")));
        };
        let found = set(name).ok_or_else(|| unknown_set(name))?;
        let text_type = |length: usize| {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            let collation =
                if name == of_collation(&self.context.collation) { &self.context.collation } else { found.1 };
            Type::text(length, collation)
        };
        match (found.0, found.2) {
            ("binary", _) => {
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                Ok(Expression::literal(Value::Bytes(bytes), Type::bytes(length)))
            }
            (_, Some(encoding)) => match String::from_utf8(bytes) {
                Ok(text) if encoding == "UTF8" || text.is_ascii() => {
                    let length = text.chars().count();
                    Ok(Expression::literal(Value::Text(text), text_type(length)))
                }
                Err(error) if encoding == "UTF8" => {
                    let bytes = error.as_bytes();
                    let shown: String = bytes.iter().take(6).map(|byte| format!("{byte:02X}")).collect();
                    let message = format!("Invalid {name} character string: '{shown}'");
                    Err(SqlError::new(1300, "HY000", message))
                }
                Ok(text) => Ok(self.decoded(text.into_bytes(), encoding, text_type)),
                Err(error) => Ok(self.decoded(error.into_bytes(), encoding, text_type)),
            },
            (other, None) => match wide_text(other, &bytes) {
                Some(text) => {
                    let length = text.chars().count();
                    Ok(Expression::literal(Value::Text(text), text_type(length)))
                }
                None => Err(SqlError::unsupported(format_args!("introducer _{other}"))),
            },
        }
    }

    fn decoded(&mut self, bytes: Vec<u8>, encoding: &str, ty: impl Fn(usize) -> Type) -> Expression {
        let ty = ty(bytes.len());
        let source = super::plan::ParameterSource::Literal(Value::Bytes(bytes));
        let sql = self.parameter(&source, Carrier::Bytes.oid());
        Expression::sql(format!("convert_from({sql}, '{encoding}')"), ty, false)
    }

    /// CONVERT(x USING charset).
    pub(super) fn convert_using(&mut self, value: &Expression, name: &str) -> Result<Expression, SqlError> {
        let name = name.trim_matches(['`', '\'', '"']);
        let found = set(name).ok_or_else(|| unknown_set(name))?;
        if found.0 == "binary" {
            let sql = self.render(value, Carrier::Bytes)?;
            let length = value.ty.length.saturating_mul(4);
            return Ok(Expression::sql(sql, Type::bytes(length), value.nullable));
        }
        let collation =
            if found.0 == of_collation(&self.context.collation) { &self.context.collation } else { found.1 };
        let ty = Type::text(value.ty.length, collation);
        if value.is_null() {
            return Ok(Expression::literal(Value::Null, ty));
        }
        if value.ty.class == Class::Bytes {
            let sql = self.render(value, Carrier::Bytes)?;
            let Some(encoding) = found.2 else {
                return Err(SqlError::unsupported(format_args!("CONVERT USING {name}")));
            };
            return Ok(Expression::sql(format!("\"mysql\".decode({sql}, '{encoding}')"), ty, true));
        }
        if value.is_flexible()
            && value.ty.is_text()
            && let Some(Value::Text(text)) = value.constant()
            && text.is_ascii()
        {
            return Ok(Expression { ty, ..value.clone() });
        }
        let sql = self.text(value)?;
        let sql = match (found.0, found.2) {
            ("utf8mb4" | "utf16" | "utf32" | "utf16le" | "gb18030", _) => sql,
            ("ascii", _) => format!("regexp_replace({sql} COLLATE \"C\", '[^\\u0001-\\u007f]', '?', 'g')"),
            ("utf8mb3" | "ucs2", _) => {
                format!("regexp_replace({sql} COLLATE \"C\", '[^\\u0001-\\uffff]', '?', 'g')")
            }
            (_, Some(encoding)) => format!("\"mysql\".representable({sql}, '{encoding}')"),
            (other, None) => return Err(SqlError::unsupported(format_args!("CONVERT USING {other}"))),
        };
        Ok(Expression::sql(sql, ty, value.nullable))
    }

    /// `x COLLATE name`.
    pub(super) fn with_collation(&mut self, inner: &Expression, name: String) -> Result<Expression, SqlError> {
        if !is_collation(&name) {
            return Err(SqlError::new(1273, "HY000", format!("Unknown collation: '{name}'")));
        }
        let own = match (inner.ty.class, &inner.ty.collation) {
            (Class::Bytes, _) => "binary",
            (_, Some(collation)) => of_collation(&collation.name),
            (_, None) => of_collation(&self.context.collation),
        };
        if own != of_collation(&name) {
            let message = format!("COLLATION '{name}' is not valid for CHARACTER SET '{own}'");
            return Err(SqlError::new(1253, "42000", message));
        }
        if name == "binary" {
            return Ok(inner.clone());
        }
        let clause = self.collation_sql(&name)?;
        let sql = self.text(inner)?;
        let mut ty = if inner.ty.is_text() { inner.ty.clone() } else { Type::text(inner.ty.length, &name) };
        ty.collation = Some(Collation { name, coercibility: Coercibility::Explicit });
        Ok(Expression::sql(format!("({sql} COLLATE {clause})"), ty, inner.nullable))
    }
}

/// Text of the sets with wide units; `None` for other sets and broken text.
fn wide_text(set: &str, bytes: &[u8]) -> Option<String> {
    let padded = |unit: usize| {
        let missing = bytes.len().next_multiple_of(unit) - bytes.len();
        let mut padded = vec![0_u8; missing];
        padded.extend_from_slice(bytes);
        padded
    };
    let units = |little: bool| {
        let bytes = padded(2);
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| match pair {
                [first, second] if little => u16::from_le_bytes([*first, *second]),
                [first, second] => u16::from_be_bytes([*first, *second]),
                _other => 0,
            })
            .collect();
        String::from_utf16(&units).ok()
    };
    match set {
        "utf16" | "ucs2" => units(false),
        "utf16le" => units(true),
        "utf32" => padded(4)
            .chunks_exact(4)
            .map(|unit| char::from_u32(unit.iter().fold(0, |code, byte| code << 8 | u32::from(*byte))))
            .collect(),
        _other => None,
    }
}
