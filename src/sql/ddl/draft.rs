//! A table under construction. CREATE and ALTER both end in [`Draft::finish`], so the rules of names, keys and
//! AUTO_INCREMENT are the same for both. Every part remembers which part of the old table it was, which lets the
//! emitter tell a rename from a new thing.

use std::collections::BTreeMap;

use super::super::plan::{Notice, SqlError};
use super::charset::Charset;
use super::columns;
use super::foreign::generated_number;
use super::keys;
use super::scope::Scope;
use super::spec::{CheckSpec, ColumnSpec, ForeignKeySpec, KeySpec, Place};
use crate::schema::{Check, Column, ForeignKey, Key, KeyKind, KeyOptions, KeyPart, Table, TableName, Trigger};

/// A table under construction.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: TableName,
    pub(super) defaults: Charset,
    pub(super) engine: String,
    pub(super) comment: String,
    pub(super) auto_increment: Option<u64>,
    /// The statement says the next id.
    pub(super) renumbers: bool,
    pub(super) has_triggers: bool,
    pub(super) triggers: Vec<Trigger>,
    pub(super) options: BTreeMap<String, String>,
    pub(super) partitioning: String,
    /// The name that the session gave to its temporary table; `name` is then where it is kept.
    pub(super) temporary: Option<TableName>,
    pub(super) checks: Vec<Check>,
    /// Checks that the statement adds; their expressions are read when all columns are known.
    pub(super) new_checks: Vec<CheckSpec>,
    pub(super) notices: Vec<Notice>,
    pub(super) columns: Vec<DraftColumn>,
    pub(super) keys: Vec<DraftKey>,
    pub(super) foreign_keys: Vec<DraftForeignKey>,
    /// The largest number in the generated foreign key names of the old table, dropped ones included.
    pub(super) foreign_key_number: u64,
}

/// A column with the name that it had in the old table.
#[derive(Clone, Debug)]
pub(super) struct DraftColumn {
    pub(super) origin: Option<String>,
    pub(super) column: Column,
    /// NULL was written, which a primary key forbids.
    pub(super) explicit_null: bool,
}

/// A key with the name that it had in the old table.
#[derive(Clone, Debug)]
pub(super) struct DraftKey {
    pub(super) origin: Option<String>,
    pub(super) name: Option<String>,
    pub(super) kind: KeyKind,
    pub(super) parts: Vec<KeyPart>,
    pub(super) options: KeyOptions,
    pub(super) generated: bool,
}

/// A foreign key, old or new.
#[derive(Clone, Debug)]
pub(super) enum DraftForeignKey {
    /// With the name that it had in the old table.
    Kept(String, ForeignKey),
    New(ForeignKeySpec),
}

/// A finished table and where its parts come from.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub(super) table: Table,
    /// For each column its old name.
    pub(super) columns: Vec<Option<String>>,
    /// For each key its old name.
    pub(super) keys: Vec<Option<String>>,
    /// For each foreign key its old name.
    pub(super) foreign_keys: Vec<Option<String>>,
    pub(super) notices: Vec<Notice>,
    /// The statement says the next id.
    pub(super) renumbers: bool,
}

impl Draft {
    /// An empty table.
    pub(super) fn new(name: TableName, defaults: Charset) -> Self {
        Self {
            name,
            defaults,
            engine: "InnoDB".to_owned(),
            comment: String::new(),
            auto_increment: None,
            renumbers: false,
            has_triggers: false,
            triggers: Vec::new(),
            options: BTreeMap::new(),
            partitioning: String::new(),
            temporary: None,
            checks: Vec::new(),
            new_checks: Vec::new(),
            notices: Vec::new(),
            columns: Vec::new(),
            keys: Vec::new(),
            foreign_keys: Vec::new(),
            foreign_key_number: 0,
        }
    }

    /// The draft that changes nothing.
    pub(super) fn of(table: &Table) -> Self {
        let column = |column: &Column| DraftColumn {
            origin: Some(column.name.clone()),
            column: column.clone(),
            explicit_null: false,
        };
        let key = |key: &crate::schema::Key| DraftKey {
            origin: Some(key.name.clone()),
            name: Some(key.name.clone()),
            kind: key.kind,
            parts: key.parts.clone(),
            options: key.options.clone(),
            generated: key.options.generated,
        };
        let numbers = table.foreign_keys.iter();
        let numbers = numbers.filter_map(|foreign_key| generated_number(&foreign_key.name, &table.name.table));
        Self {
            foreign_key_number: numbers.max().unwrap_or(0),
            name: table.name.clone(),
            defaults: Charset::new(&table.charset, &table.collation),
            engine: table.engine.clone(),
            comment: table.comment.clone(),
            auto_increment: table.auto_increment,
            renumbers: false,
            has_triggers: table.has_triggers,
            triggers: table.triggers.clone(),
            options: table.options.clone(),
            partitioning: table.partitioning.clone(),
            temporary: table.temporary.clone(),
            checks: table.checks.clone(),
            new_checks: Vec::new(),
            notices: Vec::new(),
            columns: table.columns.iter().map(column).collect(),
            keys: table.keys.iter().map(key).collect(),
            foreign_keys: table
                .foreign_keys
                .iter()
                .map(|foreign_key| DraftForeignKey::Kept(foreign_key.name.clone(), foreign_key.clone()))
                .collect(),
        }
    }

    /// The name that clients know.
    pub(super) fn title(&self) -> &TableName {
        self.temporary.as_ref().unwrap_or(&self.name)
    }

    /// Where the column of that name is.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.column.name.eq_ignore_ascii_case(name))
    }

    /// The column of that name.
    pub(super) fn column(&self, name: &str) -> Option<&DraftColumn> {
        self.columns.iter().find(|column| column.column.name.eq_ignore_ascii_case(name))
    }

    /// Adds a column with the keys that its attributes ask for.
    pub(super) fn add_column(&mut self, spec: &ColumnSpec, place: &Place, scope: &Scope<'_>) -> Result<(), SqlError> {
        super::names::column(&spec.name)?;
        super::names::comment(&spec.comment, &super::names::Commented::Column(&spec.name))?;
        let column = columns::resolve(spec, &self.defaults, scope, &mut self.notices)?;
        let draft = DraftColumn { origin: None, column, explicit_null: spec.nullable == Some(true) };
        let position = self.place(place)?.unwrap_or(self.columns.len());
        self.columns.insert(position.min(self.columns.len()), draft);
        self.column_keys(spec)
    }

    /// PRIMARY KEY, UNIQUE and REFERENCES among a column's attributes.
    pub(super) fn column_keys(&mut self, spec: &ColumnSpec) -> Result<(), SqlError> {
        let part =
            || super::spec::PartSpec { column: spec.name.clone(), expression: None, prefix: None, descending: false };
        if let Some(kind) = spec.key {
            let options = KeyOptions::default();
            self.add_key(&KeySpec { kind, name: None, parts: vec![part()], options, generated: false })?;
        }
        if let Some(references) = &spec.references {
            self.add_foreign_key(ForeignKeySpec {
                name: None,
                key_name: None,
                columns: vec![spec.name.clone()],
                references: references.clone(),
            })?;
        }
        Ok(())
    }

    /// Adds a key; its parts are checked by [`Draft::finish`].
    pub(super) fn add_key(&mut self, spec: &KeySpec) -> Result<(), SqlError> {
        let bad = |name: &&str| name.eq_ignore_ascii_case("PRIMARY") || name.is_empty() || name.ends_with(' ');
        if let Some(name) = spec.name.as_deref().filter(bad) {
            return Err(SqlError::new(1280, "42000", format!("Incorrect index name '{name}'")));
        }
        if let Some(name) = &spec.name {
            super::names::check_length(name)?;
        }
        if spec.kind == KeyKind::Primary && spec.options.invisible {
            return Err(SqlError::new(3522, "HY000", "A primary key index cannot be invisible".to_owned()));
        }
        let parts = spec.parts.iter().map(|part| KeyPart {
            column: part.expression.is_none().then(|| part.column.clone()),
            expression: part.expression.clone(),
            sql: String::new(),
            prefix: part.prefix,
            descending: part.descending,
        });
        self.keys.push(DraftKey {
            origin: None,
            name: if spec.kind == KeyKind::Primary { Some("PRIMARY".to_owned()) } else { spec.name.clone() },
            kind: spec.kind,
            parts: parts.collect(),
            options: spec.options.clone(),
            generated: spec.generated,
        });
        Ok(())
    }

    /// Adds a foreign key and the key that MySQL puts below it.
    pub(super) fn add_foreign_key(&mut self, spec: ForeignKeySpec) -> Result<(), SqlError> {
        if self.temporary.is_some() {
            return Err(SqlError::new(1215, "HY000", "Cannot add foreign key constraint".to_owned()));
        }
        let part = |column: &String| super::spec::PartSpec {
            column: column.clone(),
            expression: None,
            prefix: None,
            descending: false,
        };
        self.add_key(&KeySpec {
            kind: KeyKind::Secondary,
            name: spec.name.clone().or_else(|| spec.key_name.clone()),
            parts: spec.columns.iter().map(part).collect(),
            options: KeyOptions::default(),
            generated: true,
        })?;
        self.foreign_keys.push(DraftForeignKey::New(spec));
        Ok(())
    }

    /// The index of a place among the columns; `None` for the usual one.
    pub(super) fn place(&self, place: &Place) -> Result<Option<usize>, SqlError> {
        match place {
            Place::Default => Ok(None),
            Place::First => Ok(Some(0)),
            Place::After(name) => match self.position(name) {
                Some(position) => Ok(Some(position + 1)),
                None => Err(SqlError::unknown_column(name, &self.title().table)),
            },
        }
    }

    /// 3522 for an invisible key that stands for the primary one: the first that is unique over columns without NULL.
    fn check_visibility(&self, keys: &[Key]) -> Result<(), SqlError> {
        let whole = |part: &KeyPart| {
            let column =
                part.column.as_deref().and_then(|name| self.position(name)).and_then(|at| self.columns.get(at));
            part.prefix.is_none() && column.is_some_and(|column| !column.column.nullable)
        };
        let stands = |key: &&Key| key.kind == KeyKind::Unique && key.parts.iter().all(whole);
        let primary = keys.iter().any(|key| key.kind == KeyKind::Primary);
        if !primary && keys.iter().find(stands).is_some_and(|key| key.options.invisible) {
            return Err(SqlError::new(3522, "HY000", "A primary key index cannot be invisible".to_owned()));
        }
        Ok(())
    }

    /// The table, once all of MySQL's rules hold.
    pub(super) fn finish(mut self, scope: &Scope<'_>) -> Result<Finished, SqlError> {
        for (at, column) in self.columns.iter().enumerate() {
            let name = &column.column.name;
            if self.columns.iter().take(at).any(|other| other.column.name.eq_ignore_ascii_case(name)) {
                return Err(SqlError::new(1060, "42S21", format!("Duplicate column name '{name}'")));
            }
        }
        if self.columns.iter().all(|column| column.column.invisible) {
            return Err(SqlError::new(4028, "HY000", "A table must have at least one visible column.".to_owned()));
        }
        if self.columns.iter().filter(|column| column.column.auto_increment).count() > 1 {
            return Err(wrong_auto_column());
        }
        self.check_engine()?;
        if self.temporary.is_some()
            && self.engine == "InnoDB"
            && self.keys.iter().any(|key| key.kind == KeyKind::Fulltext)
        {
            let text = "Cannot create FULLTEXT index on temporary InnoDB table";
            return Err(SqlError::new(1796, "HY000", text.to_owned()));
        }
        let (keys, key_origins): (Vec<_>, Vec<_>) = keys::resolve(&mut self)?.into_iter().unzip();
        self.check_auto_increment(&keys)?;
        self.check_visibility(&keys)?;
        let (foreign_keys, foreign_origins): (Vec<_>, Vec<_>) =
            super::foreign::resolve(&self, scope)?.into_iter().unzip();
        let has_auto_increment = self.columns.iter().any(|column| column.column.auto_increment);
        let auto_increment = if has_auto_increment { Some(self.auto_increment.unwrap_or(1).max(1)) } else { None };
        super::names::comment(&self.comment, &super::names::Commented::Table(&self.title().table))?;
        let notices = std::mem::take(&mut self.notices);
        let renumbers = self.renumbers;
        let origins = self.columns.iter().map(|column| column.origin.clone()).collect();
        let new_checks = std::mem::take(&mut self.new_checks);
        let mut table = Table {
            name: self.name,
            columns: self.columns.into_iter().map(|column| column.column).collect(),
            keys,
            foreign_keys,
            charset: self.defaults.charset,
            collation: self.defaults.collation,
            auto_increment,
            comment: self.comment,
            engine: self.engine,
            has_triggers: self.has_triggers,
            triggers: self.triggers,
            checks: self.checks,
            options: self.options.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            partitioning: self.partitioning,
            temporary: self.temporary,
            merge: None,
        };
        super::checks::complete(&mut table, &new_checks, scope)?;
        super::routine::check_triggers(&table)?;
        Ok(Finished { table, columns: origins, keys: key_origins, foreign_keys: foreign_origins, notices, renumbers })
    }

    /// Rules of engines other than InnoDB: foreign keys are read and forgotten, MEMORY has no large objects.
    fn check_engine(&mut self) -> Result<(), SqlError> {
        use crate::schema::ColumnType as T;
        if self.engine == "InnoDB" {
            return Ok(());
        }
        self.foreign_keys.retain(|key| matches!(key, DraftForeignKey::Kept(..)));
        let large = |column: &DraftColumn| {
            matches!(
                column.column.column_type,
                T::TinyText
                    | T::Text
                    | T::MediumText
                    | T::LongText
                    | T::TinyBlob
                    | T::Blob
                    | T::MediumBlob
                    | T::LongBlob
                    | T::Geometry { .. }
                    | T::Json
            )
        };
        if self.engine == "MEMORY" && self.columns.iter().any(large) {
            let text = "The used table type doesn't support BLOB/TEXT columns";
            return Err(SqlError::new(1163, "42000", text.to_owned()));
        }
        if self.engine == "CSV" && self.columns.iter().any(|column| column.column.nullable) {
            let text = "The storage engine for the table doesn't support nullable columns";
            return Err(SqlError::new(1178, "42000", text.to_owned()));
        }
        Ok(())
    }

    fn check_auto_increment(&self, keys: &[crate::schema::Key]) -> Result<(), SqlError> {
        let Some(column) = self.columns.iter().find(|column| column.column.auto_increment) else {
            return Ok(());
        };
        let first = |key: &crate::schema::Key| {
            let part = key.parts.first().and_then(|part| part.column.as_deref());
            part.is_some_and(|part| part.eq_ignore_ascii_case(&column.column.name))
        };
        if keys.iter().any(first) { Ok(()) } else { Err(wrong_auto_column()) }
    }
}

/// Error 1075.
fn wrong_auto_column() -> SqlError {
    let text = "Incorrect table definition; there can be only one auto column and it must be defined as a key";
    SqlError::new(1075, "42000", text.to_owned())
}
