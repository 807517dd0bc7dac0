//! Settings of the source that decide whether and how it can be mirrored.

use super::finding::Finding;
use super::{Settings, SourceSurvey};
use crate::config::Lane;
use crate::source::inspect::Family;
use crate::sql;

/// The oldest MySQL and MariaDB whose answers and dictionaries Bascule knows.
const OLDEST: (u32, u32) = (8, 0);
const OLDEST_MARIADB: (u32, u32) = (10, 6);

/// What is to be said of the server.
pub(super) fn findings(survey: &SourceSurvey, settings: &Settings) -> Vec<Finding> {
    let server = Server(survey);
    let mut found = Vec::new();
    found.extend(version(survey));
    if family(survey) == Family::MariaDb {
        found.extend(server.mariadb(settings));
    }
    found.extend(server.gtids());
    found.extend(server.time_zone());
    found.extend(server.names_and_modes());
    found.extend(server.sessions(settings));
    found
}

/// Which of the two families the server is of.
pub(super) fn family(survey: &SourceSurvey) -> Family {
    Family::of(Server(survey).value("version"))
}

/// A server that can't be the source at all.
fn version(survey: &SourceSurvey) -> Option<Finding> {
    let version = Server(survey).value("version");
    let (name, oldest, upgrade) = match family(survey) {
        Family::MySql => ("MySQL", OLDEST, "upgrade MySQL to 8.0 or newer before the migration"),
        Family::MariaDb => ("MariaDB", OLDEST_MARIADB, "upgrade MariaDB to 10.6 or newer before the migration"),
    };
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) if (major, minor) >= oldest => None,
        _ => Some(
            Finding::blocker("source.version", "version", format!("the server is {name} {version}"))
                .why(format!("Bascule knows the dictionary and the answers of {name} {}.{}", oldest.0, oldest.1))
                .fix(upgrade),
        ),
    }
}

struct Server<'a>(&'a SourceSurvey);

impl<'a> Server<'a> {
    /// The variable's value; empty when this server hasn't got it.
    fn value(&self, name: &str) -> &'a str {
        self.0.variables.get(name).map_or("", String::as_str)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.value(name).eq_ignore_ascii_case(value)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.value(name).parse().ok()
    }

    /// What is to be said of every MariaDB, and of its modes.
    fn mariadb(&self, settings: &Settings) -> Vec<Finding> {
        let mut found = Vec::new();
        if settings.lane == Lane::Statements {
            found.push(
                Finding::blocker(
                    "source.mariadb.lane",
                    "[mirror] source",
                    "MariaDB is mirrored by its binary log only",
                )
                .why("its answers don't tell every GTID, and captured statements are ordered by them")
                .fix("proxy.toml: [mirror] source = \"binlog\""),
            );
        }
        if let Err(mode) = sql::modes_of_mariadb(self.value("sql_mode")) {
            found.push(
                Finding::blocker("source.sql_mode.foreign", "sql_mode", format!("sql_mode has {mode}"))
                    .why("statements mean something else under it than they do in what Bascule serves after the flip")
                    .fix("SET GLOBAL sql_mode without it, and see that the application does without it"),
            );
        }
        found.push(
            Finding::bends(
                "source.mariadb.sql",
                "SQL",
                "after the flip clients get another dialect than that of MariaDB",
            )
            .why(
                "statements and functions that only MariaDB has are refused by name then; SET NAMES utf8mb4 and new \
                     tables have the collation utf8mb4_0900_ai_ci, under which trailing blanks count",
            )
            .fix("let bascule translate judge the application's statements, and name collations where they matter"),
        );
        found
    }

    fn gtids(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if !self.is("log_bin", "ON") {
            found.push(
                Finding::blocker("source.log_bin", "log_bin", "the binary log is off")
                    .why("without it MySQL gives no GTIDs, and the order of commits comes from them")
                    .fix("start mysqld without --skip-log-bin (or with --log-bin) and restart it"),
            );
        }
        if family(self.0) == Family::MariaDb {
            // Every transaction has a GTID there.
            return found;
        }
        if !self.is("enforce_gtid_consistency", "ON") {
            let what = format!("enforce_gtid_consistency is {}", self.value("enforce_gtid_consistency"));
            found.push(
                Finding::blocker("source.enforce_gtid_consistency", "enforce_gtid_consistency", what)
                    .why("gtid_mode = ON needs it; statements that can't have one GTID are then refused by MySQL")
                    .fix(
                        "SET PERSIST enforce_gtid_consistency = WARN; look into the error log for a while; SET PERSIST \
                          enforce_gtid_consistency = ON",
                    ),
            );
        }
        if !self.is("gtid_mode", "ON") {
            found.push(
                Finding::blocker("source.gtid_mode", "gtid_mode", format!("gtid_mode is {}", self.value("gtid_mode")))
                    .why("every transaction must have a GTID: mirroring is ordered and checked by them")
                    .fix(
                        "SET PERSIST gtid_mode = OFF_PERMISSIVE; SET PERSIST gtid_mode = ON_PERMISSIVE; wait until \
                          SHOW STATUS LIKE 'Ongoing_anonymous_transaction_count' is 0; SET PERSIST gtid_mode = ON",
                    ),
            );
        }
        found
    }

    fn time_zone(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.is("time_zone", "SYSTEM") && self.0.system_offset_seconds != 0 {
            let offset = self.0.system_offset_seconds;
            let sign = if offset < 0 { '-' } else { '+' };
            let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
            let what = format!("time_zone is SYSTEM, and the system is {sign}{hours:02}:{minutes:02} from UTC");
            found.push(
                Finding::blocker("source.time_zone", "time_zone", what)
                    .why("sessions see TIMESTAMP in a zone that only MySQL's machine knows, daylight saving included")
                    .fix(format!(
                        "SET PERSIST time_zone = 'Area/City' (named zones must be loaded), or SET PERSIST time_zone = \
                         '{sign}{hours:02}:{minutes:02}' where the zone has no daylight saving"
                    )),
            );
        }
        if !self.0.named_zones {
            found.push(
                Finding::bends("source.time_zone_tables", "mysql.time_zone", "named time zones aren't loaded")
                    .why(
                        "CONVERT_TZ with names is NULL on MySQL, and SET time_zone = 'Area/City' an error; PostgreSQL \
                          knows the names, so both will work after the flip",
                    )
                    .fix("mysql_tzinfo_to_sql /usr/share/zoneinfo | mysql -u root mysql"),
            );
        }
        found
    }

    fn names_and_modes(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let folding = self.value("lower_case_table_names");
        if matches!(folding, "1" | "2") {
            let what = format!("lower_case_table_names is {folding}");
            found.push(
                Finding::note("source.lower_case_table_names", "lower_case_table_names", what)
                    .why("names of tables ignore case; Bascule resolves them so after the flip too")
                    .fix("nothing to do; tools that go to PostgreSQL directly must write names as SHOW TABLES does"),
            );
        }
        let modes: Vec<&str> = self.value("sql_mode").split(',').collect();
        if !modes.iter().any(|mode| matches!(*mode, "STRICT_TRANS_TABLES" | "STRICT_ALL_TABLES")) {
            found.push(
                Finding::note("source.sql_mode.not_strict", "sql_mode", "sql_mode isn't strict")
                    .why(
                        "values that don't fit are cut or clamped with a warning; Bascule does the same on PostgreSQL, \
                          and old rows may hold what strict mode refuses: see --data",
                    )
                    .fix("nothing to do; STRICT_TRANS_TABLES finds faults of the application earlier"),
            );
        }
        if modes.contains(&"PAD_CHAR_TO_FULL_LENGTH") {
            found.push(
                Finding::bends("source.sql_mode.pad_char", "sql_mode", "sql_mode has PAD_CHAR_TO_FULL_LENGTH")
                    .why("CHAR columns are read with trailing spaces on MySQL and without them on PostgreSQL")
                    .fix("SET PERSIST sql_mode = (SELECT REPLACE(@@GLOBAL.sql_mode, 'PAD_CHAR_TO_FULL_LENGTH', ''))"),
            );
        }
        if self.is("transaction_isolation", "SERIALIZABLE") || self.is("tx_isolation", "SERIALIZABLE") {
            found.push(
                Finding::bends("source.isolation", "transaction_isolation", "sessions are SERIALIZABLE by default")
                    .why(
                        "MySQL makes readers wait; PostgreSQL lets one of two conflicting transactions fail, which \
                          clients see as error 1213 and must repeat",
                    )
                    .fix("SET PERSIST transaction_isolation = 'REPEATABLE-READ' where the application doesn't need it"),
            );
        }
        found
    }

    fn sessions(&self, settings: &Settings) -> Vec<Finding> {
        let mut found = Vec::new();
        let limit = settings.max_allowed_packet;
        if self.number("max_allowed_packet").is_some_and(|theirs| theirs > limit) {
            let what = format!("MySQL takes packets of {} bytes, Bascule {limit}", self.value("max_allowed_packet"));
            found.push(
                Finding::bends("source.max_allowed_packet", "max_allowed_packet", what)
                    .why("a client that sends a larger one through Bascule is cut off")
                    .fix(format!(
                        "proxy.toml: [listen] max_allowed_packet_bytes = {}",
                        self.value("max_allowed_packet")
                    )),
            );
        }
        if self.is("read_only", "ON") || self.is("super_read_only", "ON") {
            found.push(
                Finding::bends("source.read_only", "read_only", "the server takes no writes")
                    .why("it looks like a replica: mirroring follows the writes that go through Bascule to this server")
                    .fix("name the primary in proxy.toml: [source] host, or SET PERSIST read_only = OFF"),
            );
        }
        found
    }
}
