//! What our account on the source may do, and which accounts will be able to log in after the flip.

use super::finding::Finding;
use super::{Settings, SourceSurvey};
use crate::config::Lane;
use crate::source::backticks;
use crate::source::inspect::AccountRow;

/// What is to be said of accounts and privileges.
pub(super) fn findings(survey: &SourceSurvey, settings: &Settings) -> Vec<Finding> {
    let mut found = privileges(survey, settings);
    match &survey.accounts {
        Some(accounts) => found.extend(accounts.iter().filter_map(login)),
        None => found.push(
            Finding::bends("source.accounts", "mysql.user", "our account can't read mysql.user")
                .why("the applications' accounts can't be taken along: after the flip nobody but [[accounts]] gets in")
                .fix(format!(
                    "GRANT SELECT ON mysql.user TO {}; or write the accounts into proxy.toml as [[accounts]]",
                    quoted(&survey.account)
                )),
        ),
    }
    found
}

/// Why a privilege is needed; on every table, or on each database.
struct Needed {
    id: &'static str,
    privilege: &'static str,
    why: &'static str,
    /// False for those that only exist for the whole server.
    per_database: bool,
    /// Only the lane of the binary log needs it.
    of_log: bool,
    without: Without,
}

/// What happens without it.
enum Without {
    Stops,
    Bends,
}

const NEEDED: [Needed; 7] = [
    Needed {
        id: "source.privilege.select",
        privilege: "SELECT",
        why: "rows and definitions can't be read without it",
        per_database: true,
        of_log: false,
        without: Without::Stops,
    },
    Needed {
        id: "source.privilege.replication_client",
        privilege: "REPLICATION CLIENT",
        why: "the position of the binary log can't be asked for without it",
        per_database: false,
        of_log: false,
        without: Without::Stops,
    },
    Needed {
        id: "source.privilege.show_view",
        privilege: "SHOW VIEW",
        why: "views can't be read without it, so they aren't carried",
        per_database: true,
        of_log: false,
        without: Without::Bends,
    },
    Needed {
        id: "source.privilege.trigger",
        privilege: "TRIGGER",
        why: "triggers can't be seen without it: rows would be other ones after the flip, and nobody would be told",
        per_database: true,
        of_log: false,
        without: Without::Stops,
    },
    Needed {
        id: "source.privilege.show_routine",
        privilege: "SHOW_ROUTINE",
        why: "bodies of stored routines can't be read without it, so they aren't carried",
        per_database: false,
        of_log: false,
        without: Without::Bends,
    },
    Needed {
        id: "source.privilege.replication_slave",
        privilege: "REPLICATION SLAVE",
        why: "the binary log can't be read without it",
        per_database: false,
        of_log: true,
        without: Without::Stops,
    },
    Needed {
        id: "source.privilege.reload",
        privilege: "RELOAD",
        why: "with it MySQL itself holds all writers for the milliseconds of a snapshot; without it a commit beside Bascule \
              in those makes the snapshot begin once more",
        per_database: false,
        of_log: true,
        without: Without::Bends,
    },
];

fn privileges(survey: &SourceSurvey, settings: &Settings) -> Vec<Finding> {
    let grants: Vec<Grant> = survey.grants.iter().filter_map(|text| Grant::read(text)).collect();
    let account = quoted(&survey.account);
    let mut found = Vec::new();
    for needed in NEEDED.iter().filter(|needed| !needed.of_log || settings.lane == Lane::Binlog) {
        let global = grants.iter().any(|grant| grant.scope == "*.*" && grant.has(needed.privilege));
        // Before MySQL 8.0.20 and for whoever may read every table, SELECT on all shows bodies as well; in MariaDB they are
        // rows of a table.
        let stands_in = needed.privilege == "SHOW_ROUTINE"
            && (grants.iter().any(|grant| grant.scope == "*.*" && grant.has("SELECT"))
                || survey.grants.iter().any(|grant| grant.contains("SELECT") && grant.contains("`mysql`.`proc`")));
        if global || stands_in {
            continue;
        }
        let without = |scope: &str, subject: String| {
            let what = format!("{} has no {} on {scope}", survey.account, needed.privilege);
            let finding = match needed.without {
                Without::Stops => Finding::blocker(needed.id, subject, what),
                Without::Bends => Finding::bends(needed.id, subject, what),
            };
            finding.why(needed.why).fix(format!("GRANT {} ON {scope} TO {account}", needed.privilege))
        };
        if !needed.per_database {
            found.push(without("*.*", needed.privilege.to_owned()));
            continue;
        }
        for database in &settings.databases {
            let on = |grant: &Grant| grant.covers(database) && grant.has(needed.privilege);
            if !grants.iter().any(on) {
                let name = format!("{}.*", backticks(database));
                found.push(without(&name, format!("{} on {database}", needed.privilege)));
            }
        }
    }
    found
}

/// An account of the source that nobody could log in with after the flip.
fn login(account: &AccountRow) -> Option<Finding> {
    let spoken = matches!(account.plugin.as_str(), "caching_sha2_password" | "mysql_native_password");
    if account.locked || spoken {
        return None;
    }
    let name = format!("'{}'@'{}'", account.user, account.host);
    Some(
        Finding::bends("source.account.plugin", name.clone(), format!("{name} logs in by {}", account.plugin))
            .why(
                "Bascule can check caching_sha2_password and mysql_native_password; this account can't log in after \
                  the flip",
            )
            .fix(format!("ALTER USER {name} IDENTIFIED WITH caching_sha2_password BY '…'")),
    )
}

/// `'user'@'host'` of `user@host`.
fn quoted(account: &str) -> String {
    let (user, host) = account.rsplit_once('@').unwrap_or((account, "%"));
    format!("'{user}'@'{host}'")
}

/// One line of SHOW GRANTS that gives privileges on all tables of something.
#[derive(Debug, PartialEq, Eq)]
struct Grant {
    privileges: Vec<String>,
    /// `*.*`, or a database (which may be a pattern) as MySQL writes it, with its backquotes and `.*`.
    scope: String,
}

impl Grant {
    fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("GRANT ")?;
        let (privileges, rest) = rest.split_once(" ON ")?;
        let (scope, _) = rest.split_once(" TO ")?;
        scope.ends_with(".*").then(|| Self {
            privileges: privileges.split(',').map(|name| name.trim().to_uppercase()).collect(),
            scope: scope.to_owned(),
        })
    }

    fn has(&self, privilege: &str) -> bool {
        // ALL doesn't hold the privileges that only servers have, but those stand in lines of their own.
        let is_it = |own: &String| own == privilege || own == "ALL PRIVILEGES";
        // MariaDB's name.
        let other = |own: &String| privilege == "REPLICATION CLIENT" && own == "BINLOG MONITOR";
        self.privileges.iter().any(|own| is_it(own) || other(own))
    }

    /// MySQL reads `_` and `%` in a database's name as LIKE does.
    fn covers(&self, database: &str) -> bool {
        let Some(name) = self.scope.strip_suffix(".*") else { return false };
        let name = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or(name);
        let name = name.replace("``", "`");
        name == "*" || like(&name.chars().collect::<Vec<_>>(), &database.chars().collect::<Vec<_>>())
    }
}

fn like(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('\\', [escaped, rest @ ..])), Some((first, after))) => escaped == first && like(rest, after),
        (Some(('%', rest)), _) => (0..=text.len()).any(|at| text.get(at..).is_some_and(|text| like(rest, text))),
        (Some(('_', rest)), Some((_, after))) => like(rest, after),
        (Some((one, rest)), Some((first, after))) => one == first && like(rest, after),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_as_mysql_writes_them() {
        let grant = Grant::read("GRANT SELECT, SHOW VIEW ON `shop\\_%`.* TO `bascule`@`%`").expect("a grant");
        assert!(grant.has("SHOW VIEW") && !grant.has("TRIGGER"));
        assert!(grant.covers("shop_one") && !grant.covers("shopxone") && !grant.covers("shop"));
        assert!(Grant::read("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost`").expect("a grant").has("SELECT"));
        assert_eq!(Grant::read("GRANT `role`@`%` TO `u`@`%`"), None);
        assert_eq!(Grant::read("GRANT SELECT ON `a`.`t` TO `u`@`%`"), None);
        assert_eq!(Grant::read("GRANT PROXY ON ``@`` TO `root`@`localhost` WITH GRANT OPTION"), None);
    }
}
