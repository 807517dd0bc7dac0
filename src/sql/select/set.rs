//! Set operations: UNION, INTERSECT and EXCEPT, whose columns get one type from all their branches.

use super::*;

impl Lowering<'_> {
    pub(super) fn tree(&mut self, body: &SetExpr, parent: Option<&Scope<'_>>) -> Result<Tree, SqlError> {
        match body {
            SetExpr::Select(select) => {
                let mut scope = Scope::under(parent);
                self.parts(select, &mut scope).map(|(parts, _)| Tree::Select(Box::new(parts)))
            }
            SetExpr::Query(query) => self.query(query, parent).map(Tree::Derived),
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
            SetExpr::Values(_) => Err(SqlError::unsupported("VALUES ROW")),
            SetExpr::Table(_) => Err(SqlError::unsupported("TABLE")),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                Err(SqlError::unsupported("a write inside a query"))
            }
        }
    }

    /// A set operation with the types that MySQL gives its columns, and ORDER BY by position.
    pub(super) fn ordered_tree(&mut self, tree: Tree, order: &[OrderByExpr]) -> Result<Derived, SqlError> {
        let columns = self.merged_columns(&tree)?;
        let types: Vec<Type> = columns.iter().map(|column| column.ty.clone()).collect();
        let mut sql = self.write_tree(&tree, &types)?;
        let mut keys = Vec::with_capacity(order.len());
        for item in order {
            let at = match (position(&item.expr), unnested(&item.expr)) {
                (Some(position), _) => position.checked_sub(1).filter(|at| *at < columns.len()),
                (None, Expr::Identifier(name)) => {
                    columns.iter().position(|column| column.name.eq_ignore_ascii_case(&name.value))
                }
                (None, _other) => return Err(SqlError::unsupported("ORDER BY an expression over UNION")),
            };
            let Some((at, column)) = at.and_then(|at| Some((at, columns.get(at)?))) else {
                return Err(SqlError::unknown_column(&item.expr.to_string(), "order clause"));
            };
            keys.push(format!("{}{}", at + 1, direction(item, column.nullable)));
        }
        if !keys.is_empty() {
            sql = format!("{sql} ORDER BY {}", keys.join(", "));
        }
        Ok(Derived { columns, sql, locking: false })
    }

    pub(super) fn merged_columns(&mut self, tree: &Tree) -> Result<Vec<DerivedColumn>, SqlError> {
        let column = |at: usize, name: &str, ty: Type, nullable: bool| DerivedColumn {
            name: name.to_owned(),
            sql_name: format!("c{}", at + 1),
            ty,
            nullable,
            origin: None,
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
                    let ty = self.common_type(&[left.expression(), right.expression()]);
                    merged.push(column(at, &left.name, ty, left.nullable || right.nullable));
                }
                Ok(merged)
            }
        }
    }

    pub(super) fn write_tree(&mut self, tree: &Tree, types: &[Type]) -> Result<String, SqlError> {
        match tree {
            Tree::Select(parts) => {
                let sql = self.write(parts, types)?;
                Ok(format!("({sql})"))
            }
            Tree::Derived(derived) => {
                let mut list = Vec::with_capacity(types.len());
                for (at, (column, ty)) in derived.columns.iter().zip(types).enumerate() {
                    list.push(format!("{} AS c{}", self.render(&column.expression(), ty.carrier)?, at + 1));
                }
                let alias = self.fresh("part");
                Ok(format!("(SELECT {} FROM ({}) AS \"{alias}\")", list.join(", "), derived.sql))
            }
            Tree::Set { left, word, right } => {
                let (left, right) = (self.write_tree(left, types)?, self.write_tree(right, types)?);
                Ok(format!("({left} {word} {right})"))
            }
        }
    }
}
