//! `bascule status`

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use super::change::report;
use super::error::CliError;
use super::output::{Output, bytes, print, table};
use crate::admin::{Client, MirrorPhase, MirrorStatus, Side, Status, TableState, TableStatus};

/// Shows the status.
pub(super) async fn once(client: &Client, output: Output) -> Result<(), CliError> {
    output.answer(&client.status().await?, text)
}

/// Shows it until Ctrl-C. On a terminal each picture replaces the last one.
pub(super) async fn watch(client: &Client, output: Output, interval: Duration) -> Result<(), CliError> {
    let in_place = output == Output::Text && std::io::stdout().is_terminal();
    let mut ticks = tokio::time::interval(interval);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
        let status = client.status().await?;
        if in_place {
            // Home, then clear to the end: no flicker.
            print(&format!("\x1b[H\x1b[J{}", text(&status)))?;
        } else {
            output.answer(&status, text)?;
        }
    }
}

/// The status for people.
pub(super) fn text(status: &Status) -> String {
    let mut text = String::new();
    let serving = match status.serving {
        Side::Source => "MySQL serves",
        Side::Target => "PostgreSQL serves",
    };
    let mut line = |words: std::fmt::Arguments<'_>| {
        // Writing into a string can't fail.
        let _ = writeln!(text, "{words}");
    };
    line(format_args!("mode        {} ({serving}, epoch {})", status.mode, status.epoch));
    line(format_args!("sessions    {} ({} at work)", status.sessions, status.active_sessions));
    line(format_args!("commands    {} ({:.0} a second)", status.commands, status.commands_per_second));
    if let Some(mirror) = &status.mirror {
        text.push_str(&mirror_text(mirror));
    }
    if let Some(last) = &status.last_cutover {
        let _ = write!(text, "last cutover: {}", report(last));
    }
    for warning in &status.warnings {
        let _ = writeln!(text, "! {warning}");
    }
    text
}

fn mirror_text(mirror: &MirrorStatus) -> String {
    let phase = match mirror.phase {
        MirrorPhase::Preparing => "preparing",
        MirrorPhase::Copying => "copying rows",
        MirrorPhase::CatchingUp => "catching up",
        MirrorPhase::Streaming => "streaming",
        MirrorPhase::Halted => "halted",
    };
    let reason = mirror.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut text = format!(
        "mirror      {phase}{reason}\n\
         lag         {} transactions, {}, {:.1} s\n\
         applied     {} transactions, up to {}\n",
        mirror.lag_transactions,
        bytes(mirror.lag_bytes),
        mirror.lag_seconds,
        mirror.transactions_applied,
        if mirror.applied.is_empty() { "nothing" } else { &mirror.applied },
    );
    // The lane of the binary log has no spool.
    if mirror.lane == "binlog" {
        text.push_str("lane        binary log, row by row\n");
    } else {
        let _ = writeln!(text, "lane        captured statements\nspool       {}", bytes(mirror.spool_bytes));
    }
    if let Some(last) = &mirror.last_verified {
        let _ = writeln!(
            text,
            "verified    {} s ago: {} rows of {} tables, {} differ, {} tables not compared",
            last.seconds_ago, last.rows, last.tables, last.differences, last.skipped
        );
    }
    if let Some(now) = &mirror.verifying {
        let _ = writeln!(text, "verifying   table {} of {}: {}, {} rows", now.number, now.tables, now.table, now.rows);
    }
    if let Some(gaps) = &mirror.gaps {
        let _ = writeln!(text, "! writers bypass Bascule: {gaps}");
    }
    if !mirror.tables.is_empty() {
        let rows = mirror.tables.iter().map(table_row);
        text.push_str(&table(["table", "state", "rows copied", "size", "rate", "reason"], rows));
        text.push('\n');
    }
    text
}

fn table_row(table: &TableStatus) -> [String; 6] {
    let copying = table.state == TableState::Copying;
    let rows = match table.rows_estimated.filter(|_| copying) {
        Some(estimate) => format!("{} {} of ~{estimate}", bar(table.rows_copied, estimate), table.rows_copied),
        None => table.rows_copied.to_string(),
    };
    let size = if table.bytes_copied == 0 { String::new() } else { bytes(table.bytes_copied) };
    let rate = match (table.rows_per_second, table.seconds_left) {
        (Some(rate), Some(left)) => format!("{rate:.0} rows/s, ~{} left", duration(left)),
        (Some(rate), None) => format!("{rate:.0} rows/s"),
        (None, _) => String::new(),
    };
    [table.name.clone(), table.state.name().into(), rows, size, rate, table.reason.clone().unwrap_or_default()]
}

/// How far something is, of what may be wrong by half.
fn bar(done: u64, estimate: u64) -> String {
    const WIDTH: u64 = 10;
    let full = usize::try_from(done.saturating_mul(WIDTH) / estimate.max(1)).unwrap_or(0).min(10);
    format!("[{}{}]", "#".repeat(full), "-".repeat(10 - full))
}

/// Seconds in the unit that fits.
fn duration(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}
