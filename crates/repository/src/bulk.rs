//! Any number of rows in one call: all or none, with progress on the way.

use async_trait::async_trait;
use taskmaster_models::{
    NewErrorLog, NewMetric, NewTask, NewTaskContext, NewTaskDependency, NewWorkflowState, Validation,
};

use crate::{Repositories, Result, Store};

/// How many rows [`bulk_create`] writes with one statement.
pub const BULK_STEP: usize = 5000;

/// How far [`bulk_create`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkProgress {
    /// How many rows are written. They last once the call has returned.
    pub written: u64,
    /// How many rows there are to write.
    pub total: u64,
}

/// A noun that [`bulk_create`] can write. API keys are none: who makes one needs the plain key back, so their repository has a
/// `bulk_create` of its own, and the audit trail is written by the database.
#[async_trait]
pub trait BulkCreate: Send + Sync + Sized {
    /// What a row is called in an error.
    const ENTITY: &'static str;

    /// Finds every fault of this row.
    fn validate(&self) -> Validation;

    /// Stores these rows in one statement, all or none.
    ///
    /// # Errors
    ///
    /// Those of the noun's repository.
    async fn create_all(store: &dyn Repositories, rows: &[Self]) -> Result<()>;
}

/// Stores any number of rows of one noun, all or none, and returns how many.
///
/// All rows are validated before the first is written. Then they are written in steps of [`BULK_STEP`] rows within one unit
/// of work, and `progress` is told after each step. An error leaves nothing behind, and neither does a future that is dropped
/// before its end. The rows are written as the store's actor, and the locks of the first step are held until the end.
///
/// A row may refer to one that is in the store already, or stands before it in `rows`: put a task before its parts.
///
/// ```
/// use taskmaster_models::NewTask;
/// use taskmaster_repository::{Result, Store, bulk_create};
///
/// async fn import(store: &dyn Store, tasks: &[NewTask]) -> Result<u64> {
///     bulk_create(store, tasks, |progress| eprintln!("{} of {}", progress.written, progress.total)).await
/// }
/// ```
///
/// # Errors
///
/// `Invalid` with the faults of all rows, each with the row's place in `rows`, as in `[7001].title`; else as the `bulk_create`
/// of the noun's repository, and those of [`Store::begin`] and [`UnitOfWork::commit`](crate::UnitOfWork::commit).
pub async fn bulk_create<N: BulkCreate>(
    store: &dyn Store,
    rows: &[N],
    mut progress: impl FnMut(BulkProgress) + Send,
) -> Result<u64> {
    Validation::of_rows(N::ENTITY, rows.iter().map(N::validate)).into_result()?;
    if rows.is_empty() {
        return Ok(0);
    }
    let uow = store.begin().await?;
    let total = rows.len() as u64;
    let mut written = 0;
    for step in rows.chunks(BULK_STEP) {
        if let Err(error) = N::create_all(&*uow, step).await {
            // What went wrong with the rows is what matters; dropped, the unit of work would be undone as well.
            let _ = uow.rollback().await;
            return Err(error);
        }
        written += step.len() as u64;
        progress(BulkProgress { written, total });
    }
    uow.commit().await?;
    Ok(total)
}

#[async_trait]
impl BulkCreate for NewTask {
    const ENTITY: &'static str = "task";

    fn validate(&self) -> Validation {
        self.validate()
    }

    async fn create_all(store: &dyn Repositories, rows: &[Self]) -> Result<()> {
        store.tasks().bulk_create(rows).await.map(drop)
    }
}

#[async_trait]
impl BulkCreate for NewTaskContext {
    const ENTITY: &'static str = "task context";

    fn validate(&self) -> Validation {
        self.validate()
    }

    async fn create_all(store: &dyn Repositories, rows: &[Self]) -> Result<()> {
        store.task_contexts().bulk_create(rows).await.map(drop)
    }
}

#[async_trait]
impl BulkCreate for NewTaskDependency {
    const ENTITY: &'static str = "task dependency";

    fn validate(&self) -> Validation {
        self.validate()
    }

    async fn create_all(store: &dyn Repositories, rows: &[Self]) -> Result<()> {
        store.task_dependencies().bulk_create(rows).await.map(drop)
    }
}

#[async_trait]
impl BulkCreate for NewWorkflowState {
    const ENTITY: &'static str = "workflow state";

    fn validate(&self) -> Validation {
        self.validate()
    }

    async fn create_all(store: &dyn Repositories, rows: &[Self]) -> Result<()> {
        store.workflow_states().bulk_create(rows).await.map(drop)
    }
}

#[async_trait]
impl BulkCreate for NewErrorLog {
    const ENTITY: &'static str = "error log";

    fn validate(&self) -> Validation {
        self.validate()
    }

    async fn create_all(store: &dyn Repositories, rows: &[Self]) -> Result<()> {
        store.error_logs().bulk_create(rows).await.map(drop)
    }
}

#[async_trait]
impl BulkCreate for NewMetric {
    const ENTITY: &'static str = "metric";

    fn validate(&self) -> Validation {
        self.validate()
    }

    async fn create_all(store: &dyn Repositories, rows: &[Self]) -> Result<()> {
        store.metrics().record_many(rows).await.map(drop)
    }
}
