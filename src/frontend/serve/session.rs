//! One client's session: the command loop.

use std::pin::Pin;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::time::{Instant, Sleep};

use super::backend::{Backend, Call, Failure, Statement};
use super::channel::{Channel, ReadError};
use super::error::{About, MysqlError};
use super::login::{self, Login, LoginError};
use super::prepared::Prepared;
use super::result::Sink;
use super::settings::Settings;
use super::state::State;
use super::temporary::Temporary;
use super::transaction::NextTransaction;
use super::xa::Branch;
use super::{Peer, Serving, variables};
use crate::config::UserLimit;
use crate::frontend::carried::Carried;
use crate::frontend::idle::SILENCE;
use crate::frontend::limits;
use crate::route::{self, ServingSide};
use crate::schema::Catalogue;
use crate::wire::compressed::Algorithm;
use crate::wire::handshake::ChangeUser;
use crate::wire::resultset;
use crate::wire::{Capabilities, Command, reader};

/// A client that has just logged in.
pub(super) struct Newcomer {
    pub(super) login: Login,
    pub(super) address: String,
    pub(super) connection_id: u64,
}

/// A session. Its futures are never dropped half-way but at the end of the process.
pub(super) struct Session {
    pub(super) serving: Arc<Serving>,
    pub(super) channel: Channel,
    pub(super) state: State,
    pub(super) backend: Backend,
    pub(super) prepared: Prepared,
    pub(super) next_transaction: NextTransaction,
    /// Those of the open transaction, for AND CHAIN.
    pub(super) characteristics: Option<NextTransaction>,
    /// Access mode of the open transaction.
    pub(super) read_only: bool,
    /// LOCK TABLES.
    pub(super) table_locks: Option<Vec<crate::sql::plan::TableLock>>,
    pub(super) branch: Branch,
    pub(super) temporary: Temporary,
    /// The prepared statement that COM_STMT_EXECUTE executes.
    pub(super) executing: Option<u32>,
    /// Another result of the same command follows.
    pub(super) more_results: bool,
    /// Procedures that are executed, outermost first.
    pub(super) calls: Vec<Arc<crate::schema::Routine>>,
    /// What EXECUTE … USING names for the values of the statement that runs.
    pub(super) using: Vec<String>,
    /// The result on its way has the OUT parameters of a prepared CALL.
    pub(super) out_parameters: bool,
    /// COM_SET_OPTION and the capability of the same name.
    pub(super) multi_statements: bool,
    /// Session state changes that the next OK reports.
    pub(super) changes: Vec<resultset::StateChange>,
    pub(super) peer: Arc<Peer>,
    route_session: route::Session,
    /// A fresh session's database, entered before the first command.
    initial_database: Option<String>,
    greets: bool,
    /// To be switched on once the client has the OK of its login.
    compression: Option<Algorithm>,
    /// Ends an idle session. It stays set and is put off when it fires: a timer for each command would be the earliest
    /// one, and setting that wakes the runtime.
    idle: Option<Pin<Box<Sleep>>>,
}

/// What a call into the backend needs, held apart from the session's own borrow.
pub(super) struct Grip {
    serving: Arc<Serving>,
    pub(super) catalogue: Arc<Catalogue>,
    settings: Arc<Settings>,
    peer: Arc<Peer>,
    no_wait: bool,
}

impl Grip {
    pub(super) fn call(&self) -> Call<'_> {
        Call {
            serving: &self.serving,
            peer: &self.peer,
            settings: &self.settings,
            about: About { catalogue: &self.catalogue, no_wait: self.no_wait },
        }
    }

    /// For a statement with a limit of its own, in milliseconds; 0 is none.
    pub(super) fn limited_to(mut self, milliseconds: u64) -> Self {
        self.settings = super::settings::Settings::limited_to(&self.settings, milliseconds);
        self
    }

    pub(super) const fn no_wait(mut self, no_wait: bool) -> Self {
        self.no_wait = no_wait;
        self
    }
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Continue,
    End,
}

impl Session {
    /// A session that begins here.
    pub(super) fn fresh(
        serving: Arc<Serving>,
        channel: Channel,
        route_session: route::Session,
        newcomer: Newcomer,
    ) -> Self {
        let Newcomer { login, address, connection_id } = newcomer;
        let collation = if login.collation == 0 { 255 } else { login.collation };
        let state = State::new(login.user, address, connection_id, collation);
        let mut session = Self::build(serving, channel, route_session, state);
        session.state.variables.begin(&session.serving.defaults);
        session.initial_database = login.database;
        session.compression = login.compression;
        session.greets = true;
        session
    }

    /// A session that MySQL served until now.
    pub(super) fn carried(serving: Arc<Serving>, carried: Carried) -> Self {
        let mut channel = Channel::new(carried.stream);
        channel.unread = carried.unread;
        channel.capabilities = carried.capabilities;
        let mut state = State::new(carried.user, carried.client_host, carried.connection_id, carried.collation);
        state.database = carried.database;
        state.last_insert_id = carried.last_insert_id;
        for (name, value) in carried.variables.iter() {
            match name {
                // They speak of MySQL's own progress, not of the session.
                "timestamp" | "insert_id" | "last_insert_id" | "sql_log_bin" => {}
                _ => state.variables.set(name, Some(variables::as_reported(name, value))),
            }
        }
        let mut session = Self::build(serving, channel, carried.route_session, state);
        session.prepared.carry(carried.prepared);
        session.follow_results();
        session
    }

    fn build(serving: Arc<Serving>, channel: Channel, route_session: route::Session, state: State) -> Self {
        let peer = Arc::new(Peer {
            user: state.user.clone(),
            host: state.host_name().to_owned(),
            database: std::sync::Mutex::new(state.database.clone()),
            kill: tokio_util::sync::CancellationToken::new(),
            interrupt: tokio::sync::Notify::new(),
            command: std::sync::atomic::AtomicU64::new(0),
            interrupted: std::sync::atomic::AtomicU64::new(u64::MAX),
            running: tokio::sync::Mutex::new(None),
        });
        serving.peers.insert(state.connection_id, Arc::clone(&peer));
        let multi_statements = channel.capabilities.contains(Capabilities::MULTI_STATEMENTS);
        Self {
            serving,
            channel,
            state,
            backend: Backend::new(),
            prepared: Prepared::default(),
            next_transaction: NextTransaction::default(),
            characteristics: None,
            read_only: false,
            table_locks: None,
            branch: Branch::None,
            temporary: Temporary::default(),
            executing: None,
            more_results: false,
            calls: Vec::new(),
            using: Vec::new(),
            out_parameters: false,
            multi_statements,
            changes: Vec::new(),
            peer,
            route_session,
            initial_database: None,
            greets: false,
            compression: None,
            idle: None,
        }
    }

    /// Runs until the client leaves, is killed, or loses its connection.
    pub(super) async fn run(mut self) {
        if let Err(error) = self.serve().await {
            tracing::debug!(%error, "a session ended");
        }
        self.finish().await;
        self.route_session.leave(false);
        self.serving.peers.remove(&self.state.connection_id);
    }

    async fn serve(&mut self) -> Result<(), ReadError> {
        if self.greets && !self.greet().await? {
            return Ok(());
        }
        loop {
            let Some(payload) = self.next_command().await? else { return Ok(()) };
            self.serving.metrics.commands.inc();
            let next = Box::pin(self.command(payload)).await;
            self.channel.flush().await?;
            if next == Next::End || self.peer.kill.is_cancelled() {
                return Ok(());
            }
        }
    }

    /// The OK that ends the login, or 1049.
    async fn greet(&mut self) -> Result<bool, ReadError> {
        if let Some(name) = self.initial_database.take()
            && let Err(error) = self.enter_database(&name)
        {
            self.channel.put_error(&error);
            self.channel.flush().await?;
            return Ok(false);
        }
        if let Err(error) = self.speak(self.state.collation) {
            self.channel.put_error(&error);
            self.channel.flush().await?;
            return Ok(false);
        }
        self.changes.clear();
        let ok = resultset::Ok { status: self.status(), ..resultset::Ok::default() };
        self.channel.put_ok(&ok);
        self.channel.flush().await?;
        if let Some(algorithm) = self.compression.take() {
            let unread = self.channel.unread.split();
            self.channel.stream.compress(algorithm, unread);
        }
        Ok(true)
    }

    /// Waits for a command; `None` when the session is over.
    async fn next_command(&mut self) -> Result<Option<BytesMut>, ReadError> {
        let limit = self.serving.config.listen.max_allowed_packet;
        let idle = self.state.variables.derived(&self.serving.defaults).wait_timeout;
        let idle = self.serving.config.load().listen.limits.idle_timeout.map_or(idle, |limit| idle.min(limit));
        let (kill, stop, boundary) = (self.peer.kill.clone(), self.serving.stop.clone(), self.serving.boundary.clone());
        let between = !self.route_session.is_active() && self.channel.unread.is_empty();
        let mut over = Instant::now() + idle;
        let mut last_word = false;
        let read = loop {
            let timer = self.idle.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(over)));
            if timer.deadline() > over {
                timer.as_mut().reset(over);
            }
            tokio::select! {
                biased;
                () = kill.cancelled() => return Ok(None),
                () = boundary.cancelled(), if between => return Ok(None),
                () = stop.cancelled(), if between && !last_word => {
                    // A client that isn't silent may go on for now.
                    last_word = true;
                    over = over.min(Instant::now() + SILENCE);
                }
                read = self.channel.packet(limit) => break Ok(read),
                () = timer.as_mut() => {
                    if Instant::now() >= over && last_word {
                        return Ok(None);
                    }
                    if Instant::now() >= over {
                        break Err(());
                    }
                    timer.as_mut().reset(over);
                }
            }
        };
        match read {
            Ok(Ok(packet)) => Ok(Some(packet.payload)),
            Ok(Err(ReadError::Io(error))) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
            Ok(Err(ReadError::TooLarge(error))) => {
                self.channel.sequence = 1;
                let told = MysqlError::new(1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes");
                self.channel.put_error(&told);
                self.channel.flush().await?;
                Err(ReadError::TooLarge(error))
            }
            Ok(Err(error)) => Err(error),
            Err(()) => {
                self.channel.sequence = 0;
                let text = "The client was disconnected by the server because of inactivity. See wait_timeout and interactive_timeout for configuring this behavior.";
                self.channel.put_error(&MysqlError::new(4031, "HY000", text));
                self.channel.flush_unasked().await?;
                Ok(None)
            }
        }
    }

    /// Executes one command and appends its answer.
    async fn command(&mut self, payload: BytesMut) -> Next {
        let Some((&first, body)) = payload.split_first() else {
            self.channel.put_error(&MysqlError::malformed());
            return Next::End;
        };
        let Some(command) = Command::from_byte(first) else {
            self.channel.put_error(&MysqlError::unknown_command());
            return Next::Continue;
        };
        match command {
            Command::Quit => return Next::End,
            // These have no answer, or none that touches data.
            Command::StmtClose | Command::StmtSendLongData => {
                let understood = if command == Command::StmtClose {
                    self.close_statement(&payload)
                } else {
                    self.long_data(&payload)
                };
                // MySQL answers one that is too short to name its statement; MariaDB says nothing to that either.
                if let Err(malformed) = understood
                    && !self.serving.is_mariadb()
                {
                    self.state.failed(&malformed);
                    self.channel.put_error(&malformed);
                }
                return Next::Continue;
            }
            _ => {}
        }
        let admission = self.route_session.enter(false).await;
        if admission.side == ServingSide::Source {
            self.channel.put_error(&MysqlError::backend_lost());
            self.route_session.leave(false);
            return Next::End;
        }
        self.peer.begins_command();
        let outcome = self.dispatch(command, &payload, body).await;
        let next = match outcome {
            Ok(()) => Next::Continue,
            Err(failure) => {
                self.state.absorb(self.backend.take_raised());
                let failure = if self.serving.is_cutting() { failure.of_shutdown() } else { failure };
                self.state.failed(&failure.error);
                self.channel.put_error(&failure.error);
                if failure.ends_connection { Next::End } else { Next::Continue }
            }
        };
        self.drop_doomed().await;
        self.more_results = false;
        self.route_session.leave(self.backend.in_transaction());
        next
    }

    async fn dispatch(&mut self, command: Command, payload: &[u8], body: &[u8]) -> Result<(), Failure> {
        match command {
            Command::Query => self.query(body).await,
            Command::StmtPrepare => self.prepare(body),
            Command::StmtExecute => self.execute(payload).await,
            Command::StmtReset => self.reset_statement(payload),
            Command::StmtFetch => self.fetch(payload).await,
            Command::InitDb => {
                let name = String::from_utf8_lossy(body).into_owned();
                self.enter_database(&name)?;
                self.ok();
                Ok(())
            }
            Command::Ping => {
                self.ok();
                Ok(())
            }
            Command::FieldList => self.field_list(body),
            Command::Statistics => {
                let text = self.statistics();
                self.channel.put(|out| out.extend_from_slice(text.as_bytes()));
                Ok(())
            }
            Command::SetOption => self.set_option(body),
            Command::ResetConnection => {
                self.reset().await;
                self.ok();
                Ok(())
            }
            Command::ChangeUser => self.change_user(body).await,
            Command::ProcessKill => {
                let id = reader::Reader::new(body).u32().map_err(|_| MysqlError::malformed())?;
                self.kill(u64::from(id), false).await?;
                self.ok();
                Ok(())
            }
            Command::Debug => {
                self.channel.put_end(self.status(), 0);
                Ok(())
            }
            Command::Sleep
            | Command::Quit
            | Command::CreateDb
            | Command::DropDb
            | Command::Refresh
            | Command::Shutdown
            | Command::ProcessInfo
            | Command::Connect
            | Command::Time
            | Command::DelayedInsert
            | Command::BinlogDump
            | Command::TableDump
            | Command::ConnectOut
            | Command::RegisterSlave
            | Command::StmtSendLongData
            | Command::StmtClose
            | Command::Daemon
            | Command::BinlogDumpGtid
            | Command::Clone
            | Command::SubscribeGroupReplication => Err(MysqlError::unknown_command().into()),
        }
    }

    /// A plain OK with the session's status.
    pub(super) fn ok(&mut self) {
        let ok = resultset::Ok {
            status: self.status(),
            warnings: self.state.warning_count(),
            changes: std::mem::take(&mut self.changes),
            ..resultset::Ok::default()
        };
        self.channel.put_ok(&ok);
    }

    /// USE: the name as the catalogue spells it.
    pub(super) fn enter_database(&mut self, name: &str) -> Result<(), MysqlError> {
        let catalogue = self.serving.catalogue.load();
        let known = catalogue.databases.keys().find(|known| {
            *known == name || (catalogue.lower_case_table_names != 0 && known.eq_ignore_ascii_case(name))
        });
        let system = ["information_schema", "mysql", "performance_schema", "sys"];
        let found = match known {
            Some(known) => known.clone(),
            None if system.contains(&name.to_ascii_lowercase().as_str()) => name.to_ascii_lowercase(),
            None => return Err(MysqlError::unknown_database(name)),
        };
        self.set_database(Some(found.clone()));
        self.changes.push(resultset::StateChange::Schema(found));
        Ok(())
    }

    pub(super) fn set_database(&mut self, database: Option<String>) {
        self.state.database.clone_from(&database);
        let (charset, collation) = self.database_charset();
        self.state.variables.set("character_set_database", Some(charset));
        self.state.variables.set("collation_database", Some(collation));
        *self.peer.database.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = database.clone();
        self.route_session.update(|info| info.database = database);
    }

    /// What the backend needs for a call.
    pub(super) fn grip(&self) -> Grip {
        self.grip_for(false)
    }

    /// What the backend needs for a write whose helpers fail where they would warn, or for anything else.
    pub(super) fn grip_for(&self, strict: bool) -> Grip {
        let own_access = self.backend.in_transaction() || !self.temporary.is_empty();
        let derived = self.state.variables.derived(&self.serving.defaults);
        Grip {
            serving: Arc::clone(&self.serving),
            catalogue: self.catalogue(),
            settings: derived.settings(own_access, strict),
            peer: Arc::clone(&self.peer),
            no_wait: false,
        }
    }

    /// Runs a statement of ours.
    pub(super) async fn perform(&mut self, statement: &Statement<'_>, sink: &mut Sink<'_>) -> Result<u64, Failure> {
        let grip = self.grip();
        let performed = self.backend.perform(grip.call(), statement, sink).await;
        self.state.absorb(self.backend.take_raised());
        performed
    }

    /// Ends what the session holds: its transaction, its locks and its connection. Work under LOCK TABLES counts as
    /// committed for the client.
    async fn finish(&mut self) {
        if self.hides_transaction()
            && let Err(failure) = self.commit_open().await
        {
            tracing::debug!(error = %failure.error, "work under LOCK TABLES was lost");
        }
        self.table_locks = None;
        self.branch = Branch::None;
        self.backend.rollback_quietly().await;
        self.drop_temporary().await;
        self.serving.locks.release_all(self.state.connection_id);
    }

    async fn reset(&mut self) {
        self.finish().await;
        self.state.reset();
        self.state.collation = 255;
        self.state.variables.begin(&self.serving.defaults);
        self.follow_results();
        self.prepared = Prepared::default();
        self.next_transaction = NextTransaction::default();
    }

    fn set_option(&mut self, body: &[u8]) -> Result<(), Failure> {
        match reader::Reader::new(body).u16() {
            Ok(0) => self.multi_statements = true,
            Ok(1) => self.multi_statements = false,
            _ => return Err(MysqlError::unknown_command().into()),
        }
        self.channel.put_end(self.status(), 0);
        Ok(())
    }

    async fn change_user(&mut self, body: &[u8]) -> Result<(), Failure> {
        let change = ChangeUser::parse(body, self.channel.capabilities).map_err(|_| MysqlError::malformed())?;
        self.reset().await;
        let user = String::from_utf8_lossy(&change.user).into_owned();
        let proved = Box::pin(login::change_user(&self.serving, &mut self.channel, &user, &self.state.host));
        let limit = self.serving.config.load().listen.handshake_timeout;
        match tokio::time::timeout(limit, proved).await {
            Ok(Ok(())) => {}
            // The connection ends with the refusal, as in MySQL.
            Ok(Err(LoginError::Refused(error))) => return Err(Failure::fatal(error)),
            Ok(Err(_)) | Err(_) => return Err(Failure::fatal(MysqlError::malformed())),
        }
        self.state.set_user(&user);
        let limit = self.serving.config.load().listen.limits.of_user(&user);
        if !self.route_session.log_in(&user, limit.map(UserLimit::most)) {
            let (code, text) = limits::refusal(&user, limit);
            return Err(Failure::fatal(MysqlError::new(code, "42000", text)));
        }
        if let Some(collation) = change.collation {
            self.speak(collation)?;
        }
        self.set_database(None);
        if let Some(name) = change.database.filter(|name| !name.is_empty()) {
            self.enter_database(&String::from_utf8_lossy(&name))?;
        }
        self.ok();
        Ok(())
    }

    /// KILL and COM_PROCESS_KILL.
    pub(super) async fn kill(&mut self, id: u64, query_only: bool) -> Result<(), Failure> {
        let unknown = || MysqlError::new(1094, "HY000", format!("Unknown thread id: {id}"));
        let peer = self.serving.peers.get(&id).map(|peer| Arc::clone(peer.value())).ok_or_else(unknown)?;
        if peer.user != self.state.user {
            return Err(MysqlError::new(1095, "HY000", format!("You are not owner of thread {id}")).into());
        }
        if query_only {
            peer.interrupt_command().await;
        } else {
            peer.kill.cancel();
            peer.cancel_running(|| true).await;
        }
        if id == self.state.connection_id {
            return Err(MysqlError::interrupted().into());
        }
        Ok(())
    }

    fn statistics(&self) -> String {
        let threads = self.serving.peers.len();
        let questions = self.serving.metrics.commands.get();
        format!(
            "Uptime: 0  Threads: {threads}  Questions: {questions}  Slow queries: 0  Opens: 0  Flush tables: 0  Open tables: 0  Queries per second avg: 0.000"
        )
    }
}
