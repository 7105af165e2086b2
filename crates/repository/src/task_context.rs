use async_trait::async_trait;
use taskmaster_models::{
    ContextType, ContextWithTask, NewTaskContext, Page, PageRequest, SearchHit, SearchRequest, TaskContext,
    TaskContextFilter, TaskContextId, TaskContextPatch, TaskContextSort, TaskContextStatistics,
    TaskFullContext, TaskId,
};

use crate::Result;

/// What is known about tasks.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TaskContextRepository: Send + Sync {
    /// Stores a context and returns it as it is stored.
    ///
    /// # Errors
    ///
    /// `Invalid`; `Reference` when the task is not there; `Conflict` when the id is taken.
    async fn create(&self, new: &NewTaskContext) -> Result<TaskContext>;

    /// Stores many contexts, all or none, and returns them in the order given. Their number is
    /// not limited; together they may have 1 GB, which is PostgreSQL's limit for a statement.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    async fn bulk_create(&self, new: &[NewTaskContext]) -> Result<Vec<TaskContext>>;

    /// Stores those of the contexts whose ids are not there yet, and returns these ids.
    ///
    /// # Errors
    ///
    /// As [`bulk_create`](Self::bulk_create), except for ids that are taken.
    async fn create_missing(&self, new: &[NewTaskContext]) -> Result<Vec<TaskContextId>>;

    /// The context with this id.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn find_by_id(&self, id: TaskContextId) -> Result<Option<TaskContext>>;

    /// A page of the contexts that meet the filter.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit out of range or a foreign cursor.
    async fn find_by(
        &self,
        filter: &TaskContextFilter,
        page: &PageRequest<TaskContextSort>,
    ) -> Result<Page<TaskContext>>;

    /// How many contexts meet the filter.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn count(&self, filter: &TaskContextFilter) -> Result<u64>;

    /// A page of the contexts of one task.
    ///
    /// # Errors
    ///
    /// As [`find_by`](Self::find_by).
    async fn find_by_task_id(
        &self,
        task_id: TaskId,
        page: &PageRequest<TaskContextSort>,
    ) -> Result<Page<TaskContext>> {
        self.find_by(&TaskContextFilter::task(task_id), page).await
    }

    /// The newest context of this type of a task.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn find_latest_by_type(
        &self,
        task_id: TaskId,
        context_type: ContextType,
    ) -> Result<Option<TaskContext>>;

    /// All that is known about a task, sorted by kind; of each kind at most the newest 1,000.
    ///
    /// # Errors
    ///
    /// Only when the store fails. An unknown task has an empty context.
    async fn full_context(&self, task_id: TaskId) -> Result<TaskFullContext>;

    /// Changes the fields that the patch names, in one statement, and returns the context as it is stored then.
    ///
    /// # Errors
    ///
    /// `Invalid`; `NotFound`; `Stale`.
    async fn update(&self, id: TaskContextId, patch: &TaskContextPatch) -> Result<TaskContext>;

    /// Deletes a context. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn delete(&self, id: TaskContextId) -> Result<bool>;

    /// Deletes all contexts of a task. Returns how many there were.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn delete_by_task_id(&self, task_id: TaskId) -> Result<u64>;

    /// Numbers over the contexts that meet the filter.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    async fn statistics(&self, filter: &TaskContextFilter) -> Result<TaskContextStatistics>;

    /// A page of what happened to a task, with what it is called and how far it has come. Ask for it ascending to read it
    /// from the beginning.
    ///
    /// # Errors
    ///
    /// As [`find_by`](Self::find_by).
    async fn task_timeline(
        &self,
        task_id: TaskId,
        page: &PageRequest<TaskContextSort>,
    ) -> Result<Page<ContextWithTask>>;

    /// Searches the contexts' data (field names and values), best hits first; only those of `context_type` if it is given.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit or offset out of range.
    async fn search(
        &self,
        request: &SearchRequest,
        context_type: Option<ContextType>,
    ) -> Result<Vec<SearchHit<ContextWithTask>>>;
}
