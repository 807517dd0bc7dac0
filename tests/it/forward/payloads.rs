//! The commands of `sessions.txt` as payloads.

use bascule::wire::Capabilities;
use bytes::{BufMut, BytesMut};

/// The payload of a line's command.
pub(super) fn payload(line: &str, capabilities: Capabilities) -> Vec<u8> {
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
            // The password comes with the exchange.
            let user = user.split(':').next().unwrap_or_default();
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

/// A text with its backslash escapes resolved.
pub(super) fn unescaped(text: &str) -> String {
    text.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace('\0', "\\")
}

/// COM_QUERY, with attributes `name=value,…`.
pub(super) fn query(sql: &str, attributes: &str, capabilities: Capabilities) -> Vec<u8> {
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
