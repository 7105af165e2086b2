//! Units of work that are run again.

use std::sync::Arc;

use taskmaster_connection::{Backoff, after, config::RetryPolicy, current_deadline};
use taskmaster_repository::{RepositoryError, Result, Store, UnitOfWork};

/// A unit of work in [`retrying`]'s hand.
pub type SharedUnitOfWork = Arc<Box<dyn UnitOfWork>>;

/// Runs a unit of work and commits it; from its beginning again, as often and as late as `policy` says, if a concurrent change
/// got in its way (SQLSTATE 40001 and 40P01) or the connection broke before the commit: in both cases nothing of it was kept.
///
/// It is not run again when the outcome of the commit is unknown
/// ([`is_outcome_unknown`](RepositoryError::is_outcome_unknown)); see [`retrying_idempotent`].
///
/// ```no_run
/// # use taskmaster_models::{NewTask, Task};
/// # use taskmaster_repository::{Repositories, RepositoryError, Store};
/// # use taskmaster_postgres::{PgStore, retrying};
/// # async fn example(store: &PgStore, new: &NewTask) -> Result<Task, RepositoryError> {
/// let policy = &store.database().config().retry;
/// retrying(store, policy, |uow| async move { uow.tasks().create(new).await }).await
/// # }
/// ```
///
/// # Errors
///
/// That of the last attempt.
pub async fn retrying<T, F, Fut>(store: &dyn Store, policy: &RetryPolicy, work: F) -> Result<T>
where
    F: Fn(SharedUnitOfWork) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    run(store, policy, work, |error| !error.is_outcome_unknown()).await
}

/// As [`retrying`], and the work is run again also when the outcome of its commit is unknown. Say so only if doing it twice is
/// as good as once: if it creates rows, their ids have to be the same each time.
///
/// # Errors
///
/// That of the last attempt.
pub async fn retrying_idempotent<T, F, Fut>(store: &dyn Store, policy: &RetryPolicy, work: F) -> Result<T>
where
    F: Fn(SharedUnitOfWork) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    run(store, policy, work, |_| true).await
}

async fn run<T, F, Fut>(
    store: &dyn Store,
    policy: &RetryPolicy,
    work: F,
    is_safe: impl Fn(&RepositoryError) -> bool,
) -> Result<T>
where
    F: Fn(SharedUnitOfWork) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let mut backoff = Backoff::new(policy);
    loop {
        let error = match attempt(store, &work).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let may_fare_better =
            matches!(error, RepositoryError::Serialization { .. } | RepositoryError::Unavailable { .. });
        if !may_fare_better || !is_safe(&error) {
            return Err(error);
        }
        let Some(delay) = backoff.next() else { return Err(error) };
        // A caller that limits it by `within` gets what was wrong rather than that it took too long.
        if current_deadline().is_some_and(|deadline| after(delay) >= deadline) {
            return Err(error);
        }
        tracing::debug!(%error, ?delay, "a unit of work is run again");
        tokio::time::sleep(delay).await;
    }
}

async fn attempt<T, F, Fut>(store: &dyn Store, work: &F) -> Result<T>
where
    F: Fn(SharedUnitOfWork) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let uow: SharedUnitOfWork = Arc::new(store.begin().await?);
    let done = work(Arc::clone(&uow)).await;
    match (done, Arc::try_unwrap(uow)) {
        (Ok(value), Ok(uow)) => uow.commit().await.map(|()| value),
        (Err(error), Ok(uow)) => {
            // What went wrong first is what counts. A connection that cannot roll back is closed, which rolls back, too.
            let _ = uow.rollback().await;
            Err(error)
        }
        // It is rolled back when whoever has it lets go of it.
        (Err(error), Err(_)) => Err(error),
        (Ok(_), Err(_)) => Err(RepositoryError::Backend {
            source: "the unit of work is still in use after its work has ended, so nothing of it is kept"
                .into(),
        }),
    }
}
