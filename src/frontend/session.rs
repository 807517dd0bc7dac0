//! A client's session while MySQL serves: one task, one connection to MySQL of its own.
//!
//! One command at a time: read, understood beside the bytes, let through the gates, forwarded, and its reply relayed
//! to its end. Commands that arrive meanwhile wait in the buffer. At a transaction boundary the gate may answer that
//! PostgreSQL serves now; the session is then handed over with the command that waits.

use std::io;
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt;

use super::capturing::{Capturing, Preparation};
use super::carried::{Carried, CarriedStatement};
use super::dialect::Dialect;
use super::door::Shared;
use super::facts::{Facts, Heard, Transaction};
use super::holdings::{Expected, Holdings};
use super::idle::Idle;
use super::inject::{self, Setup};
use super::login::LoggedIn;
use super::prepared::{Prepared, Statements};
use super::relay::{Delivered, Delivery, Relay, RelayError};
use super::request::{Keep, Reading, Request};
use super::tracking::{Setting, is_off};
use crate::observe::without_values;
use crate::route::{self, Admission, ServingSide};
use crate::sql::StatementClass;
use crate::wire::command::StatementCommand;
use crate::wire::compressed::Algorithm;
use crate::wire::packet::{self, HEADER_LENGTH, Header, MAX_PAYLOAD};
use crate::wire::reply;
use crate::wire::tracker::ReplyShape;
use crate::wire::{Capabilities, Command};

mod end;
mod known;
mod special;
mod waiting;

/// Commands up to this size are read whole before they're forwarded; of larger ones the front is enough.
const WHOLE: usize = 1 << 20;
/// So much of a larger command is looked at.
const FRONT: usize = 64 << 10;

/// A session.
pub(super) struct Session<'a> {
    shared: &'a Shared,
    relay: Relay,
    route: route::Session,
    setup: Setup,
    statements: Statements,
    capturing: Option<Capturing>,
    holdings: Holdings,
    /// The operator was told that LOCK TABLES is in force.
    locked_told: bool,
    idle: Idle,
    ending: waiting::Ending,
    asked: Asked,
    /// To be switched on once the client has the OK of its login.
    compression: Option<Algorithm>,
}

/// What a session that ends in the middle leaves behind of the command whose answer isn't complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    /// It has no effect: it reads, or its transaction ends with the connection.
    Undone,
    /// MySQL may commit it after the connection has gone: it doesn't look at connections while it waits for a lock.
    MayCommit,
}

/// What comes after a command.
enum Flow {
    Next,
    End,
    /// PostgreSQL serves: the session goes on there.
    Carry,
}

impl<'a> Session<'a> {
    /// A session of a client that MySQL accepted; the client doesn't know yet.
    pub(super) fn new(shared: &'a Shared, login: LoggedIn, route: route::Session) -> (Self, Bytes) {
        let LoggedIn { client, host, server, greeting, response, server_capabilities, compression, ok, sequence } =
            login;
        let dialect = Dialect::of(&greeting.server_version);
        let mut facts = Facts {
            dialect,
            client_capabilities: response.capabilities,
            server_capabilities,
            user: String::from_utf8_lossy(&response.user).into_owned(),
            client_host: host,
            database: response.database.map(|name| String::from_utf8_lossy(&name).into_owned()),
            collation: u16::from(response.collation),
            connection_id: u64::from(greeting.connection_id),
            scramble: greeting.scramble,
            transaction: Transaction::None,
            autocommit: true,
            variables: super::variables::Variables::default(),
            wanted: super::tracking::Wanted::everything().of_quiet_server(!dialect.tells_unasked()),
            last_insert_id: 0,
            wrote: false,
            blind: false,
            read_only: false,
            next_is_set: false,
            multi_statements: response.capabilities.contains(Capabilities::MULTI_STATEMENTS),
            changed: false,
            doubted: false,
            untold: false,
            retracked: Vec::new(),
            tables_locked: false,
            foreseen: None,
            speaks: false,
            injected: None,
            told: super::tracking::Told::default(),
            begins: false,
            owed: super::facts::Owed::default(),
        };
        route.update(|info| {
            info.connection_id = facts.connection_id;
            info.user.clone_from(&facts.user);
            info.client.clone_from(&facts.client_host);
            info.database.clone_from(&facts.database);
        });
        let heard = facts.hear(crate::wire::tracker::Kind::Ok, &ok, &mut Heard::default());
        let ok = heard.ok().flatten().unwrap_or(ok);
        let capturing = shared.capture.as_ref().map(|capture| Capturing::new(capture.session(facts.connection_id)));
        let relay = Relay { client, server, facts, client_ended: false, answered: false };
        let session = Self {
            shared,
            relay,
            route,
            setup: Setup::Needed,
            statements: Statements::default(),
            capturing,
            holdings: Holdings::default(),
            locked_told: false,
            idle: Idle::default(),
            ending: waiting::Ending::of(&shared.shutdown),
            asked: Asked::Nothing,
            compression,
        };
        (session, super::end::framed(&ok, sequence))
    }

    /// Runs the session to its end.
    pub(super) async fn run(self, ok: Bytes) {
        let mut running = end::Running(Some(self));
        let ended = match running.session().begin(&ok).await {
            Ok(()) => running.session().commands().await,
            Err(error) => Err(error),
        };
        running.take().ended(ended).await;
    }

    async fn ended(mut self, ended: Result<Flow, RelayError>) {
        match ended {
            Ok(Flow::Carry) => return self.hand_over().await,
            Ok(Flow::Next | Flow::End) => {}
            Err(RelayError::Server(_)) => {
                self.shared.metrics.source_lost.inc();
                if let Some(capturing) = &mut self.capturing {
                    capturing.lost();
                }
                self.relay.last_words().await;
            }
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "a session ended"),
        }
        // Whatever was on its way to MySQL without an answer has an unknown outcome: dropping `capturing` says so.
        let _ = self.relay.client.stream.shutdown().await;
    }

    /// Tells the client that it's in, and switches the trackers on before its first command is read.
    async fn begin(&mut self, ok: &Bytes) -> Result<(), RelayError> {
        let commands = inject::setup_commands(&self.relay.facts);
        self.relay.server.send(&commands).await.map_err(RelayError::Server)?;
        let client = &mut self.relay.client;
        client.send(ok).await.map_err(RelayError::Client)?;
        if let Some(algorithm) = self.compression.take() {
            client.stream.compress(algorithm, client.unread.split());
        }
        self.finish_setup().await?;
        self.leave();
        Ok(())
    }

    async fn finish_setup(&mut self) -> Result<(), RelayError> {
        let Relay { server, facts, .. } = &mut self.relay;
        self.setup = inject::finish_setup(server, facts).await.map_err(RelayError::Server)?;
        if let Some(capturing) = &mut self.capturing {
            capturing.begin_anew();
        }
        self.tell_variables();
        Ok(())
    }

    /// Switches the trackers on (again): MySQL forgot them, or the client changed them.
    async fn set_up(&mut self) -> Result<(), RelayError> {
        let commands = inject::setup_commands(&self.relay.facts);
        self.relay.server.send(&commands).await.map_err(RelayError::Server)?;
        self.finish_setup().await
    }

    async fn commands(&mut self) -> Result<Flow, RelayError> {
        loop {
            if !self.await_command().await? {
                return Ok(Flow::End);
            }
            self.shared.metrics.commands.inc();
            (self.asked, self.relay.answered) = (Asked::Undone, false);
            match self.command().await? {
                Flow::Next => self.asked = Asked::Nothing,
                end @ (Flow::End | Flow::Carry) => return Ok(end),
            }
        }
    }

    /// True when the next command can be looked at: it's whole, or it's large and its front is there.
    fn enough(&mut self) -> Result<bool, RelayError> {
        let unread = &self.relay.client.unread;
        let Some(header) = Header::peek(unread) else { return Ok(false) };
        let whole = HEADER_LENGTH + header.length;
        if header.length <= WHOLE && whole <= unread.len() {
            return Ok(true);
        }
        if unread.get(HEADER_LENGTH) == Some(&(Command::StmtPrepare as u8)) {
            return Ok(self.whole_length()?.is_some());
        }
        Ok(header.length > WHOLE && unread.len() >= FRONT)
    }

    /// Bytes of the next command with all its packets, once they are all there.
    fn whole_length(&self) -> Result<Option<usize>, RelayError> {
        let limit = self.shared.config.listen.max_allowed_packet;
        let unread = &self.relay.client.unread;
        let mut at = 0;
        loop {
            let Some(header) = unread.get(at..).and_then(Header::peek) else { return Ok(None) };
            at += HEADER_LENGTH + header.length;
            if at > limit.saturating_add(HEADER_LENGTH * (limit / MAX_PAYLOAD + 1)) {
                return Err(RelayError::Client(io::ErrorKind::InvalidData.into()));
            }
            if header.length < MAX_PAYLOAD {
                return Ok((at <= unread.len()).then_some(at));
            }
        }
    }

    /// Reads the next command to its end.
    async fn read_whole(&mut self) -> Result<BytesMut, RelayError> {
        let length = loop {
            match self.whole_length() {
                Ok(Some(length)) => break length,
                Ok(None) => self.relay.client.fill().await.map_err(RelayError::Client)?,
                Err(error) => {
                    let refusal = reply::err(1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes");
                    let _ = self.relay.client.send_payload(&refusal, 1).await;
                    return Err(error);
                }
            }
        };
        let mut copy = self.relay.client.unread.get(..length).map(BytesMut::from).unwrap_or_default();
        let joined = packet::take(&mut copy, usize::MAX).ok().flatten();
        Ok(joined.map(|packet| packet.payload).unwrap_or_default())
    }

    /// Looks at the next command, which stays where it is, and says whether it was seen whole.
    fn look(&self, keep: Keep) -> (Request, bool) {
        let unread = &self.relay.client.unread;
        let header = Header::peek(unread).map_or(0, |header| header.length);
        let payload = unread.get(HEADER_LENGTH..).unwrap_or_default();
        let whole = header < MAX_PAYLOAD && payload.len() >= header;
        let payload = payload.get(..header.min(payload.len())).unwrap_or_default();
        (self.with_prepared(Request::of(payload, whole, keep, self.reading())), whole)
    }

    const fn reading(&self) -> Reading {
        let Facts { client_capabilities, multi_statements, dialect, .. } = self.relay.facts;
        Reading { capabilities: client_capabilities, multi_statements, dialect }
    }

    /// An execution runs the text that was prepared.
    fn with_prepared(&self, mut request: Request) -> Request {
        if let Some(StatementCommand::Execute { id, .. }) = request.prepared {
            request.statement = self.statements.get(id).map(|prepared| prepared.statement.clone());
        }
        request
    }

    async fn command(&mut self) -> Result<Flow, RelayError> {
        let capture_likely = self.capturing.is_some() && self.shared.route.capturing();
        let (mut request, whole) = self.look(if capture_likely { Keep::Effects } else { Keep::Nothing });
        if request.command == Some(Command::Quit) {
            self.relay.command().await?;
            return Ok(Flow::End);
        }
        if request.shape == ReplyShape::Stream {
            return self.stream().await;
        }
        let in_transaction = self.relay.facts.transaction != Transaction::None;
        let may_commit = request.may_commit(in_transaction, self.relay.facts.autocommit);
        let admission = self.enter(may_commit).await?;
        if may_commit {
            self.asked = Asked::MayCommit;
        }
        if admission.side == ServingSide::Target {
            return Ok(Flow::Carry);
        }
        self.make_sure(&request).await?;
        if request.shape == ReplyShape::Authentication {
            return self.change_user().await;
        }
        let capturing = admission.captured && self.capturing.is_some();
        let payload = self.payload_for(&mut request, whole, capturing).await?;
        let expected = self.before(&request, &payload);
        let delivered = if capturing {
            self.captured(&request, &payload).await?
        } else {
            self.relay.command().await?;
            self.relay.reply(request.shape, Delivery::Forward).await?
        };
        self.after(&request, expected, &delivered.heard);
        self.settle(&request, &delivered.heard, in_transaction);
        if request.command == Some(Command::ResetConnection) && delivered.heard.failed().is_none() {
            self.set_up().await?;
        }
        self.leave();
        if let Some(error) = delivered.client_lost {
            return Err(RelayError::Client(error));
        }
        Ok(Flow::Next)
    }

    /// The command's payload if more than its front is asked for: by capturing, for what a transaction may record, and
    /// of what is prepared. `request` is then what the whole of it says.
    async fn payload_for(
        &mut self,
        request: &mut Request,
        whole: bool,
        capturing: bool,
    ) -> Result<BytesMut, RelayError> {
        let lacks_text = request.lacks_text();
        let wanted = match request.command {
            Some(Command::StmtPrepare) => lacks_text,
            // The end of a query tells whether it locks.
            Some(Command::Query) => capturing && lacks_text && (!whole || request.is_recorded()),
            _ => capturing && request.is_recorded(),
        };
        if !wanted {
            return Ok(BytesMut::new());
        }
        let payload = self.read_whole().await?;
        if lacks_text {
            *request = self.with_prepared(Request::of(&payload, true, Keep::All, self.reading()));
        }
        Ok(payload)
    }

    /// Waits for the gates. Meanwhile what the client sends is taken, so that a client that goes away is noticed.
    async fn enter(&mut self, may_commit: bool) -> Result<Admission, RelayError> {
        let Self { route, relay, .. } = self;
        let mut entering = pin!(route.enter(may_commit));
        loop {
            let listening = !relay.client_ended && relay.client.unread.len() < FRONT;
            tokio::select! {
                biased;
                admission = &mut entering => return Ok(admission),
                filled = relay.client.fill(), if listening => relay.client_ended |= filled.is_err(),
            }
        }
    }

    /// Forwards a command of a captured transaction, with what capturing needs around it.
    async fn captured(&mut self, request: &Request, payload: &[u8]) -> Result<Delivered, RelayError> {
        let Some(capturing) = &mut self.capturing else { return Err(RelayError::Reply(crate::wire::Malformed)) };
        let prepared = match request.prepared {
            Some(StatementCommand::Execute { id, .. }) => self.statements.get(id),
            _ => None,
        };
        let Preparation { injected, replies, delivery } =
            capturing.before(&mut self.relay, self.shared, request, (payload, prepared)).await?;
        if !injected.is_empty() {
            self.relay.server.send(&injected).await.map_err(RelayError::Server)?;
        }
        self.relay.command().await?;
        for _ in 0..replies {
            let Relay { server, facts, .. } = &mut self.relay;
            inject::answer(server, facts).await.map_err(RelayError::Server)?;
        }
        let mut delivered = self.relay.reply(request.shape, delivery).await?;
        capturing.after(self.shared, &self.relay.facts, request, &delivered.heard).await;
        if !delivered.held.is_empty()
            && delivered.client_lost.is_none()
            && let Err(error) = self.relay.client.send(&delivered.held).await
        {
            delivered.client_lost = Some(error);
        }
        Ok(delivered)
    }

    /// Notes what a command does by being sent, whatever the answer.
    fn before(&mut self, request: &Request, payload: &[u8]) -> Option<Expected> {
        let expected = self.expected(request);
        let facts = &mut self.relay.facts;
        let one = request.statement.as_ref().filter(|statement| !statement.several);
        facts.begins = one.is_some_and(|statement| statement.class == StatementClass::Begin);
        facts.foreseen = request.statement.as_ref().filter(|statement| statement.retracks).map(|statement| {
            let assigned = statement.tracking.iter();
            assigned.fold(facts.wanted.clone(), |wanted, (setting, value)| wanted.with(*setting, value))
        });
        facts.speaks = request.statement.as_ref().is_some_and(|statement| {
            let speaks = |(setting, value): &(Setting, String)| match setting {
                Setting::Transaction => !is_off(value),
                Setting::Variables => value.is_empty(),
                Setting::Gtids | Setting::Schema | Setting::State => false,
            };
            facts.dialect == Dialect::MySql && statement.tracking.iter().any(speaks)
        });
        match request.prepared {
            Some(StatementCommand::Close { id }) => {
                self.statements.remove(id);
                self.tell_prepared();
            }
            Some(StatementCommand::LongData { id, parameter }) => {
                let limit = self.shared.config.listen.max_allowed_packet;
                self.statements.add_data(id, parameter, (!payload.is_empty()).then_some(payload), limit);
            }
            Some(StatementCommand::Execute { id, .. }) => {
                let query_attributes = facts.client_capabilities.contains(Capabilities::QUERY_ATTRIBUTES);
                let front = self.relay.client.unread.get(HEADER_LENGTH..).unwrap_or_default();
                self.statements.bind(id, front, query_attributes);
            }
            Some(StatementCommand::Reset { .. } | StatementCommand::Fetch { .. }) | None => {}
        }
        expected
    }

    /// Notes what MySQL did.
    fn after(&mut self, request: &Request, expected: Option<Expected>, heard: &Heard) {
        match request.prepared {
            Some(StatementCommand::Reset { id }) => self.statements.reset(id),
            Some(StatementCommand::Execute { id, .. } | StatementCommand::Fetch { id }) => {
                self.statements.executed(id, heard.cursor_opened, heard.last_row_sent);
            }
            Some(StatementCommand::Close { .. } | StatementCommand::LongData { .. }) | None => {}
        }
        if let (Some(head), Some(statement)) = (heard.prepared, &request.statement) {
            self.statements.insert(head.id, Prepared::new(statement.clone(), head.parameters));
            self.tell_prepared();
        }
        if heard.failed().is_none() {
            self.after_success(request);
        }
        self.note_retracked();
        self.note_holdings(request, expected, heard);
    }

    fn after_success(&mut self, request: &Request) {
        if request.command == Some(Command::ResetConnection) {
            self.begin_anew();
        }
        if let Some(wanted) = self.relay.facts.foreseen.take() {
            self.relay.facts.wanted = wanted;
            self.setup = Setup::Needed;
        }
    }

    /// After an ERR: says whether a transaction can be open now. Outside a transaction an ordinary statement that
    /// fails leaves none behind.
    fn settle(&mut self, request: &Request, heard: &Heard, was_inside: bool) {
        let facts = &mut self.relay.facts;
        if facts.transaction != Transaction::Unknown || was_inside || !facts.autocommit || heard.count > 1 {
            return;
        }
        let ordinary = request.statement.as_ref().is_none_or(|statement| {
            use StatementClass as Class;
            !statement.several
                && !matches!(
                    statement.class,
                    Class::Call | Class::TextPrepared | Class::Unknown | Class::Begin | Class::Xa
                )
        });
        if ordinary {
            facts.transaction = Transaction::None;
        }
    }

    fn begin_anew(&mut self) {
        self.relay.facts.begin_anew();
        if let Some(capturing) = &mut self.capturing {
            capturing.rolled_back();
        }
        self.statements.clear();
        self.setup = Setup::Needed;
        self.holdings = Holdings::default();
        self.tell_anew();
    }

    /// PostgreSQL serves: closes the connection to MySQL and gives everything else away.
    async fn hand_over(mut self) {
        self.read_last().await;
        self.tell_gone();
        let Self { shared, relay, route, statements, .. } = self;
        let Relay { client, mut server, mut facts, .. } = relay;
        if !facts.dialect.tells_everything()
            && let Err(reason) = inject::as_mysql(&mut server, &mut facts).await
        {
            tracing::warn!(reason = without_values(&reason), user = %facts.user, "a session can't go on on PostgreSQL and is ended");
            return;
        }
        let _ = server.send(&super::end::framed(&[Command::Quit as u8], 0)).await;
        drop(server);
        let prepared = statements.into_iter().filter_map(|(id, prepared)| {
            let text = prepared.statement.text?;
            Some(CarriedStatement { id, text, parameter_types: prepared.types })
        });
        let carried = Carried {
            stream: client.stream,
            unread: client.unread,
            capabilities: facts.client_capabilities,
            user: facts.user,
            client_host: facts.client_host,
            database: facts.database,
            collation: facts.collation,
            variables: facts.variables,
            last_insert_id: facts.last_insert_id,
            prepared: prepared.collect(),
            connection_id: facts.connection_id,
            route_session: route,
        };
        shared.serve.carry(carried).await;
    }
}
