//! From PostgreSQL's errors to the repository's, by SQLSTATE and constraint name, never by message text.

use std::{fmt, sync::Arc};

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, sqlx};
use sqlx::postgres::{PgDatabaseError, PgSeverity};
use taskmaster_repository::{BoxError, RepositoryError};

use crate::connection::lease::{is_outdated, leaves_session_in_order};

/// What the server said, without its DETAIL, HINT and CONTEXT: these quote rows and statements, and with them what nobody else
/// may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerError {
    sqlstate: String,
    message: String,
    constraint: Option<String>,
    table: Option<String>,
}

impl ServerError {
    pub(crate) fn sqlstate(&self) -> &str {
        &self.sqlstate
    }

    pub(crate) fn new(database: &PgDatabaseError) -> Self {
        Self {
            sqlstate: database.code().to_owned(),
            message: without_value(database.code(), database.message()).to_owned(),
            constraint: database.constraint().map(str::to_owned),
            table: database.table().map(str::to_owned),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {}", self.message, self.sqlstate)?;
        if let Some(table) = &self.table {
            write!(f, ", table {table}")?;
        }
        if let Some(constraint) = &self.constraint {
            write!(f, ", constraint {constraint}")?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for ServerError {}

/// What quotes a value in a message, in whatever language the server speaks.
const QUOTATION_MARKS: [char; 16] =
    ['"', '\'', '`', '«', '»', '‹', '›', '„', '“', '”', '‚', '‘', '’', '「', '『', '《'];

/// A message without the value that could not be read, which those of class 22 quote somewhere: it ends before the first
/// quotation mark.
fn without_value<'a>(sqlstate: &str, message: &'a str) -> &'a str {
    if !sqlstate.starts_with("22") {
        return message;
    }
    let said = message.split(QUOTATION_MARKS).next().unwrap_or_default();
    match said.trim_end_matches([':', '：', ' ', '\u{a0}', '\u{202f}']) {
        "" => "a value is not one of its type",
        said => said,
    }
}

/// The detail of a conflict, for a person. Only that of a duplicate names no more than the columns in question; that of a
/// broken CHECK shows the whole row.
fn conflict_detail<'a>(sqlstate: &str, message: &'a str, detail: Option<&'a str>) -> &'a str {
    match detail {
        Some(detail) if matches!(sqlstate, "23505" | "23P01") && !detail.contains("key_hash") => detail,
        _ => message,
    }
}

/// The error that a statement about `entity` ended with.
pub(crate) fn from_db(entity: &'static str, error: DbErr) -> RepositoryError {
    let error = match carried(error) {
        Ok(carried) => return carried,
        Err(error) => error,
    };
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
        sqlx::Error::Database(database) => from_server(entity, database.downcast_ref()),
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

/// Whether the server has told the error and went on, so that nothing was kept of what failed.
pub(crate) fn is_answer(error: &DbErr) -> bool {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => leaves_session_in_order(cause),
        _ => false,
    }
}

/// The error that a commit ended with. If nobody says otherwise, what was not answered may have taken place.
pub(crate) fn of_commit(error: DbErr) -> RepositoryError {
    match carried(error) {
        Ok(told) => told,
        Err(error) if is_answer(&error) => from_db("transaction", error),
        Err(error) => from_db("transaction", error).with_unknown_outcome(),
    }
}

/// The error of a write that was refused by a server that was chosen as one that takes writes.
pub(crate) fn turned(error: &sqlx::Error) -> RepositoryError {
    let said = error.as_database_error().map(|database| ServerError::new(database.downcast_ref()));
    RepositoryError::Unavailable {
        reason: "the server takes no writes any more; try again, which goes to the one that does".to_owned(),
        source: said.map_or_else(|| "it is read-only".into(), Into::into),
    }
}

/// Whether the error came along with the word that its statement may have taken place, or not.
pub(crate) fn is_outcome_unknown(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return false;
    };
    let sqlx::Error::AnyDriverError(carried) = &**cause else { return false };
    carried.downcast_ref::<RepositoryError>().is_some_and(RepositoryError::is_outcome_unknown)
}

/// A repository's error that came along in SeaORM's, if there is one.
fn carried(error: DbErr) -> Result<RepositoryError, DbErr> {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return Err(error);
    };
    let again = |cause| DbErr::Query(RuntimeErr::SqlxError(cause));
    match Arc::try_unwrap(cause) {
        Ok(sqlx::Error::AnyDriverError(carried)) => match carried.downcast::<RepositoryError>() {
            Ok(error) => Ok(*error),
            Err(other) => Err(again(Arc::new(sqlx::Error::AnyDriverError(other)))),
        },
        Ok(other) => Err(again(Arc::new(other))),
        Err(shared) => Err(again(shared)),
    }
}

pub(crate) fn from_server(entity: &'static str, database: &PgDatabaseError) -> RepositoryError {
    let error = ServerError::new(database);
    let constraint = || error.constraint.clone().unwrap_or_else(|| "unnamed".to_owned());
    let message = error.message.as_str();
    let source = || -> BoxError { Box::new(error.clone()) };
    match error.sqlstate.as_str() {
        sqlstate @ ("23505" | "23514" | "23P01") => {
            let detail = conflict_detail(sqlstate, message, database.detail()).to_owned();
            RepositoryError::Conflict { entity, constraint: constraint(), detail }
        }
        // The schema's own: a cycle of dependencies, and of parents.
        "TM001" | "TM002" => {
            RepositoryError::Conflict { entity, constraint: constraint(), detail: message.to_owned() }
        }
        "23503" => RepositoryError::Reference { entity, constraint: constraint() },
        "40001" | "40P01" => RepositoryError::Serialization { source: source() },
        // What was prepared does not fit the schema any more. It is prepared anew the next time.
        "0A000" | "26000" if is_outdated(database) => RepositoryError::Serialization { source: source() },
        "55P03" | "57014" => RepositoryError::Timeout { source: source() },
        // What a pooler says whatever keeps it from serving.
        "08P01" if matches!(database.severity(), PgSeverity::Fatal) => RepositoryError::Unavailable {
            reason: format!("the pooler says: {message}; try again, and see its log"),
            source: source(),
        },
        code => {
            let said = |advice| format!("{message}; {advice}");
            match (passing(code), lasting(code)) {
                (Some(advice), _) => RepositoryError::Unavailable { reason: said(advice), source: source() },
                (None, Some(advice)) => RepositoryError::Refused { reason: said(advice), source: source() },
                (None, None) => RepositoryError::Backend { source: source() },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_of_a_broken_check_is_not_told_since_it_holds_the_row() {
        let row = Some("Failing row contains (7, deadbeef).");
        assert_eq!(conflict_detail("23514", "it violates a check", row), "it violates a check");
        let columns = Some("Key (name)=(ci) already exists.");
        assert_eq!(conflict_detail("23505", "it is taken", columns), "Key (name)=(ci) already exists.");
        let secret = Some("Key (key_hash)=(deadbeef) already exists.");
        assert_eq!(conflict_detail("23505", "it is taken", secret), "it is taken");
        assert_eq!(conflict_detail("23505", "it is taken", None), "it is taken");
    }

    #[test]
    fn a_value_that_could_not_be_read_is_not_quoted() {
        let told = without_value("22P02", "invalid input syntax for type uuid: \"deadbeef\"");
        assert_eq!(told, "invalid input syntax for type uuid");
        assert_eq!(without_value("22003", "integer out of range"), "integer out of range");
        for (message, said) in [
            ("value \"7351\" is out of range for type integer", "value"),
            ("la valeur « 7351 » est en dehors des limites du type integer", "la valeur"),
            (
                "syntaxe en entrée invalide pour le type uuid\u{a0}: «\u{a0}7351\u{a0}»",
                "syntaxe en entrée invalide pour le type uuid",
            ),
            ("ungültige Eingabesyntax für Typ uuid: „7351“", "ungültige Eingabesyntax für Typ uuid"),
            ("»7351« ist keine gültige Zahl", "a value is not one of its type"),
            ("'7351' is no number", "a value is not one of its type"),
            ("invalid byte sequence for encoding \"UTF8\": 0x73 0x51", "invalid byte sequence for encoding"),
        ] {
            assert_eq!(without_value("22P02", message), said);
        }
        let schema = "relation \"tasks\" does not exist";
        assert_eq!(without_value("42P01", schema), schema);
    }
}
