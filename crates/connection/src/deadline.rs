//! The time by which an operation must be done.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, error::Elapsed};

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs `future`, in which no operation on the database may take longer than until `limit` from now: acquiring a
/// connection, retries, all that. An operation that is not done by then fails with
/// [`Timeout`](crate::ErrorKind::Timeout), and what it left on the server is cancelled.
///
/// It only ever shortens: the configured limit of each operation stays, and so does that of a `within` around this one.
/// It goes with the task: a future that is spawned inside has none of it.
pub async fn within<F: Future>(limit: Duration, future: F) -> F::Output {
    let deadline = after(limit);
    let deadline = current().map_or(deadline, |outer| deadline.min(outer));
    DEADLINE.scope(deadline, future).await
}

/// Returns the time in `limit` from now, in thirty years at most: the clock would run over.
#[must_use]
pub fn after(limit: Duration) -> Instant {
    const FOREVER: Duration = Duration::from_hours(30 * 365 * 24);
    Instant::now() + limit.min(FOREVER)
}

/// Returns the deadline that [`within`] has set for this task, if there is one.
#[must_use]
pub fn current() -> Option<Instant> {
    DEADLINE.try_with(|deadline| *deadline).ok()
}

/// Returns the time by which an operation that starts now must be done, if it is limited by `limit` (zero is no limit)
/// or by [`within`].
#[must_use]
pub fn deadline(limit: Duration) -> Option<Instant> {
    let own = (!limit.is_zero()).then(|| after(limit));
    match (current(), own) {
        (Some(outer), Some(own)) => Some(outer.min(own)),
        (outer, own) => outer.or(own),
    }
}

/// Waits for `future` until `deadline`. A future whose deadline has passed is not polled even once.
///
/// # Errors
///
/// [`Elapsed`] when the future was not done by then.
pub async fn until<F: Future>(deadline: Option<Instant>, future: F) -> Result<F::Output, Elapsed> {
    match deadline {
        Some(deadline) if deadline <= Instant::now() => {
            tokio::time::timeout_at(deadline, std::future::pending()).await
        }
        Some(deadline) => tokio::time::timeout_at(deadline, future).await,
        None => Ok(future.await),
    }
}
