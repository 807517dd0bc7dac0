//! The configuration is read again: what changes then, what doesn't, and what is refused.

use rustix::process::Signal;

use super::site::{Site, until};

#[tokio::test]
async fn what_can_change_changes_at_once_and_the_rest_is_named() {
    let site = Site::forwarding("");
    let running = site.start().await;
    let _first = site.client().await;
    let accounts =
        "[log]\nlevel = \"debug\"\n[verify]\nshare = 50\n[[accounts]]\nuser = \"app\"\npassword = \"hunter2\"";
    site.write("max_connections = 1\nthreads = 3\nmax_allowed_packet_bytes = 2048", accounts, true);
    let done = site.command(&["reload"]).await;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(done.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&done.stderr));
    let expected = "in force now: listen.max_connections, verify.share, accounts, log.level\n\
                    needs a restart: listen.max_allowed_packet_bytes, listen.threads\n";
    assert!(text.starts_with(expected), "{text}");
    let mut refused = tokio::net::TcpStream::connect(site.address()).await.expect("a connection");
    let mut told = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut refused, &mut told).await.expect("words");
    assert!(told.ends_with(b"\xff\x10\x04Too many connections"), "{told:?}");
    assert!(site.log().contains("the configuration was read again"));
    assert!(!site.log().contains("hunter2"));

    // A signal does the same.
    site.write("max_connections = 50", "", true);
    running.signal(Signal::HUP);
    let times = || site.log().matches("the configuration was read again").count();
    until("it was read again", || times() == 2).await;
    let mut room = site.client().await;
    assert!(!room.query("SELECT 1").await.is_empty());
    let report = site.admin().reload().await.expect("a report");
    assert_eq!((report.applied, report.needs_restart), (Vec::<String>::new(), Vec::new()));
}

#[tokio::test]
async fn a_file_with_problems_is_refused_whole_with_all_of_them() {
    let site = Site::forwarding("");
    let _running = site.start().await;
    site.write("max_connections = 1\nidle_timeout_seconds = -1", "[verify]\nshare = 700\nshar = 1", true);
    let refused = site.command(&["reload"]).await;
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    // The command itself reads the file to find the socket.
    assert_eq!(refused.status.code(), Some(5), "{words}");
    let socket = site.config().with_file_name("admin.sock");
    let refused = tokio::process::Command::new(env!("CARGO_BIN_EXE_bascule"))
        .args(["reload", "--socket"])
        .arg(socket)
        .output()
        .await
        .expect("runs");
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{words}");
    for part in ["nothing was changed", "listen.idle_timeout_seconds", "verify.share", "verify.shar", "hint: "] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let (mut one, mut other) = (site.client().await, site.client().await);
    assert!(!one.query("SELECT 1").await.is_empty() && !other.query("SELECT 1").await.is_empty());
}
