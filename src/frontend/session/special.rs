//! Commands that aren't a question and an answer: another user on the same connections, and streams without an end.

use std::io;

use tokio::io::copy_bidirectional;

use super::{Flow, Session};
use crate::frontend::auth::{Exchange, Verdict};
use crate::frontend::facts::Heard;
use crate::frontend::limits;
use crate::frontend::relay::{Relay, RelayError};
use crate::frontend::stream::Connection as _;
use crate::route::{Blocker, Hindrance};
use crate::wire::handshake::ChangeUser;

impl Session<'_> {
    /// COM_CHANGE_USER: the authentication exchange of a login, on the same connections.
    pub(super) async fn change_user(&mut self) -> Result<Flow, RelayError> {
        let payload = self.read_whole().await?;
        let facts = &self.relay.facts;
        let asked = ChangeUser::parse(payload.get(1..).unwrap_or_default(), facts.client_capabilities);
        let asked = asked.map_err(|_| RelayError::Client(io::ErrorKind::InvalidData.into()))?;
        self.relay.command().await?;
        let (client, server) = (&mut self.relay.client, &mut self.relay.server);
        let mut exchange = Exchange {
            client,
            server,
            keys: &self.shared.keys,
            plugin: asked.plugin.clone().unwrap_or_default(),
            scramble: self.relay.facts.scramble.clone(),
            to_client: 1,
            to_server: 1,
        };
        let verdict = exchange.run().await?;
        let (sequence, scramble) = (exchange.to_client, exchange.scramble);
        self.relay.facts.scramble = scramble;
        match verdict {
            Verdict::Accepted(ok) => {
                self.begin_anew();
                let facts = &mut self.relay.facts;
                facts.user = String::from_utf8_lossy(&asked.user).into_owned();
                facts.database = asked.database.map(|name| String::from_utf8_lossy(&name).into_owned());
                let edited = facts.hear(crate::wire::tracker::Kind::Ok, &ok, &mut Heard::default())?;
                let (user, database) = (facts.user.clone(), facts.database.clone());
                if let Err(refusal) = limits::log_in(&mut self.route, &self.shared.config, &user) {
                    self.relay.client.send_payload(&refusal, sequence).await.map_err(RelayError::Client)?;
                    return Ok(Flow::End);
                }
                self.route.update(|info| info.database = database);
                let ok = crate::frontend::end::framed(&edited.unwrap_or(ok), sequence);
                self.begin(&ok).await?;
            }
            Verdict::Refused(err) => {
                self.leave();
                self.relay.client.send_payload(&err, sequence).await.map_err(RelayError::Client)?;
            }
        }
        Ok(Flow::Next)
    }

    /// Replication streams and cloning: bytes both ways until one side ends. Nothing of it is ours to watch.
    pub(super) async fn stream(&mut self) -> Result<Flow, RelayError> {
        self.route.block(Hindrance::certain(Blocker::UnknownStatement, "a stream of the binary log"));
        self.relay.command().await?;
        let Relay { client, server, .. } = &mut self.relay;
        let waiting = client.unread.split();
        server.send(&waiting).await.map_err(RelayError::Server)?;
        client.stream.used_but(0);
        tokio::select! {
            copied = copy_bidirectional(&mut client.stream, &mut server.stream) => drop(copied.map_err(RelayError::Server)?),
            // It has no boundary of its own to wait for.
            () = self.shared.boundary.cancelled() => {}
        }
        Ok(Flow::End)
    }
}
