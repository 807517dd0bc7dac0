//! Expressions in the text that MySQL prints of them (`Item::print`), as SHOW CREATE TABLE shows them: lower-case names,
//! quoted columns, parentheses around every operator. `None` where the text isn't known; the definition is then shown
//! as it was written.

use sqlparser::ast::{
    BinaryOperator as B, CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator as U,
    Value,
};

/// The canonical text.
pub(super) fn text(expr: &Expr) -> Option<String> {
    Some(match expr {
        Expr::Value(value) => literal(&value.value)?,
        Expr::Identifier(ident) => quoted(&ident.value),
        Expr::CompoundIdentifier(parts) => quoted(&parts.last()?.value),
        Expr::Nested(inner) => text(inner)?,
        Expr::BinaryOp { left, op, right } => binary(left, op, right)?,
        Expr::UnaryOp { op: U::Minus, expr } => match &**expr {
            Expr::Value(_) => format!("-({})", text(expr)?),
            other => format!("-({})", text(other)?),
        },
        Expr::UnaryOp { op: U::Plus, expr } => text(expr)?,
        Expr::UnaryOp { op: U::Not, expr } => negated(expr)?,
        Expr::IsNull(inner) => format!("({} is null)", text(inner)?),
        Expr::IsNotNull(inner) => format!("({} is not null)", text(inner)?),
        Expr::IsTrue(inner) => format!("({} is true)", truth(inner)?),
        Expr::IsNotTrue(inner) => format!("({} is not true)", truth(inner)?),
        Expr::IsFalse(inner) => format!("({} is false)", truth(inner)?),
        Expr::IsNotFalse(inner) => format!("({} is not false)", truth(inner)?),
        Expr::Between { expr, negated, low, high } => {
            let not = if *negated { "not " } else { "" };
            format!("({} {not}between {} and {})", text(expr)?, text(low)?, text(high)?)
        }
        Expr::InList { expr, list, negated } => {
            let not = if *negated { "not " } else { "" };
            let list = list.iter().map(text).collect::<Option<Vec<_>>>()?;
            if list.len() == 1 {
                let sign = if *negated { "<>" } else { "=" };
                format!("({} {sign} {})", text(expr)?, list.first()?)
            } else {
                format!("({} {not}in ({}))", text(expr)?, list.join(","))
            }
        }
        Expr::Like { negated: false, any: false, expr, pattern, escape_char: None } => {
            format!("({} like {})", text(expr)?, text(pattern)?)
        }
        Expr::Like { negated: true, any: false, expr, pattern, escape_char: None } => {
            format!("(not(({} like {})))", text(expr)?, text(pattern)?)
        }
        Expr::RLike { negated: false, expr, pattern, .. } => {
            format!("regexp_like({},{})", text(expr)?, text(pattern)?)
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            case(operand.as_deref(), conditions, else_result.as_deref())?
        }
        Expr::Function(function) => call(function)?,
        Expr::Extract { field, expr, .. } => {
            format!("extract({} from {})", field.to_string().to_lowercase(), text(expr)?)
        }
        Expr::Ceil { expr, .. } => format!("ceiling({})", text(expr)?),
        Expr::Floor { expr, .. } => format!("floor({})", text(expr)?),
        _other => return None,
    })
}

/// The text as a condition: a number stands for its comparison with 0.
fn truth(expr: &Expr) -> Option<String> {
    let plain = text(expr)?;
    Some(if is_condition(expr) { plain } else { format!("(0 <> {plain})") })
}

/// True for what is 0, 1 or NULL by itself.
pub(super) fn is_condition(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_condition(inner),
        Expr::BinaryOp { op, .. } => {
            matches!(op, B::And | B::Or | B::Xor | B::Eq | B::NotEq | B::Lt | B::LtEq | B::Gt | B::GtEq | B::Spaceship)
        }
        Expr::UnaryOp { op: U::Not, .. }
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::Between { .. }
        | Expr::InList { .. }
        | Expr::Like { .. }
        | Expr::RLike { .. } => true,
        Expr::Function(function) => {
            let name = function.name.to_string().to_ascii_lowercase();
            [
                "json_valid",
                "json_contains",
                "json_contains_path",
                "json_schema_valid",
                "regexp_like",
                "json_overlaps",
                "isnull",
            ]
            .contains(&name.trim_matches('`'))
        }
        _other => false,
    }
}

/// NOT: MySQL turns a negated comparison around.
fn negated(expr: &Expr) -> Option<String> {
    let mut inner = expr;
    while let Expr::Nested(next) = inner {
        inner = next;
    }
    match inner {
        Expr::BinaryOp { left, op, right } => {
            let turned = match op {
                B::Eq => "<>",
                B::NotEq => "=",
                B::Lt => ">=",
                B::LtEq => ">",
                B::Gt => "<=",
                B::GtEq => "<",
                _other => return None,
            };
            Some(format!("({} {turned} {})", text(left)?, text(right)?))
        }
        Expr::IsNull(of) => Some(format!("({} is not null)", text(of)?)),
        Expr::IsNotNull(of) => Some(format!("({} is null)", text(of)?)),
        other if !is_condition(other) => Some(format!("(0 = {})", text(other)?)),
        _other => None,
    }
}

fn binary(left: &Expr, op: &B, right: &Expr) -> Option<String> {
    let sign = match op {
        B::And | B::Or | B::Xor => return connected(left, op, right),
        B::Plus => "+",
        B::Minus => "-",
        B::Multiply => "*",
        B::Divide => "/",
        B::Modulo => "%",
        B::MyIntegerDivide => "DIV",
        B::Eq => "=",
        B::NotEq => "<>",
        B::Lt => "<",
        B::LtEq => "<=",
        B::Gt => ">",
        B::GtEq => ">=",
        B::Spaceship => "<=>",
        B::BitwiseAnd => "&",
        B::BitwiseOr => "|",
        B::BitwiseXor => "^",
        B::Arrow => return Some(format!("json_extract({},{})", text(left)?, text(right)?)),
        B::LongArrow => return Some(format!("json_unquote(json_extract({},{}))", text(left)?, text(right)?)),
        _other => return None,
    };
    Some(format!("({} {sign} {})", text(left)?, text(right)?))
}

/// AND and OR are printed flat, XOR isn't.
fn connected(left: &Expr, op: &B, right: &Expr) -> Option<String> {
    let word = match op {
        B::And => " and ",
        B::Or => " or ",
        _xor => return Some(format!("({} xor {})", truth(left)?, truth(right)?)),
    };
    let mut parts = Vec::new();
    for side in [left, right] {
        flatten(side, op, &mut parts)?;
    }
    Some(format!("({})", parts.join(word)))
}

fn flatten(expr: &Expr, op: &B, parts: &mut Vec<String>) -> Option<()> {
    let mut inner = expr;
    while let Expr::Nested(next) = inner {
        inner = next;
    }
    match inner {
        Expr::BinaryOp { left, op: own, right } if own == op => {
            flatten(left, op, parts)?;
            flatten(right, op, parts)
        }
        other => {
            parts.push(truth(other)?);
            Some(())
        }
    }
}

fn case(operand: Option<&Expr>, conditions: &[CaseWhen], otherwise: Option<&Expr>) -> Option<String> {
    let mut out = String::from("(case");
    if let Some(operand) = operand {
        out.push_str(&format!(" {}", text(operand)?));
    }
    for branch in conditions {
        let condition = if operand.is_some() { text(&branch.condition)? } else { truth(&branch.condition)? };
        out.push_str(&format!(" when {condition} then {}", text(&branch.result)?));
    }
    if let Some(otherwise) = otherwise {
        out.push_str(&format!(" else {}", text(otherwise)?));
    }
    out.push_str(" end)");
    Some(out)
}

/// Functions whose printed name is their own; the others are left as written.
const PLAIN: [&str; 66] = [
    "abs",
    "ascii",
    "bin",
    "bit_count",
    "char_length",
    "coalesce",
    "concat",
    "concat_ws",
    "conv",
    "crc32",
    "curdate",
    "datediff",
    "elt",
    "exp",
    "field",
    "find_in_set",
    "format",
    "from_base64",
    "greatest",
    "hex",
    "if",
    "ifnull",
    "inet6_aton",
    "inet_aton",
    "insert",
    "instr",
    "isnull",
    "json_array",
    "json_contains",
    "json_depth",
    "json_extract",
    "json_keys",
    "json_length",
    "json_object",
    "json_overlaps",
    "json_quote",
    "json_schema_valid",
    "json_type",
    "json_unquote",
    "json_valid",
    "least",
    "left",
    "length",
    "locate",
    "log10",
    "log2",
    "lower",
    "lpad",
    "ltrim",
    "now",
    "nullif",
    "ord",
    "power",
    "quote",
    "rand",
    "regexp_like",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "rpad",
    "rtrim",
    "sha2",
    "sign",
    "soundex",
];
const MORE: [&str; 28] = [
    "json_array_append",
    "json_array_insert",
    "json_contains_path",
    "json_insert",
    "json_merge_patch",
    "json_merge_preserve",
    "json_remove",
    "json_replace",
    "json_search",
    "json_set",
    "sqrt",
    "str_to_date",
    "strcmp",
    "time_to_sec",
    "timediff",
    "to_base64",
    "to_days",
    "truncate",
    "unhex",
    "unix_timestamp",
    "upper",
    "uuid",
    "uuid_to_bin",
    "year",
    "month",
    "hour",
    "minute",
    "weekday",
];

/// JSON_VALUE in the form that its parser gives it.
fn json_value(arguments: &[&Expr]) -> Option<String> {
    let [document, path, returning, on_empty, on_error] = arguments else { return None };
    let mut out = format!("json_value({}, {} returning ", text(document)?, text(path)?);
    match returning {
        Expr::Cast { data_type, expr, .. } => {
            let kind = data_type.to_string().to_ascii_lowercase().replace(',', ", ");
            out.push_str(kind.trim_end_matches(" integer"));
            if let Expr::Identifier(charset) = &**expr {
                out.push_str(&format!(" character set {}", charset.value.to_ascii_lowercase()));
            }
        }
        _none => out.push_str("char(512)"),
    }
    for (answer, clause) in [(on_empty, "empty"), (on_error, "error")] {
        match answer {
            Expr::Identifier(_) => out.push_str(&format!(" error on {clause}")),
            Expr::Nested(_) => out.push_str(&format!(" null on {clause}")),
            Expr::Tuple(values) => out.push_str(&format!(" default {} on {clause}", text(values.first()?)?)),
            _unsaid => {}
        }
    }
    out.push(')');
    Some(out)
}

fn call(function: &Function) -> Option<String> {
    let name = function.name.to_string().trim_matches('`').to_ascii_lowercase();
    let name = match name.as_str() {
        "lcase" => "lower",
        "ucase" => "upper",
        "character_length" => "char_length",
        "octet_length" => "length",
        "pow" => "power",
        "substring" => "substr",
        "current_timestamp" | "localtime" | "localtimestamp" => "now",
        "current_date" => "curdate",
        "json_merge" => "json_merge_preserve",
        "json_value" => return json_value(&expressions(function)?),
        "mod" => return infix(function, "%"),
        other => PLAIN.iter().chain(&MORE).find(|known| **known == other).copied()?,
    };
    Some(format!("{name}({})", arguments(function)?.join(",")))
}

fn infix(function: &Function, sign: &str) -> Option<String> {
    let arguments = arguments(function)?;
    let [left, right] = arguments.as_slice() else { return None };
    Some(format!("({left} {sign} {right})"))
}

fn arguments(function: &Function) -> Option<Vec<String>> {
    expressions(function)?.into_iter().map(text).collect()
}

fn expressions(function: &Function) -> Option<Vec<&Expr>> {
    match &function.args {
        FunctionArguments::None => Some(Vec::new()),
        FunctionArguments::List(list) => list
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
                _other => None,
            })
            .collect(),
        FunctionArguments::Subquery(_) => None,
    }
}

fn literal(value: &Value) -> Option<String> {
    Some(match value {
        Value::Number(digits, _) => digits.clone(),
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
            format!("_utf8mb4'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
        }
        Value::Null => "NULL".to_owned(),
        Value::Boolean(true) => "true".to_owned(),
        Value::Boolean(false) => "false".to_owned(),
        _other => return None,
    })
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
