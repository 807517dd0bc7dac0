//! One connection to PostgreSQL: requests out, answers collected or streamed.

use std::sync::Arc;

use bytes::Bytes;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend::{self, BindError};

use super::cancel::CancelHandle;
use super::error::TargetError;
use super::flight::{Event, Flight, Pending};
use super::notice::Raised;
use super::row::Row;
use super::socket::Socket;
use super::startup;
use super::statements::{self, Statements, Use};
use crate::config::Target;

/// Bytes of rows that [`Client::query`], [`Client::pipeline`] and [`Client::simple`] collect at most.
const ANSWER_LIMIT: usize = 256 << 20;

/// One statement with its parameters, all in PostgreSQL's text format or all in its binary one.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub sql: &'a str,
    /// Declared type oids of the parameters; 0 or a missing one lets the server infer.
    pub types: &'a [u32],
    pub parameters: &'a [Option<Bytes>],
    /// The parameters are in binary format; `types` says how they're read.
    pub binary: bool,
}

impl<'a> Request<'a> {
    /// A statement without parameters.
    #[must_use]
    pub const fn new(sql: &'a str) -> Self {
        Self { sql, types: &[], parameters: &[], binary: false }
    }
}

/// The collected answer to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Type oids of the columns; empty when the statement returns no rows.
    pub columns: Vec<u32>,
    pub rows: Vec<Row>,
    /// The count of the command tag.
    pub affected: u64,
}

/// ReadyForQuery's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// No transaction is open.
    Idle,
    /// Inside a transaction.
    Open,
    /// Inside a transaction that an error has aborted: only ROLLBACK (TO) is accepted.
    Failed,
}

impl TransactionStatus {
    pub(super) const fn from_byte(byte: u8) -> Result<Self, TargetError> {
        match byte {
            b'I' => Ok(Self::Idle),
            b'T' => Ok(Self::Open),
            b'E' => Ok(Self::Failed),
            _ => Err(TargetError::Protocol("an unknown transaction status")),
        }
    }
}

/// A connection to PostgreSQL with one owner.
pub struct Client {
    pub(super) socket: Socket,
    pub(super) statements: Statements,
    /// Statements that the server should drop; sent in front of the next flight, where nothing can skip them.
    pub(super) closes: Vec<u64>,
    pub(super) status: TransactionStatus,
    /// True from sending until ReadyForQuery was read.
    pub(super) busy: bool,
    pub(super) broken: bool,
    pub(super) notices: u64,
    /// What the last flight raised for MySQL's client.
    pub(super) raised: Raised,
    server_version: String,
    cancel: CancelHandle,
}

impl Client {
    /// Connects and logs in within `target.connect_timeout`.
    ///
    /// # Errors
    /// When the server can't be reached, refuses the login or doesn't answer in time.
    pub async fn connect(target: &Target, application_name: &str) -> Result<Self, TargetError> {
        Self::connect_with(target, application_name, &[]).await
    }

    /// Like [`Client::connect`], with settings as session defaults, e.g. `("lock_timeout", "50s")`.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect_with(
        target: &Target,
        application_name: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self, TargetError> {
        let limit = target.connect_timeout;
        let connect = async {
            let mut socket = Socket::open(target).await?;
            let started = startup::start(&mut socket, target, application_name, settings).await?;
            Ok::<_, TargetError>((socket, started))
        };
        let (socket, started) =
            tokio::time::timeout(limit, Box::pin(connect)).await.map_err(|_| TargetError::ConnectTimeout(limit))??;
        Ok(Self {
            socket,
            statements: Statements::default(),
            closes: Vec::new(),
            status: TransactionStatus::from_byte(started.status)?,
            busy: false,
            broken: false,
            notices: 0,
            raised: Raised::default(),
            server_version: started.server_version,
            cancel: CancelHandle {
                target: Arc::new(target.clone()),
                process_id: started.process_id,
                secret_key: started.secret_key,
            },
        })
    }

    /// The transaction status after the last request.
    #[must_use]
    pub const fn status(&self) -> TransactionStatus {
        self.status
    }

    /// True when another request can be sent: nothing is in flight and the connection has not failed.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.busy && !self.broken && self.socket.is_drained()
    }

    /// The same connection with its socket on the runtime of this thread.
    ///
    /// # Errors
    /// When the socket can't be registered; the connection is closed then.
    pub(super) fn moved(self) -> std::io::Result<Self> {
        Ok(Self { socket: self.socket.moved()?, ..self })
    }

    /// Looks at an idle connection without waiting: false when the server has closed it or is about to.
    pub(super) fn is_alive(&mut self) -> bool {
        self.is_usable() && self.socket.is_quiet()
    }

    /// The server's version as it says it, e.g. `15.14 (Debian 15.14-0+deb12u1)`.
    #[must_use]
    pub fn server_version(&self) -> &str {
        &self.server_version
    }

    /// Takes the warnings and notes for MySQL's client that the last flight raised.
    pub fn take_raised(&mut self) -> Raised {
        std::mem::take(&mut self.raised)
    }

    /// Notices received so far, PostgreSQL's own included.
    #[must_use]
    pub const fn notices(&self) -> u64 {
        self.notices
    }

    /// Cancels what this connection executes, from another task.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    /// Sends one request and collects its answer. A cached statement that DDL made stale is prepared anew and the
    /// request repeated once, outside a transaction only.
    ///
    /// # Errors
    /// [`TargetError::Server`] when PostgreSQL refuses it; the other kinds mean the connection or the request.
    pub async fn query(&mut self, request: &Request<'_>) -> Result<Answer, TargetError> {
        let mut answers = self.pipeline(std::slice::from_ref(request)).await?;
        answers.pop().ok_or(TargetError::Protocol("no answer to a request"))
    }

    /// Sends all requests in one flight with one Sync and collects their answers. Outside a transaction block the
    /// whole pipeline is one implicit transaction. The first error ends it; the error says which request failed, and
    /// none of the later ones was executed.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn pipeline(&mut self, requests: &[Request<'_>]) -> Result<Vec<Answer>, TargetError> {
        let repeatable = self.status == TransactionStatus::Idle;
        match self.pipeline_once(requests).await {
            // The failed request was the first, so nothing before it has happened.
            Err(error)
                if repeatable && error.is_stale_plan() && error.server().is_some_and(|server| server.request == 0) =>
            {
                self.pipeline_once(requests).await
            }
            other => other,
        }
    }

    async fn pipeline_once(&mut self, requests: &[Request<'_>]) -> Result<Vec<Answer>, TargetError> {
        collect(self.start(requests)?).await
    }

    /// Sends text by the simple protocol, several statements if need be, and collects their answers.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn simple(&mut self, sql: &str) -> Result<Vec<Answer>, TargetError> {
        self.ready_to_send()?;
        let mark = self.socket.output.len();
        if let Err(error) = frontend::query(sql, &mut self.socket.output) {
            self.socket.output.truncate(mark);
            return Err(TargetError::Request(error.to_string()));
        }
        self.raised = Raised::default();
        self.busy = true;
        collect(Flight::new(self, Vec::new())).await
    }

    /// Sends all requests in one flight; the answers are read from the [`Flight`] as they arrive.
    ///
    /// # Errors
    /// [`TargetError::Request`] when a request can't be put in a message; nothing has been sent then.
    pub fn start(&mut self, requests: &[Request<'_>]) -> Result<Flight<'_>, TargetError> {
        self.ready_to_send()?;
        let mark = self.socket.output.len();
        match self.encode(requests) {
            Ok(pending) => {
                self.closes.clear();
                self.closes.extend(pending.1);
                self.busy = true;
                self.raised = Raised::default();
                Ok(Flight::new(self, pending.0))
            }
            Err(error) => {
                // Nothing was sent. Statements of this flight were only on their way, and stay unparsed.
                self.socket.output.truncate(mark);
                self.statements.settle();
                Err(error)
            }
        }
    }

    /// Ends the connection politely. Dropping the client closes it as well.
    pub async fn close(mut self) {
        if self.is_usable() {
            frontend::terminate(&mut self.socket.output);
            if let Err(error) = self.socket.flush().await {
                tracing::trace!(%error, "the connection was gone before it was closed");
            }
        }
    }

    fn ready_to_send(&self) -> Result<(), TargetError> {
        if self.broken {
            return Err(TargetError::Io(std::io::ErrorKind::NotConnected.into()));
        }
        if self.busy { Err(TargetError::Busy) } else { Ok(()) }
    }

    /// Puts the messages of a flight in the output buffer. The second part of the result is what was evicted.
    fn encode(&mut self, requests: &[Request<'_>]) -> Result<(Vec<Pending>, Vec<u64>), TargetError> {
        let output = &mut self.socket.output;
        for &number in &self.closes {
            frontend::close(b'S', &statements::name(number), output)?;
        }
        let mut pending = Vec::with_capacity(requests.len());
        let mut evictions = Vec::new();
        for request in requests {
            let refuse = |error: std::io::Error| TargetError::Request(error.to_string());
            let (name, next) = match self.statements.find(request.sql, request.types) {
                Use::Known { key, .. } => {
                    (self.statements.name(key), Pending::known(key, self.statements.columns(key)))
                }
                Use::New { key, evicted, .. } => {
                    evictions.extend(evicted);
                    (self.statements.name(key), Pending::parsed(Some(key)))
                }
                Use::Unnamed => ("", Pending::parsed(None)),
            };
            if next.is_parsed() {
                frontend::parse(name, request.sql, request.types.iter().copied(), output).map_err(refuse)?;
                frontend::describe(b'S', name, output)?;
            }
            let bound = frontend::bind(
                "",
                name,
                request.binary.then_some(1i16),
                request.parameters,
                |value: &Option<Bytes>, out| match value {
                    Some(text) => {
                        out.extend_from_slice(text);
                        Ok(IsNull::No)
                    }
                    None => Ok(IsNull::Yes),
                },
                [0i16; 0],
                output,
            );
            bound.map_err(|error| match error {
                BindError::Serialization(error) => refuse(error),
                BindError::Conversion(error) => TargetError::Request(error.to_string()),
            })?;
            frontend::execute("", 0, output)?;
            pending.push(next);
        }
        frontend::sync(output);
        Ok((pending, evictions))
    }
}

/// Reads a flight to its end, keeping at most [`ANSWER_LIMIT`] bytes of rows.
async fn collect(mut flight: Flight<'_>) -> Result<Vec<Answer>, TargetError> {
    let mut answers = Vec::new();
    let mut current = Answer::default();
    let mut size = 0usize;
    while let Some(event) = flight.next().await? {
        match event {
            Event::Columns(columns) => current.columns = Arc::clone(&columns).to_vec(),
            Event::Row(row) => {
                size = size.saturating_add(row.size());
                if size <= ANSWER_LIMIT {
                    current.rows.push(row);
                }
            }
            Event::Complete { affected } => {
                current.affected = affected;
                answers.push(std::mem::take(&mut current));
            }
        }
    }
    if size > ANSWER_LIMIT { Err(TargetError::AnswerTooLarge(ANSWER_LIMIT)) } else { Ok(answers) }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Client").field("status", &self.status).field("busy", &self.busy).finish_non_exhaustive()
    }
}
