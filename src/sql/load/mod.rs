//! LOAD DATA: the grammar. The file's rows are split by [`Splitter`] and stored by INSERT statements of [`Load::insert`],
//! so that every value is converted, counted and warned of as those do.
//!
//! A variable of the column list stands in SET for what the file says there: it becomes a `?` of the row's INSERT.

mod rows;

use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use super::dialect::Source;
use super::plan::{Context, SqlError};
use crate::schema::{Table, TableName, TriggerEvent};

pub use rows::{Field, Row, Splitter};

/// LOAD DATA as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    pub file: String,
    pub local: bool,
    pub on_duplicate: OnDuplicate,
    pub table: TableName,
    pub charset: Option<String>,
    pub format: Format,
    /// IGNORE n LINES.
    pub skip: u64,
    /// The columns and variables that take the fields, in order; empty for the table's columns.
    pub fields: Vec<Target>,
    pub set: Vec<Setting>,
}

/// What happens to rows that a unique key has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDuplicate {
    Unsaid,
    Ignore,
    Replace,
}

/// Where a field goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Column(String),
    /// Lower case.
    Variable(String),
}

/// One assignment of SET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub column: String,
    /// The expression, cut where variables of the column list stand in it.
    pub pieces: Vec<Piece>,
}

/// Part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// Position in [`Load::fields`].
    Field(usize),
}

/// How a file's lines and fields are told apart; all texts are bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    pub field_end: Vec<u8>,
    pub enclosed: Option<u8>,
    pub escape: Option<u8>,
    pub line_start: Vec<u8>,
    pub line_end: Vec<u8>,
}

impl Default for Format {
    fn default() -> Self {
        Self {
            field_end: b"\t".to_vec(),
            enclosed: None,
            escape: Some(b'\\'),
            line_start: Vec::new(),
            line_end: b"\n".to_vec(),
        }
    }
}

/// Reads LOAD after this word.
pub(super) fn parse(cursor: &mut Cursor<'_>, source: &Source<'_>, context: &Context) -> Result<Load, SqlError> {
    if !cursor.take(&["DATA"]) {
        return Err(SqlError::unsupported("LOAD XML"));
    }
    let _ = cursor.take(&["LOW_PRIORITY"]) || cursor.take(&["CONCURRENT"]);
    let local = cursor.take(&["LOCAL"]);
    cursor.expect(&["INFILE"])?;
    let file = cursor.string()?;
    let on_duplicate = if cursor.take(&["REPLACE"]) {
        OnDuplicate::Replace
    } else if cursor.take(&["IGNORE"]) {
        OnDuplicate::Ignore
    } else {
        OnDuplicate::Unsaid
    };
    cursor.expect(&["INTO", "TABLE"])?;
    let (database, table) = cursor.qualified()?;
    let database = database.or_else(|| context.database.clone()).ok_or_else(SqlError::no_database)?;
    if cursor.take(&["PARTITION"]) {
        return Err(SqlError::unsupported("LOAD DATA … PARTITION"));
    }
    let mut charset = None;
    if cursor.take(&["CHARACTER", "SET"]) || cursor.take(&["CHARSET"]) {
        charset = Some(cursor.string().or_else(|_| cursor.name())?.to_lowercase());
    }
    let format = format(cursor)?;
    let mut skip = 0;
    if cursor.take(&["IGNORE"]) {
        skip = cursor.number()?;
        if !(cursor.take(&["LINES"]) || cursor.take(&["ROWS"])) {
            return Err(cursor.error());
        }
    }
    let fields = fields(cursor)?;
    let set = settings(cursor, source, &fields)?;
    let table = TableName { database, table };
    Ok(Load { file, local, on_duplicate, table, charset, format, skip, fields, set })
}

fn format(cursor: &mut Cursor<'_>) -> Result<Format, SqlError> {
    let mut format = Format::default();
    let wrong = || {
        let text = "Field separator argument is not what is expected; check the manual";
        SqlError::new(1083, "42000", text.to_owned())
    };
    let one = |text: String| match text.as_bytes() {
        [] => Ok(None),
        [byte] => Ok(Some(*byte)),
        _more => Err(wrong()),
    };
    if cursor.take(&["FIELDS"]) || cursor.take(&["COLUMNS"]) {
        let mut said = false;
        loop {
            if cursor.take(&["TERMINATED", "BY"]) {
                format.field_end = cursor.string()?.into_bytes();
            } else if cursor.take(&["OPTIONALLY", "ENCLOSED", "BY"]) || cursor.take(&["ENCLOSED", "BY"]) {
                format.enclosed = one(cursor.string()?)?;
            } else if cursor.take(&["ESCAPED", "BY"]) {
                format.escape = one(cursor.string()?)?;
            } else if said {
                break;
            } else {
                return Err(cursor.error());
            }
            said = true;
        }
    }
    if cursor.take(&["LINES"]) {
        let mut said = false;
        loop {
            if cursor.take(&["STARTING", "BY"]) {
                format.line_start = cursor.string()?.into_bytes();
            } else if cursor.take(&["TERMINATED", "BY"]) {
                format.line_end = cursor.string()?.into_bytes();
            } else if said {
                break;
            } else {
                return Err(cursor.error());
            }
            said = true;
        }
    }
    if format.field_end.is_empty() && format.enclosed.is_none() {
        return Err(SqlError::unsupported("LOAD DATA with fields of fixed width"));
    }
    if format.field_end == format.line_end {
        format.line_end.clear();
    }
    Ok(format)
}

fn fields(cursor: &mut Cursor<'_>) -> Result<Vec<Target>, SqlError> {
    let mut fields = Vec::new();
    if !cursor.symbol(&Token::LParen) {
        return Ok(fields);
    }
    if cursor.symbol(&Token::RParen) {
        return Ok(fields);
    }
    loop {
        fields.push(match cursor.variable() {
            Some(name) => Target::Variable(name),
            None => {
                let (qualifier, name) = cursor.qualified()?;
                Target::Column(if qualifier.is_some() && cursor.symbol(&Token::Period) { cursor.name()? } else { name })
            }
        });
        if cursor.symbol(&Token::RParen) {
            return Ok(fields);
        }
        cursor.expect_symbol(&Token::Comma)?;
    }
}

fn settings(cursor: &mut Cursor<'_>, source: &Source<'_>, fields: &[Target]) -> Result<Vec<Setting>, SqlError> {
    let mut settings = Vec::new();
    if !cursor.take(&["SET"]) {
        return Ok(settings);
    }
    loop {
        let (first, second) = cursor.qualified()?;
        let _table = first;
        let column = if cursor.symbol(&Token::Period) { cursor.name()? } else { second };
        if !cursor.symbol(&Token::Eq) {
            cursor.expect_symbol(&Token::Assignment)?;
        }
        let start = cursor.position();
        cursor.skip_until(|token| *token == Token::Comma);
        let end = cursor.position();
        if start == end {
            return Err(cursor.error());
        }
        settings.push(Setting { column, pieces: pieces(source, (start, end), fields) });
        if !cursor.symbol(&Token::Comma) {
            return Ok(settings);
        }
    }
}

/// An expression between two tokens, with the fields that its variables stand for.
fn pieces(source: &Source<'_>, (start, end): (usize, usize), fields: &[Target]) -> Vec<Piece> {
    let tokens = source.tokens.get(start..end).unwrap_or_default();
    let field = |token: &Token| {
        let Token::Word(word) = token else { return None };
        let name = word.value.strip_prefix('@').filter(|_| word.quote_style.is_none())?;
        fields.iter().rposition(|into| matches!(into, Target::Variable(own) if own.eq_ignore_ascii_case(name)))
    };
    let mut pieces = Vec::new();
    let mut from = 0;
    for (at, token) in tokens.iter().enumerate() {
        let Some(position) = field(&token.token) else { continue };
        if from < at {
            pieces.push(Piece::Text(source.slice(tokens.get(from..at).unwrap_or_default()).to_owned()));
        }
        pieces.push(Piece::Field(position));
        from = at + 1;
    }
    if from < tokens.len() {
        pieces.push(Piece::Text(source.slice(tokens.get(from..).unwrap_or_default()).to_owned()));
    }
    pieces
}

impl Load {
    /// The statement that stores so many rows, and which fields its `?` stand for, row by row.
    #[must_use]
    pub fn insert(&self, fields: &[Target], rows: usize, replace: bool) -> (String, Vec<usize>) {
        let mut columns: Vec<String> = Vec::new();
        let mut cells: Vec<String> = Vec::new();
        let mut taken = Vec::new();
        for (at, into) in fields.iter().enumerate() {
            if let Target::Column(name) = into {
                columns.push(quoted(name));
                cells.push("?".to_owned());
                taken.push(at);
            }
        }
        for setting in &self.set {
            columns.push(quoted(&setting.column));
            let mut cell = String::new();
            for piece in &setting.pieces {
                match piece {
                    Piece::Text(text) => cell.push_str(&format!(" {text} ")),
                    Piece::Field(at) => {
                        cell.push('?');
                        taken.push(*at);
                    }
                }
            }
            cells.push(cell);
        }
        let verb = if replace { "REPLACE" } else { "INSERT IGNORE" };
        let line = format!("({})", cells.join(", "));
        let text = format!(
            "{verb} INTO {}.{} ({}) VALUES {}",
            quoted(&self.table.database),
            quoted(&self.table.table),
            columns.join(", "),
            vec![line; rows].join(", ")
        );
        (text, taken)
    }

    /// What takes the fields of this table.
    ///
    /// # Errors
    /// 1054 for a column that the table hasn't, a refusal by name for what INSERT can't say.
    pub fn into_table(&self, table: &Table) -> Result<Vec<Target>, SqlError> {
        if table.triggers.iter().any(|trigger| trigger.event == TriggerEvent::Insert) {
            return Err(SqlError::unsupported("LOAD DATA into a table with INSERT triggers"));
        }
        if self.fields.is_empty() {
            if table.columns.iter().any(|column| column.generated.is_some()) {
                return Err(SqlError::unsupported("LOAD DATA without a column list into generated columns"));
            }
            let visible = table.columns.iter().filter(|column| !column.invisible);
            return Ok(visible.map(|column| Target::Column(column.name.clone())).collect());
        }
        let mut known: Vec<&str> = Vec::new();
        let fields = self.fields.iter().filter_map(|into| match into {
            Target::Column(name) => Some(name.as_str()),
            Target::Variable(_) => None,
        });
        for name in fields.chain(self.set.iter().map(|setting| setting.column.as_str())) {
            let Some(column) = table.column(name) else { return Err(SqlError::unknown_column(name, "field list")) };
            if known.contains(&column.name.as_str()) {
                return Err(SqlError::unsupported("LOAD DATA that gives a column twice"));
            }
            known.push(&column.name);
        }
        Ok(self.fields.clone())
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
