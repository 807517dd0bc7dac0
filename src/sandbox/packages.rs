//! The packages of a server of MySQL's family, fetched from the machine's own mirror and extracted.

use std::path::Path;

use super::SandboxError;
use super::apt::{self, Apt, Installed};

/// Debian carries MySQL's long-term release only in its newest suite, Ubuntu in each of its own. Everything down to
/// the C library is fetched, so that it runs on older systems.
pub(super) fn mysql(folder: &Path) -> Result<(), SandboxError> {
    let hint = "install a MySQL server (8.0 or newer), or name its mysqld in BASCULE_MYSQLD";
    let missing = |looked: String| SandboxError::NotFound { what: "MySQL server", looked, hint: hint.into() };
    let release = apt::release();
    let mut origins: Vec<_> =
        apt::origins().into_iter().filter(|origin| origin.suite.starts_with(&release.codename)).collect();
    let packages: &[&[&str]] = match release.id.as_str() {
        "debian" => {
            origins.retain(|origin| origin.suite == release.codename);
            for origin in &mut origins {
                origin.suite = "sid".into();
                origin.components = vec!["main".into()];
            }
            origins.truncate(1);
            &[&["mysql-server-core", "mysql-client-core"]]
        }
        "ubuntu" => &[&["mysql-server-core"], &["mysql-server-core-8.4"], &["mysql-server-core-8.0"]],
        other => return Err(missing(format!("BASCULE_MYSQLD, PATH; no recipe to fetch it on {other:?}"))),
    };
    if release.codename.is_empty() || origins.is_empty() {
        return Err(missing("BASCULE_MYSQLD, PATH; the machine's apt sources name no usable mirror".into()));
    }
    let work = folder.with_extension("apt");
    let apt = Apt::new(&work, &origins, Installed::Nothing)?;
    apt.update()?;
    let mut failure = String::new();
    for names in packages {
        match apt.download(names, "fetching MySQL") {
            Ok(archives) => {
                let skip = |name: &str| name.contains("perl") || name.starts_with("gcc-");
                return apt::extract(&archives, folder, skip);
            }
            Err(error) => failure = error.to_string(),
        }
    }
    Err(missing(format!("BASCULE_MYSQLD, PATH, the machine's package mirror: {failure}")))
}

/// MariaDB is in the distribution's own suite and runs on the system's libraries, so only what's missing is fetched.
pub(super) fn mariadb(folder: &Path) -> Result<(), SandboxError> {
    let hint = "install MariaDB (10.6 or newer), or name its mariadbd in BASCULE_MARIADBD";
    let missing = |looked: String| SandboxError::NotFound { what: "MariaDB server", looked, hint: hint.into() };
    let origins = apt::origins();
    if !matches!(apt::release().id.as_str(), "debian" | "ubuntu") || origins.is_empty() {
        return Err(missing("BASCULE_MARIADBD, PATH; no recipe to fetch it here".into()));
    }
    let apt = Apt::new(&folder.with_extension("apt"), &origins, Installed::System)?;
    apt.update()?;
    let mut archives = apt.download(&["mariadb-server-core"], "fetching MariaDB")?;
    // The plugins are in this one, whose scripts need much that a server on its own doesn't.
    archives.extend(apt.alone("mariadb-server")?);
    apt::extract(&archives, folder, |name| name.contains("perl") || name.starts_with("libc6"))
}
