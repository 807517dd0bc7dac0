//! Values on their way into columns of every type, in every mode: written out, so that the proxy converts them, and
//! inside expressions that PostgreSQL computes. Both have to do what MySQL does, and so the same.

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// Values that one seed tries.
const CASES: usize = 400;

const COLUMNS: [&str; 30] = [
    "CHAR(5)",
    "VARCHAR(5)",
    "TINYTEXT",
    "VARCHAR(6) CHARACTER SET latin1",
    "VARCHAR(6) CHARACTER SET utf8mb3",
    "BINARY(4)",
    "VARBINARY(4)",
    "TINYBLOB",
    "ENUM('a', 'b', '3', 'xyz')",
    "SET('a', 'b', 'c')",
    "BIT(5)",
    "YEAR",
    "DECIMAL(4,1)",
    "DECIMAL(5,2) UNSIGNED",
    "DECIMAL(20,5)",
    "FLOAT",
    "FLOAT(5,2)",
    "DOUBLE",
    "DOUBLE UNSIGNED",
    "TINYINT",
    "TINYINT UNSIGNED",
    "MEDIUMINT",
    "INT",
    "BIGINT UNSIGNED",
    "DATE",
    "DATETIME",
    "DATETIME(3)",
    "TIMESTAMP NULL",
    "TIME",
    "TIME(2)",
];

const TEXTS: [&str; 59] = [
    "",
    "a",
    "A",
    "abc",
    "abcdef",
    "abcde  ",
    "abc     x",
    "12",
    "12abc",
    " 12 ",
    "-5",
    "300",
    "-300",
    "99999999999",
    "1e3",
    "1e",
    "1.5",
    "-1.5",
    "2.25",
    "2.345",
    "0.05",
    "abcé",
    "日本",
    "x😀y",
    "a,b",
    "b,a",
    "a,z",
    "3",
    "5",
    "xyz  ",
    "2020-01-31",
    "2020-02-30",
    "2020-1-5 10:11:12",
    "20200131",
    "200131",
    "20200131101112",
    "2020-01-31 10:11:12.56",
    "2020-01-31 23:59:59.9",
    "2020:01:31",
    "2020-01-31T10:11:12",
    "10:11:12",
    "-10:11",
    "100:59:59",
    "900:00:00",
    "1 10:11",
    "10:61:00",
    "101112",
    "12.5",
    "70",
    "1970",
    "2156",
    "00",
    "0",
    "1e30",
    "2020-01-31x",
    "-0",
    "0000-00-00",
    "2020-01-31 10:11:12+02:00",
    "0x41",
];

const NUMBERS: [&str; 56] = [
    "0",
    "1",
    "-1",
    "5",
    "12",
    "32",
    "127",
    "128",
    "255",
    "256",
    "300",
    "-300",
    "70",
    "1970",
    "2155",
    "2156",
    "99999",
    "20200131",
    "200131",
    "20200230",
    "101112",
    "106112",
    "20200131101112",
    "99999999999",
    "1.5",
    "-1.5",
    "2.5",
    "0.5",
    "-0.5",
    "0.49",
    "9.95",
    "999.94",
    "999.95",
    "1234.56",
    "-0.001",
    "-0.0",
    "20200131.5",
    "20200131101112.56",
    "101112.567",
    "12345678901234567890",
    "1.5e0",
    "2.5e0",
    "-2.5e0",
    "0.5e0",
    "-0.5e0",
    "1e3",
    "1e10",
    "1e30",
    "1e300",
    "-1e300",
    "3.5e38",
    "999.95e0",
    "12.345e0",
    "123.456e0",
    "1.005e0",
    "20200131e0",
];

const MOMENTS: [&str; 7] = [
    "DATE '2020-01-31'",
    "TIMESTAMP '2020-01-31 10:11:12'",
    "TIMESTAMP '2020-01-31 23:59:59.9'",
    "TIMESTAMP '2050-01-31 10:11:12.345'",
    "TIMESTAMP '1969-01-01 00:00:00'",
    "TIME '10:11:12'",
    "TIME '10:11:12.56'",
];

const MODES: [&str; 5] = [
    "",
    "STRICT_TRANS_TABLES",
    "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE",
    "TIME_TRUNCATE_FRACTIONAL",
    "STRICT_TRANS_TABLES,TIME_TRUNCATE_FRACTIONAL",
];

/// A value as it's written, and an expression that gives it.
fn value(random: &mut StdRng) -> (String, String) {
    let mut one = |list: &[&str]| (*list.choose(random).expect("no list is empty")).to_owned();
    let kind = one(&["text", "text", "text", "number", "number", "moment"]);
    match kind.as_str() {
        "text" => {
            let text = format!("'{}'", one(&TEXTS));
            let form = one(&["CONCAT(@, '')", "(SELECT @)", "COALESCE(NULL, @)", "IF(1, @, '')"]);
            (text.clone(), form.replace('@', &text))
        }
        "number" => {
            let number = one(&NUMBERS);
            let form = one(&["@ + 0", "(SELECT @)", "COALESCE(@, NULL)"]);
            (number.clone(), form.replace('@', &number))
        }
        _moment => {
            let moment = one(&MOMENTS);
            (moment.clone(), format!("(SELECT {moment})"))
        }
    }
}

/// What MySQL has rules of its own for, which no other way of writing the value shares: they are known gaps.
fn apart(column: &str, value: &str, ignore: bool) -> bool {
    let fraction_of_nothing = column == "DATE" && ["0.5", "0.49", "0.5e0"].contains(&value);
    // Under IGNORE, MySQL calls a value beyond BIT what strict mode alone would call it.
    fraction_of_nothing || (column.starts_with("BIT") && ignore)
}

/// Statements over a table for each type; each write is followed by a look at what it stored.
pub fn statements(seed: u64) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut all = vec!["SET time_zone = '+00:00'".to_owned()];
    for (at, column) in COLUMNS.iter().enumerate() {
        all.push(format!("CREATE TABLE s{at} (id INT PRIMARY KEY, v {column})"));
    }
    // One transaction: the length of the server's set of GTIDs shows in an answer that another script compares.
    all.push("BEGIN".to_owned());
    let mut id = 0;
    for case in 0..CASES {
        if case % 20 == 0 {
            all.push(format!("SET sql_mode = '{}'", MODES.choose(&mut random).expect("not empty")));
        }
        let at = random.gen_range(0..COLUMNS.len());
        let column = COLUMNS[at];
        let (written, computed) = value(&mut random);
        let form = random.gen_range(0..5);
        if apart(column, &written, form == 3) {
            continue;
        }
        for value in [written, computed] {
            id += 1;
            let shown = if column.starts_with("BIT") || column.contains("BINARY") { "HEX(v)" } else { "v" };
            match form {
                0 | 1 => all.push(format!("INSERT INTO s{at} VALUES ({id}, {value})")),
                2 => all.push(format!("INSERT INTO s{at} SELECT {id}, {value}")),
                3 => all.push(format!("INSERT IGNORE INTO s{at} VALUES ({id}, {value})")),
                _update => {
                    all.push(format!("INSERT INTO s{at} VALUES ({id}, NULL)"));
                    all.push(format!("UPDATE s{at} SET v = {value} WHERE id = {id}"));
                }
            }
            all.push(format!("SELECT {shown} FROM s{at} WHERE id = {id}"));
        }
    }
    all.push("COMMIT".to_owned());
    all
}

/// Deletes the row that a statement wrote.
pub fn undo(statement: &str) -> String {
    let table = statement.split_whitespace().find(|word| word.starts_with('s') && word.len() <= 3).unwrap_or("s0");
    format!("DELETE FROM {table}")
}
