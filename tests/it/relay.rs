//! An address that leads to one server and later to another, as a failover's does, and whose connections can be made to
//! fall silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

/// A relay on a port of its own; it ends with the test's runtime.
pub struct Relay {
    pub port: u16,
    target: Arc<AtomicU16>,
    silence: broadcast::Sender<()>,
}

impl Relay {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = listener.local_addr().expect("its address").port();
        let target = Arc::new(AtomicU16::new(port));
        let silence = broadcast::Sender::new(1);
        let relay = Self { port: own, target: Arc::clone(&target), silence: silence.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A server that is gone refuses, and so does the relay, by hanging up.
                let Ok(server) = TcpStream::connect(("127.0.0.1", target.load(Ordering::SeqCst))).await else {
                    continue;
                };
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                tokio::spawn(carry(from_client, to_server, silence.subscribe()));
                tokio::spawn(carry(from_server, to_client, silence.subscribe()));
            }
        });
        relay
    }

    /// New connections go there.
    pub fn turn_to(&self, port: u16) {
        self.target.store(port, Ordering::SeqCst);
    }

    /// Nothing more comes over the connections that are open; new ones are as before.
    pub fn silence(&self) {
        // There may be none.
        let _ = self.silence.send(());
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut silenced: broadcast::Receiver<()>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            biased;
            _ = silenced.recv() => std::future::pending::<()>().await,
            read = from.read(&mut buffer) => match read {
                Ok(0) | Err(_) => return,
                Ok(length) if to.write_all(&buffer[..length]).await.is_err() => return,
                Ok(_) => {}
            }
        }
    }
}
