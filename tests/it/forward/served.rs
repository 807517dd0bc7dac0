//! By what clients come while PostgreSQL serves: compressed, through a load balancer, by the unix socket. It must be as
//! before MySQL.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use bascule::config::{Config, ListenSocket};
use bascule::sandbox;
use bascule::wire::Capabilities;
use bytes::Bytes;
use mysql_async::prelude::Queryable;
use mysql_async::{ChangeUserOpts, Compression, Conn, Error, OptsBuilder, SslOpts};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::arrivals::{BINARY, LOCAL, is_hung_up};
use super::authentication::Login;
use super::compressing::Frames;
use super::door::{Opened, Wishes};
use super::mysql;
use super::payloads::payload;
use super::raw::{Raw, USUAL};

const ZLIB: Capabilities = USUAL.with(Capabilities::COMPRESS);
const ZSTD: Capabilities = USUAL.with(Capabilities::ZSTD_COMPRESSION);

/// A door whose clients PostgreSQL serves, with `app`, `empty`, `native` and `imported` as accounts.
async fn serving(further: fn(&mut Config, &Path)) -> Opened {
    let door = crate::door::open(4).await;
    let serves: Option<Arc<dyn bascule::frontend::Serve>> = Some(Arc::new(door.serving));
    Opened::before(1, Wishes { serves, client_tls: true, further: Some(Box::new(further)), ..Wishes::default() })
}

/// `imported` on MySQL, whose password it has never seen in use.
fn account_of_mysql() {
    let server = &sandbox::shared().expect("servers start").mysql;
    server.execute("DROP USER IF EXISTS imported").expect("dropped");
    server.execute("CREATE USER imported IDENTIFIED WITH caching_sha2_password BY 'secret'").expect("created");
}

fn login(user: &str, password: &str) -> Login {
    Login { user: user.to_owned(), password: password.to_owned(), ..Login::default() }
}

/// COM_CHANGE_USER: what the server said. Its frames are numbered as those of any other answer.
async fn change_user(client: &mut Raw, user: &str, password: &str) -> Bytes {
    client.send(&payload(&format!("U {user} "), client.capabilities), 0).await;
    let heard = client.authentication(password).await;
    assert_eq!(client.frames.as_mut().map(Frames::jumps).unwrap_or_default(), [[0; 2]; 0], "{user}");
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_logins_are_mysqls_while_postgresql_serves() {
    let opened = serving(|_, _| {}).await;
    account_of_mysql();
    let greeting = |client: &Raw| {
        let both = Capabilities::COMPRESS.with(Capabilities::ZSTD_COMPRESSION);
        Capabilities(client.greeting.capabilities.0 & both.0)
    };
    for style in [USUAL, ZLIB, ZSTD, ZLIB.with(Capabilities::ZSTD_COMPRESSION)] {
        let mut seen = Vec::new();
        for address in [mysql(), opened.address] {
            let wrong = Raw::login(address, style, login("imported", "wrong")).await;
            // The second time the password is known, also where it was asked for in full.
            Raw::login(address, style, login("imported", "secret")).await;
            let mut client = Raw::login(address, style, login("imported", "secret")).await;
            let mut heard = vec![wrong.exchange.clone(), client.exchange.clone()];
            let columns = ["a", "b", "c", "d", "e"].map(|letter| format!("'{}' AS {letter}", letter.repeat(16_000)));
            heard.push(client.query(&format!("SELECT {}", columns.join(", "))).await);
            heard.push(change_user(&mut client, "imported", "secret").await);
            heard.push(client.query("SELECT 1, 'x'").await);
            heard.push(client.command(b"\x19").await);
            heard.push(client.command(b"\x0e").await);
            heard.push(change_user(&mut client, "imported", "wrong").await);
            seen.push((greeting(&client), heard));
        }
        assert_eq!(seen[0].0, seen[1].0, "the greeting");
        for (number, (direct, served)) in seen[0].1.iter().zip(&seen[1].1).enumerate() {
            let shown = |bytes: &Bytes| bytes[..bytes.len().min(300)].escape_ascii().to_string();
            assert!(direct == served, "{style:?}, {number}\n  {}\n  {}", shown(direct), shown(served));
        }
    }
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_clients_compress_while_postgresql_serves() {
    let opened = serving(|_, _| {}).await;
    let server = &sandbox::shared().expect("servers start").mysql;
    let printed = |port: u16, arguments: &[&str]| {
        let mut client: Command = server.client();
        client.args(["-h127.0.0.1", "--batch", "--force"]).arg(format!("-P{port}")).args(arguments);
        let output = client.output().expect("the client runs");
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()
    };
    let sql = "SELECT REPEAT('a', 100000), 1; SELECT 2; SELECT nothing";
    let direct = printed(server.port(), &["-uroot", "-e", sql]);
    assert!(direct.contains("Unknown column"), "{direct}");
    for algorithm in ["--compression-algorithms=zlib", "--compression-algorithms=zstd"] {
        for tls in ["--ssl-mode=DISABLED", "--ssl-mode=REQUIRED"] {
            assert_eq!(printed(opened.address.port(), &["-uempty", algorithm, tls, "-e", sql]), direct, "{algorithm}");
        }
    }
    let ssl = SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true);
    for ssl in [None, Some(ssl)] {
        let options = OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(opened.address.port());
        let options = options.user(Some("app")).pass(Some("pw")).prefer_socket(false).ssl_opts(ssl);
        let mut client = Conn::new(options.compression(Compression::fast())).await.expect("a login");
        for (user, password) in [("imported", "secret"), ("native", "pw"), ("empty", ""), ("app", "pw")] {
            let other = ChangeUserOpts::new().with_user(Some(user.to_owned())).with_pass(Some(password.to_owned()));
            client.change_user(other).await.expect(user);
            let found: Option<(String, u32)> =
                client.query_first("SELECT USER(), LENGTH(REPEAT('b', 70000))").await.expect("an answer");
            assert_eq!(found, Some((format!("{user}@localhost"), 70_000)));
        }
        let wrong = ChangeUserOpts::new().with_user(Some("app".to_owned())).with_pass(Some("wrong".to_owned()));
        let Err(Error::Server(refusal)) = client.change_user(wrong).await else { panic!("it's wrong") };
        assert_eq!(refusal.code, 1045);
    }
    opened.close().await;
}

/// As before MySQL, where the sessions of `transparency` prove it.
#[tokio::test]
async fn a_silent_client_is_told_in_a_frame_of_its_own_number() {
    let opened = serving(|_, _| {}).await;
    for style in [ZLIB, ZSTD] {
        let mut client = Raw::login(opened.address, style, login("app", "pw")).await;
        client.query("SET wait_timeout = 1").await;
        let packet = client.packet().await.expect("the reason");
        assert_eq!(&packet.payload[..3], b"\xff\xbf\x0f");
        assert_eq!(client.frames.as_mut().map(Frames::jumps).unwrap_or_default(), [[2, 0]]);
        assert_eq!(client.packet().await, None);
    }
    opened.close().await;
}

#[tokio::test]
async fn a_load_balancers_clients_have_their_address_while_postgresql_serves() {
    let opened =
        serving(|config, _| config.listen.proxy_protocol_from = vec!["127.0.0.0/8".parse().expect("a network")]).await;
    let cases: [(&[u8], &str, &str); 5] = [
        (b"PROXY TCP4 192.0.2.1 198.51.100.1 50000 3306\r\n", "192.0.2.1", "192.0.2.1"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 50000 3306\r\n", "2001:db8::1", "2001:db8::1"),
        (BINARY, "192.0.2.7", "192.0.2.7"),
        (LOCAL, "127.0.0.1", "localhost"),
        (b"", "127.0.0.1", "localhost"),
    ];
    for (header, address, host) in cases {
        for (style, password) in [(USUAL, "pw"), (ZSTD, "pw"), (ZLIB, "wrong")] {
            let mut stream = TcpStream::connect(opened.address).await.expect("a connection");
            for piece in header.chunks(7) {
                stream.write_all(piece).await.expect("sent");
                tokio::task::yield_now().await;
            }
            let mut client = Raw::on(stream, style, login("app", password)).await;
            let has = |reply: &[u8], text: &str| reply.windows(text.len()).any(|window| window == text.as_bytes());
            if password == "wrong" {
                let told = format!("Access denied for user 'app'@'{host}' (using password: YES)");
                assert!(has(&client.login, &told), "{}", client.login.escape_ascii());
                opened.all_gone().await;
                continue;
            }
            let user = client.query("SELECT USER(), CONNECTION_ID()").await;
            assert!(has(&user, &format!("app@{host}")), "{}", user.escape_ascii());
            let list = client.query("SHOW PROCESSLIST").await;
            assert!(has(&list, host), "{}", list.escape_ascii());
            let seen: Vec<String> = opened.route.sessions().into_iter().map(|session| session.client).collect();
            assert_eq!(seen, [address], "{}", header.escape_ascii());
            client.ends().await;
            opened.all_gone().await;
        }
    }
    for bad in [&b"PROXY TCP4 nowhere\r\n"[..], b"\r\n\r\n\0\r\nQUIT\r"] {
        assert!(is_hung_up(&opened, bad).await, "{}", bad.escape_ascii());
    }
    opened.close().await;
}

#[tokio::test]
async fn a_header_from_anybody_else_ends_the_connection_while_postgresql_serves() {
    let opened =
        serving(|config, _| config.listen.proxy_protocol_from = vec!["192.0.2.0/24".parse().expect("a network")]).await;
    for header in [&b"PROXY TCP4 192.0.2.1 198.51.100.1 50000 3306\r\n"[..], BINARY, LOCAL] {
        assert!(is_hung_up(&opened, header).await);
    }
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unix_socket_leads_to_postgresql_too() {
    let opened = serving(|config, folder| {
        config.listen.socket = Some(ListenSocket { path: folder.join("door.sock"), mode: 0o700 });
    })
    .await;
    let path = opened.folder().join("door.sock");
    // `imported` sends its password in clear, since nobody can listen; the second time it's known.
    for (user, password) in [("imported", "secret"), ("imported", "secret"), ("native", "pw"), ("empty", "")] {
        for compression in [None, Some(Compression::fast())] {
            let options = OptsBuilder::default().socket(path.to_str()).user(Some(user)).pass(Some(password));
            let mut client = Conn::new(options.compression(compression)).await.expect(user);
            let who: Option<(String, String)> =
                client.query_first("SELECT USER(), CURRENT_USER()").await.expect("an answer");
            assert_eq!(who.map(|(user, _)| user), Some(format!("{user}@localhost")));
            let seen: Vec<String> = opened.route.sessions().into_iter().map(|session| session.client).collect();
            assert_eq!(seen, ["localhost"]);
            client.disconnect().await.expect("a clean end");
            opened.all_gone().await;
        }
        let options = OptsBuilder::default().socket(path.to_str()).user(Some(user)).pass(Some("wrong"));
        let Err(Error::Server(refusal)) = Conn::new(options).await else { panic!("it's wrong") };
        let told = format!("Access denied for user '{user}'@'localhost' (using password: YES)");
        assert_eq!((refusal.code, refusal.message), (1045, told));
        opened.all_gone().await;
    }
    let server = &sandbox::shared().expect("servers start").mysql;
    let socket = format!("--socket={}", path.display());
    for tls in ["--ssl-mode=DISABLED", "--ssl-mode=REQUIRED"] {
        let mut client: Command = server.client();
        client.args([&socket, "--protocol=SOCKET", "--user=imported", "--password=secret", tls, "--batch"]);
        let output = client.args(["-e", "SELECT 'came in'"]).output().expect("the client runs");
        assert!(output.stdout.starts_with(b"came in"), "{}", String::from_utf8_lossy(&output.stderr));
    }
    opened.close().await;
    assert!(!path.exists());
}
