//! A server process that can't outlive us.
//!
//! The shell between us and the server waits for two things: the server's end, and the end of the pipe that we hold.
//! The second happens when we are gone, whatever took us; then it ends the server and removes its folder. The kernel's
//! parent-death signal isn't used, because it fires at the end of the *thread* that started the child.
//! The whole family is a process group of its own, so that Ctrl-C reaches us alone and we decide the order of the end.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{SandboxError, wait};

/// `$1` folder, `$2` signal at our death, `$3` log file, the rest is the command.
const KEEPER: &str = r#"
folder=$1 signal=$2 log=$3
shift 3
exec 3<&0
"$@" </dev/null >>"$log" 2>&1 3<&- &
server=$!
echo "$server"
exec >/dev/null
( read -r _ <&3; : >"$folder/.orphaned"; kill -"$signal" "$server"; sleep 10; kill -KILL "$server" ) 2>/dev/null &
watch=$!
exec 3<&-
wait "$server"
code=$?
if [ -e "$folder/.orphaned" ]; then rm -rf "$folder"; fi
kill "$watch" 2>/dev/null
exit "$code"
"#;

/// How to run a program: the command line's beginning and the environment it needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Launch {
    pub(super) words: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
}

impl Launch {
    /// This launch with further words.
    pub(super) fn with<T: AsRef<OsStr>>(&self, more: impl IntoIterator<Item = T>) -> Self {
        let mut launch = self.clone();
        launch.words.extend(more.into_iter().map(|word| word.as_ref().to_owned()));
        launch
    }

    fn command(&self, mut command: Command) -> Command {
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it to its end and returns what it printed.
    pub(super) fn run(&self, folder: &Path) -> Result<String, SandboxError> {
        self.run_on(folder, Stdio::null())
    }

    /// Lets it read a file to its end, and returns what it printed.
    pub(super) fn read(&self, folder: &Path, input: File) -> Result<String, SandboxError> {
        self.run_on(folder, input.into())
    }

    fn run_on(&self, folder: &Path, input: Stdio) -> Result<String, SandboxError> {
        let program = self.words.first().cloned().unwrap_or_default();
        let mut command = self.command(Command::new(&program));
        command.args(self.words.iter().skip(1)).current_dir(folder).stdin(input);
        output(&mut command)
    }
}

/// Runs a command to its end and returns its standard output; an error carries the end of what it complained about.
pub(super) fn output(command: &mut Command) -> Result<String, SandboxError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |detail: String| SandboxError::Program { program: program.clone(), detail };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let complaint: Vec<&str> = text.lines().rev().take(6).collect();
    let complaint: Vec<&str> = complaint.into_iter().rev().collect();
    Err(failed(format!("{}: {}", output.status, complaint.join("\n"))))
}

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    keeper: Child,
    /// Our end of the pipe; the server lives as long as it's open.
    _lease: ChildStdin,
    pid: Pid,
}

/// What a server needs to be started.
pub(super) struct Start<'a> {
    /// Its own folder; removed when it's orphaned.
    pub(super) folder: &'a Path,
    pub(super) log: PathBuf,
    /// How it's told to end at once: `KILL`, or `QUIT` for servers that own more than their process.
    pub(super) end_signal: &'static str,
}

impl Server {
    pub(super) fn spawn(launch: &Launch, start: &Start<'_>) -> Result<Self, SandboxError> {
        let failed = |detail: String| SandboxError::Program { program: "sh".into(), detail };
        let mut command = launch.command(Command::new("sh"));
        command.args(["-c", KEEPER, "bascule-keeper"]);
        command.arg(start.folder).arg(start.end_signal).arg(&start.log).args(&launch.words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.current_dir(start.folder).process_group(0);
        let mut keeper = command.spawn().map_err(|error| failed(error.to_string()))?;
        let lease = keeper.stdin.take().expect("stdin is piped");
        let mut line = String::new();
        let mut output = BufReader::new(keeper.stdout.take().expect("stdout is piped"));
        output.read_line(&mut line).map_err(|error| failed(error.to_string()))?;
        let pid = line.trim().parse().ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| failed(format!("no process id but {line:?}")))?;
        Ok(Self { keeper, _lease: lease, pid })
    }

    /// The server's process id.
    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// True once the server has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.keeper.try_wait(), Ok(None))
    }

    /// Sends a signal and waits for the end; the hard way after `limit`.
    pub(super) fn end(&mut self, signal: Signal, limit: Duration) {
        if self.has_ended() {
            return;
        }
        // The process may end by itself in between: there is nothing to do about an error then.
        let _ = kill_process(self.pid, signal);
        if !wait::until(limit, || self.has_ended()) {
            let _ = kill_process(self.pid, Signal::KILL);
            wait::until(Duration::from_secs(10), || self.has_ended());
        }
    }
}

/// The last lines of a log file, for an error message.
pub(super) fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n")
}
