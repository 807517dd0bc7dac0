//! `bascule schema`: what the migration makes in PostgreSQL, printed, carried out, or compared with what stands there.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::error::CliError;
use super::output::{Output, print};
use crate::config::{Config, Source};
use crate::convert::{self, Difference, Helpers, Script, StandingError, Triggers};
use crate::source::inspect::{self, SourceSurvey};
use crate::target;

/// What is asked for.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, short, value_name = "FILE", default_value = "proxy.toml", env = "BASCULE_CONFIG")]
    config: PathBuf,
    /// Write the statements into a file instead of printing them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["apply", "diff"])]
    out: Option<PathBuf>,
    /// Leave out schema `mysql`: collations and helper functions, which are the same for every source
    #[arg(long, conflicts_with_all = ["apply", "diff"])]
    no_helpers: bool,
    /// Make everything in PostgreSQL, in one transaction; schemas that have tables already are refused
    #[arg(long, conflicts_with = "diff")]
    apply: bool,
    /// Compare what stands in PostgreSQL with what should; nothing is changed
    #[arg(long)]
    diff: bool,
    /// Print JSON instead of a text for people
    #[arg(long)]
    json: bool,
}

/// Prints, writes, makes or compares.
pub(super) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let config = super::load(&arguments.config)?;
    let output = if arguments.json { Output::Json } else { Output::Text };
    super::block_on(async {
        let survey = look(config.source.as_ref()).await?;
        if arguments.diff {
            return diff(&config, &survey, output).await;
        }
        let script = convert::script(&survey, Triggers::Made);
        if arguments.apply {
            return apply(&config, &script, output).await;
        }
        let helpers = if arguments.no_helpers { Helpers::Left } else { Helpers::Shown };
        let text = script.text(helpers);
        match (&arguments.out, output) {
            (Some(path), _) => std::fs::write(path, text)
                .map_err(|error| CliError::failed(format!("can't write {}", path.display()), error))?,
            (None, Output::Text) => print(&text)?,
            (None, Output::Json) => print(&described(&script, &[], helpers).to_string())?,
        }
        uncarried(script.refused.len())
    })
}

async fn look(source: Option<&Source>) -> Result<SourceSurvey, CliError> {
    let source =
        source.ok_or_else(|| CliError::refused("the configuration has no [source]: there's nothing to convert"))?;
    let failed = |error| CliError::failed("the source can't be read", error);
    let mut conn = inspect::connect(source).await.map_err(failed)?;
    let survey = inspect::survey(&mut conn, &source.databases).await.map_err(failed)?;
    if let Err(error) = conn.disconnect().await {
        tracing::debug!(%error, "closing the connection");
    }
    Ok(survey)
}

/// What isn't carried is a refusal for the exit code, though everything else is done.
fn uncarried(refused: usize) -> Result<(), CliError> {
    match refused {
        0 => Ok(()),
        1 => Err(CliError::refused("1 object isn't carried; it's named above, with its reason")),
        many => {
            Err(CliError::refused(format!("{many} objects aren't carried; they're named above, with their reasons")))
        }
    }
}

async fn apply(config: &Config, script: &Script, output: Output) -> Result<(), CliError> {
    let mode = target::survey(&config.target).await.map_err(failed)?.mode;
    if let Some(mode) = mode.filter(|mode| mode != "passthrough") {
        let refused = CliError::refused(format!("Bascule drives this PostgreSQL: its mode is {mode}"));
        return Err(refused.hint("use another database, or `bascule schema --diff`"));
    }
    let failures = convert::apply(&config.target, script).await.map_err(|error| match error {
        StandingError::Taken(_) => {
            CliError::refused(error.to_string()).hint("drop the schema, or compare with `bascule schema --diff`")
        }
        StandingError::Target(_) => CliError::failed("the schema couldn't be made; nothing was changed", error),
    })?;
    let told = |failed: &convert::Failed| convert::Refused {
        kind: failed.kind,
        name: failed.name.clone(),
        reason: format!("PostgreSQL says: {}", failed.reason),
    };
    let failures: Vec<convert::Refused> = failures.iter().map(told).collect();
    match output {
        Output::Json => print(&described(script, &failures, Helpers::Left).to_string())?,
        Output::Text => print(&made(script, &failures))?,
    }
    uncarried(script.refused.len() + failures.len())
}

fn failed(error: target::TargetError) -> CliError {
    CliError::failed("PostgreSQL can't be asked", error)
}

/// What was made, for people.
fn made(script: &Script, failures: &[convert::Refused]) -> String {
    let done = script.pieces.len() - failures.len();
    let mut text = format!("{done} objects are made in PostgreSQL\n");
    for kept in &script.kept {
        let _ = writeln!(text, "  {} {}: {}", kept.kind, kept.name, kept.reason);
    }
    for refused in script.refused.iter().chain(failures) {
        let _ = writeln!(text, "! {} {} isn't carried: {}", refused.kind, refused.name, refused.reason);
    }
    text
}

/// The script for machines; the helpers' text is long and always the same.
fn described(script: &Script, failures: &[convert::Refused], helpers: Helpers) -> Value {
    let failed =
        |piece: &&convert::Piece| failures.iter().any(|failed| failed.kind == piece.kind && failed.name == piece.name);
    let shown = |piece: &&convert::Piece| {
        !failed(piece) && (helpers == Helpers::Shown || piece.stage != convert::Stage::Helpers)
    };
    let objects: Vec<Value> = script
        .pieces
        .iter()
        .filter(shown)
        .map(|piece| json!({"kind": piece.kind, "name": piece.name, "statements": piece.statements}))
        .collect();
    let kept: Vec<Value> =
        script.kept.iter().map(|kept| json!({"kind": kept.kind, "name": kept.name, "reason": kept.reason})).collect();
    let refused: Vec<Value> = script
        .refused
        .iter()
        .chain(failures)
        .map(|refused| json!({"kind": refused.kind, "name": refused.name, "reason": refused.reason}))
        .collect();
    json!({"objects": objects, "kept": kept, "refused": refused})
}

async fn diff(config: &Config, survey: &SourceSurvey, output: Output) -> Result<(), CliError> {
    let mode = target::survey(&config.target).await.map_err(failed)?.mode;
    let triggers = if mode.as_deref() == Some("mirror") { Triggers::Later } else { Triggers::Made };
    let script = convert::script(survey, triggers);
    let compared = convert::differences(&config.target, &script).await;
    let found = compared.map_err(|error| CliError::failed("PostgreSQL couldn't be compared", error))?;
    match output {
        Output::Json => {
            let list: Vec<Value> = found.iter().map(difference).collect();
            print(&json!({"equal": found.is_empty(), "differences": list}).to_string())?;
        }
        Output::Text if found.is_empty() => print("equal: PostgreSQL stands as it should")?,
        Output::Text => print(&found.iter().map(difference_text).collect::<String>())?,
    }
    match found.len() {
        0 => Ok(()),
        1 => Err(CliError::refused("1 object differs")),
        many => Err(CliError::refused(format!("{many} objects differ"))),
    }
}

fn difference(difference: &Difference) -> Value {
    match difference {
        Difference::Missing { object, expected } => json!({"object": object, "is": "missing", "expected": expected}),
        Difference::Additional { object, found } => json!({"object": object, "is": "additional", "found": found}),
        Difference::Other { object, expected, found } => {
            json!({"object": object, "is": "different", "expected": expected, "found": found})
        }
    }
}

fn difference_text(difference: &Difference) -> String {
    match difference {
        Difference::Missing { object, expected } => format!("missing     {object}\n  expected  {expected}\n"),
        Difference::Additional { object, found } => format!("additional  {object}\n  found     {found}\n"),
        Difference::Other { object, expected, found } => {
            format!("different   {object}\n  expected  {expected}\n  found     {found}\n")
        }
    }
}
