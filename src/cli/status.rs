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
        text.push_str(&table(["table", "state", "rows copied", "reason"], rows));
        text.push('\n');
    }
    text
}

fn table_row(table: &TableStatus) -> [String; 4] {
    let state = match table.state {
        TableState::Waiting => "waiting",
        TableState::Copying => "copying",
        TableState::Mirrored => "mirrored",
        TableState::NeedsResync => "needs resync",
        TableState::Refused => "refused",
    };
    let rows = match table.rows_estimated {
        Some(estimate) if table.state == TableState::Copying => format!("{} of ~{estimate}", table.rows_copied),
        Some(_) | None => table.rows_copied.to_string(),
    };
    [table.name.clone(), state.into(), rows, table.reason.clone().unwrap_or_default()]
}
