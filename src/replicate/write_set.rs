//! What a group of rows touches, so that groups that touch nothing of each other can be executed at the same time on
//! several connections. Pure.
//!
//! A token is a digest of a key of a table and its values. A group writes the tokens of all unique keys that its rows
//! have or had, and of the columns that foreign keys refer to; it reads those of the rows that its own rows refer to. Two
//! groups conflict when one writes what the other writes or reads.
//!
//! # Why too few tokens can't make it wrong
//! Tokens decide about speed only. PostgreSQL locks the rows, groups commit in the source's order, and a group that fails
//! or waits for a lock too long while others were under way is executed again by itself.
//!
//! # Why there aren't too few
//! Values are compared as they're packed where equal values are packed alike. Text is folded where the collation
//! is known to fold ASCII letters and nothing else of ASCII. Everything else (other collations, letters beyond ASCII,
//! beginnings, expressions, floats) stands for all values of its key: whoever touches the key reads that token. A table
//! without a key is one token. Rows that PostgreSQL's own cascades may change aren't known, so whatever can start one
//! conflicts with every row of tables that have foreign keys.

use std::collections::HashSet;
use std::mem::Discriminant;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::binlog::{Image, Shape};
use crate::schema::types::is_character;
use crate::schema::{Catalogue, ColumnType, ForeignKey, Key, KeyKind, Table, TableName};

/// Tokens that a group writes and reads.
#[derive(Clone, Debug, Default)]
pub(super) struct WriteSet {
    writes: HashSet<u64>,
    reads: HashSet<u64>,
}

impl WriteSet {
    /// Whether the two can't be executed at the same time.
    pub(super) fn conflicts(&self, other: &Self) -> bool {
        meets(&self.writes, &other.writes) || meets(&self.writes, &other.reads) || meets(&self.reads, &other.writes)
    }
}

fn meets(one: &HashSet<u64>, other: &HashSet<u64>) -> bool {
    let (small, large) = if one.len() < other.len() { (one, other) } else { (other, one) };
    small.iter().any(|token| large.contains(token))
}

/// How a table's rows are told as tokens.
#[derive(Debug)]
pub(super) struct Guards {
    /// Unique keys, and columns that foreign keys refer to.
    written: Vec<Guard>,
    /// What the table's own foreign keys refer to.
    referred: Vec<Guard>,
    /// The table has no key by which rows are found.
    keyless: Option<u64>,
    /// Some foreign key has to do with it.
    linked: bool,
    cascades: bool,
}

/// Columns whose values make a token.
#[derive(Debug)]
struct Guard {
    seed: u64,
    /// `None` stands for all values.
    parts: Option<Vec<Part>>,
    nullable: bool,
    unique: bool,
}

#[derive(Debug)]
struct Part {
    index: usize,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Equal values are packed alike.
    Packed,
    /// The same, but for blanks at the end.
    Padded,
    /// Letters of ASCII are equal in both cases.
    Folded,
}

/// The token of everything that can start a cascade.
const CASCADES: u64 = 0x6361_7363_6164_6573;
/// Of these it's known that they fold ASCII letters, and nothing else of ASCII.
const FOLDING: [&str; 8] = [
    "utf8mb4_0900_ai_ci",
    "utf8mb4_0900_as_ci",
    "utf8mb4_general_ci",
    "utf8mb4_unicode_ci",
    "utf8mb4_unicode_520_ci",
    "utf8mb3_general_ci",
    "utf8mb3_unicode_ci",
    "latin1_swedish_ci",
];

impl Guards {
    /// For a table as the catalogue has it.
    pub(super) fn new(table: &Table, catalogue: &Catalogue) -> Self {
        let unique = table.keys.iter().filter(|key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique));
        let mut written: Vec<Guard> = unique.map(|key| unique_guard(table, key)).collect();
        let others = catalogue.databases.values().flat_map(|database| database.tables.values());
        let mut linked = !table.foreign_keys.is_empty();
        let mut seen = HashSet::new();
        for (child, foreign) in others.flat_map(|child| child.foreign_keys.iter().map(move |key| (child, key))) {
            if foreign.references == table.name {
                linked = true;
                let guard = referred_guard(table, child, foreign, &foreign.referenced_columns, table);
                if seen.insert((guard.seed, guard.parts.is_some())) {
                    written.push(guard);
                }
            }
        }
        let referred = table.foreign_keys.iter().map(|foreign| {
            match catalogue.base_table(&foreign.references.database, &foreign.references.table) {
                Some(parent) => referred_guard(parent, table, foreign, &foreign.columns, table),
                None => Guard {
                    seed: seed("foreign", &foreign.references, &[]),
                    parts: None,
                    nullable: true,
                    unique: false,
                },
            }
        });
        Self {
            referred: referred.collect(),
            written,
            keyless: None,
            linked,
            cascades: catalogue.cascades_from(&table.name),
        }
    }

    /// The same for a table whose rows are found by all their values.
    pub(super) fn without_key(mut self, table: &Table) -> Self {
        self.keyless = Some(seed("keyless", &table.name, &[]));
        self
    }

    /// Notes a row that came, changed or went.
    pub(super) fn note(&self, shape: &Shape, row: (Option<&Image<'_>>, Option<&Image<'_>>), set: &mut WriteSet) {
        let (before, after) = row;
        set.writes.extend(self.keyless);
        let mut starts = before.is_some() && after.is_none();
        for guard in &self.written {
            let changed = match (before, after) {
                (Some(before), Some(after)) => !guard.is_same(before, after),
                (_, _) => true,
            };
            starts |= changed && before.is_some();
            // The row itself, by whichever of its unique keys others know it.
            if changed || guard.unique {
                before.into_iter().chain(after).for_each(|image| guard.write(shape, image, set));
            }
        }
        for guard in &self.referred {
            before.into_iter().chain(after).for_each(|image| guard.read(shape, image, set));
        }
        if self.cascades && starts {
            set.writes.insert(CASCADES);
        }
        if self.linked {
            set.reads.insert(CASCADES);
        }
    }
}

impl Guard {
    fn is_same(&self, before: &Image<'_>, after: &Image<'_>) -> bool {
        let same = |parts: &Vec<Part>| parts.iter().all(|part| after.has_same(before, part.index));
        self.parts.as_ref().is_some_and(same)
    }

    fn write(&self, shape: &Shape, image: &Image<'_>, set: &mut WriteSet) {
        match self.token(shape, image) {
            Token::None => {}
            Token::All => {
                set.writes.insert(self.seed);
            }
            Token::One(token) => {
                set.writes.insert(token);
                set.reads.insert(self.seed);
            }
        }
    }

    fn read(&self, shape: &Shape, image: &Image<'_>, set: &mut WriteSet) {
        match self.token(shape, image) {
            Token::None => {}
            // Whoever writes one of its values reads the token of all; this one must meet them.
            Token::All => {
                set.writes.insert(self.seed);
            }
            Token::One(token) => {
                set.reads.insert(token);
                set.reads.insert(self.seed);
            }
        }
    }

    fn token(&self, shape: &Shape, image: &Image<'_>) -> Token {
        let Some(parts) = &self.parts else { return Token::All };
        let mut token = self.seed;
        for part in parts {
            let Some(packed) = shape.packed(part.index, image) else {
                return if self.nullable { Token::None } else { Token::All };
            };
            token = match part.form {
                Form::Packed => xxh3_64_with_seed(packed, token),
                Form::Padded => xxh3_64_with_seed(packed.trim_ascii_end(), token),
                Form::Folded if packed.iter().all(|byte| (b' '..0x7f).contains(byte)) => {
                    xxh3_64_with_seed(&packed.trim_ascii_end().to_ascii_lowercase(), token)
                }
                Form::Folded => return Token::All,
            };
        }
        Token::One(token)
    }
}

enum Token {
    /// A key with a NULL meets no other.
    None,
    One(u64),
    All,
}

fn seed(kind: &str, table: &TableName, columns: &[String]) -> u64 {
    xxh3_64(format!("{kind}\0{}\0{}\0{}", table.database, table.table, columns.join("\0")).as_bytes())
}

fn unique_guard(table: &Table, key: &Key) -> Guard {
    let part = |part: &crate::schema::KeyPart| {
        let name = part.column.as_deref().filter(|_| part.prefix.is_none())?;
        column(table, name).map(|(part, _)| part)
    };
    let seed = seed("unique", &table.name, std::slice::from_ref(&key.name));
    Guard { seed, parts: key.parts.iter().map(part).collect(), nullable: key.kind == KeyKind::Unique, unique: true }
}

/// The token of what a foreign key refers to, made of `columns` of `side`: the parent or the child. Both sides must be
/// packed alike, or it stands for all values.
fn referred_guard(parent: &Table, child: &Table, key: &ForeignKey, columns: &[String], side: &Table) -> Guard {
    let alike = key.columns.iter().zip(&key.referenced_columns).all(|(own, other)| {
        matches!((column(child, own), column(parent, other)), (Some((_, own)), Some((_, other))) if own == other)
    });
    let parts = columns.iter().map(|name| column(side, name).map(|(part, _)| part));
    let seed = seed("foreign", &parent.name, &key.referenced_columns);
    Guard { seed, parts: if alike { parts.collect() } else { None }, nullable: true, unique: false }
}

/// What must be the same of two columns whose values are compared as they're packed.
type Class = (Discriminant<ColumnType>, String);

fn column(table: &Table, name: &str) -> Option<(Part, Class)> {
    let index = table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))?;
    let column = table.columns.get(index)?;
    let collation = column.collation.as_deref().unwrap_or(&table.collation);
    let (form, detail) = match &column.column_type {
        kind if is_character(kind) && !matches!(kind, ColumnType::Enum { .. } | ColumnType::Set { .. }) => {
            let form = if FOLDING.contains(&collation) {
                Form::Folded
            } else if collation.ends_with("_bin") {
                Form::Padded
            } else {
                return None;
            };
            // CHAR and VARCHAR are packed alike.
            return Some((Part { index, form }, (std::mem::discriminant(&ColumnType::Text), collation.to_owned())));
        }
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. }
        | ColumnType::Year
        | ColumnType::Date
        | ColumnType::Bit { .. } => (Form::Packed, String::new()),
        ColumnType::Decimal { .. }
        | ColumnType::Time { .. }
        | ColumnType::DateTime { .. }
        | ColumnType::Timestamp { .. }
        | ColumnType::Binary { .. }
        | ColumnType::Enum { .. }
        | ColumnType::Set { .. } => (Form::Packed, column.type_text.clone()),
        ColumnType::VarBinary { .. } => (Form::Packed, String::new()),
        _other => return None,
    };
    Some((Part { index, form }, (std::mem::discriminant(&column.column_type), detail)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::binlog::{RowsEvent, TableMap};
    use crate::schema::{
        CatalogueChange, Column, ColumnDefault, ForeignKey, KeyOptions, KeyPart, ReferentialAction, TableName,
    };

    fn column(name: &str, column_type: ColumnType, collation: Option<&str>) -> Column {
        Column {
            name: name.to_owned(),
            column_type,
            type_text: String::new(),
            nullable: false,
            default: ColumnDefault::None,
            on_update_now: None,
            auto_increment: false,
            generated: None,
            charset: collation.map(|_| "utf8mb4".to_owned()),
            collation: collation.map(str::to_owned),
            comment: String::new(),
            invisible: false,
            explicit_collation: false,
            default_sql: String::new(),
        }
    }

    fn key(name: &str, column: &str, kind: KeyKind) -> Key {
        let part = KeyPart {
            column: Some(column.to_owned()),
            expression: None,
            sql: String::new(),
            prefix: None,
            descending: false,
        };
        Key { name: name.to_owned(), kind, parts: vec![part], options: KeyOptions::default() }
    }

    /// `d.name (a INT PRIMARY KEY, b VARCHAR(9) UNIQUE)`.
    fn table(name: &str, collation: &str) -> Table {
        let text = column("b", ColumnType::VarChar { length: 9 }, Some(collation));
        Table {
            name: TableName { database: "d".to_owned(), table: name.to_owned() },
            columns: vec![column("a", ColumnType::Int { unsigned: false }, None), text],
            keys: vec![key("PRIMARY", "a", KeyKind::Primary), key("b", "b", KeyKind::Unique)],
            charset: "utf8mb4".to_owned(),
            collation: collation.to_owned(),
            ..Table::default()
        }
    }

    fn catalogue(tables: &[&Table]) -> Catalogue {
        let mut catalogue = Catalogue::default();
        let put = |name: &str| CatalogueChange::PutDatabase {
            name: name.to_owned(),
            charset: "utf8mb4".to_owned(),
            collation: "utf8mb4_0900_ai_ci".to_owned(),
        };
        catalogue.apply(&put("d"));
        tables.iter().for_each(|table| catalogue.apply(&CatalogueChange::PutTable(Arc::new(Table::clone(table)))));
        catalogue
    }

    /// What inserting (0) or deleting (2) a row touches.
    fn touched(kind: u8, table: &Table, catalogue: &Catalogue, (a, b): (u8, &str)) -> WriteSet {
        let map = [&[1, 0, 0, 0, 0, 0, 1, 0, 1, b'd', 0, 1, b't', 0, 2, 3, 15, 2, 36, 0, 0][..]].concat();
        let map = Arc::new(TableMap::parse(&map).expect("a table map"));
        let shape = Shape::new(&map, table).expect("a shape");
        let length = u8::try_from(b.len()).expect("a short text");
        let data = [&[2, 3, 0, a, 0, 0, 0, length], b.as_bytes()].concat();
        let event = RowsEvent::restore(kind, Bytes::from(data), &map);
        let mut set = WriteSet::default();
        for row in event.rows().expect("rows") {
            Guards::new(table, catalogue).note(&shape, (row.before.as_ref(), row.after.as_ref()), &mut set);
        }
        set
    }

    #[test]
    fn rows_meet_by_what_their_collation_takes_for_the_same() {
        for (collation, one, other, meet) in [
            ("utf8mb4_0900_ai_ci", "a", "b", false),
            ("utf8mb4_0900_ai_ci", "a", "A ", true),
            ("utf8mb4_0900_ai_ci", "a", "ä", true),
            ("utf8mb4_bin", "a", "A", false),
            ("utf8mb4_bin", "a", "a ", true),
            // Letters are others' equals there.
            ("utf8mb4_lithuanian_ci", "i", "b", true),
        ] {
            let table = table("t", collation);
            let catalogue = catalogue(&[&table]);
            let set = |a, b| touched(0, &table, &catalogue, (a, b));
            assert_eq!(set(1, one).conflicts(&set(2, other)), meet, "{collation} {one} {other}");
            assert!(set(1, "x").conflicts(&set(1, "y")), "the same row");
        }
    }

    #[test]
    fn rows_meet_those_that_they_refer_to_and_every_cascade() {
        let parent = table("p", "utf8mb4_0900_ai_ci");
        for action in [ReferentialAction::Restrict, ReferentialAction::Cascade] {
            let mut child = table("c", "utf8mb4_0900_ai_ci");
            child.foreign_keys.push(ForeignKey {
                name: "f".to_owned(),
                columns: vec!["b".to_owned()],
                references: parent.name.clone(),
                referenced_columns: vec!["b".to_owned()],
                on_delete: action,
                on_update: ReferentialAction::Restrict,
            });
            let catalogue = catalogue(&[&parent, &child]);
            let of = |kind, table: &Table, a, b| touched(kind, table, &catalogue, (a, b));
            assert!(of(0, &parent, 1, "x").conflicts(&of(0, &child, 1, "X")));
            assert!(!of(0, &parent, 1, "x").conflicts(&of(0, &child, 1, "y")));
            assert_eq!(of(2, &parent, 1, "x").conflicts(&of(0, &child, 1, "y")), action.follows());
            assert!(of(0, &parent, 1, "x").conflicts(&of(2, &parent, 1, "x")));
        }
    }
}
