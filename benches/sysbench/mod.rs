//! sysbench's oltp_read_write against a MySQL port.

use std::process::{Command, Stdio};
use std::time::Duration;

/// Rows of the table.
const ROWS: u32 = 10_000;
const CONNECTIONS: u32 = 8;

/// Makes the table through MySQL itself.
pub(crate) fn prepare(port: u16) -> Result<(), String> {
    call(port, "prepare", &[]).map(|_| ())
}

/// Queries a second, as text or prepared.
pub(crate) fn run(port: u16, prepared: bool, length: Duration) -> Result<f64, String> {
    let mode = if prepared { "--db-ps-mode=auto" } else { "--db-ps-mode=disable" };
    let text = call(port, "run", &[mode, &format!("--time={}", length.as_secs().max(1))])?;
    let queries = text.lines().map(str::trim).find_map(|line| line.strip_prefix("queries:"));
    let rate = queries.and_then(|line| line.split_once('(')?.1.split_whitespace().next()?.parse().ok());
    rate.ok_or_else(|| format!("sysbench prints no rate: {text}"))
}

fn call(port: u16, action: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("sysbench")
        .args(["oltp_read_write", "--db-driver=mysql", "--mysql-host=127.0.0.1", "--mysql-user=root"])
        .arg("--mysql-db=bench")
        .arg(format!("--mysql-port={port}"))
        .arg(format!("--table-size={ROWS}"))
        .arg(format!("--threads={CONNECTIONS}"))
        .args(arguments)
        .arg(action)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("sysbench can't be run: {error} (Debian package sysbench)"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(format!("sysbench: {text}{}", String::from_utf8_lossy(&output.stderr)))
}
