//! INSERT … SELECT, with IGNORE, ON DUPLICATE KEY UPDATE and REPLACE.
//!
//! MySQL reads the rows first when the table is read and written, and inserts them in the order in which they come. So
//! the query is materialised and its rows are numbered. The ids that MySQL takes aren't as many as the rows, since it
//! doesn't know that number before: 1, then 2, then 4, …; `mysql.new_ids` does the same.

use sqlparser::ast::{AssignmentTarget, Ident, SelectItem};

use super::conflict::{Excluded, stored_relation};
use super::rows::Incoming;
use super::*;
use crate::sql::select::Derived;

impl Lowering<'_> {
    /// Plans INSERT … SELECT and its relatives.
    pub(super) fn insert_select(
        &mut self,
        insert: &Insert,
        table: &Arc<Table>,
        columns: &[usize],
        query: &Query,
    ) -> Result<WritePlan, SqlError> {
        let replay = self.context.purpose == Purpose::Replay;
        if replay && (insert.replace_into || insert.on.is_some()) {
            return Err(SqlError::unsupported(
                "replay of REPLACE … SELECT and of INSERT … SELECT … ON DUPLICATE KEY UPDATE",
            ));
        }
        let mut added = self.added_columns(table, columns)?;
        let id = table.columns.iter().position(|column| column.auto_increment);
        if id.is_some_and(|id| added.contains(&id)) {
            self.deterministic("INSERT … SELECT that generates ids")?;
            added.retain(|at| Some(*at) != id);
        }
        let derived = self.query(query, None)?;
        if derived.columns.len() != columns.len() {
            return Err(SqlError::value_count(1));
        }
        let assignments = match &insert.on {
            None => None,
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => Some(assignments),
            Some(_) => return Err(SqlError::unsupported("INSERT … ON CONFLICT")),
        };
        let row_wise = insert.replace_into || assignments.is_some() || insert.ignore;
        if row_wise && !replay {
            if let Some(assignments) = assignments {
                return self.upsert_select(insert, table, columns, (query, assignments));
            }
            let incoming = self.incoming_select(table, columns, &derived)?;
            let conflict = if insert.replace_into { Conflict::Replace } else { Conflict::Ignore };
            return self.row_by_row(table, &incoming, conflict);
        }
        let mut list = self.selected(table, columns, &derived)?;
        let mut ignored = 0;
        for at in &added {
            match self.default_cell(table, *at, &mut ignored)? {
                Cell::Sql(sql) | Cell::Id(sql) => list.push(sql),
                Cell::Null | Cell::Default => list.push("NULL".to_owned()),
            }
        }
        let all: Vec<usize> = columns.iter().chain(&added).copied().collect();
        let verb = if insert.ignore { Verb::InsertIgnore } else { Verb::Insert };
        if let Some(id) = id.filter(|_| !replay) {
            return self.select_with_ids(table, (all, list), &derived, id);
        }
        let ignore = if insert.ignore { " ON CONFLICT DO NOTHING" } else { "" };
        let sql = format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} AS \"selected\"{ignore}",
            quote::table(&table.name),
            column_names(table, &all),
            list.join(", "),
            numbered(&list, derived.sql)
        );
        if replay {
            return Ok(self.write_plan(verb, sql, table, WriteResult::Tag, 0));
        }
        let sql =
            format!("WITH added AS ({sql} RETURNING 1) SELECT count(*), count(*), 0, 0, 0, NULL, NULL FROM added");
        Ok(self.write_plan(verb, sql, table, WriteResult::Counted { many: true }, 0))
    }

    /// INSERT … SELECT … ON DUPLICATE KEY UPDATE. The assignments may name columns of the query's tables; each one that
    /// they do is selected as well, behind the columns that are inserted.
    fn upsert_select(
        &mut self,
        insert: &Insert,
        table: &Arc<Table>,
        columns: &[usize],
        (query, assignments): (&Query, &[sqlparser::ast::Assignment]),
    ) -> Result<WritePlan, SqlError> {
        let updating = Updating { assignments, new_name: None, new_columns: &[], ignore: insert.ignore };
        self.check_names(table, query, assignments)?;
        let mut query = query.clone();
        let mut named: Vec<String> = Vec::new();
        let warned = self.warnings.len();
        loop {
            self.warnings.truncate(warned);
            let mut derived = self.query(&query, None)?;
            let extra = derived.columns.split_off(columns.len().min(derived.columns.len()));
            let mut incoming = self.incoming_select(table, columns, &derived)?;
            incoming.carry(&named, &extra)?;
            let error = match self.row_by_row(table, &incoming, Conflict::Update(updating)) {
                Err(error) if error.code == 1054 => error,
                other => return other,
            };
            let name = error.message.split('\'').nth(1).unwrap_or_default().to_owned();
            let SetExpr::Select(select) = query.body.as_mut() else { return Err(error) };
            let grouped = match &select.group_by {
                sqlparser::ast::GroupByExpr::Expressions(list, _) => !list.is_empty(),
                sqlparser::ast::GroupByExpr::All(_) => true,
            };
            if named.contains(&name) || grouped || select.distinct.is_some() || named.len() > 64 {
                return Err(error);
            }
            let parts = name.split('.').map(|part| Ident::with_quote('`', part)).collect();
            select.projection.push(SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)));
            named.push(name);
        }
    }

    /// Only the table's own columns are assigned to, and names that its columns share with those of the query's tables
    /// are ambiguous.
    fn check_names(
        &self,
        table: &Arc<Table>,
        query: &Query,
        assignments: &[sqlparser::ast::Assignment],
    ) -> Result<(), SqlError> {
        for assignment in assignments {
            let AssignmentTarget::ColumnName(target) = &assignment.target else { continue };
            let parts = name_parts(target);
            if let [.., own, _] = parts.as_slice()
                && !own.eq_ignore_ascii_case(&table.title().table)
            {
                return Err(SqlError::unknown_column(&parts.join("."), "field list"));
            }
        }
        let SetExpr::Select(select) = &*query.body else { return Ok(()) };
        let mut trial = Lowering::new(self.context, self.modes, self.source);
        let mut scope = Scope::default();
        let plain = matches!(&select.group_by, sqlparser::ast::GroupByExpr::Expressions(list, _) if list.is_empty());
        if !plain || trial.from(&select.from, &mut scope).is_err() {
            return Ok(());
        }
        let mut own = stored_relation(table)?;
        if scope.relations.iter().any(|relation| relation.alias.eq_ignore_ascii_case(&own.alias)) {
            // The query reads the table itself: names alone are ambiguous, and this one nobody can write.
            "\u{0}".clone_into(&mut own.alias);
        }
        scope.relations.insert(0, own);
        let values = Excluded(Relation::of_table(table, "excluded", None)?);
        let place = Place { values_of: Some(&values), ..Place::new(&scope, "field list") };
        for assignment in assignments {
            match trial.lower(&assignment.value, place) {
                Err(error) if error.code == 1052 => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// The query's columns, converted for the table's.
    fn selected(&mut self, table: &Arc<Table>, columns: &[usize], derived: &Derived) -> Result<Vec<String>, SqlError> {
        let mut list = Vec::with_capacity(columns.len());
        for (at, column) in columns.iter().zip(&derived.columns) {
            let value = Expression {
                body: Body::Sql(format!("\"selected\".{}", quote::identifier(&column.sql_name))),
                ..column.expression()
            };
            list.push(self.assign(table, *at, Row::Selected, &value)?);
        }
        Ok(list)
    }

    /// Rows of the query with their ids.
    fn select_with_ids(
        &mut self,
        table: &Arc<Table>,
        (mut columns, mut list): (Vec<usize>, Vec<String>),
        derived: &Derived,
        id: usize,
    ) -> Result<WritePlan, SqlError> {
        let ty = table.columns.get(id).and_then(Type::of_column).map_or("int8", |ty| ty.carrier.name());
        let place = columns.iter().position(|at| *at == id);
        let own = place.and_then(|place| list.get(place).cloned()).unwrap_or_else(|| "NULL".to_owned());
        let from = numbered(&list, derived.sql.clone());
        let taken = self.new_ids(table, "(SELECT array_agg(own ORDER BY number) FROM numbered)", None)?;
        let numbered = format!("\"given\".id::{ty}");
        match place.and_then(|place| list.get_mut(place)) {
            Some(cell) => *cell = numbered,
            None => {
                columns.push(id);
                list.push(numbered);
            }
        }
        let sql = format!(
            "WITH numbered AS MATERIALIZED (SELECT *, ({own})::numeric AS own, row_number() OVER () AS number FROM {} AS \"selected\"), \
             taken AS MATERIALIZED (SELECT ids, first FROM {taken}), \
             added AS (INSERT INTO {} ({}) SELECT {} FROM numbered AS \"selected\" \
             JOIN (SELECT id, nth FROM taken, unnest(ids) WITH ORDINALITY AS each (id, nth)) AS \"given\" ON nth = number ORDER BY number RETURNING 1) \
             SELECT count(*), count(*), 0, 0, 0, (SELECT first FROM taken), (SELECT ids[cardinality(ids)] FROM taken) FROM added",
            from,
            quote::table(&table.name),
            column_names(table, &columns),
            list.join(", "),
        );
        Ok(self.write_plan(Verb::Insert, sql, table, WriteResult::Counted { many: true }, 0))
    }

    /// The query's rows for the helper that works row by row.
    fn incoming_select(
        &mut self,
        table: &Arc<Table>,
        columns: &[usize],
        derived: &Derived,
    ) -> Result<Incoming, SqlError> {
        let list = self.selected(table, columns, derived)?;
        let mut line: Vec<String> = list.into_iter().map(|sql| format!("({sql})::text")).collect();
        let mut all = columns.to_vec();
        let mut ignored = 0;
        for (at, column) in table.columns.iter().enumerate() {
            if column.generated.is_some() || all.contains(&at) {
                continue;
            }
            line.push(match (&column.default, column.auto_increment) {
                (ColumnDefault::Now(_), false) => match self.default_cell(table, at, &mut ignored)? {
                    Cell::Sql(sql) | Cell::Id(sql) => format!("({sql})::text"),
                    Cell::Null | Cell::Default => "NULL::text".to_owned(),
                },
                (ColumnDefault::None, false) if !column.nullable => {
                    match self.default_cell(table, at, &mut ignored)? {
                        Cell::Sql(sql) | Cell::Id(sql) => format!("({sql})::text"),
                        Cell::Null | Cell::Default => "NULL::text".to_owned(),
                    }
                }
                (_, _) => self.default_text(table, at)?,
            });
            all.push(at);
        }
        let array = format!(
            "(SELECT array_agg(\"line\" ORDER BY number) FROM (SELECT ARRAY[{}]::text[] AS \"line\", row_number() OVER () AS number FROM {} AS \"selected\") AS numbered)",
            line.join(", "),
            numbered(&line, derived.sql.clone())
        );
        Ok(Incoming { columns: all, array, total: None, sources: Vec::new() })
    }
}

/// The query, with its rows' numbers when a value of the list wants them.
fn numbered(list: &[String], sql: String) -> String {
    if list.iter().any(|value| value.contains(NUMBER)) {
        format!("(SELECT *, row_number() OVER () AS {NUMBER} FROM ({sql}) AS \"rows\")")
    } else {
        format!("({sql})")
    }
}

impl Incoming {
    /// Lets ON DUPLICATE KEY UPDATE name further columns of the query: each row carries them behind its own.
    fn carry(&mut self, names: &[String], columns: &[crate::sql::select::DerivedColumn]) -> Result<(), SqlError> {
        if columns.is_empty() {
            return Ok(());
        }
        let mut added = Vec::with_capacity(columns.len());
        for (nth, (name, column)) in names.iter().zip(columns).enumerate() {
            added.push(format!("(\"selected\".{})::text", quote::identifier(&column.sql_name)));
            let mut parts = name.rsplit('.');
            let own = parts.next().unwrap_or_default().to_owned();
            let (alias, database) = (parts.next().unwrap_or_default().to_owned(), parts.next().map(str::to_owned));
            let place = self.columns.len() + nth + 1;
            let column = crate::sql::scope::ScopeColumn {
                name: own,
                sql: format!("({})[{place}]::{}", crate::sql::rowwise::ROW, column.ty.carrier.name()),
                ty: column.ty.clone(),
                nullable: column.nullable,
                origin: None,
                hidden: false,
            };
            match self.sources.iter_mut().find(|source| source.alias == alias && source.database == database) {
                Some(source) => source.columns.push(column),
                None => self.sources.push(Relation {
                    alias,
                    database,
                    table: None,
                    columns: vec![column],
                    optional: false,
                    unique: Vec::new(),
                }),
            }
        }
        self.array =
            self.array.replacen("]::text[] AS \"line\"", &format!(", {}]::text[] AS \"line\"", added.join(", ")), 1);
        Ok(())
    }
}
