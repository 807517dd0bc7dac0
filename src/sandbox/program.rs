//! The program of a server of MySQL's family: where it is, how its data folder is made, how it's started.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::mysql::{Durability, Flavour, Options};
use super::process::Launch;
use super::{SandboxError, cache, packages};

/// A `mysqld` or `mariadbd` with all it needs.
pub(super) struct Program {
    path: PathBuf,
    base: PathBuf,
    launch: Launch,
    flavour: Flavour,
}

impl Program {
    pub(super) fn find(flavour: Flavour) -> Result<Self, SandboxError> {
        let (variable, name) = match flavour {
            Flavour::MySql => ("BASCULE_MYSQLD", "mysqld"),
            Flavour::MariaDb => ("BASCULE_MARIADBD", "mariadbd"),
        };
        if let Some(named) = std::env::var_os(variable).filter(|value| !value.is_empty()) {
            return Self::at(PathBuf::from(named), flavour).check();
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), "/usr/local/mysql/bin".into()]);
        let mut candidates = folders.map(|folder| folder.join(name)).filter(|program| program.is_file());
        match candidates.find_map(|program| Self::at(program, flavour).check().ok()) {
            Some(program) => Ok(program),
            None => Self::fetched(flavour),
        }
    }

    fn fetched(flavour: Flavour) -> Result<Self, SandboxError> {
        let (tree, program) = match flavour {
            Flavour::MySql => (cache::entry("mysql", packages::mysql)?, "usr/sbin/mysqld"),
            Flavour::MariaDb => (cache::entry("mariadb-with-plugins", packages::mariadb)?, "usr/sbin/mariadbd"),
        };
        Self::at(tree.join(program), flavour).check()
    }

    /// A program at a path: part of the system, or of a folder that packages were extracted into. Fetched packages bring
    /// a loader with all libraries (MySQL's), or the libraries that the system lacks (MariaDB's).
    fn at(path: PathBuf, flavour: Flavour) -> Self {
        let base = path.parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        let mut launch = Launch::default();
        if base != Path::new("/usr") {
            match own_loader(&base) {
                Some((libraries, loader)) => {
                    let libraries = format!("{}:{}", libraries.display(), base.join("lib/mysql/private").display());
                    launch.words.extend([loader.into(), "--library-path".into(), libraries.into()]);
                }
                None => launch.environment.extend(own_libraries(&base)),
            }
        }
        launch.words.push(path.clone().into());
        launch.words.push("--no-defaults".into());
        launch.words.push(format!("--basedir={}", base.display()).into());
        for (option, place) in [
            ("--lc-messages-dir", "share/mysql"),
            ("--character-sets-dir", "share/mysql/charsets"),
            ("--plugin-dir", "lib/mysql/plugin"),
        ] {
            let place = base.join(place);
            if place.is_dir() {
                launch.words.push(format!("{option}={}", place.display()).into());
            }
        }
        if rustix::process::geteuid().is_root() {
            launch.words.push("--user=root".into());
        }
        Self { path, base, launch, flavour }
    }

    /// Refuses what isn't the wanted server: the two families speak of positions in different words.
    fn check(self) -> Result<Self, SandboxError> {
        let version = self.launch.with(["--version"]).run(Path::new("/"))?;
        let number = version.split("Ver ").nth(1).unwrap_or_default();
        let mut numbers = number.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
        let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let is_mariadb = version.contains("MariaDB");
        let (good, what, hint) = match self.flavour {
            Flavour::MySql => (
                !is_mariadb && major >= 8,
                "usable MySQL server",
                "MySQL 8.0 or newer is needed: name its mysqld in BASCULE_MYSQLD",
            ),
            Flavour::MariaDb => (
                is_mariadb && (major, minor) >= (10, 6),
                "usable MariaDB server",
                "MariaDB 10.6 or newer is needed: name its mariadbd in BASCULE_MARIADBD",
            ),
        };
        if !good {
            let looked = format!("{}, which is {}", self.path.display(), version.trim());
            return Err(SandboxError::NotFound { what, looked, hint: hint.into() });
        }
        Ok(self)
    }

    /// A fresh data folder, made once for this version of the program.
    pub(super) fn template(&self) -> Result<PathBuf, SandboxError> {
        match self.flavour {
            Flavour::MySql => {
                let name = format!("mysql-data-{}", cache::fingerprint(&self.path));
                cache::entry(&name, |folder| self.initialize(folder))
            }
            Flavour::MariaDb => {
                let name = format!("mariadb-data-{}", cache::fingerprint(&self.path));
                cache::entry(&name, |folder| self.bootstrap(folder))
            }
        }
    }

    /// MySQL makes its tables itself.
    fn initialize(&self, folder: &Path) -> Result<(), SandboxError> {
        let data = format!("--datadir={}", folder.display());
        self.launch.with([data.as_str(), "--initialize-insecure", "--innodb-redo-log-capacity=64M"]).run(folder)?;
        // Each server makes its own identity.
        let identity = folder.join("auto.cnf");
        fs::remove_file(&identity).map_err(SandboxError::file("remove", identity))
    }

    /// MariaDB reads the statements that make its tables, as its own `mariadb-install-db` gives them to it.
    fn bootstrap(&self, folder: &Path) -> Result<(), SandboxError> {
        const SCRIPTS: [&str; 5] = [
            "mysql_system_tables.sql",
            "mysql_performance_tables.sql",
            "mysql_system_tables_data.sql",
            "maria_add_gis_sp_bootstrap.sql",
            "mysql_sys_schema.sql",
        ];
        let mut input = tempfile::tempfile().map_err(SandboxError::file("create a file in", std::env::temp_dir()))?;
        // Without a socket's plugin, root is let in without a password.
        let mut text = b"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n".to_vec();
        for script in SCRIPTS {
            let path = self.base.join("share/mysql").join(script);
            text.extend(fs::read(&path).map_err(SandboxError::file("read", path))?);
        }
        let failed = SandboxError::file("write", std::env::temp_dir());
        input.write_all(&text).and_then(|()| std::io::Seek::rewind(&mut input)).map_err(failed)?;
        let data = format!("--datadir={}", folder.display());
        let launch = self.launch.with([data.as_str(), "--bootstrap", "--innodb-log-file-size=16M"]);
        launch.with(["--max-allowed-packet=8M", "--net-buffer-length=16K"]).read(folder, input).map(drop)
    }

    pub(super) fn server(&self, folder: &Path, port: u16, options: &Options) -> Launch {
        let place = |name: &str| folder.join(name).display().to_string();
        let mut arguments = vec![
            format!("--datadir={}", place("data")),
            // A MariaDB that starts removes what others have for the moment in the folder.
            format!("--tmpdir={}", folder.display()),
            format!("--port={port}"),
            "--bind-address=127.0.0.1".into(),
            format!("--socket={}", place("s")),
            format!("--pid-file={}", place("pid")),
            format!("--log-bin={}", place("data/binlog")),
            "--server-id=1".into(),
            "--secure-file-priv=".into(),
            "--max-connections=2000".into(),
        ];
        let own: &[&str] = match self.flavour {
            Flavour::MySql => {
                &["--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--mysqlx=OFF", "--innodb-redo-log-capacity=64M"]
            }
            // The character set is what Debian's configuration says; rows are what the lane of the binary log needs.
            Flavour::MariaDb => &[
                "--binlog-format=ROW",
                "--character-set-server=utf8mb4",
                "--collation-server=utf8mb4_general_ci",
                "--log-slave-updates=ON",
                "--innodb-log-file-size=16M",
            ],
        };
        arguments.extend(own.iter().map(|argument| (*argument).to_owned()));
        match options.durability {
            Durability::Light => {
                arguments.extend(["--innodb-flush-log-at-trx-commit=2".into(), "--sync-binlog=0".into()]);
            }
            // MariaDB's own default doesn't wait for the binary log.
            Durability::Full if self.flavour == Flavour::MariaDb => arguments.push("--sync-binlog=1".into()),
            Durability::Full => {}
        }
        arguments.extend(options.arguments.iter().cloned());
        self.launch.with(arguments)
    }
}

/// The libraries' folder and the loader of an extracted tree.
fn own_loader(base: &Path) -> Option<(PathBuf, PathBuf)> {
    let folders = fs::read_dir(base.join("lib")).ok()?.flatten().map(|entry| entry.path());
    folders.filter(|path| path.is_dir()).find_map(|libraries| {
        let mut files = fs::read_dir(&libraries).ok()?.flatten();
        let loader = files.find(|file| file.file_name().to_string_lossy().starts_with("ld-linux"))?;
        Some((libraries.clone(), loader.path()))
    })
}

/// Where the loader finds the libraries that were extracted beside a program.
fn own_libraries(base: &Path) -> Option<(std::ffi::OsString, std::ffi::OsString)> {
    let places = [base.join("lib"), base.parent().unwrap_or(base).join("lib")];
    let folders = places.iter().filter_map(|place| fs::read_dir(place).ok()).flatten().flatten();
    let folders = folders.map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with("-gnu"));
    let paths = std::env::join_paths(folders).ok().filter(|paths| !paths.is_empty())?;
    Some(("LD_LIBRARY_PATH".into(), paths))
}
