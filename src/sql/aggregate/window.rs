//! Window functions: `function(…) OVER (…)`.
//!
//! MySQL's windows are PostgreSQL's: the same functions, default frames and peers. Named windows are written out. RANGE
//! frames with offsets compare keys as numbers, or as dates with intervals.

use sqlparser::ast::{
    NamedWindowDefinition, NamedWindowExpr, NullTreatment, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec,
    WindowType,
};

use super::super::operators::unnested;
use super::super::select::position;
use super::sequence::Sight;
use super::*;
use crate::value::Value;

/// A window with what it inherits from the windows that it names.
#[derive(Clone, Debug, Default)]
pub(super) struct Window<'w> {
    name: String,
    partition: &'w [Expr],
    order: &'w [OrderByExpr],
    pub(super) frame: Option<&'w WindowFrame>,
    /// When it's computed among the windows of its query.
    pub(super) rank: usize,
}

impl Window<'_> {
    /// A frame that rows leave, or the whole result.
    fn moves(&self) -> bool {
        match self.frame {
            Some(frame) => !matches!(frame.start_bound, WindowFrameBound::Preceding(None)),
            None => self.partition.is_empty() && self.order.is_empty(),
        }
    }

    /// A frame of RANGE with offsets: it stands beside one key only.
    fn is_range(&self) -> bool {
        let offset = |bound: &WindowFrameBound| {
            matches!(bound, WindowFrameBound::Preceding(Some(_)) | WindowFrameBound::Following(Some(_)))
        };
        self.frame.is_some_and(|frame| {
            frame.units == WindowFrameUnits::Range
                && (offset(&frame.start_bound) || frame.end_bound.as_ref().is_some_and(offset))
        })
    }
}

fn wrong(code: u16, text: String) -> SqlError {
    SqlError::new(code, "HY000", text)
}

impl Lowering<'_> {
    /// `function(…) OVER (…)`.
    pub(in crate::sql) fn window(
        &mut self,
        name: &str,
        function: &Function,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        if place.inside || !["field list", "order clause"].contains(&place.clause) {
            let lower = name.to_ascii_lowercase();
            return Err(wrong(3593, format!("You cannot use the window function '{lower}' in this context.'")));
        }
        self.shown.windows.push(place.scope.depth);
        let mut window = window_of(function.over.as_ref(), place.scope.windows)?;
        let nulls = match &function.args {
            FunctionArguments::List(list) => list.clauses.iter().any(|clause| {
                matches!(clause, FunctionArgumentClause::IgnoreOrRespectNulls(NullTreatment::IgnoreNulls))
            }),
            FunctionArguments::None | FunctionArguments::Subquery(_) => false,
        };
        if nulls || function.null_treatment == Some(NullTreatment::IgnoreNulls) {
            return Err(SqlError::unsupported("IGNORE NULLS"));
        }
        let call = if is_aggregate(name) {
            let FunctionArguments::List(list) = &function.args else { return Err(SqlError::argument_count(name)) };
            if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
                return Err(SqlError::unsupported("<window function>(DISTINCT ..)"));
            }
            if name == "GROUP_CONCAT" {
                return Err(SqlError::unsupported("group_concat as window function"));
            }
            let mut call = self.aggregate_call(name, function, place)?;
            if self.context.given.moving_sums && window.moves() {
                call.move_sums();
            }
            call
        } else {
            self.window_call(name, function, place)?
        };
        if !self.sequence.has_begun() {
            let keys = self.table_order(place)?;
            self.sequence.begin(keys);
        }
        let named = place.scope.windows.iter().position(|NamedWindowDefinition(own, _)| match &function.over {
            Some(WindowType::NamedWindow(name)) => own.value.eq_ignore_ascii_case(&name.value),
            Some(WindowType::WindowSpec(_)) | None => false,
        });
        window.rank = named.unwrap_or_else(|| self.sequence.next(place.scope.windows.len()));
        let over = self.over(name, &window, place)?;
        Ok(call.finish(&over))
    }

    /// Functions that are nothing but window functions.
    fn window_call(&mut self, name: &str, function: &Function, place: Place<'_>) -> Result<Call, SqlError> {
        let arguments = match &function.args {
            FunctionArguments::List(list) => plain_arguments(&list.args)?,
            FunctionArguments::None | FunctionArguments::Subquery(_) => Vec::new(),
        };
        let lower = name.to_ascii_lowercase();
        let integer = Type { unsigned: true, ..Type::integer(21) };
        match (name, arguments.as_slice()) {
            ("ROW_NUMBER" | "RANK" | "DENSE_RANK", []) => Ok(Call::bare(format!("{lower}()"), integer, false)),
            ("CUME_DIST" | "PERCENT_RANK", []) => Ok(Call::bare(format!("{lower}()"), Type::double(), false)),
            ("NTILE", [count]) => {
                let count = self.lower(count, place)?;
                let count = self.offset(&count, name, 1)?;
                Ok(Call { after: "::int8".to_owned(), ..Call::bare(format!("ntile({count})"), integer, true) })
            }
            ("FIRST_VALUE" | "LAST_VALUE", [value]) => {
                let value = self.lower(value, place)?;
                let sql = self.own(&value)?;
                Ok(Call::bare(format!("{lower}({sql})"), value.ty, true))
            }
            ("NTH_VALUE", [value, count]) => {
                let (value, count) = (self.lower(value, place)?, self.lower(count, place)?);
                let (sql, count) = (self.own(&value)?, self.offset(&count, name, 1)?);
                Ok(Call::bare(format!("nth_value({sql}, {count})"), value.ty, true))
            }
            ("LAG" | "LEAD", [value, rest @ ..]) if rest.len() < 3 => {
                let value = self.lower(value, place)?;
                let count = match rest.first() {
                    Some(count) => {
                        let count = self.lower(count, place)?;
                        self.offset(&count, name, 0)?
                    }
                    None => "1".to_owned(),
                };
                let Some(default) = rest.get(1) else {
                    let sql = self.own(&value)?;
                    return Ok(Call::bare(format!("{lower}({sql}, {count})"), value.ty, true));
                };
                let default = self.lower(default, place)?;
                let nullable = value.nullable || default.nullable;
                let both = [value, default];
                let (ty, sql) = self.unify(&both)?;
                let [value, default] = sql.as_slice() else { return Err(SqlError::argument_count(name)) };
                Ok(Call::bare(format!("{lower}({value}, {count}, {default})"), ty, nullable))
            }
            (
                "ROW_NUMBER" | "RANK" | "DENSE_RANK" | "CUME_DIST" | "PERCENT_RANK" | "NTILE" | "FIRST_VALUE"
                | "LAST_VALUE" | "NTH_VALUE" | "LAG" | "LEAD",
                _,
            ) => Err(SqlError::syntax(")", 1)),
            (other, _) => Err(SqlError::unsupported(format_args!("window function {other}"))),
        }
    }

    /// A number of rows: a literal or parameter.
    fn offset(&mut self, count: &Expression, function: &str, least: i64) -> Result<String, SqlError> {
        let fits = match count.constant() {
            Some(Value::Int(number)) => *number >= least,
            Some(Value::UInt(_)) => true,
            Some(_) => false,
            None => count.is_flexible(),
        };
        if matches!(count.constant(), Some(Value::Int(number)) if *number < 0) {
            return Err(SqlError::syntax("-", 1));
        }
        if !fits {
            let text = format!("Incorrect arguments to {}", function.to_ascii_lowercase());
            return Err(wrong(1210, text));
        }
        self.render(count, Carrier::Int4)
    }

    /// ` OVER (…)`.
    fn over(&mut self, function: &str, window: &Window<'_>, place: Place<'_>) -> Result<String, SqlError> {
        let name = &window.name;
        if window
            .partition
            .iter()
            .chain(window.order.iter().map(|item| &item.expr))
            .any(|expr| position(expr).is_some())
        {
            return Err(wrong(
                3592,
                format!(
                    "Window '{name}': ORDER BY or PARTITION BY uses legacy position indication which is not supported, use expression."
                ),
            ));
        }
        let mut parts = Vec::new();
        let place = Place { aggregates: Aggregates::Allowed, ..place };
        let nested = |error: SqlError| match error.code {
            3593 => wrong(3595, format!("You cannot nest a window function in the specification of window '{name}'.")),
            _other => error,
        };
        let spec = Place { clause: "window partition by", ..place };
        let mut partition = Vec::with_capacity(window.partition.len());
        let mut sorted = Vec::with_capacity(window.partition.len());
        for expr in window.partition {
            let value = self.lower(expr, spec).map_err(nested)?;
            let sql = self.comparable(&value)?;
            sorted.push(format!("{sql}{}", if value.nullable { " NULLS FIRST" } else { "" }));
            partition.push(sql);
        }
        if !partition.is_empty() {
            parts.push(format!("PARTITION BY {}", partition.join(", ")));
        }
        let spec = Place { clause: "window order by", ..place };
        let mut keys = Vec::with_capacity(window.order.len());
        for item in window.order {
            keys.push((self.lower(&item.expr, spec).map_err(nested)?, item));
        }
        let frame = window.frame.map(|frame| self.frame(frame, window, &keys, place)).transpose()?;
        let numeric = frame.as_ref().is_some_and(|(_, numeric)| *numeric);
        let mut order = Vec::with_capacity(keys.len());
        for (value, item) in &keys {
            let sql = match value.ty.class {
                Class::Integer | Class::Decimal if numeric => self.render(value, Carrier::Numeric)?,
                Class::Real if numeric => self.render(value, Carrier::Float8)?,
                _other => self.sort_key(value)?,
            };
            order.push(format!("{sql}{}", direction(item, value.nullable)));
        }
        let frame = frame.map(|(sql, _)| sql);
        let (own, lone) = (order.clone(), window.is_range());
        let sight = Sight { keys: sorted.iter().cloned().chain(order).collect(), own: own.len(), frame };
        let (keys, frame) = self.sequence.seen(function, window, sight);
        // Partitions come in MySQL's order too, NULL first, where keys of theirs may stand before the window's own.
        let order = match (lone, sorted == partition) {
            (true, _) => own,
            (false, true) => keys.into_iter().skip(partition.len()).collect(),
            (false, false) => keys,
        };
        if !order.is_empty() {
            parts.push(format!("ORDER BY {}", order.join(", ")));
        }
        parts.extend(frame);
        Ok(format!(" OVER ({})", parts.join(" ")))
    }

    /// A frame as text, and whether its keys are compared as numbers.
    fn frame(
        &mut self,
        frame: &WindowFrame,
        window: &Window<'_>,
        keys: &[(Expression, &OrderByExpr)],
        place: Place<'_>,
    ) -> Result<(String, bool), SqlError> {
        let name = &window.name;
        let end = frame.end_bound.as_ref().unwrap_or(&WindowFrameBound::CurrentRow);
        if matches!(frame.start_bound, WindowFrameBound::Following(None)) {
            return Err(wrong(3584, format!("Window '{name}': frame start cannot be UNBOUNDED FOLLOWING.")));
        }
        if matches!(end, WindowFrameBound::Preceding(None)) {
            return Err(wrong(3585, format!("Window '{name}': frame end cannot be UNBOUNDED PRECEDING.")));
        }
        let rank = |bound: &WindowFrameBound| match bound {
            WindowFrameBound::Preceding(_) => 0,
            WindowFrameBound::CurrentRow => 1,
            WindowFrameBound::Following(_) => 2,
        };
        if rank(&frame.start_bound) > rank(end) {
            let text = format!("Window '{name}': frame start or end is negative, NULL or of non-integral type");
            return Err(wrong(3586, text));
        }
        let word = match frame.units {
            WindowFrameUnits::Rows => "ROWS",
            WindowFrameUnits::Range => "RANGE",
            WindowFrameUnits::Groups => return Err(SqlError::unsupported("GROUPS")),
        };
        let offsets = [&frame.start_bound, end]
            .iter()
            .any(|bound| matches!(bound, WindowFrameBound::Preceding(Some(_)) | WindowFrameBound::Following(Some(_))));
        let range = word == "RANGE" && offsets;
        let key = match keys {
            [(key, _)] => Some(key),
            _several => None,
        };
        let sortable = key.is_some_and(|key| {
            matches!(
                key.ty.class,
                Class::Integer | Class::Decimal | Class::Real | Class::Date | Class::DateTime | Class::Time
            )
        });
        if range && !sortable {
            return Err(wrong(
                3587,
                format!(
                    "Window '{name}' with RANGE N PRECEDING/FOLLOWING frame requires exactly one deterministic ORDER BY expression, of numeric or temporal type"
                ),
            ));
        }
        let key = key.filter(|_| range);
        let start = self.bound(&frame.start_bound, key, name, place)?;
        let stop = self.bound(end, key, name, place)?;
        let numeric = key.is_some_and(|key| !key.ty.is_temporal());
        Ok((format!("{word} BETWEEN {start} AND {stop}"), numeric))
    }

    fn bound(
        &mut self,
        bound: &WindowFrameBound,
        key: Option<&Expression>,
        name: &str,
        place: Place<'_>,
    ) -> Result<String, SqlError> {
        let (expr, word) = match bound {
            WindowFrameBound::CurrentRow => return Ok("CURRENT ROW".to_owned()),
            WindowFrameBound::Preceding(None) => return Ok("UNBOUNDED PRECEDING".to_owned()),
            WindowFrameBound::Following(None) => return Ok("UNBOUNDED FOLLOWING".to_owned()),
            WindowFrameBound::Preceding(Some(expr)) => (expr, "PRECEDING"),
            WindowFrameBound::Following(Some(expr)) => (expr, "FOLLOWING"),
        };
        let negative =
            || wrong(3586, format!("Window '{name}': frame start or end is negative, NULL or of non-integral type"));
        if let Expr::Interval(interval) = unnested(expr) {
            let Some(key) = key else {
                return Err(wrong(3596, format!("Window '{name}': INTERVAL can only be used with RANGE frames.")));
            };
            if !key.ty.is_temporal() {
                return Err(wrong(
                    3589,
                    format!(
                        "Window '{name}' with RANGE frame has ORDER BY expression of numeric type, INTERVAL bound value not allowed."
                    ),
                ));
            }
            let amount = self.lower(&interval.value, place)?;
            if amount.is_null() || matches!(amount.constant(), Some(Value::Int(number)) if *number < 0) {
                return Err(negative());
            }
            let part = self.interval(interval, place)?;
            return Ok(format!("{} {word}", part.sql));
        }
        let value = self.lower(expr, Place::new(&super::super::scope::Scope::default(), "window frame"))?;
        if key.is_some_and(|key| key.ty.is_temporal()) {
            return Err(wrong(
                3588,
                format!(
                    "Window '{name}' with RANGE frame has ORDER BY expression of datetime type. Only INTERVAL bound value allowed."
                ),
            ));
        }
        let fits = match value.constant() {
            Some(Value::Int(number)) if *number < 0 => return Err(SqlError::syntax("-", 1)),
            Some(Value::Int(_) | Value::UInt(_)) => true,
            Some(Value::Decimal(digits)) => key.is_some() && !digits.starts_with('-'),
            Some(Value::Double(number)) => key.is_some() && *number >= 0.0,
            Some(_) => false,
            None if value.is_flexible() => true,
            None => {
                return Err(wrong(3590, format!("Window '{name}' has a non-constant frame bound.")));
            }
        };
        if !fits {
            return Err(negative());
        }
        let carrier = match key.map(|key| key.ty.class) {
            None => Carrier::Int8,
            Some(Class::Real) => Carrier::Float8,
            Some(_exact) => Carrier::Numeric,
        };
        Ok(format!("{} {word}", self.render(&value, carrier)?))
    }

    /// `ANY_VALUE(x)`: ONLY_FULL_GROUP_BY doesn't apply inside.
    pub(in crate::sql) fn any_value(&mut self, argument: &Expr, place: Place<'_>) -> Result<Expression, SqlError> {
        let lenient =
            place.grouping.map(|grouping| super::super::lower::Grouping { lenient: true, ..grouping.clone() });
        let value = self.lower(argument, Place { grouping: lenient.as_ref(), ..place })?;
        Ok(Expression { origin: None, ..value })
    }
}

/// The window that OVER means, with everything that it inherits.
fn window_of<'w>(over: Option<&'w WindowType>, windows: &'w [NamedWindowDefinition]) -> Result<Window<'w>, SqlError> {
    for (at, NamedWindowDefinition(name, _)) in windows.iter().enumerate() {
        let again = windows
            .iter()
            .take(at)
            .any(|NamedWindowDefinition(other, _)| other.value.eq_ignore_ascii_case(&name.value));
        if again {
            return Err(wrong(3591, format!("Window '{}' is defined twice.", name.value)));
        }
    }
    match over {
        Some(WindowType::NamedWindow(name)) => named(&name.value, windows, windows.len()),
        Some(WindowType::WindowSpec(spec)) => specified("<unnamed window>", spec, windows, windows.len()),
        None => Ok(Window::default()),
    }
}

fn named<'w>(name: &str, windows: &'w [NamedWindowDefinition], depth: usize) -> Result<Window<'w>, SqlError> {
    let found = windows.iter().find(|NamedWindowDefinition(own, _)| own.value.eq_ignore_ascii_case(name));
    let Some(NamedWindowDefinition(own, definition)) = found else {
        return Err(wrong(3579, format!("Window name '{name}' is not defined.")));
    };
    let Some(depth) = depth.checked_sub(1) else {
        return Err(wrong(3580, "There is a circularity in the window dependency graph.".to_owned()));
    };
    match definition {
        NamedWindowExpr::NamedWindow(other) => named(&other.value, windows, depth),
        NamedWindowExpr::WindowSpec(spec) => specified(&own.value, spec, windows, depth),
    }
}

fn specified<'w>(
    name: &str,
    spec: &'w WindowSpec,
    windows: &'w [NamedWindowDefinition],
    depth: usize,
) -> Result<Window<'w>, SqlError> {
    let own = Window {
        name: name.to_owned(),
        partition: &spec.partition_by,
        order: &spec.order_by,
        frame: spec.window_frame.as_ref(),
        rank: 0,
    };
    let Some(base) = &spec.window_name else { return Ok(own) };
    let base = named(&base.value, windows, depth)?;
    if !own.partition.is_empty() {
        return Err(wrong(3581, "A window which depends on another cannot define partitioning.".to_owned()));
    }
    if base.frame.is_some() {
        return Err(wrong(
            3582,
            format!("Window '{}' has a frame definition, so cannot be referenced by another window.", base.name),
        ));
    }
    if !own.order.is_empty() && !base.order.is_empty() {
        return Err(wrong(
            3583,
            format!("Window '{name}' cannot inherit '{}' since both contain an ORDER BY clause.", base.name),
        ));
    }
    let order = if own.order.is_empty() { base.order } else { own.order };
    Ok(Window { partition: base.partition, order, ..own })
}
