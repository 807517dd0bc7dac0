//! `bascule mode`, `cutover` and `resync`: what changes something.

use std::fmt::Write;

use super::error::CliError;
use super::output::Output;
use super::status;
use crate::admin::{Client, CutoverReport, Rehearsal};
use crate::route::Mode;

/// Sets the mode.
pub(super) async fn mode(client: &Client, mode: Mode, output: Output) -> Result<(), CliError> {
    output.answer(&client.set_mode(mode).await?, status::text)
}

/// Copies tables again.
pub(super) async fn resync(client: &Client, tables: Vec<String>, output: Output) -> Result<(), CliError> {
    output.answer(&client.resync(tables).await?, status::text)
}

/// Flips, or rehearses; not flipping is a refusal for the exit code.
pub(super) async fn cutover(client: &Client, rehearsal: Rehearsal, output: Output) -> Result<(), CliError> {
    let done = client.cutover(rehearsal).await?;
    output.answer(&done, report)?;
    let refused = CliError::refused;
    match rehearsal {
        Rehearsal::DryRun if !done.blockers.is_empty() => Err(refused("the flip is hindered; nothing was changed")),
        Rehearsal::Perform if !done.performed => {
            Err(refused("the flip was not performed; MySQL goes on serving").hint("see the reasons above"))
        }
        Rehearsal::DryRun | Rehearsal::Perform => Ok(()),
    }
}

/// A cutover for people.
pub(super) fn report(report: &CutoverReport) -> String {
    let mut text = match (report.performed, report.dry_run, report.blockers.is_empty()) {
        (true, _, _) => format!("PostgreSQL serves; clients were held for {:.0} ms\n", report.pause_ms),
        (false, true, true) => "rehearsed: nothing hinders the flip\n".into(),
        (false, true, false) => "rehearsed: the flip is hindered\n".into(),
        (false, false, _) => "not performed; MySQL goes on serving\n".into(),
    };
    if let Some(reason) = &report.abandoned {
        let _ = writeln!(text, "  given up: {reason}");
    }
    for blocker in &report.blockers {
        let _ = writeln!(text, "  {}: {}", blocker.subject, blocker.reason);
        if let Some(hint) = &blocker.hint {
            let _ = writeln!(text, "    hint: {hint}");
        }
    }
    for step in &report.steps {
        let _ = writeln!(text, "  {:>9.1} ms  {}", step.duration_ms, step.name);
    }
    text
}
