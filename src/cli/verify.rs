//! `bascule verify`: the proof that both sides hold the same rows, once or again and again.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::error::CliError;
use super::output::{Output, table};
use crate::admin::{Client, TableDifferences, VerifyRequest, VerifySummary};
use crate::verify::Difference;

/// How often the bar is brought up to date.
const LOOK: Duration = Duration::from_millis(250);

/// Compares once; anything that isn't proven is a refusal for the exit code.
pub(super) async fn once(client: &Client, request: &VerifyRequest, output: Output) -> Result<(), CliError> {
    let summary = watched(client, request).await?;
    output.answer(&summary, text)?;
    if summary.is_proof() {
        return Ok(());
    }
    let refused = CliError::refused("the two sides are not proven to be the same");
    Err(match (request.repair, summary.differences > 0) {
        (false, true) => refused.hint("copy what differs again: bascule verify --repair"),
        (true, true) => refused.hint("they differ again after the repair: look who else writes to PostgreSQL"),
        (_, false) => refused.hint("bascule status; tables that need it are copied again by bascule resync"),
    })
}

/// Compares again and again until Ctrl-C, or until something isn't proven that no repair was asked for.
pub(super) async fn continuously(
    client: &Client,
    request: &VerifyRequest,
    (output, pause): (Output, Duration),
) -> Result<(), CliError> {
    loop {
        tokio::select! {
            round = once(client, request, output) => round?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

/// Asks, and shows meanwhile on a terminal how far it is.
async fn watched(client: &Client, request: &VerifyRequest) -> Result<VerifySummary, CliError> {
    let asked = client.verify(request);
    if !std::io::stderr().is_terminal() {
        return Ok(asked.await?);
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
        bar.set_style(style);
    }
    tokio::pin!(asked);
    let mut looks = tokio::time::interval(LOOK);
    let answer = loop {
        tokio::select! {
            answer = &mut asked => break answer,
            _ = looks.tick() => {
                // A look that fails is no reason to end: the comparison itself says what is wrong.
                let progress = client.status().await.ok().and_then(|status| status.mirror?.verifying);
                if let Some(progress) = progress {
                    let (number, tables) = (progress.number, progress.tables);
                    let pace = match progress.share {
                        100 => String::new(),
                        share => format!(", at {share} % of the time (--share 100 is as fast as it goes)"),
                    };
                    bar.set_message(format!(
                        "table {number} of {tables}: {}, {} rows{pace}",
                        progress.table, progress.rows
                    ));
                }
                bar.tick();
            }
        }
    };
    bar.finish_and_clear();
    Ok(answer?)
}

/// The outcome for people.
fn text(summary: &VerifySummary) -> String {
    let mut text = format!(
        "{} tables, {} rows compared in {} parts in {:.1} s, {} rows differ\n",
        summary.tables, summary.rows, summary.parts, summary.seconds, summary.differences
    );
    if !summary.repaired.is_empty() {
        text.push_str("copied again, and compared once more:\n");
        text.push_str(&differences(&summary.repaired));
    }
    if !summary.differing.is_empty() {
        text.push_str("differences:\n");
        text.push_str(&differences(&summary.differing));
    }
    for changed in &summary.definitions {
        let _ = writeln!(text, "! another definition: {changed}");
    }
    for skipped in &summary.skipped {
        let _ = writeln!(text, "! not compared: {skipped}");
    }
    text
}

fn differences(tables: &[TableDifferences]) -> String {
    let mut text = String::new();
    for found in tables {
        let _ = writeln!(
            text,
            "{}: {} rows differ ({} rows in MySQL, {} in PostgreSQL)",
            found.table, found.differing, found.rows_source, found.rows_target
        );
        text.push_str(&table(["key", "column", "MySQL", "PostgreSQL", "cause"], found.examples.iter().map(line)));
        text.push('\n');
    }
    text
}

fn line(difference: &Difference) -> [String; 5] {
    let value = |value: &Option<String>| match (value, &difference.column) {
        (Some(value), _) => value.clone(),
        (None, Some(_)) => "NULL".to_owned(),
        (None, None) => "-".to_owned(),
    };
    [
        difference.key.clone(),
        difference.column.clone().unwrap_or_else(|| "(the row)".to_owned()),
        value(&difference.source),
        value(&difference.target),
        difference.cause.describe().to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::Cause;

    #[test]
    fn a_difference_names_everything() {
        let difference = Difference {
            key: "7".into(),
            column: Some("note".into()),
            source: Some("Grün".into()),
            target: None,
            cause: Cause::Null,
        };
        let differing = TableDifferences {
            table: "shop.orders".into(),
            rows_source: 10,
            rows_target: 9,
            differing: 1,
            examples: vec![difference],
        };
        let summary = VerifySummary {
            tables: 3,
            rows: 30,
            differences: 1,
            differing: vec![differing],
            definitions: vec!["shop.t: column a changed in MySQL".into()],
            skipped: vec!["shop.u needs a resync: RAND()".into()],
            ..VerifySummary::default()
        };
        assert!(!summary.is_proof());
        let text = text(&summary);
        for part in
            ["shop.orders: 1 rows differ (10 rows in MySQL, 9 in PostgreSQL)", "Grün", "NULL", "one side is NULL"]
        {
            assert!(text.contains(part), "{text}");
        }
        assert!(text.contains("another definition: shop.t") && text.contains("not compared: shop.u"), "{text}");
    }
}
