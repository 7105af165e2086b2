//! The error of this crate.

mod kind;
mod server;

use std::{fmt, io, sync::Arc};

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, sqlx};

pub use kind::ErrorKind;
pub use server::ServerError;

use crate::{operation::Access, sqlstate};

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result of what this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of a connection, a statement or a transaction. No password is ever in it.
///
/// Nothing was written, unless [`is_outcome_unknown`](Self::is_outcome_unknown).
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    reason: String,
    cause: Cause,
    is_outcome_unknown: bool,
}

/// The layer that has failed, and what it said.
#[derive(Debug)]
enum Cause {
    /// The server has reported an error.
    Server { error: ServerError, driver: Arc<sqlx::Error> },
    /// The connection broke, or what came was not PostgreSQL's protocol.
    Connection(Arc<sqlx::Error>),
    /// The driver did not send the statement, or could not read what came.
    Driver { error: Arc<sqlx::Error>, keeps_session: bool },
    /// This crate.
    Own(BoxError),
}

impl Error {
    /// Returns an error of this crate's own.
    pub(crate) fn new(kind: ErrorKind, reason: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::of(kind, reason.into(), Cause::Own(source.into()))
    }

    pub(crate) fn misconfigured(reason: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::new(ErrorKind::Misconfigured, reason, source)
    }

    pub(crate) fn unavailable(reason: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::new(ErrorKind::Unavailable, reason, source)
    }

    pub(crate) fn misuse(reason: &'static str) -> Self {
        Self::new(ErrorKind::Misuse, reason, reason)
    }

    /// Returns the error of an operation whose time was up.
    pub fn timeout(source: impl Into<BoxError>) -> Self {
        Self::new(ErrorKind::Timeout, "the time for the operation was up", source)
    }

    fn of(kind: ErrorKind, reason: String, cause: Cause) -> Self {
        Self(Box::new(Inner { kind, reason, cause, is_outcome_unknown: false }))
    }

    /// Returns the same error of an operation that may have taken place all the same.
    #[must_use]
    pub fn with_unknown_outcome(mut self) -> Self {
        self.0.is_outcome_unknown = true;
        self
    }

    /// Returns the same error with a reason that says more.
    pub(crate) fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.0.reason = reason.into();
        self
    }

    /// Returns the error of a write that was refused by a server that was chosen as one that takes writes.
    pub(crate) fn of_demoted_server(self) -> Self {
        let reason = "the server takes no writes any more; try again, which goes to the one that does";
        self.with_kind(ErrorKind::Unavailable).with_reason(reason)
    }

    /// Returns the same failure as one of this kind.
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns what is wrong, and what to do about it.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Returns the server's report, if the server has reported the error.
    #[must_use]
    pub fn server(&self) -> Option<&ServerError> {
        match &self.0.cause {
            Cause::Server { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Returns the server's SQLSTATE, if the server has reported the error.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        self.server().map(ServerError::sqlstate)
    }

    /// Returns `true` if the write or the commit may have taken place all the same: it was sent, and then the
    /// connection broke or the time was up.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.is_outcome_unknown
    }

    /// Returns `true` if the same operation may succeed when it is made again, a transaction from its beginning. This
    /// says nothing of whether that is safe: see [`is_outcome_unknown`](Self::is_outcome_unknown).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Serialization | ErrorKind::Unavailable | ErrorKind::Timeout)
    }

    /// Returns the cause by itself: the server's report without the values that it quotes, or the words of the layer
    /// below.
    #[must_use]
    pub fn into_source(self) -> BoxError {
        match self.0.cause {
            Cause::Server { error, .. } => Box::new(error),
            Cause::Connection(error) | Cause::Driver { error, .. } => Box::new(error),
            Cause::Own(source) => source,
        }
    }

    /// Returns `true` if the server has reported the error and goes on, or was never asked, so that nothing of the
    /// statement was kept and the session is as it was.
    #[must_use]
    pub fn keeps_session(&self) -> bool {
        match &self.0.cause {
            Cause::Server { error, .. } => !error.is_fatal(),
            Cause::Driver { keeps_session, .. } => *keeps_session,
            Cause::Connection(_) | Cause::Own(_) => false,
        }
    }

    /// Returns `true` if the result was given up because it is too large, so that most of it is still to come.
    pub(crate) fn exceeds_limit(&self) -> bool {
        matches!(self.0.kind, ErrorKind::TooManyRows | ErrorKind::TooManyBytes)
    }

    /// Returns `true` if a prepared statement was gone or out of date, which the server finds out before it runs
    /// anything.
    pub(crate) fn is_outdated(&self) -> bool {
        self.server().is_some_and(ServerError::is_outdated)
    }

    /// Returns `true` if a statement outside a transaction may be executed again after this error: a write only if it
    /// surely has not taken place.
    pub(crate) fn is_repeatable(&self, access: Access) -> bool {
        let reads = access != Access::Write;
        match &self.0.cause {
            Cause::Server { error, .. } => {
                let sqlstate = error.sqlstate();
                sqlstate::SERIALIZATION.contains(&sqlstate)
                    || sqlstate::OUTDATED.contains(&sqlstate)
                    || (reads && sqlstate::is_transient(sqlstate))
            }
            Cause::Connection(_) => reads,
            Cause::Driver { .. } | Cause::Own(_) => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.reason)?;
        if self.0.is_outcome_unknown {
            f.write_str("; whether the write has taken place is not known")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match &self.0.cause {
            Cause::Server { error, .. } => error,
            Cause::Connection(error) | Cause::Driver { error, .. } => error,
            Cause::Own(source) => &**source,
        })
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::from_driver(Arc::new(error))
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        sqlx::Error::Io(error).into()
    }
}

impl Error {
    /// Returns the error that the driver ended with.
    fn from_driver(driver: Arc<sqlx::Error>) -> Self {
        let unavailable =
            |reason: String| Self::of(ErrorKind::Unavailable, reason, Cause::Connection(Arc::clone(&driver)));
        let of_driver = |keeps_session| {
            let cause = Cause::Driver { error: Arc::clone(&driver), keeps_session };
            Self::of(ErrorKind::Driver, driver.to_string(), cause)
        };
        match &*driver {
            sqlx::Error::Database(database) => {
                let error = ServerError::new(database.downcast_ref());
                let (kind, reason) = error.classify();
                Self::of(kind, reason, Cause::Server { error, driver })
            }
            sqlx::Error::Io(io) => unavailable(format!(
                "the server cannot be reached ({io}); check the host, the port and that it runs"
            )),
            sqlx::Error::Tls(tls) => unavailable(format!("no TLS connection could be made ({tls})")),
            sqlx::Error::PoolTimedOut => unavailable(
                "no connection could be made or came free in time; check that the server runs".to_owned(),
            ),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                unavailable("the pool is closed".to_owned())
            }
            sqlx::Error::Protocol(said) => {
                let cause = Cause::Connection(Arc::clone(&driver));
                Self::of(
                    ErrorKind::Driver,
                    format!("the server does not keep to the protocol: {said}"),
                    cause,
                )
            }
            sqlx::Error::Encode(_) | sqlx::Error::RowNotFound | sqlx::Error::TypeNotFound { .. } => {
                of_driver(true)
            }
            _ => of_driver(false),
        }
    }
}

/// For pools and transactions of SeaORM's own.
impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::Conn(RuntimeErr::SqlxError(driver))
            | DbErr::Exec(RuntimeErr::SqlxError(driver))
            | DbErr::Query(RuntimeErr::SqlxError(driver)) => Self::from_driver(driver),
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => {
                let reason =
                    "no connection of the pool came free in time; use a larger pool or shorter transactions";
                Self::unavailable(reason, error)
            }
            DbErr::ConnectionAcquire(_) => Self::unavailable("the pool is closed", error),
            error => Self::new(ErrorKind::Driver, error.to_string(), error),
        }
    }
}

/// For callers by way of SeaORM's traits, who get what the driver said, so that SeaORM's own methods of `DbErr` work on
/// it. An error of this crate's own is text there.
impl From<Error> for DbErr {
    fn from(error: Error) -> Self {
        let text = || RuntimeErr::Internal(error.to_string());
        match &error.0.cause {
            _ if error.is_outcome_unknown() => Self::Query(text()),
            Cause::Server { driver, .. }
            | Cause::Connection(driver)
            | Cause::Driver { error: driver, .. } => Self::Query(RuntimeErr::SqlxError(Arc::clone(driver))),
            Cause::Own(_) if error.kind() == ErrorKind::Misuse => Self::Query(text()),
            Cause::Own(_) => Self::Conn(text()),
        }
    }
}
