//! The helper functions in schema `mysql` of the target, for what inline SQL can't say: one SQL file for each family.
//!
//! # Rules
//! * Every statement can be run again at any time: `CREATE OR REPLACE` throughout.
//! * Arguments arrive with the collation of their column, often a nondeterministic one, on which PostgreSQL refuses
//!   pattern matching: every search in a helper says `COLLATE "C"`, and plpgsql variables are `text COLLATE "C"`.
//! * Functions that stand in conditions are not STRICT where that would keep PostgreSQL from inlining them.
//! * None raises an error where MySQL has a value or NULL. Where MySQL has an error or a warning, it is raised with
//!   MySQL's number as the SQLSTATE, `M` and four digits, and MySQL's text (`signals.sql`).
//! * A function that warns or fails is VOLATILE: PostgreSQL evaluates others while planning too.

/// SQL that creates the helper functions. It can be run again at any time; the schema and the collations come from
/// [`crate::schema::ddl`].
pub const HELPERS: &str = concat!(
    include_str!("helpers/signals.sql"),
    include_str!("helpers/system.sql"),
    include_str!("helpers/numbers.sql"),
    include_str!("helpers/text.sql"),
    include_str!("helpers/ciphers.sql"),
    include_str!("helpers/dates.sql"),
    include_str!("helpers/calendar.sql"),
    include_str!("helpers/json.sql"),
    include_str!("helpers/json_paths.sql"),
    include_str!("helpers/json_change.sql"),
    include_str!("helpers/json_value.sql"),
    include_str!("helpers/json_table.sql"),
    include_str!("helpers/json_schema.sql"),
    include_str!("helpers/rows.sql"),
    include_str!("helpers/groups.sql"),
    include_str!("helpers/geometry.sql"),
    include_str!("helpers/writes.sql"),
    include_str!("helpers/store.sql"),
    include_str!("helpers/store_moments.sql"),
);
