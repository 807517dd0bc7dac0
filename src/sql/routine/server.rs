//! Bodies of stored functions and triggers as PL/pgSQL: they're executed for each row, so they have to run inside
//! PostgreSQL.
//!
//! Expressions are rewritten like those of any statement; the variables that they name are PL/pgSQL's. What is stored
//! in a variable goes through the conversions of [`Lowering::stored_in_variable`], which know MySQL's ranges, rounding
//! and errors. Whatever can't be carried exactly is refused by name when the function is made.
//!
//! The body is resolved when the function is made, where MySQL resolves it when it's called: see
//! [`super::dependents`] for what happens when something that it names changes.

use std::sync::Arc;

use sqlparser::ast::{Query, Statement};

use super::dependents::mentions;
use super::header::Parsed;
use super::tree::{Block, Fragment, Locals, Node, Raise, SignalItem};
use crate::schema::quote::{identifier, literal};
use crate::schema::{Column, Table, TableName};
use crate::sql;
use crate::sql::assign::Row;
use crate::sql::dialect::{Modes, Source};
use crate::sql::expression::{Expression, Lowering};
use crate::sql::lower::Place;
use crate::sql::plan::{Context, IntoTarget, Known, Plan, SqlError, StatementClass, WriteResult};
use crate::sql::prepass::{self, Into};
use crate::sql::scope::Scope;
use crate::sql::types::Type;

/// What quotes a function's text.
const QUOTE: &str = "$bascule$";

/// Writes the text of one body.
pub(super) struct Writer<'w> {
    context: Context,
    modes: Modes,
    frame: Arc<Table>,
    /// What a function returns, as the only column.
    pub(super) returns: Arc<Table>,
    name: &'w TableName,
    /// What it's the body of, as refusals call it.
    what: &'static str,
    /// A trigger's table, which it can't write.
    table: Option<&'w Table>,
    /// The tables that it writes.
    pub(super) writes: Vec<TableName>,
    pub(super) text: String,
    /// Numbers of loops and blocks, for their labels.
    labels: Vec<(Option<String>, usize)>,
    numbered: usize,
}

/// The type that carries a variable's values.
pub(super) fn carrier(column: &Column) -> Result<&'static str, SqlError> {
    let ty = Type::of_column(column);
    let ty = ty.ok_or_else(|| SqlError::unsupported(format_args!("type {} in a stored function", column.type_text)))?;
    Ok(ty.carrier.name())
}

/// A function's name in PostgreSQL.
pub(in crate::sql) fn in_server(name: &TableName) -> String {
    format!("{}.{}", identifier(&name.database), identifier(&name.table.to_lowercase()))
}

/// A PL/pgSQL function: what stands before its text, the declarations behind those that every body may need, and the
/// statements.
pub(super) fn function(head: &str, declarations: &str, statements: &str) -> Result<String, SqlError> {
    let text = format!(
        "{head} AS {QUOTE}\nDECLARE\n _choice bigint;\n _row record;\n _found bigint;\n{declarations}BEGIN\n\
         {statements}END {QUOTE}"
    );
    if text.matches(QUOTE).count() != 2 {
        return Err(SqlError::unsupported("a stored function with this text"));
    }
    Ok(text)
}

impl<'w> Writer<'w> {
    /// Begins the text of a routine's body.
    pub(super) fn new(name: &'w TableName, parsed: &Parsed, context: &Context) -> Self {
        let mut context =
            Context { parameters: Known::Nothing, database: Some(name.database.clone()), ..context.clone() };
        context.given = sql::plan::Given { division: context.given.division, ..Default::default() };
        let returns = parsed.returns.iter().cloned().collect();
        Self {
            modes: Modes::parse(&context.sql_mode),
            context,
            frame: Arc::clone(&parsed.frame),
            returns: Arc::new(Table { columns: returns, ..Table::default() }),
            name,
            what: "a stored function",
            table: None,
            writes: Vec::new(),
            text: String::new(),
            labels: Vec::new(),
            numbered: 0,
        }
    }

    /// The same for a trigger of `table`.
    pub(super) fn of_trigger(self, table: &'w Table) -> Self {
        Self { what: "a trigger", table: Some(table), ..self }
    }
}

impl Writer<'_> {
    /// The refusal of something by name.
    fn refused(&self, name: &str) -> SqlError {
        SqlError::unsupported(format_args!("{name} in {}", self.what))
    }

    pub(super) fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn nodes(&mut self, nodes: &[Node]) -> Result<(), SqlError> {
        if nodes.is_empty() {
            self.line("NULL;");
        }
        nodes.iter().try_for_each(|node| self.node(node))
    }

    pub(super) fn node(&mut self, node: &Node) -> Result<(), SqlError> {
        match node {
            Node::Block(block) => self.block(block),
            Node::Set(slot, value) => self.set(*slot, value),
            Node::Choose { selector, branches, otherwise, must_match } => {
                self.choose(selector, branches, otherwise.as_deref(), *must_match)
            }
            Node::Loop { label, before, body, until } => {
                self.open(label.as_deref());
                self.line("LOOP");
                if let Some(condition) = before {
                    let condition = self.number(condition)?;
                    self.line(&format!("EXIT WHEN {condition} <> 0;"));
                }
                self.nodes(body)?;
                if let Some(condition) = until {
                    let condition = self.number(condition)?;
                    self.line(&format!("EXIT WHEN {condition} = 0;"));
                }
                self.line("END LOOP;");
                self.labels.pop();
                Ok(())
            }
            Node::Leave(name) => self.jump("EXIT", name),
            Node::Iterate(name) => self.jump("CONTINUE", name),
            Node::Return(value) => {
                let returns = Arc::clone(&self.returns);
                let value = self.stored(value, &returns, (0, "_called"))?;
                self.line(&format!("RETURN {value};"));
                Ok(())
            }
            Node::Raise(raise) => self.raise(raise),
            Node::Open(_) | Node::Fetch(..) | Node::Close(_) => Err(self.refused("a cursor")),
            Node::Inquire(_) => Err(self.refused("GET DIAGNOSTICS")),
            Node::Sql(text) => self.sql(text),
        }
    }

    fn open(&mut self, label: Option<&str>) {
        self.numbered += 1;
        let number = self.numbered;
        self.labels.push((label.map(str::to_lowercase), number));
        self.line(&format!("<<_l{number}>>"));
    }

    fn jump(&mut self, verb: &str, name: &str) -> Result<(), SqlError> {
        let lower = name.to_lowercase();
        let found = self.labels.iter().rev().find(|(label, _)| label.as_deref() == Some(lower.as_str()));
        let number = found.map(|(_, number)| *number).ok_or_else(|| SqlError::unsupported("this label"))?;
        self.line(&format!("{verb} _l{number};"));
        Ok(())
    }

    fn block(&mut self, block: &Block) -> Result<(), SqlError> {
        if !block.handlers.is_empty() {
            return Err(self.refused("DECLARE … HANDLER"));
        }
        if !block.cursors.is_empty() {
            return Err(self.refused("a cursor"));
        }
        for (slot, value) in &block.variables {
            match value {
                Some(value) => self.set(*slot, value)?,
                None => self.line(&format!("_v{slot} := NULL;")),
            }
        }
        self.open(block.label.as_deref());
        self.line("BEGIN");
        self.nodes(&block.body)?;
        self.line("END;");
        self.labels.pop();
        Ok(())
    }

    fn set(&mut self, slot: usize, value: &Fragment) -> Result<(), SqlError> {
        let frame = Arc::clone(&self.frame);
        let name = frame.columns.get(slot).map(|column| literal(&column.name)).unwrap_or_default();
        let place = value.locals.in_server_place(slot);
        let value = self.stored(value, &frame, (slot, &name))?;
        self.line(&format!("{place} := {value};"));
        Ok(())
    }

    fn choose(
        &mut self,
        selector: &Fragment,
        branches: &[Vec<Node>],
        otherwise: Option<&[Node]>,
        must_match: bool,
    ) -> Result<(), SqlError> {
        let number = self.number(selector)?;
        self.line(&format!("_choice := {number};"));
        for (at, branch) in branches.iter().enumerate() {
            let word = if at == 0 { "IF" } else { "ELSIF" };
            self.line(&format!("{word} _choice = {at} THEN"));
            self.nodes(branch)?;
        }
        self.line("ELSE");
        match otherwise {
            Some(nodes) => self.nodes(nodes)?,
            None if must_match => self.line("PERFORM \"mysql\".raise(1339, 'Case not found for CASE statement');"),
            None => self.line("NULL;"),
        }
        self.line("END IF;");
        Ok(())
    }

    /// `SELECT … INTO` variables, and in a trigger writes to other tables; other statements are refused.
    fn sql(&mut self, fragment: &Fragment) -> Result<(), SqlError> {
        if let Some(table) = self.table
            && sql::classify(fragment.text.as_bytes()) == StatementClass::Write
        {
            return self.write(fragment, table);
        }
        let refused = |writer: &Self| {
            let words: Vec<&str> = fragment.text.split_whitespace().take(2).collect();
            writer.refused(&words.join(" ").to_uppercase())
        };
        let mut context = self.context.clone();
        context.given.locals = Some(Arc::clone(&fragment.locals));
        let source = Source::read(&fragment.text, self.modes)?;
        if source.measure()? {
            return Err(self.refused("a query this deep"));
        }
        let (tokens, into) = prepass::take_into(&source.tokens, Some(&fragment.locals))?;
        let Into::Variables(targets) = into else { return Err(refused(self)) };
        let (statement, _) = source.parse_tokens(&tokens, self.modes)?;
        let Statement::Query(query) = &statement else { return Err(refused(self)) };
        let mut lowering = Lowering::new(&context, self.modes, &source);
        match self.query_into(&mut lowering, query, &targets, &fragment.locals) {
            Ok(lines) => lines.iter().for_each(|line| self.line(line)),
            Err(error) => self.fails(error)?,
        }
        Ok(())
    }

    /// A write, planned like a client's. What it would tell the client is nobody's: neither counts nor ids of a trigger's
    /// statements are seen outside of it.
    fn write(&mut self, fragment: &Fragment, own: &Table) -> Result<(), SqlError> {
        let mut context = self.context.clone();
        context.given.locals = Some(Arc::clone(&fragment.locals));
        let plan = match sql::rewrite(&fragment.text, &context) {
            Ok(Plan::Write(plan)) => plan,
            Ok(Plan::Query(_) | Plan::Ddl(_) | Plan::Session(_)) => return Err(self.refused("this statement")),
            Err(error) => return self.fails(error),
        };
        if plan.tables.contains(&own.name) {
            return self.fails(SqlError::used_by_trigger(&own.name.table));
        }
        for written in &plan.tables {
            if !self.writes.contains(written) {
                self.writes.push(written.clone());
            }
            let triggers = self.context.catalogue.table(&written.database, &written.table).map(|table| &table.triggers);
            let mut bodies = triggers.into_iter().flatten().map(|trigger| trigger.body.as_str());
            if bodies.any(|body| mentions(body, std::slice::from_ref(&own.name.table))) {
                return Err(SqlError::unsupported("a trigger whose writes fire one that names its own table"));
            }
        }
        let warned = plan.warnings.iter().map(|warning| (warning.level.name(), warning.code, warning.message.as_str()));
        if let Some(error) = plan.fatal(warned) {
            return self.fails(error);
        }
        if !plan.variables.is_empty() {
            return Err(self.refused("a user variable"));
        }
        match sql::ddl::inline(plan.sql.as_str(), &plan.parameters, true, &self.context.catalogue) {
            Ok(sql) if plan.result == WriteResult::Tag => self.line(&format!("{sql};")),
            Ok(sql) => self.line(&format!("FOR _row IN {sql} LOOP NULL; END LOOP;")),
            Err(error) => self.fails(error)?,
        }
        Ok(())
    }

    /// MySQL makes the body all the same: it fails when it comes to this statement.
    fn fails(&mut self, error: SqlError) -> Result<(), SqlError> {
        let (code, message) = self.failure(error)?;
        self.line(&format!("PERFORM \"mysql\".raise({code}, {});", literal(&message)));
        Ok(())
    }

    /// One row into variables; none leaves them as they are, and more than one fails. MySQL's warning of none (1329) is
    /// gone when the function returns.
    fn query_into(
        &self,
        lowering: &mut Lowering<'_>,
        query: &Query,
        targets: &[IntoTarget],
        locals: &Locals,
    ) -> Result<Vec<String>, SqlError> {
        let derived = lowering.query(query, None)?;
        if derived.columns.len() != targets.len() {
            return Err(SqlError::union_columns());
        }
        let inlined = |sql: &str, lowering: &Lowering<'_>| {
            sql::ddl::inline(sql, &lowering.parameters, true, &self.context.catalogue)
        };
        let mut lines = vec![
            "_found := 0;".to_owned(),
            format!("FOR _row IN {} LOOP", inlined(&derived.sql, lowering)?),
            "_found := _found + 1;".to_owned(),
            "IF _found > 1 THEN PERFORM \"mysql\".raise(1172, 'Result consisted of more than one row'); END IF;"
                .to_owned(),
        ];
        for (target, column) in targets.iter().zip(&derived.columns) {
            let IntoTarget::Local(slot) = target else {
                return Err(self.refused("a user variable"));
            };
            let sql = format!("_row.{}", identifier(&column.sql_name));
            let value = Expression::sql(sql, column.ty.clone(), column.nullable);
            let name = self.frame.columns.get(*slot).map(|column| literal(&column.name)).unwrap_or_default();
            let stored = lowering.stored_in_variable(&self.frame, *slot, &name, &value)?;
            lines.push(format!("{} := {};", locals.in_server_place(*slot), inlined(&stored, lowering)?));
        }
        lines.push("END LOOP;".to_owned());
        Ok(lines)
    }

    /// SIGNAL; the SQLSTATE travels beside the message.
    fn raise(&mut self, raise: &Raise) -> Result<(), SqlError> {
        let state = raise.state.clone().filter(|_| !raise.again);
        let state = state.ok_or_else(|| self.refused("RESIGNAL"))?;
        let (mut code, text) = match state.get(..2) {
            Some("01") => return Err(self.refused("SIGNAL of a warning")),
            Some("02") => ("1643".to_owned(), "Unhandled user-defined not found condition"),
            _error => ("1644".to_owned(), "Unhandled user-defined exception condition"),
        };
        let mut message = literal(text);
        for (item, value) in &raise.items {
            match item {
                SignalItem::Message => message = self.lowered(value, "text", |lowering, value| lowering.text(value))?,
                SignalItem::Errno => {
                    let number = value.text.parse::<u16>().ok().filter(|code| (1..10_000).contains(code));
                    let number = number.ok_or_else(|| SqlError::unsupported("SIGNAL of this MYSQL_ERRNO"))?;
                    code = number.to_string();
                }
                SignalItem::Name => {}
            }
        }
        self.line(&format!("PERFORM \"mysql\".signal({code}, {}, {message});", literal(&state)));
        Ok(())
    }

    /// A whole number, such as the number of a branch.
    fn number(&self, fragment: &Fragment) -> Result<String, SqlError> {
        self.lowered(fragment, "int8", |lowering, value| {
            lowering.render(value, sql::types::Carrier::Int8).map(|sql| format!("({sql})"))
        })
    }

    /// A value for a variable, which messages call `name` (PostgreSQL's text).
    fn stored(&self, fragment: &Fragment, frame: &Arc<Table>, (slot, name): (usize, &str)) -> Result<String, SqlError> {
        let column = frame.columns.get(slot).ok_or_else(|| SqlError::unsupported("an unknown variable"))?;
        let of_row = fragment.locals.is_row_column(slot) && Arc::ptr_eq(frame, &self.frame);
        self.lowered(fragment, carrier(column)?, |lowering, value| {
            if of_row {
                lowering.assign(frame, slot, Row::Given(1), value)
            } else {
                lowering.stored_in_variable(frame, slot, name, value)
            }
        })
    }

    fn lowered(
        &self,
        fragment: &Fragment,
        carrier: &str,
        finish: impl FnOnce(&mut Lowering<'_>, &Expression) -> Result<String, SqlError>,
    ) -> Result<String, SqlError> {
        let mut context = self.context.clone();
        context.given.locals = Some(Arc::clone(&fragment.locals));
        let source = Source::read(&fragment.text, self.modes)?;
        if source.measure()? {
            return Err(self.refused("an expression this deep"));
        }
        let expr = source.parse_expression(source.tokens.clone(), self.modes)?;
        let mut lowering = Lowering::new(&context, self.modes, &source);
        let names = Scope::default();
        let resolved = lowering.lower(&expr, Place::new(&names, "field list"));
        let resolved = resolved.and_then(|value| finish(&mut lowering, &value));
        resolved
            .and_then(|sql| sql::ddl::inline(&sql, &lowering.parameters, true, &self.context.catalogue))
            .or_else(|error| self.failing(error, carrier))
    }

    /// MySQL makes the function all the same: it fails when it comes to this place.
    fn failing(&self, error: SqlError, carrier: &str) -> Result<String, SqlError> {
        let (code, message) = self.failure(error)?;
        Ok(format!("\"mysql\".fail({code}, {}, NULL::{carrier})", literal(&message)))
    }

    /// The number and the message with which it fails there; errors that MySQL finds while it makes the function stay.
    fn failure(&self, error: SqlError) -> Result<(u16, String), SqlError> {
        let own = format!("FUNCTION {} does not exist", self.name);
        match error.code {
            1064 | 1235 => Err(error),
            1305 if error.message == own => {
                Ok((1424, "Recursive stored functions and triggers are not allowed.".to_owned()))
            }
            code => Ok((code, error.message)),
        }
    }
}
