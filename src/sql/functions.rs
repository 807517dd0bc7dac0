//! MySQL's functions. Most are a row of a table: the types of the arguments, the PostgreSQL text, and the type that
//! MySQL gives the result. Those whose arguments or types need thought have code of their own.

mod bytes;
mod cast;
mod choose;
mod ciphers;
mod control;
mod dates;
mod length;
mod numbers;
mod session;
mod stored;
mod text;

pub use ciphers::BlockMode;

use std::collections::HashSet;
use std::sync::LazyLock;

use sqlparser::ast::{
    BinaryOperator, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
};

use super::calendar::Kind;
use super::expression::{Expression, Lowering};
use super::geometry;
use super::lower::Place;
use super::operators::unnested;
use super::plan::{Purpose, SqlError};
use super::types::{Carrier, Type};
use crate::value::Value;

/// Type of a result.
#[derive(Clone, Copy, Debug)]
enum Returns {
    Integer(u32),
    Unsigned(u32),
    /// MySQL's type YEAR.
    Year,
    Double,
    Text(u32),
    /// Character data as long as the first argument.
    Like,
    Bytes(u32),
    Date,
}

/// A function that needs nothing but conversion of its arguments.
#[derive(Debug)]
struct Plain {
    name: &'static str,
    /// One letter for each argument: T text, I bigint, N numeric, D double, S timestamp, A date, Z timestamp that
    /// may be zero, V interval, B bytes,
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

/// Functions that make one text of their arguments, or look for one in another.
const ONE_TEXT: &[&str] = &[
    "CONCAT",
    "CONCAT_WS",
    "COALESCE",
    "IFNULL",
    "GREATEST",
    "LEAST",
    "REPLACE",
    "INSTR",
    "LOCATE",
    "FIND_IN_SET",
    "STRCMP",
    "NULLIF",
];

/// Functions of text whose value and type are those of their arguments.
const KEEP_NULL: &[&str] = &["CONCAT", "LOWER", "LCASE", "UPPER", "UCASE", "REVERSE"];

/// Functions of text that are NULL where their text exceeds `max_allowed_packet`, which MySQL says of them under strict
/// mode only.
const MAY_EXCEED: &[&str] = &[
    "CONCAT",
    "CONCAT_WS",
    "LOWER",
    "LCASE",
    "UPPER",
    "UCASE",
    "REPLACE",
    "INSERT",
    "LEFT",
    "RIGHT",
    "SUBSTRING",
    "SUBSTR",
    "MID",
    "SUBSTRING_INDEX",
    "TRIM",
    "LTRIM",
    "RTRIM",
    "REPEAT",
    "SPACE",
    "LPAD",
    "RPAD",
    "REVERSE",
    "HEX",
    "BIN",
    "OCT",
    "QUOTE",
    "FORMAT",
    "SOUNDEX",
    "MD5",
    "SHA",
    "SHA1",
    "SHA2",
    "TO_BASE64",
    "UUID",
];

/// The tables of the families.
const TABLES: &[&[Plain]] = &[text::PLAIN, numbers::PLAIN, dates::PLAIN];

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

#[rustfmt::skip]
/// Functions of MySQL without a rewrite. Any other unknown name is one that MySQL doesn't know either.
const REFUSED: &[&str] = &[
    "ADDDATE", "ADDTIME", "ASYMMETRIC_DECRYPT", "ASYMMETRIC_DERIVE",
    "ASYMMETRIC_ENCRYPT", "ASYMMETRIC_SIGN", "ASYMMETRIC_VERIFY", "CAN_ACCESS_COLUMN", "CAN_ACCESS_DATABASE",
    "CAN_ACCESS_TABLE", "CAN_ACCESS_USER", "CAN_ACCESS_VIEW", "COMPRESS", "CONVERT_TZ", "CREATE_ASYMMETRIC_PRIV_KEY",
    "CREATE_ASYMMETRIC_PUB_KEY", "CREATE_DH_PARAMETERS", "CREATE_DIGEST", "CUME_DIST", "CURRENT_ROLE", "DATE_ADD",
    "DATE_SUB", "DEFAULT", "DENSE_RANK", "DISTANCE", "EXTRACTVALUE", "FIRST_VALUE", "FORMAT_BYTES", "FORMAT_PICO_TIME",
    "FROM_DAYS", "FROM_VECTOR", "GEOMCOLLECTION", "GEOMETRYCOLLECTION", "GET_DD_COLUMN_PRIVILEGES",
    "GET_DD_CREATE_OPTIONS", "GET_DD_INDEX_SUB_PART_LENGTH", "GET_FORMAT", "GROUPING", "GTID_SUBSET", "GTID_SUBTRACT",
    "ICU_VERSION", "INTERNAL_AUTO_INCREMENT", "IS_VISIBLE_DD_OBJECT", "KEYRING_KEY_FETCH", "LAG", "LAST_VALUE", "LEAD",
    "LINESTRING", "MAKETIME", "MATCH", "MBRCONTAINS", "MBRCOVEREDBY", "MBRCOVERS", "MBRDISJOINT", "MBREQUALS",
    "MBRINTERSECTS", "MBROVERLAPS", "MBRTOUCHES", "MBRWITHIN", "MEDIAN", "MICROSECOND", "MULTILINESTRING", "MULTIPOINT",
    "MULTIPOLYGON", "NTH_VALUE", "NTILE", "PERCENT_RANK", "POINT", "POLYGON", "PS_CURRENT_THREAD_ID", "PS_THREAD_ID",
    "RANK", "ROLES_GRAPHML", "ROW_NUMBER", "SOURCE_POS_WAIT", "STATEMENT_DIGEST", "STATEMENT_DIGEST_TEXT",
    "STRING_TO_VECTOR", "SUBTIME", "TIMEDIFF", "TIMESTAMP", "TIMESTAMPADD", "TIMESTAMPDIFF", "TIME_FORMAT",
    "TO_SECONDS", "TO_VECTOR", "UNCOMPRESS", "UNCOMPRESSED_LENGTH", "UPDATEXML", "VALIDATE_PASSWORD_STRENGTH",
    "VECTOR_DIM", "VECTOR_TO_STRING", "WAIT_FOR_EXECUTED_GTID_SET", "WEEKOFYEAR", "WEIGHT_STRING", "YEARWEEK",
    "PERIOD_ADD", "PERIOD_DIFF", "SEC_TO_TIME", "TIME_TO_SEC", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP", "MAKEDATE",
    "STR_TO_DATE", "DATE_FORMAT", "TO_DAYS", "DATEDIFF", "SUBDATE", "EXTRACT", "GET_LOCK", "RELEASE_LOCK", "CURDATE",
    "CURTIME", "SYSDATE", "NOW", "UNIX_TIMESTAMP", "FROM_UNIXTIME", "LAST_DAY", "WEEK", "QUARTER", "DAYNAME",
    "MONTHNAME", "DAYOFWEEK", "DAYOFYEAR", "DAYOFMONTH", "WEEKDAY", "DATE", "TIME", "YEAR", "MONTH", "DAY", "HOUR",
    "MINUTE", "SECOND", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "STD",
    "IS_FREE_LOCK", "IS_USED_LOCK", "RELEASE_ALL_LOCKS", "GROUP_CONCAT", "MEMBER", "NAME_CONST", "CONVERT", "CAST",
];

/// Functions with code of their own, which are told apart from unknown ones.
const TAKEN: &[&str] = &[
    "IF",
    "IFNULL",
    "NULLIF",
    "COALESCE",
    "ISNULL",
    "GREATEST",
    "LEAST",
    "CONCAT",
    "LENGTH",
    "HEX",
    "ABS",
    "CEIL",
    "CEILING",
    "FLOOR",
    "ROUND",
    "TRUNCATE",
    "MOD",
    "DATABASE",
    "USER",
    "VERSION",
    "CONNECTION_ID",
    "LAST_INSERT_ID",
    "FOUND_ROWS",
    "ROW_COUNT",
    "UUID",
    "RAND",
    "SLEEP",
    "ANY_VALUE",
    "FIELD",
    "CHARSET",
    "COLLATION",
    "COERCIBILITY",
    "ASCII",
    "ORD",
    "FROM_BASE64",
    "BIT_COUNT",
    "BIT_LENGTH",
    "OCTET_LENGTH",
    "LOG",
    "BENCHMARK",
    "FORMAT",
    "AES_ENCRYPT",
    "AES_DECRYPT",
    "UUID_TO_BIN",
    "BIN_TO_UUID",
    "IS_UUID",
];

/// True for the names of MySQL's own functions, which a stored function can't take over.
pub(super) fn is_native(name: &str) -> bool {
    static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let plain = TABLES.iter().flat_map(|table| table.iter()).map(|plain| plain.name);
        plain.chain(REFUSED.iter().copied()).chain(TAKEN.iter().copied()).collect()
    });
    NAMES.contains(name)
}

const VALUES_DEPRECATED: &str = "'VALUES function' is deprecated and will be removed in a future release. Please use an alias (INSERT INTO ... VALUES (...) AS alias) and replace VALUES(col) in the ON DUPLICATE KEY UPDATE clause with alias.col instead";

impl Lowering<'_> {
    /// 1582 when a function of this name takes another number of arguments, 1305 when there's none.
    fn no_function(&self, name: &str) -> SqlError {
        if TAKEN.contains(&name) {
            return SqlError::argument_count(&name.to_ascii_lowercase());
        }
        match &self.context.database {
            None => SqlError::no_database(),
            Some(database) => {
                let message = format!("FUNCTION {database}.{} does not exist", name.to_ascii_lowercase());
                SqlError::new(1305, "42000", message)
            }
        }
    }

    /// A function call.
    pub(super) fn function(&mut self, function: &Function, place: Place<'_>) -> Result<Expression, SqlError> {
        let parts = function.name.0.as_slice();
        let [part] = parts else { return self.stored_function(function, place) };
        let own = part.to_string();
        if self.is_stored_function(own.trim_matches('`')) {
            return self.stored_function(function, place);
        }
        let name = part.to_string().trim_matches('`').to_ascii_uppercase();
        if function.over.is_some() {
            return self.window(&name, function, place);
        }
        if super::aggregate::is_aggregate(&name) {
            return self.aggregate(&name, function, place);
        }
        if super::aggregate::is_window_only(&name) {
            // MySQL's grammar has them with OVER only.
            return Err(SqlError::syntax("", 1));
        }
        match &function.args {
            FunctionArguments::None => self.call(&name, &[], place),
            FunctionArguments::Subquery(_) => Err(SqlError::unsupported(format_args!("{name} of a query"))),
            FunctionArguments::List(list) => {
                if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
                    return Err(SqlError::unsupported(format_args!("DISTINCT in {name}")));
                }
                let arguments = plain_arguments(&list.args)?;
                let called = self.call(&name, &arguments, place);
                called.map_err(|error| as_written(error, own.trim_matches('`')))
            }
        }
    }

    /// A function by its upper-case name.
    pub(super) fn call(&mut self, name: &str, arguments: &[&Expr], place: Place<'_>) -> Result<Expression, SqlError> {
        let called = self.called_as_it_is(name, arguments, place)?;
        let nullable = called.nullable || self.modes.strict && MAY_EXCEED.contains(&name);
        Ok(Expression { nullable, ..called })
    }

    fn called_as_it_is(&mut self, name: &str, arguments: &[&Expr], place: Place<'_>) -> Result<Expression, SqlError> {
        if name == "GROUPING" {
            return self.grouping_function(arguments, place);
        }
        if name == "ANY_VALUE" {
            let [argument] = arguments else { return Err(SqlError::argument_count(name)) };
            return self.any_value(argument, place);
        }
        if self.context.purpose == Purpose::Replay && VOLATILE.contains(&name) {
            return Err(SqlError::unsupported(format_args!("replay of {name}()")));
        }
        if let Some(found) = self.clock_function(name, arguments)? {
            return Ok(found);
        }
        if let Some(found) = self.date_function(name, arguments, place)? {
            return Ok(found);
        }
        if name == "ROW" {
            return Err(SqlError::operand_columns(1));
        }
        if name == "JSON_VALUE" {
            return self.json_value(arguments, place);
        }
        if name == "VALUES" {
            let column = match arguments {
                [Expr::Identifier(column)] => column,
                [Expr::CompoundIdentifier(parts)] => {
                    if let [.., table, _] = parts.as_slice()
                        && let Some(stored) = place.scope.relations.first()
                        && !stored.alias.eq_ignore_ascii_case(&table.value)
                    {
                        let text = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
                        return Err(SqlError::unknown_column(&text, place.clause));
                    }
                    parts.last().ok_or_else(|| SqlError::argument_count(name))?
                }
                _other => return Err(SqlError::argument_count(name)),
            };
            self.warnings.push(crate::wire::condition::Condition::warning(1287, VALUES_DEPRECATED));
            let found = place.values_of.and_then(|values| values.value_of(&column.value));
            return found.ok_or_else(|| SqlError::unknown_column(&column.value, place.clause));
        }
        let mut lowered =
            arguments.iter().map(|argument| self.lower(argument, place)).collect::<Result<Vec<_>, _>>()?;
        if let ("STRCMP", [left, right]) = (name, lowered.as_mut_slice())
            && let Some(text) = self.bytes_as_text(right, left)?
        {
            *right = text;
        }
        geometry::refuse_shapes_of(name, &lowered)?;
        if name == "COERCIBILITY"
            && let [argument] = arguments
            && is_user_variable(argument)
        {
            return Ok(Expression::literal(Value::Int(2), Type::integer(10)));
        }
        if ONE_TEXT.contains(&name) {
            self.all_representable(&lowered)?;
        }
        if KEEP_NULL.contains(&name) && !lowered.is_empty() && lowered.iter().all(Expression::is_null) {
            // Of nothing but NULL there's no character set.
            return Ok(Expression::literal(Value::Null, Type::bytes(0)));
        }
        if let Some(found) = self.session_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.cipher_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.binary_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.byte_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.choosing_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.control_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.regexp_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.number_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.json_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.geometry_function(name, &lowered)? {
            return Ok(found);
        }
        match TABLES.iter().copied().flatten().find(|plain| plain.name == name) {
            Some(plain) => {
                let called = self.plain_function(plain, &lowered)?;
                Ok(self.sized(name, &lowered, called))
            }
            None if VOLATILE.contains(&name) => Err(SqlError::unsupported(format_args!("{name}()"))),
            None if REFUSED.contains(&name) || name.starts_with("ST_") || name.starts_with("JSON_") => {
                Err(SqlError::unsupported(format_args!("function {name}")))
            }
            None => Err(self.no_function(name)),
        }
    }

    fn plain_function(&mut self, plain: &Plain, arguments: &[Expression]) -> Result<Expression, SqlError> {
        if let ("WEEK", [date], Some(mode)) = (plain.name, arguments, self.context.given.week_format) {
            let mode = Expression::literal(Value::Int(i64::from(mode)), Type::integer(1));
            return self.plain_function(plain, &[date.clone(), mode]);
        }
        let repeats = plain.arguments.ends_with('*');
        let letters: Vec<char> = plain.arguments.chars().filter(|letter| *letter != '*').collect();
        let required = letters.iter().filter(|letter| letter.is_ascii_uppercase()).count();
        if arguments.len() < required || (arguments.len() > letters.len() && !repeats) {
            return Err(SqlError::argument_count(plain.name));
        }
        let mut rendered = Vec::with_capacity(arguments.len());
        for (at, argument) in arguments.iter().enumerate() {
            let letter = letters.get(at).or(letters.last()).copied().unwrap_or('T');
            rendered.push(match letter.to_ascii_uppercase() {
                'S' => self.dated(argument, Kind::DateTime)?,
                'A' => format!("{}::date", self.dated(argument, Kind::Date)?),
                'Z' => self.moment_of(argument, Kind::Date)?,
                'V' => self.time_of(argument)?,
                _other => self.render(argument, carrier_of(letter))?,
            });
        }
        let mut sql = self.in_locale(plain.name).unwrap_or_else(|| plain.sql.to_owned());
        sql = sql.replace("{*}", &rendered.join(", "));
        sql = sql.replace("{rest}", &rendered.get(1..).unwrap_or_default().join(", "));
        for (at, argument) in rendered.iter().enumerate() {
            sql = sql.replace(&format!("{{{at}}}"), argument);
        }
        let searched = match plain.name {
            "LOCATE" => arguments.get(1),
            "INSTR" => arguments.first(),
            _other => None,
        };
        if searched.and_then(|text| text.ty.collation.as_ref()).is_some_and(|own| own.name.ends_with("_bin")) {
            // The text that is searched says how.
            sql = sql.replace("\"mysql\".locate(", "\"mysql\".locate_exact(");
        }
        let ty = match plain.returns {
            Returns::Integer(length) => Type::integer(length),
            Returns::Unsigned(length) => Type { unsigned: true, ..Type::integer(length) },
            Returns::Year => Type { carrier: Carrier::Int8, ..Type::year() },
            Returns::Double => Type::double(),
            Returns::Text(length) => {
                let made_of = made_of(plain.name, &letters, arguments);
                let ty = Type::text(length, &self.context.collation);
                Type { collation: made_of.or(ty.collation.clone()), ..ty }
            }
            Returns::Like => match arguments.first() {
                Some(first) => {
                    let made_of = made_of(plain.name, &letters, arguments);
                    let ty = self.text_like(first);
                    Type { collation: made_of.or(ty.collation.clone()), ..ty }
                }
                None => Type::text(0, &self.context.collation),
            },
            Returns::Bytes(length) => Type::bytes(length),
            Returns::Date => Type::date(),
        };
        let length = self.name_length(plain.name).or_else(|| length_of(plain.name, arguments));
        let ty = match length {
            Some(length) if ty.is_text() => {
                Type { collation: ty.collation, ..Type::text(length, &self.context.collation) }
            }
            Some(length) => Type { length, ..ty },
            None => ty,
        };
        let nullable = plain.nullable || arguments.iter().any(|argument| argument.nullable);
        Ok(Expression::sql(sql, ty, nullable))
    }
}

/// The collation of what a function makes of texts: that of the first for those that change it.
fn made_of(name: &str, letters: &[char], arguments: &[Expression]) -> Option<super::types::Collation> {
    const CHANGING: [&str; 5] = ["SUBSTRING_INDEX", "REPLACE", "INSERT", "LPAD", "RPAD"];
    let texts = texts(letters, arguments);
    let set = |collation: &super::types::Collation| super::charset::of_collation(&collation.name).to_owned();
    match texts.first() {
        Some(first) if CHANGING.contains(&name) && texts.iter().all(|own| set(own) == set(first)) => {
            Some(first.clone())
        }
        Some(_) | None => super::charset::blend(texts.iter()),
    }
}

/// The collations of the arguments that are taken as text.
fn texts(letters: &[char], arguments: &[Expression]) -> Vec<super::types::Collation> {
    let as_text = |at: usize| letters.get(at).or(letters.last()).is_some_and(|letter| matches!(letter, 'T' | 't'));
    let made = |argument: &Expression| argument.ty.is_text() || argument.ty.class == super::types::Class::Json;
    let texts = arguments.iter().enumerate().filter(|(at, argument)| as_text(*at) && made(argument));
    texts.filter_map(|(_, argument)| argument.ty.made_text()).collect()
}

/// The length of a result that depends on the lengths of the arguments.
fn length_of(name: &str, arguments: &[Expression]) -> Option<u32> {
    let length = |at: usize| arguments.get(at).map_or(0, |argument| argument.ty.length);
    let bytes = |at: usize| {
        let wide = arguments.get(at).is_some_and(|argument| argument.ty.is_text());
        length(at).saturating_mul(if wide { 4 } else { 1 })
    };
    Some(match name {
        "INSERT" => length(0).saturating_add(length(3)),
        "SOUNDEX" => length(0).max(4),
        "UNHEX" => bytes(0).saturating_add(1) / 2,
        "EXPORT_SET" => {
            let separator = if arguments.len() > 3 { length(3) } else { 1 };
            length(1).max(length(2)).saturating_mul(64).saturating_add(separator.saturating_mul(63))
        }
        "MAKE_SET" => {
            let total = (1..arguments.len()).map(length).fold(0, u32::saturating_add);
            total.saturating_add(u32::try_from(arguments.len()).unwrap_or(2).saturating_sub(2))
        }
        _other => return None,
    })
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

/// 1582 calls a function as the statement does.
fn as_written(error: SqlError, name: &str) -> SqlError {
    let told = SqlError::argument_count(name);
    // Those of AES count what their mode needs, and say so under their own name.
    let own = name.get(..4).is_some_and(|first| first.eq_ignore_ascii_case("AES_"));
    if !own && error.code == told.code && error.message.eq_ignore_ascii_case(&told.message) { told } else { error }
}

/// True for `@name` and for an assignment to it.
fn is_user_variable(expr: &Expr) -> bool {
    let first = match unnested(expr) {
        Expr::BinaryOp { op: BinaryOperator::Assignment, .. } => return true,
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(parts) => parts.first(),
        _other => None,
    };
    first.is_some_and(|name| name.value.starts_with('@') && !name.value.starts_with("@@"))
}
