//! Aggregate and window functions in the text that MySQL keeps of a view.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    NamedWindowDefinition, NamedWindowExpr, OrderByExpr, OrderBySort, WindowFrame, WindowFrameBound, WindowFrameUnits,
    WindowSpec, WindowType,
};

use super::super::aggregate::{is_aggregate, is_window_only};
use super::canonical::{Printer, quoted};

/// A call, when the function is one of these.
pub(super) fn text(printer: &Printer<'_>, function: &Function) -> Option<String> {
    let name = function.name.to_string().trim_matches('`').to_ascii_uppercase();
    let FunctionArguments::List(list) = &function.args else { return None };
    if !is_aggregate(&name) && !is_window_only(&name) {
        return None;
    }
    let printed = match name.as_str() {
        "GROUP_CONCAT" => return None,
        "STD" | "STDDEV" | "STDDEV_POP" => "std".to_owned(),
        "VARIANCE" | "VAR_POP" => "variance".to_owned(),
        other => other.to_ascii_lowercase(),
    };
    if !list.clauses.is_empty() {
        return None;
    }
    let distinct = if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) { "distinct " } else { "" };
    let call = format!("{printed}({distinct}{})", arguments(printer, list)?.join(","));
    match &function.over {
        None => Some(call),
        Some(WindowType::NamedWindow(name)) => Some(format!("{call} OVER {}", quoted(&name.value))),
        Some(WindowType::WindowSpec(spec)) => Some(format!("{call} OVER {} ", specification(printer, spec)?)),
    }
}

fn arguments(printer: &Printer<'_>, list: &FunctionArgumentList) -> Option<Vec<String>> {
    let one = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => printer.text(expr),
        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Some("0".to_owned()),
        _other => None,
    };
    list.args.iter().map(one).collect()
}

/// The WINDOW clause.
pub(super) fn windows(printer: &Printer<'_>, windows: &[NamedWindowDefinition]) -> Option<String> {
    let one = |NamedWindowDefinition(name, definition): &NamedWindowDefinition| match definition {
        NamedWindowExpr::WindowSpec(spec) => {
            Some(format!("{} AS {} ", quoted(&name.value), specification(printer, spec)?))
        }
        NamedWindowExpr::NamedWindow(_) => None,
    };
    let all = windows.iter().map(one).collect::<Option<Vec<String>>>()?;
    match all.as_slice() {
        [only] => Some(format!(" window {only}")),
        _several => None,
    }
}

fn specification(printer: &Printer<'_>, spec: &WindowSpec) -> Option<String> {
    let mut out = String::new();
    if let Some(name) = &spec.window_name {
        out.push_str(&format!("{} ", quoted(&name.value)));
    }
    let partition = spec.partition_by.iter().map(|expr: &Expr| printer.text(expr)).collect::<Option<Vec<_>>>()?;
    if !partition.is_empty() {
        out.push_str(&format!("PARTITION BY {} ", partition.join(",")));
    }
    let key = |item: &OrderByExpr| {
        let direction = if item.options.sort == Some(OrderBySort::Desc) { " desc" } else { "" };
        printer.text(&item.expr).map(|text| format!("{text}{direction}"))
    };
    let order = spec.order_by.iter().map(key).collect::<Option<Vec<_>>>()?;
    if !order.is_empty() {
        out.push_str(&format!("ORDER BY {} ", order.join(",")));
    }
    if let Some(frame) = &spec.window_frame {
        out.push_str(&frame_text(printer, frame)?);
    }
    Some(format!("({out})"))
}

fn frame_text(printer: &Printer<'_>, frame: &WindowFrame) -> Option<String> {
    let word = match frame.units {
        WindowFrameUnits::Rows => "ROWS",
        WindowFrameUnits::Range => "RANGE",
        WindowFrameUnits::Groups => return None,
    };
    let bound = |bound: &WindowFrameBound| match bound {
        WindowFrameBound::CurrentRow => Some("CURRENT ROW".to_owned()),
        WindowFrameBound::Preceding(None) => Some("UNBOUNDED PRECEDING".to_owned()),
        WindowFrameBound::Following(None) => Some("UNBOUNDED FOLLOWING".to_owned()),
        WindowFrameBound::Preceding(Some(expr)) => Some(format!("{} PRECEDING", printer.text(expr)?)),
        WindowFrameBound::Following(Some(expr)) => Some(format!("{} FOLLOWING", printer.text(expr)?)),
    };
    let end = frame.end_bound.as_ref().unwrap_or(&WindowFrameBound::CurrentRow);
    Some(format!("{word} BETWEEN {} AND {}", bound(&frame.start_bound)?, bound(end)?))
}
