//! The sessions of `sessions.txt`, and how one is run.
//!
//! `== name | words` begins one, and each line is a command:
//!
//! | line | command |
//! |---|---|
//! | `Q sql`, `A name=value,…\|sql` | COM_QUERY; with attributes |
//! | `P sql`, `E id[:flags] values`, `E! id values` | prepare; execute; execute without saying types again |
//! | `G id rows`, `L id parameter data`, `R id`, `C id` | fetch; long data; reset; close |
//! | `D name`, `U user[:password] [database]`, `RESET`, `OPT n`, `FL table [wildcard]` | init db; change user; reset; set option; field list |
//! | `PING`, `STATS`, `H bytes` | ping; statistics; any payload in hexadecimal |
//! | `FILE text` | what is sent when MySQL asks for a local file from now on |
//! | `LOGIN name key=value …` | another connection, with `user`, `password`, `database`, `plugin` |
//! | `KILL name` | COM_PROCESS_KILL of that connection |
//! | `@name command`, `@name & command`, `@name =` | a command on it; without waiting for the reply; the reply to that |
//! | `ROOT sql`, `UNTIL sql` | straight on the server and not compared; the same until the answer is 1 |
//!
//! Values are `i5`, `u5`, `d1.5`, `stext`, `D2024-02-29`, `T2024-02-29T01:02:03`, `n` for NULL and `l` for long data.
//! `{db}` is a database of the session's own, which exists if the words say `db`; `{id}` is the connection's number,
//! `{id:name}` another one's. `mysql` and `mariadb` say that only this server can do it, and the other words choose
//! capabilities. Nothing is left out of the comparison but salts, connection numbers, uptimes, and what
//! [`super::comparable`] names.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bascule::sandbox::mysql::Flavour;
use bascule::wire::tracker::ReplyShape;
use bascule::wire::{Capabilities, Command, packet};
use bytes::{Bytes, BytesMut};

use super::authentication::Login;
use super::comparable::comparable;
use super::compressing::Frames;
use super::payloads::{payload, query, unescaped};
use super::raw::{Raw, USUAL};

/// Bytes of a login's OK before its count of warnings: MariaDB counts those of an earlier connection of its thread.
const WITHOUT_WARNINGS: usize = 5;
const SESSIONS: &str = include_str!("sessions.txt");

/// One session of the file.
pub(super) struct Session<'a> {
    pub(super) name: &'a str,
    words: Vec<&'a str>,
    lines: Vec<&'a str>,
}

/// What was sent and what came back.
pub(super) type Transcript = Vec<(String, Bytes)>;

/// Where and how a session is run.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) flavour: Flavour,
    /// The server itself.
    pub(super) server: SocketAddr,
    /// Where the session's connections go.
    pub(super) address: SocketAddr,
    pub(super) style: Capabilities,
    pub(super) database: &'a str,
    pub(super) pace: Pace,
}

/// How a session's bytes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Each command once the one before is answered.
    Each,
    /// As many commands as possible in one write.
    Ahead,
    /// Each byte in a write of its own.
    Bytes,
}

/// All sessions of the file that a server can do.
pub(super) fn sessions(flavour: Flavour) -> Vec<Session<'static>> {
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
    let other = if flavour == Flavour::MySql { "mariadb" } else { "mysql" };
    sessions.retain(|session| !session.words.contains(&other));
    sessions
}

impl Session<'_> {
    fn capabilities(&self, style: Capabilities) -> Capabilities {
        self.words.iter().fold(style, |style, word| match *word {
            "db" | "mysql" | "mariadb" => style,
            "track" => style.with(Capabilities::SESSION_TRACK),
            "found-rows" => style.with(Capabilities::FOUND_ROWS),
            "no-multi" => style.without(Capabilities::MULTI_STATEMENTS),
            "no-results" => {
                let several = Capabilities::MULTI_RESULTS.with(Capabilities::PS_MULTI_RESULTS);
                style.without(several).without(Capabilities::MULTI_STATEMENTS)
            }
            "no-files" => style.without(Capabilities::LOCAL_FILES),
            "optional-metadata" => style.with(Capabilities::OPTIONAL_RESULTSET_METADATA),
            "query-attributes" => style.with(Capabilities::QUERY_ATTRIBUTES),
            "connect-attributes" => style.with(Capabilities::CONNECT_ATTRS),
            "ignore-space" => style.with(Capabilities::IGNORE_SPACE),
            "no-schema" => style.with(Capabilities::NO_SCHEMA),
            "interactive" => style.with(Capabilities::INTERACTIVE),
            "expired" => style.with(Capabilities::CAN_HANDLE_EXPIRED_PASSWORDS),
            word => panic!("{}: what is {word}?", self.name),
        })
    }

    /// Runs it.
    pub(super) async fn run(&self, place: Place<'_>) -> Transcript {
        let capabilities = self.capabilities(place.style);
        let mut root = Raw::connect(place.server, USUAL, "root", "").await;
        if self.words.contains(&"db") {
            root.query(&format!("DROP DATABASE IF EXISTS {}", place.database)).await;
            root.query(&format!("CREATE DATABASE {}", place.database)).await;
        }
        let client = Raw::connect(place.address, capabilities, "root", "").await;
        let seen = if place.flavour == Flavour::MariaDb { WITHOUT_WARNINGS } else { usize::MAX };
        let login = client.login.slice(..client.login.len().min(seen));
        let transcript = vec![("the login".to_owned(), login)];
        let clients = BTreeMap::from([(String::new(), client)]);
        let mut run = Run { place, capabilities, root, clients, file: Bytes::new(), ahead: Vec::new(), transcript };
        for line in &self.lines {
            run.line(&run.filled(line)).await;
        }
        run.catch_up().await;
        let Run { mut root, clients, transcript, .. } = run;
        // They may hold locks until the server has noticed that they're gone.
        let ids: Vec<String> = clients.values().map(|client| client.greeting.connection_id.to_string()).collect();
        drop(clients);
        if self.lines.iter().any(|line| line.contains("LOCK(") || line.starts_with("LOGIN")) {
            let ids = ids.join(",");
            let gone = format!("SELECT COUNT(*) = 0 FROM information_schema.processlist WHERE id IN ({ids})");
            while !says_one(&root.query(&gone).await) {}
        }
        if self.words.contains(&"db") {
            root.query(&format!("DROP DATABASE IF EXISTS {}", place.database)).await;
        }
        transcript
    }
}

/// A session that is being run.
struct Run<'a> {
    place: Place<'a>,
    capabilities: Capabilities,
    root: Raw,
    /// By name; the session's first one has none.
    clients: BTreeMap<String, Raw>,
    file: Bytes,
    /// Commands that wait to be sent together.
    ahead: Vec<(String, Vec<u8>)>,
    transcript: Transcript,
}

impl Run<'_> {
    /// The line with what only this run knows.
    fn filled(&self, line: &str) -> String {
        let mut line = line.replace("{db}", self.place.database);
        for (name, client) in &self.clients {
            let place = if name.is_empty() { "{id}".to_owned() } else { format!("{{id:{name}}}") };
            line = line.replace(&place, &client.greeting.connection_id.to_string());
        }
        line
    }

    async fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if let ("Q" | "A" | "P" | "E" | "E!" | "G" | "L" | "R" | "C" | "D", Pace::Ahead) = (word, self.place.pace) {
            let payload = self.payload("", line);
            self.ahead.push((line.to_owned(), payload));
            // What comes next is the file, or needs the statement's number.
            if line.contains("LOCAL INFILE") || (word == "P" && self.place.flavour == Flavour::MariaDb) {
                self.catch_up().await;
            }
            return;
        }
        self.catch_up().await;
        match word {
            "FILE" => self.file = unescaped(rest).into(),
            "ROOT" => drop(self.root.command(&query(rest, "", USUAL)).await),
            "UNTIL" => while !says_one(&self.root.command(&query(rest, "", USUAL)).await) {},
            "LOGIN" => self.login(rest).await,
            "KILL" => {
                let id = self.clients.get(rest).map_or(0, |client| client.greeting.connection_id);
                let digits = id.to_le_bytes().map(|byte| format!("{byte:02x}")).concat();
                self.command("", &format!("H 0c{digits}"), true).await;
                // The number isn't the same elsewhere.
                self.transcript.last_mut().expect("the reply").0 = line.to_owned();
            }
            _ if word.starts_with('@') => {
                let (wait, rest) = rest.strip_prefix("& ").map_or((true, rest), |rest| (false, rest));
                self.command(&word[1..], rest, wait).await;
            }
            _ => self.command("", line, true).await,
        }
    }

    async fn login(&mut self, rest: &str) {
        let (name, words) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut login = Login::default();
        for (key, value) in words.split(' ').filter_map(|word| word.split_once('=')) {
            let value = value.to_owned();
            match key {
                "user" => login.user = value,
                "password" => login.password = value,
                "database" => login.database = Some(value),
                "plugin" => login.plugin = value,
                _ => panic!("what is {key}?"),
            }
        }
        let client = Raw::login(self.place.address, self.capabilities, login).await;
        let mut exchange = client.exchange.clone();
        if self.place.flavour == Flavour::MariaDb && client.login.first() == Some(&0) {
            exchange.truncate(exchange.len() - client.login.len() + WITHOUT_WARNINGS);
        }
        self.transcript.push((format!("LOGIN {rest}"), exchange));
        self.clients.insert(name.to_owned(), client);
    }

    /// A line's payload. MariaDB's numbers of statements go on where an earlier connection ended, so `1` is the first.
    fn payload(&self, name: &str, line: &str) -> Vec<u8> {
        let mut payload = payload(line, self.capabilities);
        let known = self.clients.get(name).map(|client| &client.prepared[..]).unwrap_or_default();
        if let ([0x17..=0x1a | 0x1c, id @ ..], Flavour::MariaDb) = (&mut payload[..], self.place.flavour)
            && let Some(id) = id.first_chunk_mut::<4>()
        {
            let number = u32::from_le_bytes(*id);
            let real = known.get((number as usize).wrapping_sub(1)).copied().flatten();
            // One that isn't there must not be another's.
            *id = real.unwrap_or(number | 1 << 30).to_le_bytes();
        }
        payload
    }

    /// A command on the connection of this name; `=` is the reply to one that was sent before.
    async fn command(&mut self, name: &str, line: &str, wait: bool) {
        let payload = if line == "=" { vec![Command::Query as u8] } else { self.payload(name, line) };
        let client = self.clients.get_mut(name).expect("a connection of that name");
        if line != "=" {
            let mut out = BytesMut::new();
            packet::put(&mut out, &payload, 0);
            client.begin();
            let piece = if self.place.pace == Pace::Bytes { 1 } else { out.len().max(1) };
            for piece in out.chunks(piece) {
                client.send_raw(piece).await;
            }
        }
        if wait {
            let password = line.split([' ', ':']).nth(2).filter(|_| line.contains(':')).unwrap_or_default();
            let reply = reply(self.place.flavour, client, &payload, &self.file, password).await;
            let reply = comparable(self.place.flavour, client, (line, &payload), &reply);
            self.transcript.push((format!("{name} {line}"), reply));
        }
    }

    /// Sends what waits, in one write, and reads all replies.
    async fn catch_up(&mut self) {
        let mut out = BytesMut::new();
        for (_, payload) in &self.ahead {
            packet::put(&mut out, payload, 0);
        }
        let client = self.clients.get_mut("").expect("the session's first connection");
        client.begin();
        client.send_raw(&out).await;
        for (line, payload) in std::mem::take(&mut self.ahead) {
            let reply = reply(self.place.flavour, client, &payload, &self.file, "").await;
            let reply = comparable(self.place.flavour, client, (&line, &payload), &reply);
            self.transcript.push((format!(" {line}"), reply));
        }
    }
}

/// The reply to a command that was sent.
pub(super) async fn reply(flavour: Flavour, client: &mut Raw, payload: &[u8], file: &[u8], password: &str) -> Bytes {
    let shape = match ReplyShape::of(payload.first().and_then(|&byte| Command::from_byte(byte))) {
        // MySQL answers commands on statements that don't name one, also those that have no answer otherwise.
        ReplyShape::None if flavour == Flavour::MySql && payload.len() < least(payload) => ReplyShape::Simple,
        shape => shape,
    };
    let reply = reply_of(client, shape, (file, password)).await;
    // A frame that doesn't continue is a part of what is compared.
    let jumps = client.frames.as_mut().map(Frames::jumps).unwrap_or_default();
    if !jumps.is_empty() {
        return [&reply[..], format!(" frames out of order: {jumps:?}").as_bytes()].concat().into();
    }
    // The client finds the ends of replies by the code that it tests. Numbers tell whether it has missed one; what a
    // server says unasked has the number 0.
    let first = reply.get(3).copied().filter(|_| !matches!(shape, ReplyShape::Authentication | ReplyShape::Stream));
    assert!(matches!(first, None | Some(0 | 1)) || shape == ReplyShape::Text, "{payload:?}: {reply:?}");
    reply
}

/// Bytes that a command on a prepared statement has at least, if it has no answer.
const fn least(payload: &[u8]) -> usize {
    match payload {
        [0x18, ..] => 7,
        [0x19, ..] => 5,
        _ => 0,
    }
}

async fn reply_of(client: &mut Raw, shape: ReplyShape, (file, password): (&[u8], &str)) -> Bytes {
    match shape {
        ReplyShape::Authentication => client.authentication(password).await,
        ReplyShape::Stream => client.rest().await,
        ReplyShape::Text => {
            let reply = client.reply(shape, file).await;
            // "Uptime: ", without the length of what follows it.
            reply.slice(reply.len().min(4)..reply.len().min(11))
        }
        shape => client.reply(shape, file).await,
    }
}

/// True for a result whose only row is 1.
fn says_one(reply: &[u8]) -> bool {
    reply.windows(6).any(|window| window[..4] == [2, 0, 0, window[3]] && window[4..] == *b"\x011")
}
