//! Character sets: introducers, CONVERT … USING, COLLATE, and which collation wins.
//!
//! All text is UTF-8 in PostgreSQL; its type says, by the name of the collation, in which character set MySQL has it.
//! Bytes are made by PostgreSQL's own conversions where a value's bytes are asked for. Sets that PostgreSQL doesn't
//! know, or knows with other characters, are refused by name.

use crate::schema::charset;
use crate::value::Value;
use crate::wire::FieldType;

use super::expression::{Expression, Lowering};
use super::plan::SqlError;
use super::types::{Carrier, Class, Coercibility, Collation, Type, is_binary_collation};

/// PostgreSQL's name for a character set, where the two agree.
fn encoding(set: &str) -> Option<&'static str> {
    Some(match set {
        "ascii" | "utf8mb3" | "utf8mb4" => "UTF8",
        "cp932" | "sjis" => "SJIS",
        "big5" => "BIG5",
        "cp1250" => "WIN1250",
        "cp1251" => "WIN1251",
        "cp1256" => "WIN1256",
        "cp1257" => "WIN1257",
        "cp866" => "WIN866",
        "euckr" => "EUC_KR",
        "gb18030" => "GB18030",
        "gb2312" => "EUC_CN",
        "gbk" => "GBK",
        "greek" => "ISO_8859_7",
        "hebrew" => "ISO_8859_8",
        "koi8r" => "KOI8R",
        "koi8u" => "KOI8U",
        "latin1" => "WIN1252",
        "latin2" => "LATIN2",
        "latin5" => "LATIN5",
        "latin7" => "LATIN7",
        "tis620" => "WIN874",
        "ujis" => "EUC_JP",
        _other => return None,
    })
}

/// The character set of a collation.
pub(super) fn of_collation(collation: &str) -> &str {
    match collation.split_once('_') {
        Some(("utf8", _)) => "utf8mb3",
        Some((set, _)) => set,
        None => collation,
    }
}

/// True for the names of MySQL's collations, also in the old spelling of utf8mb3's.
pub(super) fn is_collation(name: &str) -> bool {
    charset::collation_id(name).is_some() || name.starts_with("utf8_")
}

/// Bytes that aren't text of the character set that they're said to be of.
fn broken(set: &str, bytes: &[u8]) -> SqlError {
    let shown: String = bytes.iter().take(6).map(|byte| format!("{byte:02X}")).collect();
    SqlError::new(1300, "HY000", format!("Invalid {set} character string: '{shown}'"))
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
    let illegal = || {
        let shown = |side: &Collation| format!("({},{})", side.name, side.coercibility.name());
        let message =
            format!("Illegal mix of collations {} and {} for operation '{operation}'", shown(left), shown(right));
        SqlError::new(1267, "HY000", message)
    };
    if left.coercibility.min(right.coercibility) == Coercibility::Nothing {
        return Err(illegal());
    }
    if left.name == right.name {
        return Ok(if left.coercibility <= right.coercibility { left.clone() } else { right.clone() });
    }
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

/// The collation of what is made of several texts, which is nobody's where no rule chooses one: MySQL complains only
/// when such a text is compared (manual, "Collation Coercibility in Expressions").
pub(super) fn blend<'c>(collations: impl Iterator<Item = &'c Collation>) -> Option<Collation> {
    let mut blended: Option<Collation> = None;
    for next in collations {
        blended = Some(match &blended {
            None => next.clone(),
            Some(own) if own.coercibility == Coercibility::Nothing && next.coercibility != Coercibility::Explicit => {
                own.clone()
            }
            Some(own) if next.coercibility == Coercibility::Nothing && own.coercibility != Coercibility::Explicit => {
                next.clone()
            }
            Some(own) => aggregate(own, next, "").unwrap_or_else(|_| Collation {
                name: format!("{}_bin", of_collation(&own.name)),
                coercibility: Coercibility::Nothing,
            }),
        });
    }
    blended
}

/// Bytes of the longest character of a type.
pub(super) fn width(ty: &Type) -> u32 {
    let own = ty.collation.as_ref().and_then(|own| charset::of_collation(&own.name));
    if ty.is_text() { own.map_or(4, |set| set.bytes) } else { 1 }
}

/// The bytes that MySQL has for character data of type `ty`.
pub(super) fn encode(sql: &str, ty: &Type) -> Result<String, SqlError> {
    let name = ty.collation.as_ref().map_or("utf8mb4", |collation| of_collation(&collation.name));
    match (name, encoding(name)) {
        // Labels of ENUM and SET: the bytes as the client wrote them.
        ("binary", None) => Ok(format!("convert_to({sql}, 'UTF8')")),
        (_, Some(encoding)) => Ok(format!("convert_to({sql}, '{encoding}')")),
        ("utf16" | "ucs2" | "utf32" | "utf16le", None) => Ok(format!("\"mysql\".wide_bytes({sql}, '{name}')")),
        (other, None) => Err(SqlError::unsupported(format_args!("bytes of character set {other}"))),
    }
}

/// The bytes of a text literal in a character set of single bytes, where they aren't those of UTF-8.
pub(super) fn bytes_of_literal(expression: &Expression) -> Option<Vec<u8>> {
    let (Some(Value::Text(text)), Some(collation)) = (expression.constant(), &expression.ty.collation) else {
        return None;
    };
    let set = charset::of_collation(&collation.name).filter(|set| set.is_narrow() && set.is_spoken())?;
    (!text.is_ascii() && set.name != "binary").then(|| set.encode(text))
}

/// 3854, as MySQL shows the bytes: six of them, and those that aren't printed by their numbers.
fn not_convertible(bytes: &[u8], from: &str, to: &str) -> SqlError {
    let mut shown: String = bytes
        .iter()
        .take(6)
        .map(|byte| match byte {
            b' '..=b'~' => char::from(*byte).to_string(),
            other => format!("\\x{other:02X}"),
        })
        .collect();
    if bytes.len() > 6 {
        shown.push_str("...");
    }
    SqlError::new(3854, "HY000", format!("Cannot convert string '{shown}' from {from} to {to}"))
}

impl Lowering<'_> {
    /// A binary constant beside character data that isn't one: text of that data's character set.
    pub(super) fn bytes_as_text(
        &self,
        constant: &Expression,
        beside: &Expression,
    ) -> Result<Option<Expression>, SqlError> {
        let (Some(Value::Bytes(bytes)), Some(collation)) = (constant.constant(), &beside.ty.collation) else {
            return Ok(None);
        };
        let literal = constant.ty.class == Class::Bytes && constant.ty.field == FieldType::VarString;
        if !literal || !beside.ty.is_text() || collation.coercibility >= Coercibility::Literal {
            return Ok(None);
        }
        let name = of_collation(&collation.name);
        let Some(set) = charset::find(name).filter(|set| set.name != "binary") else { return Ok(None) };
        let text = match (set.decode(bytes), encoding(name)) {
            (Some(text), _) => text,
            (None, Some("UTF8")) => {
                String::from_utf8(bytes.clone()).map_err(|_| not_convertible(bytes, "binary", name))?
            }
            (None, _) => return Ok(None),
        };
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        Ok(Some(Expression::literal(Value::Text(text), Type::text(length, &collation.name))))
    }

    /// 3854 for a constant text whose characters the set that it's converted to doesn't have.
    pub(super) fn representable(&self, side: &Expression, winner: &Collation) -> Result<(), SqlError> {
        let (Some(Value::Text(text)), Some(own)) = (side.constant(), &side.ty.collation) else { return Ok(()) };
        let (from, to) = (of_collation(&own.name), of_collation(&winner.name));
        if text.is_ascii() || from == to || own.coercibility <= winner.coercibility {
            return Ok(());
        }
        let (Some(from), Some(to)) = (charset::find(from), charset::find(to)) else { return Ok(()) };
        if text.chars().all(|character| to.has(character).unwrap_or(true)) {
            return Ok(());
        }
        Err(not_convertible(&from.encode(text), from.name, to.name))
    }

    /// The same for everything that a function makes one text of.
    pub(super) fn all_representable(&self, sides: &[Expression]) -> Result<(), SqlError> {
        let texts = || sides.iter().filter(|side| side.ty.class == Class::Text && !side.is_null());
        let Some(winner) = blend(texts().filter_map(|side| side.ty.collation.as_ref())) else { return Ok(()) };
        texts().try_for_each(|side| self.representable(side, &winner))
    }

    /// `_charset'text'`: the bytes of the literal are of that character set.
    pub(super) fn introduce(&mut self, introducer: &str, literal: &Expression) -> Result<Expression, SqlError> {
        let name = if introducer == "n" { "utf8mb3" } else { introducer.trim_start_matches('_') };
        let Some(bytes) = literal.constant().map(super::bind::bytes_of).transpose()? else {
            return Err(SqlError::unsupported(format_args!("introducer {introducer} before this")));
        };
        let found = charset::find(name).ok_or_else(|| unknown_set(name))?;
        let text_type = |length: usize| {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            let collation = if found.name == of_collation(&self.context.collation) {
                &self.context.collation
            } else {
                found.collation
            };
            Type::text(length, collation)
        };
        let of_text = |text: String| {
            let ty = text_type(text.chars().count());
            Expression::literal(Value::Text(text), ty)
        };
        if found.name == "binary" {
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            return Ok(Expression::literal(Value::Bytes(bytes), Type::bytes(length)));
        }
        if bytes.is_ascii() && encoding(found.name).is_some() {
            return Ok(of_text(String::from_utf8_lossy(&bytes).into_owned()));
        }
        if let Some(text) = found.decode(&bytes).filter(|_| found.name != "ascii") {
            return Ok(of_text(text));
        }
        match encoding(found.name) {
            Some("UTF8") => match String::from_utf8(bytes) {
                Ok(text) if found.name != "ascii" => Ok(of_text(text)),
                Ok(text) => Err(broken(name, text.as_bytes())),
                Err(error) => Err(broken(name, error.as_bytes())),
            },
            Some(encoding) => Ok(self.decoded(bytes, encoding, text_type)),
            None => match wide_text(found.name, &bytes) {
                Some(text) => Ok(of_text(text)),
                None => Err(SqlError::unsupported(format_args!("introducer _{}", found.name))),
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
        let found = charset::find(name).ok_or_else(|| unknown_set(name))?;
        // Under strict mode a text that's too long is NULL.
        let nullable = value.nullable || self.modes.strict;
        if found.name == "binary" {
            let sql = self.render(value, Carrier::Bytes)?;
            let length = value.ty.length.saturating_mul(width(&value.ty));
            return Ok(Expression::sql(sql, Type::bytes(length), nullable));
        }
        let collation =
            if found.name == of_collation(&self.context.collation) { &self.context.collation } else { found.collation };
        let ty = Type::text(value.ty.length, collation);
        if value.is_null() {
            return Ok(Expression::literal(Value::Null, ty));
        }
        if value.ty.class == Class::Bytes {
            // As many characters as there are of the fewest bytes.
            let least = match found.name {
                "utf16" | "utf16le" | "ucs2" => 2,
                "utf32" => 4,
                _other => 1,
            };
            let ty = Type::text(value.ty.length.div_ceil(least), collation);
            let sql = self.render(value, Carrier::Bytes)?;
            let sql = match (found.name, encoding(found.name)) {
                (_, Some(encoding)) => format!("\"mysql\".decode({sql}, '{encoding}')"),
                ("utf16" | "ucs2", None) => format!("\"mysql\".wide_text({sql}, 2)"),
                ("utf32", None) => format!("\"mysql\".wide_text({sql}, 4)"),
                (other, None) => return Err(SqlError::unsupported(format_args!("CONVERT USING {other}"))),
            };
            return Ok(Expression::sql(sql, ty, true));
        }
        if value.is_flexible()
            && value.ty.is_text()
            && let Some(Value::Text(text)) = value.constant()
            && text.is_ascii()
        {
            return Ok(Expression { ty, nullable, ..value.clone() });
        }
        let sql = self.text(value)?;
        let sql = match (found.name, encoding(found.name)) {
            ("utf8mb4" | "utf16" | "utf32" | "utf16le" | "gb18030", _) => sql,
            ("ascii", _) => format!("\"mysql\".only_ascii({sql})"),
            ("utf8mb3" | "ucs2", _) => format!("\"mysql\".only_bmp({sql})"),
            (_, Some(encoding)) => format!("\"mysql\".representable({sql}, '{encoding}')"),
            (other, None) => return Err(SqlError::unsupported(format_args!("CONVERT USING {other}"))),
        };
        Ok(Expression::sql(sql, ty, nullable))
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
        let nullable = inner.nullable || self.modes.strict;
        Ok(Expression::sql(format!("({sql} COLLATE {clause})"), ty, nullable))
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
