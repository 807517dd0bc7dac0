//! By what clients come: a unix socket, a load balancer that tells their address, TLS with certificates on both sides.

use std::path::{Path, PathBuf};
use std::process::Command;

use bascule::config::{ClientCertificates, ListenCertificate, ListenSocket, ListenTls, TlsVersion};
use bascule::frontend::tls::Reloaded;
use bascule::sandbox;
use bascule::wire::Capabilities;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, OptsBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::authentication::Login;
use super::door::{Opened, Wishes};
use super::logins::{fresh_user, options};
use super::mysql;
use super::raw::{Raw, USUAL};

fn server() -> &'static sandbox::mysql::Mysql {
    &sandbox::shared().expect("servers start").mysql
}

/// What MySQL's own client prints, errors included.
fn printed(arguments: &[&str]) -> String {
    let mut client: Command = server().client();
    client.args(["--batch", "--skip-column-names"]).args(arguments);
    let output = client.output().expect("the client runs");
    [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unix_socket_leads_to_the_same_door() {
    for source_tls in [false, true] {
        let further = |config: &mut bascule::config::Config, folder: &Path| {
            config.listen.socket = Some(ListenSocket { path: folder.join("door.sock"), mode: 0o700 });
        };
        let wishes = Wishes { source_tls, client_tls: true, further: Some(Box::new(further)), ..Wishes::default() };
        let opened = Opened::before(mysql().port(), wishes);
        let path = opened.folder().join("door.sock");
        let user = format!("by_socket_{}", u8::from(source_tls));
        fresh_user(&user, "caching_sha2_password").await;
        // The client sends the password in clear, since nobody can listen; the second time MySQL remembers it.
        for round in ["full", "fast"] {
            let options = OptsBuilder::default().socket(path.to_str()).user(Some(user.clone())).pass(Some("secret ä"));
            let login = Conn::new(options).await;
            let mut client = login.unwrap_or_else(|error| panic!("source tls {source_tls}, {round}: {error}"));
            let who: Option<String> = client.query_first("SELECT CURRENT_USER()").await.expect("an answer");
            assert_eq!(who, Some(format!("{user}@%")));
            let seen: Vec<String> = opened.route.sessions().into_iter().map(|session| session.client).collect();
            assert_eq!(seen, ["localhost"]);
            client.disconnect().await.expect("a clean end");
        }
        let socket = format!("--socket={}", path.display());
        for tls in ["--ssl-mode=DISABLED", "--ssl-mode=REQUIRED"] {
            let user = format!("--user={user}");
            let arguments = [&socket, "--protocol=SOCKET", &user, "--password=secret ä", tls, "-e", "SELECT 'came in'"];
            assert!(printed(&arguments).contains("came in"), "{}", printed(&arguments));
        }
        opened.close().await;
        assert!(!path.exists());
    }
}

fn trusting(network: &'static str) -> Wishes {
    let further = move |config: &mut bascule::config::Config, _: &Path| {
        config.listen.proxy_protocol_from = vec![network.parse().expect("a network")];
    };
    Wishes { further: Some(Box::new(further)), ..Wishes::default() }
}

/// Version 2 for 192.0.2.7, with an addition behind the addresses.
pub(super) const BINARY: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x11\xc0\0\x02\x07\x7f\0\0\x01\xc3\x50\x0c\xea\x04\0\x02ab";
/// The balancer's own check.
pub(super) const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

#[tokio::test]
async fn a_load_balancer_tells_its_clients_address() {
    let opened = Opened::before(mysql().port(), trusting("127.0.0.0/8"));
    let cases: [(&[u8], &str); 5] = [
        (b"PROXY TCP4 192.0.2.1 198.51.100.1 50000 3306\r\n", "192.0.2.1"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 50000 3306\r\n", "2001:db8::1"),
        (BINARY, "192.0.2.7"),
        (LOCAL, "127.0.0.1"),
        (b"", "127.0.0.1"),
    ];
    for (header, address) in cases {
        let mut stream = TcpStream::connect(opened.address).await.expect("a connection");
        for piece in header.chunks(7) {
            stream.write_all(piece).await.expect("sent");
            tokio::task::yield_now().await;
        }
        let mut client = Raw::on(stream, USUAL.with(Capabilities::COMPRESS), Login::default()).await;
        assert!(!client.query("SELECT 1").await.is_empty());
        let seen: Vec<String> = opened.route.sessions().into_iter().map(|session| session.client).collect();
        assert_eq!(seen, [address], "{}", header.escape_ascii());
        client.ends().await;
        opened.all_gone().await;
    }
    for bad in [&b"PROXY TCP4 nowhere\r\n"[..], b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n", b"\r\n\r\n\0\r\nQUIT\r"]
    {
        assert!(is_hung_up(&opened, bad).await, "{}", bad.escape_ascii());
    }
    opened.close().await;
}

/// True when a connection that sends these bytes gets no answer but its end.
pub(super) async fn is_hung_up(opened: &Opened, bytes: &[u8]) -> bool {
    let mut stream = TcpStream::connect(opened.address).await.expect("a connection");
    let mut greeting = [0; 60];
    stream.read_exact(&mut greeting).await.expect("a greeting");
    stream.write_all(bytes).await.expect("sent");
    stream.shutdown().await.expect("that's all");
    let mut heard = Vec::new();
    // The system tells of bytes that nobody read as a reset.
    let _ = stream.read_to_end(&mut heard).await;
    !heard.contains(&0xff)
}

#[tokio::test]
async fn a_header_from_anybody_else_ends_the_connection() {
    let opened = Opened::before(mysql().port(), trusting("192.0.2.0/24"));
    for header in [&b"PROXY TCP4 192.0.2.1 198.51.100.1 50000 3306\r\n"[..], BINARY, LOCAL] {
        assert!(is_hung_up(&opened, header).await);
    }
    let metrics = opened.metrics.clone();
    opened.close().await;
    assert_eq!(metrics.logins_failed.get(), 3);
}

/// A certificate that vouches for itself, with its key, as files.
pub(super) fn certificate(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("made");
    let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    std::fs::write(&certificate, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    (certificate, key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_asked_for_and_read_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let (own, own_key) = certificate(folder.path(), "door");
    let (client, client_key) = certificate(folder.path(), "client");
    let (stranger, stranger_key) = certificate(folder.path(), "stranger");
    let tls = ListenTls {
        certificate: ListenCertificate::Files { certificate: own.clone(), key: own_key },
        min_version: TlsVersion::V1_3,
        clients: ClientCertificates::Required { ca: client.clone() },
    };
    let further = move |config: &mut bascule::config::Config, _: &Path| config.listen.tls = Some(tls);
    let opened = Opened::before(mysql().port(), Wishes { further: Some(Box::new(further)), ..Wishes::default() });
    fresh_user("with_x509", "caching_sha2_password").await;
    server().execute("ALTER USER with_x509 REQUIRE X509").expect("altered");
    let port = format!("--port={}", opened.address.port());
    let run = |user: &str, more: &[&str]| {
        let user = format!("--user={user}");
        let base = ["--host=127.0.0.1", &port, &user, "-e", "SELECT 'came in'"];
        printed(&[&base[..], more].concat())
    };
    let shown = |certificate: &Path, key: &Path| {
        [format!("--ssl-cert={}", certificate.display()), format!("--ssl-key={}", key.display())]
    };
    let [cert, key] = shown(&client, &client_key);
    assert!(run("root", &[&cert, &key]).contains("came in"), "{}", run("root", &[&cert, &key]));
    let [strange, strange_key] = shown(&stranger, &stranger_key);
    for refused in [&[&*strange, &*strange_key][..], &["--ssl-mode=REQUIRED"], &[&cert, &key, "--tls-version=TLSv1.2"]]
    {
        assert!(!run("root", refused).contains("came in"), "{refused:?}");
    }
    let plain = run("root", &["--ssl-mode=DISABLED"]);
    assert!(plain.contains("ERROR 3159") && plain.contains("listen.tls_client_certificates"), "{plain}");
    // MySQL sees no certificate, whatever the client shows: accounts that need one stay outside. See `shown`.
    let x509 = run("with_x509", &[&cert, &key, "--password=secret ä"]);
    assert!(x509.contains("ERROR 1045"), "{x509}");

    let ca = format!("--ssl-ca={}", own.display());
    let verified = [&*cert, &*key, "--ssl-mode=VERIFY_CA", &*ca];
    assert!(run("root", &verified).contains("came in"), "{}", run("root", &verified));
    let before = std::fs::read(&own).expect("there");
    std::fs::write(&own, "half a file").expect("written");
    let certificates = opened.certificates.clone().expect("TLS is on");
    let error = certificates.reload().expect_err("a bad file").to_string();
    assert!(error.contains("door.pem"), "{error}");
    certificate(folder.path(), "door");
    let old = folder.path().join("old.pem");
    std::fs::write(&old, before).expect("written");
    let still = [&*cert, &*key, "--ssl-mode=VERIFY_CA", &format!("--ssl-ca={}", old.display())];
    assert!(run("root", &still).contains("came in"), "the old one until it's read");
    assert_eq!(certificates.reload().expect("a good file"), Reloaded::Files);
    assert!(run("root", &verified).contains("came in"), "{}", run("root", &verified));
    assert!(!run("root", &still).contains("came in"), "the new one has another key");
    opened.close().await;
}

#[tokio::test]
async fn a_session_outlives_a_change_of_the_certificate() {
    let folder = tempfile::tempdir().expect("a folder");
    let (own, own_key) = certificate(folder.path(), "door");
    let files = ListenCertificate::Files { certificate: own, key: own_key };
    let tls = ListenTls { certificate: files, ..ListenTls::self_signed() };
    let further = move |config: &mut bascule::config::Config, _: &Path| config.listen.tls = Some(tls);
    let opened = Opened::before(mysql().port(), Wishes { further: Some(Box::new(further)), ..Wishes::default() });
    let mut client = Conn::new(options(&opened, "root", "", true)).await.expect("a login");
    certificate(folder.path(), "door");
    opened.certificates.clone().expect("TLS is on").reload().expect("a good file");
    let answer: Result<Option<i64>, Error> = client.query_first("SELECT 1").await;
    assert_eq!(answer.expect("it goes on"), Some(1));
    client.disconnect().await.expect("a clean end");
    opened.close().await;
}
