//! Typed expressions, and how one becomes PostgreSQL text of a wanted type.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::schema::{Column, Table, collation};
use crate::value::Value;
use crate::wire::FieldType;

use super::dialect::{Modes, Source};
use super::plan::{Assignment, Context, Known, Parameter, ParameterSource, Purpose, SqlError};
use super::types::{Carrier, Class, Collation, NOT_FIXED, Type};
use crate::wire::constants::column_flags as flag;

/// The stored column that an expression is.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) table: Arc<Table>,
    pub(super) column: usize,
    /// The table's alias in the query.
    pub(super) alias: String,
}

impl Origin {
    pub(super) fn column(&self) -> Option<&Column> {
        self.table.columns.get(self.column)
    }

    pub(super) fn is_invisible(&self) -> bool {
        self.column().is_some_and(|column| column.invisible)
    }
}

/// What an expression is made of.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// PostgreSQL text of the type's carrier.
    Sql(String),
    /// PostgreSQL text of type boolean; 1, 0 or NULL to MySQL.
    Condition(String),
    /// A value given at execution.
    Parameter(ParameterSource),
}

/// An expression with the type that MySQL gives it.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) body: Body,
    pub(super) ty: Type,
    pub(super) nullable: bool,
    pub(super) origin: Option<Origin>,
}

impl Expression {
    pub(super) fn sql(sql: impl Into<String>, ty: Type, nullable: bool) -> Self {
        Self { body: Body::Sql(sql.into()), ty, nullable, origin: None }
    }

    pub(super) fn condition(sql: impl Into<String>, nullable: bool) -> Self {
        Self { body: Body::Condition(sql.into()), ty: Type::truth(), nullable, origin: None }
    }

    pub(super) fn source(source: ParameterSource, ty: Type, nullable: bool) -> Self {
        Self { body: Body::Parameter(source), ty, nullable, origin: None }
    }

    pub(super) fn literal(value: Value, ty: Type) -> Self {
        let nullable = value == Value::Null;
        Self::source(ParameterSource::Literal(value), ty, nullable)
    }

    pub(super) fn null() -> Self {
        Self::literal(Value::Null, Type::null())
    }

    /// The value, when it's written in the text.
    pub(super) fn constant(&self) -> Option<&Value> {
        match &self.body {
            Body::Parameter(ParameterSource::Literal(value)) => Some(value),
            Body::Parameter(_) | Body::Sql(_) | Body::Condition(_) => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.constant() == Some(&Value::Null)
    }

    /// A literal or a client's parameter: it takes the type of what it's compared with.
    pub(super) fn is_flexible(&self) -> bool {
        matches!(
            self.body,
            Body::Parameter(
                ParameterSource::Literal(_)
                    | ParameterSource::Client(_)
                    | ParameterSource::UserVariable(_)
                    | ParameterSource::Variable(_)
            )
        )
    }
}

/// A table that the statement writes.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) table: crate::schema::TableName,
    /// As messages call it.
    pub(super) called: String,
    /// Under which names the statement may not read it: all, or (INSERT) only its own.
    pub(super) under_any_name: bool,
}

/// The work on one statement: what it depends on, and the parameters found so far.
#[derive(Debug)]
pub(super) struct Lowering<'c> {
    pub(super) context: &'c Context,
    pub(super) modes: Modes,
    pub(super) source: &'c Source<'c>,
    pub(super) parameters: Vec<Parameter>,
    /// Aggregate functions met so far, by the depth of the query that they belong to.
    pub(super) aggregates: Vec<usize>,
    /// Depth of the innermost query among the columns named since this was last cleared.
    pub(super) innermost: Option<usize>,
    /// What MySQL asks about a subquery that is compared with.
    pub(super) shown: super::shown::Shown,
    /// How the rows of the query at hand come to its windows.
    pub(super) sequence: super::aggregate::Sequence,
    /// Looking whether an expression is one of GROUP BY: nothing of what is found is kept.
    pub(super) speculating: bool,
    /// Common table expressions in sight, innermost last.
    pub(super) tables: Vec<(String, super::select::Derived)>,
    /// Positions of the client's `?` whose class was asked for, and so is part of what the plan depends on.
    pub(super) asked: BTreeSet<usize>,
    /// What the condition of the SELECT whose FROM is read fixes.
    pub(super) restrictions: Vec<super::information_schema::Restriction>,
    /// Recursive ones whose recursive part is being worked on, innermost last.
    pub(super) recursions: Vec<super::select::Recursion>,
    /// The name of a recursive one behind its own LIMIT.
    pub(super) limited: Option<String>,
    /// What the statement's form makes of values that don't fit.
    pub(super) form: super::assign::Form,
    /// The title of the CAST that is lowered next, which its warnings call it by.
    pub(super) naming: Option<String>,
    /// What MySQL warns of before the statement is executed.
    pub(super) warnings: Vec<crate::wire::condition::Condition>,
    /// Views that the query at hand stands inside.
    pub(super) depth: usize,
    /// Who reads the rows of the query that comes.
    pub(super) reader: super::select::Reader,
    /// Conversions warn of nothing: for expressions that have to be immutable, in indexes and generated columns.
    pub(super) quiet: bool,
    /// Assignments to user variables inside the statement.
    pub(super) assigning: super::assigning::Assigning,
    /// The tables that the statement writes and what it calls them: subqueries may not read them.
    pub(super) written: Vec<Written>,
    /// The first temporary table that the statement reads.
    pub(super) temporary: Option<String>,
    /// The stored tables that the statement reads, those of views among them.
    pub(super) read: BTreeSet<crate::schema::TableName>,
    seen: HashMap<String, usize>,
    names: usize,
}

impl<'c> Lowering<'c> {
    pub(super) fn new(context: &'c Context, modes: Modes, source: &'c Source<'c>) -> Self {
        Self {
            context,
            modes,
            source,
            parameters: Vec::new(),
            aggregates: Vec::new(),
            innermost: None,
            shown: super::shown::Shown::default(),
            sequence: super::aggregate::Sequence::default(),
            speculating: false,
            tables: Vec::new(),
            asked: BTreeSet::new(),
            restrictions: Vec::new(),
            recursions: Vec::new(),
            limited: None,
            form: super::assign::Form::default(),
            naming: None,
            warnings: Vec::new(),
            depth: 0,
            reader: super::select::Reader::Statement,
            quiet: false,
            written: Vec::new(),
            assigning: super::assigning::Assigning::default(),
            temporary: None,
            read: BTreeSet::new(),
            seen: HashMap::new(),
            names: 0,
        }
    }

    /// Lowers another text, such as a view's, into the same statement: parameters and names are shared.
    pub(super) fn nested<R>(
        &mut self,
        context: &Context,
        modes: Modes,
        source: &Source<'_>,
        lower: impl FnOnce(&mut Lowering<'_>) -> R,
    ) -> R {
        let mut inner = Lowering::new(context, modes, source);
        inner.depth = self.depth + 1;
        inner.reader = super::select::Reader::Query;
        inner.names = self.names;
        inner.parameters = std::mem::take(&mut self.parameters);
        inner.seen = std::mem::take(&mut self.seen);
        let answer = lower(&mut inner);
        self.names = inner.names;
        self.parameters = std::mem::take(&mut inner.parameters);
        self.seen = std::mem::take(&mut inner.seen);
        self.warnings.append(&mut inner.warnings);
        self.read.append(&mut inner.read);
        answer
    }

    /// Refuses, by name, what gives another result when it's repeated.
    pub(super) fn deterministic(&self, what: &str) -> Result<(), SqlError> {
        match self.context.purpose {
            Purpose::Serve => Ok(()),
            Purpose::Replay => Err(SqlError::unsupported(format_args!("replay of {what}"))),
        }
    }

    /// How many aggregate functions belong to the query of that depth.
    pub(super) fn aggregates_at(&self, depth: usize) -> usize {
        self.aggregates.get(depth).copied().unwrap_or_default()
    }

    /// Counts an aggregate function for the query of that depth.
    pub(super) fn count_aggregate(&mut self, depth: usize) {
        if self.aggregates.len() <= depth {
            self.aggregates.resize(depth + 1, 0);
        }
        self.aggregates.get_mut(depth).into_iter().for_each(|count| *count += 1);
    }

    /// A name that nothing else in the statement has.
    pub(super) fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}_{}", self.names)
    }

    /// `$n` for a value. The same source asked for twice is the same parameter: PostgreSQL must see that an expression
    /// in GROUP BY and in the select list is one.
    pub(super) fn parameter(&mut self, source: &ParameterSource, type_oid: u32) -> String {
        let key = format!("{type_oid} {source:?}");
        let parameters = &mut self.parameters;
        let lifted = matches!(self.context.parameters, Known::Literals(_));
        let number = *self.seen.entry(key).or_insert_with(|| {
            parameters.push(Parameter { source: source.clone(), type_oid, assignment: None, lifted });
            parameters.len()
        });
        format!("${number}")
    }

    /// The client's `?` at a position, of the type that its value is known to have.
    pub(super) fn placeholder(&mut self, position: usize) -> Expression {
        let ty = self.context.parameters.class(position).map_or_else(Type::open, |class| {
            self.asked.insert(position);
            class.expression_type()
        });
        Expression::source(ParameterSource::Client(position), ty, true)
    }

    /// `$n` for a value that is stored in a column: it's coerced when it's bound, whatever its class.
    pub(super) fn assigned(&mut self, source: ParameterSource, type_oid: u32, assignment: Assignment) -> String {
        if let ParameterSource::Client(position) = source {
            self.asked.remove(&position);
        }
        self.parameters.push(Parameter { source, type_oid, assignment: Some(assignment), lifted: false });
        format!("${}", self.parameters.len())
    }

    /// PostgreSQL text of the expression, of type `carrier`.
    pub(super) fn render(&mut self, expression: &Expression, carrier: Carrier) -> Result<String, SqlError> {
        // A local variable is a value of its type, like a column's.
        if let Body::Parameter(source @ ParameterSource::Local(_)) = &expression.body {
            let sql = self.parameter(source, expression.ty.carrier.oid());
            return self.render(&Expression { body: Body::Sql(sql), ..expression.clone() }, carrier);
        }
        let number = matches!(
            carrier,
            Carrier::Int2 | Carrier::Int4 | Carrier::Int8 | Carrier::Numeric | Carrier::Float4 | Carrier::Float8
        );
        if number && let Some(literal) = number_of_bytes(expression)? {
            return self.render(&literal, carrier);
        }
        if number
            && expression.ty.is_enum()
            && let Body::Sql(sql) = &expression.body
        {
            return label_number(sql, expression, carrier);
        }
        if let Some(sql) = self.rounded(expression, carrier)? {
            return Ok(sql);
        }
        if expression.ty.field == FieldType::Bit && matches!(carrier, Carrier::Bytes | Carrier::Text) {
            let bits = format!("\"mysql\".bits({})", self.render(expression, Carrier::Numeric)?);
            let bytes = expression.ty.length.div_ceil(8);
            let sql = format!("substr(int8send({bits}), {})", 9_u32.saturating_sub(bytes));
            return cast(&sql, &Type::bytes(bytes), carrier);
        }
        if carrier == Carrier::Bytes
            && let Some(bytes) = super::charset::bytes_of_literal(expression)
        {
            return Ok(self.parameter(&ParameterSource::Literal(Value::Bytes(bytes)), carrier.oid()));
        }
        match &expression.body {
            Body::Condition(sql) if carrier == Carrier::Int4 => Ok(format!("({sql})::int4")),
            Body::Condition(sql) => cast(&format!("({sql})::int4"), &Type::truth(), carrier),
            Body::Sql(sql) => {
                let zoned = (expression.ty.carrier == Carrier::TimestampTz) != (carrier == Carrier::TimestampTz);
                if zoned && (expression.ty.is_temporal() || matches!(carrier, Carrier::TimestampTz)) {
                    self.deterministic("a conversion between TIMESTAMP and another type")?;
                }
                if matches!(expression.ty.class, Class::Text | Class::Bytes | Class::Open)
                    && matches!(expression.ty.carrier, Carrier::Text | Carrier::Bytes)
                    && number
                    && !self.quiet
                {
                    return Ok(noted_number(sql, expression.ty.carrier, carrier));
                }
                cast(sql, &expression.ty, carrier)
            }
            Body::Parameter(ParameterSource::Literal(Value::Null)) => Ok(format!("NULL::{}", carrier.name())),
            Body::Parameter(source) if expression.is_flexible() => Ok(self.parameter(source, carrier.oid())),
            Body::Parameter(source) => {
                let own = self.parameter(source, expression.ty.carrier.oid());
                cast(&own, &expression.ty, carrier)
            }
        }
    }

    /// A literal where a whole number is wanted: a fraction is rounded, text gives the digits that it begins with.
    fn rounded(&mut self, expression: &Expression, carrier: Carrier) -> Result<Option<String>, SqlError> {
        if !matches!(carrier, Carrier::Int2 | Carrier::Int4 | Carrier::Int8) || !expression.is_flexible() {
            return Ok(None);
        }
        let number = match (expression.ty.class, expression.constant()) {
            (Class::Decimal, _) => self.render(expression, Carrier::Numeric)?,
            (Class::Real, _) => self.render(expression, Carrier::Float8)?,
            (_, Some(Value::Text(text))) if super::bind::number_prefix(text).parse::<i64>().is_err() => {
                let text = self.render(expression, Carrier::Text)?;
                return Ok(Some(format!("\"mysql\".signed_of({text})")));
            }
            (_, _) => return Ok(None),
        };
        Ok(Some(format!("round({number})::{}", carrier.name())))
    }

    /// PostgreSQL text in the expression's own type.
    pub(super) fn own(&mut self, expression: &Expression) -> Result<String, SqlError> {
        self.render(expression, expression.ty.carrier)
    }

    /// PostgreSQL text of type boolean, as MySQL takes any value for a condition.
    pub(super) fn truth(&mut self, expression: &Expression) -> Result<String, SqlError> {
        if let Body::Condition(sql) = &expression.body {
            return Ok(sql.clone());
        }
        if let Some(value) = expression.constant() {
            let known = match value {
                Value::Null => Some("NULL::boolean"),
                Value::Int(0) | Value::UInt(0) => Some("FALSE"),
                Value::Int(_) | Value::UInt(_) => Some("TRUE"),
                Value::Float(_)
                | Value::Double(_)
                | Value::Decimal(_)
                | Value::Text(_)
                | Value::Bytes(_)
                | Value::Date(_)
                | Value::DateTime(..)
                | Value::Time { .. } => None,
            };
            if let Some(known) = known {
                return Ok(known.to_owned());
            }
        }
        let carrier = match expression.ty.class {
            Class::Integer | Class::Decimal | Class::Real => expression.ty.carrier,
            Class::Bytes if expression.ty.unsigned => Carrier::Numeric,
            Class::Text if expression.ty.is_enum() => Carrier::Int8,
            Class::Null | Class::Open | Class::Text | Class::Bytes | Class::Date | Class::DateTime | Class::Time => {
                Carrier::Float8
            }
            Class::Json => {
                self.warn_once(3986, super::json::CONDITION_WARNING);
                return Ok(format!("({} <> '0'::jsonb)", self.own(expression)?));
            }
        };
        Ok(format!("({} <> 0)", self.render(expression, carrier)?))
    }

    /// A warning of the statement itself; a part of it that is looked at twice warns once.
    pub(super) fn warn_once(&mut self, code: u16, message: &str) {
        let warning = crate::wire::condition::Condition::warning(code, message.to_owned());
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Text of character data, for functions that work on text.
    pub(super) fn text(&mut self, expression: &Expression) -> Result<String, SqlError> {
        self.render(expression, Carrier::Text)
    }

    /// The COLLATE clause for a comparison of two character values, or nothing where PostgreSQL finds it by itself.
    pub(super) fn collate(&self, left: &Expression, right: &Expression, operation: &str) -> Result<Collated, SqlError> {
        let winner = self.common_collation(left, right, operation)?;
        let native = |side: &Expression| {
            side.origin.is_some() && side.ty.collation.as_ref().is_some_and(|own| own.name == winner.name)
        };
        let neutral = |side: &Expression| native(side) || matches!(side.body, Body::Parameter(_));
        let clause = if (native(left) && neutral(right)) || (native(right) && neutral(left)) {
            String::new()
        } else {
            format!(" COLLATE {}", self.collation_sql(&winner.name)?)
        };
        Ok(Collated { clause, pads: collation::pads_blanks(&winner.name) })
    }

    /// The collation under which two character values meet; `operation` is MySQL's word for what they meet in.
    pub(super) fn common_collation(
        &self,
        left: &Expression,
        right: &Expression,
        operation: &str,
    ) -> Result<Collation, SqlError> {
        let fallback =
            || Collation { name: self.context.collation.clone(), coercibility: super::types::Coercibility::Literal };
        let of = |side: &Expression| {
            side.ty.collation.clone().filter(|_| !matches!(side.ty.class, Class::Null | Class::Open))
        };
        let (Some(left_own), Some(right_own)) = (of(left), of(right)) else {
            return Ok(of(left).or(of(right)).unwrap_or_else(fallback));
        };
        let winner = super::charset::aggregate(&left_own, &right_own, operation)?;
        self.representable(left, &winner)?;
        self.representable(right, &winner)?;
        Ok(winner)
    }

    /// As written after COLLATE.
    pub(super) fn collation_sql(&self, name: &str) -> Result<String, SqlError> {
        match collation::carrier(name) {
            Some(carrier) => Ok(carrier.sql),
            None if super::charset::is_collation(name) => Err(SqlError::unsupported(format_args!("collation {name}"))),
            None => Err(SqlError::new(1273, "HY000", format!("Unknown collation: '{name}'"))),
        }
    }
}

/// How two character values are compared.
#[derive(Clone, Debug)]
pub(super) struct Collated {
    /// ` COLLATE …` or nothing.
    pub(super) clause: String,
    /// Trailing blanks don't count.
    pub(super) pads: bool,
}

fn fraction_format(decimals: u8) -> &'static str {
    match decimals {
        0 => "",
        1 => ".FF1",
        2 => ".FF2",
        3 => ".FF3",
        4 => ".FF4",
        5 => ".FF5",
        _six => ".FF6",
    }
}

/// Converts PostgreSQL text of the type's carrier to another carrier, as MySQL converts implicitly.
pub(super) fn cast(sql: &str, ty: &Type, to: Carrier) -> Result<String, SqlError> {
    use Carrier::{
        Bytes, Date, Float4, Float8, Int2, Int4, Int8, Interval, Json, Numeric, Text, Timestamp, TimestampTz,
    };
    let from = ty.carrier;
    let refused = || SqlError::unsupported(format_args!("implicit conversion of {} to {}", from.name(), to.name()));
    let converted = match (from, to) {
        (same, wanted) if same == wanted => sql.to_owned(),
        // By way of its shortest digits: PostgreSQL's own conversion keeps fifteen.
        (Float4 | Float8, Numeric) => format!("(({sql})::float8)::text::numeric"),
        (Int2 | Int4 | Int8 | Numeric | Float4 | Float8, Int2 | Int4 | Int8 | Numeric | Float4 | Float8) => {
            format!("({sql})::{}", to.name())
        }
        (Int2 | Int4 | Int8 | Numeric, Text) if ty.flags & flag::ZEROFILL != 0 => {
            format!("lpad(({sql})::text, greatest({}, length(({sql})::text)), '0')", ty.length)
        }
        (Int2 | Int4 | Int8 | Numeric, Text) => format!("({sql})::text"),
        // Values of FLOAT(M,D) and DOUBLE(M,D) are decimals already; only the zeros at the end are missing.
        (Float8 | Float4, Text) if ty.decimals < NOT_FIXED && ty.length <= 15 => {
            format!("round(({sql})::numeric, {})::text", ty.decimals)
        }
        (Float8, Text) => format!("\"mysql\".double_text({sql})"),
        (Float4, Text) => format!("\"mysql\".float_text({sql})"),
        (Date, Text) => format!("\"mysql\".moment_text({sql}, 'YYYY-MM-DD')"),
        (Timestamp | TimestampTz, Text) => {
            format!(
                "\"mysql\".moment_text(({sql})::timestamp, 'YYYY-MM-DD HH24:MI:SS{}')",
                fraction_format(ty.decimals)
            )
        }
        (Interval, Text) => format!("\"mysql\".time_text({sql}, {})", ty.decimals),
        (Json, Text) => format!("\"mysql\".json_text({sql})"),
        (Bytes, Text) => format!("convert_from({sql}, 'UTF8')"),
        (Text, Bytes) => super::charset::encode(sql, ty)?,
        (Bytes, Float8) => format!("\"mysql\".number(encode({sql}, 'escape'))"),
        (Bytes, Numeric) => format!("\"mysql\".exact_number(encode({sql}, 'escape'))"),
        (Bytes, Int2 | Int4 | Int8 | Float4) => {
            format!("\"mysql\".number(encode({sql}, 'escape'))::{}", to.name())
        }
        (Int2 | Int4 | Int8 | Numeric | Float4 | Float8 | Date | Timestamp | TimestampTz | Interval | Json, Bytes) => {
            format!("convert_to({}, 'UTF8')", cast(sql, ty, Text)?)
        }
        (Text, Float8) => format!("\"mysql\".number({sql})"),
        (Text, Float4 | Int2 | Int4 | Int8) => format!("\"mysql\".number({sql})::{}", to.name()),
        (Text, Numeric) => format!("\"mysql\".exact_number({sql})"),
        (Text, Timestamp) => format!("\"mysql\".timestamp({sql})"),
        (Text, Date | TimestampTz) => format!("\"mysql\".timestamp({sql})::{}", to.name()),
        (Text, Interval) => format!("\"mysql\".time({sql})"),
        (Text, Json) => format!("\"mysql\".json_document({sql}, 'in argument 1 to function cast_as_json')"),
        (_, Json) => super::json::scalar_sql(sql, ty)?,
        (Date, Timestamp | TimestampTz) | (Timestamp, Date | TimestampTz) | (TimestampTz, Date | Timestamp) => {
            format!("({sql})::{}", to.name())
        }
        (Date, Int2 | Int4 | Int8 | Numeric | Float4 | Float8) => {
            format!("\"mysql\".moment_text({sql}, 'YYYYMMDD')::{}", to.name())
        }
        // A fraction is rounded to whole seconds, so that 59.6 seconds make a minute.
        (Timestamp | TimestampTz, Int2 | Int4 | Int8) if ty.decimals > 0 => {
            format!("\"mysql\".moment_text(({sql})::timestamp(0), 'YYYYMMDDHH24MISS')::{}", to.name())
        }
        (Timestamp | TimestampTz, Int2 | Int4 | Int8 | Numeric | Float4 | Float8) => {
            let point = if ty.decimals > 0 && !matches!(to, Int2 | Int4 | Int8) { "." } else { "" };
            let fraction = if point.is_empty() { "" } else { fraction_format(ty.decimals).trim_start_matches('.') };
            format!("\"mysql\".moment_text(({sql})::timestamp, 'YYYYMMDDHH24MISS{point}{fraction}')::{}", to.name())
        }
        (Interval, Int2 | Int4 | Int8) if ty.decimals > 0 => {
            format!("\"mysql\".time_number(\"mysql\".rounded_time({sql}, 0))::{}", to.name())
        }
        (Interval, Int2 | Int4 | Int8) => format!("\"mysql\".time_number({sql})::{}", to.name()),
        (Interval, Numeric | Float4 | Float8) => format!("\"mysql\".time_number({sql})::{}", to.name()),
        (Json, Int2 | Int4 | Int8 | Numeric | Float4 | Float8) => {
            let name = if sql.starts_with('"') && !sql.contains('(') {
                sql.rsplit('.').next().unwrap_or(sql).trim_matches('"')
            } else {
                super::json::function_name(sql)
            };
            super::json::number_sql(sql, &crate::schema::quote::literal(name), to)
        }
        (_, _) => return Err(refused()),
    };
    Ok(converted)
}

/// A hexadecimal or bit literal as the number that it is beside numbers: its bytes, the first being the highest.
fn number_of_bytes(expression: &Expression) -> Result<Option<Expression>, SqlError> {
    let Some(Value::Bytes(bytes)) = expression.constant() else { return Ok(None) };
    if !expression.ty.unsigned {
        return Ok(None);
    }
    if bytes.len() > 8 {
        return Err(SqlError::unsupported("a hexadecimal literal of more than eight bytes as a number"));
    }
    let value = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let ty = Type { unsigned: true, carrier: Carrier::Numeric, ..Type::integer(20) };
    Ok(Some(Expression::literal(Value::UInt(value), ty)))
}

/// ENUM and SET as numbers: the position of the label, or one bit for each member.
fn label_number(sql: &str, expression: &Expression, carrier: Carrier) -> Result<String, SqlError> {
    use crate::schema::{ColumnType, quote};
    let column_type = expression.origin.as_ref().and_then(Origin::column).map(|column| &column.column_type);
    let list = |labels: &[String]| labels.iter().map(|label| quote::literal(label)).collect::<Vec<_>>().join(", ");
    let number = match column_type {
        Some(ColumnType::Enum { labels }) => {
            let labels = list(labels);
            format!(
                "(CASE WHEN {sql} IS NOT NULL THEN coalesce(array_position(ARRAY[{labels}]::text[], {sql}::text COLLATE \"C\"), 0) END)"
            )
        }
        Some(ColumnType::Set { labels }) => format!("\"mysql\".set_number({sql}, ARRAY[{}]::text[])", list(labels)),
        Some(_) | None => return Err(SqlError::unsupported("ENUM or SET as a number outside of its column")),
    };
    Ok(format!("({number})::{}", carrier.name()))
}

/// Character data as a number, with MySQL's warning when it isn't one as a whole.
fn noted_number(sql: &str, from: Carrier, to: Carrier) -> String {
    let text = if from == Carrier::Bytes { format!("encode({sql}, 'escape')") } else { sql.to_owned() };
    match to {
        Carrier::Numeric => format!("\"mysql\".decimal_of({text}, 'DECIMAL')"),
        Carrier::Float8 => format!("\"mysql\".double_of({text})"),
        narrower => format!("\"mysql\".double_of({text})::{}", narrower.name()),
    }
}
