//! Differences that are accepted, with their reasons: `tests/oracle/accepted.txt`.
//!
//! A line is `script | aspect | beginning of the statement | reason`; blank lines and lines that begin with `#` are for
//! readers. White space in statements counts as one blank.

use std::path::Path;

use super::answer::Aspect;
use super::script::Script;

/// The list, and which of its lines were needed.
pub struct Accepted {
    lines: Vec<Line>,
}

struct Line {
    number: usize,
    script: String,
    aspect: Aspect,
    statement: String,
    used: bool,
}

fn folded(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Accepted {
    /// Reads the list; a line that isn't complete is a panic.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the list is in the repository");
        let mut lines = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let parts: Vec<&str> = line.split(" | ").map(str::trim).collect();
            let [script, aspect, statement, reason] = parts.as_slice() else {
                panic!("accepted.txt:{}: script | aspect | beginning of the statement | reason", at + 1);
            };
            assert!(!reason.is_empty(), "accepted.txt:{}: a reason is needed", at + 1);
            lines.push(Line {
                number: at + 1,
                script: (*script).to_owned(),
                aspect: Aspect::parse(aspect),
                statement: folded(statement),
                used: false,
            });
        }
        Self { lines }
    }

    /// Whether the difference is accepted.
    pub fn takes(&mut self, script: &str, statement: &str, aspect: Aspect) -> bool {
        let statement = folded(statement);
        let mut taken = false;
        for line in &mut self.lines {
            if line.aspect == aspect && line.script == script && statement.starts_with(&line.statement) {
                line.used = true;
                taken = true;
            }
        }
        taken
    }

    /// The lines of these scripts that nothing needed.
    pub fn unused(&self, ran: &[Script]) -> Vec<String> {
        let ran = |line: &&Line| !line.used && ran.iter().any(|script| script.name == line.script);
        self.lines.iter().filter(ran).map(|line| format!("line {}: {}", line.number, line.statement)).collect()
    }
}
