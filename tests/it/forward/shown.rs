//! The certificate that Bascule shows MySQL, for accounts that need one: the clients' and its own.

use std::path::{Path, PathBuf};

use bascule::config::{OwnCertificate, Secret, Source, Tls};
use bascule::sandbox;
use bascule::source::inspect;
use bascule::source::login::Session;
use bascule::wire::Capabilities;
use mysql_async::prelude::Queryable;

use super::arrivals::certificate;
use super::authentication::Login;
use super::door::{Opened, Wishes};
use super::mysql;
use super::raw::{Raw, USUAL};

fn server() -> &'static sandbox::mysql::Mysql {
    &sandbox::shared().expect("servers start").mysql
}

/// MySQL makes an authority and a client's certificate for itself; these are their names.
struct Made {
    files: OwnCertificate,
    subject: String,
    issuer: String,
}

async fn made() -> Made {
    let mut root = mysql_async::Conn::from_url(server().url("mysql")).await.expect("root");
    let (folder, version): (PathBuf, String) = root
        .query_first("SELECT @@datadir, SUBSTRING_INDEX(VERSION(), '-', 1)")
        .await
        .expect("an answer")
        .map(|(folder, version): (String, String)| (folder.into(), version))
        .expect("a row");
    root.disconnect().await.expect("a clean end");
    Made {
        files: OwnCertificate { certificate: folder.join("client-cert.pem"), key: folder.join("client-key.pem") },
        subject: format!("/CN=MySQL_Server_{version}_Auto_Generated_Client_Certificate"),
        issuer: format!("/CN=MySQL_Server_{version}_Auto_Generated_CA_Certificate"),
    }
}

fn door(shown: Option<OwnCertificate>) -> Opened {
    let further = move |config: &mut bascule::config::Config, _: &Path| {
        if let Some(source) = &mut config.source {
            source.tls_certificate = shown;
        }
    };
    let wishes = Wishes { source_tls: true, further: Some(Box::new(further)), ..Wishes::default() };
    Opened::before(mysql().port(), wishes)
}

/// Whether the user comes in; if not, MySQL's refusal is looked at.
async fn comes_in(opened: &Opened, user: &str) -> bool {
    let login = Login { user: user.to_owned(), password: "secret".to_owned(), ..Login::default() };
    let mut client = Raw::login(opened.address, USUAL.with(Capabilities::COMPRESS), login).await;
    if client.login.first() == Some(&0) {
        return !client.query("SELECT 1").await.is_empty();
    }
    let refused = format!("\u{15}\u{4}#28000Access denied for user '{user}'@'localhost' (using password: YES)");
    assert_eq!(String::from_utf8_lossy(client.login.strip_prefix(b"\xff").unwrap_or_default()), refused);
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_that_need_a_certificate_come_in_by_bascules_own() {
    let Made { files, subject, issuer } = made().await;
    let needs = [
        ("shown_x509", "X509".to_owned(), true),
        ("shown_subject", format!("SUBJECT '{subject}'"), true),
        ("shown_issuer", format!("ISSUER '{issuer}'"), true),
        ("shown_both", format!("SUBJECT '{subject}' AND ISSUER '{issuer}'"), true),
        ("shown_other", "SUBJECT '/CN=somebody else'".to_owned(), false),
    ];
    for (user, need, _) in &needs {
        server().execute(&format!("DROP USER IF EXISTS {user}")).expect("dropped");
        let made = format!("CREATE USER {user} IDENTIFIED BY 'secret' REQUIRE {need}");
        server().execute(&made).unwrap_or_else(|error| panic!("{made}: {error}"));
    }
    let (with, without) = (door(Some(files.clone())), door(None));
    for (user, need, fits) in &needs {
        assert_eq!(comes_in(&with, user).await, *fits, "{need}");
        assert!(!comes_in(&without, user).await, "{need}: nothing is shown");
        // Bascule's own connections, by the library and by its own login.
        for (shown, fits) in [(Some(files.clone()), *fits), (None, false)] {
            let source = source(user, shown);
            assert_eq!(inspect::connect(&source).await.is_ok(), fits, "{need}");
            assert_eq!(Session::open(&source).await.is_ok(), fits, "{need}");
        }
    }
    with.close().await;
    without.close().await;
}

/// True when clients are told that MySQL can't be connected to.
async fn is_unreachable(opened: &Opened) -> bool {
    let client = Raw::connect(opened.address, USUAL, "root", "").await;
    client.login.starts_with(b"\xff\xd3\x07#HY000Can't connect to MySQL server on '127.0.0.1:")
}

fn source(user: &str, tls_certificate: Option<OwnCertificate>) -> Source {
    Source {
        host: "127.0.0.1".to_owned(),
        port: mysql().port(),
        user: user.to_owned(),
        password: Secret::new("secret"),
        databases: Vec::new(),
        tls: Tls::Required,
        tls_certificate,
        connect_timeout: std::time::Duration::from_secs(20),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_is_read_again_and_a_bad_one_is_named() {
    let Made { files, .. } = made().await;
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody whom MySQL knows has signed this one.
    let (certificate, key) = certificate(folder.path(), "own");
    server().execute("DROP USER IF EXISTS shown_again").expect("dropped");
    server().execute("CREATE USER shown_again IDENTIFIED BY 'secret' REQUIRE X509").expect("created");
    let own = OwnCertificate { certificate: certificate.clone(), key: key.clone() };
    let opened = door(Some(own.clone()));
    let connector = opened.connector.clone().expect("a source");
    assert!(is_unreachable(&opened).await, "MySQL doesn't take this one");
    std::fs::copy(&files.certificate, &certificate).expect("copied");
    let error = connector.reload().expect_err("the key is another's").to_string();
    assert!(error.contains("own.pem") && error.contains("own.key"), "{error}");
    std::fs::copy(&files.key, &key).expect("copied");
    assert!(is_unreachable(&opened).await, "the old one until it's read");
    assert!(connector.reload().expect("good files"));
    assert!(comes_in(&opened, "shown_again").await);
    for (path, text) in [(&certificate, "half a file"), (&key, "-----BEGIN PRIVATE KEY-----\n")] {
        let before = std::fs::read(path).expect("there");
        std::fs::write(path, text).expect("written");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let error = connector.reload().expect_err("a bad file").to_string();
        assert!(error.contains(&name) && !error.contains("half a file"), "{error}");
        let error = bascule::source::connect::Connector::new(&source("root", Some(own.clone()))).expect_err("bad");
        assert!(error.to_string().contains(&name), "{error}");
        std::fs::write(path, before).expect("written");
    }
    assert!(comes_in(&opened, "shown_again").await, "what was good stays");
    opened.close().await;
}
