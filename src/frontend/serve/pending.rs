//! Stand-ins for what the translator doesn't offer yet: everything is refused by name.

use std::sync::Arc;

use bytes::Bytes;

use crate::schema::Catalogue;
use crate::sql::plan::{Context, Parameter, ParameterSource, Plan, SqlError};
use crate::value::Value;

pub struct Values<'v> {
    pub client: &'v [Value],
    pub catalogue: &'v Catalogue,
    pub time_micros: i64,
    pub time_zone: &'v str,
    pub first_generated_id: u64,
    pub id_step: u64,
    pub last_insert_id: u64,
    pub connection_id: u64,
    pub user: &'v str,
    pub found_rows: i64,
    pub row_count: i64,
    pub variables: &'v dyn Fn(&str) -> Option<Value>,
    pub user_variables: &'v dyn Fn(&str) -> Option<Value>,
}

#[derive(Debug, Default)]
pub struct Cache;

fn refuse<T>() -> Result<T, SqlError> {
    Err(SqlError { code: 1235, sqlstate: "42000", message: "This version of MySQL doesn't yet support 'SQL'".to_owned() })
}

impl Cache {
    pub fn plan(&self, _text: &str, _context: &Context) -> Result<Arc<Plan>, SqlError> {
        refuse()
    }
}

pub fn bind(_parameters: &[Parameter], _values: &Values<'_>) -> Result<Vec<Option<Bytes>>, SqlError> {
    refuse()
}

pub fn value_of(_source: &ParameterSource, _values: &Values<'_>) -> Result<Value, SqlError> {
    refuse()
}

pub fn parameter_count(_text: &str) -> Result<usize, SqlError> {
    refuse()
}
