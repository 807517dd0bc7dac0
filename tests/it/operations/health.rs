//! Health over TCP: alive, ready, and why not.

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::site::Site;
use crate::world::free_port;

pub async fn get(port: u16, path: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let code = answer.get(9..12).and_then(|code| code.parse().ok()).expect("a status");
    (code, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

#[tokio::test]
async fn a_load_balancer_learns_whether_clients_can_come() {
    let (site, health) = (Site::forwarding(""), free_port());
    let admin = format!("[admin]\nsocket = \"admin.sock\"\nhealth_address = \"127.0.0.1:{health}\"");
    site.write("", &admin, true);
    let mut running = site.start().await;
    assert_eq!(get(health, "/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(get(health, "/readyz").await, (200, "ready\n".to_owned()));
    assert!(get(health, "/metrics").await.1.contains("bascule_connections_total"));
    for forbidden in ["/v1/status", "/v1/sessions", "/v1/reload", "/"] {
        assert_eq!(get(health, forbidden).await.0, 404, "{forbidden}");
    }
    let mut holder = site.client().await;
    holder.query("BEGIN").await;
    running.signal(Signal::TERM);
    site.logged("no more clients are let in").await;
    assert_eq!(get(health, "/healthz").await.0, 200);
    assert_eq!(get(health, "/readyz").await, (503, "not ready\nBascule is stopping\n".to_owned()));
    holder.query("COMMIT").await;
    assert_eq!(running.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_server_that_is_away_makes_it_not_ready() {
    let (site, health) = (Site::forwarding(""), free_port());
    let admin = format!("[admin]\nsocket = \"admin.sock\"\nhealth_address = \"127.0.0.1:{health}\"");
    site.write("", &admin, true);
    let text = std::fs::read_to_string(site.config()).expect("the configuration");
    let (mysql, nobody) = (site.servers.mysql.port(), free_port());
    std::fs::write(site.config(), text.replace(&format!("port = {mysql}"), &format!("port = {nobody}")))
        .expect("written");
    let _running = site.start().await;
    let (code, words) = get(health, "/readyz").await;
    assert_eq!(code, 503);
    assert!(words.contains("MySQL can't be reached: ") && !words.contains("panicked"), "{words}");
    assert_eq!(get(health, "/healthz").await.0, 200);
}
