//! Giving this process' place to another one without a client being refused or reset.
//!
//! # The steps
//! 1. The new process asks on the admin socket, and says of itself what must be the same: the folder of the spool, the
//!    two databases, the addresses that clients know. What doesn't fit, and what is under way, is refused by name.
//! 2. It's sent the listening sockets themselves, with the locks of their names ([`crate::unix::rights`]). Both
//!    processes have them now, and this one goes on as before: until the next step a new process that fails changes nothing.
//! 3. The new one has everything that can fail behind it and says *taken*; this one answers *yours*. That's the one point
//!    at which the place changes hands. Who doesn't hear it in time goes on here, or doesn't begin there.
//! 4. This one accepts nobody any more and ends as by SIGTERM, with two differences. A client that has just come, or that is
//!    busy, isn't closed on between two transactions before it has been silent for a second; and names stay where they are.
//! 5. The connection between the two is closed when the last session has ended and what has one owner is free.
//!
//! The sockets themselves are sent because each listening socket has its own queue of connections that nobody has
//! accepted yet. A second socket on the same address (`SO_REUSEPORT`) doesn't get those of the first, and closing the
//! first resets them.
//!
//! # Health and the operator
//! Both doors of the operator are this process' until it's gone, then the other's. `/readyz` tells of clients, and those
//! are taken care of, so a hand-over doesn't make it red.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::admin::{HandOverRequest, Handing, OperationError, PROTOCOL, Peer, Refusal};
use crate::config::{Config, Lane, Live};
use crate::cutover::{Desk, Leave};
use crate::frontend::{Handles, Sockets};
use crate::route::{Mode, Route};
use crate::unix::{Name, rights};

/// The new process listens.
pub(super) const READY: u8 = b'r';
/// The new process takes everything.
pub(super) const TAKEN: u8 = b't';
/// The old process has let go.
pub(super) const YOURS: u8 = b'y';
/// How long either side may take for its next word.
pub(super) const WORD_PATIENCE: Duration = Duration::from_secs(30);

/// What the new process is told, with the files in this order: listeners of the door, its unix socket and that one's lock, the
/// admin socket and its lock, the health listener.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Offer {
    pub(super) pid: u32,
    pub(super) mode: Mode,
    pub(super) epoch: u64,
    /// True when sessions are captured in mode mirror.
    pub(super) captures: bool,
    pub(super) server_version: String,
    pub(super) listeners: usize,
    pub(super) unix: bool,
    pub(super) health: Option<String>,
    /// How long sessions may take to end here.
    pub(super) limit_seconds: u64,
}

/// What passes, and to whom it went.
pub(super) struct Estate {
    pub(super) config: Arc<Live>,
    pub(super) route: Arc<Route>,
    pub(super) desk: Desk,
    pub(super) server_version: String,
    /// Cancelled when this process ends.
    pub(super) stopping: CancellationToken,
    pub(super) open: Mutex<Option<Open>>,
    /// Cancelled when the place has changed hands.
    pub(super) given: CancellationToken,
    pub(super) heir: Mutex<Option<Heir>>,
}

/// What can be sent while it's open.
pub(super) struct Open {
    pub(super) door: Arc<Sockets>,
    pub(super) admin: (OwnedFd, Arc<Name>),
    pub(super) health: Option<OwnedFd>,
}

/// The process that has this one's place.
pub(super) struct Heir {
    /// True when its clients wait until this process is gone.
    pub(super) waits: bool,
    /// Closed when this process is gone.
    _stream: UnixStream,
    /// No operation begins any more.
    _leave: Leave,
}

/// What is the same of two processes that may follow one another.
pub(super) fn identity(config: &Config) -> HandOverRequest {
    let spool = std::path::absolute(&config.spool.directory).unwrap_or_else(|_| config.spool.directory.clone());
    let same = |path: &PathBuf| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    let source = config.source.as_ref().map(|source| format!("{}:{}", source.host, source.port));
    let target = &config.target;
    HandOverRequest {
        protocol: PROTOCOL,
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        spool: same(&spool),
        source,
        target: format!("{}:{}/{}", target.host, target.port, target.database),
        address: config.listen.address.to_string(),
        socket: config.listen.socket.as_ref().map(|socket| absolute(&socket.path)),
        captures: config.mirror.source == Lane::Statements,
    }
}

fn absolute(path: &PathBuf) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.clone())
}

/// Refuses a process of another user, and one that is another Bascule, naming every difference.
fn check(own: &HandOverRequest, asked: &HandOverRequest, peer: Peer, user: u32) -> Result<(), OperationError> {
    let refused = |message: String| OperationError::new(Refusal::Invalid, message);
    if peer.user != Some(user) {
        let other = peer.user.map_or_else(|| "unknown".to_owned(), |user| user.to_string());
        let message = format!("the new process runs as user {other}, the running one as {user}");
        return Err(refused(message).hint("start it as the same user"));
    }
    let source = |of: &HandOverRequest| of.source.clone().unwrap_or_else(|| "none".to_owned());
    let socket =
        |of: &HandOverRequest| of.socket.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    let compared = [
        ("spool.directory", own.spool.display().to_string(), asked.spool.display().to_string()),
        ("[source]", source(own), source(asked)),
        ("[target]", own.target.clone(), asked.target.clone()),
        ("listen.address", own.address.clone(), asked.address.clone()),
        ("listen.socket", socket(own), socket(asked)),
    ];
    let differences: Vec<String> = compared
        .into_iter()
        .filter(|(_, running, new)| running != new)
        .map(|(key, running, new)| format!("{key} is {running} there and {new} here"))
        .collect();
    if differences.is_empty() {
        return Ok(());
    }
    let message = format!("the new process isn't the running one's successor: {}", differences.join("; "));
    Err(refused(message).hint("these can't change in a hand-over: end the running one and start the new one"))
}

impl Estate {
    /// Another process asks for this one's place.
    pub(super) fn asked(self: &Arc<Self>, request: &HandOverRequest, peer: Peer) -> Result<Handing, OperationError> {
        check(&identity(&self.config), request, peer, rustix::process::geteuid().as_raw())?;
        if self.stopping.is_cancelled() || self.given.is_cancelled() {
            let what = if self.given.is_cancelled() { "it has been handed over" } else { "it's told to end" };
            let message = format!("the running Bascule ends already: {what}");
            return Err(OperationError::new(Refusal::NotNow, message).hint("wait for its end, then start the new one"));
        }
        let leave = self.desk.leave()?;
        let failed = |error: io::Error| OperationError::new(Refusal::Failed, format!("nothing can be sent: {error}"));
        let (offer, handles) = self.offer().map_err(failed)?;
        let (estate, pid) = (Arc::clone(self), request.pid);
        let waits = match self.route.mode() {
            Mode::Passthrough => false,
            Mode::Mirror => offer.captures || request.captures,
            Mode::Postgres => true,
        };
        Ok(Box::new(move |stream, ahead| {
            Box::pin(async move {
                info!(pid, "another process asks for this one's place");
                match give(stream, &ahead, &offer, &handles).await {
                    Ok(stream) => estate.give(&handles, Heir { waits, _stream: stream, _leave: leave }),
                    Err(error) => warn!(pid, %error, "the other process didn't take it: this one goes on"),
                }
            })
        }))
    }

    /// From here on the place is the other's.
    fn give(&self, handles: &Sent, heir: Heir) {
        handles.names().for_each(|name| name.leave());
        *self.heir.lock().unwrap_or_else(PoisonError::into_inner) = Some(heir);
        self.given.cancel();
    }

    fn offer(&self) -> io::Result<(Offer, Sent)> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.as_ref().ok_or_else(|| io::Error::other("it has ended"))?;
        let sent = Sent {
            door: open.door.handles()?,
            admin: (open.admin.0.try_clone()?, Arc::clone(&open.admin.1)),
            health: open.health.as_ref().map(OwnedFd::try_clone).transpose()?,
        };
        let offer = Offer {
            pid: std::process::id(),
            mode: self.route.mode(),
            epoch: self.route.epoch(),
            captures: self.config.mirror.source == Lane::Statements,
            server_version: self.server_version.clone(),
            listeners: sent.door.tcp.len(),
            unix: sent.door.unix.is_some(),
            health: self.config.admin.health_address.map(|address| address.to_string()),
            limit_seconds: self.config.load().listen.limits.shutdown_timeout.as_secs(),
        };
        Ok((offer, sent))
    }

    /// Lets go of the sockets.
    pub(super) fn close(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The process that has this one's place, to be kept until the end.
    pub(super) fn heir(&self) -> Option<Heir> {
        self.heir.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Handles on their way.
struct Sent {
    door: Handles,
    admin: (OwnedFd, Arc<Name>),
    health: Option<OwnedFd>,
}

impl Sent {
    fn names(&self) -> impl Iterator<Item = &Arc<Name>> {
        self.door.unix.iter().map(|(_, name)| name).chain([&self.admin.1])
    }
}

/// Steps 2 and 3.
async fn give(mut stream: UnixStream, ahead: &[u8], offer: &Offer, sent: &Sent) -> io::Result<UnixStream> {
    match ahead.first() {
        Some(&READY) => {}
        Some(_) => return Err(io::ErrorKind::InvalidData.into()),
        None => hear(&mut stream, READY).await?,
    }
    let mut files: Vec<_> = sent.door.tcp.iter().map(AsFd::as_fd).collect();
    if let Some((listener, name)) = &sent.door.unix {
        files.extend([listener.as_fd(), name.lock()]);
    }
    files.extend([sent.admin.0.as_fd(), sent.admin.1.lock()]);
    files.extend(sent.health.as_ref().map(AsFd::as_fd));
    let message = serde_json::to_vec(offer)?;
    timeout(WORD_PATIENCE, rights::send(&mut stream, &message, &files)).await??;
    hear(&mut stream, TAKEN).await?;
    stream.write_all(&[YOURS]).await?;
    Ok(stream)
}

/// Waits for one word.
pub(super) async fn hear(stream: &mut UnixStream, word: u8) -> io::Result<()> {
    let heard = timeout(WORD_PATIENCE, stream.read_u8()).await??;
    if heard == word { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> HandOverRequest {
        HandOverRequest {
            protocol: PROTOCOL,
            pid: 1,
            version: "0".into(),
            spool: "/var/spool".into(),
            source: Some("mysql:3306".into()),
            target: "postgres:5432/d".into(),
            address: "0.0.0.0:3307".into(),
            socket: None,
            captures: true,
        }
    }

    #[test]
    fn another_user_is_refused() {
        let refusal = check(&own(), &own(), Peer { user: Some(33) }, 7).expect_err("refused");
        assert_eq!(refusal.message, "the new process runs as user 33, the running one as 7");
        assert!(check(&own(), &own(), Peer { user: None }, 7).is_err());
        assert!(check(&own(), &own(), Peer { user: Some(7) }, 7).is_ok());
    }

    #[test]
    fn every_difference_is_named() {
        let asked = HandOverRequest { pid: 2, spool: "/other".into(), socket: Some("/s".into()), ..own() };
        let refusal = check(&own(), &asked, Peer { user: Some(7) }, 7).expect_err("refused");
        let message = "the new process isn't the running one's successor: spool.directory is /var/spool there and /other \
                       here; listen.socket is none there and /s here";
        assert_eq!(refusal.message, message);
        let asked = HandOverRequest { source: None, ..own() };
        let refusal = check(&own(), &asked, Peer { user: Some(7) }, 7).expect_err("refused");
        assert!(refusal.message.ends_with("[source] is mysql:3306 there and none here"), "{}", refusal.message);
    }
}
