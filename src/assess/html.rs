//! The report as one page that needs nothing else: style and script are inside, no address is asked for. Everything that
//! came from a server is escaped, so a table's name can't become markup.

use std::fmt::Write as _;

use super::{Carried, Finding, Level, Report, TypeMapping, Verdict};

const PAGE: &str = include_str!("report.html");

/// The page.
#[must_use]
pub fn page(report: &Report) -> String {
    let (verdict, class) = match report.verdict {
        Verdict::Go => ("Go", "go"),
        Verdict::NoGo => ("No-go", "no-go"),
    };
    let sentence = match report.verdict {
        Verdict::Go => "Nothing stops the migration.".to_owned(),
        Verdict::NoGo if report.counts.blocker == 1 => "One finding stops the migration.".to_owned(),
        Verdict::NoGo => format!("{} findings stop the migration.", report.counts.blocker),
    };
    let values = [
        ("{{class}}", class.to_owned()),
        ("{{verdict}}", verdict.to_owned()),
        ("{{sentence}}", sentence),
        ("{{facts}}", facts(report)),
        ("{{filters}}", filters(report)),
        ("{{findings}}", report.findings.iter().map(finding).collect()),
        ("{{types}}", types(&report.types)),
        ("{{scanned}}", scanned(report)),
    ];
    fill(PAGE, &values)
}

/// Replaces each placeholder once, from the front: what is put in is never looked at again.
fn fill(page: &str, values: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(page.len() * 2);
    let mut rest = page;
    for (placeholder, value) in values {
        if let Some((before, after)) = rest.split_once(placeholder) {
            out.push_str(before);
            out.push_str(value);
            rest = after;
        }
    }
    out + rest
}

fn facts(report: &Report) -> String {
    let known = |text: &str| if text.is_empty() { "not reached".to_owned() } else { escaped(text) };
    let target = report.target.split(" on ").next().unwrap_or_default();
    let rows = [
        ("Source", format!("MySQL {}", known(&report.source))),
        ("Target", known(target)),
        ("Databases", escaped(&report.databases.join(", "))),
        ("Tables", report.tables.to_string()),
    ];
    rows.iter().map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>")).collect()
}

fn filters(report: &Report) -> String {
    let count = |level| report.findings.iter().filter(|finding| finding.level == level).count();
    let button = |level: Level| {
        let name = level.name();
        format!(
            "<button type=\"button\" class=\"{name}\" data-level=\"{name}\" aria-pressed=\"true\"><b>{}</b> {name}</button>",
            count(level)
        )
    };
    Level::ALL.into_iter().map(button).collect()
}

fn finding(finding: &Finding) -> String {
    let level = finding.level.name();
    let mut text = format!(
        "<article class=\"{level}\" data-level=\"{level}\"><header><span class=\"level\">{level}</span><h3>{}</h3><code \
         class=\"id\">{}</code></header><p class=\"subject\">{}</p><p>{}</p>",
        escaped(&finding.what),
        escaped(finding.id),
        escaped(&finding.subject),
        escaped(&finding.why),
    );
    if let Some(example) = &finding.example {
        let _ = write!(text, "<p class=\"example\">for example the row with key <code>{}</code></p>", escaped(example));
    }
    let _ = write!(text, "<p class=\"fix\"><span>What to do</span> {}</p></article>", escaped(&finding.fix));
    text
}

fn types(types: &[TypeMapping]) -> String {
    let row = |mapping: &TypeMapping| {
        let (class, word) = match mapping.carried {
            Carried::Exact => ("note", "exact"),
            Carried::Bent => ("bends", "bent"),
            Carried::Refused => ("blocker", "refused"),
        };
        format!(
            "<tr><td><code>{}</code></td><td><code>{}</code></td><td><span class=\"level {class}\">{word}</span></td><td \
             class=\"number\">{}</td><td>{}</td></tr>",
            escaped(&mapping.mysql),
            escaped(&mapping.postgresql),
            mapping.columns,
            escaped(mapping.reason),
        )
    };
    types.iter().map(row).collect()
}

fn scanned(report: &Report) -> String {
    match &report.scanned {
        None => {
            "Rows weren't read: <code>bascule assess --data</code> looks for values that deserve a word.".to_owned()
        }
        Some(tables) => {
            let rows: u64 = tables.iter().map(|table| table.rows).sum();
            format!("{rows} rows of {} tables were read.", tables.len())
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
