use async_trait::async_trait;
use taskmaster_models::{
    NewTaskDependency, Page, PageRequest, TaskDependencies, TaskDependency, TaskDependencyFilter,
    TaskDependencyId, TaskDependencySort, TaskId,
};

use crate::Result;

/// What [`TaskDependencyRepository::create_missing`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingDependencies {
    /// The dependencies that were stored.
    pub created: Vec<TaskDependencyId>,
    /// Those that were left out because they would have closed a cycle.
    pub cyclic: Vec<TaskDependencyId>,
}

/// Which tasks wait for which.
///
/// Dependencies that order tasks (`blocks` and `depends_on`, taken together) never form a cycle. The store itself sees to
/// that, also when several connections add dependencies at the same moment: such additions wait for each other, until the
/// end of their transactions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TaskDependencyRepository: Send + Sync {
    /// Stores a dependency and returns it as it is stored.
    ///
    /// # Errors
    ///
    /// `Invalid` when a task would depend on itself; `Reference` when a task is not there; `Conflict` when the tasks have a
    /// dependency of this type (`task_dependencies_unique`) or it would close a cycle (`task_dependencies_acyclic`).
    async fn create(&self, new: &NewTaskDependency) -> Result<TaskDependency>;

    /// Stores many dependencies, all or none, and returns them in the order given. Their number is
    /// not limited; together they may have 1 GB, which is PostgreSQL's limit for a statement.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    async fn bulk_create(&self, new: &[NewTaskDependency]) -> Result<Vec<TaskDependency>>;

    /// Stores those of the dependencies that are not there yet (same id, or same tasks and type) and that close no cycle,
    /// one after the other in the order given.
    ///
    /// # Errors
    ///
    /// `Invalid`; `Reference` when a task is not there.
    async fn create_missing(&self, new: &[NewTaskDependency]) -> Result<MissingDependencies>;

    /// The dependency with this id.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn find_by_id(&self, id: TaskDependencyId) -> Result<Option<TaskDependency>>;

    /// A page of the dependencies that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range or a foreign cursor.
    async fn find_by(
        &self,
        filter: &TaskDependencyFilter,
        page: &PageRequest<TaskDependencySort>,
    ) -> Result<Page<TaskDependency>>;

    /// How many dependencies meet the filter.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn count(&self, filter: &TaskDependencyFilter) -> Result<u64>;

    /// The tasks that come before and after this one, at most 1,000 each way.
    ///
    /// # Errors
    ///
    /// Only when the store fails. An unknown task has none.
    async fn find_for_task(&self, task_id: TaskId) -> Result<TaskDependencies>;

    /// Deletes a dependency. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn delete(&self, id: TaskDependencyId) -> Result<bool>;
}
