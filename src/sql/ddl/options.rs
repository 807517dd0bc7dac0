//! Options of tables and databases: those that the catalogue keeps, and the many that change nothing on PostgreSQL.
//!
//! Storage engines: a table of MyISAM, MEMORY, ARCHIVE or CSV keeps that name and lies in PostgreSQL like any other. It
//! has the rules that such a table shows in its definition; what it does beyond MySQL's is that its writes belong to
//! transactions and that it survives restarts. Tables of MERGE are [`super::merge`]'s.

use sqlparser::tokenizer::Token;

use super::super::plan::{Notice, SqlError};
use super::cursor::Cursor;
use super::merge;
use super::spec::{QualifiedName, TableOptions};
use super::types::{charset_name, warned_charset, warned_collation};

/// Options with one value that mean nothing to PostgreSQL, but that SHOW CREATE TABLE shows.
const SHOWN: [&str; 13] = [
    "avg_row_length",
    "checksum",
    "compression",
    "delay_key_write",
    "key_block_size",
    "max_rows",
    "min_rows",
    "pack_keys",
    "row_format",
    "stats_auto_recalc",
    "stats_persistent",
    "stats_sample_pages",
    "insert_method",
];

/// Options that nobody sees again.
const IGNORED: [&str; 8] = [
    "autoextend_size",
    "encryption",
    "engine_attribute",
    "password",
    "secondary_engine",
    "secondary_engine_attribute",
    "start",
    "tablespace",
];

/// Reads one table option into `options`; false when none comes next.
pub(super) fn table_option(cursor: &mut Cursor<'_>, options: &mut TableOptions) -> Result<bool, SqlError> {
    if cursor.take("engine") {
        cursor.take_symbol(&Token::Eq);
        options.engine = Some(charset_name(cursor)?);
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
    if cursor.take("union") {
        cursor.take_symbol(&Token::Eq);
        options.union = Some(union(cursor)?);
        return Ok(true);
    }
    if cursor.is_at(1, "directory") {
        return Err(SqlError::unsupported(cursor.peek_word().unwrap_or_default().to_uppercase()));
    }
    for word in SHOWN {
        if cursor.take(word) {
            cursor.take_symbol(&Token::Eq);
            let value = value(cursor)?;
            set_shown(options, word, &value);
            return Ok(true);
        }
    }
    for word in IGNORED {
        if cursor.take(word) {
            cursor.take_symbol(&Token::Eq);
            value(cursor)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// `(table, …)` behind UNION.
fn union(cursor: &mut Cursor<'_>) -> Result<Vec<QualifiedName>, SqlError> {
    cursor.expect_symbol(&Token::LParen)?;
    let mut tables = Vec::new();
    if cursor.take_symbol(&Token::RParen) {
        return Ok(tables);
    }
    loop {
        tables.push(cursor.qualified_name()?);
        if !cursor.take_symbol(&Token::Comma) {
            break;
        }
    }
    cursor.expect_symbol(&Token::RParen)?;
    Ok(tables)
}

/// The value of an option as MySQL shows it; `None` is DEFAULT.
fn value(cursor: &mut Cursor<'_>) -> Result<Option<String>, SqlError> {
    if cursor.take("default") {
        return Ok(None);
    }
    if let Some(number) = cursor.optional_number() {
        return Ok(Some(number.trim_start_matches('0').to_owned()));
    }
    if let Some(text) = cursor.optional_string() {
        return Ok(Some(format!("'{text}'")));
    }
    cursor.name().map(|name| Some(name.to_uppercase()))
}

fn set_shown(options: &mut TableOptions, word: &str, value: &Option<String>) {
    let name = word.to_uppercase();
    // 0 means the default for most numeric options; for these three DEFAULT is something else than 0.
    let three_valued = matches!(word, "pack_keys" | "stats_auto_recalc" | "stats_persistent");
    let value = match value {
        None => String::new(),
        Some(zero) if zero.is_empty() && three_valued => "0".to_owned(),
        Some(value) => value.clone(),
    };
    options.shown.insert(name, value);
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
        let name = warned_charset(cursor)?;
        let of_collation = || collation.as_deref().and_then(|collation| collation.split('_').next()).map(str::to_owned);
        if let Some(said) = charset.clone().or_else(of_collation)
            && !said.eq_ignore_ascii_case(&name)
        {
            let text = format!("Conflicting declarations: 'CHARACTER SET {said}' and 'CHARACTER SET {name}'");
            return Err(SqlError::new(1302, "HY000", text));
        }
        *charset = Some(name);
    } else if cursor.take("collate") {
        cursor.take_symbol(&Token::Eq);
        *collation = Some(warned_collation(cursor)?);
    } else {
        cursor.back_to(mark);
        return Ok(false);
    }
    Ok(true)
}

/// The engine in MySQL's spelling. One that MySQL doesn't know is InnoDB unless NO_ENGINE_SUBSTITUTION says otherwise.
pub(super) fn engine(name: &str, table: &str, sql_mode: &str, notices: &mut Vec<Notice>) -> Result<String, SqlError> {
    let known = ["InnoDB", "MyISAM", "MEMORY", "ARCHIVE", "CSV", "BLACKHOLE", "FEDERATED", merge::ENGINE, "NDB"];
    let synonym = match name.to_ascii_lowercase().as_str() {
        "heap" => "MEMORY",
        "innobase" => "InnoDB",
        "merge" => merge::ENGINE,
        "ndbcluster" => "NDB",
        _other => name,
    };
    match known.iter().find(|known| known.eq_ignore_ascii_case(synonym)) {
        Some(&engine @ ("InnoDB" | "MyISAM" | "MEMORY" | "ARCHIVE" | "CSV" | merge::ENGINE)) => Ok(engine.to_owned()),
        Some(engine) => Err(SqlError::unsupported(format!("ENGINE={engine}"))),
        None => {
            let message = format!("Unknown storage engine '{name}'");
            if sql_mode.split(',').any(|mode| mode.eq_ignore_ascii_case("NO_ENGINE_SUBSTITUTION")) {
                return Err(SqlError::new(1286, "42000", message));
            }
            notices.push(Notice { level: "Warning", code: 1286, message });
            let message = format!("Using storage engine InnoDB for table '{table}'");
            notices.push(Notice { level: "Warning", code: 1266, message });
            Ok("InnoDB".to_owned())
        }
    }
}
