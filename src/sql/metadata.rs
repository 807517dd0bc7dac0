//! Column descriptions as MySQL's clients see them.

use crate::schema::{Key, KeyKind};
use crate::wire::FieldType;
use crate::wire::constants::column_flags as flag;

use super::expression::Origin;
use super::information_schema;
use super::plan::OutputColumn;
use super::select::DerivedColumn;
use super::types::{Class, NOT_FIXED, Type};

/// Bytes of the longest character in utf8mb4.
const CHARACTER_BYTES: u32 = 4;

/// Describes a column of a result.
pub(super) fn output(column: &DerivedColumn) -> OutputColumn {
    if let Some(origin) = &column.origin
        && let Some(system) = information_schema::described(origin)
    {
        return OutputColumn { name: column.name.clone(), table: origin.alias.clone(), ..system.clone() };
    }
    let mut described = of_type(&column.name, &column.ty, column.nullable);
    if let Some(variable) = &column.variable {
        described.org_name.clone_from(variable);
    }
    if let Some((origin, definition)) = column.origin.as_ref().and_then(|origin| Some((origin, origin.column()?))) {
        described.org_name.clone_from(&definition.name);
        described.table.clone_from(&origin.alias);
        described.org_table.clone_from(&origin.table.title().table);
        described.schema.clone_from(&origin.table.title().database);
        described.flags |= key_flags(origin);
        if definition.auto_increment {
            described.flags |= flag::AUTO_INCREMENT;
        }
        if definition.on_update_now.is_some() {
            described.flags |= flag::ON_UPDATE_NOW | flag::TIMESTAMP;
        }
        let no_default = matches!(definition.default, crate::schema::ColumnDefault::None);
        if no_default && !definition.nullable && !definition.auto_increment {
            described.flags |= flag::NO_DEFAULT_VALUE;
        }
        if column.ty.class == Class::Text {
            described.decimals = 0;
        }
    }
    described
}

/// Describes an expression.
pub(super) fn of_type(name: &str, ty: &Type, nullable: bool) -> OutputColumn {
    let mut flags = ty.flags;
    if !nullable {
        flags |= flag::NOT_NULL;
    }
    if ty.unsigned {
        flags |= flag::UNSIGNED;
    }
    let document = ty.class == Class::Json && ty.decimals == NOT_FIXED;
    let character = ty.class == Class::Text
        || ty.class == Class::Open
        || (ty.class == Class::Null || ty.is_temporal()) && ty.field == FieldType::VarString;
    let length = if character { ty.length.saturating_mul(CHARACTER_BYTES) } else { ty.length };
    OutputColumn {
        name: name.to_owned(),
        org_name: String::new(),
        table: String::new(),
        org_table: String::new(),
        schema: String::new(),
        field: ty.field,
        length,
        flags,
        decimals: ty.decimals,
        character: character || document,
    }
}

fn key_flags(origin: &Origin) -> u16 {
    let Some(column) = origin.column() else { return 0 };
    let mut flags = 0;
    for key in &origin.table.keys {
        let place = key
            .parts
            .iter()
            .position(|part| part.column.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&column.name)));
        let Some(place) = place else { continue };
        flags |= flag::PART_KEY | place_flags(key, place);
    }
    flags
}

/// Only a key's first column is marked, and as unique only when it's the only one.
fn place_flags(key: &Key, place: usize) -> u16 {
    match key.kind {
        KeyKind::Primary => flag::PRI_KEY,
        KeyKind::Unique if place == 0 && key.parts.len() == 1 => flag::UNIQUE_KEY,
        KeyKind::Unique | KeyKind::Secondary if place == 0 => flag::MULTIPLE_KEY,
        KeyKind::Unique | KeyKind::Secondary | KeyKind::Fulltext | KeyKind::Spatial => 0,
    }
}
