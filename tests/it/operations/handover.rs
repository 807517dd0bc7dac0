//! A running Bascule is replaced while clients come all the time: nobody is refused or reset, what was begun is finished,
//! and a replacement that fails changes nothing.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bascule::admin::{ClientError, HandOverRequest, PROTOCOL, Status};
use bascule::route::Mode;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use tokio::task::JoinHandle;

use super::health::get;
use super::site::{Running, Site, until};
use crate::forward::raw::{Raw, USUAL};
use crate::world::{World, free_port};

const TAKEN: &str = "this process has the other's place";
const GONE: &str = "the other process is gone";

/// Clients that come one after the other, each for one transaction, until told to stop.
#[derive(Default)]
struct Comers {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    failed: Arc<Mutex<Vec<String>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Comers {
    /// So many more at once.
    fn come(&mut self, number: usize, options: OptsBuilder, statements: &[String]) {
        for _ in 0..number {
            let (options, statements) = (options.clone(), statements.to_vec());
            let (stop, served) = (Arc::clone(&self.stop), Arc::clone(&self.served));
            let failed = Arc::clone(&self.failed);
            self.tasks.push(tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    match visit(&options, &statements).await {
                        Ok(()) => drop(served.fetch_add(1, Ordering::SeqCst)),
                        Err(error) => failed.lock().expect("not poisoned").push(error.to_string()),
                    }
                }
            }));
        }
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }

    /// Waits until so many more were served.
    async fn serve(&self, more: usize) {
        let wanted = self.served() + more;
        until("clients are served", || {
            self.served() >= wanted || !self.failed.lock().expect("not poisoned").is_empty()
        })
        .await;
    }

    /// Ends them, and says how many were served; none may have failed.
    async fn end(mut self, log: &str) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        for task in std::mem::take(&mut self.tasks) {
            task.await.expect("a client ends");
        }
        let failed = self.failed.lock().expect("not poisoned");
        assert!(failed.is_empty(), "{} of {}: {:?}\n{log}", failed.len(), failed.len() + self.served(), failed.first());
        self.served()
    }
}

async fn visit(options: &OptsBuilder, statements: &[String]) -> Result<(), mysql_async::Error> {
    let mut conn = Conn::new(options.clone()).await?;
    for statement in statements {
        conn.query_drop(statement).await?;
    }
    conn.disconnect().await
}

/// By TCP; the library would ask for MySQL's own socket and go there.
fn tcp(port: u16) -> OptsBuilder {
    OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(port).user(Some("root")).prefer_socket(false)
}

fn unix(path: &Path) -> OptsBuilder {
    tcp(1).socket(Some(path.display().to_string()))
}

/// How often a text is in the log.
fn times(log: &str, text: &str) -> usize {
    log.matches(text).count()
}

async fn taken_over(site: &Site, round: usize) -> Running {
    let new = site.spawn(&["--take-over"]);
    until("the place is taken", || times(&site.log(), TAKEN) == round).await;
    new
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_mysql_serves_both_serve_beside_each_other_and_nobody_is_refused() {
    let (site, health) = (Site::forwarding(""), free_port());
    let admin = format!("[admin]\nsocket = \"admin.sock\"\nhealth_address = \"127.0.0.1:{health}\"");
    let socket = site.config().with_file_name("door.sock");
    site.write("socket = \"door.sock\"\nthreads = 3", &admin, true);
    let mut running = site.start().await;
    let table = format!("{}.t", site.database);
    let mut client = site.client().await;
    client.query(&format!("CREATE DATABASE IF NOT EXISTS {}", site.database)).await;
    client.query(&format!("CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY)")).await;
    let mut comers = Comers::default();
    comers.come(3, tcp(site.port), &[format!("INSERT INTO {table} VALUES ()"), "SELECT 1".to_owned()]);
    comers.come(2, unix(&socket), &["SELECT 1".to_owned(), "SELECT 2".to_owned()]);
    // Fewer threads than the process before had listeners, then more.
    for (round, threads) in [(1, 1), (2, 5)] {
        comers.serve(150).await;
        site.write(&format!("socket = \"door.sock\"\nthreads = {threads}"), &admin, true);
        let mut holder = site.client().await;
        holder.query("BEGIN").await;
        holder.query(&format!("INSERT INTO {table} VALUES (-{round})")).await;
        let new = taken_over(&site, round).await;
        comers.serve(100).await;
        assert_eq!(get(health, "/readyz").await, (200, "ready\n".to_owned()), "{}", site.log());
        let refusal = site.admin().set_mode(Mode::Mirror).await.expect_err("the mode has one owner").to_string();
        assert!(refusal.contains("another process takes this one's place"), "{refusal}");
        assert!(running.child.try_wait().expect("a child").is_none(), "a transaction is open\n{}", site.log());
        assert!(holder.query(&format!("INSERT INTO {table} VALUES (-{}00)", round)).await.get(4) == Some(&0));
        assert!(holder.query("COMMIT").await.get(4) == Some(&0));
        assert_eq!(running.ended().await.code(), Some(0), "{}", site.log());
        until("it's told", || times(&site.log(), GONE) == round).await;
        running = new;
    }
    comers.serve(150).await;
    let served = comers.end(&site.log()).await;
    println!("{served} clients, none refused");
    assert!(served >= 650);
    assert!(socket.exists(), "the name stayed");
    let status = site.admin().status().await.expect("the new one answers");
    assert_eq!((status.mode, status.uptime_seconds < 60), (Mode::Passthrough, true));
    let reply = site.client().await.query(&format!("SELECT COUNT(*) FROM {table} WHERE id < 0")).await;
    assert!(reply.windows(2).any(|pair| pair == b"\x014"), "{reply:?}");
    running.signal(rustix::process::Signal::TERM);
    assert_eq!(running.ended().await.code(), Some(0));
    assert!(!socket.exists(), "it goes with the last one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgresql_serves_clients_wait_for_the_end_of_the_process_before() {
    let site = Site::serving("[[accounts]]\nuser = \"late\"\npassword = \"\"\n");
    let mut running = site.start().await;
    let table = format!("{}.t", site.database);
    let mut client = site.client().await;
    client.query(&format!("CREATE DATABASE IF NOT EXISTS {}", site.database)).await;
    client.query(&format!("CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")).await;
    drop(client);
    let mut comers = Comers::default();
    comers.come(3, tcp(site.port), &[format!("INSERT INTO {table} (v) VALUES (1)"), "SELECT 1".to_owned()]);
    comers.serve(30).await;
    let mut holder = site.client().await;
    holder.query("BEGIN").await;
    holder.query(&format!("INSERT INTO {table} (v) VALUES (2)")).await;
    let new = taken_over(&site, 1).await;
    let waiting = waiting(&site, "late").await;
    assert!(holder.query(&format!("INSERT INTO {table} (v) VALUES (2)")).await.get(4) == Some(&0));
    assert!(holder.query("COMMIT").await.get(4) == Some(&0));
    assert_eq!(running.ended().await.code(), Some(0), "{}", site.log());
    // Now it's let in, and sees what was committed.
    let sum = waiting.await.expect("let in").query(&format!("SELECT SUM(v = 2) FROM {table}")).await;
    assert!(sum.windows(2).any(|pair| pair == b"\x012"), "{sum:?}\n{}", site.log());
    running = new;
    comers.serve(30).await;
    let served = comers.end(&site.log()).await;
    println!("{served} clients, none refused");
    assert_eq!(site.admin().status().await.expect("the new one answers").mode, Mode::Postgres);
    drop(running);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn captured_sessions_have_one_process_at_a_time_and_nothing_is_lost() {
    let world = World::new();
    let bascule = mirrored(&world, true).await;
    // A flip is under way: it waits for an open transaction.
    let mut holder = Conn::new(tcp(world.port())).await.expect("let in");
    holder.query_drop("BEGIN").await.expect("begun");
    holder.query_drop(format!("INSERT INTO {}.t (v) VALUES (7)", world.database)).await.expect("written");
    let admin = world.admin();
    let flip = tokio::spawn(async move { admin.cutover(bascule::admin::Rehearsal::Perform).await });
    let flipping = || async { world.admin().set_mode(Mode::Passthrough).await };
    let mut new = world.take_over();
    assert_eq!(new.ended().await.code(), Some(3), "{}", world.log());
    assert!(
        world.log().contains("an operation (a flip, a change of mode or a resync) is under way"),
        "{}",
        world.log()
    );
    holder.query_drop("COMMIT").await.expect("committed");
    let report = flip.await.expect("a task").expect("a report");
    assert!(report.performed, "{report:?}");
    assert!(flipping().await.is_err(), "PostgreSQL serves");
    let mut conn = Conn::new(tcp(world.port())).await.expect("let in");
    let sum: Option<u64> =
        conn.query_first(format!("SELECT SUM(v = 7) FROM {}.t", world.database)).await.expect("rows");
    assert_eq!(sum, Some(1));
    drop(bascule);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_binary_log_is_read_on_by_the_new_process() {
    let world = World::by_lane("binlog");
    drop(mirrored(&world, false).await);
}

/// A client of the new process. The old one's threads may accept for a moment after the place has changed hands, and serve
/// whom they accepted; it's the old one that tells of its sessions until it's gone.
async fn in_the_new_one(world: &World) -> Raw {
    loop {
        let client = Raw::connect(([127, 0, 0, 1], world.port()).into(), USUAL, "root", "").await;
        let id = u64::from(client.greeting.connection_id);
        let sessions = world.admin().sessions().await.expect("the old one answers");
        if !sessions.iter().any(|session| session.connection_id == id) {
            return client;
        }
        println!("connection {id} came to the old process");
    }
}

/// Whether the process that tells of sessions has one of this user.
async fn is_known(site: &Site, user: &str) -> bool {
    let sessions = site.admin().sessions().await.expect("the old one answers");
    sessions.iter().any(|session| session.user == user)
}

/// A client that waits in the queue of the socket; it's `user`'s only one. Who comes to the old process is let in there.
async fn waiting(site: &Site, user: &'static str) -> JoinHandle<Raw> {
    loop {
        let address = site.address();
        let mut coming = tokio::spawn(async move { Raw::connect(address, USUAL, user, "").await });
        let Ok(came) = tokio::time::timeout(Duration::from_millis(300), &mut coming).await else { return coming };
        assert!(is_known(site, user).await, "it's let in beside the process before");
        println!("a client came to the old process");
        drop(came);
        while is_known(site, user).await {}
    }
}

/// Replaces a mirroring Bascule while clients write. Where sessions are captured they wait.
async fn mirrored(world: &World, waits: bool) -> crate::world::Bascule {
    let table = format!("{}.t", world.database);
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    let create = format!("CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, v INT)");
    direct.query_drop(create).await.expect("a table");
    let mut bascule = world.start().await;
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    let mut comers = Comers::default();
    let insert = format!("INSERT INTO {table} (v) VALUES (1)");
    let statements = ["BEGIN".to_owned(), insert.clone(), insert.clone(), "COMMIT".to_owned()];
    comers.come(3, tcp(world.port()), &statements);
    let mut expected = 0;
    for round in 1..=2 {
        comers.serve(40).await;
        let mut holder = Conn::new(tcp(world.port())).await.expect("let in");
        holder.query_drop("BEGIN").await.expect("begun");
        holder.query_drop(&insert).await.expect("written");
        let new = world.take_over();
        until("the place is taken", || times(&world.log(), TAKEN) == round).await;
        let mut late = in_the_new_one(world).await;
        // It's let in, and its first command waits if it must.
        late.send(b"\x03SELECT 1", 0).await;
        let asked = tokio::time::timeout(Duration::from_millis(200), late.packet()).await;
        assert_eq!(asked.is_err(), waits, "what came: {asked:?}\n{}", world.log());
        holder.query_drop("COMMIT").await.expect("committed");
        assert_eq!(bascule.ended().await.code(), Some(0), "{}", world.log());
        expected += 1;
        bascule = new;
        until("it's told", || times(&world.log(), GONE) == round).await;
        if waits {
            assert!(late.packet().await.is_some(), "{}", world.log());
        }
    }
    comers.serve(40).await;
    let served = comers.end(&world.log()).await;
    println!("{served} transactions, none refused");
    let even = |status: &Status| {
        status.warnings.is_empty() && status.mirror.as_ref().is_some_and(|mirror| mirror.lag_transactions == 0)
    };
    world.wait_streaming().await;
    world.wait(even, "everything is applied and nothing is warned of").await;
    let proof = world.verify().await;
    assert_eq!((proof.differences, proof.skipped.len()), (0, 0), "{proof:?}\n{}", world.log());
    let rows: Option<usize> = direct.query_first(format!("SELECT COUNT(*) FROM {table}")).await.expect("a count");
    assert_eq!(rows, Some(2 * served + expected), "{}", world.log());
    assert_eq!(proof.rows, (2 * served + expected) as u64);
    direct.disconnect().await.expect("a clean end");
    bascule
}

#[tokio::test]
async fn a_replacement_that_cannot_be_changes_nothing() {
    let site = Site::forwarding("");
    let mut nobody = site.spawn(&["--take-over"]);
    assert_eq!(nobody.ended().await.code(), Some(3));
    assert!(site.log().contains("there is nothing to take over"), "{}", site.log());
    let _running = site.start().await;
    let text = std::fs::read_to_string(site.config()).expect("the configuration");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let conflict = format!("health_address = \"{}\"\nsocket =", taken.local_addr().expect("an address"));
    let attempts = [
        (text.replace("\"spool\"", "\"other\""), 3, "spool.directory is "),
        (text.replace("database = ", "database = \"other\" # "), 3, "[target] is "),
        (text.replace(&format!(":{}\"", site.port), ":1\""), 3, "listen.address is "),
        (text.replace("[listen]", "[listen]\nsocket = \"new.sock\""), 3, "listen.socket is none there"),
        (text.replace("[listen]", "[listen]\nnonsense = 1"), 5, "nonsense"),
        (text.replace("[admin]\nsocket =", &format!("[admin]\n{conflict}")), 1, "can't listen on admin.health_address"),
        (text.replace("[listen]", "[listen]\ntls = \"files\"\ncertificate = \"no\"\nkey = \"no\""), 1, "TLS can't be"),
    ];
    for (changed, code, words) in attempts {
        assert_ne!(changed, text, "{words}");
        std::fs::write(site.config(), &changed).expect("written");
        let mut new = site.spawn(&["--take-over"]);
        assert_eq!(new.ended().await.code(), Some(code), "{words}\n{}", site.log());
        assert!(site.log().contains(words), "{words}\n{}", site.log());
        assert!(site.client().await.query("SELECT 1").await.len() > 20, "{words}");
        site.admin().status().await.expect("it goes on");
    }
    let other = HandOverRequest {
        protocol: PROTOCOL + 1,
        pid: 1,
        version: "9".into(),
        spool: PathBuf::new(),
        source: None,
        target: String::new(),
        address: String::new(),
        socket: None,
        captures: false,
    };
    match site.admin().hand_over(&other).await {
        Err(ClientError::Refused(refusal)) => {
            assert_eq!(
                refusal.message,
                "the running Bascule hands over by version 1 of the protocol, the new one by 2"
            );
        }
        answer => panic!("{answer:?}"),
    }
    std::fs::write(site.config(), &text).expect("written");
    // One that asks and dies holds nothing up but operations, and those until then.
    let spool = site.config().with_file_name("spool").canonicalize().expect("a folder");
    let asked = HandOverRequest {
        protocol: PROTOCOL,
        spool,
        source: Some(format!("127.0.0.1:{}", site.servers.mysql.port())),
        target: format!("127.0.0.1:{}/{}", site.servers.postgres.port(), site.database),
        address: site.address().to_string(),
        ..other
    };
    let asking = site.admin().hand_over(&asked).await.expect("it's agreed");
    for mode in [Mode::Mirror, Mode::Passthrough] {
        let refusal = site.admin().set_mode(mode).await.expect_err("not now").to_string();
        assert!(refusal.contains("another process takes this one's place"), "{refusal}");
    }
    match site.admin().hand_over(&asked).await {
        Err(ClientError::Refused(refusal)) => assert!(refusal.message.contains("under way"), "{}", refusal.message),
        answer => panic!("{answer:?}"),
    }
    drop(asking);
    site.logged("the other process didn't take it").await;
    site.admin().set_mode(Mode::Passthrough).await.expect("it goes on");
    let new = taken_over(&site, 1).await;
    until("it's gone", || times(&site.log(), GONE) == 1).await;
    assert!(site.client().await.query("SELECT 1").await.len() > 20);
    drop(new);
}
