//! Random writes to tables with several unique keys: every form of INSERT, REPLACE, UPDATE and DELETE, inside and outside of
//! transactions, with values that collide often.
//!
//! What MySQL's plan decides is left out: an UPDATE that moves unique values names the order of its rows, and so does
//! the query of INSERT … SELECT.

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

const TABLES: [&str; 3] = [
    "CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY, k INT UNIQUE, s VARCHAR(4) UNIQUE, n INT, \
     t VARCHAR(6) NOT NULL DEFAULT 'd', KEY (n))",
    "CREATE TABLE b (x INT, y SMALLINT, z TINYINT UNSIGNED, v VARCHAR(5), PRIMARY KEY (x, y), UNIQUE (z), UNIQUE (v, y))",
    "CREATE TABLE c (u DECIMAL(4,1) UNIQUE, w BIGINT, d DATE, e ENUM('p', 'q', 'r') NOT NULL DEFAULT 'q')",
];

/// The columns of each table with the kinds of their values.
const COLUMNS: [&[(&str, Kind)]; 3] = [
    &[("id", Kind::Id), ("k", Kind::Small), ("s", Kind::Letters), ("n", Kind::Number), ("t", Kind::Word)],
    &[("x", Kind::Key), ("y", Kind::Key), ("z", Kind::Small), ("v", Kind::Letters)],
    &[("u", Kind::Tenth), ("w", Kind::Number), ("d", Kind::Day), ("e", Kind::Label)],
];
const NAMES: [&str; 3] = ["a", "b", "c"];
/// Columns of unique keys, whose order of change matters.
const UNIQUE: [&[&str]; 3] = [&["id", "k", "s"], &["x", "y", "z", "v"], &["u"]];
/// What names each row.
const ORDERS: [&str; 3] = ["id", "x, y", "u IS NULL, u, w, d, e"];

#[derive(Clone, Copy)]
enum Kind {
    Id,
    /// Part of a primary key.
    Key,
    Small,
    Number,
    Letters,
    Word,
    Tenth,
    Day,
    Label,
}

/// Random writes from one seed.
pub struct Writes {
    random: StdRng,
    open: bool,
}

impl Writes {
    /// Statements from this seed.
    pub fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), open: false }
    }

    /// A transaction that was open has ended.
    pub fn committed(&mut self) {
        self.open = false;
    }

    /// What makes the tables.
    pub fn tables() -> &'static [&'static str] {
        &TABLES
    }

    /// Looks at everything that the writes left.
    pub fn looks() -> Vec<String> {
        NAMES.iter().zip(ORDERS).map(|(name, order)| format!("SELECT * FROM {name} ORDER BY {order}")).collect()
    }

    fn one<'l>(&mut self, list: &[&'l str]) -> &'l str {
        list.choose(&mut self.random).copied().unwrap_or_default()
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.gen_ratio(percent, 100)
    }

    fn value(&mut self, kind: Kind) -> String {
        let null = |writes: &mut Self, percent| writes.chance(percent);
        match kind {
            Kind::Id => self.random.gen_range(1..12).to_string(),
            Kind::Key => self.random.gen_range(0..4).to_string(),
            Kind::Small if null(self, 15) => "NULL".to_owned(),
            Kind::Small => self.one(&["0", "1", "2", "3", "4", "5", "6", "7", "'3'", "2.5"]).to_owned(),
            Kind::Number if null(self, 15) => "NULL".to_owned(),
            Kind::Number => self.random.gen_range(-3..30).to_string(),
            Kind::Letters if null(self, 15) => "NULL".to_owned(),
            Kind::Letters => {
                self.one(&["'a'", "'A'", "'b'", "'ä'", "'bb'", "'c '", "'c'", "''", "7", "'abcdef'"]).to_owned()
            }
            Kind::Word => self.one(&["'x'", "'yy'", "''", "DEFAULT", "3", "'longer'"]).to_owned(),
            Kind::Tenth if null(self, 20) => "NULL".to_owned(),
            Kind::Tenth => self.one(&["0", "0.1", "0.14", "0.15", "1", "'1.0'", "2e0", "3.3", "1234"]).to_owned(),
            Kind::Day if null(self, 20) => "NULL".to_owned(),
            Kind::Day => self.one(&["'2024-02-29'", "20240301", "'2024-1-2'", "'2023-02-29'"]).to_owned(),
            Kind::Label => self.one(&["'p'", "'Q'", "3", "'r'", "DEFAULT", "'no'"]).to_owned(),
        }
    }

    /// Some of a table's columns, in their order.
    fn columns(&mut self, table: usize) -> Vec<(&'static str, Kind)> {
        let all = COLUMNS[table];
        if self.chance(40) {
            return all.to_vec();
        }
        let mut chosen: Vec<_> = all.iter().copied().filter(|_| self.chance(65)).collect();
        if chosen.is_empty() {
            chosen.push(all[0]);
        }
        chosen
    }

    fn rows(&mut self, columns: &[(&'static str, Kind)]) -> String {
        let count = if self.chance(55) { 1 } else { self.random.gen_range(2..5) };
        // MySQL numbers rows with and without ids in one statement by rules of its own.
        let generates = self.chance(50);
        let mut rows = Vec::new();
        for _ in 0..count {
            let mut cells = Vec::new();
            for (_, kind) in columns {
                let generated = matches!(kind, Kind::Id) && generates;
                cells.push(if generated { "NULL".to_owned() } else { self.value(*kind) });
            }
            rows.push(format!("({})", cells.join(", ")));
        }
        rows.join(", ")
    }

    fn assignments(&mut self, table: usize, upsert: bool) -> (String, bool) {
        let mut parts: Vec<String> = Vec::new();
        let mut unique = false;
        for _ in 0..self.random.gen_range(1..3) {
            let (name, kind) = COLUMNS[table][self.random.gen_range(0..COLUMNS[table].len())];
            if parts.iter().any(|part| part.starts_with(&format!("{name} ="))) || matches!(kind, Kind::Id) {
                continue;
            }
            unique |= UNIQUE[table].contains(&name);
            let value = match (kind, self.random.gen_range(0..4)) {
                (Kind::Small | Kind::Number | Kind::Key, 0) => format!("{name} + 1"),
                (Kind::Number, 1) => format!("{name} - 2"),
                (_, 2) if upsert => format!("VALUES({name})"),
                (Kind::Letters, 1) => format!("CONCAT({name}, 'x')"),
                (_, _) => self.value(kind),
            };
            parts.push(format!("{name} = {value}"));
        }
        if parts.is_empty() {
            let (name, kind) = COLUMNS[table][1];
            unique |= UNIQUE[table].contains(&name);
            parts.push(format!("{name} = {}", self.value(kind)));
        }
        (parts.join(", "), unique)
    }

    fn condition(&mut self, table: usize) -> String {
        let (name, kind) = COLUMNS[table][self.random.gen_range(0..COLUMNS[table].len())];
        match self.random.gen_range(0..6) {
            0 => String::new(),
            1 => format!(" WHERE {name} IS NULL"),
            2 => format!(" WHERE {name} > {}", self.literal(kind)),
            3 => format!(" WHERE {name} IN ({}, {})", self.literal(kind), self.literal(kind)),
            _equal => format!(" WHERE {name} = {}", self.literal(kind)),
        }
    }

    /// A value that can stand in a condition.
    fn literal(&mut self, kind: Kind) -> String {
        let value = match kind {
            Kind::Label => self.one(&["'p'", "'q'", "'R'"]).to_owned(),
            Kind::Day => self.one(&["'2024-02-29'", "20240301"]).to_owned(),
            other => self.value(other),
        };
        if value == "DEFAULT" { "'d'".to_owned() } else { value }
    }

    fn ends(&mut self, table: usize, ordered: bool) -> String {
        // Without a key that names each row the order of equal ones would be anybody's.
        let limited = self.chance(25);
        let order = if ordered || limited { format!(" ORDER BY {}", ORDERS[table]) } else { String::new() };
        let down = if !order.is_empty() && table == 0 && self.chance(40) { " DESC" } else { "" };
        let limit = if limited { format!(" LIMIT {}", self.random.gen_range(0..4)) } else { String::new() };
        format!("{order}{down}{limit}")
    }

    fn insert(&mut self) -> String {
        let table = self.random.gen_range(0..3);
        let verb = self.one(&["INSERT INTO", "INSERT INTO", "INSERT INTO", "INSERT IGNORE INTO", "REPLACE INTO"]);
        let columns = self.columns(table);
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let upserts = verb == "INSERT INTO" && self.chance(40);
        let mut text = if self.chance(10) && table == 0 {
            let list: Vec<String> =
                columns.iter().map(|(name, kind)| format!("{name} = {}", self.value(*kind))).collect();
            format!("{verb} a SET {}", list.join(", "))
        } else if self.chance(12) {
            format!("{verb} {}", self.selected(table))
        } else {
            format!("{verb} {} ({}) VALUES {}", NAMES[table], names.join(", "), self.rows(&columns))
        };
        if upserts {
            let (set, _) = self.assignments(table, true);
            text.push_str(&format!(" ON DUPLICATE KEY UPDATE {set}"));
        }
        text
    }

    /// Rows that a query gives, of its own table too.
    fn selected(&mut self, table: usize) -> String {
        let choices: &[&str] = match table {
            0 => &[
                "a (n, t) SELECT n, 'sel' FROM a ORDER BY id",
                "a (n, t) SELECT x + 1, y FROM b ORDER BY x, y",
                "a (n, t) SELECT w, 'dec' FROM c ORDER BY u IS NULL, u, w, d, e",
            ],
            1 => &[
                "b (x, y) SELECT n, 1 FROM a WHERE n IS NOT NULL ORDER BY id",
                "b (x, y) SELECT id, 1 FROM a WHERE n IS NOT NULL ORDER BY id",
                "b (x, y) SELECT x + 1, y FROM b ORDER BY x, y",
            ],
            _third => &["c (w, d) SELECT n, '2024-05-05' FROM a ORDER BY id"],
        };
        self.one(choices).to_owned()
    }

    fn update(&mut self) -> String {
        let table = self.random.gen_range(0..3);
        let ignore = if self.chance(15) { "IGNORE " } else { "" };
        let (set, unique) = self.assignments(table, false);
        let condition = self.condition(table);
        let ends = self.ends(table, unique || !ignore.is_empty());
        format!("UPDATE {ignore}{} SET {set}{condition}{ends}", NAMES[table])
    }

    fn delete(&mut self) -> String {
        let table = self.random.gen_range(0..3);
        let condition = self.condition(table);
        let ends = self.ends(table, false);
        format!("DELETE FROM {}{condition}{ends}", NAMES[table])
    }

    fn transaction(&mut self) -> String {
        if !self.open {
            self.open = true;
            return "START TRANSACTION".to_owned();
        }
        match self.random.gen_range(0..6) {
            0 => "SAVEPOINT p".to_owned(),
            1 => "ROLLBACK TO SAVEPOINT p".to_owned(),
            2 | 3 => {
                self.open = false;
                "ROLLBACK".to_owned()
            }
            _commit => {
                self.open = false;
                "COMMIT".to_owned()
            }
        }
    }
}

impl Iterator for Writes {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        Some(match self.random.gen_range(0..100) {
            0..50 => self.insert(),
            50..75 => self.update(),
            75..88 => self.delete(),
            88..96 => self.transaction(),
            96 => {
                self.open = false;
                "TRUNCATE TABLE a".to_owned()
            }
            97 => {
                let mode = self.one(&["''", "'NO_AUTO_VALUE_ON_ZERO,STRICT_TRANS_TABLES'", "DEFAULT", "DEFAULT"]);
                format!("SET sql_mode = {mode}")
            }
            _seen => "SELECT LAST_INSERT_ID(), ROW_COUNT()".to_owned(),
        })
    }
}
