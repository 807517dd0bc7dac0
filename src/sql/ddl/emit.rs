//! PostgreSQL statements that turn a table into its altered form.
//!
//! The difference is taken part by part between the old table and the new one, by the texts that `schema::ddl` gives
//! them, so whatever MySQL spelled differently but means the same emits nothing. The order keeps every step valid:
//! what depends on something goes before it, what others depend on comes first.

use super::super::plan::SqlError;
use super::convert;
use super::draft::Finished;
use super::filler::implicit_default;
use super::formula;
use super::scope::{ForeignKeyChecks, Scope};
use crate::schema::quote::{self, identifier, literal};
use crate::schema::{Check, Column, ColumnDefault, ColumnType, ForeignKey, Key, KeyKind, SchemaError, Table, ddl};

/// A schema error is a refusal by name.
pub(super) fn refusal(error: &SchemaError) -> SqlError {
    SqlError::unsupported(error.what())
}

/// The statements of ALTER TABLE.
pub(super) fn alter(old: &Table, finished: &Finished, scope: &Scope<'_>) -> Result<Vec<String>, SqlError> {
    Alteration { old, finished, new: &finished.table, bridge: bridge(old, finished), scope, statements: Vec::new() }
        .run()
        .map_err(|error| match error {
            Failure::Schema(error) => refusal(&error),
            Failure::Told(error) => error,
            Failure::Refused(what) => SqlError::unsupported(what),
        })
}

/// Why an alteration isn't carried.
enum Failure {
    Schema(SchemaError),
    Told(SqlError),
    Refused(String),
}

impl From<SchemaError> for Failure {
    fn from(error: SchemaError) -> Self {
        Self::Schema(error)
    }
}

/// The old table under its new names: what PostgreSQL has after all renames and before anything else.
fn bridge(old: &Table, finished: &Finished) -> Table {
    let renamed = |name: &str| {
        let found = finished.columns.iter().position(|origin| origin.as_deref() == Some(name));
        found.and_then(|at| finished.table.columns.get(at)).map(|column| column.name.clone())
    };
    let mut bridge = old.clone();
    bridge.name.clone_from(&finished.table.name);
    for column in &mut bridge.columns {
        if let Some(name) = renamed(&column.name) {
            column.name = name;
        }
    }
    for key in &mut bridge.keys {
        let found = finished.keys.iter().position(|origin| origin.as_deref() == Some(key.name.as_str()));
        if let Some(new) = found.and_then(|at| finished.table.keys.get(at)) {
            key.name.clone_from(&new.name);
        }
        for part in &mut key.parts {
            part.column = part.column.as_deref().and_then(|name| renamed(name).or_else(|| part.column.clone()));
        }
    }
    bridge
}

/// One ALTER TABLE under way.
struct Alteration<'a> {
    old: &'a Table,
    finished: &'a Finished,
    new: &'a Table,
    bridge: Table,
    scope: &'a Scope<'a>,
    statements: Vec<String>,
}

impl Alteration<'_> {
    fn run(mut self) -> Result<Vec<String>, Failure> {
        self.drop_foreign_keys();
        self.drop_checks();
        let restored = self.drop_keys()?;
        self.rename_table();
        self.drop_columns();
        self.rename_columns();
        self.rename_dependents();
        self.alter_columns()?;
        self.add_columns()?;
        self.create_keys()?;
        self.statements.extend(restored);
        self.add_checks();
        self.add_foreign_keys()?;
        self.comments();
        self.next_value();
        Ok(self.statements)
    }

    fn target(&self) -> String {
        quote::table(&self.new.name)
    }

    fn push(&mut self, clause: &str) {
        let statement = format!("ALTER TABLE {} {clause}", self.target());
        self.statements.push(statement);
    }

    /// The new column that an old one became.
    fn successor(&self, old: &str) -> Option<&Column> {
        let at = self.finished.columns.iter().position(|origin| origin.as_deref() == Some(old))?;
        self.finished.table.columns.get(at)
    }

    /// Pairs of old columns under their new names, and new columns.
    fn survivors(&self) -> Vec<(Column, Column)> {
        let pairs = self.old.columns.iter().zip(&self.bridge.columns);
        pairs.filter_map(|(old, bridge)| Some((bridge.clone(), self.successor(&old.name)?.clone()))).collect()
    }

    fn drop_foreign_keys(&mut self) {
        for foreign_key in &self.old.foreign_keys {
            if !self.finished.foreign_keys.iter().any(|origin| origin.as_deref() == Some(foreign_key.name.as_str())) {
                self.statements.push(ddl::drop_foreign_key(&self.old.name, foreign_key));
            }
        }
    }

    /// Checks that go, or that aren't enforced any more.
    fn drop_checks(&mut self) {
        let stays = |check: &Check| self.new.checks.iter().any(|other| other.enforced && other.name == check.name);
        let gone: Vec<&Check> = self.old.checks.iter().filter(|check| check.enforced && !stays(check)).collect();
        for check in gone {
            let name = identifier(&quote::bounded(&check.name));
            self.statements
                .push(format!("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {name}", quote::table(&self.old.name)));
        }
    }

    /// Checks that come, or that are enforced from now on; every row must pass them.
    fn add_checks(&mut self) {
        let known = |check: &Check| self.old.checks.iter().any(|other| other.enforced && other.name == check.name);
        let fresh: Vec<String> = self
            .new
            .checks
            .iter()
            .filter(|check| check.enforced && !known(check))
            .map(|check| format!("ADD {}", ddl::check(check)))
            .collect();
        for clause in fresh {
            self.push(&clause);
        }
    }

    /// True when the old key at this place serves as it is, but for its name.
    fn keeps_key(&self, at: usize) -> Result<bool, SchemaError> {
        let (Some(old), Some(bridge)) = (self.old.keys.get(at), self.bridge.keys.get(at)) else {
            return Ok(false);
        };
        let successor = self.finished.keys.iter().position(|origin| origin.as_deref() == Some(old.name.as_str()));
        let Some(new) = successor.and_then(|at| self.new.keys.get(at)) else {
            return Ok(false);
        };
        let survives =
            old.parts.iter().all(|part| part.column.as_deref().is_none_or(|column| self.successor(column).is_some()));
        if !survives || bridge.parts != new.parts {
            return Ok(false);
        }
        if !ddl::has_index(bridge) && !ddl::has_index(new) {
            return Ok(true);
        }
        Ok(ddl::key(&self.bridge, bridge)? == ddl::key(self.new, new)?)
    }

    /// Drops keys that go or change; answers the statements that restore the foreign keys that leaned on them.
    fn drop_keys(&mut self) -> Result<Vec<String>, Failure> {
        let mut restored = Vec::new();
        for (at, key) in self.old.keys.iter().enumerate() {
            if self.keeps_key(at)? || !ddl::has_index(key) {
                continue;
            }
            for (child, foreign_key) in self.leaning(key) {
                self.statements.push(ddl::drop_foreign_key(&child.name, &foreign_key));
                restored.push(ddl::foreign_key(&child, &foreign_key)?);
            }
            self.statements.push(drop_key(self.old, key));
        }
        Ok(restored)
    }

    /// Foreign keys of other tables whose target is this unique key.
    fn leaning(&self, key: &Key) -> Vec<(Table, ForeignKey)> {
        if key.kind == KeyKind::Secondary {
            return Vec::new();
        }
        let columns: Vec<&str> = key.parts.iter().filter_map(|part| part.column.as_deref()).collect();
        let same = |foreign_key: &ForeignKey| {
            foreign_key.referenced_columns.len() == columns.len()
                && foreign_key.referenced_columns.iter().all(|column| columns.contains(&column.as_str()))
        };
        let children = self.scope.children(&self.old.name);
        children
            .into_iter()
            .filter(|(_, foreign_key)| same(foreign_key))
            .map(|(table, foreign_key)| {
                let mut foreign_key = foreign_key.clone();
                retarget(&mut foreign_key, self.old, self.finished);
                (Table::clone(table), foreign_key)
            })
            .collect()
    }

    fn rename_table(&mut self) {
        if self.old.name != self.new.name {
            self.statements.extend(rename_table(&self.old.name, &self.new.name));
        }
    }

    fn drop_columns(&mut self) {
        for column in &self.old.columns {
            if self.successor(&column.name).is_none() {
                let clause = format!("DROP COLUMN {}", identifier(&column.name));
                self.push(&clause);
            }
        }
    }

    /// Renames columns; a name that is still taken is reached through a name of its own.
    fn rename_columns(&mut self) {
        let pairs: Vec<(String, String)> = self
            .old
            .columns
            .iter()
            .filter_map(|column| Some((column.name.clone(), self.successor(&column.name)?.name.clone())))
            .filter(|(old, new)| old != new)
            .collect();
        let taken = |name: &str| pairs.iter().any(|(old, _)| old == name);
        let mut later = Vec::new();
        for (at, (old, new)) in pairs.iter().enumerate() {
            if taken(new) {
                let between = format!("_my_renamed_{at}");
                let clause = format!("RENAME COLUMN {} TO {}", identifier(old), identifier(&between));
                self.push(&clause);
                later.push((between, new.clone()));
            }
        }
        let direct = pairs.iter().filter(|(_, new)| !taken(new)).cloned();
        for (old, new) in direct.chain(later).collect::<Vec<_>>() {
            let clause = format!("RENAME COLUMN {} TO {}", identifier(&old), identifier(&new));
            self.push(&clause);
        }
        self.rename_checks(&pairs);
    }

    fn rename_checks(&mut self, pairs: &[(String, String)]) {
        let has_check = |old: &str| self.old.column(old).is_some_and(|column| ddl::column_check(column).is_some());
        let checks: Vec<_> = pairs.iter().filter(|(old, _)| has_check(old)).cloned().collect();
        let mut later = Vec::new();
        for (at, (old, new)) in checks.iter().enumerate() {
            let between = format!("_my_renamed_{at}");
            let clause = format!("RENAME CONSTRAINT {} TO {}", identifier(&ddl::check_name(old)), identifier(&between));
            self.push(&clause);
            later.push((between, ddl::check_name(new)));
        }
        for (between, new) in later {
            let clause = format!("RENAME CONSTRAINT {} TO {}", identifier(&between), identifier(&new));
            self.push(&clause);
        }
    }

    /// Indexes, the sequence and foreign keys carry the table's, the column's or the key's name.
    fn rename_dependents(&mut self) {
        let schema = identifier(&self.new.name.database);
        for (at, old) in self.old.keys.iter().enumerate().filter(|(_, key)| ddl::has_index(key)) {
            let Some(bridge) = self.bridge.keys.get(at).filter(|_| self.keeps_key(at).unwrap_or(false)) else {
                continue;
            };
            let before = ddl::index_name(&self.old.name.table, &old.name);
            let after = ddl::index_name(&self.new.name.table, &bridge.name);
            if before != after {
                self.statements.push(format!(
                    "ALTER INDEX {schema}.{} RENAME TO {}",
                    identifier(&before),
                    identifier(&after)
                ));
            }
        }
        if let (Some(before), Some(after)) = (ddl::sequence_name(self.old), ddl::sequence_name(&self.bridge))
            && before != after
        {
            let survives =
                self.old.auto_increment_column().is_some_and(|column| self.successor(&column.name).is_some());
            if survives {
                self.statements.push(format!(
                    "ALTER SEQUENCE {schema}.{} RENAME TO {}",
                    identifier(&before),
                    identifier(&after)
                ));
            }
        }
        for (origin, foreign_key) in self.finished.foreign_keys.iter().zip(&self.new.foreign_keys) {
            let Some(origin) = origin.as_deref().filter(|origin| *origin != foreign_key.name) else {
                continue;
            };
            if self.dangles(foreign_key) {
                continue;
            }
            let clause = format!(
                "RENAME CONSTRAINT {} TO {}",
                identifier(&ddl::foreign_key_name(origin)),
                identifier(&ddl::foreign_key_name(&foreign_key.name))
            );
            let statement = format!("ALTER TABLE {} {clause}", quote::table(&self.new.name));
            self.statements.push(statement);
        }
    }

    fn alter_columns(&mut self) -> Result<(), Failure> {
        for (old, new) in self.survivors() {
            self.alter_column(&old, &new)?;
        }
        Ok(())
    }

    fn alter_column(&mut self, old: &Column, new: &Column) -> Result<(), Failure> {
        let name = identifier(&new.name);
        let check = identifier(&ddl::check_name(&new.name));
        let (old_check, new_check) = (ddl::column_check(old), ddl::column_check(new));
        if old_check != new_check && old_check.is_some() {
            self.push(&format!("DROP CONSTRAINT IF EXISTS {check}"));
        }
        let (old_type, new_type) = (ddl::column_type(&self.bridge, old)?, ddl::column_type(self.new, new)?);
        let retyped = old_type != new_type;
        let misfits = !self.scope.replays() && convert::narrows(old, new);
        let using = match convert::using(old, new) {
            Ok(_) if misfits => Some(formula::converted(old, new, self.new, self.scope).map_err(Failure::Told)?),
            Ok(using) => using,
            Err(what) if self.scope.replays() || !convert::characters_survive(old, new) => {
                return Err(Failure::Refused(what));
            }
            // As UPDATE would store the old values.
            Err(_) => Some(formula::converted(old, new, self.new, self.scope).map_err(Failure::Told)?),
        };
        let renumbered =
            old.auto_increment != new.auto_increment || (old.auto_increment && has_identity(old) != has_identity(new));
        let (old_default, new_default) = (default(&self.bridge, old)?, default(self.new, new)?);
        let redefaulted = renumbered || old_default != new_default || (retyped && new_default.is_some());
        if renumbered && old.auto_increment {
            self.drop_numbering(old, &name);
        } else if redefaulted && old_default.is_some() {
            self.push(&format!("ALTER COLUMN {name} DROP DEFAULT"));
        }
        if retyped || using.is_some() {
            let using = using.map(|using| format!(" USING {using}")).unwrap_or_default();
            self.push(&format!("ALTER COLUMN {name} TYPE {new_type}{using}"));
        }
        if old.nullable != new.nullable {
            let verb = if new.nullable { "DROP" } else { "SET" };
            self.push(&format!("ALTER COLUMN {name} {verb} NOT NULL"));
        }
        if renumbered && new.auto_increment {
            self.add_numbering(new, &name)?;
        } else if redefaulted && let Some(default) = new_default {
            self.push(&format!("ALTER COLUMN {name} SET DEFAULT {default}"));
        }
        if old_check != new_check
            && let Some(text) = new_check
        {
            self.push(&format!("ADD CONSTRAINT {check} CHECK ({text})"));
        }
        Ok(())
    }

    fn drop_numbering(&mut self, old: &Column, name: &str) {
        if has_identity(old) {
            self.push(&format!("ALTER COLUMN {name} DROP IDENTITY"));
            return;
        }
        self.push(&format!("ALTER COLUMN {name} DROP DEFAULT"));
        if let Some(sequence) = ddl::sequence(&self.bridge) {
            self.statements.push(format!("DROP SEQUENCE {sequence}"));
        }
    }

    /// AUTO_INCREMENT on a column that exists: MySQL would renumber rows that hold 0, which replay can't repeat.
    fn add_numbering(&mut self, new: &Column, name: &str) -> Result<(), Failure> {
        let old_counted = self.old.auto_increment_column().is_some();
        if self.scope.replays() && !old_counted {
            return Err(Failure::Refused("adding AUTO_INCREMENT to a column".to_owned()));
        }
        let Some(sequence) = ddl::sequence(self.new) else {
            return Err(Failure::Refused("AUTO_INCREMENT on several columns".to_owned()));
        };
        if has_identity(new) {
            self.push(&format!("ALTER COLUMN {name} ADD GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME {sequence})"));
        } else {
            self.statements.push(format!("CREATE SEQUENCE {sequence}"));
            self.push(&format!("ALTER COLUMN {name} SET DEFAULT nextval({}::regclass)", literal(&sequence)));
            self.statements.push(format!("ALTER SEQUENCE {sequence} OWNED BY {}.{name}", self.target()));
        }
        self.statements.push(continue_after_rows(self.new, new, &sequence));
        Ok(())
    }

    fn add_columns(&mut self) -> Result<(), Failure> {
        let fresh: Vec<Column> = self
            .finished
            .columns
            .iter()
            .zip(&self.new.columns)
            .filter(|(origin, _)| origin.is_none())
            .map(|(_, column)| column.clone())
            .collect();
        for column in fresh {
            self.add_column(&column)?;
        }
        Ok(())
    }

    fn add_column(&mut self, column: &Column) -> Result<(), Failure> {
        let computed = matches!(column.default, ColumnDefault::Now(_) | ColumnDefault::Expression(_));
        if self.scope.replays() && (computed || column.auto_increment) {
            return Err(Failure::Refused(
                "adding a column whose values MySQL computed for the existing rows".to_owned(),
            ));
        }
        let text = ddl::column(self.new, column)?;
        let sequence = ddl::sequence(self.new).filter(|_| column.auto_increment && !has_identity(column));
        if let Some(sequence) = &sequence {
            self.statements.push(format!("CREATE SEQUENCE {sequence}"));
        }
        let computed = column.generated.is_some() || column.default != ColumnDefault::None;
        let filler = if column.nullable || column.auto_increment || computed {
            None
        } else {
            implicit_default(&column.column_type)
        };
        match filler {
            // Existing rows get MySQL's implicit default, later ones none.
            Some(filler) => {
                self.push(&format!("ADD COLUMN {text} DEFAULT {filler}"));
                self.push(&format!("ALTER COLUMN {} DROP DEFAULT", identifier(&column.name)));
            }
            None => self.push(&format!("ADD COLUMN {text}")),
        }
        if let Some(sequence) = sequence {
            let owner = format!("{}.{}", self.target(), identifier(&column.name));
            self.statements.push(format!("ALTER SEQUENCE {sequence} OWNED BY {owner}"));
        }
        Ok(())
    }

    fn create_keys(&mut self) -> Result<(), Failure> {
        for (origin, key) in self.finished.keys.iter().zip(&self.new.keys).filter(|(_, key)| ddl::has_index(key)) {
            let old = origin.as_deref().and_then(|origin| self.old.keys.iter().position(|key| key.name == origin));
            if let Some(at) = old
                && self.keeps_key(at)?
            {
                continue;
            }
            self.statements.push(ddl::key(self.new, key)?);
        }
        Ok(())
    }

    /// True for a foreign key whose target isn't there, which PostgreSQL can't hold; it comes with its target.
    fn dangles(&self, foreign_key: &ForeignKey) -> bool {
        !self.scope.same(&foreign_key.references, &self.new.name) && self.scope.find(&foreign_key.references).is_none()
    }

    /// With checks off MySQL takes the rows that are there as they are.
    fn add_foreign_keys(&mut self) -> Result<(), Failure> {
        let validity = match self.scope.checks {
            ForeignKeyChecks::On => "",
            ForeignKeyChecks::Off => " NOT VALID",
        };
        for (origin, foreign_key) in self.finished.foreign_keys.iter().zip(&self.new.foreign_keys) {
            if origin.is_none() && !self.dangles(foreign_key) {
                self.statements.push(format!("{}{validity}", ddl::foreign_key(self.new, foreign_key)?));
            }
        }
        Ok(())
    }

    fn comments(&mut self) {
        let comment = |text: &str| if text.is_empty() { "NULL".to_owned() } else { literal(text) };
        if self.old.comment != self.new.comment {
            let statement = format!("COMMENT ON TABLE {} IS {}", self.target(), comment(&self.new.comment));
            self.statements.push(statement);
        }
        for (at, column) in self.new.columns.iter().enumerate() {
            let origin = self.finished.columns.get(at).and_then(Option::as_deref);
            let before = origin.and_then(|origin| self.old.column(origin)).map_or("", |old| old.comment.as_str());
            if before != column.comment {
                let place = format!("{}.{}", self.target(), identifier(&column.name));
                self.statements.push(format!("COMMENT ON COLUMN {place} IS {}", comment(&column.comment)));
            }
        }
    }

    /// AUTO_INCREMENT = n.
    fn next_value(&mut self) {
        let raised = self.new.auto_increment > self.old.auto_increment && self.old.auto_increment.is_some();
        if let (true, Some(column), Some(sequence)) =
            (raised || self.finished.renumbers, self.new.auto_increment_column(), ddl::sequence(self.new))
        {
            let statement = continue_after_rows(self.new, column, &sequence);
            self.statements.push(statement);
        }
    }
}

/// Moves a sequence past the rows and to the table's AUTO_INCREMENT value at least.
fn continue_after_rows(table: &Table, column: &Column, sequence: &str) -> String {
    let next = i64::try_from(table.auto_increment.unwrap_or(1).max(1)).unwrap_or(i64::MAX);
    format!(
        "SELECT setval({}, GREATEST({next}, COALESCE(MAX({}), 0) + 1)::bigint, false) FROM {}",
        literal(sequence),
        identifier(&column.name),
        quote::table(&table.name)
    )
}

/// Gives a foreign key of another table the new names of its target.
pub(super) fn retarget(foreign_key: &mut ForeignKey, old: &Table, finished: &Finished) {
    foreign_key.references.clone_from(&finished.table.name);
    for column in &mut foreign_key.referenced_columns {
        let Some(spelled) = old.column(column) else {
            continue;
        };
        let at = finished.columns.iter().position(|origin| origin.as_deref() == Some(spelled.name.as_str()));
        if let Some(new) = at.and_then(|at| finished.table.columns.get(at)) {
            column.clone_from(&new.name);
        }
    }
}

/// Drops a key's index or constraint.
fn drop_key(table: &Table, key: &Key) -> String {
    let name = identifier(&ddl::index_name(&table.name.table, &key.name));
    if ddl::is_constraint(table, key) {
        return format!("ALTER TABLE {} DROP CONSTRAINT {name}", quote::table(&table.name));
    }
    format!("DROP INDEX {}.{name}", identifier(&table.name.database))
}

/// Moves a table to another schema and gives it another name.
pub(super) fn rename_table(old: &crate::schema::TableName, new: &crate::schema::TableName) -> Vec<String> {
    let mut statements = Vec::new();
    if old.table != new.table {
        statements.push(format!("ALTER TABLE {} RENAME TO {}", quote::table(old), identifier(&new.table)));
    }
    if old.database != new.database {
        let here = crate::schema::TableName { database: old.database.clone(), table: new.table.clone() };
        statements.push(format!("ALTER TABLE {} SET SCHEMA {}", quote::table(&here), identifier(&new.database)));
    }
    statements
}

/// A column's default on PostgreSQL, apart from its numbering.
fn default(table: &Table, column: &Column) -> Result<Option<String>, SchemaError> {
    if column.auto_increment { Ok(None) } else { ddl::column_default(table, column) }
}

/// BIGINT UNSIGNED is `numeric`, which can't have an identity.
fn has_identity(column: &Column) -> bool {
    !matches!(column.column_type, ColumnType::BigInt { unsigned: true })
}
