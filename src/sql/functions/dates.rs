//! Functions on dates and times that need nothing but conversion of their arguments.

use super::Returns::{Date, DateTime, Integer, Text, Time};
use super::{Plain, nullable};

#[rustfmt::skip]
pub(super) const PLAIN: &[Plain] = &[
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
];
