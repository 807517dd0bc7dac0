//! What can go wrong with PostgreSQL, and whether the connection outlives it.

/// An error of a target connection.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The connection failed or was closed; whether the last request took effect isn't known.
    #[error("the connection to PostgreSQL failed: {0}")]
    Io(#[from] std::io::Error),
    /// PostgreSQL refused a request. The connection can be used further unless the severity was FATAL.
    #[error("{0}")]
    Server(Box<ServerError>),
    /// The server sent something that the protocol doesn't allow here.
    #[error("unexpected answer from PostgreSQL: {0}")]
    Protocol(&'static str),
    /// A certificate or key couldn't be used.
    #[error("TLS towards PostgreSQL: {0}")]
    Tls(String),
    /// The server asks for a way to log in that Bascule doesn't speak.
    #[error("PostgreSQL asks for an authentication method that isn't supported: {0}")]
    Authentication(&'static str),
    /// The server didn't take the connection in time.
    #[error("no connection to PostgreSQL within {0:?}")]
    ConnectTimeout(std::time::Duration),
    /// Every connection of the pool stayed in use for as long as a session may wait.
    #[error("all {0} connections to PostgreSQL are in use")]
    Exhausted(usize),
    /// An answer that is collected in memory grew past its limit.
    #[error("answer of more than {0} bytes")]
    AnswerTooLarge(usize),
    /// A request that can't be put in a message: too many parameters, too large, or a NUL byte in its text.
    #[error("request can't be sent: {0}")]
    Request(String),
    /// An earlier flight was dropped before its end, so answers would be mixed up.
    #[error("the connection is still busy with an earlier request")]
    Busy,
}

impl TargetError {
    /// The server's own error, if this is one.
    #[must_use]
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Server(error) => Some(error),
            _ => None,
        }
    }

    /// The SQLSTATE of the server's error.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        self.server().map(|error| error.sqlstate.as_str())
    }

    /// True when the connection can't be used any more.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Server(error) => error.is_fatal(),
            Self::Io(_) | Self::Protocol(_) | Self::Tls(_) | Self::Busy => true,
            Self::Authentication(_) | Self::ConnectTimeout(_) => true,
            Self::Exhausted(_) | Self::AnswerTooLarge(_) | Self::Request(_) => false,
        }
    }

    /// True when the server is away, starts or ends, is out of room or connections, or the connection broke: another try
    /// later is worth it. The classes are those of PostgreSQL's manual, appendix A.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        const CONNECTION: &str = "08";
        const RESOURCES: &str = "53";
        const INTERVENTION: &str = "57P";
        match self {
            Self::Server(error) => {
                let begins = |class: &str| error.sqlstate.starts_with(class);
                error.is_fatal() || begins(CONNECTION) || begins(RESOURCES) || begins(INTERVENTION)
            }
            Self::Io(_) | Self::ConnectTimeout(_) => true,
            Self::Protocol(_)
            | Self::Tls(_)
            | Self::Busy
            | Self::Authentication(_)
            | Self::Exhausted(_)
            | Self::AnswerTooLarge(_)
            | Self::Request(_) => false,
        }
    }

    /// True when a cached statement no longer fits its table after DDL; the statement has been dropped from the cache,
    /// so the same request works when it is sent again outside a failed transaction.
    #[must_use]
    pub fn is_stale_plan(&self) -> bool {
        self.server().is_some_and(ServerError::is_stale_plan)
    }
}

/// The fields of an ErrorResponse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// Index of the request in its pipeline.
    pub request: usize,
    /// `ERROR`, `FATAL` or `PANIC`, never translated.
    pub severity: String,
    /// Five characters.
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    pub schema: Option<String>,
    pub table: Option<String>,
    pub column: Option<String>,
    pub data_type: Option<String>,
    pub constraint: Option<String>,
    /// PostgreSQL's routine that raised it; tells apart errors that share a SQLSTATE.
    pub routine: Option<String>,
    /// Where the error arose inside functions.
    pub context: Option<String>,
}

impl ServerError {
    /// True when the server closes the connection after this error.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.severity == "FATAL" || self.severity == "PANIC"
    }

    /// See [`TargetError::is_stale_plan`]. PostgreSQL raises it in one routine only.
    #[must_use]
    pub fn is_stale_plan(&self) -> bool {
        self.sqlstate == "0A000" && self.routine.as_deref() == Some("RevalidateCachedQuery")
    }
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "PostgreSQL error {}: {}", self.sqlstate, self.message)?;
        if let Some(detail) = &self.detail {
            write!(out, " ({detail})")?;
        }
        Ok(())
    }
}
