use taskmaster_models::ValidationError;

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result of a repository's method.
pub type Result<T> = std::result::Result<T, RepositoryError>;

/// Why a repository could not do what it was asked.
///
/// In every case nothing was written, with two exceptions. Where [`is_outcome_unknown`](Self::is_outcome_unknown), a commit or a
/// write outside a unit of work was sent and no answer came: it may have taken place. And a write outside a
/// unit of work that ends with [`Inconsistent`](Self::Inconsistent) has taken place: what it wrote cannot be read back. A claim
/// that ends so has claimed its rows, as `assigned_to` or `retry_count` tell.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// The input breaks the rules of its noun.
    #[error(transparent)]
    Invalid(#[from] ValidationError),

    /// The row to be changed is not there.
    #[error("there is no {entity} {id}")]
    NotFound {
        /// What was looked for, for example `task`.
        entity: &'static str,
        /// The id that it was looked for by.
        id: String,
    },

    /// The write contradicts rows that are there, for example by closing a cycle of dependencies.
    #[error("the {entity} contradicts what is stored ({constraint}): {detail}")]
    Conflict {
        /// What was to be written.
        entity: &'static str,
        /// The constraint's name in the schema, for example `task_dependencies_acyclic`.
        constraint: String,
        /// What contradicts what.
        detail: String,
    },

    /// The write refers to a row that is not there.
    #[error("the {entity} refers to something that is not there ({constraint})")]
    Reference {
        /// What was to be written.
        entity: &'static str,
        /// The constraint's name in the schema, for example `task_contexts_task_id_fkey`.
        constraint: String,
    },

    /// The row has changed since it was read: its version is not the one that the patch demands.
    #[error("the {entity} {id} has changed: expected version {expected}, stored is {stored}; read it again")]
    Stale {
        /// What was to be changed.
        entity: &'static str,
        /// Its id.
        id: String,
        /// The version that the patch demands.
        expected: i64,
        /// The version that is stored.
        stored: i64,
    },

    /// A concurrent transaction got in the way. Begin the unit of work again.
    #[error("a concurrent change got in the way; begin again")]
    Serialization {
        /// The store's own words.
        #[source]
        source: BoxError,
    },

    /// A stored row does not parse: it was not written by this version of the program.
    #[error("the stored value of {table}.{column} in row {id} cannot be read: {detail}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// The row's id, as far as it is known.
        id: String,
        /// What is wrong with the value.
        detail: String,
    },

    /// The store will not serve until somebody has changed something: the user, a right, the schema, the server.
    #[error("the database refuses: {reason}")]
    Refused {
        /// Why, and what to do about it.
        reason: String,
        /// The store's own words.
        #[source]
        source: BoxError,
    },

    /// The store cannot be reached or does not serve now.
    #[error("the database is not available: {reason}{}", outcome(.source))]
    Unavailable {
        /// Why, and what to do about it.
        reason: String,
        /// The store's own words.
        #[source]
        source: BoxError,
    },

    /// The store took too long and the operation was given up.
    #[error("the database took too long{}", outcome(.source))]
    Timeout {
        /// The store's own words.
        #[source]
        source: BoxError,
    },

    /// The store failed in a way that has no name of its own here.
    #[error("the database failed: {source}{}", outcome(.source))]
    Backend {
        /// The store's own words.
        #[source]
        source: BoxError,
    },
}

impl RepositoryError {
    /// Whether the same call may succeed when it is made again, a unit of work from its beginning.
    ///
    /// This says nothing of whether a repetition is *safe*: see the exception at the top.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Serialization { .. } | Self::Unavailable { .. } | Self::Timeout { .. })
    }

    /// Whether a commit or a write outside a unit of work may have taken place all the same: it was sent, and then the
    /// connection broke or the time was up. Look before you do it again, unless doing it twice is as good as once.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        match self {
            Self::Unavailable { source, .. } | Self::Timeout { source } | Self::Backend { source } => {
                source.is::<OutcomeUnknown>()
            }
            _ => false,
        }
    }

    /// The same error of a write that may have taken place all the same. Only an error with which that can be is changed:
    /// [`Unavailable`](Self::Unavailable), [`Timeout`](Self::Timeout) and [`Backend`](Self::Backend).
    #[must_use]
    pub fn with_unknown_outcome(mut self) -> Self {
        if let Self::Unavailable { source, .. } | Self::Timeout { source } | Self::Backend { source } =
            &mut self
            && !source.is::<OutcomeUnknown>()
        {
            let inner = std::mem::replace(source, Box::new(std::fmt::Error));
            *source = Box::new(OutcomeUnknown(inner));
        }
        self
    }

    /// The error for a row that is not there.
    pub fn not_found(entity: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound { entity, id: id.to_string() }
    }
}

/// Marks the source of an error whose write may have taken place all the same.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct OutcomeUnknown(BoxError);

fn outcome(source: &BoxError) -> &'static str {
    if source.is::<OutcomeUnknown>() { "; whether the write has taken place is not known" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_outcome_is_told_and_can_be_asked_for() {
        let error = RepositoryError::Timeout { source: "30 s are up".into() };
        assert!(!error.is_outcome_unknown());
        assert_eq!(error.to_string(), "the database took too long");
        let error = error.with_unknown_outcome().with_unknown_outcome();
        assert!(error.is_outcome_unknown() && error.is_retryable());
        let said = "the database took too long; whether the write has taken place is not known";
        assert_eq!(error.to_string(), said);
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "30 s are up");
    }

    #[test]
    fn a_refused_write_has_not_taken_place() {
        let error = RepositoryError::not_found("task", 7).with_unknown_outcome();
        assert!(!error.is_outcome_unknown());
    }
}
