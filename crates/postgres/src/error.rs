//! From the errors of the connection to the repositories', by kind, SQLSTATE and constraint name, never by message
//! text.

use taskmaster_connection::{Error, ErrorKind, ServerError};
use taskmaster_repository::RepositoryError;

/// Returns the error that an operation about `entity` ended with.
pub(crate) fn from_connection(entity: &'static str, error: Error) -> RepositoryError {
    let is_outcome_unknown = error.is_outcome_unknown();
    let reason = error.reason().to_owned();
    let error = match error.kind() {
        ErrorKind::Statement => match error.server().and_then(|server| from_server(entity, server)) {
            Some(error) => error,
            None => RepositoryError::Backend { source: error.into_source() },
        },
        ErrorKind::Unavailable => RepositoryError::Unavailable { reason, source: error.into_source() },
        ErrorKind::Misconfigured => RepositoryError::Refused { reason, source: error.into_source() },
        ErrorKind::Timeout => RepositoryError::Timeout { source: error.into_source() },
        ErrorKind::Serialization => RepositoryError::Serialization { source: error.into_source() },
        ErrorKind::TooManyRows | ErrorKind::TooManyBytes | ErrorKind::Misuse => {
            RepositoryError::Backend { source: reason.into() }
        }
        _ => RepositoryError::Backend { source: error.into_source() },
    };
    if is_outcome_unknown { error.with_unknown_outcome() } else { error }
}

/// Returns the error of a statement that has a name of its own.
fn from_server(entity: &'static str, server: &ServerError) -> Option<RepositoryError> {
    let constraint = || server.constraint().unwrap_or("unnamed").to_owned();
    let message = server.message();
    Some(match server.sqlstate() {
        sqlstate @ ("23505" | "23514" | "23P01") => {
            let detail = conflict_detail(sqlstate, message, server.detail()).to_owned();
            RepositoryError::Conflict { entity, constraint: constraint(), detail }
        }
        // The schema's own: a cycle of dependencies, and of parents.
        "TM001" | "TM002" => {
            RepositoryError::Conflict { entity, constraint: constraint(), detail: message.to_owned() }
        }
        "23503" => RepositoryError::Reference { entity, constraint: constraint() },
        sqlstate => {
            let reason = format!("{message}; {}", schema_hint(sqlstate)?);
            RepositoryError::Refused { reason, source: Box::new(server.clone()) }
        }
    })
}

/// Returns what to do about an error of the schema.
fn schema_hint(sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        "3F000" | "42P01" | "42703" | "42883" => "the schema is missing or old; run `cargo xtask migrate up`",
        "TM004" => "the audit trail is append-only; old rows go by retention",
        "TM003" => "set default_transaction_isolation to 'read committed'",
        _ => return None,
    })
}

/// Returns the detail of a conflict, for a person. Only that of a duplicate names no more than the columns in question;
/// that of a broken CHECK shows the whole row.
fn conflict_detail<'a>(sqlstate: &str, message: &'a str, detail: Option<&'a str>) -> &'a str {
    match detail {
        Some(detail) if matches!(sqlstate, "23505" | "23P01") && !detail.contains("key_hash") => detail,
        _ => message,
    }
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
}
