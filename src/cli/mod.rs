//! The command line: one file for each subcommand. It parses, asks, prints; it decides nothing.

mod assess;
mod change;
mod demo;
mod error;
mod output;
mod reload;
mod run;
mod schema;
mod sessions;
mod status;
mod translate;
mod verify;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::admin::{Client, Rehearsal, VerifyRequest};
use crate::config::{Config, Lane};
use crate::demo::DemoOptions;
use crate::route::Mode;
use error::CliError;
use output::Output;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it was tried and failed; `run`: a second signal ended it at once
  2  the command line is wrong
  3  refused, with the reason: the cutover or the assessment has blockers, the state doesn't allow it, a statement or an
     object can't be carried, `schema --diff` found a difference
  4  no running Bascule answers on the admin socket
  5  the configuration is wrong

Passwords can come from BASCULE_SOURCE_PASSWORD and BASCULE_TARGET_PASSWORD.";

const LONG_ABOUT: &str = "\
Bascule moves a running application from MySQL to PostgreSQL.

It stands between the two as a MySQL server: the application only repoints its connection string. While MySQL serves, \
every byte is forwarded to it; in mode `mirror` every write is also repeated on PostgreSQL; `cutover` flips to serving \
from PostgreSQL in a pause that clients see as latency.

The usual way:
  bascule assess --data         everything that would stop or bend the migration, before it begins
  bascule run                   start it (mode passthrough) and point the application at [listen]
  bascule mode mirror           copy the rows and mirror the writes
  bascule status --watch        until every table is mirrored and the lag is small
  bascule verify                compare the rows of both sides
  bascule cutover --dry-run     everything that would hinder the flip
  bascule cutover               the flip";

/// Moves a running application from MySQL to PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "bascule", version, long_about = LONG_ABOUT, after_help = EXIT_CODES, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Where the running Bascule is.
#[derive(Clone, Debug, clap::Args)]
struct Door {
    /// The configuration; its `admin.socket` says where the running Bascule is
    #[arg(long, short, value_name = "FILE", default_value = "proxy.toml", env = "BASCULE_CONFIG")]
    config: PathBuf,
    /// The admin socket itself, when there is no configuration at hand
    #[arg(long, value_name = "PATH", env = "BASCULE_SOCKET")]
    socket: Option<PathBuf>,
    /// Print JSON instead of a text for people
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start Bascule; it runs until SIGTERM or Ctrl-C
    ///
    /// The mode is the one of the last run: PostgreSQL remembers it. The first run begins with passthrough, or, without
    /// a [source], with postgres.
    Run {
        /// The configuration
        #[arg(long, short, value_name = "FILE", default_value = "proxy.toml", env = "BASCULE_CONFIG")]
        config: PathBuf,
        /// Set this mode after the start, as `bascule mode` does
        #[arg(long)]
        mode: Option<ModeWord>,
        /// Take the place of the Bascule that runs on the same admin socket, with a new binary or configuration, without a
        /// client being refused: its listening sockets pass to this process, its sessions finish, and it ends
        ///
        /// What can't be gone on with is refused by name, and the running one goes on then: see docs/operating.md.
        #[arg(long, conflicts_with = "mode")]
        take_over: bool,
    },
    /// See it all on real servers in under a minute: forward, mirror, compare, flip under load
    ///
    /// A MySQL and a PostgreSQL are found or fetched (BASCULE_MYSQLD and BASCULE_POSTGRES_BIN name others), run in
    /// temporary folders on free ports, and end with the demo. Nothing of the system is changed.
    Demo {
        /// Print one JSON object as the last line; the text for people goes to standard error
        #[arg(long)]
        json: bool,
        /// Leave everything running until Ctrl-C, and print how to connect
        #[arg(long)]
        keep: bool,
        /// Seconds of load, besides the time for copying and comparing
        #[arg(long, value_name = "N", default_value_t = DemoOptions::default().seconds)]
        seconds: u64,
        /// By which way changes come from MySQL, as mirror.source in proxy.toml
        #[arg(long, value_name = "LANE", default_value = "statements")]
        mirror: LaneWord,
    },
    /// List everything that would stop or bend the migration, before it begins
    ///
    /// Both servers are asked, nothing is changed, no running Bascule is needed. Each finding says what it is, why it
    /// matters and what mends it. Exit code 0 is go, 3 is no-go: there are blockers.
    Assess(assess::Arguments),
    /// Print what the migration makes in PostgreSQL, make it, or compare it with what stands there
    ///
    /// No running Bascule is needed. What isn't carried is named with its reason, and the exit code is then 3; with --diff
    /// it's 0 when nothing differs, and 3 otherwise.
    Schema(schema::Arguments),
    /// Show what is going on
    Status {
        #[command(flatten)]
        door: Door,
        /// Show it again and again until Ctrl-C
        #[arg(long, short)]
        watch: bool,
        /// Seconds between two looks with --watch
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3600))]
        interval: u64,
    },
    /// List the client sessions, and what would hinder a flip of each; or tell everything of one
    Sessions {
        /// The session, by the first column of the list
        #[arg(value_name = "ID")]
        id: Option<u64>,
        #[command(flatten)]
        door: Door,
    },
    /// Set the mode: passthrough, or mirror
    ///
    /// `mirror` answers when the beginning is made; the rows are copied in the background: see `status --watch`.
    /// PostgreSQL serves after `bascule cutover`, not by a mode.
    Mode {
        mode: ModeWord,
        #[command(flatten)]
        door: Door,
    },
    /// Flip to PostgreSQL, or list everything that hinders it
    Cutover {
        /// Do every check and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        door: Door,
    },
    /// Copy tables again that couldn't be mirrored exactly; all that need it when none is named
    Resync {
        /// `database.table`; may be given several times
        #[arg(long = "table", value_name = "TABLE")]
        tables: Vec<String>,
        #[command(flatten)]
        door: Door,
    },
    /// Compare the rows of both sides at one position, while writes go on
    ///
    /// A difference is shown with its table, key, column, both values and what may be behind it. Nothing is written to
    /// MySQL and nothing is locked there; a flip that begins meanwhile ends the comparison.
    Verify {
        /// `database.table`; may be given several times, every mirrored table when it isn't
        #[arg(long = "table", value_name = "TABLE")]
        tables: Vec<String>,
        /// Copy the parts of tables that differ again, and compare those once more
        #[arg(long)]
        repair: bool,
        /// Percent of the time in which it works, so that applications keep the servers: 100 is as fast as it goes
        /// [default: verify.share of the configuration]
        #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
        share: Option<u8>,
        /// Compare again and again until Ctrl-C, or until something differs that isn't repaired
        #[arg(long)]
        continuous: bool,
        /// Seconds between two comparisons with --continuous
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
        interval: u64,
        #[command(flatten)]
        door: Door,
    },
    /// Read proxy.toml again, as SIGHUP does, and name each changed key that needs a restart
    ///
    /// A file with a problem is refused as a whole, and nothing changes. Limits, timeouts, accounts, the log level, and what
    /// [mirror], [verify] and [cutover] say of times and work change at once.
    Reload {
        #[command(flatten)]
        door: Door,
    },
    /// Translate MySQL's SQL from standard input to PostgreSQL's, or say why it can't be carried
    ///
    /// No server is asked: tables are known from CREATE TABLE statements in the input or in --schema files.
    Translate(translate::Arguments),
}

/// The modes that can be set by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeWord {
    /// Forward to MySQL, nothing else
    Passthrough,
    /// Forward to MySQL and repeat every write on PostgreSQL
    Mirror,
}

impl From<ModeWord> for Mode {
    fn from(word: ModeWord) -> Self {
        match word {
            ModeWord::Passthrough => Self::Passthrough,
            ModeWord::Mirror => Self::Mirror,
        }
    }
}

/// The ways that changes can take.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LaneWord {
    /// Captured statements are repeated
    Statements,
    /// MySQL's binary log is followed row by row
    Binlog,
}

impl From<LaneWord> for Lane {
    fn from(word: LaneWord) -> Self {
        match word {
            LaneWord::Statements => Self::Statements,
            LaneWord::Binlog => Self::Binlog,
        }
    }
}

impl Door {
    /// A client of the running Bascule.
    fn client(&self) -> Result<Client, CliError> {
        match &self.socket {
            Some(socket) => Ok(Client::new(socket)),
            None => Ok(Client::new(&load(&self.config)?.admin.socket)),
        }
    }

    const fn output(&self) -> Output {
        if self.json { Output::Json } else { Output::Text }
    }
}

/// Reads the configuration; a missing file gets a hint.
fn load(path: &Path) -> Result<Config, CliError> {
    Config::load(path).map_err(CliError::from)
}

/// Runs the command line `words` (the program's name first) and returns the exit code of the process.
#[must_use]
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version come this way too. A closed output is nobody's error.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match dispatch(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.print();
            error.exit_code()
        }
    }
}

fn dispatch(command: Command) -> Result<(), CliError> {
    match command {
        Command::Run { config, take_over: true, .. } => run::run(&config, run::Start::TakeOver),
        Command::Run { config, mode, take_over: false } => run::run(&config, run::Start::Alone(mode.map(Mode::from))),
        Command::Demo { json, keep, seconds, mirror } => {
            demo::run(DemoOptions { json, keep, seconds, lane: mirror.into() })
        }
        Command::Assess(arguments) => assess::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Status { door, watch: false, .. } => block_on(status::once(&door.client()?, door.output())),
        Command::Status { door, watch: true, interval } => {
            let interval = std::time::Duration::from_secs(interval);
            block_on(status::watch(&door.client()?, door.output(), interval))
        }
        Command::Sessions { id, door } => block_on(sessions::show(&door.client()?, id, door.output())),
        Command::Mode { mode, door } => block_on(change::mode(&door.client()?, mode.into(), door.output())),
        Command::Cutover { dry_run, door } => {
            let rehearsal = if dry_run { Rehearsal::DryRun } else { Rehearsal::Perform };
            block_on(change::cutover(&door.client()?, rehearsal, door.output()))
        }
        Command::Resync { tables, door } => block_on(change::resync(&door.client()?, tables, door.output())),
        Command::Verify { tables, repair, share, continuous: false, door, .. } => {
            block_on(verify::once(&door.client()?, &VerifyRequest { tables, repair, share }, door.output()))
        }
        Command::Verify { tables, repair, share, continuous: true, interval, door } => {
            let round = (door.output(), std::time::Duration::from_secs(interval));
            block_on(verify::continuously(&door.client()?, &VerifyRequest { tables, repair, share }, round))
        }
        Command::Reload { door } => block_on(reload::run(&door.client()?, door.output())),
        Command::Translate(arguments) => translate::run(&arguments),
    }
}

/// Runs a short conversation with a running Bascule.
fn block_on(conversation: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| CliError::failed("can't start", error))?.block_on(conversation)
}

#[cfg(test)]
mod tests;
