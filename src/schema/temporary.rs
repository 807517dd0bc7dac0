//! A session's temporary tables, as the session's own view of the catalogue holds them.
//!
//! They are beside the databases, not in them: whatever lists tables, checks foreign keys or stores the catalogue looks
//! at the databases and can't meet one, and only the look-up of a name ([`super::Catalogue::table`]) finds a temporary
//! table, before the base table of that name. PostgreSQL keeps such a table in a schema of Bascule's own under a name
//! that no other session has ([`super::Table::name`]); its MySQL name is [`super::Table::temporary`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Table, TableName};

/// The PostgreSQL schema of all temporary tables. No MySQL database may have this name.
pub const TEMPORARY_SCHEMA: &str = "bascule_temporary";

/// The temporary tables of one session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemporaryTables {
    /// Tells one session's tables from another's and from those before a change; part of the plan cache's key. 0 for none.
    pub number: u64,
    /// What PostgreSQL shall call the next one.
    pub next: String,
    /// By MySQL's name.
    tables: BTreeMap<TableName, Arc<Table>>,
}

impl TemporaryTables {
    /// True without any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The table that MySQL's client calls so.
    #[must_use]
    pub fn get(&self, database: &str, table: &str, ignore_case: bool) -> Option<&Arc<Table>> {
        if self.tables.is_empty() {
            return None;
        }
        let same = |left: &str, right: &str| left == right || (ignore_case && left.eq_ignore_ascii_case(right));
        let found = self.tables.iter().find(|(name, _)| same(&name.database, database) && same(&name.table, table));
        found.map(|(_, table)| table)
    }

    /// The table that PostgreSQL calls so.
    #[must_use]
    pub fn stored(&self, table: &str) -> Option<&Arc<Table>> {
        self.tables.values().find(|known| known.name.table == table)
    }

    /// Adds a table, or replaces its definition and its name.
    pub fn put(&mut self, table: &Arc<Table>) {
        self.remove(&table.name);
        self.tables.insert(table.title().clone(), Arc::clone(table));
    }

    /// Lets a statement of ours find a table, of whatever kind, under a name that clients can't use.
    pub fn name_target(&mut self, database: &str, name: &str, table: &Arc<Table>) {
        let name = TableName { database: database.to_owned(), table: name.to_owned() };
        self.tables.insert(name, Arc::clone(table));
    }

    /// Forgets the table that PostgreSQL keeps there.
    pub fn remove(&mut self, place: &TableName) {
        self.tables.retain(|_, known| known.name != *place);
    }

    /// All of them.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Catalogue, CatalogueChange, Database};

    fn table(place: &str, title: &str) -> Arc<Table> {
        let name = TableName { database: TEMPORARY_SCHEMA.to_owned(), table: place.to_owned() };
        let temporary = Some(TableName { database: "d".to_owned(), table: title.to_owned() });
        Arc::new(Table { name, temporary, ..Table::default() })
    }

    #[test]
    fn a_temporary_table_hides_the_base_table_and_is_in_no_database() {
        let mut catalogue = Catalogue::default();
        let base = TableName { database: "d".to_owned(), table: "t".to_owned() };
        catalogue.databases.insert("d".to_owned(), Database::default());
        catalogue.apply(&CatalogueChange::PutTable(Arc::new(Table { name: base.clone(), ..Table::default() })));
        catalogue.apply(&CatalogueChange::PutTable(table("1", "t")));
        assert_eq!(catalogue.table("d", "t").map(|table| table.name.table.as_str()), Some("1"));
        assert_eq!(catalogue.base_table("d", "t").map(|table| &table.name), Some(&base));
        assert_eq!(catalogue.databases["d"].tables.len(), 1);
        catalogue.apply(&CatalogueChange::PutTable(table("1", "u")));
        assert_eq!(catalogue.table("d", "t").map(|table| &table.name), Some(&base));
        assert!(catalogue.table("d", "u").is_some());
        let place = table("1", "u").name.clone();
        catalogue.apply(&CatalogueChange::DropTable(place));
        assert!(catalogue.table("d", "u").is_none() && catalogue.session.is_empty());
    }
}
