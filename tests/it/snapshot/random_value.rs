//! Random values of every type that is carried, as MySQL's SQL.

use rand::Rng as _;
use rand::rngs::StdRng;

/// What random rows are made of.
pub const TYPES: [&str; 29] = [
    "tinyint(1)",
    "smallint unsigned",
    "mediumint",
    "int unsigned",
    "bigint",
    "bigint unsigned",
    "decimal(65,30)",
    "decimal(9,4)",
    "float",
    "double",
    "bit(11)",
    "bit(64)",
    "year",
    "date",
    "time(3)",
    "datetime",
    "datetime(6)",
    "timestamp(2)",
    "char(20)",
    "varchar(30)",
    "text",
    "binary(6)",
    "varbinary(20)",
    "longblob",
    "enum('a','b','')",
    "set('x','y','z')",
    "point",
    "geometry",
    "json",
];

/// MySQL's text of a random value of a type, or NULL.
pub fn random_value(type_text: &str, random: &mut StdRng) -> String {
    if random.gen_ratio(1, 10) {
        return "NULL".to_owned();
    }
    let text = |random: &mut StdRng, limit: usize| -> String {
        const ALPHABET: [char; 16] =
            ['a', 'Z', '0', ' ', '\'', '\\', '"', '\n', 'é', 'ß', 'Ж', '中', '😀', '%', '_', '\u{1}'];
        let length = random.gen_range(0..=limit);
        (0..length).map(|_| ALPHABET[random.gen_range(0..ALPHABET.len())]).collect()
    };
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    let digits = |random: &mut StdRng, count: usize| -> String {
        (0..count).map(|_| char::from(b'0' + random.gen_range(0..10_u8))).collect()
    };
    let hex = |random: &mut StdRng, count: usize| -> String {
        let bytes: String = (0..count).map(|_| format!("{:02x}", random.r#gen::<u8>())).collect();
        format!("x'{bytes}'")
    };
    let day = |random: &mut StdRng, low: u32, high: u32| {
        format!("{:04}-{:02}-{:02}", random.gen_range(low..=high), random.gen_range(1..=12), random.gen_range(1..=28))
    };
    let clock = |random: &mut StdRng, hours: u32| {
        let (hour, minute, second) = (random.gen_range(0..hours), random.gen_range(0..60), random.gen_range(0..60));
        format!("{hour:02}:{minute:02}:{second:02}.{:06}", random.gen_range(0..1_000_000))
    };
    let sign = |random: &mut StdRng| if random.r#gen() { "-" } else { "" };
    match type_text {
        "tinyint(1)" => random.r#gen::<i8>().to_string(),
        "smallint unsigned" => random.r#gen::<u16>().to_string(),
        "mediumint" => random.gen_range(-8_388_608..8_388_608).to_string(),
        "int unsigned" => random.r#gen::<u32>().to_string(),
        "bigint" => random.r#gen::<i64>().to_string(),
        "bigint unsigned" => random.r#gen::<u64>().to_string(),
        "decimal(65,30)" => {
            let whole = random.gen_range(1..=35);
            let fraction = random.gen_range(1..=30);
            format!("{}{}.{}", sign(random), digits(random, whole), digits(random, fraction))
        }
        "decimal(9,4)" => format!("{}{}.{}", sign(random), digits(random, 5), digits(random, 4)),
        "float" => format!("{:e}", f32::from_bits(random.r#gen::<u32>() & 0xbfff_ffff)),
        "double" => format!("{:e}", f64::from_bits(random.r#gen::<u64>() & 0xbfff_ffff_ffff_ffff)),
        "bit(11)" => random.gen_range(0..2048).to_string(),
        "bit(64)" => random.r#gen::<u64>().to_string(),
        "year" => random.gen_range(1901..=2155).to_string(),
        "date" => quoted(&day(random, 1, 9999)),
        "time(3)" => quoted(&format!("{}{}", sign(random), clock(random, 838))),
        "datetime" | "datetime(6)" => quoted(&format!("{} {}", day(random, 1, 9998), clock(random, 24))),
        "timestamp(2)" => quoted(&format!("{} {}", day(random, 1971, 2037), clock(random, 24))),
        "char(20)" | "varchar(30)" | "text" => quoted(&text(random, 20)),
        "binary(6)" | "varbinary(20)" => {
            let count = random.gen_range(0..=6);
            hex(random, count)
        }
        "longblob" => {
            let count = random.gen_range(0..5000);
            hex(random, count)
        }
        "enum('a','b','')" => ["'a'", "'b'", "''"][random.gen_range(0..3)].to_owned(),
        "set('x','y','z')" => ["''", "'x'", "'x,z'", "'x,y,z'"][random.gen_range(0..4)].to_owned(),
        "json" => {
            let number = f64::from_bits(random.r#gen::<u64>() & 0xbfff_ffff_ffff_ffff);
            let inner = serde_json::json!({ "k": text(random, 9), "number": number, "i": random.r#gen::<i64>(), "": [null, true] });
            quoted(&inner.to_string())
        }
        "point" | "geometry" => {
            let shape = if type_text == "point" || random.r#gen() { "POINT" } else { "MULTIPOINT" };
            let (x, y): (f64, f64) = (random.gen_range(-1e9..1e9), random.gen_range(-90.0..90.0));
            format!("st_geomfromtext('{shape}({x} {y})')")
        }
        other => panic!("no generator for {other}"),
    }
}
