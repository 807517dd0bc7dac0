//! System tables whose rows are the same on every server.

use super::rows::{Cells, Wanted};

const ROWS: &str = include_str!("fixed.txt");

/// The rows of one table of `fixed.txt`.
pub(crate) fn rows(table: &str) -> Vec<Cells> {
    let lines = ROWS.lines().skip_while(|line| line.strip_prefix('=') != Some(table)).skip(1);
    lines
        .take_while(|line| !line.starts_with('='))
        .map(|line| line.split('\t').map(|cell| (cell != "\\N").then(|| cell.to_owned())).collect())
        .collect()
}

/// Static privileges of an account that may do everything, which every account of Bascule may.
pub(crate) const PRIVILEGES: [&str; 31] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "RELOAD",
    "SHUTDOWN",
    "PROCESS",
    "FILE",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "SHOW DATABASES",
    "SUPER",
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
    "EXECUTE",
    "REPLICATION SLAVE",
    "REPLICATION CLIENT",
    "CREATE VIEW",
    "SHOW VIEW",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "CREATE USER",
    "EVENT",
    "TRIGGER",
    "CREATE TABLESPACE",
    "CREATE ROLE",
    "DROP ROLE",
    "GRANT OPTION",
];

/// USER_PRIVILEGES of the client's own account.
pub(super) fn user_privileges(wanted: &Wanted<'_>) -> Vec<Cells> {
    let (name, host) = wanted.user.rsplit_once('@').unwrap_or((wanted.user, "%"));
    let grantee = format!("'{name}'@'{host}'");
    let row = |privilege: &&str| {
        let cells = [grantee.as_str(), "def", privilege, "YES"];
        cells.iter().map(|cell| Some((*cell).to_owned())).collect()
    };
    PRIVILEGES.iter().filter(|privilege| **privilege != "GRANT OPTION").map(row).collect()
}
