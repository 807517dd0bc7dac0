//! Views, stored routines, triggers and CHECK constraints of the source, as statements that make them.
//!
//! `SHOW CREATE` is asked with the object's own database as the default one, so that the text names nothing of it by the
//! database. A view's text is MySQL's canonical one, in which every `sql_mode` reads the same; a routine's is as it was
//! written and comes with the mode under which it was made.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Row};

use super::SourceError;
use super::facts::{Family, family};
use crate::schema::TableName;
use crate::source::backticks;

const ACTION: &str = "reading views and routines";

/// Modes that say how a text is read. A canonical text is written for their absence.
const OF_TEXT: [&str; 6] =
    ["ANSI_QUOTES", "PIPES_AS_CONCAT", "NO_BACKSLASH_ESCAPES", "IGNORE_SPACE", "REAL_AS_FLOAT", "ANSI"];

/// A view, procedure, function, trigger or CHECK constraint of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// `view`, `procedure`, `function`, `trigger` or `check constraint`.
    pub kind: &'static str,
    pub name: TableName,
    /// The statement that makes it, or why it can't be read.
    pub text: Result<String, String>,
    pub sql_mode: String,
    /// `character_set_client` and `collation_connection` when it was made.
    pub charset: String,
    pub collation: String,
    /// Microseconds since the epoch; 0 for views.
    pub created: i64,
    pub modified: i64,
}

/// Every view and stored routine of `databases`, those of one kind by name.
///
/// # Errors
/// When a query fails; what can't be read of a single object is part of the answer.
pub async fn definitions(conn: &mut Conn, databases: &[String]) -> Result<Vec<Definition>, SourceError> {
    let modes: Option<String> =
        conn.query_first("SELECT @@GLOBAL.sql_mode").await.map_err(SourceError::query(ACTION))?;
    let modes = modes.unwrap_or_default();
    let of_views = modes.split(',').filter(|mode| !OF_TEXT.contains(mode)).collect::<Vec<_>>().join(",");
    let mut found = Vec::new();
    for database in databases {
        conn.query_drop(format!("USE {}", backticks(database))).await.map_err(SourceError::query(ACTION))?;
        found.extend(routines(conn, database).await?);
        found.extend(views(conn, database, &of_views).await?);
    }
    Ok(found)
}

/// Every CHECK constraint of `databases`. They are cut from the text of their tables, where literals are written so that
/// they can be read again.
///
/// # Errors
/// When a query fails.
pub async fn checks(conn: &mut Conn, databases: &[String]) -> Result<Vec<Definition>, SourceError> {
    if family(conn).await? == Family::MariaDb {
        return checks_of_mariadb(conn, databases).await;
    }
    const SQL: &str = "SELECT DISTINCT table_name FROM information_schema.table_constraints \
                       WHERE constraint_type = 'CHECK' AND table_schema = ? ORDER BY table_name";
    let mut found = Vec::new();
    for database in databases {
        conn.query_drop(format!("USE {}", backticks(database))).await.map_err(SourceError::query(ACTION))?;
        let tables: Vec<String> = conn.exec(SQL, (database,)).await.map_err(SourceError::query(ACTION))?;
        for table in tables {
            let (text, _) = shown(conn, "TABLE", &table, [1, 2, 2]).await?;
            for line in text.unwrap_or_default().lines().filter_map(check_of) {
                let (name, clause) = line;
                found.push(check(database, name, format!("ALTER TABLE {} ADD {clause}", backticks(&table))));
            }
        }
    }
    Ok(found)
}

fn check(database: &str, name: String, text: String) -> Definition {
    Definition {
        kind: "check constraint",
        name: TableName { database: database.to_owned(), table: name },
        text: Ok(text),
        sql_mode: String::new(),
        charset: "utf8mb4".to_owned(),
        collation: "utf8mb4_0900_ai_ci".to_owned(),
        created: 0,
        modified: 0,
    }
}

/// MariaDB says a constraint's text as it is; those of a column carry its name. Names are unique within a table only, and
/// get the table's name in front where MySQL would refuse them.
async fn checks_of_mariadb(conn: &mut Conn, databases: &[String]) -> Result<Vec<Definition>, SourceError> {
    const SQL: &str = "SELECT table_name, constraint_name, check_clause, level = 'Column', \
                       COUNT(*) OVER (PARTITION BY constraint_name) > 1 \
                       FROM information_schema.check_constraints WHERE constraint_schema = ? \
                       ORDER BY table_name, constraint_name, level";
    let mut found = Vec::new();
    for database in databases {
        conn.query_drop(format!("USE {}", backticks(database))).await.map_err(SourceError::query(ACTION))?;
        let rows: Vec<(String, String, String, bool, bool)> =
            conn.exec(SQL, (database,)).await.map_err(SourceError::query(ACTION))?;
        for (table, name, clause, of_column, taken) in rows {
            let name = match (of_column, taken) {
                (false, false) => name,
                (false, true) => format!("{table}_{name}"),
                (true, _) => format!("{table}_{name}_chk"),
            };
            let text =
                format!("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({clause})", backticks(&table), backticks(&name));
            found.push(check(database, name, text));
        }
    }
    Ok(found)
}

/// Name and clause of a line of SHOW CREATE TABLE that is a CHECK constraint.
fn check_of(line: &str) -> Option<(String, String)> {
    let clause = line.trim().trim_end_matches(',');
    let mut rest = clause.strip_prefix("CONSTRAINT `")?;
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('`')?;
        name.push_str(part);
        match after.strip_prefix('`') {
            Some(more) => {
                name.push('`');
                rest = more;
            }
            None => return after.starts_with(" CHECK ").then(|| (name, clause.to_owned())),
        }
    }
}

/// Every trigger of `databases`; those of one table, time and event in the order in which they fire.
///
/// # Errors
/// When a query fails; what can't be read of a single trigger is part of the answer.
pub async fn triggers(conn: &mut Conn, databases: &[String]) -> Result<Vec<Definition>, SourceError> {
    const SQL: &str = "SELECT trigger_name, sql_mode, CAST(UNIX_TIMESTAMP(created) * 1000000 AS SIGNED) \
                       FROM information_schema.triggers WHERE trigger_schema = ? ORDER BY event_object_table, \
                       event_manipulation, action_timing, action_order";
    let mut found = Vec::new();
    for database in databases {
        let listed: Vec<(String, String, Option<i64>)> =
            conn.exec(SQL, (database,)).await.map_err(SourceError::query(ACTION))?;
        if !listed.is_empty() {
            conn.query_drop(format!("USE {}", backticks(database))).await.map_err(SourceError::query(ACTION))?;
        }
        for (name, sql_mode, created) in listed {
            let (text, [charset, collation]) = shown(conn, "TRIGGER", &name, [2, 3, 4]).await?;
            let created = created.unwrap_or(0);
            let name = TableName { database: database.to_owned(), table: name };
            found.push(Definition {
                kind: "trigger",
                name,
                text,
                sql_mode,
                charset,
                collation,
                created,
                modified: created,
            });
        }
    }
    Ok(found)
}

async fn views(conn: &mut Conn, database: &str, sql_mode: &str) -> Result<Vec<Definition>, SourceError> {
    const SQL: &str = "SELECT table_name FROM information_schema.views WHERE table_schema = ? ORDER BY table_name";
    let names: Vec<String> = conn.exec(SQL, (database,)).await.map_err(SourceError::query(ACTION))?;
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let (text, [charset, collation]) = shown(conn, "VIEW", &name, [1, 2, 3]).await?;
        found.push(Definition {
            kind: "view",
            name: TableName { database: database.to_owned(), table: name },
            text,
            sql_mode: sql_mode.to_owned(),
            charset,
            collation,
            created: 0,
            modified: 0,
        });
    }
    Ok(found)
}

async fn routines(conn: &mut Conn, database: &str) -> Result<Vec<Definition>, SourceError> {
    // The session's time zone is UTC.
    const SQL: &str = "SELECT routine_type, routine_name, sql_mode, \
                       CAST(UNIX_TIMESTAMP(created) * 1000000 AS SIGNED), \
                       CAST(UNIX_TIMESTAMP(last_altered) * 1000000 AS SIGNED) \
                       FROM information_schema.routines WHERE routine_schema = ? ORDER BY routine_type, routine_name";
    type Fields = (String, String, String, i64, i64);
    let listed: Vec<Fields> = conn.exec(SQL, (database,)).await.map_err(SourceError::query(ACTION))?;
    let mut found = Vec::with_capacity(listed.len());
    for (kind, name, sql_mode, created, modified) in listed {
        let kind = if kind.eq_ignore_ascii_case("FUNCTION") { "function" } else { "procedure" };
        let (text, [charset, collation]) = shown(conn, &kind.to_uppercase(), &name, [2, 3, 4]).await?;
        let name = TableName { database: database.to_owned(), table: name };
        found.push(Definition { kind, name, text, sql_mode, charset, collation, created, modified });
    }
    Ok(found)
}

/// SHOW CREATE: the text, then the character set and the collation, by the positions of their columns.
pub(super) async fn shown(
    conn: &mut Conn,
    kind: &str,
    name: &str,
    columns: [usize; 3],
) -> Result<(Result<String, String>, [String; 2]), SourceError> {
    let answer: Result<Option<Row>, _> = conn.query_first(format!("SHOW CREATE {kind} {}", backticks(name))).await;
    let row = match answer {
        Ok(row) => row,
        Err(mysql_async::Error::Server(error)) => return Ok((Err(error.message), Default::default())),
        Err(error) => return Err(SourceError::query(ACTION)(error)),
    };
    let mut cells = columns.map(|column| row.as_ref().and_then(|row| row.get::<Option<Vec<u8>>, _>(column)).flatten());
    let hidden = "Bascule's account may not see its text: GRANT SHOW_ROUTINE ON *.*";
    let text = match (cells[0].take().map(String::from_utf8), kind) {
        (Some(Ok(text)), _) => Ok(text),
        // MariaDB writes binary defaults as they are; nothing that matters is read from such a text.
        (Some(Err(error)), "TABLE") => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        (Some(Err(_)), _) => Err("its text isn't UTF-8".to_owned()),
        (None, _) => Err(hidden.to_owned()),
    };
    let name = |cell: Option<Vec<u8>>| String::from_utf8_lossy(&cell.unwrap_or_default()).into_owned();
    Ok((text, [name(cells[1].take()), name(cells[2].take())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_constraints_are_found_among_the_lines_of_a_table() {
        for (line, found) in [
            ("  CONSTRAINT `c` CHECK ((`a` > 0)),", Some(("c", "CONSTRAINT `c` CHECK ((`a` > 0))"))),
            (
                "  CONSTRAINT `a``b` CHECK ((`a` <> _utf8mb4',')) /*!80016 NOT ENFORCED */",
                Some(("a`b", "CONSTRAINT `a``b` CHECK ((`a` <> _utf8mb4',')) /*!80016 NOT ENFORCED */")),
            ),
            ("  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `t` (`a`)", None),
            ("  `CONSTRAINT` int DEFAULT NULL,", None),
            ("  CONSTRAINT `never ends", None),
        ] {
            let found = found.map(|(name, clause): (&str, &str)| (name.to_owned(), clause.to_owned()));
            assert_eq!(check_of(line), found, "{line}");
        }
    }
}
