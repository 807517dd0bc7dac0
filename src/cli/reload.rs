//! `bascule reload`

use std::fmt::Write;

use super::error::CliError;
use super::output::Output;
use crate::admin::{Client, ReloadReport};

/// Has the running Bascule read its configuration again.
pub(super) async fn run(client: &Client, output: Output) -> Result<(), CliError> {
    output.answer(&client.reload().await?, text)
}

fn text(report: &ReloadReport) -> String {
    let mut text = String::new();
    let mut list = |title: &str, keys: &[String]| {
        // Writing into a string can't fail.
        let _ = writeln!(text, "{title}: {}", if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") });
    };
    list("in force now", &report.applied);
    list("needs a restart", &report.needs_restart);
    let _ = writeln!(text, "unchanged: {} keys", report.unchanged.len());
    text
}
