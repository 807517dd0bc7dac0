//! Answers on standard output: text for people, JSON for machines.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

use super::error::CliError;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Text,
    Json,
}

impl Output {
    /// Writes `value` as JSON in one line, or the text that `text` makes of it.
    pub(super) fn answer<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) -> Result<(), CliError> {
        let answer = match self {
            Self::Json => {
                serde_json::to_string(value).map_err(|error| CliError::failed("can't write the answer", error))?
            }
            Self::Text => text(value),
        };
        print(&answer)
    }
}

/// Writes a text and a line's end. A reader that has gone, such as `head`, is no error.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::failed("can't write the answer", error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A table with a header.
pub(super) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.set_header(header);
    table.add_rows(rows);
    table.to_string()
}

/// A table of sentences, wrapped to the terminal's width as COLUMNS says it, or to one that most terminals have.
pub(super) fn wrapped<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    const WIDTH: u16 = 120;
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width.unwrap_or(WIDTH).max(60));
    table.set_header(header);
    table.add_rows(rows);
    table.to_string()
}

/// Bytes in the unit that fits.
pub(super) fn bytes(count: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let power = usize::try_from(count.max(1).ilog2() / 10).unwrap_or(0).min(units.len() - 1);
    let unit = units.get(power).copied().unwrap_or("bytes");
    if power == 0 {
        return format!("{count} {unit}");
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let shown = count as f64 / f64::powi(1024.0, i32::try_from(power).unwrap_or(0));
    format!("{shown:.1} {unit}")
}
