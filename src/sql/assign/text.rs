//! What PostgreSQL computes, on its way into character, binary, ENUM and SET columns.

use crate::schema::{ColumnType, charset, quote};

use super::super::expression::{Body, Expression, Lowering};
use super::super::plan::SqlError;
use super::super::types::{Carrier, Class};
use super::computed::Slot;

impl Lowering<'_> {
    /// Character columns: `kind` as the helper names it, and the width.
    pub(super) fn computed_text(
        &mut self,
        slot: &Slot<'_>,
        value: &Expression,
        (kind, width): (&str, u32),
    ) -> Result<Option<String>, SqlError> {
        let own = slot.column.charset.as_deref().and_then(charset::find);
        let kind = if kind == "text" && own.is_some_and(charset::Charset::is_narrow) { "narrow" } else { kind };
        let from = value.origin.as_ref().and_then(|origin| origin.column()).map(|column| &column.column_type);
        let copied = kind == "varchar" && matches!(from, Some(ColumnType::VarChar { .. })) && same_charset(value, own);
        let kind = if copied { "field" } else { kind };
        let strange = own.and_then(strange).filter(|_| !same_charset(value, own));
        let same = value.origin.as_ref().and_then(|origin| origin.column());
        let same = same.is_some_and(|column| column.column_type == slot.column.column_type);
        let narrow = same || width == u32::MAX || longest(value, kind == "text") <= width;
        if strange.is_none() && narrow && value.ty.class != Class::Bytes {
            return Ok(None);
        }
        let strange = strange.map_or("NULL".to_owned(), |strange| quote::literal(&strange));
        if value.ty.class == Class::Bytes {
            let bytes = self.render(value, Carrier::Bytes)?;
            return Ok(Some(slot.call("store_bytes_text", &format!("{bytes}, '{kind}', {width}, {strange}"))));
        }
        let real = value.ty.class == Class::Real;
        let text = self.render(value, Carrier::Text)?;
        Ok(Some(slot.call("store_text", &format!("{text}, '{kind}', {width}, {strange}, {real}"))))
    }

    /// Binary columns: the width, and the width that shorter values are padded to.
    pub(super) fn computed_bytes(
        &mut self,
        slot: &Slot<'_>,
        value: &Expression,
        (width, pad): (u32, u32),
    ) -> Result<Option<String>, SqlError> {
        let same = value.origin.as_ref().and_then(|origin| origin.column());
        let same = same.is_some_and(|column| column.column_type == slot.column.column_type);
        if same || (pad == 0 && (width == u32::MAX || longest(value, true) <= width)) {
            return Ok(None);
        }
        let real = value.ty.class == Class::Real;
        let varying = |column_type: &ColumnType| matches!(column_type, ColumnType::VarBinary { .. });
        let from = value.origin.as_ref().and_then(|origin| origin.column());
        let copied = varying(&slot.column.column_type) && from.is_some_and(|column| varying(&column.column_type));
        let bytes = self.render(value, Carrier::Bytes)?;
        Ok(Some(slot.call("store_bytes", &format!("{bytes}, {width}, {pad}, {real}, {copied}"))))
    }

    /// ENUM and SET: `kind` is the helper's word for one of theirs.
    pub(super) fn computed_label(
        &mut self,
        slot: &Slot<'_>,
        value: &Expression,
        labels: &[String],
        kind: &str,
    ) -> Result<Option<String>, SqlError> {
        let same = value.origin.as_ref().and_then(|origin| origin.column());
        if same.is_some_and(|column| column.column_type == slot.column.column_type) {
            return Ok(None);
        }
        let list: Vec<String> = labels.iter().map(|label| quote::literal(label)).collect();
        let list = format!("ARRAY[{}]::text[]", list.join(", "));
        let exact = |collation: &str| collation.ends_with("_bin") || collation.ends_with("_cs");
        let folded = !slot.column.collation.as_deref().is_some_and(exact);
        let numeric = matches!(value.ty.class, Class::Integer | Class::Decimal | Class::Real);
        if numeric {
            let number = self.render(value, Carrier::Numeric)?;
            let name = if kind == "label" { "store_label_number" } else { "store_member_bits" };
            return Ok(Some(slot.call(name, &format!("{number}, {list}"))));
        }
        let text = match self.readable(value)? {
            Some(text) => text,
            None => self.render(value, Carrier::Text)?,
        };
        let name = if kind == "label" { "store_label" } else { "store_members" };
        Ok(Some(slot.call(name, &format!("{text}, {list}, {folded}"))))
    }
}

/// Characters, or bytes, of the longest value that the type allows.
fn longest(value: &Expression, bytes: bool) -> u32 {
    match value.ty.class {
        Class::Text if bytes => value.ty.length.saturating_mul(4),
        Class::Text | Class::Bytes => value.ty.length,
        Class::Integer if matches!(value.body, Body::Condition(_)) => 1,
        Class::Integer => value.ty.length.max(21),
        Class::Decimal => value.ty.length.saturating_add(1),
        Class::Real | Class::Date | Class::DateTime | Class::Time => 27,
        Class::Null | Class::Open | Class::Json => u32::MAX,
    }
}

/// True when the value can't hold a character that the column's set doesn't have.
fn same_charset(value: &Expression, own: Option<&charset::Charset>) -> bool {
    match value.ty.class {
        Class::Text => {
            let from = value.ty.collation.as_ref().and_then(|collation| charset::of_collation(&collation.name));
            from.zip(own).is_some_and(|(from, own)| from.name == own.name)
        }
        Class::Null
        | Class::Open
        | Class::Integer
        | Class::Decimal
        | Class::Real
        | Class::Date
        | Class::DateTime
        | Class::Time => true,
        Class::Bytes | Class::Json => false,
    }
}

/// A pattern of the characters that the set doesn't have; `!` and the set's name where that isn't known. `None` when it
/// has all.
fn strange(own: &charset::Charset) -> Option<String> {
    if own.has('\u{1f600}') == Some(true) {
        return None;
    }
    if own.has('\u{4e00}') == Some(true) {
        return Some("[\\U00010000-\\U0010ffff]".to_owned());
    }
    if own.has('\u{4e00}').is_none() || own.has('a') != Some(true) {
        return Some(format!("!{}", own.name));
    }
    let high: String = own.high().map(|character| format!("\\u{:04x}", u32::from(character))).collect();
    Some(format!("[^\\u0001-\\u007f{high}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_a_set_lacks() {
        let of = |name: &str| charset::find(name).and_then(strange);
        assert_eq!(of("utf8mb4"), None);
        assert_eq!(of("utf8mb3").as_deref(), Some("[\\U00010000-\\U0010ffff]"));
        assert_eq!(of("big5").as_deref(), Some("!big5"));
        assert!(of("latin1").is_some_and(|pattern| pattern.contains("\\u00e9") && !pattern.contains("\\u4e00")));
    }
}
