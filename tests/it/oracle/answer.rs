//! What a server answered to one statement, and how two answers differ.

use std::fmt;

use mysql_async::prelude::{Protocol, Queryable};
use mysql_async::{Column, Conn, Error, Params, QueryResult, Row, Value};

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// Ours is error 1235 where MySQL answers, or answers with another error.
    Refused,
    /// Success against error, or another error number.
    Error,
    SqlState,
    Message,
    /// The number of results, or rows against no rows.
    Results,
    /// Titles of columns.
    Columns,
    /// Type byte of a column.
    Type,
    Flags,
    Length,
    Decimals,
    Charset,
    /// Schema, table and original names of a column.
    Origin,
    Rows,
    Order,
    Affected,
    InsertId,
    Info,
    Warnings,
}

const ASPECTS: [(Aspect, &str); 18] = [
    (Aspect::Refused, "refused"),
    (Aspect::Error, "error"),
    (Aspect::SqlState, "sqlstate"),
    (Aspect::Message, "message"),
    (Aspect::Results, "results"),
    (Aspect::Columns, "columns"),
    (Aspect::Type, "type"),
    (Aspect::Flags, "flags"),
    (Aspect::Length, "length"),
    (Aspect::Decimals, "decimals"),
    (Aspect::Charset, "charset"),
    (Aspect::Origin, "origin"),
    (Aspect::Rows, "rows"),
    (Aspect::Order, "order"),
    (Aspect::Affected, "affected"),
    (Aspect::InsertId, "insert id"),
    (Aspect::Info, "info"),
    (Aspect::Warnings, "warnings"),
];

impl Aspect {
    /// By its name in scripts.
    pub fn parse(word: &str) -> Self {
        let found = ASPECTS.iter().find(|(_, name)| *name == word);
        found.unwrap_or_else(|| panic!("{word:?} is no aspect; they are {ASPECTS:?}")).0
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ASPECTS.iter().find(|(aspect, _)| aspect == self).map_or("?", |(_, name)| name);
        out.write_str(name)
    }
}

/// One result of a statement.
struct Part {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    affected: u64,
    insert_id: Option<u64>,
    info: String,
}

/// What a server answered: its results, and the error that ended them.
pub struct Answer {
    parts: Vec<Part>,
    error: Option<Failed>,
    /// Lines of SHOW WARNINGS.
    warnings: Vec<String>,
}

struct Failed {
    code: u16,
    state: String,
    message: String,
}

impl Answer {
    /// Executes with COM_QUERY.
    pub async fn text(conn: &mut Conn, statement: &str) -> Self {
        let (mut parts, mut warned) = (Vec::new(), 0);
        let error = match conn.query_iter(statement).await {
            Ok(mut result) => collect(&mut result, &mut parts, &mut warned).await,
            Err(error) => Some(error),
        };
        Self::finish(conn, parts, warned, error).await
    }

    /// True for error 1235: refused by name.
    pub fn is_refused(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.code == 1235)
    }

    /// The number of the error that ended it.
    pub fn code(&self) -> Option<u16> {
        self.error.as_ref().map(|error| error.code)
    }

    /// True when it ended with an error.
    pub fn failed(&self) -> bool {
        self.error.is_some()
    }

    /// Lines of SHOW WARNINGS.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Prepares and executes with values.
    pub async fn prepared(conn: &mut Conn, statement: &str, values: &[Value]) -> Self {
        let (mut parts, mut warned) = (Vec::new(), 0);
        let params = if values.is_empty() { Params::Empty } else { Params::Positional(values.to_vec()) };
        let error = match conn.prep(statement).await {
            Err(error) => Some(error),
            Ok(prepared) => {
                let outcome = match conn.exec_iter(&prepared, params).await {
                    Ok(mut result) => collect(&mut result, &mut parts, &mut warned).await,
                    Err(error) => Some(error),
                };
                if let Err(error) = conn.close(prepared).await {
                    panic!("a statement couldn't be closed: {error}");
                }
                outcome
            }
        };
        Self::finish(conn, parts, warned, error).await
    }

    async fn finish(conn: &mut Conn, parts: Vec<Part>, warned: u16, error: Option<Error>) -> Self {
        let error = error.map(|error| match error {
            Error::Server(error) => Failed { code: error.code, state: error.state, message: error.message },
            other => Failed { code: 0, state: String::new(), message: other.to_string() },
        });
        let mut warnings = Vec::new();
        if warned > 0 && error.is_none() {
            let lines: Vec<(String, u16, String)> = conn.query("SHOW WARNINGS").await.unwrap_or_default();
            warnings.extend(lines.into_iter().map(|(level, code, text)| format!("{level} {code} {text}")));
            if warnings.len() != usize::from(warned) {
                warnings.push(format!("({warned} counted)"));
            }
        }
        Self { parts, error, warnings }
    }

    /// How `found` differs from this, MySQL's answer.
    pub fn differences(&self, found: &Self, ordered: bool) -> Vec<(Aspect, String)> {
        let mut out = Vec::new();
        match (&self.error, &found.error) {
            (None, None) => {}
            (Some(expected), Some(found)) if expected.code == found.code => {
                if expected.state != found.state {
                    out.push((Aspect::SqlState, format!("{} instead of {}", found.state, expected.state)));
                }
                if expected.message != found.message {
                    out.push((Aspect::Message, format!("{:?} instead of {:?}", found.message, expected.message)));
                }
            }
            (expected, found) => {
                let aspect = match found {
                    Some(found) if found.code == 1235 => Aspect::Refused,
                    Some(_) | None => Aspect::Error,
                };
                out.push((aspect, format!("{} instead of {}", told(found.as_ref()), told(expected.as_ref()))));
                return out;
            }
        }
        if self.parts.len() != found.parts.len() {
            out.push((Aspect::Results, format!("{} instead of {}", found.parts.len(), self.parts.len())));
            return out;
        }
        for (expected, found) in self.parts.iter().zip(&found.parts) {
            expected.differences(found, ordered, &mut out);
        }
        if self.warnings != found.warnings {
            out.push((Aspect::Warnings, format!("{:?} instead of {:?}", found.warnings, self.warnings)));
        }
        out
    }
}

fn told(error: Option<&Failed>) -> String {
    error.map_or_else(|| "success".to_owned(), |error| format!("{} {:?}", error.code, error.message))
}

async fn collect<P: Protocol>(
    result: &mut QueryResult<'_, '_, P>,
    parts: &mut Vec<Part>,
    warned: &mut u16,
) -> Option<Error> {
    loop {
        let columns = result.columns_ref().to_vec();
        let rows: Vec<Row> = match result.collect().await {
            Ok(rows) => rows,
            Err(error) => return Some(error),
        };
        parts.push(Part {
            columns,
            rows: rows.into_iter().map(Row::unwrap).collect(),
            affected: result.affected_rows(),
            insert_id: result.last_insert_id(),
            info: result.info().into_owned(),
        });
        *warned = result.warnings();
        if result.is_empty() {
            return None;
        }
    }
}

impl Part {
    fn differences(&self, found: &Self, ordered: bool, out: &mut Vec<(Aspect, String)>) {
        let names = |part: &Self| part.columns.iter().map(|column| column.name_str().into_owned()).collect::<Vec<_>>();
        let mut differ = |aspect, expected: String, found: String| {
            if expected != found {
                out.push((aspect, format!("{found} instead of {expected}")));
            }
        };
        differ(Aspect::Columns, format!("{:?}", names(self)), format!("{:?}", names(found)));
        if self.columns.len() != found.columns.len() {
            return;
        }
        for (expected, found) in self.columns.iter().zip(&found.columns) {
            let of = |column: &Column, aspect: Aspect| format!("{} {}", expected.name_str(), described(column, aspect));
            for aspect in
                [Aspect::Type, Aspect::Flags, Aspect::Length, Aspect::Decimals, Aspect::Charset, Aspect::Origin]
            {
                differ(aspect, of(expected, aspect), of(found, aspect));
            }
        }
        let (expected_rows, found_rows) = (shown(&self.rows), shown(&found.rows));
        if expected_rows != found_rows {
            let sorted = |rows: &[String]| {
                let mut rows = rows.to_vec();
                rows.sort();
                rows
            };
            if sorted(&expected_rows) != sorted(&found_rows) {
                differ(Aspect::Rows, format!("{expected_rows:?}"), format!("{found_rows:?}"));
            } else if ordered {
                differ(Aspect::Order, format!("{expected_rows:?}"), format!("{found_rows:?}"));
            }
        }
        differ(Aspect::Affected, self.affected.to_string(), found.affected.to_string());
        differ(Aspect::InsertId, format!("{:?}", self.insert_id), format!("{:?}", found.insert_id));
        differ(Aspect::Info, format!("{:?}", self.info), format!("{:?}", found.info));
    }
}

fn described(column: &Column, aspect: Aspect) -> String {
    match aspect {
        Aspect::Type => format!("{:?}", column.column_type()),
        Aspect::Flags => format!("{:?}", column.flags()),
        Aspect::Length => column.column_length().to_string(),
        Aspect::Decimals => column.decimals().to_string(),
        Aspect::Charset => column.character_set().to_string(),
        _names => {
            format!(
                "{}.{}.{} as {}",
                column.schema_str(),
                column.org_table_str(),
                column.org_name_str(),
                column.table_str()
            )
        }
    }
}

fn shown(rows: &[Vec<Value>]) -> Vec<String> {
    let cells = |row: &Vec<Value>| row.iter().map(|value| value.as_sql(true)).collect::<Vec<_>>().join(", ");
    rows.iter().map(cells).collect()
}
