//! A Bascule as a process of its own before the shared servers, for tests that signal, reload or replace it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use bascule::admin;
use bascule::sandbox::{self, Servers};
use rustix::process::{Pid, Signal, kill_process};

use crate::forward::raw::{Raw, USUAL};
use crate::world::free_port;

/// A configuration, and a database of the same name on both servers.
pub struct Site {
    pub servers: &'static Servers,
    pub database: String,
    pub port: u16,
    folder: tempfile::TempDir,
}

/// A running Bascule; killed when dropped.
pub struct Running {
    pub child: Child,
}

impl Site {
    /// In front of MySQL, with more lines in `[listen]`.
    pub fn forwarding(listen: &str) -> Self {
        Self::made(listen, true)
    }

    /// PostgreSQL alone.
    pub fn serving(listen: &str) -> Self {
        Self::made(listen, false)
    }

    fn made(listen: &str, source: bool) -> Self {
        let servers = sandbox::shared().expect("servers start");
        let database = servers.create_database().expect("a database").name;
        let folder = tempfile::tempdir().expect("a folder");
        let site = Self { servers, database, port: free_port(), folder };
        site.write(listen, "", source);
        site
    }

    /// Writes the configuration anew, with more lines in `[listen]` and at the end.
    pub fn write(&self, listen: &str, rest: &str, source: bool) {
        let Self { servers, database, port, .. } = self;
        let source = match source {
            true => format!(
                "[source]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"root\"\npassword = \"\"\ndatabases = [\"{database}\"]\n",
                servers.mysql.port()
            ),
            false => String::new(),
        };
        let text = format!(
            "[listen]\naddress = \"127.0.0.1:{port}\"\n{listen}\n{source}\
             [target]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"postgres\"\npassword = \"\"\ndatabase = \"{database}\"\n\
             [spool]\ndirectory = \"spool\"\n[[accounts]]\nuser = \"root\"\npassword = \"\"\n{rest}\n",
            servers.postgres.port(),
        );
        let text = if rest.contains("[admin]") { text } else { format!("{text}[admin]\nsocket = \"admin.sock\"\n") };
        std::fs::write(self.config(), text).expect("a configuration");
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("proxy.toml")
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Starts it and waits until clients are let in.
    pub async fn start(&self) -> Running {
        let running = self.spawn(&[]);
        self.logged("clients are let in").await;
        running
    }

    /// Starts it with further arguments.
    pub fn spawn(&self, arguments: &[&str]) -> Running {
        let log = std::fs::File::options().create(true).append(true).open(self.log_path()).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_bascule"))
            .args(["run", "--config"])
            .arg(self.config())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the binary runs");
        Running { child }
    }

    /// Runs a subcommand to its end.
    pub async fn command(&self, words: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_bascule"));
        command.args(words).arg("--config").arg(self.config()).stdin(Stdio::null());
        command.output().await.expect("the binary runs")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Waits until the log has a text.
    pub async fn logged(&self, text: &str) {
        until(&format!("{text:?} in the log"), || self.log().contains(text)).await;
    }

    pub fn admin(&self) -> admin::Client {
        admin::Client::new(&self.folder.path().join("admin.sock"))
    }

    /// A client that has logged in.
    pub async fn client(&self) -> Raw {
        Raw::connect(self.address(), USUAL, "root", "").await
    }
}

impl Running {
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("a signal");
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("Bascule ends", || {
            status = self.child.try_wait().expect("a child");
            status.is_some()
        })
        .await;
        status.expect("it has ended")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a condition.
pub async fn until(what: &str, mut met: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if met() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain for: {what}");
}
