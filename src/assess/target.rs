//! What is to be said of PostgreSQL.

use super::finding::Finding;
use super::{Settings, SourceSurvey, TargetSurvey};
use crate::config::Lane;

const OLDEST: i64 = 150_000;
/// Connections beside those that serve clients: control, apply, copy, verify.
const OTHERS: i64 = 8;

/// What is to be said of the target; sizes and names are compared with the source's, as far as that is known.
pub(super) fn findings(survey: &TargetSurvey, source: Option<&SourceSurvey>, settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(server(survey));
    found.extend(rights(survey, settings));
    found.extend(connections(survey, settings));
    found.extend(source.map(|source| room(survey, source)));
    found
}

fn server(survey: &TargetSurvey) -> Vec<Finding> {
    let mut found = Vec::new();
    if survey.version_number < OLDEST {
        found.push(
            Finding::blocker("target.version", "server_version", format!("the server is {}", short(&survey.version)))
                .why("Bascule needs what PostgreSQL 15 brought, unique indexes and collations among it")
                .fix("use PostgreSQL 15 or newer"),
        );
    }
    if survey.encoding != "UTF8" {
        found.push(
            Finding::blocker("target.encoding", "server_encoding", format!("the database is in {}", survey.encoding))
                .why("MySQL's text has characters that only UTF-8 holds")
                .fix("CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and name it in proxy.toml: [target] database"),
        );
    }
    if !survey.icu {
        found.push(
            Finding::blocker("target.icu", "ICU", "this PostgreSQL was built without ICU")
                .why("MySQL's collations that ignore case and accents are carried by ICU's")
                .fix("use a PostgreSQL built with ICU, as all common packages are"),
        );
    }
    if survey.read_only {
        found.push(
            Finding::blocker("target.read_only", "read only", "the database takes no writes")
                .why("it's a standby, or default_transaction_read_only is on")
                .fix("name the primary in proxy.toml: [target] host, or ALTER DATABASE … SET default_transaction_read_only = off"),
        );
    }
    if !survey.pgcrypto {
        found.push(
            Finding::bends("target.pgcrypto", "pgcrypto", "the extension pgcrypto isn't available")
                .why("AES_ENCRYPT and AES_DECRYPT are errors after the flip without it")
                .fix("install PostgreSQL's contrib package on the server"),
        );
    }
    if survey.max_prepared_transactions == 0 {
        found.push(
            Finding::note("target.max_prepared_transactions", "max_prepared_transactions", "XA PREPARE won't work")
                .why("max_prepared_transactions is 0; it matters only to applications that use XA")
                .fix("ALTER SYSTEM SET max_prepared_transactions = 100, and restart PostgreSQL"),
        );
    }
    found
}

fn rights(survey: &TargetSurvey, settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    if !survey.may_create_schemas {
        found.push(
            Finding::blocker(
                "target.privilege.create",
                settings.target_database.clone(),
                "our role may not create schemas",
            )
            .why("each MySQL database becomes a schema, and Bascule keeps its state in one")
            .fix(format!(
                "GRANT CREATE ON DATABASE {} TO {}",
                crate::schema::quote::identifier(&settings.target_database),
                crate::schema::quote::identifier(&settings.target_user)
            )),
        );
    }
    if settings.lane == Lane::Binlog && !survey.may_replicate {
        let what = "our role may not set session_replication_role";
        found.push(
            Finding::blocker("target.privilege.replication", settings.target_user.clone(), what)
                .why("rows of the binary log are written without the checks that MySQL has made already")
                .fix(format!(
                    "as a superuser: GRANT SET ON PARAMETER session_replication_role TO {}",
                    crate::schema::quote::identifier(&settings.target_user)
                )),
        );
    }
    let ours = |name: &str| name == "mysql" || name == "bascule" || settings.databases.iter().any(|own| own == name);
    for schema in survey.schemas.iter().filter(|schema| ours(&schema.name)) {
        if !schema.owned {
            let what = format!("schema {} belongs to another role", schema.name);
            found.push(
                Finding::blocker("target.schema.owner", schema.name.clone(), what)
                    .why("its tables are replaced when mirroring begins, which only its owner may do")
                    .fix(format!(
                        "ALTER SCHEMA {} OWNER TO {}",
                        crate::schema::quote::identifier(&schema.name),
                        crate::schema::quote::identifier(&settings.target_user)
                    )),
            );
        } else if schema.tables > 0 && settings.databases.contains(&schema.name) && survey.mode.is_none() {
            let what = format!("schema {} holds {} tables or views, and not by Bascule", schema.name, schema.tables);
            found.push(
                Finding::bends("target.schema.taken", schema.name.clone(), what)
                    .why("tables of the source's names are dropped when mirroring begins")
                    .fix(format!(
                        "name an empty database in proxy.toml: [target] database, or ALTER SCHEMA {} RENAME TO …",
                        crate::schema::quote::identifier(&schema.name)
                    )),
            );
        }
    }
    match survey.mode.as_deref() {
        Some("postgres") => found.push(
            Finding::blocker("target.mode", "bascule.state", "PostgreSQL serves already: the flip is done")
                .why("mirroring would begin again from MySQL, over what clients have written since")
                .fix("nothing to do; to begin anew on purpose, DROP SCHEMA bascule CASCADE in the target"),
        ),
        Some("mirror") => found.push(
            Finding::note("target.mode", "bascule.state", "this target is being mirrored already")
                .why("an assessment looks at what would stop a beginning")
                .fix("nothing to do; `bascule status` says how it goes"),
        ),
        Some(_) | None => {}
    }
    found
}

fn connections(survey: &TargetSurvey, settings: &Settings) -> Option<Finding> {
    let reserved = if survey.superuser { 0 } else { survey.reserved_connections };
    let free = survey.max_connections - reserved;
    let wanted = i64::try_from(settings.target_connections).unwrap_or(i64::MAX).saturating_add(OTHERS);
    (wanted > free).then(|| {
        let what = format!(
            "Bascule may open {wanted} connections ([target] max_connections = {} and {OTHERS} of its own), PostgreSQL \
             has {free} for it",
            settings.target_connections
        );
        Finding::bends("target.max_connections", "max_connections", what)
            .why("clients wait or get errors when PostgreSQL takes no more connections")
            .fix(format!(
                "ALTER SYSTEM SET max_connections = {}, and restart PostgreSQL; or proxy.toml: [target] max_connections = {}",
                wanted + survey.reserved_connections,
                (free - OTHERS).max(1)
            ))
    })
}

/// PostgreSQL doesn't tell what is free on its disks. Its own size is rounded, since it grows by looking at it.
fn room(survey: &TargetSurvey, source: &SourceSurvey) -> Finding {
    const MIB: u64 = 1 << 20;
    const STEP: u64 = 64 * MIB;
    let theirs: u64 = source.tables.iter().map(|table| table.bytes).sum();
    let ours = u64::try_from(survey.database_bytes).unwrap_or(0).div_ceil(STEP) * STEP;
    let what = format!(
        "MySQL's data and keys take {} MiB, the database in PostgreSQL has less than {} MiB now",
        theirs.div_ceil(MIB),
        ours / MIB
    );
    Finding::note("target.size", "disk space", what)
        .why("PostgreSQL can't be asked for free space, and takes about as much as MySQL, write-ahead log besides")
        .fix(format!("have {} MiB free on PostgreSQL's disk", (theirs.saturating_mul(2)).div_ceil(MIB)))
}

/// `PostgreSQL 15.3` of `PostgreSQL 15.3 (Debian …) on …`.
fn short(version: &str) -> String {
    version.split(' ').take(2).collect::<Vec<_>>().join(" ")
}
