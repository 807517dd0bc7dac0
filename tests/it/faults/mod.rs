//! Faults of clients, of their network and of MySQL. Bascule runs as a process of its own, so that its file descriptors
//! and its memory can be counted, and before servers of its own where their threads are. Around each fault: a control
//! session whose every answer must be right and in time, and a census that must be afterwards what it was before.

mod loads;
mod logins;
mod outages;
mod peers;
mod slow;
mod steps;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::task::JoinHandle;

use crate::world::{Bascule, World};

/// The control session's slowest answer. Four processes may share two cores, and a debug build logs in slowly.
const IN_TIME: Duration = Duration::from_secs(5);

/// What must not grow by a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Census {
    /// Open files of Bascule's process, but for its connections to PostgreSQL: those that serve are kept for the next.
    files: usize,
    /// Its registry of sessions.
    sessions: usize,
    /// Connections of MySQL.
    threads: usize,
}

impl Census {
    /// Counts; `watch` is a connection past Bascule.
    async fn count(world: &World, bascule: &Bascule, watch: &mut Conn) -> Self {
        let sessions = world.admin().sessions().await.expect("sessions").len();
        let threads = "SELECT COUNT(*) FROM information_schema.processlist WHERE command <> 'Daemon'";
        let threads: usize = watch.query_first(threads).await.expect("threads").expect("a count");
        let pooled = sockets(bascule.pid()).iter().filter(|socket| socket.to == world.servers.postgres.port()).count();
        Self { files: files(bascule.pid()) - pooled, sessions, threads }
    }

    /// Counts when nothing more comes or goes.
    async fn settled(world: &World, bascule: &Bascule, watch: &mut Conn) -> Self {
        let mut last = Self::count(world, bascule, watch).await;
        let mut same = 0;
        while same < 5 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let now = Self::count(world, bascule, watch).await;
            same = if now == last { same + 1 } else { 0 };
            last = now;
        }
        last
    }

    /// Waits until there is no more than before.
    async fn is_back(self, world: &World, bascule: &Bascule, watch: &mut Conn, fault: &str) {
        let begun = Instant::now();
        loop {
            let now = Self::count(world, bascule, watch).await;
            if now.files <= self.files && now.sessions <= self.sessions && now.threads <= self.threads {
                return;
            }
            let sessions = world.admin().sessions().await.expect("sessions");
            assert!(begun.elapsed() < Duration::from_secs(20), "{fault}: {now:?}, not {self:?}; {sessions:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Open files of a process.
fn files(pid: u32) -> usize {
    std::fs::read_dir(PathBuf::from(format!("/proc/{pid}/fd"))).expect("its files").count()
}

/// An established TCP connection of IPv4 of a process.
#[derive(Debug)]
struct Connected {
    from: u16,
    to: u16,
    /// What the kernel waits for, and how long it still does.
    timer: (u8, Duration),
}

/// The connections of a process, as its kernel lists them.
fn sockets(pid: u32) -> Vec<Connected> {
    let links = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its files").flatten();
    let inodes: HashSet<String> = links
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let list = std::fs::read_to_string(format!("/proc/{pid}/net/tcp")).expect("connections");
    list.lines().skip(1).filter_map(|line| connected(line, &inodes)).collect()
}

fn connected(line: &str, inodes: &HashSet<String>) -> Option<Connected> {
    const ESTABLISHED: &str = "01";
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, from, to, ESTABLISHED, _, timer, _, _, _, inode, ..] = words[..] else { return None };
    let port = |address: &str| u16::from_str_radix(address.split_once(':')?.1, 16).ok();
    let (kind, left) = timer.split_once(':')?;
    // In hundredths of a second (USER_HZ).
    let left = Duration::from_millis(u64::from_str_radix(left, 16).ok()? * 10);
    let timer = (u8::from_str_radix(kind, 16).ok()?, left);
    inodes.contains(inode).then_some(Connected { from: port(from)?, to: port(to)?, timer })
}

/// Resident memory of a process, in bytes.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
    kilobytes * 1024
}

/// A session that works beside a fault: it writes a row and reads it back, again and again.
struct Control {
    stop: Arc<AtomicBool>,
    task: JoinHandle<(u64, Duration)>,
}

impl Control {
    const TABLE: &'static str = "CREATE TABLE control (id BIGINT AUTO_INCREMENT PRIMARY KEY, n BIGINT NOT NULL)";

    async fn start(url: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut conn = Conn::from_url(url).await.expect("the control session logs in");
        let told = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let (mut rounds, mut slowest) = (0_u64, Duration::ZERO);
            loop {
                let begun = Instant::now();
                conn.exec_drop("INSERT INTO control (n) VALUES (?)", (rounds,)).await.expect("a write");
                let id = conn.last_insert_id().expect("an id");
                let read: Option<u64> =
                    conn.exec_first("SELECT n FROM control WHERE id = ?", (id,)).await.expect("a row");
                assert_eq!(read, Some(rounds), "its own row");
                slowest = slowest.max(begun.elapsed());
                rounds += 1;
                if told.load(Ordering::SeqCst) {
                    break;
                }
            }
            conn.disconnect().await.expect("a clean end");
            (rounds, slowest)
        });
        Self { stop, task }
    }

    /// Ends it, and says whether it got what it needed.
    async fn end(self, fault: &str) {
        self.stop.store(true, Ordering::SeqCst);
        let (rounds, slowest) = self.task.await.unwrap_or_else(|error| panic!("{fault}: the control session: {error}"));
        println!("{fault}: {rounds} rounds beside it, the slowest took {slowest:?}");
        assert!(slowest < IN_TIME, "{fault}: {rounds} rounds, the slowest took {slowest:?}");
    }
}

/// Changes the configuration of a world before its start.
pub(crate) fn configure(world: &World, changes: &[(&str, &str)]) {
    let mut text = std::fs::read_to_string(world.config_path()).expect("a configuration");
    for (table, line) in changes {
        text = text.replacen(&format!("[{table}]\n"), &format!("[{table}]\n{line}\n"), 1);
    }
    std::fs::write(world.config_path(), text).expect("written");
}

/// Nothing of Bascule has panicked, in whatever task.
fn no_panic(world: &World) {
    let log = world.log();
    assert!(!log.contains("panicked"), "{log}");
}
