//! Views: wherever a statement reads one, its query stands as a derived table.
//!
//! MySQL keeps a view's text with the names resolved; here the text is kept as it was written, with the default
//! database, `sql_mode` and collation of its definition, and it's read under those. `*` was resolved when the view was
//! made: the query's first columns are taken by position, as many as the view has, and only if they're called the same.

use std::sync::Arc;

use sqlparser::ast::{ObjectName, Statement, TableAlias};

use crate::schema::{TableName, View, quote};

use super::dialect::{Modes, Source};
use super::expression::Lowering;
use super::from::{name_parts, relation_of};
use super::plan::{Context, Known, SqlError};
use super::scope::Scope;
use super::select::Derived;

/// Views inside views, at most.
const DEEPEST: usize = 32;
/// More stack than a view that isn't too deep takes.
const RED_ZONE: usize = 2 << 20;
/// What is added at a time.
const SEGMENT: usize = 16 << 20;

/// 1356.
fn invalid(view: &View) -> SqlError {
    let text = format!(
        "View '{}' references invalid table(s) or column(s) or function(s) or definer/invoker of view lack rights to use \
         them",
        view.name
    );
    SqlError::new(1356, "HY000", text)
}

/// The stored tables that a view reads, also through other views.
///
/// # Errors
/// 1356 when the view can't be read any more.
pub(super) fn tables_of(view: &View, context: &Context) -> Result<Vec<TableName>, SqlError> {
    let modes = Modes::parse(&view.sql_mode);
    let source = Source::read(&view.text, modes)?;
    let mut lowering = Lowering::new(context, modes, &source);
    lowering.expanded(view)?;
    Ok(lowering.read.into_iter().collect())
}

impl Lowering<'_> {
    /// The view that a name means, if it means one.
    pub(super) fn view(&self, name: &ObjectName) -> Option<Arc<View>> {
        let parts = name_parts(name);
        let (database, view) = match parts.as_slice() {
            [view] => (self.context.database.as_deref()?, view),
            [database, view] => (database.as_str(), view),
            _other => return None,
        };
        if self.context.catalogue.table(database, view).is_some() {
            return None;
        }
        self.context.catalogue.view(database, view).cloned()
    }

    /// A view in FROM.
    pub(super) fn view_relation(
        &mut self,
        view: &View,
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> Result<String, SqlError> {
        // The source may have another one of that name by now.
        self.deterministic("a view")?;
        let mut derived = self.expanded(view)?;
        let called = alias.map_or_else(|| view.name.table.clone(), |alias| alias.name.value.clone());
        for column in &mut derived.columns {
            if let Some(origin) = &mut column.origin {
                origin.alias.clone_from(&called);
            }
        }
        let names: Vec<String> = view.columns.iter().map(|column| column.name.clone()).collect();
        let mut relation = relation_of(&derived, &called, &names)?;
        relation.database = alias.is_none().then(|| view.name.database.clone());
        scope.add(relation)?;
        Ok(format!("({}) AS {}", derived.sql, quote::identifier(&called)))
    }

    /// The view's query.
    fn expanded(&mut self, view: &View) -> Result<Derived, SqlError> {
        if self.depth >= DEEPEST {
            return Err(SqlError::unsupported("views nested this deep"));
        }
        // MySQL's views know base tables only.
        let catalogue = match self.context.catalogue.session.is_empty() {
            true => Arc::clone(&self.context.catalogue),
            false => Arc::new(self.context.catalogue.without_session()),
        };
        let context = Context {
            catalogue,
            database: view.database.clone(),
            sql_mode: view.sql_mode.clone(),
            collation: view.collation.clone(),
            parameters: Known::Nothing,
            given: super::plan::Given { locals: None, ..self.context.given.clone() },
            ..self.context.clone()
        };
        let modes = Modes::parse(&view.sql_mode);
        let source = Source::read(&view.text, modes)?;
        if source.measure()? {
            return Err(SqlError::unsupported("a view this deep"));
        }
        let (statement, _) = source.parse_tokens(&source.tokens, modes)?;
        let Statement::Query(query) = &statement else { return Err(invalid(view)) };
        // Each view stands inside the one before, on the same stack.
        let nested = stacker::maybe_grow(RED_ZONE, SEGMENT, || {
            self.nested(&context, modes, &source, |inner| inner.query(query, None))
        });
        let mut derived = nested.map_err(|error| match error.code {
            1046 | 1049 | 1054 | 1146 | 1305 | 1356 => invalid(view),
            _other => error,
        })?;
        if derived.columns.len() < view.columns.len() {
            return Err(invalid(view));
        }
        derived.columns.truncate(view.columns.len());
        Ok(derived)
    }
}
