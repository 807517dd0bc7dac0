//! Calls of stored functions: arguments are stored in the parameters, as MySQL stores them in a column.

use std::sync::Arc;

use sqlparser::ast::{Function, FunctionArguments};

use super::plain_arguments;
use crate::schema::{Routine, RoutineKind};
use crate::sql::expression::{Expression, Lowering};
use crate::sql::lower::Place;
use crate::sql::plan::SqlError;
use crate::sql::routine;
use crate::sql::types::{Coercibility, Type};

impl Lowering<'_> {
    /// True for a name without database that is a stored function's. MySQL's own functions come first.
    pub(super) fn is_stored_function(&self, name: &str) -> bool {
        let known = |database: &String| self.context.catalogue.routine(RoutineKind::Function, database, name).is_some();
        self.context.database.as_ref().is_some_and(known) && !super::is_native(&name.to_ascii_uppercase())
    }

    fn found(&self, function: &Function) -> Result<Arc<Routine>, SqlError> {
        let parts: Vec<String> =
            function.name.0.iter().map(|part| part.to_string().trim_matches('`').to_owned()).collect();
        let (database, name) = match parts.as_slice() {
            [name] => (self.context.database.clone().ok_or_else(SqlError::no_database)?, name),
            [database, name] => (database.clone(), name),
            _others => return Err(SqlError::unsupported(format_args!("stored function {}", function.name))),
        };
        let routine = self.context.catalogue.routine(RoutineKind::Function, &database, name).cloned();
        let missing = || SqlError::new(1305, "42000", format!("FUNCTION {database}.{name} does not exist"));
        routine.ok_or_else(missing)
    }

    /// A call of a stored function.
    pub(super) fn stored_function(&mut self, function: &Function, place: Place<'_>) -> Result<Expression, SqlError> {
        let routine = self.found(function)?;
        self.deterministic("a stored function")?;
        if routine::reads_temporary(&routine, &self.context.catalogue) {
            return Err(SqlError::unsupported("a stored function that names a temporary table"));
        }
        let FunctionArguments::List(list) = &function.args else {
            return Err(SqlError::unsupported("a stored function of a query"));
        };
        let frame = routine::shape(&routine);
        let Some(returns) = &routine.result else { return Err(SqlError::unsupported("a stored function")) };
        let arguments = plain_arguments(&list.args)?;
        if arguments.len() != frame.columns.len() {
            let (expected, got) = (frame.columns.len(), arguments.len());
            let text =
                format!("Incorrect number of arguments for FUNCTION {}; expected {expected}, got {got}", routine.name);
            return Err(SqlError::new(1318, "42000", text));
        }
        let mut sql = Vec::new();
        for (slot, argument) in arguments.iter().enumerate() {
            let value = self.lower(argument, place)?;
            let name = frame.columns.get(slot).map(|column| crate::schema::quote::literal(&column.name));
            let text = self.stored_in_variable(&frame, slot, &name.unwrap_or_default(), &value)?;
            let carrier = frame.columns.get(slot).and_then(Type::of_column).map(|ty| ty.carrier.name());
            sql.push(format!("({text})::{}", carrier.unwrap_or("text")));
        }
        sql.push(self.called(&function.to_string()));
        let unsupported = || SqlError::unsupported(format_args!("type {}", returns.type_text));
        let mut ty = Type::of_column(returns).ok_or_else(unsupported)?;
        if let Some(collation) = &mut ty.collation {
            collation.coercibility = Coercibility::Literal;
        }
        Ok(Expression::sql(format!("{}({})", routine::in_server(&routine.name), sql.join(", ")), ty, true))
    }
}
