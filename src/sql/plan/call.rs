//! CALL, and the variables that statements put values into.

use super::SetValue;

/// CALL.
#[derive(Clone, Debug)]
pub struct Call {
    pub database: Option<String>,
    pub name: String,
    /// Each with what takes the value of an OUT parameter.
    pub arguments: Vec<(SetValue, Option<CallTarget>)>,
}

/// What can be given for an OUT parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallTarget {
    /// `@name`, in lower case.
    User(String),
    Local(usize),
    /// The client's n-th `?`.
    Client(usize),
}

/// Where SELECT … INTO puts a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntoTarget {
    /// `@name`, in lower case.
    User(String),
    Local(usize),
}
