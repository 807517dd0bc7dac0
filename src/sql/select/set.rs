//! Set operations: UNION, INTERSECT and EXCEPT, whose columns get one type from all their branches.

use super::*;
use crate::wire::FieldType;

impl Lowering<'_> {
    pub(super) fn tree(&mut self, body: &SetExpr, parent: Option<Place<'_>>) -> Result<Tree, SqlError> {
        match body {
            SetExpr::Select(select) => {
                let mut scope = Scope::under(parent);
                scope.windows = &select.named_window;
                self.parts(select, &[], &mut scope).map(|(parts, _)| Tree::Select(Box::new(parts)))
            }
            SetExpr::Query(query) => self.query_at(query, parent).map(Tree::Derived),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let all = match set_quantifier {
                    SetQuantifier::All => true,
                    SetQuantifier::None | SetQuantifier::Distinct => false,
                    other => return Err(SqlError::unsupported(format_args!("UNION {other}"))),
                };
                let word = match (op, all) {
                    (SetOperator::Union, true) => "UNION ALL",
                    (SetOperator::Union, false) => "UNION",
                    (SetOperator::Except, true) => "EXCEPT ALL",
                    (SetOperator::Except, false) => "EXCEPT",
                    (SetOperator::Intersect, true) => "INTERSECT ALL",
                    (SetOperator::Intersect, false) => "INTERSECT",
                    (SetOperator::Minus, _) => return Err(SqlError::unsupported("MINUS")),
                };
                let left = Box::new(self.tree(left, parent)?);
                let right = Box::new(self.tree(right, parent)?);
                Ok(Tree::Set { left, word, right })
            }
            SetExpr::Values(values) => self.values_rows(values, parent).map(Tree::Derived),
            SetExpr::Table(_) => Err(SqlError::unsupported("TABLE")),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                Err(SqlError::unsupported("a write inside a query"))
            }
        }
    }

    /// A set operation with the types that MySQL gives its columns, and its ORDER BY; `seen` is whether the order of its
    /// rows, or which come first, shows.
    pub(super) fn ordered_tree(
        &mut self,
        body: &SetExpr,
        order: &[OrderByExpr],
        (parent, seen): (Option<Place<'_>>, bool),
    ) -> Result<Derived, SqlError> {
        let tree = self.tree(body, parent)?;
        let columns = self.merged_columns(&tree)?;
        let types: Vec<Type> = columns.iter().map(|column| column.ty.clone()).collect();
        let sql = match &tree {
            Tree::Set { word: "UNION", .. } if seen && order.is_empty() => self.write_firsts(&tree, &types)?,
            Tree::Select(_) | Tree::Derived(_) | Tree::Set { .. } => self.write_tree(&tree, &types)?,
        };
        let mut derived = Derived { columns, sql, locking: false, unique: Vec::new() };
        if order.is_empty() {
            return Ok(derived);
        }
        let alias = self.fresh("union");
        let mut scope = Scope::under(parent);
        scope.add(relation_of(&derived, &alias, &[])?)?;
        let place = Place::new(&scope, "order clause");
        let mut keys = Vec::with_capacity(order.len());
        for item in order {
            let value = match position(&item.expr) {
                Some(position) => {
                    let column = position.checked_sub(1).map(|column| Spot { relation: 0, column });
                    let column = column.and_then(|spot| scope.column(spot));
                    column.ok_or_else(|| SqlError::unknown_column(&position.to_string(), "order clause"))?.expression()
                }
                None => {
                    if let Expr::CompoundIdentifier(parts) = unnested(&item.expr)
                        && let [.., table, _] = parts.as_slice()
                    {
                        let text = format!(
                            "Table '{}' from one of the SELECTs cannot be used in global ORDER clause",
                            table.value
                        );
                        return Err(SqlError::new(1250, "42000", text));
                    }
                    self.lower(&item.expr, place)?
                }
            };
            let key = self.sort_key(&value)?;
            keys.push(format!("{key}{}", direction(item, value.nullable)));
        }
        if matches!(with::bare(body), SetExpr::Values(_)) {
            // MySQL reads ORDER BY behind VALUES, also in parentheses, and doesn't sort.
            return Ok(derived);
        }
        let list: Vec<&str> = derived.columns.iter().map(|column| column.sql_name.as_str()).collect();
        derived.sql = format!(
            "SELECT {} FROM ({}) AS {} ORDER BY {}",
            list.join(", "),
            derived.sql,
            quote::identifier(&alias),
            keys.join(", ")
        );
        Ok(derived)
    }

    pub(super) fn merged_columns(&mut self, tree: &Tree) -> Result<Vec<DerivedColumn>, SqlError> {
        let column = |at: usize, name: &str, ty: Type, nullable: bool| DerivedColumn {
            name: name.to_owned(),
            sql_name: format!("c{}", at + 1),
            ty,
            nullable,
            origin: None,
            variable: None,
        };
        match tree {
            Tree::Select(parts) => {
                let each = parts.columns.iter().enumerate();
                Ok(each
                    .map(|(at, own)| column(at, &own.name, own.expression.ty.clone(), own.expression.nullable))
                    .collect())
            }
            Tree::Derived(derived) => Ok(derived.columns.clone()),
            Tree::Set { left, right, .. } => {
                let (left, right) = (self.merged_columns(left)?, self.merged_columns(right)?);
                if left.len() != right.len() {
                    return Err(SqlError::union_columns());
                }
                let mut merged = Vec::with_capacity(left.len());
                for (at, (left, right)) in left.iter().zip(&right).enumerate() {
                    let mut ty = self.common_type(&[left.expression(), right.expression()]);
                    let fixed = |own: &Type| own.field == FieldType::String && own.is_text() && !own.is_enum();
                    if fixed(&left.ty) && fixed(&right.ty) {
                        ty.field = FieldType::String;
                    }
                    let undecided = |own: &&crate::sql::types::Collation| {
                        own.coercibility == crate::sql::types::Coercibility::Nothing
                    };
                    if let (Some(_), Some(left), Some(right)) =
                        (ty.collation.as_ref().filter(undecided), &left.ty.collation, &right.ty.collation)
                    {
                        if [left, right].iter().all(|own| own.name.ends_with("_bin")) {
                            crate::sql::charset::aggregate(left, right, "UNION")?;
                        }
                        let text = "Illegal mix of collations for operation 'UNION'";
                        return Err(SqlError::new(1271, "HY000", text.to_owned()));
                    }
                    merged.push(column(at, &left.name, ty, left.nullable || right.nullable));
                }
                Ok(merged)
            }
        }
    }

    pub(super) fn write_tree(&mut self, tree: &Tree, types: &[Type]) -> Result<String, SqlError> {
        match tree {
            Tree::Select(parts) => {
                let sql = self.write(parts, types, &[])?;
                Ok(format!("({sql})"))
            }
            Tree::Derived(derived) => {
                let mut list = Vec::with_capacity(types.len());
                for (at, (column, ty)) in derived.columns.iter().zip(types).enumerate() {
                    list.push(format!("{} AS c{}", self.conform(&column.expression(), ty)?, at + 1));
                }
                let alias = self.fresh("part");
                Ok(format!("(SELECT {} FROM ({}) AS \"{alias}\")", list.join(", "), derived.sql))
            }
            Tree::Set { left, word, right } => {
                let (left, right) = (self.write_tree(left, types)?, self.write_tree(right, types)?);
                if word.ends_with("ALL") && *word == "UNION ALL" {
                    return Ok(format!("({left} {word} {right})"));
                }
                // Which rows are equal is the collation's matter.
                let (left, right) = (self.collated_columns(&left, types)?, self.collated_columns(&right, types)?);
                let sql = format!("({left} {word} {right})");
                if !types.iter().any(ignores_blanks) {
                    return Ok(sql);
                }
                Ok(format!("(SELECT {} FROM {sql} AS \"{}\")", kept_columns(types), self.fresh("rows")))
            }
        }
    }

    /// UNION in MySQL's order: each row where it comes first, branch by branch.
    fn write_firsts(&mut self, tree: &Tree, types: &[Type]) -> Result<String, SqlError> {
        let (mut branches, mut rest) = (Vec::new(), tree);
        while let Tree::Set { left, word: "UNION" | "UNION ALL", right } = rest {
            branches.push(&**right);
            rest = left;
        }
        branches.push(rest);
        let mut written = Vec::with_capacity(branches.len());
        for branch in branches.iter().rev() {
            let sql = self.write_tree(branch, types)?;
            written.push(self.collated_columns(&sql, types)?);
        }
        let list = (1..=types.len()).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", ");
        let (all, rows) = (self.fresh("union"), self.fresh("rows"));
        Ok(format!(
            "SELECT {} FROM (SELECT {list}, row_number() OVER () AS n FROM ({}) AS \"{all}\") AS \"{rows}\" \
             GROUP BY {list} ORDER BY min(n)",
            kept_columns(types),
            written.join(" UNION ALL ")
        ))
    }

    /// A branch whose character columns say their collation.
    fn collated_columns(&mut self, branch: &str, types: &[Type]) -> Result<String, SqlError> {
        if types.iter().all(|ty| ty.carrier != Carrier::Text || ty.collation.is_none()) {
            return Ok(branch.to_owned());
        }
        let mut list = Vec::with_capacity(types.len());
        for (at, ty) in types.iter().enumerate() {
            let name = format!("c{}", at + 1);
            list.push(match &ty.collation {
                Some(collation) if ty.carrier == Carrier::Text => {
                    let pads = if ignores_blanks(ty) { "::bpchar" } else { "" };
                    format!("({name}{pads} COLLATE {}) AS {name}", self.collation_sql(&collation.name)?)
                }
                Some(_) | None => name,
            });
        }
        let alias = self.fresh("branch");
        Ok(format!("(SELECT {} FROM {branch} AS \"{alias}\")", list.join(", ")))
    }
}
