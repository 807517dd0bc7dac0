//! Commands of our own on the client's connection to MySQL. The client never sees them; they go out together with
//! its own, so they cost no round trip of their own where that can be helped.
//!
//! At the start of a session, and again whenever MySQL has reset it, they switch on the trackers that
//! [`super::facts`] lives from, and read the values of the variables that are followed.

use std::io;
use std::time::Duration;

use bytes::{BufMut, BytesMut};

use super::dialect::Dialect;
use super::end::{End, framed};
use super::facts::{Facts, Heard};
use super::tracking::{Setting, Wanted};
use super::variables::FOLLOWED;
use crate::source::connect::ServerStream;
use crate::sql;
use crate::wire::reader::Reader;
use crate::wire::reply::EofPacket;
use crate::wire::{Capabilities, Command};

/// Largest packet of an answer to a command of ours.
const ANSWER_LIMIT: usize = 1 << 20;
/// What MySQL answered to a command of ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Done,
    /// One row of text; `None` is NULL.
    Row(Vec<Option<Vec<u8>>>),
    Failed(u16),
}

/// A COM_QUERY of ours, framed.
pub(super) fn query(text: &str, capabilities: Capabilities) -> bytes::Bytes {
    let mut payload = BytesMut::with_capacity(text.len() + 3);
    payload.put_u8(Command::Query as u8);
    if capabilities.contains(Capabilities::QUERY_ATTRIBUTES) {
        payload.put_slice(&[0, 1]);
    }
    payload.put_slice(text.as_bytes());
    framed(&payload, 0)
}

/// Asks MySQL how the session stands after an ERR, which didn't tell, and notes what it answers. No trace of it is left:
/// COM_PING's OK has the live flags and what the trackers kept back, and leaves the warnings; COM_SET_OPTION, with what
/// the session has already, makes ROW_COUNT() the -1 again that it is after an ERR (asked of MySQL 9.7).
///
/// # Errors
/// What the connection reports, and `InvalidData` for something that isn't such an answer.
pub(super) async fn settle(server: &mut End<ServerStream>, facts: &mut Facts) -> io::Result<Heard> {
    let mut heard = Heard::default();
    let mut both = BytesMut::from(&framed(&[Command::Ping as u8], 0)[..]);
    let off = u8::from(!facts.multi_statements);
    both.put(framed(&[Command::SetOption as u8, off, 0], 0));
    server.send(&both).await?;
    let first = server.packet(ANSWER_LIMIT).await?.payload;
    if first.first() == Some(&0) {
        facts.hear_ours(&first, true, &mut heard).map_err(io::Error::other)?;
    }
    let second = server.packet(ANSWER_LIMIT).await?.payload;
    match second.first() {
        Some(0xfe) if !facts.server_capabilities.contains(Capabilities::DEPRECATE_EOF) => {
            let eof = EofPacket::parse(&second).map_err(io::Error::other)?;
            facts.note_status(eof.status, &mut heard);
        }
        Some(0xfe | 0) => facts.hear_ours(&second, true, &mut heard).map_err(io::Error::other)?,
        _ => {}
    }
    Ok(heard)
}

/// Reads the answer to one command of ours between two of the client and notes what it says. Answers have one result of
/// at most one row.
///
/// # Errors
/// What the connection reports, and `InvalidData` for something that isn't such an answer.
pub(super) async fn answer(server: &mut End<ServerStream>, facts: &mut Facts) -> io::Result<Reply> {
    read_answer(server, facts, true).await
}

/// The same for a command of the set-up, whose reports are of the set-up itself.
async fn answer_of_setup(server: &mut End<ServerStream>, facts: &mut Facts) -> io::Result<Reply> {
    read_answer(server, facts, false).await
}

async fn read_answer(server: &mut End<ServerStream>, facts: &mut Facts, owes: bool) -> io::Result<Reply> {
    let mut heard = Heard::default();
    let first = server.packet(ANSWER_LIMIT).await?.payload;
    match first.first() {
        Some(0x00) => {
            facts.hear_ours(&first, owes, &mut heard).map_err(io::Error::other)?;
            return Ok(Reply::Done);
        }
        Some(0xff) => {
            let code = crate::wire::reply::ErrPacket::parse(&first).map_err(io::Error::other)?.code;
            return Ok(Reply::Failed(code));
        }
        _ => {}
    }
    let capabilities = facts.server_capabilities;
    let mut head = Reader::new(&first);
    let columns = head.lenenc().map_err(io::Error::other)?;
    let described = !capabilities.contains(Capabilities::OPTIONAL_RESULTSET_METADATA) || head.u8() != Ok(0);
    let old_style = !capabilities.contains(Capabilities::DEPRECATE_EOF);
    for _ in 0..if described { columns } else { 0 } + u64::from(old_style) {
        server.packet(ANSWER_LIMIT).await?;
    }
    let mut row = Vec::new();
    loop {
        let packet = server.packet(ANSWER_LIMIT).await?.payload;
        match packet.first() {
            Some(0xfe) if old_style => {
                let eof = EofPacket::parse(&packet).map_err(io::Error::other)?;
                facts.note_status(eof.status, &mut heard);
                return Ok(Reply::Row(row));
            }
            Some(0xfe) => {
                facts.hear_ours(&packet, owes, &mut heard).map_err(io::Error::other)?;
                return Ok(Reply::Row(row));
            }
            Some(0xff) => return Ok(Reply::Failed(0)),
            _ => row = cells(&packet, columns)?,
        }
    }
}

fn cells(packet: &[u8], columns: u64) -> io::Result<Vec<Option<Vec<u8>>>> {
    let mut reader = Reader::new(packet);
    let mut row = Vec::new();
    for _ in 0..columns {
        if reader.rest().first() == Some(&0xfb) {
            reader.u8().map_err(io::Error::other)?;
            row.push(None);
        } else {
            row.push(Some(reader.lenenc_bytes().map_err(io::Error::other)?.to_vec()));
        }
    }
    Ok(row)
}

/// Whether the trackers are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setup {
    Needed,
    Done,
}

/// Reads everything that is followed again, when the trackers alone don't tell: SET NAMES changes the collation without a
/// word, and a routine can change what is tracked. Says whether the trackers are as they should be.
///
/// # Errors
/// What the connection reports.
pub(super) async fn check(server: &mut End<ServerStream>, facts: &mut Facts) -> io::Result<Setup> {
    server.send(&query(&read_all(facts), facts.server_capabilities)).await?;
    let Reply::Row(values) = answer_of_setup(server, facts).await? else { return Ok(Setup::Needed) };
    facts.doubted = false;
    take_values(&values, facts);
    let known = facts.injected.take();
    let same = known.as_ref().is_some_and(|known| {
        let told = values.iter().map(|value| value.as_deref().unwrap_or_default());
        told.zip(known).all(|(told, known)| told == known.as_bytes())
    });
    facts.injected = known;
    Ok(if same { Setup::Done } else { Setup::Needed })
}

/// The commands that begin a session, framed one after the other.
pub(super) fn setup_commands(facts: &Facts) -> BytesMut {
    let settings = injected(&Wanted::default(), facts.dialect);
    let mut out = BytesMut::new();
    out.put(query(&read_all(facts), facts.server_capabilities));
    out.put(query(&facts.dialect.set_trackers(&settings), facts.server_capabilities));
    out
}

/// The settings under which the server reports what Bascule follows, and what the client wants besides.
fn injected(wanted: &Wanted, dialect: Dialect) -> [String; Setting::COUNT] {
    let plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    let followed = dialect.tracked();
    let others: Vec<&str> = wanted.others(&followed).collect();
    let variables = if others.contains(&"*") {
        "*".to_owned()
    } else {
        followed.iter().copied().chain(others.into_iter().filter(plain)).collect::<Vec<_>>().join(",")
    };
    let transaction = if wanted.characteristics() { "CHARACTERISTICS" } else { "STATE" };
    [variables, dialect.own_gtids().to_owned(), transaction.to_owned(), "1".to_owned(), dialect.own_state().to_owned()]
}

/// Reads the session's settings, the default database and every variable that is followed.
fn read_all(facts: &Facts) -> String {
    let settings = Setting::ALL.into_iter().map(|setting| facts.dialect.setting(setting));
    let columns: Vec<String> = settings.chain(["DATABASE()".to_owned()]).chain(facts.dialect.columns()).collect();
    format!("SELECT {}", columns.join(","))
}

/// Asks once more for everything that is followed. True when the answer came.
async fn read_again(server: &mut End<ServerStream>, facts: &mut Facts) -> io::Result<bool> {
    server.send(&query(&read_all(facts), facts.server_capabilities)).await?;
    let Reply::Row(values) = answer_of_setup(server, facts).await? else { return Ok(false) };
    take_values(&values, facts);
    Ok(true)
}

/// Reads what a session of MariaDB really has, and says it in MySQL's words.
///
/// # Errors
/// Why the session can't go on elsewhere, for the log.
pub(super) async fn as_mysql(server: &mut End<ServerStream>, facts: &mut Facts) -> Result<(), String> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let read = tokio::time::timeout(PATIENCE, read_again(server, facts)).await;
    if !matches!(read, Ok(Ok(true))) {
        return Err("MariaDB doesn't say its variables any more".to_owned());
    }
    let modes = sql::modes_of_mariadb(facts.variables.get("sql_mode").unwrap_or_default());
    let modes = modes.map_err(|mode| format!("its sql_mode has {mode}, which MySQL hasn't got"))?;
    facts.variables.set(b"sql_mode", Some(modes.as_bytes()));
    Ok(())
}

/// Takes the default database and the followed variables from the row of [`read_all`].
fn take_values(values: &[Option<Vec<u8>>], facts: &mut Facts) {
    let beside = Setting::ALL.len();
    let value = |index: usize| values.get(index).and_then(Option::as_deref);
    facts.database = value(beside).map(|name| String::from_utf8_lossy(name).into_owned());
    for (index, name) in FOLLOWED.iter().enumerate() {
        facts.variables.set(name.as_bytes(), value(beside + 1 + index));
    }
    facts.changed = true;
}

/// Reads the answers to [`setup_commands`] and asks for the client's own variables too, if it follows others.
///
/// # Errors
/// What the connection reports.
pub(super) async fn finish_setup(server: &mut End<ServerStream>, facts: &mut Facts) -> io::Result<Setup> {
    let values = answer_of_setup(server, facts).await?;
    let switched = answer_of_setup(server, facts).await?;
    let (Reply::Row(values), Reply::Done) = (values, switched) else { return Ok(Setup::Needed) };
    let text = |index: usize| {
        let value: Option<&Vec<u8>> = values.get(index).and_then(Option::as_ref);
        value.map(|value| String::from_utf8_lossy(value).into_owned())
    };
    for (index, setting) in Setting::ALL.into_iter().enumerate() {
        let value = text(index).unwrap_or_default();
        // What still is as Bascule set it says nothing of the client.
        if facts.injected.as_ref().is_none_or(|injected| injected[index] != value) {
            facts.wanted = std::mem::take(&mut facts.wanted).with(setting, &value);
        }
    }
    take_values(&values, facts);
    facts.retracked.clear();
    facts.doubted = false;
    let (plain, both) = (injected(&Wanted::default(), facts.dialect), injected(&facts.wanted, facts.dialect));
    let tracks = facts.client_capabilities.contains(Capabilities::SESSION_TRACK);
    if tracks && both != plain {
        server.send(&query(&facts.dialect.set_trackers(&both), facts.server_capabilities)).await?;
        if answer_of_setup(server, facts).await? == Reply::Done {
            facts.retracked.clear();
            facts.injected = Some(both);
            return Ok(Setup::Done);
        }
    }
    facts.injected = Some(plain);
    Ok(Setup::Done)
}
