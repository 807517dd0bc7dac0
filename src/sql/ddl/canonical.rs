//! Expressions in the text that MySQL prints of them (`Item::print`), as SHOW CREATE TABLE shows them: lower-case names,
//! quoted columns, parentheses around every operator. `None` where the text isn't known; the definition is then shown
//! as it was written.

use sqlparser::ast::{
    BinaryOperator as B, CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query,
    UnaryOperator as U, Value,
};

/// What an expression's names and texts are printed as, which is the statement's affair.
pub(super) trait Names {
    fn column(&self, parts: &[Ident]) -> Option<String>;

    fn string(&self, text: &str) -> String;

    /// A query in parentheses.
    fn query(&self, query: &Query, form: Form) -> Option<String>;

    /// Aggregate and window functions.
    fn call(&self, printer: &Printer<'_>, function: &Function) -> Option<String>;

    fn is_query(&self) -> bool;
}

/// What a query inside an expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Value,
    Exists,
}

/// Names inside the definition of one table.
struct Own;

impl Names for Own {
    fn column(&self, parts: &[Ident]) -> Option<String> {
        Some(quoted(&parts.last()?.value))
    }

    fn string(&self, text: &str) -> String {
        format!("_utf8mb4{}", escaped(text))
    }

    fn query(&self, _query: &Query, _form: Form) -> Option<String> {
        None
    }

    fn call(&self, _printer: &Printer<'_>, _function: &Function) -> Option<String> {
        None
    }

    fn is_query(&self) -> bool {
        false
    }
}

/// The text of an expression in a table's definition.
pub(super) fn text(expr: &Expr) -> Option<String> {
    Printer { names: &Own }.text(expr)
}

/// Prints expressions.
pub(super) struct Printer<'n> {
    pub(super) names: &'n dyn Names,
}

impl Printer<'_> {
    /// The canonical text.
    pub(super) fn text(&self, expr: &Expr) -> Option<String> {
        Some(match expr {
            Expr::Value(value) => self.literal(&value.value)?,
            Expr::Identifier(ident) => self.names.column(std::slice::from_ref(ident))?,
            Expr::CompoundIdentifier(parts) => self.names.column(parts)?,
            Expr::Nested(inner) => self.text(inner)?,
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right)?,
            Expr::UnaryOp { op: U::Minus, expr } => match &**expr {
                Expr::Value(_) => format!("-({})", self.text(expr)?),
                other => format!("-({})", self.text(other)?),
            },
            Expr::UnaryOp { op: U::Plus, expr } => self.text(expr)?,
            Expr::UnaryOp { op: U::Not, expr } => self.negated(expr)?,
            Expr::IsNull(inner) => format!("({} is null)", self.text(inner)?),
            Expr::IsNotNull(inner) => format!("({} is not null)", self.text(inner)?),
            Expr::IsTrue(inner) => format!("({} is true)", self.truth(inner)?),
            Expr::IsNotTrue(inner) => format!("({} is not true)", self.truth(inner)?),
            Expr::IsFalse(inner) => format!("({} is false)", self.truth(inner)?),
            Expr::IsNotFalse(inner) => format!("({} is not false)", self.truth(inner)?),
            Expr::Between { expr, negated, low, high } => {
                let not = if *negated { "not " } else { "" };
                format!("({} {not}between {} and {})", self.text(expr)?, self.text(low)?, self.text(high)?)
            }
            Expr::InList { expr, list, negated } => {
                let not = if *negated { "not " } else { "" };
                let list = list.iter().map(|expr| self.text(expr)).collect::<Option<Vec<_>>>()?;
                if list.len() == 1 {
                    let sign = if *negated { "<>" } else { "=" };
                    format!("({} {sign} {})", self.text(expr)?, list.first()?)
                } else {
                    format!("({} {not}in ({}))", self.text(expr)?, list.join(","))
                }
            }
            Expr::Like { negated: false, any: false, expr, pattern, escape_char: None } => {
                format!("({} like {})", self.text(expr)?, self.text(pattern)?)
            }
            Expr::Like { negated: true, any: false, expr, pattern, escape_char: None } => {
                format!("(not(({} like {})))", self.text(expr)?, self.text(pattern)?)
            }
            Expr::RLike { negated: false, expr, pattern, .. } => {
                format!("regexp_like({},{})", self.text(expr)?, self.text(pattern)?)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())?
            }
            Expr::Function(function) => self.call(function)?,
            Expr::Extract { field, expr, .. } => {
                format!("extract({} from {})", field.to_string().to_lowercase(), self.text(expr)?)
            }
            Expr::Ceil { expr, .. } => format!("ceiling({})", self.text(expr)?),
            Expr::Floor { expr, .. } => format!("floor({})", self.text(expr)?),
            other => self.in_query(other)?,
        })
    }

    /// What stands in queries only.
    fn in_query(&self, expr: &Expr) -> Option<String> {
        if !self.names.is_query() {
            return None;
        }
        Some(match expr {
            Expr::Exists { subquery, negated } => {
                let text = format!("exists{}", self.names.query(subquery, Form::Exists)?);
                if *negated { format!("(not {text})") } else { text }
            }
            Expr::Subquery(query) => self.names.query(query, Form::Value)?,
            Expr::InSubquery { expr, subquery, negated: false } => {
                format!("{} in {}", self.text(expr)?, self.names.query(subquery, Form::Value)?)
            }
            Expr::Like { negated: false, any: false, expr, pattern, escape_char: Some(sign) } => {
                let (text, pattern) = (self.text(expr)?, self.text(pattern)?);
                format!("({text} like {pattern} escape {})", self.text(sign)?)
            }
            Expr::Cast { expr, data_type, .. } => {
                let kind = data_type.to_string().to_ascii_lowercase();
                let kind = match kind.trim_end_matches(" integer") {
                    "real" | "double" => "double",
                    "float" => "float",
                    kind @ ("signed" | "unsigned" | "json" | "date" | "datetime" | "time" | "year") => kind,
                    other => match other.strip_prefix("float(").and_then(|rest| rest.strip_suffix(')')) {
                        Some(digits) if digits.parse::<u8>().ok()? <= 24 => "float",
                        Some(_) => "double",
                        None => return None,
                    },
                };
                format!("cast({} as {kind})", self.text(expr)?)
            }
            _other => return None,
        })
    }

    fn literal(&self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Number(digits, _) if digits.starts_with('.') => format!("0{digits}"),
            Value::Number(digits, _) => digits.clone(),
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => self.names.string(text),
            Value::Null => "NULL".to_owned(),
            Value::Boolean(true) => "true".to_owned(),
            Value::Boolean(false) => "false".to_owned(),
            _other => return None,
        })
    }

    /// The text as a condition: a number stands for its comparison with 0.
    pub(super) fn truth(&self, expr: &Expr) -> Option<String> {
        let plain = self.text(expr)?;
        Some(if is_condition(expr) { plain } else { format!("(0 <> {plain})") })
    }

    /// NOT: MySQL turns a negated comparison around.
    fn negated(&self, expr: &Expr) -> Option<String> {
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
                Some(format!("({} {turned} {})", self.text(left)?, self.text(right)?))
            }
            Expr::IsNull(of) => Some(format!("({} is not null)", self.text(of)?)),
            Expr::IsNotNull(of) => Some(format!("({} is null)", self.text(of)?)),
            other if !is_condition(other) => Some(format!("(0 = {})", self.text(other)?)),
            _other => None,
        }
    }

    fn binary(&self, left: &Expr, op: &B, right: &Expr) -> Option<String> {
        let sign = match op {
            B::And | B::Or | B::Xor => return self.connected(left, op, right),
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
            B::Arrow => return Some(format!("json_extract({},{})", self.text(left)?, self.text(right)?)),
            B::LongArrow => {
                return Some(format!("json_unquote(json_extract({},{}))", self.text(left)?, self.text(right)?));
            }
            _other => return None,
        };
        Some(format!("({} {sign} {})", self.text(left)?, self.text(right)?))
    }

    /// AND and OR are printed flat, XOR isn't.
    fn connected(&self, left: &Expr, op: &B, right: &Expr) -> Option<String> {
        let word = match op {
            B::And => " and ",
            B::Or => " or ",
            _xor => return Some(format!("({} xor {})", self.truth(left)?, self.truth(right)?)),
        };
        let mut parts = Vec::new();
        for side in [left, right] {
            self.flatten(side, op, &mut parts)?;
        }
        Some(format!("({})", parts.join(word)))
    }

    fn flatten(&self, expr: &Expr, op: &B, parts: &mut Vec<String>) -> Option<()> {
        let mut inner = expr;
        while let Expr::Nested(next) = inner {
            inner = next;
        }
        match inner {
            Expr::BinaryOp { left, op: own, right } if own == op => {
                self.flatten(left, op, parts)?;
                self.flatten(right, op, parts)
            }
            other => {
                parts.push(self.truth(other)?);
                Some(())
            }
        }
    }

    fn case(&self, operand: Option<&Expr>, conditions: &[CaseWhen], otherwise: Option<&Expr>) -> Option<String> {
        let mut out = String::from("(case");
        if let Some(operand) = operand {
            out.push_str(&format!(" {}", self.text(operand)?));
        }
        for branch in conditions {
            let plain = operand.is_some() || self.names.is_query();
            let condition = if plain { self.text(&branch.condition)? } else { self.truth(&branch.condition)? };
            out.push_str(&format!(" when {condition} then {}", self.text(&branch.result)?));
        }
        if let Some(otherwise) = otherwise {
            out.push_str(&format!(" else {}", self.text(otherwise)?));
        }
        out.push_str(" end)");
        Some(out)
    }

    /// JSON_VALUE in the form that its parser gives it.
    fn json_value(&self, arguments: &[&Expr]) -> Option<String> {
        let [document, path, returning, on_empty, on_error] = arguments else { return None };
        let mut out = format!("json_value({}, {} returning ", self.text(document)?, self.text(path)?);
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
                Expr::Tuple(values) => out.push_str(&format!(" default {} on {clause}", self.text(values.first()?)?)),
                _unsaid => {}
            }
        }
        out.push(')');
        Some(out)
    }

    fn call(&self, function: &Function) -> Option<String> {
        if let Some(text) = self.names.call(self, function) {
            return Some(text);
        }
        if function.over.is_some() {
            return None;
        }
        let name = function.name.to_string().trim_matches('`').to_ascii_lowercase();
        let name = match name.as_str() {
            "lcase" => "lower",
            "ucase" => "upper",
            "character_length" => "char_length",
            "octet_length" => "length",
            "power" => "pow",
            "isnull" | "datediff" | "week" => return self.reshaped(&name, &self.arguments(function)?),
            "substring" => "substr",
            "current_timestamp" | "localtime" | "localtimestamp" => "now",
            "current_date" => "curdate",
            "json_merge" => "json_merge_preserve",
            "json_value" => return self.json_value(&expressions(function)?),
            "mod" => return self.infix(function, "%"),
            other => PLAIN.iter().chain(&MORE).find(|known| **known == other).copied()?,
        };
        Some(format!("{name}({})", self.arguments(function)?.join(",")))
    }

    /// Functions that MySQL keeps as something else.
    fn reshaped(&self, name: &str, arguments: &[String]) -> Option<String> {
        Some(match (name, arguments) {
            ("isnull", [value]) => format!("({value} is null)"),
            ("datediff", [left, right]) => format!("(to_days({left}) - to_days({right}))"),
            ("week", [date]) => format!("week({date},0)"),
            (_, _) => return None,
        })
    }

    fn infix(&self, function: &Function, sign: &str) -> Option<String> {
        let arguments = self.arguments(function)?;
        let [left, right] = arguments.as_slice() else { return None };
        Some(format!("({left} {sign} {right})"))
    }

    pub(super) fn arguments(&self, function: &Function) -> Option<Vec<String>> {
        expressions(function)?.into_iter().map(|expr| self.text(expr)).collect()
    }
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
        | Expr::RLike { .. }
        | Expr::Exists { .. }
        | Expr::InSubquery { .. } => true,
        Expr::Value(value) => matches!(value.value, Value::Boolean(_)),
        Expr::Function(function) => {
            let name = function.name.to_string().to_ascii_lowercase();
            ["json_valid", "json_contains", "json_contains_path", "json_schema_valid", "regexp_like", "json_overlaps"]
                .contains(&name.trim_matches('`'))
        }
        _other => false,
    }
}

/// Functions whose printed name is their own; the others are left as written.
const PLAIN: [&str; 64] = [
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
    "pow",
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

pub(super) fn expressions(function: &Function) -> Option<Vec<&Expr>> {
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

pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A string as MySQL writes it into definitions.
pub(super) fn escaped(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
