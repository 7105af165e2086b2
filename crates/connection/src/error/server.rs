//! The server's report of an error.

use std::fmt;

use sea_orm::sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::kind::ErrorKind;
use crate::sqlstate;

/// The server's report of an error, without its HINT and CONTEXT. Its text, its `Debug` and its source show no value of
/// a row or a statement.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerError {
    sqlstate: String,
    message: String,
    detail: Option<String>,
    constraint: Option<String>,
    table: Option<String>,
    is_fatal: bool,
    is_outdated: bool,
}

impl ServerError {
    pub(super) fn new(database: &PgDatabaseError) -> Self {
        // An error from within a statement says where it was.
        let is_found_out = matches!(
            (database.code(), database.routine()),
            ("0A000", Some("RevalidateCachedQuery")) | ("26000", Some("FetchPreparedStatement"))
        );
        Self {
            sqlstate: database.code().to_owned(),
            message: without_value(database.code(), database.message()).to_owned(),
            detail: database.detail().map(str::to_owned),
            constraint: database.constraint().map(str::to_owned),
            table: database.table().map(str::to_owned),
            is_fatal: matches!(database.severity(), PgSeverity::Fatal | PgSeverity::Panic),
            is_outdated: is_found_out && database.r#where().is_none(),
        }
    }

    /// Returns the SQLSTATE.
    #[must_use]
    pub fn sqlstate(&self) -> &str {
        &self.sqlstate
    }

    /// Returns the message without the value that it quotes.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the DETAIL, which may quote a whole row: it is not fit for logs.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Returns the name of the violated constraint.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.constraint.as_deref()
    }

    /// Returns `true` if the server has ended the session.
    pub(super) fn is_fatal(&self) -> bool {
        self.is_fatal
    }

    /// Returns `true` if a prepared statement was gone or out of date, so that nothing of it was run.
    pub(super) fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    /// Returns the kind, and the reason with what to do.
    pub(super) fn classify(&self) -> (ErrorKind, String) {
        let code = self.sqlstate.as_str();
        let message = &self.message;
        let is_in = |codes: &[&str]| codes.contains(&code);
        if is_in(&sqlstate::SERIALIZATION) || (is_in(&sqlstate::OUTDATED) && self.is_outdated) {
            return (ErrorKind::Serialization, format!("a concurrent change got in the way: {self}"));
        }
        if is_in(&sqlstate::TIMEOUT) {
            return (ErrorKind::Timeout, self.to_string());
        }
        if code == sqlstate::PROTOCOL_VIOLATION && self.is_fatal {
            return (
                ErrorKind::Unavailable,
                format!("the pooler says: {message}; try again, and see its log"),
            );
        }
        match (sqlstate::transient_hint(code), sqlstate::permanent_hint(code)) {
            (Some(hint), _) => (ErrorKind::Unavailable, format!("{message}; {hint}")),
            (None, Some(hint)) => (ErrorKind::Misconfigured, format!("{message}; {hint}")),
            (None, None) => (ErrorKind::Statement, self.to_string()),
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

impl fmt::Debug for ServerError {
    /// Shows no DETAIL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerError({self})")
    }
}

impl std::error::Error for ServerError {}

/// The marks that quote a value in a message, in whatever language the server speaks.
const QUOTATION_MARKS: [char; 16] =
    ['"', '\'', '`', '«', '»', '‹', '›', '„', '“', '”', '‚', '‘', '’', '「', '『', '《'];

/// Returns a message without the value that could not be read, which those of class 22 quote somewhere: it ends before
/// the first quotation mark.
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

#[cfg(test)]
mod tests {
    use super::*;

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
