//! Everything that the migration makes in PostgreSQL, as one list in the order in which it can be made.
//!
//! The order is the migration's own: collations, schemas and helpers; bare tables; keys, indexes and foreign keys over
//! them; CHECK constraints, then views and routines in whatever order they need each other; triggers last, which the
//! migration makes in the pause of the flip. A table of which anything isn't carried isn't made at all, as mirroring
//! wouldn't begin with it; those that refer to it go with it. Objects that need no object in PostgreSQL, because Bascule
//! itself answers for them, are listed too: nothing of the source is passed over in silence.

use std::fmt::Write as _;

use super::{Planned, Refused, plan_all, refusals, tables_of};
use crate::schema::{Catalogue, KeyKind, SchemaError, Table, ddl};
use crate::source::inspect::SourceSurvey;
use crate::sql;

/// When a piece is made. The order is that of the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// What is in schema `mysql`, the same for every source.
    Helpers,
    Schemas,
    Tables,
    Keys,
    Indexes,
    ForeignKeys,
    Checks,
    Routines,
    Triggers,
}

impl Stage {
    /// For a heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Helpers => "collations and helper functions",
            Self::Schemas => "schemas",
            Self::Tables => "tables",
            Self::Keys => "primary and unique keys",
            Self::Indexes => "indexes",
            Self::ForeignKeys => "foreign keys",
            Self::Checks => "CHECK constraints",
            Self::Routines => "stored routines",
            Self::Triggers => "triggers, which are made in the pause of the flip",
        }
    }
}

/// The statements for one object: they're of use together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub stage: Stage,
    /// `table`, `key`, `function`, …
    pub kind: &'static str,
    /// `database.table`, `database.table.key`, …
    pub name: String,
    pub statements: Vec<String>,
}

/// An object of the source for which Bascule answers without an object in PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub kind: &'static str,
    pub name: String,
    pub reason: &'static str,
}

/// Which of the pieces are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Triggers {
    /// As PostgreSQL stands after the flip.
    #[default]
    Made,
    /// As it stands while MySQL is mirrored.
    Later,
}

/// The whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    pub pieces: Vec<Piece>,
    pub kept: Vec<Kept>,
    pub refused: Vec<Refused>,
    pub triggers: Triggers,
}

/// What is made of a source.
#[must_use]
pub fn script(survey: &SourceSurvey, triggers: Triggers) -> Script {
    let mut script = Script { triggers, ..Script::default() };
    for (database, reason) in &survey.impossible {
        script.refused.push(Refused { kind: "database", name: database.clone(), reason: reason.clone() });
    }
    let mut catalogue = carried(survey, &mut script);
    script.prepare(&catalogue);
    for table in tables_of(&catalogue) {
        script.table(&table);
    }
    let lists =
        [(Stage::Checks, &survey.checks), (Stage::Routines, &survey.definitions), (Stage::Triggers, &survey.triggers)];
    for (stage, definitions) in lists {
        if stage == Stage::Triggers && triggers == Triggers::Later {
            continue;
        }
        let (planned, refused) = plan_all(definitions, &mut catalogue);
        planned.into_iter().for_each(|planned| script.definition(stage, planned));
        script.refused.extend(refused);
    }
    for event in &survey.events {
        let reason = "PostgreSQL has no events: let cron or pg_cron do its work".to_owned();
        script.refused.push(Refused { kind: "event", name: event.to_string(), reason });
    }
    script.pieces.sort_by_key(|piece| piece.stage);
    script
}

/// The tables of which everything is carried. One that refers to a table that isn't has to go as well.
fn carried(survey: &SourceSurvey, script: &mut Script) -> Catalogue {
    let mut catalogue = survey.catalogue.clone();
    loop {
        let mut found = Vec::new();
        for table in tables_of(&catalogue) {
            let errors = refusals(&catalogue, &table, &survey.reasons);
            if !errors.is_empty() {
                found.push((table.name.clone(), errors));
            }
        }
        if found.is_empty() {
            return catalogue;
        }
        for (name, errors) in found {
            if let Some(database) = catalogue.databases.get_mut(&name.database) {
                database.tables.remove(&name.table);
            }
            let reason = errors.iter().map(SchemaError::to_string).collect::<Vec<_>>().join("; ");
            script.refused.push(Refused { kind: "table", name: name.to_string(), reason });
        }
    }
}

impl Script {
    fn push(&mut self, stage: Stage, kind: &'static str, name: impl Into<String>, statements: Vec<String>) {
        self.pieces.push(Piece { stage, kind, name: name.into(), statements });
    }

    fn keep(&mut self, kind: &'static str, name: impl Into<String>, reason: &'static str) {
        self.kept.push(Kept { kind, name: name.into(), reason });
    }

    fn prepare(&mut self, catalogue: &Catalogue) {
        self.push(Stage::Helpers, "collations", "mysql", ddl::collations());
        for database in catalogue.databases.keys() {
            self.push(Stage::Schemas, "schema", database.clone(), vec![ddl::schema(database)]);
        }
        self.push(Stage::Helpers, "functions", "mysql", vec![sql::HELPERS.trim_end().trim_end_matches(';').to_owned()]);
    }

    /// A table that is carried whole: nothing of it is refused any more.
    fn table(&mut self, table: &Table) {
        let Ok(made) = ddl::table(table) else { return };
        self.push(Stage::Tables, "table", table.name.to_string(), made.create);
        // The statements stand in the order of the keys.
        let mut keys = made.keys.into_iter();
        let mut indexes = made.indexes.into_iter();
        for key in &table.keys {
            let name = format!("{}.{}", table.name, key.name);
            let (stage, statement) = match key.kind {
                _ if !ddl::has_index(key) => {
                    self.keep("key", name, "it only helps to find rows, and PostgreSQL gets no index for it");
                    continue;
                }
                KeyKind::Primary | KeyKind::Unique => (Stage::Keys, keys.next()),
                KeyKind::Secondary | KeyKind::Fulltext | KeyKind::Spatial => (Stage::Indexes, indexes.next()),
            };
            self.push(stage, "key", name, statement.into_iter().collect());
        }
        for (key, statement) in table.foreign_keys.iter().zip(made.foreign_keys) {
            self.push(Stage::ForeignKeys, "foreign key", format!("{}.{}", table.name, key.name), vec![statement]);
        }
        for column in &table.columns {
            let name = format!("{}.{}", table.name, column.name);
            if column.on_update_now.is_some() {
                self.keep("ON UPDATE CURRENT_TIMESTAMP", name.clone(), "Bascule says the value in every UPDATE");
            }
            if column.invisible {
                self.keep("INVISIBLE", name, "Bascule leaves the column out of *");
            }
        }
        if !table.partitioning.is_empty() {
            self.keep("partitions", table.name.to_string(), "all rows lie in one table");
        }
    }

    fn definition(&mut self, stage: Stage, planned: Planned) {
        let name = planned.name.to_string();
        match planned.kind {
            "view" => self.keep("view", name, "Bascule puts its query in its place"),
            "procedure" => self.keep("procedure", name, "Bascule carries it out, statement by statement"),
            // One that isn't enforced is known to the catalogue alone.
            kind if planned.statements.is_empty() => self.keep(kind, name, "it isn't enforced"),
            kind => self.push(stage, kind, name, planned.statements),
        }
    }

    /// The script as text that psql can run, with everything that isn't in it as comments at its end.
    #[must_use]
    pub fn text(&self, helpers: Helpers) -> String {
        let mut text = String::from("-- What Bascule makes in PostgreSQL of the MySQL databases\nBEGIN;\n");
        let mut stage = None;
        for piece in &self.pieces {
            if piece.stage == Stage::Helpers && helpers == Helpers::Left {
                continue;
            }
            if stage != Some(piece.stage) {
                let _ = write!(text, "\n-- {}\n", piece.stage.title());
                stage = Some(piece.stage);
            }
            for statement in &piece.statements {
                let _ = writeln!(text, "{statement};");
            }
        }
        text.push_str("\nCOMMIT;\n");
        for kept in &self.kept {
            let _ = writeln!(text, "-- {} {}: {}", kept.kind, comment(&kept.name), kept.reason);
        }
        for refused in &self.refused {
            let _ = writeln!(
                text,
                "-- not carried: {} {}: {}",
                refused.kind,
                comment(&refused.name),
                comment(&refused.reason)
            );
        }
        text
    }
}

/// A name or reason inside a comment of one line.
fn comment(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// Whether the collations and helper functions, which are the same for every source, are in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helpers {
    Shown,
    Left,
}
