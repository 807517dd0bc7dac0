//! `bascule translate`: MySQL's SQL on standard input, PostgreSQL's on standard output, or the refusal by name.
//!
//! No server is asked. Tables are known from the DDL that came before: in files given with `--schema`, such as a dump
//! without data, or in the input itself.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::error::CliError;
use super::output::Output;
use crate::schema::{Catalogue, CatalogueChange};
use crate::sql::plan::{Parameter, ParameterSource, SessionCommand, SetValue};
use crate::sql::{self, Context, Plan, Purpose, SqlError};

/// The collation that MySQL takes when nothing else is said.
const COLLATION: &str = "utf8mb4_0900_ai_ci";
/// What a MySQL 8 session begins with.
const SQL_MODE: &str = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,\
                        NO_ENGINE_SUBSTITUTION";

/// What is translated, and as what.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// A file with CREATE TABLE statements to know the tables from; may be given several times
    #[arg(long, value_name = "FILE")]
    schema: Vec<PathBuf>,
    /// The default database
    #[arg(long, value_name = "NAME", default_value = "shop")]
    database: String,
    /// Print one JSON object a line instead of a text for people
    #[arg(long)]
    json: bool,
}

/// One statement's outcome.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Translation {
    /// As it came.
    mysql: String,
    /// In the order in which they are executed; empty when it's answered without PostgreSQL, or refused.
    postgresql: Vec<String>,
    /// `$1`, `$2`, …
    parameters: Vec<String>,
    /// What happens when PostgreSQL isn't needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
}

/// MySQL's way of saying no.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Refusal {
    code: u16,
    sqlstate: &'static str,
    message: String,
}

/// Translates standard input.
pub(super) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let mut translator = Translator::new(&arguments.database);
    for path in &arguments.schema {
        let text = std::fs::read(path).map_err(|error| unreadable(path, error))?;
        for translation in translator.all(&text) {
            if let Some(refusal) = translation.refusal {
                let message = format!("{}: {}", path.display(), refusal.message);
                return Err(CliError::refused(message).hint("take that statement out of the file, or change it"));
            }
        }
    }
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text).map_err(|error| CliError::failed("can't read the input", error))?;
    let output = if arguments.json { Output::Json } else { Output::Text };
    let mut refused = 0;
    for translation in translator.all(&text) {
        refused += usize::from(translation.refusal.is_some());
        output.answer(&translation, Translation::text)?;
    }
    match refused {
        0 => Ok(()),
        _ => Err(CliError::refused(format!("{refused} statements can't be carried"))),
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> CliError {
    CliError::failed(format!("can't read {}", path.display()), error)
}

/// The tables known so far.
struct Translator {
    catalogue: Catalogue,
    database: String,
}

impl Translator {
    fn new(database: &str) -> Self {
        let mut catalogue = Catalogue::default();
        catalogue.apply(&CatalogueChange::PutDatabase {
            name: database.to_owned(),
            charset: "utf8mb4".into(),
            collation: COLLATION.into(),
        });
        Self { catalogue, database: database.to_owned() }
    }

    /// Every statement of a text in its order; DDL changes what the later ones see.
    fn all(&mut self, text: &[u8]) -> Vec<Translation> {
        sql::split(text).into_iter().map(|statement| self.one(&String::from_utf8_lossy(statement))).collect()
    }

    fn one(&mut self, statement: &str) -> Translation {
        let context = Context {
            catalogue: Arc::new(self.catalogue.clone()),
            database: Some(self.database.clone()),
            sql_mode: SQL_MODE.into(),
            collation: COLLATION.into(),
            purpose: Purpose::Serve,
            parameters: crate::sql::plan::Known::Nothing,
            given: sql::plan::Given::default(),
        };
        let mut translation = Translation {
            mysql: statement.trim().to_owned(),
            postgresql: Vec::new(),
            parameters: Vec::new(),
            session: None,
            refusal: None,
        };
        match sql::rewrite(statement, &context) {
            Ok(plan) => self.describe(plan, &mut translation),
            Err(error) => translation.refusal = Some(error.into()),
        }
        translation
    }

    fn describe(&mut self, plan: Plan, translation: &mut Translation) {
        match plan {
            Plan::Query(plan) => {
                translation.postgresql.push(plan.sql.as_str().to_owned());
                translation.parameters = plan.parameters.iter().map(parameter).collect();
            }
            Plan::Write(plan) => {
                translation.postgresql.push(plan.sql.as_str().to_owned());
                translation.parameters = plan.parameters.iter().map(parameter).collect();
            }
            Plan::Ddl(plan) => {
                translation.postgresql = plan.statements.iter().map(|sql| sql.as_str().to_owned()).collect();
                for change in &plan.changes {
                    self.catalogue.apply(change);
                }
            }
            Plan::Session(command) => self.session(command, translation),
        }
    }

    /// Commands that the session answers; SET may need a query all the same.
    fn session(&mut self, command: SessionCommand, translation: &mut Translation) {
        translation.session = Some("answered by the session itself".into());
        if let SessionCommand::Use(database) = &command {
            self.database.clone_from(database);
        }
        if let SessionCommand::Set(assignments) = command {
            let queries: Vec<String> = assignments
                .into_iter()
                .filter_map(|assign| match assign.value {
                    SetValue::Query(query) => Some(query.sql.as_str().to_owned()),
                    SetValue::Default | SetValue::Constant(_) | SetValue::Source(_) => None,
                })
                .collect();
            translation.postgresql.extend(queries);
        }
    }
}

/// A parameter for people.
fn parameter(parameter: &Parameter) -> String {
    match &parameter.source {
        ParameterSource::Literal(value) => format!("{value:?}"),
        ParameterSource::Client(number) => format!("the client's parameter {}", number + 1),
        other => format!("{other:?}"),
    }
}

impl From<SqlError> for Refusal {
    fn from(error: SqlError) -> Self {
        Self { code: error.code, sqlstate: error.sqlstate, message: error.message }
    }
}

impl Translation {
    fn text(&self) -> String {
        let mut lines: Vec<String> = self.mysql.lines().map(|line| format!("-- {line}")).collect();
        lines.extend(self.postgresql.iter().map(|sql| format!("{sql};")));
        lines.extend(self.parameters.iter().enumerate().map(|(n, value)| format!("--   ${} = {value}", n + 1)));
        lines.extend(self.session.iter().map(|session| format!("--   {session}")));
        lines.extend(
            self.refusal.iter().map(|no| format!("--   refused: {} ({}): {}", no.code, no.sqlstate, no.message)),
        );
        lines.push(String::new());
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_made_in_the_input_are_known_afterwards() {
        let mut translator = Translator::new("shop");
        let all = translator.all(
            b"CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20)); SELECT name FROM t WHERE id = 7; \
              SELECT nothing FROM t",
        );
        let [create, select, wrong] = all.as_slice() else { panic!("{all:?}") };
        assert!(create.postgresql.iter().any(|sql| sql.contains("CREATE TABLE")), "{create:?}");
        assert_eq!(select.refusal, None);
        assert_eq!(select.parameters, ["Int(7)"]);
        assert_eq!(wrong.refusal.as_ref().map(|refusal| refusal.code), Some(1054));
        assert!(wrong.text().contains("refused: 1054 (42S22)"), "{}", wrong.text());
    }
}
