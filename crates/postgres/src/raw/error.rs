//! Why a raw statement has no answer.

use taskmaster_connection::{Error, ErrorKind, statement::MAX_GUARDED_BYTES};
use taskmaster_guard::Refusal;
use taskmaster_repository::RepositoryError;

use crate::error::from_connection;

/// Why a raw statement has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The guard does not let it through. It was not sent.
    #[error("the statement is refused: {0}")]
    Refused(#[source] Refusal),

    /// The user has no policy, nor has his role. It was not sent.
    #[error("the statement is refused: raw statements need a policy, and this user has none")]
    NoPolicy,

    /// There are more or fewer values than parameters. It was not sent.
    #[error("the statement has {expected} parameters, and {given} values are given for them")]
    Parameters {
        /// The greatest `n` of `$n`.
        expected: usize,
        /// How many values there are.
        given: usize,
    },

    /// The answer is longer than it may be. Nothing was written.
    #[error("the answer has more than {limit} rows: ask for fewer with LIMIT, or allow for more")]
    TooManyRows {
        /// How many it may have.
        limit: usize,
    },

    /// The answer is larger than it may be. Nothing was written.
    #[error("the answer has more than {} MB: ask for fewer rows or columns", MAX_GUARDED_BYTES >> 20)]
    TooManyBytes,

    /// The server cannot run it: a type does not fit, a value is out of range, a function does not exist. Nothing was written.
    #[error("the server cannot run the statement: {reason}")]
    Statement {
        /// The server's words, without values.
        reason: String,
        /// The server's code for it.
        sqlstate: String,
    },

    /// A value of the answer cannot be read as asked. What the statement wrote is kept.
    #[error("column {column} of the answer cannot be read: {reason}")]
    Column {
        /// The column.
        column: String,
        /// What to do about it.
        reason: String,
    },

    /// The database failed.
    #[error(transparent)]
    Database(#[from] RepositoryError),
}

impl QueryError {
    /// The word for the trail, if the statement was refused.
    pub(super) fn refusal_kind(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => Some(refusal.kind()),
            Self::NoPolicy => Some("no_policy"),
            _ => None,
        }
    }
}

/// Returns the error that a statement with a result of so many rows ended with.
pub(super) fn from_query(error: Error, limit: usize) -> QueryError {
    match error.kind() {
        ErrorKind::TooManyRows => return QueryError::TooManyRows { limit },
        ErrorKind::TooManyBytes => return QueryError::TooManyBytes,
        _ => {}
    }
    match error.server().filter(|server| is_of_the_statement(server.sqlstate())) {
        Some(server) => {
            QueryError::Statement { reason: server.to_string(), sqlstate: server.sqlstate().to_owned() }
        }
        None => QueryError::Database(from_connection("statement", error)),
    }
}

/// Returns `true` if the statement or its values are at fault, not the database: data exceptions, cardinality, what
/// does not fit or is not there, and a write in what was to read only.
fn is_of_the_statement(sqlstate: &str) -> bool {
    match sqlstate {
        "42501" => false,
        "0A000" | "25006" => true,
        code => ["21", "22", "42"].iter().any(|class| code.starts_with(class)),
    }
}
