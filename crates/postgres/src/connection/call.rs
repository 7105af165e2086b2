//! Which call of a repository is being made, and until when it may take: known to whatever runs its statements.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

tokio::task_local! {
    static CALL: Call;
    static DEADLINE: Instant;
}

/// A call of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The noun and the method, as in `task.create`.
    pub(crate) name: &'static str,
    /// What it does to the data.
    pub(crate) access: Access,
}

/// What a call does to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It reads, and may be made again when it fails.
    Read,
    /// It reads what only the primary knows for sure, and may be made again when it fails.
    ReadPrimary,
    /// It may write.
    Write,
}

impl Call {
    /// A statement that comes from no repository.
    const UNNAMED: Self = Self { name: "statement", access: Access::Write };

    /// The call that is being made.
    pub(crate) fn current() -> Self {
        CALL.try_with(|call| *call).unwrap_or(Self::UNNAMED)
    }

    /// Whether the statement comes from no repository, so that nothing is known of what it does to the session.
    pub(crate) fn is_unnamed(self) -> bool {
        self == Self::UNNAMED
    }

    /// Runs `future` as this call.
    pub(crate) async fn run<F: Future>(self, future: F) -> F::Output {
        CALL.scope(self, future).await
    }

    /// What the call is about, as errors name it.
    pub(crate) fn entity(self) -> &'static str {
        entity(self.name)
    }
}

/// What a call of this name is about, as errors name it: that of `task_context.find_by` is about a task context.
pub(crate) fn entity(name: &'static str) -> &'static str {
    match name.split_once('.').map_or(name, |(noun, _)| noun) {
        "api_key" => "API key",
        "audit_log" => "audit log",
        "error_log" => "error log",
        "raw" => "statement",
        "task_context" => "task context",
        "task_dependency" => "task dependency",
        "workflow_state" => "workflow state",
        noun => noun,
    }
}

/// Runs `future`, in which no call on the database may take longer than until `limit` from now: waiting for a connection, trying
/// again, all that. A call that is not done by then ends with [`Timeout`](taskmaster_repository::RepositoryError::Timeout),
/// and what it left on the server is cancelled.
///
/// It only ever shortens: the limit for each call that is configured stays, and so does that of a `within` around this one. It
/// goes with the task: what the future spawns has none of it.
pub async fn within<F: Future>(limit: Duration, future: F) -> F::Output {
    let deadline = after(limit);
    let deadline = DEADLINE.try_with(|outer| deadline.min(*outer)).unwrap_or(deadline);
    DEADLINE.scope(deadline, future).await
}

/// The time in `limit` from now. Nobody waits for longer than thirty years, and the clock would run over.
pub(super) fn after(limit: Duration) -> Instant {
    const FOREVER: Duration = Duration::from_hours(30 * 365 * 24);
    Instant::now() + limit.min(FOREVER)
}

/// Until when a call that begins now may take, if it is limited by `limit` (none if that is zero) or by [`within`].
pub(crate) fn deadline(limit: Duration) -> Option<Instant> {
    let outer = DEADLINE.try_with(|deadline| *deadline).ok();
    let own = (!limit.is_zero()).then(|| after(limit));
    match (outer, own) {
        (Some(outer), Some(own)) => Some(outer.min(own)),
        (outer, own) => outer.or(own),
    }
}

/// Waits for `future` until `deadline`. If that is over it does not even begin: what nobody waits for is not sent.
pub(crate) async fn until<F: Future>(
    deadline: Option<Instant>,
    future: F,
) -> Result<F::Output, tokio::time::error::Elapsed> {
    match deadline {
        Some(deadline) if deadline <= Instant::now() => {
            tokio::time::timeout_at(deadline, std::future::pending()).await
        }
        Some(deadline) => tokio::time::timeout_at(deadline, future).await,
        None => Ok(future.await),
    }
}
