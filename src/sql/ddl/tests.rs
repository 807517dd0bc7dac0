//! Unit tests of DDL planning.
