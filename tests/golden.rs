//! Golden tests of the rewrite: MySQL text in, PostgreSQL text or a refusal out, chapter by chapter.
//!
//! A chapter is a file of cases: `serve` or `replay`, the statement, `----`, what came out, `====`. Run with `BLESS=1`
//! to write what comes out now, and read the difference before it's committed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bascule::schema::Catalogue;
use bascule::sql::plan::{OutputColumn, Parameter, Plan};
use bascule::sql::{Context, Purpose, rewrite};

const MODE: &str = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rewrite")
}

fn context(catalogue: &Catalogue, purpose: Purpose) -> Context {
    Context {
        catalogue: Arc::new(catalogue.clone()),
        database: Some("shop".to_owned()),
        sql_mode: MODE.to_owned(),
        collation: "utf8mb4_0900_ai_ci".to_owned(),
        purpose,
        parameters: bascule::sql::plan::Known::Nothing,
        given: bascule::sql::plan::Given::default(),
    }
}

/// The fixture's tables, read by the DDL rewrite itself.
fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    let text = std::fs::read_to_string(folder().join("fixture.sql")).expect("the fixture is in the repository");
    for statement in text.lines().filter(|line| !line.is_empty()) {
        let plan = rewrite(statement.trim_end_matches(';'), &context(&catalogue, Purpose::Serve));
        match plan {
            Ok(Plan::Ddl(plan)) => plan.changes.iter().for_each(|change| catalogue.apply(change)),
            other => panic!("{statement}: {other:?}"),
        }
    }
    catalogue
}

fn parameters(out: &mut String, parameters: &[Parameter]) {
    for (at, parameter) in parameters.iter().enumerate() {
        let stored = parameter.assignment.as_ref().map(|assignment| {
            let column = assignment.table.columns.get(assignment.column).map_or("?", |column| &column.name);
            format!(" stored in {column} of row {}", assignment.row)
        });
        let _ =
            writeln!(out, "${} {:?} as {}{}", at + 1, parameter.source, parameter.type_oid, stored.unwrap_or_default());
    }
}

fn columns(out: &mut String, columns: &[OutputColumn]) {
    for column in columns {
        let base = if column.org_table.is_empty() {
            String::new()
        } else {
            format!(" of {}.{}.{} as {}", column.schema, column.org_table, column.org_name, column.table)
        };
        let _ = writeln!(
            out,
            "column {}: {:?}({}) flags {} decimals {}{}{base}",
            column.name,
            column.field,
            column.length,
            column.flags,
            column.decimals,
            if column.character { " text" } else { "" },
        );
    }
}

fn describe(statement: &str, context: &Context) -> String {
    let mut out = String::new();
    match rewrite(statement, context) {
        Err(error) => {
            let _ = writeln!(out, "error {} ({}): {}", error.code, error.sqlstate, error.message);
        }
        Ok(Plan::Query(plan)) => {
            let _ = writeln!(out, "{}{}", plan.sql.as_str(), if plan.locking { "\nlocking" } else { "" });
            parameters(&mut out, &plan.parameters);
            columns(&mut out, &plan.columns);
        }
        Ok(Plan::Write(plan)) => {
            let _ = writeln!(out, "{}", plan.sql.as_str());
            parameters(&mut out, &plan.parameters);
            let _ = writeln!(out, "{:?} {:?} generated ids {}", plan.verb, plan.result, plan.generated_ids);
        }
        Ok(Plan::Ddl(plan)) => {
            for sql in &plan.statements {
                let _ = writeln!(out, "{}", sql.as_str());
            }
        }
        Ok(Plan::Session(command)) => {
            let _ = writeln!(out, "{command:?}");
        }
    }
    out
}

/// The chapters, in the order of their names.
fn chapters() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder is in the repository")
        .map(|entry| entry.expect("readable").path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}

/// What a chapter says about SQL that is served: statements that have an answer, and those that are refused by name.
fn supported(out: &mut String, chapter: &Path) {
    let text = std::fs::read_to_string(chapter).expect("readable");
    let (mut works, mut refused) = (String::new(), String::new());
    for case in text.split("====\n").filter(|case| !case.trim().is_empty()) {
        let (input, found) = case.split_once("----\n").unwrap_or((case, ""));
        let Some(statement) = input.trim_start().strip_prefix("serve\n") else { continue };
        let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        match found.strip_prefix("error 1235 (42000): This version of MySQL doesn't yet support ") {
            Some(reason) => {
                let _ =
                    writeln!(refused, "| `{}` | {} |", statement.replace('|', "\\|"), reason.trim().trim_matches('\''));
            }
            // Any other error is MySQL's own answer to such a statement.
            None => {
                let _ = writeln!(works, "{statement};");
            }
        }
    }
    let name = chapter.file_stem().expect("a chapter has a name").to_string_lossy().replace(['-', '_'], " ");
    if works.is_empty() && refused.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## {name}");
    if !works.is_empty() {
        let _ = writeln!(out, "\n```sql\n{works}```");
    }
    if !refused.is_empty() {
        let _ = writeln!(out, "\n| refused | because it needs |\n|---|---|\n{}", refused.trim_end());
    }
}

/// The page of supported SQL is what the golden files say.
fn check_page(bless: bool) {
    let mut page = String::from(
        "# MySQL's SQL, served from PostgreSQL\n\n\
         This page is written by `BLESS=1 cargo test --test golden` from the cases in `tests/golden/rewrite`. Statements\n\
         in the code blocks are answered as MySQL answers them, including with MySQL's own errors; those in the tables are\n\
         refused with error 1235, which names what is missing. Nothing is answered by guessing. `bascule translate` shows\n\
         what becomes of a statement of your own.\n",
    );
    chapters().iter().for_each(|chapter| supported(&mut page, chapter));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sql-support.md");
    if bless {
        std::fs::write(&path, &page).expect("writable");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/sql-support.md is old; BLESS=1 writes it anew");
}

#[test]
fn rewrite_and_its_page_match_the_golden_files() {
    let catalogue = catalogue();
    let bless = std::env::var_os("BLESS").is_some();
    let mut failures = String::new();
    let mut cases = 0;
    for file in chapters() {
        let text = std::fs::read_to_string(&file).expect("readable");
        let mut blessed = String::new();
        for case in text.split("====\n").filter(|case| !case.trim().is_empty()) {
            cases += 1;
            let (input, expected) = case.split_once("----\n").unwrap_or((case, ""));
            let (purpose, statement) = input.trim_start().split_once('\n').expect("a purpose and a statement");
            let purpose = match purpose {
                "serve" => Purpose::Serve,
                "replay" => Purpose::Replay,
                other => panic!("{}: {other} is neither serve nor replay", file.display()),
            };
            let found = describe(statement.trim_end(), &context(&catalogue, purpose));
            let _ = write!(blessed, "{}\n----\n{found}====\n", input.trim());
            if found != expected && !bless {
                let _ = writeln!(
                    failures,
                    "{}: {}\n  expected {expected}\n  found    {found}",
                    file.display(),
                    statement.trim()
                );
            }
        }
        if bless {
            std::fs::write(&file, blessed).expect("writable");
        }
    }
    assert!(failures.is_empty(), "run with BLESS=1 after reading this:\n{failures}");
    assert!(cases > 100, "the chapters are gone: {cases} cases");
    check_page(bless);
}
