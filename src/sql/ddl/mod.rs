//! DDL: CREATE/ALTER/DROP/RENAME/TRUNCATE read by an own parser over sqlparser's tokens, and turned into catalogue
//! changes and PostgreSQL statements.  entry `ddl::plan(text, &Context) -> Result<Plan, SqlError>`.
