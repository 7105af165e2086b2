//! Any number of rows in one call: all or none, with progress on the way.

use std::io::{self, Write};

use async_trait::async_trait;
use serde::Serialize;
use taskmaster_models::{
    NewErrorLog, NewMetric, NewTask, NewTaskContext, NewTaskDependency, NewWorkflowState, Validation,
};

use crate::{Repositories, Result, Store};

/// How many rows [`bulk_create`] writes with one statement, at most.
pub const BULK_STEP: usize = 5000;

/// How many bytes of rows, as JSON, [`bulk_create`] writes with one statement, at most. A larger row has a statement of its own.
///
/// PostgreSQL takes no statement above 1 GB. This is far less, since a statement has quotes that JSON has not, and since both
/// sides hold it in memory several times over.
pub const BULK_STEP_BYTES: usize = 64 << 20;

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
pub trait BulkCreate: Serialize + Send + Sync + Sized {
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
/// All rows are validated before the first is written. Then they are written in steps within one unit of work, and `progress`
/// is told after each step. A step ends at [`BULK_STEP`] rows or [`BULK_STEP_BYTES`], whichever comes first. An error leaves
/// nothing behind, and neither does a future that is dropped before its end. The rows are written as the store's actor, and the locks of the first step are held until the end.
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
    let mut left = rows;
    while !left.is_empty() {
        let (step, later) = left.split_at(step_of(left, BULK_STEP_BYTES));
        left = later;
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

/// How many of these rows, which are not none, the next step writes.
fn step_of<N: Serialize>(rows: &[N], max_bytes: usize) -> usize {
    let mut bytes = 0_usize;
    let fits = |row: &&N| {
        bytes = bytes.saturating_add(json_bytes(*row));
        bytes <= max_bytes
    };
    // A row that is too large for a step has one nevertheless.
    rows.iter().take(BULK_STEP).take_while(fits).count().max(1)
}

/// How long the row is as JSON: about what it takes in a statement, and cheap to count.
fn json_bytes<N: Serialize>(row: &N) -> usize {
    let mut counter = Counter(0);
    // What is no JSON gets a step of its own, and its error from the store.
    serde_json::to_writer(&mut counter, row).map_or(usize::MAX, |()| counter.0)
}

/// Counts what is written to it, and keeps nothing.
struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A row that takes so many bytes, its quotes among them.
    fn row(bytes: usize) -> String {
        "x".repeat(bytes - 2)
    }

    /// Steps of 300 bytes.
    fn steps(mut rows: &[String]) -> Vec<usize> {
        let mut steps = Vec::new();
        while !rows.is_empty() {
            let step = step_of(rows, 300);
            steps.push(step);
            rows = &rows[step..];
        }
        steps
    }

    #[test]
    fn a_step_ends_at_its_number_of_bytes() {
        assert_eq!(steps(&vec![row(100); 7]), [3, 3, 1]);
        assert_eq!(steps(&[row(100), row(100), row(101)]), [2, 1]);
    }

    #[test]
    fn a_step_ends_at_its_number_of_rows_if_that_comes_first() {
        let rows = vec![row(10); BULK_STEP + 1];
        assert_eq!(
            (step_of(&rows, BULK_STEP_BYTES), step_of(&rows[1..], BULK_STEP_BYTES)),
            (BULK_STEP, BULK_STEP)
        );
    }

    #[test]
    fn a_row_that_is_too_large_for_a_step_has_one_of_its_own() {
        assert_eq!(steps(&[row(10), row(301), row(301), row(10), row(10)]), [1, 1, 1, 2]);
    }
}
