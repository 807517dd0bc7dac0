//! Functions on dates and times that need nothing but conversion of their arguments.

use super::Returns::{Date, Integer, Text, Year};
use super::{Plain, nullable};

#[rustfmt::skip]
pub(super) const PLAIN: &[Plain] = &[
    nullable("YEAR", "Z", "\"mysql\".part('year', {0})", Year),
    nullable("MONTH", "Z", "\"mysql\".part('month', {0})", Integer(3)),
    nullable("DAY", "Z", "\"mysql\".part('day', {0})", Integer(3)),
    nullable("DAYOFMONTH", "Z", "\"mysql\".part('day', {0})", Integer(3)),
    nullable("DAYOFWEEK", "A", "(extract(dow FROM {0})::int8 + 1)", Integer(2)),
    nullable("WEEKDAY", "A", "(extract(isodow FROM {0})::int8 - 1)", Integer(2)),
    nullable("DAYOFYEAR", "A", "extract(doy FROM {0})::int8", Integer(4)),
    nullable("QUARTER", "Z", "\"mysql\".part('quarter', {0})", Integer(2)),
    nullable("WEEKOFYEAR", "A", "extract(week FROM {0})::int8", Integer(3)),
    nullable("WEEK", "Ai", "\"mysql\".week({*})", Integer(3)),
    nullable("YEARWEEK", "Ai", "\"mysql\".yearweek({*})", Integer(7)),
    nullable("MONTHNAME", "A", "to_char({0}, 'FMMonth')", Text(9)),
    nullable("DAYNAME", "A", "to_char({0}, 'FMDay')", Text(9)),
    nullable("DATE", "Z", "({0})::date", Date),
        nullable("LAST_DAY", "A", "(date_trunc('month', {0}::timestamp) + interval '1 month - 1 day')::date", Date),
    nullable("TO_DAYS", "A", "(({0} - date '0001-01-01')::int8 + 366)", Integer(8)),
    nullable("FROM_DAYS", "I", "(date '0001-01-01' + ({0} - 366)::int4)", Date),
    nullable("TO_SECONDS", "S", "(floor(extract(epoch FROM {0} - timestamp '0001-01-01'))::int8 + 31622400)", Integer(11)),
    nullable("DATEDIFF", "AA", "({0} - {1})::int8", Integer(9)),
    nullable("DATE_FORMAT", "ST", "\"mysql\".date_format({*})", Text(255)),
    nullable("TIME_TO_SEC", "V", "trunc(extract(epoch FROM {0}))::int8", Integer(10)),
];
