//! Functions that tell what the session knows.

use crate::value::Value;

use super::super::expression::{Body, Expression, Lowering};
use super::super::plan::{LockFunction, ParameterSource, SqlError};
use super::super::types::{Carrier, Coercibility, Collation, Type};

impl Lowering<'_> {
    /// What the session knows.
    pub(super) fn session_function(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Option<Expression>, SqlError> {
        let text = |length| Type::text(length, &self.context.collation);
        let unsigned = Type { unsigned: true, ..Type::integer(21) };
        let constant = |ty: Type| Type {
            collation: Some(Collation { name: self.context.collation.clone(), coercibility: Coercibility::System }),
            ..ty
        };
        let found = match (name, arguments) {
            ("DATABASE" | "SCHEMA", []) => match &self.context.database {
                Some(database) => Expression {
                    nullable: true,
                    ..Expression::literal(Value::Text(database.clone()), constant(text(34)))
                },
                None => Expression::literal(Value::Null, constant(text(34))),
            },
            ("USER" | "CURRENT_USER" | "SESSION_USER" | "SYSTEM_USER", []) => {
                Expression::source(ParameterSource::User, constant(text(288)), true)
            }
            ("VERSION", []) => {
                Expression::source(ParameterSource::Variable("version".to_owned()), constant(text(60)), false)
            }
            ("CONNECTION_ID", []) => Expression::source(ParameterSource::ConnectionId, unsigned, false),
            ("LAST_INSERT_ID", []) => Expression::source(ParameterSource::LastInsertId, unsigned, false),
            ("LAST_INSERT_ID", [value]) => {
                // The session hears of the value by a notice.
                let number = self.render(value, Carrier::Numeric)?;
                let ty = Type { carrier: Carrier::Numeric, ..unsigned };
                Expression::sql(format!("\"mysql\".last_insert_id({number})"), ty, value.nullable)
            }
            ("FOUND_ROWS", []) => Expression::source(ParameterSource::FoundRows, Type::integer(21), false),
            ("ROW_COUNT", []) => Expression::source(ParameterSource::RowCount, Type::integer(21), false),
            ("UUID", []) => Expression::sql("gen_random_uuid()::text", text(36), false),
            ("RAND", []) => Expression::sql("random()", Type::double(), false),
            ("SLEEP", [seconds]) => {
                let seconds = self.render(seconds, Carrier::Float8)?;
                Expression::sql(format!("\"mysql\".sleep({seconds})"), Type::integer(21), false)
            }
            ("BENCHMARK", [count, work]) => {
                let (count, _) = (self.render(count, Carrier::Int8)?, self.own(work)?);
                Expression::sql(format!("(CASE WHEN {count} >= 0 THEN 0 END)::int8"), Type::integer(1), true)
            }
            ("ANY_VALUE", [value]) => value.clone(),
            (_, _) => return self.lock_function(name, arguments),
        };
        Ok(Some(found))
    }

    /// GET_LOCK and its family. A lock is taken when the session evaluates the function, so that it has to stand alone.
    fn lock_function(&mut self, name: &str, arguments: &[Expression]) -> Result<Option<Expression>, SqlError> {
        let function = match (name, arguments.len()) {
            ("GET_LOCK", 2) => LockFunction::Get,
            ("RELEASE_LOCK", 1) => LockFunction::Release,
            ("IS_FREE_LOCK", 1) => LockFunction::IsFree,
            ("IS_USED_LOCK", 1) => LockFunction::IsUsed,
            ("RELEASE_ALL_LOCKS", 0) => LockFunction::ReleaseAll,
            ("GET_LOCK" | "RELEASE_LOCK" | "IS_FREE_LOCK" | "IS_USED_LOCK" | "RELEASE_ALL_LOCKS", _) => {
                return Err(SqlError::argument_count(name));
            }
            (_, _) => return Ok(None),
        };
        self.deterministic("locks with names")?;
        let source = |argument: &Expression| match &argument.body {
            Body::Parameter(source) => Ok(source.clone()),
            Body::Sql(_) | Body::Condition(_) => Err(SqlError::unsupported(format_args!("{name} of an expression"))),
        };
        let arguments = arguments.iter().map(source).collect::<Result<_, _>>()?;
        let unsigned = Type { unsigned: true, ..Type::integer(21) };
        let (ty, nullable) = match function {
            LockFunction::IsUsed => (unsigned, true),
            LockFunction::ReleaseAll => (unsigned, false),
            LockFunction::Get | LockFunction::Release | LockFunction::IsFree => (Type::integer(1), true),
        };
        Ok(Some(Expression::source(ParameterSource::Lock { function, arguments }, ty, nullable)))
    }
}
