//! Options of tables and databases: those that the catalogue keeps, and the many that change nothing on PostgreSQL.

use sqlparser::tokenizer::Token;

use super::super::plan::SqlError;
use super::cursor::Cursor;
use super::spec::TableOptions;
use super::types::charset_name;

/// Options with one value that mean nothing to PostgreSQL.
const IGNORED: [&str; 19] = [
    "avg_row_length",
    "autoextend_size",
    "checksum",
    "compression",
    "delay_key_write",
    "encryption",
    "engine_attribute",
    "insert_method",
    "key_block_size",
    "max_rows",
    "min_rows",
    "pack_keys",
    "password",
    "row_format",
    "secondary_engine_attribute",
    "stats_auto_recalc",
    "stats_persistent",
    "stats_sample_pages",
    "tablespace",
];

/// Reads one table option into `options`; false when none comes next.
pub(super) fn table_option(cursor: &mut Cursor<'_>, options: &mut TableOptions) -> Result<bool, SqlError> {
    if cursor.take("engine") {
        cursor.take_symbol(&Token::Eq);
        options.engine = Some(engine(&charset_name(cursor)?)?);
        return Ok(true);
    }
    if cursor.take("auto_increment") {
        cursor.take_symbol(&Token::Eq);
        options.auto_increment = Some(cursor.integer()?);
        return Ok(true);
    }
    if cursor.take("comment") {
        cursor.take_symbol(&Token::Eq);
        options.comment = Some(cursor.string()?);
        return Ok(true);
    }
    if charset_option(cursor, &mut options.charset, &mut options.collation)? {
        return Ok(true);
    }
    if cursor.is("union") || cursor.is_at(1, "directory") {
        return Err(SqlError::unsupported(cursor.peek_word().unwrap_or_default().to_uppercase()));
    }
    for word in IGNORED {
        if cursor.take(word) {
            cursor.take_symbol(&Token::Eq);
            let plain = cursor.take("default")
                || cursor.optional_number().is_some()
                || cursor.optional_string().is_some()
                || cursor.optional_name().is_some();
            return if plain { Ok(true) } else { Err(cursor.syntax()) };
        }
    }
    Ok(false)
}

/// Reads `[DEFAULT] CHARACTER SET [=] x` or `[DEFAULT] COLLATE [=] x`; false when neither comes next.
pub(super) fn charset_option(
    cursor: &mut Cursor<'_>,
    charset: &mut Option<String>,
    collation: &mut Option<String>,
) -> Result<bool, SqlError> {
    let mark = cursor.mark();
    cursor.take("default");
    if cursor.take("character set") || cursor.take("char set") || cursor.take("charset") {
        cursor.take_symbol(&Token::Eq);
        *charset = Some(charset_name(cursor)?);
    } else if cursor.take("collate") {
        cursor.take_symbol(&Token::Eq);
        *collation = Some(charset_name(cursor)?);
    } else {
        cursor.back_to(mark);
        return Ok(false);
    }
    Ok(true)
}

/// Tables of engines without transactions or of other servers mean something else than PostgreSQL's.
fn engine(name: &str) -> Result<String, SqlError> {
    let known = ["InnoDB", "MyISAM", "MEMORY", "CSV", "ARCHIVE", "BLACKHOLE", "FEDERATED", "MRG_MYISAM", "NDB"];
    match known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        Some(&"InnoDB") => Ok("InnoDB".to_owned()),
        Some(engine) => Err(SqlError::unsupported(format!("ENGINE={engine}"))),
        None => Err(SqlError::new(1286, "42000", format!("Unknown storage engine '{name}'"))),
    }
}
