//! MySQL's functions. Most are a row of a table: the types of the arguments, the PostgreSQL text, and the type that
//! MySQL gives the result. Those whose arguments or types need thought have code of their own.

use sqlparser::ast::{
    DataType, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value as Token,
};

use crate::value::Value;

use super::expression::{Expression, Lowering};
use super::lower::Place;
use super::operators::unnested;
use super::plan::{ParameterSource, Purpose, SqlError};
use super::types::{Carrier, Class, Type};

/// Type of a result.
#[derive(Clone, Copy, Debug)]
enum Returns {
    Integer(u32),
    Truth,
    Double,
    Text(u32),
    /// Character data as long as the first argument.
    Like,
    Bytes(u32),
    Date,
    DateTime,
    Time,
}

/// A function that needs nothing but conversion of its arguments.
#[derive(Debug)]
struct Plain {
    name: &'static str,
    /// One letter for each argument: T text, I bigint, N numeric, D double, S timestamp, A date, V interval, B bytes,
    /// J json. Small letters are optional; the last one repeats when a `*` follows.
    arguments: &'static str,
    sql: &'static str,
    returns: Returns,
    /// NULL even when no argument is.
    nullable: bool,
}

const fn plain(name: &'static str, arguments: &'static str, sql: &'static str, returns: Returns) -> Plain {
    Plain { name, arguments, sql, returns, nullable: false }
}

const fn nullable(name: &'static str, arguments: &'static str, sql: &'static str, returns: Returns) -> Plain {
    Plain { name, arguments, sql, returns, nullable: true }
}

use Returns::{Bytes, Date, DateTime, Double, Integer, Like, Text, Time, Truth};

#[rustfmt::skip]
const PLAIN: &[Plain] = &[
    // Text.
    plain("CHAR_LENGTH", "T", "char_length({0})::int8", Integer(10)),
    plain("CHARACTER_LENGTH", "T", "char_length({0})::int8", Integer(10)),
    plain("UPPER", "T", "upper({0} COLLATE \"und-x-icu\")", Like),
    plain("UCASE", "T", "upper({0} COLLATE \"und-x-icu\")", Like),
    plain("LOWER", "T", "lower({0} COLLATE \"und-x-icu\")", Like),
    plain("LCASE", "T", "lower({0} COLLATE \"und-x-icu\")", Like),
    plain("LEFT", "TI", "left({0}, least(greatest({1}, 0), 2147483647)::int4)", Like),
    plain("RIGHT", "TI", "right({0}, least(greatest({1}, 0), 2147483647)::int4)", Like),
    plain("SUBSTRING", "TIi", "\"mysql\".substring({*})", Like),
    plain("SUBSTR", "TIi", "\"mysql\".substring({*})", Like),
    plain("MID", "TIi", "\"mysql\".substring({*})", Like),
    plain("SUBSTRING_INDEX", "TTI", "\"mysql\".substring_index({*})", Like),
    plain("LTRIM", "T", "ltrim({0}, ' ')", Like),
    plain("RTRIM", "T", "rtrim({0}, ' ')", Like),
    plain("REVERSE", "T", "reverse({0})", Like),
    plain("REPLACE", "TTT", "replace({0} COLLATE \"C\", {1}, {2})", Text(65_535)),
    plain("REPEAT", "TI", "repeat({0}, least(greatest({1}, 0), 16777216)::int4)", Text(65_535)),
    plain("SPACE", "I", "repeat(' ', least(greatest({0}, 0), 16777216)::int4)", Text(65_535)),
    nullable("LPAD", "TIT", "\"mysql\".lpad({*})", Text(65_535)),
    nullable("RPAD", "TIT", "\"mysql\".rpad({*})", Text(65_535)),
    plain("LOCATE", "TTi", "\"mysql\".locate({*})", Integer(21)),
    plain("INSTR", "TT", "\"mysql\".locate({1}, {0})", Integer(21)),
    plain("FIELD", "TT*", "\"mysql\".field({*})", Integer(3)),
    nullable("ELT", "IT*", "(ARRAY[{rest}])[{0}::int4]", Text(65_535)),
    plain("FIND_IN_SET", "TT", "\"mysql\".find_in_set({*})", Integer(3)),
    plain("CONCAT_WS", "TT*", "concat_ws({*})", Text(65_535)),
    plain("STRCMP", "TT", "\"mysql\".compare({*})", Integer(2)),
    plain("ASCII", "T", "(CASE WHEN {0} COLLATE \"C\" = '' THEN 0 ELSE get_byte(convert_to({0}, 'UTF8'), 0) END)::int8", Integer(3)),
    plain("QUOTE", "T", "\"mysql\".quote({0})", Like),
    plain("MD5", "B", "md5({0})", Text(32)),
    plain("CRC32", "B", "\"mysql\".crc32({0})", Integer(10)),
    nullable("SHA2", "BI", "\"mysql\".sha2({*})", Text(128)),
    nullable("UNHEX", "T", "\"mysql\".unhex({0})", Bytes(65_535)),
    plain("TO_BASE64", "B", "encode({0}, 'base64')", Text(65_535)),
    nullable("FORMAT", "NI", "\"mysql\".format({*})", Text(60)),
    nullable("INET_ATON", "T", "\"mysql\".inet_aton({0})", Integer(21)),
    nullable("INET_NTOA", "I", "\"mysql\".inet_ntoa({0})", Text(31)),
    // Numbers.
    plain("PI", "", "pi()", Double),
    nullable("SQRT", "D", "(CASE WHEN {0} >= 0 THEN sqrt({0}) END)", Double),
    plain("EXP", "D", "exp({0})", Double),
    nullable("LN", "D", "(CASE WHEN {0} > 0 THEN ln({0}) END)", Double),
    nullable("LOG10", "D", "(CASE WHEN {0} > 0 THEN log({0}) END)", Double),
    nullable("LOG2", "D", "(CASE WHEN {0} > 0 THEN (ln({0}) / ln(2::float8)) END)", Double),
    plain("POW", "DD", "power({0}, {1})", Double),
    plain("POWER", "DD", "power({0}, {1})", Double),
    plain("SIN", "D", "sin({0})", Double),
    plain("COS", "D", "cos({0})", Double),
    plain("TAN", "D", "tan({0})", Double),
    plain("ATAN", "D", "atan({0})", Double),
    plain("ATAN2", "DD", "atan2({0}, {1})", Double),
    plain("RADIANS", "D", "radians({0})", Double),
    plain("DEGREES", "D", "degrees({0})", Double),
    plain("SIGN", "D", "sign({0})::int8", Integer(2)),
    // Dates.
    nullable("YEAR", "S", "extract(year FROM {0})::int8", Integer(5)),
    nullable("MONTH", "S", "extract(month FROM {0})::int8", Integer(3)),
    nullable("DAY", "S", "extract(day FROM {0})::int8", Integer(3)),
    nullable("DAYOFMONTH", "S", "extract(day FROM {0})::int8", Integer(3)),
    nullable("DAYOFWEEK", "S", "(extract(dow FROM {0})::int8 + 1)", Integer(2)),
    nullable("WEEKDAY", "S", "(extract(isodow FROM {0})::int8 - 1)", Integer(2)),
    nullable("DAYOFYEAR", "S", "extract(doy FROM {0})::int8", Integer(4)),
    nullable("QUARTER", "S", "extract(quarter FROM {0})::int8", Integer(2)),
    nullable("WEEKOFYEAR", "S", "extract(week FROM {0})::int8", Integer(3)),
    nullable("WEEK", "Ai", "\"mysql\".week({*})", Integer(3)),
    nullable("YEARWEEK", "Ai", "\"mysql\".yearweek({*})", Integer(7)),
    nullable("MONTHNAME", "S", "to_char({0}, 'FMMonth')", Text(9)),
    nullable("DAYNAME", "S", "to_char({0}, 'FMDay')", Text(9)),
    nullable("DATE", "A", "{0}", Date),
    nullable("TO_DATE", "A", "{0}", Date),
    nullable("LAST_DAY", "A", "(date_trunc('month', {0}::timestamp) + interval '1 month - 1 day')::date", Date),
    nullable("TO_DAYS", "A", "(({0} - date '0001-01-01')::int8 + 366)", Integer(8)),
    nullable("FROM_DAYS", "I", "(date '0001-01-01' + ({0} - 366)::int4)", Date),
    nullable("DATEDIFF", "AA", "({0} - {1})::int8", Integer(9)),
    nullable("DATE_FORMAT", "ST", "\"mysql\".date_format({*})", Text(255)),
    nullable("STR_TO_DATE", "TT", "\"mysql\".str_to_date({*})", DateTime),
    nullable("SEC_TO_TIME", "I", "make_interval(secs => {0})", Time),
    nullable("TIME_TO_SEC", "V", "extract(epoch FROM {0})::int8", Integer(10)),
    nullable("FROM_UNIXTIME", "I", "to_timestamp({0})::timestamp", DateTime),
    // JSON.
    plain("JSON_VALID", "T", "\"mysql\".json_valid({0})::int8", Truth),
    nullable("JSON_LENGTH", "J", "\"mysql\".json_length({0})", Integer(10)),
    nullable("JSON_CONTAINS", "JJ", "({0} @> {1})::int4", Truth),
    nullable("JSON_QUOTE", "T", "to_json({0})::text", Text(65_535)),
];

/// Functions whose result differs each time, or that touch something outside the statement.
const VOLATILE: &[&str] = &[
    "RAND",
    "UUID",
    "UUID_SHORT",
    "SLEEP",
    "GET_LOCK",
    "RELEASE_LOCK",
    "RELEASE_ALL_LOCKS",
    "IS_FREE_LOCK",
    "IS_USED_LOCK",
    "SYSDATE",
    "CONNECTION_ID",
    "FOUND_ROWS",
    "ROW_COUNT",
    "USER",
    "CURRENT_USER",
    "SESSION_USER",
    "SYSTEM_USER",
    "VERSION",
    "LOAD_FILE",
    "BENCHMARK",
    "MASTER_POS_WAIT",
    "RANDOM_BYTES",
    "LAST_INSERT_ID",
];

impl Lowering<'_> {
    /// A function call.
    pub(super) fn function(&mut self, function: &Function, place: Place<'_>) -> Result<Expression, SqlError> {
        let parts = function.name.0.as_slice();
        let [part] = parts else {
            return Err(SqlError::unsupported(format_args!("stored function {}", function.name)));
        };
        let name = part.to_string().trim_matches('`').to_ascii_uppercase();
        if function.over.is_some() {
            return self.window(&name, function, place);
        }
        if super::aggregate::is_aggregate(&name) {
            return self.aggregate(&name, function, place);
        }
        match &function.args {
            FunctionArguments::None => self.call(&name, &[], place),
            FunctionArguments::Subquery(_) => Err(SqlError::unsupported(format_args!("{name} of a query"))),
            FunctionArguments::List(list) => {
                if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
                    return Err(SqlError::unsupported(format_args!("DISTINCT in {name}")));
                }
                let arguments = plain_arguments(&list.args)?;
                self.call(&name, &arguments, place)
            }
        }
    }

    /// A function by its upper-case name.
    pub(super) fn call(&mut self, name: &str, arguments: &[&Expr], place: Place<'_>) -> Result<Expression, SqlError> {
        if self.context.purpose == Purpose::Replay && VOLATILE.contains(&name) {
            return Err(SqlError::unsupported(format_args!("replay of {name}()")));
        }
        if let Some(found) = self.clock_function(name, arguments)? {
            return Ok(found);
        }
        if let Some(found) = self.date_function(name, arguments, place)? {
            return Ok(found);
        }
        if name == "VALUES" {
            let [Expr::Identifier(column)] = arguments else { return Err(SqlError::argument_count(name)) };
            let found = place.values_of.and_then(|values| values.value_of(&column.value));
            return found.ok_or_else(|| SqlError::unknown_column(&column.value, place.clause));
        }
        let lowered = arguments.iter().map(|argument| self.lower(argument, place)).collect::<Result<Vec<_>, _>>()?;
        if let Some(found) = self.session_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.control_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.number_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.json_function(name, &lowered)? {
            return Ok(found);
        }
        match PLAIN.iter().find(|plain| plain.name == name) {
            Some(plain) => self.plain_function(plain, &lowered),
            None if VOLATILE.contains(&name) => Err(SqlError::unsupported(format_args!("{name}()"))),
            None => Err(SqlError::unsupported(format_args!("function {name}"))),
        }
    }

    fn plain_function(&mut self, plain: &Plain, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let repeats = plain.arguments.ends_with('*');
        let letters: Vec<char> = plain.arguments.chars().filter(|letter| *letter != '*').collect();
        let required = letters.iter().filter(|letter| letter.is_ascii_uppercase()).count();
        if arguments.len() < required || (arguments.len() > letters.len() && !repeats) {
            return Err(SqlError::argument_count(plain.name));
        }
        let mut rendered = Vec::with_capacity(arguments.len());
        for (at, argument) in arguments.iter().enumerate() {
            let letter = letters.get(at).or(letters.last()).copied().unwrap_or('T');
            rendered.push(self.render(argument, carrier_of(letter))?);
        }
        let mut sql = plain.sql.replace("{*}", &rendered.join(", "));
        sql = sql.replace("{rest}", &rendered.get(1..).unwrap_or_default().join(", "));
        for (at, argument) in rendered.iter().enumerate() {
            sql = sql.replace(&format!("{{{at}}}"), argument);
        }
        let ty = match plain.returns {
            Returns::Integer(length) => Type::integer(length),
            Returns::Truth => Type::truth(),
            Returns::Double => Type::double(),
            Returns::Text(length) => Type::text(length, &self.context.collation),
            Returns::Like => match arguments.first() {
                Some(first) => self.text_like(first),
                None => Type::text(0, &self.context.collation),
            },
            Returns::Bytes(length) => Type::bytes(length),
            Returns::Date => Type::date(),
            Returns::DateTime => Type::datetime(0),
            Returns::Time => Type::time(0),
        };
        let nullable = plain.nullable || arguments.iter().any(|argument| argument.nullable);
        Ok(Expression::sql(sql, ty, nullable))
    }

    /// What the session knows.
    fn session_function(&mut self, name: &str, arguments: &[Expression]) -> Result<Option<Expression>, SqlError> {
        let text = |length| Type::text(length, &self.context.collation);
        let unsigned = Type { unsigned: true, ..Type::integer(21) };
        let found = match (name, arguments) {
            ("DATABASE" | "SCHEMA", []) => match &self.context.database {
                Some(database) => {
                    Expression { nullable: true, ..Expression::literal(Value::Text(database.clone()), text(34)) }
                }
                None => Expression::literal(Value::Null, text(34)),
            },
            ("USER" | "CURRENT_USER" | "SESSION_USER" | "SYSTEM_USER", []) => {
                Expression::source(ParameterSource::User, text(288), true)
            }
            ("VERSION", []) => Expression::source(ParameterSource::Variable("version".to_owned()), text(60), false),
            ("CONNECTION_ID", []) => Expression::source(ParameterSource::ConnectionId, unsigned, false),
            ("LAST_INSERT_ID", []) => Expression::source(ParameterSource::LastInsertId, unsigned, false),
            ("LAST_INSERT_ID", [_]) => return Err(SqlError::unsupported("LAST_INSERT_ID(expr)")),
            ("FOUND_ROWS", []) => Expression::source(ParameterSource::FoundRows, Type::integer(21), false),
            ("ROW_COUNT", []) => Expression::source(ParameterSource::RowCount, Type::integer(21), false),
            ("UUID", []) => Expression::sql("gen_random_uuid()::text", text(36), false),
            ("RAND", []) => Expression::sql("random()", Type::double(), false),
            ("SLEEP", [seconds]) => {
                let seconds = self.render(seconds, Carrier::Float8)?;
                Expression::sql(format!("\"mysql\".sleep({seconds})"), Type::integer(21), false)
            }
            ("ANY_VALUE", [value]) => value.clone(),
            (_, _) => return Ok(None),
        };
        Ok(Some(found))
    }

    /// Functions that choose between their arguments.
    fn control_function(&mut self, name: &str, arguments: &[Expression]) -> Result<Option<Expression>, SqlError> {
        let any_null = arguments.iter().any(|argument| argument.nullable);
        let all_null = arguments.iter().all(|argument| argument.nullable);
        Ok(Some(match (name, arguments) {
            ("IF", [condition, yes, no]) => {
                let condition = self.truth(condition)?;
                let (ty, branches) = self.unify(&[yes.clone(), no.clone()])?;
                let sql = format!("(CASE WHEN {condition} THEN {} END)", branches.join(" ELSE "));
                Expression::sql(sql, ty, yes.nullable || no.nullable)
            }
            ("IFNULL", [_, _]) | ("COALESCE", [_, ..]) => {
                let (ty, values) = self.unify(arguments)?;
                Expression::sql(format!("COALESCE({})", values.join(", ")), ty, all_null)
            }
            ("NULLIF", [left, right]) => {
                let equal = self.compare("=", left, right)?;
                let sql = self.own(left)?;
                Expression::sql(format!("(CASE WHEN {equal} THEN NULL ELSE {sql} END)"), left.ty.clone(), true)
            }
            ("ISNULL", [value]) => {
                let sql = self.own(value)?;
                Expression::condition(format!("({sql} IS NULL)"), false)
            }
            ("GREATEST" | "LEAST", [_, _, ..]) => {
                let (ty, values) = self.unify(arguments)?;
                let function = if name == "GREATEST" { "GREATEST" } else { "LEAST" };
                let missing: Vec<String> = values.iter().map(|value| format!("{value} IS NULL")).collect();
                let chosen = format!("{function}({})", values.join(", "));
                let sql = if any_null {
                    format!("(CASE WHEN {} THEN NULL ELSE {chosen} END)", missing.join(" OR "))
                } else {
                    chosen
                };
                Expression::sql(sql, ty, any_null)
            }
            ("CONCAT", [_, ..]) => {
                let mut length = 0_u32;
                let mut parts = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    length = length.saturating_add(argument.ty.length);
                    parts.push(self.text(argument)?);
                }
                let ty = Type::text(length, &self.context.collation);
                let collation = arguments
                    .iter()
                    .filter_map(|argument| argument.ty.collation.clone())
                    .min_by_key(|own| own.coercibility);
                Expression::sql(
                    format!("({})", parts.join(" || ")),
                    Type { collation: collation.or(ty.collation.clone()), ..ty },
                    any_null,
                )
            }
            ("LENGTH" | "OCTET_LENGTH", [value]) => {
                let carrier = if value.ty.class == Class::Bytes { Carrier::Bytes } else { Carrier::Text };
                let sql = self.render(value, carrier)?;
                Expression::sql(format!("octet_length({sql})::int8"), Type::integer(10), any_null)
            }
            ("HEX", [value]) => {
                let sql = match value.ty.class {
                    Class::Integer => format!("upper(to_hex({}))", self.render(value, Carrier::Int8)?),
                    Class::Bytes => format!("upper(encode({}, 'hex'))", self.own(value)?),
                    Class::Null
                    | Class::Open
                    | Class::Decimal
                    | Class::Real
                    | Class::Text
                    | Class::Date
                    | Class::DateTime
                    | Class::Time
                    | Class::Json => {
                        format!("upper(encode(convert_to({}, 'UTF8'), 'hex'))", self.text(value)?)
                    }
                };
                Expression::sql(sql, Type::text(value.ty.length.saturating_mul(8), &self.context.collation), any_null)
            }
            (_, _) => return Ok(None),
        }))
    }

    /// Functions whose result has the type of a number they're given.
    fn number_function(&mut self, name: &str, arguments: &[Expression]) -> Result<Option<Expression>, SqlError> {
        let Some(first) = arguments.first() else { return Ok(None) };
        let any_null = arguments.iter().any(|argument| argument.nullable);
        let (ty, carrier) = match first.ty.class {
            Class::Integer => (
                Type { unsigned: first.ty.unsigned, ..Type::integer(21) },
                if first.ty.carrier == Carrier::Numeric { Carrier::Numeric } else { Carrier::Int8 },
            ),
            Class::Decimal => (first.ty.clone(), Carrier::Numeric),
            Class::Null
            | Class::Open
            | Class::Real
            | Class::Text
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => (Type::double(), Carrier::Float8),
        };
        Ok(Some(match (name, arguments) {
            ("ABS", [value]) => {
                let sql = self.render(value, carrier)?;
                Expression::sql(format!("abs({sql})"), Type { flags: ty.flags, ..ty }, any_null)
            }
            ("CEIL" | "CEILING" | "FLOOR", [value]) => {
                let function = if name == "FLOOR" { "floor" } else { "ceil" };
                match ty.class {
                    Class::Integer => Expression { origin: None, ..value.clone() },
                    Class::Decimal if ty.precision() <= 18 => {
                        let sql = self.render(value, Carrier::Numeric)?;
                        Expression::sql(format!("{function}({sql})::int8"), Type::integer(ty.precision() + 1), any_null)
                    }
                    _wide_or_real => {
                        let sql = self.render(value, carrier)?;
                        let ty = if ty.class == Class::Decimal { Type::decimal(ty.precision(), 0) } else { ty };
                        Expression::sql(format!("{function}({sql})"), ty, any_null)
                    }
                }
            }
            ("ROUND" | "TRUNCATE", [value]) | ("ROUND" | "TRUNCATE", [value, _]) => {
                let digits = match arguments.get(1) {
                    None => Some(0),
                    Some(digits) => match digits.constant() {
                        Some(Value::Int(digits)) => i32::try_from(*digits).ok(),
                        Some(_) | None => None,
                    },
                };
                let Some(digits) = digits else {
                    return Err(SqlError::unsupported(format_args!(
                        "{name} to a number of digits that isn't constant"
                    )));
                };
                let function = if name == "ROUND" { "round" } else { "trunc" };
                let sql = self.render(value, carrier)?;
                let scale = u8::try_from(digits.clamp(0, 30)).unwrap_or(0);
                match ty.class {
                    Class::Integer if digits >= 0 => Expression::sql(sql, ty, any_null),
                    Class::Integer => {
                        Expression::sql(format!("{function}({sql}::numeric, {digits})::int8"), ty, any_null)
                    }
                    Class::Decimal => {
                        let scale = scale.min(ty.decimals);
                        let precision = ty.precision() - u32::from(ty.decimals) + u32::from(scale) + 1;
                        Expression::sql(
                            format!("{function}({sql}, {})", digits.min(i32::from(ty.decimals))),
                            Type::decimal(precision, scale),
                            any_null,
                        )
                    }
                    _real if digits == 0 && name == "ROUND" => Expression::sql(format!("round({sql})"), ty, any_null),
                    _real => Expression::sql(format!("{function}({sql}::numeric, {digits})::float8"), ty, any_null),
                }
            }
            ("MOD", [left, right]) => self.modulo(left, right)?,
            (_, _) => return Ok(None),
        }))
    }

    /// CAST and CONVERT.
    pub(super) fn cast_to(
        &mut self,
        inner: &Expr,
        wanted: &DataType,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let value = self.lower(inner, place)?;
        let nullable = value.nullable;
        let text = wanted.to_string().to_ascii_uppercase();
        let (word, argument) = text.split_once('(').unwrap_or((text.as_str(), ""));
        let mut numbers = argument.trim_end_matches(')').split(',').map(|number| number.trim().parse::<u32>().ok());
        let first = numbers.next().flatten();
        let second = numbers.next().flatten();
        let fraction = u8::try_from(first.unwrap_or(0).min(6)).unwrap_or(6);
        Ok(match word.trim() {
            "SIGNED" | "SIGNED INTEGER" | "INTEGER" | "INT" | "BIGINT" => self.cast_to_integer(&value, false)?,
            "UNSIGNED" | "UNSIGNED INTEGER" | "INT UNSIGNED" | "BIGINT UNSIGNED" => {
                self.cast_to_integer(&value, true)?
            }
            "DECIMAL" | "DEC" | "NUMERIC" => {
                let (precision, scale) = (first.unwrap_or(10), u8::try_from(second.unwrap_or(0)).unwrap_or(0));
                let sql = self.render(&value, Carrier::Numeric)?;
                Expression::sql(
                    format!("\"mysql\".to_decimal({sql}, {precision}, {scale})"),
                    Type::decimal(precision, scale),
                    nullable,
                )
            }
            "DOUBLE" | "DOUBLE PRECISION" | "REAL" => {
                Expression::sql(self.render(&value, Carrier::Float8)?, Type::double(), nullable)
            }
            "CHAR" | "NCHAR" | "VARCHAR" | "CHARACTER" => {
                let sql = self.text(&value)?;
                let length = first.unwrap_or(value.ty.length);
                let sql = if let Some(length) = first { format!("left({sql}, {length})") } else { sql };
                let ty = Type { length, ..self.text_like(&value) };
                Expression::sql(sql, ty, nullable)
            }
            "BINARY" | "VARBINARY" => {
                let sql = self.render(&value, Carrier::Bytes)?;
                Expression::sql(sql, Type::bytes(value.ty.length.saturating_mul(4)), nullable)
            }
            "DATE" => Expression::sql(self.render(&value, Carrier::Date)?, Type::date(), true),
            "DATETIME" | "TIMESTAMP" => {
                let sql = self.render(&value, Carrier::Timestamp)?;
                Expression::sql(format!("({sql})::timestamp({fraction})"), Type::datetime(fraction), true)
            }
            "TIME" => Expression::sql(self.render(&value, Carrier::Interval)?, Type::time(fraction), true),
            "JSON" => Expression::sql(self.render(&value, Carrier::Json)?, Type::json(), nullable),
            other => return Err(SqlError::unsupported(format_args!("CAST AS {other}"))),
        })
    }

    fn cast_to_integer(&mut self, value: &Expression, unsigned: bool) -> Result<Expression, SqlError> {
        let sql = match (value.ty.class, value.constant()) {
            (Class::Integer, _) => {
                self.render(value, if value.ty.carrier == Carrier::Numeric { Carrier::Numeric } else { Carrier::Int8 })?
            }
            (Class::Decimal | Class::Real, _) => format!("round({})", self.render(value, Carrier::Numeric)?),
            (Class::Text | Class::Open, _) => format!("\"mysql\".integer_prefix({})", self.text(value)?),
            (Class::Date | Class::DateTime, _) => self.render(value, Carrier::Int8)?,
            (Class::Null, _) => "NULL::int8".to_owned(),
            (Class::Json | Class::Time | Class::Bytes, _) => {
                return Err(SqlError::unsupported("CAST of this type AS SIGNED"));
            }
        };
        let (ty, sql) = if unsigned {
            let ty = Type { unsigned: true, carrier: Carrier::Numeric, ..Type::integer(21) };
            (ty, format!("\"mysql\".to_unsigned({sql}::numeric)"))
        } else {
            (Type::integer(21), format!("\"mysql\".to_signed({sql}::numeric)"))
        };
        Ok(Expression::sql(sql, ty, value.nullable))
    }
}

fn carrier_of(letter: char) -> Carrier {
    match letter.to_ascii_uppercase() {
        'I' => Carrier::Int8,
        'N' => Carrier::Numeric,
        'D' => Carrier::Float8,
        'S' => Carrier::Timestamp,
        'A' => Carrier::Date,
        'V' => Carrier::Interval,
        'B' => Carrier::Bytes,
        'J' => Carrier::Json,
        _text => Carrier::Text,
    }
}

/// Arguments that are expressions.
pub(super) fn plain_arguments(arguments: &[FunctionArg]) -> Result<Vec<&Expr>, SqlError> {
    arguments
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(unnested(expr)),
            other => Err(SqlError::unsupported(format_args!("argument {other}"))),
        })
        .collect()
}

/// The text of a string literal.
pub(super) fn literal_text(expr: &Expr) -> Option<&str> {
    match unnested(expr) {
        Expr::Value(value) => match &value.value {
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => Some(text),
            _other => None,
        },
        _other => None,
    }
}

/// How a form without a rewrite is called in its refusal.
pub(super) fn form_name(expr: &Expr) -> String {
    match expr {
        Expr::MatchAgainst { .. } => "MATCH … AGAINST".to_owned(),
        Expr::MemberOf(_) => "MEMBER OF".to_owned(),
        Expr::AnyOp { .. } => "ANY".to_owned(),
        Expr::AllOp { .. } => "ALL".to_owned(),
        Expr::Tuple(_) => "row value".to_owned(),
        Expr::Interval(_) => "INTERVAL outside date arithmetic".to_owned(),
        other => other.to_string().chars().take(60).collect(),
    }
}
