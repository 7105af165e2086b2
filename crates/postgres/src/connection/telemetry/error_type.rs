//! What an error is called where errors are counted: its SQLSTATE, or its kind.

use std::{borrow::Cow, error::Error};

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, sqlx};
use taskmaster_repository::RepositoryError;

use crate::error::{self, ServerError};

/// What an error is, without anything that it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorType {
    /// The name of the repository's error.
    pub(crate) kind: &'static str,
    /// What the server called it, if it was the server.
    pub(crate) sqlstate: Option<String>,
}

impl ErrorType {
    /// Somebody stopped waiting.
    pub(crate) const CANCELLED: Self = Self::of("cancelled");

    const fn of(kind: &'static str) -> Self {
        Self { kind, sqlstate: None }
    }

    /// The one word by which it is counted.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        match &self.sqlstate {
            Some(sqlstate) => sqlstate.clone().into(),
            None => self.kind.into(),
        }
    }

    pub(crate) fn of_db(error: &DbErr) -> Self {
        match error {
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => Self::of_sqlx(cause),
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout | ConnAcquireErr::ConnectionClosed) => {
                Self::of("unavailable")
            }
            _ => Self::of("backend"),
        }
    }

    fn of_sqlx(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database) => {
                let told = error::from_server("", database.downcast_ref());
                Self { kind: kind(&told), sqlstate: database.code().map(Cow::into_owned) }
            }
            sqlx::Error::AnyDriverError(carried) => {
                carried.downcast_ref().map_or(Self::of("backend"), Self::of_repository)
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::of("unavailable"),
            _ => Self::of("backend"),
        }
    }

    pub(crate) fn of_repository(error: &RepositoryError) -> Self {
        let mut cause = error.source();
        let mut sqlstate = None;
        while let (Some(error), None) = (cause, &sqlstate) {
            sqlstate = match (error.downcast_ref::<ServerError>(), error.downcast_ref::<DbErr>()) {
                (Some(server), _) => Some(server.sqlstate().to_owned()),
                (_, Some(db)) => Self::of_db(db).sqlstate,
                _ => None,
            };
            cause = error.source();
        }
        Self { kind: kind(error), sqlstate }
    }
}

fn kind(error: &RepositoryError) -> &'static str {
    match error {
        RepositoryError::Invalid(_) => "invalid",
        RepositoryError::NotFound { .. } => "not_found",
        RepositoryError::Conflict { .. } => "conflict",
        RepositoryError::Reference { .. } => "reference",
        RepositoryError::Stale { .. } => "stale",
        RepositoryError::Serialization { .. } => "serialization",
        RepositoryError::Inconsistent { .. } => "inconsistent",
        RepositoryError::Refused { .. } => "refused",
        RepositoryError::Unavailable { .. } => "unavailable",
        RepositoryError::Timeout { .. } => "timeout",
        _ => "backend",
    }
}
