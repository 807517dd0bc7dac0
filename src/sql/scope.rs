//! Names: which tables a query reads, which columns they have, and which of them a name in the text means.

use std::sync::Arc;

use sqlparser::ast::NamedWindowDefinition;

use crate::schema::{Table, quote};

use super::expression::{Body, Expression, Origin};
use super::lower::Place;
use super::plan::SqlError;
use super::types::Type;

/// A column that a query can name.
#[derive(Clone, Debug)]
pub(super) struct ScopeColumn {
    /// As MySQL names it.
    pub(super) name: String,
    /// As it's written in PostgreSQL, qualified.
    pub(super) sql: String,
    pub(super) ty: Type,
    pub(super) nullable: bool,
    pub(super) origin: Option<Origin>,
    /// Left out of `*`: INVISIBLE columns, and the second one of a USING pair.
    pub(super) hidden: bool,
}

/// A table, derived table or common table expression in FROM.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    /// The alias, or the table's name.
    pub(super) alias: String,
    /// The database, when the name wasn't given an alias.
    pub(super) database: Option<String>,
    pub(super) table: Option<Arc<Table>>,
    pub(super) columns: Vec<ScopeColumn>,
    /// On the side of an outer join that may be missing.
    pub(super) optional: bool,
    /// Of a derived table: positions of columns that tell its rows apart, or empty.
    pub(super) unique: Vec<usize>,
}

impl Relation {
    /// A base table under an alias. Refused when one of its columns has a type that isn't carried.
    pub(super) fn of_table(table: &Arc<Table>, alias: &str, database: Option<String>) -> Result<Self, SqlError> {
        let mut columns = Vec::with_capacity(table.columns.len());
        for (at, column) in table.columns.iter().enumerate() {
            let Some(ty) = Type::of_column(column) else {
                return Err(SqlError::unsupported(format_args!("type {}", column.type_text)));
            };
            columns.push(ScopeColumn {
                name: column.name.clone(),
                sql: format!("{}.{}", quote::identifier(alias), quote::identifier(&column.name)),
                ty,
                nullable: column.nullable,
                origin: Some(Origin { table: Arc::clone(table), column: at, alias: alias.to_owned() }),
                hidden: column.invisible,
            });
        }
        Ok(Self {
            alias: alias.to_owned(),
            database,
            table: Some(Arc::clone(table)),
            columns,
            optional: false,
            unique: Vec::new(),
        })
    }

    /// Makes every column nullable: the relation is on the optional side of an outer join.
    pub(super) fn make_optional(&mut self) {
        self.optional = true;
        for column in &mut self.columns {
            column.nullable = true;
        }
    }

    fn is_called(&self, database: Option<&str>, alias: &str) -> bool {
        self.alias.eq_ignore_ascii_case(alias)
            && database
                .is_none_or(|database| self.database.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(database)))
    }
}

/// An alias of the select list, for HAVING, GROUP BY and ORDER BY.
#[derive(Clone, Debug)]
pub(super) struct Alias {
    pub(super) name: String,
    pub(super) expression: Expression,
}

/// Everything that a name can mean at one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope<'p> {
    pub(super) relations: Vec<Relation>,
    /// Where the query stands in the one around it, whose names it may use.
    pub(super) parent: Option<Place<'p>>,
    /// How many queries surround this one.
    pub(super) depth: usize,
    /// The WINDOW clause.
    pub(super) windows: &'p [NamedWindowDefinition],
    /// The columns of `*`, in order: those that joins merge come first.
    pub(super) shown: Vec<Spot>,
    /// The first relation that can be named: ON sees the tables of its own join only.
    pub(super) first: usize,
    /// Pairs of columns known to be equal; a column paired with itself is fixed to a constant.
    pub(super) equal: Vec<(Spot, Spot)>,
}

/// A resolved column: position of the relation and of the column in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) relation: usize,
    pub(super) column: usize,
}

impl<'p> Scope<'p> {
    /// The names of a query that stands at `parent`.
    pub(super) fn under(parent: Option<Place<'p>>) -> Self {
        Self { parent, depth: parent.map_or(0, |place| place.scope.depth + 1), ..Self::default() }
    }

    /// Adds a relation; its name must be new.
    pub(super) fn add(&mut self, relation: Relation) -> Result<(), SqlError> {
        if self
            .relations
            .iter()
            .any(|known| known.alias.eq_ignore_ascii_case(&relation.alias) && known.database == relation.database)
        {
            return Err(SqlError::alias_twice(&relation.alias));
        }
        self.relations.push(relation);
        Ok(())
    }

    pub(super) fn column(&self, spot: Spot) -> Option<&ScopeColumn> {
        self.relations.get(spot.relation)?.columns.get(spot.column)
    }

    /// The column of this scope itself that `name` means, if any.
    pub(super) fn find(&self, name: &Name<'_>, clause: &str) -> Result<Option<Spot>, SqlError> {
        let mut found: Option<Spot> = None;
        for (at, relation) in self.relations.iter().enumerate().skip(self.first) {
            if name.table.is_some_and(|table| !relation.is_called(name.database, table)) {
                continue;
            }
            let hit = relation.columns.iter().position(|column| {
                column.name.eq_ignore_ascii_case(name.column)
                    && (name.table.is_some()
                        || !column.hidden
                        || column.origin.as_ref().is_none_or(Origin::is_invisible))
            });
            let Some(column) = hit else { continue };
            if found.is_some() {
                return Err(SqlError::ambiguous(&name.text(), clause));
            }
            found = Some(Spot { relation: at, column });
        }
        Ok(found)
    }
}

impl ScopeColumn {
    pub(super) fn expression(&self) -> Expression {
        Expression {
            body: Body::Sql(self.sql.clone()),
            ty: self.ty.clone(),
            nullable: self.nullable,
            origin: self.origin.clone(),
        }
    }
}

/// A possibly qualified column name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'n> {
    pub(super) database: Option<&'n str>,
    pub(super) table: Option<&'n str>,
    pub(super) column: &'n str,
}

impl Name<'_> {
    /// As MySQL's messages spell it.
    pub(super) fn text(&self) -> String {
        let parts = [self.database, self.table, Some(self.column)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(".")
    }
}
