//! Whole sessions, once straight to MySQL and once through Bascule: every packet must be the same.
//!
//! `sessions.txt` holds the sessions. `== name | words` begins one, and each line is a command:
//!
//! | line | command |
//! |---|---|
//! | `Q sql`, `A name=value,…\|sql` | COM_QUERY; with attributes |
//! | `P sql`, `E id[:flags] values`, `E! id values` | prepare; execute; execute without saying types again |
//! | `G id rows`, `L id parameter data`, `R id`, `C id` | fetch; long data; reset; close |
//! | `D name`, `U user [database]`, `RESET`, `OPT n`, `FL table [wildcard]` | init db; change user; reset; set option; field list |
//! | `PING`, `STATS`, `H bytes` | ping; statistics; any payload in hexadecimal |
//! | `FILE text` | what is sent when MySQL asks for a local file from now on |
//!
//! Values are `i5`, `u5`, `d1.5`, `stext`, `D2024-02-29`, `T2024-02-29T01:02:03`, `n` for NULL and `l` for long data.
//! `{db}` is a database of the session's own, which exists if the words say `db`; `{id}` is the connection's number. The
//! other words choose capabilities. Nothing is left out of the comparison but salts, connection numbers and uptimes.

use std::net::SocketAddr;

use bascule::wire::tracker::ReplyShape;
use bascule::wire::{Capabilities, Command};
use bytes::{BufMut, Bytes, BytesMut};

use super::door::{Opened, Wishes};
use super::mysql;
use super::raw::{Raw, USUAL};

const SESSIONS: &str = include_str!("sessions.txt");
/// Each session is run in each of these ways.
const STYLES: [Capabilities; 2] = [USUAL, USUAL.with(Capabilities::DEPRECATE_EOF).with(Capabilities::SESSION_TRACK)];
/// So many sessions there must be at least, each style counted once.
const AT_LEAST: usize = 150;

/// One session of the file.
struct Session<'a> {
    name: &'a str,
    words: Vec<&'a str>,
    lines: Vec<&'a str>,
}

fn sessions() -> Vec<Session<'static>> {
    let mut sessions: Vec<Session<'static>> = Vec::new();
    for line in SESSIONS.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        match (line.strip_prefix("== "), sessions.last_mut()) {
            (Some(head), _) => {
                let (name, words) = head.split_once(" | ").unwrap_or((head, ""));
                sessions.push(Session { name, words: words.split_whitespace().collect(), lines: Vec::new() });
            }
            (None, Some(session)) => session.lines.push(line),
            (None, None) => panic!("a line before the first session: {line}"),
        }
    }
    sessions
}

impl Session<'_> {
    fn capabilities(&self, style: Capabilities) -> Capabilities {
        self.words.iter().fold(style, |style, word| match *word {
            "db" => style,
            "track" => style.with(Capabilities::SESSION_TRACK),
            "found-rows" => style.with(Capabilities::FOUND_ROWS),
            "no-multi" => style.without(Capabilities::MULTI_STATEMENTS),
            "no-files" => style.without(Capabilities::LOCAL_FILES),
            "optional-metadata" => style.with(Capabilities::OPTIONAL_RESULTSET_METADATA),
            "query-attributes" => style.with(Capabilities::QUERY_ATTRIBUTES),
            "connect-attributes" => style.with(Capabilities::CONNECT_ATTRS),
            "ignore-space" => style.with(Capabilities::IGNORE_SPACE),
            "no-schema" => style.with(Capabilities::NO_SCHEMA),
            "interactive" => style.with(Capabilities::INTERACTIVE),
            word => panic!("{}: what is {word}?", self.name),
        })
    }

    /// Runs it, and returns what was sent and what came back.
    async fn run(&self, address: SocketAddr, style: Capabilities, database: &str) -> Vec<(String, Bytes)> {
        let capabilities = self.capabilities(style);
        let mut client = Raw::connect(address, capabilities, "root", "").await;
        let mut transcript = vec![("the login".to_owned(), client.login.clone())];
        if self.words.contains(&"db") {
            for sql in [format!("DROP DATABASE IF EXISTS {database}"), format!("CREATE DATABASE {database}")] {
                client.command(&query(&sql, "", capabilities)).await;
            }
        }
        let mut file = Bytes::new();
        for line in &self.lines {
            let line = line.replace("{db}", database).replace("{id}", &client.greeting.connection_id.to_string());
            if let Some(text) = line.strip_prefix("FILE") {
                file = unescaped(text.trim_start()).into();
                continue;
            }
            let payload = payload(&line, capabilities);
            client.send(&payload, 0).await;
            let shape = ReplyShape::of(payload.first().and_then(|&byte| Command::from_byte(byte)));
            let reply = match shape {
                ReplyShape::Authentication => client.authentication().await,
                ReplyShape::Stream => client.rest().await,
                shape => client.reply(shape, &file).await,
            };
            let reply = if shape == ReplyShape::Text { reply.slice(..reply.len().min(11)) } else { reply };
            transcript.push((line, reply));
        }
        transcript.push(("the end".to_owned(), Bytes::new()));
        if self.words.contains(&"db") {
            let mut root = Raw::connect(mysql(), USUAL, "root", "").await;
            root.query(&format!("DROP DATABASE IF EXISTS {database}")).await;
        }
        transcript
    }
}

/// The payload of a line's command.
fn payload(line: &str, capabilities: Capabilities) -> Vec<u8> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let mut words = rest.split(' ');
    let mut number = || words.next().and_then(|word| word.parse::<u32>().ok()).expect(line);
    match word {
        "Q" => query(&unescaped(rest), "", capabilities),
        "A" => {
            let (attributes, sql) = rest.split_once('|').expect(line);
            query(sql, attributes, capabilities)
        }
        "P" => [b"\x16", unescaped(rest).as_bytes()].concat(),
        "E" | "E!" => execute(rest, word == "E", capabilities),
        "G" => [&b"\x1c"[..], &number().to_le_bytes(), &number().to_le_bytes()].concat(),
        "L" => {
            let (id, parameter) = (number(), u16::try_from(number()).expect(line));
            let data = unescaped(&rest.splitn(3, ' ').nth(2).unwrap_or_default().replace("\\s", " "));
            [&b"\x18"[..], &id.to_le_bytes(), &parameter.to_le_bytes(), data.as_bytes()].concat()
        }
        "R" => [&b"\x1a"[..], &number().to_le_bytes()].concat(),
        "C" => [&b"\x19"[..], &number().to_le_bytes()].concat(),
        "D" => [b"\x02", rest.as_bytes()].concat(),
        "U" => {
            let (user, database) = rest.split_once(' ').unwrap_or((rest, ""));
            let mut payload = format!("\x11{user}\0\0{database}\0\x2d\0caching_sha2_password\0").into_bytes();
            if capabilities.contains(Capabilities::CONNECT_ATTRS) {
                payload.push(0);
            }
            payload
        }
        "RESET" => b"\x1f".to_vec(),
        "OPT" => [&b"\x1b"[..], &u16::try_from(number()).expect(line).to_le_bytes()].concat(),
        "FL" => {
            let (table, wildcard) = rest.split_once(' ').unwrap_or((rest, ""));
            format!("\x04{table}\0{wildcard}").into_bytes()
        }
        "PING" => b"\x0e".to_vec(),
        "STATS" => b"\x09".to_vec(),
        "H" => {
            let digits: String = rest.split_whitespace().collect();
            let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect(line);
            (0..digits.len()).step_by(2).map(byte).collect()
        }
        word => panic!("what is {word}?"),
    }
}

fn unescaped(text: &str) -> String {
    text.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace('\0', "\\")
}

fn query(sql: &str, attributes: &str, capabilities: Capabilities) -> Vec<u8> {
    let mut payload = BytesMut::from(&b"\x03"[..]);
    if capabilities.contains(Capabilities::QUERY_ATTRIBUTES) {
        let pairs: Vec<(&str, &str)> = attributes.split(',').filter_map(|pair| pair.split_once('=')).collect();
        payload.put_u8(u8::try_from(pairs.len()).expect("few attributes"));
        payload.put_u8(1);
        if !pairs.is_empty() {
            payload.put_bytes(0, pairs.len().div_ceil(8));
            payload.put_u8(1);
            for (name, _) in &pairs {
                payload.put_slice(b"\xfe\x00");
                put_text(&mut payload, name);
            }
            pairs.iter().for_each(|(_, value)| put_text(&mut payload, value));
        }
    }
    payload.put_slice(sql.as_bytes());
    payload.to_vec()
}

fn put_text(out: &mut BytesMut, text: &str) {
    out.put_u8(u8::try_from(text.len()).expect("short texts"));
    out.put_slice(text.as_bytes());
}

/// COM_STMT_EXECUTE.
fn execute(rest: &str, with_types: bool, capabilities: Capabilities) -> Vec<u8> {
    let mut words = rest.split(' ');
    let statement = words.next().expect("a statement");
    let (id, flags) = statement.split_once(':').unwrap_or((statement, "0"));
    let values: Vec<&str> = words.collect();
    let mut payload = BytesMut::from(&b"\x17"[..]);
    payload.put_u32_le(id.parse().expect("an id"));
    payload.put_u8(flags.parse().expect("flags"));
    payload.put_u32_le(1);
    if values.is_empty() {
        return payload.to_vec();
    }
    let mut nulls = vec![0_u8; values.len().div_ceil(8)];
    for (index, _) in values.iter().enumerate().filter(|(_, value)| **value == "n") {
        nulls[index / 8] |= 1 << (index % 8);
    }
    payload.put_slice(&nulls);
    payload.put_u8(u8::from(with_types));
    if with_types {
        for value in &values {
            payload.put_slice(&value_type(value));
            if capabilities.contains(Capabilities::QUERY_ATTRIBUTES) {
                payload.put_u8(0);
            }
        }
    }
    values.iter().for_each(|value| put_value(&mut payload, value));
    payload.to_vec()
}

fn value_type(value: &str) -> [u8; 2] {
    match value.as_bytes().first() {
        Some(b'i') => [0x08, 0],
        Some(b'u') => [0x08, 0x80],
        Some(b'd') => [0x05, 0],
        Some(b's') => [0xfd, 0],
        Some(b'D') => [0x0a, 0],
        Some(b'T') => [0x0c, 0],
        Some(b'l') => [0xfc, 0],
        Some(b'n') => [0x06, 0],
        _ => panic!("what is {value}?"),
    }
}

fn put_value(out: &mut BytesMut, value: &str) {
    let text = value.get(1..).unwrap_or_default();
    let mut parts = text.split(['-', 'T', ':', '.']).map(|part| part.parse::<u32>().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    let small = |number: u32| u8::try_from(number).expect("a part of a moment");
    match value.as_bytes().first() {
        Some(b'i') => out.put_i64_le(text.parse().expect(value)),
        Some(b'u') => out.put_u64_le(text.parse().expect(value)),
        Some(b'd') => out.put_f64_le(text.parse().expect(value)),
        Some(b's') => put_text(out, text),
        Some(b'D' | b'T') => {
            let length = if value.starts_with('D') { 4 } else { 7 + if text.contains('.') { 4 } else { 0 } };
            out.put_u8(length);
            out.put_u16_le(u16::try_from(part()).expect("a year"));
            let rest: Vec<u8> = (2..length.min(7)).map(|_| small(part())).collect();
            out.put_slice(&rest[..usize::from(length.min(7)) - 2]);
            if length == 11 {
                out.put_u32_le(part());
            }
        }
        _ => {}
    }
}

/// What differs between the two runs of a session.
fn differences(session: &Session<'_>, direct: &[(String, Bytes)], through: &[(String, Bytes)]) -> Vec<String> {
    let pairs = direct.iter().zip(through);
    let differing = pairs.filter(|((_, direct), (_, through))| direct != through);
    differing
        .map(|((line, direct), (_, through))| {
            let shown = |bytes: &Bytes| bytes.slice(..bytes.len().min(400)).escape_ascii().to_string();
            format!("{}: {line}\n  direct  {}\n  through {}", session.name, shown(direct), shown(through))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_packet_of_every_session_is_the_same() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    let mut root = Raw::connect(mysql(), USUAL, "root", "").await;
    root.query("SET GLOBAL local_infile = ON").await;
    let sessions = sessions();
    assert!(sessions.len() * STYLES.len() >= AT_LEAST, "{} sessions", sessions.len());
    let (mut found, mut commands) = (Vec::new(), 0);
    for (number, session) in sessions.iter().enumerate() {
        for (style_number, style) in STYLES.into_iter().enumerate() {
            let database = format!("seen_{number}_{style_number}");
            let direct = session.run(mysql(), style, &database).await;
            let through = session.run(opened.address, style, &database).await;
            commands += direct.len();
            found.extend(differences(session, &direct, &through));
        }
    }
    println!("{} sessions, {commands} commands", sessions.len() * STYLES.len());
    assert!(found.is_empty(), "{} differences\n{}", found.len(), found.join("\n"));
    opened.close().await;
}
