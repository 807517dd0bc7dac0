//! WITH: each common table expression is one of PostgreSQL under a name of its own.
//!
//! A recursive one takes the types of its columns from the part that doesn't recurse, as in MySQL. A hidden column
//! counts the iterations for `cte_max_recursion_depth`. With UNION DISTINCT it must not make equal rows different: it
//! is text whose length counts, of characters that its collation ignores.

use sqlparser::ast::Cte;

use super::super::lexer::{Lexeme, Lexer};
use super::super::plan::ParameterSource;
use super::*;

/// A recursive expression while its recursive part is worked on.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Recursion {
    /// Its name, as the client calls it.
    pub(in crate::sql) name: String,
    /// The alias under which the query block reads it.
    pub(in crate::sql) alias: Option<String>,
    /// How often the query block reads it.
    pub(in crate::sql) uses: usize,
}

/// The parts of `anchor UNION [ALL] recursive UNION [ALL] …`.
struct Blocks<'q> {
    anchor: &'q SetExpr,
    recursive: Vec<&'q SetExpr>,
    all: bool,
}

impl Lowering<'_> {
    pub(in crate::sql) fn with(&mut self, query: &Query, parent: Option<Place<'_>>) -> Result<String, SqlError> {
        let Some(with) = &query.with else { return Ok(String::new()) };
        let mut parts = Vec::with_capacity(with.cte_tables.len());
        let first = self.tables.len();
        for table in &with.cte_tables {
            let called = table.alias.name.value.clone();
            if self.tables.iter().skip(first).any(|(known, _)| known.eq_ignore_ascii_case(&called)) {
                return Err(SqlError::alias_twice(&called));
            }
            let name = quote::identifier(&self.fresh("with"));
            let names: Vec<String> = table.alias.columns.iter().map(|column| column.name.value.clone()).collect();
            let (columns, unique) = if with.recursive && reads(&table.query.to_string(), &called) {
                (self.recursive(table, (&called, &name, &names), parent, &mut parts)?, Vec::new())
            } else {
                let derived = self.query_at(&table.query, parent)?;
                parts.push(format!("{name} AS ({})", derived.sql));
                let relation = relation_of(&derived, &called, &names)?;
                let columns = relation.columns.into_iter().zip(derived.columns);
                let named = columns.map(|(named, column)| DerivedColumn { name: named.name, ..column });
                (named.collect(), derived.unique)
            };
            let sql = if with.recursive { self.limited.take().unwrap_or(name) } else { name };
            self.tables.push((called, Derived { columns, sql, locking: false, unique }));
        }
        let word = if with.recursive { "WITH RECURSIVE" } else { "WITH" };
        Ok(format!("{word} {} ", parts.join(", ")))
    }

    fn recursive(
        &mut self,
        table: &Cte,
        (called, name, names): (&str, &str, &[String]),
        parent: Option<Place<'_>>,
        parts: &mut Vec<String>,
    ) -> Result<Vec<DerivedColumn>, SqlError> {
        if table.query.with.is_some() || table.query.order_by.is_some() {
            return Err(SqlError::unsupported("ORDER BY or WITH in a recursive common table expression"));
        }
        let blocks = blocks(&table.query.body, called)?;
        let anchor = self.tree(blocks.anchor, parent)?;
        let mut columns = self.merged_columns(&anchor)?;
        if !names.is_empty() && names.len() != columns.len() {
            return Err(SqlError::name_count());
        }
        for (at, column) in columns.iter_mut().enumerate() {
            column.nullable = true;
            column.origin = None;
            if matches!(column.ty.class, Class::Null | Class::Open) {
                column.ty = Type::text(column.ty.length, &self.context.collation);
            }
            if let Some(given) = names.get(at) {
                column.name.clone_from(given);
            }
        }
        let types: Vec<Type> = columns.iter().map(|column| column.ty.clone()).collect();
        let list: Vec<String> = columns.iter().map(|column| column.sql_name.clone()).collect();
        let list = list.join(", ");
        let (zero, word) = if blocks.all {
            ("0", "UNION ALL")
        } else {
            ("(''::text COLLATE \"mysql\".\"utf8mb4_0900_ai_ci\")", "UNION")
        };
        let anchor = self.write_tree(&anchor, &types)?;
        let anchor = self.typed_columns(&anchor, &columns, zero)?;
        let most =
            self.parameter(&ParameterSource::Variable("cte_max_recursion_depth".to_owned()), Carrier::Int8.oid());
        let level = if blocks.all { "d" } else { "char_length(d)" };
        let read = format!("(SELECT {list}, d FROM {name} WHERE \"mysql\".may_recurse({level}, {most}) OFFSET 0)");
        let single = blocks.recursive.len() == 1;
        let row: Vec<String> = columns.iter().map(|column| format!("\"last\".{}", column.sql_name)).collect();
        let source = if single { read.clone() } else { format!("(SELECT {}, \"last\".d)", row.join(", ")) };
        let mut written = Vec::new();
        for block in &blocks.recursive {
            self.recursions.push(Recursion { name: called.to_owned(), alias: None, uses: 0 });
            self.tables.push((
                called.to_owned(),
                Derived { columns: columns.clone(), sql: source.clone(), locking: false, unique: Vec::new() },
            ));
            let tree = self.tree(block, parent);
            self.tables.pop();
            let recursion = self.recursions.pop();
            written.push(self.recursive_block(tree?, recursion, &columns, blocks.all)?);
        }
        let step = if single {
            written.concat()
        } else {
            let all: Vec<String> = written.iter().map(|sql| format!("({sql})")).collect();
            format!("SELECT \"next\".* FROM {read} AS \"last\", LATERAL ({}) AS \"next\"", all.join(" UNION ALL "))
        };
        parts.push(format!("{name} ({list}, d) AS ({anchor} {word} {step})"));
        self.limited = None;
        let limit = self.limit(table.query.limit_clause.as_ref())?;
        if !limit.is_empty() {
            let cut = quote::identifier(&self.fresh("with"));
            parts.push(format!("{cut} AS (SELECT {list} FROM {name}{limit})"));
            self.limited = Some(cut);
        }
        Ok(columns)
    }

    /// One recursive query block in the types of the anchor.
    fn recursive_block(
        &mut self,
        tree: Tree,
        recursion: Option<Recursion>,
        columns: &[DerivedColumn],
        all: bool,
    ) -> Result<String, SqlError> {
        let (Some(recursion), Tree::Select(mut parts)) = (recursion, tree) else {
            return Err(SqlError::unsupported("this form of recursive common table expression"));
        };
        let name = &recursion.name;
        let Some(alias) = recursion.alias.filter(|_| recursion.uses == 1) else {
            return Err(SqlError::new(
                3577,
                "HY000",
                format!(
                    "In recursive query block of Recursive Common Table Expression '{name}', the recursive table must be referenced only once, and not in any subquery"
                ),
            ));
        };
        if parts.aggregated || !parts.group.is_empty() {
            return Err(SqlError::new(
                3575,
                "HY000",
                format!(
                    "Recursive Common Table Expression '{name}' can contain neither aggregation nor window functions in recursive query block"
                ),
            ));
        }
        if parts.distinct {
            return Err(SqlError::unsupported("SELECT DISTINCT in a recursive query block"));
        }
        if parts.columns.len() != columns.len() {
            return Err(SqlError::union_columns());
        }
        for (own, column) in parts.columns.iter_mut().zip(columns) {
            own.expression = self.fitting(&own.expression, column)?;
        }
        let depth = format!("{}.d", quote::identifier(&alias));
        let next = if all { format!("({depth} + 1)") } else { format!("({depth} || E'\\x01')") };
        let types: Vec<Type> = columns.iter().map(|column| column.ty.clone()).collect();
        let inner = self.write(&parts, &types, &[next])?;
        self.typed_columns(&format!("({inner})"), columns, "o1")
    }

    /// A value of a recursive block, as it fits the column that the anchor gave its type.
    fn fitting(&mut self, value: &Expression, column: &DerivedColumn) -> Result<Expression, SqlError> {
        let sql = self.render(value, column.ty.carrier)?;
        let fitted = match column.ty.class {
            Class::Text if value.ty.length > column.ty.length && self.modes.strict => {
                format!("\"mysql\".fit({sql}, {}, {})", column.ty.length, quote::literal(&column.name))
            }
            Class::Text if value.ty.length > column.ty.length => format!("left({sql}, {})", column.ty.length),
            Class::Decimal => format!("round({sql}, {})", column.ty.decimals),
            _other => sql,
        };
        Ok(Expression::sql(fitted, column.ty.clone(), true))
    }

    /// A query's columns under collations that both parts of the recursion agree on, and the counter.
    fn typed_columns(&mut self, sql: &str, columns: &[DerivedColumn], depth: &str) -> Result<String, SqlError> {
        let alias = quote::identifier(&self.fresh("block"));
        let mut list = Vec::with_capacity(columns.len() + 1);
        for column in columns {
            let own = format!("{alias}.{}", column.sql_name);
            list.push(match (&column.ty.collation, column.ty.carrier) {
                // As plain text: both parts of a recursion must have the same type, lengths included.
                (Some(collation), Carrier::Text) => {
                    format!("({own}::text COLLATE {})", self.collation_sql(&collation.name)?)
                }
                (None, Carrier::Text) => format!("({own}::text COLLATE \"C\")"),
                (_, _) => own,
            });
        }
        list.push(if depth == "o1" { format!("{alias}.o1") } else { depth.to_owned() });
        Ok(format!("SELECT {} FROM {sql} AS {alias}", list.join(", ")))
    }
}

/// The blocks of a recursive expression.
fn blocks<'q>(body: &'q SetExpr, called: &str) -> Result<Blocks<'q>, SqlError> {
    let (mut recursive, mut rest, mut all) = (Vec::new(), bare(body), None);
    while let SetExpr::SetOperation { left, op: SetOperator::Union, set_quantifier, right } = rest {
        if !reads(&right.to_string(), called) {
            break;
        }
        let own = *set_quantifier == SetQuantifier::All;
        if all.is_some_and(|all| all != own) {
            return Err(SqlError::unsupported("UNION and UNION ALL between recursive query blocks"));
        }
        all = Some(own);
        recursive.push(bare(right));
        rest = bare(left);
    }
    let Some(all) = all else {
        if let SetExpr::SetOperation { op: SetOperator::Union, .. } = body {
            return Err(wrong_order(called));
        }
        let text = format!("Recursive Common Table Expression '{called}' should contain a UNION");
        return Err(SqlError::new(3573, "HY000", text));
    };
    if reads(&rest.to_string(), called) {
        return Err(wrong_order(called));
    }
    recursive.reverse();
    Ok(Blocks { anchor: rest, recursive, all })
}

/// A block without parentheses that say nothing.
pub(super) fn bare(mut block: &SetExpr) -> &SetExpr {
    while let SetExpr::Query(inner) = block
        && inner.with.is_none()
        && inner.order_by.is_none()
        && inner.limit_clause.is_none()
        && inner.locks.is_empty()
    {
        block = &inner.body;
    }
    block
}

fn wrong_order(called: &str) -> SqlError {
    let text = format!(
        "Recursive Common Table Expression '{called}' should have one or more non-recursive query blocks followed by \
         one or more recursive ones"
    );
    SqlError::new(3574, "HY000", text)
}

/// True when the text of a query reads a table of that name.
fn reads(text: &str, name: &str) -> bool {
    let mut before = Lexeme::Symbol(b';');
    Lexer::new(text.as_bytes()).any(|lexeme| {
        let place = before.is_any(&["FROM", "JOIN", "STRAIGHT_JOIN"]) || matches!(before, Lexeme::Symbol(b',' | b'('));
        before = lexeme;
        place
            && matches!(lexeme, Lexeme::Word(_) | Lexeme::Quoted(_))
            && lexeme.name().is_some_and(|found| found.eq_ignore_ascii_case(name))
    })
}
