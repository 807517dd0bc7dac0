//! MariaDB's modes of SQL as MySQL's: what a session that comes from MariaDB means by its statements.

/// Modes that change what a text means, or which rows come of it, in a way that MySQL hasn't got.
const FOREIGN: [&str; 6] = ["ORACLE", "MSSQL", "DB2", "MAXDB", "EMPTY_STRING_IS_NULL", "SIMULTANEOUS_ASSIGNMENT"];
/// Modes that MySQL no longer has, or never had, and that change nothing of what is carried.
const DROPPED: [&str; 9] = [
    "NO_AUTO_CREATE_USER",
    "IGNORE_BAD_TABLE_OPTIONS",
    "POSTGRESQL",
    "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS",
    "NO_FIELD_OPTIONS",
    "MYSQL323",
    "MYSQL40",
    "TIME_ROUND_FRACTIONAL",
];

/// MariaDB's `sql_mode` as MySQL's: MySQL rounds fractions of a second unless a mode says otherwise, MariaDB cuts them
/// unless one does.
///
/// # Errors
/// The name of a mode that MySQL hasn't got and that changes what statements mean.
pub fn modes_of_mariadb(text: &str) -> Result<String, &'static str> {
    let theirs: Vec<&str> = text.split(',').map(str::trim).filter(|mode| !mode.is_empty()).collect();
    if let Some(foreign) = FOREIGN.into_iter().find(|foreign| theirs.contains(foreign)) {
        return Err(foreign);
    }
    let mut ours: Vec<&str> = theirs.iter().filter(|mode| !DROPPED.contains(mode)).copied().collect();
    if !theirs.contains(&"TIME_ROUND_FRACTIONAL") {
        ours.push("TIME_TRUNCATE_FRACTIONAL");
    }
    Ok(ours.join(","))
}

#[cfg(test)]
mod tests {
    use super::modes_of_mariadb;

    #[test]
    fn modes_mean_the_same() {
        for (theirs, ours) in [
            ("", Ok("TIME_TRUNCATE_FRACTIONAL")),
            (
                "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION",
                Ok("STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,TIME_TRUNCATE_FRACTIONAL"),
            ),
            ("TIME_ROUND_FRACTIONAL", Ok("")),
            ("PIPES_AS_CONCAT,ORACLE", Err("ORACLE")),
            ("EMPTY_STRING_IS_NULL", Err("EMPTY_STRING_IS_NULL")),
        ] {
            assert_eq!(modes_of_mariadb(theirs).as_deref(), ours.as_ref().copied(), "{theirs}");
        }
    }
}
