//! Functions on JSON documents that need nothing but conversion of their arguments.

use super::Returns::{Integer, Text, Truth};
use super::{Plain, nullable, plain};

#[rustfmt::skip]
pub(super) const PLAIN: &[Plain] = &[
    plain("JSON_VALID", "T", "\"mysql\".json_valid({0})::int8", Truth),
    nullable("JSON_LENGTH", "J", "\"mysql\".json_length({0})", Integer(10)),
    nullable("JSON_CONTAINS", "JJ", "({0} @> {1})::int4", Truth),
    nullable("JSON_QUOTE", "T", "to_json({0})::text", Text(65_535)),
];
