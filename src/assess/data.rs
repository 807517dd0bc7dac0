//! What the values of the rows mean for the migration: which stop the copy, which are carried with a word, which exactly.

use serde::Serialize;

use super::finding::Finding;
use super::probe::{Class, Probe};
use super::tables::quoted;
use crate::schema::{ColumnType, Table};
use crate::source::backticks;

/// What a scan found of one probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub probe: Probe,
    pub rows: u64,
    /// The key of one of the rows, where the table has one.
    pub example: Option<String>,
}

/// A table that was scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scanned {
    pub table: String,
    pub rows: u64,
}

/// The finding for what a probe found.
pub(super) fn finding(table: &Table, found: &Found) -> Finding {
    let column = &found.probe.column;
    let of = Words {
        subject: format!("{}.{column}", table.name),
        table: quoted(&table.name),
        column: backticks(column),
        condition: &found.probe.condition,
        instead: if table.column(column).is_some_and(|column| column.nullable) { "NULL" } else { "0" },
    };
    let rows = match found.rows {
        1 => "1 row holds".to_owned(),
        rows => format!("{rows} rows hold"),
    };
    let finding = match found.probe.class {
        Class::ZeroDate | Class::PartialDate | Class::YearZero | Class::LongTime => of.moment(found.probe.class, &rows),
        Class::NotBoolean => {
            Finding::note("data.tinyint1", &of.subject, format!("{rows} something other than 0 and 1"))
                .why("TINYINT(1) is a smallint on PostgreSQL, so every value is carried exactly")
                .fix("nothing to do")
        }
        Class::EnumIndexZero => of.enum_zero(table, column, &rows),
        Class::NulInText | Class::NulInMemberName | Class::TooLarge | Class::NotText => {
            of.refused(found.probe.class, &rows)
        }
        Class::Utf8InNarrow => Finding::note(
            "data.utf8_in_narrow",
            &of.subject,
            format!("{rows} bytes that are UTF-8, in a set of single bytes"),
        )
        .why(
            "some client wrote UTF-8 under another name. The text is carried as MySQL shows it, and clients that \
                      read it the same way get the same bytes",
        )
        .fix(format!(
            "where the application shows it wrongly: ALTER TABLE {0} MODIFY {1} BLOB; ALTER TABLE {0} MODIFY {1} … \
                     CHARACTER SET utf8mb4",
            of.table, of.column
        )),
        Class::TrailingBlank => {
            let what = format!("{rows} a trailing blank in a unique key that ignores them");
            Finding::note("data.trailing_blank", &of.subject, what)
                .why("it's carried exactly, and PostgreSQL's index ignores it as MySQL's does")
                .fix(format!(
                    "nothing to do; UPDATE {0} SET {1} = RTRIM({1}) where nobody wants it",
                    of.table, of.column
                ))
        }
        Class::LargeKey => Finding::bends("data.large_key", &of.subject, format!("{rows} more than 2,600 bytes in a unique key"))
            .why("an entry of PostgreSQL's index holds about 2,700 bytes after compression: one that is larger ends the copy, \
                  when the index is built, and no row is dropped")
            .fix(format!("find the rows with SELECT … FROM {} WHERE {}, or make the key shorter", of.table, of.condition)),
        Class::LettersInKey => {
            let what = format!("{rows} letters beyond ASCII in a unique key whose collation is approximated");
            Finding::bends("data.letters_in_key", &of.subject, what)
                .why("two values that MySQL keeps apart may be equal under ICU: then the unique index can't be built, and the \
                      copy ends by naming the table; no row is dropped")
                .fix(format!("ALTER TABLE {} MODIFY {} … COLLATE utf8mb4_0900_ai_ci", of.table, of.column))
        }
    };
    Finding { rows: Some(found.rows), example: found.example.clone(), ..finding }
}

struct Words<'a> {
    subject: String,
    table: String,
    column: String,
    condition: &'a str,
    /// What can stand instead of a value that has no image: NULL, or else the zero value.
    instead: &'static str,
}

impl Words<'_> {
    fn update(&self, value: &str) -> String {
        format!("UPDATE {} SET {} = {value} WHERE {}", self.table, self.column, self.condition)
    }

    fn moment(&self, class: Class, rows: &str) -> Finding {
        const REFUSED: &str = "PostgreSQL's calendar hasn't got it, and nothing is altered silently: the copy ends at the first \
                               one, naming its row";
        match class {
            Class::ZeroDate => Finding::note("data.zero_date", &self.subject, format!("{rows} the zero date"))
                .why("it's carried exactly, as -infinity, and clients go on reading 0000-00-00")
                .fix("nothing to do; tools that go to PostgreSQL directly see -infinity"),
            Class::LongTime => {
                Finding::note("data.long_time", &self.subject, format!("{rows} a TIME of a day or more"))
                    .why("TIME is an interval on PostgreSQL, so it's carried exactly, up to 838:59:59 either way")
                    .fix("nothing to do")
            }
            Class::YearZero => {
                Finding::blocker("data.year_zero", &self.subject, format!("{rows} a date of the year 0"))
                    .why(REFUSED)
                    .fix(self.update(self.instead))
            }
            _ => {
                let what = format!("{rows} a date with a part that is 0 or a day that the month hasn't got");
                Finding::blocker("data.partial_date", &self.subject, what).why(REFUSED).fix(self.update(self.instead))
            }
        }
    }

    fn enum_zero(&self, table: &Table, column: &str, rows: &str) -> Finding {
        let what = format!("{rows} the ENUM value 0, which MySQL stores for what is no label");
        let labels = table.column(column).map(|column| &column.column_type);
        match labels {
            Some(ColumnType::Enum { labels }) if labels.iter().any(String::is_empty) => {
                Finding::bends("data.enum_zero", &self.subject, what)
                    .why("it's shown as '', and '' is also a label of this column: on PostgreSQL the two are one")
                    .fix(self.update("''"))
            }
            _ => Finding::note("data.enum_zero", &self.subject, what)
                .why("it's carried exactly, as '', and its number is still 0")
                .fix("nothing to do"),
        }
    }

    /// Values that end the copy.
    fn refused(&self, class: Class, rows: &str) -> Finding {
        let (id, what, why, fix) = match class {
            Class::NulInText => (
                "data.nul_in_text",
                "a NUL character in text",
                "PostgreSQL's text can't hold it; the copy ends at the first one, naming its row",
                format!(
                    "{}; or ALTER TABLE {} MODIFY {} … to VARBINARY or BLOB",
                    self.update(&format!("REPLACE({}, CHAR(0), '')", self.column)),
                    self.table,
                    self.column
                ),
            ),
            Class::NulInMemberName => (
                "data.nul_in_json",
                "a NUL character in the name of a JSON member",
                "jsonb can't hold it; the copy ends at the first one, naming its row",
                format!(
                    "find the rows with SELECT … FROM {} WHERE {}, and rename the members",
                    self.table, self.condition
                ),
            ),
            Class::TooLarge => (
                "data.too_large",
                "a value that is too large for PostgreSQL",
                "a value is limited to 1 GiB, a jsonb to 256 MiB; the copy ends at the first one, naming its row",
                format!(
                    "find the rows with SELECT … FROM {} WHERE {}, and keep such values elsewhere",
                    self.table, self.condition
                ),
            ),
            _ => (
                "data.not_text",
                "bytes that aren't text of the column's character set",
                "MySQL reads such a byte as ?, so the copy would alter it and verify couldn't see that",
                format!(
                    "ALTER TABLE {0} MODIFY {1} … to VARBINARY or BLOB keeps the bytes; or correct them by UPDATE",
                    self.table, self.column
                ),
            ),
        };
        Finding::blocker(id, &self.subject, format!("{rows} {what}")).why(why).fix(fix)
    }
}
