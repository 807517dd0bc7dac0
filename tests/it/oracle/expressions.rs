//! Random expressions over columns of every type, three levels deep at most.
//!
//! Left out are functions whose values nobody can foresee (RAND, UUID, clocks) and what is known to differ, or what MySQL
//! itself computes differently from one plan to the next: constants beside YEAR (NULLIF changes them), digits behind the
//! point of what CASE chooses inside a sum, which numbers are computed although nobody needs them, moments with fractions as numbers, and text of the connection's collation
//! beside columns, which is an error that names different operations.

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

const TABLE: &str = "CREATE TABLE x (id INT PRIMARY KEY, ti TINYINT, i INT, bu BIGINT UNSIGNED, de DECIMAL(10,3), do DOUBLE, \
     s VARCHAR(20), sb VARCHAR(20) COLLATE utf8mb4_bin, c CHAR(5), vb VARBINARY(8), d DATE, dt DATETIME, dt3 DATETIME(3), \
     t TIME, y YEAR, e ENUM('a', 'b', 'c'), st SET('p', 'q', 'r'), j JSON)";

const ROWS: [&str; 8] = [
    "1, 5, 100, 1000, 12.345, 1.5, 'abc', 'ABC', 'x', 'ab', '2024-02-29', '2024-02-29 12:30:45', '2024-02-29 12:30:45.678', '10:11:12', 2024, 'a', 'p,q', '{\"k\": 1}'",
    "2, -128, -2147483648, 18446744073709551615, -9999999.999, -1e10, '', '', '', '', '1999-12-31', '1999-12-31 23:59:59', '1999-12-31 23:59:59.999', '-10:00:00', 1999, 'c', '', '[1, \"a\", null]'",
    "3, 127, 2147483647, 0, 0, 0, '12', '12.50', '7', '12', '2000-01-01', '2000-01-01', '2000-01-01', '00:00:00', 2000, 'b', 'r', '\"text\"'",
    "4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
    "5, 0, 1, 1, 0.001, 1e-5, '2024-01-02', 'Zebra', 'A', x'00ff', '2024-12-31', '2024-06-15 06:07:08', '2024-06-15 06:07:08.009', '838:59:59', 2155, 'a', 'p,q,r', 'true'",
    "6, -1, -1, 2, -0.5, 3.14159, 'Äpfel', 'äpfel', 'b', 'b', '2023-03-01', '2023-03-01 00:00:01', '2023-03-01 00:00:01.5', '01:02:03', 1970, 'c', 'q', '1.25'",
    "7, 10, 10, 10, 10, 10, '10', '10', '10', '10', '2010-10-10', '2010-10-10 10:10:10', '2010-10-10 10:10:10.1', '10:10:10', 2010, 'b', 'p', '10'",
    "8, 3, 7, 9, 2.5, 2.5, 'abc', 'abd', 'abc', 'abc', '2024-02-29', '2024-02-28 12:30:45', '2024-02-29 12:30:45.678', '10:11:12', 2023, 'a', 'p,q', '{}'",
];

const NUMBERS: [&str; 5] = ["ti", "i", "bu", "de", "do"];
const TEXTS: [&str; 5] = ["s", "sb", "c", "e", "st"];
const MOMENTS: [&str; 3] = ["d", "dt", "dt3"];

/// Random expressions from one seed.
pub struct Expressions {
    random: StdRng,
}

impl Expressions {
    /// Expressions from this seed.
    pub fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed) }
    }

    /// What makes and fills the table.
    pub fn table() -> Vec<String> {
        let rows: Vec<String> = ROWS.iter().map(|row| format!("({row})")).collect();
        vec![TABLE.to_owned(), format!("INSERT INTO x VALUES {}", rows.join(", "))]
    }

    fn one<'l>(&mut self, list: &[&'l str]) -> &'l str {
        list.choose(&mut self.random).copied().unwrap_or_default()
    }

    fn any(&mut self, depth: u32) -> String {
        match self.random.gen_range(0..5) {
            0 | 1 => self.number(depth),
            2 | 3 => self.text(depth),
            _moment => self.moment(depth),
        }
    }

    fn number(&mut self, depth: u32) -> String {
        if depth == 0 || self.random.gen_ratio(1, 4) {
            return match self.random.gen_range(0..5) {
                0 => self.one(&["0", "1", "-1", "2", "10", "0.5", "1.25", "100", "1e1", "NULL", "7"]).to_owned(),
                _column => self.one(&NUMBERS).to_owned(),
            };
        }
        let down = depth - 1;
        match self.random.gen_range(0..16) {
            0..3 => {
                let operator = self.one(&["+", "-", "*"]);
                format!("({} {operator} {})", self.number(down), self.number(down))
            }
            3 => format!("({} / {})", self.number(down), self.number(down)),
            4 => {
                let operator = self.one(&["DIV", "%"]);
                format!("({} {operator} {})", self.number(down), self.number(down))
            }
            5 => {
                let function = self.one(&["ABS", "SIGN", "FLOOR", "CEILING", "ROUND", "-"]);
                format!("{function}({})", self.number(down))
            }
            6 => {
                let function = self.one(&["ROUND", "TRUNCATE"]);
                let digits = self.one(&["0", "1", "2", "-1"]);
                format!("{function}({}, {digits})", self.number(down))
            }
            7 => {
                let function = self.one(&["LENGTH", "CHAR_LENGTH", "ASCII", "BIT_LENGTH", "ORD", "CRC32"]);
                format!("{function}({})", self.text(down))
            }
            8 => {
                let function = self.one(&[
                    "YEAR",
                    "MONTH",
                    "DAY",
                    "DAYOFWEEK",
                    "DAYOFYEAR",
                    "QUARTER",
                    "WEEKDAY",
                    "HOUR",
                    "MINUTE",
                    "TO_DAYS",
                ]);
                format!("{function}({})", self.moment(down))
            }
            9 => format!("LOCATE({}, {})", self.text(down), self.text(down)),
            10 => format!("DATEDIFF({}, {})", self.moment(down), self.moment(down)),
            11 => format!("STRCMP({}, {})", self.text(down), self.text(down)),
            12 => {
                let value = if self.random.gen_bool(0.5) { self.number(down) } else { self.text(down) };
                format!("CAST({value} AS {})", self.one_type())
            }
            13 => self.condition(down),
            14 => format!("FIELD({}, {}, {})", self.text(down), self.text(down), self.text(down)),
            _difference => {
                let unit = self.one(&["DAY", "MONTH", "YEAR", "HOUR", "SECOND"]);
                format!("TIMESTAMPDIFF({unit}, {}, {})", self.moment(down), self.moment(down))
            }
        }
    }

    fn one_type(&mut self) -> &'static str {
        self.one(&["SIGNED", "UNSIGNED", "DECIMAL(10,2)", "DECIMAL(20,5)", "DOUBLE"])
    }

    fn choice(&mut self, depth: u32, value: fn(&mut Self, u32) -> String) -> String {
        match self.random.gen_range(0..5) {
            0 => format!("IF({}, {}, {})", self.condition(depth), value(self, depth), value(self, depth)),
            1 => format!("COALESCE({}, {})", value(self, depth), value(self, depth)),
            2 => format!("NULLIF({}, {})", value(self, depth), value(self, depth)),
            3 => {
                let function = self.one(&["GREATEST", "LEAST"]);
                format!("{function}({}, {})", value(self, depth), value(self, depth))
            }
            _case => format!(
                "CASE WHEN {} THEN {} WHEN {} THEN {} END",
                self.condition(depth),
                value(self, depth),
                self.condition(depth),
                value(self, depth)
            ),
        }
    }

    fn text(&mut self, depth: u32) -> String {
        if depth == 0 || self.random.gen_ratio(1, 4) {
            return match self.random.gen_range(0..4) {
                0 => {
                    self.one(&["'abc'", "'B'", "''", "'12'", "' x '", "'2024-02-29'", "NULL", "'ä'", "'a%'"]).to_owned()
                }
                _column => self.one(&TEXTS).to_owned(),
            };
        }
        let down = depth - 1;
        match self.random.gen_range(0..14) {
            0 | 1 => {
                let function = self.one(&["UPPER", "LOWER", "TRIM", "LTRIM", "RTRIM", "REVERSE", "HEX", "QUOTE"]);
                format!("{function}({})", self.text(down))
            }
            2 | 3 => format!("CONCAT({}, {})", self.any(down), self.text(down)),
            4 => format!("CONCAT_WS('-', {}, {}, {})", self.text(down), self.any(down), self.text(down)),
            5 => {
                let function = self.one(&["LEFT", "RIGHT"]);
                let count = self.one(&["0", "1", "2", "5", "-1"]);
                format!("{function}({}, {count})", self.text(down))
            }
            6 => {
                let (from, count) = (self.one(&["1", "2", "-2", "0"]), self.one(&["1", "2", "10"]));
                format!("SUBSTRING({}, {from}, {count})", self.text(down))
            }
            7 => format!("REPLACE({}, {}, {})", self.text(down), self.text(0), self.text(0)),
            8 => {
                let function = self.one(&["LPAD", "RPAD"]);
                let length = self.one(&["0", "3", "8"]);
                format!("{function}({}, {length}, {})", self.text(down), self.text(0))
            }
            9 => {
                let format = self.one(&["'%Y-%m-%d'", "'%H:%i:%s'", "'%a %b %e'", "'%j %u %w'", "'%M %D %y'"]);
                format!("DATE_FORMAT({}, {format})", self.moment(down))
            }
            10 | 11 => format!("INSERT({}, 2, 1, {})", self.text(down), self.text(0)),
            12 => format!("SUBSTRING_INDEX({}, {}, {})", self.text(down), self.text(0), self.random.gen_range(-2..3)),
            _choice => self.choice(down, Self::text),
        }
    }

    fn moment(&mut self, depth: u32) -> String {
        if depth == 0 || self.random.gen_ratio(1, 3) {
            return self.one(&MOMENTS).to_owned();
        }
        let down = depth - 1;
        match self.random.gen_range(0..6) {
            0 | 1 => {
                let function = self.one(&["DATE_ADD", "DATE_SUB"]);
                let unit = self.one(&["DAY", "MONTH", "YEAR", "HOUR", "MINUTE", "SECOND", "WEEK", "QUARTER"]);
                format!("{function}({}, INTERVAL {} {unit})", self.moment(down), self.random.gen_range(-40..40))
            }
            2 => format!("DATE({})", self.moment(down)),
            3 => format!("LAST_DAY({})", self.moment(down)),
            4 => format!("CAST({} AS DATETIME)", self.moment(down)),
            _choice => self.choice(down, Self::moment),
        }
    }

    fn condition(&mut self, depth: u32) -> String {
        let down = depth.saturating_sub(1);
        match self.random.gen_range(0..12) {
            0..3 => {
                let operator = self.one(&["=", "<", ">", "<=", ">=", "<>", "<=>"]);
                format!("({} {operator} {})", self.number(down), self.number(down))
            }
            3 | 4 => {
                let operator = self.one(&["=", "<", ">", "<=", ">=", "<>", "<=>"]);
                format!("({} {operator} {})", self.text(down), self.text(down))
            }
            5 => {
                let operator = self.one(&["=", "<", ">=", "<>"]);
                format!("({} {operator} {})", self.moment(down), self.moment(down))
            }
            6 => format!("({} IS NULL)", self.any(down)),
            7 => format!("({} BETWEEN {} AND {})", self.number(down), self.number(0), self.number(0)),
            8 => format!("({} IN ({}, {}))", self.text(down), self.text(down), self.text(down)),
            9 => {
                let pattern = self.one(&["'a%'", "'%b%'", "'_b_'", "''", "'%'"]);
                format!("({} LIKE {pattern})", self.text(down))
            }
            10 => {
                let operator = self.one(&["AND", "OR", "XOR"]);
                format!("({} {operator} {})", self.condition(down), self.condition(down))
            }
            _not => format!("(NOT {})", self.condition(down)),
        }
    }
}

impl Iterator for Expressions {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let value = self.any(3);
        Some(match self.random.gen_range(0..6) {
            0 => format!("SELECT id FROM x WHERE {} ORDER BY id", self.condition(2)),
            1 => {
                let aggregate = self.one(&["COUNT", "MIN", "MAX", "SUM"]);
                let value = if aggregate == "SUM" { self.number(2) } else { value };
                format!("SELECT {aggregate}({value}) FROM x")
            }
            _shown => format!("SELECT id, {value} FROM x ORDER BY id"),
        })
    }
}
