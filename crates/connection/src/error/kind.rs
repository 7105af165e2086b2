//! The kinds of failures.

/// The kind of a failure: what a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The server cannot be reached or does not serve now, or no connection came free. Another attempt may succeed.
    Unavailable,
    /// The configuration, the server or the user's rights have to be changed first.
    Misconfigured,
    /// The time was up: that of the operation, of the statement or of a lock.
    Timeout,
    /// A concurrent transaction got in the way. The transaction can be started again.
    Serialization,
    /// The server reports an error of the statement: see [`Error::server`](crate::Error::server).
    Statement,
    /// The result has more rows than the statement's limit.
    TooManyRows,
    /// The result has more bytes than a guarded statement may have.
    TooManyBytes,
    /// The transaction or savepoint is in no state for this call.
    Misuse,
    /// The driver failed in a way that has no name of its own here.
    Driver,
}

impl ErrorKind {
    /// Returns the kind as one word, for metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Misconfigured => "misconfigured",
            Self::Timeout => "timeout",
            Self::Serialization => "serialization",
            Self::Statement => "statement",
            Self::TooManyRows => "too_many_rows",
            Self::TooManyBytes => "too_many_bytes",
            Self::Misuse => "misuse",
            Self::Driver => "driver",
        }
    }
}
