//! A script: statements, each ending with `;` at the end of a line. Lines that begin with `-- ` are comments; some of
//! them say how the script runs:
//!
//! * `-- prepared too` (anywhere): each query is also executed as a prepared statement.
//! * `-- not compared: length, flags` (anywhere): aspects that the script isn't about.
//! * `-- delimiter //`: from here on statements end with this at the end of a line, so that bodies of routines may hold
//!   semicolons; `-- delimiter ;` goes back.
//! * `-- session b`: the statements below run on another connection of that name (the first is called `a`).
//! * `-- execute 1, 'x', NULL, 2.5`: the next statement is prepared and executed with these values.
//! * `-- ordered` / `-- unordered`: whether the order of the next statement's rows counts; without it, it counts when
//!   the statement has ORDER BY.

use std::path::Path;

use mysql_async::Value;

use super::answer::Aspect;

/// A script with what it says about itself.
pub struct Script {
    pub name: String,
    pub steps: Vec<Step>,
    pub prepared_too: bool,
    pub ignored: Vec<Aspect>,
}

/// One statement.
pub struct Step {
    pub line: usize,
    pub text: String,
    pub session: String,
    pub parameters: Option<Vec<Value>>,
    ordered: Option<bool>,
}

impl Step {
    /// Whether the statement reads: queries are executed both ways.
    pub fn is_query(&self) -> bool {
        let first = self.text.trim_start_matches(['(', ' ', '\n']).split_whitespace().next().unwrap_or_default();
        ["select", "with", "values", "table", "show"].iter().any(|word| first.eq_ignore_ascii_case(word))
    }

    /// Whether the order of the rows counts.
    pub fn is_ordered(&self) -> bool {
        let words = self.text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        self.ordered.unwrap_or_else(|| words.contains("order by"))
    }
}

impl Script {
    /// Reads a script; a mistake in it is a panic with the line.
    pub fn read(path: &Path) -> Self {
        let name = path.file_stem().expect("a script has a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("the script is readable");
        let mut script = Self { name, steps: Vec::new(), prepared_too: false, ignored: Vec::new() };
        let (mut session, mut parameters, mut ordered) = ("a".to_owned(), None, None);
        let (mut statement, mut begun) = (String::new(), 0);
        let mut delimiter = ";".to_owned();
        for (at, line) in text.lines().enumerate() {
            if statement.is_empty() {
                if let Some(said) = line.strip_prefix("-- ") {
                    match said.split_once(' ') {
                        Some(("delimiter", end)) => end.trim().clone_into(&mut delimiter),
                        Some(("session", name)) => name.trim().clone_into(&mut session),
                        Some(("execute", values)) => parameters = Some(parse_values(values)),
                        Some(("not", rest)) => {
                            let aspects = rest.strip_prefix("compared:").unwrap_or_default();
                            script.ignored.extend(aspects.split(',').map(|word| Aspect::parse(word.trim())));
                        }
                        Some(("prepared", "too")) => script.prepared_too = true,
                        Some(_) => {}
                        None if said == "ordered" => ordered = Some(true),
                        None if said == "unordered" => ordered = Some(false),
                        None => {}
                    }
                    continue;
                }
                if line.trim().is_empty() || line.trim() == "--" {
                    continue;
                }
                begun = at + 1;
            } else {
                statement.push('\n');
            }
            statement.push_str(line);
            if let Some(text) = statement.strip_suffix(delimiter.as_str()) {
                script.steps.push(Step {
                    line: begun,
                    text: text.to_owned(),
                    session: session.clone(),
                    parameters: parameters.take(),
                    ordered: ordered.take(),
                });
                statement.clear();
            }
        }
        assert!(statement.is_empty(), "{}:{begun}: a statement without its semicolon", path.display());
        script
    }
}

/// Values as MySQL's literals: numbers, `'text'` (without escapes), NULL.
fn parse_values(text: &str) -> Vec<Value> {
    let (mut values, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (value, after) = if let Some(quoted) = rest.strip_prefix('\'') {
            let (inside, after) = quoted.split_once('\'').expect("a quoted value ends");
            (Value::Bytes(inside.as_bytes().to_vec()), after)
        } else {
            let (word, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            let word = word.trim();
            let value = if word.eq_ignore_ascii_case("null") {
                Value::NULL
            } else if let Ok(number) = word.parse::<i64>() {
                Value::Int(number)
            } else if let Ok(number) = word.parse::<u64>() {
                Value::UInt(number)
            } else {
                Value::Double(word.parse().expect("a value is a number, 'text' or NULL"))
            };
            (value, after)
        };
        values.push(value);
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    values
}
