//! Statements that no script can hold: deep, long, broken, or with very many values.

use mysql_async::Value;

/// A statement with its name for messages.
pub struct Unwieldy {
    pub name: &'static str,
    pub text: String,
    pub values: Option<Vec<Value>>,
}

fn text(name: &'static str, text: String) -> Unwieldy {
    Unwieldy { name, text, values: None }
}

/// All of them.
pub fn statements() -> Vec<Unwieldy> {
    let nested = |depth: usize| format!("SELECT {}1{}", "(".repeat(depth), ")".repeat(depth));
    let marks = |count: usize| vec!["?"; count].join(",");
    let numbers = |count: i64| Some((0..count).map(Value::Int).collect());
    vec![
        text("100 parentheses", nested(100)),
        text("1,000 parentheses", nested(1_000)),
        text("5,000 parentheses", nested(5_000)),
        text("an unfinished string", "SELECT 'abc".to_owned()),
        text("an unfinished comment", "SELECT 1 /* abc".to_owned()),
        text("an unfinished parenthesis", "SELECT (1".to_owned()),
        text("nothing", String::new()),
        text("blanks", " \n\t ".to_owned()),
        text("a semicolon", ";".to_owned()),
        text("a NUL byte in a string", "SELECT HEX('a\0b')".to_owned()),
        text("a NUL byte between words", "SELECT\u{0}1".to_owned()),
        text("2,000 conditions", format!("SELECT 1 WHERE {}", vec!["1 = 2"; 2_000].join(" OR "))),
        text("2,000 sums", format!("SELECT {}", vec!["1"; 2_000].join("+"))),
        text("900 kB in a string", format!("SELECT LENGTH('{}')", "x".repeat(900_000))),
        text("10,000 rows", format!("SELECT COUNT(*) FROM (VALUES {}) v", vec!["ROW(1)"; 10_000].join(","))),
        Unwieldy { name: "10,000 values", text: format!("SELECT 5 IN ({})", marks(10_000)), values: numbers(10_000) },
        Unwieldy { name: "too few values", text: "SELECT ?, ?".to_owned(), values: numbers(2) },
        Unwieldy { name: "65,536 values", text: format!("SELECT 5 IN ({})", marks(65_536)), values: numbers(0) },
    ]
}
