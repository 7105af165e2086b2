//! What is tried again, and when.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use sea_orm::sqlx;
use taskmaster_repository::{RepositoryError, Result, Store, UnitOfWork};

use super::{
    call::{self, Access},
    config::RetryPolicy,
    lease::sqlstate,
};

/// The waits between attempts: each is a random part of one that grows, so that those who failed together do not come back
/// together.
#[derive(Debug)]
pub(super) struct Delays(ExponentialBackoff);

impl Delays {
    pub(super) fn new(policy: &RetryPolicy) -> Self {
        let growing = ExponentialBuilder::new()
            .with_min_delay(policy.base_delay)
            .with_factor(policy.factor)
            .with_max_delay(policy.max_delay)
            .with_max_times(policy.attempts.saturating_sub(1));
        Self(growing.build())
    }
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next().map(|delay| delay.mul_f64(random()))
    }
}

/// A random number from 0 to 1.
pub(super) fn random() -> f64 {
    // The standard library has no other source of chance than the keys of its hash maps.
    let bits = RandomState::new().build_hasher().finish() >> 32;
    #[expect(clippy::cast_precision_loss, reason = "32 bits fit")]
    let (part, whole) = (bits as f64, f64::from(u32::MAX));
    part / whole
}

/// Whether a statement outside a unit of work may be put again after this error. A write only if it surely has not taken place.
pub(super) fn may_repeat(access: Access, error: &sqlx::Error) -> bool {
    match sqlstate(error).as_deref() {
        // A concurrent change got in the way, or the prepared statement is gone or out of date: it was rolled back.
        Some("40001" | "40P01" | "26000" | "0A000") => true,
        Some(code) => access != Access::Write && passes(code),
        None => access != Access::Write && matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_)),
    }
}

/// Whether another connection may fare better.
fn passes(sqlstate: &str) -> bool {
    sqlstate.starts_with("08")
        || matches!(sqlstate, "25P03" | "53300" | "57P01" | "57P02" | "57P03" | "57P05")
}

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
    let mut delays = Delays::new(policy);
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
        let Some(delay) = delays.next() else { return Err(error) };
        // Whoever limits it by `within` hears what was wrong rather than that it took too long.
        if call::deadline(Duration::ZERO).is_some_and(|deadline| call::after(delay) >= deadline) {
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
