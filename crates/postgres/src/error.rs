//! From PostgreSQL's errors to the repository's, by SQLSTATE and constraint name, never by message text.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, sqlx};
use sqlx::postgres::PgDatabaseError;
use taskmaster_repository::RepositoryError;

/// The error that a statement about `entity` ended with.
pub(crate) fn from_db(entity: &'static str, error: DbErr) -> RepositoryError {
    let cause = match &error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => cause.clone(),
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => {
            let reason =
                "no connection of the pool came free in time; use a larger pool or shorter transactions";
            return unavailable(reason, error);
        }
        DbErr::ConnectionAcquire(_) => return unavailable("the pool is closed", error),
        _ => return RepositoryError::Backend { source: Box::new(error) },
    };
    match &*cause {
        sqlx::Error::Database(database) => from_sqlstate(entity, database.downcast_ref(), error),
        sqlx::Error::Io(io) => {
            let reason =
                format!("the server cannot be reached ({io}); check the host, the port and that it runs");
            unavailable(reason, error)
        }
        sqlx::Error::Tls(tls) => unavailable(format!("no TLS connection could be made ({tls})"), error),
        sqlx::Error::PoolTimedOut => {
            let reason = "no connection could be made or came free in time; check that the server runs";
            unavailable(reason, error)
        }
        sqlx::Error::PoolClosed => unavailable("the pool is closed", error),
        _ => RepositoryError::Backend { source: Box::new(error) },
    }
}

fn from_sqlstate(entity: &'static str, database: &PgDatabaseError, error: DbErr) -> RepositoryError {
    let source = Box::new(error);
    let constraint = || database.constraint().unwrap_or("unnamed").to_owned();
    let message = database.message();
    match database.code() {
        "23505" | "23514" | "23P01" => {
            let detail = database.detail().unwrap_or(message).to_owned();
            RepositoryError::Conflict { entity, constraint: constraint(), detail }
        }
        // The schema's own: a cycle of dependencies, and of parents.
        "TM001" | "TM002" => {
            RepositoryError::Conflict { entity, constraint: constraint(), detail: message.to_owned() }
        }
        "23503" => RepositoryError::Reference { entity, constraint: constraint() },
        "40001" | "40P01" => RepositoryError::Serialization { source },
        "55P03" | "57014" => RepositoryError::Timeout { source },
        code => {
            let said = |advice| format!("{message}; {advice}");
            match (passing(code), lasting(code)) {
                (Some(advice), _) => RepositoryError::Unavailable { reason: said(advice), source },
                (None, Some(advice)) => RepositoryError::Refused { reason: said(advice), source },
                (None, None) => RepositoryError::Backend { source },
            }
        }
    }
}

/// What to do in a state that passes by itself.
fn passing(sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        "53300" => "the server has no connection slot left; use a smaller pool or raise max_connections",
        "53100" | "53200" | "53400" => "the server has run out of a resource",
        "57P01" | "57P02" | "57P03" => "the server is starting or stopping; try again",
        "25P03" | "57P05" => "the connection was idle for too long; try again",
        "08000" | "08001" | "08003" | "08004" | "08006" => "the connection broke; try again",
        _ => return None,
    })
}

/// What to do in a state that lasts until somebody does it.
fn lasting(sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        "28000" | "28P01" => "check the user and the password",
        "3D000" => "create the database, or name another one",
        "25006" => "it takes no writes; connect to the primary server",
        "3F000" | "42P01" | "42703" | "42883" => "the schema is missing or old; run `cargo xtask migrate up`",
        "42501" => "the user lacks a right; grant it, or connect as another user",
        "TM004" => "the audit trail is append-only; old rows go by retention",
        "TM003" => "set default_transaction_isolation to 'read committed'",
        _ => return None,
    })
}

fn unavailable(reason: impl Into<String>, error: DbErr) -> RepositoryError {
    RepositoryError::Unavailable { reason: reason.into(), source: Box::new(error) }
}
