//! `@name := expression` inside a query.
//!
//! # MySQL's rule and PostgreSQL's
//! MySQL assigns while it goes through the rows: what a row assigns, the next expression and the next row read, and the
//! last value stays (manual, "User-Defined Variables"; deprecated, but the way in which rows were numbered for twenty
//! years). The type of `@name` in the statement is the one that it had when the statement began.
//!
//! Here the value stands in a setting of PostgreSQL's connection while the statement runs, written and read by volatile
//! functions, which PostgreSQL evaluates row by row, in the order of the select list and after sorting. The value that
//! is left is shown in hidden columns behind the client's; the last row's are the session's. Connections are shared
//! by sessions, so each value is kept under the token of its statement: what another statement left isn't seen.
//!
//! UPDATE computes its values the same way, once for each row and in the rows' order, before it stores them.
//!
//! # What is refused
//! Where PostgreSQL decides how often or in which order expressions are evaluated, nothing can be promised: inside
//! DISTINCT, UNION and subqueries, and where groups would read what other groups assigned. A derived table is read once,
//! before the rows that it is joined to (`(SELECT @n := 0) AS init`), which a materialised expression holds PostgreSQL to.
//! Groups that nothing sorts come as in MySQL: by the key that groups them, else as their first rows come.

use sqlparser::ast::{BinaryOperator, Expr, GroupByExpr, Query, SetExpr};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::schema::quote;
use crate::wire::FieldType;

use super::expression::{Body, Expression, Lowering};
use super::lower::Place;
use super::operators::unnested;
use super::plan::{ParameterSource, SqlError, VariableKind};
use super::select::Derived;
use super::types::{Carrier, Class, Coercibility, Collation, Type};

/// What a statement does to user variables.
#[derive(Debug, Default)]
pub(super) struct Assigning {
    /// Lower-case names that it assigns to somewhere.
    names: Vec<String>,
    /// Assignments may stand where the work is.
    allowed: bool,
    /// PostgreSQL text of the statement's token.
    token: String,
    /// What was assigned, with the class of the values.
    written: Vec<(String, VariableKind, Class)>,
    /// What was read, with the class as which it was.
    read: Vec<(String, Class)>,
    /// The values that were assigned, by PostgreSQL's text of the assignment.
    values: Vec<(String, Expression)>,
    /// Variables whose assignment is what rows are sorted or grouped by.
    keys: Vec<String>,
    /// A variable is read as one class and gets values of another, so that what is read is converted.
    mixed: bool,
}

/// Variables that were assigned, and the columns that show what they're left with.
pub(super) type Left = (Vec<(String, VariableKind)>, Vec<String>);

impl Assigning {
    /// The names that stand before `:=`.
    pub(super) fn of(tokens: &[TokenWithSpan]) -> Self {
        let named = tokens.windows(2).filter_map(|pair| match pair {
            [name, next] if next.token == Token::Assignment => match &name.token {
                Token::Word(word) => word.value.strip_prefix('@').map(str::to_lowercase),
                _other => None,
            },
            _other => None,
        });
        Self { names: named.collect(), ..Self::default() }
    }

    /// True when the statement assigns.
    pub(super) fn happens(&self) -> bool {
        !self.names.is_empty()
    }

    /// The same statement once more, its variables converted where they're read.
    pub(super) fn converting(&self) -> Self {
        Self { names: self.names.clone(), mixed: true, ..Self::default() }
    }

    /// True when the statement can be planned once more with [`Assigning::converting`].
    pub(super) fn is_mixed(&self) -> bool {
        self.mixed
    }

    /// Nothing may be assigned below; the answer restores what was.
    pub(super) fn forbid(&mut self) -> bool {
        std::mem::replace(&mut self.allowed, false)
    }

    /// Takes back [`Assigning::forbid`].
    pub(super) fn restore(&mut self, allowed: bool) {
        self.allowed = allowed;
    }
}

impl Lowering<'_> {
    /// A query that assigns: its SQL with the hidden columns, and the variables that they are.
    pub(super) fn assigning_query(
        &mut self,
        query: &Query,
    ) -> Result<(Derived, Vec<(String, VariableKind)>), SqlError> {
        let refused = |what: &str| Err(SqlError::unsupported(format_args!("assignment to a variable beside {what}")));
        let SetExpr::Select(select) = &*query.body else { return refused("UNION") };
        if select.distinct.is_some() {
            return refused("DISTINCT");
        }
        self.assigning.token = self.parameter(&ParameterSource::StatementToken, Carrier::Text.oid());
        self.assigning.allowed = true;
        let mut derived = self.query(query, None)?;
        self.assigning.allowed = false;
        let grouped = match &select.group_by {
            GroupByExpr::Expressions(items, _) => !items.is_empty(),
            GroupByExpr::All(_) => true,
        };
        if grouped && !self.assigning.read.is_empty() {
            return refused("GROUP BY");
        }
        // MySQL assigns once more while it collects what it sorts by, in no order that could be repeated.
        if self.assigning.read.iter().any(|(name, _)| self.assigning.keys.contains(name)) {
            return refused("ORDER BY the assignment while the variable is read");
        }
        self.check_kinds()?;
        let (variables, hidden) = self.left_variables();
        derived.sql = format!("SELECT \"rows\".*, {} FROM ({}) AS \"rows\"", hidden.join(", "), derived.sql);
        Ok((derived, variables))
    }

    /// The variables that were assigned, and the columns that show what they're left with.
    fn left_variables(&self) -> Left {
        let mut variables: Vec<(String, VariableKind)> = Vec::new();
        for (name, kind, _) in &self.assigning.written {
            variables.retain(|(known, _)| known != name);
            variables.push((name.clone(), kind.clone()));
        }
        let state = |(name, _): &(String, VariableKind)| {
            format!("\"mysql\".variable_state({}, {})", self.assigning.token, quote::literal(&setting(name)))
        };
        let hidden = variables.iter().map(state).collect();
        (variables, hidden)
    }

    /// An UPDATE whose values assign, `SET place = (@n := @n + 1)`: begins to allow it.
    pub(super) fn begin_assigning(&mut self) {
        if self.assigning.happens() {
            self.assigning.token = self.parameter(&ParameterSource::StatementToken, Carrier::Text.oid());
            self.assigning.allowed = true;
        }
    }

    /// The variables of such an UPDATE, and the columns that show what they're left with. The values stand in `sets`:
    /// each assignment must be there once, or PostgreSQL would assign more often than MySQL.
    pub(super) fn end_assigning<'s>(&mut self, sets: impl Iterator<Item = &'s str>) -> Result<Left, SqlError> {
        self.assigning.allowed = false;
        self.check_kinds()?;
        let times: usize = sets.map(|sql| sql.matches("\"mysql\".variable_set(").count()).sum();
        if times != self.assigning.written.len() {
            return Err(SqlError::unsupported("assignment to a variable whose value is used more than once"));
        }
        Ok(self.left_variables())
    }

    /// A variable that is read as one class must not be assigned values that aren't of it.
    fn check_kinds(&mut self) -> Result<(), SqlError> {
        let converting = self.assigning.mixed;
        let fits = |written: Class, read: Class| match read {
            Class::Integer | Class::Decimal | Class::Real if converting => {
                !matches!(written, Class::Bytes | Class::Json)
            }
            Class::Integer => matches!(written, Class::Integer | Class::Null),
            Class::Decimal => matches!(written, Class::Integer | Class::Decimal | Class::Null),
            Class::Real => matches!(written, Class::Integer | Class::Decimal | Class::Real | Class::Null),
            // Bytes stand in the setting as hexadecimal digits.
            Class::Bytes => matches!(written, Class::Bytes | Class::Null),
            Class::Text | Class::Open | Class::Null | Class::Date | Class::DateTime | Class::Time | Class::Json => {
                written != Class::Bytes
            }
        };
        for (name, read) in &self.assigning.read {
            let other = |(written, _, class): &&(String, VariableKind, Class)| written == name && !fits(*class, *read);
            if self.assigning.written.iter().any(|written| other(&written)) {
                self.assigning.mixed = true;
                return Err(SqlError::unsupported("a user variable that gets another type while it's read"));
            }
        }
        Ok(())
    }

    /// `@name := value`.
    pub(super) fn assign_variable(
        &mut self,
        target: &Expr,
        value: &Expr,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let name = match unnested(target) {
            Expr::Identifier(name) => name.value.clone(),
            Expr::CompoundIdentifier(parts) => {
                parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".")
            }
            _other => String::new(),
        };
        let Some(name) = name.strip_prefix('@').filter(|name| !name.starts_with('@') && self.assigning.allowed) else {
            return Err(SqlError::unsupported("operator :="));
        };
        let name = name.to_lowercase();
        let value = self.lower(value, place)?;
        // BIT is the number that it is.
        let value = if value.ty.field == FieldType::Bit {
            let ty = Type { unsigned: true, carrier: Carrier::Numeric, ..Type::integer(value.ty.length) };
            Expression::sql(self.render(&value, Carrier::Numeric)?, ty, value.nullable)
        } else {
            value
        };
        let kind = VariableKind::of_type(&value.ty, &self.context.collation);
        let cast = match value.ty.class {
            Class::Integer | Class::Decimal | Class::Real => format!("::{}", value.ty.carrier.name()),
            Class::Bytes => "::bytea".to_owned(),
            Class::Text | Class::Open | Class::Null | Class::Date | Class::DateTime | Class::Time | Class::Json => {
                String::new()
            }
        };
        let text = match value.ty.class {
            Class::Bytes => format!("({})::text", self.own(&value)?),
            _ => self.text(&value)?,
        };
        let (token, setting) = (&self.assigning.token, quote::literal(&setting(&name)));
        let sql = format!("\"mysql\".variable_set({token}, {setting}, {text}){cast}");
        self.assigning.written.push((name, kind, value.ty.class));
        self.assigning.values.push((sql.clone(), value.clone()));
        let ty = self.assigned_type(&value.ty);
        Ok(Expression { origin: None, ..Expression::sql(sql, ty, value.nullable) })
    }

    /// An assignment is one of the types that variables have; dates, times and documents are text from here on.
    fn assigned_type(&self, ty: &Type) -> Type {
        let same = |own: Type| Type { carrier: ty.carrier, unsigned: ty.unsigned, ..own };
        match ty.class {
            Class::Integer => same(Type::integer(ty.length)),
            Class::Decimal => same(Type::decimal(ty.precision(), ty.scale())),
            Class::Real => same(Type::double()),
            Class::Bytes => same(Type::bytes(ty.length)),
            Class::Text | Class::Open | Class::Date | Class::DateTime | Class::Time => {
                // Explicit for the value, implicit for the variable.
                let own = Type::text(ty.length, &self.context.collation);
                let collation = ty.collation.clone().or(own.collation.clone());
                let collation = collation.map(|own| Collation { coercibility: Coercibility::Column, ..own });
                Type { field: FieldType::VarString, collation, ..own }
            }
            Class::Json => self.json_characters(u32::MAX),
            Class::Null => ty.clone(),
        }
    }

    /// What rows are sorted by where it's an assignment: its value, so that PostgreSQL assigns in the order of the rows.
    pub(super) fn sorted_value(&mut self, value: Expression) -> Result<Expression, SqlError> {
        let Body::Sql(sql) = &value.body else { return Ok(value) };
        if !sql.contains("\"mysql\".variable_set(") {
            return Ok(value);
        }
        let known = self.assigning.values.iter().position(|(known, _)| known == sql);
        let Some((_, inner)) = known.and_then(|at| self.assigning.values.get(at)) else {
            return Err(SqlError::unsupported("ORDER BY an expression that assigns to a variable"));
        };
        let name = known.and_then(|at| self.assigning.written.get(at)).map(|(name, _, _)| name.clone());
        let inner = inner.clone();
        self.assigning.keys.extend(name);
        Ok(inner)
    }

    /// `@name` in a statement that assigns to it; `before` is the variable as the statement finds it.
    pub(super) fn assigned_variable(
        &mut self,
        name: &str,
        before: &Expression,
    ) -> Result<Option<Expression>, SqlError> {
        if !self.assigning.names.iter().any(|assigned| assigned == name) {
            return Ok(None);
        }
        let bytes = before.ty.class == Class::Bytes && !before.is_null();
        let initial = if bytes { format!("({})::text", self.own(before)?) } else { self.text(before)? };
        let ty = match before.ty.class {
            Class::Integer | Class::Decimal | Class::Real | Class::Text => before.ty.clone(),
            Class::Bytes if bytes => before.ty.clone(),
            // One that was never set is NULL, and text once it's set.
            Class::Bytes if before.is_null() => {
                let collation =
                    Some(Collation { name: self.context.collation.clone(), coercibility: Coercibility::Column });
                Type { collation, ..Type::text(before.ty.length / 4, &self.context.collation) }
            }
            Class::Bytes | Class::Open | Class::Null | Class::Date | Class::DateTime | Class::Time | Class::Json => {
                return Err(SqlError::unsupported("assignment to a variable of this type"));
            }
        };
        let cast = if ty.is_text() { String::new() } else { format!("::{}", ty.carrier.name()) };
        let (token, setting) = (&self.assigning.token, quote::literal(&setting(name)));
        let held = format!("\"mysql\".variable_get({token}, {setting}, {initial})");
        // What another type left is read by the rules of MySQL's conversions, without warnings.
        let sql = match ty.class {
            Class::Integer if self.assigning.mixed => format!("\"mysql\".integer_prefix({held}){cast}"),
            Class::Decimal if self.assigning.mixed => format!("\"mysql\".exact_number({held}){cast}"),
            Class::Real if self.assigning.mixed => format!("\"mysql\".number({held}){cast}"),
            _as_it_is => format!("{held}{cast}"),
        };
        self.assigning.read.push((name.to_owned(), ty.class));
        Ok(Some(Expression::sql(sql, ty, true)))
    }
}

/// The value that an expression of GROUP BY assigns; `None` when it doesn't.
pub(super) fn grouped_assignment(expr: &Expr) -> Option<&Expr> {
    match unnested(expr) {
        Expr::BinaryOp { op: BinaryOperator::Assignment, right, .. } => Some(right),
        _other => None,
    }
}

/// The PostgreSQL setting that holds a variable while a statement runs.
fn setting(name: &str) -> String {
    let digits: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("mysql_variable.v{digits}")
}
