//! `bascule assess`: what would stop or bend the migration, before it begins. No running Bascule is needed.

use std::fmt::Write as _;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::error::CliError;
use super::output::{Output, table, wrapped};
use crate::assess::{self, Finding, Level, Report, Scan, Verdict};

/// What is asked for.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, short, value_name = "FILE", default_value = "proxy.toml", env = "BASCULE_CONFIG")]
    config: PathBuf,
    /// Read every row as well, once, on MySQL: values that stop the copy or deserve a word
    #[arg(long)]
    data: bool,
    /// Print JSON instead of a text for people
    #[arg(long)]
    json: bool,
    /// Write the report as one HTML page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Looks, tells, and says go or no-go by the exit code.
pub(super) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let config = super::load(&arguments.config)?;
    let scan = if arguments.data { Scan::Rows } else { Scan::Schema };
    super::block_on(async {
        let progress = Progress::new();
        let on_scan = |name: &str, at: usize, of: usize| progress.table(name, at, of);
        let looked = assess::look(&config, scan, &on_scan).await;
        progress.0.finish_and_clear();
        let inventory = looked.map_err(|error| CliError::failed("the assessment couldn't be made", error))?;
        let report = assess::assess(&inventory);
        if let Some(path) = &arguments.html {
            std::fs::write(path, assess::html::page(&report))
                .map_err(|error| CliError::failed(format!("can't write {}", path.display()), error))?;
        }
        let output = if arguments.json { Output::Json } else { Output::Text };
        output.answer(&report, text)?;
        match report.verdict {
            Verdict::Go => Ok(()),
            Verdict::NoGo => {
                Err(CliError::refused("the migration can't begin as things are").hint("see the blockers above"))
            }
        }
    })
}

/// A bar on a terminal, nothing elsewhere.
struct Progress(ProgressBar);

impl Progress {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} tables  {elapsed}  {msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn table(&self, name: &str, at: usize, of: usize) {
        self.0.set_length(of as u64);
        self.0.set_position(at as u64);
        self.0.set_message(name.to_owned());
    }
}

/// The report for people.
pub(super) fn text(report: &Report) -> String {
    let mut text = String::new();
    for level in Level::ALL {
        let findings: Vec<&Finding> = report.findings.iter().filter(|finding| finding.level == level).collect();
        if findings.is_empty() {
            continue;
        }
        let title = match level {
            Level::Blocker => "Blockers: the migration doesn't go with them",
            Level::Bends => "Bends: carried, but something is different on PostgreSQL or needs care",
            Level::Note => "Notes: carried exactly, good to know",
        };
        let rows = findings.into_iter().map(row);
        let _ = writeln!(text, "{title}\n{}\n", wrapped(["where", "what and why", "what to do"], rows));
    }
    if !report.types.is_empty() {
        let rows = report.types.iter().map(|mapping| {
            let carried = match mapping.carried {
                assess::Carried::Exact => "exact",
                assess::Carried::Bent => "bent",
                assess::Carried::Refused => "refused",
            };
            let cells = [&mapping.mysql, &mapping.postgresql, carried, &mapping.columns.to_string(), mapping.reason];
            cells.map(str::to_owned)
        });
        let _ = writeln!(
            text,
            "Types in use\n{}\n",
            table(["MySQL", "PostgreSQL", "carried", "columns", "what to know"], rows)
        );
    }
    if let Some(scanned) = &report.scanned {
        let rows: u64 = scanned.iter().map(|table| table.rows).sum();
        let _ = writeln!(text, "{rows} rows of {} tables were read", scanned.len());
    }
    let verdict = match report.verdict {
        Verdict::Go => "go",
        Verdict::NoGo => "no-go",
    };
    let counts = report.counts;
    let _ = writeln!(text, "{verdict}: {} blockers, {} bends, {} notes", counts.blocker, counts.bends, counts.note);
    text
}

fn row(finding: &Finding) -> [String; 3] {
    let place = format!("{}\n[{}]", finding.subject, finding.id);
    let mut what = format!("{}:\n{}", finding.what, finding.why);
    if let Some(example) = &finding.example {
        let _ = write!(what, "\nfor example the row with key {example}");
    }
    [place, what, finding.fix.clone()]
}
