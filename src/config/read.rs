//! A walk over the parsed file that takes every key it knows, notes every problem with its line, and in the end every
//! key that nobody took. It never quotes a value: a value may be a password.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file; absent for what is missing.
    pub line: Option<usize>,
    /// Such as `spool.limit_bytes`.
    pub key: String,
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = self.line {
            write!(out, "line {line}: ")?;
        }
        write!(out, "{}: {}", self.key, self.message)
    }
}

/// Where problems are collected.
pub(super) struct Problems<'a> {
    text: &'a str,
    found: RefCell<Vec<Problem>>,
}

impl<'a> Problems<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, found: RefCell::new(Vec::new()) }
    }

    pub(super) fn add(&self, offset: Option<usize>, key: impl Into<String>, message: impl Into<String>) {
        let before = offset.and_then(|offset| self.text.get(..offset));
        let line = before.map(|before| before.matches('\n').count() + 1);
        self.found.borrow_mut().push(Problem { line, key: key.into(), message: message.into() });
    }

    pub(super) fn into_inner(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        found
    }
}

/// One table of the file, or its absence.
pub(super) struct Section<'a, 'i> {
    name: String,
    table: Option<&'a DeTable<'i>>,
    taken: Vec<&'static str>,
    problems: &'a Problems<'a>,
}

impl<'a, 'i> Section<'a, 'i> {
    pub(super) const fn new(name: String, table: Option<&'a DeTable<'i>>, problems: &'a Problems<'a>) -> Self {
        Self { name, table, taken: Vec::new(), problems }
    }

    /// True when the file has this table.
    pub(super) const fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// A key's full name.
    pub(super) fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Notes a problem with a key of this table.
    pub(super) fn problem(&self, key: &str, message: impl Into<String>) {
        let entry = self.table.and_then(|table| table.iter().find(|(name, _)| name.get_ref().as_ref() == key));
        self.problems.add(entry.map(|(name, _)| name.span().start), self.key(key), message);
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.taken.push(key);
        self.table?.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    /// A table inside this one.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'a, 'i> {
        let value = self.take(key);
        let table = value.and_then(|value| value.get_ref().as_table());
        if value.is_some() && table.is_none() {
            self.problem(key, "must be a table");
        }
        Section::new(self.key(key), table, self.problems)
    }

    /// An array of tables inside this one.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'a, 'i>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.problem(key, format!("must be written as [[{key}]]"));
            return Vec::new();
        };
        let tables = array.iter().enumerate().filter_map(|(number, item)| {
            let table = item.get_ref().as_table();
            if table.is_none() {
                self.problem(key, format!("must be written as [[{key}]]"));
            }
            table.map(|table| Section::new(format!("{}[{number}]", self.key(key)), Some(table), self.problems))
        });
        tables.collect()
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        let value = self.take(key)?;
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.problem(key, format!("must be a text in quotes, not {}", article(value.get_ref().type_str())));
        }
        text
    }

    /// A text that must be there and not empty.
    pub(super) fn required(&mut self, key: &'static str, meaning: &str) -> String {
        let there = self.table.is_some_and(|table| table.iter().any(|(name, _)| name.get_ref().as_ref() == key));
        match self.text(key) {
            Some(text) if !text.is_empty() => text,
            Some(_) => {
                self.problem(key, "must not be empty");
                String::new()
            }
            None if there => String::new(),
            None => {
                self.problem(key, format!("is missing: {meaning}"));
                String::new()
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let items = value.get_ref().as_array().map(|array| array.iter().map(|item| item.get_ref().as_str()).collect());
        let texts: Option<Vec<&str>> = items.unwrap_or(None);
        if texts.is_none() {
            self.problem(key, "must be a list of texts, such as [\"shop\"]");
        }
        texts.unwrap_or_default().into_iter().map(str::to_owned).collect()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)], default: T) -> T {
        let Some(text) = self.text(key) else { return default };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return *choice;
        }
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
        self.problem(key, format!("must be one of {}", words.join(", ")));
        default
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, key: &'static str, bounds: RangeInclusive<u64>, default: u64) -> u64 {
        let Some(value) = self.take(key) else { return default };
        match whole(value.get_ref()) {
            Some(number) if bounds.contains(&number) => number,
            Some(_) | None => {
                let (low, high) = bounds.into_inner();
                self.problem(key, format!("must be a whole number from {low} to {high} (default {default})"));
                default
            }
        }
    }

    /// A table of names that the file chooses, each with a whole number within bounds.
    pub(super) fn numbers(&mut self, key: &'static str, bounds: RangeInclusive<u64>) -> BTreeMap<String, u64> {
        let Some(value) = self.take(key) else { return BTreeMap::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.problem(key, format!("must be a table, such as {key} = {{ app = 100 }}"));
            return BTreeMap::new();
        };
        let mut found = BTreeMap::new();
        for (name, value) in table {
            match whole(value.get_ref()).filter(|number| bounds.contains(number)) {
                Some(number) => drop(found.insert(name.get_ref().to_string(), number)),
                None => {
                    let (at, key) = (name.span().start, format!("{}.{}", self.key(key), name.get_ref()));
                    let (low, high) = (bounds.start(), bounds.end());
                    self.problems.add(Some(at), key, format!("must be a whole number from {low} to {high}"));
                }
            }
        }
        found
    }

    /// A time; the key says its unit.
    pub(super) fn time(&mut self, key: &'static str, bounds: RangeInclusive<u64>, default: u64) -> Duration {
        let number = self.number(key, bounds, default);
        if key.ends_with("_ms") { Duration::from_millis(number) } else { Duration::from_secs(number) }
    }

    /// A path as written.
    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let text = self.text(key)?;
        if text.is_empty() {
            self.problem(key, "must not be empty");
            return None;
        }
        Some(PathBuf::from(text))
    }

    /// Notes every key that nobody took.
    pub(super) fn finish(self) {
        for (name, _) in self.table.into_iter().flatten() {
            let key = name.get_ref().as_ref();
            if self.taken.contains(&key) {
                continue;
            }
            let near = self.taken.iter().find(|known| is_near(known, key));
            let message = match near {
                Some(near) => format!("is not a known key; did you mean {near:?}?"),
                None => format!("is not a known key; known here: {}", self.taken.join(", ")),
            };
            self.problems.add(Some(name.span().start), self.key(key), message);
        }
    }
}

fn whole(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::try_from(i64::from_str_radix(number.as_str(), number.radix()).ok()?).ok()
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

/// One edit apart, or one the beginning of the other.
fn is_near(known: &str, written: &str) -> bool {
    if known.starts_with(written) || written.starts_with(known) {
        return true;
    }
    let same = known.bytes().zip(written.bytes()).take_while(|(left, right)| left == right).count();
    let (known, written) = (known.get(same..).unwrap_or_default(), written.get(same..).unwrap_or_default());
    let skip = |text: &str, count: usize| text.get(count..).unwrap_or_default().to_owned();
    skip(known, 1) == skip(written, 1)
        || known == skip(written, 1)
        || skip(known, 1) == written
        || skip(known, 2) == skip(written, 2)
}
