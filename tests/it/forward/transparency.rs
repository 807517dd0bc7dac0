//! Whole sessions, once straight to the server and then through Bascule in several ways: every packet must be the same.
//! [`super::script`] explains the sessions.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bascule::route::Mode;
use bascule::sandbox::mysql::Flavour;
use bascule::wire::Capabilities;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::door::{Opened, Wishes};
use super::mysql;
use super::raw::{Raw, USUAL};
use super::script::{Pace, Place, Session, Transcript, sessions};

/// Each session is run in each of these styles.
const STYLES: [Capabilities; 2] = [USUAL, USUAL.with(Capabilities::DEPRECATE_EOF).with(Capabilities::SESSION_TRACK)];
/// So many sessions there must be at least, each style counted once.
const AT_LEAST: usize = 250;
/// So long one may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many are under way at a time.
const BESIDE: usize = 8;

/// A way through Bascule.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    address: SocketAddr,
    pace: Pace,
    /// Only sessions of this style are run so.
    style: Option<Capabilities>,
    /// How the clients compress, of this way and of the one straight to the server that it's compared with.
    compression: Capabilities,
}

const PLAIN: Capabilities = Capabilities(0);

/// What differs between the two runs of a session.
fn differences(session: &Session<'_>, way: &str, direct: &Transcript, through: &Transcript) -> Vec<String> {
    assert_eq!(direct.len(), through.len(), "{}", session.name);
    let pairs = direct.iter().zip(through);
    let differing = pairs.filter(|((_, direct), (_, through))| direct != through);
    differing
        .map(|((line, direct), (_, through))| {
            let shown = |bytes: &[u8]| bytes[..bytes.len().min(400)].escape_ascii().to_string();
            format!("{}, {way}: {line}\n  direct  {}\n  through {}", session.name, shown(direct), shown(through))
        })
        .collect()
}

/// Runs a session; one that hangs is named.
async fn timed(way: &str, session: &Session<'_>, place: Place<'_>) -> Transcript {
    let run = timeout(PATIENCE, session.run(place)).await;
    run.unwrap_or_else(|_| panic!("{}, {way}: it doesn't come to an end", session.name))
}

/// Runs a session straight and in all ways. Returns how many commands were compared, and the differences.
async fn compare(session: &Session<'_>, place: Place<'_>, ways: &[Way]) -> (usize, Vec<String>) {
    let (mut found, mut commands) = (Vec::new(), 0);
    for compression in [PLAIN, Capabilities::COMPRESS, Capabilities::ZSTD_COMPRESSION] {
        let of_style = |way: &&Way| way.style.is_none_or(|style| style == place.style);
        let ways: Vec<&Way> = ways.iter().filter(of_style).filter(|way| way.compression == compression).collect();
        if ways.is_empty() {
            continue;
        }
        let place = Place { style: place.style.with(compression), ..place };
        let direct = timed("straight", session, place).await;
        if std::env::var("SESSION").is_ok_and(|name| name == session.name) {
            let lines = direct.iter().map(|(line, reply)| format!("{line}\n    {}", reply.escape_ascii()));
            println!("{}", lines.collect::<Vec<_>>().join("\n"));
        }
        for way in ways {
            let place = Place { address: way.address, pace: way.pace, ..place };
            let through = timed(way.name, session, place).await;
            commands += through.len();
            found.extend(differences(session, way.name, &direct, &through));
        }
    }
    (commands, found)
}

/// Runs all sessions of a server, some at a time.
async fn compare_all(flavour: Flavour, server: SocketAddr, ways: Vec<Way>) {
    let sessions = Arc::new(sessions(flavour));
    let ways = Arc::new(ways);
    let (mut running, mut found, mut commands) = (JoinSet::new(), Vec::new(), 0);
    for number in 0..sessions.len() * STYLES.len() {
        if running.len() == BESIDE {
            let (some, differences) = running.join_next().await.expect("one runs").expect("no panic");
            commands += some;
            found.extend(differences);
        }
        let (sessions, ways) = (Arc::clone(&sessions), Arc::clone(&ways));
        running.spawn(async move {
            let style = STYLES[number % STYLES.len()];
            let database = format!("seen_{number}");
            let place = Place { flavour, server, address: server, style, database: &database, pace: Pace::Each };
            compare(&sessions[number / STYLES.len()], place, &ways).await
        });
    }
    for (some, differences) in running.join_all().await {
        commands += some;
        found.extend(differences);
    }
    println!("{} sessions, {commands} commands compared", sessions.len() * STYLES.len());
    assert!(found.is_empty(), "{} differences\n{}", found.len(), found.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_packet_of_every_session_is_the_same() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    let capturing = Opened::before(mysql().port(), Wishes { captures: true, ..Wishes::default() });
    capturing.control.start_capturing();
    capturing.control.set_mode(Mode::Mirror, 1);
    let mut root = Raw::connect(mysql(), USUAL, "root", "").await;
    root.query("SET GLOBAL local_infile = ON").await;
    assert!(sessions(Flavour::MySql).len() * STYLES.len() >= AT_LEAST);
    let (passes, captures) = (opened.address, capturing.address);
    let way = |name, address, pace, style| Way { name, address, pace, style, compression: PLAIN };
    let compressed = |way, compression| Way { compression, ..way };
    compare_all(
        Flavour::MySql,
        mysql(),
        vec![
            way("through", passes, Pace::Each, None),
            way("captured", captures, Pace::Each, None),
            way("sent ahead", passes, Pace::Ahead, Some(STYLES[0])),
            way("sent ahead and captured", captures, Pace::Ahead, Some(STYLES[1])),
            way("byte by byte", passes, Pace::Bytes, Some(STYLES[1])),
            compressed(way("by zlib", passes, Pace::Each, Some(STYLES[0])), Capabilities::COMPRESS),
            compressed(way("by zstd", captures, Pace::Each, Some(STYLES[1])), Capabilities::ZSTD_COMPRESSION),
        ],
    )
    .await;
    let capture = capturing.capture.clone().expect("captures");
    assert_eq!(capture.stopped(), None);
    assert!(capture.stored_bytes() > 20_000, "{} bytes were captured", capture.stored_bytes());
    opened.close().await;
    capturing.close().await;
}

/// The same before MariaDB, whose protocol has further flags and whose trackers say other things.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_packet_of_every_session_is_the_same_before_mariadb() {
    let port = crate::binlog::mariadb::shared().await.mysql.port();
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let opened = Opened::before(port, Wishes::default());
    let mut root = Raw::connect(server, USUAL, "root", "").await;
    root.query("SET GLOBAL local_infile = ON").await;
    let way = |name, pace, style| Way { name, address: opened.address, pace, style, compression: PLAIN };
    let ways = vec![
        way("through", Pace::Each, None),
        way("sent ahead", Pace::Ahead, Some(STYLES[0])),
        way("byte by byte", Pace::Bytes, Some(STYLES[1])),
        Way { compression: Capabilities::COMPRESS, ..way("by zlib", Pace::Each, Some(STYLES[1])) },
    ];
    compare_all(Flavour::MariaDb, server, ways).await;
    opened.close().await;
}
