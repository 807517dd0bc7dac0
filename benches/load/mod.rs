//! A load generator that costs as little as possible, so that what is measured is the way to MySQL and not the client:
//! blocking sockets, one thread a connection, commands built beforehand, replies skipped and not decoded.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The account of the benches: an empty password makes the handshake one round.
pub(crate) const USER: &str = "bench";
/// Rows of the table.
pub(crate) const ROWS: u32 = 10_000;

const DATABASE: &str = "bench";
const PROTOCOL_41: u32 = 1 << 9;
const CONNECT_WITH_DB: u32 = 1 << 3;
const LONG_PASSWORD: u32 = 1;
const TRANSACTIONS: u32 = 1 << 13;
const SECURE_CONNECTION: u32 = 1 << 15;
const PLUGIN_AUTH: u32 = 1 << 19;
const DEPRECATE_EOF: u32 = 1 << 24;

/// What one connection does again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// One row by its primary key.
    PointSelect,
    /// A value of two megabytes.
    Large,
    /// A transaction of five reads and two writes.
    ReadWrite,
}

/// Megabytes of the value of [`Work::Large`].
pub(crate) const LARGE_MEGABYTES: f64 = 2.0;
/// A query whose answer is a million rows.
pub(crate) const MILLION: &str =
    "SELECT a.c FROM sbtest a CROSS JOIN (SELECT id FROM sbtest WHERE id <= 100) b LIMIT 1000000";

impl Work {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PointSelect => "point_select",
            Self::Large => "large_value",
            Self::ReadWrite => "read_write",
        }
    }
}

/// A logged-in connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    parsed: usize,
}

impl Connection {
    /// Connects and logs in.
    pub(crate) fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut connection = Self { stream, buffer: vec![0; 16 * 1024], filled: 0, parsed: 0 };
        let (greeting, _) = connection.packet()?;
        if greeting == Some(0xff) {
            return Err(io::Error::other("refused with an error instead of a greeting"));
        }
        let flags = LONG_PASSWORD
            | PROTOCOL_41
            | CONNECT_WITH_DB
            | TRANSACTIONS
            | SECURE_CONNECTION
            | PLUGIN_AUTH
            | DEPRECATE_EOF;
        let mut body = flags.to_le_bytes().to_vec();
        body.extend((1_u32 << 24).to_le_bytes());
        body.push(45);
        body.extend([0; 23]);
        body.extend(format!("{USER}\0\0{DATABASE}\0caching_sha2_password\0").as_bytes());
        connection.stream.write_all(&framed(1, &body))?;
        match connection.packet()?.0 {
            Some(0x00) => Ok(connection),
            other => Err(io::Error::other(format!("the login was answered by {other:02x?}"))),
        }
    }

    /// Sends a command that was built beforehand and skips its reply.
    pub(crate) fn command(&mut self, packet: &[u8]) -> io::Result<()> {
        self.stream.write_all(packet)?;
        match self.packet()?.0 {
            Some(0x00) => Ok(()),
            Some(0xff) => Err(io::Error::other("the server answered with an error")),
            // The number of columns; then their definitions, the rows, and an OK that begins with 0xfe.
            Some(columns) => {
                for _ in 0..columns {
                    self.packet()?;
                }
                loop {
                    match self.packet()? {
                        (Some(0xfe), length) if length < 0xff_ffff => return Ok(()),
                        (Some(0xff), _) => return Err(io::Error::other("an error in the middle of the rows")),
                        _ => {}
                    }
                }
            }
            None => Err(io::Error::other("an empty packet")),
        }
    }

    /// Skips the next packet; its first byte and its length.
    fn packet(&mut self) -> io::Result<(Option<u8>, usize)> {
        self.need(4)?;
        let length = match self.buffer.get(self.parsed..self.parsed + 3) {
            Some(&[one, two, three]) => usize::from(one) | usize::from(two) << 8 | usize::from(three) << 16,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        self.need(4 + length)?;
        let first = if length == 0 { None } else { self.buffer.get(self.parsed + 4).copied() };
        self.parsed += 4 + length;
        Ok((first, length))
    }

    /// Makes sure that `length` bytes are there from `parsed` on.
    fn need(&mut self, length: usize) -> io::Result<()> {
        while self.filled - self.parsed < length {
            if self.parsed > 0 {
                self.buffer.copy_within(self.parsed..self.filled, 0);
                self.filled -= self.parsed;
                self.parsed = 0;
            }
            if self.buffer.len() < length {
                self.buffer.resize(length, 0);
            }
            let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
            match self.stream.read(room)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.filled += count,
            }
        }
        Ok(())
    }
}

fn framed(sequence: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("packets of the benches are short").to_le_bytes();
    let mut packet = vec![length[0], length[1], length[2], sequence];
    packet.extend(body);
    packet
}

/// COM_QUERY with a text.
pub(crate) fn query(text: &str) -> Vec<u8> {
    let mut body = vec![3];
    body.extend(text.as_bytes());
    framed(0, &body)
}

/// Creates the account, the table and its rows, through MySQL itself.
pub(crate) fn prepare(execute: &dyn Fn(&str) -> Result<(), String>) -> Result<(), String> {
    execute(&format!("CREATE DATABASE {DATABASE}"))?;
    execute(&format!("CREATE USER '{USER}'@'%' IDENTIFIED BY ''"))?;
    execute(&format!("GRANT ALL ON {DATABASE}.* TO '{USER}'@'%'"))?;
    execute(&format!(
        "CREATE TABLE {DATABASE}.sbtest (id INT NOT NULL AUTO_INCREMENT, k INT NOT NULL DEFAULT 0, \
         c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '', PRIMARY KEY (id), KEY k_1 (k))"
    ))?;
    for from in (1..=ROWS).step_by(1_000) {
        let row = |id: u32| format!("({id},{},'{}','{:060}')", id % 997, "c".repeat(110), id);
        let rows: Vec<String> = (from..from + 1_000).map(row).collect();
        execute(&format!("INSERT INTO {DATABASE}.sbtest (id, k, c, pad) VALUES {}", rows.join(",")))?;
    }
    execute(&format!("CREATE TABLE {DATABASE}.big (id INT PRIMARY KEY, d LONGTEXT)"))?;
    execute(&format!("INSERT INTO {DATABASE}.big VALUES (1, REPEAT('0123456789abcdef', {}))", 2 << 16))
}

/// The commands of one connection, each a round of `work`.
fn rounds(work: Work, seed: u64) -> Vec<Vec<Vec<u8>>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut id = || random.gen_range(1..=ROWS);
    let mut round = || match work {
        Work::PointSelect => vec![query(&format!("SELECT c FROM sbtest WHERE id={}", id()))],
        Work::Large => vec![query("SELECT d FROM big")],
        Work::ReadWrite => {
            let mut commands = vec![query("BEGIN")];
            for _ in 0..4 {
                commands.push(query(&format!("SELECT c FROM sbtest WHERE id={}", id())));
            }
            let from = id();
            commands.push(query(&format!("SELECT c FROM sbtest WHERE id BETWEEN {from} AND {}", from + 9)));
            // Writes in the order of the keys: a deadlock would measure something else.
            let (one, other) = (id(), id());
            commands.push(query(&format!("UPDATE sbtest SET k=k+1 WHERE id={}", one.min(other))));
            commands.push(query(&format!("UPDATE sbtest SET c='{}' WHERE id={}", "u".repeat(110), one.max(other))));
            commands.push(query("COMMIT"));
            commands
        }
    };
    (0..512).map(|_| round()).collect()
}

/// What a load did.
pub(crate) struct Outcome {
    pub(crate) statements: u64,
    pub(crate) seconds: f64,
    pub(crate) latencies: Histogram<u64>,
}

/// An empty histogram of nanoseconds.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1_000, 60_000_000_000, 3).expect("the bounds are constants that are valid")
}

/// Drives `connections` connections to `port` for `length`.
pub(crate) fn drive(port: u16, work: Work, connections: u64, length: Duration) -> io::Result<Outcome> {
    let opened = (0..connections).map(|_| Connection::open(port)).collect::<io::Result<Vec<_>>>()?;
    let begun = Instant::now();
    let one = |mut connection: Connection, seed: u64| -> io::Result<Histogram<u64>> {
        let rounds = rounds(work, seed);
        let mut latencies = histogram();
        let begun = Instant::now();
        for command in rounds.iter().cycle().take_while(|_| begun.elapsed() < length).flatten() {
            let sent = Instant::now();
            connection.command(command)?;
            latencies.saturating_record(u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        Ok(latencies)
    };
    let histograms = std::thread::scope(|scope| {
        let threads: Vec<_> =
            opened.into_iter().zip(1..).map(|(connection, seed)| scope.spawn(move || one(connection, seed))).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, io::Result<Histogram<u64>>>| {
            thread.join().expect("a client doesn't panic")
        };
        threads.into_iter().map(join).collect::<io::Result<Vec<_>>>()
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut latencies = histogram();
    for one in &histograms {
        latencies.add(one).map_err(io::Error::other)?;
    }
    Ok(Outcome { statements: latencies.len(), seconds, latencies })
}

/// How many clients at once fared.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    pub(crate) failures: usize,
    pub(crate) first_error: Option<String>,
    /// 99th percentile of the time that a login or a query took.
    pub(crate) p99_millis: Option<f64>,
}

/// Opens `count` connections at once, each asking `queries` times.
pub(crate) fn crowd(port: u16, count: usize, queries: usize) -> Crowd {
    let barrier = std::sync::Barrier::new(count);
    let one = || -> io::Result<Histogram<u64>> {
        let mut latencies = histogram();
        let mut took = |since: Instant| {
            latencies.saturating_record(u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX));
        };
        barrier.wait();
        let begun = Instant::now();
        let mut connection = Connection::open(port)?;
        took(begun);
        for _ in 0..queries {
            let begun = Instant::now();
            connection.command(&query("SELECT c FROM sbtest WHERE id=7"))?;
            took(begun);
        }
        Ok(latencies)
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let spawn = |_| std::thread::Builder::new().stack_size(128 * 1024).spawn_scoped(scope, one);
        let threads: Vec<_> = (0..count).map(spawn).collect::<io::Result<_>>().expect("a thread can be had");
        threads.into_iter().map(|thread| thread.join().expect("a client doesn't panic")).collect()
    });
    let mut all = histogram();
    for latencies in results.iter().flatten() {
        all.add(latencies).expect("histograms are alike");
    }
    let errors: Vec<String> = results.iter().filter_map(|result| Some(result.as_ref().err()?.to_string())).collect();
    Crowd {
        failures: errors.len(),
        first_error: errors.into_iter().next(),
        p99_millis: (!all.is_empty()).then(|| all.value_at_quantile(0.99) as f64 / 1e6),
    }
}
