//! EXPLAIN: PostgreSQL's plan as its client reads it.

use serde_json::Value as Json;

use super::backend::Failure;
use super::query::Execution;
use super::result::Sink;
use super::session::Session;
use crate::sql::explain;
use crate::sql::plan::{Explain, ExplainFormat};

type Cells = Vec<Option<String>>;

impl Session {
    pub(super) async fn explain(&mut self, explain: &Explain, execution: Execution<'_>) -> Result<(), Failure> {
        let format = self.explain_format(explain);
        let options = match (format, explain.analyze) {
            (ExplainFormat::Traditional, _) => "(FORMAT JSON)",
            (ExplainFormat::Tree, true) => "(ANALYZE)",
            (ExplainFormat::Tree, false) => "",
        };
        let sql = format!("EXPLAIN {options} {}", explain.sql.as_str());
        let catalogue = self.catalogue();
        let statement = self.bind(&sql, &explain.parameters, &catalogue, execution.values)?;
        self.begin_if_needed();
        let mut lines = Vec::new();
        self.perform(&statement, &mut Sink::Keep(&mut lines)).await?;
        let lines: Vec<String> =
            lines.iter().filter_map(|row| row.text(0)).map(|line| self.with_titles(line)).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let rows = match format {
            ExplainFormat::Tree => vec![vec![Some(tree(&lines))]],
            ExplainFormat::Traditional => traditional(&lines.concat()),
        };
        self.state.warn("Note", 1003, format!("PostgreSQL executes: {}", explain.sql.as_str()));
        self.answer(&explain::columns(format), &rows, execution)
    }

    /// The format that the statement asks for, or else the session.
    pub(super) fn explain_format(&self, explain: &Explain) -> ExplainFormat {
        explain.format.unwrap_or_else(|| {
            let own = self.state.variables.text(&self.serving.defaults, "explain_format");
            let tree = explain.analyze || own.eq_ignore_ascii_case("TREE") || own.eq_ignore_ascii_case("DEFAULT");
            if tree { ExplainFormat::Tree } else { ExplainFormat::Traditional }
        })
    }
}

fn tree(lines: &[&str]) -> String {
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        text.push_str(if at == 0 { "-> PostgreSQL: " } else { "    " });
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// One row for each table that the plan reads, in the plan's order.
fn traditional(text: &str) -> Vec<Cells> {
    let plan: Json = serde_json::from_str(text).unwrap_or_default();
    let mut rows = Vec::new();
    let root = plan.get(0).and_then(|first| first.get("Plan"));
    let sorts = root.is_some_and(|root| root.get("Node Type").and_then(Json::as_str) == Some("Sort"));
    let mut pending: Vec<&Json> = root.into_iter().collect();
    while let Some(node) = pending.pop() {
        rows.extend(row(node));
        let children = node.get("Plans").and_then(Json::as_array);
        pending.extend(children.into_iter().flatten().rev());
    }
    if rows.is_empty() {
        let mut only: Cells = vec![Some("1".to_owned()), Some("SIMPLE".to_owned())];
        only.extend(std::iter::repeat_n(None, 9));
        only.push(Some("No tables used".to_owned()));
        rows.push(only);
    }
    if let (true, Some(extra)) = (sorts, rows.first_mut().and_then(|row| row.last_mut())) {
        let before = extra.take().map(|text| format!("{text}; ")).unwrap_or_default();
        *extra = Some(format!("{before}Using filesort"));
    }
    rows
}

/// What MySQL would call the reading of one table; `None` for nodes that read none.
fn row(node: &Json) -> Option<Cells> {
    let text = |name: &str| node.get(name).and_then(Json::as_str);
    let table = text("Relation Name")?;
    let kind = text("Node Type")?;
    let child = node.get("Plans").and_then(|plans| plans.get(0));
    let index = text("Index Name").or_else(|| child?.get("Index Name")?.as_str());
    let access = match kind {
        "Index Scan" | "Index Only Scan" if text("Index Cond").is_some() => "ref",
        "Index Scan" | "Index Only Scan" => "index",
        "Bitmap Heap Scan" => "range",
        "Tid Scan" => "const",
        _whole => "ALL",
    };
    let key = index.map(|index| index.strip_prefix(&format!("{table}__")).unwrap_or(index).to_owned());
    let rows = node.get("Plan Rows").and_then(Json::as_f64).map(|rows| format!("{rows:.0}"));
    let extra = match (kind, text("Filter")) {
        ("Index Only Scan", _) => Some("Using index".to_owned()),
        (_, Some(_)) => Some("Using where".to_owned()),
        (_, None) => None,
    };
    Some(vec![
        Some("1".to_owned()),
        Some("SIMPLE".to_owned()),
        Some(text("Alias").unwrap_or(table).to_owned()),
        None,
        Some(access.to_owned()),
        key.clone(),
        key,
        None,
        None,
        rows,
        Some("100.00".to_owned()),
        extra,
    ])
}
