//! The answers to one pipeline, read as they arrive.

use std::collections::VecDeque;
use std::sync::Arc;

use super::backend;
use super::client::{Client, TransactionStatus};
use super::error::{ServerError, TargetError};
use super::row::Row;

/// What is expected for one request.
#[derive(Debug)]
pub(super) struct Pending {
    /// The cached statement; `None` when it isn't cached.
    key: Option<u64>,
    /// True when Parse and Describe were sent for it.
    parsed: bool,
    columns: Arc<[u32]>,
}

impl Pending {
    pub(super) const fn known(key: u64, columns: Arc<[u32]>) -> Self {
        Self { key: Some(key), parsed: false, columns }
    }

    pub(super) fn parsed(key: Option<u64>) -> Self {
        Self { key, parsed: true, columns: Arc::from([]) }
    }

    pub(super) const fn is_parsed(&self) -> bool {
        self.parsed
    }
}

/// One step of a flight.
#[derive(Debug)]
pub enum Event {
    /// The current request returns rows of these type oids. Comes before its first row.
    Columns(Arc<[u32]>),
    Row(Row),
    /// The current request is done.
    Complete {
        affected: u64,
    },
}

/// Requests on their way. It must be read until [`Flight::next`] gives `None` or an error; a flight that is dropped
/// earlier leaves the client busy for good.
#[derive(Debug)]
pub struct Flight<'c> {
    client: &'c mut Client,
    pending: VecDeque<Pending>,
    /// Index of the request whose answer is being read.
    request: usize,
    /// True once the columns of the current request were reported.
    described: bool,
    error: Option<Box<ServerError>>,
    done: bool,
}

impl<'c> Flight<'c> {
    pub(super) fn new(client: &'c mut Client, pending: Vec<Pending>) -> Self {
        Self { client, pending: pending.into(), request: 0, described: false, error: None, done: false }
    }

    /// Index of the request whose answer comes next.
    #[must_use]
    pub const fn request(&self) -> usize {
        self.request
    }

    /// The next step, or `None` after ReadyForQuery. An error of the server is returned after ReadyForQuery as well,
    /// so the client can be used again at once.
    ///
    /// # Errors
    /// [`TargetError::Server`] when a request failed; the other kinds leave the connection unusable.
    pub async fn next(&mut self) -> Result<Option<Event>, TargetError> {
        if self.done {
            return Ok(None);
        }
        // A known statement isn't described again: its columns are reported from the cache.
        if !self.described
            && self.error.is_none()
            && let Some(known) = self.pending.front().filter(|front| !front.parsed)
        {
            self.described = true;
            let columns = match known.key {
                Some(key) if known.columns.is_empty() => self.client.statements.columns(key),
                _ => Arc::clone(&known.columns),
            };
            if !columns.is_empty() {
                return Ok(Some(Event::Columns(columns)));
            }
        }
        let outcome = self.read().await;
        if let Err(error) = &outcome
            && error.is_fatal()
        {
            self.client.broken = true;
            self.done = true;
        }
        outcome
    }

    async fn read(&mut self) -> Result<Option<Event>, TargetError> {
        loop {
            let message = self.client.socket.message().await?;
            match message.tag {
                // BindComplete, CloseComplete, ParameterDescription, ParameterStatus, NotificationResponse.
                b'2' | b'3' | b't' | b'S' | b'A' => {}
                b'N' => {
                    self.client.notices += 1;
                    self.client.raised.take(backend::server_error(&message.body, self.request));
                }
                b'1' => {
                    if let Some(key) = self.pending.front().and_then(|front| front.key) {
                        self.client.statements.parsed(key);
                    }
                }
                // NoData.
                b'n' => self.described = true,
                b'T' => {
                    let columns: Arc<[u32]> = backend::column_types(&message.body)?.into();
                    if let Some(key) = self.pending.front().and_then(|front| front.key) {
                        self.client.statements.described(key, &columns);
                    }
                    self.described = true;
                    return Ok(Some(Event::Columns(columns)));
                }
                b'D' => return Ok(Some(Event::Row(Row::parse(message.body)?))),
                b'C' | b'I' => {
                    let affected = backend::affected(&message.body);
                    self.pending.pop_front();
                    self.request += 1;
                    self.described = false;
                    return Ok(Some(Event::Complete { affected }));
                }
                b'E' => self.failed(Box::new(backend::server_error(&message.body, self.request)))?,
                b'Z' => {
                    let status = *message.body.first().ok_or(TargetError::Protocol("no transaction status"))?;
                    self.finish(TransactionStatus::from_byte(status)?);
                    return match self.error.take() {
                        Some(error) => Err(TargetError::Server(error)),
                        None => Ok(None),
                    };
                }
                _ => return Err(TargetError::Protocol("a message that doesn't belong to a statement")),
            }
        }
    }

    /// Keeps the error until ReadyForQuery; after FATAL there won't be one.
    fn failed(&mut self, error: Box<ServerError>) -> Result<(), TargetError> {
        if error.is_fatal() {
            return Err(TargetError::Server(error));
        }
        if error.is_stale_plan()
            && let Some(key) = self.pending.front().and_then(|front| front.key)
            && let Some(number) = self.client.statements.forget(key)
        {
            self.client.closes.push(number);
        }
        self.error.get_or_insert(error);
        Ok(())
    }

    fn finish(&mut self, status: TransactionStatus) {
        self.done = true;
        self.client.status = status;
        self.client.busy = false;
        self.client.statements.settle();
        self.client.socket.shrink();
    }
}
